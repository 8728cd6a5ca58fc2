//! The door, stateful: the bytes are a conversation in which members, strangers and thieves send good and bad envelopes
//! one after the other. After each, what was let in is held against simple models of sections 3, 4, 7 and 8.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, VerifyingKey};
use ledger_core::chain::Link;
use ledger_core::encode::Value;
use ledger_core::ids::{DeviceKey, Hash, LedgerId};
use ledger_core::kind::KINDS;
use ledger_core::merkle::{leaf_hash, root};
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::sign::event_id;

use crate::choices::Choices;
use crate::world::{
    AUTHORITY, OFFICER, PARTIES, Party, SEQUENCER, body_of, envelope, genesis_of, payload, story,
};

/// Enough for a fork and what comes after it; the time of a run is signatures.
const TURNS_MAX: usize = 24;

/// What the log should hold, told in the plainest way.
struct Model {
    ledger: LedgerId,
    entries: Vec<Vec<u8>>,
    /// The last event of each device: epoch, seq, id.
    last: BTreeMap<[u8; 32], (u64, u64, Hash)>,
    /// Keys that an event in force, or genesis, ever named as a device.
    devices: BTreeSet<[u8; 32]>,
}

pub(super) fn run(bytes: &[u8]) -> bool {
    let mut choices = Choices::new(bytes);
    // A replay checks every signature again, so not every run ends with one.
    let replays = choices.rarely(8);
    let (mut replica, mut model) = founded(&mut choices);
    let prologue = model.entries.len();
    let mut sent: Vec<Vec<u8>> = Vec::new();
    for _ in 0..TURNS_MAX {
        if choices.is_empty() {
            break;
        }
        let bytes = next_envelope(&replica, &model, &sent, &mut choices);
        offer(&mut replica, &mut model, &bytes);
        sent.push(bytes);
    }
    if replays {
        let mut again = crate::world::replay(&model.entries);
        assert_eq!(
            (again.root(), again.size()),
            (replica.root(), replica.size())
        );
        assert_eq!(
            again.map_root(),
            replica.map_root(),
            "a replay gives the same map"
        );
    }
    model.entries.len() > prologue
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let kinds = |party: u8| {
        (0..KINDS.len() as u8)
            .flat_map(|kind| [0, party, kind, 0, 0, 1, 0, 0, 1, 0, 0, 1])
            .collect::<Vec<u8>>()
    };
    let tricks = (0..24u8)
        .flat_map(|trick| [trick, trick % 8, trick, 7, 5, 3, 1, 0, 9, 9])
        .collect::<Vec<u8>>();
    // Without members, with them, and where two officers must agree.
    let founded = |how: u8| move |turns: Vec<u8>| [[0, how].as_slice(), &turns].concat();
    let turns: Vec<Vec<u8>> = (0..6).map(kinds).chain([tricks]).collect();
    [3, 2, 0]
        .into_iter()
        .flat_map(|how| turns.clone().into_iter().map(founded(how)))
        .collect()
}

/// A ledger with members, or with nothing but its genesis; in some two officers must agree.
fn founded(choices: &mut Choices<'_>) -> (Replica, Model) {
    let how = choices.byte() % 8;
    let genesis = if how < 2 {
        genesis_of(&[AUTHORITY, OFFICER], 2)
    } else {
        genesis_of(&[AUTHORITY], 1)
    };
    let mut replica = Replica::new(&genesis).expect("our genesis");
    let mut model = Model::new(genesis, replica.ledger_id());
    let bodies = story().0.into_iter().take(if how % 2 == 1 { 0 } else { 6 });
    for (_, body) in bodies {
        tell(&mut replica, &mut model, AUTHORITY, body);
        if how < 2 {
            let approval = Value::map([
                ("kind", Value::text("approve")),
                ("ref", Value::bytes(&model.ids()[0])),
            ]);
            tell(&mut replica, &mut model, OFFICER, approval);
        }
    }
    (replica, model)
}

fn tell(replica: &mut Replica, model: &mut Model, who: Party, body: Value) {
    let link = replica.next_link(&DeviceKey(who.public()));
    let payload = payload(link.epoch, link.seq, &link.prev, 1_760_000_000, body).encode();
    let bytes = envelope(&who.key(), &who.public(), who.iss, &model.ledger, &payload);
    offer(replica, model, &bytes);
}

/// Sends the bytes to the door, twice, and through it.
fn offer(replica: &mut Replica, model: &mut Model, bytes: &[u8]) {
    let before = (replica.size(), replica.root(), replica.map_root());
    let first = replica.check(bytes);
    let second = replica.check(bytes);
    assert_eq!(
        first.as_ref().err(),
        second.as_ref().err(),
        "the same question has the same answer"
    );
    match (first, second) {
        (Ok(admitted), Ok(_)) => {
            let logged = replica.append(admitted).expect("memory does not fail");
            model.logged(bytes, &logged);
            assert_eq!(replica.size().0, before.0.0 + 1);
            assert_eq!(replica.root(), model.root());
            assert_eq!(replica.find(&event_id(bytes)), Some(logged.index));
        }
        _ => assert_eq!(
            (replica.size(), replica.root(), replica.map_root()),
            before,
            "a refusal changes nothing"
        ),
    }
}

impl Model {
    fn new(genesis: Vec<u8>, ledger: LedgerId) -> Model {
        Model {
            ledger,
            entries: vec![genesis],
            last: BTreeMap::new(),
            devices: BTreeSet::from([AUTHORITY, OFFICER, SEQUENCER].map(Party::public)),
        }
    }

    fn root(&self) -> Hash {
        root(
            &self
                .entries
                .iter()
                .map(|entry| leaf_hash(entry))
                .collect::<Vec<_>>(),
        )
    }

    /// Holds a logged event against everything that admission promises.
    fn logged(&mut self, bytes: &[u8], logged: &LoggedEvent) {
        let event = &logged.event;
        let device = event.device().0;
        assert_eq!((event.bytes(), event.id()), (bytes, event_id(bytes)));
        assert!(
            signature_holds(bytes, &self.ledger),
            "a logged event whose signature does not hold"
        );
        assert!(
            self.devices.contains(&device),
            "a logged event of a device that nobody enrolled"
        );
        let link = *event.link();
        let next = match self.last.get(&device) {
            None => [Some((0, 0)), Some((1, 0))],
            Some((epoch, seq, _)) => [Some((*epoch, seq + 1)), Some((epoch + 1, 0))],
        };
        let prev = self.last.get(&device).map_or(self.ledger.0, |(.., id)| *id);
        assert!(
            next.contains(&Some((link.epoch, link.seq))),
            "logged out of order"
        );
        assert_eq!(
            link.prev, prev,
            "a logged event that is not next in its chain"
        );
        assert!(
            logged.void.is_none() || logged.subjects.is_empty(),
            "a void event is listed"
        );
        self.last
            .insert(device, (link.epoch, link.seq, event.id().0));
        if logged.void.is_none() {
            self.devices.extend(event.body().key.map(|key| key.0));
        }
        self.entries.push(bytes.to_vec());
    }

    fn ids(&self) -> Vec<[u8; 32]> {
        self.entries
            .iter()
            .rev()
            .take(8)
            .map(|entry| event_id(entry).0.0)
            .collect()
    }
}

/// Section 3, checked with nothing but a CBOR reader and dalek.
fn signature_holds(bytes: &[u8], ledger: &LedgerId) -> bool {
    let parts = bytes
        .strip_prefix(&[0xd2])
        .and_then(|rest| Value::decode(rest).ok());
    let parts = parts
        .as_ref()
        .and_then(Value::as_array)
        .expect("an array behind tag 18");
    let [protected, unprotected, payload, signature] = parts else {
        return false;
    };
    let kid: [u8; 32] = protected
        .as_bytes()
        .and_then(|head| head.get(18..50)?.try_into().ok())
        .expect("a kid");
    let aad = [b"ocop-event/v1\n".as_slice(), &ledger.0.0].concat();
    let signed = [
        Value::text("Signature1"),
        protected.clone(),
        Value::Bytes(aad),
        payload.clone(),
    ];
    let signature = signature
        .as_bytes()
        .and_then(|bytes| Signature::from_slice(bytes).ok())
        .expect("64 bytes");
    let key = VerifyingKey::from_bytes(&kid).expect("a key");
    *unprotected == Value::map::<&str>([])
        && key
            .verify_strict(&Value::Array(signed.to_vec()).encode(), &signature)
            .is_ok()
}

fn next_envelope(
    replica: &Replica,
    model: &Model,
    sent: &[Vec<u8>],
    choices: &mut Choices<'_>,
) -> Vec<u8> {
    let trick = choices.byte() % 24;
    let who = *choices.pick(&PARTIES);
    let link = replica.next_link(&DeviceKey(who.public()));
    match trick {
        // Most turns are well meant: the door must be passed to see what stands behind it.
        0..=14 => say(model, who, link, choices),
        15 => say(model, who, link.next_epoch(), choices),
        16 => say(
            model,
            who,
            Link {
                seq: link.seq.wrapping_add(u64::from(choices.byte())) & 0xff,
                ..link
            },
            choices,
        ),
        17 => say(
            model,
            who,
            Link {
                prev: Hash([choices.byte(); 32]),
                ..link
            },
            choices,
        ),
        18 => stolen(model, who, *choices.pick(&PARTIES), link, choices),
        19 => raw_payload(model, who, choices),
        20 => choices.take(200).to_vec(),
        _ if sent.is_empty() => Vec::new(),
        21 => choices.pick(sent).clone(),
        _ => spoiled(choices.pick(sent).clone(), choices),
    }
}

fn say(model: &Model, who: Party, link: Link, choices: &mut Choices<'_>) -> Vec<u8> {
    let payload = next_payload(model, link, choices);
    envelope(&who.key(), &who.public(), who.iss, &model.ledger, &payload)
}

fn next_payload(model: &Model, link: Link, choices: &mut Choices<'_>) -> Vec<u8> {
    let row = choices.pick(KINDS);
    let mut body = body_of(row, &model.ids(), choices);
    if row.name == "conflict" && choices.rarely(2) {
        body = conflict_body(model, choices);
    }
    let occurred = 1_760_000_000 + i64::from(choices.byte()) * 86_400;
    payload(link.epoch, link.seq, &link.prev, occurred, body).encode()
}

/// A second envelope at a place that is taken, kept as evidence.
fn conflict_body(model: &Model, choices: &mut Choices<'_>) -> Value {
    let who = *choices.pick(&PARTIES);
    let (epoch, seq) = (0, u64::from(choices.byte() % 3));
    let body = body_of(choices.pick(KINDS), &model.ids(), choices);
    let second = payload(epoch, seq, &model.ledger.0, 1_760_000_000, body).encode();
    let second = envelope(&who.key(), &who.public(), who.iss, &model.ledger, &second);
    Value::map([
        ("kind", Value::text("conflict")),
        ("ref", Value::bytes(choices.pick::<[u8; 32]>(&model.ids()))),
        ("org", Value::text(who.iss)),
        ("envelope", Value::Bytes(second)),
    ])
}

/// Signed by one, in the name of another, or for another ledger.
fn stolen(
    model: &Model,
    who: Party,
    thief: Party,
    link: Link,
    choices: &mut Choices<'_>,
) -> Vec<u8> {
    let payload = next_payload(model, link, choices);
    match choices.byte() % 3 {
        0 => envelope(
            &thief.key(),
            &who.public(),
            who.iss,
            &model.ledger,
            &payload,
        ),
        1 => envelope(
            &who.key(),
            &who.public(),
            thief.iss,
            &model.ledger,
            &payload,
        ),
        _ => envelope(
            &who.key(),
            &who.public(),
            who.iss,
            &LedgerId(Hash([1; 32])),
            &payload,
        ),
    }
}

/// Signed well, but not a payload of the format.
fn raw_payload(model: &Model, who: Party, choices: &mut Choices<'_>) -> Vec<u8> {
    let len = choices.byte();
    envelope(
        &who.key(),
        &who.public(),
        who.iss,
        &model.ledger,
        choices.take(usize::from(len)),
    )
}

/// One byte of an envelope changed, or bytes added or cut off.
fn spoiled(mut bytes: Vec<u8>, choices: &mut Choices<'_>) -> Vec<u8> {
    let at = choices.below(bytes.len());
    match (choices.byte() % 4, bytes.get_mut(at)) {
        (0, _) => bytes.truncate(at),
        (1, _) => bytes.extend(choices.take(3)),
        (2, Some(byte)) => *byte = choices.byte(),
        (_, Some(byte)) => *byte ^= 1 << (choices.byte() % 8),
        _ => {}
    }
    bytes
}
