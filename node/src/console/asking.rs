//! The questions before signing: gathers what the ledger says around a draft and asks [`form::ask`].
//!
//! The loop is that of [`form::gather`], over messages to the writer instead of a log at hand. Own events that
//! still wait for the log count as if they stood at its end: a clerk without signal is asked back too.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::body::Body;
use ledger_core::form::{self, EVENTS_MAX, Known, Question};
use ledger_core::ids::{DeviceKey, EventId, LeafIndex, OrgId};
use ledger_core::kind::Kind;
use ledger_core::sign::{Draft, Envelope, SignedEvent};
use ledger_core::store::StoreError;
use ledger_core::subject::Subject;
use ledger_core::time::{Date, Timestamp};

use super::book::Nature;
use crate::ledger::{LedgerError, LedgerHandle};

/// Who is about to sign, and when.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The organisation.
    pub org: OrgId,
    /// Its device on this node.
    pub device: DeviceKey,
    /// The console's clock.
    pub now: Timestamp,
    /// The business date.
    pub today: Date,
}

/// What has to be asked back before a draft is signed.
///
/// # Errors
/// [`LedgerError`]; a draft that concerns more events than can be weighed is refused as malformed.
pub async fn questions(
    ledger: &LedgerHandle,
    nature: &Nature,
    waiting: &[SignedEvent],
    signer: Signer,
    draft: Draft,
) -> Result<Vec<Question>, LedgerError> {
    let mut gathered = Gathered::start(ledger, nature, &draft.body).await?;
    let mut asked: BTreeSet<Subject> = BTreeSet::new();
    loop {
        let needed = form::needed_subjects(&draft, &signer.org, &gathered.facts(waiting));
        let more: BTreeSet<Subject> = needed.difference(&asked).cloned().collect();
        if more.is_empty() {
            break;
        }
        gathered.add(more.clone()).await?;
        asked.extend(more);
    }
    let events = gathered.with(waiting);
    let ask = move |replica: &ledger_core::replica::Replica| {
        let facts = form::facts_of(&events);
        let known = Known {
            facts: &facts,
            roster: replica.roster(),
            genesis: replica.genesis(),
            device: signer.device,
        };
        form::ask(&draft, &signer.org, &known, signer.now, signer.today)
    };
    ledger.try_read(ask).await
}

/// The logged events around a draft.
struct Gathered<'a> {
    ledger: &'a LedgerHandle,
    nature: &'a Nature,
    events: BTreeMap<LeafIndex, SignedEvent>,
}

impl<'a> Gathered<'a> {
    /// Begins with the event that the draft refers to, if it is in force.
    async fn start(
        ledger: &'a LedgerHandle,
        nature: &'a Nature,
        body: &Body,
    ) -> Result<Gathered<'a>, LedgerError> {
        let mut gathered = Gathered {
            ledger,
            nature,
            events: BTreeMap::new(),
        };
        if let Some(id) = body.reference.map(EventId) {
            let in_force = move |replica: &ledger_core::replica::Replica| {
                replica
                    .find(&id)
                    .filter(|_| replica.void_reason(&id).is_none())
            };
            let place = ledger.try_read(in_force).await?;
            gathered.read(place.into_iter().collect()).await?;
            gathered
                .events
                .retain(|_, event| event.body().kind != Kind::MapHead);
        }
        Ok(gathered)
    }

    /// Adds the lists of these subjects.
    async fn add(&mut self, subjects: BTreeSet<Subject>) -> Result<(), LedgerError> {
        let lists = move |replica: &ledger_core::replica::Replica| {
            let mut listed = BTreeSet::new();
            for subject in &subjects {
                listed.extend(replica.list(subject)?.iter().map(|(index, _)| *index));
            }
            Ok::<_, StoreError>(listed)
        };
        let listed = self.ledger.try_read(lists).await??;
        let missing: Vec<LeafIndex> = listed
            .into_iter()
            .filter(|index| !self.events.contains_key(index))
            .collect();
        if self.events.len() + missing.len() > EVENTS_MAX {
            return Err(LedgerError::Malformed(format!(
                "more than {EVENTS_MAX} events are concerned"
            )));
        }
        self.read(missing).await
    }

    async fn read(&mut self, places: Vec<LeafIndex>) -> Result<(), LedgerError> {
        let bytes = self.ledger.events(places.clone()).await?;
        for (index, bytes) in places.into_iter().zip(bytes) {
            let event =
                Envelope::parse(&bytes).and_then(|envelope| envelope.verify(&self.nature.ledger));
            let event =
                event.map_err(|error| LedgerError::Malformed(format!("entry {index}: {error}")))?;
            self.events.insert(index, event);
        }
        Ok(())
    }

    fn facts<'b>(&'b self, waiting: &'b [SignedEvent]) -> Vec<ledger_core::family::Fact<'b>> {
        let mut facts = form::facts_of(&self.events);
        let behind = waiting.iter().zip(behind_the_log());
        facts.extend(behind.map(|(event, index)| ledger_core::family::Fact { index, event }));
        facts
    }

    fn with(self, waiting: &[SignedEvent]) -> BTreeMap<LeafIndex, SignedEvent> {
        let mut events = self.events;
        events.extend(behind_the_log().zip(waiting.iter().cloned()));
        events
    }
}

/// Places that no log reaches.
fn behind_the_log() -> impl Iterator<Item = LeafIndex> {
    (u64::MAX / 2..).map(LeafIndex)
}
