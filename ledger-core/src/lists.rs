//! Complete lists of some subjects under one map root: the part that bundles and evidence have in common
//! (`docs/formats.md` sections 10, 12 and 16).
//!
//! In scope: their CBOR forms, and whether they are, whole, what the root says. Out of scope: whose root it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::encode::Value;
use crate::ids::{EventId, Hash, LeafIndex};
use crate::map::{MapKey, list_root};
use crate::map_proof::{Answer, verify_proof};
use crate::sign::{SignedEvent, event_id};
use crate::subject::{Subject, own_subjects};

/// A subject and the places of all its events.
pub type List = (Subject, Vec<LeafIndex>);
/// An envelope and its place.
pub type Entry = (LeafIndex, Vec<u8>);

/// Lists, the listed events and the map proof of all subjects, read but not believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<'a> {
    pub(crate) subjects: &'a [List],
    pub(crate) events: &'a [Entry],
    pub(crate) map: &'a [u8],
}

/// Why lists are not what a map root says: a stable word, and the parts of the subject where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListFault {
    pub(crate) detail: &'static str,
    pub(crate) by: Vec<String>,
}

impl Lists<'_> {
    /// Every list is whole under the root, every event is listed where it says and stands before the map head at
    /// `head`. `signed` are the events whose signature holds; the others are somebody else's business.
    pub(crate) fn check(
        &self,
        root: &Hash,
        head: LeafIndex,
        signed: &BTreeMap<LeafIndex, SignedEvent>,
    ) -> Result<(), ListFault> {
        let fault = |detail| {
            let by = Vec::new();
            Err(ListFault { detail, by })
        };
        let at = |detail, subject| {
            let by = parts(subject);
            Err(ListFault { detail, by })
        };
        let keys: Vec<MapKey> = self.subjects.iter().map(|(s, _)| s.key()).collect();
        let Ok(answers) = verify_proof(self.map, root, &keys) else {
            return fault("other_map");
        };
        let ids: BTreeMap<LeafIndex, EventId> = self
            .events
            .iter()
            .map(|(index, bytes)| (*index, event_id(bytes)))
            .collect();
        if ids.len() != self.events.len() {
            return fault("event_twice");
        }
        let mut listed = BTreeSet::new();
        for ((subject, list), answer) in self.subjects.iter().zip(answers) {
            if !is_whole(list, &ids, &answer) {
                return at("list_differs", subject);
            }
            if !list.iter().all(|index| is_about(*index, subject, signed)) {
                return at("not_about", subject);
            }
            listed.extend(list.iter().copied());
        }
        if listed.len() != ids.len() || ids.keys().any(|index| *index >= head) {
            return fault("unlisted");
        }
        Ok(())
    }
}

/// A subject as its parts, class first.
pub(crate) fn parts(subject: &Subject) -> Vec<String> {
    let text = |part: &Value| match part {
        Value::Text(text) => text.clone(),
        other => other.as_int().unwrap_or_default().to_string(),
    };
    let array = subject.to_value();
    let parts = array.as_array().unwrap_or_default();
    parts.iter().map(text).collect()
}

/// Whether an event names a subject itself or through the event that it refers to. A reference that leads further, or
/// out of the lists at hand, the map root vouches for.
fn is_about(
    index: LeafIndex,
    subject: &Subject,
    signed: &BTreeMap<LeafIndex, SignedEvent>,
) -> bool {
    let names = |event: &SignedEvent| own_subjects(event).contains(subject);
    let Some(event) = signed.get(&index) else {
        return true;
    };
    let Some(id) = event.body().reference else {
        return names(event);
    };
    let referred = signed.values().find(|other| other.id().0 == id);
    names(event) || referred.is_none_or(|event| names(event) || event.body().reference.is_some())
}

fn is_whole(list: &[LeafIndex], ids: &BTreeMap<LeafIndex, EventId>, answer: &Answer) -> bool {
    let entry = |index: &LeafIndex| ids.get(index).map(|id| (*index, id.0));
    let entries: Option<Vec<(LeafIndex, Hash)>> = list.iter().map(entry).collect();
    match (entries, answer) {
        (None, _) => false,
        (Some(entries), Answer::Absent) => entries.is_empty(),
        (
            Some(entries),
            Answer::Present {
                count,
                list_root: root,
            },
        ) => {
            entries.len() as u64 == *count
                && list.is_sorted_by(|a, b| a < b)
                && list_root(&entries) == *root
        }
    }
}

/// `[[subject, [leaf index, …]], …]`.
pub(crate) fn subjects_to_value(subjects: &[List]) -> Value {
    let list = |(subject, places): &List| {
        let places = places.iter().map(|index| Value::uint(index.0)).collect();
        Value::Array(vec![subject.to_value(), Value::Array(places)])
    };
    Value::Array(subjects.iter().map(list).collect())
}

pub(crate) fn subjects_from_value(value: &Value) -> Option<Vec<List>> {
    let list = |value: &Value| {
        let [subject, places] = value.as_array()? else {
            return None;
        };
        let index = |value: &Value| value.as_uint().map(LeafIndex);
        let places = places
            .as_array()?
            .iter()
            .map(index)
            .collect::<Option<_>>()?;
        Some((Subject::from_value(subject)?, places))
    };
    value.as_array()?.iter().map(list).collect()
}

/// `[[leaf index, envelope], …]`.
pub(crate) fn events_to_value(events: &[Entry]) -> Value {
    let entry =
        |(index, bytes): &Entry| Value::Array(vec![Value::uint(index.0), Value::bytes(bytes)]);
    Value::Array(events.iter().map(entry).collect())
}

pub(crate) fn events_from_value(value: &Value) -> Option<Vec<Entry>> {
    let entry = |value: &Value| {
        let [index, bytes] = value.as_array()? else {
            return None;
        };
        Some((LeafIndex(index.as_uint()?), bytes.as_bytes()?.to_vec()))
    };
    value.as_array()?.iter().map(entry).collect()
}
