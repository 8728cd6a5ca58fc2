//! Values as they stand after corrections (`docs/rules.md`, "Words": versions). The first value stays in the log and on
//! the page; computing uses the last version, and what decides a hold or recall counts in every version.

use std::collections::BTreeMap;

use crate::body::{Fix, LotUse, Outcome};
use crate::family::{Creation, Fact};
use crate::ids::{Hash, LeafIndex};
use crate::quantity::Quantity;
use crate::time::{Date, Timestamp};

/// Every correction among some facts, by the event that it corrects.
pub struct Corrections<'a> {
    by_event: BTreeMap<Hash, Vec<(LeafIndex, &'a Fix)>>,
}

/// Days of a work without a gap, and the place in the log from which they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first day, in days since 1970.
    pub(crate) first: i64,
    /// The last day.
    pub(crate) last: i64,
    /// The event's own place, or that of the correction which added these days.
    pub(crate) known: LeafIndex,
}

impl Span {
    /// Whether a day of it lies between two days, both included.
    pub(crate) fn meets(&self, first: i64, last: i64) -> bool {
        self.first <= last && first <= self.last
    }
}

impl<'a> Corrections<'a> {
    /// Finds them; facts in log order.
    pub fn of(facts: &[Fact<'a>]) -> Corrections<'a> {
        let mut by_event: BTreeMap<Hash, Vec<(LeafIndex, &'a Fix)>> = BTreeMap::new();
        for fact in facts {
            let body = fact.event.body();
            if let (Some(id), Some(fix)) = (body.reference, &body.fix) {
                by_event.entry(id).or_default().push((fact.index, fix));
            }
        }
        Corrections { by_event }
    }

    fn fixes(&self, fact: &Fact<'_>) -> &[(LeafIndex, &'a Fix)] {
        self.by_event
            .get(&fact.event.id().0)
            .map_or(&[], Vec::as_slice)
    }

    /// The last correction of one field.
    fn last<T>(&self, fact: &Fact<'_>, pick: impl Fn(&Fix) -> Option<T>) -> Option<T> {
        self.fixes(fact).iter().rev().find_map(|(_, fix)| pick(fix))
    }

    /// Whether an output was declared by mistake.
    pub(crate) fn is_withdrawn(&self, fact: &Fact<'_>, output: usize) -> bool {
        self.fixes(fact)
            .iter()
            .any(|(_, fix)| **fix == Fix::OutputWithdrawn(output))
    }

    /// How much a lot was when it came into being.
    pub fn quantity(&self, creation: &Creation<'_>) -> Quantity {
        let fixed = self.last(&creation.fact, |fix| match fix {
            Fix::OutputQty(n, qty) if *n == creation.output_index => Some(*qty),
            _ => None,
        });
        fixed.unwrap_or(creation.output.qty)
    }

    /// The last good day of a lot.
    pub fn expiry(&self, creation: &Creation<'_>) -> Option<Date> {
        let fixed = self.last(&creation.fact, |fix| match fix {
            Fix::OutputExpires(n, date) if *n == creation.output_index => Some(*date),
            _ => None,
        });
        fixed.or(creation.output.expires)
    }

    /// The lots that an event used up, with how much of each.
    pub fn inputs<'b>(&self, fact: &Fact<'b>) -> Vec<(&'b LotUse, Option<Quantity>)> {
        let used = fact.event.body().inputs.as_ref();
        let now = |n| {
            self.last(fact, |fix| match fix {
                Fix::InputQty(at, qty) if *at == n => Some(*qty),
                _ => None,
            })
        };
        uses(used, now)
    }

    /// The lots that an event is about, with how much of each.
    pub fn lots<'b>(&self, fact: &Fact<'b>) -> Vec<(&'b LotUse, Option<Quantity>)> {
        let used = fact.event.body().lots.as_ref();
        let now = |n| {
            self.last(fact, |fix| match fix {
                Fix::LotQty(at, qty) if *at == n => Some(*qty),
                _ => None,
            })
        };
        uses(used, now)
    }

    /// The stated loss.
    pub fn loss(&self, fact: &Fact<'_>) -> Option<Quantity> {
        let fixed = self.last(fact, |fix| match fix {
            Fix::Loss(qty) => Some(*qty),
            _ => None,
        });
        fixed.or(fact.event.body().loss)
    }

    /// Other material that was put in.
    pub fn added(&self, fact: &Fact<'_>) -> Option<Quantity> {
        let fixed = self.last(fact, |fix| match fix {
            Fix::Added(qty) => Some(*qty),
            _ => None,
        });
        fixed.or(fact.event.body().added)
    }

    /// How many labels.
    pub fn count(&self, fact: &Fact<'_>) -> Option<u64> {
        let fixed = self.last(fact, |fix| match fix {
            Fix::Count(count) => Some(*count),
            _ => None,
        });
        fixed.or(fact.event.body().count)
    }

    /// What a check or test found.
    pub fn result(&self, fact: &Fact<'_>) -> Option<Outcome> {
        let fixed = self.last(fact, |fix| match fix {
            Fix::Result(result) => Some(*result),
            _ => None,
        });
        fixed.or(fact.event.body().result)
    }

    /// When it happened.
    pub fn occurred(&self, fact: &Fact<'_>) -> Timestamp {
        let fixed = self.last(fact, |fix| match fix {
            Fix::Occurred(time) => Some(*time),
            _ => None,
        });
        fixed.unwrap_or_else(|| fact.event.occurred())
    }

    /// The last place at which a test is said to have failed.
    pub(crate) fn failed_at(&self, fact: &Fact<'_>) -> Option<LeafIndex> {
        let first = (fact.event.body().result == Some(Outcome::Fail)).then_some(fact.index);
        let fails = |(_, fix): &&(LeafIndex, &Fix)| **fix == Fix::Result(Outcome::Fail);
        let fixed = self.fixes(fact).iter().rev().find(fails);
        fixed.map(|(at, _)| *at).or(first)
    }

    /// The longest waiting period of all versions, and where it was first stated.
    pub(crate) fn longest_wait(&self, fact: &Fact<'_>) -> Option<(u64, LeafIndex)> {
        let stated = fact.event.body().wait_days.map(|days| (days, fact.index));
        let fixed = self.fixes(fact).iter().filter_map(|(at, fix)| match fix {
            Fix::WaitDays(days) => Some((*days, *at)),
            _ => None,
        });
        // Of equal ones the first: corrections stand later.
        stated
            .into_iter()
            .chain(fixed)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
    }

    /// The days of a work, in every version.
    pub(crate) fn days(&self, fact: &Fact<'_>) -> Vec<Span> {
        let mut ends = vec![(fact.event.occurred(), fact.index)];
        let began = fact.event.body().began.map(|time| (time, fact.index));
        let mut begins: Vec<(Timestamp, LeafIndex)> = began.into_iter().collect();
        for (at, fix) in self.fixes(fact) {
            match fix {
                Fix::Occurred(time) => ends.push((*time, *at)),
                Fix::Began(time) => begins.push((*time, *at)),
                _ => {}
            }
        }
        let day = |time: &Timestamp| time.date().days();
        let single = ends.iter().map(|(end, known)| Span {
            first: day(end),
            last: day(end),
            known: *known,
        });
        let several = begins.iter().flat_map(|(begin, from)| {
            ends.iter().map(move |(end, to)| Span {
                first: day(begin).min(day(end)),
                last: day(begin).max(day(end)),
                known: *from.max(to),
            })
        });
        single.chain(several).collect()
    }
}

fn uses(
    stated: Option<&Vec<LotUse>>,
    fixed: impl Fn(usize) -> Option<Quantity>,
) -> Vec<(&LotUse, Option<Quantity>)> {
    let uses = stated.into_iter().flatten().enumerate();
    uses.map(|(n, used)| (used, fixed(n).or(used.qty)))
        .collect()
}
