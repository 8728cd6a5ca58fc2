//! Taking events from others and signing our own, as groups that become durable together.
//!
//! One `fdatasync` for a group costs as much as one for an event, so the events that wait when the writer is free
//! are staged (checked, in memory), written together, and only then answered.

use ledger_core::admit::{AdmittedEvent, Refusal};
use ledger_core::body::Body;
use ledger_core::chain::ChainError;
use ledger_core::ids::{DeviceKey, EventId, OrgId};
use ledger_core::kind::Kind;
use ledger_core::sign::{Draft, Envelope, SignedEvent, event_id};
use ledger_core::time::Timestamp;

use super::replay::named_blobs;
use super::writer::{Now, Writer};
use super::{DraftRequest, LedgerError, Receipt, Submitted};
use crate::keys::device_key;

/// The events that are checked and wait to become durable together.
#[derive(Debug)]
pub struct Group {
    /// How many events waited before.
    before: usize,
    own: Vec<SignedEvent>,
    taken: Vec<SignedEvent>,
}

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
            own: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Asks the door about an event from somebody else.
    ///
    /// # Errors
    /// [`LedgerError::Stopped`].
    pub fn stage(&mut self, group: &mut Group, bytes: &[u8]) -> Result<Staged, LedgerError> {
        self.must_serve()?;
        let id = event_id(bytes);
        if let Some(index) = self.replica.find(&id) {
            return Ok(Staged::Answer(Submitted::Logged(index)));
        }
        if self.pending.contains(&id) {
            // It may belong to this very group and not be durable yet.
            let staged = group
                .own
                .iter()
                .chain(&group.taken)
                .any(|event| event.id() == id);
            return Ok(if staged {
                Staged::Taken
            } else {
                Staged::Answer(Submitted::Pending)
            });
        }
        Ok(match self.knock(bytes) {
            Ok(admitted) => {
                group.taken.push(admitted.event().clone());
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
        group: &mut Group,
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
            self.open_epoch(group, org, &device, now)?;
        }
        let recorded = self.sign(group, org, &device, draft);
        if recorded.is_err() && self.pending.len() > before {
            // Of a refused draft not even the opening of its epoch remains.
            group.own.pop();
            self.pending.truncate(&self.replica, before);
        }
        recorded
    }

    /// The device's past was lost here, so its next event opens a new epoch behind what the log has of it.
    fn open_epoch(
        &mut self,
        group: &mut Group,
        org: &OrgId,
        device: &DeviceKey,
        now: Now,
    ) -> Result<(), LedgerError> {
        if !self.caught_up {
            return Err(LedgerError::LostTail(org.clone()));
        }
        let time = Timestamp::vietnam(now.unix as i64);
        let draft = Draft {
            occurred: time,
            signed: time,
            body: Body::new(Kind::Epoch),
        };
        self.sign(group, org, device, draft)?;
        tracing::warn!(%org, "máy thiếu việc đã ghi, mở sổ máy mới (the device lost its tail and opens a new epoch)");
        Ok(())
    }

    fn sign(
        &mut self,
        group: &mut Group,
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
        // Through the same door as a stranger's: what we could not log must not be signed.
        let admitted = self
            .knock(event.bytes())
            .map_err(|refusal| LedgerError::Refused {
                code: refusal.code().to_owned(),
                message_vi: refusal.message_vi().to_owned(),
            })?;
        let receipt = Receipt {
            event_id: event.id(),
            epoch: link.epoch,
            seq: link.seq,
        };
        group.own.push(admitted.event().clone());
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
        let own: Vec<&[u8]> = group.own.iter().map(SignedEvent::bytes).collect();
        if !own.is_empty()
            && let Err(e) = self.store.own.append(&own)
        {
            self.pending.truncate(&self.replica, group.before);
            return Err(failed(e.into(), false));
        }
        for event in &group.own {
            self.tails.signed(event);
        }
        // 2. Those of others: dying before this is durable leaves them to be sent again.
        let taken: Vec<&[u8]> = group.taken.iter().map(SignedEvent::bytes).collect();
        if !taken.is_empty()
            && let Err(e) = self.store.taken.append(&taken)
        {
            self.pending.drop_taken_behind(&self.replica, group.before);
            return Err(failed(e.into(), true));
        }
        // 3. Dying here: they are found pending at the next start, and a sender that asks again is told so.
        for event in group.own.iter().chain(&group.taken) {
            self.want_blobs(named_blobs(event.body()));
        }
        if self.pending.len() > 0 {
            self.waiting_since.get_or_insert(now.steady);
        }
        Ok(())
    }

    /// One event from somebody else, as a group of its own.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn submit(&mut self, bytes: &[u8], now: Now) -> Result<Submitted, LedgerError> {
        let mut group = self.begin();
        let staged = self.stage(&mut group, bytes)?;
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
        let mut group = self.begin();
        let receipt = self.stage_record(&mut group, org, draft, now)?;
        self.commit(group, now).map_err(|failed| failed.error)?;
        Ok(receipt)
    }

    /// Whether an event was signed on this node.
    pub fn is_own(&self, id: &EventId) -> bool {
        self.tails.own.contains(id)
    }
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
