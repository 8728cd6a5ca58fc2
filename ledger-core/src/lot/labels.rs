//! Labels of a lot: what stands on them, and not more of them than there are units (`docs/rules.md`, "Labels").

use std::collections::BTreeMap;

use super::Family;
use crate::body::Serials;
use crate::family::{Creation, Fact};
use crate::ids::LotId;
use crate::kind::Kind;
use crate::mass::{exceeds, is_measure};
use crate::value::Corrections;

/// An address from before the merger.
pub(super) fn has_old_address(family: &Family<'_>) -> bool {
    family
        .of_kind(Kind::Label)
        .any(|fact| family.names_the_lot(fact) && fact.event.body().old_label.is_some())
}

/// More labels than the lot has units.
pub(super) fn are_too_many(family: &Family<'_>) -> bool {
    let corrections = family.corrections();
    let creation = family.creations.get(family.lot);
    let units = creation.and_then(|creation| units(corrections, creation));
    units.is_some_and(|units| {
        let labels = counted_labels(family.facts, corrections, family.lot, &[]);
        exceeds(labels * 1_000_000, units)
    })
}

/// The labels of a lot that its labellings tell of, and `more` that are about to be. One that names several lots
/// cannot be told apart and counts for none.
pub(crate) fn counted_labels(
    facts: &[Fact<'_>],
    corrections: &Corrections<'_>,
    lot: &LotId,
    more: &[(Option<u64>, Option<Serials>)],
) -> u128 {
    let of_lot = facts.iter().filter(|fact| {
        let body = fact.event.body();
        let named = body.lots.as_deref().unwrap_or_default();
        body.kind == Kind::Label && matches!(named, [used] if used.lot == *lot)
    });
    let told = of_lot.map(|fact| (corrections.count(fact), fact.event.body().serials));
    let told: Vec<_> = told.chain(more.iter().copied()).collect();
    let beside: u128 = told
        .iter()
        .map(|(count, serials)| {
            let numbered = serials.map_or(0, size);
            u128::from(count.unwrap_or(0)).saturating_sub(numbered)
        })
        .sum();
    beside + distinct(told.iter().filter_map(|(_, serials)| *serials))
}

fn size(serials: Serials) -> u128 {
    u128::from(serials.last) - u128::from(serials.first) + 1
}

/// How many numbers lie in any of the ranges.
fn distinct(ranges: impl Iterator<Item = Serials>) -> u128 {
    let mut last_of: BTreeMap<u64, u64> = BTreeMap::new();
    for Serials { first, last } in ranges {
        let until = last_of.entry(first).or_insert(last);
        *until = last.max(*until);
    }
    let (mut total, mut next) = (0, 0);
    for (first, last) in last_of {
        let (from, to) = (u128::from(first).max(next), u128::from(last) + 1);
        total += to.saturating_sub(from);
        next = next.max(to);
    }
    total
}

/// How many units a lot has that could bear a label, in millionths; `None` where that is not known.
pub(crate) fn units(corrections: &Corrections<'_>, creation: &Creation<'_>) -> Option<u128> {
    let (qty, net) = (corrections.quantity(creation), creation.output.net);
    if !is_measure(qty.unit()) {
        let inner = net.filter(|net| !is_measure(net.unit()));
        let inner = inner.map_or(0, |net| qty.micros() * net.micros() / 1_000_000);
        return Some(qty.micros() + inner);
    }
    let net = net.filter(|net| net.unit() == qty.unit() && net.micros() > 0)?;
    Some(qty.micros() * 1_000_000 / net.micros())
}
