//! What went wrong, as an answer.

use axum::response::{IntoResponse, Json, Response};
use http::StatusCode;
use http::header;
use serde::Serialize;

use super::NEVER;
use crate::files::FileError;
use crate::ledger::LedgerError;

/// What went wrong, for machines and people.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    code: String,
    message_vi: String,
    message_en: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, vi: &str, en: &str) -> Problem {
        Problem {
            status,
            code: code.into(),
            message_vi: vi.into(),
            message_en: en.into(),
        }
    }

    pub(super) fn not_there(vi: &str, en: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "KHONG_CO", vi, en)
    }

    pub(super) fn of(error: &LedgerError) -> Problem {
        let status = match error {
            LedgerError::File(FileError::Full { .. }) => StatusCode::INSUFFICIENT_STORAGE,
            LedgerError::Stopped(_) | LedgerError::Closed => StatusCode::SERVICE_UNAVAILABLE,
            _ if error.is_senders_fault() => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // What a file is called here is nobody's business out there.
        let message_en = match error {
            LedgerError::File(_) | LedgerError::Index(_) => {
                "the node's disk failed; try again later".to_owned()
            }
            other => other.to_string(),
        };
        let message_vi = match error {
            LedgerError::File(_) | LedgerError::Index(_) => {
                "Ổ đĩa của nút đang lỗi hoặc đầy. Thử lại sau.".to_owned()
            }
            other => other.message_vi(),
        };
        Problem {
            status,
            code: error.code().to_owned(),
            message_vi,
            message_en,
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Problem {
        if !error.is_senders_fault() {
            tracing::error!(%error, "{}", error.message_vi());
        }
        Problem::of(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, [(header::CACHE_CONTROL, NEVER)], Json(self)).into_response()
    }
}
