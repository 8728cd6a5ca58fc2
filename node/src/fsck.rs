//! Distrust everything on the disk, from the first byte.
//!
//! Scope: every file of a data folder, read and changed by nothing here: checksums, every signature through the
//! door, chains, roots against signed heads, map heads, quorums, what was promised to clerks, index, blobs.
//! Out of scope: repairing. A node repairs what can be made anew by starting; the rest is for a person.
//!
//! An own function and not the one that opens a folder, on purpose: whoever checks must not share the
//! checked one's shortcuts.

mod heads;
mod promises;
mod report;
mod witnessing;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ledger_core::anchor::Anchor;
use ledger_core::ids::{DeviceKey, EventId, Hash, LeafIndex};
use ledger_core::map::MapKey;
use ledger_core::replica::{LoggedEvent, Replica};

use crate::blobs::{Blobs, Lookup};
use crate::fault::Faults;
use crate::files::{BadTail, FileError, TEMPORARY_SUFFIX};
use crate::folder::{Folder, LockError, LockedFolder};
use crate::index::Index;
use crate::ledger::replay::{self, named_blobs};
use crate::ledger::{OpenError, cores, read_trust};

pub use report::{Finding, Report, Weight};

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum FsckError {
    /// Another process works in the folder, or it is none.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk does not answer.
    #[error(transparent)]
    File(#[from] FileError),
    /// Without genesis and anchor nothing can be checked.
    #[error(transparent)]
    Trust(#[from] OpenError),
}

impl FsckError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            FsckError::Lock(e) => e.message_vi(),
            FsckError::File(e) => e.message_vi(),
            FsckError::Trust(e) => e.message_vi(),
        }
    }
}

/// Checks a folder. The node must not be running.
///
/// # Errors
/// [`FsckError`] when nothing could be checked; what is wrong with the data is in the report.
pub fn check(folder: &Folder) -> Result<Report, FsckError> {
    let folder = folder.lock()?;
    let (genesis, anchor) = read_trust(&folder)?;
    let mut audit = Audit {
        report: Report::default(),
        folder,
        anchor,
    };
    // 1. The log, leaf by leaf, and with it everything that follows from it.
    let log = audit.log(&genesis)?;
    // 2. What was signed about it.
    audit.heads(&log)?;
    // 3. What was promised.
    audit.promises(&log)?;
    // 4. Copies and companions.
    audit.index(&log);
    audit.blobs(&log)?;
    audit.memories()?;
    audit.left_over()?;
    Ok(audit.report)
}

struct Audit {
    report: Report,
    folder: LockedFolder,
    anchor: Anchor,
}

/// The log as far as it is right.
struct Log {
    replica: Replica,
    found: Found,
    /// Whole records behind the last that is right.
    unread: u64,
}

/// What the events of the log say, for comparing with everything else.
#[derive(Default)]
struct Found {
    /// Where an in-force map head stands.
    map_heads: BTreeSet<u64>,
    subjects: BTreeMap<MapKey, Vec<(LeafIndex, EventId)>>,
    /// Who signed each leaf behind genesis.
    events: Vec<(DeviceKey, EventId)>,
    named: HashSet<Hash>,
}

impl Audit {
    fn log(&mut self, genesis: &[u8]) -> Result<Log, FsckError> {
        let replica = Replica::new(genesis).map_err(OpenError::from)?;
        let mut found = Found::default();
        let path = self.folder.log();
        let audited = replay::audit(&path, genesis, replica, cores(), &mut |logged| {
            found.note(&logged);
        })?;
        if let Some((LeafIndex(place), why)) = &audited.fault {
            self.tampered(*place, why);
        }
        let log = Log {
            replica: audited.replica,
            found,
            unread: audited.unread,
        };
        if let Some(tail) = audited.tail {
            self.bad_log_tail(tail, &log);
        }
        self.report.leaves = log.replica.size().0;
        Ok(log)
    }

    fn tampered(&mut self, place: u64, why: &str) {
        let vi = format!(
            "Dữ liệu của nút này không khớp chữ ký ở vị trí {place}. Khôi phục log.seg từ nút khác."
        );
        let en = format!(
            "the log does not match its signatures at position {place}: {why}; restore log.seg from another node"
        );
        self.report.find(Weight::Damage, "SO_CAI_BI_SUA", vi, en);
    }

    fn bad_log_tail(&mut self, tail: BadTail, log: &Log) {
        let durable = self.durable();
        let behind_heads = tail.record >= durable && log.unread == 0;
        if behind_heads {
            let (record, offset) = (tail.record, tail.offset);
            self.report.find(
                Weight::Note,
                "DUOI_GHI_DO",
                format!("Cuối log.seg có phần ghi dở sau mục {record} (byte {offset}); lần chạy sau sẽ cắt."),
                format!("log.seg ends in an unfinished write behind leaf {record}, offset {offset}; the next start cuts it"),
            );
        } else {
            self.tampered(tail.record, tail.what);
        }
    }

    fn index(&mut self, log: &Log) {
        let folder = self.folder.index();
        let report = |this: &mut Audit, en: String| {
            let vi =
                "Chỉ mục không khớp sổ; lần chạy sau sẽ dựng lại. Không mất dữ liệu.".to_owned();
            this.report.find(Weight::Note, "CHI_MUC", vi, en);
        };
        if !folder.exists() {
            return report(
                self,
                "there is no index; the next start makes it anew".into(),
            );
        }
        if let Err(why) = compare_index(&folder, log) {
            report(self, format!("{why}; the next start makes it anew"));
        }
    }

    fn blobs(&mut self, log: &Log) -> Result<(), FsckError> {
        let blobs = Blobs::open(&self.folder.blobs(), Faults::none())?;
        for hash in blobs.all()? {
            match blobs.get(&hash) {
                Ok(Lookup::Erased) => {
                    let vi = format!("Tệp {hash} đã xóa nhưng còn trên ổ đĩa. Xóa lại.");
                    let en = format!(
                        "blob {hash} was erased and its bytes are still here; erase it again"
                    );
                    self.report.find(Weight::Warning, "CHUA_XOA_HET", vi, en);
                }
                Ok(_) => self.report.blobs += 1,
                Err(_) => {
                    let vi = format!("Tệp {hash} không đúng nội dung. Xóa tệp để nút lấy lại.");
                    let en = format!(
                        "blob {hash} is not what its name says; remove it and the node fetches it again"
                    );
                    self.report.find(Weight::Damage, "TEP_SAI_NOI_DUNG", vi, en);
                }
            }
        }
        let missing = log
            .found
            .named
            .iter()
            .filter(|hash| blobs.is_missing(hash))
            .count();
        if missing > 0 {
            self.report.find(
                Weight::Note,
                "THIEU_TEP",
                format!("Còn {missing} ảnh hoặc phần kèm theo chưa có ở nút này."),
                format!("{missing} pictures or openings that events name are not here"),
            );
        }
        Ok(())
    }

    fn left_over(&mut self) -> Result<(), FsckError> {
        let root = self.folder.root();
        let entries = std::fs::read_dir(root).map_err(|e| FileError::io("list", root, e))?;
        let names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        for name in names {
            if name.ends_with(TEMPORARY_SUFFIX) {
                let (vi, en) = (
                    format!("Tệp ghi dở {name}; lần chạy sau sẽ xóa."),
                    format!("{name} was not finished"),
                );
                self.report.find(Weight::Note, "TEP_GHI_DO", vi, en);
            } else if name.contains(".cut-at-")
                || name == "index.broken"
                || name == "log.without-head"
            {
                let vi =
                    format!("{name} được giữ lại từ lần khôi phục trước; xem xong có thể xóa.");
                let en = format!("{name} was kept by an earlier recovery; it may be removed");
                self.report.find(Weight::Note, "GIU_LAI", vi, en);
            }
        }
        let evidence = std::fs::read_dir(self.folder.evidence()).map_or(0, Iterator::count);
        if evidence > 0 {
            self.report.find(
                Weight::Warning,
                "BANG_CHUNG",
                format!("Thư mục evidence có {evidence} tệp: sổ chung đã từng tự mâu thuẫn. Báo quản trị."),
                format!("the folder evidence holds {evidence} files: the log has contradicted itself; tell the operators"),
            );
        }
        Ok(())
    }
}

impl Found {
    fn note(&mut self, logged: &LoggedEvent) {
        let id = logged.event.id();
        self.events.push((logged.event.device(), id));
        for subject in &logged.subjects {
            self.subjects
                .entry(subject.key())
                .or_default()
                .push((logged.index, id));
        }
        if replay::is_map_head(logged) {
            self.map_heads.insert(logged.index.0);
        }
        if logged.void.is_none() {
            self.named.extend(named_blobs(logged.event.body()));
        }
    }
}

fn compare_index(folder: &std::path::Path, log: &Log) -> Result<(), String> {
    let index = Index::open(folder).map_err(|e| e.to_string())?;
    let (size, root) = index.as_of();
    if (size, root) != (log.replica.size(), log.replica.root()) {
        return Err(format!("the index speaks of {size} leaves"));
    }
    let counts = index.counts().map_err(|e| e.to_string())?;
    if counts
        != (
            log.found.events.len(),
            log.found.subjects.values().map(Vec::len).sum(),
        )
    {
        return Err("the index has another number of rows than the log".into());
    }
    for (place, (_, id)) in (1..).zip(&log.found.events) {
        if index.find(id).map_err(|e| e.to_string())? != Some(LeafIndex(place)) {
            return Err(format!("the index does not know leaf {place}"));
        }
    }
    for (subject, expected) in &log.found.subjects {
        if index.list(subject).map_err(|e| e.to_string())? != *expected {
            return Err("the index lists other events of a subject than the log".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
