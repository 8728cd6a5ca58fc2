//! Lots: unknown, taken, used up, not to be listed (`docs/rules.md`, "Mass" and "Holds").

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Question, Weight, amount};
use crate::family::Creation;
use crate::ids::{LeafIndex, LotId};
use crate::kind::Kind;
use crate::mass::{exceeds, gone, is_way_out};
use crate::quantity::{Quantity, Unit};
use crate::subject::lots_made;
use crate::time::{Timestamp, VIETNAM_OFFSET_MINUTES};

/// A lot that no event creates yet. Goods can be received, carried and stored before the giver's own entry arrives
/// (story S03), so that only warns; using them up or offering them waits for it (N-08).
pub(super) fn is_unknown(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let made: BTreeSet<LotId> = lots_made(body, case.iss).collect();
    let waits = |kind| matches!(kind, Kind::Receive | Kind::Bind);
    let (inputs, lots) = (body.inputs.iter().flatten(), body.lots.iter().flatten());
    let inputs = inputs.map(|used| ("inputs", &used.lot, !waits(body.kind)));
    let lots = lots.map(|used| ("lots", &used.lot, body.kind == Kind::List));
    let bound = body.lot.iter().map(|lot| ("lot", lot, false));
    let unknown = inputs.chain(lots).chain(bound);
    let unknown =
        unknown.filter(|(_, lot, _)| case.creations.get(lot).is_none() && !made.contains(lot));
    unknown
        .map(|(field, lot, refuses)| unknown_lot(case, field, lot, refuses))
        .collect()
}

fn unknown_lot(case: &Case<'_>, field: &'static str, lot: &LotId, refuses: bool) -> Question {
    let no = lot.number();
    Question {
        code: "KHONG_THAY_LO",
        weight: if refuses {
            Weight::Refuse
        } else {
            Weight::Warn
        },
        field,
        message_vi: format!(
            "Không tìm thấy lô {no}. Kiểm tra mã lô hoặc chờ đơn vị giao gửi dữ liệu lên."
        ),
        message_en: format!(
            "Lot {no} is not found. Check its number, or wait until its giver has sent the data."
        ),
        remedy_vi: if lot.org == *case.iss {
            "Kiểm tra mã"
        } else {
            "Chờ đơn vị giao gửi dữ liệu lên"
        },
    }
}

/// A lot number that the organisation used before: a second creation would put the lot on hold.
pub(super) fn is_taken(case: &Case<'_>) -> Vec<Question> {
    let mut seen = BTreeSet::new();
    let taken = lots_made(case.body(), case.iss)
        .find(|lot| case.creations.get(lot).is_some() || !seen.insert(lot.clone()));
    let question = taken.map(|lot| Question {
        code: "SO_LO_DA_CO",
        weight: Weight::Refuse,
        field: "outputs",
        message_vi: format!("Số lô {} đã dùng rồi. Chọn số lô khác.", lot.number()),
        message_en: format!("Lot number {} is in use. Choose another one.", lot.number()),
        remedy_vi: "Chọn số lô khác",
    });
    question.into_iter().collect()
}

/// More than is left of a source lot, beyond what scales differ by (N-07).
pub(super) fn is_not_enough(case: &Case<'_>) -> Vec<Question> {
    let mut wanted: BTreeMap<&LotId, Vec<Quantity>> = BTreeMap::new();
    let body = case.body();
    let out = body.lots.iter().filter(|_| is_way_out(body.kind));
    for used in body.inputs.iter().chain(out).flatten() {
        wanted.entry(&used.lot).or_default().extend(used.qty);
    }
    let named = if wanted.len() > 1 { "" } else { "nguồn" };
    let short = wanted
        .iter()
        .filter_map(|(lot, amounts)| shortage(case, lot, amounts));
    short
        .map(|shortage| not_enough(case, &shortage, named))
        .collect()
}

/// Less is left of a lot than is wanted; in millionths of the unit.
struct Shortage {
    lot: String,
    unit: Unit,
    left: u128,
    wanted: u128,
}

fn shortage(case: &Case<'_>, lot: &LotId, wanted: &[Quantity]) -> Option<Shortage> {
    let creation = case.creations.get(lot)?;
    let unit = wanted.first()?.unit();
    let count = |qty: &Quantity| in_unit(creation, *qty, unit);
    let wanted = wanted.iter().map(count).sum::<Option<u128>>()?;
    let corrections = case.creations.corrections();
    let whole = count(&corrections.quantity(creation))?;
    // An amount that was not weighed proves nothing.
    let facts = case.facts().iter();
    let gone = facts.flat_map(|fact| gone(corrections, fact));
    let gone = gone.filter(|(taken, _)| *taken == lot);
    let gone: u128 = gone.filter_map(|(_, qty)| count(&qty?)).sum();
    exceeds(gone + wanted, whole).then(|| Shortage {
        lot: lot.number().to_owned(),
        unit,
        left: whole.saturating_sub(gone),
        wanted,
    })
}

fn not_enough(case: &Case<'_>, shortage: &Shortage, named: &str) -> Question {
    let Shortage { lot, unit, .. } = shortage;
    let (left, wanted) = (amount(shortage.left, *unit), amount(shortage.wanted, *unit));
    let named = if named.is_empty() { lot } else { named };
    Question {
        code: "VUOT_KHOI_LUONG",
        weight: Weight::Refuse,
        field: if case.body().inputs.is_some() {
            "inputs"
        } else {
            "lots"
        },
        message_vi: format!("Lô {named} chỉ còn {left}, không đủ {wanted}."),
        message_en: format!("Lot {lot} has only {left} left, not {wanted}."),
        remedy_vi: "Sửa khối lượng",
    }
}

/// A quantity of a lot in another unit, by the content of one of its packages; in millionths.
fn in_unit(creation: &Creation<'_>, qty: Quantity, unit: Unit) -> Option<u128> {
    if qty.unit() == unit {
        return Some(qty.micros());
    }
    let (package, net) = (creation.output.qty.unit(), creation.output.net?);
    if qty.unit() == package && net.unit() == unit {
        return Some(qty.micros() * net.micros() / 1_000_000);
    }
    let counted = qty.unit() == net.unit() && unit == package && net.micros() > 0;
    counted.then(|| qty.micros() * 1_000_000 / net.micros())
}

/// A step that gives more than it takes: salt, water or sugar was added and not said (N-07).
pub(super) fn is_more_than_went_in(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let inputs = body.inputs.iter().flatten().map(|used| {
        let net = case
            .creations
            .get(&used.lot)
            .and_then(|creation| creation.output.net);
        measured(used.qty?, net)
    });
    let outputs = body
        .outputs
        .iter()
        .flatten()
        .map(|output| measured(output.qty, output.net));
    let (Some((unit, taken)), Some((given_unit, given))) = (total(inputs), total(outputs)) else {
        return Vec::new();
    };
    let added = body
        .added
        .filter(|added| added.unit() == unit)
        .map_or(0, |added| added.micros());
    if unit != given_unit || !exceeds(given, taken + added) {
        return Vec::new();
    }
    let (given, taken) = (amount(given, unit), amount(taken + added, unit));
    vec![Question {
        code: "VUOT_KHOI_LUONG",
        weight: Weight::Ask,
        field: "outputs",
        message_vi: format!(
            "Khối lượng ra {given} nhiều hơn khối lượng vào {taken}. Có thêm muối, nước hay nguyên liệu khác thì ghi vào mục thêm vào."
        ),
        message_en: format!(
            "{given} came out of {taken}. If salt, water or other material was added, say how much."
        ),
        remedy_vi: "Sửa khối lượng hoặc ghi phần thêm vào",
    }]
}

/// A quantity as mass or volume: as it stands, or by the content of one package.
fn measured(qty: Quantity, net: Option<Quantity>) -> Option<(Unit, u128)> {
    let is_measure = |unit| matches!(unit, Unit::Kilogram | Unit::Litre);
    if is_measure(qty.unit()) {
        return Some((qty.unit(), qty.micros()));
    }
    let net = net.filter(|net| is_measure(net.unit()))?;
    Some((net.unit(), qty.micros() * net.micros() / 1_000_000))
}

/// The sum, if there is one and every amount is known and in one unit.
fn total(amounts: impl Iterator<Item = Option<(Unit, u128)>>) -> Option<(Unit, u128)> {
    let amounts: Vec<(Unit, u128)> = amounts.collect::<Option<_>>()?;
    let (unit, _) = *amounts.first()?;
    let one_unit = amounts.iter().all(|(other, _)| *other == unit);
    one_unit.then(|| (unit, amounts.iter().map(|(_, micros)| micros).sum()))
}

/// Goods that are recalled, on hold, or past their date on the day of the listing (N-13, N-14).
pub(super) fn may_not_be_listed(case: &Case<'_>) -> Vec<Question> {
    if case.kind() != Kind::List {
        return Vec::new();
    }
    let lots = case.body().lots.iter().flatten().map(|used| &used.lot);
    lots.filter_map(|lot| unlistable(case, lot)).collect()
}

fn unlistable(case: &Case<'_>, lot: &LotId) -> Option<Question> {
    let (no, holding) = (lot.number(), case.holding(lot));
    if holding.recalled {
        return Some(not_listed(
            "LO_DANG_THU_HOI",
            format!("Lô {no} đang thu hồi, không đăng bán được."),
            format!("Lot {no} is recalled and cannot be listed."),
            "Gỡ sản phẩm",
        ));
    }
    if holding.held {
        let (vi, en) = held_since(case, holding.since);
        return Some(not_listed(
            "LO_DANG_TAM_GIU",
            format!("Lô {no} đang tạm giữ{vi}. Chưa đăng bán được."),
            format!("Lot {no} is on hold{en} and cannot be listed yet."),
            "Chờ cơ quan quản lý cho lưu thông lại",
        ));
    }
    let expires = case
        .creations
        .corrections()
        .expiry(case.creations.get(lot)?)?;
    let occurred = case.draft.occurred;
    // End dates include their last day, Vietnam time.
    let listed = Timestamp {
        offset_minutes: VIETNAM_OFFSET_MINUTES,
        ..occurred
    }
    .date();
    let day = expires.vietnamese();
    (expires < listed).then(|| {
        not_listed(
            "LO_HET_HAN_SU_DUNG",
            format!("Lô {no} đã hết hạn sử dụng ngày {day}."),
            format!("Lot {no} expired on {day}."),
            "Chọn lô khác",
        )
    })
}

/// Since when, by the clock of the device that signed the cause.
fn held_since(case: &Case<'_>, since: Option<LeafIndex>) -> (String, String) {
    let cause = case.facts().iter().find(|fact| Some(fact.index) == since);
    let Some(signed) = cause.map(|fact| fact.event.signed()) else {
        return Default::default();
    };
    let when = format!("{} {}", signed.date().vietnamese(), signed.clock());
    (format!(" từ {when}"), format!(" since {when}"))
}

fn not_listed(
    code: &'static str,
    message_vi: String,
    message_en: String,
    remedy_vi: &'static str,
) -> Question {
    Question {
        code,
        weight: Weight::Refuse,
        field: "lots",
        message_vi,
        message_en,
        remedy_vi,
    }
}
