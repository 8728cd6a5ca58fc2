//! A small ledger with everything in it that a bundle can hold, and the means to lie about it: every secret key but
//! the validators' is at the fuzzer's disposal.
//!
//! Envelopes are put together here from `docs/formats.md`, not by the code under test: a fuzzer must be able to sign
//! what `Draft::sign` would never let through.

use std::sync::OnceLock;

use ed25519_dalek::{Signer, SigningKey};
use ledger_core::anchor::Anchor;
use ledger_core::bundle::{Bundle, Source, build};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::code::PrintedCode;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::encode::Value;
use ledger_core::ids::{DeviceKey, Hash, LeafIndex, LedgerId};
use ledger_core::note::{Note, NoteSigner};
use ledger_core::replica::Replica;
use ledger_core::sign::event_id;
use ledger_core::vkey::KeyName;

mod samples;

pub use samples::{body_of, qty, samples, story};

/// Origin of the log.
pub const ORIGIN: &str = "so.example/thu";
/// When the heads were cosigned.
pub const COSIGNED: u64 = 1_760_100_000;
/// The code of the plain lot and of the recalled one, and a code that is bound to nothing.
pub const CODES: [&str; 3] = [
    "01/02082600000015/10/B1",
    "01/02082600000015/10/B2",
    "01/02082600000015/10/B9",
];

/// Whoever signs: the seed of its key, and its organisation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Party {
    seed: u8,
    /// Its organisation.
    pub iss: &'static str,
}

const fn party(seed: u8, iss: &'static str) -> Party {
    Party { seed, iss }
}

/// The authority's officer.
pub const AUTHORITY: Party = party(1, "SO");
/// The device that signs map heads.
pub const SEQUENCER: Party = party(2, "SO");
/// A second officer, of ledgers where two must agree.
pub const OFFICER: Party = party(9, "SO");
/// A producer.
pub const FARM: Party = party(4, "FARM");
/// A packer.
pub const PACK: Party = party(5, "PACK");
/// A retailer.
pub const SHOP: Party = party(6, "SHOP");
/// Nobody's device.
pub const STRANGER: Party = party(7, "FARM");
/// Everybody who may try to sign an event.
pub const PARTIES: [Party; 8] = [
    AUTHORITY,
    FARM,
    PACK,
    SHOP,
    SEQUENCER,
    STRANGER,
    party(8, "FARM"),
    OFFICER,
];

const LOG_SEED: u8 = 3;
const VALIDATOR_SEEDS: [u8; 3] = [20, 21, 22];

impl Party {
    /// Its secret key.
    pub fn key(self) -> SigningKey {
        SigningKey::from_bytes(&[self.seed; 32])
    }

    /// Its public key.
    pub fn public(self) -> [u8; 32] {
        self.key().verifying_key().to_bytes()
    }
}

/// An envelope as section 3 of `docs/formats.md` draws it, whatever the payload.
pub fn envelope(
    key: &SigningKey,
    kid: &[u8; 32],
    iss: &str,
    ledger: &LedgerId,
    payload: &[u8],
) -> Vec<u8> {
    let mut protected = b"\xa4\x01\x27\x03\x6aocop/event\x04\x58\x20".to_vec();
    protected.extend(kid);
    protected.extend(b"\x0f\xa1\x01");
    protected.extend(Value::text(iss).encode());
    let aad = [b"ocop-event/v1\n".as_slice(), &ledger.0.0].concat();
    let signed = Value::Array(vec![
        Value::text("Signature1"),
        Value::bytes(&protected),
        Value::Bytes(aad),
        Value::bytes(payload),
    ]);
    let signature = key.sign(&signed.encode()).to_bytes();
    let parts = [
        Value::Bytes(protected),
        Value::bytes(payload),
        Value::bytes(&signature),
    ]
    .map(|part| part.encode());
    [
        b"\xd2\x84".as_slice(),
        &parts[0],
        b"\xa0",
        &parts[1],
        &parts[2],
    ]
    .concat()
}

/// A payload as section 4 draws it.
pub fn payload(epoch: u64, seq: u64, prev: &Hash, occurred: i64, body: Value) -> Value {
    let time = |seconds| Value::Array(vec![Value::Int(seconds), Value::Int(420)]);
    Value::map([
        ("v", Value::Int(1)),
        ("epoch", Value::uint(epoch)),
        ("seq", Value::uint(seq)),
        ("prev", Value::bytes(&prev.0)),
        ("occurred", time(occurred)),
        ("signed", time(occurred + 60)),
        ("body", body),
    ])
}

/// The genesis of the ledger: one officer decides.
pub fn genesis() -> Vec<u8> {
    genesis_of(&[AUTHORITY], 1)
}

/// The genesis of section 2, with these officers, so many of whom must agree.
pub fn genesis_of(officers: &[Party], threshold: i64) -> Vec<u8> {
    let log = SigningKey::from_bytes(&[LOG_SEED; 32])
        .verifying_key()
        .to_bytes();
    let devices = officers
        .iter()
        .map(|officer| Value::bytes(&officer.public()));
    let authority = Value::map([
        ("devices", Value::Array(devices.collect())),
        ("name", Value::text("Sở")),
        ("org", Value::text("SO")),
        ("threshold", Value::Int(threshold)),
    ]);
    let created = Value::Array(vec![Value::Int(1_700_000_000), Value::Int(420)]);
    Value::map([
        ("format", Value::text("ocop-genesis/v1")),
        ("name", Value::text("Sổ thử")),
        ("origin", Value::text(ORIGIN)),
        ("log_key", Value::bytes(&log)),
        ("authority", authority),
        ("sequencer", Value::bytes(&SEQUENCER.public())),
        ("created", created),
    ])
    .encode()
}

/// A cosigned head of the ledger, and what the map knows as of it.
pub struct Head {
    /// The note with the quorum's cosignatures.
    pub note: String,
    /// The replica that stands there.
    pub replica: Replica,
}

/// The ledger of the targets.
pub struct World {
    /// What a phone pins.
    pub anchor: Anchor,
    /// Every leaf.
    pub entries: Vec<Vec<u8>>,
    /// Two heads: before the recall of lot B2 and after it.
    pub heads: Vec<Head>,
}

impl Source for World {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        self.entries.get(index.0 as usize).cloned()
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        let opening = samples::opening();
        (ledger_core::commitment::commit(&opening) == *commitment).then_some(opening)
    }
}

/// The ledger, made once.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::make)
}

impl World {
    fn make() -> World {
        let genesis = genesis();
        let mut replica = Replica::new(&genesis).expect("our genesis is one");
        let mut entries = vec![genesis];
        let (before, recall) = samples::story();
        let mut heads = Vec::new();
        for chapter in [before, vec![recall]] {
            for (who, body) in chapter {
                say(&mut replica, &mut entries, who, body);
            }
            let (size, root) = (replica.size().0, replica.map_root());
            let head = Value::map([
                ("kind", Value::text("map_head")),
                ("size", Value::uint(size)),
                ("root", Value::bytes(&root.0)),
            ]);
            say(&mut replica, &mut entries, SEQUENCER, head);
            heads.push(Head {
                note: cosigned(&checkpoint(&replica)).to_text(),
                replica: replay(&entries),
            });
        }
        let ledger = replica.ledger_id();
        let anchor =
            Anchor::new(ledger, "validators", 172_800, &policy()).expect("our anchor is one");
        World {
            anchor,
            entries,
            heads,
        }
    }

    /// The ledger's identity.
    pub fn ledger(&self) -> LedgerId {
        self.anchor.ledger()
    }

    /// The honest bundle of a code as of a head.
    pub fn bundle(&self, code: &str, head: usize) -> Bundle {
        let code = PrintedCode::from_canonical(code).expect("a code of ours");
        let Head { note, .. } = &self.heads[head];
        let mut replica = replay(&self.entries[..self.heads[head].replica.size().0 as usize]);
        build(&mut replica, self, note, &code).expect("our ledger makes bundles")
    }
}

/// The log replayed through the door.
pub fn replay(entries: &[Vec<u8>]) -> Replica {
    let mut replica = Replica::new(&entries[0]).expect("our genesis is one");
    for entry in &entries[1..] {
        let admitted = replica.check(entry).expect("logged once, admitted again");
        replica.append(admitted).expect("memory does not fail");
    }
    replica
}

fn say(replica: &mut Replica, entries: &mut Vec<Vec<u8>>, who: Party, body: Value) {
    let link = replica.next_link(&DeviceKey(who.public()));
    let occurred = 1_760_000_000 + entries.len() as i64 * 600;
    let payload = payload(link.epoch, link.seq, &link.prev, occurred, body).encode();
    let bytes = envelope(
        &who.key(),
        &who.public(),
        who.iss,
        &replica.ledger_id(),
        &payload,
    );
    let admitted = replica.check(&bytes).expect("our story is admitted");
    let logged = replica.append(admitted).expect("memory does not fail");
    assert_eq!(logged.void, None, "leaf {} of the story", logged.index);
    assert_eq!(logged.event.id(), event_id(&bytes));
    entries.push(bytes);
}

/// What the log says of its tree.
pub fn checkpoint(replica: &Replica) -> Checkpoint {
    Checkpoint::new(ORIGIN, replica.size(), replica.root()).expect("our origin is one")
}

/// The note that the log alone can make: also for a head that nobody cosigned.
pub fn signed_by_log(checkpoint: &Checkpoint) -> Note {
    let key = SigningKey::from_bytes(&[LOG_SEED; 32]);
    checkpoint
        .sign(&NoteSigner::new(name(ORIGIN), &key))
        .expect("signed under its origin")
}

fn cosigned(checkpoint: &Checkpoint) -> Note {
    let time = CosignatureTime::new(COSIGNED).expect("not zero");
    let lines = VALIDATOR_SEEDS.map(|seed| {
        let key = SigningKey::from_bytes(&[seed; 32]);
        Cosigner::new(validator(seed), &key).cosign(checkpoint, time)
    });
    signed_by_log(checkpoint)
        .with_lines(&lines)
        .expect("three lines more")
}

fn policy() -> String {
    let log = SigningKey::from_bytes(&[LOG_SEED; 32]);
    let mut text = format!("log {}\n", NoteSigner::new(name(ORIGIN), &log).verifier());
    for (number, seed) in VALIDATOR_SEEDS.into_iter().enumerate() {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let verifier = Cosigner::new(validator(seed), &key).verifier();
        text += &format!("witness v{number} {verifier}\n");
    }
    text + "group validators 2 v0 v1 v2\nquorum validators\n"
}

fn validator(seed: u8) -> KeyName {
    name(&format!("v{seed}.example/xac-nhan"))
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).expect("a name of ours")
}
