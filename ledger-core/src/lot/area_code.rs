//! Growing-area codes: a plot has one, and goods go under the code of the place where they grew, with its holder's
//! permission (`docs/rules.md`, "Growing-area code"; the abuse of 2021).

use super::Family;
use crate::body::{Body, CodeType, PlaceType, Text};
use crate::family::Fact;
use crate::ids::{OrgId, PlaceId};
use crate::kind::Kind;
use crate::time::Date;

/// The last registration of a place.
pub(super) fn registration<'a>(facts: &'a [Fact<'a>], place: &PlaceId) -> Option<&'a Fact<'a>> {
    facts.iter().rev().find(|fact| {
        let body = fact.event.body();
        body.kind == Kind::Place
            && *fact.event.iss() == place.org
            && body.id.as_ref().is_some_and(|id| id.0 == place.number())
    })
}

/// Material from a plot that has no growing-area code.
pub(super) fn lacks_growing_area_code(family: &Family<'_>) -> bool {
    let is_plot = |place: &PlaceId| {
        let registered = registration(family.facts, place);
        registered.and_then(|fact| fact.event.body().place_type) == Some(PlaceType::Plot)
    };
    let has_code = |place: &PlaceId| {
        family.of_kind(Kind::PlaceCode).any(|fact| {
            let body = fact.event.body();
            body.target_place.as_ref() == Some(place)
                && body.code_type == Some(CodeType::GrowingDomestic)
        })
    };
    family
        .sources()
        .any(|place| is_plot(place) && !has_code(place))
}

/// Goods under the code of a place where they did not grow.
pub(super) fn is_of_elsewhere(family: &Family<'_>) -> bool {
    faults(family).contains(&CodeFault::OfElsewhere)
}

/// Goods under somebody else's code, without permission.
pub(super) fn lacks_permit(family: &Family<'_>) -> bool {
    faults(family).contains(&CodeFault::NotPermitted)
}

/// What is wrong with the code under which a lot goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeFault {
    /// No place where it grew has that code.
    OfElsewhere,
    /// It is another organisation's, and there is no permit.
    NotPermitted,
}

/// What is wrong with the codes under which members of a family go.
fn faults(family: &Family<'_>) -> Vec<CodeFault> {
    let mut faults = Vec::new();
    for fact in family.facts {
        let body = fact.event.body();
        let day = family.corrections().occurred(fact).date();
        let named = body.lots.iter().chain(&body.inputs).flatten();
        let members = named.filter(|used| family.members.contains(&used.lot));
        faults.extend(members.filter_map(|used| {
            let (of_lot, _) = Family::of(family.facts, family.creations, &used.lot);
            code_fault(&of_lot, body, fact.event.iss(), day)
        }));
    }
    faults
}

/// What is wrong when a lot goes under the code that an event names, on a day.
pub(crate) fn code_fault(
    of_lot: &Family<'_>,
    body: &Body,
    signer: &OrgId,
    day: Date,
) -> Option<CodeFault> {
    let code = body.area_code.as_ref()?;
    let user = match body.kind {
        Kind::Quarantine => of_lot
            .creations
            .owner(of_lot.lot)
            .unwrap_or(&of_lot.lot.org),
        _ => signer,
    };
    let places: Vec<&PlaceId> = of_lot
        .sources()
        .filter(|place| is_in_force(of_lot.facts, place, code, day))
        .collect();
    if places.is_empty() {
        return Some(CodeFault::OfElsewhere);
    }
    let is_own = places.iter().any(|place| place.org == *user);
    let permitted = is_own || is_permitted(of_lot, code, user, &places);
    (!permitted).then_some(CodeFault::NotPermitted)
}

/// Whether a code of a place is in force on a day; of several entries of one code the last counts.
fn is_in_force(facts: &[Fact<'_>], place: &PlaceId, code: &Text, day: Date) -> bool {
    let mut bodies = facts.iter().rev().map(|fact| fact.event.body());
    let last = bodies.find(|body| {
        body.kind == Kind::PlaceCode
            && body.target_place.as_ref() == Some(place)
            && body.code_type != Some(CodeType::PackingHouse)
            && body.code.as_ref() == Some(code)
    });
    last.is_some_and(|body| body.valid.is_none_or(|valid| valid.holds_on(day)))
}

/// A permit of one of the places' holders for the lot or an ancestor of it.
fn is_permitted(of_lot: &Family<'_>, code: &Text, user: &OrgId, places: &[&PlaceId]) -> bool {
    of_lot.of_kind(Kind::Permit).any(|fact| {
        let body = fact.event.body();
        let mut lots = body.lots.iter().flatten();
        let target = body.target_place.as_ref();
        target.is_some_and(|place| places.contains(&place))
            && body.code.as_ref() == Some(code)
            && body.to.as_ref() == Some(user)
            && lots.any(|used| of_lot.members.contains(&used.lot))
    })
}
