//! The cooperative's console: pages on which a clerk records, in a browser on the machine that signs, and the
//! same for programs as JSON.
//!
//! In scope: forms → drafts, the questions before signing, receipts, labels, the door of the console.
//! Out of scope: what may be recorded (`ledger-core`), signing and keeping (`ledger.rs`), what a buyer sees
//! (`qr-service`).
//!
//! Every page works without script and without network: what it says is "saved here", and the rest follows by
//! itself. Nothing is recorded by a GET.

mod api;
mod asking;
mod blobs;
mod book;
mod door;
mod harvest;
mod harvest_page;
mod home;
mod labels;
mod number;
mod page;
mod receipt;
mod standing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::StatusCode;
use ledger_core::ids::{DeviceKey, EventId, OrgId};
use ledger_core::time::{DAY_SECONDS, Timestamp, VIETNAM_OFFSET_MINUTES};
use tokio::sync::{Mutex, MutexGuard};

pub use door::{TOKEN_FILE, Token, TokenError};

use self::book::{Book, Nature};
use crate::ledger::{LedgerError, LedgerHandle};

/// Largest form: its texts together have some 2 KB.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// Forms that are remembered against a second press. More than a console can show in a day; after a restart the
/// ledger itself knows (`form::ask`, N-16).
const FORMS_MAX: usize = 512;

/// What a console needs to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisations whose devices live on this machine, with the key each signs with here.
    pub organisations: BTreeMap<OrgId, DeviceKey>,
    /// Where labels lead: `https://truyxuat.dongthap.example`, without a slash at the end.
    pub public_url: String,
    /// What lets a browser or program in.
    pub token: Token,
    /// The machine's clock, in seconds since 1970.
    pub clock: fn() -> i64,
}

/// The machine's clock.
pub fn system_clock() -> i64 {
    // A clock before 1970 is wrong whatever it says.
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// The console: what all pages share. Only the desk changes.
pub struct Console {
    ledger: LedgerHandle,
    organisations: BTreeMap<OrgId, DeviceKey>,
    public_url: String,
    token: Token,
    clock: fn() -> i64,
    /// One clerk at a time: whoever records holds it from the last look at the book to the receipt, so that two
    /// presses of one button cannot pass each other.
    desk: Mutex<Desk>,
}

/// The console as the handlers have it.
type Shared = Arc<Console>;

/// What one request at a time works with.
struct Desk {
    book: Book,
    /// Forms that were recorded, and as what; the oldest first.
    recorded: VecDeque<(String, EventId)>,
}

impl Console {
    /// A console over a ledger.
    pub fn new(ledger: LedgerHandle, settings: Settings) -> Console {
        let desk = Desk {
            book: Book::new(settings.organisations.keys().cloned()),
            recorded: VecDeque::new(),
        };
        Console {
            ledger,
            organisations: settings.organisations,
            public_url: settings.public_url,
            token: settings.token,
            clock: settings.clock,
            desk: Mutex::new(desk),
        }
    }

    /// The desk, with the book brought up to date.
    async fn desk(&self) -> Result<(MutexGuard<'_, Desk>, Nature), LedgerError> {
        let mut desk = self.desk.lock().await;
        let nature = desk.book.catch_up(&self.ledger).await?;
        Ok((desk, nature))
    }

    /// The present. A demonstration lives on its business date, at the time of day that the machine shows.
    fn now(&self, nature: &Nature) -> Timestamp {
        let seconds = (self.clock)();
        let Some(sample) = nature.sample else {
            return Timestamp::vietnam(seconds);
        };
        let offset = i64::from(VIETNAM_OFFSET_MINUTES) * 60;
        let time_of_day = (seconds + offset).rem_euclid(DAY_SECONDS);
        Timestamp::vietnam(sample.days() * DAY_SECONDS + time_of_day - offset)
    }

    /// The organisation that a page is about: the one named, or the only one there is.
    fn organisation(&self, named: &str) -> Option<OrgId> {
        let mut known = self.organisations.keys();
        match (named, known.len()) {
            ("", 1) => known.next().cloned(),
            _ => known.find(|org| org.as_str() == named).cloned(),
        }
    }

    /// The way back to the first page of an organisation.
    fn home_of(&self, org: &OrgId) -> String {
        if self.organisations.len() == 1 {
            "/".into()
        } else {
            format!("/?don-vi={org}")
        }
    }
}

impl Desk {
    fn remember(&mut self, form: String, event: EventId) {
        self.recorded.push_back((form, event));
        if self.recorded.len() > FORMS_MAX {
            self.recorded.pop_front();
        }
    }

    fn recorded_as(&self, form: &str) -> Option<EventId> {
        self.recorded
            .iter()
            .find(|(known, _)| known == form)
            .map(|(_, event)| *event)
    }
}

/// Everything that the console answers to.
pub fn router(console: Console) -> Router {
    let console: Shared = Arc::new(console);
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/thu-hoach", get(harvest::show).post(harvest::submit))
        .route("/viec/{id}", get(receipt::show))
        .route("/tem/{org}/{number}", get(labels::show).post(labels::bind))
        .route("/tem/{org}/{number}/in", get(labels::print))
        .route("/tem/{org}/{number}/qr.png", get(labels::png))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    let programs = Router::new()
        .route("/api/drafts", post(api::drafts))
        .route("/api/pictures", post(blobs::picture))
        .route("/api/openings", post(blobs::opening))
        .route("/api/events/{id}", get(api::event))
        .route("/api/so-lo", get(api::lot_number))
        .layer(DefaultBodyLimit::max(api::BYTES_MAX));
    Router::new()
        .merge(pages)
        .merge(programs)
        .route("/vao", get(door::enter))
        .route("/kieu.css", get(page::style))
        .route("/trang.js", get(page::script))
        .route("/in.js", get(page::print_script))
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(console.clone(), door::guard))
        .with_state(console)
}

/// A page that is not there.
fn not_found() -> Response {
    let text = "Không có trang này. Có thể địa chỉ gõ thiếu chữ. Về trang đầu rồi chọn lại.";
    (
        StatusCode::NOT_FOUND,
        page::notice("Không thấy trang", text, Some(("/", "Về trang đầu"))),
    )
        .into_response()
}

/// What a page could not do, in the clerk's words. Nothing was recorded.
struct Failure(LedgerError);

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        Failure(error)
    }
}

impl Failure {
    /// What happened, why, what to do; the code small at the end.
    fn message_vi(&self) -> String {
        let code = self.0.code();
        match &self.0 {
            LedgerError::Refused { message_vi, .. } => format!("{message_vi} (mã {code})"),
            LedgerError::LostTail(_) => self.0.message_vi(),
            LedgerError::NoDevice(_) => "Máy này không ghi được cho đơn vị đó. Chọn đơn vị khác hoặc hỏi Người giữ máy.".into(),
            LedgerError::Closed => "Máy đang tắt nên chưa ghi. Mở máy lại rồi ghi lại việc này.".into(),
            _ if code == "O_DIA_DAY" => "Ổ đĩa của máy đã đầy nên việc này chưa được lưu. Báo Người giữ máy dọn ổ đĩa, rồi ghi lại.".into(),
            _ => format!("Máy gặp trục trặc nên việc này chưa được lưu. Báo Người giữ máy, rồi ghi lại. (mã {code})"),
        }
    }

    fn status(&self) -> StatusCode {
        if self.0.is_senders_fault() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        tracing::warn!(error = %self.0, "trang ghi sổ không làm được việc (a console page failed)");
        (
            self.status(),
            page::notice(
                "Chưa làm được",
                &self.message_vi(),
                Some(("/", "Về trang đầu")),
            ),
        )
            .into_response()
    }
}

/// A text as one segment of a path or one value of a query.
fn segment(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn segments_survive_every_lot_number() {
        assert_eq!(segment("XCC-261012-A"), "XCC-261012-A");
        assert_eq!(segment("A/B?C%D+E"), "A%2FB%3FC%25D%2BE");
    }
}
