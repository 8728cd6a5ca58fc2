//! What a node counts since its start, for monitoring. Codes and numbers: nothing about a person, no secret.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Different codes that are counted by themselves; the node's own are far fewer.
const CODES_MAX: usize = 64;

/// The counters; everybody adds, only monitoring reads.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events of others that became durable here.
    pub taken: Counter,
    /// Events that were signed here.
    pub signed: Counter,
    /// Connections of strangers that were refused.
    pub strangers: Counter,
    /// Peers that were thrown out for what they sent.
    pub thrown_out: Counter,
    /// Cosignature lines that were added to a head.
    pub cosignatures: Counter,
    refused: Mutex<BTreeMap<String, u64>>,
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// An event was refused at the door, for the reason with this code.
    pub fn refused(&self, code: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < CODES_MAX || refused.contains_key(code) {
            *refused.entry(code.to_owned()).or_default() += 1;
        }
    }

    /// How many events were refused, by code.
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
