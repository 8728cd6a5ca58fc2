//! What a node asks of its peers, decided as "input in, actions out".
//!
//! Scope: greeting, following the log from one peer at a time, handing in pending events and cosignatures,
//! fetching blobs, and pausing after failures. Out of scope: dialling, answering others ([`super::doorman`]
//! and `node/src/net.rs`), and whether an entry is right (the ledger's single writer).
//!
//! Invariants:
//! - at most one conversation of each topic is open with a peer;
//! - at most one piece of the log is asked for or being applied, so pieces never arrive out of order;
//! - a pending event is offered again until it is no longer pending;
//! - nothing is asked of a peer that has not greeted with the same ledger.

mod answers;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::PeerKey;
use super::message::{Hello, Log, Refusal, Request, Response, Topic};
use crate::commitment::{OPENING_MAX_BYTES, commit};
use crate::ids::{EventId, Hash, LedgerId, TreeSize};

/// How long a `follow` with nothing new waits at the one who answers: a quarter of the shortest time after
/// which household routers forget a quiet connection, and often enough that lost news is late by this at most.
pub const FOLLOW_WAIT: Duration = Duration::from_secs(10);
/// An empty answer to `follow` that comes sooner is followed by a pause, or the two would spin.
pub const FOLLOW_PAUSE: Duration = Duration::from_secs(1);
/// How often a peer is greeted again, to learn its size and whether it is still there.
pub const GREET_AGAIN: Duration = Duration::from_secs(60);
/// How long after a peer took an event it is offered again, if it is still not in the log.
pub const SUBMIT_AGAIN: Duration = Duration::from_secs(30);
/// How long until all peers are asked again for a blob that none of them had; it doubles each time.
pub const BLOB_AGAIN: Duration = Duration::from_secs(20);
/// The longest such pause: whoever had it erased, or will not give it to us, is not asked all day.
pub const BLOB_AGAIN_MAX: Duration = Duration::from_secs(30 * 60);
/// How long a peer that did not have a blob is not asked for another: a sixth of its budget for us.
pub const BLOB_PAUSE: Duration = Duration::from_millis(200);
/// Most blobs wanted at once: a year of a member's pictures; those beyond come when these are here.
pub const WANTED_MAX: usize = 4_096;
/// Failures in a row after which a connection is closed and dialled anew.
pub const FAILURES_MAX: u32 = 4;
/// The spread within one connection needs no chance: nobody else shares it.
const NO_SPREAD: u32 = u32::MAX;

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The first connection to an admitted peer is up.
    Connected(PeerKey),
    /// The last connection to it is down; everything asked is lost.
    Gone(PeerKey),
    /// It greeted us with our ledger.
    Greeted(PeerKey, Hello),
    /// It answered.
    Answered(PeerKey, Topic, Response),
    /// The stream broke.
    Failed(PeerKey, Topic),
    /// It did not answer for so long that the line must be dead: a living peer answers a `follow` within
    /// [`FOLLOW_WAIT`].
    TimedOut(PeerKey, Topic),
    /// The own ledger moved.
    Heads(Heads),
    /// All own events that do not stand in the log, in the order of their chains.
    Pending(Vec<Vec<u8>>),
    /// [`Action::Apply`] succeeded, and this is where the next entry belongs. It may be beyond the size of
    /// the ledger while entries wait for the checkpoint that covers them.
    Applied(TreeSize),
    /// [`Action::Apply`] failed, by whose fault.
    NotApplied(Fault),
    /// The blobs that events name and that are not here; the first [`WANTED_MAX`] count.
    Wanted(Vec<Hash>),
    /// Time has passed.
    Tick,
}

/// How far the own ledger is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// How many leaves it has.
    pub size: TreeSize,
    /// Size of the newest cosigned checkpoint, zero for none.
    pub cosigned: TreeSize,
    /// As a validator, the newest own line and the size of its checkpoint.
    pub cosignature: Option<(TreeSize, String)>,
}

/// Whose fault it is that a piece of the log could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are not a continuation of the log.
    Peer,
    /// Our disk, or our ledger is going down.
    Own,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a request.
    Ask(PeerKey, Request),
    /// Give a piece of the log to the ledger and report [`Input::Applied`] or [`Input::NotApplied`].
    Apply(PeerKey, Log),
    /// Keep a blob that was wanted; its hash is right.
    Keep(Blob),
    /// Close the connections to a peer.
    Drop(PeerKey, Why),
    /// Tell the operator.
    Tell(Notice),
}

/// A blob whose hash has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its SHA-256, or the commitment that it opens.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is an opening.
    pub opening: bool,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It keeps another ledger; both are named to the operator.
    OtherLedger(LedgerId),
    /// What it sent is no answer, or no continuation of the log.
    Garbage(&'static str),
    /// It did not answer several times.
    Silent,
}

/// What an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The sequencer refused an own event; it stays pending and is offered again later.
    EventRefused(EventId, String),
    /// The sequencer did not take our cosignature.
    CosignatureNotTaken(TreeSize),
    /// We are the sequencer, and a peer says that it has more of our log than we do: our data is an old copy.
    PeerIsAhead(PeerKey, TreeSize),
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Follower {
    ledger: LedgerId,
    sequencer: bool,
    heads: Heads,
    /// Where the next entry belongs.
    next: TreeSize,
    peers: BTreeMap<PeerKey, Peer>,
    work: Work,
    /// Whom the last piece of the log came from.
    source: Option<PeerKey>,
    /// The notes of the last piece that was applied.
    notes: (Option<String>, Option<String>),
    own_failures: u32,
    follow_not_before: Duration,
    pending: Vec<(EventId, Vec<u8>)>,
    offered: BTreeMap<EventId, Offer>,
    /// The line that the sequencer has, or did not want.
    cosignature_done: Option<(TreeSize, String)>,
    wanted: BTreeMap<Hash, Want>,
}

/// Which piece of the log is on its way.
#[derive(Clone, Debug)]
enum Work {
    Idle,
    Asked {
        peer: PeerKey,
        at: Duration,
    },
    Applying {
        peer: PeerKey,
        before: TreeSize,
        has_entries: bool,
        notes: (Option<String>, Option<String>),
    },
}

#[derive(Clone, Debug)]
struct Peer {
    greeted: bool,
    dropped: bool,
    size: TreeSize,
    sequencer: bool,
    greet_at: Duration,
    open: BTreeSet<Topic>,
    failures: u32,
    paused_until: Duration,
    submitting: Vec<EventId>,
    cosigning: Option<(TreeSize, String)>,
    fetching: Option<Hash>,
    fetch_not_before: Duration,
}

/// An event that a peer was offered.
#[derive(Clone, Copy, Debug)]
struct Offer {
    to: PeerKey,
    again_at: Duration,
    refusals: u32,
}

/// A blob that is wanted, and who does not have it.
#[derive(Clone, Debug, Default)]
struct Want {
    not_at: BTreeSet<PeerKey>,
    again_at: Duration,
    rounds: u32,
}

impl Follower {
    /// A node of that ledger, which has that much of it. A sequencer hands nothing in, and asks for the log
    /// only where somebody says that he has more of it than the sequencer itself.
    pub fn new(ledger: LedgerId, sequencer: bool, heads: Heads) -> Follower {
        Follower {
            ledger,
            sequencer,
            next: heads.size,
            heads,
            peers: BTreeMap::new(),
            work: Work::Idle,
            source: None,
            notes: (None, None),
            own_failures: 0,
            follow_not_before: Duration::ZERO,
            pending: Vec::new(),
            offered: BTreeMap::new(),
            cosignature_done: None,
            wanted: BTreeMap::new(),
        }
    }

    /// The greeting that this node sends and answers with.
    pub fn hello(&self) -> Hello {
        Hello {
            ledger: self.ledger,
            size: self.heads.size,
            sequencer: self.sequencer,
        }
    }

    /// Answers a greeting; after `Ok`, report [`Input::Greeted`].
    ///
    /// # Errors
    /// [`Refusal::OtherLedger`] when it is for another ledger: answer that, then disconnect.
    pub fn answer_hello(&self, theirs: &Hello) -> Result<Hello, Refusal> {
        if theirs.ledger == self.ledger {
            Ok(self.hello())
        } else {
            Err(Refusal::OtherLedger(self.ledger))
        }
    }

    /// Whether the peer answered our greeting with the same ledger.
    pub fn is_greeted(&self, peer: &PeerKey) -> bool {
        self.peers.get(peer).is_some_and(|p| p.greeted)
    }

    /// The peers that answered our greeting: their key, size and whether they say they sequence.
    pub fn greeted(&self) -> impl Iterator<Item = (PeerKey, TreeSize, bool)> {
        let greeted = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.greeted && !peer.dropped);
        greeted.map(|(key, peer)| (*key, peer.size, peer.sequencer))
    }

    /// One step: what happened, at what time, and what to do now.
    pub fn step(&mut self, now: Duration, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        self.take_in(now, input, &mut actions);
        self.greet(now, &mut actions);
        self.follow(now, &mut actions);
        if !self.sequencer {
            self.submit(now, &mut actions);
            self.cosign(now, &mut actions);
        }
        self.fetch(now, &mut actions);
        actions
    }

    fn take_in(&mut self, now: Duration, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Connected(peer) => {
                self.peers.insert(peer, Peer::new(now));
            }
            Input::Gone(peer) => {
                self.peers.remove(&peer);
                self.stop_waiting_for(peer);
            }
            Input::Greeted(peer, hello) => self.learn(peer, hello, actions),
            Input::Answered(peer, topic, response) => {
                if let Some(state) = self.peers.get_mut(&peer)
                    && state.open.remove(&topic)
                {
                    self.answered(now, peer, topic, response, actions);
                }
            }
            Input::Failed(peer, topic) => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.open.remove(&topic);
                    self.failed(now, peer, topic, actions);
                }
            }
            Input::TimedOut(peer, topic) => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.open.remove(&topic);
                    self.failed(now, peer, topic, actions);
                    self.drop_peer(peer, Why::Silent, actions);
                }
            }
            Input::Heads(heads) => {
                self.next = self.next.max(heads.size);
                self.heads = heads;
            }
            Input::Pending(envelopes) => self.set_pending(envelopes),
            Input::Applied(next) => self.applied(now, next),
            Input::NotApplied(fault) => self.not_applied(now, fault, actions),
            Input::Wanted(hashes) => {
                let mut old = std::mem::take(&mut self.wanted);
                let wants = hashes
                    .into_iter()
                    .take(WANTED_MAX)
                    .map(|hash| (hash, old.remove(&hash).unwrap_or_default()));
                self.wanted = wants.collect();
            }
            Input::Tick => {}
        }
    }
}

impl Peer {
    fn new(now: Duration) -> Peer {
        Peer {
            greeted: false,
            dropped: false,
            size: TreeSize(0),
            sequencer: false,
            greet_at: now,
            open: BTreeSet::new(),
            failures: 0,
            paused_until: Duration::ZERO,
            submitting: Vec::new(),
            cosigning: None,
            fetching: None,
            fetch_not_before: Duration::ZERO,
        }
    }

    fn is_ready(&self, now: Duration) -> bool {
        self.greeted && !self.dropped && now >= self.paused_until
    }

    /// Opens a conversation, unless one of this topic is open.
    fn ask(&mut self, topic: Topic) -> bool {
        self.open.insert(topic)
    }
}

impl Blob {
    /// The blob, if the bytes are those that the hash names: a file's SHA-256 or an opening's commitment
    /// (`docs/formats.md` section 5).
    pub fn check(hash: Hash, bytes: Vec<u8>) -> Option<Blob> {
        let opening = if Hash(Sha256::digest(&bytes).into()) == hash {
            false
        } else if bytes.len() <= OPENING_MAX_BYTES && commit(&bytes) == hash {
            true
        } else {
            return None;
        };
        Some(Blob {
            hash,
            bytes,
            opening,
        })
    }
}
