//! The same thing told twice: a retry after a lost connection, or two people for one deed.

use super::{Case, Question, Weight, lower_first};
use crate::body::Body;
use crate::family::Fact;
use crate::kind::{Kind, Who};
use crate::quantity::{Quantity, SCALE_MAX};

/// The fact under which an entry names the role of whoever made it; never a person.
const ROLE_FACT: &str = "vai trò";

/// The same deed at the same time by the same device (N-16).
pub(super) fn is_recorded(case: &Case<'_>) -> Vec<Question> {
    let draft = case.draft;
    let alike = likeness(&draft.body);
    let same = |fact: &&Fact<'_>| {
        let event = fact.event;
        event.device() == case.known.device
            && event.occurred() == draft.occurred
            && event.body().kind == draft.body.kind
            && likeness(event.body()) == alike
    };
    let question = case.facts().iter().find(same).map(|fact| {
        let (clock, day) = (
            fact.event.signed().clock(),
            fact.event.signed().date().vietnamese(),
        );
        Question {
            code: "DA_GHI_ROI",
            weight: Weight::AlreadyDone,
            field: "",
            message_vi: format!(
                "Mục này đã được ghi lúc {clock} ngày {day}, không ghi thêm lần nữa."
            ),
            message_en: format!("This was recorded at {clock} on {day} and is not recorded again."),
            remedy_vi: "Không cần làm gì",
        }
    });
    question.into_iter().collect()
}

/// The same work on the same day by another device of the organisation (N-17).
pub(super) fn is_alike(case: &Case<'_>) -> Vec<Question> {
    let draft = case.draft;
    if !is_work(draft.body.kind) {
        return Vec::new();
    }
    let alike = likeness(&draft.body);
    let probable = |fact: &&Fact<'_>| {
        let event = fact.event;
        event.iss() == case.iss
            && event.device() != case.known.device
            && event.occurred().date() == draft.occurred.date()
            && event.body().kind == draft.body.kind
            && likeness(event.body()) == alike
    };
    let question = case
        .facts()
        .iter()
        .find(probable)
        .map(|fact| doubt(draft.body.kind, fact));
    question.into_iter().collect()
}

fn doubt(kind: Kind, earlier: &Fact<'_>) -> Question {
    let facts = earlier.event.body().facts.as_ref();
    let role = facts
        .and_then(|facts| facts.0.get(ROLE_FACT))
        .map(|role| lower_first(role));
    let who = role.unwrap_or_else(|| "máy khác của đơn vị".to_owned());
    let again = if kind == Kind::Harvest { "hái " } else { "" };
    let row = kind.row();
    let (vi, en) = (lower_first(row.vi), lower_first(row.en));
    Question {
        code: "CO_THE_TRUNG",
        weight: Weight::Warn,
        field: "",
        message_vi: format!(
            "Đã có một mục {vi} giống vậy do {who} ghi. Đây có phải là lần {again}khác không?"
        ),
        message_en: format!(
            "Another device of your organisation recorded such a {en} already. Is this another time?"
        ),
        remedy_vi: "Chọn \"Cùng một lần\" hoặc \"Lần khác\"",
    }
}

/// Daily work, which two people may tell. Readings, results and registrations come as they come.
fn is_work(kind: Kind) -> bool {
    let who = kind.row().who;
    matches!(who, Who::Producer | Who::Maker | Who::Trader | Who::Carrier) && kind != Kind::Sensor
}

/// What makes two entries the same: everything but how it was entered, the numbers given to new lots, and words beside
/// it. (Committed words carry fresh salt and never repeat.) Readings and reports are their words, so these stay.
fn likeness(body: &Body) -> Body {
    let mut alike = body.clone();
    (alike.entry, alike.sealed, alike.reason) = (None, None, None);
    if !matches!(body.kind, Kind::Sensor | Kind::Report) {
        alike.facts = None;
    }
    for output in alike.outputs.iter_mut().flatten() {
        output.no.clear();
        output.qty = plain(output.qty);
    }
    for used in alike.inputs.iter_mut().chain(&mut alike.lots).flatten() {
        used.qty = used.qty.map(plain);
    }
    alike.qty = alike.qty.map(plain);
    alike
}

/// An amount in one spelling: 1850 is 1850.0.
fn plain(qty: Quantity) -> Quantity {
    let micros = u64::try_from(qty.micros()).ok();
    let spelled = micros.and_then(|n| Quantity::new(n, SCALE_MAX, qty.unit()).ok());
    spelled.unwrap_or(qty)
}
