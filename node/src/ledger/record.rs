//! Taking events from others and signing our own, as groups that become durable together.
//!
//! One `fdatasync` for a group costs as much as one for an event, so the events that wait when the writer is free
//! are staged (checked, in memory), written together, and only then answered.

use ledger_core::admit::{AdmittedEvent, Refusal};
use ledger_core::body::Body;
use ledger_core::chain::ChainError;
use ledger_core::ids::{DeviceKey, EventId, OrgId};
use ledger_core::kind::Kind;
use ledger_core::sign::{Draft, Envelope, EnvelopeError, SignedEvent, event_id};
use ledger_core::time::Timestamp;

use super::pending::{Pending, Waiting};
use super::replay::named_blobs;
use super::writer::{Now, Writer};
use super::{DraftRequest, LedgerError, Receipt, Submitted};
use crate::keys::{KeyRole, device_key};

/// Envelopes whose signatures are worth a second core: below, starting a thread costs as much as it saves.
const PARALLEL_MIN: usize = 32;
/// Most threads that check signatures: beyond, the writer itself is what takes the time.
const THREADS_MAX: usize = 8;

/// The events that are checked and wait to become durable together: those behind the ones that waited before.
#[derive(Debug)]
pub struct Group {
    before: usize,
}

/// An envelope with what is known about its signature: nothing, for a device that is not known yet.
pub type Checked = Option<Result<SignedEvent, EnvelopeError>>;

/// What to answer about one event of a group.
#[derive(Debug)]
pub enum Staged {
    /// This, whatever becomes of the group.
    Answer(Submitted),
    /// That it is pending, when the group is durable.
    Taken,
}

/// A group that could not be made durable, or a part of it.
#[derive(Debug)]
pub struct GroupError {
    /// Why not.
    pub error: LedgerError,
    /// Whether the events signed here are durable all the same.
    pub own_is_durable: bool,
}

impl Writer {
    /// Begins a group.
    pub fn begin(&self) -> Group {
        Group {
            before: self.pending.len(),
        }
    }

    /// Checks the signatures of many envelopes, on as many cores as there are. They depend on nothing but the
    /// ledger's name, so their order does not matter here; it does in [`Writer::stage`].
    pub fn check_signatures(&self, envelopes: &[&[u8]]) -> Vec<Checked> {
        let check = |bytes: &&[u8]| {
            // What is here already is not worth a check.
            let id = event_id(bytes);
            let is_new = self.replica.find(&id).is_none() && !self.pending.contains(&id);
            is_new.then(|| self.pending.check_signature(&self.replica, bytes))?
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores
            .min(THREADS_MAX)
            .min(envelopes.len() / PARALLEL_MIN + 1);
        let share = envelopes.len().div_ceil(threads).max(1);
        let (mine, others) = envelopes.split_at(share.min(envelopes.len()));
        std::thread::scope(|scope| {
            let others: Vec<_> = others
                .chunks(share)
                .map(|chunk| scope.spawn(move || chunk.iter().map(check).collect::<Vec<_>>()))
                .collect();
            let mut checked: Vec<Checked> = mine.iter().map(check).collect();
            for (thread, chunk) in others
                .into_iter()
                .zip(envelopes[mine.len()..].chunks(share))
            {
                // A thread that panicked has checked nothing.
                let theirs = thread.join();
                checked.extend(theirs.unwrap_or_else(|_| vec![None; chunk.len()]));
            }
            checked
        })
    }

    /// Asks the door about an event from somebody else, with what [`Writer::check_signatures`] said about it.
    ///
    /// # Errors
    /// [`LedgerError::Stopped`].
    pub fn stage(
        &mut self,
        group: &Group,
        bytes: &[u8],
        checked: Checked,
    ) -> Result<Staged, LedgerError> {
        self.must_serve()?;
        let id = event_id(bytes);
        if let Some(index) = self.replica.find(&id) {
            return Ok(Staged::Answer(Submitted::Logged(index)));
        }
        if self.pending.contains(&id) {
            // It may belong to this very group and not be durable yet.
            let staged = self
                .pending
                .behind(group.before)
                .any(|waiting| waiting.event().id() == id);
            return Ok(if staged {
                Staged::Taken
            } else {
                Staged::Answer(Submitted::Pending)
            });
        }
        let knocked = match checked {
            Some(Ok(event)) => self.pending.check_signed(&self.replica, event),
            Some(Err(e)) => Err(e.into()),
            None => self.knock(bytes),
        };
        Ok(match knocked {
            Ok(admitted) => {
                self.pending.push(&self.replica, admitted, false);
                Staged::Taken
            }
            Err(Refusal::Duplicate(index)) => Staged::Answer(Submitted::Logged(index)),
            // The same under another signature; it may belong to this very group and not be durable yet.
            Err(Refusal::Chain(ChainError::Fork)) if self.pending.says(&self.replica, bytes) => {
                Staged::Taken
            }
            Err(refusal) => Staged::Answer(refused(&refusal)),
        })
    }

    fn knock(&self, bytes: &[u8]) -> Result<AdmittedEvent, Refusal> {
        // Parsed twice, once for the device alone: 1 µs of the 36 that the signature costs.
        let device = Envelope::parse(bytes)?.device();
        self.pending.check(&self.replica, bytes, &device)
    }

    /// Signs a draft as the next event of this node's device of an organisation.
    ///
    /// # Errors
    /// [`LedgerError`]; then nothing of it remains.
    pub fn stage_record(
        &mut self,
        org: &OrgId,
        request: DraftRequest,
        now: Now,
    ) -> Result<Receipt, LedgerError> {
        self.must_serve()?;
        let device = device_key(
            self.keys
                .device(org)
                .ok_or_else(|| LedgerError::NoDevice(org.clone()))?,
        );
        if !self.pending.knows(&self.replica, &device) {
            return Err(not_enrolled());
        }
        let signed = request
            .signed
            .unwrap_or(Timestamp::vietnam(now.unix as i64));
        let draft = Draft {
            occurred: request.occurred,
            signed,
            body: request.body,
        };
        let before = self.pending.len();
        if self.tails.is_lost(&device) || self.pending.must_open_epoch(&self.replica, &device) {
            self.open_epoch(org, &device, now)?;
        }
        let recorded = self.sign(org, &device, draft);
        if recorded.is_err() && self.pending.len() > before {
            // Of a refused draft not even the opening of its epoch remains.
            self.pending.truncate(&self.replica, before);
        }
        recorded
    }

    /// The device's past was lost here, so its next event opens a new epoch behind what the log has of it.
    fn open_epoch(&mut self, org: &OrgId, device: &DeviceKey, now: Now) -> Result<(), LedgerError> {
        if !self.caught_up {
            return Err(LedgerError::LostTail(org.clone()));
        }
        let time = Timestamp::vietnam(now.unix as i64);
        let draft = Draft {
            occurred: time,
            signed: time,
            body: Body::new(Kind::Epoch),
        };
        self.sign(org, device, draft)?;
        tracing::warn!(%org, "máy thiếu việc đã ghi, mở sổ máy mới (the device lost its tail and opens a new epoch)");
        Ok(())
    }

    fn sign(
        &mut self,
        org: &OrgId,
        device: &DeviceKey,
        draft: Draft,
    ) -> Result<Receipt, LedgerError> {
        let next = self.pending.next_link(&self.replica, device);
        let link = if draft.body.kind == Kind::Epoch {
            next.next_epoch()
        } else {
            next
        };
        let key = self
            .keys
            .device(org)
            .ok_or_else(|| LedgerError::NoDevice(org.clone()))?;
        let event = draft.sign(key, &self.replica.ledger_id(), org, link);
        // Through the same door as a stranger's: what we could not log must not be signed. Only the signature, which
        // is a line old, is not checked again.
        let refused = |refusal: Refusal| LedgerError::Refused {
            code: refusal.code().to_owned(),
            message_vi: refusal.message_vi().to_owned(),
        };
        Envelope::parse(event.bytes()).map_err(|e| refused(e.into()))?;
        let (id, knocked) = (event.id(), self.pending.check_signed(&self.replica, event));
        let admitted = knocked.map_err(refused)?;
        let receipt = Receipt {
            event_id: id,
            epoch: link.epoch,
            seq: link.seq,
        };
        self.pending.push(&self.replica, admitted, true);
        Ok(receipt)
    }

    /// Makes a group durable. Only afterwards may its events be answered for.
    ///
    /// # Errors
    /// [`GroupError`]; what is not durable is forgotten.
    pub fn commit(&mut self, group: Group, now: Now) -> Result<(), GroupError> {
        let failed = |error, own_is_durable| GroupError {
            error,
            own_is_durable,
        };
        // 1. Our own: dying before this is durable forgets events that nobody has seen, so their numbers are free.
        let own = bytes_behind(&self.pending, group.before, true);
        if !own.is_empty()
            && let Err(e) = self.store.own.append(&own)
        {
            self.pending.truncate(&self.replica, group.before);
            return Err(failed(e.into(), false));
        }
        for waiting in self
            .pending
            .behind(group.before)
            .filter(|waiting| waiting.own)
        {
            self.tails.signed(waiting.event());
        }
        self.epochs_are_open(group.before);
        // 2. Those of others: dying before this is durable leaves them to be sent again.
        let taken = bytes_behind(&self.pending, group.before, false);
        if !taken.is_empty()
            && let Err(e) = self.store.taken.append(&taken)
        {
            self.pending.drop_taken_behind(&self.replica, group.before);
            return Err(failed(e.into(), true));
        }
        // 3. Dying here: they are found pending at the next start, and a sender that asks again is told so.
        let blobs = &self.store.blobs;
        let group = self.pending.behind(group.before);
        let named = group.flat_map(|waiting| named_blobs(waiting.event().body()));
        self.missing_blobs
            .extend(named.filter(|hash| blobs.is_missing(hash)));
        if self.pending.len() > 0 {
            self.waiting_since.get_or_insert(now.steady);
        }
        Ok(())
    }

    /// A restored device that has opened a new epoch, durably, needs to learn nothing more.
    fn epochs_are_open(&mut self, before: usize) {
        let opened = self.pending.behind(before).map(Waiting::event);
        let opened = opened.filter(|event| event.body().kind == Kind::Epoch);
        let roles: Vec<KeyRole> = opened
            .map(|event| KeyRole::Device(event.iss().clone()))
            .collect();
        for role in roles
            .iter()
            .filter(|role| self.is_silent(role))
            .collect::<Vec<_>>()
        {
            // Then the next start opens one more epoch, which harms nobody.
            if let Err(error) = self.learnt(role) {
                tracing::warn!(%error, "chưa xóa được dấu khôi phục (the mark of restoring is still there)");
            }
        }
    }

    /// One event from somebody else, as a group of its own.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn submit(&mut self, bytes: &[u8], now: Now) -> Result<Submitted, LedgerError> {
        let group = self.begin();
        let staged = self.stage(&group, bytes, None)?;
        self.commit(group, now).map_err(|failed| failed.error)?;
        Ok(match staged {
            Staged::Answer(answer) => answer,
            Staged::Taken => Submitted::Pending,
        })
    }

    /// One draft, as a group of its own.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn record(
        &mut self,
        org: &OrgId,
        draft: DraftRequest,
        now: Now,
    ) -> Result<Receipt, LedgerError> {
        let group = self.begin();
        let receipt = self.stage_record(org, draft, now)?;
        self.commit(group, now).map_err(|failed| failed.error)?;
        Ok(receipt)
    }

    /// Whether an event was signed on this node.
    pub fn is_own(&self, id: &EventId) -> bool {
        self.tails.own.contains(id)
    }
}

fn bytes_behind(pending: &Pending, before: usize, own: bool) -> Vec<&[u8]> {
    let these = pending.behind(before).filter(|waiting| waiting.own == own);
    these.map(|waiting| waiting.event().bytes()).collect()
}

fn refused(refusal: &Refusal) -> Submitted {
    Submitted::Refused {
        code: refusal.code().to_owned(),
        message_vi: refusal.message_vi().to_owned(),
    }
}

fn not_enrolled() -> LedgerError {
    LedgerError::Refused {
        code: "MAY_CHUA_DUOC_CAP_QUYEN".into(),
        message_vi:
            "Máy này chưa được cấp quyền trong sổ. Gửi khóa công khai cho Sở để được cấp quyền."
                .into(),
    }
}
