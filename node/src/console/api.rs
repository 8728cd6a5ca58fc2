//! The console for programs: drafts in, receipts out, as JSON (`docs/api.md`).
//!
//! A batch is never refused whole because of one draft: each has its own answer, in the order of the request.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use ledger_core::form::{Question, Weight};
use ledger_core::ids::OrgId;
use ledger_core::ids::PlaceId;
use ledger_core::sign::Draft;
use serde_json::{Map, Value as Json, json};

use super::asking::{Signer, questions};
use super::book::Nature;
use super::receipt::read_id;
use super::standing::Standing;
use super::{Console, Failure, Shared, harvest};
use crate::draft::{DraftError, Proposal, UniqueJson};
use crate::ledger::{LedgerError, Receipt};

/// Largest request: 500 drafts of 4 KB.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most drafts of one request: what becomes durable with one `fdatasync`.
pub const DRAFTS_MAX: usize = 500;

/// An answer that nothing was done, for programs and for the people who read their logs.
pub fn failure(status: StatusCode, code: &str, field: &str, vi: &str, en: &str) -> Response {
    (
        status,
        axum::Json(json!({ "error": error(code, field, vi, en) })),
    )
        .into_response()
}

fn error(code: &str, field: &str, vi: &str, en: &str) -> Json {
    json!({ "code": code, "message_vi": vi, "message_en": en, "field": field })
}

fn draft_error(e: &DraftError) -> Json {
    json!({ "error": error(e.code, &e.field, &e.message_vi, &e.message_en) })
}

fn ledger_error(e: LedgerError) -> Json {
    let en = e.to_string();
    let failure = Failure(e);
    json!({ "error": error(failure.0.code(), "", &failure.message_vi(), &en) })
}

/// What became of one draft.
fn receipt(receipt: &Receipt) -> Json {
    json!({ "event_id": receipt.event_id.to_string(), "epoch": receipt.epoch, "seq": receipt.seq })
}

fn asked(questions: &[Question]) -> Json {
    let one = |q: &Question| {
        json!({
            "code": q.code,
            "weight": weight(q.weight),
            "can_be_overridden": q.weight.can_be_overridden(),
            "field": q.field,
            "message_vi": q.message_vi,
            "message_en": q.message_en,
            "remedy_vi": q.remedy_vi,
        })
    };
    json!({ "questions": questions.iter().map(one).collect::<Vec<_>>() })
}

fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Refuse => "refuse",
        Weight::Hold => "hold",
        Weight::Warn => "warn",
        Weight::Ask => "ask",
        Weight::AlreadyDone => "already_done",
    }
}

/// A request that could be read.
struct Batch {
    org: OrgId,
    drafts: Vec<Json>,
    ask: bool,
}

/// `POST /api/drafts`.
pub async fn drafts(
    State(console): State<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let batch = match read(&console, &headers, body) {
        Ok(batch) => batch,
        Err((status, error)) => {
            return Ok((status, axum::Json(json!({ "error": error }))).into_response());
        }
    };
    let nature = console.desk().await?.1;
    let mut results = Vec::new();
    let mut proposals = Vec::new();
    for draft in &batch.drafts {
        match Proposal::from_json(draft, nature.sample.is_some()) {
            Ok(proposal) => {
                proposals.push((results.len(), proposal));
                results.push(Json::Null);
            }
            Err(e) => results.push(draft_error(&e)),
        }
    }
    let answers = if batch.ask {
        one_by_one(&console, &batch.org, proposals).await
    } else {
        together(&console, &nature, &batch.org, proposals).await
    };
    for (place, answer) in answers {
        results[place] = answer;
    }
    Ok(axum::Json(json!({ "results": results })).into_response())
}

/// Why a request is refused whole.
type Refused = (StatusCode, Json);

fn wrong(status: StatusCode, field: &str, vi: &str, en: &str) -> Refused {
    (status, error("SAI_DANG", field, vi, en))
}

fn read(
    console: &Console,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Batch, Refused> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return Err(wrong(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "",
            "Gửi với Content-Type: application/json.",
            "send application/json",
        ));
    }
    let too_large = |_| {
        wrong(
            StatusCode::PAYLOAD_TOO_LARGE,
            "",
            "Gửi quá 2 MiB. Chia thành nhiều lần gửi.",
            "the request is larger than 2 MiB",
        )
    };
    let body = body.map_err(too_large)?;
    let UniqueJson(json) = serde_json::from_slice(&body).map_err(|e| {
        wrong(
            StatusCode::BAD_REQUEST,
            "",
            &format!("Không đọc được dữ liệu gửi lên ({e}). Sửa rồi gửi lại."),
            &e.to_string(),
        )
    })?;
    let known = ["org", "drafts", "ask"];
    let request = json.as_object().ok_or_else(|| {
        wrong(
            StatusCode::BAD_REQUEST,
            "",
            "Gửi một nhóm {\"org\", \"drafts\", \"ask\"}.",
            "send an object",
        )
    })?;
    if let Some(key) = request.keys().find(|key| !known.contains(&key.as_str())) {
        let name: String = key.chars().take(64).collect();
        return Err(wrong(
            StatusCode::BAD_REQUEST,
            &name,
            "Mục này không có. Các mục dùng được: org, drafts, ask.",
            "unknown field; known are org, drafts, ask",
        ));
    }
    batch(console, request)
}

fn batch(console: &Console, request: &Map<String, Json>) -> Result<Batch, Refused> {
    let wrong = |field: &str, vi: &str, en: &str| wrong(StatusCode::BAD_REQUEST, field, vi, en);
    let org = request
        .get("org")
        .and_then(Json::as_str)
        .and_then(|org| OrgId::new(org).ok());
    let org = org.ok_or_else(|| {
        wrong(
            "org",
            "Ghi mã đơn vị, ví dụ \"ORG-01\".",
            "\"org\" is an organisation like \"ORG-01\"",
        )
    })?;
    if !console.organisations.contains_key(&org) {
        let none = Failure(LedgerError::NoDevice(org));
        let why = error(
            none.0.code(),
            "org",
            &none.message_vi(),
            &none.0.to_string(),
        );
        return Err((StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let drafts = request
        .get("drafts")
        .and_then(Json::as_array)
        .filter(|drafts| (1..=DRAFTS_MAX).contains(&drafts.len()));
    let drafts = drafts.ok_or_else(|| {
        wrong(
            "drafts",
            "Gửi một danh sách từ 1 đến 500 việc.",
            "\"drafts\" is a list of 1 to 500",
        )
    })?;
    let ask = match request.get("ask") {
        None => true,
        Some(Json::Bool(ask)) => *ask,
        Some(_) => {
            return Err(wrong(
                "ask",
                "Ghi true hoặc false.",
                "\"ask\" is true or false",
            ));
        }
    };
    Ok(Batch {
        org,
        drafts: drafts.clone(),
        ask,
    })
}

/// Each draft is asked about in the light of those before it.
async fn one_by_one(
    console: &Console,
    org: &OrgId,
    proposals: Vec<(usize, Proposal)>,
) -> Vec<(usize, Json)> {
    let mut answers = Vec::new();
    for (place, proposal) in proposals {
        let answer = ask_and_record(console, org, proposal).await;
        answers.push((place, answer.unwrap_or_else(ledger_error)));
    }
    answers
}

async fn ask_and_record(
    console: &Console,
    org: &OrgId,
    mut proposal: Proposal,
) -> Result<Json, LedgerError> {
    let (desk, nature) = console.desk().await?;
    let now = console.now(&nature);
    stamp(&mut proposal, &nature, console);
    let signed = proposal.request.signed.unwrap_or(now);
    let draft = Draft {
        occurred: proposal.request.occurred,
        signed,
        body: proposal.request.body.clone(),
    };
    let today = nature.sample.unwrap_or_else(|| now.date());
    let signer = Signer {
        org: org.clone(),
        device: console.organisations[org],
        now: signed,
        today,
    };
    let found = questions(&console.ledger, &nature, desk.book.waiting(), signer, draft).await?;
    let answered = proposal.override_reason.is_some()
        && found
            .iter()
            .all(|question| question.weight.can_be_overridden());
    if !found.is_empty() && !answered {
        return Ok(asked(&found));
    }
    keep_openings(console, &proposal).await?;
    console
        .ledger
        .record(org.clone(), proposal.request)
        .await
        .map(|made| receipt(&made))
}

/// Without questions the drafts go to the writer one behind the other, and become durable in groups.
async fn together(
    console: &Console,
    nature: &Nature,
    org: &OrgId,
    proposals: Vec<(usize, Proposal)>,
) -> Vec<(usize, Json)> {
    let mut answers = Vec::new();
    let mut ready = Vec::new();
    for (place, mut proposal) in proposals {
        stamp(&mut proposal, nature, console);
        match keep_openings(console, &proposal).await {
            Ok(()) => ready.push((place, proposal.request)),
            Err(e) => answers.push((place, ledger_error(e))),
        }
    }
    // All are polled once in this order, and the writer takes them in the order of their coming. Unconstrained,
    // because tokio would otherwise stop in the middle to be fair, and begin again at the other end.
    let records = ready.into_iter().map(|(place, request)| async move {
        let made = console.ledger.record(org.clone(), request).await;
        (place, made.map_or_else(ledger_error, |made| receipt(&made)))
    });
    let records = stream::iter(records)
        .buffered(DRAFTS_MAX)
        .collect::<Vec<_>>();
    answers.extend(tokio::task::unconstrained(records).await);
    answers
}

/// On a demonstration everything lives on its business date, unless the draft says when it was signed.
fn stamp(proposal: &mut Proposal, nature: &Nature, console: &Console) {
    if nature.sample.is_some() {
        proposal.request.signed.get_or_insert(console.now(nature));
    }
}

/// Openings first: an event whose opening was lost could never be shown in full.
async fn keep_openings(console: &Console, proposal: &Proposal) -> Result<(), LedgerError> {
    for opening in &proposal.openings {
        console.ledger.put_blob(opening.clone(), true).await?;
    }
    Ok(())
}

/// `GET /api/events/{id}`: where an event stands.
pub async fn event(
    State(console): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Some(event) = read_id(&id) else {
        let (vi, en) = (
            "Mã việc gồm 64 chữ số và chữ a–f. Xem lại mã.",
            "an event id has 64 hex digits",
        );
        return Ok(failure(StatusCode::BAD_REQUEST, "SAI_DANG", "id", vi, en));
    };
    let standing = Standing::of(&console.ledger, event).await?;
    let index = console
        .ledger
        .try_read(move |replica| replica.find(&event))
        .await?;
    let status = if standing == Standing::Unknown {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    let answer = json!({
        "event_id": event.to_string(),
        "status": standing.code(),
        "index": index.map(|index| index.0),
        "final": standing.is_final(),
        "status_vi": standing.words(),
        "message_vi": standing.message(),
        "sign": standing.sign(),
        "style": standing.style(),
    });
    Ok((status, axum::Json(answer)).into_response())
}

/// Which lot number the form asks for.
#[derive(serde::Deserialize)]
#[serde(default, rename_all = "kebab-case")]
#[derive(Default)]
pub struct Picked {
    don_vi: String,
    vuon: String,
    ngay: String,
}

/// `GET /api/so-lo`: a free lot number for a place and a day.
pub async fn lot_number(
    State(console): State<Shared>,
    Query(picked): Query<Picked>,
) -> Result<Response, Failure> {
    let (desk, _) = console.desk().await?;
    let place = console
        .organisation(&picked.don_vi)
        .and_then(|org| PlaceId::new(org, &picked.vuon).ok());
    let ground = place.and_then(|place| desk.book.ground_of(&place));
    let Some((ground, date)) = ground.zip(harvest::read_date(&picked.ngay)) else {
        let (vi, en) = ("Chưa rõ nơi nào hoặc ngày nào.", "unknown place or day");
        return Ok(failure(StatusCode::NOT_FOUND, "KHONG_THAY", "", vi, en));
    };
    let number = harvest::suggest(&desk.book, &ground, date);
    Ok(axum::Json(json!({ "so_lo": number })).into_response())
}
