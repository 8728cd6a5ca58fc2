//! Mass balance: no more comes out than went in, with stated losses and 2 % (`docs/rules.md`).

use crate::family::Fact;
use crate::ids::LotId;
use crate::lot::Family;
use crate::quantity::{Quantity, Unit};
use crate::value::corrected_quantity;

/// Allowed difference, in hundredths: scales and moisture.
const TOLERANCE_PERCENT: u128 = 2;

/// A mass or volume in millionths of kilogram or litre.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Amount {
    unit: Unit,
    micros: u128,
}

/// Whether more came out of the lot, an ancestor, or a step that made them than went in.
pub(crate) fn is_exceeded(family: &Family<'_>) -> bool {
    family.created().any(|creation| step_exceeded(family, &creation.fact))
        || family.members.iter().any(|lot| uses_exceeded(family, lot))
}

fn step_exceeded(family: &Family<'_>, fact: &Fact<'_>) -> bool {
    let body = fact.event.body();
    let inputs = body.inputs.iter().flatten().map(|used| amount(family, &used.lot, used.qty));
    let outputs = crate::subject::created_lots(fact.event).map(|lot| {
        let quantity = family.creations.get(&lot).map(|creation| corrected_quantity(family.facts, creation));
        amount(family, &lot, quantity)
    });
    let (Some(input), Some(output)) = (sum(inputs), sum(outputs)) else { return false };
    let same_unit = |quantity: Option<Quantity>| {
        quantity.filter(|q| q.unit() == input.unit).map_or(0, |q| q.micros())
    };
    input.unit == output.unit
        && exceeds(output.micros + same_unit(body.loss), input.micros + same_unit(body.added))
}

fn uses_exceeded(family: &Family<'_>, lot: &LotId) -> bool {
    let Some(creation) = family.creations.get(lot) else { return false };
    let whole = amount(family, lot, Some(corrected_quantity(family.facts, creation)));
    let used = family.facts.iter().flat_map(|fact| fact.event.body().inputs.iter().flatten());
    let used = used.filter(|used| used.lot == *lot).map(|used| amount(family, lot, used.qty));
    match (whole, sum(used)) {
        (Some(whole), Some(used)) => whole.unit == used.unit && exceeds(used.micros, whole.micros),
        _ => false,
    }
}

fn exceeds(out: u128, within: u128) -> bool {
    out * 100 > within * (100 + TOLERANCE_PERCENT)
}

/// The sum, if every amount is known and in one unit.
fn sum(amounts: impl Iterator<Item = Option<Amount>>) -> Option<Amount> {
    let mut total: Option<Amount> = None;
    for amount in amounts {
        let amount = amount?;
        total = Some(match total {
            None => amount,
            Some(sum) if sum.unit == amount.unit => Amount { micros: sum.micros + amount.micros, ..sum },
            Some(_) => return None,
        });
    }
    total
}

/// A quantity as mass or volume: as it stands, or by the content of one unit of that lot.
fn amount(family: &Family<'_>, lot: &LotId, quantity: Option<Quantity>) -> Option<Amount> {
    let quantity = quantity?;
    let measured = |unit| matches!(unit, Unit::Kilogram | Unit::Litre);
    if measured(quantity.unit()) {
        return Some(Amount { unit: quantity.unit(), micros: quantity.micros() });
    }
    let net = family.creations.get(lot)?.output.net.filter(|net| measured(net.unit()))?;
    Some(Amount { unit: net.unit(), micros: quantity.micros() * net.micros() / 1_000_000 })
}
