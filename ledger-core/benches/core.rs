//! What one event costs, beside the bare signature check that nobody can avoid.
//! `cargo bench -p ledger-core` (criterion; ratios within one run are what to quote, the machines are shared).
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use ledger_core::body::Body;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, Hash, LeafIndex, OrgId, PlaceId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::map::{Map, MapKey};
use ledger_core::map_proof::verify_proof;
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::replica::Replica;
use ledger_core::sign::Draft;
use ledger_core::time::Timestamp;

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

fn log_and_map(c: &mut Criterion) {
    let leaf = leaf_hash(&[7; 300]);
    let mut tree = Frontier::new();
    c.bench_function("Merkle append, hash given", |b| {
        b.iter(|| tree.append(black_box(leaf)))
    });
    let key = |n: u64| MapKey::of(&n.to_be_bytes());
    let mut map = Map::new();
    for n in 0..100_000 {
        map.append(key(n), LeafIndex(n), leaf)
            .expect("indexes rise");
    }
    let mut next = 100_000;
    c.bench_function("map, one subject touched and root, 100,000 subjects", |b| {
        b.iter(|| {
            next += 1;
            map.append(key(next % 100_000), LeafIndex(next), leaf)
                .expect("indexes rise");
            map.root()
        });
    });
    let keys: Vec<MapKey> = (0..20).map(|n| key(n * 31)).collect();
    let (proof, root): (Vec<u8>, Hash) = (map.prove(&keys).expect("few keys"), map.root());
    c.bench_function("map, proof of 20 subjects checked", |b| {
        b.iter(|| verify_proof(black_box(&proof), &root, &keys));
    });
}

criterion_group!(benches, admission, log_and_map);
criterion_main!(benches);
