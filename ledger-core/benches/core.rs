//! What one event costs, beside the bare signature check that nobody can avoid, and what a bundle does. The map and
//! whole logs: `node/benches`.
//! `cargo bench -p ledger-core` (criterion; ratios within one run are what to quote, the machines are shared).
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use ledger_core::anchor::Anchor;
use ledger_core::body::Body;
use ledger_core::bundle::Bundle;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, OrgId, PlaceId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::merkle::{Frontier, MemoryTree, leaf_hash};
use ledger_core::replica::Replica;
use ledger_core::sign::Draft;
use ledger_core::time::Timestamp;
use ledger_core::verify::verify;

fn device() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn replica() -> Replica {
    let key = PublicKey::of(&device());
    let genesis = Genesis {
        name: "bench".into(),
        origin: "bench.example/log".into(),
        log_key: PublicKey::of(&SigningKey::from_bytes(&[2; 32])),
        authority: OrgId::new("SO").expect("well formed"),
        authority_name: "Sở".into(),
        authority_devices: vec![DeviceKey(key.to_bytes())],
        authority_threshold: 1,
        sequencer: DeviceKey(PublicKey::of(&SigningKey::from_bytes(&[3; 32])).to_bytes()),
        created: Timestamp::vietnam(1_700_000_000),
        sample: None,
    };
    Replica::new(&genesis.encode()).expect("a genesis")
}

fn admission(c: &mut Criterion) {
    let replica = replica();
    let org = OrgId::new("SO").expect("well formed");
    let body = Body {
        field: Some(PlaceId::new(org.clone(), "PL-01").expect("well formed")),
        ..Body::new(Kind::Bag)
    };
    let now = Timestamp::vietnam(1_760_000_000);
    let link = replica.next_link(&DeviceKey(PublicKey::of(&device()).to_bytes()));
    let event = Draft {
        occurred: now,
        signed: now,
        body,
    }
    .sign(&device(), &replica.ledger_id(), &org, link);
    let signature = device().sign(event.bytes()).to_bytes();
    let key = PublicKey::of(&device());
    c.bench_function("bare signature check, same length", |b| {
        b.iter(|| key.verify(black_box(event.bytes()), &signature));
    });
    c.bench_function("the door, one event", |b| {
        b.iter(|| replica.check(black_box(event.bytes())))
    });
}

fn log(c: &mut Criterion) {
    let leaf = leaf_hash(&[7; 300]);
    let mut tree = Frontier::new();
    c.bench_function("Merkle append, hash given", |b| {
        b.iter(|| tree.append(black_box(leaf)))
    });
    let mut whole = MemoryTree::new();
    c.bench_function("Merkle append, hash given, all hashes kept", |b| {
        b.iter(|| whole.append(black_box(leaf)))
    });
    c.bench_function("SHA-256 of a leaf of 300 bytes", |b| {
        b.iter(|| leaf_hash(black_box(&[7; 300])))
    });
}

/// A bundle of twelve events or more, from the vectors that Rust and the page share.
fn bundle(c: &mut Criterion) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let mut stories = Vec::new();
    for file in std::fs::read_dir(folder).expect("the vectors").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a vector");
        let vector: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let (Some(bytes), Some(anchor)) = (vector["bundle"].as_str(), vector["anchor"].as_str())
        else {
            continue;
        };
        let Ok(bytes) = STANDARD.decode(bytes) else {
            continue;
        };
        let events = Bundle::decode(&bytes).map_or(0, |bundle| bundle.events.len());
        let is_honest = file.file_name().to_string_lossy().starts_with("story_");
        if is_honest && events >= 12 {
            let anchor = Anchor::parse(anchor).expect("an anchor");
            stories.push((
                events,
                bytes,
                anchor,
                vector["now"].as_u64().expect("a time"),
            ));
        }
    }
    let shortest = stories.into_iter().min_by_key(|(events, ..)| *events);
    let (events, bytes, anchor, now) = shortest.expect("a story of twelve events or more");
    c.bench_function(&format!("a bundle of {events} events verified"), |b| {
        b.iter(|| verify(black_box(&bytes), &anchor, now).expect("an honest bundle"));
    });
}

criterion_group!(benches, admission, log, bundle);
criterion_main!(benches);
