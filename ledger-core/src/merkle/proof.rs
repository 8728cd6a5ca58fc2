//! Inclusion and consistency proofs: made from stored hashes by RFC 6962 sections 2.1.1 and 2.1.2, checked
//! by RFC 9162 sections 2.1.3.2 and 2.1.4.2, where one hash too many or too few fails.

use super::{Frontier, HashReader, MAX_TREE_SIZE, empty_root, fold_peaks, node_hash, peaks};
use crate::ids::{Hash, LeafIndex, TreeSize};

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
    // A complete old tree is itself the first hash and is left out of the proof.
    let roots = if old.0.is_power_of_two() {
        fold_consistency(old, new, old_root, proof)?
    } else {
        let (first, rest) = proof.split_first().ok_or(BadProof::TooFewHashes)?;
        fold_consistency(old, new, first, rest)?
    };
    if roots == (*old_root, *new_root) {
        Ok(())
    } else {
        Err(BadProof::OtherRoot)
    }
}

/// The loop of RFC 9162 section 2.1.4.2: the roots of the old and the new tree that the hashes lead to. `old` is at
/// least 1 and less than `new`.
fn fold_consistency(
    old: TreeSize,
    new: TreeSize,
    first: &Hash,
    rest: &[Hash],
) -> Result<(Hash, Hash), BadProof> {
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
    if snode == 0 {
        Ok((old_hash, new_hash))
    } else {
        Err(BadProof::TooFewHashes)
    }
}

/// The proof of which root the first `old` leaves of a tree of size `new` have: a consistency proof whose first hash
/// is always there, so that it can be checked by somebody who was told another root for them. Empty when the sizes
/// are the same; `old` must not be zero.
pub fn prefix_proof<R: HashReader>(
    reader: &R,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<Hash>, ProofError<R::Error>> {
    if old.0 == 0 {
        return Err(ProofError::Shrinks { old, new });
    }
    let mut proof = consistency_proof(reader, old, new)?;
    if old != new && old.0.is_power_of_two() {
        proof.insert(0, range_root(reader, 0, old.0)?);
    }
    Ok(proof)
}

/// The root that the first `old` leaves have in the tree of size `new` with this root, as a [`prefix_proof`] shows.
pub fn prefix_root(
    old: TreeSize,
    new: TreeSize,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<Hash, BadProof> {
    if old > new || old.0 == 0 {
        return Err(BadProof::Shrinks);
    }
    if old == new {
        return match proof {
            [] => Ok(*new_root),
            _ => Err(BadProof::TooManyHashes),
        };
    }
    let (first, rest) = proof.split_first().ok_or(BadProof::TooFewHashes)?;
    let (old_root, root) = fold_consistency(old, new, first, rest)?;
    if root == *new_root {
        Ok(old_root)
    } else {
        Err(BadProof::OtherRoot)
    }
}

pub(super) fn check_size<E>(size: TreeSize) -> Result<(), ProofError<E>> {
    if size > MAX_TREE_SIZE {
        Err(ProofError::TooLarge(size))
    } else {
        Ok(())
    }
}

/// The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree.
pub(super) fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

fn range_root<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Hash, ProofError<R::Error>> {
    Ok(fold_peaks(&peaks(reader, start, end)?).unwrap_or_else(empty_root))
}
