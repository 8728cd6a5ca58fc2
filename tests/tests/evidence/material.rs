//! What files of evidence are made from: ledgers with fixed keys, honest and dishonest heads over them.

use std::collections::BTreeSet;

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{SigningKey, VerifyingKey};
use ledger_core::body::{Body, Output, Text};
use ledger_core::chain::Link;
use ledger_core::evidence::Excerpt;
use ledger_core::ids::{DeviceKey, EventId, Hash, LeafIndex, LotId, OrgId, PlaceId, ProductId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::map::{Map, MapKey};
use ledger_core::merkle::inclusion_proof;
use ledger_core::note::Note;
use ledger_core::placed::Placed;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::{Draft, Envelope, SignedEvent};
use ledger_core::subject::{Subject, own_subjects};
use ledger_core::time::Timestamp;
use sha2::Sha512;
use tests::inprocess::{InProcess, cosigned, device_key, sample_folder, sequencer_key};
use tests::sample::{Sample, VALIDATORS};

/// A cooperative with one device.
pub const GROWER: &str = "ORG-04";
/// The department.
pub const AUTHORITY: &str = "ORG-10";
/// 2026-10-19T10:00+07:00.
pub const NOW: u64 = 1_792_378_800;

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

pub fn time(seconds: u64) -> Timestamp {
    Timestamp::vietnam(seconds as i64)
}

/// The sample's members and places, and nothing that happened.
pub fn ledger() -> InProcess {
    InProcess::with_registrations(&Sample::load(&sample_folder()).unwrap()).unwrap()
}

/// A harvest of the grower's own field.
pub fn harvest(no: &str) -> Body {
    let output = Output {
        no: no.to_owned(),
        owner: org(GROWER),
        qty: Quantity::parse("100", Unit::Kilogram).unwrap(),
        product: None,
        made: None,
        expires: None,
        net: None,
    };
    Body {
        field: Some(PlaceId::new(org(GROWER), "PL-07A").unwrap()),
        outputs: Some(vec![output]),
        ..Body::new(Kind::Harvest)
    }
}

/// The department recalls a lot of the grower.
pub fn recall(no: &str) -> Body {
    let lot = LotId::new(org(GROWER), no).unwrap();
    Body {
        lots: Some(vec![ledger_core::body::LotUse { lot, qty: None }]),
        reason: Some(Text("Kiểm nghiệm không đạt (mẫu)".to_owned())),
        ..Body::new(Kind::Recall)
    }
}

/// A rating, which only the department may say.
pub fn rating() -> Body {
    let day = |text| Some(ledger_core::time::Date::parse(text).unwrap());
    let (from, until) = (day("2026-01-01"), day("2028-12-31"));
    Body {
        product: Some(ProductId::new(org(GROWER), "SP-04").unwrap()),
        stars: Some(5),
        decision: Some(Text("QĐ-01 (mẫu)".to_owned())),
        valid: Some(ledger_core::body::Valid { from, until }),
        ..Body::new(Kind::Rating)
    }
}

pub fn draft(body: Body, seconds: u64) -> Draft {
    Draft {
        occurred: time(seconds),
        signed: time(seconds),
        body,
    }
}

/// Logs something and gives its place.
pub fn log(ledger: &mut InProcess, by: &str, body: Body, seconds: u64) -> LeafIndex {
    ledger.log(&org(by), draft(body, seconds)).unwrap().index
}

pub fn key_of(key: &SigningKey) -> DeviceKey {
    DeviceKey(PublicKey::of(key).to_bytes())
}

/// The next link of an organisation's device.
pub fn next(ledger: &InProcess, by: &str) -> Link {
    ledger.replica.next_link(&key_of(&device_key(by)))
}

/// Signed for this ledger, and not logged.
pub fn sign(ledger: &InProcess, by: &str, body: Body, seconds: u64, link: Link) -> SignedEvent {
    let ledger = ledger.replica.ledger_id();
    draft(body, seconds).sign(&device_key(by), &ledger, &org(by), link)
}

/// The same statement of the same device under another signature, which holds as well.
pub fn signed_again(ledger: &InProcess, by: &str, bytes: &[u8]) -> Vec<u8> {
    let key = device_key(by);
    let mut secret = ExpandedSecretKey::from(key.as_bytes());
    secret.hash_prefix[0] ^= 1;
    let envelope = Envelope::parse(bytes).unwrap();
    let message = envelope.sig_structure(&ledger.replica.ledger_id());
    let signature = raw_sign::<Sha512>(&secret, &message, &VerifyingKey::from(&key));
    let kept = &bytes[..bytes.len() - 64];
    let again = [kept, signature.to_bytes().as_slice()].concat();
    assert_ne!(again, bytes);
    let envelope = Envelope::parse(&again).unwrap();
    assert!(envelope.verify(&ledger.replica.ledger_id()).is_ok());
    again
}

/// A leaf with its proof in the log as it stands.
pub fn placed(ledger: &InProcess, index: LeafIndex) -> Placed {
    let size = ledger.replica.size();
    Placed {
        index,
        envelope: ledger.entries[index.0 as usize].clone(),
        proof: inclusion_proof(ledger.replica.tree(), index, size).unwrap(),
    }
}

/// The lists that say everything about an event, and about the members of these organisations.
pub fn subjects_for(event: &SignedEvent, orgs: &[&str]) -> BTreeSet<Subject> {
    let orgs = orgs.iter().copied().chain([AUTHORITY]).map(org);
    let signer = event.iss().clone();
    let orgs = orgs.chain([signer]).map(Subject::Organisation);
    orgs.chain(own_subjects(event))
        .chain([Subject::Ledger])
        .collect()
}

/// Closes the log with a map head that leaves an event out, or none, cosigned by these validators, and gives the
/// lists that this head states.
pub fn close_hiding(
    ledger: &mut InProcess,
    hidden: Option<EventId>,
    subjects: &BTreeSet<Subject>,
    validators: &[&str],
    seconds: u64,
) -> (Note, Excerpt) {
    let shown: Vec<(LeafIndex, Hash, BTreeSet<Subject>)> = ledger
        .logged
        .iter()
        .filter(|logged| Some(logged.event.id()) != hidden)
        .map(|logged| (logged.index, logged.event.id().0, logged.subjects.clone()))
        .collect();
    let mut map = Map::new();
    for (index, id, subjects) in &shown {
        for subject in subjects {
            map.append(subject.key(), *index, *id).unwrap();
        }
    }
    let size = ledger.replica.size().0;
    let head = Body {
        size: Some(size),
        root: Some(map.root()),
        ..Body::new(Kind::MapHead)
    };
    let authority = org(AUTHORITY);
    let logged = ledger.log_as(&sequencer_key(), &authority, draft(head, seconds));
    let head = logged.unwrap().index;
    let note = cosigned(&ledger.checkpoint().unwrap(), validators, seconds).unwrap();
    let list = |subject: &Subject| {
        let listed = shown.iter().filter(|(.., about)| about.contains(subject));
        let listed = listed.map(|(index, ..)| *index);
        (subject.clone(), listed.collect::<Vec<_>>())
    };
    let lists: Vec<_> = subjects.iter().map(list).collect();
    let places: BTreeSet<LeafIndex> = lists.iter().flat_map(|(_, list)| list.clone()).collect();
    let entry = |index: LeafIndex| (index, ledger.entries[index.0 as usize].clone());
    let keys: Vec<MapKey> = subjects.iter().map(Subject::key).collect();
    let excerpt = Excerpt {
        checkpoint: note.to_text(),
        head: placed(ledger, head),
        subjects: lists,
        events: places.into_iter().map(entry).collect(),
        map: map.prove(&keys).unwrap(),
    };
    (note, excerpt)
}

/// The same, honest and with everybody.
pub fn close(
    ledger: &mut InProcess,
    subjects: &BTreeSet<Subject>,
    seconds: u64,
) -> (Note, Excerpt) {
    close_hiding(ledger, None, subjects, &VALIDATORS, seconds)
}
