//! The label and the answer: what is printed on goods and what a scan of it shows.
//!
//! In scope without any feature: QR codes ([`qr`]) and labels to print ([`label`]), which the
//! node uses too, because a clerk prints offline, before anything is logged. Both are pure: no
//! socket, file or clock, and what they make refers to nothing outside itself.
//! Out of scope: keys, storage and replication (the node), and what a code means (ledger-core).
//!
//! With the feature `service`: the web service. It follows a node's feed over HTTP ([`follow`]), verifies every byte
//! against a pinned anchor ([`head`], [`book`]), and answers scans, phones and marketplaces ([`routes`]). It holds no
//! secret key, knows no p2p, and never opens a node's store; its cache can be thrown away.

pub mod label;
pub mod qr;

#[cfg(feature = "service")]
pub mod api;
#[cfg(feature = "service")]
pub mod blobs;
#[cfg(feature = "service")]
pub mod book;
#[cfg(feature = "service")]
pub mod cache;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod embed;
#[cfg(feature = "service")]
pub mod follow;
#[cfg(feature = "service")]
pub mod head;
#[cfg(feature = "service")]
pub mod health;
#[cfg(feature = "service")]
pub mod pages;
#[cfg(feature = "service")]
pub mod print;
#[cfg(feature = "service")]
pub mod proofs;
#[cfg(feature = "service")]
pub mod routes;
#[cfg(feature = "service")]
pub mod scan;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "service")]
pub mod story;
#[cfg(feature = "service")]
pub mod view;

#[cfg(feature = "service")]
pub use service::{run, serve};
