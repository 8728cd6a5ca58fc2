//! OCOP ratings, from their first day to their last (`docs/rules.md`, CHUA_PHAN_HANG_OCOP and OCOP_HET_HAN).

use super::Family;
use crate::body::Valid;
use crate::kind::Kind;
use crate::time::Date;

/// A product that never had a rating yet.
pub(super) fn is_missing(family: &Family<'_>, today: Date) -> bool {
    let is_to_come = |valid: &Valid| valid.from.is_some_and(|from| from > today);
    ratings(family).is_some_and(|ratings| {
        ratings
            .iter()
            .all(|valid| is_to_come(valid) && !is_past(valid, today))
    })
}

/// A product whose ratings are over.
pub(super) fn is_over(family: &Family<'_>, today: Date) -> bool {
    let ratings = ratings(family).unwrap_or_default();
    ratings.iter().any(|valid| is_past(valid, today))
        && !ratings.iter().any(|valid| valid.holds_on(today))
}

fn is_past(valid: &Valid, today: Date) -> bool {
    valid.until.is_some_and(|until| until < today)
}

/// When the ratings of the lot's product hold; `None` where the lot is no finished product.
fn ratings(family: &Family<'_>) -> Option<Vec<Valid>> {
    let product = family.creations.product(family.lot)?;
    let of_product = family
        .of_kind(Kind::Rating)
        .map(|fact| fact.event.body())
        .filter(|body| body.product.as_ref() == Some(product));
    Some(of_product.filter_map(|body| body.valid).collect())
}
