//! The feed: everything public of a node over plain HTTP, for phones, qr-service, mirrors and auditors.
//!
//! Scope: checkpoints, tiles and entries as C2SP lays them out, anchor, genesis, blobs, health, and the door for
//! signed events (`POST /events`). Out of scope: everything that needs a right (the console has that).
//!
//! Nothing here is believed by a reader before it has checked the signatures, so nothing here is secret, and a
//! cache or CDN in front may keep whatever the headers allow. Handlers parse, ask the ledger, and render.

pub(crate) mod advice;
mod events;
mod governance;
mod metrics;
mod problem;
mod status;
mod witness;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use ledger_core::add_checkpoint::MAX_ADD_CHECKPOINT_BYTES;
use ledger_core::anchor::Anchor;
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::sign::ENVELOPE_MAX_BYTES;
use ledger_core::tile::{Bundle, Tile, TilePath, TileWidth, encode_bundle};

use crate::blobs::Lookup;
use crate::folder::Folder;
use crate::ledger::{Health, LedgerError, LedgerHandle};
use crate::net::PeerStatus;
use problem::Problem;
use tokio::sync::watch;
pub use witness::SharedWitness;

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

/// What the feed serves.
#[derive(Clone)]
pub struct Feed {
    ledger: LedgerHandle,
    genesis: Bytes,
    anchor: Arc<Anchor>,
    name: Arc<str>,
    sequencer: bool,
    witness: Option<SharedWitness>,
    folder: Option<Folder>,
    peers: Option<watch::Receiver<Vec<PeerStatus>>>,
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
            witness: None,
            folder: None,
            peers: None,
        }
    }

    /// The same for a node that also witnesses logs of others.
    pub fn witnessing(self, witness: Option<SharedWitness>) -> Feed {
        Feed { witness, ..self }
    }

    /// The same with what monitoring wants to know of a running node: its disk and its peers.
    pub fn monitored(self, folder: Folder, peers: watch::Receiver<Vec<PeerStatus>>) -> Feed {
        Feed {
            folder: Some(folder),
            peers: Some(peers),
            ..self
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
            .route("/events", post(events::submit).options(events::preflight))
            .route("/events/{id}", get(events::event))
            .route(
                "/add-checkpoint",
                post(witness::add_checkpoint)
                    .layer(DefaultBodyLimit::max(MAX_ADD_CHECKPOINT_BYTES)),
            )
            .layer(from_fn_with_state(self.clone(), serve_only_what_is_whole))
            .route("/health", get(status::health))
            .route("/status.json", get(status::status))
            .route("/metrics", get(metrics::metrics))
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
        Health::Serving | Health::Learning(_) | Health::Halted(_) => None,
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
    match feed.ledger.give_blob(hash, None).await? {
        // A day's cache would outlive an erasure by a day.
        Lookup::Here(blob) => Ok(file(blob.media_type(), FOR_AN_HOUR, blob.into_bytes())),
        Lookup::Erased => {
            let (vi, en) = (
                "Tệp này đã được xóa theo yêu cầu.",
                "this blob was erased on request",
            );
            Err(Problem::new(StatusCode::GONE, "DA_XOA", vi, en))
        }
        Lookup::Unknown => Err(Problem::not_there(
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

#[cfg(test)]
mod tests;
