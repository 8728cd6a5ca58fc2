//! The full audit of a stored log on one core and on two, beside the bare cost of its signatures on one core. Goals: two
//! cores at least 1.7 times as fast as one; one core within 1.3 times the bare signature checks (issue 3).
//! `cargo bench -p node --bench audit`
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::SigningKey;
use ledger_core::body::{Body, Lives, Number, Output, Role, Sealable};
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, Hash, OrgId, PlaceId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::replica::Replica;
use ledger_core::sign::{Draft, Envelope};
use ledger_core::time::Timestamp;
use node::fault::{Faults, Step};
use node::files::{Durable, Segment};
use node::ledger::replay;

const EVENTS: usize = 10_000;
/// Events between two map heads.
const BATCH: usize = 200;
const AUTHORITY: u8 = 1;
const LOG: u8 = 2;
const SEQUENCER: u8 = 3;
const FARM: u8 = 4;

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> DeviceKey {
    DeviceKey(PublicKey::of(&secret(seed)).to_bytes())
}

fn org(id: &str) -> OrgId {
    OrgId::new(id).expect("well formed")
}

/// A cooperative's harvests, with a map head every so often.
struct Story {
    replica: Replica,
    leaves: Vec<Vec<u8>>,
}

impl Story {
    fn new() -> Story {
        let genesis = Genesis {
            name: "bench".into(),
            origin: "bench.example/log".into(),
            log_key: PublicKey::of(&secret(LOG)),
            authority: org("SO"),
            authority_name: "Sở".into(),
            authority_devices: vec![public(AUTHORITY)],
            authority_threshold: 1,
            sequencer: public(SEQUENCER),
            created: Timestamp::vietnam(1_700_000_000),
            sample: None,
        };
        let replica = Replica::new(&genesis.encode()).expect("a genesis");
        let mut story = Story {
            replica,
            leaves: vec![genesis.encode()],
        };
        story.say(
            AUTHORITY,
            "SO",
            Body {
                id: Some(Number("HTX".into())),
                name: Some(Sealable::Text("HTX".into())),
                roles: Some(vec![Role::Producer]),
                ..Body::new(Kind::Org)
            },
        );
        story.say(
            AUTHORITY,
            "SO",
            Body {
                org: Some(org("HTX")),
                key: Some(Hash(public(FARM).0)),
                lives: Some(Lives::Own),
                ..Body::new(Kind::Device)
            },
        );
        for n in 0..EVENTS {
            story.say(FARM, "HTX", harvest(n));
            if n % BATCH == BATCH - 1 {
                let (size, root) = (story.replica.size().0, story.replica.map_root());
                let head = Body {
                    size: Some(size),
                    root: Some(root),
                    ..Body::new(Kind::MapHead)
                };
                story.say(SEQUENCER, "SO", head);
            }
        }
        story
    }

    fn say(&mut self, seed: u8, iss: &str, body: Body) {
        let time = Timestamp::vietnam(1_760_000_000);
        let link = self.replica.next_link(&public(seed));
        let draft = Draft {
            occurred: time,
            signed: time,
            body,
        };
        let event = draft.sign(&secret(seed), &self.replica.ledger_id(), &org(iss), link);
        let logged = replay::take(&mut self.replica, event.bytes()).expect("a good event");
        assert_eq!(logged.void, None);
        self.leaves.push(event.bytes().to_vec());
    }
}

fn harvest(n: usize) -> Body {
    let output = Output {
        no: format!("L-{n}"),
        owner: org("HTX"),
        qty: Quantity::new(1_000, 0, Unit::Kilogram).expect("a quantity"),
        product: None,
        made: None,
        expires: None,
        net: None,
    };
    Body {
        field: Some(PlaceId::new(org("HTX"), &format!("P-{}", n % 50)).expect("well formed")),
        outputs: Some(vec![output]),
        ..Body::new(Kind::Harvest)
    }
}

fn audit(c: &mut Criterion) {
    let story = Story::new();
    let (ledger, size) = (story.replica.ledger_id(), story.replica.size());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.seg");
    let opened = Segment::open(&path, Step::Log, Durable::Records(0), Faults::none());
    let (mut log, _) = opened.expect("a disk with room");
    log.append(&story.leaves).expect("a disk with room");
    let genesis = &story.leaves[0];

    let signed: Vec<(PublicKey, Vec<u8>, [u8; 64])> = story.leaves[1..]
        .iter()
        .map(|leaf| {
            let envelope = Envelope::parse(leaf).expect("an envelope");
            let key = PublicKey::from_bytes(&envelope.device().0).expect("a key");
            (key, envelope.sig_structure(&ledger), signature(leaf))
        })
        .collect();
    let mut group = c.benchmark_group("audit of a stored log");
    group
        .throughput(Throughput::Elements(size.0))
        .sample_size(10);
    group.bench_function("bare signature checks, one core", |b| {
        b.iter(|| {
            signed
                .iter()
                .all(|(key, message, sig)| key.verify(message, sig).is_ok())
        });
    });
    for cores in [1, 2] {
        group.bench_function(format!("audit, {cores} core(s)"), |b| {
            b.iter(|| {
                let replica = Replica::new(genesis).expect("a genesis");
                let audited = replay::audit(&path, genesis, replica, cores, &mut |_| {});
                let audited = audited.expect("a disk that answers");
                assert!(audited.fault.is_none() && audited.replica.size() == size);
            });
        });
    }
    group.finish();
}

/// The last 64 bytes of an envelope (`docs/formats.md` section 3).
fn signature(leaf: &[u8]) -> [u8; 64] {
    *leaf.last_chunk().expect("longer than a signature")
}

criterion_group!(benches, audit);
criterion_main!(benches);
