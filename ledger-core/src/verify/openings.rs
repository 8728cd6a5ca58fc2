//! What was said under a commitment: withheld, opened or erased (`docs/formats.md` sections 5 and 13).

use std::collections::{BTreeMap, BTreeSet};

use crate::commitment::{Opening, commit};
use crate::family::Fact;
use crate::ids::{Hash, LeafIndex};
use crate::kind::Kind;

use super::{Check, Finding, Statement};

/// What became of a value that stands in the log as a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secrecy {
    /// Nothing was shown of it.
    Withheld,
    /// It was shown, and it is what was committed to.
    Opened,
    /// An event in force says that value and salt were erased.
    Erased,
}

impl Secrecy {
    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            Secrecy::Withheld => "withheld",
            Secrecy::Opened => "opened",
            Secrecy::Erased => "erased",
        }
    }
}

/// A commitment in a listed event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Where the event stands.
    pub index: LeafIndex,
    /// The field whose value it hides.
    pub path: &'static str,
    /// The commitment.
    pub commitment: Hash,
    /// What became of the value.
    pub secrecy: Secrecy,
    /// The opening, where it was shown, is readable, is of this field, and was not erased.
    pub opening: Option<Opening>,
}

impl Check<'_> {
    pub(super) fn openings(&self) -> Finding {
        let committed: BTreeSet<Hash> = self
            .signed
            .values()
            .flat_map(|event| event.body().commitments())
            .collect();
        let mut openings = self.bundle.openings.iter();
        Finding::proven_if(
            Statement::Openings,
            openings.all(|opening| committed.contains(&commit(opening))),
            "no_commitment",
        )
    }

    /// Every commitment of the listed events, in log order. `facts` are the events in force.
    pub(super) fn committed(&self, facts: &[Fact<'_>]) -> Vec<Committed> {
        let openings = self.bundle.openings.iter();
        let shown: BTreeMap<Hash, &Vec<u8>> = openings.map(|o| (commit(o), o)).collect();
        let erased: BTreeSet<Hash> = facts
            .iter()
            .map(|fact| fact.event.body())
            .filter(|body| body.kind == Kind::Erase)
            .filter_map(|body| body.commitment)
            .collect();
        let mut all = Vec::new();
        for (index, event) in &self.signed {
            for (path, commitment) in event.body().committed_fields() {
                let opening = shown.get(&commitment);
                // What was erased is not shown, even where somebody still hands out a copy.
                let secrecy = match (erased.contains(&commitment), opening) {
                    (true, _) => Secrecy::Erased,
                    (false, Some(_)) => Secrecy::Opened,
                    (false, None) => Secrecy::Withheld,
                };
                let opening = opening
                    .filter(|_| secrecy == Secrecy::Opened)
                    .and_then(|bytes| Opening::decode(bytes).ok())
                    .filter(|opening| opening.path == path);
                all.push(Committed {
                    index: *index,
                    path,
                    commitment,
                    secrecy,
                    opening,
                });
            }
        }
        all
    }
}
