//! Mass balance: no more comes out than went in, stated losses included, with 2 % allowed (`docs/rules.md`).

use std::collections::BTreeSet;

use crate::body::LotUse;
use crate::family::Fact;
use crate::ids::LotId;
use crate::kind::Kind;
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
    family
        .created()
        .any(|creation| step_exceeded(family, &creation.fact))
        || family.members.iter().any(|lot| uses_exceeded(family, lot))
}

/// Whether a step gave more than it took. A stated loss may be part of the amount that was taken or lie beside it, so
/// it is held against the whole of the lots that were taken from.
fn step_exceeded(family: &Family<'_>, fact: &Fact<'_>) -> bool {
    let body = fact.event.body();
    let inputs = || body.inputs.iter().flatten();
    let outputs = crate::subject::created_lots(fact.event).map(|lot| whole(family, &lot));
    let taken = sum(inputs().map(|used| amount(family, &used.lot, used.qty)));
    let (Some(taken), Some(output)) = (taken, sum(outputs)) else {
        return false;
    };
    if taken.unit != output.unit {
        return false;
    }
    let stated = |quantity: Option<Quantity>| {
        quantity
            .filter(|q| q.unit() == taken.unit)
            .map_or(0, |q| q.micros())
    };
    let sources: BTreeSet<&LotId> = inputs().map(|used| &used.lot).collect();
    let at_hand = sum(sources.into_iter().map(|lot| whole(family, lot)))
        .filter(|whole| whole.unit == taken.unit);
    let at_hand = at_hand.map_or(taken.micros, |whole| whole.micros.max(taken.micros));
    exceeds(output.micros, taken.micros + stated(body.added))
        || exceeds(
            output.micros + stated(body.loss),
            at_hand + stated(body.added),
        )
}

/// Whether more of a lot was used up or destroyed than there was.
fn uses_exceeded(family: &Family<'_>, lot: &LotId) -> bool {
    let gone = sum(gone(family, lot).map(|used| amount(family, lot, used.qty)));
    match (whole(family, lot), gone) {
        (Some(whole), Some(gone)) => whole.unit == gone.unit && exceeds(gone.micros, whole.micros),
        _ => false,
    }
}

fn gone<'a>(family: &'a Family<'_>, lot: &'a LotId) -> impl Iterator<Item = &'a LotUse> {
    let of = move |fact: &'a Fact<'_>| {
        let body = fact.event.body();
        // How much was destroyed is not always weighed; an unknown amount proves nothing.
        let destroyed = body
            .lots
            .iter()
            .flatten()
            .filter(|used| body.kind == Kind::Destroy && used.qty.is_some());
        body.inputs.iter().flatten().chain(destroyed)
    };
    family
        .facts
        .iter()
        .flat_map(of)
        .filter(move |used| used.lot == *lot)
}

/// How much a lot was when it came into being, as corrected.
fn whole(family: &Family<'_>, lot: &LotId) -> Option<Amount> {
    let creation = family.creations.get(lot)?;
    amount(
        family,
        lot,
        Some(corrected_quantity(family.facts, creation)),
    )
}

/// Whether more came out than went in, beyond the tolerance.
pub(crate) fn exceeds(out: u128, within: u128) -> bool {
    out * 100 > within * (100 + TOLERANCE_PERCENT)
}

/// The sum, if every amount is known and in one unit.
fn sum(amounts: impl Iterator<Item = Option<Amount>>) -> Option<Amount> {
    let mut total: Option<Amount> = None;
    for amount in amounts {
        let amount = amount?;
        total = Some(match total {
            None => amount,
            Some(sum) if sum.unit == amount.unit => Amount {
                micros: sum.micros + amount.micros,
                ..sum
            },
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
        return Some(Amount {
            unit: quantity.unit(),
            micros: quantity.micros(),
        });
    }
    let net = family
        .creations
        .get(lot)?
        .output
        .net
        .filter(|net| measured(net.unit()))?;
    Some(Amount {
        unit: net.unit(),
        micros: quantity.micros() * net.micros() / 1_000_000,
    })
}
