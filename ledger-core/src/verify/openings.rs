//! `openings`: what the bundle opens was committed to; and what became of each private part.

use std::collections::{BTreeMap, BTreeSet};

use crate::commitment::commit;
use crate::family::Fact;
use crate::ids::Hash;
use crate::kind::Kind;

use super::{Check, Finding, Statement};

/// What became of a part that was said under a commitment (`docs/formats.md` sections 5 and 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivatePart {
    /// Its opening is not in the bundle.
    Withheld,
    /// Its opening is in the bundle, and matches.
    Opened,
    /// An `erase` in force says that its opening is gone. It counts for that even where somebody still hands out a copy.
    Erased,
}

impl PrivatePart {
    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            PrivatePart::Withheld => "withheld",
            PrivatePart::Opened => "opened",
            PrivatePart::Erased => "erased",
        }
    }
}

impl Check<'_> {
    pub(super) fn openings(&self) -> Finding {
        let committed = self.committed();
        let mut opened = self.opened();
        Finding::proven_if(
            Statement::Openings,
            opened.all(|commitment| committed.contains(&commitment)),
            "no_commitment",
        )
    }

    /// Each commitment of a well signed event; `facts` are the events in force.
    pub(super) fn privates(&self, facts: &[Fact<'_>]) -> BTreeMap<Hash, PrivatePart> {
        let opened: BTreeSet<Hash> = self.opened().collect();
        // A commitment belongs to the first event that holds it; who copies it erases nothing.
        let holder = |commitment: &Hash| {
            let holds = |fact: &&Fact<'_>| {
                let mut held = fact.event.body().commitments();
                held.any(|hash| hash == *commitment)
            };
            facts.iter().find(holds).map(|fact| fact.event.id().0)
        };
        let erasures = facts.iter().map(|fact| fact.event.body());
        let erased: BTreeSet<Hash> = erasures
            .filter(|body| body.kind == Kind::Erase)
            .filter_map(|body| body.commitment.filter(|c| holder(c) == body.reference))
            .collect();
        let became = |commitment: &Hash| match commitment {
            gone if erased.contains(gone) => PrivatePart::Erased,
            shown if opened.contains(shown) => PrivatePart::Opened,
            _ => PrivatePart::Withheld,
        };
        let committed = self.committed().into_iter();
        committed.map(|hash| (hash, became(&hash))).collect()
    }

    fn committed(&self) -> BTreeSet<Hash> {
        let events = self.signed.values();
        events
            .flat_map(|event| event.body().commitments())
            .collect()
    }

    fn opened(&self) -> impl Iterator<Item = Hash> + '_ {
        self.bundle.openings.iter().map(|opening| commit(opening))
    }
}
