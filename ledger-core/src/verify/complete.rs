//! `complete`: nothing about the code was left out, and nothing put in.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::wanted_subjects;
use crate::encode::Value;
use crate::family::Fact;
use crate::ids::{EventId, Hash, LeafIndex};
use crate::map::{MapKey, list_root};
use crate::map_proof::{Answer, verify_proof};
use crate::sign::{SignedEvent, event_id};
use crate::subject::{Subject, own_subjects};

use super::{Check, Finding, Statement};

impl Check<'_> {
    /// Every list is whole under the map root, every event is listed where it says, nothing wanted is missing.
    pub(super) fn complete(&self, facts: &[Fact<'_>]) -> Finding {
        let contradicted = |detail| Finding::contradicted(Statement::Complete, detail);
        let Some(root) = self.head_root() else {
            return Finding::lacking(Statement::Complete, "no_map_head");
        };
        let subjects = || self.bundle.subjects.iter().map(|(subject, _)| subject);
        let keys: Vec<MapKey> = subjects().map(Subject::key).collect();
        let Ok(answers) = verify_proof(&self.bundle.map, &root, &keys) else {
            return contradicted("other_map");
        };
        let ids: BTreeMap<LeafIndex, EventId> = self
            .bundle
            .events
            .iter()
            .map(|(index, bytes)| (*index, event_id(bytes)))
            .collect();
        if ids.len() != self.bundle.events.len() {
            return contradicted("event_twice");
        }
        let mut listed = BTreeSet::new();
        for ((subject, list), answer) in self.bundle.subjects.iter().zip(answers) {
            if !list_matches(list, &ids, &answer) {
                return contradicted("list_differs").by(parts(subject));
            }
            if !list.iter().all(|index| self.is_about(*index, subject)) {
                return contradicted("not_about").by(parts(subject));
            }
            listed.extend(list.iter().copied());
        }
        let head = self.bundle.head.index;
        if listed.len() != ids.len() || ids.keys().any(|index| *index >= head) {
            return contradicted("unlisted");
        }
        let given: BTreeSet<&Subject> = subjects().collect();
        let wanted = wanted_subjects(&self.bundle.code, &self.genesis.authority, facts);
        match wanted.iter().find(|subject| !given.contains(subject)) {
            Some(missing) => contradicted("left_out").by(parts(missing)),
            None => Finding::proven(Statement::Complete),
        }
    }

    /// Whether an event names a subject itself or through the event that it refers to. Events with bad signatures are
    /// the business of another statement; a reference that leads further, or out of the bundle, the map root vouches
    /// for.
    fn is_about(&self, index: LeafIndex, subject: &Subject) -> bool {
        let names = |event: &SignedEvent| own_subjects(event).contains(subject);
        let Some(event) = self.signed.get(&index) else {
            return true;
        };
        let Some(id) = event.body().reference else {
            return names(event);
        };
        let referred = self.signed.values().find(|other| other.id().0 == id);
        names(event)
            || referred.is_none_or(|event| names(event) || event.body().reference.is_some())
    }
}

/// A subject as its parts, class first.
fn parts(subject: &Subject) -> Vec<String> {
    let text = |part: &Value| match part {
        Value::Text(text) => text.clone(),
        other => other.as_int().unwrap_or_default().to_string(),
    };
    let array = subject.to_value();
    array
        .as_array()
        .unwrap_or_default()
        .iter()
        .map(text)
        .collect()
}

fn list_matches(list: &[LeafIndex], ids: &BTreeMap<LeafIndex, EventId>, answer: &Answer) -> bool {
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
