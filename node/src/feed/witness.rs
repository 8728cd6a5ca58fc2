//! C2SP tlog-witness over HTTP: `POST /add-checkpoint`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header;
use ledger_core::add_checkpoint::Refusal;

use super::{Feed, TEXT};
use crate::witness::{Witness, WitnessError};

/// One request at a time: check and "last cosigned" are one step.
pub type SharedWitness = Arc<Mutex<Witness>>;

/// What the size in a 409 is called.
const SIZE: &str = "text/x.tlog.size";

pub(super) async fn add_checkpoint(
    State(feed): State<Feed>,
    request: Result<Bytes, BytesRejection>,
) -> Response {
    let plain = |status: StatusCode, text: String| (status, [(header::CONTENT_TYPE, TEXT)], text);
    let Some(witness) = feed.witness.clone() else {
        return plain(
            StatusCode::NOT_FOUND,
            "this node is no witness\n".to_owned(),
        )
        .into_response();
    };
    // Too large, or cut off.
    let Ok(request) = request else {
        return plain(StatusCode::BAD_REQUEST, "malformed request\n".to_owned()).into_response();
    };
    let cosign = move || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        // A panic in between left the file and the memory as they were, or the file newer: both are safe.
        let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.add_checkpoint(&request, now.map_or(0, |since| since.as_secs()))
    };
    match tokio::task::spawn_blocking(cosign).await {
        Ok(Ok(line)) => plain(StatusCode::OK, line).into_response(),
        Ok(Err(WitnessError::Refused(Refusal::Stale { last }))) => (
            StatusCode::CONFLICT,
            [(header::CONTENT_TYPE, SIZE)],
            format!("{last}\n"),
        )
            .into_response(),
        Ok(Err(error)) => {
            if let WitnessError::Own(why) = &error {
                tracing::error!(%why, "không ghi được bản vừa xác nhận nên không xác nhận (last cosigned was not stored: no cosignature)");
            }
            let status = StatusCode::from_u16(error.http_status());
            plain(
                status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                format!("{error}\n"),
            )
            .into_response()
        }
        Err(panic) => {
            tracing::error!(%panic, "nhân chứng dừng bất thường (the witness panicked)");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
