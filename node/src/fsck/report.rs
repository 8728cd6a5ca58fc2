//! What an audit found, in words.

use std::fmt;

/// Most findings of one kind that are told one by one; a broken disk has thousands.
const TOLD_MAX: usize = 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As it may be: the next start deals with it.
    Note,
    /// Something is lacking that cannot be made anew from here, or is not as it should be.
    Warning,
    /// What is on the disk is not what was written or signed.
    Damage,
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// A stable code.
    pub code: &'static str,
    /// For people here.
    pub vi: String,
    /// For people elsewhere.
    pub en: String,
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Leaves that passed.
    pub leaves: u64,
    /// Leaves under the newest head, and under the newest with the quorum.
    pub heads: (u64, u64),
    /// Events signed here, and those of them that are logged.
    pub own: (u64, u64),
    /// Events that wait to be logged.
    pub waiting: u64,
    /// Blobs that passed.
    pub blobs: u64,
    /// Everything that is not as expected.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn find(&mut self, weight: Weight, code: &'static str, vi: String, en: String) {
        let same = self
            .findings
            .iter()
            .filter(|finding| finding.code == code)
            .count();
        if same < TOLD_MAX {
            self.findings.push(Finding {
                weight,
                code,
                vi,
                en,
            });
        }
    }

    /// The worst finding.
    pub fn worst(&self) -> Option<Weight> {
        self.findings.iter().map(|finding| finding.weight).max()
    }

    /// Whether nothing on the disk contradicts what was written, signed or promised.
    pub fn is_sound(&self) -> bool {
        self.worst().is_none_or(|worst| worst < Weight::Damage)
    }
}

/// Vietnamese first.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Kiểm tra toàn bộ dữ liệu của nút (full check of this node's data)"
        )?;
        writeln!(
            f,
            "  mục trong sổ đã kiểm chữ ký và thứ tự (leaves checked):  {}",
            self.leaves
        )?;
        writeln!(
            f,
            "  bản chốt mới nhất / có xác nhận (heads signed/cosigned): {} / {}",
            self.heads.0, self.heads.1
        )?;
        writeln!(
            f,
            "  việc ký tại nút / đã vào sổ (own events/logged):         {} / {}",
            self.own.0, self.own.1
        )?;
        writeln!(
            f,
            "  việc đang chờ vào sổ (waiting events):                   {}",
            self.waiting
        )?;
        writeln!(
            f,
            "  ảnh và phần kèm theo (pictures and openings):            {}",
            self.blobs
        )?;
        for finding in &self.findings {
            let word = match finding.weight {
                Weight::Note => "Ghi chú",
                Weight::Warning => "Cần xem",
                Weight::Damage => "HỎNG",
            };
            writeln!(
                f,
                "{word} [{}] {}\n    ({})",
                finding.code, finding.vi, finding.en
            )?;
        }
        match self.worst() {
            None => writeln!(f, "Kết luận: mọi thứ khớp. (All is as it should be.)"),
            Some(Weight::Note) => writeln!(f, "Kết luận: dữ liệu nguyên vẹn. (The data is sound.)"),
            Some(Weight::Warning) => writeln!(
                f,
                "Kết luận: dữ liệu nguyên vẹn, có điểm cần xem. (Sound, with warnings.)"
            ),
            Some(Weight::Damage) => writeln!(
                f,
                "Kết luận: dữ liệu KHÔNG nguyên vẹn. (The data is NOT sound.)"
            ),
        }
    }
}
