//! Mass balance: no more comes out than went in, stated losses included, with 2 % allowed (`docs/rules.md`, "Mass";
//! decision of the province). Every amount is its last version.

use std::collections::{BTreeMap, BTreeSet};

use crate::family::{Creation, Fact};
use crate::ids::LotId;
use crate::kind::Kind;
use crate::lot::Family;
use crate::quantity::{Quantity, Unit};
use crate::value::Corrections;

/// Allowed difference, in hundredths: scales and moisture, spoiled labels.
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
        || uses_exceeded(family)
}

/// Whether a step gave more than it took. A stated loss may be part of the amount that was taken or lie beside it, so
/// it is held against the whole of the lots that were taken from.
fn step_exceeded(family: &Family<'_>, step: &Fact<'_>) -> bool {
    let corrections = family.corrections();
    let inputs = corrections.inputs(step);
    let made = family.creations.made_by(step);
    let taken = sum(inputs
        .iter()
        .map(|(used, qty)| amount(family, &used.lot, *qty)));
    let output = sum(made.iter().map(|creation| content(family, creation)));
    let (Some(taken), Some(output)) = (taken, output) else {
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
    let (added, loss) = (
        stated(corrections.added(step)),
        stated(corrections.loss(step)),
    );
    let sources: BTreeSet<&LotId> = inputs.iter().map(|(used, _)| &used.lot).collect();
    let at_hand = sum(sources.into_iter().map(|lot| whole(family, lot)))
        .filter(|whole| whole.unit == taken.unit);
    let at_hand = at_hand.map_or(taken.micros, |whole| whole.micros.max(taken.micros));
    exceeds(output.micros, taken.micros + added) || exceeds(output.micros + loss, at_hand + added)
}

/// Whether more of some member was used up, sold or destroyed than there was.
fn uses_exceeded(family: &Family<'_>) -> bool {
    let mut gone_of: BTreeMap<&LotId, Vec<Option<Quantity>>> = BTreeMap::new();
    for (lot, qty) in family
        .facts
        .iter()
        .flat_map(|fact| gone(family.corrections(), fact))
    {
        gone_of.entry(lot).or_default().push(qty);
    }
    family.members.iter().any(|lot| {
        let gone = gone_of.get(lot).into_iter().flatten();
        let gone = sum(gone.map(|qty| amount(family, lot, *qty)));
        match (whole(family, lot), gone) {
            (Some(whole), Some(gone)) => {
                whole.unit == gone.unit && exceeds(gone.micros, whole.micros)
            }
            _ => false,
        }
    })
}

/// Whether an event takes the lots that it is about out of the world.
pub(crate) fn is_way_out(kind: Kind) -> bool {
    matches!(kind, Kind::Destroy | Kind::Sell)
}

/// What an event uses up, sells or destroys of which lots. How much was sold or destroyed is not always weighed; an
/// unknown amount proves nothing.
pub(crate) fn gone<'a>(
    corrections: &Corrections<'_>,
    fact: &Fact<'a>,
) -> Vec<(&'a LotId, Option<Quantity>)> {
    let mut gone = corrections.inputs(fact);
    if is_way_out(fact.event.body().kind) {
        let lots = corrections.lots(fact).into_iter();
        gone.extend(lots.filter(|(_, qty)| qty.is_some()));
    }
    gone.into_iter()
        .map(|(used, qty)| (&used.lot, qty))
        .collect()
}

/// How much a lot was when it came into being.
fn whole(family: &Family<'_>, lot: &LotId) -> Option<Amount> {
    content(family, family.creations.get(lot)?)
}

fn content(family: &Family<'_>, creation: &Creation<'_>) -> Option<Amount> {
    measured(family.corrections().quantity(creation), creation.output.net)
}

/// Whether more came out than went in, beyond the tolerance.
pub(crate) fn exceeds(out: u128, within: u128) -> bool {
    out * 100 > within * (100 + TOLERANCE_PERCENT)
}

/// The sum, if there is one, every amount is known and all are in one unit.
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

/// A quantity of a lot as mass or volume.
fn amount(family: &Family<'_>, lot: &LotId, quantity: Option<Quantity>) -> Option<Amount> {
    let net = family
        .creations
        .get(lot)
        .and_then(|creation| creation.output.net);
    measured(quantity?, net)
}

/// A quantity as mass or volume: as it stands, or by the content of one unit.
fn measured(quantity: Quantity, net: Option<Quantity>) -> Option<Amount> {
    if is_measure(quantity.unit()) {
        return Some(Amount {
            unit: quantity.unit(),
            micros: quantity.micros(),
        });
    }
    let net = net.filter(|net| is_measure(net.unit()))?;
    Some(Amount {
        unit: net.unit(),
        micros: quantity.micros() * net.micros() / 1_000_000,
    })
}

/// Whether a unit weighs or measures; the others count pieces.
pub(crate) fn is_measure(unit: Unit) -> bool {
    matches!(unit, Unit::Kilogram | Unit::Litre)
}
