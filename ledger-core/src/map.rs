//! The map (docs/formats.md section 10): for each subject the whole list of its events, under one root.
//!
//! Scope: keys of subjects, the list of one subject and its root, the trie over all subjects.
//! Out of scope: which subjects an event is listed under (section 9, decided before it comes here),
//! proofs (`map_proof.rs`), and old states: a map knows only its newest.
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

/// The events of one subject in log order, each once, and the root over them.
#[derive(Clone, Debug, Default)]
pub struct SubjectList {
    entries: Vec<(LeafIndex, Hash)>,
    tree: Frontier,
}

impl SubjectList {
    /// The empty list.
    pub fn new() -> SubjectList {
        SubjectList::default()
    }

    /// Lists an event, which must stand later in the log than all those listed.
    pub fn append(&mut self, index: LeafIndex, event_id: Hash) -> Result<(), OutOfOrder> {
        match self.entries.last() {
            Some((last, _)) if *last >= index => return Err(OutOfOrder { index, last: *last }),
            _ => {}
        }
        self.entries.push((index, event_id));
        self.tree.append(entry_hash(index, &event_id));
        Ok(())
    }

    /// The list: leaf index and event id.
    pub fn entries(&self) -> &[(LeafIndex, Hash)] {
        &self.entries
    }

    /// How many events are listed.
    pub fn count(&self) -> u64 {
        self.tree.size().0
    }

    /// The root over the list; the same as [`list_root`] of its entries.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }
}

/// The whole map, held in memory, lists included.
///
/// Appending marks the path from the subject to the root; a hash is made again when it is next asked
/// for, so a batch hashes each node that it touched once.
#[derive(Clone, Debug, Default)]
pub struct Map {
    root: Link,
    inners: Vec<Inner>,
    subjects: Vec<Subject>,
}

/// What stands at a place of the trie. The number is a place in [`Map`]'s own vectors, which only grow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Link {
    #[default]
    Empty,
    Leaf(usize),
    Inner(usize),
}

#[derive(Clone, Debug)]
struct Inner {
    children: [Link; 2],
    /// None since something below changed.
    hash: Option<Hash>,
}

/// A leaf of the trie.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) key: MapKey,
    pub(crate) list: SubjectList,
    /// None since the list changed.
    hash: Option<Hash>,
}

impl Map {
    /// The empty map.
    pub fn new() -> Map {
        Map::default()
    }

    /// Lists an event under a subject. Hashes nothing above the list; that is left to [`Map::root`].
    pub fn append(
        &mut self,
        key: MapKey,
        index: LeafIndex,
        event_id: Hash,
    ) -> Result<(), OutOfOrder> {
        let (mut parent, mut link, mut depth) = (None, self.root, 0);
        while let Link::Inner(at) = link {
            let side = key.side(depth);
            self.inners[at].hash = None;
            (parent, link) = (Some((at, side)), self.inners[at].children[side]);
            depth += 1;
        }
        let grown = match link {
            Link::Leaf(at) if self.subjects[at].key == key => {
                self.subjects[at].hash = None;
                return self.subjects[at].list.append(index, event_id);
            }
            Link::Leaf(at) => {
                let leaf = self.add_subject(key, index, event_id)?;
                self.fork(depth, &key, leaf, at)
            }
            _ => self.add_subject(key, index, event_id)?,
        };
        match parent {
            Some((at, side)) => self.inners[at].children[side] = grown,
            None => self.root = grown,
        }
        Ok(())
    }

    /// The root over all lists as they stand: 32 zero bytes while the map is empty.
    pub fn root(&mut self) -> Hash {
        self.hash(self.root)
    }

    /// The events of a subject in log order; empty when the map does not have it.
    pub fn list(&self, key: &MapKey) -> &[(LeafIndex, Hash)] {
        let (mut link, mut depth) = (self.root, 0);
        while let Link::Inner(at) = link {
            link = self.inners[at].children[key.side(depth)];
            depth += 1;
        }
        match link {
            Link::Leaf(at) if self.subjects[at].key == *key => self.subjects[at].list.entries(),
            _ => &[],
        }
    }

    /// How many subjects have a list.
    pub fn len(&self) -> usize {
        self.subjects.len()
    }

    /// Whether no event was ever listed.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    pub(crate) fn top(&self) -> Link {
        self.root
    }

    pub(crate) fn subject(&self, at: usize) -> &Subject {
        &self.subjects[at]
    }

    pub(crate) fn children(&self, at: usize) -> [Link; 2] {
        self.inners[at].children
    }

    /// The hash of a subtree; what changed below it since is hashed now.
    pub(crate) fn hash(&mut self, link: Link) -> Hash {
        match link {
            Link::Empty => Hash::ZERO,
            Link::Leaf(at) => self.subjects[at].hash(),
            Link::Inner(at) => {
                if let Some(hash) = self.inners[at].hash {
                    return hash;
                }
                let [left, right] = self.inners[at].children;
                let hash = node_hash(&self.hash(left), &self.hash(right));
                self.inners[at].hash = Some(hash);
                hash
            }
        }
    }

    fn add_subject(
        &mut self,
        key: MapKey,
        index: LeafIndex,
        event_id: Hash,
    ) -> Result<Link, OutOfOrder> {
        let mut list = SubjectList::new();
        list.append(index, event_id)?;
        self.subjects.push(Subject {
            key,
            list,
            hash: None,
        });
        Ok(Link::Leaf(self.subjects.len() - 1))
    }

    /// The subtree at `depth` that holds the new leaf and the one that stood there: a chain of inner
    /// nodes with one empty side down to the bit in which the two keys differ.
    fn fork(&mut self, depth: usize, key: &MapKey, leaf: Link, old: usize) -> Link {
        let shared = key.shared_bits(&self.subjects[old].key);
        let mut subtree = self.add_inner(key.side(shared), leaf, Link::Leaf(old));
        for depth in (depth..shared).rev() {
            subtree = self.add_inner(key.side(depth), subtree, Link::Empty);
        }
        subtree
    }

    fn add_inner(&mut self, side: usize, child: Link, other: Link) -> Link {
        let mut children = [other; 2];
        children[side] = child;
        self.inners.push(Inner {
            children,
            hash: None,
        });
        Link::Inner(self.inners.len() - 1)
    }
}

impl Subject {
    fn hash(&mut self) -> Hash {
        let (key, list) = (&self.key, &self.list);
        *self
            .hash
            .get_or_insert_with(|| leaf_hash(key, list.count(), &list.root()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// The map as section 10 defines it, made anew from all lists each time.
    #[derive(Default)]
    pub(crate) struct Model(pub(crate) BTreeMap<MapKey, Vec<(LeafIndex, Hash)>>);

    impl Model {
        pub(crate) fn append(&mut self, key: MapKey, index: LeafIndex, event_id: Hash) {
            self.0.entry(key).or_default().push((index, event_id));
        }

        pub(crate) fn root(&self) -> Hash {
            let leaves: Vec<(MapKey, Hash)> = self.0.iter().map(leaf).collect();
            subtree(&leaves, 0)
        }
    }

    fn leaf((key, list): (&MapKey, &Vec<(LeafIndex, Hash)>)) -> (MapKey, Hash) {
        let mut bytes = vec![0x02];
        bytes.extend(key.0.0);
        bytes.extend((list.len() as u64).to_be_bytes());
        bytes.extend(list_root(list).0);
        (*key, Hash(Sha256::digest(bytes).into()))
    }

    fn subtree(leaves: &[(MapKey, Hash)], depth: usize) -> Hash {
        match leaves {
            [] => Hash([0; 32]),
            [(_, hash)] => *hash,
            _ => {
                let bit = |key: &MapKey| key.0.0[depth / 8] & (0x80 >> (depth % 8)) != 0;
                let (right, left): (Vec<_>, Vec<_>) =
                    leaves.iter().copied().partition(|(key, _)| bit(key));
                let mut bytes = vec![0x03];
                bytes.extend(subtree(&left, depth + 1).0);
                bytes.extend(subtree(&right, depth + 1).0);
                Hash(Sha256::digest(bytes).into())
            }
        }
    }

    /// Keys that share long beginnings, which hashes hardly ever do: at most two bytes are not zero.
    pub(crate) fn key() -> impl Strategy<Value = MapKey> {
        let place = prop::sample::select(vec![0usize, 1, 15, 31]);
        let byte = (place, any::<u8>());
        prop::collection::vec(byte, 0..=2).prop_map(|bytes| {
            let mut key = [0; 32];
            for (at, byte) in bytes {
                key[at] = byte;
            }
            MapKey(Hash(key))
        })
    }

    pub(crate) fn id(number: u64) -> Hash {
        merkle::leaf_hash(&number.to_be_bytes())
    }

    fn hash(hex: &str) -> Hash {
        Hash(hex::decode(hex).unwrap().try_into().unwrap())
    }

    /// After each listed leaf index (each a length of CBOR head) the root of the list; made by an
    /// independent program.
    const GROWING: [(u64, &str); 9] = [
        (
            1,
            "440631314afaf651befc25f39846f089a60f339f8816974d5953c88fa1c3ea58",
        ),
        (
            23,
            "2f16fe4e7a255e2dea02e34e88187d6792c53178dee5ce2fb5f1cd12bc7502c0",
        ),
        (
            24,
            "cac9a46f7cd6c9cafab895294dc92901511b7a984d18276d811c5e55349301cb",
        ),
        (
            255,
            "80b92d1b8df465a081209f6102fd87eb113626bbae17dbf6b7d7b36930296428",
        ),
        (
            256,
            "66a32a4661e95d33c1c6a3386c2f29007f6d9997ee025498bd0d09345a0c0495",
        ),
        (
            0xffff,
            "3995a0afa9daf487bc4e957c8444478dedadf5c6ffc3617284c9558f7a892e47",
        ),
        (
            0x1_0000,
            "609e92a7b3c9ce181cdcdedf75d2020a2692d9794e97b2741e1dc2fdd69a4c75",
        ),
        (
            0xffff_ffff,
            "6fe96a38fb860284c34caff7161c76884ce1e2d0a9c6db06cef3899f83fc5161",
        ),
        (
            0x1_0000_0000,
            "ddc5fdaff84a188c7937b4a07b199a75f4f2f509098de2d02bdfe6edfd002009",
        ),
    ];

    #[test]
    fn known_answers() {
        let ledger = MapKey::of(b"\x81\x66ledger");
        assert_eq!(
            ledger.0,
            hash("3226dcf4b5718998757f5442b78bfbf3fa218a93a6890ab476e5f437489fa816")
        );
        let lot = MapKey::of(b"\x83\x63lot\x62NM\x631-A");
        let mut map = Map::new();
        assert_eq!(
            (map.root(), map.len(), map.is_empty()),
            (Hash::ZERO, 0, true)
        );
        for (at, want) in GROWING {
            map.append(ledger, LeafIndex(at), Hash([0x11; 32])).unwrap();
            assert_eq!(list_root(map.list(&ledger)), hash(want), "up to leaf {at}");
        }
        assert_eq!(
            map.root(),
            hash("4cd8d486d79530541bb546f4ed6bd205e45a1579b6d9c067b1ad61dbd3c432d0")
        );
        map.append(lot, LeafIndex(3), Hash([0x22; 32])).unwrap();
        assert_eq!(
            map.root(),
            hash("76f85feb10f8775e863c6c3459bcd1438b816281edb3da1337b41cb6af449b23")
        );
        assert_eq!((map.len(), map.is_empty()), (2, false));
    }

    #[test]
    fn a_list_grows_in_log_order_only() {
        let (key, mut map) = (MapKey::of(b"a"), Map::new());
        map.append(key, LeafIndex(7), id(7)).unwrap();
        let root = map.root();
        for index in [LeafIndex(7), LeafIndex(6)] {
            let last = LeafIndex(7);
            let refused = map.append(key, index, id(8));
            assert_eq!(refused, Err(OutOfOrder { index, last }));
        }
        assert_eq!(
            (map.root(), map.list(&key)),
            (root, &[(LeafIndex(7), id(7))][..])
        );
        assert_eq!(map.list(&MapKey::of(b"b")), []);
    }

    #[test]
    fn shared_bits_counts_to_the_first_difference() {
        let zero = MapKey(Hash::ZERO);
        assert_eq!(zero.shared_bits(&zero), KEY_BITS);
        for at in 0..KEY_BITS {
            let mut other = zero;
            other.0.0[at / 8] = 0x80 >> (at % 8);
            assert_eq!((zero.shared_bits(&other), other.side(at)), (at, 1));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_root_is_the_models(
            steps in prop::collection::vec((key(), prop::bool::weighted(0.2)), 0..60),
        ) {
            let (mut map, mut model) = (Map::new(), Model::default());
            for (index, (key, ask)) in (0..).zip(steps) {
                map.append(key, LeafIndex(index), id(index)).unwrap();
                model.append(key, LeafIndex(index), id(index));
                if ask {
                    prop_assert_eq!(map.root(), model.root());
                }
            }
            prop_assert_eq!(map.root(), model.root());
            prop_assert_eq!(map.len(), model.0.len());
            for (key, list) in &model.0 {
                prop_assert_eq!(map.list(key), list);
            }
        }

        #[test]
        fn the_order_of_subjects_does_not_matter(
            keys in prop::collection::btree_set(key(), 0..40),
        ) {
            let (mut there, mut back) = (Map::new(), Map::new());
            for key in &keys {
                there.append(*key, LeafIndex(1), id(1)).unwrap();
            }
            for key in keys.iter().rev() {
                back.append(*key, LeafIndex(1), id(1)).unwrap();
                back.root();
            }
            prop_assert_eq!(there.root(), back.root());
        }
    }
}
