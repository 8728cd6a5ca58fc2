//! Replication as a machine: what nodes say to each other, and what a node does about it.
//!
//! In scope: the messages of `docs/formats.md` section 14 and their strict codec ([`message`]); following
//! the log, handing in own events, cosignatures and blobs as "input in, actions out" ([`follower`]); what
//! a peer may ask of us and how often ([`doorman`]).
//! Out of scope: sockets, encryption, who is on the roster, disks. `node/src/net.rs` moves the bytes, and
//! the ledger's single writer judges every entry; nothing here trusts a peer about anything that it says.
//!
//! Invariant: nothing here knows the time or draws a random number. Both come in as arguments: `now` is the
//! time since the node started, on a clock that never goes backwards.

pub mod doorman;
pub mod follower;
pub mod message;

use std::fmt;
use std::time::Duration;

/// A node as others know it: the 32-byte Ed25519 public key of its libp2p identity, which signs nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub [u8; 32]);

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({self})")
    }
}

/// First pause after a failure: long enough for a restarting node to open its port.
pub const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// Longest pause: a village line that comes back is noticed within a minute.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// How long to wait before trying again after `attempt` failures in a row (1 for the first): doubling, and
/// `random` (any number) spreads it over the upper half, so that the members do not all return at once.
pub fn backoff(attempt: u32, random: u32) -> Duration {
    let whole = BACKOFF_MIN
        .saturating_mul(1u32 << attempt.saturating_sub(1).min(16))
        .min(BACKOFF_MAX);
    let half = whole / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// When to dial a peer again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redial {
    attempt: u32,
    due: Duration,
}

impl Redial {
    /// Whether the pause is over.
    pub fn is_due(&self, now: Duration) -> bool {
        now >= self.due
    }

    /// How many attempts failed in a row.
    pub fn attempts(&self) -> u32 {
        self.attempt
    }

    /// The dial failed or the connection is gone: the next attempt is due later each time.
    pub fn failed(&mut self, now: Duration, random: u32) {
        self.attempt = self.attempt.saturating_add(1);
        self.due = now + backoff(self.attempt, random);
    }

    /// The peer greeted us with the same ledger. A connection alone is no success: a node that does not
    /// know us accepts and closes it.
    pub fn succeeded(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_are_spread() {
        assert_eq!(backoff(1, u32::MAX), BACKOFF_MIN);
        assert_eq!(backoff(1, 0), BACKOFF_MIN / 2);
        assert_eq!(backoff(2, u32::MAX), BACKOFF_MIN * 2);
        assert_eq!(backoff(u32::MAX, u32::MAX), BACKOFF_MAX);
        assert_eq!(backoff(0, u32::MAX), BACKOFF_MIN);
        for attempt in 1..40 {
            assert!(backoff(attempt, 0) <= backoff(attempt + 1, 0));
        }
    }

    #[test]
    fn a_peer_that_answers_again_is_dialled_at_once_next_time() {
        let mut redial = Redial::default();
        let now = Duration::from_secs(5);
        assert!(redial.is_due(now));
        redial.failed(now, u32::MAX);
        redial.failed(now, u32::MAX);
        assert!(!redial.is_due(now + BACKOFF_MIN));
        assert!(redial.is_due(now + BACKOFF_MIN * 2));
        redial.succeeded();
        redial.failed(now, u32::MAX);
        assert!(redial.is_due(now + BACKOFF_MIN));
    }
}
