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

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::message::{
    ENVELOPES_MAX, Hello, Log, Refusal, Request, Response, SUBMIT_BYTES_MAX, Submitted, Topic,
};
use super::{PeerKey, backoff};
use crate::commitment::{OPENING_MAX_BYTES, commit};
use crate::ids::{EventId, Hash, LedgerId, TreeSize};
use crate::merkle::leaf_hash;

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
    /// It did not answer in time, or the stream broke.
    Failed(PeerKey, Topic),
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

    // ---- what comes in -----------------------------------------------------------------------------------

    fn answered(
        &mut self,
        now: Duration,
        peer: PeerKey,
        topic: Topic,
        response: Response,
        actions: &mut Vec<Action>,
    ) {
        match (topic, response) {
            (Topic::Hello, Response::Hello(hello)) if hello.ledger == self.ledger => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.greeted = true;
                    state.greet_at = now + GREET_AGAIN;
                    state.failures = 0;
                }
                if hello.sequencer {
                    // It may have started anew and lost what was on its way to the disk.
                    self.cosignature_done = None;
                }
                self.learn(peer, hello, actions);
            }
            (Topic::Hello, Response::Hello(hello)) => {
                self.drop_peer(peer, Why::OtherLedger(hello.ledger), actions);
            }
            (_, Response::Error(Refusal::OtherLedger(theirs))) => {
                self.drop_peer(peer, Why::OtherLedger(theirs), actions);
            }
            (Topic::Follow, Response::Log(log)) => self.log_came(peer, log, actions),
            (Topic::Submit, Response::Submitted { results }) => {
                self.submitted(now, peer, results, actions);
            }
            (Topic::Cosign, Response::Ok | Response::Error(Refusal::NotNewest)) => {
                self.cosign_answered(peer);
            }
            (Topic::Cosign, Response::Error(Refusal::NotTaken)) => {
                if let Some(size) = self.cosign_answered(peer) {
                    actions.push(Action::Tell(Notice::CosignatureNotTaken(size)));
                }
            }
            (Topic::Blob, Response::Blob { bytes }) => self.blob_came(now, peer, bytes, actions),
            (_, Response::Error(Refusal::HelloFirst)) => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    (state.greeted, state.greet_at) = (false, now);
                }
                self.failed(now, peer, topic, actions);
            }
            (_, Response::Error(_)) => {
                self.failed(now, peer, topic, actions);
            }
            _ => {
                let why = Why::Garbage("an answer of another kind than the question");
                self.drop_peer(peer, why, actions);
            }
        }
    }

    fn learn(&mut self, peer: PeerKey, hello: Hello, actions: &mut Vec<Action>) {
        if let Some(state) = self.peers.get_mut(&peer) {
            (state.size, state.sequencer) = (hello.size, hello.sequencer);
        }
        if self.sequencer && hello.size > self.heads.size {
            actions.push(Action::Tell(Notice::PeerIsAhead(peer, hello.size)));
        }
    }

    fn failed(&mut self, now: Duration, peer: PeerKey, topic: Topic, actions: &mut Vec<Action>) {
        match topic {
            Topic::Follow => self.stop_waiting_for(peer),
            Topic::Blob => self.blob_not_there(now, peer),
            _ => {}
        }
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        state.failures += 1;
        state.paused_until = now + backoff(state.failures, NO_SPREAD);
        if state.failures >= FAILURES_MAX {
            self.drop_peer(peer, Why::Silent, actions);
        }
    }

    fn drop_peer(&mut self, peer: PeerKey, why: Why, actions: &mut Vec<Action>) {
        self.stop_waiting_for(peer);
        if let Some(state) = self.peers.get_mut(&peer)
            && !state.dropped
        {
            state.dropped = true;
            actions.push(Action::Drop(peer, why));
        }
    }

    fn stop_waiting_for(&mut self, peer: PeerKey) {
        if matches!(self.work, Work::Asked { peer: asked, .. } if asked == peer) {
            self.work = Work::Idle;
        }
    }

    fn log_came(&mut self, peer: PeerKey, mut log: Log, actions: &mut Vec<Action>) {
        let Work::Asked { peer: asked, at } = self.work else {
            return;
        };
        if asked != peer {
            return;
        }
        if let Some(state) = self.peers.get_mut(&peer) {
            state.failures = 0;
            if log.entries.is_empty() {
                // Whatever it claimed, it has no more: or a boaster would be asked for ever.
                state.size = state.size.min(self.next);
            }
        }
        if self.sequencer {
            // Entries get their place here and nowhere else; the checkpoint is evidence.
            log.entries.clear();
        }
        let notes = (log.checkpoint.clone(), log.cosigned.clone());
        if log.entries.is_empty() && notes == self.notes {
            self.work = Work::Idle;
            self.follow_not_before = at + FOLLOW_PAUSE;
            return;
        }
        self.work = Work::Applying {
            peer,
            before: self.next,
            has_entries: !log.entries.is_empty(),
            notes,
        };
        actions.push(Action::Apply(peer, log));
    }

    fn applied(&mut self, now: Duration, next: TreeSize) {
        let Work::Applying {
            peer,
            before,
            has_entries,
            notes,
        } = std::mem::replace(&mut self.work, Work::Idle)
        else {
            return;
        };
        self.own_failures = 0;
        self.notes = notes;
        if has_entries && next <= before {
            // The ledger took nothing of it: asking at once would bring the same again.
            self.follow_not_before = now + FOLLOW_PAUSE;
        }
        self.next = next.max(self.heads.size);
        self.source = Some(peer);
        if self.sequencer
            && let Some(state) = self.peers.get_mut(&peer)
        {
            // Asked once for each greeting.
            state.size = state.size.min(self.next);
        }
    }

    fn not_applied(&mut self, now: Duration, fault: Fault, actions: &mut Vec<Action>) {
        let Work::Applying { peer, .. } = std::mem::replace(&mut self.work, Work::Idle) else {
            return;
        };
        // What waited for its checkpoint is thrown away with the piece that did not fit.
        self.next = self.heads.size;
        match fault {
            Fault::Peer => {
                let why = Why::Garbage("not a continuation of the log");
                self.drop_peer(peer, why, actions);
            }
            Fault::Own => {
                self.own_failures += 1;
                self.follow_not_before = now + backoff(self.own_failures, NO_SPREAD);
            }
        }
    }

    fn set_pending(&mut self, envelopes: Vec<Vec<u8>>) {
        let with_id = |envelope: Vec<u8>| (EventId(leaf_hash(&envelope)), envelope);
        self.pending = envelopes.into_iter().map(with_id).collect();
        let ids: BTreeSet<EventId> = self.pending.iter().map(|(id, _)| *id).collect();
        self.offered.retain(|id, _| ids.contains(id));
    }

    fn submitted(
        &mut self,
        now: Duration,
        peer: PeerKey,
        results: Vec<Submitted>,
        actions: &mut Vec<Action>,
    ) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let ids = std::mem::take(&mut state.submitting);
        if ids.len() != results.len() {
            let why = Why::Garbage("not one result for each event");
            return self.drop_peer(peer, why, actions);
        }
        state.failures = 0;
        let says_last_word = state.sequencer;
        for (id, result) in ids.into_iter().zip(results) {
            let before = self.offered.get(&id).map_or(0, |offer| offer.refusals);
            let (refusals, again) = match result {
                Submitted::Logged | Submitted::Pending => (before, SUBMIT_AGAIN),
                Submitted::Refused(code) => {
                    if says_last_word && before == 0 {
                        actions.push(Action::Tell(Notice::EventRefused(id, code)));
                    }
                    (before + 1, SUBMIT_AGAIN.max(backoff(before + 1, NO_SPREAD)))
                }
            };
            let offer = Offer {
                to: peer,
                again_at: now + again,
                refusals,
            };
            self.offered.insert(id, offer);
        }
    }

    fn cosign_answered(&mut self, peer: PeerKey) -> Option<TreeSize> {
        let state = self.peers.get_mut(&peer)?;
        state.failures = 0;
        self.cosignature_done = state.cosigning.take();
        self.cosignature_done.as_ref().map(|(size, _)| *size)
    }

    fn blob_came(
        &mut self,
        now: Duration,
        peer: PeerKey,
        bytes: Option<Vec<u8>>,
        actions: &mut Vec<Action>,
    ) {
        let Some(bytes) = bytes else {
            return self.blob_not_there(now, peer);
        };
        let state = self.peers.get_mut(&peer);
        let Some(hash) = state.and_then(|state| state.fetching.take()) else {
            return;
        };
        match Blob::check(hash, bytes) {
            Some(blob) => {
                self.wanted.remove(&hash);
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.failures = 0;
                }
                actions.push(Action::Keep(blob));
            }
            None => {
                let why = Why::Garbage("a blob with another hash");
                self.drop_peer(peer, why, actions);
            }
        }
    }

    fn blob_not_there(&mut self, now: Duration, peer: PeerKey) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(hash) = state.fetching.take() else {
            return;
        };
        let Some(want) = self.wanted.get_mut(&hash) else {
            return;
        };
        want.not_at.insert(peer);
        state.fetch_not_before = now + BLOB_PAUSE;
        let mut greeted = self.peers.iter().filter(|(_, p)| p.greeted);
        if greeted.all(|(key, _)| want.not_at.contains(key)) {
            want.not_at.clear();
            let pause = BLOB_AGAIN.saturating_mul(1u32 << want.rounds.min(16));
            want.again_at = now + pause.min(BLOB_AGAIN_MAX);
            want.rounds += 1;
        }
    }

    // ---- what goes out -----------------------------------------------------------------------------------

    fn greet(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let hello = self.hello();
        for (key, peer) in &mut self.peers {
            if !peer.dropped
                && now >= peer.greet_at.max(peer.paused_until)
                && peer.ask(Topic::Hello)
            {
                actions.push(Action::Ask(*key, Request::Hello(hello)));
            }
        }
    }

    fn follow(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if !matches!(self.work, Work::Idle) || now < self.follow_not_before {
            return;
        }
        let Some(peer) = self.next_source(now) else {
            return;
        };
        if self
            .peers
            .get_mut(&peer)
            .is_some_and(|p| p.ask(Topic::Follow))
        {
            self.source = Some(peer);
            self.work = Work::Asked { peer, at: now };
            let request = Request::Follow {
                size: self.next,
                cosigned: self.heads.cosigned,
            };
            actions.push(Action::Ask(peer, request));
        }
    }

    /// The sequencer has the newest; without it whoever has more than we; else each in turn, as news may
    /// reach any of them. The sequencer itself asks only whoever says to have more.
    fn next_source(&self, now: Duration) -> Option<PeerKey> {
        let ready = || {
            let ready = self.peers.iter().filter(|(_, p)| p.is_ready(now));
            ready.filter(|(_, p)| !p.open.contains(&Topic::Follow))
        };
        let ahead = || {
            let ahead = ready().filter(|(_, p)| p.size > self.next);
            ahead.max_by_key(|(_, p)| p.size)
        };
        if self.sequencer {
            return ahead().map(|(key, _)| *key);
        }
        let sequencer = ready().find(|(_, p)| p.sequencer);
        let after_last = || ready().find(|(key, _)| Some(**key) > self.source);
        let chosen = sequencer
            .or_else(ahead)
            .or_else(after_last)
            .or_else(|| ready().next());
        chosen.map(|(key, _)| *key)
    }

    /// The sequencer, or for events the first other peer, always the same, so that two nodes do not send
    /// each other the same events in turn.
    fn hand_in_to(&self, now: Duration) -> Option<(PeerKey, bool)> {
        let ready = || self.peers.iter().filter(|(_, p)| p.is_ready(now));
        let chosen = ready()
            .find(|(_, p)| p.sequencer)
            .or_else(|| ready().next());
        chosen.map(|(key, peer)| (*key, peer.sequencer))
    }

    fn submit(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some((key, is_sequencer)) = self.hand_in_to(now) else {
            return;
        };
        let is_due = |id: &EventId| match self.offered.get(id) {
            None => true,
            Some(offer) => now >= offer.again_at || (is_sequencer && offer.to != key),
        };
        let mut bytes = 0;
        let batch: Vec<&(EventId, Vec<u8>)> = self
            .pending
            .iter()
            .filter(|(id, _)| is_due(id))
            .take(ENVELOPES_MAX)
            .take_while(|(_, envelope)| {
                bytes += envelope.len();
                bytes <= SUBMIT_BYTES_MAX
            })
            .collect();
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        if !batch.is_empty() && peer.ask(Topic::Submit) {
            peer.submitting = batch.iter().map(|(id, _)| *id).collect();
            let envelopes = batch.into_iter().map(|(_, envelope)| envelope.clone());
            let envelopes = envelopes.collect();
            actions.push(Action::Ask(key, Request::Submit { envelopes }));
        }
    }

    fn cosign(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some((size, line)) = &self.heads.cosignature else {
            return;
        };
        if self.heads.cosignature == self.cosignature_done {
            return;
        }
        if let Some((key, true)) = self.hand_in_to(now)
            && let Some(peer) = self.peers.get_mut(&key)
            && peer.ask(Topic::Cosign)
        {
            let (size, line) = (*size, line.clone());
            peer.cosigning = Some((size, line.clone()));
            actions.push(Action::Ask(key, Request::Cosign { size, line }));
        }
    }

    fn fetch(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let fetching = self.peers.values().filter_map(|p| p.fetching);
        let mut fetching: BTreeSet<Hash> = fetching.collect();
        for (key, peer) in &mut self.peers {
            if !peer.is_ready(now)
                || now < peer.fetch_not_before
                || peer.open.contains(&Topic::Blob)
            {
                continue;
            }
            let next = self.wanted.iter().find(|(hash, want)| {
                now >= want.again_at && !want.not_at.contains(key) && !fetching.contains(*hash)
            });
            if let Some((hash, _)) = next
                && peer.ask(Topic::Blob)
            {
                peer.fetching = Some(*hash);
                fetching.insert(*hash);
                actions.push(Action::Ask(*key, Request::Blob { hash: *hash }));
            }
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

#[cfg(test)]
mod tests;
