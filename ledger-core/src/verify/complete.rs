//! `complete`: nothing about the code was left out, and nothing put in.

use std::collections::BTreeSet;

use crate::bundle::wanted_subjects;
use crate::family::Fact;
use crate::lists::{Lists, parts};
use crate::subject::Subject;

use super::{Check, Finding, Statement};

impl Check<'_> {
    /// Every list is whole under the map root, every event is listed where it says, nothing wanted is missing.
    pub(super) fn complete(&self, facts: &[Fact<'_>]) -> Finding {
        let Some(root) = self.head_root() else {
            return Finding::lacking(Statement::Complete, "no_map_head");
        };
        let bundle = self.bundle;
        let lists = Lists {
            subjects: &bundle.subjects,
            events: &bundle.events,
            map: &bundle.map,
        };
        if let Err(fault) = lists.check(&root, bundle.head.index, &self.signed) {
            return Finding::contradicted(Statement::Complete, fault.detail).by(fault.by);
        }
        let given: BTreeSet<&Subject> = bundle.subjects.iter().map(|(s, _)| s).collect();
        let wanted = wanted_subjects(&bundle.code, &self.genesis.authority, facts);
        match wanted.iter().find(|subject| !given.contains(subject)) {
            Some(missing) => {
                Finding::contradicted(Statement::Complete, "left_out").by(parts(missing))
            }
            None => Finding::proven(Statement::Complete),
        }
    }
}
