//! The lot that a printed code leads to (`docs/rules.md`, "Codes").

use super::{Creations, Fact};
use crate::code::PrintedCode;
use crate::ids::{LeafIndex, LotId, OrgId, ProductId};
use crate::kind::Kind;

/// The lot that a code leads to: of the bindings that the product's owner signed or delegated, the one that took
/// effect first. A binding takes effect when it, the lot and the delegation are all logged, in whatever order.
pub fn resolve(code: &PrintedCode, facts: &[Fact<'_>], creations: &Creations<'_>) -> Option<LotId> {
    let bindings = facts
        .iter()
        .filter(|fact| fact.event.body().codes.iter().flatten().any(|c| c == code));
    let effective = bindings.filter_map(|fact| {
        let lot = fact.event.body().lot.clone()?;
        // The first creation, withdrawn or not: a code never moves because its lot was declared anew.
        let created = creations.stated(&lot).first()?.fact.index;
        let consent = consent(fact, &lot, facts, creations)?;
        Some((fact.index.max(created).max(consent), fact.index, lot))
    });
    effective.min().map(|(.., lot)| lot)
}

/// From which place on the one whose brand or goods it is agrees to a binding.
fn consent(
    binding: &Fact<'_>,
    lot: &LotId,
    facts: &[Fact<'_>],
    creations: &Creations<'_>,
) -> Option<LeafIndex> {
    let signer = binding.event.iss();
    let Some(product) = creations.product(lot) else {
        let own = *signer == lot.org || Some(signer) == creations.owner(lot);
        return own.then_some(binding.index);
    };
    if *signer == product.org {
        return Some(binding.index);
    }
    let counts = |fact: &&Fact<'_>| {
        delegates(fact, signer, product) && ended(fact, facts).is_none_or(|end| binding.index < end)
    };
    facts.iter().find(counts).map(|fact| fact.index)
}

fn delegates(fact: &Fact<'_>, signer: &OrgId, product: &ProductId) -> bool {
    let body = fact.event.body();
    body.kind == Kind::Delegate
        && *fact.event.iss() == product.org
        && body.to.as_ref() == Some(signer)
        && body.products.iter().flatten().any(|p| p == product)
}

/// Where a delegation ended.
fn ended(delegation: &Fact<'_>, facts: &[Fact<'_>]) -> Option<LeafIndex> {
    let id = Some(delegation.event.id().0);
    let ends = |fact: &&Fact<'_>| {
        let body = fact.event.body();
        body.kind == Kind::Undelegate && body.reference == id
    };
    facts.iter().find(ends).map(|fact| fact.index)
}
