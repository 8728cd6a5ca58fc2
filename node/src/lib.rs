//! The node: the only crate that stores, signs and replicates, and the cooperative's console.
//!
//! In scope: files, keys, network, console, command line. Out of scope: what an event means and whether it
//! may enter (`ledger-core`); what a buyer sees (`qr-service`, `web-verify`).

pub mod backup;
pub mod blobs;
pub mod cli;
pub mod config;
pub mod console;
pub mod counters;
pub mod draft;
pub mod fault;
pub mod feed;
pub mod files;
pub mod folder;
pub mod fsck;
pub mod index;
pub mod keys;
pub mod ledger;
pub mod net;
pub mod records;
pub mod restored;
pub mod run;
pub mod setup;
pub mod witness;
pub mod witnesses;

pub use run::{Node, RunError, run, start};

#[cfg(test)]
mod fixture;
