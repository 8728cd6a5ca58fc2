//! Events that are durable and not logged: at the start they knock at the door again.

use std::time::Duration;

use ledger_core::ids::EventId;
use ledger_core::sign::{Envelope, event_id};

use super::super::writer::{Store, Writer};
use super::super::{LedgerError, replay};
use super::{OpenError, Opening};
use crate::fault::Step;
use crate::files::{Durable, FileError, Segment, atomic_replace, encode_records};

/// The file of taken events with those alone that `keep` wants.
pub(in super::super) fn rewrite_taken(
    store: &mut Store,
    keep: impl Fn(&EventId) -> bool,
) -> Result<(), LedgerError> {
    let mut kept = Vec::new();
    store.taken.for_each(0, |_, bytes| {
        if keep(&event_id(bytes)) {
            kept.push(bytes.to_vec());
        }
        true
    })?;
    let path = store.folder.pending();
    let bytes = encode_records(&kept).ok_or(FileError::NoRecord {
        path: path.clone(),
        record: 0,
    })?;
    // Dying here leaves the old file or the new one; both hold every event that still waits.
    atomic_replace(&path, &bytes, Step::PendingRewrite, &store.faults)?;
    (store.taken, _) = Segment::open(
        &path,
        Step::Pending,
        Durable::AllButLast,
        store.faults.clone(),
    )?;
    Ok(())
}

impl Writer {
    /// Events that are durable and not logged knock again, our own before those of others.
    pub(super) fn load_waiting(&mut self, opening: &mut Opening) -> Result<(), OpenError> {
        let mut waiting: Vec<(Vec<u8>, bool)> = Vec::new();
        let replica = &self.replica;
        for (segment, own) in [(&mut self.store.own, true), (&mut self.store.taken, false)] {
            segment.for_each(0, |_, bytes| {
                if replica.find(&event_id(bytes)).is_none() {
                    waiting.push((bytes.to_vec(), own));
                }
                true
            })?;
        }
        // An event may wait for one in the other file, so all knock until nobody is let in any more.
        loop {
            let before = waiting.len();
            waiting.retain(|(bytes, own)| !self.let_in(bytes, *own));
            if waiting.len() == before {
                break;
            }
        }
        for (bytes, own) in waiting {
            self.set_aside(&bytes, own, opening);
        }
        self.tails.conclude(&self.replica, &self.pending);
        if self.pending.len() > 0 {
            let n = self.pending.len();
            self.waiting_since = Some(Duration::ZERO);
            opening.say(
                format!("{n} việc đã lưu đang chờ vào sổ chung."),
                format!("{n} saved events wait for the log"),
            );
        }
        Ok(())
    }

    fn let_in(&mut self, bytes: &[u8], own: bool) -> bool {
        let Ok(envelope) = Envelope::parse(bytes) else {
            return false;
        };
        if self.pending.contains(&envelope.id()) {
            return true;
        }
        match self.pending.check(&self.replica, bytes, &envelope.device()) {
            Ok(admitted) => {
                self.want_blobs(replay::named_blobs(admitted.event().body()));
                self.pending.push(&self.replica, admitted, own);
                true
            }
            Err(_) => false,
        }
    }

    fn set_aside(&mut self, bytes: &[u8], own: bool, opening: &mut Opening) {
        let id = event_id(bytes);
        let (device, epoch) = match Envelope::parse(bytes) {
            Ok(envelope) => (Some(envelope.device()), envelope.payload().link.epoch),
            Err(_) => (None, 0),
        };
        let why = match device {
            Some(device) => self.pending.check(&self.replica, bytes, &device).err(),
            None => self.replica.check(bytes).err(),
        };
        let Some(why) = why else { return };
        let what = if own {
            "ký tại nút này"
        } else {
            "nhận từ nơi khác"
        };
        opening.say(
            format!(
                "Việc {id} ({what}) không vào sổ được nữa: {}",
                why.message_vi()
            ),
            format!("event {id} can no longer enter the log: {why}"),
        );
        if let (true, Some(device)) = (own, device) {
            self.tails.suspicions.push((device, epoch));
        }
        self.pending.set_stuck(id, why);
    }
}
