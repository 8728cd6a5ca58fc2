//! Durable ingest: what a node adds to the bare cost of one signature check, one hash and one write for each event.
//!
//! `cargo bench -p node --features bench-peers` (behind `taskset -c 0` for one core). Rounds of all ways take turns, and only the
//! ratios within one run are worth quoting: the machines are shared.
//!
//! The peer does the same checks at the same durability: a SQLite table with a hash chain, WAL, `synchronous=FULL`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed bench")]

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use ledger_core::body::{Body, Lives, LotUse};
use ledger_core::chain::Link;
use ledger_core::genesis::ledger_id;
use ledger_core::ids::{DeviceKey, Hash, LedgerId, LotId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::merkle::leaf_hash;
use ledger_core::sign::{Draft, Envelope};
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;
use node::folder::Folder;
use node::keys::device_key;
use node::ledger::{DraftRequest, Ledger, Options, Submitted, Timing, spawn};
use node::setup::{NewLedger, Witnessing, create_ledger};
use sha2::{Digest, Sha256};

const DEVICES: usize = 64;
const ROUNDS: usize = 5;
const GROUP: usize = 1_000;
/// Events of one round in groups …
const MANY: usize = 8_000;
/// … one by one …
const SINGLE: usize = 400;
/// … and of all devices at once.
const CROWD: usize = DEVICES * 100;

struct World {
    folder: Folder,
    ledger: LedgerId,
    keys: Vec<SigningKey>,
    links: Vec<Link>,
}

fn world(dir: &Path) -> World {
    let folder = Folder::new(dir.join("node"));
    let so = OrgId::new("SO").unwrap();
    let keys: Vec<SigningKey> = (0..DEVICES as u8)
        .map(|n| SigningKey::from_bytes(&[n + 1; 32]))
        .collect();
    let witness = SigningKey::from_bytes(&[200; 32]);
    let name = KeyName::new("witness.example/1").unwrap();
    let witness = ledger_core::cosignature::Cosigner::new(name, &witness).verifier();
    let new = NewLedger {
        name: "bench".into(),
        origin: KeyName::new("bench.example/log").unwrap(),
        authority: so.clone(),
        authority_name: "Sở".into(),
        created: Timestamp::vietnam(1_700_000_000),
        sample: None,
    };
    let witnessing = Witnessing {
        validators: vec![("w1".into(), witness)],
        quorum: None,
        max_age_seconds: 86_400,
    };
    create_ledger(&folder, &new, &witnessing).unwrap();
    let ledger = ledger_id(&std::fs::read(folder.genesis()).unwrap());
    let links = vec![Link::first(&ledger); DEVICES];
    World {
        folder,
        ledger,
        keys,
        links,
    }
}

impl World {
    /// The next events of these devices in turn, some 300 bytes each.
    fn sign(&mut self, events: usize, devices: usize) -> Vec<Vec<u8>> {
        let so = OrgId::new("SO").unwrap();
        let time = Timestamp::vietnam(1_760_000_000);
        let mut signed = Vec::with_capacity(events);
        for n in 0..events {
            let device = n % devices;
            let lot = LotId::new(so.clone(), &format!("L-{n}")).unwrap();
            let body = Body {
                lots: Some(vec![LotUse { lot, qty: None }]),
                ..Body::new(Kind::Hold)
            };
            let draft = Draft {
                occurred: time,
                signed: time,
                body,
            };
            let event = draft.sign(&self.keys[device], &self.ledger, &so, self.links[device]);
            self.links[device] = self.links[device].after(event.id());
            signed.push(event.bytes().to_vec());
        }
        signed
    }
}

fn taken(answers: Vec<Result<Submitted, node::ledger::LedgerError>>) {
    for answer in answers {
        assert_eq!(answer.unwrap(), Submitted::Pending);
    }
}

/// Enrols the devices, and waits until the log has them.
async fn enrol(world: &World) {
    let options = Options {
        sequencer: true,
        ..Options::default()
    };
    let (ledger, _) = spawn(world.folder.clone(), options).await.unwrap();
    let so = OrgId::new("SO").unwrap();
    let time = Timestamp::vietnam(1_760_000_000);
    let request = |key| DraftRequest {
        occurred: time,
        signed: Some(time),
        body: Body {
            org: Some(so.clone()),
            key: Some(Hash(device_key(key).0)),
            lives: Some(Lives::Own),
            ..Body::new(Kind::Device)
        },
    };
    let drafts = world.keys.iter().map(|key| (so.clone(), request(key)));
    for answer in ledger.handle().record_all(drafts.collect()).await {
        answer.unwrap();
    }
    let mut heads = ledger.handle().heads();
    let all_in = heads.wait_for(|heads| heads.size.0 > DEVICES as u64);
    all_in.await.unwrap();
    ledger.stop().await;
}

/// What nobody can avoid: `verify_strict`, SHA-256, write, `fdatasync` for each group.
fn bare(dir: &Path, events: &[Vec<u8>], group: usize) -> Duration {
    let path = dir.join("bare");
    let mut file = File::create(&path).unwrap();
    let key = SigningKey::from_bytes(&[1; 32]);
    let (public, message) = (PublicKey::of(&key), &events[0]);
    let signature = ed25519_dalek::Signer::sign(&key, message).to_bytes();
    let start = Instant::now();
    for chunk in events.chunks(group) {
        let mut bytes = Vec::new();
        for event in chunk {
            public
                .verify(std::hint::black_box(message), &signature)
                .unwrap();
            bytes.extend_from_slice(leaf_hash(event).as_bytes());
            bytes.extend_from_slice(event);
        }
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
    }
    let took = start.elapsed();
    std::fs::remove_file(path).unwrap();
    took
}

/// A hash-chained table that knows the devices and checks what a node checks.
struct Peer {
    db: rusqlite::Connection,
    ledger: LedgerId,
    keys: HashMap<DeviceKey, PublicKey>,
    next: HashMap<DeviceKey, Link>,
    last: Hash,
}

impl Peer {
    fn new(dir: &Path, world: &World) -> Peer {
        let db = rusqlite::Connection::open(dir.join("peer.db")).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        db.execute_batch("CREATE TABLE event (place INTEGER PRIMARY KEY, id BLOB UNIQUE, bytes BLOB, chain BLOB)")
            .unwrap();
        let keys = world
            .keys
            .iter()
            .map(|key| (device_key(key), PublicKey::of(key)));
        Peer {
            db,
            ledger: world.ledger,
            keys: keys.collect(),
            next: HashMap::new(),
            last: Hash::ZERO,
        }
    }

    fn ingest(&mut self, events: &[Vec<u8>], group: usize) -> Duration {
        let start = Instant::now();
        for chunk in events.chunks(group) {
            let transaction = self.db.transaction().unwrap();
            let mut insert = transaction
                .prepare("INSERT INTO event (id, bytes, chain) VALUES (?1, ?2, ?3)")
                .unwrap();
            for bytes in chunk {
                let envelope = Envelope::parse(bytes).unwrap();
                let device = envelope.device();
                let event = envelope
                    .verify_by(&self.ledger, &self.keys[&device])
                    .unwrap();
                let next = self.next.entry(device).or_insert(Link::first(&self.ledger));
                assert_eq!(event.link(), next);
                *next = next.after(event.id());
                let (id, last) = (event.id().0, self.last);
                let chain: [u8; 32] = Sha256::digest([last.0, id.0].concat()).into();
                self.last = Hash(chain);
                insert
                    .execute((&id.as_bytes()[..], bytes, &chain[..]))
                    .unwrap();
            }
            drop(insert);
            transaction.commit().unwrap();
        }
        start.elapsed()
    }
}

async fn in_groups(ledger: &Ledger, events: &[Vec<u8>], group: usize) -> Duration {
    let handle = ledger.handle();
    let start = Instant::now();
    for chunk in events.chunks(group) {
        taken(handle.submit_all(chunk.to_vec()).await);
    }
    start.elapsed()
}

/// Every device hands in its events one after the other, all devices at once.
async fn at_once(ledger: &Ledger, events: &[Vec<u8>]) -> Duration {
    let start = Instant::now();
    let devices: Vec<_> = (0..DEVICES)
        .map(|device| {
            let handle = ledger.handle();
            let mine: Vec<Vec<u8>> = events
                .iter()
                .skip(device)
                .step_by(DEVICES)
                .cloned()
                .collect();
            tokio::spawn(async move {
                for event in mine {
                    assert_eq!(handle.submit(event).await.unwrap(), Submitted::Pending);
                }
            })
        })
        .collect();
    for device in devices {
        device.await.unwrap();
    }
    start.elapsed()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn rate(events: usize, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut world = world(dir.path());
    // The log stands still: this is about what is durable before anybody is answered.
    let timing = Timing {
        batch: Duration::from_secs(3_600),
        ..Timing::default()
    };
    let options = Options {
        sequencer: true,
        timing,
        ..Options::default()
    };
    enrol(&world).await;
    let (ledger, _) = spawn(world.folder.clone(), options).await.unwrap();
    let mut peer = Peer::new(dir.path(), &world);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} core(s); events/s, medians of {ROUNDS} rounds in turn");
    let mut rates: HashMap<&str, Vec<f64>> = HashMap::new();
    for _ in 0..ROUNDS {
        let mut note = |what, events, took| rates.entry(what).or_default().push(rate(events, took));
        let events = world.sign(MANY, DEVICES);
        note(
            "groups of 1,000: bare sum",
            MANY,
            bare(dir.path(), &events, GROUP),
        );
        note("groups of 1,000: SQLite", MANY, peer.ingest(&events, GROUP));
        note(
            "groups of 1,000: node",
            MANY,
            in_groups(&ledger, &events, GROUP).await,
        );
        let events = world.sign(SINGLE, 1);
        note("one by one: bare sum", SINGLE, bare(dir.path(), &events, 1));
        note("one by one: SQLite", SINGLE, peer.ingest(&events, 1));
        note(
            "one by one: node",
            SINGLE,
            in_groups(&ledger, &events, 1).await,
        );
        let events = world.sign(CROWD, DEVICES);
        note(
            "64 devices at once: node",
            CROWD,
            at_once(&ledger, &events).await,
        );
        peer.ingest(&events, GROUP);
    }
    let mut medians: Vec<(&str, f64)> = rates
        .into_iter()
        .map(|(what, all)| (what, median(all)))
        .collect();
    medians.sort_by(|a, b| a.0.cmp(b.0));
    let of = |what: &str| {
        medians
            .iter()
            .find(|(known, _)| *known == what)
            .map_or(0.0, |(_, rate)| *rate)
    };
    for (what, rate) in &medians {
        println!("{what:<32} {rate:>9.0}");
    }
    println!(
        "groups of 1,000: time of the node / bare sum    {:.2}",
        of("groups of 1,000: bare sum") / of("groups of 1,000: node")
    );
    println!(
        "groups of 1,000: rate of the node / SQLite      {:.2}",
        of("groups of 1,000: node") / of("groups of 1,000: SQLite")
    );
    println!(
        "one by one: rate of the node / SQLite           {:.2}",
        of("one by one: node") / of("one by one: SQLite")
    );
    println!(
        "64 devices at once / one device                 {:.2}",
        of("64 devices at once: node") / of("one by one: node")
    );
    ledger.stop().await;
}
