//! Governance in the ledger: who may say what, threshold acts, membership, and the same over a part of the log.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod acts;
mod cells;
mod parts;
mod world;
