//! A device that signed two things under one number.

use ledger_core::evidence::{Claim, Evidence, Excerpt, Fork};
use ledger_core::genesis::Genesis;
use ledger_core::sign::SignedEvent;
use ledger_core::subject::Subject;
use ledger_core::verify::Proof;
use tests::inprocess::{InProcess, genesis, sample_folder};
use tests::sample::{Sample, VALIDATORS};

use super::material::{
    AUTHORITY, GROWER, NOW, close, close_hiding, harvest, ledger, next, recall, sign, signed_again,
    subjects_for,
};
use super::{must_fail, must_hold};

/// Two different statements at the next place of an organisation's device.
fn two_statements(ledger: &InProcess, by: &str) -> [SignedEvent; 2] {
    let link = next(ledger, by);
    ["A-1", "A-2"].map(|no| sign(ledger, by, harvest(no), NOW, link))
}

fn fork(ledger: &InProcess, envelopes: [Vec<u8>; 2], lists: Option<Excerpt>) -> Evidence {
    Evidence::Fork(Fork {
        genesis: ledger.entries[0].clone(),
        envelopes,
        lists,
    })
}

fn bytes(events: &[SignedEvent; 2]) -> [Vec<u8>; 2] {
    [events[0].bytes().to_vec(), events[1].bytes().to_vec()]
}

#[test]
fn two_statements_at_one_place_convict_the_device() {
    let mut ledger = ledger();
    let events = two_statements(&ledger, GROWER);
    let (_, lists) = close(&mut ledger, &subjects_for(&events[0], &[]), NOW);
    let evidence = fork(&ledger, bytes(&events), Some(lists));
    let judgement = must_hold(&evidence, ledger.anchor());
    let member = judgement.finding(Claim::Member).unwrap();
    assert_eq!(
        (member.by.as_slice(), member.as_of),
        ([GROWER.to_owned()].as_slice(), Some(NOW))
    );
}

#[test]
fn a_device_that_genesis_names_needs_no_lists() {
    let ledger = ledger();
    let link = next(&ledger, AUTHORITY);
    let events = ["A-1", "A-2"].map(|no| sign(&ledger, AUTHORITY, recall(no), NOW, link));
    must_hold(&fork(&ledger, bytes(&events), None), ledger.anchor());
}

#[test]
fn without_lists_it_is_only_shown_what_a_key_signed() {
    let ledger = ledger();
    let events = two_statements(&ledger, GROWER);
    let evidence = fork(&ledger, bytes(&events), None);
    let (claim, proof) = (Claim::Member, Proof::NotProven);
    must_fail(&evidence, ledger.anchor(), claim, proof, "no_membership");
    let judgement = evidence.check(ledger.anchor());
    for claim in [Claim::Signed, Claim::SamePlace, Claim::Different] {
        assert_eq!(judgement.finding(claim).unwrap().proof, Proof::Proven);
    }
}

#[test]
fn another_signature_over_the_same_statement_is_no_fork() {
    let mut ledger = ledger();
    let [event, _] = two_statements(&ledger, GROWER);
    let again = signed_again(&ledger, GROWER, event.bytes());
    let (_, lists) = close(&mut ledger, &subjects_for(&event, &[]), NOW);
    let evidence = fork(&ledger, [event.bytes().to_vec(), again], Some(lists));
    let (claim, proof) = (Claim::Different, Proof::Contradicted);
    must_fail(&evidence, ledger.anchor(), claim, proof, "same_statement");
}

#[test]
fn bytes_added_on_the_way_make_no_fork() {
    let ledger = ledger();
    let [event, _] = two_statements(&ledger, GROWER);
    let plain = event.bytes().to_vec();
    let mut unprotected = plain.clone();
    let at = unprotected.iter().position(|b| *b == 0xa0).unwrap();
    unprotected.splice(at..=at, [0xa1, 0x01, 0x00]);
    for padded in [[plain.clone(), vec![0]].concat(), unprotected] {
        let evidence = fork(&ledger, [plain.clone(), padded], None);
        let (claim, proof) = (Claim::Signed, Proof::Contradicted);
        must_fail(&evidence, ledger.anchor(), claim, proof, "malformed");
    }
}

#[test]
fn events_of_two_places_or_two_devices_are_no_fork() {
    let ledger = ledger();
    let link = next(&ledger, GROWER);
    let first = sign(&ledger, GROWER, harvest("A-1"), NOW, link);
    let second = sign(&ledger, GROWER, harvest("A-2"), NOW, link.after(first.id()));
    let other = sign(&ledger, "ORG-01", harvest("A-1"), NOW, link);
    for pair in [[first.clone(), second], [first, other]] {
        let evidence = fork(&ledger, bytes(&pair), None);
        let (claim, proof) = (Claim::SamePlace, Proof::Contradicted);
        must_fail(&evidence, ledger.anchor(), claim, proof, "other_place");
    }
}

#[test]
fn a_forged_signature_and_another_ledger_convict_nobody() {
    let ledger = ledger();
    let events = two_statements(&ledger, GROWER);
    let mut forged = bytes(&events);
    *forged[1].last_mut().unwrap() ^= 1;
    let (claim, proof) = (Claim::Signed, Proof::Contradicted);
    let evidence = fork(&ledger, forged, None);
    must_fail(&evidence, ledger.anchor(), claim, proof, "bad_signature");

    let sample = Sample::load(&sample_folder()).unwrap();
    let other = Genesis {
        name: "Sổ khác".to_owned(),
        ..genesis(&sample)
    };
    let evidence = Evidence::Fork(Fork {
        genesis: other.encode(),
        envelopes: bytes(&events),
        lists: None,
    });
    must_fail(&evidence, ledger.anchor(), claim, proof, "other_ledger");
}

#[test]
fn membership_is_shown_by_whole_lists_under_a_quorum() {
    let mut ledger = ledger();
    let events = two_statements(&ledger, GROWER);
    let subjects = subjects_for(&events[0], &[]);
    let (_, few) = close_hiding(&mut ledger, None, &subjects, &VALIDATORS[..3], NOW);
    let member = |ledger: &InProcess, lists: &Excerpt, proof, detail| {
        let evidence = fork(ledger, bytes(&events), Some(lists.clone()));
        must_fail(&evidence, ledger.anchor(), Claim::Member, proof, detail);
    };
    member(&ledger, &few, Proof::NotProven, "too_few");

    let (_, mut cut) = close(&mut ledger, &subjects, NOW);
    let at = cut.events.len() - 1;
    cut.events.remove(at);
    member(&ledger, &cut, Proof::Contradicted, "list_differs");

    let others = [AUTHORITY, "ORG-01"].map(|id| Subject::Organisation(super::material::org(id)));
    let (_, others) = close(&mut ledger, &others.into(), NOW);
    member(&ledger, &others, Proof::NotProven, "left_out");
}

#[test]
fn a_key_that_was_never_enrolled_is_no_members() {
    let mut ledger = ledger();
    let stranger = tests::inprocess::fixed_key("stranger");
    let link = ledger_core::chain::Link::first(&ledger.replica.ledger_id());
    let id = ledger.replica.ledger_id();
    let org = super::material::org(GROWER);
    let events = ["A-1", "A-2"]
        .map(|no| super::material::draft(harvest(no), NOW).sign(&stranger, &id, &org, link));
    let (_, lists) = close(&mut ledger, &subjects_for(&events[0], &[]), NOW);
    let evidence = fork(&ledger, bytes(&events), Some(lists));
    let (claim, proof) = (Claim::Member, Proof::NotProven);
    must_fail(&evidence, ledger.anchor(), claim, proof, "not_enrolled");
}
