//! The map (docs/formats.md section 10): for each subject the whole list of its events, under one root.
//!
//! Scope: keys of subjects, the list of one subject and its root, the trie over all subjects, and what of it is held
//! in memory. Out of scope: which subjects an event is listed under (section 9, decided before it comes here),
//! proofs (`map_proof.rs`), where records are kept ([`Records`]).
//!
//! What changes is held in memory until [`Map::commit`] hands it to the store in one batch. A stored node is never
//! changed: its successor is another record, so a map can be taken up again at any of its commits.
//!
//! Invariants:
//! - The root is a function of the lists alone, whatever order the subjects came in.
//! - The shape is canonical: a subtree with one leaf *is* that leaf, so every inner node has at least
//!   two leaves below it, and a list is never empty.
//! - Inner nodes lie at depths 0…255 (two keys differ in some bit), so every walk and every recursion
//!   ends after at most [`KEY_BITS`] steps.

use sha2::{Digest, Sha256};

use crate::ids::{Hash, LeafIndex};
use crate::merkle::{self, Frontier};
use crate::store::{MemoryRecords, Place, Records, StoreError};

mod list;
mod node;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod tests;

pub(crate) use list::SubjectList;
use node::Stored;
pub(crate) use node::{Body, Leaf, Link, Node};

/// The depth of the trie: one level for each bit of a key.
pub const KEY_BITS: usize = 256;

/// Where a subject stands in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapKey(pub Hash);

impl MapKey {
    /// The key of a subject, given the deterministic CBOR of its array `[class, id…]`.
    pub fn of(subject_cbor: &[u8]) -> MapKey {
        let key = Sha256::new()
            .chain_update(b"ocop-map/v1\x00")
            .chain_update(subject_cbor);
        MapKey(Hash(key.finalize().into()))
    }

    /// The side, 0 (left) or 1 (right), on which this key lies below an inner node at `depth` < 256.
    pub(crate) fn side(&self, depth: usize) -> usize {
        usize::from(self.0.0[depth / 8] >> (7 - depth % 8) & 1)
    }

    /// How many leading bits two keys share; [`KEY_BITS`] when they are the same.
    pub(crate) fn shared_bits(&self, other: &MapKey) -> usize {
        let pairs = self.0.0.iter().zip(&other.0.0);
        match pairs.clone().position(|(a, b)| a != b) {
            Some(at) => at * 8 + (self.0.0[at] ^ other.0.0[at]).leading_zeros() as usize,
            None => KEY_BITS,
        }
    }
}

/// The hash of a leaf of the map: SHA-256(0x02 ‖ key ‖ count ‖ list root).
pub(crate) fn leaf_hash(key: &MapKey, count: u64, list_root: &Hash) -> Hash {
    let leaf = Sha256::new()
        .chain_update([0x02])
        .chain_update(key.0.0)
        .chain_update(count.to_be_bytes())
        .chain_update(list_root.0);
    Hash(leaf.finalize().into())
}

/// The hash of an inner node of the map: SHA-256(0x03 ‖ left ‖ right).
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let node = Sha256::new()
        .chain_update([0x03])
        .chain_update(left.0)
        .chain_update(right.0);
    Hash(node.finalize().into())
}

/// The root of a list given whole, in log order, as a verifier has it.
pub fn list_root(entries: &[(LeafIndex, Hash)]) -> Hash {
    let mut tree = Frontier::new();
    for (index, event_id) in entries {
        tree.append(entry_hash(*index, event_id));
    }
    tree.root()
}

/// The RFC 6962 leaf hash of the CBOR `[leaf index, event id]`.
fn entry_hash(LeafIndex(index): LeafIndex, event_id: &Hash) -> Hash {
    let wide = index.to_be_bytes();
    let (head, number): (u8, &[u8]) = match index {
        0..24 => (wide[7], &[]),
        24..0x100 => (0x18, &wide[7..]),
        0x100..0x1_0000 => (0x19, &wide[6..]),
        0x1_0000..0x1_0000_0000 => (0x1a, &wide[4..]),
        _ => (0x1b, &wide),
    };
    let entry = [&[0x82, head], number, &[0x58, 0x20], event_id.as_bytes()];
    merkle::leaf_hash(&entry.concat())
}

/// The caller named an event that does not come after those already in the list; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("leaf {index} cannot be listed after leaf {last}")]
pub struct OutOfOrder {
    /// The leaf that was to be listed.
    pub index: LeafIndex,
    /// The last leaf of the list.
    pub last: LeafIndex,
}

/// Nothing was listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The caller named an event out of order; the map is as it was.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
    /// What had to be read could not be; the map is as it was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// By what a stored map is taken up again: its topmost node and how many subjects it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredMap {
    /// Hash and place of the topmost node; none for the empty map.
    pub top: Option<(Hash, Place)>,
    /// How many subjects have a list.
    pub len: usize,
}

impl StoredMap {
    /// The root of the map.
    pub fn root(&self) -> Hash {
        self.top.map_or(Hash::ZERO, |(hash, _)| hash)
    }
}

/// The whole map, of which memory holds what changed since the last commit and the topmost nodes.
///
/// Appending marks the path from the subject to the root; a hash is made again when it is next asked
/// for, so a batch hashes each node that it touched once.
#[derive(Debug)]
pub struct Map {
    top: Link,
    len: usize,
    records: Box<dyn Records>,
}

impl Default for Map {
    fn default() -> Map {
        Map::new()
    }
}

impl Map {
    /// The empty map, in memory.
    pub fn new() -> Map {
        Map::open(Box::new(MemoryRecords::default()), StoredMap::default())
    }

    /// A map as it was committed to a store. What is in the store is believed only as far as it leads to the root.
    pub fn open(records: Box<dyn Records>, stored: StoredMap) -> Map {
        let top = stored.top.map_or(Link::Empty, |(hash, place)| {
            Link::Stored(Stored { hash, place })
        });
        Map {
            top,
            len: stored.len,
            records,
        }
    }

    /// Lists an event under a subject, reading the nodes on its path that are not held. Hashes nothing above the list;
    /// that is left to [`Map::root`].
    ///
    /// # Errors
    /// [`AppendError`].
    pub fn append(
        &mut self,
        key: MapKey,
        index: LeafIndex,
        event_id: Hash,
    ) -> Result<(), AppendError> {
        let listing = Listing {
            key,
            index,
            event_id,
        };
        let is_new = listing.insert(&mut self.top, 0, &*self.records)?;
        self.len += usize::from(is_new);
        Ok(())
    }

    /// The root over all lists as they stand: 32 zero bytes while the map is empty.
    pub fn root(&mut self) -> Hash {
        self.top.hash()
    }

    /// The events of a subject in log order; empty when the map does not have it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list(&self, key: &MapKey) -> Result<Vec<(LeafIndex, Hash)>, StoreError> {
        list(&self.top, 0, key, &*self.records)
    }

    /// How many subjects have a list.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no event was ever listed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Hands everything that changed to the store, as one batch that is durable afterwards, and keeps only the topmost
    /// nodes in memory.
    ///
    /// # Errors
    /// [`StoreError`]; the map itself is as it was.
    pub fn commit(&mut self) -> Result<StoredMap, StoreError> {
        let top = self.top.store(0, &mut *self.records)?;
        self.records.sync()?;
        Ok(StoredMap {
            top: top.map(|stored| (stored.hash, stored.place)),
            len: self.len,
        })
    }

    /// Moves to another, empty store, leaving behind whatever the root no longer reaches.
    ///
    /// # Errors
    /// [`StoreError`] of either store; the map itself is as it was.
    pub fn move_to(&mut self, mut records: Box<dyn Records>) -> Result<StoredMap, StoreError> {
        self.top = self.top.copy(0, &*self.records, &mut *records)?;
        self.records = records;
        self.commit()
    }

    pub(crate) fn top(&self) -> &Link {
        &self.top
    }

    pub(crate) fn records(&self) -> &dyn Records {
        &*self.records
    }
}

/// The list of a subject in the subtree at `depth`.
fn list(
    link: &Link,
    depth: usize,
    key: &MapKey,
    records: &dyn Records,
) -> Result<Vec<(LeafIndex, Hash)>, StoreError> {
    match link.view(records)?.as_deref().map(|node| &node.body) {
        Some(Body::Inner(children)) => list(&children[key.side(depth)], depth + 1, key, records),
        Some(Body::Leaf(leaf)) if leaf.key == *key => leaf.list.entries(records),
        _ => Ok(Vec::new()),
    }
}

/// An event on its way to its subject.
struct Listing {
    key: MapKey,
    index: LeafIndex,
    event_id: Hash,
}

impl Listing {
    /// Goes down from `link` at `depth`; whether the subject is new to the map. On an error nothing has changed.
    fn insert(
        &self,
        link: &mut Link,
        depth: usize,
        records: &dyn Records,
    ) -> Result<bool, AppendError> {
        let Some(node) = link.hold(records)? else {
            *link = self.leaf();
            return Ok(true);
        };
        match &mut node.body {
            Body::Inner(children) => {
                let child = &mut children[self.key.side(depth)];
                let is_new = self.insert(child, depth + 1, records)?;
                node.touch();
                Ok(is_new)
            }
            Body::Leaf(leaf) if leaf.key == self.key => {
                leaf.list.append(self.index, self.event_id)?;
                node.touch();
                Ok(false)
            }
            Body::Leaf(leaf) => {
                let shared = self.key.shared_bits(&leaf.key);
                let old = std::mem::take(link);
                *link = self.fork(depth, shared, old);
                Ok(true)
            }
        }
    }

    fn leaf(&self) -> Link {
        Link::held(Body::Leaf(Leaf {
            key: self.key,
            list: SubjectList::of(self.index, self.event_id),
        }))
    }

    /// The subtree at `depth` that holds the new leaf and the one that stood there: a chain of inner
    /// nodes with one empty side down to the first bit that the two keys do not share.
    fn fork(&self, depth: usize, shared: usize, old: Link) -> Link {
        let mut subtree = inner(self.key.side(shared), self.leaf(), old);
        for depth in (depth..shared).rev() {
            subtree = inner(self.key.side(depth), subtree, Link::Empty);
        }
        subtree
    }
}

fn inner(side: usize, child: Link, other: Link) -> Link {
    let children = if side == 0 {
        [child, other]
    } else {
        [other, child]
    };
    Link::held(Body::Inner(children))
}
