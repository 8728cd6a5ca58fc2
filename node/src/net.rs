//! The network: the only file (with its folder) that says libp2p.
//!
//! In scope: connections to admitted peers over TCP, Noise and Yamux, dialling again after failures, moving
//! messages between peers, [`ledger_core::sync`] and the ledger's writer. Out of scope: what a message means
//! (core), whether an event may enter (the ledger's writer), files.
//!
//! Who is spoken to: the peers that the ledger enrols (kind `peer`) and those of the configuration, because
//! a new node's roster is empty until it has followed the log once. Everybody else is disconnected after the
//! handshake, before one byte of theirs is read.
//!
//! One task owns everything here. It never waits: whatever takes time is a job whose result comes back as
//! [`Done`].

mod address;
mod report;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger_core::encode::DecodeError;
use ledger_core::ids::{Hash, LedgerId, TreeSize};
use ledger_core::sync::doorman::{Doorman, Entry};
use ledger_core::sync::follower::{self, Action, Fault, Follower, Input, WANTED_MAX, Why};
use ledger_core::sync::message::{Hello, MessageError, Refusal, Request, Response, Topic};
use ledger_core::sync::{PeerKey, Redial};
use libp2p::request_response::{self, Message, OutboundRequestId, ResponseChannel};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{DialError, ListenError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use zeroize::Zeroizing;

pub use address::{peer_id_of, public_key_of_peer, public_key_of_seed};

use crate::ledger::{Extended, Heads, LedgerError, LedgerHandle};
use address::{keypair, parse_listen, parse_peers, resolve, to_peer_id, to_peer_key};
use serve::Asker;
use wire::{Behaviour, BehaviourEvent, Frame};

/// How often pauses are looked at: half the shortest one.
const TICK: Duration = Duration::from_millis(250);
/// How often roster, pending events and wanted blobs are read again when the log does not move.
const REFRESH: Duration = Duration::from_secs(1);
/// How often wanted blobs are read again: pictures may come a little after their events.
const BLOBS_REFRESH: Duration = Duration::from_secs(5);
/// How long a peer of another ledger has to read our answer that says so.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a port that is still held by a process going down is waited for.
const LISTEN_WAIT: Duration = Duration::from_secs(5);
/// Strangers are logged at most this often, so that they cannot fill the disk.
const STRANGER_LOG: Duration = Duration::from_secs(10);

/// How a node takes part in the network.
#[derive(Clone)]
pub struct NetConfig {
    /// Where to listen, such as `/ip4/0.0.0.0/tcp/4001`; none for a node that only dials.
    pub listen: Vec<String>,
    /// Whom to dial, such as `/dns4/so.dongthap.example/tcp/4001/p2p/12D3KooW…`.
    pub peers: Vec<String>,
    /// The Ed25519 seed of the node's libp2p identity, which is no other key of this node.
    pub key_seed: Zeroizing<[u8; 32]>,
    /// Whether this node gives events their place in the log.
    pub sequencer: bool,
}

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The operator's configuration.
    #[error(
        "địa chỉ \"{0}\" không đúng dạng (not an address such as /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…)"
    )]
    Address(String),
    /// Whoever wrote the peer id.
    #[error("\"{0}\" không phải mã nút (not the peer id of an Ed25519 key)")]
    PeerId(String),
    /// Whoever made the key.
    #[error("khóa mạng của nút không dùng được (not an Ed25519 key)")]
    Key,
    /// The ledger's writer has ended already.
    #[error("sổ của nút không chạy: {0} (the own ledger does not run)")]
    Ledger(#[from] LedgerError),
    /// The machine: another program holds the port, or the address is not its own.
    #[error("không mở được cổng {0}: {1} (cannot listen)")]
    Listen(String, String),
}

/// What is known about one peer, for the console and `/health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its libp2p identity.
    pub key: PeerKey,
    /// How many leaves it has, as it says.
    pub size: TreeSize,
    /// Whether it says that it sequences.
    pub sequencer: bool,
}

/// The network, listening but not yet running.
pub struct Net {
    swarm: Swarm<Behaviour>,
    addresses: Vec<String>,
    started: Instant,
    me: PeerKey,
    ledger_id: LedgerId,

    // The ledger, and what was last read from it.
    ledger: LedgerHandle,
    heads: watch::Receiver<Heads>,
    members: BTreeMap<PeerKey, Asker>,
    refreshing: bool,
    refresh_due: Duration,
    blobs_due: Duration,

    // The decisions.
    follower: Follower,
    doorman: Doorman,
    contacts: BTreeMap<PeerKey, Contact>,

    // What is under way.
    asked: HashMap<OutboundRequestId, (PeerKey, Topic)>,
    /// Peers of another ledger, and when they are disconnected if they have not gone by themselves.
    farewells: BTreeMap<PeerKey, Duration>,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,

    status: watch::Sender<Vec<PeerStatus>>,
    stranger_logged: Option<Duration>,
}

/// A peer of the configuration, to be dialled whenever there is no connection.
struct Contact {
    addresses: Vec<Multiaddr>,
    redial: Redial,
    dialling: bool,
}

/// What a job brings back.
enum Done {
    Answered(PeerKey, ResponseChannel<Frame>, Response),
    Applied(Result<Extended, LedgerError>),
    Refreshed(Result<Refreshed, LedgerError>),
    Resolved(PeerKey, Vec<Multiaddr>),
    Kept(Hash, Result<bool, LedgerError>),
}

/// Why a frame is no message.
enum Unreadable {
    /// It ends too early: the other side or the line went down while it was sent. Nobody's fault.
    CutOff,
    /// No honest node sends it.
    Garbage(String),
}

/// What is read from the ledger again and again.
struct Refreshed {
    members: BTreeMap<PeerKey, Asker>,
    pending: Vec<Vec<u8>>,
    /// Only when it was asked for: the writer looks at one file for each.
    wanted: Option<Vec<Hash>>,
}

/// Opens the ports and runs until `shutdown`.
///
/// # Errors
/// [`NetError`] when the configuration is wrong or a port is taken.
pub async fn run(
    config: NetConfig,
    ledger: LedgerHandle,
    shutdown: impl Future<Output = ()>,
) -> Result<(), NetError> {
    Net::bind(config, ledger).await?.run(shutdown).await;
    Ok(())
}

impl Net {
    /// Reads the configuration and opens the ports.
    ///
    /// # Errors
    /// [`NetError`] when the configuration is wrong or a port is taken.
    pub async fn bind(config: NetConfig, ledger: LedgerHandle) -> Result<Net, NetError> {
        let identity = keypair(&config.key_seed)?;
        let me = public_key_of_seed(&config.key_seed)?;
        let mut contacts = parse_peers(&config.peers)?;
        contacts.remove(&me);
        let ledger_id = ledger.try_read(|replica| replica.ledger_id()).await?;
        let heads = ledger.heads();
        let follower = Follower::new(ledger_id, config.sequencer, as_follower(&heads.borrow()));
        let mut net = Net {
            swarm: wire::swarm(identity)?,
            addresses: Vec::new(),
            started: Instant::now(),
            me,
            ledger_id,
            ledger,
            heads,
            members: BTreeMap::new(),
            refreshing: false,
            refresh_due: Duration::ZERO,
            blobs_due: Duration::ZERO,
            follower,
            doorman: Doorman::default(),
            contacts: contacts.into_iter().map(Contact::new).collect(),
            asked: HashMap::new(),
            farewells: BTreeMap::new(),
            jobs: FuturesUnordered::new(),
            status: watch::Sender::new(Vec::new()),
            stranger_logged: None,
        };
        for address in parse_listen(&config.listen)? {
            net.listen(address).await?;
        }
        // Only now is anybody admitted: nobody's arrival is missed while the ports open.
        let refreshed = refresh(net.ledger.clone(), false).await?;
        net.refreshed(refreshed);
        Ok(net)
    }

    /// Where this node listens, each with its peer id: what others write into their configuration.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The peers that are connected and keep the same ledger; changes as they come and go.
    pub fn peers(&self) -> watch::Receiver<Vec<PeerStatus>> {
        self.status.subscribe()
    }

    /// Runs until `shutdown`. Nothing is lost when it is dropped instead.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(done) = self.jobs.next() => self.on_done(done),
                changed = self.heads.changed() => match changed {
                    Ok(()) => self.on_heads(),
                    // The ledger's writer has ended, so has the node.
                    Err(_) => return,
                },
                _ = tick.tick() => self.on_tick(),
            }
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn listen(&mut self, address: Multiaddr) -> Result<(), NetError> {
        let failed = |why: String| NetError::Listen(address.to_string(), why);
        let listener = self.swarm.listen_on(address.clone());
        let listener = listener.map_err(|error| failed(error.to_string()))?;
        let me = *self.swarm.local_peer_id();
        let opened = async {
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::NewListenAddr {
                        listener_id,
                        address,
                    } if listener_id == listener => {
                        return Ok(address);
                    }
                    SwarmEvent::ListenerClosed {
                        listener_id,
                        reason,
                        ..
                    } if listener_id == listener => {
                        return Err(reason.err().map_or_else(String::new, |e| e.to_string()));
                    }
                    _ => {}
                }
            }
        };
        let opened = tokio::time::timeout(LISTEN_WAIT, opened).await;
        let opened = opened.unwrap_or_else(|_| Err("quá lâu (timeout)".to_owned()));
        let opened = opened.map_err(failed)?;
        tracing::info!(address = %opened, peer = %me, "nút đang nghe (listening)");
        self.addresses.push(format!("{opened}/p2p/{me}"));
        Ok(())
    }

    // ---- what happens ------------------------------------------------------------------------------------

    fn on_tick(&mut self) {
        let now = self.now();
        self.step(Input::Tick);
        self.say_farewell(now);
        self.admit();
        self.dial();
        if now >= self.refresh_due {
            self.start_refresh();
        }
    }

    fn on_heads(&mut self) {
        self.step(Input::Tick);
        self.start_refresh();
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
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

    fn on_dial_failed(&mut self, peer_id: PeerId, error: &DialError) {
        let now = self.now();
        let contact = to_peer_key(&peer_id).and_then(|peer| self.contacts.get_mut(&peer));
        if let Some(contact) = contact.filter(|contact| contact.dialling) {
            contact.dialling = false;
            contact.redial.failed(now, random());
            report::dial_failed(&peer_id, error, contact.redial.attempts());
        }
    }

    fn on_stranger(&mut self, peer_id: PeerId, address: &Multiaddr) {
        let now = self.now();
        if self
            .stranger_logged
            .is_none_or(|last| now >= last + STRANGER_LOG)
        {
            self.stranger_logged = Some(now);
            report::stranger(&peer_id, address);
        }
    }

    fn on_message_event(&mut self, event: request_response::Event<Frame, Frame>) {
        use request_response::Event;
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
                    self.step(Input::Failed(peer, topic));
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
                if matches!((topic, &response), (Topic::Hello, Response::Hello(h)) if h.ledger == self.ledger_id)
                {
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
                let asker = self.members.get(&peer).copied().unwrap_or(Asker::Member);
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
            self.step(Input::Greeted(peer, *hello));
        } else {
            report::other_ledger(&peer, self.ledger_id, hello.ledger);
            self.farewells.insert(peer, self.now() + FAREWELL);
        }
    }

    fn on_done(&mut self, done: Done) {
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
            Done::Resolved(peer, addresses) => self.dial_addresses(peer, addresses),
            Done::Kept(hash, kept) => {
                report::kept(&hash, &kept);
                self.blobs_due = self.now();
                self.start_refresh();
            }
        }
    }

    // ---- what is done about it ---------------------------------------------------------------------------

    /// Asks the machine, and does what it says until it says nothing more.
    fn step(&mut self, input: Input) {
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
    fn act(&mut self, action: Action) -> Option<Input> {
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

    fn start(&mut self, job: impl Future<Output = Done> + Send + 'static) {
        self.jobs.push(Box::pin(job));
    }

    fn respond(&mut self, channel: ResponseChannel<Frame>, response: &Response) {
        let frame = Frame::Whole(response.encode());
        // The asker may be gone: then there is nobody to tell.
        let _ = self
            .swarm
            .behaviour_mut()
            .messages
            .send_response(channel, frame);
    }

    fn disconnect(&mut self, peer: &PeerKey) {
        if let Ok(peer_id) = to_peer_id(peer) {
            // An error says that it was not connected.
            let _ = self.swarm.disconnect_peer_id(peer_id);
        }
    }

    fn say_farewell(&mut self, now: Duration) {
        let due = |(peer, due): (&PeerKey, &Duration)| (now >= *due).then_some(*peer);
        let due: Vec<PeerKey> = self.farewells.iter().filter_map(due).collect();
        for peer in due {
            self.farewells.remove(&peer);
            self.disconnect(&peer);
        }
    }

    fn throw_out(&mut self, peer: PeerKey, why: &str) {
        let pause = self.doorman.offend(self.now(), peer);
        report::thrown_out(&peer, why, pause);
        self.admit();
        self.disconnect(&peer);
    }

    /// Brings the allow list in line with roster, configuration and offences. Who leaves it is disconnected.
    fn admit(&mut self) {
        let now = self.now();
        let known = self.members.keys().chain(self.contacts.keys());
        let welcome = known.filter(|peer| **peer != self.me && !self.doorman.is_shunned(now, peer));
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

    fn dial(&mut self) {
        let now = self.now();
        let due: Vec<PeerKey> = self
            .contacts
            .iter()
            .filter(|(peer, contact)| {
                !contact.dialling
                    && contact.redial.is_due(now)
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

    fn dial_addresses(&mut self, peer: PeerKey, addresses: Vec<Multiaddr>) {
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

    fn start_refresh(&mut self) {
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

    fn refreshed(&mut self, refreshed: Refreshed) {
        self.refreshing = false;
        self.refresh_due = self.now() + REFRESH;
        self.members = refreshed.members;
        let known =
            |peer: &PeerKey| self.members.contains_key(peer) || self.contacts.contains_key(peer);
        self.doorman.keep_only(known);
        self.admit();
        self.step(Input::Pending(refreshed.pending));
        if let Some(wanted) = refreshed.wanted {
            self.step(Input::Wanted(wanted));
        }
    }

    fn publish_status(&self) {
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

impl Contact {
    fn new((peer, addresses): (PeerKey, Vec<Multiaddr>)) -> (PeerKey, Contact) {
        let contact = Contact {
            addresses,
            redial: Redial::default(),
            dialling: false,
        };
        (peer, contact)
    }
}

async fn refresh(ledger: LedgerHandle, with_blobs: bool) -> Result<Refreshed, LedgerError> {
    let members = ledger.try_read(|replica| {
        let roster = replica.roster();
        let authority = roster.authority();
        let asker = |org| {
            if org == authority {
                Asker::Authority
            } else {
                Asker::Member
            }
        };
        roster
            .peers()
            .map(|(key, org)| (PeerKey(key.0), asker(org)))
            .collect()
    });
    Ok(Refreshed {
        members: members.await?,
        pending: ledger.pending().await?,
        wanted: if with_blobs {
            Some(ledger.missing_blobs(WANTED_MAX).await?)
        } else {
            None
        },
    })
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

fn as_follower(heads: &Heads) -> follower::Heads {
    follower::Heads {
        size: heads.size,
        cosigned: heads.cosigned_size,
        cosignature: heads.cosignature.clone(),
    }
}

/// Any number: it spreads the members' attempts and keeps no secret.
fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}
