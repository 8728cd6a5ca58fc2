//! How the node is: in words for people, as JSON for `node status` and for monitoring.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use http::header;
use http::{Method, StatusCode};
use ledger_core::note::Note;
use serde::Serialize;

use super::advice::{Facts, advise};
use super::governance::Governance;
use super::{Feed, TEXT};
use crate::ledger::Health;
use crate::net::PeerStatus;

/// How a node is, for `node status` and for monitoring.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    name: String,
    role: &'static str,
    ledger: String,
    anchor_sha256: String,
    pub(super) size: u64,
    pub(super) cosigned_size: u64,
    pub(super) cosigned_at: Option<u64>,
    pub(super) head_age_seconds: Option<u64>,
    pub(super) max_age_seconds: u64,
    /// As a validator.
    pub(super) last_cosigned_size: Option<u64>,
    pub(super) pending: usize,
    pub(super) peers: Option<usize>,
    pub(super) peers_ahead: Option<usize>,
    pub(super) disk_free_bytes: Option<u64>,
    pub(super) health: &'static str,
    code: Option<String>,
    message_vi: String,
    message_en: String,
    advice_vi: String,
    advice_en: String,
    governance: Governance,
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Room for an unprivileged user on the disk of a path.
fn room(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

pub(super) async fn read_status(feed: &Feed) -> (StatusCode, Status) {
    let heads = feed.ledger.heads().borrow().clone();
    let now_health = feed.ledger.health().borrow().clone();
    let pending = feed.ledger.pending_len().await.unwrap_or(0);
    let governance = feed
        .ledger
        .try_read(|replica| Governance::of(replica.roster()));
    // A node that serves nothing says so above all.
    let governance = governance.await.unwrap_or_default();
    let note = heads
        .cosigned
        .as_ref()
        .and_then(|text| Note::parse(text.as_bytes()).ok());
    let times = note.and_then(|note| feed.anchor.policy().evaluate(&note).ok()?.quorum().times());
    let (status, health, code, vi, en) = match now_health {
        Health::Serving => (
            StatusCode::OK,
            "serving",
            None,
            "Nút đang chạy bình thường.".to_owned(),
            "the node is well, as far as it can tell".to_owned(),
        ),
        Health::Learning(t) => (
            StatusCode::OK,
            "learning",
            Some(t.code.to_owned()),
            t.message_vi,
            t.message_en,
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
    let cosigned_at = times.map(|times| times.renewed.seconds());
    let head_age_seconds = cosigned_at.map(|at| now().saturating_sub(at));
    let peers = feed.peers.as_ref().map(|peers| peers.borrow().clone());
    let ahead =
        |peers: &Vec<PeerStatus>| peers.iter().filter(|peer| peer.size > heads.size).count();
    let disk_free_bytes = feed.folder.as_ref().and_then(|folder| room(folder.root()));
    let (advice_vi, advice_en) = advise(&Facts {
        health,
        pending,
        unwitnessed: heads.size > heads.cosigned_size,
        age: head_age_seconds,
        max_age: feed.anchor.max_age_seconds(),
        peers: peers.as_ref().map(Vec::len),
        sequencer: feed.sequencer,
        room: disk_free_bytes,
    });
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
        cosigned_at,
        head_age_seconds,
        last_cosigned_size: heads.cosignature.as_ref().map(|(size, _)| size.0),
        peers: peers.as_ref().map(Vec::len),
        peers_ahead: peers.as_ref().map(ahead),
        disk_free_bytes,
        max_age_seconds: feed.anchor.max_age_seconds(),
        pending,
        health,
        code,
        message_vi: vi,
        message_en: en,
        advice_vi,
        advice_en,
        governance,
    };
    (status, status_of)
}

pub(super) async fn status(State(feed): State<Feed>) -> Response {
    let (status, body) = read_status(&feed).await;
    (status, Json(body)).into_response()
}

pub(super) async fn health(State(feed): State<Feed>, method: Method) -> Response {
    let (status, s) = read_status(&feed).await;
    let text = format!(
        "{}\n({})\nCần làm: {}\n(what to do: {})\n\n{}\nSổ {}\nMục đã ghi: {}, đã được xác nhận: {}, đang chờ vào sổ: {}\n",
        s.message_vi,
        s.message_en,
        s.advice_vi,
        s.advice_en,
        s.name,
        s.ledger,
        s.size,
        s.cosigned_size,
        s.pending
    );
    let body = if method == Method::HEAD {
        String::new()
    } else {
        text
    };
    (status, [(header::CONTENT_TYPE, TEXT)], body).into_response()
}
