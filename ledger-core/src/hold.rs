//! Holds and recalls: what they name, what lifts them (`docs/rules.md`; decisions of the province).

use crate::body::{Body, Fix, Outcome, PlaceType};
use crate::family::{Creation, Fact};
use crate::ids::{LeafIndex, LotId, PlaceId};
use crate::kind::Kind;
use crate::lot::{Family, place_of, treatments};
use crate::quantity::{Quantity, Unit};
use crate::subject::created_lots;
use crate::value::{corrected_quantity, fixes};

/// More than any orchard or field yields at one picking, in kilograms per hectare.
pub const PLOT_YIELD_MAX_KG_PER_HA: u128 = 20_000;
/// More than any pond yields, in kilograms per hectare.
pub const POND_YIELD_MAX_KG_PER_HA: u128 = 400_000;

/// Whether a lot or an ancestor is recalled, is on hold, was on hold.
pub(crate) struct Holding {
    pub(crate) recalled: bool,
    pub(crate) held: bool,
    pub(crate) was_held: bool,
    /// The first cause that is not lifted.
    pub(crate) since: Option<LeafIndex>,
}

/// Something that puts a member of the family on hold, from a place in the log on.
struct Cause {
    lot: LotId,
    since: LeafIndex,
}

pub(crate) fn holding(family: &Family<'_>) -> Holding {
    let causes = causes(family);
    let lifted = |cause: &Cause| {
        let releases = family
            .facts
            .iter()
            .filter(|fact| fact.event.body().kind == Kind::Release);
        releases
            .into_iter()
            .any(|fact| fact.index > cause.since && names(family, fact, &cause.lot))
    };
    let open = causes
        .iter()
        .filter(|cause| !lifted(cause))
        .map(|cause| cause.since);
    Holding {
        recalled: is_recalled(family),
        held: causes.iter().any(|cause| !lifted(cause)),
        was_held: causes.iter().any(lifted),
        since: open.min(),
    }
}

/// A recall in force names the lot or an ancestor, and was not lifted.
fn is_recalled(family: &Family<'_>) -> bool {
    let lifted = |recall: &Fact<'_>| {
        let id = Some(recall.event.id().0);
        family
            .facts
            .iter()
            .map(|f| f.event.body())
            .any(|b| b.kind == Kind::RecallLift && b.reference == id)
    };
    let recalls = family
        .facts
        .iter()
        .filter(|fact| fact.event.body().kind == Kind::Recall && !lifted(fact));
    recalls
        .into_iter()
        .any(|fact| family.members.iter().any(|lot| names(family, fact, lot)))
}

/// Whether a hold, release or recall names a lot: itself, its product, the place it arose at (in the period, if one is
/// given), its owner or creator.
fn names(family: &Family<'_>, fact: &Fact<'_>, lot: &LotId) -> bool {
    let body = fact.event.body();
    if body.lots.iter().flatten().any(|named| named.lot == *lot) {
        return true;
    }
    let Some(creation) = family.creations.get(lot) else {
        return false;
    };
    let product = body.product.is_some() && body.product == creation.output.product;
    let org = body
        .org
        .as_ref()
        .is_some_and(|org| *org == lot.org || *org == creation.output.owner);
    product || org || names_place(family, body, creation)
}

/// The place where the lot arose and, where a period is given, a day in it. The first logged day counts as well as
/// every corrected one, so that no correction slips out of a recall.
fn names_place(family: &Family<'_>, body: &Body, creation: &Creation<'_>) -> bool {
    if body.target_place.is_none() || body.target_place.as_ref() != place_of(creation) {
        return false;
    }
    let corrected = fixes(family.facts, &creation.fact).filter_map(|fix| match fix {
        Fix::Occurred(time) => Some(*time),
        _ => None,
    });
    let mut days = corrected
        .chain([creation.fact.event.occurred()])
        .map(|time| time.date());
    body.period
        .is_none_or(|period| days.any(|day| period.first <= day && day <= period.last))
}

fn causes(family: &Family<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    for fact in family.facts {
        let body = fact.event.body();
        let failed_test = body.kind == Kind::LabResult && body.result == Some(Outcome::Fail);
        if body.kind == Kind::Hold || failed_test {
            let naming = naming(family, fact);
            let held = family
                .members
                .iter()
                .filter(|lot| names(family, naming, lot));
            causes.extend(held.map(|lot| Cause {
                lot: lot.clone(),
                since: fact.index,
            }));
        }
    }
    let harvests = family
        .created()
        .map(|creation| creation.fact)
        .filter(|f| f.event.body().kind == Kind::Harvest);
    causes.extend(harvests.flat_map(|harvest| harvest_causes(family, harvest)));
    causes
}

/// The event that says what is held: a result without lots is about those of the sampling it refers to.
fn naming<'a>(family: &Family<'a>, fact: &'a Fact<'a>) -> &'a Fact<'a> {
    let body = fact.event.body();
    if body.kind != Kind::LabResult || body.lots.is_some() {
        return fact;
    }
    let sampling = |other: &&Fact<'_>| Some(other.event.id().0) == body.reference;
    family.facts.iter().find(sampling).unwrap_or(fact)
}

/// A harvest before the waiting days were over, or of more than its place can bear.
fn harvest_causes(family: &Family<'_>, harvest: Fact<'_>) -> Vec<Cause> {
    let picked = harvest.event.occurred().date().days();
    let early = treatments(family.facts, &harvest).filter(|treatment| {
        let wait = treatment
            .event
            .body()
            .wait_days
            .and_then(|days| i64::try_from(days).ok())
            .unwrap_or(0);
        picked < treatment.event.occurred().date().days() + wait
    });
    let early = early.map(|treatment| treatment.index.max(harvest.index));
    let too_much = is_implausible(family, &harvest).then_some(harvest.index);
    let since: Vec<LeafIndex> = early.chain(too_much).collect();
    let lots: Vec<LotId> = created_lots(harvest.event)
        .filter(|lot| family.members.contains(lot))
        .collect();
    since
        .iter()
        .flat_map(|since| {
            lots.iter().map(|lot| Cause {
                lot: lot.clone(),
                since: *since,
            })
        })
        .collect()
}

fn is_implausible(family: &Family<'_>, harvest: &Fact<'_>) -> bool {
    let field = harvest.event.body().field.as_ref();
    let Some((place_type, area)) = field.and_then(|field| area_of(family.facts, field)) else {
        return false;
    };
    let weight: u128 = created_lots(harvest.event)
        .filter_map(|lot| family.creations.get(&lot))
        .map(|creation| corrected_quantity(family.facts, creation))
        .filter(|quantity| quantity.unit() == Unit::Kilogram)
        .map(|quantity| quantity.micros())
        .sum();
    is_above_yield(place_type, area, weight)
}

/// Whether a weight (in millionths of a kilogram) is more than a place of that kind and area yields at one picking.
pub fn is_above_yield(place_type: PlaceType, area: Quantity, weight_micros: u128) -> bool {
    let per_hectare = if place_type == PlaceType::Pond {
        POND_YIELD_MAX_KG_PER_HA
    } else {
        PLOT_YIELD_MAX_KG_PER_HA
    };
    weight_micros > area.micros() * per_hectare
}

/// What a place is and how large, as last registered.
pub(crate) fn area_of(facts: &[Fact<'_>], place: &PlaceId) -> Option<(PlaceType, Quantity)> {
    let registers = |fact: &&Fact<'_>| {
        let body = fact.event.body();
        body.kind == Kind::Place
            && *fact.event.iss() == place.org
            && body.id.as_ref().is_some_and(|id| id.0 == place.number())
    };
    let body = facts.iter().rev().find(registers)?.event.body();
    Some((body.place_type?, body.area?))
}
