//! A map in a file: what a restart, a crash between two batches, a full disk and a flipped byte leave of it.

use std::fs;

use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::map::{Map, MapKey, StoredMap};
use proptest::prelude::*;

use super::*;
use crate::fault::Fate;
use crate::fixture::Disk;

fn key(number: u64) -> MapKey {
    MapKey::of(&number.to_be_bytes())
}

fn id(number: u64) -> Hash {
    ledger_core::merkle::leaf_hash(&number.to_be_bytes())
}

/// What is kept beside the file.
#[derive(Clone, Copy)]
struct Kept {
    map: StoredMap,
    bytes: u64,
}

/// A map in a file and the same in memory.
struct Pair {
    path: PathBuf,
    disk: Disk,
    stored: Map,
    memory: Map,
    next: u64,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let (path, disk) = (folder.path().join("map.rec"), Disk::default());
        let file = RecordFile::create(&path, disk.faults()).unwrap();
        Pair {
            path,
            disk,
            stored: Map::open(Box::new(file), StoredMap::default()),
            memory: Map::new(),
            next: 0,
            _folder: folder,
        }
    }

    fn append(&mut self, subject: u64) {
        for map in [&mut self.stored, &mut self.memory] {
            map.append(key(subject), LeafIndex(self.next), id(self.next))
                .unwrap();
        }
        self.next += 1;
    }

    fn commit(&mut self) -> Kept {
        let map = self.stored.commit().unwrap();
        let bytes = fs::metadata(&self.path).unwrap().len();
        Kept { map, bytes }
    }

    /// What a new process sees, by what was kept.
    fn reopened(&self, kept: Kept) -> Map {
        let file = RecordFile::open(&self.path, kept.bytes, Faults::none()).unwrap();
        Map::open(Box::new(file.unwrap()), kept.map)
    }
}

fn assert_same(one: &mut Map, other: &mut Map, subjects: u64) {
    assert_eq!(one.root(), other.root());
    let keys: Vec<MapKey> = (0..subjects + 3).map(key).collect();
    assert_eq!(one.prove(&keys).unwrap(), other.prove(&keys).unwrap());
    for key in &keys {
        assert_eq!(one.list(key).unwrap(), other.list(key).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_map_in_a_file_is_the_map_in_memory(steps in prop::collection::vec((0u64..30, 0u8..12), 1..200)) {
        let mut pair = Pair::new();
        for (subject, step) in steps {
            pair.append(subject);
            match step {
                0 => { pair.commit(); }
                1 => {
                    let kept = pair.commit();
                    pair.stored = pair.reopened(kept);
                }
                _ => {}
            }
        }
        assert_same(&mut pair.stored, &mut pair.memory, 30);
    }

    #[test]
    fn a_crash_between_two_batches_leaves_the_first(before in 1u64..60, after in 0u64..60, torn in 0usize..4_000) {
        let mut pair = Pair::new();
        (0..before).for_each(|n| pair.append(n % 17));
        let (kept, mut then) = (pair.commit(), std::mem::take(&mut pair.memory));
        (0..after).for_each(|n| pair.stored.append(key(n), LeafIndex(1_000 + n), id(n)).unwrap());
        pair.commit();
        // Some of the second batch is on the disk, and nobody ever wrote down that it was done.
        let bytes = fs::read(&pair.path).unwrap();
        let end = bytes.len().min(kept.bytes as usize + torn);
        fs::write(&pair.path, &bytes[..end]).unwrap();
        let mut reopened = pair.reopened(kept);
        assert_same(&mut reopened, &mut then, 60);
        // And it goes on from there.
        reopened.append(key(5), LeafIndex(5_000), id(1)).unwrap();
        then.append(key(5), LeafIndex(5_000), id(1)).unwrap();
        reopened.commit().unwrap();
        assert_same(&mut reopened, &mut then, 60);
    }

    #[test]
    fn a_flipped_byte_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut pair = Pair::new();
        (0..100).for_each(|n| pair.append(n % 20));
        let kept = pair.commit();
        let mut bytes = fs::read(&pair.path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(&pair.path, bytes).unwrap();
        let Some(file) = RecordFile::open(&pair.path, kept.bytes, Faults::none()).unwrap() else {
            prop_assert!(at < MAGIC.len());
            return Ok(());
        };
        let mut damaged = Map::open(Box::new(file), kept.map);
        let keys: Vec<MapKey> = (0..20).map(key).collect();
        let proof = damaged.prove(&keys);
        let lists = keys.iter().map(|key| damaged.list(key)).collect::<Result<Vec<_>, _>>();
        // A chunk of a list is on no proof's way, a byte that is no longer reached on nobody's.
        if let Ok(proof) = proof {
            prop_assert_eq!(proof, pair.memory.prove(&keys).unwrap());
        }
        if let Ok(lists) = lists {
            for (key, list) in keys.iter().zip(lists) {
                prop_assert_eq!(list, pair.memory.list(key).unwrap());
            }
        }
    }
}

#[test]
fn a_disk_that_fails_is_an_error_and_leaves_the_last_batch() {
    for fate in [Fate::Lost, Fate::Full, Fate::Torn, Fate::Unanswered] {
        let mut pair = Pair::new();
        (0..50).for_each(|n| pair.append(n));
        let (kept, mut then) = (pair.commit(), std::mem::take(&mut pair.memory));
        pair.stored.append(key(3), LeafIndex(100), id(3)).unwrap();
        pair.disk.fail(Step::Records, fate);
        assert!(
            matches!(pair.stored.commit(), Err(StoreError::Failed(_))),
            "{fate:?}"
        );
        assert_same(&mut pair.reopened(kept), &mut then, 50);
    }
}

#[test]
fn a_file_that_is_too_short_or_another_is_none() {
    let mut pair = Pair::new();
    (0..50).for_each(|n| pair.append(n));
    let kept = pair.commit();
    let open = |bytes| RecordFile::open(&pair.path, bytes, Faults::none()).unwrap();
    assert!(open(kept.bytes + 1).is_none());
    assert!(open(3).is_none());
    assert!(open(kept.bytes).is_some());
    fs::write(&pair.path, vec![0; kept.bytes as usize]).unwrap();
    assert!(open(kept.bytes).is_none());
    fs::remove_file(&pair.path).unwrap();
    assert!(open(kept.bytes).is_none());
}

#[test]
fn a_record_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = RecordFile::create(&folder.path().join("r"), Faults::none()).unwrap();
    let most = vec![7; RECORD_BYTES_MAX];
    let place = file.append(&most).unwrap();
    assert_eq!(file.read(place).unwrap(), most);
    file.sync().unwrap();
    assert_eq!(file.read(place).unwrap(), most);
    assert!(file.append(&[most, vec![7]].concat()).is_err());
}
