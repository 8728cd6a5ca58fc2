//! The list of one subject, and its root.

use super::{OutOfOrder, entry_hash, list_root};
use crate::ids::{Hash, LeafIndex};
use crate::merkle::Frontier;
use crate::store::{Place, Records, StoreError};

/// Entries in one sealed chunk: a list is read with one access for each 32 events, and an event added to a long
/// list rewrites at most 1.3 KB.
pub(super) const CHUNK_ENTRIES: usize = 32;
/// Leaf index and event id.
const ENTRY_BYTES: usize = 40;

/// The events of one subject in log order, each once. The newest are held here; older ones may stand in the store,
/// in sealed chunks of [`CHUNK_ENTRIES`], each of which names the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectList {
    older: Option<Place>,
    /// Never empty.
    recent: Vec<(LeafIndex, Hash)>,
    tree: Frontier,
}

impl SubjectList {
    /// A list of one event.
    pub(super) fn of(index: LeafIndex, event_id: Hash) -> SubjectList {
        let mut tree = Frontier::new();
        tree.append(entry_hash(index, &event_id));
        SubjectList {
            older: None,
            recent: vec![(index, event_id)],
            tree,
        }
    }

    /// Lists an event, which must stand later in the log than all those listed.
    pub(super) fn append(&mut self, index: LeafIndex, event_id: Hash) -> Result<(), OutOfOrder> {
        match self.recent.last() {
            Some((last, _)) if *last >= index => return Err(OutOfOrder { index, last: *last }),
            _ => {}
        }
        self.recent.push((index, event_id));
        self.tree.append(entry_hash(index, &event_id));
        Ok(())
    }

    /// How many events are listed.
    pub(crate) fn count(&self) -> u64 {
        self.tree.size().0
    }

    /// The root over the list; the same as [`list_root`] of its entries.
    pub(crate) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// All entries, compared with the root, so that a store can fail but not lie.
    pub(super) fn entries(
        &self,
        records: &dyn Records,
    ) -> Result<Vec<(LeafIndex, Hash)>, StoreError> {
        let missing = (self.count() as usize).saturating_sub(self.recent.len());
        let (mut chunks, mut next) = (Vec::with_capacity(missing / CHUNK_ENTRIES), self.older);
        while let Some(place) = next.filter(|_| chunks.len() * CHUNK_ENTRIES < missing) {
            let (older, chunk) =
                read_chunk(&records.read(place)?).ok_or(StoreError::Damaged(place))?;
            chunks.push(chunk);
            next = older;
        }
        let older = chunks.into_iter().rev().flatten();
        let entries: Vec<_> = older.chain(self.recent.iter().copied()).collect();
        if list_root(&entries) != self.root() {
            return Err(StoreError::Failed("a list does not have its root".into()));
        }
        Ok(entries)
    }

    /// The same list, wholly held here.
    pub(super) fn gathered(&self, records: &dyn Records) -> Result<SubjectList, StoreError> {
        Ok(SubjectList {
            older: None,
            recent: self.entries(records)?,
            tree: self.tree.clone(),
        })
    }

    /// Moves all but the newest entries into the store.
    pub(super) fn seal(&mut self, records: &mut dyn Records) -> Result<(), StoreError> {
        while self.recent.len() > CHUNK_ENTRIES {
            let mut record = Place::to_bytes(self.older).to_vec();
            write_entries(&self.recent[..CHUNK_ENTRIES], &mut record);
            self.older = Some(records.append(&record)?);
            self.recent.drain(..CHUNK_ENTRIES);
        }
        Ok(())
    }

    /// count ‖ older ‖ peaks ‖ recent entries.
    pub(super) fn write(&self, record: &mut Vec<u8>) {
        record.extend(self.count().to_be_bytes());
        record.extend(Place::to_bytes(self.older));
        for peak in self.tree.peaks() {
            record.extend(peak.0);
        }
        write_entries(&self.recent, record);
    }

    /// Reads what [`SubjectList::write`] writes.
    pub(super) fn read(record: &[u8]) -> Option<SubjectList> {
        let (count, rest) = record.split_first_chunk()?;
        let (older, rest) = rest.split_first_chunk()?;
        let size = crate::ids::TreeSize(u64::from_be_bytes(*count));
        let (peaks, rest) = rest.split_at_checked(32 * size.0.count_ones() as usize)?;
        let peaks = peaks.as_chunks().0.iter().copied().map(Hash).collect();
        let recent = read_entries(rest)?;
        Some(SubjectList {
            older: Place::from_bytes(*older),
            tree: Frontier::from_peaks(size, peaks)?,
            recent: Some(recent).filter(|recent| !recent.is_empty())?,
        })
    }
}

type Chunk = (Option<Place>, Vec<(LeafIndex, Hash)>);

fn read_chunk(record: &[u8]) -> Option<Chunk> {
    let (older, rest) = record.split_first_chunk()?;
    Some((Place::from_bytes(*older), read_entries(rest)?))
}

fn write_entries(entries: &[(LeafIndex, Hash)], record: &mut Vec<u8>) {
    for (index, event_id) in entries {
        record.extend(index.0.to_be_bytes());
        record.extend(event_id.0);
    }
}

fn read_entries(bytes: &[u8]) -> Option<Vec<(LeafIndex, Hash)>> {
    let (entries, []) = bytes.as_chunks::<ENTRY_BYTES>() else {
        return None;
    };
    let entry = |bytes: &[u8; ENTRY_BYTES]| {
        let (index, id) = bytes.split_first_chunk()?;
        Some((
            LeafIndex(u64::from_be_bytes(*index)),
            Hash(id.try_into().ok()?),
        ))
    };
    entries.iter().map(entry).collect()
}
