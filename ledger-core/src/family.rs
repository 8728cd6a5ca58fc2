//! Lots and where they come from: creations, ancestors, the code that leads to a lot, hand-overs.
//! (`docs/formats.md` sections 12 and 13; `docs/rules.md`, "Words".)

mod binding;
mod handover;

use std::collections::{BTreeMap, BTreeSet};

pub use binding::resolve;
pub use handover::{Handover, handovers};

use crate::body::Output;
use crate::ids::{LeafIndex, LotId, OrgId, PlaceId, ProductId};
use crate::sign::SignedEvent;
use crate::subject::created_lots;
use crate::value::Corrections;

/// More ancestors than any real product has; beyond it "complete" is not proven.
pub const ANCESTORS_MAX: usize = 1_024;

/// An event in force, with its place.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// Its place in the log.
    pub index: LeafIndex,
    /// The event.
    pub event: &'a SignedEvent,
}

/// How a lot came into being.
#[derive(Clone, Copy, Debug)]
pub struct Creation<'a> {
    /// The event.
    pub fact: Fact<'a>,
    /// Which of its outputs.
    pub output_index: usize,
    /// That output, as first stated.
    pub output: &'a Output,
    /// Whether a correction says that it was declared by mistake.
    pub withdrawn: bool,
}

impl<'a> Creation<'a> {
    /// Where the lot came into being.
    pub fn place(&self) -> Option<&'a PlaceId> {
        let body = self.fact.event.body();
        body.field.as_ref().or(body.place.as_ref())
    }

    fn inputs(&self) -> impl Iterator<Item = &'a LotId> + use<'a> {
        let inputs = self.fact.event.body().inputs.as_ref();
        inputs.into_iter().flatten().map(|used| &used.lot)
    }
}

/// Why the ancestors of a lot are not all known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AncestryFault {
    /// No event creates this lot.
    #[error("no event creates lot {0}")]
    NotCreated(LotId),
    /// Two events create it.
    #[error("two events create lot {0}")]
    CreatedTwice(LotId),
    /// The lot is its own ancestor.
    #[error("lot {0} comes from itself")]
    Cycle(LotId),
    /// More than [`ANCESTORS_MAX`].
    #[error("more than {ANCESTORS_MAX} ancestors")]
    TooMany,
}

/// Every creation among some facts, and what was corrected since.
pub struct Creations<'a> {
    stated: BTreeMap<LotId, Vec<Creation<'a>>>,
    corrections: Corrections<'a>,
}

impl<'a> Creations<'a> {
    /// Finds them; facts in log order.
    pub fn of(facts: &[Fact<'a>]) -> Creations<'a> {
        let corrections = Corrections::of(facts);
        let mut stated: BTreeMap<LotId, Vec<Creation<'a>>> = BTreeMap::new();
        for fact in facts {
            let outputs = fact.event.body().outputs.iter().flatten().enumerate();
            for (lot, (output_index, output)) in created_lots(fact.event).zip(outputs) {
                stated.entry(lot).or_default().push(Creation {
                    fact: *fact,
                    output_index,
                    output,
                    withdrawn: corrections.is_withdrawn(fact, output_index),
                });
            }
        }
        Creations {
            stated,
            corrections,
        }
    }

    /// What was corrected among the facts.
    pub fn corrections(&self) -> &Corrections<'a> {
        &self.corrections
    }

    /// Every creation of a lot, in log order, those withdrawn included.
    pub fn stated(&self, lot: &LotId) -> &[Creation<'a>] {
        self.stated.get(lot).map_or(&[], Vec::as_slice)
    }

    /// The creations of a lot that are in effect, in log order: one, unless something is wrong.
    pub fn in_effect(&self, lot: &LotId) -> impl Iterator<Item = &Creation<'a>> {
        self.stated(lot)
            .iter()
            .filter(|creation| !creation.withdrawn)
    }

    /// Where a lot is created: the first creation in effect.
    pub fn get(&self, lot: &LotId) -> Option<&Creation<'a>> {
        self.in_effect(lot).next()
    }

    /// The same; of a lot all of whose creations are withdrawn, the first.
    fn told(&self, lot: &LotId) -> Option<&Creation<'a>> {
        self.get(lot).or_else(|| self.stated(lot).first())
    }

    /// What an event brings into being, without what was withdrawn.
    pub(crate) fn made_by<'b>(&self, fact: &Fact<'b>) -> Vec<Creation<'b>> {
        let outputs = fact.event.body().outputs.iter().flatten().enumerate();
        let made = outputs.map(|(output_index, output)| Creation {
            fact: *fact,
            output_index,
            output,
            withdrawn: self.corrections.is_withdrawn(fact, output_index),
        });
        made.filter(|creation| !creation.withdrawn).collect()
    }

    /// The product that a lot was created as, if any.
    pub fn product(&self, lot: &LotId) -> Option<&'a ProductId> {
        self.told(lot)
            .and_then(|creation| creation.output.product.as_ref())
    }

    /// Who owns a lot, once it was created.
    pub fn owner(&self, lot: &LotId) -> Option<&'a OrgId> {
        self.told(lot).map(|creation| &creation.output.owner)
    }

    /// Whether two creations of a lot are in effect.
    pub fn is_created_twice(&self, lot: &LotId) -> bool {
        self.in_effect(lot).nth(1).is_some()
    }

    /// The lots that a lot was made from.
    pub fn parents(&self, lot: &LotId) -> impl Iterator<Item = &'a LotId> {
        self.get(lot).into_iter().flat_map(Creation::inputs)
    }

    /// The lot and every lot that it was ever said to be made from, to a fixed point; at most [`ANCESTORS_MAX`] besides
    /// itself, and whether that was enough.
    pub fn reach(&self, lot: &LotId) -> (BTreeSet<LotId>, bool) {
        let mut found = BTreeSet::from([lot.clone()]);
        let mut open = vec![lot.clone()];
        while let Some(next) = open.pop() {
            for parent in self.stated(&next).iter().flat_map(Creation::inputs) {
                if found.contains(parent) {
                    continue;
                }
                if found.len() > ANCESTORS_MAX {
                    return (found, false);
                }
                found.insert(parent.clone());
                open.push(parent.clone());
            }
        }
        (found, true)
    }

    /// The ancestors of a lot, to a fixed point; known ones even when some are not.
    pub fn ancestors(&self, lot: &LotId) -> (BTreeSet<LotId>, Option<AncestryFault>) {
        let (reach, is_whole) = self.reach(lot);
        let mut found = self.family(lot, &reach);
        found.remove(lot);
        let too_many = (!is_whole).then_some(AncestryFault::TooMany);
        let members = || found.iter().chain([lot]);
        let fault = too_many
            .or_else(|| members().find_map(|member| self.fault_at(member)))
            .or_else(|| {
                let mut members = members();
                let cycle = members.find(|member| self.reaches_itself(member, &reach));
                cycle.cloned().map(AncestryFault::Cycle)
            });
        (found, fault)
    }

    /// The lot and its ancestors, as far as they lie within its reach.
    pub(crate) fn family(&self, lot: &LotId, reach: &BTreeSet<LotId>) -> BTreeSet<LotId> {
        let mut found = BTreeSet::from([lot.clone()]);
        let mut open = vec![lot.clone()];
        while let Some(next) = open.pop() {
            for parent in self.parents(&next).filter(|parent| reach.contains(*parent)) {
                if found.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        found
    }

    fn fault_at(&self, lot: &LotId) -> Option<AncestryFault> {
        if self.get(lot).is_none() {
            return Some(AncestryFault::NotCreated(lot.clone()));
        }
        self.is_created_twice(lot)
            .then(|| AncestryFault::CreatedTwice(lot.clone()))
    }

    /// Whether following parents leads back; only ever asked within one bounded family.
    fn reaches_itself(&self, lot: &LotId, family: &BTreeSet<LotId>) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&LotId> = self.parents(lot).collect();
        while let Some(next) = open.pop() {
            if next == lot {
                return true;
            }
            if family.contains(next) && seen.insert(next) {
                open.extend(self.parents(next));
            }
        }
        false
    }
}
