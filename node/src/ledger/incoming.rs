//! Entries that have come from a peer and wait for the head that covers them.
//!
//! A checkpoint says something about a whole log, so a log that comes in pieces is believed only when the last
//! piece is there and the root is right. Until then the pieces wait here, in memory; a restart fetches them
//! again.

use std::collections::HashMap;

use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::replica::Replica;
use ledger_core::sync::message::ENTRY_BYTES_MAX;

/// Most bytes that wait: a first copy of some 600,000 events. A machine that holds the replica of such a log
/// holds these, too.
pub const INCOMING_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The waiting entries, the first of which belongs right behind the log.
#[derive(Debug, Default)]
pub struct Incoming {
    entries: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    places: HashMap<Hash, usize>,
    bytes: usize,
}

/// A piece that does not fit: the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// An entry that no log may have.
    #[error("an entry of a length that no leaf has")]
    Length,
    /// Entries that are here, and others.
    #[error("the entries contradict those that are here")]
    Contradiction,
    /// More than [`INCOMING_BYTES_MAX`] without a head that covers them.
    #[error("too many entries without a head that covers them")]
    TooMuch,
}

impl Incoming {
    /// Takes a piece. It may begin with entries that are here already: pieces are asked for again after a
    /// failure, and do not say where they begin.
    ///
    /// # Errors
    /// [`Misfit`]; then nobody knows whose fault it was, and everything that waits is to be forgotten.
    pub fn take(&mut self, replica: &Replica, entries: Vec<Vec<u8>>) -> Result<(), Misfit> {
        let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let start = hashes
            .first()
            .and_then(|first| self.place(replica, first))
            .unwrap_or_else(|| self.end(replica));
        for (offset, (entry, hash)) in (0..).zip(entries.into_iter().zip(hashes)) {
            let place = start + offset;
            if place < self.end(replica) {
                if self.hash_at(replica, place) != Some(hash) {
                    return Err(Misfit::Contradiction);
                }
                continue;
            }
            if entry.is_empty() || entry.len() > ENTRY_BYTES_MAX {
                return Err(Misfit::Length);
            }
            self.bytes += entry.len();
            if self.bytes > INCOMING_BYTES_MAX {
                return Err(Misfit::TooMuch);
            }
            self.places.insert(hash, self.entries.len());
            self.entries.push(entry);
            self.hashes.push(hash);
        }
        Ok(())
    }

    /// Where in the log, waiting entries included, a leaf stands.
    fn place(&self, replica: &Replica, hash: &Hash) -> Option<u64> {
        if replica.tree().leaves().first() == Some(hash) {
            return Some(0);
        }
        let logged = replica.find(&EventId(*hash)).map(|LeafIndex(place)| place);
        logged.or_else(|| {
            self.places
                .get(hash)
                .map(|place| replica.size().0 + *place as u64)
        })
    }

    fn hash_at(&self, replica: &Replica, place: u64) -> Option<Hash> {
        let leaves = replica.tree().leaves();
        match usize::try_from(place).ok()? {
            logged if logged < leaves.len() => leaves.get(logged).copied(),
            waiting => self.hashes.get(waiting - leaves.len()).copied(),
        }
    }

    fn end(&self, replica: &Replica) -> u64 {
        replica.size().0 + self.entries.len() as u64
    }

    /// Where the next entry belongs.
    pub fn size(&self, replica: &Replica) -> TreeSize {
        TreeSize(self.end(replica))
    }

    /// The root of the log with as many waiting entries as make it this size. None when there are not so many.
    pub fn root_at(&self, replica: &Replica, size: TreeSize) -> Option<Hash> {
        let more = usize::try_from(size.0.checked_sub(replica.size().0)?).ok()?;
        let mut frontier = Frontier::read(replica.tree(), replica.size()).ok()?;
        self.hashes
            .get(..more)?
            .iter()
            .for_each(|hash| frontier.append(*hash));
        Some(frontier.root())
    }

    /// The first entries, given up.
    pub fn split_off_front(&mut self, count: usize) -> Vec<Vec<u8>> {
        let rest = self.entries.split_off(count.min(self.entries.len()));
        let front = std::mem::replace(&mut self.entries, rest);
        self.hashes.drain(..front.len());
        self.bytes -= front.iter().map(Vec::len).sum::<usize>();
        self.places = (0..)
            .zip(&self.hashes)
            .map(|(place, hash)| (*hash, place))
            .collect();
        front
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Incoming::default();
    }
}
