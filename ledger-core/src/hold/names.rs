//! What a hold, release or recall names (`docs/rules.md`, "Words": names). Every creation and every version counts.

use crate::body::{Body, Period};
use crate::family::{Creation, Creations};
use crate::ids::LotId;
use crate::value::Corrections;

/// Whether a body names a lot: itself, its product, the place it arose at (in the period, if one is given), its owner
/// or creator.
pub(super) fn names(creations: &Creations<'_>, body: &Body, lot: &LotId) -> bool {
    let itself = body.lots.iter().flatten().any(|named| named.lot == *lot);
    let creator = body.org.as_ref() == Some(&lot.org);
    let corrections = creations.corrections();
    itself
        || creator
        || creations
            .stated(lot)
            .iter()
            .any(|creation| names_creation(corrections, body, creation))
}

fn names_creation(corrections: &Corrections<'_>, body: &Body, creation: &Creation<'_>) -> bool {
    let product = body.product.is_some() && body.product == creation.output.product;
    let owner = body.org.as_ref() == Some(&creation.output.owner);
    let place = body.target_place.is_some() && body.target_place.as_ref() == creation.place();
    product || owner || place && is_within(corrections, body.period, creation)
}

fn is_within(
    corrections: &Corrections<'_>,
    period: Option<Period>,
    creation: &Creation<'_>,
) -> bool {
    let Some(period) = period else {
        return true;
    };
    let days = corrections.days(&creation.fact);
    days.iter()
        .any(|span| span.meets(period.first.days(), period.last.days()))
}
