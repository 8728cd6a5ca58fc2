//! Real swarms on loopback ports, real ledgers in temporary folders.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod world;

use ledger_core::commitment::Opening;
use ledger_core::encode::Value;
use ledger_core::ids::{Hash, TreeSize};
use ledger_core::kind::Kind;
use ledger_core::sync::message::{MESSAGE_BYTES_MAX, Refusal, Request, Response};

use super::wire::Frame;
use crate::blobs::Lookup;
use crate::ledger::Submitted;
use world::{Caller, MEMBER, NEIGHBOUR, STRANGER, World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_up_the_log_comes_down_and_the_head_is_cosigned() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let member = world.start(MEMBER, &[&department]).await;
    until("the member has the roster", || async {
        member.size() == department.size() && member.size().0 > 1
    })
    .await;

    let event = world.member_event(Kind::Epoch);
    assert!(matches!(
        member.ledger.submit(event.clone()).await.unwrap(),
        Submitted::Pending
    ));
    until("the event is logged at the department", || {
        department.has(&event)
    })
    .await;
    until("the log has come back with it", || member.has(&event)).await;
    assert!(member.ledger.pending().await.unwrap().is_empty());
    until("the quorum is complete at both", || async {
        let (ours, theirs) = (department.heads(), member.heads());
        ours.cosigned_size == ours.size
            && theirs.cosigned == ours.cosigned
            && ours.cosigned.is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_different_ledgers_refuse_each_other() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let other_world = World::of_another_ledger().await;
    let member = other_world.start(MEMBER, &[&department]).await;
    let before = member.size();

    let mut caller = Caller::new(NEIGHBOUR);
    caller.connect(&department).await.unwrap();
    let theirs = other_world.ledger_id();
    let refused = caller
        .ask(&Request::Hello(world::hello(theirs)))
        .await
        .unwrap();
    assert_eq!(
        refused,
        Response::Error(Refusal::OtherLedger(world.ledger_id()))
    );
    caller.is_disconnected().await;

    assert_eq!(member.size(), before);
    assert!(member.peers.borrow().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_disconnected_before_it_can_ask() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let mut stranger = Caller::new(STRANGER);
    let hello = Request::Hello(world::hello(world.ledger_id()));
    assert!(stranger.connect(&department).await.is_err() || stranger.ask(&hello).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_greets_first_and_asks_then() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let mut caller = Caller::new(MEMBER);
    caller.connect(&department).await.unwrap();
    let follow = Request::Follow {
        size: TreeSize(0),
        cosigned: TreeSize(0),
    };
    assert_eq!(
        caller.ask(&follow).await.unwrap(),
        Response::Error(Refusal::HelloFirst)
    );
    let hello = Request::Hello(world::hello(world.ledger_id()));
    assert!(matches!(caller.ask(&hello).await.unwrap(), Response::Hello(hello) if hello.sequencer));
    let Response::Log(log) = caller.ask(&follow).await.unwrap() else {
        panic!("no log");
    };
    assert_eq!(log.entries.len() as u64, department.size().0);
    assert_eq!(log.entries[0], world.genesis());
    assert!(log.checkpoint.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_message_drops_the_connection_and_keeps_its_sender_out() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    for (who, garbage) in [
        (MEMBER, vec![0; MESSAGE_BYTES_MAX + 1]),
        (NEIGHBOUR, vec![0xff; 9]),
    ] {
        let mut caller = Caller::new(who);
        caller.connect(&department).await.unwrap();
        assert!(caller.send(Frame::Whole(garbage)).await.is_err());
        caller.is_disconnected().await;
        let hello = Request::Hello(world::hello(world.ledger_id()));
        assert!(caller.connect(&department).await.is_err() || caller.ask(&hello).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_department_restarts_the_member_goes_on_where_it_stopped() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let member = world.start(MEMBER, &[&department]).await;
    until("caught up", || async {
        member.size() == department.size() && member.size().0 > 1
    })
    .await;
    let (before, address) = (member.size(), department.address.clone());

    let folder = department.stop().await;
    until("the member notices", || async {
        member.peers.borrow().is_empty()
    })
    .await;
    let event = world.member_event(Kind::Epoch);
    member.ledger.submit(event.clone()).await.unwrap();
    let department = world.restart_department(folder, &address).await;
    until("the event that waited is logged", || department.has(&event)).await;
    until("and has come back", || member.has(&event)).await;
    assert!(member.size() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_travels_from_any_node_that_has_it() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let member = world.start(MEMBER, &[&department]).await;
    until("caught up", || async {
        member.size() == department.size() && member.size().0 > 1
    })
    .await;
    let size = department.size();
    department.stop().await;

    let neighbour = world.start(NEIGHBOUR, &[&member]).await;
    until("the neighbour has it from the member", || async {
        neighbour.size() == size
    })
    .await;
    let event = world.neighbour_event(Kind::Epoch);
    neighbour.ledger.submit(event.clone()).await.unwrap();
    until("the member keeps the event for the department", || async {
        member.ledger.pending().await.unwrap().contains(&event)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_and_openings_travel_to_whoever_may_have_them_and_are_erased_everywhere() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let member = world.start(MEMBER, &[&department]).await;
    until("the member has the roster", || async {
        member.size() == department.size() && member.size().0 > 1
    })
    .await;
    let opening = |path: &str| {
        Opening {
            path: path.into(),
            salt: [9; 32],
            value: Value::text("x"),
        }
        .encode()
    };
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(200_000, 7);
    let picture = member.ledger.put_blob(picture, false).await.unwrap();
    let public = member
        .ledger
        .put_blob(opening("label_address"), true)
        .await
        .unwrap();
    let partners = member
        .ledger
        .put_blob(opening("facts"), true)
        .await
        .unwrap();
    let mut label = Vec::new();
    for body in world::events_naming(picture, public, partners) {
        let event = world.sign_as_member(body);
        label = event.clone();
        assert_eq!(
            member.ledger.submit(event).await.unwrap(),
            Submitted::Pending
        );
    }
    for hash in [picture, public, partners] {
        until("the department has it", || async {
            department.ledger.get_blob(hash).await.unwrap().is_some()
        })
        .await;
    }
    let neighbour = world.start(NEIGHBOUR, &[&department]).await;
    for hash in [picture, public] {
        until("the neighbour has it", || async {
            neighbour.ledger.get_blob(hash).await.unwrap().is_some()
        })
        .await;
    }
    // What is for partners it is not given, and does not ask for.
    assert!(neighbour.ledger.missing_blobs(9).await.unwrap().is_empty());
    let asked_as = |id: Option<&str>| department.ledger.give_blob(partners, id.map(world::org));
    for id in [None, Some("HTX-2"), Some("NOBODY")] {
        assert_eq!(asked_as(id).await.unwrap(), Lookup::Unknown, "{id:?}");
    }
    assert!(matches!(
        asked_as(Some("HTX-1")).await.unwrap(),
        Lookup::Here(_)
    ));
    neighbour.stop().await;
    let mut caller = Caller::new(NEIGHBOUR);
    caller.connect(&department).await.unwrap();
    caller
        .ask(&Request::Hello(world::hello(world.ledger_id())))
        .await
        .unwrap();
    let has = |bytes: &Response| matches!(bytes, Response::Blob { bytes: Some(_) });
    let blob = |hash| Request::Blob { hash };
    assert!(has(&caller.ask(&blob(public)).await.unwrap()));
    assert!(!has(&caller.ask(&blob(partners)).await.unwrap()));
    drop(caller);

    // Once the lot goes to it, it is a partner.
    let shipment = world.sign_as_member(world::shipment());
    member.ledger.submit(shipment).await.unwrap();
    let neighbour = world.start(NEIGHBOUR, &[&department]).await;
    until("the neighbour has what is for partners", || async {
        neighbour.ledger.get_blob(partners).await.unwrap().is_some()
    })
    .await;

    for hash in [public, partners] {
        let erasure = world.sign_as_member(world::erasure(&label, hash));
        member.ledger.submit(erasure).await.unwrap();
    }
    for node in [&department, &member, &neighbour] {
        for hash in [public, partners] {
            until("it is erased", || async {
                node.ledger.lookup_blob(hash).await.unwrap() == Lookup::Erased
            })
            .await;
        }
        let again = node.ledger.put_blob(opening("facts"), true).await;
        assert!(again.is_err(), "what was erased is not taken again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_suspended_or_removed_is_cut_off() {
    for kind in [Kind::Suspend, Kind::Unpeer] {
        let mut world = World::new().await;
        let department = world.start_department().await;
        let member = world.start(MEMBER, &[&department]).await;
        until("the member is connected", || async {
            !department.peers.borrow().is_empty() && member.size() == department.size()
        })
        .await;
        let act = world.against_member(kind);
        department.ledger.submit(act).await.unwrap();
        until("it is cut off", || async {
            department.peers.borrow().is_empty()
        })
        .await;
        let mut caller = Caller::new(MEMBER);
        let hello = Request::Hello(world::hello(world.ledger_id()));
        assert!(caller.connect(&department).await.is_err() || caller.ask(&hello).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_without_end_is_told_to_wait_and_then_thrown_out() {
    let mut world = World::new().await;
    let department = world.start_department().await;
    let mut caller = Caller::greeting_back(MEMBER);
    caller.connect(&department).await.unwrap();
    caller
        .ask(&Request::Hello(world::hello(world.ledger_id())))
        .await
        .unwrap();
    // Several at once, so that a busy machine is asked too much as well; fewer than are in work at once.
    let request = Request::Blob {
        hash: Hash([1; 32]),
    };
    let mut busy = 0;
    while let Ok(answers) = caller.ask_at_once(&request, 8).await {
        let is_busy = |answer: &&Response| **answer == Response::Error(Refusal::Busy);
        busy += answers.iter().filter(is_busy).count();
    }
    assert!(busy >= 32, "{busy}");
    caller.is_disconnected().await;
}
