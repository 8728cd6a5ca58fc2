//! What a restored node must not forget, and what it said as a witness of other logs.

use super::{Audit, FsckError, Weight};
use crate::ledger::OpenError;
use crate::restored::Restored;
use crate::witness::is_state_whole;

impl Audit {
    pub(super) fn memories(&mut self) -> Result<(), FsckError> {
        if !is_state_whole(&self.folder).map_err(OpenError::from)? {
            let vi =
                "Tệp witness.state hỏng: khóa nhân chứng này phải thay (node keys rotate witness)."
                    .to_owned();
            let en = "witness.state is damaged: retire the key";
            self.report
                .find(Weight::Damage, "MAT_TRANG_THAI", vi, en.into());
        }
        match Restored::read(&self.folder) {
            Ok(None) => {}
            Ok(Some(mark)) => {
                let silent: Vec<String> = mark.silent.iter().map(ToString::to_string).collect();
                let silent = silent.join(", ");
                let vi = format!(
                    "Thư mục được khôi phục, chưa ký bằng: {silent}. Chạy nút để nút hỏi các nút khác."
                );
                let en = format!("restored; silent until it has learnt what it signed: {silent}");
                self.report.find(Weight::Warning, "DANG_HOC_LAI", vi, en);
            }
            Err(_) => {
                let vi =
                    "Tệp restored hỏng: nút không chạy. Chạy \"node restore\" lại từ bản sao lưu."
                        .to_owned();
                let en = "the mark of restoring is damaged: restore again";
                self.report
                    .find(Weight::Damage, "MAT_TRANG_THAI", vi, en.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use crate::fault::Faults;
    use crate::fixture::*;
    use crate::fsck;
    use crate::keys::KeyRole;
    use crate::restored::Restored;

    #[test]
    fn marks_and_memories_are_looked_at() {
        let province = Province::new(1, None);
        drop(province.sequencer());
        let folder = province.folder(&org(SO));
        assert!(fsck::check(&folder).unwrap().is_sound());
        Restored::mark(&folder, [KeyRole::Log], 7, &Faults::none()).unwrap();
        let report = fsck::check(&folder).unwrap();
        assert!(
            report.is_sound() && report.to_string().contains("DANG_HOC_LAI"),
            "{report}"
        );
        for (path, text) in [(folder.restored(), "x"), (folder.witness_state(), "x\n")] {
            fs::write(&path, text).unwrap();
            let report = fsck::check(&folder).unwrap();
            assert!(
                !report.is_sound() && report.to_string().contains("MAT_TRANG_THAI"),
                "{report}"
            );
            fs::remove_file(&path).unwrap();
        }
    }
}
