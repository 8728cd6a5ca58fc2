//! The door and what stands behind it: what is refused, what is void, what is listed where.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ed25519_dalek::SigningKey;
use ledger_core::admit::Refusal;
use ledger_core::body::{Body, ChainPlace, Lives, LotUse, Number, Outcome, Role, Sealable, Text};
use ledger_core::chain::{ChainError, Link};
use ledger_core::encode::Value;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, Hash, LotId, OrgId, PlaceId, ProductId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::roster::{MemberError, VoidReason};
use ledger_core::sign::{Draft, Envelope, EnvelopeError, SignedEvent};
use ledger_core::subject::Subject;
use ledger_core::time::Timestamp;

fn org(text: &str) -> OrgId {
    OrgId::new(text).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> Hash {
    Hash(PublicKey::of(&key(seed)).to_bytes())
}

const AUTHORITY: u8 = 1;
const SEQUENCER: u8 = 2;
const LOG: u8 = 3;
const FARM: u8 = 4;
const SHOP: u8 = 5;

/// A ledger with a producer (FARM) and a retailer (SHOP), signing in order.
struct Ledger {
    replica: Replica,
}

impl Ledger {
    fn new() -> Ledger {
        let genesis = Genesis {
            name: "Sổ thử".into(),
            origin: "so.example/thu".into(),
            log_key: PublicKey::of(&key(LOG)),
            authority: org("SO"),
            authority_name: "Sở".into(),
            authority_devices: vec![DeviceKey(public(AUTHORITY).0)],
            authority_threshold: 1,
            sequencer: DeviceKey(public(SEQUENCER).0),
            created: Timestamp::vietnam(1_700_000_000),
            sample: None,
        };
        let mut ledger = Ledger {
            replica: Replica::new(&genesis.encode()).unwrap(),
        };
        for (id, role, seed) in [
            ("FARM", Role::Producer, FARM),
            ("SHOP", Role::Retailer, SHOP),
        ] {
            ledger.in_force(AUTHORITY, "SO", admission(id, role));
            ledger.in_force(AUTHORITY, "SO", enrolment(id, seed));
        }
        ledger
    }

    fn sign(&self, seed: u8, iss: &str, body: Body) -> SignedEvent {
        let link = self.replica.next_link(&DeviceKey(public(seed).0));
        self.sign_at(seed, iss, body, link)
    }

    fn sign_at(&self, seed: u8, iss: &str, body: Body, link: Link) -> SignedEvent {
        let now = Timestamp::vietnam(1_760_000_000);
        Draft {
            occurred: now,
            signed: now,
            body,
        }
        .sign(&key(seed), &self.replica.ledger_id(), &org(iss), link)
    }

    fn log(&mut self, event: &SignedEvent) -> Result<LoggedEvent, Refusal> {
        let admitted = self.replica.check(event.bytes())?;
        Ok(self.replica.append(admitted).unwrap())
    }

    fn say(&mut self, seed: u8, iss: &str, body: Body) -> LoggedEvent {
        let event = self.sign(seed, iss, body);
        self.log(&event).unwrap()
    }

    fn in_force(&mut self, seed: u8, iss: &str, body: Body) -> LoggedEvent {
        let logged = self.say(seed, iss, body);
        assert_eq!(logged.void, None);
        logged
    }
}

fn admission(id: &str, role: Role) -> Body {
    Body {
        id: Some(Number(id.into())),
        name: Some(Sealable::Text(format!("Đơn vị {id}"))),
        roles: Some(vec![role]),
        ..Body::new(Kind::Org)
    }
}

fn enrolment(id: &str, seed: u8) -> Body {
    Body {
        org: Some(org(id)),
        key: Some(public(seed)),
        lives: Some(Lives::Own),
        ..Body::new(Kind::Device)
    }
}

fn field_work(kind: Kind, owner: &str) -> Body {
    Body {
        field: Some(PlaceId::new(org(owner), "PL-01").unwrap()),
        ..Body::new(kind)
    }
}

fn refusal(ledger: &Ledger, bytes: &[u8]) -> Refusal {
    ledger.replica.check(bytes).unwrap_err()
}

#[test]
fn an_event_in_force_is_listed_under_what_it_is_about() {
    let mut ledger = Ledger::new();
    let logged = ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
    let field = Subject::Field(PlaceId::new(org("FARM"), "PL-01").unwrap(), 2025);
    assert_eq!(logged.subjects.iter().collect::<Vec<_>>(), [&field]);
    assert_eq!(
        ledger.replica.list(&field).unwrap(),
        [(logged.index, logged.event.id().0)]
    );
}

#[test]
fn without_permission_an_event_is_logged_void_and_the_next_one_goes_on() {
    let mut ledger = Ledger::new();
    let void = ledger.say(SHOP, "SHOP", field_work(Kind::Bag, "SHOP"));
    assert_eq!(
        (void.void, void.subjects.len()),
        (Some(VoidReason::NotPermitted), 0)
    );
    let others_field = ledger.say(FARM, "FARM", field_work(Kind::Bag, "SHOP"));
    assert_eq!(others_field.void, Some(VoidReason::NotPermitted));
    ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
}

#[test]
fn a_missing_or_void_reference_makes_an_event_void() {
    let mut ledger = Ledger::new();
    let void = ledger.say(SHOP, "SHOP", field_work(Kind::Bag, "SHOP"));
    for id in [Hash([7; 32]), void.event.id().0] {
        let body = Body {
            reference: Some(id),
            fix: Some(ledger_core::body::Fix::Occurred(Timestamp::vietnam(
                1_750_000_000,
            ))),
            ..Body::new(Kind::Correct)
        };
        assert_eq!(
            ledger.say(FARM, "FARM", body).void,
            Some(VoidReason::NoReference)
        );
    }
}

#[test]
fn only_the_sequencer_says_map_heads_and_nothing_else() {
    let mut ledger = Ledger::new();
    let head = || Body {
        size: Some(5),
        root: Some(Hash([0; 32])),
        ..Body::new(Kind::MapHead)
    };
    assert_eq!(
        ledger.say(AUTHORITY, "SO", head()).void,
        Some(VoidReason::NotPermitted)
    );
    assert_eq!(
        ledger
            .say(SEQUENCER, "SO", admission("X", Role::Packer))
            .void,
        Some(VoidReason::NotPermitted)
    );
    let listed = ledger.in_force(SEQUENCER, "SO", head());
    assert!(listed.subjects.is_empty());
}

#[test]
fn one_key_has_one_role() {
    let mut ledger = Ledger::new();
    let again = ledger.say(AUTHORITY, "SO", enrolment("SHOP", FARM));
    assert_eq!(again.void, Some(VoidReason::BadKey));
    let peer = Body {
        org: Some(org("SHOP")),
        key: Some(public(FARM)),
        ..Body::new(Kind::Peer)
    };
    assert_eq!(
        ledger.say(AUTHORITY, "SO", peer).void,
        Some(VoidReason::BadKey)
    );
    let mut small_order = [0u8; 32];
    small_order[0] = 1;
    let body = Body {
        key: Some(Hash(small_order)),
        ..enrolment("SHOP", SHOP)
    };
    assert_eq!(
        ledger.say(AUTHORITY, "SO", body).void,
        Some(VoidReason::BadKey)
    );
}

#[test]
fn keepers_recall_their_own_and_the_authority_anything() {
    let mut ledger = Ledger::new();
    let recall = |owner: &str| Body {
        lots: Some(vec![LotUse {
            lot: LotId::new(org(owner), "L1").unwrap(),
            qty: None,
        }]),
        ..Body::new(Kind::Recall)
    };
    let lab = Body {
        lots: Some(vec![LotUse {
            lot: LotId::new(org("FARM"), "L1").unwrap(),
            qty: None,
        }]),
        result: Some(Outcome::Pass),
        ..Body::new(Kind::LabResult)
    };
    assert_eq!(
        ledger.say(SHOP, "SHOP", recall("FARM")).void,
        Some(VoidReason::NotPermitted)
    );
    assert_eq!(ledger.say(FARM, "FARM", recall("FARM")).void, None);
    assert_eq!(ledger.say(AUTHORITY, "SO", recall("FARM")).void, None);
    assert_eq!(
        ledger.say(FARM, "FARM", lab).void,
        Some(VoidReason::NotPermitted)
    );
    let product = Body {
        product: Some(ProductId::new(org("FARM"), "P1").unwrap()),
        ..Body::new(Kind::Recall)
    };
    assert_eq!(
        ledger.say(SHOP, "SHOP", product).void,
        Some(VoidReason::NotPermitted)
    );
}

#[test]
fn strangers_wrong_organisations_and_changed_bytes_are_refused() {
    let ledger = Ledger::new();
    let bag = || field_work(Kind::Bag, "FARM");
    let stranger = ledger.sign(99, "FARM", bag());
    assert_eq!(
        refusal(&ledger, stranger.bytes()),
        Refusal::Member(MemberError::Unknown)
    );
    assert_eq!(refusal(&ledger, stranger.bytes()).code(), "KHOA_LA");
    let borrowed = ledger.sign(FARM, "SHOP", bag());
    assert_eq!(
        refusal(&ledger, borrowed.bytes()),
        Refusal::Member(MemberError::WrongOrg)
    );
    let good = ledger.sign(FARM, "FARM", bag());
    for at in 0..good.bytes().len() {
        let mut bytes = good.bytes().to_vec();
        bytes[at] ^= 1;
        assert!(
            ledger.replica.check(&bytes).is_err(),
            "byte {at} may change unnoticed"
        );
    }
    let longer = [good.bytes(), &[0]].concat();
    assert_eq!(
        refusal(&ledger, &longer),
        Refusal::Envelope(EnvelopeError::Shape)
    );
    assert_eq!(
        refusal(&ledger, &vec![0; 32_769]),
        Refusal::Envelope(EnvelopeError::TooLong)
    );
    assert!(ledger.replica.check(good.bytes()).is_ok());
}

#[test]
fn an_event_of_another_ledger_does_not_enter() {
    let (mut one, other) = (Ledger::new(), Ledger::new());
    let foreign = Draft {
        occurred: Timestamp::vietnam(0),
        signed: Timestamp::vietnam(0),
        body: field_work(Kind::Bag, "FARM"),
    };
    let id = ledger_core::ids::LedgerId(Hash([9; 32]));
    let link = one.replica.next_link(&DeviceKey(public(FARM).0));
    let event = foreign.sign(&key(FARM), &id, &org("FARM"), link);
    assert_eq!(refusal(&one, event.bytes()).code(), "CHU_KY_SAI");
    assert_eq!(one.replica.ledger_id(), other.replica.ledger_id());
    one.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
}

#[test]
fn a_device_signs_in_one_unbroken_chain() {
    let mut ledger = Ledger::new();
    let first = ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
    let next = ledger.replica.next_link(&DeviceKey(public(FARM).0));
    assert_eq!(
        (next.epoch, next.seq, next.prev),
        (0, 1, first.event.id().0)
    );
    let cases = [
        (
            Link { seq: 3, ..next },
            Kind::Bag,
            ChainError::Gap { epoch: 0, seq: 1 },
        ),
        (Link { seq: 0, ..next }, Kind::Bag, ChainError::Fork),
        (
            Link {
                prev: Hash([1; 32]),
                ..next
            },
            Kind::Bag,
            ChainError::WrongPrev,
        ),
        (next.next_epoch(), Kind::Bag, ChainError::NotOpened),
    ];
    for (link, kind, why) in cases {
        let event = ledger.sign_at(FARM, "FARM", field_work(kind, "FARM"), link);
        assert_eq!(refusal(&ledger, event.bytes()), Refusal::Chain(why));
    }
    let opened = ledger.sign_at(FARM, "FARM", Body::new(Kind::Epoch), next.next_epoch());
    let opened = ledger.log(&opened).unwrap();
    assert_eq!(opened.void, None);
    let late = ledger.sign_at(FARM, "FARM", field_work(Kind::Bag, "FARM"), next);
    assert_eq!(
        refusal(&ledger, late.bytes()),
        Refusal::Chain(ChainError::Closed)
    );
    ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
}

#[test]
fn after_a_revocation_only_what_is_vouched_for_still_enters() {
    let mut ledger = Ledger::new();
    ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
    let revoke = Body {
        org: Some(org("FARM")),
        key: Some(public(FARM)),
        last: Some(ChainPlace { epoch: 0, seq: 1 }),
        ..Body::new(Kind::Revoke)
    };
    ledger.in_force(AUTHORITY, "SO", revoke);
    ledger.in_force(FARM, "FARM", field_work(Kind::Bag, "FARM"));
    let beyond = ledger.sign(FARM, "FARM", field_work(Kind::Bag, "FARM"));
    assert_eq!(
        refusal(&ledger, beyond.bytes()),
        Refusal::Member(MemberError::Revoked)
    );
}

#[test]
fn envelopes_read_back_as_they_were_written() {
    let ledger = Ledger::new();
    let body = Body {
        reason: Some(Text("thử".into())),
        ..Body::new(Kind::Recall)
    };
    let mut body = Body {
        product: Some(ProductId::new(org("FARM"), "P1").unwrap()),
        ..body
    };
    body.entry = Some(ledger_core::body::Entry::Api);
    let event = ledger.sign(FARM, "FARM", body.clone());
    let envelope = Envelope::parse(event.bytes()).unwrap();
    assert_eq!(envelope.payload().draft.body, body);
    assert_eq!(envelope.id(), event.id());
    assert_eq!(
        Body::from_value(&Value::decode(&body.to_value().encode()).unwrap()),
        Ok(body)
    );
}
