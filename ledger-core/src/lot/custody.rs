//! Who has a lot in hand (`docs/rules.md`, "For officials").

use crate::family::{Creations, Fact};
use crate::ids::{LeafIndex, LotId, OrgId};
use crate::kind::Kind;

/// Who had a lot in hand just before a place in the log: whoever signed the event that created it, then whoever signed a
/// `receive` of it; `None` before it was created.
pub fn custodian<'a>(
    facts: &'a [Fact<'a>],
    creations: &Creations<'a>,
    lot: &LotId,
    before: LeafIndex,
) -> Option<&'a OrgId> {
    let created = creations.get(lot).map(|creation| &creation.fact);
    let receives = facts.iter().filter(|fact| {
        let body = fact.event.body();
        let mut lots = body.lots.iter().flatten();
        body.kind == Kind::Receive && lots.any(|used| used.lot == *lot)
    });
    created
        .into_iter()
        .chain(receives)
        .filter(|fact| fact.index < before)
        .max_by_key(|fact| fact.index)
        .map(|fact| fact.event.iss())
}
