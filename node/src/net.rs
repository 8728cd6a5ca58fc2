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
//! `Done`.

mod actions;
mod address;
mod events;
mod report;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ledger_core::ids::{Hash, LedgerId, OrgId, TreeSize};
use ledger_core::sync::doorman::Doorman;
use ledger_core::sync::follower::{self, Follower, WANTED_MAX};
use ledger_core::sync::message::{Response, Topic};
use ledger_core::sync::{PeerKey, Redial};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use zeroize::Zeroizing;

pub use address::{peer_id_of, public_key_of_peer, public_key_of_seed};

use crate::ledger::{Extended, Heads, LedgerError, LedgerHandle};
use address::{keypair, parse_listen, parse_peers};
use wire::{Behaviour, Frame};

/// How often pauses are looked at: half the shortest one.
const TICK: Duration = Duration::from_millis(250);
/// How often roster and pending events are read again when the log does not move: what a clerk has just
/// recorded leaves after this at most.
const REFRESH: Duration = Duration::from_millis(300);
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
    #[error("{0:?} is not an address such as /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…")]
    Address(String),
    /// Whoever wrote the peer id.
    #[error("{0:?} is not the peer id of an Ed25519 key")]
    PeerId(String),
    /// Whoever made the key.
    #[error("not an Ed25519 key for the network")]
    Key,
    /// The ledger's writer has ended already.
    #[error("the own ledger does not run: {0}")]
    Ledger(#[from] LedgerError),
    /// The machine: another program holds the port, or the address is not its own.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, String),
}

impl NetError {
    /// A stable code for machines.
    pub fn code(&self) -> &str {
        match self {
            NetError::Address(_) | NetError::PeerId(_) => "SAI_THIET_LAP",
            NetError::Key => "LOI_KHOA",
            NetError::Ledger(error) => error.code(),
            NetError::Listen(..) => "CONG_MANG_BAN",
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            NetError::Address(text) => format!(
                "Địa chỉ \"{text}\" không đúng dạng. Ví dụ đúng: /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW… \
                 Chép lại địa chỉ mà nút kia in ra khi chạy."
            ),
            NetError::PeerId(text) => {
                format!("\"{text}\" không phải mã nút. Mã nút bắt đầu bằng 12D3KooW.")
            }
            NetError::Key => {
                "Khóa mạng của nút không dùng được. Khôi phục tệp peer.key từ bản sao lưu.".into()
            }
            NetError::Ledger(error) => error.message_vi(),
            NetError::Listen(address, why) => format!(
                "Không mở được cổng mạng {address} ({why}). Tắt chương trình đang giữ cổng hoặc đổi cổng trong cấu hình."
            ),
        }
    }
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
    /// The roster's peers, and whose they are.
    members: BTreeMap<PeerKey, OrgId>,
    /// Peers that are not spoken to even where the configuration names them.
    barred: BTreeSet<PeerKey>,
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
    Told,
    Resolved(PeerKey, Vec<Multiaddr>),
    Kept(Hash, Result<bool, LedgerError>),
}

/// What is read from the ledger again and again.
struct Refreshed {
    members: BTreeMap<PeerKey, OrgId>,
    barred: BTreeSet<PeerKey>,
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
            barred: BTreeSet::new(),
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
        let opened = opened.unwrap_or_else(|_| Err("timeout".to_owned()));
        let opened = opened.map_err(failed)?;
        tracing::info!(address = %opened, peer = %me, "nút đang nghe (listening)");
        self.addresses.push(format!("{opened}/p2p/{me}"));
        Ok(())
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
    let known = ledger.try_read(|replica| {
        let roster = replica.roster();
        let members = roster
            .peers()
            .map(|(key, org)| (PeerKey(key.0), org.clone()));
        let barred = roster.barred_peers().map(|key| PeerKey(key.0));
        (members.collect(), barred.collect())
    });
    let (members, barred) = known.await?;
    Ok(Refreshed {
        members,
        barred,
        pending: ledger.pending().await?,
        wanted: if with_blobs {
            Some(ledger.missing_blobs(WANTED_MAX).await?)
        } else {
            None
        },
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
