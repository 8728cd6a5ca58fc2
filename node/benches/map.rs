//! The map of a million subjects, from memory and from disk: one subject touched, with the root hashed and its share of a
//! commit every 1,000 events, and one proof. Goal: under 50 µs each (issue 3).
//! `cargo bench -p node --bench map`
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::map::{Map, MapKey, StoredMap};
use ledger_core::map_proof::verify_proof;
use ledger_core::merkle::leaf_hash;
use node::fault::Faults;
use node::records::RecordFile;

const SUBJECTS: u64 = 1_000_000;
/// Events between two commits.
const BATCH: u64 = 1_000;

fn key(n: u64) -> MapKey {
    MapKey::of(&n.to_be_bytes())
}

fn fill(mut map: Map, commit_every: u64) -> Map {
    let id = leaf_hash(b"event");
    for n in 0..SUBJECTS {
        map.append(key(n), LeafIndex(n), id)
            .expect("a store that works");
        if (n + 1) % commit_every == 0 {
            map.commit().expect("a store that works");
        }
    }
    map.root();
    map
}

/// Subjects in no order that a cache could know.
fn scattered(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % SUBJECTS
}

fn measure(c: &mut Criterion, name: &str, map: &mut Map, commits: bool) {
    let (id, mut next) = (leaf_hash(b"another"), SUBJECTS);
    c.bench_function(
        &format!("map of 1,000,000 {name}: one subject touched, and root"),
        |b| {
            b.iter(|| {
                next += 1;
                let touched = map.append(key(scattered(next)), LeafIndex(next), id);
                touched.expect("indexes rise");
                if commits && next.is_multiple_of(BATCH) {
                    map.commit().expect("a disk with room");
                }
                map.root()
            });
        },
    );
    if commits {
        map.commit().expect("a disk with room");
    }
    let root = map.root();
    c.bench_function(
        &format!("map of 1,000,000 {name}: proof of one subject"),
        |b| {
            b.iter(|| {
                next += 1;
                map.prove(black_box(&[key(scattered(next))]))
            });
        },
    );
    let keys: Vec<MapKey> = (0..20).map(|n| key(scattered(n))).collect();
    c.bench_function(
        &format!("map of 1,000,000 {name}: proof of 20 subjects"),
        |b| {
            b.iter(|| map.prove(black_box(&keys)));
        },
    );
    let proof = map.prove(&keys).expect("few keys");
    c.bench_function("proof of 20 of 1,000,000 subjects checked", |b| {
        b.iter(|| verify_proof(black_box(&proof), &root, &keys));
    });
}

fn map(c: &mut Criterion) {
    let start = Instant::now();
    let mut memory = fill(Map::new(), u64::MAX);
    let root: Hash = memory.root();
    said("1,000,000 subjects in memory", start.elapsed());
    measure(c, "in memory", &mut memory, false);
    drop(memory);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.rec");
    let file = RecordFile::create(&path, Faults::none()).expect("a disk with room");
    let start = Instant::now();
    let empty = Map::open(Box::new(file), StoredMap::default());
    let stored = fill(empty, 16_384).commit().expect("a disk with room");
    said("1,000,000 subjects into a file", start.elapsed());
    assert_eq!(stored.root(), root);
    let bytes = std::fs::metadata(&path).expect("the file").len();
    println!("the file has {} MB", bytes / 1_000_000);
    let open = |path, bytes| {
        let file = RecordFile::open(path, bytes, Faults::none()).expect("a disk that answers");
        Box::new(file.expect("the file"))
    };

    let mut map = Map::open(open(&path, bytes), stored);
    let small = folder.path().join("moved.rec");
    let moved = RecordFile::create(&small, Faults::none()).expect("a disk with room");
    let start = Instant::now();
    let stored = map.move_to(Box::new(moved)).expect("a disk with room");
    said("moved without what is no longer reached", start.elapsed());
    let bytes = std::fs::metadata(&small).expect("the file").len();
    println!("the file has {} MB", bytes / 1_000_000);
    drop(map);

    let start = Instant::now();
    let mut map = Map::open(open(&small, bytes), stored);
    said("taken up again", start.elapsed());
    measure(c, "on disk", &mut map, true);
}

fn said(what: &str, took: Duration) {
    println!("{what}: {took:.2?}");
}

criterion_group!(benches, map);
criterion_main!(benches);
