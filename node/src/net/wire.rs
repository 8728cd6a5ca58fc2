//! Bytes on a libp2p stream: the codec, the transport and its limits.
//!
//! Scope: TCP, Noise, Yamux, one message a direction of a stream, who may connect. Out of scope: what the
//! messages mean ([`ledger_core::sync::message`]) and what follows from them ([`super`]).

use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ledger_core::sync::doorman::REQUESTS_AT_ONCE;
use ledger_core::sync::message::MESSAGE_BYTES_MAX;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, allow_block_list, identity, noise, tcp, yamux};

use super::NetError;

/// The protocol's name, with its version (`docs/formats.md` section 14).
const PROTOCOL: StreamProtocol = StreamProtocol::new("/ocop/sync/1");
/// From opening a stream to the end of the answer: a `follow` that waits its 10 s and then brings half a
/// megabyte over a line of 100 kbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection without any open stream is closed after this: longer than the pause between two greetings.
const IDLE_TIMEOUT: Duration = Duration::from_secs(150);
/// Handshakes at once: strangers can start them, and each costs a key exchange and at most 10 s.
const HANDSHAKES_MAX: u32 = 64;
/// Connections of one peer: one in each direction, when two nodes dial each other at the same moment.
const CONNECTIONS_PER_PEER_MAX: u32 = 2;
/// Connections in all: every cooperative of a province, twice. Each costs about 100 kB.
const CONNECTIONS_MAX: u32 = 512;
/// Streams of one connection: what the peer may ask at once, what we may ask, and as many again that
/// are being refused.
const STREAMS_MAX: usize = 2 * REQUESTS_AT_ONCE as usize + 8;

/// One message as it came, undecoded: libp2p drops a stream whose codec fails without saying whose it was,
/// and we want to know who sends garbage.
#[derive(Debug)]
pub(super) enum Frame {
    /// At most [`MESSAGE_BYTES_MAX`] bytes.
    Whole(Vec<u8>),
    /// More than that; the rest was not read.
    TooLarge,
}

/// Reads and writes [`Frame`]s: the message is everything until the direction is closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Codec;

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Frame> {
    let mut bytes = Vec::new();
    let one_more = MESSAGE_BYTES_MAX as u64 + 1;
    io.take(one_more).read_to_end(&mut bytes).await?;
    match bytes.len() {
        // Closed without a word: the other side is going down, or will not answer.
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        1..=MESSAGE_BYTES_MAX => Ok(Frame::Whole(bytes)),
        _ => Ok(Frame::TooLarge),
    }
}

async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, frame: Frame) -> io::Result<()> {
    match frame {
        Frame::Whole(bytes) => io.write_all(&bytes).await,
        Frame::TooLarge => Err(io::Error::other(
            "a message larger than the protocol allows",
        )),
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Frame;
    type Response = Frame;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Frame,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, frame).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Frame,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, frame).await
    }
}

/// What our swarm does. The first two refuse a connection before the third sees it.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    pub(super) messages: request_response::Behaviour<Codec>,
}

impl Behaviour {
    fn new() -> Behaviour {
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(HANDSHAKES_MAX))
            .with_max_pending_outgoing(Some(HANDSHAKES_MAX))
            .with_max_established(Some(CONNECTIONS_MAX))
            .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
        let messages = request_response::Config::default()
            .with_request_timeout(REQUEST_TIMEOUT)
            .with_max_concurrent_streams(STREAMS_MAX);
        Behaviour {
            limits: connection_limits::Behaviour::new(limits),
            allowed: allow_block_list::Behaviour::default(),
            messages: request_response::Behaviour::new(
                [(PROTOCOL, ProtocolSupport::Full)],
                messages,
            ),
        }
    }
}

/// A swarm with nobody allowed yet.
pub(super) fn swarm(identity: identity::Keypair) -> Result<Swarm<Behaviour>, NetError> {
    let swarm = SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .map_err(|_| NetError::Key)?
        .with_behaviour(|_| Behaviour::new())
        .map_err(|_| NetError::Key)?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
        .build();
    Ok(swarm)
}
