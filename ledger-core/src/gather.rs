//! Gathering complete lists from a replica, for bundles and evidence.
//!
//! In scope: lists, their events, the head and the map proof. Out of scope: which subjects are wanted.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{BuildError, Source};
use crate::evidence::Excerpt;
use crate::ids::LeafIndex;
use crate::map::MapKey;
use crate::merkle::inclusion_proof;
use crate::placed::Placed;
use crate::replica::Replica;
use crate::sign::{Envelope, SignedEvent};
use crate::subject::Subject;

/// Lists, and the events in them.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) lists: BTreeMap<Subject, Vec<LeafIndex>>,
    pub(crate) events: BTreeMap<LeafIndex, SignedEvent>,
}

impl Gathered {
    /// Adds the complete list of a subject, as the replica has it.
    pub(crate) fn add(
        &mut self,
        replica: &Replica,
        source: &impl Source,
        subject: Subject,
    ) -> Result<(), BuildError> {
        let listed = replica.list(&subject)?;
        let list: Vec<LeafIndex> = listed.iter().map(|(index, _)| *index).collect();
        for index in &list {
            if !self.events.contains_key(index) {
                let bytes = source.entry(*index).ok_or(BuildError::Entry(*index))?;
                let event = Envelope::parse(&bytes)
                    .and_then(|envelope| envelope.verify(&replica.ledger_id()));
                self.events
                    .insert(*index, event.map_err(|_| BuildError::Entry(*index))?);
            }
        }
        self.lists.insert(subject, list);
        Ok(())
    }

    /// The lists under the map head that ends the replica, which must stand at the checkpoint.
    pub(crate) fn under_head(
        self,
        replica: &mut Replica,
        source: &impl Source,
        checkpoint: &str,
    ) -> Result<Excerpt, BuildError> {
        let last = replica.size().0.checked_sub(1).filter(|index| *index > 0);
        let head = LeafIndex(last.ok_or(BuildError::NotAtHead)?);
        let keys: Vec<MapKey> = self.lists.keys().map(Subject::key).collect();
        Ok(Excerpt {
            checkpoint: checkpoint.to_owned(),
            head: placed(replica, source, head)?,
            subjects: self.lists.into_iter().collect(),
            events: self
                .events
                .into_iter()
                .map(|(index, event)| (index, event.bytes().to_vec()))
                .collect(),
            map: replica.map().prove(&keys)?,
        })
    }
}

/// A leaf with its inclusion proof at the replica's size.
///
/// # Errors
/// [`BuildError`] when there is no such leaf.
pub(crate) fn placed(
    replica: &Replica,
    source: &impl Source,
    index: LeafIndex,
) -> Result<Placed, BuildError> {
    let proof = inclusion_proof(replica.tree(), index, replica.size());
    Ok(Placed {
        index,
        envelope: source.entry(index).ok_or(BuildError::Entry(index))?,
        proof: proof.map_err(|_| BuildError::Entry(index))?,
    })
}

/// Complete lists of some subjects at the replica's size, which must be the checkpoint's.
///
/// # Errors
/// [`BuildError`].
pub fn excerpt(
    replica: &mut Replica,
    source: &impl Source,
    checkpoint: &str,
    subjects: BTreeSet<Subject>,
) -> Result<Excerpt, BuildError> {
    let mut gathered = Gathered::default();
    for subject in subjects {
        gathered.add(replica, source, subject)?;
    }
    gathered.under_head(replica, source, checkpoint)
}
