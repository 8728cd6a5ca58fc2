//! A lot with its ancestors and the events that tell of them: what every rule is decided from.

use std::collections::BTreeSet;

use crate::family::{AncestryFault, Creation, Creations, Fact};
use crate::ids::{LotId, PlaceId};
use crate::kind::Kind;
use crate::value::Corrections;

/// What the notices are decided from.
pub(crate) struct Family<'a> {
    pub(crate) facts: &'a [Fact<'a>],
    pub(crate) creations: &'a Creations<'a>,
    pub(crate) lot: &'a LotId,
    /// The lot and its ancestors.
    pub(crate) members: BTreeSet<LotId>,
    /// The same, through every creation that was ever stated.
    pub(crate) reach: BTreeSet<LotId>,
}

impl<'a> Family<'a> {
    /// The family of a lot, and why not all ancestors are known, if so.
    pub(crate) fn of(
        facts: &'a [Fact<'a>],
        creations: &'a Creations<'a>,
        lot: &'a LotId,
    ) -> (Family<'a>, Option<AncestryFault>) {
        let (mut members, fault) = creations.ancestors(lot);
        members.insert(lot.clone());
        let (reach, _) = creations.reach(lot);
        let family = Family {
            facts,
            creations,
            lot,
            members,
            reach,
        };
        (family, fault)
    }

    pub(crate) fn corrections(&self) -> &'a Corrections<'a> {
        self.creations.corrections()
    }

    /// The creations of the lot and its ancestors.
    pub(crate) fn created(&self) -> impl Iterator<Item = &'a Creation<'a>> {
        self.members
            .iter()
            .filter_map(|lot| self.creations.get(lot))
    }

    /// The creations of those that were made from nothing.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &'a Creation<'a>> {
        self.created()
            .filter(|creation| creation.fact.event.body().inputs.is_none())
    }

    /// Where the roots arose.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &'a PlaceId> {
        self.roots().filter_map(Creation::place)
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Fact<'a>> + use<'a> {
        self.facts
            .iter()
            .filter(move |fact| fact.event.body().kind == kind)
    }

    /// Whether an event leaves one of these lots as it is and is about it.
    pub(crate) fn is_about_members(&self, fact: &Fact<'_>) -> bool {
        let mut lots = fact.event.body().lots.iter().flatten();
        lots.any(|used| self.members.contains(&used.lot))
    }

    /// Whether an event is about the lot itself and leaves it as it is.
    pub(crate) fn names_the_lot(&self, fact: &Fact<'_>) -> bool {
        let mut lots = fact.event.body().lots.iter().flatten();
        lots.any(|used| used.lot == *self.lot)
    }
}
