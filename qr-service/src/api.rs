//! Data for phones, marketplaces and monitors: bundle, anchor, blobs, status, health.
//!
//! In scope: parse, call, map the error, render. Out of scope: what is true ([`crate::proofs`]).
//!
//! A bundle for a code that nobody bound is answered with 200: it is good data, which proves the absence, and a phone needs
//! to read it to say so. The page for people at the same code is a 404.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger_core::code::{PrintedCode, ScanTarget};
use ledger_core::ids::Hash;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::pages::{MISTYPED, MISTYPED_CODE, org_name, state_words};
use crate::proofs::Answer;
use crate::scan::{Misread, PAGE_ROOT, read_typed};
use crate::service::{Blob, Service, Unavailable};

/// Most codes of one batch; a marketplace splits its nightly check.
pub const BATCH_MAX: usize = 1_000;
/// Longest that a batch works. Codes that it did not come to are answered as such; those that it did are kept for a minute,
/// so asking again goes on from there. Below the half minute after which usual clients and proxies give up.
pub const BATCH_TIME_MAX: Duration = Duration::from_secs(20);
/// Largest batch: that many of the longest codes, as addresses.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;

/// Why a call as a whole has no answer. One unknown code in a batch is no such reason.
#[derive(Debug)]
pub enum ApiError {
    /// The caller's code is none.
    Misread(Misread),
    /// The query lacks the code.
    NoCode,
    /// The body is not `{"codes": [text, …]}`.
    NotABatch,
    /// More than [`BATCH_MAX`].
    TooMany(usize),
    /// No event names this blob, or the node does not have it.
    NoBlob,
    /// Nothing can be said now.
    Unavailable(Unavailable),
}

impl From<Unavailable> for ApiError {
    fn from(error: Unavailable) -> ApiError {
        ApiError::Unavailable(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, vi, en) = match self {
            ApiError::Misread(misread) => {
                let (code, vi, en) = misread_words(&misread);
                (StatusCode::BAD_REQUEST, code, vi.to_owned(), en)
            }
            ApiError::NoCode => (
                StatusCode::BAD_REQUEST,
                "THIEU_MA",
                "Thiếu mã: thêm ?code=…".to_owned(),
                "the query lacks code=",
            ),
            ApiError::NotABatch => (
                StatusCode::BAD_REQUEST,
                "SAI_DANG",
                "Cần JSON dạng {\"codes\": [\"…\"]}.".to_owned(),
                "the body must be {\"codes\": [text, …]}",
            ),
            ApiError::TooMany(found) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "QUA_NHIEU_MA",
                format!(
                    "Mỗi lần hỏi nhiều nhất {BATCH_MAX} mã, đã gửi {found}. Chia thành nhiều lần."
                ),
                "too many codes in one call; split it",
            ),
            ApiError::NoBlob => (
                StatusCode::NOT_FOUND,
                "KHONG_CO",
                "Không có tệp này.".to_owned(),
                "no event names this, or it was erased",
            ),
            ApiError::Unavailable(why) => {
                if let Unavailable::Broken(why) = &why {
                    tracing::error!("{why}");
                }
                let vi = "Chưa trả lời được, thử lại sau. Đây không phải là kết luận về sản phẩm.";
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "CHUA_SAN_SANG",
                    vi.to_owned(),
                    "not ready; this is no verdict on the goods",
                )
            }
        };
        let body = json!({ "error": code, "message_vi": vi, "message_en": en });
        (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}

fn misread_words(misread: &Misread) -> (&'static str, &'static str, &'static str) {
    match misread {
        Misread::Short => (
            MISTYPED_CODE,
            MISTYPED,
            "the check character does not fit: mistyped",
        ),
        Misread::Malformed => (
            "MA_SAI_DANG",
            "Mã không đúng dạng.",
            "not a code of ours nor a GS1 Digital Link",
        ),
        Misread::Unsupported => (
            "MA_CHUA_HO_TRO",
            "Chưa hỗ trợ loại mã GS1 này.",
            "this GS1 key or qualifier is not supported",
        ),
    }
}

/// The query of calls about one code.
#[derive(Debug, Deserialize)]
pub struct Asked {
    code: String,
}

/// Bytes under a validator: 304 where the caller has them.
fn validated(
    headers: &HeaderMap,
    etag: &str,
    content_type: &'static str,
    cache: &'static str,
    bytes: &[u8],
) -> Response {
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let is_known = known
        .flat_map(|value| value.split(','))
        .any(|value| value.trim() == etag);
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, cache)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (
        common,
        [(header::CONTENT_TYPE, content_type)],
        bytes.to_vec(),
    )
        .into_response()
}

/// `/bundle?code=<canonical code>`
pub async fn bundle(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(asked) = query.map_err(|_| ApiError::NoCode)?;
    // Only the one canonical spelling, so that caches hold each bundle once.
    let code = PrintedCode::from_canonical(&asked.code)
        .map_err(|_| ApiError::Misread(Misread::Malformed))?;
    let answer = service.answer(&code).await?;
    Ok(validated(
        &headers,
        &answer.etag,
        "application/cbor",
        "no-cache",
        &answer.bundle,
    ))
}

/// `/anchor`: the pinned trust anchor.
pub async fn anchor(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let anchor = &service.config().anchor;
    let etag = format!("W/\"{}\"", anchor.hash());
    validated(
        &headers,
        &etag,
        "text/plain; charset=utf-8",
        "no-cache",
        anchor.text().as_bytes(),
    )
}

/// `/genesis`: leaf 0.
pub async fn genesis(State(service): State<Arc<Service>>) -> Result<Response, ApiError> {
    let bytes = service.genesis().await?;
    Ok((
        [
            (header::CONTENT_TYPE, "application/cbor"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        bytes,
    )
        .into_response())
}

/// `/blob/<hex>`: a picture or public opening that an event in force names.
pub async fn blob(
    State(service): State<Arc<Service>>,
    Path(hex): Path<String>,
) -> Result<Response, ApiError> {
    let hash = read_hash(&hex).ok_or(ApiError::NoBlob)?;
    // A picture is for ever what its hash says; an opening may be erased any day, so nobody may keep it.
    let (content_type, cache, bytes) = match service.blob(hash).await?.ok_or(ApiError::NoBlob)? {
        Blob::Picture(picture) => (
            picture.kind.media_type(),
            "public, max-age=31536000, immutable",
            picture.bytes,
        ),
        Blob::Opening(bytes) => ("application/cbor", "no-store", bytes),
    };
    Ok((
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, cache),
        ],
        bytes,
    )
        .into_response())
}

fn read_hash(text: &str) -> Option<Hash> {
    let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
    let hash = Hash(bytes);
    (hash.to_string() == text).then_some(hash)
}

/// `GET /api/v1/status?code=…`: one code, typed or canonical. Unknown: 404, with the same body as in a batch.
pub async fn status(
    State(service): State<Arc<Service>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(asked) = query.map_err(|_| ApiError::NoCode)?;
    let code = read_code(&asked.code).map_err(ApiError::Misread)?;
    let answer = service.answer(&code).await?;
    let status = if answer.is_known() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    Ok((
        status,
        [(header::CACHE_CONTROL, "no-cache")],
        Json(describe(&service, &asked.code, &answer)),
    )
        .into_response())
}

/// A batch.
#[derive(Debug, Deserialize)]
pub struct Batch {
    codes: Vec<String>,
}

/// What a batch is answered with: one answer for each code, in the order asked.
#[derive(Debug, Serialize)]
struct BatchAnswer {
    answers: Vec<Value>,
}

/// `POST /api/v1/status`: up to [`BATCH_MAX`] codes; an unknown or mistyped one is answered as such, the others as ever.
pub async fn statuses(
    State(service): State<Arc<Service>>,
    batch: Result<Json<Batch>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(batch) = batch.map_err(|_| ApiError::NotABatch)?;
    if batch.codes.len() > BATCH_MAX {
        return Err(ApiError::TooMany(batch.codes.len()));
    }
    let until = Instant::now() + BATCH_TIME_MAX;
    let mut answers = Vec::with_capacity(batch.codes.len());
    for asked in &batch.codes {
        let is_late = Instant::now() >= until;
        answers.push(if is_late {
            not_come_to(asked)
        } else {
            one_of_batch(&service, asked).await?
        });
    }
    Ok((
        [(header::CACHE_CONTROL, "no-store")],
        Json(BatchAnswer { answers }),
    )
        .into_response())
}

fn not_come_to(asked: &str) -> Value {
    json!({
        "asked": asked,
        "error": "CHUA_KIP",
        "message_vi": "Chưa kịp trả lời mã này, hỏi lại.",
        "message_en": "not come to in time; ask again",
    })
}

async fn one_of_batch(service: &Arc<Service>, asked: &str) -> Result<Value, Unavailable> {
    let code = match read_code(asked) {
        Ok(code) => code,
        Err(misread) => {
            let (error, vi, en) = misread_words(&misread);
            return Ok(
                json!({ "asked": asked, "error": error, "message_vi": vi, "message_en": en }),
            );
        }
    };
    match service.answer(&code).await {
        Ok(answer) => Ok(describe(service, asked, &answer)),
        // One code whose family is too large must not hide the others.
        Err(Unavailable::TooLarge) => Ok(
            json!({ "asked": asked, "code": code.canonical(), "status": "unconfirmed", "error": "QUA_LON" }),
        ),
        Err(other) => Err(other),
    }
}

fn read_code(text: &str) -> Result<PrintedCode, Misread> {
    match read_typed(text)? {
        ScanTarget::Code(code) => Ok(code),
        ScanTarget::Product(_) => Err(Misread::Malformed),
    }
}

/// The status of one code as JSON. Words are stable; sentences are for people.
fn describe(service: &Service, asked: &str, answer: &Answer) -> Value {
    let state = answer.verdict.state;
    let (vi, en) = state_words(state);
    let mut body = json!({
        "asked": asked,
        "code": answer.code.canonical(),
        "status": state.word(),
        "status_vi": vi,
        "status_en": en,
        "as_of": answer.as_of().map(|time| time.to_string()),
        "business_date": answer.today.to_string(),
        "sample": answer.is_sample,
    });
    let mut add = |key: &str, value: Value| body[key] = value;
    if !answer.is_known() {
        add("error", json!("KHONG_THAY_LO"));
        add(
            "message_vi",
            json!(format!(
                "Không tìm thấy lô {}. Kiểm tra mã lô hoặc chờ đơn vị giao gửi dữ liệu lên.",
                answer.code.canonical()
            )),
        );
        add("message_en", json!("no lot is bound to this code"));
        return body;
    }
    add(
        "page",
        json!(
            service
                .config()
                .public_url
                .of(&format!("{PAGE_ROOT}{}", answer.code.url_path()))
        ),
    );
    add("notices", notices(answer));
    add(
        "statements",
        answer
            .verdict
            .statements
            .iter()
            .map(|finding| {
                let name = finding.statement.name().to_owned();
                (name, json!(finding.proof.word()))
            })
            .collect(),
    );
    if let Some(lot) = &answer.lot {
        add(
            "lot",
            json!({
                "organisation": lot.id.org.as_str(),
                "number": lot.id.number(),
                "made": lot.made.map(|date| date.to_string()),
                "expires": lot.expires.map(|date| date.to_string()),
            }),
        );
    }
    if let Some(product) = &answer.product {
        let ocop = product.rating.as_ref().map(|rating| {
            json!({
                "stars": rating.stars,
                "valid": rating.is_valid,
                "until": rating.until.map(|date| date.to_string()),
                "decision": rating.decision,
            })
        });
        add(
            "product",
            json!({
                "id": product.id.to_string(),
                "name": product.name,
                "name_en": product.name_en,
                "gtin": product.gtin.map(|gtin| gtin.to_string()),
                "picture": product.picture.map(|hash| service.config().public_url.of(&format!("/blob/{hash}"))),
                "ocop": ocop,
            }),
        );
    }
    if let Some(owner) = &answer.owner {
        add(
            "owner",
            json!({ "id": owner.id.as_str(), "name": org_name(owner), "commune": owner.commune }),
        );
    }
    body
}

fn notices(answer: &Answer) -> Value {
    let notices = answer
        .verdict
        .history
        .iter()
        .flat_map(|history| &history.notices);
    notices
        .map(|notice| json!({ "code": notice.code(), "vi": notice.vi(), "en": notice.en() }))
        .collect()
}

/// `/health`: how the following goes, in words. 503 only while there is nothing verified to show.
pub async fn health(State(service): State<Arc<Service>>) -> Response {
    let report = service.report().await;
    let status = if report.size.is_some() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}
