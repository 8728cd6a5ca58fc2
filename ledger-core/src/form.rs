//! The first of the three doors: what can still be asked back before a draft is signed (`docs/rules.md`).
//!
//! In scope: one pure function, [`ask`], over a draft and what the ledger already says; a table of small rules; which
//! subjects the caller must have at hand ([`needed_subjects`], [`gather`]). Out of scope: what the types of a draft
//! refuse by themselves ([`crate::body`]), admission ([`crate::admit`]), addresses and spreadsheets, and what becomes
//! of a breach that arrives already signed ([`crate::lot`]): nothing here ever keeps a signed event out.
//!
//! Everything but [`Weight::Refuse`] can be overridden by whoever writes down why. The codes are those of
//! `rejections.csv`; besides them there are `LO_DANG_TAM_GIU`, `SO_LO_DA_CO` and `KHONG_THAY_VIEC_GOC`,
//! and the notices of [`crate::notice`] that a draft would bring about.

mod again;
mod clock;
mod goods;
mod growing_area;
mod harvest;
mod labels;
mod personal;
mod right;
mod trade_number;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub use personal::personal_data;
pub use trade_number::{COMPANY_PREFIX_STANDARD, gtin};

use crate::body::{Body, Sealable};
use crate::bundle::subjects_of_member;
use crate::family::{Creations, Fact};
use crate::genesis::Genesis;
use crate::hold::{Holding, holding};
use crate::ids::{DeviceKey, EventId, LeafIndex, LotId, OrgId};
use crate::kind::Kind;
use crate::lot::Family;
use crate::quantity::{Quantity, SCALE_MAX, Unit};
use crate::replica::Replica;
use crate::roster::Roster;
use crate::sign::{Draft, SignedEvent};
use crate::store::StoreError;
use crate::subject::{Subject, lots_named, subjects_named};
use crate::time::{Date, Timestamp};

/// Most events that one question is weighed against: the largest families have some hundreds.
pub const EVENTS_MAX: usize = 4_096;

/// How much a question weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Not to be signed like this.
    Refuse,
    /// May be signed with a reason; the lot will be on hold.
    Hold,
    /// May be signed with a reason.
    Warn,
    /// Something has to be chosen or added.
    Ask,
    /// Nothing to do: it is in the book.
    AlreadyDone,
}

impl Weight {
    /// Whether the draft may be signed all the same when the reason is written down with it.
    pub fn can_be_overridden(self) -> bool {
        self != Weight::Refuse
    }
}

/// Something to be asked back before signing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// A stable code for machines.
    pub code: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// The field of the body that it is about (`docs/formats.md` section 6), or `occurred`; empty when it is about all.
    pub field: &'static str,
    /// What happened and why, in Vietnamese.
    pub message_vi: String,
    /// The same in English.
    pub message_en: String,
    /// What to do now, in Vietnamese; empty when nothing can be done.
    pub remedy_vi: &'static str,
}

/// What the ledger already says, as far as it matters for a draft.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Events in force, in log order: the lists of [`needed_subjects`], and the event that `ref` names.
    pub facts: &'a [Fact<'a>],
    /// The members.
    pub roster: &'a Roster,
    /// Whose ledger it is, and whether it is a sample.
    pub genesis: &'a Genesis,
    /// The device that is about to sign.
    pub device: DeviceKey,
}

/// One draft before the door.
struct Case<'a> {
    draft: &'a Draft,
    iss: &'a OrgId,
    known: &'a Known<'a>,
    now: Timestamp,
    today: Date,
    creations: Creations<'a>,
}

type Rule = fn(&Case<'_>) -> Vec<Question>;

/// Every rule. Within one weight, questions come in this order; each rule names its source.
const RULES: &[Rule] = &[
    again::is_recorded,                // N-16
    trade_number::is_own,              // N-02; N-01 is `gtin`
    growing_area::is_borrowed,         // N-04
    growing_area::is_misshapen,        // N-03
    growing_area::is_lent,             // docs/rules.md, "Growing-area code"
    right::may_not,                    // N-09 to N-12
    clock::is_ahead,                   // N-15
    goods::is_unknown,                 // N-08
    goods::is_taken,                   // one creation for each lot
    goods::is_not_enough,              // N-07
    goods::is_more_than_went_in,       // N-07, the step itself
    goods::may_not_be_listed,          // N-13, N-14
    labels::are_used,                  // N-24
    labels::are_too_many,              // docs/rules.md, "Labels"
    harvest::is_implausible,           // N-05
    harvest::makes_a_year_implausible, // docs/rules.md, "Yearly yield"
    harvest::is_early,                 // N-06
    harvest::makes_earlier_early,      // N-06, the other way round
    again::is_alike,                   // N-17
    personal::is_told,                 // N-23
];

/// What to ask back before a draft is signed; nothing when all is well.
///
/// `now` is the clock of the device, `today` the business date: today, except in a sample, whose date is its clock.
pub fn ask(
    draft: &Draft,
    iss: &OrgId,
    known: &Known<'_>,
    now: Timestamp,
    today: Date,
) -> Vec<Question> {
    let creations = Creations::of(known.facts);
    let case = Case {
        draft,
        iss,
        known,
        now,
        today,
        creations,
    };
    let mut questions: Vec<Question> = RULES.iter().flat_map(|rule| rule(&case)).collect();
    if questions.iter().any(|q| q.weight == Weight::AlreadyDone) {
        // What is in the book already is not asked about once more.
        questions.retain(|q| q.weight == Weight::AlreadyDone);
    }
    questions.sort_by_key(|question| question.weight);
    questions
}

impl<'a> Case<'a> {
    fn body(&self) -> &'a Body {
        &self.draft.body
    }

    fn kind(&self) -> Kind {
        self.draft.body.kind
    }

    fn facts(&self) -> &'a [Fact<'a>] {
        self.known.facts
    }

    fn is_sample(&self) -> bool {
        self.known.genesis.sample.is_some()
    }

    /// The event that the draft's `ref` names, if it is in force.
    fn referred(&self) -> Option<&'a Fact<'a>> {
        referred(self.body(), self.facts())
    }

    /// The name of an organisation; its id where the name is not public.
    fn org_name(&self, org: &OrgId) -> String {
        let registered = self.known.roster.org(org).and_then(|org| org.registered);
        let registration =
            registered.and_then(|id| self.facts().iter().find(|fact| fact.event.id() == id));
        match registration.and_then(|fact| fact.event.body().name.as_ref()) {
            Some(Sealable::Text(name)) => name.clone(),
            _ if *org == self.known.genesis.authority => self.known.genesis.authority_name.clone(),
            _ => org.to_string(),
        }
    }

    /// Whether a lot is recalled or on hold, by itself or an ancestor.
    fn holding(&self, lot: &LotId) -> Holding {
        holding(&Family::of(self.facts(), &self.creations, lot).0)
    }
}

fn referred<'a>(body: &Body, facts: &'a [Fact<'a>]) -> Option<&'a Fact<'a>> {
    let id = body.reference?;
    facts.iter().find(|fact| fact.event.id().0 == id)
}

/// A text with its first letter small, to stand within a sentence.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// A text with its first letter large.
fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// An amount in millionths of a unit, as people here write it: `1.420 kg`.
fn amount(micros: u128, unit: Unit) -> String {
    let exact = u64::try_from(micros)
        .ok()
        .and_then(|n| Quantity::new(n, SCALE_MAX, unit).ok());
    // Beyond nine thousand million units nobody looks at the decimals.
    let whole = || {
        u64::try_from(micros / 1_000_000)
            .ok()
            .and_then(|n| Quantity::new(n, 0, unit).ok())
    };
    let quantity = exact.or_else(whole);
    quantity.map_or_else(|| unit.word().to_owned(), |quantity| quantity.to_string())
}

/// The subjects whose lists a draft is weighed against, as far as the events at hand tell. The caller asks until the
/// answer no longer grows ([`gather`] does), starting with the event that the draft's `ref` names, if it is in force.
pub fn needed_subjects(draft: &Draft, iss: &OrgId, facts: &[Fact<'_>]) -> BTreeSet<Subject> {
    let body = &draft.body;
    let mut needed = subjects_named(body, iss, draft.occurred);
    needed.insert(Subject::Organisation(iss.clone()));
    if let Some(field) = &body.field {
        // A spray counts for harvests of up to a year later, a harvest looks back as far.
        let year = draft.occurred.date().year;
        let years = [year - 1, year, year + 1];
        needed.extend(years.map(|year| Subject::Field(field.clone(), year)));
        needed.insert(Subject::Place(field.clone()));
    }
    let bindings = facts.iter().filter(|fact| labels::shares_code(fact, body));
    let bound = bindings.filter_map(|fact| fact.event.body().lot.clone());
    let creations = Creations::of(facts);
    for lot in lots_named(body, iss).chain(bound) {
        let (reach, _) = creations.reach(&lot);
        for member in reach {
            needed.extend(subjects_of_member(&creations, &member));
            needed.insert(Subject::Lot(member));
        }
    }
    if let Some(fact) = referred(body, facts) {
        needed.insert(Subject::Organisation(fact.event.iss().clone()));
    }
    needed
}

/// Why the events around a draft could not be gathered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// An entry could not be read.
    #[error("entry {0} could not be read")]
    Entry(LeafIndex),
    /// The lists could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More than [`EVENTS_MAX`].
    #[error("more than {EVENTS_MAX} events are concerned")]
    TooMany,
}

/// Every event in force that a draft is weighed against, by its place in the log; `event` reads a logged event.
///
/// # Errors
/// [`GatherError`].
pub fn gather(
    replica: &Replica,
    draft: &Draft,
    iss: &OrgId,
    event: impl Fn(LeafIndex) -> Option<SignedEvent>,
) -> Result<BTreeMap<LeafIndex, SignedEvent>, GatherError> {
    let read = |index| event(index).ok_or(GatherError::Entry(index));
    let mut events = BTreeMap::new();
    let referred = draft.body.reference.map(EventId);
    let referred = referred.filter(|id| replica.void_reason(id).is_none());
    if let Some(index) = referred.and_then(|id| replica.find(&id)) {
        let event = read(index)?;
        if event.body().kind != Kind::MapHead {
            events.insert(index, event);
        }
    }
    let mut asked = BTreeSet::new();
    loop {
        let needed = needed_subjects(draft, iss, &facts_of(&events));
        let more: Vec<Subject> = needed.difference(&asked).cloned().collect();
        if more.is_empty() {
            return Ok(events);
        }
        for subject in &more {
            for (index, _) in replica.list(subject)? {
                if let Entry::Vacant(free) = events.entry(index) {
                    free.insert(read(index)?);
                }
            }
        }
        if events.len() > EVENTS_MAX {
            return Err(GatherError::TooMany);
        }
        asked.extend(more);
    }
}

/// Events by place as facts in log order.
pub fn facts_of(events: &BTreeMap<LeafIndex, SignedEvent>) -> Vec<Fact<'_>> {
    let fact = |(index, event): (&LeafIndex, _)| Fact {
        index: *index,
        event,
    };
    events.iter().map(fact).collect()
}
