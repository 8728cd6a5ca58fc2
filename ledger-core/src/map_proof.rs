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
use crate::map::{KEY_BITS, Link, Map, MapKey, leaf_hash, node_hash};

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

impl Map {
    /// The proof of what the map says about these keys, in whatever order, against [`Map::root`] as it
    /// is now. It neither names the keys nor repeats a node that several of them need.
    pub fn prove(&mut self, keys: &[MapKey]) -> Result<Vec<u8>, TooMuchAsked> {
        if keys.len() > MAX_PROOF_KEYS {
            return Err(TooMuchAsked::Keys(keys.len()));
        }
        let mut proof = Vec::new();
        write(self, self.top(), 0, &sorted(keys), &mut proof);
        if proof.len() > MAX_PROOF_BYTES {
            return Err(TooMuchAsked::Bytes(proof.len()));
        }
        Ok(proof)
    }
}

/// Writes the subtree at `depth`; `asked` are the keys that lie below it, sorted.
fn write(map: &mut Map, link: Link, depth: usize, asked: &[MapKey], proof: &mut Vec<u8>) {
    match link {
        Link::Empty => proof.push(EMPTY),
        _ if asked.is_empty() => {
            proof.push(CUT);
            proof.extend(map.hash(link).0);
        }
        Link::Leaf(at) => {
            let subject = map.subject(at);
            proof.push(LEAF);
            proof.extend(subject.key.0.0);
            proof.extend(subject.list.count().to_be_bytes());
            proof.extend(subject.list.root().0);
        }
        Link::Inner(at) => {
            let [left, right] = map.children(at);
            let (asked_left, asked_right) = split(asked, depth);
            proof.push(INNER);
            write(map, left, depth + 1, asked_left, proof);
            write(map, right, depth + 1, asked_right, proof);
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::LeafIndex;
    use crate::map::list_root;
    use crate::map::tests::{Model, id, key};

    fn key_of(number: u64) -> MapKey {
        MapKey::of(&number.to_be_bytes())
    }

    /// A map of the subjects 0…n−1, the first with three events and the others with one.
    fn map_of(subjects: u64) -> Map {
        let mut map = Map::new();
        for index in 0..subjects {
            map.append(key_of(index), LeafIndex(index), id(index))
                .unwrap();
        }
        for index in subjects..subjects + 2 {
            map.append(key_of(0), LeafIndex(index), id(index)).unwrap();
        }
        map
    }

    fn flipped(mut key: MapKey, bit: usize) -> MapKey {
        key.0.0[bit / 8] ^= 0x80 >> (bit % 8);
        key
    }

    fn present(map: &Map, key: &MapKey) -> Answer {
        let list = map.list(key);
        Answer::Present {
            count: list.len() as u64,
            list_root: list_root(list),
        }
    }

    /// The bytes of a leaf with a list of one event.
    fn leaf(key: MapKey) -> Vec<u8> {
        let list = [0, 0, 0, 0, 0, 0, 0, 1];
        [&[LEAF][..], &key.0.0, &list, &id(0).0].concat()
    }

    fn check(proof: &[u8], keys: &[MapKey], want: MapProofError) {
        assert_eq!(verify_proof(proof, &id(0), keys), Err(want));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_proof_says_what_the_model_says(
            listed in prop::collection::vec(key(), 0..50),
            others in prop::collection::vec(key(), 0..10),
            asked in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let (mut map, mut model) = (Map::new(), Model::default());
            for (index, key) in (0..).zip(&listed) {
                map.append(*key, LeafIndex(index), id(index)).unwrap();
                model.append(*key, LeafIndex(index), id(index));
            }
            let all = [listed, others].concat();
            let some = asked.iter().filter(|_| !all.is_empty());
            let keys: Vec<MapKey> = some.map(|at| *at.get(&all)).collect();
            let want: Vec<Answer> = keys.iter().map(|key| match model.0.get(key) {
                Some(list) => Answer::Present {
                    count: list.len() as u64,
                    list_root: list_root(list),
                },
                None => Answer::Absent,
            }).collect();

            // Made before the map's own root was asked for, so also from a map not hashed yet.
            let proof = map.prove(&keys).unwrap();
            prop_assert_eq!(verify_proof(&proof, &model.root(), &keys), Ok(want));
            prop_assert_eq!(map.root(), model.root());
            prop_assert_eq!(map.prove(&keys).unwrap(), proof);
        }

        #[test]
        fn no_bytes_make_the_check_panic(
            proof in prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..300),
            keys in prop::collection::vec(key(), 0..5),
        ) {
            prop_assert!(verify_proof(&proof, &Hash([7; 32]), &keys).is_err());
        }
    }

    #[test]
    fn a_proof_has_one_spelling() {
        let mut map = map_of(9);
        let root = map.root();
        // Present; present; absent beside a leaf; absent again (its first bits are those of subject 3).
        let keys = [key_of(0), key_of(3), key_of(100), flipped(key_of(3), 200)];
        let proof = map.prove(&keys).unwrap();
        let answers = verify_proof(&proof, &root, &keys).unwrap();
        let want = [present(&map, &keys[0]), present(&map, &keys[1])];
        assert_eq!(answers[..2], want);
        assert_eq!(answers[2..], [Answer::Absent; 2]);

        for at in 0..proof.len() {
            for byte in 0..=255u8 {
                let mut tampered = proof.clone();
                tampered[at] = byte;
                let same = byte == proof[at];
                assert_eq!(
                    verify_proof(&tampered, &root, &keys).is_ok(),
                    same,
                    "byte {at}"
                );
            }
            assert!(verify_proof(&proof[..at], &root, &keys).is_err());
        }
        let longer = [&proof[..], &[EMPTY]].concat();
        let refused = verify_proof(&longer, &root, &keys);
        assert_eq!(refused, Err(MapProofError::TrailingBytes));
        let refused = verify_proof(&proof, &id(0), &keys);
        assert_eq!(refused, Err(MapProofError::OtherRoot));
    }

    #[test]
    fn a_proof_answers_for_its_keys_only() {
        let mut map = map_of(64);
        let root = map.root();
        let proof = map.prove(&[key_of(1)]).unwrap();
        let want = Ok(vec![present(&map, &key_of(1)); 2]);
        assert_eq!(verify_proof(&proof, &root, &[key_of(1); 2]), want);
        let other = key_of(
            (2..64)
                .find(|n| key_of(*n).side(0) != key_of(1).side(0))
                .unwrap(),
        );
        let refused = |keys: &[MapKey]| verify_proof(&proof, &root, keys).unwrap_err();
        assert_eq!(refused(&[key_of(1), other]), MapProofError::CutTooMuch);
        assert_eq!(refused(&[other]), MapProofError::CutTooLittle);
        assert_eq!(refused(&[]), MapProofError::CutTooLittle);
    }

    #[test]
    fn the_smallest_proofs() {
        let mut map = Map::new();
        let asked = [key_of(0)];
        assert_eq!(map.prove(&asked), Ok(vec![EMPTY]));
        let absent = Ok(vec![Answer::Absent]);
        assert_eq!(verify_proof(&[EMPTY], &Hash::ZERO, &asked), absent);
        assert_eq!(verify_proof(&[EMPTY], &Hash::ZERO, &[]), Ok(vec![]));

        let mut map = map_of(1);
        let root = map.root();
        let nothing_asked = map.prove(&[]).unwrap();
        assert_eq!(nothing_asked, [&[CUT], root.as_bytes().as_slice()].concat());
        assert_eq!(verify_proof(&nothing_asked, &root, &[]), Ok(vec![]));
        let proof = map.prove(&[key_of(1)]).unwrap();
        assert_eq!(verify_proof(&proof, &root, &[key_of(1)]), absent);
    }

    #[test]
    fn shapes_that_no_map_has_are_refused() {
        let left = MapKey(Hash::ZERO);
        let right = flipped(left, 0);
        let cut = [&[CUT][..], &[9; 32]].concat();
        let inner = |left: &[u8], right: &[u8]| [&[INNER], left, right].concat();
        let no_list = [&[LEAF][..], &left.0.0, &[0; 8], &id(0).0].concat();
        let cases: [(Vec<u8>, MapProofError); 13] = [
            (inner(&[EMPTY], &[EMPTY]), MapProofError::NeedlessInner),
            (inner(&leaf(left), &[EMPTY]), MapProofError::NeedlessInner),
            (inner(&cut, &leaf(right)), MapProofError::CutTooMuch),
            (cut.clone(), MapProofError::CutTooMuch),
            (
                inner(&leaf(left), &leaf(right)),
                MapProofError::CutTooLittle,
            ),
            (
                inner(&leaf(left), &inner(&cut, &cut)),
                MapProofError::CutTooLittle,
            ),
            (inner(&leaf(right), &cut), MapProofError::MisplacedLeaf),
            (
                inner(&leaf(left), &[&[CUT][..], &[0; 32]].concat()),
                MapProofError::EmptyCut,
            ),
            (inner(&no_list, &cut), MapProofError::EmptyList),
            (vec![4], MapProofError::UnknownNode(4)),
            (vec![], MapProofError::Truncated),
            (leaf(left)[..72].to_vec(), MapProofError::Truncated),
            (inner(&leaf(left), &cut), MapProofError::OtherRoot),
        ];
        for (proof, want) in cases {
            check(&proof, &[left], want);
        }
        // With both sides asked, a lone leaf is seen on either side.
        for (one, other) in [(leaf(left), vec![EMPTY]), (vec![EMPTY], leaf(right))] {
            check(
                &inner(&one, &other),
                &[left, right],
                MapProofError::NeedlessInner,
            );
        }
    }

    #[test]
    fn two_keys_that_share_all_bits_but_the_last() {
        let (one, other) = (key_of(0), flipped(key_of(0), KEY_BITS - 1));
        let mut map = map_of(2);
        map.append(other, LeafIndex(9), id(9)).unwrap();
        let root = map.root();
        let keys = [other, one, flipped(one, KEY_BITS - 2), flipped(one, 128)];
        let proof = map.prove(&keys).unwrap();
        let want = vec![
            present(&map, &other),
            present(&map, &one),
            Answer::Absent,
            Answer::Absent,
        ];
        assert_eq!(verify_proof(&proof, &root, &keys), Ok(want));
        let alone = map.prove(&[one]).unwrap();
        let want = vec![present(&map, &one)];
        assert_eq!(verify_proof(&alone, &root, &[one]), Ok(want));
    }

    #[test]
    fn depth_ends_with_the_bits_of_a_key() {
        let ones = MapKey(Hash([0xff; 32]));
        let deep = |inners: usize, end: &[u8]| [&[INNER, EMPTY].repeat(inners), end].concat();
        check(
            &deep(256, &leaf(ones)),
            &[ones],
            MapProofError::NeedlessInner,
        );
        check(&deep(257, &leaf(ones)), &[ones], MapProofError::TooDeep);
        let bottomless = vec![INNER; MAX_PROOF_BYTES];
        check(&bottomless, &[MapKey(Hash::ZERO)], MapProofError::TooDeep);
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_past() {
        let mut map = map_of(16);
        let root = map.root();
        let keys: Vec<MapKey> = (0..=MAX_PROOF_KEYS as u64).map(key_of).collect();
        let most = &keys[..MAX_PROOF_KEYS];
        let proof = map.prove(most).unwrap();
        assert_eq!(verify_proof(&proof, &root, most).unwrap().len(), most.len());
        assert_eq!(map.prove(&keys), Err(TooMuchAsked::Keys(4097)));
        let refused = verify_proof(&proof, &root, &keys);
        assert_eq!(refused, Err(MapProofError::TooManyKeys(4097)));

        let long = [EMPTY; MAX_PROOF_BYTES + 1];
        let one_less = &long[..MAX_PROOF_BYTES];
        check(one_less, most, MapProofError::TrailingBytes);
        check(&long, most, MapProofError::TooLong(long.len()));
    }

    #[test]
    fn a_proof_that_no_one_would_accept_is_not_made() {
        // A pair of keys that differ in the last bit makes a proof of about 600 bytes.
        let mut map = Map::new();
        let keys: Vec<MapKey> = (0..3000).map(key_of).collect();
        for key in &keys {
            let pair = [*key, flipped(*key, KEY_BITS - 1)];
            for key in pair {
                map.append(key, LeafIndex(0), id(0)).unwrap();
            }
        }
        let refused = map.prove(&keys);
        assert!(matches!(refused, Err(TooMuchAsked::Bytes(bytes)) if bytes > MAX_PROOF_BYTES));
        let proof = map.prove(&keys[..1000]).unwrap();
        let answers = verify_proof(&proof, &map.root(), &keys[..1000]).unwrap();
        assert!(answers.iter().all(|answer| *answer != Answer::Absent));
    }
}
