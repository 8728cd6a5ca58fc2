//! The history of one lot: where it comes from, its state, and what must be said besides (`docs/rules.md`).
//!
//! In scope: business rules as a fold over events in force. Out of scope: whether the events are genuine and
//! complete ([`crate::verify`]), and the clock: the business date is an argument.
//!
//! A breach never refuses an event here: a ledger that refuses the truth makes people write it elsewhere.

use std::collections::BTreeSet;

use crate::body::{CodeType, PlaceType};
use crate::family::{AncestryFault, Creation, Creations, Fact, Handover, handovers};
use crate::hold::{Holding, holding};
use crate::ids::{LotId, OrgId, PlaceId, ProductId};
use crate::kind::Kind;
use crate::mass;
use crate::notice::Notice;
use crate::time::{DAY_SECONDS, Date};
use crate::value::{corrected_expiry, corrected_quantity};

/// Entries later than this after the happening are called late.
pub const LATE_SECONDS: i64 = DAY_SECONDS;
/// How far back a spray or medicine counts for a harvest.
pub const TREATMENT_MEMORY_DAYS: i64 = 366;

/// The state line of a lot: the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LotState {
    /// Thu hồi.
    Recalled,
    /// Tạm giữ.
    Held,
    /// Hết hạn sử dụng.
    Expired,
    /// Có hồ sơ nguồn gốc.
    Recorded,
}

/// All that the events in force say about one lot on one day.
#[derive(Clone, Debug)]
pub struct LotHistory {
    /// The lot.
    pub lot: LotId,
    /// Who owns it, once it was created.
    pub owner: Option<OrgId>,
    /// The product, if it is a finished one.
    pub product: Option<ProductId>,
    /// Its ancestors.
    pub ancestors: BTreeSet<LotId>,
    /// Why not all of them are known, if so.
    pub fault: Option<AncestryFault>,
    /// Where the lots without inputs arose.
    pub sources: BTreeSet<PlaceId>,
    /// Owners of the lot and its ancestors.
    pub organisations: BTreeSet<OrgId>,
    /// The state line.
    pub state: LotState,
    /// What else must be said, in the order of the page.
    pub notices: BTreeSet<Notice>,
    /// Each step from one organisation to another.
    pub handovers: BTreeSet<Handover>,
}

/// What the notices are decided from.
pub(crate) struct Family<'a> {
    pub(crate) facts: &'a [Fact<'a>],
    pub(crate) creations: &'a Creations<'a>,
    pub(crate) lot: &'a LotId,
    /// The lot and its ancestors.
    pub(crate) members: BTreeSet<LotId>,
}

impl LotHistory {
    /// Tells the history of a lot from events in force, in log order, as of a business date.
    pub fn trace(facts: &[Fact<'_>], lot: &LotId, today: Date) -> LotHistory {
        let creations = Creations::of(facts);
        let (ancestors, fault) = creations.ancestors(lot);
        let members: BTreeSet<LotId> = ancestors.iter().chain([lot]).cloned().collect();
        let family = Family {
            facts,
            creations: &creations,
            lot,
            members,
        };
        let notices = notices(&family, today);
        LotHistory {
            lot: lot.clone(),
            owner: creations
                .get(lot)
                .map(|creation| creation.output.owner.clone()),
            product: creations.product(lot).cloned(),
            fault,
            sources: family
                .roots()
                .filter_map(|creation| place_of(creation).cloned())
                .collect(),
            organisations: family
                .created()
                .map(|creation| creation.output.owner.clone())
                .collect(),
            state: state(&notices),
            notices,
            handovers: handovers(&family.members, facts),
            ancestors,
        }
    }
}

impl<'a> Family<'a> {
    /// The creations of the lot and its ancestors.
    pub(crate) fn created(&self) -> impl Iterator<Item = &'a Creation<'a>> {
        self.members
            .iter()
            .filter_map(|lot| self.creations.get(lot))
    }

    /// The creations of those that were made from nothing.
    fn roots(&self) -> impl Iterator<Item = &'a Creation<'a>> {
        self.created()
            .filter(|creation| creation.fact.event.body().inputs.is_none())
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Fact<'a>> {
        self.facts
            .iter()
            .filter(move |fact| fact.event.body().kind == kind)
    }

    /// Whether an event leaves one of these lots as it is and is about it.
    fn is_about(&self, fact: &Fact<'_>, lots: &BTreeSet<LotId>) -> bool {
        fact.event
            .body()
            .lots
            .iter()
            .flatten()
            .any(|used| lots.contains(&used.lot))
    }

    fn names_the_lot(&self, fact: &Fact<'_>) -> bool {
        fact.event
            .body()
            .lots
            .iter()
            .flatten()
            .any(|used| used.lot == *self.lot)
    }
}

/// Where a lot came into being.
pub(crate) fn place_of<'a>(creation: &Creation<'a>) -> Option<&'a PlaceId> {
    let body = creation.fact.event.body();
    body.field.as_ref().or(body.place.as_ref())
}

/// The sprays and medicines that count for a harvest, whenever they were logged: at the same place, not after it,
/// at most [`TREATMENT_MEMORY_DAYS`] back.
pub(crate) fn treatments<'a>(
    facts: &'a [Fact<'a>],
    harvest: &Fact<'a>,
) -> impl Iterator<Item = &'a Fact<'a>> {
    let field = harvest.event.body().field.clone();
    treatments_until(facts, field, harvest.event.occurred().date())
}

/// The same for a field and a day.
pub(crate) fn treatments_until<'a>(
    facts: &'a [Fact<'a>],
    field: Option<PlaceId>,
    day: Date,
) -> impl Iterator<Item = &'a Fact<'a>> {
    facts.iter().filter(move |fact| {
        let body = fact.event.body();
        let age = day.days() - fact.event.occurred().date().days();
        matches!(body.kind, Kind::Spray | Kind::Treat)
            && body.field.is_some()
            && body.field == field
            && (0..=TREATMENT_MEMORY_DAYS).contains(&age)
    })
}

fn state(notices: &BTreeSet<Notice>) -> LotState {
    [
        (Notice::Recalled, LotState::Recalled),
        (Notice::OnHold, LotState::Held),
        (Notice::Expired, LotState::Expired),
    ]
    .into_iter()
    .find(|(notice, _)| notices.contains(notice))
    .map_or(LotState::Recorded, |(_, state)| state)
}

fn notices(family: &Family<'_>, today: Date) -> BTreeSet<Notice> {
    let Holding {
        recalled,
        held,
        was_held,
        ..
    } = holding(family);
    let rating = rating(family, today);
    let answers = [
        (Notice::Recalled, recalled),
        (Notice::OnHold, held && !recalled),
        (Notice::WasOnHold, was_held && !held && !recalled),
        (Notice::Corrected, is_corrected(family)),
        (Notice::EnteredLate, is_entered_late(family)),
        (Notice::NotRated, rating == Some(Rating::None)),
        (Notice::RatingExpired, rating == Some(Rating::Expired)),
        (Notice::NoGrowingAreaCode, lacks_growing_area_code(family)),
        (Notice::OldAddressOnLabel, has_old_label(family)),
        (Notice::MassExceeded, mass::is_exceeded(family)),
        (
            Notice::SoldOut,
            family
                .of_kind(Kind::SoldOut)
                .any(|fact| family.names_the_lot(fact)),
        ),
        (Notice::Exported, is_exported(family)),
        (Notice::Expired, is_expired(family, today)),
    ];
    answers
        .into_iter()
        .filter(|(_, applies)| *applies)
        .map(|(notice, _)| notice)
        .collect()
}

/// A correction of any event that names the lot or an ancestor.
fn is_corrected(family: &Family<'_>) -> bool {
    let about_family = |fact: &&Fact<'_>| {
        crate::subject::lots_of(fact.event).any(|lot| family.members.contains(&lot))
    };
    let ids: BTreeSet<_> = family
        .facts
        .iter()
        .filter(about_family)
        .map(|fact| fact.event.id().0)
        .collect();
    family.of_kind(Kind::Correct).any(|fact| {
        fact.event
            .body()
            .reference
            .is_some_and(|id| ids.contains(&id))
    })
}

/// A step of making, labelling or treating that reached the device's signature more than a day after it happened.
fn is_entered_late(family: &Family<'_>) -> bool {
    let late = |fact: &Fact<'_>| {
        fact.event.signed().seconds - fact.event.occurred().seconds > LATE_SECONDS
    };
    let counts = |kind| {
        matches!(
            kind,
            Kind::Harvest | Kind::Process | Kind::Treatment | Kind::Pack
        )
    };
    let made_late = family
        .created()
        .any(|c| counts(c.fact.event.body().kind) && late(&c.fact));
    let worked_late = family.facts.iter().any(|fact| {
        let kind = fact.event.body().kind;
        (counts(kind) || kind == Kind::Label)
            && family.is_about(fact, &family.members)
            && late(fact)
    });
    made_late
        || worked_late
        || family
            .roots()
            .any(|root| treated_late(family, &root.fact, late))
}

/// Only treatments since the previous harvest at that place count as this harvest's.
fn treated_late(family: &Family<'_>, harvest: &Fact<'_>, late: impl Fn(&Fact<'_>) -> bool) -> bool {
    let at_field = |fact: &&Fact<'_>| fact.event.body().field == harvest.event.body().field;
    let previous = family
        .of_kind(Kind::Harvest)
        .filter(at_field)
        .map(|f| f.index)
        .filter(|i| *i < harvest.index)
        .max();
    treatments(family.facts, harvest)
        .filter(|fact| {
            fact.index < harvest.index && previous.is_none_or(|previous| fact.index > previous)
        })
        .any(late)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rating {
    None,
    Expired,
    Valid,
}

fn rating(family: &Family<'_>, today: Date) -> Option<Rating> {
    let product = family.creations.product(family.lot)?;
    let of_product = |fact: &&Fact<'_>| fact.event.body().product.as_ref() == Some(product);
    let valid = |fact: &Fact<'_>| {
        fact.event
            .body()
            .valid
            .and_then(|v| v.until)
            .is_none_or(|until| until >= today)
    };
    let mut ratings = family.of_kind(Kind::Rating).filter(of_product).peekable();
    if ratings.peek().is_none() {
        return Some(Rating::None);
    }
    Some(if ratings.any(valid) {
        Rating::Valid
    } else {
        Rating::Expired
    })
}

fn lacks_growing_area_code(family: &Family<'_>) -> bool {
    let is_plot = |place: &PlaceId| {
        let registered = |fact: &&Fact<'_>| {
            *fact.event.iss() == place.org
                && fact
                    .event
                    .body()
                    .id
                    .as_ref()
                    .is_some_and(|id| id.0 == place.number())
        };
        let types = family
            .of_kind(Kind::Place)
            .filter(registered)
            .filter_map(|fact| fact.event.body().place_type);
        types.last() == Some(PlaceType::Plot)
    };
    let has_code = |place: &PlaceId| {
        family.of_kind(Kind::PlaceCode).any(|fact| {
            let body = fact.event.body();
            body.target_place.as_ref() == Some(place)
                && body.code_type == Some(CodeType::GrowingDomestic)
        })
    };
    family
        .roots()
        .filter_map(place_of)
        .any(|place| is_plot(place) && !has_code(place))
}

fn has_old_label(family: &Family<'_>) -> bool {
    family
        .of_kind(Kind::Label)
        .any(|fact| family.names_the_lot(fact) && fact.event.body().old_label.is_some())
}

/// Plant quarantine passed, then the whole lot loaded into a logistic unit.
fn is_exported(family: &Family<'_>) -> bool {
    let passed = family.of_kind(Kind::Quarantine).filter(|fact| {
        family.names_the_lot(fact) && fact.event.body().result == Some(crate::body::Outcome::Pass)
    });
    let Some(passed) = passed.map(|fact| fact.index).min() else {
        return false;
    };
    let whole = family
        .creations
        .get(family.lot)
        .map(|creation| corrected_quantity(family.facts, creation));
    family
        .of_kind(Kind::Load)
        .filter(|fact| fact.index > passed)
        .any(|fact| {
            let loaded = fact
                .event
                .body()
                .inputs
                .iter()
                .flatten()
                .filter(|used| used.lot == *family.lot);
            loaded.into_iter().any(|used| match (used.qty, whole) {
                (Some(loaded), Some(whole)) => loaded.is_same_amount(&whole),
                (loaded, _) => loaded.is_none(),
            })
        })
}

fn is_expired(family: &Family<'_>, today: Date) -> bool {
    let creation = family.creations.get(family.lot);
    creation
        .and_then(|creation| corrected_expiry(family.facts, creation))
        .is_some_and(|expires| expires < today)
}
