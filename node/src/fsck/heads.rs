//! What was signed about the log: heads, their quorums, and what this validator said.

use std::path::Path;

use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::TreeSize;
use ledger_core::merkle::root_at;
use ledger_core::note::{MAX_NOTE_BYTES, Note};
use ledger_core::quorum::Standing;
use ledger_core::time::Timestamp;

use super::{Audit, FsckError, Log, Weight};
use crate::files::read_small;

impl Audit {
    /// How many leaves some head of this folder covers: as many must be whole.
    pub(super) fn durable(&self) -> u64 {
        let size = |path: &Path| {
            let bytes = read_small(path, MAX_NOTE_BYTES as u64).ok()??;
            let note = Note::parse(&bytes).ok()?;
            Some(
                self.anchor
                    .policy()
                    .evaluate(&note)
                    .ok()?
                    .checkpoint()
                    .size()
                    .0,
            )
        };
        [self.folder.checkpoint(), self.folder.cosigned()]
            .iter()
            .filter_map(|path| size(path))
            .max()
            .unwrap_or(0)
    }

    pub(super) fn heads(&mut self, log: &Log) -> Result<(), FsckError> {
        let signed = self.head(&self.folder.checkpoint(), "checkpoint", false, log)?;
        let cosigned = self.head(&self.folder.cosigned(), "checkpoint.cosigned", true, log)?;
        let size = |head: &Option<(Note, Checkpoint)>| {
            head.as_ref()
                .map_or(0, |(_, checkpoint)| checkpoint.size().0)
        };
        self.report.heads = (size(&signed), size(&cosigned));
        if self.report.heads.1 > self.report.heads.0 {
            let (vi, en) = (
                "Thiếu bản chốt mới nhất; nút dùng bản có xác nhận.",
                "checkpoint is older than checkpoint.cosigned",
            );
            self.report
                .find(Weight::Note, "BAN_CHOT_CU", vi.into(), en.into());
        }
        let behind = log
            .replica
            .size()
            .0
            .saturating_sub(self.report.heads.0.max(self.report.heads.1));
        if behind > 0 && self.report.heads.0 > 0 {
            let vi =
                format!("{behind} mục cuối sổ chưa được chốt; lần chạy sau sẽ chốt hoặc lấy lại.");
            let en = format!(
                "{behind} leaves are under no head yet; the next start finishes or fetches them"
            );
            self.report.find(Weight::Note, "CHUA_CHOT", vi, en);
        }
        self.days(log)?;
        self.said(log)
    }

    fn head(
        &mut self,
        path: &Path,
        name: &str,
        needs_quorum: bool,
        log: &Log,
    ) -> Result<Option<(Note, Checkpoint)>, FsckError> {
        let Some(bytes) = read_small(path, MAX_NOTE_BYTES as u64)? else {
            return Ok(None);
        };
        let checked = self.check_head(&bytes, needs_quorum, log);
        match checked {
            Ok(head) => Ok(Some(head)),
            Err(why) => {
                let vi = format!(
                    "{name} không khớp chữ ký hoặc không khớp sổ ở đây. Khôi phục từ nút khác."
                );
                self.report
                    .find(Weight::Damage, "BAN_CHOT_SAI", vi, format!("{name}: {why}"));
                Ok(None)
            }
        }
    }

    fn check_head(
        &self,
        bytes: &[u8],
        needs_quorum: bool,
        log: &Log,
    ) -> Result<(Note, Checkpoint), String> {
        let note = Note::parse(bytes).map_err(|e| e.to_string())?;
        let evaluation = self
            .anchor
            .policy()
            .evaluate(&note)
            .map_err(|e| e.to_string())?;
        let checkpoint = evaluation.checkpoint().clone();
        if needs_quorum && let Standing::NotReached { have, need } = evaluation.quorum() {
            return Err(format!("{have} of {need} cosignatures"));
        }
        if checkpoint.origin() != log.replica.genesis().origin {
            return Err("it is of another log".into());
        }
        let ours = root_at(log.replica.tree(), checkpoint.size());
        if checkpoint.size() > log.replica.size() {
            return Err(format!(
                "it covers {} leaves, and only {} are right here",
                checkpoint.size(),
                log.replica.size()
            ));
        }
        if ours.ok() != Some(checkpoint.root()) {
            return Err("the leaves lead to another root".into());
        }
        if !log
            .found
            .map_heads
            .contains(&(checkpoint.size().0.wrapping_sub(1)))
        {
            return Err("it does not end with a map head".into());
        }
        Ok((note, checkpoint))
    }

    /// The last cosigned head of each day, under the day of its quorum.
    fn days(&mut self, log: &Log) -> Result<(), FsckError> {
        let Ok(entries) = std::fs::read_dir(self.folder.heads()) else {
            return Ok(());
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let mut last = TreeSize(0);
        for path in paths {
            let name = format!(
                "heads/{}",
                path.file_name().unwrap_or_default().to_string_lossy()
            );
            let Some((note, checkpoint)) = self.head(&path, &name, true, log)? else {
                continue;
            };
            let times = self
                .anchor
                .policy()
                .evaluate(&note)
                .ok()
                .and_then(|evaluation| evaluation.quorum().times());
            let day = times.map(|times| {
                format!(
                    "heads/{}",
                    Timestamp::vietnam(times.reached.seconds() as i64).date()
                )
            });
            if day.is_none_or(|day| day != name) || checkpoint.size() < last {
                let vi = format!("{name} không phải bản chốt của ngày đó.");
                self.report.find(
                    Weight::Damage,
                    "BAN_CHOT_SAI",
                    vi,
                    format!("{name} is not of its day"),
                );
            }
            last = checkpoint.size();
        }
        Ok(())
    }

    /// What this validator cosigned last.
    fn said(&mut self, log: &Log) -> Result<(), FsckError> {
        let Some(bytes) = read_small(&self.folder.cosigned_state(), MAX_NOTE_BYTES as u64)? else {
            return Ok(());
        };
        if bytes.is_empty() {
            return Ok(());
        }
        let state = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| Checkpoint::parse(text).ok());
        match state {
            None => {
                let vi = "Tệp cosigned.state hỏng: khóa xác nhận này phải thay.".to_owned();
                self.report.find(
                    Weight::Damage,
                    "MAT_TRANG_THAI",
                    vi,
                    "cosigned.state is damaged: retire the key".into(),
                );
            }
            Some(state) if state.size() > log.replica.size() => {
                let vi = format!(
                    "Nút từng xác nhận {} mục nhưng ở đây chỉ có {}: sổ là bản cũ.",
                    state.size(),
                    log.replica.size()
                );
                let en = format!(
                    "this validator cosigned {} leaves and has {}: the log is an old copy",
                    state.size(),
                    log.replica.size()
                );
                self.report.find(Weight::Warning, "SO_LA_BAN_CU", vi, en);
            }
            Some(state) if root_at(log.replica.tree(), state.size()).ok() != Some(state.root()) => {
                let vi = format!(
                    "Bản nút đã xác nhận ({} mục) không khớp sổ ở đây. Báo quản trị.",
                    state.size()
                );
                let en = format!(
                    "the log does not contain the head of {} leaves that this validator cosigned",
                    state.size()
                );
                self.report.find(Weight::Damage, "SO_CAI_MAU_THUAN", vi, en);
            }
            Some(_) => {}
        }
        Ok(())
    }
}
