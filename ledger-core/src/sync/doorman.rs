//! What a peer may ask of this node, and how often.
//!
//! Scope: greeting first, requests in a second, requests at once, and how long a peer that sent garbage
//! stays out. Out of scope: who is admitted at all (the roster), and closing connections (`node/src/net.rs`).
//!
//! The limits are generous for an honest node of this version and small against what this hardware can serve
//! (some twenty thousand requests a second on one core), so fifty members misbehaving together
//! do not stop the others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::PeerKey;

/// Requests that a peer may send at once after a quiet time: catching up a log of 100,000 events takes 90.
pub const BURST_REQUESTS: u32 = 256;
/// Requests a second that a peer may send in the long run: the follow, the cosignature and a picture for each
/// of several checkpoints a second, ten times over.
pub const REQUESTS_PER_SECOND: u32 = 32;
/// Requests of one peer in work at once: a node opens one conversation of each topic, and this is twice that.
pub const REQUESTS_AT_ONCE: u32 = 12;
/// Requests beyond these limits that are answered "busy" before the peer is thrown out: an honest node waits
/// after the first.
pub const BUSY_ANSWERS: u32 = 64;
/// How long a peer stays out after its first offence; it doubles with each further one.
pub const SHUN_MIN: Duration = Duration::from_secs(30);
/// The longest that a peer stays out: its operator can repair it and see it work the same hour.
pub const SHUN_MAX: Duration = Duration::from_secs(30 * 60);

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Serve it, and call [`Doorman::leave`] when it has been answered.
    Serve,
    /// Answer that it must greet first.
    HelloFirst,
    /// Answer "busy".
    Busy,
    /// Close the connection: it goes on after many "busy".
    Throw,
}

/// Keeps the door: the state of each peer's budget.
#[derive(Clone, Debug, Default)]
pub struct Doorman {
    visitors: BTreeMap<PeerKey, Visitor>,
}

#[derive(Clone, Debug)]
struct Visitor {
    greeted: bool,
    requests: Bucket,
    patience: Bucket,
    at_once: u32,
    offences: u32,
    out_until: Duration,
}

impl Doorman {
    /// Whether the peer is out because of what it sent.
    pub fn is_shunned(&self, now: Duration, peer: &PeerKey) -> bool {
        self.visitors
            .get(peer)
            .is_some_and(|visitor| now < visitor.out_until)
    }

    /// The peer greeted with the right ledger: until it is [`Doorman::gone`] it may ask.
    pub fn greeted(&mut self, now: Duration, peer: PeerKey) {
        self.visitor(now, peer).greeted = true;
    }

    /// A request has arrived.
    pub fn enter(&mut self, now: Duration, peer: PeerKey, is_hello: bool) -> Entry {
        let visitor = self.visitor(now, peer);
        if visitor.at_once >= REQUESTS_AT_ONCE || !visitor.requests.take(now) {
            return if visitor.patience.take(now) {
                Entry::Busy
            } else {
                Entry::Throw
            };
        }
        if !visitor.greeted && !is_hello {
            return Entry::HelloFirst;
        }
        visitor.at_once += 1;
        Entry::Serve
    }

    /// A request that was served is answered, or its asker is gone.
    pub fn leave(&mut self, peer: &PeerKey) {
        if let Some(visitor) = self.visitors.get_mut(peer) {
            visitor.at_once = visitor.at_once.saturating_sub(1);
        }
    }

    /// The peer sent garbage or would not stop. Returns how long it stays out.
    pub fn offend(&mut self, now: Duration, peer: PeerKey) -> Duration {
        let visitor = self.visitor(now, peer);
        let pause = SHUN_MIN
            .saturating_mul(1u32 << visitor.offences.min(16))
            .min(SHUN_MAX);
        visitor.offences = visitor.offences.saturating_add(1);
        visitor.out_until = now + pause;
        pause
    }

    /// The last connection to the peer is closed. What it has used up stays used up.
    pub fn gone(&mut self, peer: &PeerKey) {
        if let Some(visitor) = self.visitors.get_mut(peer) {
            visitor.greeted = false;
        }
    }

    /// Forgets peers that are no longer admitted, so that the table is no longer than the roster.
    pub fn keep_only(&mut self, admitted: impl Fn(&PeerKey) -> bool) {
        self.visitors.retain(|peer, _| admitted(peer));
    }

    fn visitor(&mut self, now: Duration, peer: PeerKey) -> &mut Visitor {
        self.visitors.entry(peer).or_insert_with(|| Visitor {
            greeted: false,
            requests: Bucket::full(BURST_REQUESTS, REQUESTS_PER_SECOND, now),
            patience: Bucket::full(BUSY_ANSWERS, 1, now),
            at_once: 0,
            offences: 0,
            out_until: Duration::ZERO,
        })
    }
}

/// A token bucket, in thousandths of a token.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    milli: u64,
    burst: u32,
    per_second: u32,
    at: Duration,
}

impl Bucket {
    fn full(burst: u32, per_second: u32, at: Duration) -> Bucket {
        let milli = u64::from(burst) * 1_000;
        Bucket {
            milli,
            burst,
            per_second,
            at,
        }
    }

    fn take(&mut self, now: Duration) -> bool {
        // In whole milliseconds, so that many small steps lose nothing.
        let millis = now.saturating_sub(self.at).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.at += Duration::from_millis(millis);
        let grown = millis.saturating_mul(u64::from(self.per_second));
        self.milli = self
            .milli
            .saturating_add(grown)
            .min(u64::from(self.burst) * 1_000);
        let taken = self.milli >= 1_000;
        if taken {
            self.milli -= 1_000;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerKey = PeerKey([1; 32]);
    const OTHER: PeerKey = PeerKey([2; 32]);
    const SECOND: Duration = Duration::from_secs(1);

    fn ask(door: &mut Doorman, now: Duration) -> Entry {
        let entry = door.enter(now, PEER, false);
        if entry == Entry::Serve {
            door.leave(&PEER);
        }
        entry
    }

    #[test]
    fn nothing_but_a_greeting_before_the_greeting() {
        let mut door = Doorman::default();
        assert_eq!(door.enter(SECOND, PEER, false), Entry::HelloFirst);
        assert_eq!(door.enter(SECOND, PEER, true), Entry::Serve);
        door.greeted(SECOND, PEER);
        assert_eq!(door.enter(SECOND, PEER, false), Entry::Serve);
        door.gone(&PEER);
        assert_eq!(door.enter(SECOND, PEER, false), Entry::HelloFirst);
    }

    #[test]
    fn the_budget_ends_at_the_burst_and_grows_again() {
        let mut door = Doorman::default();
        door.greeted(SECOND, PEER);
        for _ in 0..BURST_REQUESTS {
            assert_eq!(ask(&mut door, SECOND), Entry::Serve);
        }
        assert_eq!(ask(&mut door, SECOND), Entry::Busy);
        for _ in 0..REQUESTS_PER_SECOND {
            assert_eq!(ask(&mut door, SECOND * 2), Entry::Serve);
        }
        assert_eq!(ask(&mut door, SECOND * 2), Entry::Busy);
        door.greeted(SECOND, OTHER);
        assert_eq!(
            door.enter(SECOND * 2, OTHER, false),
            Entry::Serve,
            "budgets are each peer's own"
        );
    }

    #[test]
    fn who_goes_on_after_busy_is_thrown_out() {
        let mut door = Doorman::default();
        door.greeted(SECOND, PEER);
        let answers: Vec<Entry> = (0..BURST_REQUESTS + BUSY_ANSWERS + 1)
            .map(|_| ask(&mut door, SECOND))
            .collect();
        assert_eq!(
            answers.iter().filter(|e| **e == Entry::Busy).count(),
            BUSY_ANSWERS as usize
        );
        assert_eq!(answers.last(), Some(&Entry::Throw));
    }

    #[test]
    fn requests_at_once_are_counted_until_they_are_answered() {
        let mut door = Doorman::default();
        door.greeted(SECOND, PEER);
        for _ in 0..REQUESTS_AT_ONCE {
            assert_eq!(door.enter(SECOND, PEER, false), Entry::Serve);
        }
        assert_eq!(door.enter(SECOND, PEER, false), Entry::Busy);
        door.leave(&PEER);
        assert_eq!(door.enter(SECOND, PEER, false), Entry::Serve);
    }

    #[test]
    fn offences_keep_a_peer_out_longer_each_time() {
        let mut door = Doorman::default();
        assert_eq!(door.offend(SECOND, PEER), SHUN_MIN);
        assert!(door.is_shunned(SECOND, &PEER));
        assert!(!door.is_shunned(SECOND + SHUN_MIN, &PEER));
        assert!(!door.is_shunned(SECOND, &OTHER));
        assert_eq!(door.offend(SECOND, PEER), SHUN_MIN * 2);
        let last = (0..40).map(|_| door.offend(SECOND, PEER)).last();
        assert_eq!(last, Some(SHUN_MAX));
    }

    #[test]
    fn a_bucket_asked_often_refills_as_one_asked_seldom() {
        let mut bucket = Bucket::full(1, 1, Duration::ZERO);
        assert!(bucket.take(Duration::ZERO));
        let served = (1..=10_000u64)
            .filter(|i| bucket.take(Duration::from_micros(i * 300)))
            .count();
        assert_eq!(served, 3);
    }
}
