//! A map head that leaves out an event of its own log.

use ledger_core::evidence::{Claim, Evidence, Excerpt, MapHead};
use ledger_core::ids::LeafIndex;
use ledger_core::placed::Placed;
use ledger_core::sign::SignedEvent;
use ledger_core::subject::Subject;
use ledger_core::verify::Proof;
use tests::inprocess::InProcess;
use tests::sample::VALIDATORS;

use super::material::{
    AUTHORITY, GROWER, NOW, close, close_hiding, harvest, ledger, log, placed, rating, recall,
    subjects_for,
};
use super::{must_fail, must_hold};

fn event_at(ledger: &InProcess, index: LeafIndex) -> SignedEvent {
    let logged = ledger.logged.iter().find(|logged| logged.index == index);
    logged.unwrap().event.clone()
}

fn evidence(ledger: &InProcess, lists: Excerpt, event: Placed) -> Evidence {
    Evidence::MapHead(MapHead {
        genesis: ledger.entries[0].clone(),
        lists,
        event,
    })
}

/// Everything in the ledger, and a head that hides the event at this place.
fn hide(ledger: &mut InProcess, index: LeafIndex) -> (SignedEvent, Excerpt) {
    let event = event_at(ledger, index);
    let subjects = subjects_for(&event, &[]);
    let hidden = Some(event.id());
    let (_, lists) = close_hiding(ledger, hidden, &subjects, &VALIDATORS[..4], NOW);
    (event, lists)
}

#[test]
fn a_hidden_recall_convicts_the_sequencer_and_who_cosigned() {
    let mut ledger = ledger();
    log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let index = log(&mut ledger, AUTHORITY, recall("A-1"), NOW);
    let (_, lists) = hide(&mut ledger, index);
    let evidence = evidence(&ledger, lists, placed(&ledger, index));
    let judgement = must_hold(&evidence, ledger.anchor());
    let by = &judgement.finding(Claim::Lists).unwrap().by;
    assert_eq!(by[1..], ["org-01", "org-03", "org-04", "org-06"]);
}

#[test]
fn a_hidden_harvest_of_a_member_convicts_too() {
    let mut ledger = ledger();
    let index = log(&mut ledger, GROWER, harvest("A-1"), NOW);
    log(&mut ledger, GROWER, harvest("A-2"), NOW);
    let (_, lists) = hide(&mut ledger, index);
    let evidence = evidence(&ledger, lists, placed(&ledger, index));
    must_hold(&evidence, ledger.anchor());
}

#[test]
fn an_honest_map_head_lists_the_event() {
    let mut ledger = ledger();
    let index = log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let subjects = subjects_for(&event_at(&ledger, index), &[]);
    let (_, lists) = close(&mut ledger, &subjects, NOW);
    let evidence = evidence(&ledger, lists, placed(&ledger, index));
    let (claim, proof) = (Claim::Missing, Proof::Contradicted);
    must_fail(&evidence, ledger.anchor(), claim, proof, "listed");
}

#[test]
fn a_void_event_is_rightly_listed_nowhere() {
    let mut ledger = ledger();
    let index = log(&mut ledger, GROWER, rating(), NOW);
    let event = event_at(&ledger, index);
    let (_, lists) = close(&mut ledger, &subjects_for(&event, &[]), NOW);
    let evidence = evidence(&ledger, lists, placed(&ledger, index));
    let (claim, proof) = (Claim::InForce, Proof::NotProven);
    must_fail(&evidence, ledger.anchor(), claim, proof, "not_permitted");
}

#[test]
fn an_event_behind_the_head_or_outside_the_log_convicts_nobody() {
    let mut ledger = ledger();
    let index = log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let later = log(&mut ledger, GROWER, harvest("A-2"), NOW);
    let (_, lists) = hide(&mut ledger, index);
    let (claim, proof) = (Claim::Logged, Proof::Contradicted);
    let mut moved = placed(&ledger, index);
    moved.index = later;
    let swapped = Placed {
        envelope: placed(&ledger, later).envelope,
        ..placed(&ledger, index)
    };
    for event in [moved, swapped] {
        let evidence = evidence(&ledger, lists.clone(), event);
        must_fail(&evidence, ledger.anchor(), claim, proof, "not_in_log");
    }
}

#[test]
fn lists_that_do_not_say_everything_convict_nobody() {
    let mut ledger = ledger();
    let index = log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let event = event_at(&ledger, index);
    for left_out in subjects_for(&event, &[]) {
        let mut subjects = subjects_for(&event, &[]);
        subjects.remove(&left_out);
        let hidden = Some(event.id());
        let (_, lists) = close_hiding(&mut ledger, hidden, &subjects, &VALIDATORS, NOW);
        let evidence = evidence(&ledger, lists, placed(&ledger, index));
        let (claim, proof) = (Claim::Missing, Proof::NotProven);
        must_fail(&evidence, ledger.anchor(), claim, proof, "left_out");
    }
    // A list with an event less than the map has is nobody's word but the liar's.
    let (_, mut lists) = close(&mut ledger, &subjects_for(&event, &[]), NOW);
    lists.events.retain(|(at, _)| *at != index);
    for (subject, list) in &mut lists.subjects {
        if !matches!(subject, Subject::Ledger) {
            list.retain(|at| *at != index);
        }
    }
    let evidence = evidence(&ledger, lists, placed(&ledger, index));
    let (claim, proof) = (Claim::Lists, Proof::Contradicted);
    must_fail(&evidence, ledger.anchor(), claim, proof, "list_differs");
}
