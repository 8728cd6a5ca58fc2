//! A ledger in memory: a department, a farm that packs, three witnesses of whom two must cosign.

use ed25519_dalek::SigningKey;
use ledger_core::anchor::Anchor;
use ledger_core::body::{
    Body, Commune, Lives, LotUse, Number, Output, PlaceType, Point, Rights, Role, Sealable, Text,
    Valid,
};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::code::PrintedCode;
use ledger_core::commitment::Opening;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::encode::Value;
use ledger_core::genesis::Genesis;
use ledger_core::ids::{DeviceKey, EventId, Hash, LotId, OrgId, PlaceId, ProductId, TreeSize};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::note::NoteSigner;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::replica::Replica;
use ledger_core::sign::{Draft, SignedEvent};
use ledger_core::time::{Date, Timestamp};
use ledger_core::vkey::KeyName;
use sha2::{Digest, Sha256};

pub const ORIGIN: &str = "so.example/thu";
pub const GTIN: &str = "02082600000015";
pub const SHORT: &str = "38C57RHV2";
pub const GOOD: &str = "01/02082600000015/10/XCC261012A1";
pub const RECALLED: &str = "01/02082600000015/10/THU-HOI";
/// A lot whose number must be escaped in a path.
pub const SLASHED: &str = "01/02082600000015/10/A/B%1";

const AUTHORITY: u8 = 1;
const SEQUENCER: u8 = 2;
const LOG: u8 = 3;
const FARM: u8 = 4;
const SECOND_OFFICER: u8 = 5;
pub const WITNESSES: [u8; 3] = [11, 12, 13];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> [u8; 32] {
    PublicKey::of(&key(seed)).to_bytes()
}

fn org(text: &str) -> OrgId {
    OrgId::new(text).unwrap()
}

fn text(text: &str) -> Option<Text> {
    Some(Text(text.into()))
}

fn name(text: &str) -> Option<Sealable> {
    Some(Sealable::Text(text.into()))
}

fn lot(number: &str) -> LotId {
    LotId::new(org("FARM"), number).unwrap()
}

fn product() -> ProductId {
    ProductId::new(org("FARM"), "PR-01").unwrap()
}

fn plot() -> PlaceId {
    PlaceId::new(org("FARM"), "PL-01").unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn output(number: &str, qty: Quantity) -> Output {
    Output {
        no: number.into(),
        owner: org("FARM"),
        qty,
        product: None,
        made: None,
        expires: None,
        net: None,
    }
}

fn kilograms(n: u64) -> Quantity {
    Quantity::new(n, 0, Unit::Kilogram).unwrap()
}

/// The smallest file that looks like a PNG.
pub fn picture() -> Vec<u8> {
    b"\x89PNG\r\n\x1a\n a picture".to_vec()
}

pub fn picture_hash() -> Hash {
    Hash(Sha256::digest(picture()).into())
}

/// The farm's address, which stands in the ledger as a commitment only.
pub fn address() -> Opening {
    Opening {
        path: "address".into(),
        salt: [9; 32],
        value: Value::text("Ấp 3, Xã Mỹ Hiệp"),
    }
}

pub struct World {
    pub replica: Replica,
    pub entries: Vec<Vec<u8>>,
    /// The name of the farm that was proposed last.
    proposal: Option<EventId>,
}

impl World {
    /// Genesis and nothing else.
    pub fn empty() -> World {
        let genesis = Genesis {
            name: "Sổ thử".into(),
            origin: ORIGIN.into(),
            log_key: PublicKey::of(&key(LOG)),
            authority: org("SO"),
            authority_name: "Sở".into(),
            authority_devices: vec![DeviceKey(public(AUTHORITY))],
            authority_threshold: 1,
            sequencer: DeviceKey(public(SEQUENCER)),
            created: Timestamp::vietnam(1_700_000_000),
            sample: Some(date("2026-10-19")),
        };
        let bytes = genesis.encode();
        World {
            replica: Replica::new(&bytes).unwrap(),
            entries: vec![bytes],
            proposal: None,
        }
    }

    /// A farm with one good and one recalled lot, and a map head behind them.
    pub fn harvested() -> World {
        let mut world = World::empty();
        world.enrol_farm();
        world.register();
        for number in ["XCC261012A1", "THU-HOI", "A/B%1"] {
            world.pack(number);
        }
        let short = PrintedCode::from_canonical(&format!("t/{SHORT}")).unwrap();
        world.bind(
            "XCC261012A1",
            vec![PrintedCode::from_canonical(GOOD).unwrap(), short],
        );
        world.bind(
            "THU-HOI",
            vec![PrintedCode::from_canonical(RECALLED).unwrap()],
        );
        world.bind("A/B%1", vec![PrintedCode::from_canonical(SLASHED).unwrap()]);
        let recall = Body {
            lots: Some(vec![LotUse {
                lot: lot("THU-HOI"),
                qty: None,
            }]),
            reason: text("thử"),
            ..Body::new(Kind::Recall)
        };
        world.say(AUTHORITY, "SO", recall);
        world.map_head();
        world
    }

    fn enrol_farm(&mut self) {
        let farm = Body {
            id: Some(Number("FARM".into())),
            name: name("Hợp tác xã <Bến> Nắng"),
            address: Some(Sealable::Commitment(address().commitment())),
            commune: Some(Commune {
                code: "30076".into(),
                as_of: date("2025-07-01"),
                name: "Xã Mỹ Hiệp".into(),
            }),
            roles: Some(vec![Role::Packer, Role::Producer]),
            ..Body::new(Kind::Org)
        };
        self.say(AUTHORITY, "SO", farm);
        let device = Body {
            org: Some(org("FARM")),
            key: Some(Hash(public(FARM))),
            lives: Some(Lives::Own),
            ..Body::new(Kind::Device)
        };
        self.say(AUTHORITY, "SO", device);
    }

    /// From now on two officers must agree, and only one of them says that the farm is called so.
    pub fn propose_name(&mut self, farm: &str) {
        let second = Body {
            org: Some(org("SO")),
            key: Some(Hash(public(SECOND_OFFICER))),
            rights: Some(Rights::Administrator),
            lives: Some(Lives::Own),
            ..Body::new(Kind::Device)
        };
        self.say(AUTHORITY, "SO", second);
        let two = Body {
            count: Some(2),
            ..Body::new(Kind::Threshold)
        };
        self.say(AUTHORITY, "SO", two);
        let renamed = Body {
            id: Some(Number("FARM".into())),
            name: name(farm),
            roles: Some(vec![Role::Packer, Role::Producer]),
            ..Body::new(Kind::Org)
        };
        self.proposal = Some(self.say(AUTHORITY, "SO", renamed));
        self.map_head();
    }

    /// The second officer agrees.
    pub fn agree(&mut self) {
        let approve = Body {
            reference: self.proposal.map(|id| id.0),
            ..Body::new(Kind::Approve)
        };
        self.say(SECOND_OFFICER, "SO", approve);
        self.map_head();
    }

    fn register(&mut self) {
        let place = Body {
            id: Some(Number("PL-01".into())),
            name: name("Vườn 1"),
            place_type: Some(PlaceType::Plot),
            commune: Some(Commune {
                code: "30076".into(),
                as_of: date("2025-07-01"),
                name: "Xã Mỹ Hiệp".into(),
            }),
            point: Some(Point {
                latitude_e7: 104_000_000,
                longitude_e7: 1_056_000_000,
            }),
            area: Some(Quantity::new(2, 0, Unit::Hectare).unwrap()),
            ..Body::new(Kind::Place)
        };
        self.say(FARM, "FARM", place);
        let mango = Body {
            id: Some(Number("PR-01".into())),
            name: name("Xoài cát Chu (thùng 5 kg)"),
            unit: text("thùng"),
            gtin: Some(GTIN.parse().unwrap()),
            net: text("5 kg"),
            origin: text("Đồng Tháp"),
            picture: Some(picture_hash()),
            ..Body::new(Kind::Product)
        };
        self.say(FARM, "FARM", mango);
        let rating = Body {
            product: Some(product()),
            stars: Some(4),
            decision: text("MAU-4-001"),
            valid: Some(Valid {
                from: Some(date("2025-03-20")),
                until: Some(date("2028-03-20")),
            }),
            ..Body::new(Kind::Rating)
        };
        self.say(AUTHORITY, "SO", rating);
        let harvest = Body {
            field: Some(plot()),
            outputs: Some(vec![output("H1", kilograms(1000))]),
            ..Body::new(Kind::Harvest)
        };
        self.say(FARM, "FARM", harvest);
    }

    /// Packs boxes from the harvest.
    pub fn pack(&mut self, number: &str) {
        let boxes = Output {
            product: Some(product()),
            made: Some(date("2026-10-13")),
            expires: Some(date("2026-10-30")),
            net: Some(kilograms(5)),
            ..output(number, Quantity::new(10, 0, Unit::Carton).unwrap())
        };
        let body = Body {
            inputs: Some(vec![LotUse {
                lot: lot("H1"),
                qty: Some(kilograms(50)),
            }]),
            outputs: Some(vec![boxes]),
            ..Body::new(Kind::Pack)
        };
        self.say(FARM, "FARM", body);
    }

    /// Binds codes to a lot.
    pub fn bind(&mut self, number: &str, codes: Vec<PrintedCode>) {
        let body = Body {
            lot: Some(lot(number)),
            codes: Some(codes),
            ..Body::new(Kind::Bind)
        };
        self.say(FARM, "FARM", body);
    }

    /// The same ledger with another history of that size.
    pub fn rewritten(&mut self, size: usize) {
        self.enrol_farm();
        self.work(size - self.entries.len() - 1);
        self.map_head();
    }

    /// Field work, to make the log longer.
    pub fn work(&mut self, times: usize) {
        for _ in 0..times {
            self.say(
                FARM,
                "FARM",
                Body {
                    field: Some(plot()),
                    ..Body::new(Kind::Bag)
                },
            );
        }
    }

    fn sign(&self, seed: u8, iss: &str, body: Body) -> SignedEvent {
        let link = self.replica.next_link(&DeviceKey(public(seed)));
        let at = Timestamp::parse("2026-10-12T06:10:00+07:00").unwrap();
        Draft {
            occurred: at,
            signed: at,
            body,
        }
        .sign(&key(seed), &self.replica.ledger_id(), &org(iss), link)
    }

    fn say(&mut self, seed: u8, iss: &str, body: Body) -> EventId {
        let event = self.sign(seed, iss, body);
        let logged = self
            .replica
            .append(self.replica.check(event.bytes()).unwrap())
            .unwrap();
        assert_eq!(logged.void, None);
        self.entries.push(event.bytes().to_vec());
        event.id()
    }

    /// The map head that ends every published checkpoint.
    pub fn map_head(&mut self) {
        let root = self.replica.map_root();
        self.map_head_of(root);
    }

    /// A map head for whatever root.
    pub fn map_head_of(&mut self, root: Hash) {
        let body = Body {
            size: Some(self.replica.size().0),
            root: Some(root),
            ..Body::new(Kind::MapHead)
        };
        self.say(SEQUENCER, "SO", body);
    }

    pub fn size(&self) -> u64 {
        self.replica.size().0
    }

    /// The checkpoint as it stands, cosigned by these witnesses at that time.
    pub fn note(&self, witnesses: &[u8], seconds: u64) -> String {
        note(self.replica.size(), self.replica.root(), witnesses, seconds)
    }

    /// Whom to trust: the log, and two of three witnesses.
    pub fn anchor(&self) -> Anchor {
        let log_key = key(LOG);
        let log = NoteSigner::new(KeyName::new(ORIGIN).unwrap(), &log_key).verifier();
        let witnesses: String = WITNESSES
            .iter()
            .map(|seed| {
                let key = key(*seed);
                format!("witness w{seed} {}\n", cosigner(*seed, &key).verifier())
            })
            .collect();
        let policy = format!("log {log}\n{witnesses}group members 2 w11 w12 w13\nquorum members\n");
        Anchor::new(self.replica.ledger_id(), "members", 172_800, &policy).unwrap()
    }
}

fn cosigner(seed: u8, key: &SigningKey) -> Cosigner<'_> {
    Cosigner::new(KeyName::new(&format!("w{seed}.example")).unwrap(), key)
}

/// Any head, properly signed.
pub fn note(size: TreeSize, root: Hash, witnesses: &[u8], seconds: u64) -> String {
    let log = key(LOG);
    let checkpoint = Checkpoint::new(ORIGIN, size, root).unwrap();
    let note = checkpoint
        .sign(&NoteSigner::new(KeyName::new(ORIGIN).unwrap(), &log))
        .unwrap();
    let time = CosignatureTime::new(seconds).unwrap();
    let lines: Vec<_> = witnesses
        .iter()
        .map(|seed| {
            let key = key(*seed);
            cosigner(*seed, &key).cosign(&checkpoint, time)
        })
        .collect();
    note.with_lines(&lines).unwrap().to_text()
}
