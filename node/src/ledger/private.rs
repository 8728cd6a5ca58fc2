//! Private parts: which event holds a commitment, who may have its opening from this node, and what is erased.
//!
//! Scope: the node's side of `docs/formats.md` section 5, *Readers*. Out of scope: who is entitled
//! ([`ledger_core::entitlement`]) and the files ([`crate::blobs`]).
//!
//! Invariant: a commitment belongs to the first event in force that holds it. Copying it into another event shows nobody
//! anything and erases nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use ledger_core::entitlement::{Readers, may_read, readers};
use ledger_core::ids::{EventId, Hash, LeafIndex, LotId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::sign::{Envelope, SignedEvent};
use ledger_core::subject::Subject;

use super::LedgerError;
use super::writer::Writer;
use crate::blobs::{BlobKind, Lookup};
use crate::keys::KeyRole;

/// Most events that are read to find out who the partners are: 20 ms of signatures. In longer lists only the signer and the
/// authority are found.
const LISTED_MAX: usize = 512;
/// Most missing blobs that are looked at for one answer: some 40 ms.
const LOOKED_AT_MAX: usize = 1_024;

/// The commitments of the log.
#[derive(Debug, Default)]
pub struct Commitments {
    held: BTreeMap<Hash, LeafIndex>,
    /// Where looking for missing blobs went on last time.
    looked_at: Option<Hash>,
}

impl Commitments {
    /// Takes note of a logged event; gives the commitment whose opening it erases.
    pub fn saw(&mut self, replica: &Replica, logged: &LoggedEvent) -> Option<Hash> {
        if logged.void.is_some() {
            return None;
        }
        let body = logged.event.body();
        for commitment in body.commitments() {
            self.held.entry(commitment).or_insert(logged.index);
        }
        let erased = body.commitment.filter(|_| body.kind == Kind::Erase)?;
        let holder = replica.find(&EventId(body.reference?));
        (holder.is_some() && self.held.get(&erased).copied() == holder).then_some(erased)
    }
}

impl Writer {
    /// A blob, as far as a peer's organisation may have it; without one, as far as everybody may.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn blob_for(&mut self, hash: &Hash, asker: Option<&OrgId>) -> Result<Lookup, LedgerError> {
        let found = self.blob(hash)?;
        let path = match &found {
            Lookup::Here(blob) => match blob.kind() {
                BlobKind::Opening(path) => path.clone(),
                _ => return Ok(found),
            },
            _ => return Ok(found),
        };
        let entitled = self.may_have(hash, Some(&path), asker)?;
        // Who may not have an opening does not learn that it is here.
        Ok(if entitled { found } else { Lookup::Unknown })
    }

    /// Blobs that events name, that are not here and that this node may have.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn missing_blobs(&mut self, max: usize) -> Result<Vec<Hash>, LedgerError> {
        let me = self.own_peer_org();
        let mut wanted = Vec::new();
        for hash in self.next_missing() {
            if wanted.len() >= max {
                break;
            }
            self.commitments.looked_at = Some(hash);
            // What no logged event commits to is a picture, or belongs to an event that waits.
            if !self.commitments.held.contains_key(&hash)
                || self.may_have(&hash, None, me.as_ref())?
            {
                wanted.push(hash);
            }
        }
        Ok(wanted)
    }

    /// The missing blobs behind those that were looked at last time, then those before.
    fn next_missing(&self) -> Vec<Hash> {
        let from = self
            .commitments
            .looked_at
            .map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.missing_blobs.range((from, Bound::Unbounded));
        let before = self.missing_blobs.iter();
        let before = before.take_while(|hash| self.commitments.looked_at >= Some(**hash));
        behind.chain(before).take(LOOKED_AT_MAX).copied().collect()
    }

    /// The organisation as whose peer others know this node.
    fn own_peer_org(&self) -> Option<OrgId> {
        let key = PublicKey::of(self.keys.get(&KeyRole::Peer)?).to_bytes();
        self.replica.roster().peer(&Hash(key)).cloned()
    }

    /// Whether an organisation may have the opening of a commitment. `path` is the field that the opening names; without
    /// one, the field that the commitment stands in.
    fn may_have(
        &mut self,
        commitment: &Hash,
        path: Option<&str>,
        asker: Option<&OrgId>,
    ) -> Result<bool, LedgerError> {
        let Some(place) = self.commitments.held.get(commitment).copied() else {
            return Ok(false);
        };
        let Some(holder) = self.signed_events(BTreeSet::from([place]))?.pop() else {
            return Ok(false);
        };
        let mut fields = holder.body().committed_fields();
        let stands_in = fields
            .find(|(_, held)| held == commitment)
            .map(|(field, _)| field);
        let path = path.or(stands_in).unwrap_or_default();
        let readers = readers(holder.body(), path, commitment);
        let (Some(readers), Some(asker)) = (readers, asker) else {
            return Ok(readers == Some(Readers::Everybody));
        };
        let standing = self.replica.roster().org(asker).cloned();
        may_read(asker, standing.as_ref(), readers, &holder, |lot| {
            self.listed(lot)
        })
    }

    /// The events in force about a lot; none when they are too many.
    fn listed(&mut self, lot: &LotId) -> Result<Vec<SignedEvent>, LedgerError> {
        let list = self.replica.list(&Subject::Lot(lot.clone()))?;
        if list.len() > LISTED_MAX {
            return Ok(Vec::new());
        }
        self.signed_events(list.into_iter().map(|(index, _)| index).collect())
    }

    fn signed_events(
        &mut self,
        places: BTreeSet<LeafIndex>,
    ) -> Result<Vec<SignedEvent>, LedgerError> {
        let places: Vec<LeafIndex> = places.into_iter().collect();
        let ledger = self.replica.ledger_id();
        let events = self.events(&places)?;
        let read =
            |bytes: &Vec<u8>| Envelope::parse(bytes).and_then(|envelope| envelope.verify(&ledger));
        // What is in the log has passed the door.
        Ok(events.iter().filter_map(|bytes| read(bytes).ok()).collect())
    }
}
