//! How the node is: in words for people, as JSON for `node status` and for monitoring.

use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use http::header;
use http::{Method, StatusCode};
use serde::Serialize;

use super::governance::Governance;
use super::{Feed, TEXT};
use crate::ledger::Health;

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
    governance: Governance,
}

async fn read_status(feed: &Feed) -> (StatusCode, Status) {
    let heads = feed.ledger.heads().borrow().clone();
    let now_health = feed.ledger.health().borrow().clone();
    let pending = feed
        .ledger
        .pending()
        .await
        .map_or(0, |pending| pending.len());
    let governance = feed
        .ledger
        .try_read(|replica| Governance::of(replica.roster()));
    // A node that serves nothing says so above all.
    let governance = governance.await.unwrap_or_default();
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
