//! The single writer: one task owns the ledger and every file of it; everybody else sends it messages.
//!
//! In scope: the messages and their answers ([`LedgerHandle`]), and the thread that takes them one by one.
//! Out of scope: what the writer does with them ([`writer`] and its neighbours), sockets, pages.
//!
//! Invariant: an answer that says "saved" or "logged" is sent after the bytes are durable, never before.

mod accuse;
mod ahead;
mod cosign;
mod error;
mod follow;
mod incoming;
mod learning;
mod open;
pub(crate) mod pending;
mod private;
mod record;
pub mod replay;
mod sequence;
mod tails;
mod task;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use ledger_core::body::Body;
use ledger_core::ids::{EventId, Hash, LeafIndex, OrgId, TreeSize};
use ledger_core::replica::Replica;
use ledger_core::roster::VoidReason;
use ledger_core::sync::PeerKey;
use ledger_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use crate::blobs::{Blob, Lookup};
use crate::counters::Counters;

pub use ahead::cores;
pub use error::LedgerError;
pub use open::{OpenError, Opening};
pub(crate) use open::{read_head, read_trust};
pub use task::{Ledger, spawn};
pub use writer::{Now, Options, Timing, Writer};

/// Messages waiting for the writer: a second of its work; whoever comes later waits at the door.
pub const QUEUE_MAX: usize = 1_024;
/// Most bytes of entries in one answer, whatever is asked for.
pub const ENTRIES_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes of waiting events in one answer: the first of a backlog go out first, and the network asks three
/// times a second.
pub const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What became of an event that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It stands in the log, since now or before.
    Logged(LeafIndex),
    /// It is durable here and will be handed on until it is logged.
    Pending,
    /// The door stayed closed.
    Refused {
        /// A stable code for machines.
        code: String,
        /// What happened and what to do, for people.
        message_vi: String,
    },
}

/// What somebody wants to say through a device of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRequest {
    /// When it happened.
    pub occurred: Timestamp,
    /// The device's clock; none for the clock of this machine.
    pub signed: Option<Timestamp>,
    /// What happened.
    pub body: Body,
}

/// A signed event that will not be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its identity.
    pub event_id: EventId,
    /// Its place in the device's chain: the epoch …
    pub epoch: u64,
    /// … and the number within it.
    pub seq: u64,
}

/// The newest heads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// Leaves under the newest head signed by the log.
    pub size: TreeSize,
    /// That head.
    pub checkpoint: Option<String>,
    /// The newest head with the quorum.
    pub cosigned: Option<String>,
    /// Its leaves.
    pub cosigned_size: TreeSize,
    /// This validator's newest line for a head, to be sent to the sequencer whenever it changes: after a new
    /// head, and from time to time for the same one.
    pub cosignature: Option<(TreeSize, String)>,
}

/// How far a follower has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// Where the next entry belongs. Beyond [`Heads::size`] while entries wait for the head that covers them.
    pub size: TreeSize,
    /// A validator's line for the checkpoint.
    pub cosignature: Option<String>,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// Not here.
    Unknown,
    /// Durable here, not yet logged.
    Saved,
    /// In the log; with the reason when it is without effect.
    Logged(LeafIndex, Option<VoidReason>),
    /// In the log, and covered by the newest head with the quorum; void or not as `Logged`.
    Cosigned(LeafIndex),
    /// It was durable here and can no longer enter the log, for this reason.
    Stuck {
        /// A stable code for machines.
        code: String,
        /// What happened and what to do, for people.
        message_vi: String,
    },
}

/// Whether the ledger can be served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// All is well, as far as this node can tell.
    #[default]
    Serving,
    /// All is well, but keys of this node are silent until it has learnt what they signed before it was restored.
    Learning(Trouble),
    /// What is served is right and events are saved, but the log is not followed or signed any more, for this reason.
    Halted(Trouble),
    /// What is on the disk is not what was written: nothing is served.
    Tampered(Trouble),
}

/// What is wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A stable code.
    pub code: &'static str,
    /// For people here.
    pub message_vi: String,
    /// For people elsewhere.
    pub message_en: String,
}

/// What is asked of the writer. Each carries the way to its answer.
enum Command {
    Submit(Vec<u8>, Reply<Submitted>),
    Record(OrgId, Box<DraftRequest>, Reply<Receipt>),
    Entries(LeafIndex, usize, Reply<Vec<Vec<u8>>>),
    Events(Vec<LeafIndex>, Reply<Vec<Vec<u8>>>),
    Extend(Extension, Reply<Extended>),
    AddCosignature(TreeSize, String, Reply<()>),
    PeerSays(PeerKey, TreeSize, Reply<()>),
    WitnessIsAhead(String, TreeSize, Reply<()>),
    WitnessContradicts(String, TreeSize, Reply<()>),
    Pending(Reply<Vec<Vec<u8>>>),
    PendingLen(Reply<usize>),
    Status(EventId, Reply<EventStatus>),
    Read(Box<dyn FnOnce(&Replica) + Send>),
    PutBlob {
        bytes: Vec<u8>,
        opening: bool,
        only_if_named: bool,
        reply: Reply<Option<Hash>>,
    },
    GetBlob(Hash, Reply<Lookup>),
    GiveBlob(Hash, Option<OrgId>, Reply<Lookup>),
    EraseBlob(Hash, Reply<()>),
    MissingBlobs(usize, Reply<Vec<Hash>>),
}

type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;

/// A piece of the log as it came from a peer.
#[derive(Clone, Debug, Default)]
pub struct Extension {
    /// The leaves.
    pub entries: Vec<Vec<u8>>,
    /// The newest head signed by the log.
    pub checkpoint: Option<String>,
    /// The newest head with the quorum.
    pub cosigned: Option<String>,
}

/// How everybody but the writer reaches the ledger. Cheap to clone.
#[derive(Clone)]
pub struct LedgerHandle {
    commands: mpsc::Sender<Command>,
    heads: watch::Receiver<Heads>,
    health: watch::Receiver<Health>,
    counters: Arc<Counters>,
}

impl LedgerHandle {
    /// What was counted since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Hands in a signed event. Durable before it is answered.
    ///
    /// # Errors
    /// [`LedgerError`]; a refusal at the door is no error but an answer.
    pub async fn submit(&self, envelope: Vec<u8>) -> Result<Submitted, LedgerError> {
        self.ask(|reply| Command::Submit(envelope, reply)).await
    }

    /// Hands in many events in this order; those that are durable together cost one `fdatasync`.
    ///
    /// # Errors
    /// One answer for each, as from [`LedgerHandle::submit`].
    pub async fn submit_all(&self, envelopes: Vec<Vec<u8>>) -> Vec<Result<Submitted, LedgerError>> {
        let commands = envelopes
            .into_iter()
            .map(|envelope| |reply| Command::Submit(envelope, reply));
        self.ask_all(commands.collect()).await
    }

    /// Signs many drafts in this order, as [`LedgerHandle::submit_all`] hands in events.
    ///
    /// # Errors
    /// One answer for each, as from [`LedgerHandle::record`].
    pub async fn record_all(
        &self,
        drafts: Vec<(OrgId, DraftRequest)>,
    ) -> Vec<Result<Receipt, LedgerError>> {
        let command = |(org, draft)| move |reply| Command::Record(org, Box::new(draft), reply);
        self.ask_all(drafts.into_iter().map(command).collect())
            .await
    }

    /// Signs a draft with this node's device of an organisation. Durable before it is answered.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing was signed that anybody could see.
    pub async fn record(&self, org: OrgId, draft: DraftRequest) -> Result<Receipt, LedgerError> {
        self.ask(|reply| Command::Record(org, Box::new(draft), reply))
            .await
    }

    /// The leaves from one on: at least one if there is one, then as many as fit into `max_bytes` (and
    /// [`ENTRIES_BYTES_MAX`]). Each is compared with its leaf hash before it leaves.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn entries(
        &self,
        from: LeafIndex,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.ask(|reply| Command::Entries(from, max_bytes, reply))
            .await
    }

    /// The leaves at these places, in this order.
    ///
    /// # Errors
    /// [`LedgerError`]; a place outside the log is [`LedgerError::Malformed`].
    pub async fn events(&self, places: Vec<LeafIndex>) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.ask(|reply| Command::Events(places, reply)).await
    }

    /// The newest heads, and news of them.
    pub fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.clone()
    }

    /// Whether the ledger can be served, and news of it.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Takes a piece of the log from a peer, as a follower. Every entry passes the door, and the root equals
    /// that of a checkpoint signed by the log before anything of it is durable or visible. On the sequencer
    /// only the checkpoint is looked at: whether somebody holds a head of ours that we no longer know.
    ///
    /// # Errors
    /// [`LedgerError::Malformed`] by the peer's fault; [`LedgerError::LogAtFault`]; others by our own.
    pub async fn extend(
        &self,
        entries: Vec<Vec<u8>>,
        checkpoint: Option<String>,
        cosigned: Option<String>,
    ) -> Result<Extended, LedgerError> {
        let extension = Extension {
            entries,
            checkpoint,
            cosigned,
        };
        self.ask(|reply| Command::Extend(extension, reply)).await
    }

    /// Takes a validator's line for the newest head, as the sequencer.
    ///
    /// # Errors
    /// [`LedgerError::Malformed`], [`LedgerError::OtherHead`], [`LedgerError::NotSequencer`].
    pub async fn add_cosignature(&self, size: u64, line: String) -> Result<(), LedgerError> {
        self.ask(|reply| Command::AddCosignature(TreeSize(size), line, reply))
            .await
    }

    /// A peer says how much of the log it has. The node that signs its heads asks everybody after each start.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn peer_says(&self, peer: PeerKey, size: TreeSize) -> Result<(), LedgerError> {
        self.ask(|reply| Command::PeerSays(peer, size, reply)).await
    }

    /// A witness has cosigned a larger head of this log than the node has that signs them: its data is an old copy,
    /// and it signs no more. Nothing happens when the log has grown beyond that meanwhile.
    ///
    /// # Errors
    /// [`LedgerError::NotSequencer`].
    pub async fn witness_is_ahead(&self, name: String, size: TreeSize) -> Result<(), LedgerError> {
        self.ask(|reply| Command::WitnessIsAhead(name, size, reply))
            .await
    }

    /// A witness refused a right proof: the log here is not the one that it cosigned at that size.
    ///
    /// # Errors
    /// [`LedgerError::NotSequencer`].
    pub async fn witness_contradicts(
        &self,
        name: String,
        size: TreeSize,
    ) -> Result<(), LedgerError> {
        self.ask(|reply| Command::WitnessContradicts(name, size, reply))
            .await
    }

    /// The first own and taken events that are not yet logged, within [`PENDING_BYTES_MAX`]; those of a device in the
    /// order of its chain.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn pending(&self) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.ask(Command::Pending).await
    }

    /// How many events are not yet logged.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn pending_len(&self) -> Result<usize, LedgerError> {
        self.ask(Command::PendingLen).await
    }

    /// Where an event stands. [`EventStatus::Unknown`] also while the node goes down.
    pub async fn status(&self, id: EventId) -> EventStatus {
        self.ask(|reply| Command::Status(id, reply))
            .await
            .unwrap_or(EventStatus::Unknown)
    }

    /// Asks the replica. `f` runs on the writer's thread: it should look something up, not compute for long.
    ///
    /// # Errors
    /// [`LedgerError::Closed`].
    pub async fn try_read<R: Send + 'static>(
        &self,
        f: impl FnOnce(&Replica) -> R + Send + 'static,
    ) -> Result<R, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let read = Box::new(move |replica: &Replica| {
            // Nobody waits any more: the answer is not needed.
            let _ = reply.send(f(replica));
        });
        self.commands
            .send(Command::Read(read))
            .await
            .map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)
    }

    /// [`LedgerHandle::try_read`] for tasks that end with the node: while it goes down this waits for ever.
    pub async fn read<R: Send + 'static>(
        &self,
        f: impl FnOnce(&Replica) -> R + Send + 'static,
    ) -> R {
        match self.try_read(f).await {
            Ok(answer) => answer,
            Err(_) => std::future::pending().await,
        }
    }

    /// Keeps a picture or an opening of our own. Durable before it is answered with its hash.
    ///
    /// # Errors
    /// [`LedgerError::Blob`] when it is not one; [`LedgerError::File`].
    pub async fn put_blob(&self, bytes: Vec<u8>, opening: bool) -> Result<Hash, LedgerError> {
        let command = |reply| Command::PutBlob {
            bytes,
            opening,
            only_if_named: false,
            reply,
        };
        self.ask(command).await?.ok_or(LedgerError::Closed)
    }

    /// Keeps a blob that a peer offers, if a logged or pending event names it; none when no event does.
    ///
    /// # Errors
    /// As [`LedgerHandle::put_blob`].
    pub async fn offer_blob(
        &self,
        bytes: Vec<u8>,
        opening: bool,
    ) -> Result<Option<Hash>, LedgerError> {
        self.ask(|reply| Command::PutBlob {
            bytes,
            opening,
            only_if_named: true,
            reply,
        })
        .await
    }

    /// A picture or opening, as far as an organisation may have it (`docs/formats.md` section 5, *Readers*); without one, as
    /// far as everybody may. What it may not have is unknown to it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn give_blob(&self, hash: Hash, asker: Option<OrgId>) -> Result<Lookup, LedgerError> {
        self.ask(|reply| Command::GiveBlob(hash, asker, reply))
            .await
    }

    /// A picture or opening, its hash checked, for this node itself.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn lookup_blob(&self, hash: Hash) -> Result<Lookup, LedgerError> {
        self.ask(|reply| Command::GetBlob(hash, reply)).await
    }

    /// A picture or opening, if it is here.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn get_blob(&self, hash: Hash) -> Result<Option<Blob>, LedgerError> {
        Ok(match self.lookup_blob(hash).await? {
            Lookup::Here(blob) => Some(blob),
            Lookup::Erased | Lookup::Unknown => None,
        })
    }

    /// Erases a blob and keeps a tombstone, so that it does not come back from a peer.
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub async fn erase_blob(&self, hash: Hash) -> Result<(), LedgerError> {
        self.ask(|reply| Command::EraseBlob(hash, reply)).await
    }

    /// Blobs that logged events name, that are neither here nor erased, and that this node may have; at most so many.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn missing_blobs(&self, max: usize) -> Result<Vec<Hash>, LedgerError> {
        self.ask(|reply| Command::MissingBlobs(max, reply)).await
    }

    async fn ask_all<T, C: FnOnce(Reply<T>) -> Command>(
        &self,
        commands: Vec<C>,
    ) -> Vec<Result<T, LedgerError>> {
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            let (reply, answer) = oneshot::channel();
            // A closed queue drops the reply, and its answer says so below.
            let _ = self.commands.send(command(reply)).await;
            answers.push(answer);
        }
        let mut answered = Vec::with_capacity(answers.len());
        for answer in answers {
            answered.push(answer.await.unwrap_or(Err(LedgerError::Closed)));
        }
        answered
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .await
            .map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }
}
