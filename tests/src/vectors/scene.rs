//! A small ledger for one story: who says what, in order, and what must become of it.
//!
//! Envelopes are made here byte by byte (section 3), not by the code under test, so that a scene can also say what no
//! honest device would. Bodies are JSON as section 6 spells them; a text `h'…'` stands for bytes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use ledger_core::chain::Link;
use ledger_core::encode::Value;
use ledger_core::genesis::ledger_id;
use ledger_core::ids::{Hash, LedgerId};
use ledger_core::sign::event_id;
use ledger_core::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::inprocess::fixed_key;

use super::log::{Answer, LogCase, Step};
use super::{Case, Fault};

/// Origin of the scenes' log.
pub const ORIGIN: &str = "so.example/canh";
/// The authority's organisation; its first officer's device has the same name.
pub const AUTHORITY: &str = "SO";
/// The device that signs map heads.
pub const SEQUENCER: &str = "SO sequencer";
/// The clock when a scene begins: 2026-10-01T08:00+07:00.
const BEGIN: i64 = 1_790_816_400;
const VIETNAM_MINUTES: i64 = 420;

/// A ledger that is being told.
pub struct Scene {
    pub(super) genesis: Vec<u8>,
    pub(super) steps: Vec<Step>,
    pub(super) clock: i64,
    /// Public openings beside the log.
    pub(super) openings: BTreeMap<Hash, Vec<u8>>,
    ledger: LedgerId,
    next: BTreeMap<String, Link>,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene::new()
    }
}

impl Scene {
    /// One officer, who decides alone.
    pub fn new() -> Scene {
        Scene::with_officers(&[AUTHORITY], 1)
    }

    /// Officers' devices, and how many of them must agree.
    pub fn with_officers(officers: &[&str], threshold: u64) -> Scene {
        let devices = officers
            .iter()
            .map(|who| Value::bytes(&public(who)))
            .collect();
        let authority = Value::map([
            ("org", Value::text(AUTHORITY)),
            ("name", Value::text("Sở thử")),
            ("devices", Value::Array(devices)),
            ("threshold", Value::uint(threshold)),
        ]);
        let genesis = Value::map([
            ("format", Value::text("ocop-genesis/v1")),
            ("name", Value::text("Sổ thử")),
            ("origin", Value::text(ORIGIN)),
            ("log_key", Value::bytes(&public("log"))),
            ("authority", authority),
            ("sequencer", Value::bytes(&public(SEQUENCER))),
            ("created", time(BEGIN)),
        ])
        .encode();
        Scene {
            ledger: ledger_id(&genesis),
            genesis,
            steps: Vec::new(),
            clock: BEGIN,
            openings: BTreeMap::new(),
            next: BTreeMap::new(),
        }
    }

    /// Admits an organisation with its roles (sorted), and a device of the same name that administers it.
    pub fn admit(&mut self, org: &str, roles: &[&str]) {
        self.say(
            AUTHORITY,
            json!({"kind": "org", "id": org, "name": format!("Đơn vị {org}"), "roles": roles}),
        );
        self.enrol(AUTHORITY, org, "administrator");
    }

    /// Enrols a device, named `ORG` or `ORG something`.
    pub fn enrol(&mut self, by: &str, device: &str, rights: &str) {
        self.say(by, enrolment(device, rights));
    }

    /// Moves the clock to eight in the morning of a day, counted from the day on which the scene begins.
    pub fn on_day(&mut self, day: i64) {
        self.clock = BEGIN + day * 86_400;
    }

    /// Something that is in force; its event id.
    pub fn say(&mut self, who: &str, body: Json) -> Hash {
        let envelope = self.signed(who, &body);
        self.then(who, envelope, Answer::Logged)
    }

    /// The same about another day than that of signing, counted as in [`Scene::on_day`].
    pub fn say_of(&mut self, day: i64, who: &str, body: Json) -> Hash {
        let payload = self.payload(who, &body, BEGIN + day * 86_400);
        let envelope = self.envelope(who, &payload);
        self.then(who, envelope, Answer::Logged)
    }

    /// Something that is logged without effect, and why (section 8).
    pub fn say_void(&mut self, who: &str, body: Json, code: &str) -> Hash {
        let envelope = self.signed(who, &body);
        self.then(who, envelope, Answer::Void(code.to_owned()))
    }

    /// Something well signed that is refused at the door, and why.
    pub fn say_refused(&mut self, who: &str, body: Json, code: &str) {
        let envelope = self.signed(who, &body);
        self.refused(who, envelope, code);
    }

    /// Bytes that are refused at the door, and why.
    pub fn refused(&mut self, who: &str, envelope: Vec<u8>, code: &str) {
        self.then(who, envelope, Answer::Refused(code.to_owned()));
    }

    /// Bytes that take the next place, in force.
    pub fn knocks(&mut self, who: &str, envelope: Vec<u8>) -> Hash {
        self.then(who, envelope, Answer::Logged)
    }

    /// Bytes that say what is logged already.
    pub fn again(&mut self, who: &str, envelope: Vec<u8>) {
        self.then(who, envelope, Answer::Duplicate);
    }

    /// The story as a case of type `log`.
    pub fn log(self) -> Result<Case, Fault> {
        Ok(Case::Log(LogCase::of(&self)?))
    }

    fn then(&mut self, who: &str, envelope: Vec<u8>, answer: Answer) -> Hash {
        let id = event_id(&envelope).0;
        if answer.takes_a_place() {
            let said = self.link_of(&envelope).unwrap_or_else(|| self.link(who));
            let next = Link {
                epoch: said.epoch,
                seq: said.seq + 1,
                prev: id,
            };
            self.next.insert(who.to_owned(), next);
        }
        self.clock += 60;
        self.steps.push(Step {
            who: who.to_owned(),
            envelope: STANDARD.encode(envelope),
            answer,
        });
        id
    }

    // ---- the bytes ----

    /// The envelope of what a device would say next.
    pub fn signed(&self, who: &str, body: &Json) -> Vec<u8> {
        self.envelope(who, &self.payload(who, body, self.clock))
    }

    /// The next link of a device.
    pub fn link(&self, who: &str) -> Link {
        let next = self.next.get(who).copied();
        next.unwrap_or_else(|| Link::first(&self.ledger))
    }

    /// The payload of what a device would say next; an `epoch` opens one.
    pub fn payload(&self, who: &str, body: &Json, occurred: i64) -> Value {
        let next = self.link(who);
        let link = if body["kind"] == "epoch" {
            next.next_epoch()
        } else {
            next
        };
        self.payload_at(link, body, occurred)
    }

    /// The payload at any link.
    pub fn payload_at(&self, link: Link, body: &Json, occurred: i64) -> Value {
        Value::map([
            ("v", Value::uint(1)),
            ("epoch", Value::uint(link.epoch)),
            ("seq", Value::uint(link.seq)),
            ("prev", Value::bytes(&link.prev.0)),
            ("occurred", time(occurred)),
            ("signed", time(self.clock)),
            ("body", cbor(body)),
        ])
    }

    /// Signs a payload with a device's key for its organisation.
    pub fn envelope(&self, who: &str, payload: &Value) -> Vec<u8> {
        self.envelope_for(who, org_of(who), &payload.encode())
    }

    /// Signs any bytes with a device's key for any organisation.
    pub fn envelope_for(&self, who: &str, iss: &str, payload: &[u8]) -> Vec<u8> {
        let protected = protected(&public(who), iss);
        let signature = key(who).sign(&self.sig_structure(&protected, payload));
        assemble(&protected, payload, &signature.to_bytes())
    }

    /// What a signature of this ledger covers.
    pub fn sig_structure(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let aad = [b"ocop-event/v1\n".as_slice(), &self.ledger.0.0].concat();
        Value::Array(vec![
            Value::text("Signature1"),
            Value::bytes(protected),
            Value::bytes(&aad),
            Value::bytes(payload),
        ])
        .encode()
    }

    /// The ledger.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The bytes of the last step.
    pub fn last(&self) -> Vec<u8> {
        let last = self.steps.last().map(|step| step.bytes());
        last.unwrap_or_default()
    }

    fn link_of(&self, envelope: &[u8]) -> Option<Link> {
        let parts = Value::decode(envelope.get(1..)?).ok()?;
        let payload = Value::decode(parts.as_array()?.get(2)?.as_bytes()?).ok()?;
        Some(Link {
            epoch: payload.get("epoch")?.as_uint()?,
            seq: payload.get("seq")?.as_uint()?,
            prev: Hash(payload.get("prev")?.as_bytes32()?),
        })
    }
}

/// The body that enrols a device.
pub fn enrolment(device: &str, rights: &str) -> Json {
    json!({"kind": "device", "org": org_of(device), "key": key_of(device), "where": "own", "rights": rights})
}

/// `ORG something` → `ORG`.
pub fn org_of(device: &str) -> &str {
    device.split(' ').next().unwrap_or(device)
}

/// The key of a device, or of anything else that has a name.
pub fn key(name: &str) -> SigningKey {
    fixed_key(&format!("scene {name}"))
}

fn public(name: &str) -> [u8; 32] {
    key(name).verifying_key().to_bytes()
}

/// A public key as bodies spell it.
pub fn key_of(name: &str) -> String {
    hex_bytes(&public(name))
}

/// Bytes as bodies spell them.
pub fn hex_bytes(bytes: &[u8]) -> String {
    format!("h'{}'", hex::encode(bytes))
}

/// `{1: -8, 3: "ocop/event", 4: kid, 15: {1: iss}}`.
pub fn protected(kid: &[u8; 32], iss: &str) -> Vec<u8> {
    let content_type = Value::text("ocop/event").encode();
    let issuer = Value::text(iss).encode();
    let head: [&[u8]; 6] = [
        &[0xa4, 0x01, 0x27, 0x03],
        &content_type,
        &[0x04, 0x58, 0x20],
        kid,
        &[0x0f, 0xa1, 0x01],
        &issuer,
    ];
    head.concat()
}

/// An envelope of these parts.
pub fn assemble(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let parts = Value::Array(vec![
        Value::bytes(protected),
        Value::map::<String>([]),
        Value::bytes(payload),
        Value::bytes(signature),
    ]);
    [&[0xd2], &parts.encode()[..]].concat()
}

fn time(seconds: i64) -> Value {
    Timestamp::vietnam(seconds).to_value()
}

/// A time as bodies spell it, on a day counted as in [`Scene::on_day`].
pub fn eight_on(day: i64) -> Json {
    json!([BEGIN + day * 86_400, VIETNAM_MINUTES])
}

/// JSON → CBOR. `h'…'` is bytes.
pub fn cbor(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => Value::Int(number.as_i64().unwrap_or_default()),
        Json::String(text) => {
            bytes_in(text).map_or_else(|| Value::text(text), |b| Value::bytes(&b))
        }
        Json::Array(items) => Value::Array(items.iter().map(cbor).collect()),
        Json::Object(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), cbor(value)))),
    }
}

fn bytes_in(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("h'")?.strip_suffix('\'')?).ok()
}
