//! A small province for tests: the authority's sequencer and members that validate, driven step by step with a
//! clock of their own. Real files in a temporary folder, no network, no waiting.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger_core::body::{Body, Lives, LotUse, Number, Output, Role, Sealable};
use ledger_core::ids::{Hash, LeafIndex, LotId, OrgId, PlaceId, TreeSize};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;

use crate::fault::{Fate, Faults, Step};
use crate::folder::Folder;
use crate::ledger::{
    DraftRequest, Extension, LedgerError, Now, OpenError, Opening, Options, Receipt, Writer,
};
use crate::setup::{NewLedger, NewMember, Witnessing, create_ledger, join, prepare_member};

/// When the tests take place: 2026-10-19T00:00Z.
pub const NOW: u64 = 1_792_368_000;
/// The authority.
pub const SO: &str = "SO";

pub fn org(text: &str) -> OrgId {
    OrgId::new(text).unwrap()
}

/// A clock that moves when it is told to.
pub fn at(seconds: u64) -> Now {
    Now {
        unix: NOW + seconds,
        steady: Duration::from_secs(seconds),
    }
}

/// A disk whose steps fail as planned.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<HashMap<Step, Fate>>>);

impl Disk {
    pub fn faults(&self) -> Faults {
        let plan = self.0.clone();
        Faults::new(move |step| {
            plan.lock()
                .unwrap()
                .get(&step)
                .copied()
                .unwrap_or(Fate::Done)
        })
    }

    pub fn fail(&self, step: Step, fate: Fate) {
        self.0.lock().unwrap().insert(step, fate);
    }

    pub fn heal(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// The folders of a ledger with members `HTX-1`, `HTX-2` … all of which validate.
pub struct Province {
    pub dir: tempfile::TempDir,
    pub members: Vec<OrgId>,
}

impl Province {
    /// `quorum` of so many members are enough; none asks for no witnesses.
    pub fn new(members: usize, quorum: Option<usize>) -> Province {
        let dir = tempfile::tempdir().unwrap();
        let members: Vec<OrgId> = (1..=members).map(|n| org(&format!("HTX-{n}"))).collect();
        let province = Province { dir, members };
        let validators = province.members.iter().map(|member| {
            let new = NewMember {
                organisations: vec![member.clone()],
                validator: Some(validator_name(member)),
            };
            let keys = prepare_member(&province.folder(member), &new).unwrap();
            (member.to_string(), keys.validator.unwrap())
        });
        let witnessing = Witnessing {
            validators: validators.collect(),
            quorum,
            max_age_seconds: 172_800,
        };
        let new = NewLedger {
            name: "Sổ mẫu".into(),
            origin: KeyName::new("so.example/mau").unwrap(),
            authority: org(SO),
            authority_name: "Sở mẫu".into(),
            created: Timestamp::vietnam(NOW as i64),
            sample: None,
        };
        let anchor = create_ledger(&province.folder(&org(SO)), &new, &witnessing).unwrap();
        let genesis = std::fs::read(province.folder(&org(SO)).genesis()).unwrap();
        for member in &province.members {
            let name = validator_name(member);
            join(
                &province.folder(member),
                "HTX mẫu",
                &genesis,
                anchor.text(),
                Some(&name),
            )
            .unwrap();
        }
        province
    }

    pub fn folder(&self, org: &OrgId) -> Folder {
        Folder::new(self.dir.path().join(org.as_str()))
    }

    pub fn options(&self, who: &OrgId, faults: Faults) -> Options {
        let sequencer = who.as_str() == SO;
        let validator = (!sequencer).then(|| validator_name(who));
        Options {
            sequencer,
            validator,
            faults,
            ..Options::default()
        }
    }

    pub fn try_open(
        &self,
        who: &str,
        disk: &Disk,
        now: Now,
    ) -> Result<(Writer, Opening), OpenError> {
        let who = org(who);
        Writer::open(&self.folder(&who), self.options(&who, disk.faults()), now)
    }

    pub fn open(&self, who: &str) -> Writer {
        self.try_open(who, &Disk::default(), at(0)).unwrap().0
    }

    /// The authority's node, with every member admitted and its device enrolled, under a first head.
    pub fn sequencer(&self) -> Writer {
        let mut so = self.open(SO);
        self.enrol(&mut so);
        so
    }

    /// Admits every member.
    pub fn enrol(&self, so: &mut Writer) {
        so.tick(at(0)).unwrap();
        for member in &self.members {
            let keys = crate::setup::public_keys(&self.folder(member), None).unwrap();
            so.record(&org(SO), admit(member), at(0)).unwrap();
            so.record(
                &org(SO),
                enrol(member, Hash(keys.devices[0].1.to_bytes())),
                at(0),
            )
            .unwrap();
        }
        so.sequence(at(1)).unwrap();
    }
}

pub fn validator_name(member: &OrgId) -> KeyName {
    KeyName::new(&format!("{}.example/v", member.as_str().to_lowercase())).unwrap()
}

pub fn draft(body: Body) -> DraftRequest {
    let time = Timestamp::vietnam(NOW as i64);
    DraftRequest {
        occurred: time,
        signed: Some(time),
        body,
    }
}

pub fn admit(member: &OrgId) -> DraftRequest {
    draft(Body {
        id: Some(Number(member.to_string())),
        name: Some(Sealable::Text("HTX mẫu".into())),
        roles: Some(vec![Role::Producer]),
        ..Body::new(Kind::Org)
    })
}

pub fn enrol(member: &OrgId, key: Hash) -> DraftRequest {
    draft(Body {
        org: Some(member.clone()),
        key: Some(key),
        lives: Some(Lives::Own),
        ..Body::new(Kind::Device)
    })
}

/// The n-th harvest of a member.
pub fn harvest(member: &str, n: usize) -> DraftRequest {
    let output = Output {
        no: format!("L-{n}"),
        owner: org(member),
        qty: Quantity::new(1_000 + n as u64, 0, Unit::Kilogram).unwrap(),
        product: None,
        made: None,
        expires: None,
        net: None,
    };
    draft(Body {
        field: Some(PlaceId::new(org(member), "P1").unwrap()),
        outputs: Some(vec![output]),
        ..Body::new(Kind::Harvest)
    })
}

/// A hold on a member's n-th lot, which the authority may say.
pub fn hold(member: &str, n: usize) -> DraftRequest {
    let lot = LotId::new(org(member), &format!("L-{n}")).unwrap();
    draft(Body {
        lots: Some(vec![LotUse { lot, qty: None }]),
        ..Body::new(Kind::Hold)
    })
}

/// Records `n` harvests.
pub fn record(writer: &mut Writer, member: &str, numbers: std::ops::Range<usize>) -> Vec<Receipt> {
    numbers
        .map(|n| {
            writer
                .record(&org(member), harvest(member, n), at(1))
                .unwrap()
        })
        .collect()
}

/// What a follower that has `size` leaves would be sent.
pub fn piece(from: &mut Writer, size: TreeSize) -> Extension {
    let heads = from.heads().borrow().clone();
    let entries = from.entries(LeafIndex(size.0), usize::MAX).unwrap();
    Extension {
        entries,
        checkpoint: heads.checkpoint,
        cosigned: heads.cosigned,
    }
}

/// Brings a follower up to date; its line for the head.
pub fn follow(from: &mut Writer, to: &mut Writer, now: Now) -> Result<Option<String>, LedgerError> {
    let piece = piece(from, to.followed());
    Ok(to.extend(piece, now)?.cosignature)
}

/// Hands a node's waiting events to another.
pub fn hand_in(from: &Writer, to: &mut Writer) {
    for envelope in from.pending() {
        to.submit(&envelope, at(1)).unwrap();
    }
}
