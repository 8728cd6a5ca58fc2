//! The service against a small feed made from a ledger in memory: honest, hostile, silent.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod answers;
mod browser;
mod following;
mod node;
mod running;
mod world;
