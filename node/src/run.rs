//! One running node: ledger, feed, network and console, started and stopped together.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::console::{self, Token, TokenError};
use crate::fault::Faults;
use crate::feed::{Feed, SharedWitness};
use crate::keys::{KeyFileError, Keys, device_key};
use crate::ledger::{Ledger, LedgerHandle, OpenError, Opening, read_trust, spawn};
use crate::net::{Net, NetConfig, NetError, PeerStatus};
use crate::witness::{Witness, WitnessOpenError};
use crate::witnesses;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder cannot be worked with.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// A port is taken, or the address is not this machine's.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The witness for logs of others.
    #[error(transparent)]
    Witness(#[from] WitnessOpenError),
    /// The console's token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The ledger's writer panicked. What it acknowledged is durable; only a new start may go on.
    #[error("the ledger's writer ended unexpectedly; see the log, then start again")]
    WriterEnded,
    /// `keys/peer.key` is missing.
    #[error("keys/peer.key is missing; run \"node init\" again")]
    NoPeerKey,
}

impl RunError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            RunError::Open(e) => e.message_vi(),
            RunError::Keys(e) => e.message_vi(),
            RunError::Listen(address, e) => {
                format!(
                    "Không mở được cổng {address} ({e}). Có thể nút đang chạy rồi; hoặc đổi cổng trong node.toml."
                )
            }
            RunError::Net(e) => e.message_vi(),
            RunError::Witness(e) => e.message_vi(),
            RunError::Token(e) => e.message_vi(),
            RunError::WriterEnded => "Phần ghi sổ dừng bất thường. Những gì đã báo lưu vẫn còn; xem nhật ký rồi chạy lại nút.".into(),
            RunError::NoPeerKey => "Thiếu khóa keys/peer.key. Chạy lại \"node init\".".into(),
        }
    }
}

/// A node that runs until [`Node::stop`].
pub struct Node {
    ledger: Ledger,
    /// What opening the folder found and did.
    pub opening: Opening,
    /// Where the feed is served.
    pub feed: SocketAddr,
    /// Where the console lets its clerk in, token included.
    pub console: Option<String>,
    /// Where peers reach this node, its peer id included.
    pub peer_addresses: Vec<String>,
    /// Which peers are connected.
    pub peers: watch::Receiver<Vec<PeerStatus>>,
    shutdown: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a node.
///
/// # Errors
/// [`RunError`]; nothing runs then.
pub async fn start(config: Config) -> Result<Node, RunError> {
    // 1. Ports first: a second start must fail before it replays a log for minutes.
    let feed_listener = listen(config.http).await?;
    let console_listener = match &config.console {
        Some(console) => Some(listen(console.listen).await?),
        None => None,
    };
    // 2. The ledger.
    let keys = Keys::load(&config.folder.keys())?;
    let (genesis, anchor) = read_trust(&config.folder)?;
    let (ledger, opening) = spawn(config.folder.clone(), config.options()).await?;
    // 3. Whoever asks it. A failure from here on must let go of the folder.
    let parts = Parts {
        config: &config,
        keys: &keys,
        handle: ledger.handle(),
    };
    let (shutdown, stopping) = watch::channel(false);
    let (net, console, witness) = match parts.open(console_listener.as_ref()).await {
        Ok(opened) => opened,
        Err(e) => {
            ledger.stop().await;
            return Err(e);
        }
    };
    let feed = Feed::new(
        ledger.handle(),
        genesis,
        anchor,
        &config.name,
        config.sequencer,
    )
    .witnessing(witness)
    .monitored(config.folder.clone(), net.peers());
    let feed_address = feed_listener
        .local_addr()
        .map_err(|e| RunError::Listen(config.http, e))?;
    let (peer_addresses, peers) = (net.addresses().to_vec(), net.peers());
    let mut tasks = vec![
        tokio::spawn(serve(feed_listener, feed.router(), stopping.clone())),
        tokio::spawn(net.run(stopped(stopping.clone()))),
    ];
    for witness in config.witnessed_by.clone() {
        let collecting = witnesses::collect(ledger.handle(), witness, config.timing.recosign);
        let stopping = stopping.clone();
        tasks.push(tokio::spawn(async move {
            tokio::select! {
                () = collecting => {}
                () = stopped(stopping) => {}
            }
        }));
    }
    let mut console_entrance = None;
    if let (Some(listener), Some((router, entrance))) = (console_listener, console) {
        console_entrance = Some(entrance);
        tasks.push(tokio::spawn(serve(listener, router, stopping)));
    }
    Ok(Node {
        ledger,
        opening,
        feed: feed_address,
        console: console_entrance,
        peer_addresses,
        peers,
        shutdown,
        tasks,
    })
}

/// Runs a node until `shutdown`, and says where it is reached.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    let name = config.name.clone();
    let node = start(config).await?;
    tracing::info!("{name}: sổ chung (feed) http://{}/", node.feed);
    let ended = tokio::select! {
        () = shutdown => Ok(()),
        () = node.writer_ended() => Err(RunError::WriterEnded),
    };
    tracing::info!("{name}: đang tắt (stopping)");
    node.stop().await;
    ended
}

impl Node {
    /// The way to its ledger.
    pub fn ledger(&self) -> LedgerHandle {
        self.ledger.handle()
    }

    /// Waits until the ledger's writer has ended by itself, which it never should.
    pub async fn writer_ended(&self) {
        let mut heads = self.ledger.handle().heads();
        while heads.changed().await.is_ok() {}
    }

    /// Stops everything; the folder is free when this returns.
    pub async fn stop(self) {
        // All receivers may be gone when every task has ended by itself.
        let _ = self.shutdown.send(true);
        for task in self.tasks {
            if let Err(e) = task.await {
                tracing::error!(error = %e, "một phần của nút dừng bất thường (a part of the node panicked)");
            }
        }
        self.ledger.stop().await;
    }
}

/// The network, the console with its entrance, and the witness.
type Opened = (Net, Option<(Router, String)>, Option<SharedWitness>);

struct Parts<'a> {
    config: &'a Config,
    keys: &'a Keys,
    handle: LedgerHandle,
}

impl Parts<'_> {
    async fn open(&self, console: Option<&TcpListener>) -> Result<Opened, RunError> {
        let witness = self.config.witness.as_ref().map(|config| {
            let folder = &self.config.folder;
            let witness = Witness::open(folder, self.keys, config, Faults::none())?;
            tracing::info!(vkey = %witness.verifier(), "nhân chứng cho sổ khác (a witness for other logs)");
            Ok::<_, WitnessOpenError>(Arc::new(Mutex::new(witness)))
        });
        let witness = witness.transpose()?;
        let net = NetConfig {
            listen: self.config.peer_listen.clone(),
            peers: self.config.peer_dial.clone(),
            key_seed: self.keys.peer_seed().ok_or(RunError::NoPeerKey)?,
            sequencer: self.config.sequencer,
        };
        let console = console
            .map(|listener| self.console(listener))
            .transpose()?
            .flatten();
        Ok((Net::bind(net, self.handle.clone()).await?, console, witness))
    }

    fn console(&self, listener: &TcpListener) -> Result<Option<(Router, String)>, RunError> {
        let Some(config) = &self.config.console else {
            return Ok(None);
        };
        let address = listener
            .local_addr()
            .map_err(|e| RunError::Listen(config.listen, e))?;
        let token = Token::load_or_create(self.config.folder.root())?;
        let entrance = format!("http://{address}{}", token.entrance());
        let devices = self.keys.organisations().filter_map(|org| {
            let key = self.keys.device(org)?;
            Some((org.clone(), device_key(key)))
        });
        let settings = console::Settings {
            organisations: devices.collect(),
            public_url: config.scan_url.clone(),
            token,
            clock: console::system_clock,
        };
        Ok(Some((
            console::router(console::Console::new(self.handle.clone(), settings)),
            entrance,
        )))
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|e| RunError::Listen(address, e))
}

async fn serve(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) {
    // Connections that stay open would keep the node from stopping, so it does not wait for them.
    let served = axum::serve(listener, router).with_graceful_shutdown(stopped(stopping.clone()));
    tokio::select! {
        result = served => {
            if let Err(e) = result {
                tracing::error!(error = %e, "cổng HTTP đã đóng (the HTTP port closed)");
            }
        }
        () = stopped_and_a_moment(stopping) => {}
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // The sender is gone when the node is dropped: that is stopping, too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// A request in work has a second to finish.
async fn stopped_and_a_moment(stopping: watch::Receiver<bool>) {
    stopped(stopping).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
}
