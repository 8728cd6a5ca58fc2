//! What comes in: answers, failures, pieces applied or not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{
    Action, BLOB_AGAIN, BLOB_AGAIN_MAX, BLOB_PAUSE, Blob, FAILURES_MAX, FOLLOW_PAUSE, Fault,
    Follower, GREET_AGAIN, NO_SPREAD, Notice, Offer, SUBMIT_AGAIN, Why, Work,
};
use crate::ids::{EventId, TreeSize};
use crate::merkle::leaf_hash;
use crate::sync::message::{Hello, Log, Refusal, Response, Submitted, Topic};
use crate::sync::{PeerKey, backoff};

impl Follower {
    pub(super) fn answered(
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

    pub(super) fn learn(&mut self, peer: PeerKey, hello: Hello, actions: &mut Vec<Action>) {
        if let Some(state) = self.peers.get_mut(&peer) {
            (state.size, state.sequencer) = (hello.size, hello.sequencer);
        }
        if self.sequencer && hello.size > self.heads.size {
            actions.push(Action::Tell(Notice::PeerIsAhead(peer, hello.size)));
        }
    }

    pub(super) fn failed(
        &mut self,
        now: Duration,
        peer: PeerKey,
        topic: Topic,
        actions: &mut Vec<Action>,
    ) {
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

    pub(super) fn drop_peer(&mut self, peer: PeerKey, why: Why, actions: &mut Vec<Action>) {
        self.stop_waiting_for(peer);
        if let Some(state) = self.peers.get_mut(&peer)
            && !state.dropped
        {
            state.dropped = true;
            actions.push(Action::Drop(peer, why));
        }
    }

    pub(super) fn stop_waiting_for(&mut self, peer: PeerKey) {
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

    pub(super) fn applied(&mut self, now: Duration, next: TreeSize) {
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

    pub(super) fn not_applied(&mut self, now: Duration, fault: Fault, actions: &mut Vec<Action>) {
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

    pub(super) fn set_pending(&mut self, envelopes: Vec<Vec<u8>>) {
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
}
