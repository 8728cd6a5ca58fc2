//! Growing-area codes: a plot has one, and goods go under the code of the place where they grew, with its holder's
//! permission (`docs/rules.md`, "Growing-area code"; the abuse of 2021).

use std::collections::{BTreeMap, BTreeSet};

use super::Family;
use crate::body::{Body, CodeType, PlaceType, Text};
use crate::family::{Creation, Creations, Fact};
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
    let entries = CodeEntries::of(family.facts);
    let mut origins: BTreeMap<&LotId, Origin<'_>> = BTreeMap::new();
    let mut faults = Vec::new();
    for fact in family.facts {
        let body = fact.event.body();
        if body.area_code.is_none() {
            continue;
        }
        let day = family.corrections().occurred(fact).date();
        let named = body.lots.iter().chain(&body.inputs).flatten();
        for lot in named
            .map(|used| &used.lot)
            .filter(|lot| family.members.contains(lot))
        {
            let origin = origins
                .entry(lot)
                .or_insert_with(|| Origin::of(family.creations, lot));
            faults.extend(entries.fault(origin, body, fact.event.iss(), day));
        }
    }
    faults
}

/// Where a lot comes from, as far as codes ask.
pub(crate) struct Origin<'a> {
    owner: OrgId,
    /// The lot and its ancestors.
    members: BTreeSet<LotId>,
    /// Where the roots among them arose.
    sources: BTreeSet<&'a PlaceId>,
}

impl<'a> Origin<'a> {
    pub(crate) fn of(creations: &Creations<'a>, lot: &LotId) -> Origin<'a> {
        let members = creations.family(lot, &creations.reach(lot).0);
        let created = members.iter().filter_map(|member| creations.get(member));
        let roots = created.filter(|creation| creation.fact.event.body().inputs.is_none());
        Origin {
            owner: creations.owner(lot).unwrap_or(&lot.org).clone(),
            sources: roots.filter_map(Creation::place).collect(),
            members,
        }
    }
}

/// What is entered about codes: by the authority, and by their holders.
pub(crate) struct CodeEntries<'a> {
    codes: Vec<&'a Body>,
    permits: Vec<&'a Body>,
}

impl<'a> CodeEntries<'a> {
    pub(crate) fn of(facts: &[Fact<'a>]) -> CodeEntries<'a> {
        let of_kind = |kind| {
            let bodies = facts.iter().map(|fact| fact.event.body());
            bodies.filter(|body| body.kind == kind).collect()
        };
        CodeEntries {
            codes: of_kind(Kind::PlaceCode),
            permits: of_kind(Kind::Permit),
        }
    }

    /// What is wrong when a lot goes under the code that an event names, on a day.
    pub(crate) fn fault(
        &self,
        origin: &Origin<'_>,
        body: &Body,
        signer: &OrgId,
        day: Date,
    ) -> Option<CodeFault> {
        let code = body.area_code.as_ref()?;
        let user = match body.kind {
            Kind::Quarantine => &origin.owner,
            _ => signer,
        };
        let sources = origin.sources.iter().copied();
        let places: Vec<&PlaceId> = sources
            .filter(|place| self.is_in_force(place, code, day))
            .collect();
        if places.is_empty() {
            return Some(CodeFault::OfElsewhere);
        }
        let is_own = places.iter().any(|place| place.org == *user);
        let permitted = is_own || self.is_permitted(origin, code, user, &places);
        (!permitted).then_some(CodeFault::NotPermitted)
    }

    /// Whether a code of a place is in force on a day; of several entries of one code the last counts.
    fn is_in_force(&self, place: &PlaceId, code: &Text, day: Date) -> bool {
        let last = self.codes.iter().rev().find(|body| {
            body.target_place.as_ref() == Some(place)
                && body.code_type != Some(CodeType::PackingHouse)
                && body.code.as_ref() == Some(code)
        });
        last.is_some_and(|body| body.valid.is_none_or(|valid| valid.holds_on(day)))
    }

    /// A permit of one of the places' holders for the lot or an ancestor of it.
    fn is_permitted(
        &self,
        origin: &Origin<'_>,
        code: &Text,
        user: &OrgId,
        places: &[&PlaceId],
    ) -> bool {
        self.permits.iter().any(|body| {
            let mut lots = body.lots.iter().flatten();
            let target = body.target_place.as_ref();
            target.is_some_and(|place| places.contains(&place))
                && body.code.as_ref() == Some(code)
                && body.to.as_ref() == Some(user)
                && lots.any(|used| origin.members.contains(&used.lot))
        })
    }
}
