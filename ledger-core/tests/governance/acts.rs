//! Threshold acts, membership and the trust anchor, each through the door and at its place in the log.

use ledger_core::admit::Refusal;
use ledger_core::body::{Body, ChainPlace, Fix, LongText, LotUse, Output, Rights, Role, Text};
use ledger_core::genesis::Genesis;
use ledger_core::ids::{Hash, LotId};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::roster::{MemberError, VoidReason};
use ledger_core::subject::Subject;

use crate::world::*;

fn reasoned(body: Body) -> Body {
    Body {
        reason: Some(Text("thử".into())),
        ..body
    }
}

fn threshold(count: u64) -> Body {
    Body {
        count: Some(count),
        ..Body::new(Kind::Threshold)
    }
}

/// A ledger of three officers, two of whom must agree, with a farm and a shop.
fn province() -> Ledger {
    let mut ledger = Ledger::new(3, 2);
    ledger.admit("FARM", &[Role::Producer], &["farm-admin", "farm"]);
    ledger.admit("SHOP", &[Role::Retailer], &["shop-admin", "shop"]);
    ledger
}

fn refused(ledger: &mut Ledger, name: &str, body: Body) -> Refusal {
    let event = ledger.sign(name, body);
    ledger.log(&event).unwrap_err()
}

#[test]
fn a_genesis_with_a_threshold_that_cannot_be_met_or_a_key_twice_is_none() {
    let good = genesis(3, 2);
    assert_eq!(Genesis::decode(&good.encode()), Ok(good.clone()));
    let bad = [
        genesis(3, 0),
        genesis(3, 4),
        Genesis {
            authority_devices: Vec::new(),
            ..good.clone()
        },
        Genesis {
            sequencer: device("so-1"),
            ..good.clone()
        },
        Genesis {
            sequencer: device("log"),
            ..good.clone()
        },
        Genesis {
            authority_devices: vec![device("so-1"), device("so-1")],
            ..good
        },
    ];
    for genesis in bad {
        assert!(Genesis::decode(&genesis.encode()).is_err(), "{genesis:?}");
    }
}

#[test]
fn an_act_takes_effect_with_the_consent_of_the_second_officer_and_not_before() {
    let mut ledger = Ledger::new(3, 2);
    let proposal = ledger.in_force("so-1", admission("FARM", &[Role::Producer]));
    assert!(ledger.replica.roster().org(&org("FARM")).is_none());
    assert_eq!(ledger.replica.roster().open_proposals().count(), 1);
    let id = proposal.event.id().0;
    ledger.void("so-1", approve(id), VoidReason::NothingChanges);
    let consent = ledger.in_force("so-2", approve(id));
    let farm = ledger.replica.roster().org(&org("FARM")).cloned().unwrap();
    assert_eq!(farm.since, consent.index);
    assert!(
        consent
            .subjects
            .contains(&Subject::Organisation(org("FARM")))
    );
    assert_eq!(ledger.replica.roster().open_proposals().count(), 0);
    ledger.void("so-3", approve(id), VoidReason::NothingChanges);
}

#[test]
fn approvals_of_what_is_no_proposal_are_void() {
    let mut ledger = province();
    let bag = ledger.in_force("farm", bagging("FARM")).event.id().0;
    for id in [bag, Hash([3; 32])] {
        ledger.void("so-1", approve(id), VoidReason::NoReference);
    }
    let own = ledger.in_force("farm-admin", enrolment("FARM", "farm-2", None));
    ledger.void("so-1", approve(own.event.id().0), VoidReason::NoReference);
    let void = ledger
        .say("shop-admin", admission("X", &[Role::Packer]))
        .event
        .id()
        .0;
    ledger.void("so-1", approve(void), VoidReason::NoReference);
}

#[test]
fn only_officers_not_revoked_at_that_leaf_are_counted() {
    let mut ledger = province();
    let waiting = ledger
        .in_force("so-1", admission("LATE", &[Role::Packer]))
        .event
        .id()
        .0;
    ledger.enrol("SO", "so-4", Some(Rights::Administrator));
    let revoke = ledger.in_force("so-2", keyed(Kind::Revoke, "SO", "so-1"));
    ledger.in_force("so-3", approve(revoke.event.id().0));
    ledger.in_force("so-2", approve(waiting));
    assert!(
        ledger.replica.roster().org(&org("LATE")).is_none(),
        "one of the two was revoked"
    );
    ledger.in_force("so-4", approve(waiting));
    assert!(ledger.replica.roster().org(&org("LATE")).is_some());
}

#[test]
fn what_an_act_asks_is_asked_again_when_it_takes_effect() {
    let mut ledger = province();
    let proposal = |id: &str| enrolment(id, "one-key", None);
    let first = ledger.in_force(
        "so-1",
        Body {
            org: Some(org("SO")),
            ..proposal("SO")
        },
    );
    ledger.in_force("farm-admin", proposal("FARM"));
    ledger.void("so-2", approve(first.event.id().0), VoidReason::BadKey);
    assert_eq!(
        ledger
            .replica
            .roster()
            .device(&device("one-key"))
            .unwrap()
            .org,
        org("FARM")
    );
    assert_eq!(
        ledger.replica.roster().open_proposals().count(),
        1,
        "it waits on"
    );
}

#[test]
fn the_threshold_changes_within_what_can_be_met() {
    let mut ledger = province();
    ledger.void("so-1", threshold(0), VoidReason::BadAnchor);
    ledger.void("so-1", threshold(4), VoidReason::BadAnchor);
    ledger.govern(threshold(3));
    assert_eq!(ledger.replica.roster().threshold(), 3);
    // With three of three nobody can go, unless another comes in the same event.
    ledger.void(
        "so-1",
        keyed(Kind::Revoke, "SO", "so-3"),
        VoidReason::BadAnchor,
    );
    let replace = |rights| Body {
        old: Some(public("so-3")),
        lives: Some(ledger_core::body::Lives::Own),
        rights,
        ..keyed(Kind::Replace, "SO", "so-new")
    };
    ledger.void("so-1", replace(None), VoidReason::BadAnchor);
    ledger.govern(replace(Some(Rights::Administrator)));
    assert!(
        ledger
            .replica
            .roster()
            .device(&device("so-3"))
            .unwrap()
            .revoked
            .is_some()
    );
    assert_eq!(ledger.replica.roster().administrators().count(), 3);
    ledger.owners.insert("so-new".into(), org("SO"));
    let lower = ledger.in_force("so-1", threshold(1)).event.id().0;
    ledger.in_force("so-2", approve(lower));
    assert_eq!(ledger.replica.roster().threshold(), 3);
    ledger.in_force("so-new", approve(lower));
    assert_eq!(ledger.replica.roster().threshold(), 1);
}

#[test]
fn who_is_suspended_says_nothing_until_readmitted_and_what_stood_before_stands() {
    let mut ledger = province();
    let before = ledger.in_force("farm", bagging("FARM"));
    let suspend = |id| reasoned(about(Kind::Suspend, id));
    ledger.void("so-1", suspend("SO"), VoidReason::NotPermitted);
    ledger.void("so-1", suspend("NOBODY"), VoidReason::UnknownOrg);
    ledger.void(
        "so-1",
        about(Kind::Readmit, "FARM"),
        VoidReason::NothingChanges,
    );
    ledger.govern(keyed(Kind::Peer, "FARM", "farm-peer"));
    assert!(ledger.replica.roster().peer(&public("farm-peer")).is_some());
    ledger.govern(suspend("FARM"));
    assert!(ledger.replica.roster().peer(&public("farm-peer")).is_none());
    ledger.void("so-1", suspend("FARM"), VoidReason::NothingChanges);
    for (name, body) in [
        ("farm", bagging("FARM")),
        ("farm", Body::new(Kind::Epoch)),
        ("farm-admin", enrolment("FARM", "farm-9", None)),
        ("farm", referring(Kind::RecallLift, before.event.id().0)),
    ] {
        ledger.void(name, body, VoidReason::Suspended);
    }
    assert_eq!(ledger.replica.void_reason(&before.event.id()), None);
    // A later admission replaces texts and roles, and does not readmit.
    ledger.govern(admission("FARM", &[Role::Packer, Role::Producer]));
    ledger.void("farm", bagging("FARM"), VoidReason::Suspended);
    ledger.govern(about(Kind::Readmit, "FARM"));
    ledger.in_force("farm", bagging("FARM"));
}

#[test]
fn roles_are_granted_and_withdrawn_and_the_authority_keeps_its_own() {
    let mut ledger = province();
    let roles = |kind, id, role| Body {
        roles: Some(vec![role]),
        ..about(kind, id)
    };
    ledger.void("shop", bagging("SHOP"), VoidReason::NotPermitted);
    ledger.govern(roles(Kind::Grant, "SHOP", Role::Producer));
    ledger.in_force("shop", bagging("SHOP"));
    ledger.govern(roles(Kind::Withdraw, "SHOP", Role::Producer));
    ledger.void("shop", bagging("SHOP"), VoidReason::NotPermitted);
    ledger.void(
        "so-1",
        roles(Kind::Grant, "NOBODY", Role::Producer),
        VoidReason::UnknownOrg,
    );
    ledger.govern(roles(Kind::Withdraw, "SO", Role::Authority));
    ledger.govern(admission("SO", &[Role::Auditor]));
    let authority = ledger.replica.roster().org(&org("SO")).unwrap();
    assert!(authority.roles.contains(&Role::Authority));
    // Another organisation with the role does the authority's work and does not govern.
    ledger.govern(roles(Kind::Grant, "SHOP", Role::Authority));
    ledger.void(
        "shop-admin",
        admission("X", &[Role::Packer]),
        VoidReason::NotPermitted,
    );
}

#[test]
fn a_key_enters_once_and_belongs_to_whom_it_was_given() {
    let mut ledger = province();
    ledger.in_force("farm-admin", keyed(Kind::Peer, "FARM", "farm-peer"));
    ledger.void(
        "farm-admin",
        enrolment("FARM", "farm-peer", None),
        VoidReason::BadKey,
    );
    ledger.void(
        "shop-admin",
        keyed(Kind::Unpeer, "SHOP", "farm-peer"),
        VoidReason::BadKey,
    );
    ledger.in_force("farm-admin", keyed(Kind::Unpeer, "FARM", "farm-peer"));
    assert!(ledger.replica.roster().peer(&public("farm-peer")).is_none());
    ledger.void(
        "farm-admin",
        keyed(Kind::Peer, "FARM", "farm-peer"),
        VoidReason::BadKey,
    );
    ledger.void(
        "farm-admin",
        keyed(Kind::Unpeer, "FARM", "farm-peer"),
        VoidReason::BadKey,
    );
    for kind in [Kind::Revoke, Kind::AllowEpoch] {
        ledger.void(
            "shop-admin",
            keyed(kind, "SHOP", "farm"),
            VoidReason::BadKey,
        );
        ledger.void(
            "shop-admin",
            keyed(kind, "FARM", "farm"),
            VoidReason::NotPermitted,
        );
    }
    ledger.void(
        "so-1",
        keyed(Kind::Revoke, "SO", "sequencer"),
        VoidReason::BadKey,
    );
    ledger.void(
        "so-1",
        enrolment("NOBODY", "new", None),
        VoidReason::UnknownOrg,
    );
}

#[test]
fn a_revocation_names_what_is_vouched_for_or_lets_nothing_more_in() {
    let mut ledger = province();
    ledger.in_force("farm", bagging("FARM"));
    let last = |seq| Body {
        last: Some(ChainPlace { epoch: 0, seq }),
        ..keyed(Kind::Revoke, "FARM", "farm")
    };
    ledger.in_force("farm-admin", last(1));
    ledger.in_force("farm", bagging("FARM"));
    let revoked = Refusal::Member(MemberError::Revoked);
    assert_eq!(refused(&mut ledger, "farm", bagging("FARM")), revoked);
    ledger.in_force("farm-admin", last(2));
    ledger.in_force("farm", bagging("FARM"));
    ledger.in_force("farm-admin", last(9));
    ledger.in_force("farm-admin", keyed(Kind::Revoke, "FARM", "farm"));
    assert_eq!(refused(&mut ledger, "farm", bagging("FARM")), revoked);
    ledger.void(
        "farm-admin",
        enrolment("FARM", "farm", None),
        VoidReason::BadKey,
    );
}

#[test]
fn a_replaced_device_ends_and_its_successor_begins_in_one_event() {
    let mut ledger = province();
    let replace = Body {
        old: Some(public("farm")),
        lives: Some(ledger_core::body::Lives::Phone),
        ..keyed(Kind::Replace, "FARM", "farm-next")
    };
    ledger.in_force("farm-admin", replace);
    ledger.owners.insert("farm-next".into(), org("FARM"));
    assert_eq!(
        refused(&mut ledger, "farm", bagging("FARM")).code(),
        "MAY_DA_KHOA"
    );
    ledger.in_force("farm-next", bagging("FARM"));
}

#[test]
fn references_are_of_the_kind_that_is_needed() {
    let mut ledger = province();
    let own = LotUse {
        lot: lot("FARM", "L-1"),
        qty: None,
    };
    let recall = Body {
        lots: Some(vec![own]),
        ..Body::new(Kind::Recall)
    };
    let recall = ledger.in_force("farm", recall).event.id().0;
    let bag = ledger.in_force("farm", bagging("FARM")).event.id().0;
    let enrolled = ledger
        .in_force("farm-admin", enrolment("FARM", "farm-3", None))
        .event
        .id()
        .0;
    let correct = |id| Body {
        fix: Some(Fix::Qty(Quantity::new(1, 0, Unit::Kilogram).unwrap())),
        ..referring(Kind::Correct, id)
    };
    let erase = |id| Body {
        commitment: Some(Hash([5; 32])),
        ..referring(Kind::Erase, id)
    };
    let no = VoidReason::NoReference;
    ledger.void("farm", referring(Kind::RecallLift, bag), no);
    ledger.void("farm", referring(Kind::Undelegate, bag), no);
    ledger.void("farm", erase(bag), no);
    ledger.void("farm-admin", correct(enrolled), no);
    let corrected = ledger.in_force("farm", correct(bag)).event.id().0;
    ledger.void("farm", correct(corrected), no);
    ledger.void("shop", correct(bag), VoidReason::NotPermitted);
    ledger.in_force("farm", referring(Kind::RecallLift, recall));
}

#[test]
fn a_lot_given_to_another_may_be_held_by_it() {
    let mut ledger = province();
    let hold = |number: &str| Body {
        lots: Some(vec![LotUse {
            lot: LotId::new(org("FARM"), number).unwrap(),
            qty: None,
        }]),
        ..Body::new(Kind::Hold)
    };
    ledger.void("shop", hold("L-1"), VoidReason::NotPermitted);
    let output = Output {
        no: "L-1".into(),
        owner: org("SHOP"),
        qty: Quantity::new(1, 0, Unit::Kilogram).unwrap(),
        product: None,
        made: None,
        expires: None,
        net: None,
    };
    let harvest = Body {
        outputs: Some(vec![output]),
        ..bagging("FARM")
    };
    ledger.in_force(
        "farm",
        Body {
            kind: Kind::Harvest,
            ..harvest
        },
    );
    ledger.in_force("shop", hold("L-1"));
    ledger.void("shop", hold("L-2"), VoidReason::NotPermitted);
}

fn anchored(ledger: &Ledger, rule: &str, names: &[&str]) -> Body {
    let text = anchor(ledger.replica.ledger_id(), rule, names)
        .text()
        .to_owned();
    Body {
        text: Some(LongText(text)),
        ..Body::new(Kind::Anchor)
    }
}

#[test]
fn a_later_anchor_needs_the_validators_of_the_one_before_it() {
    let mut ledger = province();
    ledger.admit("MILL", &[Role::Processor], &["mill-admin", "mill"]);
    ledger.void(
        "so-1",
        Body {
            text: Some(LongText("x".into())),
            ..Body::new(Kind::Anchor)
        },
        VoidReason::BadAnchor,
    );
    let foreign = Ledger::new(1, 1);
    let text = anchored(&foreign, "1", &["farm"]);
    ledger.void("so-1", text, VoidReason::BadAnchor);

    let first = anchored(&ledger, "2", &["farm", "shop", "mill"]);
    ledger.govern(first.clone());
    let in_effect = |ledger: &Ledger| {
        ledger
            .replica
            .roster()
            .anchor()
            .map(|a| a.text().to_owned())
    };
    assert_eq!(in_effect(&ledger), first.text.clone().map(|text| text.0));

    let second = anchored(&ledger, "all", &["mill"]);
    let id = ledger.in_force("so-1", second.clone()).event.id().0;
    ledger.in_force("so-2", approve(id));
    ledger.void("farm", approve(id), VoidReason::NotPermitted);
    ledger.in_force("farm-admin", approve(id));
    assert_eq!(in_effect(&ledger), first.text.map(|text| text.0));
    ledger.in_force("mill-admin", approve(id));
    assert_eq!(in_effect(&ledger), second.text.map(|text| text.0));
    // They may consent to anchors only, and only the validators in effect.
    let admission = ledger
        .in_force("so-1", admission("X", &[Role::Packer]))
        .event
        .id()
        .0;
    ledger.void("mill-admin", approve(admission), VoidReason::NotPermitted);
    let third = anchored(&ledger, "all", &["mill", "farm"]);
    let id = ledger.in_force("so-1", third).event.id().0;
    ledger.void("farm-admin", approve(id), VoidReason::NotPermitted);
}

#[test]
fn an_organisation_is_registered_by_the_event_that_took_effect_last() {
    let mut ledger = province();
    let registered = |ledger: &Ledger| {
        let roster = ledger.replica.roster();
        roster.org(&org("FARM")).unwrap().registered.unwrap()
    };
    let before = registered(&ledger);
    let first = ledger.in_force("so-1", admission("FARM", &[Role::Producer]));
    let second = ledger.in_force("so-2", admission("FARM", &[Role::Packer]));
    assert_eq!(registered(&ledger), before, "only proposed");
    ledger.in_force("so-1", approve(second.event.id().0));
    assert_eq!(registered(&ledger), second.event.id());
    ledger.in_force("so-2", approve(first.event.id().0));
    assert_eq!(
        registered(&ledger),
        first.event.id(),
        "said first, in effect last"
    );
    let roster = ledger.replica.roster();
    assert_eq!(roster.org(&org("SO")).unwrap().registered, None);
}
