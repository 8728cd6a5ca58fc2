//! Late entries (`docs/rules.md`, "Late entries"; the sample's NHAP_TRE and the province's decision on sprays).

use super::Family;
use crate::family::Fact;
use crate::hold::{field_work, treatments};
use crate::kind::Kind;
use crate::time::DAY_SECONDS;

/// Entries later than this after the happening are called late.
pub const LATE_SECONDS: i64 = DAY_SECONDS;

fn is_late(fact: &Fact<'_>) -> bool {
    fact.event.signed().seconds - fact.event.occurred().seconds > LATE_SECONDS
}

fn is_making(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Harvest | Kind::Process | Kind::Treatment | Kind::Pack
    )
}

/// A step of making, labelling or treating that reached the device's signature more than a day after it happened.
pub(super) fn is_entered_late(family: &Family<'_>) -> bool {
    let made_late = |fact: &Fact<'_>| is_making(fact.event.body().kind) && is_late(fact);
    let worked_late = |fact: &Fact<'_>| {
        let kind = fact.event.body().kind;
        (is_making(kind) || kind == Kind::Label) && family.is_about_members(fact) && is_late(fact)
    };
    family.created().any(|creation| made_late(&creation.fact))
        || family.facts.iter().any(worked_late)
        || family.roots().any(|root| treated_late(family, &root.fact))
}

/// A treatment belongs to the harvest that it came before: by its place in the log, or, where it was logged after the
/// harvest, by when it happened.
fn treated_late(family: &Family<'_>, harvest: &Fact<'_>) -> bool {
    let seconds = |fact: &Fact<'_>| fact.event.occurred().seconds;
    let others = || {
        field_work(family.facts, harvest)
            .filter(|fact| fact.event.body().kind == Kind::Harvest)
            .filter(|fact| fact.index != harvest.index)
    };
    let logged_before = others()
        .map(|fact| fact.index)
        .filter(|index| *index < harvest.index)
        .max();
    let happened_before = others()
        .map(seconds)
        .filter(|at| *at < seconds(harvest))
        .max();
    let belongs = |fact: &Fact<'_>| {
        if fact.index < harvest.index {
            logged_before.is_none_or(|previous| fact.index > previous)
        } else {
            happened_before.is_none_or(|previous| seconds(fact) > previous)
        }
    };
    treatments(family.facts, harvest).any(|fact| belongs(fact) && is_late(fact))
}
