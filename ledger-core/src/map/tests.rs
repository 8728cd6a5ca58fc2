//! The map against its definition, known answers, and a store that fails.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

mod stored;

/// The map as section 10 defines it, made anew from all lists each time.
#[derive(Clone, Default)]
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
        assert_eq!(
            list_root(&map.list(&ledger).unwrap()),
            hash(want),
            "up to leaf {at}"
        );
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
        assert_eq!(refused, Err(OutOfOrder { index, last }.into()));
    }
    assert_eq!(
        (map.root(), map.list(&key).unwrap()),
        (root, vec![(LeafIndex(7), id(7))])
    );
    assert_eq!(map.list(&MapKey::of(b"b")).unwrap(), []);
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
            prop_assert_eq!(&map.list(key).unwrap(), list);
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
