//! Every write of the commit order, failed in every way; then the folder is opened again and must be whole.

use super::super::{EventStatus, LedgerError, Submitted, Writer};
use crate::fault::{Fate, Step};
use crate::fixture::*;
use ledger_core::ids::{EventId, TreeSize};
use ledger_core::sign::event_id;

const FATES: [Fate; 4] = [Fate::Lost, Fate::Full, Fate::Torn, Fate::Unanswered];

/// What was answered with yes, and the newest head that others may have seen.
struct Promised {
    events: Vec<EventId>,
    head: Option<String>,
}

impl Promised {
    fn hold(&self, writer: &mut Writer, case: &str) {
        for id in &self.events {
            assert_ne!(
                writer.status(id),
                EventStatus::Unknown,
                "{case}: an acknowledged event is gone"
            );
        }
        if let Some(head) = &self.head {
            let head = writer.read_head(head).unwrap();
            assert_eq!(
                writer.root_at(head.size()),
                Some(head.checkpoint.root()),
                "{case}: a published head is contradicted"
            );
        }
    }
}

/// A follower that starts from nothing accepts the log as it is.
fn follow_from_scratch(so: &mut Writer, case: &str) {
    let fresh = Province::new(1, None);
    let member = fresh.folder(&org("HTX-1"));
    let from = so.store.folder.clone();
    std::fs::copy(from.genesis(), member.genesis()).unwrap();
    std::fs::copy(from.anchor(), member.anchor()).unwrap();
    let options = super::super::Options::default();
    let (mut auditor, _) = Writer::open(&member, options, at(0)).unwrap();
    follow(so, &mut auditor, at(0)).unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(auditor.replica().root(), so.replica().root(), "{case}");
}

/// Records, takes and logs on a failing disk, whatever the answers are.
fn work(so: &mut Writer, envelopes: &[Vec<u8>], first: usize, clock: u64) -> Promised {
    let mut events = Vec::new();
    for n in first..first + 3 {
        events.extend(
            so.record(&org(SO), hold("HTX-1", n), at(clock))
                .map(|receipt| receipt.event_id)
                .ok(),
        );
    }
    for envelope in envelopes {
        let taken = matches!(
            so.submit(envelope, at(clock)),
            Ok(Submitted::Pending | Submitted::Logged(_))
        );
        events.extend(taken.then(|| event_id(envelope)));
    }
    // The result does not matter: what others may have seen is what was announced.
    let _ = so.sequence(at(clock + 1));
    Promised {
        events,
        head: so.heads().borrow().checkpoint.clone(),
    }
}

#[test]
fn the_sequencer_keeps_its_promises_whatever_write_fails() {
    for step in [
        Step::Writer,
        Step::Pending,
        Step::Log,
        Step::Checkpoint,
        Step::Cosigned,
        Step::PendingRewrite,
    ] {
        for fate in FATES {
            for dies in [true, false] {
                let case = format!("{step:?} {fate:?} dies: {dies}");
                let (province, disk) = (Province::new(1, None), Disk::default());
                let mut so = province.try_open(SO, &disk, at(0)).unwrap().0;
                province.enrol(&mut so);
                let mut htx = province.open("HTX-1");
                follow(&mut so, &mut htx, at(2)).unwrap();
                record(&mut htx, "HTX-1", 0..4);
                let envelopes = htx.pending();

                disk.fail(step, fate);
                let promised = work(&mut so, &envelopes[..2], 0, 10);
                promised.hold(&mut so, &case);
                disk.heal();
                if dies {
                    drop(so);
                    so = province
                        .try_open(SO, &disk, at(0))
                        .unwrap_or_else(|e| panic!("{case}: {e}"))
                        .0;
                    promised.hold(&mut so, &case);
                }
                let later = work(&mut so, &envelopes, 3, 40);
                let goes_on = dies
                    || matches!(fate, Fate::Lost | Fate::Full)
                    || !matches!(step, Step::Writer | Step::Pending | Step::Log);
                if goes_on {
                    assert_eq!(later.events.len(), 7, "{case}");
                    assert_eq!(so.replica().size(), so.published(), "{case}");
                    assert!(so.pending().is_empty(), "{case}");
                }
                promised.hold(&mut so, &case);
                later.hold(&mut so, &case);
                follow_from_scratch(&mut so, &case);
            }
        }
    }
}

#[test]
fn a_validator_keeps_its_word_whatever_write_fails() {
    for step in [
        Step::Log,
        Step::Checkpoint,
        Step::CosignedState,
        Step::Cosigned,
    ] {
        for fate in FATES {
            for dies in [true, false] {
                let case = format!("{step:?} {fate:?} dies: {dies}");
                let (province, disk) = (Province::new(1, Some(1)), Disk::default());
                let mut so = province.sequencer();
                let mut htx = province.try_open("HTX-1", &disk, at(0)).unwrap().0;
                let line = follow(&mut so, &mut htx, at(2)).unwrap().unwrap();
                so.add_cosignature(so.published(), &line).unwrap();
                so.record(&org(SO), hold("HTX-1", 1), at(3)).unwrap();
                so.sequence(at(4)).unwrap();

                disk.fail(step, fate);
                let said = follow(&mut so, &mut htx, at(5))
                    .ok()
                    .flatten()
                    .map(|_| so.published());
                let words = said
                    .into_iter()
                    .chain(
                        htx.heads()
                            .borrow()
                            .cosignature
                            .as_ref()
                            .map(|(size, _)| *size),
                    )
                    .max();
                disk.heal();
                if dies {
                    drop(htx);
                    htx = province
                        .try_open("HTX-1", &disk, at(0))
                        .unwrap_or_else(|e| panic!("{case}: {e}"))
                        .0;
                }
                let state =
                    std::fs::read_to_string(province.folder(&org("HTX-1")).cosigned_state())
                        .unwrap();
                let durable: u64 = state.lines().nth(1).unwrap().parse().unwrap();
                assert!(
                    words.is_none_or(|size| size <= TreeSize(durable)),
                    "{case}: said more than it remembers"
                );

                let followed = follow(&mut so, &mut htx, at(30));
                let broken =
                    !dies && step == Step::Log && matches!(fate, Fate::Torn | Fate::Unanswered);
                if broken {
                    assert!(matches!(followed, Err(LedgerError::File(_))), "{case}");
                    drop(htx);
                    htx = province.try_open("HTX-1", &disk, at(0)).unwrap().0;
                    follow(&mut so, &mut htx, at(31)).unwrap();
                } else {
                    followed.unwrap_or_else(|e| panic!("{case}: {e}"));
                }
                assert_eq!(htx.replica().root(), so.replica().root(), "{case}");
                assert_eq!(htx.published(), so.published(), "{case}");
                let (size, line) = htx.heads().borrow().cosignature.clone().unwrap();
                so.add_cosignature(size, &line)
                    .unwrap_or_else(|e| panic!("{case}: {e}"));
            }
        }
    }
}

#[test]
fn a_batch_that_was_torn_anywhere_is_finished_at_the_next_start() {
    let (province, disk) = (Province::new(1, None), Disk::default());
    let mut so = province.try_open(SO, &disk, at(0)).unwrap().0;
    province.enrol(&mut so);
    let head = so.heads().borrow().checkpoint.clone();
    let log = province.folder(&org(SO)).log();
    let durable = std::fs::metadata(&log).unwrap().len();
    let promised: Vec<EventId> = (0..3)
        .map(|n| {
            so.record(&org(SO), hold("HTX-1", n), at(5))
                .unwrap()
                .event_id
        })
        .collect();
    disk.fail(Step::Checkpoint, Fate::Lost);
    so.sequence(at(6)).unwrap_err();
    disk.heal();
    drop(so);
    let bytes = std::fs::read(&log).unwrap();
    // Every byte would take minutes in a debug build; a prime walks through all kinds of places.
    for len in (durable as usize..=bytes.len())
        .step_by(13)
        .chain([bytes.len()])
    {
        std::fs::write(&log, &bytes[..len]).unwrap();
        let checkpoint = province.folder(&org(SO)).checkpoint();
        std::fs::write(&checkpoint, head.as_ref().unwrap()).unwrap();
        std::fs::write(province.folder(&org(SO)).cosigned(), head.as_ref().unwrap()).unwrap();
        let (mut so, opening) = province.try_open(SO, &Disk::default(), at(0)).unwrap();
        assert!(len == durable as usize || !opening.said.is_empty());
        so.tick(at(1)).unwrap();
        assert_eq!(
            (so.published(), so.pending().len()),
            (so.replica().size(), 0),
            "{len}"
        );
        for id in &promised {
            assert!(
                matches!(so.status(id), EventStatus::Cosigned(_)),
                "{len}: {:?}",
                so.status(id)
            );
        }
    }
}

#[test]
fn a_log_that_was_changed_under_its_head_is_never_opened() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 4);
    drop(so);
    let log = province.folder(&org(SO)).log();
    let bytes = std::fs::read(&log).unwrap();
    let records = crate::files::Segment::open(
        &log,
        Step::Log,
        crate::files::Durable::AllButLast,
        crate::fault::Faults::none(),
    );
    let records = records.unwrap().0;
    for record in 0..records.len() {
        let at_byte = records.offset(record).unwrap() as usize + 20;
        let mut changed = bytes.clone();
        changed[at_byte] ^= 1;
        std::fs::write(&log, &changed).unwrap();
        let error = province
            .try_open(SO, &Disk::default(), at(0))
            .err()
            .unwrap();
        assert_eq!(error.code(), "SO_CAI_BI_SUA");
        assert!(
            error.message_vi().contains(&format!("vị trí {record}.")),
            "{}",
            error.message_vi()
        );
        assert_eq!(
            std::fs::read(&log).unwrap(),
            changed,
            "nothing is repaired silently"
        );
        // The same with a checksum that fits: whoever changes an entry can do that.
        let mut entries = Vec::new();
        std::fs::write(&log, &bytes).unwrap();
        let mut segment = crate::files::Segment::open(
            &log,
            Step::Log,
            crate::files::Durable::AllButLast,
            crate::fault::Faults::none(),
        )
        .unwrap()
        .0;
        segment
            .for_each(0, |_, entry| {
                entries.push(entry.to_vec());
                true
            })
            .unwrap();
        let last = entries[record as usize].len() - 1;
        entries[record as usize][last] ^= 1;
        std::fs::write(&log, crate::files::encode_records(&entries).unwrap()).unwrap();
        let error = province
            .try_open(SO, &Disk::default(), at(0))
            .err()
            .unwrap();
        assert_eq!(error.code(), "SO_CAI_BI_SUA");
        assert!(
            error.message_vi().contains(&format!("vị trí {record}.")),
            "{}",
            error.message_vi()
        );
    }
    std::fs::write(&log, &bytes).unwrap();
    province.open(SO);
}

pub fn record_and_log(so: &mut Writer, count: usize) {
    for n in 0..count {
        so.record(&org(SO), hold("HTX-1", n), at(2)).unwrap();
    }
    so.sequence(at(3)).unwrap();
}
