//! Holds and recalls: whether a lot is recalled, is on hold, was on hold (`docs/rules.md`, "Holds"; decisions of the
//! province). They look at the reach of a lot, so that no correction slips out of them.

mod cause;
mod early;
mod names;

pub use early::TREATMENT_MEMORY_DAYS;
pub(crate) use early::{field_work, treatments, treatments_until};

use std::collections::BTreeSet;

use crate::family::Fact;
use crate::ids::{Hash, LeafIndex};
use crate::kind::Kind;
use crate::lot::Family;
use cause::{Cause, causes};
use names::names;

/// Whether a lot or an ancestor is recalled, is on hold, was on hold.
pub(crate) struct Holding {
    pub(crate) recalled: bool,
    pub(crate) held: bool,
    pub(crate) was_held: bool,
    /// The first cause that is not lifted.
    pub(crate) since: Option<LeafIndex>,
}

pub(crate) fn holding(family: &Family<'_>) -> Holding {
    let releases: Vec<&Fact<'_>> = family.of_kind(Kind::Release).collect();
    let lifted = |cause: &Cause| {
        releases.iter().any(|fact| {
            fact.index > cause.since && names(family.creations, fact.event.body(), &cause.lot)
        })
    };
    let (over, open): (Vec<Cause>, Vec<Cause>) = causes(family).into_iter().partition(lifted);
    Holding {
        recalled: is_recalled(family),
        held: !open.is_empty(),
        was_held: !over.is_empty(),
        since: open.iter().map(|cause| cause.since).min(),
    }
}

/// A recall in force names a lot of the reach, and was not lifted.
fn is_recalled(family: &Family<'_>) -> bool {
    let lifted: BTreeSet<Hash> = family
        .of_kind(Kind::RecallLift)
        .filter_map(|fact| fact.event.body().reference)
        .collect();
    family
        .of_kind(Kind::Recall)
        .filter(|fact| !lifted.contains(&fact.event.id().0))
        .any(|fact| {
            let named = |lot| names(family.creations, fact.event.body(), lot);
            family.reach.iter().any(named)
        })
}
