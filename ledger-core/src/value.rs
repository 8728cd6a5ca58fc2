//! Values as they stand after corrections. The first value stays in the log and on the page; computing uses the last.

use crate::body::Fix;
use crate::family::{Creation, Fact};
use crate::quantity::Quantity;
use crate::time::Date;

/// The corrections of an event, in log order.
pub fn fixes<'a>(
    facts: &'a [Fact<'a>],
    fact: &Fact<'a>,
) -> impl DoubleEndedIterator<Item = &'a Fix> {
    let id = fact.event.id().0;
    facts
        .iter()
        .map(|fact| fact.event.body())
        .filter(move |body| body.reference == Some(id))
        .filter_map(|b| b.fix.as_ref())
}

/// How much a lot was when it came into being.
pub fn corrected_quantity(facts: &[Fact<'_>], creation: &Creation<'_>) -> Quantity {
    let fixed = fixes(facts, &creation.fact)
        .rev()
        .find_map(|fix| match fix {
            Fix::OutputQty(n, qty) if *n == creation.output_index => Some(*qty),
            _ => None,
        });
    fixed.unwrap_or(creation.output.qty)
}

/// The last good day of a lot.
pub fn corrected_expiry(facts: &[Fact<'_>], creation: &Creation<'_>) -> Option<Date> {
    let fixed = fixes(facts, &creation.fact)
        .rev()
        .find_map(|fix| match fix {
            Fix::OutputExpires(n, date) if *n == creation.output_index => Some(*date),
            _ => None,
        });
    fixed.or(creation.output.expires)
}
