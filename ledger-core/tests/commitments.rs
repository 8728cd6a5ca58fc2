//! Who may have which opening, from the events of a small trade: a farm, a mill that buys from it, a shop that buys from the
//! mill, and a stranger.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "governance/world.rs"]
mod world;

use std::convert::Infallible;

use ledger_core::body::{Audience, Body, LotUse, Output, Role, Sealable, Sealed, Text};
use ledger_core::entitlement::{Readers, may_read, readers};
use ledger_core::ids::{Hash, LotId};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::{Envelope, SignedEvent};
use ledger_core::subject::Subject;
use world::*;

const SECRET: Hash = Hash([7; 32]);

fn used(org: &str, number: &str) -> Option<Vec<LotUse>> {
    Some(vec![LotUse {
        lot: lot(org, number),
        qty: None,
    }])
}

fn made(number: &str, owner: &str) -> Option<Vec<Output>> {
    Some(vec![Output {
        no: number.into(),
        owner: org(owner),
        qty: Quantity::new(1, 0, Unit::Kilogram).unwrap(),
        product: None,
        made: None,
        expires: None,
        net: None,
    }])
}

/// FARM harvests L and ships it to MILL; MILL makes P of it and sells that to SHOP; LAND owns L2, which FARM harvests beside.
fn trade() -> Ledger {
    let mut ledger = Ledger::new(1, 1);
    for (id, role, device) in [
        ("FARM", Role::Producer, "farm"),
        ("MILL", Role::Processor, "mill"),
        ("SHOP", Role::Retailer, "shop"),
        ("LAND", Role::ProductOwner, "land"),
        ("ALIEN", Role::Retailer, "alien"),
        ("CUC", Role::Authority, "cuc"),
    ] {
        ledger.admit(id, &[role], &[device]);
    }
    ledger.in_force(
        "farm",
        Body {
            outputs: made("L", "FARM"),
            kind: Kind::Harvest,
            ..bagging("FARM")
        },
    );
    ledger.in_force(
        "farm",
        Body {
            outputs: made("L2", "LAND"),
            kind: Kind::Harvest,
            ..bagging("FARM")
        },
    );
    let ship = Body {
        lots: used("FARM", "L"),
        to: Some(org("MILL")),
        ..Body::new(Kind::Ship)
    };
    ledger.in_force("farm", ship);
    let process = Body {
        inputs: used("FARM", "L"),
        outputs: made("P", "MILL"),
        ..Body::new(Kind::Process)
    };
    ledger.in_force("mill", process);
    let sell = Body {
        lots: used("MILL", "P"),
        to: Some(org("SHOP")),
        ..Body::new(Kind::Sell)
    };
    ledger.in_force("mill", sell);
    ledger
}

fn listed(ledger: &Ledger, lot: &LotId) -> Vec<SignedEvent> {
    let list = ledger.replica.list(&Subject::Lot(lot.clone())).unwrap();
    let read =
        |index: u64| Envelope::parse(&ledger.entries[usize::try_from(index).unwrap()]).unwrap();
    let id = ledger.replica.ledger_id();
    list.iter()
        .map(|(index, _)| read(index.0).verify(&id).unwrap())
        .collect()
}

fn who(ledger: &Ledger, holder: &SignedEvent, path: &str) -> Vec<&'static str> {
    let readers = readers(holder.body(), path, &SECRET).unwrap();
    let may = |id: &&str| {
        let listed = |lot: &LotId| Ok::<_, Infallible>(listed(ledger, lot));
        may_read(
            &org(id),
            ledger.replica.roster().org(&org(id)),
            readers,
            holder,
            listed,
        )
        .unwrap()
    };
    [
        "ALIEN", "CUC", "FARM", "LAND", "MILL", "NOBODY", "SHOP", "SO",
    ]
    .into_iter()
    .filter(may)
    .collect()
}

fn sealed(audience: Audience, body: Body) -> Body {
    Body {
        sealed: Some(Sealed {
            audience,
            commitment: SECRET,
        }),
        ..body
    }
}

#[test]
fn what_is_public_is_for_everybody_and_only_in_its_own_field() {
    let body = Body {
        name: Some(Sealable::Commitment(SECRET)),
        ..Body::new(Kind::Org)
    };
    assert_eq!(readers(&body, "name", &SECRET), Some(Readers::Everybody));
    for path in ["facts", "exact", "address", "tax"] {
        assert_eq!(readers(&body, path, &SECRET), None, "{path}");
    }
    assert_eq!(readers(&body, "name", &Hash([8; 32])), None);
    // A sealed commitment that somebody names as a name is not for everybody: its opening says "facts".
    let both = sealed(Audience::Authority, body);
    assert_eq!(readers(&both, "facts", &SECRET), Some(Readers::Authority));
    let exact = Body {
        exact: Some(SECRET),
        ..Body::new(Kind::Place)
    };
    assert_eq!(readers(&exact, "exact", &SECRET), Some(Readers::Authority));
    assert_eq!(readers(&exact, "name", &SECRET), None);
}

#[test]
fn partners_are_who_handled_the_lots_or_their_neighbours() {
    let mut ledger = trade();
    let about = |org: &str, number: &str| {
        sealed(
            Audience::Partners,
            Body {
                lots: used(org, number),
                ..Body::new(Kind::Grade)
            },
        )
    };
    let of_farm = ledger.in_force("farm", about("FARM", "L")).event;
    assert_eq!(
        who(&ledger, &of_farm, "facts"),
        ["CUC", "FARM", "MILL", "SHOP", "SO"]
    );
    let other = ledger.in_force("farm", about("FARM", "L2")).event;
    assert_eq!(who(&ledger, &other, "facts"), ["CUC", "FARM", "LAND", "SO"]);
    let of_mill = ledger.in_force("mill", about("MILL", "P")).event;
    assert_eq!(
        who(&ledger, &of_mill, "facts"),
        ["CUC", "FARM", "MILL", "SHOP", "SO"]
    );
    // One step: what is made of P is a neighbour of P, and not of L.
    let retail = Body {
        inputs: used("MILL", "P"),
        outputs: made("Q", "ALIEN"),
        ..Body::new(Kind::Process)
    };
    ledger.in_force("mill", retail);
    assert!(who(&ledger, &of_mill, "facts").contains(&"ALIEN"));
    assert!(!who(&ledger, &of_farm, "facts").contains(&"ALIEN"));
    // Who comes to handle a lot later is a partner from then on.
    assert!(!who(&ledger, &other, "facts").contains(&"SHOP"));
    let ship = Body {
        lots: used("FARM", "L2"),
        to: Some(org("SHOP")),
        ..Body::new(Kind::Ship)
    };
    ledger.in_force("farm", ship);
    assert!(who(&ledger, &other, "facts").contains(&"SHOP"));
}

#[test]
fn what_is_for_the_authority_is_for_it_and_the_signer() {
    let mut ledger = trade();
    let body = Body {
        lots: used("FARM", "L"),
        ..Body::new(Kind::Grade)
    };
    let event = ledger
        .in_force("farm", sealed(Audience::Authority, body))
        .event;
    assert_eq!(who(&ledger, &event, "facts"), ["CUC", "FARM", "SO"]);
    let suspended = Body {
        reason: Some(Text("thử".into())),
        ..about(Kind::Suspend, "FARM")
    };
    ledger.govern(suspended);
    assert_eq!(who(&ledger, &event, "facts"), ["CUC", "SO"]);
}
