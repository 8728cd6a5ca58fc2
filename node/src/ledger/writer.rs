//! What the writer owns, and its short answers. The long ones have files of their own: `record.rs` (taking and
//! signing events), `sequence.rs`, `follow.rs`, `cosign.rs`, `open.rs` (recovery).

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger_core::anchor::Anchor;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::merkle::leaf_hash;
use ledger_core::note::Note;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::vkey::{KeyName, Verifier};
use tokio::sync::watch;

use super::cosign::Validator;
use super::incoming::Incoming;
use super::learning::Learning;
use super::pending::Pending;
use super::private::Commitments;
use super::replay::{COMMIT_LEAVES, named_blobs};
use super::sequence::Asking;
use super::tails::Tails;
use super::{
    ENTRIES_BYTES_MAX, EventStatus, Heads, Health, LedgerError, PENDING_BYTES_MAX, Trouble,
};
use crate::blobs::{Blobs, Lookup};
use crate::fault::Faults;
use crate::files::{FileError, Segment};
use crate::folder::LockedFolder;
use crate::index::{Index, IndexError};
use crate::keys::Keys;

/// The present, read once for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// By the machine's clock, for people and cosignatures: seconds since 1970.
    pub unix: u64,
    /// On a clock that never goes backwards, for pauses.
    pub steady: Duration,
}

impl Now {
    /// The machine's time; `start` is when the process began.
    pub fn read(start: std::time::Instant) -> Now {
        // A clock before 1970 is a wrong clock; the roots and signatures do not depend on it.
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_secs());
        Now {
            unix,
            steady: start.elapsed(),
        }
    }
}

/// Pauses, all in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long the sequencer gathers events before it logs them.
    pub batch: Duration,
    /// How long it waits for the quorum of one head before it signs the next.
    pub quorum_wait: Duration,
    /// How long the sequencer waits after a start for peers and witnesses to say what they have seen.
    pub ask_wait: Duration,
    /// How often the same head is cosigned again when there is nothing new.
    pub recosign: Duration,
    /// How long a validator waits before it says a line again that has not led to a quorum.
    pub cosign_again: Duration,
    /// How long the index may lag behind on the disk.
    pub index_flush: Duration,
    /// How long nothing is tried after the disk failed.
    pub disk_pause: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            batch: Duration::from_millis(300),
            quorum_wait: Duration::from_secs(10),
            ask_wait: Duration::from_secs(10),
            recosign: Duration::from_secs(600),
            cosign_again: Duration::from_secs(5),
            index_flush: Duration::from_secs(2),
            disk_pause: Duration::from_secs(10),
        }
    }
}

/// What kind of node this is.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether it gives events their place in the log.
    pub sequencer: bool,
    /// The name under which it cosigns.
    pub validator: Option<KeyName>,
    /// Plain witnesses besides those of the anchor's policy, whose lines the sequencer publishes, too.
    pub witnesses: Vec<Verifier>,
    /// Its pauses.
    pub timing: Timing,
    /// Its disk's misfortunes: tests only.
    pub faults: Faults,
}

/// A head that the log signed and that lies on this log's path.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub note: Note,
    pub checkpoint: Checkpoint,
}

impl Head {
    pub fn size(&self) -> TreeSize {
        self.checkpoint.size()
    }
}

/// The files of the ledger.
#[derive(Debug)]
pub(super) struct Store {
    pub folder: LockedFolder,
    pub log: Segment,
    pub own: Segment,
    pub taken: Segment,
    pub blobs: Blobs,
    pub faults: Faults,
}

/// The single owner of the ledger.
pub struct Writer {
    // Set when opening.
    pub(super) options: Options,
    pub(super) anchor: Anchor,
    pub(super) genesis: Vec<u8>,
    pub(super) keys: Keys,

    // On the disk.
    pub(super) store: Store,
    pub(super) index: Option<Index>,
    pub(super) index_behind: Vec<LoggedEvent>,
    pub(super) index_flush_due: Duration,

    // Follows from the log and from the files of events.
    pub(super) replica: Replica,
    pub(super) pending: Pending,
    pub(super) tails: Tails,
    pub(super) missing_blobs: BTreeSet<Hash>,
    pub(super) commitments: Commitments,

    // Heads.
    pub(super) head: Option<Head>,
    pub(super) cosigned: Option<Head>,
    /// The sequencer's newest head with the lines that have come for it.
    pub(super) assembling: Option<Note>,
    pub(super) head_at: Duration,
    pub(super) waiting_since: Option<Duration>,
    pub(super) disk_failed_at: Option<Duration>,

    // Following.
    pub(super) incoming: Incoming,
    pub(super) caught_up: bool,
    pub(super) validator: Option<Validator>,
    /// What a restored node has still to learn.
    pub(super) learning: Option<Learning>,
    /// Whom the sequencer waits for after its start.
    pub(super) asking: Option<Asking>,

    pub(super) heads: watch::Sender<Heads>,
    pub(super) health: watch::Sender<Health>,
}

impl Writer {
    /// The newest heads, and news of them.
    pub fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    /// Whether the ledger can be served, and news of it.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// The log, replayed.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The anchor that this node trusts.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// How many leaves the newest head covers: what others may see.
    pub(super) fn published(&self) -> TreeSize {
        self.head.as_ref().map_or(TreeSize(0), Head::size)
    }

    pub(super) fn cosigned_size(&self) -> TreeSize {
        self.cosigned.as_ref().map_or(TreeSize(0), Head::size)
    }

    /// Refuses everything once the disk turned out not to hold what was written.
    pub(super) fn must_serve(&self) -> Result<(), LedgerError> {
        match &*self.health.borrow() {
            Health::Tampered(trouble) => Err(LedgerError::Stopped(trouble.clone())),
            _ => Ok(()),
        }
    }

    /// Refuses everything new once the log turned out to be at fault.
    pub(super) fn must_take(&self) -> Result<(), LedgerError> {
        match &*self.health.borrow() {
            Health::Tampered(trouble) | Health::Halted(trouble) => {
                Err(LedgerError::Stopped(trouble.clone()))
            }
            Health::Serving | Health::Learning(_) => Ok(()),
        }
    }

    /// The leaves from one on, published ones only.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn entries(
        &mut self,
        from: LeafIndex,
        max_bytes: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.must_serve()?;
        let (end, max_bytes) = (self.published().0, max_bytes.min(ENTRIES_BYTES_MAX));
        let leaves = self.replica.tree().leaves();
        let (mut entries, mut bytes, mut changed) = (Vec::new(), 0, None);
        let read = self.store.log.for_each(from.0, |place, entry| {
            bytes += entry.len();
            if place >= end || !entries.is_empty() && bytes > max_bytes {
                return false;
            }
            if leaves.get(place as usize) != Some(&leaf_hash(entry)) {
                changed = Some(place);
                return false;
            }
            entries.push(entry.to_vec());
            true
        });
        match (read, changed) {
            (Ok(()), None) => Ok(entries),
            (Err(FileError::Damaged { record, .. }), _) | (Ok(()), Some(record)) => {
                Err(self.tampered(LeafIndex(record)))
            }
            (Err(e), _) => Err(e.into()),
        }
    }

    /// The leaves at these places, published or not.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn events(&mut self, places: &[LeafIndex]) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.must_serve()?;
        places.iter().map(|place| self.event(*place)).collect()
    }

    fn event(&mut self, place: LeafIndex) -> Result<Vec<u8>, LedgerError> {
        match self.store.log.read(place.0) {
            Ok(entry)
                if self.replica.tree().leaves().get(place.0 as usize)
                    == Some(&leaf_hash(&entry)) =>
            {
                Ok(entry)
            }
            Ok(_) | Err(FileError::Damaged { .. }) => Err(self.tampered(place)),
            Err(FileError::NoRecord { .. }) => {
                Err(LedgerError::Malformed(format!("no leaf {place}")))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// From here on nothing is served: who asks would get what nobody signed.
    pub(super) fn tampered(&mut self, place: LeafIndex) -> LedgerError {
        let trouble = Trouble::tampered(place);
        tracing::error!("{} ({})", trouble.message_vi, trouble.message_en);
        self.health.send_replace(Health::Tampered(trouble.clone()));
        LedgerError::Stopped(trouble)
    }

    /// The first own and taken events that are not logged, within [`PENDING_BYTES_MAX`].
    pub fn pending(&self) -> Vec<Vec<u8>> {
        let mut bytes = 0;
        let fit = self.pending.iter().take_while(|waiting| {
            bytes += waiting.event().bytes().len();
            bytes <= PENDING_BYTES_MAX
        });
        fit.map(|waiting| waiting.event().bytes().to_vec())
            .collect()
    }

    /// How many events are not logged.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Where an event stands.
    pub fn status(&self, id: &EventId) -> EventStatus {
        let Some(index) = self.replica.find(id) else {
            return match (self.pending.contains(id), self.pending.stuck(id)) {
                (true, _) => EventStatus::Saved,
                (false, Some(why)) => EventStatus::Stuck {
                    code: why.code().to_owned(),
                    message_vi: why.message_vi().to_owned(),
                },
                (false, None) => EventStatus::Unknown,
            };
        };
        let void = self.replica.void_reason(id);
        match index.0 < self.cosigned_size().0 {
            true if void.is_none() => EventStatus::Cosigned(index),
            _ => EventStatus::Logged(index, void),
        }
    }

    /// Takes note of new leaves: what they name, by whom they are, and that the index lacks them.
    pub(super) fn notice(&mut self, logged: Vec<LoggedEvent>) -> Result<(), LedgerError> {
        for event in &logged {
            self.pending.saw(event);
            self.tails.saw(&event.event, &self.keys);
            if let Some(erased) = self.commitments.saw(&self.replica, event) {
                self.erase_blob(&erased)?;
            }
            if event.void.is_none() {
                self.want_blobs(named_blobs(event.event.body()));
            }
        }
        self.commit_replica(logged.len() as u64);
        self.index_behind.extend(logged);
        let (size, root) = (self.replica.size(), self.replica.root());
        if let Some(index) = &mut self.index {
            let extended = index.extend(&self.index_behind, size, root);
            self.without_broken_index(extended);
        }
        self.index_behind.clear();
        Ok(())
    }

    /// From time to time the replica hands to the disk what grew in memory. A failure is none of the log's: what was not
    /// handed over stays in memory, and the next turn tries again.
    fn commit_replica(&mut self, new_leaves: u64) {
        let size = self.replica.size().0;
        let turn = |size| size / COMMIT_LEAVES;
        if turn(size) != turn(size - new_leaves)
            && let Err(error) = self.replica.commit()
        {
            tracing::warn!(%error, "chưa ghi được phần tra cứu ra ổ đĩa (what follows from the log could not be handed to the disk)");
        }
    }

    /// An index that fails is done without; the next start makes it anew.
    fn without_broken_index(&mut self, result: Result<(), IndexError>) {
        if let Err(error) = result {
            tracing::warn!(%error, "chỉ mục hỏng, lần chạy sau sẽ dựng lại (the index fails, the next start makes it anew)");
            self.index = None;
        }
    }

    /// Makes the index durable when that is due, or now.
    pub(super) fn flush_index(&mut self, now: Duration, at_once: bool) {
        if !at_once && now < self.index_flush_due {
            return;
        }
        self.index_flush_due = now + self.options.timing.index_flush;
        if let Some(flushed) = self.index.as_ref().map(Index::flush) {
            self.without_broken_index(flushed);
        }
    }

    pub(super) fn want_blobs(&mut self, named: impl Iterator<Item = Hash>) {
        let blobs = &self.store.blobs;
        self.missing_blobs
            .extend(named.filter(|hash| blobs.is_missing(hash)));
    }

    /// Keeps a blob; with `only_if_named` only if it is one that events name and that is missing.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn put_blob(
        &mut self,
        bytes: Vec<u8>,
        opening: bool,
        only_if_named: bool,
    ) -> Result<Option<Hash>, LedgerError> {
        let blob = Blobs::recognise(bytes, opening)?;
        let hash = blob.hash();
        if only_if_named && !self.missing_blobs.contains(&hash) {
            // Here already is as good as taken.
            return Ok(matches!(self.store.blobs.get(&hash)?, Lookup::Here(_)).then_some(hash));
        }
        let hash = self.store.blobs.put(&blob)??;
        self.missing_blobs.remove(&hash);
        Ok(Some(hash))
    }

    /// Looks a blob up.
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub fn blob(&self, hash: &Hash) -> Result<Lookup, LedgerError> {
        Ok(self.store.blobs.get(hash)?)
    }

    /// Erases a blob.
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub fn erase_blob(&mut self, hash: &Hash) -> Result<(), LedgerError> {
        self.store.blobs.erase(hash)?;
        self.missing_blobs.remove(hash);
        Ok(())
    }

    /// Tells everybody about the newest heads, once they are durable.
    pub(super) fn announce(&self) {
        let text = |head: &Option<Head>| head.as_ref().map(|head| head.note.to_text());
        let heads = Heads {
            size: self.published(),
            checkpoint: text(&self.head),
            cosigned: text(&self.cosigned),
            cosigned_size: self.cosigned_size(),
            cosignature: self.validator.as_ref().and_then(Validator::line),
        };
        self.heads.send_if_modified(|old| {
            let changed = *old != heads;
            *old = heads;
            changed
        });
    }

    /// The log has grown: what waited for it is logged now, or never will be.
    pub(super) fn settle(&mut self) {
        for (waiting, why) in self.pending.settle(&self.replica) {
            let (id, org) = (waiting.event().id(), waiting.event().iss());
            tracing::warn!(%id, %org, "việc đã lưu không vào sổ được nữa: {} ({why})", why.message_vi());
            if waiting.own {
                self.tails
                    .suspicions
                    .push((waiting.event().device(), waiting.event().link().epoch));
            }
        }
        self.tails.conclude(&self.replica, &self.pending);
        if self.pending.len() == 0 {
            self.waiting_since = None;
        }
    }

    /// Ends the writer's work: what can be made anew is made durable, the rest is.
    pub fn close(&mut self) {
        self.flush_index(Duration::ZERO, true);
    }
}

impl Trouble {
    /// An entry of the log on the disk is not what was logged.
    pub(crate) fn tampered(place: LeafIndex) -> Trouble {
        Trouble {
            code: "SO_CAI_BI_SUA",
            message_vi: format!(
                "Dữ liệu của nút này không khớp chữ ký ở vị trí {place}. Nút ngừng phục vụ và báo quản trị."
            ),
            message_en: format!(
                "the data of this node does not match its signatures at position {place}; it stops serving: \
                 restore log.seg from another node"
            ),
        }
    }
}
