//! An event that members saw and that was never logged.

use ledger_core::body::{Body, Embedded};
use ledger_core::evidence::{Claim, Evidence, Withheld};
use ledger_core::ids::EventId;
use ledger_core::kind::Kind;
use ledger_core::seen::Receipt;
use ledger_core::sign::SignedEvent;
use ledger_core::verify::Proof;
use tests::inprocess::{InProcess, device_key, fixed_key};
use tests::sample::VALIDATORS;

use super::material::{
    AUTHORITY, GROWER, NOW, close, close_hiding, harvest, key_of, ledger, log, next, org, placed,
    rating, sign, subjects_for, time,
};
use super::{must_fail, must_hold};

const DAY: u64 = 86_400;
/// Who say that they saw it.
const SEERS: [&str; 2] = ["ORG-01", "ORG-03"];

fn receipt(ledger: &InProcess, by: &str, event: EventId, seconds: u64) -> Vec<u8> {
    let id = ledger.replica.ledger_id();
    let receipt = Receipt::sign(event, time(seconds), &device_key(by), &id, &org(by));
    receipt.bytes().to_vec()
}

/// The grower's next event, seen by two, and a head a day later that does not have it.
fn withheld(ledger: &mut InProcess) -> (SignedEvent, Withheld) {
    let event = sign(ledger, GROWER, harvest("A-1"), NOW, next(ledger, GROWER));
    let withheld = about(ledger, &event);
    (event, withheld)
}

fn about(ledger: &mut InProcess, event: &SignedEvent) -> Withheld {
    let receipts = SEERS.map(|by| receipt(ledger, by, event.id(), NOW + 60));
    let (_, lists) = close(ledger, &subjects_for(event, &SEERS), NOW + 2 * DAY);
    Withheld {
        genesis: ledger.entries[0].clone(),
        envelope: event.bytes().to_vec(),
        prev: predecessor(ledger, event),
        receipts: receipts.into(),
        delay: DAY,
        lists,
    }
}

fn predecessor(ledger: &InProcess, event: &SignedEvent) -> Option<ledger_core::placed::Placed> {
    let prev = EventId(event.link().prev);
    let mut logged = ledger.logged.iter();
    let logged = logged.find(|logged| logged.event.id() == prev)?;
    Some(placed(ledger, logged.index))
}

fn fails(ledger: &InProcess, withheld: Withheld, claim: Claim, proof: Proof, detail: &str) {
    let evidence = Evidence::Withheld(withheld);
    must_fail(&evidence, ledger.anchor(), claim, proof, detail);
}

#[test]
fn an_event_seen_by_two_and_not_logged_in_a_day_convicts_the_sequencer() {
    let mut ledger = ledger();
    let (_, withheld) = withheld(&mut ledger);
    let judgement = must_hold(&Evidence::Withheld(withheld), ledger.anchor());
    let seen = judgement.finding(Claim::Seen).unwrap();
    assert_eq!(seen.by, SEERS);
    let late = judgement.finding(Claim::Late).unwrap();
    assert_eq!(
        (late.by[0].as_str(), late.as_of),
        ("172740", Some(NOW + 2 * DAY))
    );
}

#[test]
fn a_first_event_needs_no_predecessor_and_any_other_does() {
    let mut ledger = ledger();
    let (_, whole) = withheld(&mut ledger);
    let alone = Withheld {
        prev: None,
        ..whole.clone()
    };
    let (claim, proof) = (Claim::Next, Proof::NotProven);
    fails(&ledger, alone, claim, proof, "no_predecessor");
    let mut other = whole.prev.clone().unwrap();
    other.index.0 -= 1;
    let other = Withheld {
        prev: Some(other),
        ..whole
    };
    fails(&ledger, other, claim, Proof::Contradicted, "not_in_log");
}

#[test]
fn an_event_that_waits_for_its_predecessor_is_not_withheld() {
    let mut ledger = ledger();
    let link = next(&ledger, GROWER);
    let first = sign(&ledger, GROWER, harvest("A-1"), NOW, link);
    let second = sign(&ledger, GROWER, harvest("A-2"), NOW, link.after(first.id()));
    let mut withheld = about(&mut ledger, &second);
    assert_eq!(withheld.prev, None);
    fails(
        &ledger,
        withheld.clone(),
        Claim::Next,
        Proof::NotProven,
        "no_predecessor",
    );
    // The event before that one is logged, but it is not the predecessor.
    withheld.prev = predecessor(&ledger, &first);
    fails(
        &ledger,
        withheld,
        Claim::Next,
        Proof::Contradicted,
        "not_in_log",
    );
}

#[test]
fn a_logged_event_is_not_withheld() {
    let mut ledger = ledger();
    let link = next(&ledger, GROWER);
    log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let event = sign(&ledger, GROWER, harvest("A-1"), NOW, link);
    let withheld = about(&mut ledger, &event);
    let (claim, proof) = (Claim::Missing, Proof::Contradicted);
    fails(&ledger, withheld, claim, proof, "listed");
}

#[test]
fn an_event_whose_place_was_taken_is_not_withheld() {
    let mut ledger = ledger();
    let event = sign(&ledger, GROWER, harvest("A-1"), NOW, next(&ledger, GROWER));
    // The same field and year: the other end of the fork stands in a list that the file must have.
    log(&mut ledger, GROWER, harvest("A-2"), NOW);
    let withheld = about(&mut ledger, &event);
    let (claim, proof) = (Claim::Next, Proof::NotProven);
    fails(&ledger, withheld, claim, proof, "overtaken");
}

#[test]
fn an_event_of_an_epoch_that_a_conflict_closed_is_not_withheld() {
    let mut ledger = ledger();
    let link = next(&ledger, GROWER);
    let first = log(&mut ledger, GROWER, harvest("A-1"), NOW);
    let other = sign(&ledger, GROWER, harvest("A-2"), NOW, link);
    let conflict = Body {
        reference: Some(ledger.logged[first.0 as usize - 1].event.id().0),
        org: Some(org(GROWER)),
        envelope: Some(Embedded(other.bytes().to_vec())),
        ..Body::new(Kind::Conflict)
    };
    let later = sign(&ledger, GROWER, harvest("A-3"), NOW, next(&ledger, GROWER));
    let index = log(&mut ledger, AUTHORITY, conflict, NOW);
    assert_eq!(ledger.logged[index.0 as usize - 1].void, None);
    let withheld = about(&mut ledger, &later);
    let (claim, proof) = (Claim::Next, Proof::NotProven);
    fails(&ledger, withheld, claim, proof, "overtaken");
}

#[test]
fn an_event_that_would_be_void_may_be_in_the_log_unlisted() {
    let mut ledger = ledger();
    let event = sign(&ledger, GROWER, rating(), NOW, next(&ledger, GROWER));
    let withheld = about(&mut ledger, &event);
    let (claim, proof) = (Claim::InForce, Proof::NotProven);
    fails(&ledger, withheld, claim, proof, "not_permitted");
}

#[test]
fn one_witness_is_no_witness_and_the_signer_none_for_itself() {
    let mut ledger = ledger();
    let (event, whole) = withheld(&mut ledger);
    let own = receipt(&ledger, GROWER, event.id(), NOW);
    for receipts in [
        vec![],
        vec![whole.receipts[0].clone()],
        vec![whole.receipts[0].clone(), own],
        vec![whole.receipts[0].clone(), whole.receipts[0].clone()],
    ] {
        let few = Withheld {
            receipts,
            ..whole.clone()
        };
        fails(&ledger, few, Claim::Seen, Proof::NotProven, "too_few");
    }
}

#[test]
fn receipts_that_are_not_good_spoil_the_file() {
    let mut ledger = ledger();
    let (event, whole) = withheld(&mut ledger);
    let id = ledger.replica.ledger_id();
    let stranger = fixed_key("stranger");
    let stranger = Receipt::sign(event.id(), time(NOW), &stranger, &id, &org("ORG-06"));
    assert_ne!(key_of(&device_key("ORG-06")), stranger.device());
    let mut forged = whole.receipts[0].clone();
    *forged.last_mut().unwrap() ^= 1;
    let other = EventId(ledger_core::ids::Hash([7; 32]));
    for (bad, detail) in [
        (forged, "bad_receipt"),
        (receipt(&ledger, "ORG-06", other, NOW), "other_event"),
        (stranger.bytes().to_vec(), "not_enrolled"),
        // A member whose list is not given may be enrolled or not.
        (receipt(&ledger, "ORG-06", event.id(), NOW), "not_enrolled"),
    ] {
        let mut withheld = whole.clone();
        withheld.receipts.push(bad);
        fails(&ledger, withheld, Claim::Seen, Proof::Contradicted, detail);
    }
}

#[test]
fn the_head_must_be_later_by_the_stated_delay_and_by_an_hour() {
    let mut ledger = ledger();
    let (_, whole) = withheld(&mut ledger);
    let patient = Withheld {
        delay: 3 * DAY,
        ..whole
    };
    let (claim, proof) = (Claim::Late, Proof::NotProven);
    fails(&ledger, patient, claim, proof, "too_early");

    let event = sign(&ledger, GROWER, harvest("A-1"), NOW, next(&ledger, GROWER));
    let mut hasty = about(&mut ledger, &event);
    let soon = NOW + 2 * DAY - 60;
    hasty.receipts = SEERS
        .map(|by| receipt(&ledger, by, event.id(), soon))
        .into();
    hasty.delay = 0;
    fails(&ledger, hasty, claim, proof, "too_early");
}

#[test]
fn a_head_without_its_quorum_says_nothing_about_what_was_logged_when() {
    let mut ledger = ledger();
    let (event, mut withheld) = withheld(&mut ledger);
    let subjects = subjects_for(&event, &SEERS);
    let few = &VALIDATORS[..3];
    let (_, lists) = close_hiding(&mut ledger, None, &subjects, few, NOW + 2 * DAY);
    withheld.prev = predecessor(&ledger, &event);
    withheld.lists = lists;
    let (claim, proof) = (Claim::Witnessed, Proof::NotProven);
    fails(&ledger, withheld, claim, proof, "too_few");
}
