//! A ledger under two officers, and the hands that sign in it. Shared by the tests of governance, forks and commitments.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use ledger_core::admit::Refusal;
use ledger_core::anchor::Anchor;
use ledger_core::body::{Body, Lives, Number, Rights, Role, Sealable};
use ledger_core::chain::Link;
use ledger_core::cosignature::Cosigner;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, Hash, LedgerId, LotId, OrgId, PlaceId, ProductId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::note::NoteSigner;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::roster::VoidReason;
use ledger_core::sign::{Draft, SignedEvent};
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;

/// A signing key by a readable name.
pub fn key(name: &str) -> SigningKey {
    let mut seed = [0; 32];
    for (at, byte) in name.bytes().enumerate() {
        seed[at % 32] ^= byte.rotate_left(at as u32 / 32);
    }
    SigningKey::from_bytes(&seed)
}

pub fn public(name: &str) -> Hash {
    Hash(PublicKey::of(&key(name)).to_bytes())
}

pub fn device(name: &str) -> DeviceKey {
    DeviceKey(public(name).0)
}

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

pub fn lot(owner: &str, number: &str) -> LotId {
    LotId::new(org(owner), number).unwrap()
}

pub fn place(owner: &str) -> PlaceId {
    PlaceId::new(org(owner), "PL-1").unwrap()
}

pub fn product(owner: &str) -> ProductId {
    ProductId::new(org(owner), "SP-1").unwrap()
}

/// The officers' devices.
pub const OFFICERS: [&str; 3] = ["so-1", "so-2", "so-3"];

/// The genesis of a ledger with so many officers, of whom so many must agree.
pub fn genesis(officers: usize, threshold: usize) -> Genesis {
    Genesis {
        name: "Sổ thử".into(),
        origin: "so.example/thu".into(),
        log_key: PublicKey::of(&key("log")),
        authority: org("SO"),
        authority_name: "Sở".into(),
        authority_devices: OFFICERS[..officers]
            .iter()
            .map(|name| device(name))
            .collect(),
        authority_threshold: threshold,
        sequencer: device("sequencer"),
        created: Timestamp::vietnam(1_700_000_000),
        sample: None,
    }
}

pub struct Ledger {
    pub replica: Replica,
    pub entries: Vec<Vec<u8>>,
    /// Whose device each name is.
    pub owners: BTreeMap<String, OrgId>,
    clock: i64,
}

impl Ledger {
    pub fn new(officers: usize, threshold: usize) -> Ledger {
        let genesis = genesis(officers, threshold).encode();
        let names = OFFICERS.iter().chain(&["sequencer"]);
        Ledger {
            replica: Replica::new(&genesis).unwrap(),
            entries: vec![genesis],
            owners: names.map(|name| ((*name).to_owned(), org("SO"))).collect(),
            clock: 1_760_000_000,
        }
    }

    /// Signs as a device, wherever the chain of that device stands.
    pub fn sign(&self, device_name: &str, body: Body) -> SignedEvent {
        let link = self.replica.next_link(&device(device_name));
        self.sign_at(device_name, body, link)
    }

    pub fn sign_at(&self, device_name: &str, body: Body, link: Link) -> SignedEvent {
        let now = Timestamp::vietnam(self.clock);
        let draft = Draft {
            occurred: now,
            signed: now,
            body,
        };
        let iss = self.owners.get(device_name).cloned().unwrap_or(org("SO"));
        draft.sign(&key(device_name), &self.replica.ledger_id(), &iss, link)
    }

    pub fn log(&mut self, event: &SignedEvent) -> Result<LoggedEvent, Refusal> {
        let admitted = self.replica.check(event.bytes())?;
        self.entries.push(event.bytes().to_vec());
        self.clock += 60;
        Ok(self.replica.append(admitted).unwrap())
    }

    pub fn say(&mut self, device_name: &str, body: Body) -> LoggedEvent {
        let event = self.sign(device_name, body);
        self.log(&event).unwrap()
    }

    pub fn in_force(&mut self, device_name: &str, body: Body) -> LoggedEvent {
        let logged = self.say(device_name, body);
        assert_eq!(logged.void, None, "{:?}", logged.event.body());
        logged
    }

    pub fn void(&mut self, device_name: &str, body: Body, why: VoidReason) {
        let logged = self.say(device_name, body);
        assert_eq!(logged.void, Some(why), "{:?}", logged.event.body());
        assert!(logged.subjects.is_empty());
    }

    /// A governance act with the consent of the first officers, as many as are asked for.
    pub fn govern(&mut self, body: Body) -> LoggedEvent {
        let proposal = self.in_force(OFFICERS[0], body);
        let id = proposal.event.id();
        for officer in &OFFICERS[1..] {
            if self
                .replica
                .roster()
                .open_proposals()
                .any(|(open, _)| open == id)
            {
                self.in_force(officer, approve(id.0));
            }
        }
        proposal
    }

    /// Admits an organisation and enrols its devices, administrators where the name ends in `-admin`.
    pub fn admit(&mut self, id: &str, roles: &[Role], devices: &[&str]) {
        self.govern(admission(id, roles));
        for name in devices {
            let rights = name.ends_with("-admin").then_some(Rights::Administrator);
            self.enrol(id, name, rights);
        }
    }

    pub fn enrol(&mut self, id: &str, name: &str, rights: Option<Rights>) {
        self.govern(enrolment(id, name, rights));
        self.owners.insert(name.to_owned(), org(id));
    }

    /// Ends a batch: a map head by the sequencer.
    pub fn head(&mut self) -> LoggedEvent {
        let body = Body {
            size: Some(self.replica.size().0),
            root: Some(self.replica.map_root()),
            ..Body::new(Kind::MapHead)
        };
        self.in_force("sequencer", body)
    }
}

pub fn admission(id: &str, roles: &[Role]) -> Body {
    Body {
        id: Some(Number(id.into())),
        name: Some(Sealable::Text(format!("Đơn vị {id}"))),
        roles: Some(roles.to_vec()),
        ..Body::new(Kind::Org)
    }
}

pub fn enrolment(id: &str, name: &str, rights: Option<Rights>) -> Body {
    Body {
        key: Some(public(name)),
        lives: Some(Lives::Own),
        rights,
        ..about(Kind::Device, id)
    }
}

/// A kind that names an organisation.
pub fn about(kind: Kind, id: &str) -> Body {
    Body {
        org: Some(org(id)),
        ..Body::new(kind)
    }
}

/// A kind that names an organisation and one of its keys.
pub fn keyed(kind: Kind, id: &str, name: &str) -> Body {
    Body {
        key: Some(public(name)),
        ..about(kind, id)
    }
}

/// A kind that refers to an event.
pub fn referring(kind: Kind, id: Hash) -> Body {
    Body {
        reference: Some(id),
        ..Body::new(kind)
    }
}

pub fn approve(id: Hash) -> Body {
    referring(Kind::Approve, id)
}

/// Work in a field of an organisation.
pub fn bagging(owner: &str) -> Body {
    Body {
        field: Some(place(owner)),
        ..Body::new(Kind::Bag)
    }
}

/// A trust anchor whose group of validators has this rule and these members.
pub fn anchor(ledger: LedgerId, rule: &str, validators: &[&str]) -> Anchor {
    let name = |text: &str| KeyName::new(text).unwrap();
    let log = NoteSigner::new(name("so.example/thu"), &key("log")).verifier();
    let witness = |validator: &&str| {
        let secret = key(validator);
        let cosigner = Cosigner::new(name(&format!("{validator}.example/1")), &secret);
        format!("witness {validator} {}\n", cosigner.verifier())
    };
    let witnesses: String = validators.iter().map(witness).collect();
    let members = validators.join(" ");
    let policy = format!("log {log}\n{witnesses}group hop-tac-xa {rule} {members}\nquorum none\n");
    Anchor::new(ledger, "hop-tac-xa", 172_800, &policy).unwrap()
}
