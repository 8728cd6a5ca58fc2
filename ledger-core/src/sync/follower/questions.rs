//! What goes out: whom to ask for what, when nothing of the kind is open.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Action, Follower, Work};
use crate::ids::{EventId, Hash};
use crate::sync::PeerKey;
use crate::sync::message::{ENVELOPES_MAX, Request, SUBMIT_BYTES_MAX, Topic};

impl Follower {
    pub(super) fn greet(&mut self, now: Duration, actions: &mut Vec<Action>) {
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

    pub(super) fn follow(&mut self, now: Duration, actions: &mut Vec<Action>) {
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

    pub(super) fn submit(&mut self, now: Duration, actions: &mut Vec<Action>) {
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

    pub(super) fn cosign(&mut self, now: Duration, actions: &mut Vec<Action>) {
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

    pub(super) fn fetch(&mut self, now: Duration, actions: &mut Vec<Action>) {
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
