//! The Merkle tree of RFC 6962: hashes, roots, and the two kinds of proof.
//!
//! Scope: leaf and node hashes (section 2.1), a tree that grows leaf by leaf, inclusion and consistency
//! proofs (2.1.1, 2.1.2), and their checks in the strict form of RFC 9162 (2.1.3.2, 2.1.4.2).
//! Out of scope: where hashes are kept (`tile.rs` lays them out, the node stores them), and what a
//! leaf means.
//!
//! Invariant: nothing here allocates or loops by a number a stranger sent; every loop is bounded by
//! the 63 levels of the tree or by the length of a slice already in memory.

use sha2::{Digest, Sha256};

use crate::ids::{Hash, TreeSize};

mod proof;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;

use proof::check_size;
pub use proof::{
    BadProof, ProofError, consistency_proof, inclusion_proof, prefix_proof, prefix_root, root_at,
    verify_consistency, verify_inclusion,
};

/// The largest tree any text may name: other C2SP programs hold a size in a signed 64-bit integer.
pub const MAX_TREE_SIZE: TreeSize = TreeSize(i64::MAX as u64);

/// The most hashes an inclusion or consistency proof can have in a tree of [`MAX_TREE_SIZE`].
/// The same number is the limit of C2SP tlog-witness for `add-checkpoint`.
pub const MAX_PROOF_HASHES: usize = 63;

/// The hash of a leaf: SHA-256(0x00 ‖ entry), RFC 6962 section 2.1.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([0x00])
            .chain_update(entry)
            .finalize()
            .into(),
    )
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 6962 section 2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let node = Sha256::new()
        .chain_update([0x01])
        .chain_update(left.0)
        .chain_update(right.0);
    Hash(node.finalize().into())
}

/// The root of the empty tree: SHA-256 of nothing, RFC 6962 section 2.1.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root over a list of leaf hashes, RFC 6962 section 2.1.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// The right edge of a growing tree: one hash for each complete subtree, largest first, so at most 64
/// hashes whatever the size. Enough to append and to know the root, not to prove anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Takes up a tree again from its [`Frontier::peaks`]. `None` when their number does not fit the
    /// size; whether they are the *right* hashes only a comparison of roots can tell.
    pub fn from_peaks(size: TreeSize, peaks: Vec<Hash>) -> Option<Frontier> {
        let fits = size <= MAX_TREE_SIZE && peaks.len() == size.0.count_ones() as usize;
        fits.then_some(Frontier {
            size: size.0,
            peaks,
        })
    }

    /// Takes up a tree again from stored hashes, reading at most 63 of them.
    pub fn read<R: HashReader>(
        reader: &R,
        size: TreeSize,
    ) -> Result<Frontier, ProofError<R::Error>> {
        check_size(size)?;
        Ok(Frontier {
            size: size.0,
            peaks: peaks(reader, 0, size.0)?,
        })
    }

    /// Adds one leaf, given its [`leaf_hash`].
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// How many leaves were added.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// The roots of the complete subtrees, largest (leftmost) first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        fold_peaks(&self.peaks).unwrap_or_else(empty_root)
    }
}

/// Where proofs take their hashes from: tiles on a disk, tiles fetched over HTTP, or memory.
pub trait HashReader {
    /// What can go wrong while reading.
    type Error;

    /// The root of the complete subtree over the leaves `[index · 2^level, (index + 1) · 2^level)`.
    /// Asked only for subtrees that lie wholly within the size the caller named.
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    type Error = R::Error;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, R::Error> {
        (**self).hash(level, index)
    }
}

/// A whole tree in memory, every complete subtree hashed once: for lists small enough to hold (the
/// map's lists, tests), at two hashes a leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryTree {
    /// `levels[l][i]` is the complete subtree of 2^l leaves with index i.
    levels: Vec<Vec<Hash>>,
}

/// The caller asked a [`MemoryTree`] for a subtree that its leaves do not fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no complete subtree {index} at level {level}")]
pub struct NoSuchSubtree {
    /// The level asked for.
    pub level: u8,
    /// The index asked for.
    pub index: u64,
}

impl MemoryTree {
    /// The empty tree.
    pub fn new() -> MemoryTree {
        MemoryTree::default()
    }

    /// Adds one leaf, given its [`leaf_hash`].
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(node);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => node = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// How many leaves were added.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.leaves().len() as u64)
    }

    /// The leaf hashes in their order.
    pub fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        let size = self.size().0;
        let peaks: Vec<Hash> = subtrees(0, size)
            .filter_map(|(level, index)| self.hash(level, index).ok())
            .collect();
        fold_peaks(&peaks).unwrap_or_else(empty_root)
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> MemoryTree {
        let mut tree = MemoryTree::new();
        leaves.into_iter().for_each(|leaf| tree.append(leaf));
        tree
    }
}

impl HashReader for MemoryTree {
    type Error = NoSuchSubtree;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, NoSuchSubtree> {
        let row = self.levels.get(usize::from(level));
        let hash = row
            .zip(usize::try_from(index).ok())
            .and_then(|(row, at)| row.get(at));
        hash.copied().ok_or(NoSuchSubtree { level, index })
    }
}

/// The complete subtrees (level, index) that make up the leaves `[start, end)`, left to right.
/// `start` must be aligned as RFC 6962 splits make it: a multiple of a power of two ≥ `end - start`.
fn subtrees(start: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let size = end - start;
    (0..64u8)
        .rev()
        .filter(move |level| size >> level & 1 == 1)
        .map(move |level| {
            let before = if level == 63 {
                0
            } else {
                size >> (level + 1) << (level + 1)
            };
            (level, (start + before) >> level)
        })
}

fn peaks<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    let read = |(level, index)| reader.hash(level, index).map_err(ProofError::Read);
    subtrees(start, end).map(read).collect()
}

/// Joins complete subtrees, largest first, into the root of the tree they make up.
fn fold_peaks(peaks: &[Hash]) -> Option<Hash> {
    peaks
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
}
