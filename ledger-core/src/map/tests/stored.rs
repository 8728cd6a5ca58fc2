//! A map in a store is the map in memory: after commits, after being taken up again at any of them, after moving; and
//! a store that lies is found out.

use std::sync::{Arc, Mutex};

use super::*;

/// A store that outlives the map, as a file does.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    records: Vec<Vec<u8>>,
    reads: usize,
    broken: bool,
}

impl Records for Shelf {
    fn read(&self, place: Place) -> Result<Vec<u8>, StoreError> {
        let mut state = self.0.lock().unwrap();
        state.reads += 1;
        let at = place.0.get() as usize - 1;
        let record = state.records.get(at).filter(|_| !state.broken);
        record
            .cloned()
            .ok_or_else(|| StoreError::Failed("broken".into()))
    }

    fn append(&mut self, record: &[u8]) -> Result<Place, StoreError> {
        let mut state = self.0.lock().unwrap();
        if state.broken {
            return Err(StoreError::Failed("broken".into()));
        }
        state.records.push(record.to_vec());
        Ok(Place(
            std::num::NonZeroU64::new(state.records.len() as u64).unwrap(),
        ))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Shelf {
    fn open(&self, stored: StoredMap) -> Map {
        Map::open(Box::new(self.clone()), stored)
    }

    fn reads(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().reads)
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().records.len()
    }
}

fn key_of(number: u64) -> MapKey {
    MapKey::of(&number.to_be_bytes())
}

/// A committed map of so many subjects with one event each.
fn committed(subjects: u64) -> (Shelf, Map, StoredMap) {
    let shelf = Shelf::default();
    let mut map = shelf.open(StoredMap::default());
    for n in 0..subjects {
        map.append(key_of(n), LeafIndex(n), id(n)).unwrap();
    }
    let stored = map.commit().unwrap();
    (shelf, map, stored)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_stored_map_is_the_models(
        steps in prop::collection::vec((key(), 0u8..8), 0..120),
        asked in prop::collection::vec(key(), 0..6),
    ) {
        let shelf = Shelf::default();
        let (mut map, mut model) = (shelf.open(StoredMap::default()), Model::default());
        let mut earlier = Vec::new();
        for (index, (key, step)) in (0..).zip(steps) {
            map.append(key, LeafIndex(index), id(index)).unwrap();
            model.append(key, LeafIndex(index), id(index));
            match step {
                0 => prop_assert_eq!(map.root(), model.root()),
                1 => { map.commit().unwrap(); }
                2 => map = shelf.open(map.commit().unwrap()),
                3 => earlier.push((map.commit().unwrap(), model.clone())),
                _ => {}
            }
        }
        // As it stands, in a store of its own, and at each commit that was kept: what came later does not show.
        let moved = Shelf::default();
        let stored = map.move_to(Box::new(moved.clone())).unwrap();
        let mut all = vec![(map, model.clone()), (moved.open(stored), model)];
        all.extend(earlier.into_iter().map(|(stored, model)| (shelf.open(stored), model)));
        for (mut map, model) in all {
            prop_assert_eq!(map.root(), model.root());
            prop_assert_eq!(map.len(), model.0.len());
            for (key, list) in &model.0 {
                prop_assert_eq!(&map.list(key).unwrap(), list);
            }
            let keys: Vec<MapKey> = model.0.keys().take(3).chain(&asked).copied().collect();
            let proof = map.prove(&keys).unwrap();
            let answers = crate::map_proof::verify_proof(&proof, &model.root(), &keys);
            prop_assert_eq!(answers.map(|a| a.len()), Ok(keys.len()));
        }
    }

    #[test]
    fn long_lists_come_back_whole(lengths in prop::collection::vec(1u64..150, 1..5), every in 1u64..70) {
        let shelf = Shelf::default();
        let (mut map, mut model) = (shelf.open(StoredMap::default()), Model::default());
        let mut index = 0;
        for (subject, length) in (0..).zip(lengths) {
            for _ in 0..length {
                map.append(key_of(subject), LeafIndex(index), id(index)).unwrap();
                model.append(key_of(subject), LeafIndex(index), id(index));
                index += 1;
                if index % every == 0 {
                    map = shelf.open(map.commit().unwrap());
                }
            }
        }
        prop_assert_eq!(map.root(), model.root());
        for (key, list) in &model.0 {
            prop_assert_eq!(&map.list(key).unwrap(), list);
        }
    }

    #[test]
    fn a_flipped_byte_is_found(at in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (shelf, mut map, stored) = committed(20);
        for n in 0..70 {
            map.append(key_of(7), LeafIndex(100 + n), id(n)).unwrap();
        }
        let whole = map.commit().unwrap();
        prop_assert_ne!(whole, stored);
        let keys: Vec<MapKey> = (0..30).map(key_of).collect();
        let lists: Vec<_> = keys.iter().map(|key| map.list(key).unwrap()).collect();
        let proof = map.prove(&keys).unwrap();
        {
            let mut state = shelf.0.lock().unwrap();
            let records = state.records.len();
            let record = &mut state.records[at.index(records)];
            let len = record.len();
            record[byte.index(len)] ^= 1 << bit;
        }
        let mut damaged = shelf.open(whole);
        for (key, list) in keys.iter().zip(lists) {
            prop_assert!(damaged.list(key).map_or(true, |read| read == list));
        }
        prop_assert!(damaged.prove(&keys).map_or(true, |made| made == proof));
    }
}

#[test]
fn only_the_way_to_a_key_is_read() {
    let (shelf, _, stored) = committed(1_000);
    let (mut map, absent) = (shelf.open(stored), key_of(5_000));
    shelf.reads();
    map.prove(&[absent]).unwrap();
    let way = shelf.reads();
    assert!((5..=25).contains(&way), "{way} nodes of about log2(1000)");
    map.append(absent, LeafIndex(2_000), id(1)).unwrap();
    assert!((5..=25).contains(&shelf.reads()));
    let before = shelf.len();
    map.commit().unwrap();
    assert!((5..=26).contains(&(shelf.len() - before)));
}

#[test]
fn a_commit_without_news_writes_nothing() {
    let (shelf, mut map, stored) = committed(100);
    let records = shelf.len();
    assert_eq!(map.commit().unwrap(), stored);
    assert_eq!(shelf.len(), records);
    // Neither does one after an event that was refused.
    map.append(key_of(3), LeafIndex(3), id(9)).unwrap_err();
    assert_eq!(map.commit().unwrap(), stored);
    assert_eq!(shelf.len(), records);
}

#[test]
fn a_move_leaves_behind_what_is_no_longer_reached() {
    let (shelf, mut map, _) = committed(200);
    for n in 0..200 {
        map.append(key_of(n), LeafIndex(1_000 + n), id(n)).unwrap();
        map.commit().unwrap();
    }
    let (root, small) = (map.root(), Shelf::default());
    let stored = map.move_to(Box::new(small.clone())).unwrap();
    assert_eq!((stored.root(), map.root()), (root, root));
    assert!(small.len() < shelf.len() / 3);
}

#[test]
fn a_store_that_fails_is_no_absence() {
    let (shelf, _, stored) = committed(100);
    let mut map = shelf.open(stored);
    let root = map.root();
    shelf.0.lock().unwrap().broken = true;
    assert!(map.list(&key_of(1)).is_err());
    assert!(map.prove(&[key_of(1)]).is_err());
    let refused = map.append(key_of(1), LeafIndex(500), id(1));
    assert!(matches!(refused, Err(AppendError::Store(_))));
    assert_eq!(map.root(), root);
    shelf.0.lock().unwrap().broken = false;
    map.append(key_of(1), LeafIndex(500), id(1)).unwrap();
    shelf.0.lock().unwrap().broken = true;
    assert!(map.commit().is_err());
    // What was not handed over is still there.
    shelf.0.lock().unwrap().broken = false;
    let stored = map.commit().unwrap();
    assert_eq!(shelf.open(stored).list(&key_of(1)).unwrap().len(), 2);
}
