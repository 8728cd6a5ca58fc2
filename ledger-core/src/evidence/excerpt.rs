//! An excerpt of the ledger that proves itself: complete lists of some subjects under one head.

use std::collections::BTreeMap;

use crate::anchor::Anchor;
use crate::bundle::Bundle;
use crate::encode::Value;
use crate::genesis::{Genesis, ledger_id};
use crate::ids::LeafIndex;
use crate::lists::{
    Entry, List, ListFault, Lists, events_from_value, events_to_value, subjects_from_value,
    subjects_to_value,
};
use crate::note::Note;
use crate::placed::Placed;
use crate::quorum::Evaluation;
use crate::sign::{Envelope, SignedEvent};
use crate::subject::Subject;

/// Complete lists under a head, read but not believed. The genesis stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The signed note with its cosignatures.
    pub checkpoint: String,
    /// The map head.
    pub head: Placed,
    /// Complete lists.
    pub subjects: Vec<List>,
    /// The listed events.
    pub events: Vec<Entry>,
    /// Map proof of all subjects.
    pub map: Vec<u8>,
}

/// An excerpt that holds: the log signed the head, the sequencer the map, and the map says these lists.
pub(super) struct Shown<'a> {
    pub(super) genesis: Genesis,
    pub(super) evaluation: Evaluation<'a>,
    pub(super) events: BTreeMap<LeafIndex, SignedEvent>,
    lists: BTreeMap<Subject, Vec<LeafIndex>>,
}

impl Shown<'_> {
    /// The complete list of a subject, if the excerpt has it.
    pub(super) fn list(&self, subject: &Subject) -> Option<&[LeafIndex]> {
        self.lists.get(subject).map(Vec::as_slice)
    }

    /// Seconds since 1970 at which the quorum of the head was reached.
    pub(super) fn reached(&self) -> Option<u64> {
        let times = self.evaluation.quorum().times()?;
        Some(times.reached.seconds())
    }
}

impl From<Bundle> for Excerpt {
    fn from(bundle: Bundle) -> Excerpt {
        Excerpt {
            checkpoint: bundle.checkpoint,
            head: bundle.head,
            subjects: bundle.subjects,
            events: bundle.events,
            map: bundle.map,
        }
    }
}

impl Excerpt {
    pub(super) fn to_value(&self) -> Value {
        Value::map([
            ("checkpoint", Value::text(&self.checkpoint)),
            ("head", self.head.to_value()),
            ("subjects", subjects_to_value(&self.subjects)),
            ("events", events_to_value(&self.events)),
            ("map", Value::bytes(&self.map)),
        ])
    }

    pub(super) fn from_value(value: &Value) -> Option<Excerpt> {
        Some(Excerpt {
            checkpoint: value.get("checkpoint")?.as_text()?.to_owned(),
            head: Placed::from_value(value.get("head")?)?,
            subjects: subjects_from_value(value.get("subjects")?)?,
            events: events_from_value(value.get("events")?)?,
            map: value.get("map")?.as_bytes()?.to_vec(),
        })
    }

    /// Checks everything in it but the quorum, which is for the caller to ask.
    pub(super) fn check<'a>(
        &self,
        genesis_bytes: &[u8],
        anchor: &'a Anchor,
    ) -> Result<Shown<'a>, ListFault> {
        let fault = |detail| ListFault {
            detail,
            by: Vec::new(),
        };
        let genesis = own_genesis(genesis_bytes, anchor).ok_or_else(|| fault("other_ledger"))?;
        let note = Note::parse(self.checkpoint.as_bytes()).map_err(|_| fault("malformed_note"))?;
        let evaluation = anchor.policy().evaluate(&note);
        let evaluation = evaluation.map_err(|_| fault("not_by_log"))?;
        if !self.head.is_last_of(evaluation.checkpoint()) {
            return Err(fault("not_last_leaf"));
        }
        let root = self.head.map_root(&genesis, &anchor.ledger());
        let root = root.ok_or_else(|| fault("not_by_sequencer"))?;
        let mut events = BTreeMap::new();
        for (index, bytes) in &self.events {
            let event = Envelope::parse(bytes).and_then(|event| event.verify(&anchor.ledger()));
            let event = event.map_err(|_| ListFault {
                detail: "bad_signature",
                by: vec![index.to_string()],
            })?;
            events.insert(*index, event);
        }
        let lists = Lists {
            subjects: &self.subjects,
            events: &self.events,
            map: &self.map,
        };
        lists.check(&root, self.head.index, &events)?;
        Ok(Shown {
            genesis,
            evaluation,
            events,
            lists: self.subjects.iter().cloned().collect(),
        })
    }
}

/// The genesis, if it is that of the anchor's ledger and log.
pub(super) fn own_genesis(bytes: &[u8], anchor: &Anchor) -> Option<Genesis> {
    let genesis = Genesis::decode(bytes).ok()?;
    let own_log = anchor.policy().logs().iter().any(|log| {
        log.verifier().name().as_str() == genesis.origin && *log.verifier().key() == genesis.log_key
    });
    (ledger_id(bytes) == anchor.ledger() && own_log).then_some(genesis)
}
