//! What the tests and the demonstration share: the sample data as events, and a whole ledger in memory.
//!
//! In scope: everything that needs neither sockets nor a folder of its own. Out of scope: starting nodes
//! (`src/bin/demo.rs` and the end-to-end tests do).

pub mod demo;
pub mod inprocess;
pub mod sample;
pub mod vectors;
