//! The feed: everything public of a node over plain HTTP, for phones, qr-service, mirrors and auditors.
//!
//! Scope: checkpoints, tiles and entries as C2SP lays them out, anchor, genesis, blobs, health, and the door for
//! signed events (`POST /events`). Out of scope: everything that needs a right (the console has that).
//!
//! Nothing here is believed by a reader before it has checked the signatures, so nothing here is secret, and a
//! cache or CDN in front may keep whatever the headers allow. Handlers parse, ask the ledger, and render.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use ledger_core::anchor::Anchor;
use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::sign::{ENVELOPE_MAX_BYTES, event_id};
use ledger_core::tile::{Bundle, Tile, TilePath, TileWidth, encode_bundle};
use serde::Serialize;

use crate::blobs::Lookup;
use crate::files::FileError;
use crate::ledger::{EventStatus, Health, LedgerError, LedgerHandle, Submitted};

/// What never changes may be kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// A partial tile never changes either, but nobody asks for it again once the full one is there.
const FOR_AN_HOUR: &str = "public, max-age=3600";
/// What people compare, and what an operator may replace.
const FOR_MINUTES: &str = "public, max-age=300";
/// The cosigned head moves every few seconds at most; a second's age spares a busy node.
const FOR_A_SECOND: &str = "public, max-age=1";
/// The newest head and answers about events.
const NEVER: &str = "no-store";
/// Media type of an envelope (RFC 9052 section 2, with the cose-type left out as it is always COSE_Sign1).
const COSE: &str = "application/cose";

/// What the feed serves.
#[derive(Clone)]
pub struct Feed {
    ledger: LedgerHandle,
    genesis: Bytes,
    anchor: Arc<Anchor>,
    name: Arc<str>,
    sequencer: bool,
}

impl Feed {
    /// The feed of a node.
    pub fn new(
        ledger: LedgerHandle,
        genesis: Vec<u8>,
        anchor: Anchor,
        name: &str,
        sequencer: bool,
    ) -> Feed {
        Feed {
            ledger,
            genesis: genesis.into(),
            anchor: Arc::new(anchor),
            name: name.into(),
            sequencer,
        }
    }

    /// The whole public surface on one screen.
    pub fn router(self) -> Router {
        Router::new()
            .route("/checkpoint", get(checkpoint))
            .route("/checkpoint.cosigned", get(cosigned))
            .route("/tile/{*path}", get(tile))
            .route("/genesis", get(genesis))
            .route("/anchor", get(anchor))
            .route("/blob/{hash}", get(blob))
            .route("/events", post(submit).options(preflight))
            .route("/events/{id}", get(event))
            .layer(from_fn_with_state(self.clone(), serve_only_what_is_whole))
            .route("/health", get(health))
            .route("/status.json", get(status))
            .layer(DefaultBodyLimit::max(ENVELOPE_MAX_BYTES))
            .layer(from_fn(headers))
            .with_state(self)
    }
}

/// A node whose disk does not hold what was written serves nothing but that.
async fn serve_only_what_is_whole(
    State(feed): State<Feed>,
    request: Request,
    next: Next,
) -> Response {
    let tampered = match &*feed.ledger.health().borrow() {
        Health::Tampered(trouble) => Some(trouble.clone()),
        Health::Serving | Health::Halted(_) => None,
    };
    match tampered {
        Some(trouble) => Problem::of(&LedgerError::Stopped(trouble)).into_response(),
        None => next.run(request).await,
    }
}

/// Headers of every answer: readable from any page, never a page itself.
async fn headers(request: Request, next: Next) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in ALWAYS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(NEVER));
    response
}

/// What went wrong, for machines and people.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(skip)]
    status: StatusCode,
    code: String,
    message_vi: String,
    message_en: String,
}

impl Problem {
    fn new(status: StatusCode, code: &str, vi: &str, en: &str) -> Problem {
        Problem {
            status,
            code: code.into(),
            message_vi: vi.into(),
            message_en: en.into(),
        }
    }

    fn not_there(vi: &str, en: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "KHONG_CO", vi, en)
    }

    fn of(error: &LedgerError) -> Problem {
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

fn file(content_type: &'static str, cache: &'static str, bytes: impl Into<Bytes>) -> Response {
    (
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, cache),
        ],
        bytes.into(),
    )
        .into_response()
}

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

async fn checkpoint(State(feed): State<Feed>) -> Result<Response, Problem> {
    let head = feed.ledger.heads().borrow().checkpoint.clone();
    let missing = || {
        Problem::not_there(
            "Nút chưa có bản chốt nào.",
            "this node has no checkpoint yet",
        )
    };
    head.map(|text| file(TEXT, NEVER, text)).ok_or_else(missing)
}

async fn cosigned(State(feed): State<Feed>) -> Result<Response, Problem> {
    let head = feed.ledger.heads().borrow().cosigned.clone();
    let missing = || {
        Problem::not_there(
            "Chưa có bản chốt nào đủ đơn vị xác nhận.",
            "no checkpoint has its quorum of cosignatures yet",
        )
    };
    head.map(|text| file(TEXT, FOR_A_SECOND, text))
        .ok_or_else(missing)
}

async fn tile(State(feed): State<Feed>, Path(path): Path<String>) -> Result<Response, Problem> {
    let malformed = |_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "SAI_DANG",
            "Đường dẫn không đúng dạng.",
            "not the path of a C2SP tile",
        )
    };
    let path: TilePath = format!("tile/{path}").parse().map_err(malformed)?;
    let size = feed.ledger.heads().borrow().size;
    match path {
        TilePath::Hashes(tile) => hashes(&feed, tile, size).await,
        TilePath::Entries(bundle) => entries(&feed, bundle, size).await,
    }
}

fn beyond() -> Problem {
    Problem::not_there("Sổ chưa có tới đó.", "the log has no such tile yet")
}

fn tile_cache(width: TileWidth) -> &'static str {
    if width.is_full() {
        FOR_EVER
    } else {
        FOR_AN_HOUR
    }
}

async fn hashes(feed: &Feed, tile: Tile, size: TreeSize) -> Result<Response, Problem> {
    let filled = Tile::in_tree(tile.level(), tile.index(), size);
    if filled.is_none_or(|filled| filled.width().items() < tile.width().items()) {
        return Err(beyond());
    }
    let bytes = feed
        .ledger
        .try_read(move |replica| tile.bytes(replica.tree()))
        .await?;
    Ok(file(
        BYTES,
        tile_cache(tile.width()),
        bytes.map_err(|_| beyond())?,
    ))
}

async fn entries(feed: &Feed, bundle: Bundle, size: TreeSize) -> Result<Response, Problem> {
    let filled = Bundle::in_tree(bundle.index(), size);
    let first = bundle.first_leaf().ok_or_else(beyond)?;
    if filled.is_none_or(|filled| filled.width().items() < bundle.width().items()) {
        return Err(beyond());
    }
    let places = (first.0..first.0 + bundle.width().items() as u64)
        .map(LeafIndex)
        .collect();
    let entries = feed.ledger.events(places).await?;
    let bytes = encode_bundle(&entries).map_err(|_| beyond())?;
    Ok(file(BYTES, tile_cache(bundle.width()), bytes))
}

async fn genesis(State(feed): State<Feed>) -> Response {
    file("application/cbor", FOR_EVER, feed.genesis.clone())
}

async fn anchor(State(feed): State<Feed>) -> Response {
    file(TEXT, FOR_MINUTES, feed.anchor.text().to_owned())
}

async fn blob(State(feed): State<Feed>, Path(hash): Path<String>) -> Result<Response, Problem> {
    let malformed = || {
        let (vi, en) = (
            "Mã tệp gồm 64 chữ số hệ 16, chữ thường.",
            "a blob is named by 64 lower-case hex digits",
        );
        Problem::new(StatusCode::BAD_REQUEST, "SAI_DANG", vi, en)
    };
    let hash = parse_hash(&hash).ok_or_else(malformed)?;
    match feed.ledger.lookup_blob(hash).await? {
        // A day's cache would outlive an erasure by a day.
        Lookup::Here(blob) if blob.is_public() => {
            Ok(file(blob.media_type(), FOR_AN_HOUR, blob.into_bytes()))
        }
        Lookup::Erased => {
            let (vi, en) = (
                "Tệp này đã được xóa theo yêu cầu.",
                "this blob was erased on request",
            );
            Err(Problem::new(StatusCode::GONE, "DA_XOA", vi, en))
        }
        // Who may not have an opening does not learn that it is here.
        Lookup::Here(_) | Lookup::Unknown => Err(Problem::not_there(
            "Nút không có tệp này.",
            "this node has no such blob",
        )),
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    let lower = text
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let bytes = hex::decode(text).ok()?.try_into().ok()?;
    lower.then_some(Hash(bytes))
}

async fn preflight() -> Response {
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

async fn submit(
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
async fn event(State(feed): State<Feed>, Path(id): Path<String>) -> Result<Response, Problem> {
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

/// How a node is, for `node status` and for monitoring.
#[derive(Debug, Serialize)]
struct Status {
    name: String,
    role: &'static str,
    ledger: String,
    anchor_sha256: String,
    size: u64,
    cosigned_size: u64,
    cosigned_at: Option<u64>,
    max_age_seconds: u64,
    pending: usize,
    health: &'static str,
    code: Option<String>,
    message_vi: String,
    message_en: String,
}

async fn read_status(feed: &Feed) -> (StatusCode, Status) {
    let heads = feed.ledger.heads().borrow().clone();
    let now_health = feed.ledger.health().borrow().clone();
    let pending = feed
        .ledger
        .pending()
        .await
        .map_or(0, |pending| pending.len());
    let note = heads
        .cosigned
        .as_ref()
        .and_then(|text| ledger_core::note::Note::parse(text.as_bytes()).ok());
    let times = note.and_then(|note| feed.anchor.policy().evaluate(&note).ok()?.quorum().times());
    let (status, health, code, vi, en) = match now_health {
        Health::Serving => (
            StatusCode::OK,
            "serving",
            None,
            "Nút đang chạy bình thường.".to_owned(),
            "the node is well, as far as it can tell".to_owned(),
        ),
        Health::Halted(t) => (
            StatusCode::OK,
            "halted",
            Some(t.code.to_owned()),
            t.message_vi,
            t.message_en,
        ),
        Health::Tampered(t) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "tampered",
            Some(t.code.to_owned()),
            t.message_vi,
            t.message_en,
        ),
    };
    let status_of = Status {
        name: feed.name.to_string(),
        role: if feed.sequencer {
            "sequencer"
        } else {
            "member"
        },
        ledger: feed.anchor.ledger().to_string(),
        anchor_sha256: feed.anchor.hash().to_string(),
        size: heads.size.0,
        cosigned_size: heads.cosigned_size.0,
        cosigned_at: times.map(|times| times.renewed.seconds()),
        max_age_seconds: feed.anchor.max_age_seconds(),
        pending,
        health,
        code,
        message_vi: vi,
        message_en: en,
    };
    (status, status_of)
}

async fn status(State(feed): State<Feed>) -> Response {
    let (status, body) = read_status(&feed).await;
    (status, Json(body)).into_response()
}

async fn health(State(feed): State<Feed>, method: Method) -> Response {
    let (status, s) = read_status(&feed).await;
    let text = format!(
        "{}\n({})\n\n{}\nSổ {}\nMục đã ghi: {}, đã được xác nhận: {}, đang chờ vào sổ: {}\n",
        s.message_vi, s.message_en, s.name, s.ledger, s.size, s.cosigned_size, s.pending
    );
    let body = if method == Method::HEAD {
        String::new()
    } else {
        text
    };
    (status, [(header::CONTENT_TYPE, TEXT)], body).into_response()
}

#[cfg(test)]
mod tests;
