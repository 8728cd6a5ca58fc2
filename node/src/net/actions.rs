//! What the network does: it carries out what the machine decides, dials, admits and disconnects.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::time::Duration;

use ledger_core::ids::TreeSize;
use ledger_core::sync::PeerKey;
use ledger_core::sync::follower::{Action, Input, Why};
use ledger_core::sync::message::Response;
use libp2p::request_response::ResponseChannel;
use libp2p::swarm::DialError;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};

use super::address::{resolve, to_peer_id};
use super::wire::Frame;
use super::{
    BLOBS_REFRESH, Done, Net, PeerStatus, REFRESH, Refreshed, as_follower, refresh, report,
};

impl Net {
    /// Asks the machine, and does what it says until it says nothing more.
    pub(super) fn step(&mut self, input: Input) {
        let heads = as_follower(&self.heads.borrow());
        let mut inputs = VecDeque::from([Input::Heads(heads), input]);
        while let Some(input) = inputs.pop_front() {
            for action in self.follower.step(self.now(), input) {
                inputs.extend(self.act(action));
            }
        }
        self.publish_status();
    }

    /// Does one thing; an answer that is known at once comes back.
    pub(super) fn act(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::Ask(peer, request) => {
                let topic = request.topic();
                let Some(peer_id) = to_peer_id(&peer)
                    .ok()
                    .filter(|id| self.swarm.is_connected(id))
                else {
                    return Some(Input::Failed(peer, topic));
                };
                let frame = Frame::Whole(request.encode());
                let id = self
                    .swarm
                    .behaviour_mut()
                    .messages
                    .send_request(&peer_id, frame);
                self.asked.insert(id, (peer, topic));
            }
            Action::Apply(_, log) => {
                let ledger = self.ledger.clone();
                self.start(async move {
                    Done::Applied(
                        ledger
                            .extend(log.entries, log.checkpoint, log.cosigned)
                            .await,
                    )
                });
            }
            Action::Keep(blob) => {
                let ledger = self.ledger.clone();
                self.start(async move {
                    let kept = ledger.offer_blob(blob.bytes, blob.opening).await;
                    Done::Kept(blob.hash, kept.map(|hash| hash.is_some()))
                });
            }
            Action::Drop(peer, why) => match why {
                Why::OtherLedger(theirs) => {
                    report::other_ledger(&peer, self.ledger_id, theirs);
                    self.disconnect(&peer);
                }
                Why::Garbage(why) => self.throw_out(peer, why),
                Why::Silent => self.disconnect(&peer),
            },
            Action::Tell(notice) => report::notice(&notice),
        }
        None
    }

    pub(super) fn start(&mut self, job: impl Future<Output = Done> + Send + 'static) {
        self.jobs.push(Box::pin(job));
    }

    /// The node that signs the log's heads counts who has told it how much they have.
    pub(super) fn tell_ledger(&mut self, peer: PeerKey, size: TreeSize) {
        let ledger = self.ledger.clone();
        self.start(async move {
            if let Err(error) = ledger.peer_says(peer, size).await {
                tracing::debug!(%error, "nút đang tắt (going down)");
            }
            Done::Told
        });
    }

    pub(super) fn respond(&mut self, channel: ResponseChannel<Frame>, response: &Response) {
        let frame = Frame::Whole(response.encode());
        // The asker may be gone: then there is nobody to tell.
        let _ = self
            .swarm
            .behaviour_mut()
            .messages
            .send_response(channel, frame);
    }

    pub(super) fn disconnect(&mut self, peer: &PeerKey) {
        if let Ok(peer_id) = to_peer_id(peer) {
            // An error says that it was not connected.
            let _ = self.swarm.disconnect_peer_id(peer_id);
        }
    }

    pub(super) fn say_farewell(&mut self, now: Duration) {
        let due = |(peer, due): (&PeerKey, &Duration)| (now >= *due).then_some(*peer);
        let due: Vec<PeerKey> = self.farewells.iter().filter_map(due).collect();
        for peer in due {
            self.farewells.remove(&peer);
            self.disconnect(&peer);
        }
    }

    pub(super) fn throw_out(&mut self, peer: PeerKey, why: &str) {
        let pause = self.doorman.offend(self.now(), peer);
        self.ledger.counters().thrown_out.add();
        report::thrown_out(&peer, why, pause);
        self.admit();
        self.disconnect(&peer);
    }

    /// Brings the allow list in line with roster, configuration and offences. Who leaves it is disconnected.
    pub(super) fn admit(&mut self) {
        let now = self.now();
        let known = self.members.keys().chain(self.contacts.keys());
        let is_welcome = |peer: &PeerKey| {
            *peer != self.me && !self.barred.contains(peer) && !self.doorman.is_shunned(now, peer)
        };
        let welcome = known.filter(|peer| is_welcome(peer));
        let welcome: BTreeSet<PeerId> = welcome.filter_map(|peer| to_peer_id(peer).ok()).collect();
        let allowed = &mut self.swarm.behaviour_mut().allowed;
        let former: Vec<PeerId> = allowed.allowed_peers().iter().copied().collect();
        for peer_id in former.iter().filter(|id| !welcome.contains(id)) {
            allowed.disallow_peer(*peer_id);
        }
        for peer_id in welcome {
            allowed.allow_peer(peer_id);
        }
    }

    pub(super) fn dial(&mut self) {
        let now = self.now();
        let due: Vec<PeerKey> = self
            .contacts
            .iter()
            .filter(|(peer, contact)| {
                !contact.dialling
                    && contact.redial.is_due(now)
                    && !self.barred.contains(*peer)
                    && !self.doorman.is_shunned(now, peer)
            })
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            let connected = to_peer_id(&peer).is_ok_and(|id| self.swarm.is_connected(&id));
            let Some(contact) = self.contacts.get_mut(&peer).filter(|_| !connected) else {
                continue;
            };
            contact.dialling = true;
            let addresses = contact.addresses.clone();
            self.start(async move { Done::Resolved(peer, resolve(addresses).await) });
        }
    }

    pub(super) fn dial_addresses(&mut self, peer: PeerKey, addresses: Vec<Multiaddr>) {
        let Ok(peer_id) = to_peer_id(&peer) else {
            return;
        };
        let options = DialOpts::peer_id(peer_id).addresses(addresses).build();
        if let Err(error) = self.swarm.dial(options) {
            match error {
                // It has called us meanwhile.
                DialError::DialPeerConditionFalse(_) => {
                    if let Some(contact) = self.contacts.get_mut(&peer) {
                        contact.dialling = false;
                    }
                }
                error => self.on_dial_failed(peer_id, &error),
            }
        }
    }

    pub(super) fn start_refresh(&mut self) {
        if !self.refreshing {
            self.refreshing = true;
            let now = self.now();
            let with_blobs = now >= self.blobs_due;
            if with_blobs {
                self.blobs_due = now + BLOBS_REFRESH;
            }
            let ledger = self.ledger.clone();
            self.start(async move { Done::Refreshed(refresh(ledger, with_blobs).await) });
        }
    }

    pub(super) fn refreshed(&mut self, refreshed: Refreshed) {
        self.refreshing = false;
        self.refresh_due = self.now() + REFRESH;
        self.members = refreshed.members;
        self.barred = refreshed.barred;
        let known =
            |peer: &PeerKey| self.members.contains_key(peer) || self.contacts.contains_key(peer);
        self.doorman.keep_only(known);
        self.admit();
        self.step(Input::Pending(refreshed.pending));
        if let Some(wanted) = refreshed.wanted {
            self.step(Input::Wanted(wanted));
        }
    }

    pub(super) fn publish_status(&self) {
        let greeted = self.follower.greeted();
        let peers: Vec<PeerStatus> = greeted
            .map(|(key, size, sequencer)| PeerStatus {
                key,
                size,
                sequencer,
            })
            .collect();
        self.status.send_if_modified(|old| {
            let changed = *old != peers;
            *old = peers;
            changed
        });
    }
}
