//! Waiting days: harvests too early after a spray or medicine (`docs/rules.md`, "Holds"; the label of the product).

use crate::family::{Creations, Fact};
use crate::ids::{LeafIndex, PlaceId};
use crate::kind::Kind;
use crate::time::Date;
use crate::value::{Corrections, Span};

/// How far back a spray or medicine counts for a harvest.
pub const TREATMENT_MEMORY_DAYS: i64 = 366;

/// Whether an event is work on a harvest's field that a bundle holds: of the year of the harvest or the year before, as
/// first stated.
pub(crate) fn is_field_work(harvest: &Fact<'_>, fact: &Fact<'_>) -> bool {
    let field = &harvest.event.body().field;
    let year = harvest.event.occurred().date().year;
    let worked = fact.event.occurred().date().year;
    field.is_some() && fact.event.body().field == *field && (worked == year || worked + 1 == year)
}

/// The work on a harvest's field, in log order.
pub(crate) fn field_work<'a>(
    facts: &'a [Fact<'a>],
    harvest: &'a Fact<'a>,
) -> impl Iterator<Item = &'a Fact<'a>> {
    facts.iter().filter(|fact| is_field_work(harvest, fact))
}

fn is_treatment(fact: &&Fact<'_>) -> bool {
    matches!(fact.event.body().kind, Kind::Spray | Kind::Treat)
}

/// The sprays and medicines that count for a harvest by the days as first stated, whenever they were logged.
pub(crate) fn treatments<'a>(
    facts: &'a [Fact<'a>],
    harvest: &'a Fact<'a>,
) -> impl Iterator<Item = &'a Fact<'a>> {
    let day = harvest.event.occurred().date().days();
    let recent = move |fact: &&Fact<'_>| {
        let age = day - fact.event.occurred().date().days();
        (0..=TREATMENT_MEMORY_DAYS).contains(&age)
    };
    field_work(facts, harvest)
        .filter(is_treatment)
        .filter(recent)
}

/// The same for a field and a day on which nothing is harvested yet.
pub(crate) fn treatments_until<'a>(
    facts: &'a [Fact<'a>],
    field: Option<PlaceId>,
    day: Date,
) -> impl Iterator<Item = &'a Fact<'a>> {
    facts.iter().filter(is_treatment).filter(move |fact| {
        let age = day.days() - fact.event.occurred().date().days();
        let worked = &fact.event.body().field;
        worked.is_some() && *worked == field && (0..=TREATMENT_MEMORY_DAYS).contains(&age)
    })
}

/// The places in the log from which a harvest is too early, one for each treatment that makes it so.
pub(super) fn early_since(
    facts: &[Fact<'_>],
    creations: &Creations<'_>,
    harvest: &Fact<'_>,
) -> Vec<LeafIndex> {
    let corrections = creations.corrections();
    let picked = corrections.days(harvest);
    field_work(facts, harvest)
        .filter(is_treatment)
        .filter_map(|treatment| early_after(corrections, treatment, &picked))
        .map(|known| known.max(harvest.index))
        .collect()
}

/// The latest place at which a day of the harvest lies within the waiting days of a treatment, in any version.
fn early_after(
    corrections: &Corrections<'_>,
    treatment: &Fact<'_>,
    picked: &[Span],
) -> Option<LeafIndex> {
    let (wait, stated) = corrections.longest_wait(treatment)?;
    // Further back than the memory nothing counts, however long the waiting period.
    let wait = i64::try_from(wait).ok()?.min(TREATMENT_MEMORY_DAYS + 1);
    let treated = corrections.days(treatment);
    let pairs = treated
        .iter()
        .flat_map(|day| picked.iter().map(move |span| (day, span)));
    pairs
        .filter(|(day, span)| wait > 0 && span.meets(day.first, day.last + wait - 1))
        .map(|(day, span)| day.known.max(span.known).max(stated))
        .max()
}
