//! A department, two members and a stranger, with fixed keys, in temporary folders.

use std::fs;
use std::future::Future;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures::StreamExt;
use ledger_core::anchor::Anchor;
use ledger_core::body::{Audience, Body, Lives, LotUse, Number, Role, Sealable, Sealed, Text};
use ledger_core::chain::Link;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, Hash, LedgerId, LotId, OrgId, TreeSize};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::merkle::leaf_hash;
use ledger_core::sign::{Draft, event_id};
use ledger_core::sync::message::{Hello, Request, Response};
use ledger_core::time::Timestamp;
use ledger_core::vkey::{KeyName, SignatureType, Verifier};
use libp2p::request_response::{Event, Message};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use super::super::address::{keypair, parse_peers, to_peer_id};
use super::super::wire::{self, Behaviour, BehaviourEvent, Frame};
use super::super::{Net, NetConfig, PeerKey, PeerStatus};
use crate::folder::Folder;
use crate::keys::{self, KeyRole};
use crate::ledger::{self, Heads, Ledger, LedgerHandle, Options, Timing};

/// Seeds of the libp2p identities.
pub const DEPARTMENT: [u8; 32] = [40; 32];
pub const MEMBER: [u8; 32] = [41; 32];
pub const NEIGHBOUR: [u8; 32] = [42; 32];
pub const STRANGER: [u8; 32] = [43; 32];

const AUTHORITY_DEVICE: [u8; 32] = [1; 32];
const SEQUENCER_DEVICE: [u8; 32] = [2; 32];
const LOG: [u8; 32] = [3; 32];
const MEMBER_DEVICE: [u8; 32] = [4; 32];
const NEIGHBOUR_DEVICE: [u8; 32] = [5; 32];
const VALIDATOR: [u8; 32] = [6; 32];
const VALIDATOR_NAME: &str = "htx.example/xac-nhan";
const ORIGIN: &str = "so.example/thu";

/// Longer than any of these tests needs on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits for a condition, and names it when it does not come true.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let come_true = async {
        while !condition().await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let waited = tokio::time::timeout(DEADLINE, come_true).await;
    assert!(waited.is_ok(), "never: {what}");
}

pub fn hello(ledger: LedgerId) -> Hello {
    Hello {
        ledger,
        size: TreeSize(0),
        sequencer: false,
    }
}

fn secret(seed: [u8; 32]) -> SigningKey {
    SigningKey::from_bytes(&seed)
}

fn public(seed: [u8; 32]) -> [u8; 32] {
    PublicKey::of(&secret(seed)).to_bytes()
}

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

/// A device that signs one event after the other.
struct Device {
    key: SigningKey,
    org: OrgId,
    link: Link,
}

impl Device {
    fn new(seed: [u8; 32], id: &str, ledger: LedgerId) -> Device {
        Device {
            key: secret(seed),
            org: org(id),
            link: Link::first(&ledger),
        }
    }

    fn sign(&mut self, body: Body, ledger: LedgerId) -> Vec<u8> {
        let now = Timestamp::vietnam(1_760_000_000);
        if body.kind == Kind::Epoch {
            self.link = self.link.next_epoch();
        }
        let draft = Draft {
            occurred: now,
            signed: now,
            body,
        };
        let event = draft.sign(&self.key, &ledger, &self.org, self.link);
        self.link = self.link.after(event.id());
        event.bytes().to_vec()
    }
}

/// One ledger and the devices that speak in it.
pub struct World {
    genesis: Vec<u8>,
    anchor: Anchor,
    authority: Device,
    member: Device,
    neighbour: Device,
}

impl World {
    pub async fn new() -> World {
        World::named("Sổ thử")
    }

    pub async fn of_another_ledger() -> World {
        World::named("Sổ khác")
    }

    fn named(name: &str) -> World {
        // RUST_LOG=node=debug shows what the nodes of a failing test said.
        let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env());
        let _ = lines.with_test_writer().try_init();
        let genesis = Genesis {
            name: name.into(),
            origin: ORIGIN.into(),
            log_key: PublicKey::of(&secret(LOG)),
            authority: org("SO"),
            authority_name: "Sở".into(),
            authority_devices: vec![DeviceKey(public(AUTHORITY_DEVICE))],
            authority_threshold: 1,
            sequencer: DeviceKey(public(SEQUENCER_DEVICE)),
            created: Timestamp::vietnam(1_750_000_000),
            sample: None,
        }
        .encode();
        let ledger = ledger_core::genesis::ledger_id(&genesis);
        let vkey = |name: &str, kind, seed| {
            Verifier::new(
                KeyName::new(name).unwrap(),
                kind,
                PublicKey::of(&secret(seed)),
            )
            .to_string()
        };
        let policy = format!(
            "log {}\nwitness v1 {}\ngroup validators all v1\nquorum validators\n",
            vkey(ORIGIN, SignatureType::Ed25519, LOG),
            vkey(VALIDATOR_NAME, SignatureType::CosignatureV1, VALIDATOR),
        );
        World {
            genesis,
            anchor: Anchor::new(ledger, "validators", 172_800, &policy).unwrap(),
            authority: Device::new(AUTHORITY_DEVICE, "SO", ledger),
            member: Device::new(MEMBER_DEVICE, "HTX-1", ledger),
            neighbour: Device::new(NEIGHBOUR_DEVICE, "HTX-2", ledger),
        }
    }

    pub fn ledger_id(&self) -> LedgerId {
        ledger_core::genesis::ledger_id(&self.genesis)
    }

    pub fn genesis(&self) -> &[u8] {
        &self.genesis
    }

    /// The department's node, its log with the members' organisations, devices and peers.
    pub async fn start_department(&mut self) -> Node {
        let folder = self.folder(&[
            (KeyRole::Log, LOG),
            (KeyRole::Sequencer, SEQUENCER_DEVICE),
            (KeyRole::Peer, DEPARTMENT),
        ]);
        let node = self
            .restart_department(folder, "/ip4/127.0.0.1/tcp/0")
            .await;
        let members = [
            ("HTX-1", MEMBER_DEVICE, MEMBER),
            ("HTX-2", NEIGHBOUR_DEVICE, NEIGHBOUR),
        ];
        let mut events = vec![self.as_authority(peer("SO", DEPARTMENT))];
        for (id, device_seed, peer_seed) in members {
            events.push(self.as_authority(admission(id)));
            events.push(self.as_authority(enrolment(id, device_seed)));
            events.push(self.as_authority(peer(id, peer_seed)));
        }
        for event in &events {
            node.ledger.submit(event.clone()).await.unwrap();
        }
        let last = events.last().unwrap();
        until("the members are enrolled", || node.has(last)).await;
        until("their peers are admitted", || async {
            let mut caller = Caller::new(NEIGHBOUR);
            caller.connect(&node).await.is_ok()
                && caller
                    .ask(&Request::Hello(hello(self.ledger_id())))
                    .await
                    .is_ok()
        })
        .await;
        node
    }

    pub async fn restart_department(&self, folder: TempDir, listen: &str) -> Node {
        let listen = listen.split("/p2p/").next().unwrap().to_owned();
        Node::start(folder, DEPARTMENT, listen, Vec::new(), true).await
    }

    /// A member's node. The member is the validator of the policy, the neighbour is none.
    pub async fn start(&self, seed: [u8; 32], peers: &[&Node]) -> Node {
        let mut keys = vec![(KeyRole::Peer, seed)];
        if seed == MEMBER {
            keys.push((KeyRole::Validator, VALIDATOR));
        }
        let folder = self.folder(&keys);
        let peers = peers.iter().map(|node| node.address.clone()).collect();
        Node::start(folder, seed, "/ip4/127.0.0.1/tcp/0".into(), peers, false).await
    }

    fn folder(&self, roles: &[(KeyRole, [u8; 32])]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        folder.create_directories().unwrap();
        fs::write(folder.genesis(), &self.genesis).unwrap();
        fs::write(folder.anchor(), self.anchor.text()).unwrap();
        fs::create_dir_all(folder.keys()).unwrap();
        for (role, seed) in roles {
            keys::write(&folder.keys(), role, seed).unwrap();
            if *role == KeyRole::Validator {
                // It has cosigned nothing yet.
                fs::write(folder.cosigned_state(), b"").unwrap();
            }
        }
        dir
    }

    fn as_authority(&mut self, body: Body) -> Vec<u8> {
        let ledger = self.ledger_id();
        self.authority.sign(body, ledger)
    }

    /// The department suspends the member, or ends its node's connection for good.
    pub fn against_member(&mut self, kind: Kind) -> Vec<u8> {
        let unpeer = kind == Kind::Unpeer;
        self.as_authority(Body {
            org: Some(org("HTX-1")),
            key: unpeer.then(|| Hash(public(MEMBER))),
            reason: (!unpeer).then(|| Text("thử".into())),
            ..Body::new(kind)
        })
    }

    pub fn sign_as_member(&mut self, body: Body) -> Vec<u8> {
        let ledger = self.ledger_id();
        self.member.sign(body, ledger)
    }

    pub fn member_event(&mut self, kind: Kind) -> Vec<u8> {
        self.sign_as_member(Body::new(kind))
    }

    pub fn neighbour_event(&mut self, kind: Kind) -> Vec<u8> {
        let ledger = self.ledger_id();
        self.neighbour.sign(Body::new(kind), ledger)
    }
}

fn admission(id: &str) -> Body {
    Body {
        id: Some(Number(id.into())),
        name: Some(Sealable::Text(format!("Đơn vị {id}"))),
        roles: Some(vec![Role::Producer]),
        ..Body::new(Kind::Org)
    }
}

fn enrolment(id: &str, seed: [u8; 32]) -> Body {
    Body {
        org: Some(org(id)),
        key: Some(Hash(public(seed))),
        lives: Some(Lives::Own),
        ..Body::new(Kind::Device)
    }
}

fn peer(id: &str, seed: [u8; 32]) -> Body {
    Body {
        org: Some(org(id)),
        key: Some(Hash(public(seed))),
        ..Body::new(Kind::Peer)
    }
}

/// A product with a picture, and a label whose address is committed to and whose facts are sealed.
pub fn events_naming(picture: Hash, public: Hash, partners: Hash) -> [Body; 2] {
    let lot = LotUse {
        lot: LotId::new(org("HTX-1"), "L1").unwrap(),
        qty: None,
    };
    let product = Body {
        id: Some(Number("SP-01".into())),
        name: Some(Sealable::Text("Xoài".into())),
        unit: Some(Text("KGM".into())),
        picture: Some(picture),
        ..Body::new(Kind::Product)
    };
    let label = Body {
        lots: Some(vec![lot]),
        label_address: Some(Sealable::Commitment(public)),
        sealed: Some(Sealed {
            audience: Audience::Partners,
            commitment: partners,
        }),
        ..Body::new(Kind::Label)
    };
    [product, label]
}

/// The member sends the lot of [`events_naming`] to the neighbour.
pub fn shipment() -> Body {
    let lot = LotUse {
        lot: LotId::new(org("HTX-1"), "L1").unwrap(),
        qty: None,
    };
    Body {
        lots: Some(vec![lot]),
        to: Some(org("HTX-2")),
        ..Body::new(Kind::Ship)
    }
}

/// The member erases what an event of its own commits to.
pub fn erasure(event: &[u8], commitment: Hash) -> Body {
    Body {
        reference: Some(event_id(event).0),
        commitment: Some(commitment),
        ..Body::new(Kind::Erase)
    }
}

/// A running node.
pub struct Node {
    pub ledger: LedgerHandle,
    pub address: String,
    pub peers: watch::Receiver<Vec<PeerStatus>>,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    network: JoinHandle<()>,
    writer: Ledger,
}

impl Node {
    async fn start(
        folder: TempDir,
        seed: [u8; 32],
        listen: String,
        peers: Vec<String>,
        sequencer: bool,
    ) -> Node {
        let validator = (seed == MEMBER).then(|| KeyName::new(VALIDATOR_NAME).unwrap());
        let timing = Timing {
            batch: Duration::from_millis(20),
            quorum_wait: Duration::from_millis(100),
            ..Timing::default()
        };
        let options = Options {
            sequencer,
            validator,
            timing,
            ..Options::default()
        };
        let (writer, _) = ledger::spawn(Folder::new(folder.path()), options)
            .await
            .unwrap();
        let ledger = writer.handle();
        let config = NetConfig {
            listen: vec![listen],
            peers,
            key_seed: seed.into(),
            sequencer,
        };
        let net = Net::bind(config, ledger.clone()).await.unwrap();
        let (address, peers) = (net.addresses()[0].clone(), net.peers());
        let (stop, stopped) = oneshot::channel();
        let network = tokio::spawn(net.run(async {
            let _ = stopped.await;
        }));
        Node {
            ledger,
            address,
            peers,
            folder,
            stop,
            network,
            writer,
        }
    }

    /// Stops it and gives back its folder.
    pub async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.network.await.unwrap();
        drop(self.ledger);
        self.writer.stop().await;
        self.folder
    }

    pub fn heads(&self) -> Heads {
        self.ledger.heads().borrow().clone()
    }

    pub fn size(&self) -> TreeSize {
        self.heads().size
    }

    /// Whether an event is covered by the newest head here.
    pub async fn has(&self, event: &[u8]) -> bool {
        let id = ledger_core::ids::EventId(leaf_hash(event));
        let place = self.ledger.read(move |replica| replica.find(&id)).await;
        place.is_some_and(|place| place.0 < self.size().0)
    }
}

/// Somebody who speaks the protocol without being a node.
pub struct Caller {
    swarm: Swarm<Behaviour>,
    callee: Option<PeerKey>,
    greets_back: bool,
}

impl Caller {
    pub fn new(seed: [u8; 32]) -> Caller {
        Caller {
            swarm: wire::swarm(keypair(&seed).unwrap()).unwrap(),
            callee: None,
            greets_back: false,
        }
    }

    /// One that answers greetings: who does not is disconnected after some seconds.
    pub fn greeting_back(seed: [u8; 32]) -> Caller {
        Caller {
            greets_back: true,
            ..Caller::new(seed)
        }
    }

    pub async fn connect(&mut self, node: &Node) -> Result<(), ()> {
        let peers = parse_peers(std::slice::from_ref(&node.address)).unwrap();
        let (key, _) = peers.into_iter().next().unwrap();
        self.callee = Some(key);
        self.swarm
            .behaviour_mut()
            .allowed
            .allow_peer(to_peer_id(&key).unwrap());
        let address: Multiaddr = node.address.parse().unwrap();
        self.swarm.dial(address).map_err(|_| ())?;
        self.events_until(|event| match event {
            SwarmEvent::ConnectionEstablished { .. } => Some(Ok(())),
            SwarmEvent::OutgoingConnectionError { .. } => Some(Err(())),
            _ => None,
        })
        .await
    }

    pub async fn ask(&mut self, request: &Request) -> Result<Response, ()> {
        match self.send(Frame::Whole(request.encode())).await? {
            Frame::Whole(bytes) => Ok(Response::decode(&bytes).unwrap()),
            Frame::TooLarge => panic!("the answer is too large"),
        }
    }

    /// Sends anything, and waits for the answer or the end.
    pub async fn send(&mut self, frame: Frame) -> Result<Frame, ()> {
        let peer = to_peer_id(&self.callee.unwrap()).unwrap();
        if !self.swarm.is_connected(&peer) {
            return Err(());
        }
        self.swarm
            .behaviour_mut()
            .messages
            .send_request(&peer, frame);
        self.events_until(|event| match event {
            SwarmEvent::Behaviour(BehaviourEvent::Messages(Event::Message {
                message: Message::Response { response, .. },
                ..
            })) => Some(Ok(response)),
            SwarmEvent::Behaviour(BehaviourEvent::Messages(Event::OutboundFailure { .. })) => {
                Some(Err(()))
            }
            _ => None,
        })
        .await
    }

    /// Asks the same so many times at once; the answers in the order in which they come, or the end.
    pub async fn ask_at_once(
        &mut self,
        request: &Request,
        times: usize,
    ) -> Result<Vec<Response>, ()> {
        let peer = to_peer_id(&self.callee.unwrap()).unwrap();
        for _ in 0..times {
            let frame = Frame::Whole(request.encode());
            let messages = &mut self.swarm.behaviour_mut().messages;
            messages.send_request(&peer, frame);
        }
        let mut answers = Vec::new();
        self.events_until(|event| match event {
            SwarmEvent::Behaviour(BehaviourEvent::Messages(Event::Message {
                message:
                    Message::Response {
                        response: Frame::Whole(bytes),
                        ..
                    },
                ..
            })) => {
                answers.push(Response::decode(&bytes).unwrap());
                (answers.len() == times).then_some(Ok(()))
            }
            SwarmEvent::Behaviour(BehaviourEvent::Messages(Event::OutboundFailure { .. })) => {
                Some(Err(()))
            }
            _ => None,
        })
        .await?;
        Ok(answers)
    }

    /// Waits until the other side has closed the connection.
    pub async fn is_disconnected(&mut self) {
        let peer = to_peer_id(&self.callee.unwrap()).unwrap();
        if self.swarm.is_connected(&peer) {
            let closed = self.events_until(|event| {
                matches!(event, SwarmEvent::ConnectionClosed { .. }).then_some(Ok(()))
            });
            closed.await.unwrap();
        }
    }

    async fn events_until<T>(
        &mut self,
        mut found: impl FnMut(SwarmEvent<BehaviourEvent>) -> Option<Result<T, ()>>,
    ) -> Result<T, ()> {
        let search = async {
            loop {
                let event = self.swarm.select_next_some().await;
                let Some(event) = self.greet_back(event) else {
                    continue;
                };
                if let Some(found) = found(event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(DEADLINE, search)
            .await
            .expect("an answer or the end within the deadline")
    }

    /// Answers a greeting, if this one does so; gives back any other event.
    fn greet_back(
        &mut self,
        event: SwarmEvent<BehaviourEvent>,
    ) -> Option<SwarmEvent<BehaviourEvent>> {
        let SwarmEvent::Behaviour(BehaviourEvent::Messages(Event::Message {
            message:
                Message::Request {
                    request: Frame::Whole(bytes),
                    channel,
                    ..
                },
            ..
        })) = event
        else {
            return Some(event);
        };
        if let (true, Ok(Request::Hello(greeting))) = (self.greets_back, Request::decode(&bytes)) {
            let answer = Response::Hello(hello(greeting.ledger)).encode();
            // Where the asker has gone, nobody waits for it.
            let messages = &mut self.swarm.behaviour_mut().messages;
            let _ = messages.send_response(channel, Frame::Whole(answer));
        }
        None
    }
}
