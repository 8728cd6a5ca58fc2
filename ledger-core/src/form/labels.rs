//! Labels: a printed code leads to one lot, for good (`docs/rules.md`, "Codes": the first binding stands),
//! and a lot has no more labels than units (`docs/rules.md`, "Labels").

use std::collections::BTreeMap;

use super::{Case, Question, Weight};
use crate::body::Body;
use crate::code::PrintedCode;
use crate::family::{Fact, resolve};
use crate::ids::LotId;
use crate::kind::Kind;
use crate::lot::{counted_labels, units};
use crate::mass::exceeds;
use crate::notice::Notice;

/// Codes that lead to another lot already, or that the organisation itself bound to another one (N-24).
///
/// A binding of somebody else that never took effect does not count, or anybody could block anybody's labels.
pub(super) fn are_used(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let Some(lot) = body.lot.as_ref().filter(|_| body.kind == Kind::Bind) else {
        return Vec::new();
    };
    let mut used: BTreeMap<LotId, u64> = BTreeMap::new();
    for code in body.codes.iter().flatten() {
        if let Some(other) = bound_lot(case, code).filter(|other| other != lot) {
            *used.entry(other).or_default() += 1;
        }
    }
    used.iter()
        .map(|(other, codes)| question(case, other, *codes))
        .collect()
}

fn bound_lot(case: &Case<'_>, code: &PrintedCode) -> Option<LotId> {
    let own = || {
        let binds = |fact: &&Fact<'_>| {
            let codes = fact.event.body().codes.iter().flatten();
            fact.event.iss() == case.iss && codes.into_iter().any(|bound| bound == code)
        };
        case.facts().iter().find(binds)?.event.body().lot.clone()
    };
    resolve(code, case.facts(), &case.creations).or_else(own)
}

/// One code stands on every label of a lot, so the labels are counted where they were told, otherwise the codes.
fn question(case: &Case<'_>, lot: &LotId, codes: u64) -> Question {
    let labellings = case
        .facts()
        .iter()
        .map(|fact| fact.event.body())
        .filter(|body| body.kind == Kind::Label);
    let of_lot = labellings.filter(|body| body.lots.iter().flatten().any(|used| used.lot == *lot));
    let labels = of_lot
        .filter_map(|body| body.count)
        .fold(0, u64::saturating_add);
    let (count, no) = (grouped(labels.max(codes)), lot.number());
    Question {
        code: "TEM_DA_DUNG",
        weight: Weight::Refuse,
        field: "codes",
        message_vi: format!("{count} tem này đã dùng cho lô {no}. Lấy cuộn tem khác."),
        message_en: format!("These {count} labels are in use for lot {no}. Take another roll."),
        remedy_vi: "Dùng tem mới",
    }
}

/// More labels than the lot has units, with those it has already.
pub(super) fn are_too_many(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let [used] = body.lots.as_deref().unwrap_or_default() else {
        return Vec::new();
    };
    let corrections = case.creations.corrections();
    let creation = case.creations.get(&used.lot);
    let units = creation.and_then(|creation| units(corrections, creation));
    let Some(units) = units.filter(|_| body.kind == Kind::Label) else {
        return Vec::new();
    };
    let more = [(body.count, body.serials)];
    let labels = counted_labels(case.facts(), corrections, &used.lot, &more);
    if !exceeds(labels * 1_000_000, units) {
        return Vec::new();
    }
    let whole = |count: u128| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    let (labels, units, no) = (whole(labels), whole(units / 1_000_000), used.lot.number());
    vec![Question {
        code: Notice::TooManyLabels.code(),
        weight: Weight::Warn,
        field: if body.serials.is_some() {
            "serials"
        } else {
            "count"
        },
        message_vi: format!(
            "Lô {no} có {units} đơn vị mà ghi {labels} tem. Kiểm tra lại số tem, nếu đúng thì ghi lý do."
        ),
        message_en: format!(
            "Lot {no} has {units} units and would have {labels} labels. Check the number; if it is right, say why."
        ),
        remedy_vi: "Sửa số tem hoặc ghi lý do",
    }]
}

/// A count as people here write it: `1.498`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

/// Whether an event binds one of the codes that a draft binds.
pub(super) fn shares_code(fact: &Fact<'_>, body: &Body) -> bool {
    let codes = || body.codes.iter().flatten();
    fact.event
        .body()
        .codes
        .iter()
        .flatten()
        .any(|bound| codes().any(|code| code == bound))
}
