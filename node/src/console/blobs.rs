//! Pictures and openings that belong to events but stay outside the log: handed in before the event that names them.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::{Failure, Shared, api};

/// `POST /api/pictures`: a PNG, JPEG or WebP file as it is; answers with its SHA-256.
pub async fn picture(
    state: State<Shared>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    keep(state, body, false).await
}

/// `POST /api/openings`: an opening's exact bytes; answers with its commitment.
pub async fn opening(
    state: State<Shared>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    keep(state, body, true).await
}

async fn keep(
    State(console): State<Shared>,
    body: Result<Bytes, BytesRejection>,
    opening: bool,
) -> Result<Response, Failure> {
    let Ok(bytes) = body else {
        let (vi, en) = (
            "Tệp quá 2 MiB. Chọn ảnh nhỏ hơn.",
            "the file is larger than 2 MiB",
        );
        return Ok(api::failure(
            StatusCode::PAYLOAD_TOO_LARGE,
            "QUA_DAI",
            "",
            vi,
            en,
        ));
    };
    match console.ledger.put_blob(bytes.to_vec(), opening).await {
        Ok(hash) => Ok(axum::Json(json!({ "hash": hash.to_string() })).into_response()),
        Err(error) if error.is_senders_fault() => {
            let (vi, en) = (error.message_vi(), error.to_string());
            Ok(api::failure(
                StatusCode::UNPROCESSABLE_ENTITY,
                error.code(),
                "",
                &vi,
                &en,
            ))
        }
        Err(error) => Err(error.into()),
    }
}
