//! Harvests: more than the field can bear, or before the waiting days are over (`docs/rules.md`, "Holds").
//! Both may be signed; the lot is on hold then ([`crate::hold`] decides the same from what is logged).

use super::{Case, Question, Weight, amount, lower_first, upper_first};
use crate::body::{Body, PlaceType, WAIT_DAYS_MAX};
use crate::family::Fact;
use crate::hold::{TREATMENT_MEMORY_DAYS, treatments_until};
use crate::ids::PlaceId;
use crate::kind::Kind;
use crate::lot::{area_of, is_above_yearly_yield, is_above_yield, weight_of_year};
use crate::notice::Notice;
use crate::quantity::Unit;
use crate::subject::created_lots;
use crate::time::Date;

/// More kilograms than a field of that size can give at one picking (N-05).
pub(super) fn is_implausible(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let field = body.field.as_ref().filter(|_| body.kind == Kind::Harvest);
    let Some((field, (place_type, area))) =
        field.and_then(|field| Some((field, area_of(case.facts(), field)?)))
    else {
        return Vec::new();
    };
    let micros = kilograms(body);
    if !is_above_yield(place_type, area, micros) {
        return Vec::new();
    }
    let weight = amount(micros, Unit::Kilogram);
    let crop = crop(case, field);
    let ground = ground(place_type, &crop);
    let of_crop = if crop.is_empty() {
        ground.to_owned()
    } else {
        format!("{ground} {crop}")
    };
    vec![Question {
        code: "SAN_LUONG_VUOT_KHA_NANG",
        weight: Weight::Hold,
        field: "outputs",
        message_vi: format!(
            "Khối lượng {weight} cao hơn nhiều so với {area} {of_crop}. Kiểm tra lại số, nếu đúng thì ghi lý do."
        ),
        message_en: format!(
            "{weight} is far more than {area} of this crop can give. Check the number; if it is right, say why."
        ),
        remedy_vi: "Sửa số hoặc ghi lý do",
    }]
}

/// More than the place can give in a calendar year, with what it gave already.
pub(super) fn makes_a_year_implausible(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let Some(field) = body.field.as_ref().filter(|_| body.kind == Kind::Harvest) else {
        return Vec::new();
    };
    let year = case.draft.occurred.date().year;
    let before = weight_of_year(case.facts(), &case.creations, field, year);
    let weight = before + kilograms(body);
    if !is_above_yearly_yield(case.facts(), field, weight) {
        return Vec::new();
    }
    let weight = amount(weight, Unit::Kilogram);
    vec![Question {
        code: Notice::YearlyYieldHigh.code(),
        weight: Weight::Warn,
        field: "outputs",
        message_vi: format!(
            "Cả năm {year} nơi này ghi {weight}, cao hơn mức có thể có. Kiểm tra lại số và nơi hái, nếu đúng thì ghi lý do."
        ),
        message_en: format!(
            "That makes {weight} of this place in {year}, more than it can give. Check number and place; if they are right, say why."
        ),
        remedy_vi: "Sửa số, chọn lại nơi hái hoặc ghi lý do",
    }]
}

/// What a draft brings, in millionths of a kilogram.
fn kilograms(body: &Body) -> u128 {
    let outputs = body.outputs.iter().flatten().map(|output| output.qty);
    outputs
        .filter(|qty| qty.unit() == Unit::Kilogram)
        .map(|qty| qty.micros())
        .sum()
}

/// Before the waiting days after a spray or medicine are over; of several the latest date counts (N-06).
pub(super) fn is_early(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let Some(field) = body.field.as_ref().filter(|_| body.kind == Kind::Harvest) else {
        return Vec::new();
    };
    // Of several days the first decides.
    let end = case.draft.occurred.date();
    let day = body.began.map_or(end, |began| began.date().min(end));
    let treatments = treatments_until(case.facts(), Some(field.clone()), day);
    let allowed = treatments.map(|fact| {
        let wait = fact.event.body().wait_days;
        (after(fact.event.occurred().date(), wait), fact)
    });
    let Some((earliest, treatment)) = allowed.max_by_key(|(date, _)| *date) else {
        return Vec::new();
    };
    if earliest <= day {
        return Vec::new();
    }
    let treated = treatment.event.occurred().date().vietnamese();
    let earliest = earliest.vietnamese();
    let words = Words::of(case, field);
    vec![Question {
        code: "CHUA_DU_CACH_LY",
        weight: Weight::Hold,
        field: "occurred",
        message_vi: format!(
            "{} này {} ngày {treated}, sớm nhất ngày {earliest} mới được {}. Lô sẽ bị tạm giữ.",
            words.ground,
            treated_in_words(treatment),
            words.harvested,
        ),
        message_en: format!(
            "Treated on {treated}; harvest is allowed from {earliest} on. The lot will be on hold."
        ),
        remedy_vi: "Chờ kiểm nghiệm và Sở cho lưu thông lại",
    }]
}

/// A spray that is told late and makes a harvest early that is in the book already (N-06).
pub(super) fn makes_earlier_early(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let Some(field) = body
        .field
        .as_ref()
        .filter(|_| matches!(body.kind, Kind::Spray | Kind::Treat))
    else {
        return Vec::new();
    };
    let treated = case.draft.occurred.date();
    let allowed = after(treated, body.wait_days);
    let memory = after(treated, u64::try_from(TREATMENT_MEMORY_DAYS + 1).ok());
    let is_early = |fact: &&Fact<'_>| {
        let harvest = fact.event.body();
        let picked = fact.event.occurred().date();
        harvest.kind == Kind::Harvest
            && harvest.field.as_ref() == Some(field)
            && treated <= picked
            && picked < allowed.min(memory)
    };
    let Some(harvest) = case.facts().iter().find(is_early) else {
        return Vec::new();
    };
    let picked = harvest.event.occurred().date().vietnamese();
    let lots: Vec<String> = created_lots(harvest.event)
        .map(|lot| lot.number().to_owned())
        .collect();
    let (lots, allowed) = (lots.join(", "), allowed.vietnamese());
    let words = Words::of(case, field);
    vec![Question {
        code: "CHUA_DU_CACH_LY",
        weight: Weight::Hold,
        field: "wait_days",
        message_vi: format!(
            "{} này đã {} ngày {picked}, mà sớm nhất ngày {allowed} mới được {}. Lô {lots} sẽ bị tạm giữ.",
            words.ground, words.harvested, words.harvested,
        ),
        message_en: format!(
            "Harvested on {picked}, but harvest is allowed from {allowed} on. Lot {lots} will be on hold."
        ),
        remedy_vi: "Kiểm tra ngày và số ngày cách ly",
    }]
}

fn after(day: Date, wait_days: Option<u64>) -> Date {
    let wait = wait_days.unwrap_or(0).min(WAIT_DAYS_MAX);
    Date::from_days(day.days() + i64::try_from(wait).unwrap_or(0))
}

fn treated_in_words(treatment: &Fact<'_>) -> &'static str {
    if treatment.event.body().kind == Kind::Spray {
        "phun thuốc"
    } else {
        "dùng thuốc"
    }
}

/// How people speak of a field and of taking from it.
struct Words {
    ground: String,
    harvested: &'static str,
}

impl Words {
    fn of(case: &Case<'_>, field: &PlaceId) -> Words {
        let place_type = area_of(case.facts(), field).map(|(place_type, _)| place_type);
        let place_type = place_type.unwrap_or(PlaceType::Plot);
        let harvested = match place_type {
            PlaceType::Pond | PlaceType::Barn => "bắt",
            _ => "hái",
        };
        Words {
            ground: upper_first(ground(place_type, &crop(case, field))),
            harvested,
        }
    }
}

/// The word for a growing place in the words of those who work there.
pub(super) fn ground(place_type: PlaceType, crop: &str) -> &'static str {
    match place_type {
        PlaceType::Pond => "ao",
        PlaceType::Barn => "chuồng",
        _ if crop.starts_with("lúa") || crop.starts_with("sen") => "ruộng",
        _ if crop.starts_with("khóm") => "rẫy",
        _ => "vườn",
    }
}

/// What grows there, as last registered; empty when that is not said.
fn crop(case: &Case<'_>, field: &PlaceId) -> String {
    let registrations = case.facts().iter().rev().filter(|fact| {
        let body = fact.event.body();
        body.kind == Kind::Place
            && *fact.event.iss() == field.org
            && body.id.as_ref().is_some_and(|id| id.0 == field.number())
    });
    let mut crops = registrations.filter_map(|fact| fact.event.body().crop.as_ref());
    crops
        .next()
        .map(|crop| lower_first(&crop.0))
        .unwrap_or_default()
}
