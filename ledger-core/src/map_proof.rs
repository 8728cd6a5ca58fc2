//! Map proofs (docs/formats.md section 10): what the map says about several subjects, in one tree.
//!
//! Scope: making a proof from a [`Map`], and checking one that a stranger sent against a root.
//! Out of scope: whether the root is right (the map head and its checkpoint say that), and the lists
//! themselves: whoever has one compares its length and [`crate::map::list_root`] with the answer.
//!
//! Invariants:
//! - For one map and one set of keys there is exactly one proof; every other spelling is refused.
//!   An empty subtree is always `00`; any other is `03` exactly where no asked key lies below.
//! - The check takes memory by the number of keys and time by the length of the proof, and recurses
//!   at most [`KEY_BITS`] deep.
//!
//! Under a cut the verifier cannot see whether the tree has its canonical shape. It need not: the root
//! is one that the validators made themselves.

use crate::ids::Hash;
use crate::map::{Body, KEY_BITS, Leaf, Link, Map, MapKey, Node, leaf_hash, node_hash};
use crate::store::{Records, StoreError};

/// The most keys that one proof may be asked for: a bundle of 1,024 lots needs about four subjects for
/// each. In a map of a million subjects [`MAX_PROOF_BYTES`] is reached sooner, at about 3,000 keys.
pub const MAX_PROOF_KEYS: usize = 4096;

/// The longest map proof, in bytes: what is carried in a bundle cannot be longer than a bundle.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

const EMPTY: u8 = 0x00;
const LEAF: u8 = 0x01;
const INNER: u8 = 0x02;
const CUT: u8 = 0x03;

/// What a proof says about one asked key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The subject has a list.
    Present {
        /// How many events are listed; never zero.
        count: u64,
        /// The root over the list.
        list_root: Hash,
    },
    /// No event is listed under the subject.
    Absent,
}

/// More was asked than one proof can say: the caller must ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMuchAsked {
    /// More than [`MAX_PROOF_KEYS`] keys.
    #[error("{0} keys are more than one map proof may be asked for")]
    Keys(usize),
    /// The proof would be longer than [`MAX_PROOF_BYTES`].
    #[error("the map proof would be {0} bytes, longer than it may be")]
    Bytes(usize),
}

/// No proof was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The caller's fault.
    #[error(transparent)]
    TooMuchAsked(#[from] TooMuchAsked),
    /// A node on the way to a key could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Map {
    /// The proof of what the map says about these keys, in whatever order, against [`Map::root`] as it
    /// is now. It neither names the keys nor repeats a node that several of them need. Only nodes on the way to a key
    /// are read.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(&mut self, keys: &[MapKey]) -> Result<Vec<u8>, ProveError> {
        if keys.len() > MAX_PROOF_KEYS {
            return Err(TooMuchAsked::Keys(keys.len()).into());
        }
        // Hashes what changed, so that the writer below finds every hash.
        self.root();
        let mut writer = Writer {
            records: self.records(),
            proof: Vec::new(),
        };
        writer.subtree(self.top(), 0, &sorted(keys))?;
        let proof = writer.proof;
        if proof.len() > MAX_PROOF_BYTES {
            return Err(TooMuchAsked::Bytes(proof.len()).into());
        }
        Ok(proof)
    }
}

struct Writer<'a> {
    records: &'a dyn Records,
    proof: Vec<u8>,
}

impl Writer<'_> {
    /// Writes the subtree at `depth`, whose changes are hashed; `asked` are the keys that lie below it, sorted.
    fn subtree(&mut self, link: &Link, depth: usize, asked: &[MapKey]) -> Result<(), StoreError> {
        match link.known_hash().filter(|_| asked.is_empty()) {
            Some(Hash::ZERO) => self.proof.push(EMPTY),
            Some(hash) => {
                self.proof.push(CUT);
                self.proof.extend(hash.0);
            }
            None => match link.view(self.records)?.as_deref() {
                Some(node) => self.node(node, depth, asked)?,
                None => self.proof.push(EMPTY),
            },
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, depth: usize, asked: &[MapKey]) -> Result<(), StoreError> {
        match &node.body {
            Body::Leaf(Leaf { key, list }) => {
                self.proof.push(LEAF);
                self.proof.extend(key.0.0);
                self.proof.extend(list.count().to_be_bytes());
                self.proof.extend(list.root().0);
                Ok(())
            }
            Body::Inner([left, right]) => {
                let (asked_left, asked_right) = split(asked, depth);
                self.proof.push(INNER);
                self.subtree(left, depth + 1, asked_left)?;
                self.subtree(right, depth + 1, asked_right)
            }
        }
    }
}

/// The proof does not show what was asked: whoever made it is at fault, except for
/// [`MapProofError::TooManyKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// The caller asked for more than [`MAX_PROOF_KEYS`] keys.
    #[error("{0} keys are more than one map proof may be asked for")]
    TooManyKeys(usize),
    /// Longer than [`MAX_PROOF_BYTES`].
    #[error("the map proof is {0} bytes, longer than it may be")]
    TooLong(usize),
    /// The bytes end within the tree.
    #[error("the map proof ends too early")]
    Truncated,
    /// Bytes follow the tree.
    #[error("the map proof goes on after its end")]
    TrailingBytes,
    /// A byte that names no kind of node.
    #[error("the map proof has a node of unknown kind {0:#04x}")]
    UnknownNode(u8),
    /// An inner node at a depth where keys have no bits left.
    #[error("the map proof is deeper than a key has bits")]
    TooDeep,
    /// A subtree was cut on the path of an asked key.
    #[error("the map proof is cut where a key was asked for")]
    CutTooMuch,
    /// A leaf or inner node was given where no asked key lies below, and a cut is due.
    #[error("the map proof is not cut where no key was asked for")]
    CutTooLittle,
    /// A cut whose hash is that of an empty subtree.
    #[error("the map proof cuts an empty subtree")]
    EmptyCut,
    /// An inner node with at most one leaf below it.
    #[error("the map proof has an inner node that needs none")]
    NeedlessInner,
    /// A leaf whose key does not lie below the place where the leaf stands.
    #[error("the map proof has a leaf in another key's place")]
    MisplacedLeaf,
    /// A leaf for a list of no events.
    #[error("the map proof has a leaf with an empty list")]
    EmptyList,
    /// The tree has another root.
    #[error("the map proof leads to another root")]
    OtherRoot,
}

/// Checks a proof against a root of the map and gives what it says about each of the keys, in the order
/// in which they are named (a key named twice is answered twice).
pub fn verify_proof(
    proof: &[u8],
    root: &Hash,
    keys: &[MapKey],
) -> Result<Vec<Answer>, MapProofError> {
    if keys.len() > MAX_PROOF_KEYS {
        return Err(MapProofError::TooManyKeys(keys.len()));
    }
    if proof.len() > MAX_PROOF_BYTES {
        return Err(MapProofError::TooLong(proof.len()));
    }
    let asked = sorted(keys);
    let mut reader = Reader {
        rest: proof,
        answers: Vec::with_capacity(asked.len()),
    };
    let tree = reader.subtree(0, &asked)?;
    if !reader.rest.is_empty() {
        return Err(MapProofError::TrailingBytes);
    }
    if tree.hash != *root {
        return Err(MapProofError::OtherRoot);
    }
    // The tree was read left to right, so there is one answer for each sorted key, in their order.
    let answer = |key| reader.answers[asked.partition_point(|other| other < key)];
    Ok(keys.iter().map(answer).collect())
}

struct Reader<'a> {
    rest: &'a [u8],
    answers: Vec<Answer>,
}

/// A subtree that was read, as far as the node above must know it.
struct Subtree {
    hash: Hash,
    leaves: Leaves,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    None,
    One,
    /// Two or more, or not known because it was cut.
    Many,
}

impl Reader<'_> {
    /// Reads the subtree at `depth`; `asked` are the keys that lie below it, sorted.
    fn subtree(&mut self, depth: usize, asked: &[MapKey]) -> Result<Subtree, MapProofError> {
        let [kind] = self.take()?;
        match kind {
            EMPTY => {
                self.answers.extend(asked.iter().map(|_| Answer::Absent));
                Ok(Subtree {
                    hash: Hash::ZERO,
                    leaves: Leaves::None,
                })
            }
            LEAF => self.leaf(depth, asked),
            INNER => self.inner(depth, asked),
            CUT => self.cut(asked),
            _ => Err(MapProofError::UnknownNode(kind)),
        }
    }

    fn leaf(&mut self, depth: usize, asked: &[MapKey]) -> Result<Subtree, MapProofError> {
        let key = MapKey(Hash(self.take()?));
        let count = u64::from_be_bytes(self.take()?);
        let list_root = Hash(self.take()?);
        // Any asked key tells the way to this place: they all share it.
        let way = asked.first().ok_or(MapProofError::CutTooLittle)?;
        if key.shared_bits(way) < depth {
            return Err(MapProofError::MisplacedLeaf);
        }
        if count == 0 {
            return Err(MapProofError::EmptyList);
        }
        self.answers.extend(asked.iter().map(|asked| {
            if *asked == key {
                Answer::Present { count, list_root }
            } else {
                Answer::Absent
            }
        }));
        Ok(Subtree {
            hash: leaf_hash(&key, count, &list_root),
            leaves: Leaves::One,
        })
    }

    fn inner(&mut self, depth: usize, asked: &[MapKey]) -> Result<Subtree, MapProofError> {
        if depth >= KEY_BITS {
            return Err(MapProofError::TooDeep);
        }
        if asked.is_empty() {
            return Err(MapProofError::CutTooLittle);
        }
        let (asked_left, asked_right) = split(asked, depth);
        let left = self.subtree(depth + 1, asked_left)?;
        let right = self.subtree(depth + 1, asked_right)?;
        match (left.leaves, right.leaves) {
            (Leaves::None, Leaves::None | Leaves::One) | (Leaves::One, Leaves::None) => {
                Err(MapProofError::NeedlessInner)
            }
            _ => Ok(Subtree {
                hash: node_hash(&left.hash, &right.hash),
                leaves: Leaves::Many,
            }),
        }
    }

    fn cut(&mut self, asked: &[MapKey]) -> Result<Subtree, MapProofError> {
        let hash = Hash(self.take()?);
        if !asked.is_empty() {
            return Err(MapProofError::CutTooMuch);
        }
        if hash == Hash::ZERO {
            return Err(MapProofError::EmptyCut);
        }
        Ok(Subtree {
            hash,
            leaves: Leaves::Many,
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], MapProofError> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(MapProofError::Truncated)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

fn sorted(keys: &[MapKey]) -> Vec<MapKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

/// The keys left and right of an inner node at `depth` < 256; sorted keys stay sorted.
fn split(asked: &[MapKey], depth: usize) -> (&[MapKey], &[MapKey]) {
    asked.split_at(asked.partition_point(|key| key.side(depth) == 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
