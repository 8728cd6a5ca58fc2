//! Cosignatures: giving them as a validator, gathering them as the sequencer, taking heads that have enough.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::ids::{Hash, TreeSize};
use ledger_core::merkle::root_at;
use ledger_core::note::{Note, SignatureLine};
use ledger_core::quorum::{Evaluation, Standing, Times};
use ledger_core::time::Timestamp;
use ledger_core::vkey::{KeyName, Verifier};

use super::LedgerError;
use super::writer::{Head, Now, Timing, Writer};
use crate::fault::Step;
use crate::files::atomic_replace;
use crate::keys::KeyRole;

/// This node's own cosigning.
#[derive(Debug)]
pub(super) struct Validator {
    name: KeyName,
    /// The largest head that was ever cosigned: durable before any line for it leaves.
    last: Option<Checkpoint>,
    /// The newest line, and when it was said.
    said: Option<Said>,
}

#[derive(Debug)]
struct Said {
    size: TreeSize,
    at: Duration,
    line: String,
}

impl Validator {
    pub fn new(name: KeyName, last: Option<Checkpoint>) -> Validator {
        Validator {
            name,
            last,
            said: None,
        }
    }

    /// The newest line for others.
    pub fn line(&self) -> Option<(TreeSize, String)> {
        self.said
            .as_ref()
            .map(|said| (said.size, said.line.clone()))
    }
}

/// What decides when a line is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CosignState {
    /// The newest head here.
    pub head: TreeSize,
    /// The newest head with the quorum.
    pub cosigned: TreeSize,
    /// The newest line since the start: for which head, and when.
    pub said: Option<(TreeSize, Duration)>,
}

/// When the next line is due: for a new head at once, for one without a quorum soon again (the line may be lost
/// on the way), for one with a quorum after the interval. At the start always, for who knows how old the last is.
pub(super) fn cosign_due(state: CosignState, timing: &Timing) -> Duration {
    match state.said {
        Some((size, at)) if size == state.head && state.cosigned < size => at + timing.cosign_again,
        Some((size, at)) if size == state.head => at + timing.recosign,
        _ => Duration::ZERO,
    }
}

impl Writer {
    pub(super) fn next_cosigning(&self) -> Option<Duration> {
        let validator = self.validator.as_ref()?;
        let head = self.head.as_ref()?.size();
        if self.is_silent(&KeyRole::Validator) {
            return None;
        }
        // Below what was cosigned once this node only follows: its log is an old copy.
        if self.must_take().is_err()
            || validator
                .last
                .as_ref()
                .is_some_and(|last| last.size() > head)
        {
            return None;
        }
        let said = validator.said.as_ref().map(|said| (said.size, said.at));
        let state = CosignState {
            head,
            cosigned: self.cosigned_size(),
            said,
        };
        let disk = self
            .disk_failed_at
            .map_or(Duration::ZERO, |at| at + self.options.timing.disk_pause);
        Some(cosign_due(state, &self.options.timing).max(disk))
    }

    /// Cosigns the newest head if that is due. Every leaf under it is durable here and passed the door.
    pub(super) fn cosign_if_due(&mut self, now: Now) -> Result<Option<String>, LedgerError> {
        if self.next_cosigning().is_none_or(|due| due > now.steady) {
            return Ok(None);
        }
        let (Some(head), Some(validator)) = (&self.head, &mut self.validator) else {
            return Ok(None);
        };
        let checkpoint = head.checkpoint.clone();
        if let Some(last) = &validator.last
            && root_at(self.replica.tree(), last.size()).ok() != Some(last.root())
        {
            return Err(self.halt_over_state());
        }
        // 1. What we are about to say. Dying before it is durable: nothing was said.
        if validator.last.as_ref() != Some(&checkpoint) {
            let path = self.store.folder.cosigned_state();
            atomic_replace(
                &path,
                checkpoint.to_text().as_bytes(),
                Step::CosignedState,
                &self.store.faults,
            )?;
            validator.last = Some(checkpoint.clone());
        }
        // 2. The line. Dying here: it is said again after the start.
        let time = CosignatureTime::new(now.unix)
            .ok_or_else(|| LedgerError::Malformed("the clock".into()))?;
        let Some(key) = self.keys.get(&KeyRole::Validator) else {
            return Ok(None);
        };
        let line = Cosigner::new(validator.name.clone(), key).cosign(&checkpoint, time);
        let line = line.to_line().trim_end().to_owned();
        validator.said = Some(Said {
            size: checkpoint.size(),
            at: now.steady,
            line: line.clone(),
        });
        self.announce();
        Ok(Some(line))
    }

    /// Our log does not contain what we cosigned: another copy of this validator has run, or the log forked.
    fn halt_over_state(&mut self) -> LedgerError {
        self.halt(
            "Sổ trên nút này không khớp bản đã xác nhận trước đây. Nút không xác nhận nữa; báo quản trị.".into(),
            "the log here does not contain the head that this validator cosigned".into(),
        )
    }

    /// Takes a validator's or another witness's line for the newest head.
    ///
    /// # Errors
    /// [`LedgerError`]; the sender's fault unless it is the disk's.
    pub fn add_cosignature(&mut self, size: TreeSize, line: &str) -> Result<(), LedgerError> {
        self.must_take()?;
        if self.is_silent(&KeyRole::Log) {
            return match SignatureLine::parse(line.trim_end_matches('\n')) {
                Ok(_) if size != self.published() => Err(LedgerError::OtherHead(self.published())),
                Ok(line) => self.hear_line(&line),
                Err(e) => Err(LedgerError::Malformed(e.to_string())),
            };
        }
        let (Some(head), Some(assembling)) = (&self.head, &self.assembling) else {
            return Err(LedgerError::NotSequencer);
        };
        if size != head.size() {
            return Err(LedgerError::OtherHead(head.size()));
        }
        let malformed = |e: &dyn std::fmt::Display| LedgerError::Malformed(e.to_string());
        let line = SignatureLine::parse(line.trim_end_matches('\n')).map_err(|e| malformed(&e))?;
        let policy = self.anchor.policy().witnesses().map(|(_, key)| key);
        let is_its = |key: &&Verifier| key.name().as_str() == line.name() && key.id() == line.id();
        let Some(key) = policy.chain(&self.options.witnesses).find(is_its) else {
            return Err(LedgerError::Malformed(
                "no witness of the policy or the configuration has this key".into(),
            ));
        };
        key.verify(head.note.text(), line.signature())
            .map_err(|e| malformed(&e))?;
        let note = assembling.with_lines(&[line]).map_err(|e| malformed(&e))?;
        // Every line is checked again: a note with one bad line is good for nothing.
        let quorum = self
            .anchor
            .policy()
            .evaluate(&note)
            .map_err(|e| malformed(&e))?
            .quorum();
        let note = keep_first_and_last(&note).map_err(|e| malformed(&e))?;
        let publish = holds(quorum).then(|| Head {
            note: note.clone(),
            checkpoint: head.checkpoint.clone(),
        });
        self.assembling = Some(note);
        match publish {
            Some(cosigned) => self.adopt_cosigned(cosigned),
            None => Ok(()),
        }
    }

    /// A witness has seen more of this log than is here.
    ///
    /// # Errors
    /// [`LedgerError::NotSequencer`].
    pub fn witness_is_ahead(&mut self, name: &str, size: TreeSize) -> Result<(), LedgerError> {
        if !self.options.sequencer {
            return Err(LedgerError::NotSequencer);
        }
        if size > self.replica.size() {
            self.halt(
                format!("Nhân chứng {name} đã xác nhận sổ {size} mục do chính nút này ký, nhiều hơn sổ ở đây. Dữ liệu ở đây là bản cũ: dừng nút rồi chạy \"node relearn\"."),
                format!("witness {name} cosigned {size} leaves of this log, more than are here: the data is an old copy; stop the node and run \"node relearn\""),
            );
        }
        Ok(())
    }

    /// A witness says that this log does not continue what it cosigned.
    ///
    /// # Errors
    /// [`LedgerError::NotSequencer`].
    pub fn witness_contradicts(&mut self, name: &str, size: TreeSize) -> Result<(), LedgerError> {
        if !self.options.sequencer {
            return Err(LedgerError::NotSequencer);
        }
        self.halt(
            format!("Nhân chứng {name} đã xác nhận một sổ khác ở {size} mục: sổ ở đây không nối tiếp sổ đó. Nút ngừng ký; báo quản trị. Nếu nhân chứng sai thì bỏ mục [[witnessed_by]] của nó."),
            format!("witness {name} cosigned another history at {size} leaves than the one here; nothing is signed any more. If the witness is wrong, remove its [[witnessed_by]]"),
        );
        Ok(())
    }

    /// Takes a head with the quorum that a peer has.
    pub(super) fn take_cosigned(&mut self, note: &Note) -> Result<(), LedgerError> {
        let malformed = |e: &dyn std::fmt::Display| LedgerError::Malformed(e.to_string());
        let evaluation = self
            .anchor
            .policy()
            .evaluate(note)
            .map_err(|e| malformed(&e))?;
        let quorum = evaluation.quorum();
        if !holds(quorum) {
            return Err(LedgerError::Malformed(
                "a cosigned head without its quorum".into(),
            ));
        }
        let checkpoint = evaluation.checkpoint().clone();
        if checkpoint.size() > self.published() || !self.is_newer(&checkpoint, quorum) {
            return Ok(());
        }
        let note = self.verified_lines(note)?;
        self.adopt_cosigned(Head { note, checkpoint })
    }

    /// Larger, or renewed later.
    fn is_newer(&self, checkpoint: &Checkpoint, quorum: Standing) -> bool {
        let Some(ours) = &self.cosigned else {
            return true;
        };
        let renewed = |standing: Standing| standing.times().map(|times| times.renewed);
        let evaluated = self.anchor.policy().evaluate(&ours.note);
        let known = evaluated
            .as_ref()
            .map(Evaluation::quorum)
            .ok()
            .and_then(renewed);
        checkpoint.size() > ours.size()
            || checkpoint.size() == ours.size() && renewed(quorum) > known
    }

    /// The note with the lines of the policy's keys alone: those of strangers are not passed on.
    pub(super) fn verified_lines(&self, note: &Note) -> Result<Note, LedgerError> {
        let policy = self.anchor.policy();
        let logs = policy.logs().iter().map(|log| log.verifier());
        let keys: Vec<_> = logs.chain(policy.witnesses().map(|(_, key)| key)).collect();
        note.only_by(&keys)
            .ok_or_else(|| LedgerError::Malformed("nobody known signed".into()))
    }

    /// Publishes a head with the quorum. Its checkpoint lies on our path.
    pub(super) fn adopt_cosigned(&mut self, new: Head) -> Result<(), LedgerError> {
        // 1. The last head of a day that is over. Dying here: the same is written again.
        if let Some(old) = &self.cosigned
            && let (Some(old_day), Some(new_day)) = (self.day_of(&old.note), self.day_of(&new.note))
            && old_day < new_day
        {
            let path = self.store.folder.heads().join(old_day.to_string());
            atomic_replace(
                &path,
                old.note.to_text().as_bytes(),
                Step::DayHead,
                &self.store.faults,
            )?;
        }
        // 2. The newest. Dying here: it is gathered or fetched again.
        let path = self.store.folder.cosigned();
        atomic_replace(
            &path,
            new.note.to_text().as_bytes(),
            Step::Cosigned,
            &self.store.faults,
        )?;
        let note = new.note.clone();
        self.cosigned = Some(new);
        self.announce();
        self.hear_quorum(&note)
    }

    /// The day, here, on which a head reached its quorum.
    fn day_of(&self, note: &Note) -> Option<ledger_core::time::Date> {
        let times: Times = self.anchor.policy().evaluate(note).ok()?.quorum().times()?;
        Some(Timestamp::vietnam(times.reached.seconds() as i64).date())
    }

    /// The root that our log has at a size.
    pub(super) fn root_at(&self, size: TreeSize) -> Option<Hash> {
        root_at(self.replica.tree(), size).ok()
    }
}

/// Whether a head may be published as cosigned.
pub(super) fn holds(quorum: Standing) -> bool {
    !matches!(quorum, Standing::NotReached { .. })
}

/// Of each key's cosignatures the first, by which the quorum was *reached*, and the last, since which it is
/// *renewed*: so a head that is cosigned again for months does not outgrow its limit.
fn keep_first_and_last(note: &Note) -> Result<Note, ledger_core::note::NoteError> {
    let time = |line: &SignatureLine| {
        line.signature()
            .first_chunk::<8>()
            .map(|time| u64::from_be_bytes(*time))
    };
    let mut last: BTreeMap<(&str, [u8; 4]), &SignatureLine> = BTreeMap::new();
    let mut kept: Vec<SignatureLine> = Vec::new();
    let mut sorted: Vec<&SignatureLine> = note.lines()[1..].iter().collect();
    sorted.sort_by_key(|line| time(line));
    for line in sorted {
        if last.insert((line.name(), line.id().0), line).is_none() {
            kept.push(line.clone());
        }
    }
    let newest = last
        .values()
        .filter(|line| !kept.contains(**line))
        .map(|line| (*line).clone());
    let lines: Vec<SignatureLine> = newest.collect();
    Note::new(
        note.text().to_owned(),
        note.lines()[..1]
            .iter()
            .cloned()
            .chain(kept)
            .chain(lines)
            .collect(),
    )
}
