//! Lots and where they come from: creation, ancestors, the code that leads to a lot, hand-overs.
//! (`docs/formats.md` sections 12 and 13; `docs/rules.md`.)

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::body::Output;
use crate::code::PrintedCode;
use crate::ids::{LeafIndex, LotId, OrgId, ProductId};
use crate::kind::Kind;
use crate::sign::SignedEvent;
use crate::subject::created_lots;

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

/// Every creation among some facts.
pub struct Creations<'a> {
    first: BTreeMap<LotId, Creation<'a>>,
    twice: BTreeSet<LotId>,
}

impl<'a> Creations<'a> {
    /// Finds them; facts in log order.
    pub fn of(facts: &[Fact<'a>]) -> Creations<'a> {
        let mut found = Creations {
            first: BTreeMap::new(),
            twice: BTreeSet::new(),
        };
        for fact in facts {
            let outputs = fact.event.body().outputs.iter().flatten().enumerate();
            for (lot, (output_index, output)) in created_lots(fact.event).zip(outputs) {
                match found.first.entry(lot) {
                    Entry::Occupied(taken) => {
                        found.twice.insert(taken.key().clone());
                    }
                    Entry::Vacant(free) => {
                        free.insert(Creation {
                            fact: *fact,
                            output_index,
                            output,
                        });
                    }
                }
            }
        }
        found
    }

    /// The first creation of a lot.
    pub fn get(&self, lot: &LotId) -> Option<&Creation<'a>> {
        self.first.get(lot)
    }

    /// The product that a lot was created as, if any.
    pub fn product(&self, lot: &LotId) -> Option<&'a ProductId> {
        self.get(lot)
            .and_then(|creation| creation.output.product.as_ref())
    }

    /// The lots that a lot was made from.
    pub fn parents(&self, lot: &LotId) -> impl Iterator<Item = &'a LotId> {
        let inputs = self
            .get(lot)
            .and_then(|creation| creation.fact.event.body().inputs.as_ref());
        inputs.into_iter().flatten().map(|used| &used.lot)
    }

    /// The ancestors of a lot, to a fixed point; known ones even when some are not.
    pub fn ancestors(&self, lot: &LotId) -> (BTreeSet<LotId>, Option<AncestryFault>) {
        let mut found: BTreeSet<LotId> = BTreeSet::new();
        let mut open = vec![lot.clone()];
        let mut fault = None;
        while let Some(next) = open.pop() {
            fault = fault.or_else(|| self.fault_at(&next));
            for parent in self.parents(&next) {
                if parent == lot {
                    fault = fault.or_else(|| Some(AncestryFault::Cycle(lot.clone())));
                } else if found.len() >= ANCESTORS_MAX && !found.contains(parent) {
                    return (found, Some(AncestryFault::TooMany));
                } else if found.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        let cycle = found
            .iter()
            .find(|ancestor| self.reaches_itself(ancestor, &found))
            .cloned();
        (found, fault.or(cycle.map(AncestryFault::Cycle)))
    }

    fn fault_at(&self, lot: &LotId) -> Option<AncestryFault> {
        if self.get(lot).is_none() {
            return Some(AncestryFault::NotCreated(lot.clone()));
        }
        self.twice
            .contains(lot)
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

/// The lot that a code leads to: of the bindings that the product's owner signed or delegated, the one that took
/// effect first. A binding takes effect when it, the lot and the delegation are all logged, in whatever order.
pub fn resolve(code: &PrintedCode, facts: &[Fact<'_>], creations: &Creations<'_>) -> Option<LotId> {
    let bindings = facts
        .iter()
        .filter(|fact| fact.event.body().codes.iter().flatten().any(|c| c == code));
    let effective = bindings.filter_map(|fact| {
        let lot = fact.event.body().lot.clone()?;
        let creation = creations.get(&lot)?;
        let consent = consent(fact, &lot, creation, facts)?;
        Some((
            fact.index.max(creation.fact.index).max(consent),
            fact.index,
            lot,
        ))
    });
    effective.min().map(|(.., lot)| lot)
}

/// From which place on the one whose brand or goods it is agrees to a binding.
fn consent(
    binding: &Fact<'_>,
    lot: &LotId,
    creation: &Creation<'_>,
    facts: &[Fact<'_>],
) -> Option<LeafIndex> {
    let signer = binding.event.iss();
    let Some(product) = &creation.output.product else {
        let own = *signer == lot.org || *signer == creation.output.owner;
        return own.then_some(binding.index);
    };
    if *signer == product.org {
        return Some(binding.index);
    }
    let delegates = |fact: &&Fact<'_>| {
        let body = fact.event.body();
        body.kind == Kind::Delegate
            && *fact.event.iss() == product.org
            && body.to.as_ref() == Some(signer)
            && body.products.iter().flatten().any(|p| p == product)
    };
    facts.iter().find(delegates).map(|fact| fact.index)
}

/// A lot that passed from one organisation to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handover {
    /// The lot.
    pub lot: LotId,
    /// Who took it over.
    pub receiver: OrgId,
    /// Whether its creator's organisation signed a dispatch of that lot to that receiver.
    pub confirmed: bool,
}

/// Each step from one organisation to another within a family of lots.
pub fn handovers(family: &BTreeSet<LotId>, facts: &[Fact<'_>]) -> BTreeSet<Handover> {
    let mut steps = BTreeSet::new();
    for fact in facts {
        let (body, receiver) = (fact.event.body(), fact.event.iss());
        let makes_family = created_lots(fact.event).any(|lot| family.contains(&lot));
        let receives = body.kind == Kind::Receive;
        let used = body
            .inputs
            .iter()
            .flatten()
            .filter(|_| makes_family || receives);
        let received = body.lots.iter().flatten().filter(|_| receives);
        for taken in used
            .chain(received)
            .filter(|taken| taken.lot.org != *receiver && family.contains(&taken.lot))
        {
            let confirmed = facts.iter().any(|fact| ships(fact, &taken.lot, receiver));
            steps.insert(Handover {
                lot: taken.lot.clone(),
                receiver: receiver.clone(),
                confirmed,
            });
        }
    }
    steps
}

fn ships(fact: &Fact<'_>, lot: &LotId, receiver: &OrgId) -> bool {
    let body = fact.event.body();
    body.kind == Kind::Ship
        && *fact.event.iss() == lot.org
        && body.to.as_ref() == Some(receiver)
        && body
            .lots
            .iter()
            .flatten()
            .any(|shipped| shipped.lot == *lot)
}
