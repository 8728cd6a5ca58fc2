//! What happens to the network, and what follows from it.

use ledger_core::encode::DecodeError;
use ledger_core::sync::PeerKey;
use ledger_core::sync::doorman::Entry;
use ledger_core::sync::follower::{Fault, Input};
use ledger_core::sync::message::{Hello, MessageError, Refusal, Request, Response, Topic};
use libp2p::request_response::{
    Event, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::{DialError, ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId};

use super::address::to_peer_key;
use super::serve;
use super::wire::{BehaviourEvent, Frame};
use super::{Done, FAREWELL, Net, REFRESH, STRANGER_LOG, random, report};

/// Why a frame is no message.
enum Unreadable {
    /// It ends too early: the other side or the line went down while it was sent. Nobody's fault.
    CutOff,
    /// No honest node sends it.
    Garbage(String),
}

impl Net {
    pub(super) fn on_tick(&mut self) {
        let now = self.now();
        self.step(Input::Tick);
        self.say_farewell(now);
        self.admit();
        self.dial();
        if now >= self.refresh_due {
            self.start_refresh();
        }
    }

    pub(super) fn on_heads(&mut self) {
        self.step(Input::Tick);
        self.start_refresh();
    }

    pub(super) fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Messages(event)) => self.on_message_event(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                num_established,
                ..
            } if num_established.get() == 1 => {
                self.on_connected(peer_id);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => self.on_gone(peer_id),
            SwarmEvent::OutgoingConnectionError {
                peer_id: Some(peer_id),
                error,
                ..
            } => {
                self.on_dial_failed(peer_id, &error);
            }
            SwarmEvent::IncomingConnectionError {
                peer_id: Some(peer_id),
                error: ListenError::Denied { .. },
                send_back_addr,
                ..
            } => self.on_stranger(peer_id, &send_back_addr),
            SwarmEvent::ListenerClosed {
                addresses,
                reason: Err(error),
                ..
            } => {
                tracing::error!(?addresses, %error, "cổng mạng đã đóng (listener closed)");
            }
            _ => {}
        }
    }

    fn on_connected(&mut self, peer_id: PeerId) {
        // Noise has proven the key in the id; an id without a key is not on the allow list.
        let Some(peer) = to_peer_key(&peer_id) else {
            return;
        };
        if let Some(contact) = self.contacts.get_mut(&peer) {
            contact.dialling = false;
        }
        tracing::debug!(peer = %peer_id, "đã nối (connected)");
        self.step(Input::Connected(peer));
    }

    fn on_gone(&mut self, peer_id: PeerId) {
        let Some(peer) = to_peer_key(&peer_id) else {
            return;
        };
        let (now, had_greeted) = (self.now(), self.follower.is_greeted(&peer));
        if let Some(contact) = self.contacts.get_mut(&peer) {
            if had_greeted {
                contact.redial.succeeded();
            }
            contact.redial.failed(now, random());
            report::gone(&peer_id, had_greeted, contact.redial.attempts());
        }
        self.doorman.gone(&peer);
        self.farewells.remove(&peer);
        // Their failures are still to be reported, and would be taken for those of the next connection.
        self.asked.retain(|_, (asked, _)| *asked != peer);
        self.step(Input::Gone(peer));
    }

    pub(super) fn on_dial_failed(&mut self, peer_id: PeerId, error: &DialError) {
        let now = self.now();
        let contact = to_peer_key(&peer_id).and_then(|peer| self.contacts.get_mut(&peer));
        if let Some(contact) = contact.filter(|contact| contact.dialling) {
            contact.dialling = false;
            contact.redial.failed(now, random());
            report::dial_failed(&peer_id, error, contact.redial.attempts());
        }
    }

    fn on_stranger(&mut self, peer_id: PeerId, address: &Multiaddr) {
        self.ledger.counters().strangers.add();
        let now = self.now();
        if self
            .stranger_logged
            .is_none_or(|last| now >= last + STRANGER_LOG)
        {
            self.stranger_logged = Some(now);
            report::stranger(&peer_id, address);
        }
    }

    fn on_message_event(&mut self, event: Event<Frame, Frame>) {
        match event {
            Event::Message { peer, message, .. } => {
                let Some(peer) = to_peer_key(&peer) else {
                    return;
                };
                match message {
                    Message::Request {
                        request, channel, ..
                    } => {
                        self.on_request(peer, request, channel);
                    }
                    Message::Response {
                        request_id,
                        response,
                    } => {
                        self.on_response(peer, request_id, response);
                    }
                }
            }
            Event::OutboundFailure {
                request_id, error, ..
            } => {
                if let Some((peer, topic)) = self.asked.remove(&request_id) {
                    tracing::debug!(%peer, ?topic, %error, "không có trả lời (no answer)");
                    self.step(match error {
                        OutboundFailure::Timeout => Input::TimedOut(peer, topic),
                        _ => Input::Failed(peer, topic),
                    });
                }
            }
            // Whoever asked is answered, or has gone.
            Event::InboundFailure { .. } | Event::ResponseSent { .. } => {}
        }
    }

    fn on_response(&mut self, peer: PeerKey, id: OutboundRequestId, frame: Frame) {
        let Some((_, topic)) = self.asked.remove(&id) else {
            return;
        };
        match read(frame, Response::decode) {
            Ok(response) => {
                if let (Topic::Hello, Response::Hello(h)) = (topic, &response)
                    && h.ledger == self.ledger_id
                {
                    self.tell_ledger(peer, h.size);
                    // Both sides now know that it is one ledger: it may ask us, too.
                    self.doorman.greeted(self.now(), peer);
                }
                self.step(Input::Answered(peer, topic, response));
            }
            Err(Unreadable::CutOff) => self.step(Input::Failed(peer, topic)),
            Err(Unreadable::Garbage(why)) => self.throw_out(peer, &why),
        }
    }

    fn on_request(&mut self, peer: PeerKey, frame: Frame, channel: ResponseChannel<Frame>) {
        let request = read(frame, Request::decode);
        if let Err(Unreadable::Garbage(why)) = request {
            return self.throw_out(peer, &why);
        }
        let is_hello = matches!(request, Ok(Request::Hello(_)));
        match (self.doorman.enter(self.now(), peer, is_hello), request) {
            (Entry::Throw, _) => {
                self.throw_out(peer, "more requests than its budget, again and again")
            }
            // Nobody waits for an answer, but it counts.
            (Entry::Serve, Err(_)) => self.doorman.leave(&peer),
            (_, Err(_)) => {}
            (Entry::HelloFirst, _) => self.respond(channel, &Response::Error(Refusal::HelloFirst)),
            (Entry::Busy, _) => self.respond(channel, &Response::Error(Refusal::Busy)),
            (Entry::Serve, Ok(Request::Hello(hello))) => {
                self.doorman.leave(&peer);
                self.answer_hello(peer, &hello, channel);
            }
            (Entry::Serve, Ok(request)) => {
                let asker = self.members.get(&peer).cloned();
                let ledger = self.ledger.clone();
                self.start(async move {
                    Done::Answered(peer, channel, serve::answer(ledger, request, asker).await)
                });
            }
        }
    }

    fn answer_hello(&mut self, peer: PeerKey, hello: &Hello, channel: ResponseChannel<Frame>) {
        let answer = self.follower.answer_hello(hello);
        self.respond(
            channel,
            &answer.map_or_else(Response::Error, Response::Hello),
        );
        if answer.is_ok() {
            self.doorman.greeted(self.now(), peer);
            self.tell_ledger(peer, hello.size);
            self.step(Input::Greeted(peer, *hello));
        } else {
            report::other_ledger(&peer, self.ledger_id, hello.ledger);
            self.farewells.insert(peer, self.now() + FAREWELL);
        }
    }

    pub(super) fn on_done(&mut self, done: Done) {
        match done {
            Done::Answered(peer, channel, response) => {
                self.doorman.leave(&peer);
                self.respond(channel, &response);
            }
            Done::Applied(Ok(extended)) => {
                self.step(Input::Applied(extended.size));
            }
            Done::Applied(Err(error)) => {
                let fault = if error.is_senders_fault() {
                    Fault::Peer
                } else {
                    Fault::Own
                };
                report::not_applied(&error, fault);
                self.step(Input::NotApplied(fault));
            }
            Done::Refreshed(Ok(refreshed)) => self.refreshed(refreshed),
            Done::Refreshed(Err(error)) => {
                tracing::warn!(%error, "không đọc được sổ của nút (cannot read the own ledger)");
                self.refreshing = false;
                self.refresh_due = self.now() + REFRESH;
            }
            Done::Told => {}
            Done::Resolved(peer, addresses) => self.dial_addresses(peer, addresses),
            Done::Kept(hash, kept) => {
                report::kept(&hash, &kept);
                self.blobs_due = self.now();
                self.start_refresh();
            }
        }
    }
}

fn read<M>(
    frame: Frame,
    decode: impl Fn(&[u8]) -> Result<M, MessageError>,
) -> Result<M, Unreadable> {
    let decoded = match frame {
        Frame::Whole(bytes) => decode(&bytes),
        Frame::TooLarge => Err(MessageError::TooLarge),
    };
    decoded.map_err(|error| match error {
        MessageError::Cbor(DecodeError::Truncated) => Unreadable::CutOff,
        error => Unreadable::Garbage(error.to_string()),
    })
}
