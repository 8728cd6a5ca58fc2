//! How the following goes, in words: since when what is shown could not be renewed, and why.

use ledger_core::time::Timestamp;
use serde::Serialize;

use crate::follow::FollowError;
use crate::head::VerifiedHead;

/// What is going wrong, since when.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    since_seconds: u64,
    vi: &'static str,
    en: String,
    is_contradiction: bool,
}

/// How the following goes.
#[derive(Debug, Default)]
pub struct Health {
    last_good_seconds: Option<u64>,
    trouble: Option<Trouble>,
    remarks: Vec<&'static str>,
}

/// The answer of `/health`.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ok`, `stale` (what is shown cannot be renewed), `alarm` (something signed or served is false) or `starting`.
    pub status: &'static str,
    /// In words.
    pub vi: String,
    /// In English.
    pub en: String,
    /// Leaves under the head that is shown.
    pub size: Option<u64>,
    /// Since when the quorum has stood by it.
    pub as_of: Option<String>,
    /// When the feed was last read without trouble.
    pub last_good: Option<String>,
    /// Since when there is trouble.
    pub since: Option<String>,
    /// What had to be dropped at the start.
    pub remarks: Vec<&'static str>,
}

impl Health {
    /// The feed was read without trouble.
    pub fn went_well(&mut self, now: u64) {
        if self.trouble.take().is_some() {
            tracing::info!("đã theo lại được sổ (following again)");
        }
        self.last_good_seconds = Some(now);
    }

    /// It was not. Says whether that is another trouble than before.
    pub fn went_badly(&mut self, now: u64, error: &FollowError) -> bool {
        let (since_seconds, is_news) = match &self.trouble {
            Some(before) => (before.since_seconds, before.vi != error.vi()),
            None => (now, true),
        };
        let is_contradiction = error.is_contradiction();
        self.trouble = Some(Trouble {
            since_seconds,
            vi: error.vi(),
            en: error.to_string(),
            is_contradiction,
        });
        is_news
    }

    /// Something to tell people about the start.
    pub fn remark(&mut self, remarks: Vec<&'static str>) {
        self.remarks.extend(remarks);
    }

    /// The report, given the head that is shown.
    pub fn report(&self, head: Option<&VerifiedHead>) -> Report {
        let shown = head.map(|head| local(head.renewed_seconds()));
        let since = self
            .trouble
            .as_ref()
            .map(|trouble| local(trouble.since_seconds));
        let (status, vi, en) = match (&self.trouble, shown) {
            (None, None) => (
                "starting",
                "Đang tải và kiểm tra sổ lần đầu.".to_owned(),
                "Loading the log for the first time.".to_owned(),
            ),
            (None, Some(shown)) => (
                "ok",
                format!(
                    "Đang theo sổ. Bản đang dùng được các đơn vị xác nhận lúc {}.",
                    spoken(shown)
                ),
                format!("Following. The head shown was confirmed at {shown}."),
            ),
            (Some(trouble), shown) => {
                let since = local(trouble.since_seconds);
                let (kept_vi, kept_en) = match shown {
                    Some(shown) => (
                        format!("Vẫn dùng bản đã kiểm tra, xác nhận lúc {}.", spoken(shown)),
                        format!("Still showing what was verified, confirmed at {shown}."),
                    ),
                    None => (
                        "Chưa có bản nào đã kiểm tra để trả lời.".to_owned(),
                        "Nothing verified to show yet.".to_owned(),
                    ),
                };
                let status = if trouble.is_contradiction {
                    "alarm"
                } else {
                    "stale"
                };
                (
                    status,
                    format!("Từ {}: {}. {kept_vi}", spoken(since), trouble.vi),
                    format!("Since {since}: {}. {kept_en}", trouble.en),
                )
            }
        };
        Report {
            status,
            vi,
            en,
            size: head.map(|head| head.size().0),
            as_of: shown.map(|time| time.to_string()),
            last_good: self
                .last_good_seconds
                .map(|seconds| local(seconds).to_string()),
            since: since.map(|time| time.to_string()),
            remarks: self.remarks.clone(),
        }
    }
}

/// A moment as seen in Vietnam.
pub fn local(seconds: u64) -> Timestamp {
    Timestamp::vietnam(i64::try_from(seconds).unwrap_or(0))
}

/// As people here say it: `20:10 ngày 29/01/2026`.
pub fn spoken(time: Timestamp) -> String {
    let text = time.to_string();
    format!(
        "{} ngày {}",
        text.get(11..16).unwrap_or_default(),
        time.date().vietnamese()
    )
}
