//! `openings`: what the bundle opens was committed to.

use std::collections::BTreeSet;

use crate::commitment::commit;
use crate::ids::Hash;

use super::{Check, Finding, Statement};

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
}
