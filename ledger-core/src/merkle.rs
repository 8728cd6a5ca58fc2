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

use crate::ids::{Hash, LeafIndex, TreeSize};

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

/// No proof could be made. The first three are the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The leaf is not in a tree of that size.
    #[error("no leaf {index} in a tree of {size}")]
    NoSuchLeaf {
        /// The leaf asked for.
        index: LeafIndex,
        /// The size asked for.
        size: TreeSize,
    },
    /// The old tree is larger than the new one.
    #[error("a tree of {old} cannot come before a tree of {new}")]
    Shrinks {
        /// The size said to be the older.
        old: TreeSize,
        /// The size said to be the newer.
        new: TreeSize,
    },
    /// Above [`MAX_TREE_SIZE`].
    #[error("a tree of {0} is larger than any tree may be")]
    TooLarge(TreeSize),
    /// A stored hash could not be read: storage or network is at fault.
    #[error("a hash of the tree could not be read: {0}")]
    Read(E),
}

/// The root of the first `size` leaves, from stored hashes.
pub fn root_at<R: HashReader>(reader: &R, size: TreeSize) -> Result<Hash, ProofError<R::Error>> {
    Ok(Frontier::read(reader, size)?.root())
}

/// The audit path of a leaf, leaf side first: PATH(m, D\[n\]) of RFC 6962 section 2.1.1.
pub fn inclusion_proof<R: HashReader>(
    reader: &R,
    index: LeafIndex,
    size: TreeSize,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    check_size(size)?;
    if index.0 >= size.0 {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let (mut start, mut end) = (0, size.0);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.0 < middle {
            path.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of size `old` is a prefix of the tree of size `new`: PROOF(m, D\[n\]) of
/// RFC 6962 section 2.1.2. Empty when `old` is zero or equal to `new`, as C2SP tlog-witness asks.
pub fn consistency_proof<R: HashReader>(
    reader: &R,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    check_size(new)?;
    if old > new {
        return Err(ProofError::Shrinks { old, new });
    }
    if old.0 == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new.0);
    let mut path = Vec::new();
    while end != old.0 {
        let middle = start + split(end - start);
        if old.0 <= middle {
            path.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    // The old tree itself is known to whoever checks, unless it ends inside a right-hand part.
    if start != 0 {
        path.push(range_root(reader, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The proof does not show what it claims: whoever made it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// The leaf index is not below the tree size.
    #[error("the proof names a leaf outside the tree")]
    OutsideTree,
    /// The first tree is larger than the second.
    #[error("the proof leads from a larger tree to a smaller one")]
    Shrinks,
    /// Fewer hashes than the two numbers ask for.
    #[error("the proof has too few hashes")]
    TooFewHashes,
    /// More hashes than the two numbers ask for.
    #[error("the proof has too many hashes")]
    TooManyHashes,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// Checks an inclusion proof by RFC 9162 section 2.1.3.2.
pub fn verify_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), BadProof> {
    if index.0 >= size.0 {
        return Err(BadProof::OutsideTree);
    }
    let (mut fnode, mut snode) = (index.0, size.0 - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if snode == 0 {
            return Err(BadProof::TooManyHashes);
        }
        if fnode & 1 == 1 || fnode == snode {
            hash = node_hash(sibling, &hash);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    match (snode, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(BadProof::OtherRoot),
        _ => Err(BadProof::TooFewHashes),
    }
}

/// Checks a consistency proof by RFC 9162 section 2.1.4.2.
///
/// Beyond its text, as C2SP tlog-witness asks: from the empty tree, and between two trees of one
/// size, the proof must be empty; one size must have one root, and size zero the empty root.
pub fn verify_consistency(
    old: TreeSize,
    new: TreeSize,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), BadProof> {
    if old > new {
        return Err(BadProof::Shrinks);
    }
    if old.0 == 0 || old == new {
        let roots_fit =
            (old != new || old_root == new_root) && (old.0 != 0 || *old_root == empty_root());
        return match (proof.is_empty(), roots_fit) {
            (true, true) => Ok(()),
            (true, false) => Err(BadProof::OtherRoot),
            (false, _) => Err(BadProof::TooManyHashes),
        };
    }
    let Some((first, rest)) = proof.split_first() else {
        return Err(BadProof::TooFewHashes);
    };
    // A complete old tree is itself the first hash and is left out of the proof.
    let (first, rest) = if old.0.is_power_of_two() {
        (old_root, proof)
    } else {
        (first, rest)
    };
    let (mut fnode, mut snode) = (old.0 - 1, new.0 - 1);
    while fnode & 1 == 1 {
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for hash in rest {
        if snode == 0 {
            return Err(BadProof::TooManyHashes);
        }
        if fnode & 1 == 1 || fnode == snode {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            while fnode & 1 == 0 && fnode != 0 {
                (fnode, snode) = (fnode >> 1, snode >> 1);
            }
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        (fnode, snode) = (fnode >> 1, snode >> 1);
    }
    match (snode, old_hash == *old_root && new_hash == *new_root) {
        (0, true) => Ok(()),
        (0, false) => Err(BadProof::OtherRoot),
        _ => Err(BadProof::TooFewHashes),
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

fn check_size<E>(size: TreeSize) -> Result<(), ProofError<E>> {
    if size > MAX_TREE_SIZE {
        Err(ProofError::TooLarge(size))
    } else {
        Ok(())
    }
}

/// The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
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

fn range_root<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Hash, ProofError<R::Error>> {
    Ok(fold_peaks(&peaks(reader, start, end)?).unwrap_or_else(empty_root))
}

/// Joins complete subtrees, largest first, into the root of the tree they make up.
fn fold_peaks(peaks: &[Hash]) -> Option<Hash> {
    peaks
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// MTH of RFC 6962 section 2.1, word for word.
    fn model_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node_hash(&model_root(left), &model_root(right))
            }
        }
    }

    /// PATH of RFC 6962 section 2.1.1, word for word.
    fn model_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = split(leaves.len() as u64) as usize;
        let (left, right) = leaves.split_at(k);
        let (mut path, last) = if index < k {
            (model_path(index, left), model_root(right))
        } else {
            (model_path(index - k, right), model_root(left))
        };
        path.push(last);
        path
    }

    /// SUBPROOF of RFC 6962 section 2.1.2, word for word.
    fn model_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole {
                Vec::new()
            } else {
                vec![model_root(leaves)]
            };
        }
        let k = split(leaves.len() as u64) as usize;
        let (left, right) = leaves.split_at(k);
        let (mut path, last) = if old <= k {
            (model_subproof(old, left, whole), model_root(right))
        } else {
            (model_subproof(old - k, right, false), model_root(left))
        };
        path.push(last);
        path
    }

    fn leaves(size: usize) -> Vec<Hash> {
        (0..size)
            .map(|i| leaf_hash(format!("entry-{i}").as_bytes()))
            .collect()
    }

    fn index(value: usize) -> LeafIndex {
        LeafIndex(value as u64)
    }

    fn size(value: usize) -> TreeSize {
        TreeSize(value as u64)
    }

    #[test]
    fn every_small_tree_agrees_with_the_model() {
        for n in 0..=33 {
            let leaves = leaves(n);
            let tree: MemoryTree = leaves.iter().copied().collect();
            let expected = model_root(&leaves);
            assert_eq!(root(&leaves), expected);
            assert_eq!(tree.root(), expected);
            assert_eq!(root_at(&tree, size(n)), Ok(expected));
            for m in 0..n {
                let path = inclusion_proof(&tree, index(m), size(n)).unwrap();
                assert_eq!(path, model_path(m, &leaves), "inclusion {m} in {n}");
                verify_inclusion(&leaves[m], index(m), size(n), &expected, &path).unwrap();
            }
            for m in 0..=n {
                let proof = consistency_proof(&tree, size(m), size(n)).unwrap();
                let model = if m == 0 {
                    vec![]
                } else {
                    model_subproof(m, &leaves, true)
                };
                assert_eq!(proof, model, "consistency {m} to {n}");
                let old_root = model_root(&leaves[..m]);
                verify_consistency(size(m), size(n), &old_root, &expected, &proof).unwrap();
            }
        }
    }

    #[test]
    fn a_frontier_is_taken_up_where_it_was_left() {
        let leaves = leaves(40);
        let tree: MemoryTree = leaves.iter().copied().collect();
        for n in 0..40 {
            let mut frontier = Frontier::read(&tree, size(n)).unwrap();
            assert_eq!(frontier.size(), size(n));
            let again = Frontier::from_peaks(size(n), frontier.peaks().to_vec());
            assert_eq!(again.as_ref(), Some(&frontier));
            frontier.append(leaves[n]);
            assert_eq!(frontier.root(), model_root(&leaves[..=n]));
        }
        assert_eq!(Frontier::from_peaks(size(3), vec![Hash::ZERO]), None);
        assert_eq!(
            Frontier::from_peaks(TreeSize(1 << 63), vec![Hash::ZERO]),
            None
        );
    }

    #[test]
    fn questions_outside_the_tree_are_refused() {
        let tree: MemoryTree = leaves(4).into_iter().collect();
        let nothing = inclusion_proof(&tree, index(4), size(4));
        assert_eq!(
            nothing,
            Err(ProofError::NoSuchLeaf {
                index: index(4),
                size: size(4)
            })
        );
        let shrinks = consistency_proof(&tree, size(3), size(2));
        assert_eq!(
            shrinks,
            Err(ProofError::Shrinks {
                old: size(3),
                new: size(2)
            })
        );
        assert!(matches!(
            inclusion_proof(&tree, index(0), size(5)),
            Err(ProofError::Read(_))
        ));
        for huge in [1 << 63, u64::MAX].map(TreeSize) {
            assert_eq!(
                inclusion_proof(&tree, index(0), huge),
                Err(ProofError::TooLarge(huge))
            );
            assert_eq!(
                consistency_proof(&tree, size(1), huge),
                Err(ProofError::TooLarge(huge))
            );
        }
    }

    #[test]
    fn a_missing_or_spare_hash_fails_by_name() {
        let leaves = leaves(7);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let root = tree.root();
        let path = inclusion_proof(&tree, index(2), size(7)).unwrap();
        let check = |path: &[Hash]| verify_inclusion(&leaves[2], index(2), size(7), &root, path);
        assert_eq!(check(&path[..2]), Err(BadProof::TooFewHashes));
        assert_eq!(
            check(&[path.clone(), vec![root]].concat()),
            Err(BadProof::TooManyHashes)
        );
        assert_eq!(
            verify_inclusion(&leaves[2], index(7), size(7), &root, &path),
            Err(BadProof::OutsideTree)
        );

        let old_root = model_root(&leaves[..3]);
        let proof = consistency_proof(&tree, size(3), size(7)).unwrap();
        let check = |proof: &[Hash]| verify_consistency(size(3), size(7), &old_root, &root, proof);
        assert_eq!(check(&[]), Err(BadProof::TooFewHashes));
        assert_eq!(check(&proof[..2]), Err(BadProof::TooFewHashes));
        assert_eq!(
            check(&[proof.clone(), vec![root]].concat()),
            Err(BadProof::TooManyHashes)
        );
    }

    #[test]
    fn trees_of_one_size_and_the_empty_tree_need_an_empty_proof() {
        let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
        let check = |old, new, old_root, new_root, proof: &[Hash]| {
            verify_consistency(size(old), size(new), &old_root, &new_root, proof)
        };
        assert_eq!(check(1, 1, a, a, &[]), Ok(()));
        assert_eq!(check(1, 1, a, b, &[]), Err(BadProof::OtherRoot));
        assert_eq!(check(1, 1, a, a, &[a]), Err(BadProof::TooManyHashes));
        assert_eq!(check(0, 1, empty_root(), a, &[]), Ok(()));
        assert_eq!(check(0, 1, b, a, &[]), Err(BadProof::OtherRoot));
        assert_eq!(
            check(0, 1, empty_root(), a, &[a]),
            Err(BadProof::TooManyHashes)
        );
        assert_eq!(check(0, 0, a, a, &[]), Err(BadProof::OtherRoot));
        assert_eq!(check(2, 1, a, b, &[]), Err(BadProof::Shrinks));
    }

    #[test]
    fn the_largest_numbers_do_no_harm() {
        let many = vec![Hash::ZERO; 70];
        for (low, high) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX)] {
            let (low_size, high_size) = (TreeSize(low), TreeSize(high));
            for length in 0..many.len() {
                let proof = &many[..length];
                let (leaf, zero) = (Hash::ZERO, Hash::ZERO);
                let included = verify_inclusion(&leaf, LeafIndex(low), high_size, &zero, proof);
                assert!(included.is_err());
                let extended = verify_consistency(low_size, high_size, &zero, &zero, proof);
                assert!(extended.is_err());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn larger_trees_agree_with_the_model(n in 1usize..600, at in 0usize..600, old in 0usize..600) {
            let (at, old) = (at % n, old % (n + 1));
            let leaves = leaves(n);
            let tree: MemoryTree = leaves.iter().copied().collect();
            let path = inclusion_proof(&tree, index(at), size(n)).unwrap();
            prop_assert_eq!(&path, &model_path(at, &leaves));
            let proof = consistency_proof(&tree, size(old), size(n)).unwrap();
            let model = if old == 0 { vec![] } else { model_subproof(old, &leaves, true) };
            prop_assert_eq!(proof, model);
            prop_assert!(path.len() <= MAX_PROOF_HASHES);
        }

        #[test]
        fn a_changed_proof_never_holds(n in 2usize..80, at in 0usize..80, bit in 0usize..256, which in 0usize..8) {
            let at = at % n;
            let leaves = leaves(n);
            let tree: MemoryTree = leaves.iter().copied().collect();
            let mut path = inclusion_proof(&tree, index(at), size(n)).unwrap();
            let which = which % path.len();
            path[which].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&leaves[at], index(at), size(n), &tree.root(), &path).is_err());
            path[which].0[bit / 8] ^= 1 << (bit % 8);
            for other in (0..n).filter(|other| *other != at) {
                prop_assert!(verify_inclusion(&leaves[at], index(other), size(n), &tree.root(), &path).is_err());
            }

            let old_root = model_root(&leaves[..at]);
            let mut proof = consistency_proof(&tree, size(at), size(n)).unwrap();
            if !proof.is_empty() {
                let which = which % proof.len();
                proof[which].0[bit / 8] ^= 1 << (bit % 8);
                let held = verify_consistency(size(at), size(n), &old_root, &tree.root(), &proof);
                prop_assert!(held.is_err());
            }
        }
    }
}
