//! What the next start finds and says.

use super::super::{EventStatus, Health, LedgerError};
use super::crash::record_and_log;
use crate::fixture::*;
use ledger_core::ids::{LeafIndex, TreeSize};
use ledger_core::kind::Kind;

#[test]
fn a_restart_keeps_everything_and_says_nothing_when_all_is_well() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 3);
    let (heads, root) = (so.heads().borrow().clone(), so.replica().root());
    so.close();
    drop(so);
    let (so, opening) = province.try_open(SO, &Disk::default(), at(0)).unwrap();
    assert!(opening.said.is_empty(), "{opening:?}");
    assert_eq!(
        (so.heads().borrow().clone(), so.replica().root()),
        (heads, root)
    );
    assert_eq!(so.next_wake(), None);
    drop(so);
    let mut htx = province.open("HTX-1");
    let mut so = province.open(SO);
    follow(&mut so, &mut htx, at(1)).unwrap();
    record(&mut htx, "HTX-1", 0..3);
    let waiting = htx.pending();
    drop(htx);
    let (htx, opening) = province.try_open("HTX-1", &Disk::default(), at(0)).unwrap();
    assert_eq!(htx.pending(), waiting);
    assert!(
        opening.said.iter().any(|(vi, _)| vi.contains("3 việc")),
        "{opening:?}"
    );
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let province = Province::new(1, None);
    let _so = province.open(SO);
    let error = province
        .try_open(SO, &Disk::default(), at(0))
        .err()
        .unwrap();
    assert_eq!(error.code(), "THU_MUC_DANG_DUNG");
}

#[test]
fn a_missing_or_broken_or_foreign_index_is_made_anew() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 3);
    let id = so.replica().tree().leaves()[3];
    so.close();
    drop(so);
    let folder = province.folder(&org(SO)).index();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    };
    let foreign = Province::new(1, None);
    let mut other = foreign.sequencer();
    record_and_log(&mut other, 1);
    other.close();
    drop(other);

    type Harm<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let harms: [Harm; 4] = [
        (
            "missing",
            Box::new(|| std::fs::remove_dir_all(&folder).unwrap()),
        ),
        (
            "flipped",
            Box::new(|| {
                let db = folder.join("db");
                let mut bytes = std::fs::read(&db).unwrap();
                bytes
                    .iter_mut()
                    .filter(|byte| **byte != 0)
                    .for_each(|byte| *byte ^= 0x55);
                std::fs::write(db, bytes).unwrap();
            }),
        ),
        (
            "halved",
            Box::new(|| {
                let db = std::fs::OpenOptions::new()
                    .write(true)
                    .open(folder.join("db"));
                let db = db.unwrap();
                db.set_len(db.metadata().unwrap().len() / 2).unwrap();
            }),
        ),
        (
            "foreign",
            Box::new(|| {
                std::fs::remove_dir_all(&folder).unwrap();
                copy(&foreign.folder(&org(SO)).index(), &folder);
            }),
        ),
    ];
    for (harm, do_it) in harms {
        do_it();
        let (mut so, opening) = province.try_open(SO, &Disk::default(), at(0)).unwrap();
        assert!(
            opening
                .said
                .iter()
                .any(|(vi, _)| vi.to_lowercase().contains("chỉ mục")),
            "{harm}: {opening:?}"
        );
        let index = so.index.as_ref().unwrap();
        assert_eq!(
            index.as_of(),
            (so.replica().size(), so.replica().root()),
            "{harm}"
        );
        assert_eq!(
            index.find(&ledger_core::ids::EventId(id)).unwrap(),
            Some(LeafIndex(3)),
            "{harm}"
        );
        so.close();
    }
    // One that lags behind only catches up.
    let mut so = province.open(SO);
    so.index = None;
    record_and_log(&mut so, 2);
    drop(so);
    let (so, opening) = province.try_open(SO, &Disk::default(), at(0)).unwrap();
    assert!(opening.said.is_empty(), "{opening:?}");
    assert_eq!(so.index.as_ref().unwrap().as_of().0, so.replica().size());
    assert_eq!(
        so.index.as_ref().unwrap().counts().unwrap().0 as u64,
        so.replica().size().0 - 1
    );
}

#[test]
fn a_lost_checkpoint_is_taken_from_the_cosigned_one_or_fetched_again() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 3);
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(4)).unwrap();
    let size = so.published();
    drop(htx);
    let folder = province.folder(&org("HTX-1"));
    std::fs::remove_file(folder.checkpoint()).unwrap();
    assert_eq!(province.open("HTX-1").published(), size);
    std::fs::remove_file(folder.cosigned()).unwrap();
    let (mut htx, opening) = province.try_open("HTX-1", &Disk::default(), at(0)).unwrap();
    assert!(
        opening.said.iter().any(|(vi, _)| vi.contains("bản sao")),
        "{opening:?}"
    );
    assert_eq!(htx.replica().size(), TreeSize(1));
    follow(&mut so, &mut htx, at(4)).unwrap();
    assert_eq!(htx.published(), size);
    drop(htx);
    // A head that nobody signed is not believed.
    let text = std::fs::read_to_string(folder.checkpoint()).unwrap();
    std::fs::write(
        folder.checkpoint(),
        text.replacen(&format!("\n{size}\n"), "\n2\n", 1),
    )
    .unwrap();
    assert_eq!(
        province
            .try_open("HTX-1", &Disk::default(), at(0))
            .err()
            .unwrap()
            .code(),
        "SO_CAI_BI_SUA"
    );
}

#[test]
fn a_sequencer_without_its_heads_goes_on_and_never_back() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    record_and_log(&mut so, 3);
    let (size, head) = (
        so.published(),
        so.heads().borrow().checkpoint.clone().unwrap(),
    );
    drop(so);
    std::fs::remove_file(province.folder(&org(SO)).checkpoint()).unwrap();
    let mut so = province.open(SO);
    so.tick(at(0)).unwrap();
    assert!(so.published() >= size);
    let old = so.read_head(&head).unwrap();
    assert_eq!(so.root_at(size), Some(old.checkpoint.root()));
}

#[test]
fn a_device_that_lost_its_tail_fetches_it_and_opens_a_new_epoch() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    record(&mut htx, "HTX-1", 0..3);
    hand_in(&htx, &mut so);
    so.sequence(at(3)).unwrap();
    follow(&mut so, &mut htx, at(4)).unwrap();
    drop(htx);
    // Its own file is gone, the log is here.
    let folder = province.folder(&org("HTX-1"));
    std::fs::remove_file(folder.writer()).unwrap();
    let mut htx = province.open("HTX-1");
    let error = htx
        .record(&org("HTX-1"), harvest("HTX-1", 3), at(5))
        .unwrap_err();
    assert!(matches!(error, LedgerError::LostTail(_)), "{error}");
    follow(&mut so, &mut htx, at(5)).unwrap();
    let receipt = htx
        .record(&org("HTX-1"), harvest("HTX-1", 3), at(5))
        .unwrap();
    assert_eq!((receipt.epoch, receipt.seq), (1, 1));
    let next = htx
        .record(&org("HTX-1"), harvest("HTX-1", 4), at(5))
        .unwrap();
    assert_eq!((next.epoch, next.seq), (1, 2));
    assert_eq!(htx.pending().len(), 3);
    hand_in(&htx, &mut so);
    so.sequence(at(6)).unwrap();
    follow(&mut so, &mut htx, at(7)).unwrap();
    assert!(matches!(
        htx.status(&next.event_id),
        EventStatus::Cosigned(_)
    ));
    drop(htx);
    let mut htx = province.open("HTX-1");
    assert_eq!(
        htx.record(&org("HTX-1"), harvest("HTX-1", 5), at(8))
            .unwrap()
            .epoch,
        1
    );
}

#[test]
fn a_restored_backup_that_signed_again_is_found_out_and_goes_on_in_a_new_epoch() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    record(&mut htx, "HTX-1", 0..1);
    drop(htx);
    let folder = province.folder(&org("HTX-1"));
    let backup = std::fs::read(folder.writer()).unwrap();
    let mut htx = province.open("HTX-1");
    let seen = record(&mut htx, "HTX-1", 1..2)[0];
    hand_in(&htx, &mut so);
    so.sequence(at(3)).unwrap();
    drop(htx);
    // An old copy, offline, signs the same number again.
    std::fs::write(folder.writer(), &backup).unwrap();
    let mut htx = province.open("HTX-1");
    let forked = htx
        .record(&org("HTX-1"), harvest("HTX-1", 77), at(4))
        .unwrap();
    assert_eq!((forked.epoch, forked.seq), (seen.epoch, seen.seq));
    assert!(matches!(so.submit(&htx.pending()[1], at(4)).unwrap(),
        super::super::Submitted::Refused { code, .. } if code == "TRUNG_SO_THU_TU"));
    follow(&mut so, &mut htx, at(5)).unwrap();
    let status = htx.status(&forked.event_id);
    assert!(
        matches!(&status, EventStatus::Stuck { code, .. } if code == "TRUNG_SO_THU_TU"),
        "{status:?}"
    );
    let receipt = htx
        .record(&org("HTX-1"), harvest("HTX-1", 77), at(5))
        .unwrap();
    assert_eq!((receipt.epoch, receipt.seq), (1, 1));
    hand_in(&htx, &mut so);
    so.sequence(at(6)).unwrap();
    follow(&mut so, &mut htx, at(7)).unwrap();
    assert!(matches!(
        htx.status(&receipt.event_id),
        EventStatus::Cosigned(_)
    ));
}

#[test]
fn a_changed_entry_stops_a_running_node() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 3);
    let log = province.folder(&org(SO)).log();
    let offset = so.store.log.offset(4).unwrap() as usize;
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[offset + 30] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let error = so.entries(LeafIndex(0), usize::MAX).unwrap_err();
    assert_eq!(error.code(), "SO_CAI_BI_SUA");
    assert!(
        error.message_vi().contains("vị trí 4"),
        "{}",
        error.message_vi()
    );
    assert!(matches!(&*so.health().borrow(), Health::Tampered(_)));
    assert!(so.record(&org(SO), hold("HTX-1", 9), at(9)).is_err());
    assert!(so.entries(LeafIndex(0), 1).is_err());
}

#[test]
fn the_file_of_taken_events_is_rewritten_when_most_are_logged() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    let count = super::super::open::PRUNE_RECORDS_MIN as usize + 10;
    record(&mut htx, "HTX-1", 0..count);
    let envelopes = htx.pending();
    for envelope in &envelopes[..count - 5] {
        so.submit(envelope, at(2)).unwrap();
    }
    so.sequence(at(3)).unwrap();
    assert_eq!(so.store.taken.len(), 0);
    for envelope in &envelopes[count - 5..] {
        so.submit(envelope, at(4)).unwrap();
    }
    drop(so);
    let mut so = province.open(SO);
    assert_eq!(so.pending().len(), 5);
    so.tick(at(1)).unwrap();
    assert!(so.pending().is_empty());
}

#[test]
fn a_broken_state_file_is_met_made_anew_and_no_fault_of_the_log() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    record_and_log(&mut so, 5);
    let held = so.record(&org(SO), hold("HTX-1", 1), at(1)).unwrap();
    so.sequence(at(2)).unwrap();
    record_and_log(&mut so, 5);
    let state = province.folder(&org(SO)).state();
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert!(
            bytes > 1_000,
            "nothing was handed over to {}",
            path.display()
        );
        std::fs::write(&path, vec![0; bytes as usize]).unwrap();
    }
    let mut release = hold("HTX-1", 1);
    release.body.kind = Kind::Release;
    release.body.reference = Some(held.event_id.0);
    let released = so.record(&org(SO), release, at(3)).unwrap();
    assert!(matches!(so.sequence(at(4)), Err(LedgerError::Store(_))));
    assert_eq!(*so.health().borrow(), Health::Serving);
    so.sequence(at(5)).unwrap();
    assert!(matches!(
        so.status(&released.event_id),
        EventStatus::Logged(_, None) | EventStatus::Cosigned(_)
    ));
    let (root, map_root) = (so.replica().root(), so.replica.map_root());
    drop(so);
    let mut again = province.open(SO);
    assert_eq!(
        (again.replica().root(), again.replica.map_root()),
        (root, map_root)
    );
}
