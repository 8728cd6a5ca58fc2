//! Giving events their place: the sequencer's batch, in one straight commit order.

use std::collections::BTreeSet;
use std::time::Duration;

use ledger_core::body::Body;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::{LeafIndex, TreeSize};
use ledger_core::kind::Kind;
use ledger_core::note::NoteSigner;
use ledger_core::policy::Quorum;
use ledger_core::replica::LoggedEvent;
use ledger_core::sign::Draft;
use ledger_core::store::StoreError;
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;

use super::LedgerError;
use super::cosign::holds;
use super::replay::{self, TakeError};
use super::writer::{Head, Now, Timing, Writer};
use crate::fault::Step;
use crate::files::{FileError, atomic_replace};
use crate::keys::{KeyRole, device_key};

/// Most events between two heads: a second of work, and what one piece of the log holds twice.
pub const BATCH_EVENTS_MAX: usize = 4_096;
/// Most bytes between two heads.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What decides when the next batch is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchState {
    /// Since when an event waits; none when none does.
    pub waiting_since: Option<Duration>,
    /// When the newest head was signed, unless it has its quorum or none is asked for.
    pub unwitnessed_since: Option<Duration>,
    /// Until when the others are asked what they have seen, after a start.
    pub asking_until: Option<Duration>,
    /// When the disk failed last.
    pub disk_failed_at: Option<Duration>,
    /// Whether leaves are durable that no head covers: a batch that was interrupted.
    pub unfinished: bool,
}

/// When the next batch is due; none when there is nothing to do. A quorum meets on one size only when the next
/// head waits for it, but a log must not stand still because its witnesses are away.
pub(super) fn batch_due(state: BatchState, timing: &Timing) -> Option<Duration> {
    let gathered = match (state.unfinished, state.waiting_since) {
        (true, _) => Duration::ZERO,
        (false, Some(since)) => since + timing.batch,
        (false, None) => return None,
    };
    let witnessed = state
        .unwitnessed_since
        .map_or(Duration::ZERO, |since| since + timing.quorum_wait);
    let disk = state
        .disk_failed_at
        .map_or(Duration::ZERO, |at| at + timing.disk_pause);
    let asked = state.asking_until.unwrap_or_default();
    Some(gathered.max(witnessed).max(disk).max(asked))
}

/// After each start: have peers and witnesses seen a head that this disk has lost? Nothing is signed before so many
/// have said no, or have had the time to.
#[derive(Debug)]
pub(super) struct Asking {
    until: Duration,
    heard: BTreeSet<String>,
    expected: usize,
    /// Who claimed to have more and was given the time to show it.
    claims: BTreeSet<String>,
}

impl Writer {
    /// A log that has witnesses asks them after each start; a new one has told nobody anything yet.
    pub(super) fn begin_asking(&mut self, now: Now) {
        let policy = self.anchor.policy();
        let is_witnessed = policy.quorum() != Quorum::None || !self.options.witnesses.is_empty();
        if self.options.sequencer && is_witnessed && self.head.is_some() {
            self.asking = Some(Asking {
                until: now.steady + self.options.timing.ask_wait,
                heard: BTreeSet::new(),
                expected: policy.witnesses().count() + self.options.witnesses.len(),
                claims: BTreeSet::new(),
            });
        }
    }

    /// A peer or a witness says how much of the log it has. A claim to have more stops nothing for long: its proof is
    /// fetched, and that does ([`Writer::extend`]).
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn peer_says(&mut self, name: &str, size: TreeSize, now: Now) -> Result<(), LedgerError> {
        let ours = self.published();
        if let Some(asking) = &mut self.asking {
            if size > ours {
                if asking.claims.insert(name.to_owned()) {
                    asking.until = now.steady + self.options.timing.ask_wait;
                }
            } else if asking.heard.insert(name.to_owned()) && asking.heard.len() >= asking.expected
            {
                self.asking = None;
            }
        }
        self.learn_from_peer(size)
    }

    pub(super) fn next_batch(&self) -> Option<Duration> {
        if !self.options.sequencer || self.must_take().is_err() {
            return None;
        }
        let has_quorum = self.cosigned_size() == self.published();
        let state = BatchState {
            waiting_since: self.waiting_since.filter(|_| self.pending.len() > 0),
            unwitnessed_since: (self.head.is_some() && !has_quorum).then_some(self.head_at),
            asking_until: self.asking.as_ref().map(|asking| asking.until),
            disk_failed_at: self.disk_failed_at,
            unfinished: self.replica.size() > self.published(),
        };
        batch_due(state, &self.options.timing)
    }

    /// Logs what waits, ends it with a map head, and signs the new head.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is announced then, and the next call goes on where this one stopped.
    pub fn sequence(&mut self, now: Now) -> Result<(), LedgerError> {
        self.must_take()?;
        if !self.options.sequencer {
            return Err(LedgerError::NotSequencer);
        }
        // 1. In memory: the waiting events in their order, then the map head.
        let batch = match self.assemble(now) {
            // The replica took in half of something.
            Err(e @ LedgerError::Store(_)) => {
                self.reload()?;
                return Err(e);
            }
            other => other?,
        };
        // 2. The leaves. Dying before they are durable: the events still wait in their own files. Dying after:
        //    the next start finds leaves behind the head, keeps them and goes on with step 3.
        if let Err(e) = self.write_leaves(&batch) {
            self.reload()?;
            return Err(e.into());
        }
        self.notice(batch)?;
        // 3. The head. Dying before it is durable: nobody has seen it, and the next start signs the same root.
        let head = self.sign_head()?;
        let text = head.note.to_text();
        atomic_replace(
            &self.store.folder.checkpoint(),
            text.as_bytes(),
            Step::Checkpoint,
            &self.store.faults,
        )?;
        // 4. From here on others may see it. Dying here: they see it after the next start.
        self.adopt_own_head(head, now)?;
        // 5. Housekeeping. Dying here: done again at the next start.
        self.settle();
        self.waiting_since = (self.pending.len() > 0).then_some(now.steady);
        self.prune_taken()
    }

    fn assemble(&mut self, now: Now) -> Result<Vec<LoggedEvent>, LedgerError> {
        let mut batch = self.admit_batch()?;
        if !batch.is_empty() || !self.ends_with_map_head()? {
            batch.push(self.log_map_head(now)?);
        }
        Ok(batch)
    }

    fn admit_batch(&mut self) -> Result<Vec<LoggedEvent>, StoreError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for waiting in self.pending.iter().take(BATCH_EVENTS_MAX) {
            bytes += waiting.event().bytes().len();
            if bytes > BATCH_BYTES_MAX && !batch.is_empty() {
                break;
            }
            // None: something before it in the batch shut the door. Settling says so.
            if let Some(admitted) = waiting.may_be_logged(&self.replica) {
                batch.push(self.replica.append(admitted)?);
            }
        }
        Ok(batch)
    }

    /// Whether the log ends as a head needs it: then an interrupted batch is complete.
    fn ends_with_map_head(&mut self) -> Result<bool, LedgerError> {
        let Some(last) = self
            .replica
            .size()
            .0
            .checked_sub(1)
            .filter(|last| *last > 0)
        else {
            return Ok(false);
        };
        let bytes = self.events(&[LeafIndex(last)])?.remove(0);
        let event = ledger_core::sign::Envelope::parse(&bytes).ok();
        Ok(event.is_some_and(|event| {
            event.payload().draft.body.kind == Kind::MapHead
                && event.device() == self.replica.genesis().sequencer
        }))
    }

    fn log_map_head(&mut self, now: Now) -> Result<LoggedEvent, LedgerError> {
        let time = Timestamp::vietnam(now.unix as i64);
        let (size, root) = (self.replica.size(), self.replica.map_root());
        let body = Body {
            size: Some(size.0),
            root: Some(root),
            ..Body::new(Kind::MapHead)
        };
        let draft = Draft {
            occurred: time,
            signed: time,
            body,
        };
        let key = self
            .keys
            .get(&KeyRole::Sequencer)
            .ok_or(LedgerError::NotSequencer)?;
        let link = self.replica.next_link(&device_key(key));
        let (ledger, authority) = (
            self.replica.ledger_id(),
            self.replica.genesis().authority.clone(),
        );
        let event = draft.sign(key, &ledger, &authority, link);
        replay::take(&mut self.replica, event.bytes()).map_err(|e| match e {
            TakeError::Leaf(fault) => LedgerError::LogAtFault(fault.to_string()),
            TakeError::Store(failed) => failed.into(),
        })
    }

    pub(super) fn write_leaves(&mut self, batch: &[LoggedEvent]) -> Result<(), FileError> {
        let leaves: Vec<&[u8]> = batch.iter().map(|logged| logged.event.bytes()).collect();
        if leaves.is_empty() {
            Ok(())
        } else {
            self.store.log.append(&leaves)
        }
    }

    fn sign_head(&mut self) -> Result<Head, LedgerError> {
        let origin = self.replica.genesis().origin.clone();
        let key = self
            .keys
            .get(&KeyRole::Log)
            .ok_or(LedgerError::NotSequencer)?;
        let at_fault = |e: &dyn std::fmt::Display| LedgerError::LogAtFault(e.to_string());
        let checkpoint = Checkpoint::new(&origin, self.replica.size(), self.replica.root())
            .map_err(|e| at_fault(&e))?;
        let name = KeyName::new(&origin).map_err(|e| at_fault(&e))?;
        let note = checkpoint
            .sign(&NoteSigner::new(name, key))
            .map_err(|e| at_fault(&e))?;
        Ok(Head { note, checkpoint })
    }

    pub(super) fn adopt_own_head(&mut self, head: Head, now: Now) -> Result<(), LedgerError> {
        self.assembling = Some(head.note.clone());
        self.head_at = now.steady;
        self.head = Some(head.clone());
        self.announce();
        let quorum = self
            .anchor
            .policy()
            .evaluate(&head.note)
            .map(|evaluation| evaluation.quorum());
        match quorum {
            // A ledger that asks for no witnesses.
            Ok(quorum) if holds(quorum) => self.adopt_cosigned(head),
            Ok(_) => Ok(()),
            Err(e) => Err(LedgerError::LogAtFault(e.to_string())),
        }
    }

    /// Reads the log from the disk again, after a write failed that memory had already taken for done.
    pub(super) fn reload(&mut self) -> Result<(), LedgerError> {
        let size = TreeSize(self.store.log.len());
        tracing::warn!(%size, "đọc lại sổ từ ổ đĩa sau khi ghi lỗi (the log is read again after a failed write)");
        let stores = replay::stores(&self.store.folder, &self.store.faults)?;
        let log = &mut self.store.log;
        let read = super::open::replay_log(log, &self.genesis, stores, &mut |_, _| {});
        self.replica = read.map_err(|trouble| {
            self.health
                .send_replace(super::Health::Tampered(trouble.clone()));
            LedgerError::Stopped(trouble)
        })?;
        self.pending.knock_again();
        self.settle();
        Ok(())
    }

    /// Rewrites the file of taken events when most of them are logged. Their only other copy is the log, which
    /// is durable and covered by a durable head.
    pub(super) fn prune_taken(&mut self) -> Result<(), LedgerError> {
        let keep = (self.pending.taken_len() + self.pending.stuck_len()) as u64;
        let dead = self.store.taken.len().saturating_sub(keep);
        if dead < super::open::PRUNE_RECORDS_MIN || dead < keep {
            return Ok(());
        }
        let replica = &self.replica;
        super::open::rewrite_taken(&mut self.store, |id| replica.find(id).is_none())
    }
}
