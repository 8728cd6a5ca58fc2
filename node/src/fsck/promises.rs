//! What was promised to clerks and senders: every event that was acknowledged is logged, or still could be.

use std::collections::HashSet;

use ledger_core::admit::AdmittedEvent;
use ledger_core::ids::EventId;
use ledger_core::sign::{Envelope, event_id};

use super::{Audit, FsckError, Log, Weight};
use crate::files::{BadTail, survey};
use crate::keys::{Keys, device_key};
use crate::ledger::pending::Pending;

impl Audit {
    /// Events that were acknowledged: each is logged, or could still be.
    pub(super) fn promises(&mut self, log: &Log) -> Result<(), FsckError> {
        let mut waiting: Vec<(Vec<u8>, &str)> = Vec::new();
        let mut own = HashSet::new();
        for (path, name) in [
            (self.folder.writer(), "writer.seg"),
            (self.folder.pending(), "pending.seg"),
        ] {
            let report = &mut self.report;
            let tail = survey(&path, |_, bytes| {
                let id = event_id(bytes);
                let logged = log.replica.find(&id).is_some();
                if name == "writer.seg" {
                    own.insert(id);
                    report.own = (report.own.0 + 1, report.own.1 + u64::from(logged));
                }
                if !logged {
                    waiting.push((bytes.to_vec(), name));
                }
            })?;
            if let Some(tail) = tail {
                self.bad_tail(name, tail);
            }
        }
        self.waiting(log, waiting);
        self.strange_events(log, &own);
        Ok(())
    }

    fn bad_tail(&mut self, name: &str, tail: BadTail) {
        let (record, offset, what) = (tail.record, tail.offset, tail.what);
        if tail.is_last {
            self.report.find(
                Weight::Note,
                "DUOI_GHI_DO",
                format!("Cuối {name} có phần ghi dở ở mục {record} (byte {offset}); lần chạy sau sẽ cắt."),
                format!("{name} ends in an unfinished write at record {record}, offset {offset}; the next start cuts it"),
            );
        } else {
            self.report.find(
                Weight::Damage,
                "TEP_BI_HONG",
                format!(
                    "Tệp {name} bị hỏng ở mục {record} (byte {offset}). Khôi phục từ bản sao lưu."
                ),
                format!("{name} is damaged at record {record}, offset {offset}: {what}"),
            );
        }
    }

    /// The door for what waits, signatures included, in any order that lets all in that can be let in.
    fn waiting(&mut self, log: &Log, mut waiting: Vec<(Vec<u8>, &str)>) {
        let mut pending = Pending::new(&log.replica);
        let knock = |pending: &Pending, bytes: &[u8]| -> Result<AdmittedEvent, String> {
            let device = Envelope::parse(bytes).map_err(|e| e.to_string())?.device();
            pending
                .check(&log.replica, bytes, &device)
                .map_err(|e| e.to_string())
        };
        loop {
            let before = waiting.len();
            waiting.retain(|(bytes, _)| {
                let let_in = pending.contains(&event_id(bytes));
                match knock(&pending, bytes) {
                    _ if let_in => false,
                    Ok(event) => {
                        pending.push(&log.replica, event, true);
                        false
                    }
                    Err(_) => true,
                }
            });
            if waiting.len() == before {
                break;
            }
        }
        self.report.waiting = pending.len() as u64;
        for (bytes, name) in waiting {
            let (id, why) = (
                event_id(&bytes),
                knock(&pending, &bytes).err().unwrap_or_default(),
            );
            self.report.find(
                Weight::Warning,
                "VIEC_KHONG_VAO_SO",
                format!("Việc {id} trong {name} không vào sổ được nữa. Xem và ghi lại nếu cần."),
                format!("event {id} in {name} can no longer enter the log: {why}"),
            );
        }
    }

    /// Events by our devices that we do not know to have signed.
    fn strange_events(&mut self, log: &Log, own: &HashSet<EventId>) {
        let keys = match Keys::load(&self.folder.keys()) {
            Ok(keys) => keys,
            Err(e) => {
                return self.report.find(
                    Weight::Warning,
                    "LOI_KHOA",
                    e.message_vi(),
                    e.to_string(),
                );
            }
        };
        for org in keys.organisations() {
            let Some(device) = keys.device(org).map(device_key) else {
                continue;
            };
            let strange = log
                .found
                .events
                .iter()
                .filter(|(by, id)| *by == device && !own.contains(id))
                .count();
            if strange > 0 {
                self.report.find(
                    Weight::Warning,
                    "THIEU_VIEC_DA_KY",
                    format!("Sổ có {strange} việc của máy {org} mà writer.seg không có: từng khôi phục từ bản cũ hoặc khóa đang dùng ở máy khác."),
                    format!("the log has {strange} events of {org}'s device that writer.seg lacks: an old copy was restored, or the key is used elsewhere"),
                );
            }
        }
    }
}
