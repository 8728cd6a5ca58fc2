//! What puts lots on hold, and from which place in the log on (`docs/rules.md`, "Holds": one function for each row).

use super::early::{TREATMENT_MEMORY_DAYS, early_since, is_field_work};
use super::names::names;
use crate::family::Fact;
use crate::ids::{LeafIndex, LotId};
use crate::kind::Kind;
use crate::lot::{Family, picking_is_implausible};
use crate::subject::created_lots;
use crate::value::Span;

/// Something that puts a lot on hold, from a place in the log on.
pub(crate) struct Cause {
    pub(super) lot: LotId,
    pub(super) since: LeafIndex,
}

/// Every cause that concerns the reach of a lot.
pub(crate) fn causes(family: &Family<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    for fact in family.facts {
        match fact.event.body().kind {
            Kind::Hold => causes.extend(held(family, fact)),
            Kind::LabResult => causes.extend(failed(family, fact)),
            Kind::Harvest => causes.extend(harvested(family, fact)),
            _ => {}
        }
    }
    causes.extend(created_twice(family));
    causes
}

fn held<'a>(family: &'a Family<'_>, hold: &'a Fact<'_>) -> impl Iterator<Item = Cause> + 'a {
    let named = family
        .reach
        .iter()
        .filter(|lot| names(family.creations, hold.event.body(), lot));
    named.map(|lot| cause(lot, hold.index))
}

/// A failed test: the lots that it names, else those that its sampling names, else the harvests of the sampled field.
fn failed(family: &Family<'_>, result: &Fact<'_>) -> Vec<Cause> {
    let Some(since) = family.corrections().failed_at(result) else {
        return Vec::new();
    };
    let body = result.event.body();
    let sampling = family
        .facts
        .iter()
        .find(|other| body.lots.is_none() && Some(other.event.id().0) == body.reference);
    let tested = sampling.map_or(body, |fact| fact.event.body());
    let sampled = sampling.filter(|fact| {
        fact.event.body().kind == Kind::LabSample && fact.event.body().lots.is_none()
    });
    let of_field = sampled
        .into_iter()
        .flat_map(|sampling| harvested_after(family, sampling));
    let lots = tested
        .lots
        .iter()
        .flatten()
        .map(|used| used.lot.clone())
        .chain(of_field);
    lots.filter(|lot| family.reach.contains(lot))
        .map(|lot| Cause { lot, since })
        .collect()
}

/// What was harvested of a sampled field on the day of the sampling or in the year after it.
fn harvested_after(family: &Family<'_>, sampling: &Fact<'_>) -> Vec<LotId> {
    let sampled = family.corrections().days(sampling);
    let harvests = family.of_kind(Kind::Harvest).filter(|harvest| {
        let follows = |span: &Span| {
            let of = |day: &Span| span.meets(day.first, day.last + TREATMENT_MEMORY_DAYS);
            sampled.iter().any(of)
        };
        is_field_work(harvest, sampling) && family.corrections().days(harvest).iter().any(follows)
    });
    harvests
        .flat_map(|harvest| created_lots(harvest.event))
        .collect()
}

/// A harvest before the waiting days were over, or of more than its place can bear.
fn harvested(family: &Family<'_>, harvest: &Fact<'_>) -> Vec<Cause> {
    let lots: Vec<LotId> = created_lots(harvest.event)
        .filter(|lot| family.reach.contains(lot))
        .collect();
    if lots.is_empty() {
        return Vec::new();
    }
    let too_much = picking_is_implausible(family, harvest).then_some(harvest.index);
    let early = early_since(family.facts, family.creations, harvest);
    let since: Vec<LeafIndex> = early.into_iter().chain(too_much).collect();
    since
        .iter()
        .flat_map(|since| lots.iter().map(|lot| cause(lot, *since)))
        .collect()
}

/// A member of the family that two creations in effect declare.
fn created_twice<'a>(family: &'a Family<'_>) -> impl Iterator<Item = Cause> + 'a {
    let twice = family
        .members
        .iter()
        .filter(|lot| family.creations.is_created_twice(lot));
    twice.filter_map(|lot| {
        let last = family.creations.in_effect(lot).last()?;
        Some(cause(lot, last.fact.index))
    })
}

fn cause(lot: &LotId, since: LeafIndex) -> Cause {
    Cause {
        lot: lot.clone(),
        since,
    }
}
