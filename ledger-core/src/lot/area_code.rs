//! Growing-area codes: a plot has one, and goods go under the code of the place where they grew, with its holder's
//! permission (`docs/rules.md`, "Growing-area code"; the abuse of 2021).

use super::Family;
use crate::body::{Body, CodeType, PlaceType, Text};
use crate::family::Fact;
use crate::ids::{LotId, OrgId, PlaceId};
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
    uses(family)
        .iter()
        .any(|code_use| code_use.places.is_empty())
}

/// Goods under somebody else's code, without permission.
pub(super) fn lacks_permit(family: &Family<'_>) -> bool {
    uses(family).iter().any(|code_use| {
        let CodeUse { user, places, .. } = code_use;
        let is_own = places.iter().any(|place| place.org == **user);
        !places.is_empty() && !is_own && !is_permitted(family, code_use)
    })
}

/// One lot that goes under a code.
struct CodeUse<'a> {
    lot: &'a LotId,
    code: &'a Text,
    /// Who uses the code.
    user: &'a OrgId,
    /// The lot's source places for which the code is in force.
    places: Vec<&'a PlaceId>,
}

fn uses<'a>(family: &Family<'a>) -> Vec<CodeUse<'a>> {
    let mut uses = Vec::new();
    for fact in family.facts {
        let body = fact.event.body();
        let Some(code) = &body.area_code else {
            continue;
        };
        let day = family.corrections().occurred(fact).date();
        let named = body.lots.iter().chain(&body.inputs).flatten();
        for lot in named
            .map(|used| &used.lot)
            .filter(|lot| family.members.contains(lot))
        {
            let owner = family.creations.owner(lot).unwrap_or(&lot.org);
            let quarantine = body.kind == Kind::Quarantine;
            uses.push(CodeUse {
                lot,
                code,
                user: if quarantine { owner } else { fact.event.iss() },
                places: places_under(family, lot, code, day),
            });
        }
    }
    uses
}

/// The source places of a lot for which a code is in force on a day.
fn places_under<'a>(
    family: &Family<'a>,
    lot: &'a LotId,
    code: &Text,
    day: Date,
) -> Vec<&'a PlaceId> {
    let (of_lot, _) = Family::of(family.facts, family.creations, lot);
    let has_code = |place: &&PlaceId| in_force_codes(family.facts, place, day).contains(&code);
    of_lot.sources().filter(has_code).collect()
}

/// The growing-area codes of a place on a day; of several entries of one code the last counts.
pub(crate) fn in_force_codes<'a>(
    facts: &'a [Fact<'a>],
    place: &PlaceId,
    day: Date,
) -> Vec<&'a Text> {
    let codes: Vec<&Body> = facts
        .iter()
        .map(|fact| fact.event.body())
        .filter(|body| {
            body.kind == Kind::PlaceCode
                && body.target_place.as_ref() == Some(place)
                && body.code_type != Some(CodeType::PackingHouse)
        })
        .collect();
    let is_last =
        |at: usize, body: &Body| codes[at + 1..].iter().all(|later| later.code != body.code);
    codes
        .iter()
        .enumerate()
        .filter(|(at, body)| is_last(*at, body))
        .filter(|(_, body)| body.valid.is_none_or(|valid| valid.holds_on(day)))
        .filter_map(|(_, body)| body.code.as_ref())
        .collect()
}

/// A permit of one of the places' holders for the lot or an ancestor of it.
fn is_permitted(family: &Family<'_>, code_use: &CodeUse<'_>) -> bool {
    let (covered, _) = Family::of(family.facts, family.creations, code_use.lot);
    family.of_kind(Kind::Permit).any(|fact| {
        let body = fact.event.body();
        let mut lots = body.lots.iter().flatten();
        let target = body.target_place.as_ref();
        target.is_some_and(|place| code_use.places.contains(&place))
            && body.code.as_ref() == Some(code_use.code)
            && body.to.as_ref() == Some(code_use.user)
            && lots.any(|used| covered.members.contains(&used.lot))
    })
}
