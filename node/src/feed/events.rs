//! The door over HTTP: handing in one signed event, and asking where it stands.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use http::StatusCode;
use http::header::{self, HeaderMap};
use ledger_core::ids::{EventId, LeafIndex};
use ledger_core::sign::event_id;
use serde::Serialize;

use super::problem::Problem;
use super::{Feed, parse_hash};
use crate::ledger::{EventStatus, Submitted};

/// Media type of an envelope (RFC 9052 section 2, with the cose-type left out as it is always COSE_Sign1).
pub(super) const COSE: &str = "application/cose";

pub(super) async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The answer about one event.
#[derive(Serialize)]
struct About {
    event_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    code: String,
    message_vi: String,
    message_en: String,
}

pub(super) async fn submit(
    State(feed): State<Feed>,
    headers: HeaderMap,
    envelope: Bytes,
) -> Result<Response, Problem> {
    // Also keeps other sites' forms out: a browser asks first before it sends this type.
    if headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value.as_bytes() != COSE.as_bytes())
    {
        let (vi, en) = (
            "Gửi sự kiện đã ký với Content-Type: application/cose.",
            "send one envelope as application/cose",
        );
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "SAI_LOAI",
            vi,
            en,
        ));
    }
    let event_id = event_id(&envelope).to_string();
    let (status, about) = about(event_id, feed.ledger.submit(envelope.to_vec()).await?);
    Ok((status, Json(about)).into_response())
}

/// Where an event stands, for programs that handed it in.
pub(super) async fn event(
    State(feed): State<Feed>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let malformed = || {
        let (vi, en) = (
            "Mã việc gồm 64 chữ số hệ 16, chữ thường.",
            "an event is named by 64 lower-case hex digits",
        );
        Problem::new(StatusCode::BAD_REQUEST, "SAI_DANG", vi, en)
    };
    let id = EventId(parse_hash(&id).ok_or_else(malformed)?);
    let about = |status, index: Option<LeafIndex>, code: &str, vi: &str, en: &str| {
        let index = index.map(|LeafIndex(index)| index);
        let (code, message_vi, message_en) = (code.into(), vi.into(), en.into());
        Json(About {
            event_id: id.to_string(),
            status,
            index,
            code,
            message_vi,
            message_en,
        })
        .into_response()
    };
    Ok(match feed.ledger.status(id).await {
        EventStatus::Unknown => {
            return Err(Problem::not_there(
                "Nút này không có việc đó.",
                "this node does not have that event",
            ));
        }
        EventStatus::Saved => about(
            "pending",
            None,
            "DA_LUU",
            "Đã lưu, đang chờ vào sổ chung.",
            "saved, on its way into the log",
        ),
        EventStatus::Logged(index, None) => about(
            "logged",
            Some(index),
            "DA_GHI",
            "Đã ghi vào sổ.",
            "in the log",
        ),
        EventStatus::Logged(index, Some(why)) => {
            let vi = "Có trong sổ nhưng không có hiệu lực: đơn vị không được ghi việc này, hoặc việc được nhắc tới không có.";
            about("void", Some(index), "KHONG_HIEU_LUC", vi, &why.to_string())
        }
        EventStatus::Cosigned(index) => {
            let (vi, en) = (
                "Đã ghi vào sổ và được các đơn vị xác nhận.",
                "in the log and cosigned by the quorum",
            );
            about("cosigned", Some(index), "DA_XAC_NHAN", vi, en)
        }
        EventStatus::Stuck { code, message_vi } => {
            about("refused", None, &code, &message_vi, english(&code))
        }
    })
}

fn about(event_id: String, submitted: Submitted) -> (StatusCode, About) {
    let about = |status, index, code: &str, vi: &str, en: &str| About {
        event_id,
        status,
        index,
        code: code.into(),
        message_vi: vi.into(),
        message_en: en.into(),
    };
    match submitted {
        Submitted::Logged(LeafIndex(index)) => {
            let (vi, en) = (
                "Mục này đã được ghi vào sổ, không ghi thêm lần nữa.",
                "already in the log",
            );
            (
                StatusCode::OK,
                about("logged", Some(index), "DA_GHI_ROI", vi, en),
            )
        }
        Submitted::Pending => {
            let (vi, en) = (
                "Đã lưu, đang chờ vào sổ chung.",
                "saved, on its way into the log",
            );
            (
                StatusCode::ACCEPTED,
                about("pending", None, "DA_LUU", vi, en),
            )
        }
        Submitted::Refused { code, message_vi } => {
            let status = match code.as_str() {
                "KHOA_LA" | "MAY_DA_KHOA" | "CHU_KY_SAI" => StatusCode::FORBIDDEN,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (
                status,
                about("refused", None, &code, &message_vi, english(&code)),
            )
        }
    }
}

/// The door's reasons in English; their Vietnamese stands in ledger-core.
fn english(code: &str) -> &'static str {
    match code {
        "QUA_DAI" => "the envelope is too long",
        "CHU_KY_SAI" => "the signature does not hold",
        "SAI_DANG" => "not an envelope of this format",
        "KHOA_LA" => "the key belongs to no member of this network",
        "MAY_DA_KHOA" => "this device was revoked",
        "THIEU_VIEC_TRUOC" => "earlier events of this device have not come yet; send them first",
        "TRUNG_SO_THU_TU" => "this device has another event at that place of its chain",
        "SAI_NOI_TIEP" => "the event does not follow the device's last one",
        _ => "refused",
    }
}
