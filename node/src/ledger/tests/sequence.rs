//! The sequencer: batches, heads, quorums.

use std::time::Duration;

use super::super::sequence::{BatchState, batch_due};
use super::super::writer::Timing;
use super::super::{EventStatus, LedgerError, Submitted};
use crate::fixture::*;
use ledger_core::ids::{LeafIndex, TreeSize};

#[test]
fn a_batch_is_due_when_something_waits_and_the_last_head_was_witnessed_or_waited_for() {
    let timing = Timing::default();
    let s = Duration::from_secs;
    let quiet = BatchState {
        waiting_since: None,
        unwitnessed_since: None,
        asking_until: None,
        disk_failed_at: None,
        unfinished: false,
    };
    assert_eq!(batch_due(quiet, &timing), None);
    assert_eq!(
        batch_due(
            BatchState {
                unwitnessed_since: Some(s(5)),
                ..quiet
            },
            &timing
        ),
        None
    );
    let waiting = BatchState {
        waiting_since: Some(s(20)),
        ..quiet
    };
    assert_eq!(batch_due(waiting, &timing), Some(s(20) + timing.batch));
    assert_eq!(
        batch_due(
            BatchState {
                unwitnessed_since: Some(s(5)),
                ..waiting
            },
            &timing
        ),
        Some(s(20) + timing.batch)
    );
    assert_eq!(
        batch_due(
            BatchState {
                unwitnessed_since: Some(s(19)),
                ..waiting
            },
            &timing
        ),
        Some(s(29))
    );
    assert_eq!(
        batch_due(
            BatchState {
                disk_failed_at: Some(s(25)),
                ..waiting
            },
            &timing
        ),
        Some(s(35))
    );
    assert_eq!(
        batch_due(
            BatchState {
                unfinished: true,
                ..quiet
            },
            &timing
        ),
        Some(s(0))
    );
}

#[test]
fn a_new_ledger_begins_with_a_head_over_genesis_and_a_map_head() {
    let province = Province::new(1, None);
    let mut so = province.open(SO);
    assert_eq!(so.next_wake(), Some(Duration::ZERO));
    so.tick(at(0)).unwrap();
    let heads = so.heads().borrow().clone();
    assert_eq!(
        (heads.size, heads.cosigned_size),
        (TreeSize(2), TreeSize(2))
    );
    assert_eq!(so.next_wake(), None);
}

#[test]
fn own_and_handed_in_events_are_logged_in_the_order_of_their_chains() {
    let province = Province::new(2, None);
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    let receipts = record(&mut htx, "HTX-1", 0..5);
    assert_eq!(
        receipts.iter().map(|r| r.seq).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    let envelopes = htx.pending();
    let gap = so.submit(&envelopes[1], at(2)).unwrap();
    assert!(
        matches!(&gap, Submitted::Refused { code, .. } if code == "THIEU_VIEC_TRUOC"),
        "{gap:?}"
    );
    for envelope in &envelopes {
        assert_eq!(so.submit(envelope, at(2)).unwrap(), Submitted::Pending);
        assert_eq!(so.submit(envelope, at(2)).unwrap(), Submitted::Pending);
    }
    let before = so.heads().borrow().size;
    so.sequence(at(3)).unwrap();
    assert_eq!(so.heads().borrow().size, TreeSize(before.0 + 6));
    assert_eq!(
        so.submit(&envelopes[0], at(4)).unwrap(),
        Submitted::Logged(LeafIndex(before.0))
    );
    assert!(
        matches!(so.status(&receipts[4].event_id), EventStatus::Cosigned(LeafIndex(n)) if n == before.0 + 4)
    );
    assert!(so.pending().is_empty() && so.next_batch().is_none());
    follow(&mut so, &mut htx, at(4)).unwrap();
    assert!(htx.pending().is_empty());
    assert_eq!(htx.replica().root(), so.replica().root());
}

#[test]
fn members_may_be_enrolled_and_speak_in_one_batch() {
    let province = Province::new(1, None);
    let mut so = province.open(SO);
    so.tick(at(0)).unwrap();
    let member = org("HTX-1");
    let keys = crate::setup::public_keys(&province.folder(&member), None).unwrap();
    so.record(&org(SO), admit(&member), at(0)).unwrap();
    so.record(
        &org(SO),
        enrol(
            &member,
            ledger_core::ids::Hash(keys.devices[0].1.to_bytes()),
        ),
        at(0),
    )
    .unwrap();
    // The member has seen the enrolment from elsewhere: its own chain begins.
    let key = crate::keys::load_or_generate(
        &province.folder(&member).keys(),
        &crate::keys::KeyRole::Device(member.clone()),
    );
    let ledger = so.replica().ledger_id();
    let request = harvest("HTX-1", 1);
    let draft = ledger_core::sign::Draft {
        occurred: request.occurred,
        signed: request.occurred,
        body: request.body,
    };
    let event = draft.sign(
        &key.unwrap(),
        &ledger,
        &member,
        ledger_core::chain::Link::first(&ledger),
    );
    assert_eq!(so.submit(event.bytes(), at(0)).unwrap(), Submitted::Pending);
    so.sequence(at(1)).unwrap();
    assert!(matches!(so.status(&event.id()), EventStatus::Cosigned(_)));
}

#[test]
fn a_head_is_published_as_cosigned_when_the_quorum_holds_and_not_before() {
    let province = Province::new(3, Some(2));
    let mut so = province.sequencer();
    let size = so.heads().borrow().size;
    assert_eq!(so.heads().borrow().cosigned_size, TreeSize(0));
    let mut lines = Vec::new();
    for member in ["HTX-1", "HTX-2", "HTX-3"] {
        let mut htx = province.open(member);
        lines.push(follow(&mut so, &mut htx, at(2)).unwrap().unwrap());
    }
    so.add_cosignature(size, &lines[0]).unwrap();
    so.add_cosignature(size, &lines[0]).unwrap();
    assert_eq!(so.heads().borrow().cosigned_size, TreeSize(0));
    so.add_cosignature(size, &lines[1]).unwrap();
    assert_eq!(so.heads().borrow().cosigned_size, size);
    so.add_cosignature(size, &lines[2]).unwrap();
    let cosigned = so.heads().borrow().cosigned.clone().unwrap();
    assert_eq!(
        cosigned
            .lines()
            .filter(|line| line.starts_with('—'))
            .count(),
        4
    );

    let other = so.add_cosignature(TreeSize(size.0 - 1), &lines[0]);
    assert!(matches!(other, Err(LedgerError::OtherHead(now)) if now == size));
    let name = |line: &str| line.replacen("htx-1.example/v", "htx-2.example/v", 1);
    for bad in [
        String::new(),
        "— x y".into(),
        name(&lines[0]),
        lines[0].replace("HTX", "X") + "A",
    ] {
        assert!(
            matches!(
                so.add_cosignature(size, &bad),
                Err(LedgerError::Malformed(_))
            ),
            "{bad}"
        );
    }
    let mut htx = province.open("HTX-1");
    assert!(matches!(
        htx.add_cosignature(size, &lines[0]),
        Err(LedgerError::NotSequencer)
    ));
}

#[test]
fn the_next_head_waits_for_the_quorum_of_the_last_but_not_for_ever() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let line = follow(&mut so, &mut htx, at(2)).unwrap().unwrap();
    so.record(&org(SO), hold("HTX-1", 1), at(2)).unwrap();
    let timing = Timing::default();
    // The head of the fixture was signed at second 1.
    assert_eq!(
        so.next_wake(),
        Some(Duration::from_secs(1) + timing.quorum_wait)
    );
    so.add_cosignature(so.published(), &line).unwrap();
    assert_eq!(so.next_wake(), Some(Duration::from_secs(2) + timing.batch));
}

#[test]
fn a_head_that_is_cosigned_again_for_months_keeps_its_first_and_its_newest_lines() {
    let province = Province::new(2, Some(2));
    let mut so = province.sequencer();
    let size = so.heads().borrow().size;
    let mut members = [province.open("HTX-1"), province.open("HTX-2")];
    for round in 0..100 {
        for htx in &mut members {
            let now = at(2 + round * 600);
            let line = match round {
                0 => follow(&mut so, htx, now).unwrap(),
                _ => htx.cosign_if_due(now).unwrap(),
            };
            so.add_cosignature(size, &line.unwrap()).unwrap();
            // The follower sees that there is a quorum, so it says nothing more before the interval is over.
            follow(&mut so, htx, now).unwrap();
        }
    }
    let note = so.heads().borrow().cosigned.clone().unwrap();
    let note = ledger_core::note::Note::parse(note.as_bytes()).unwrap();
    assert_eq!(note.lines().len(), 5);
    let times = so
        .anchor()
        .policy()
        .evaluate(&note)
        .unwrap()
        .quorum()
        .times()
        .unwrap();
    assert_eq!(
        (times.reached.seconds(), times.renewed.seconds()),
        (NOW + 2, NOW + 2 + 99 * 600)
    );
}

#[test]
fn the_last_cosigned_head_of_each_day_is_kept() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    drop(so);
    // Without witnesses there is no time; with one there is.
    let province = Province::new(1, Some(1));
    so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let mut heads = Vec::new();
    for day in 0..3 {
        for hour in 0..2 {
            let now = at(day * 86_400 + hour * 3_600 + 10);
            so.record(&org(SO), hold("HTX-1", (day * 2 + hour) as usize), now)
                .unwrap();
            so.sequence(now).unwrap();
            let line = follow(&mut so, &mut htx, now).unwrap().unwrap();
            so.add_cosignature(so.published(), &line).unwrap();
        }
        heads.push(so.heads().borrow().cosigned.clone().unwrap());
    }
    let folder = province.folder(&org(SO)).heads();
    for (day, head) in ["2026-10-19", "2026-10-20"].iter().zip(&heads) {
        assert_eq!(std::fs::read_to_string(folder.join(day)).unwrap(), *head);
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 2);
}

#[test]
fn what_the_log_takes_is_forgotten_whatever_its_order_and_the_rest_goes_on_waiting() {
    let province = Province::new(2, None);
    let mut so = province.sequencer();
    let mut member = province.open("HTX-1");
    follow(&mut so, &mut member, at(2)).unwrap();
    record(&mut member, "HTX-1", 0..3);
    // Another member's events wait here, too, behind and between the own ones.
    let mut other = province.open("HTX-2");
    follow(&mut so, &mut other, at(2)).unwrap();
    record(&mut other, "HTX-2", 0..3);
    hand_in(&other, &mut member);
    record(&mut member, "HTX-1", 3..5);
    assert_eq!((member.pending_len(), member.pending().len()), (8, 8));
    // The log takes the other's first, then all but the last of ours.
    hand_in(&other, &mut so);
    so.sequence(at(3)).unwrap();
    follow(&mut so, &mut member, at(3)).unwrap();
    assert_eq!(member.pending_len(), 5);
    let ours = member.pending();
    for envelope in &ours[..4] {
        so.submit(envelope, at(4)).unwrap();
    }
    so.sequence(at(5)).unwrap();
    follow(&mut so, &mut member, at(5)).unwrap();
    assert_eq!(member.pending(), ours[4..]);
    // The chain goes on behind what still waits, and after it.
    let next = record(&mut member, "HTX-1", 5..6);
    assert_eq!(next[0].seq, 5);
    hand_in(&member, &mut so);
    so.sequence(at(6)).unwrap();
    follow(&mut so, &mut member, at(6)).unwrap();
    assert_eq!(member.pending_len(), 0);
    assert_eq!(record(&mut member, "HTX-1", 6..7)[0].seq, 6);
}
