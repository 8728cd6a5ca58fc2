//! What became of a lot: sold out, exported, past its date (`docs/rules.md`, "Notices").

use super::Family;
use crate::body::Outcome;
use crate::kind::Kind;
use crate::time::Date;

pub(super) fn is_sold_out(family: &Family<'_>) -> bool {
    family
        .of_kind(Kind::SoldOut)
        .any(|fact| family.names_the_lot(fact))
}

/// Plant quarantine passed, then the whole lot loaded into a logistic unit.
pub(super) fn is_exported(family: &Family<'_>) -> bool {
    let corrections = family.corrections();
    let passed = family.of_kind(Kind::Quarantine).filter(|fact| {
        family.names_the_lot(fact) && corrections.result(fact) == Some(Outcome::Pass)
    });
    let Some(passed) = passed.map(|fact| fact.index).min() else {
        return false;
    };
    let whole = family.creations.get(family.lot);
    let whole = whole.map(|creation| corrections.quantity(creation));
    let loads = family
        .of_kind(Kind::Load)
        .filter(|fact| fact.index > passed);
    let mut loaded = loads.flat_map(|fact| corrections.inputs(fact));
    loaded.any(|(used, qty)| {
        let is_whole = match (qty, whole) {
            (Some(loaded), Some(whole)) => loaded.is_same_amount(&whole),
            (loaded, _) => loaded.is_none(),
        };
        used.lot == *family.lot && is_whole
    })
}

pub(super) fn is_expired(family: &Family<'_>, today: Date) -> bool {
    let creation = family.creations.get(family.lot);
    creation
        .and_then(|creation| family.corrections().expiry(creation))
        .is_some_and(|expires| expires < today)
}
