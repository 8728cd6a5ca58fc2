//! Proofs against the model of the map, and every spelling but the one refused.

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
    let list = map.list(key).unwrap();
    Answer::Present {
        count: list.len() as u64,
        list_root: list_root(&list),
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
    let refused = map.prove(&keys);
    assert_eq!(refused, Err(TooMuchAsked::Keys(4097).into()));
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
    let Err(ProveError::TooMuchAsked(TooMuchAsked::Bytes(bytes))) = refused else {
        panic!("{refused:?}");
    };
    assert!(bytes > MAX_PROOF_BYTES);
    let proof = map.prove(&keys[..1000]).unwrap();
    let answers = verify_proof(&proof, &map.root(), &keys[..1000]).unwrap();
    assert!(answers.iter().all(|answer| *answer != Answer::Absent));
}
