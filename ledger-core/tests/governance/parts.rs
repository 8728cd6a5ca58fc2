//! What a bundle's lists show of the members is what the whole log shows: over random histories of governance and work, the
//! replay of a bundle finds every listed event in force and ends with the same members, keys, threshold and anchor.

use std::collections::BTreeSet;

use ledger_core::body::{
    Body, ChainPlace, Embedded, Fix, LongText, LotUse, Output, Rights, Role, Text,
};
use ledger_core::bundle::{Source, build};
use ledger_core::code::PrintedCode;
use ledger_core::ids::{EventId, Hash, LeafIndex, OrgId};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::roster::{Referred, Roster};
use ledger_core::sign::{Envelope, SignedEvent};
use ledger_core::subject::Subject;
use ledger_core::verify::{Proof, Statement, verify};
use proptest::prelude::*;

use crate::world::*;

const ORGS: [&str; 4] = ["FARM", "MILL", "SHOP", "SO"];
const DEVICES: [&str; 9] = [
    "so-1",
    "so-2",
    "so-3",
    "farm-admin",
    "farm",
    "mill-admin",
    "mill",
    "shop-admin",
    "shop",
];
const LOTS: [&str; 3] = ["L-1", "L-2", "L-3"];

struct Entries<'a>(&'a [Vec<u8>]);

impl Source for Entries<'_> {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        self.0.get(usize::try_from(index.0).ok()?).cloned()
    }

    fn opening(&self, _: &Hash) -> Option<Vec<u8>> {
        None
    }
}

/// One random thing to say: what, by which device, about which organisation and which other thing.
type Deed = (u8, usize, usize, usize);

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    proptest::collection::vec((0..28u8, 0..9usize, 0..4usize, any::<usize>()), 20..90)
}

struct Story {
    ledger: Ledger,
    logged: Vec<SignedEvent>,
    /// Second envelopes at places that are taken.
    forks: Vec<(Hash, SignedEvent)>,
    made: usize,
}

fn kilos(n: u64) -> Quantity {
    Quantity::new(n, 0, Unit::Kilogram).unwrap()
}

impl Story {
    fn new() -> Story {
        let mut ledger = Ledger::new(3, 2);
        ledger.admit("FARM", &[Role::Producer], &["farm-admin", "farm"]);
        ledger.admit(
            "MILL",
            &[Role::Packer, Role::Processor],
            &["mill-admin", "mill"],
        );
        ledger.admit("SHOP", &[Role::Retailer], &["shop-admin", "shop"]);
        let text = anchor(ledger.replica.ledger_id(), "1", &["farm", "mill"]);
        ledger.govern(Body {
            text: Some(LongText(text.text().to_owned())),
            ..Body::new(Kind::Anchor)
        });
        let mut story = Story {
            ledger,
            logged: Vec::new(),
            forks: Vec::new(),
            made: 0,
        };
        story.tell("farm", harvest("FARM", "L-1", "FARM"));
        story
    }

    /// Says something if the door lets it in; void or not is the ledger's business.
    fn tell(&mut self, name: &str, body: Body) {
        let open = self.ledger.replica.must_open_epoch(&device(name)) || body.kind == Kind::Epoch;
        let link = self.ledger.replica.next_link(&device(name));
        let (link, body) = if open {
            (link.next_epoch(), Body::new(Kind::Epoch))
        } else {
            (link, body)
        };
        let event = self.ledger.sign_at(name, body, link);
        if let Ok(logged) = self.ledger.log(&event) {
            let other = self.ledger.sign_at(name, bagging("FARM"), link);
            self.forks.push((logged.event.id().0, other));
            self.logged.push(logged.event);
        }
    }

    fn any_logged(&self, other: usize) -> Hash {
        self.logged[other % self.logged.len()].id().0
    }

    fn open_or_any(&self, other: usize) -> Hash {
        let open: Vec<EventId> = self
            .ledger
            .replica
            .roster()
            .open_proposals()
            .map(|(id, _)| id)
            .collect();
        match open.len() {
            0 => self.any_logged(other),
            len => open[other % len].0,
        }
    }

    fn take(&mut self, (what, signer, about_org, other): Deed) {
        let (name, id) = (DEVICES[signer], ORGS[about_org]);
        let number = LOTS[other % 3];
        let role = Role::ALL[other % Role::ALL.len()];
        let named = DEVICES[other % DEVICES.len()];
        let one = Some(vec![LotUse {
            lot: lot("FARM", number),
            qty: None,
        }]);
        self.made += 1;
        let fresh = format!("k{}", self.made);
        let rights = (other % 2 == 0).then_some(Rights::Administrator);
        let body = match what {
            0 => admission(id, &[role]),
            1 => Body {
                roles: Some(vec![role]),
                ..about(Kind::Grant, id)
            },
            2 => Body {
                roles: Some(vec![role]),
                ..about(Kind::Withdraw, id)
            },
            3 => Body {
                reason: Some(Text("x".into())),
                ..about(Kind::Suspend, id)
            },
            4 | 5 => about(Kind::Readmit, id),
            6 => enrolment(id, &fresh, rights),
            7 => Body {
                last: (other % 3 == 0).then_some(ChainPlace {
                    epoch: 0,
                    seq: 2 + other as u64 % 9,
                }),
                ..keyed(Kind::Revoke, id, named)
            },
            8 => Body {
                old: Some(public(named)),
                ..Body {
                    kind: Kind::Replace,
                    ..enrolment(id, &fresh, rights)
                }
            },
            9 => keyed(Kind::AllowEpoch, id, named),
            10 | 11 => Body {
                count: Some(1 + other as u64 % 3),
                ..Body::new(Kind::Threshold)
            },
            12..=16 => approve(self.open_or_any(other)),
            17 => keyed(Kind::Peer, id, &fresh),
            18 => {
                let (reference, envelope) = &self.forks[other % self.forks.len()];
                Body {
                    reference: Some(*reference),
                    envelope: Some(Embedded(envelope.bytes().to_vec())),
                    org: Some(envelope.iss().clone()),
                    ..Body::new(Kind::Conflict)
                }
            }
            19 => {
                let text = anchor(self.ledger.replica.ledger_id(), "1", &["shop", "mill"]);
                Body {
                    text: Some(LongText(text.text().to_owned())),
                    ..Body::new(Kind::Anchor)
                }
            }
            20 | 21 => harvest("FARM", number, id),
            22 => Body {
                lots: one,
                reason: Some(Text("x".into())),
                ..about(Kind::Hold, id)
            },
            23 => Body {
                lots: one,
                ..Body::new(Kind::Recall)
            },
            24 => referring(Kind::RecallLift, self.any_logged(other)),
            25 => Body {
                fix: Some(Fix::Qty(kilos(1))),
                ..referring(Kind::Correct, self.any_logged(other))
            },
            26 => Body {
                inputs: one,
                outputs: Some(vec![output("P-1", id)]),
                ..Body::new(Kind::Pack)
            },
            _ => Body::new(Kind::Epoch),
        };
        self.tell(name, body);
    }
}

fn output(number: &str, owner: &str) -> Output {
    Output {
        no: number.into(),
        owner: org(owner),
        qty: kilos(100),
        product: None,
        made: None,
        expires: None,
        net: None,
    }
}

fn harvest(field_owner: &str, number: &str, owner: &str) -> Body {
    Body {
        kind: Kind::Harvest,
        outputs: Some(vec![output(number, owner)]),
        ..bagging(field_owner)
    }
}

/// The bundle's events as an auditor replays them, with what the whole log says beside.
fn replay(story: &mut Story, code: &PrintedCode) {
    let ledger = &mut story.ledger;
    let bundle = build(&mut ledger.replica, &Entries(&ledger.entries), "", code).unwrap();
    let genesis = ledger.replica.genesis().clone();
    let lots = bundle
        .subjects
        .iter()
        .filter_map(|(subject, _)| match subject {
            Subject::Lot(lot) => Some(lot.clone()),
            _ => None,
        });
    let mut part = Roster::partial(&genesis).seeing(lots.collect());
    let mut seen: Vec<(LeafIndex, SignedEvent)> = Vec::new();
    for (index, bytes) in &bundle.events {
        let event = Envelope::parse(bytes)
            .unwrap()
            .verify(&ledger.replica.ledger_id())
            .unwrap();
        let found = seen
            .iter()
            .find(|(_, e)| Some(e.id().0) == event.body().reference);
        let referred = found.map(|(index, event)| Referred::of(*index, event, true));
        assert_eq!(
            ledger.replica.void_reason(&event.id()),
            None,
            "only what is in force is listed"
        );
        assert!(part.check_member(&event).is_ok(), "{:?}", event.body());
        assert_eq!(
            part.weigh(&event, referred.as_ref()),
            Ok(()),
            "{:?}",
            event.body()
        );
        part.apply(*index, &event);
        seen.push((*index, event));
    }
    let whole = ledger.replica.roster();
    let listed: BTreeSet<OrgId> = bundle
        .subjects
        .iter()
        .filter_map(|(subject, _)| match subject {
            Subject::Organisation(org) => Some(org.clone()),
            _ => None,
        })
        .collect();
    assert!(seen.iter().all(|(_, event)| listed.contains(event.iss())));
    for org in &listed {
        assert_eq!(part.org(org), whole.org(org));
        let devices = |roster: &Roster| {
            let of = roster.devices().filter(|(_, device)| device.org == *org);
            of.map(|(key, device)| (*key, device.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(devices(&part), devices(whole));
    }
    assert_eq!(part.threshold(), whole.threshold());
    assert_eq!(part.anchor(), whole.anchor());

    let trust = anchor(ledger.replica.ledger_id(), "1", &["farm"]);
    let verdict = verify(&bundle.encode(), &trust, 1_800_000_000).unwrap();
    let members = verdict
        .statements
        .iter()
        .find(|f| f.statement == Statement::Members);
    let members = members.unwrap();
    assert_eq!(members.proof, Proof::Proven, "{members:?}");
}

fn code(text: &str) -> PrintedCode {
    PrintedCode::from_canonical(text).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_bundle_shows_the_members_as_the_whole_log_does(deeds in deeds(), which in 0..4usize) {
        let mut story = Story::new();
        for deed in deeds {
            story.take(deed);
        }
        let (owner, device_name, number) = [
            ("FARM", "farm", "L-1"),
            ("FARM", "farm-admin", "L-2"),
            ("FARM", "farm", "L-3"),
            ("MILL", "mill", "P-1"),
        ][which];
        let bound = code("01/08930000000019/10/L-1");
        let bind = Body {
            lot: Some(lot(owner, number)),
            codes: Some(vec![bound.clone()]),
            ..Body::new(Kind::Bind)
        };
        story.tell(device_name, bind);
        story.ledger.head();
        replay(&mut story, &bound);
        replay(&mut story, &code("01/08930000000019/10/KHONG-CO"));
    }
}
