//! What a growing place can bear, at one picking and in a year (`docs/rules.md`, "Holds" and "Yearly yield"; the abuse
//! of growing-area codes in 2021).

use super::Family;
use crate::body::PlaceType;
use crate::family::{Creations, Fact};
use crate::ids::PlaceId;
use crate::kind::Kind;
use crate::quantity::{Quantity, Unit};

/// More than any orchard or field yields at one picking, in kilograms per hectare.
pub const PLOT_YIELD_MAX_KG_PER_HA: u128 = 20_000;
/// More than any pond yields at one time, in kilograms per hectare.
pub const POND_YIELD_MAX_KG_PER_HA: u128 = 400_000;
/// More than an orchard or field yields in a calendar year: three crops of watermelon give about 100 t.
pub const PLOT_YIELD_MAX_KG_PER_HA_AND_YEAR: u128 = 120_000;
/// More than a pond yields in a calendar year: two crops of pangasius give 600 to 800 t.
pub const POND_YIELD_MAX_KG_PER_HA_AND_YEAR: u128 = 800_000;

/// Whether a harvest is of more than its place can bear at one time.
pub(crate) fn picking_is_implausible(family: &Family<'_>, harvest: &Fact<'_>) -> bool {
    let field = harvest.event.body().field.as_ref();
    let Some((place_type, area)) = field.and_then(|field| area_of(family.facts, field)) else {
        return false;
    };
    is_above_yield(place_type, area, weight_of(family.creations, harvest))
}

/// Whether a year's harvests of a place that the family comes from are more than it can bear.
pub(super) fn year_is_implausible(family: &Family<'_>) -> bool {
    let harvests = family
        .created()
        .map(|creation| &creation.fact)
        .filter(|fact| fact.event.body().kind == Kind::Harvest);
    harvests.into_iter().any(|harvest| {
        let year = harvest.event.occurred().date().year;
        let field = harvest.event.body().field.as_ref();
        field.is_some_and(|field| {
            let weight = weight_of_year(family.facts, family.creations, field, year);
            is_above_yearly_yield(family.facts, field, weight)
        })
    })
}

/// What was harvested of a field in a calendar year, in millionths of a kilogram.
pub(crate) fn weight_of_year(
    facts: &[Fact<'_>],
    creations: &Creations<'_>,
    field: &PlaceId,
    year: i32,
) -> u128 {
    let harvests = facts.iter().filter(|fact| {
        let body = fact.event.body();
        body.kind == Kind::Harvest
            && body.field.as_ref() == Some(field)
            && fact.event.occurred().date().year == year
    });
    harvests.map(|fact| weight_of(creations, fact)).sum()
}

/// The weight of what a harvest brought, in millionths of a kilogram.
fn weight_of(creations: &Creations<'_>, harvest: &Fact<'_>) -> u128 {
    let made = creations.made_by(harvest);
    made.iter()
        .map(|creation| creations.corrections().quantity(creation))
        .filter(|quantity| quantity.unit() == Unit::Kilogram)
        .map(|quantity| quantity.micros())
        .sum()
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

/// Whether a weight (in millionths of a kilogram) is more than a place yields in a calendar year. Of barns nothing is
/// said: a hectare of poultry has no bound that we know.
pub(crate) fn is_above_yearly_yield(
    facts: &[Fact<'_>],
    place: &PlaceId,
    weight_micros: u128,
) -> bool {
    let Some((place_type, area)) = area_of(facts, place) else {
        return false;
    };
    let per_hectare = match place_type {
        PlaceType::Plot => PLOT_YIELD_MAX_KG_PER_HA_AND_YEAR,
        PlaceType::Pond => POND_YIELD_MAX_KG_PER_HA_AND_YEAR,
        _ => return false,
    };
    weight_micros > area.micros() * per_hectare
}

/// What a place is and how large, as last registered.
pub(crate) fn area_of(facts: &[Fact<'_>], place: &PlaceId) -> Option<(PlaceType, Quantity)> {
    let body = super::area_code::registration(facts, place)?.event.body();
    Some((body.place_type?, body.area?))
}
