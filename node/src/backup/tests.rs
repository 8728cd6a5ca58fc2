#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::fault::Fate;
use crate::fixture::*;
use crate::fsck;
use crate::ledger::Writer;

const SINCE: u64 = NOW + 1_000;

/// A member with some history: logged, waiting, cosigned.
fn province() -> Province {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut member = province.open("HTX-1");
    let line = follow(&mut so, &mut member, at(2)).unwrap().unwrap();
    let size = so.heads().borrow().size.0;
    so.add_cosignature(ledger_core::ids::TreeSize(size), &line)
        .unwrap();
    record(&mut member, "HTX-1", 0..5);
    province
}

fn open_at(folder: &Folder, province: &Province, who: &str) -> Writer {
    let options = province.options(&org(who), Faults::none());
    Writer::open(folder, options, at(0)).unwrap().0
}

#[test]
fn a_backup_of_a_running_node_is_restored_whole_and_its_keys_are_silent() {
    let province = province();
    let dir = tempfile::tempdir().unwrap();
    for who in ["HTX-1", SO] {
        let (from, copy) = (province.folder(&org(who)), dir.path().join(who));
        let running = province.open(who);
        backup(&from, &copy, true, &Faults::none()).unwrap();
        let folder = Folder::new(dir.path().join(format!("{who}-restored")));
        restore(&copy, &folder, SINCE, &Faults::none()).unwrap();
        assert_eq!(
            fs::read(folder.log()).unwrap(),
            fs::read(from.log()).unwrap()
        );
        let mark = Restored::read(&folder).unwrap().unwrap();
        assert!(mark.silences(&KeyRole::Device(org(who))));
        let restored = open_at(&folder, &province, who);
        assert_eq!(restored.pending(), running.pending());
        drop(restored);
        assert!(fsck::check(&folder).unwrap().is_sound());
    }
}

#[test]
fn without_keys_there_are_none() {
    let province = province();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    backup(
        &province.folder(&org("HTX-1")),
        &copy,
        false,
        &Faults::none(),
    )
    .unwrap();
    assert!(!copy.join("keys").exists());
    // Nothing is overwritten, neither by a backup nor by restoring.
    let again = backup(
        &province.folder(&org("HTX-1")),
        &copy,
        false,
        &Faults::none(),
    );
    assert!(matches!(again, Err(BackupError::NotEmpty(_))));
    let over = restore(
        &copy,
        &province.folder(&org("HTX-1")),
        SINCE,
        &Faults::none(),
    );
    assert!(matches!(over, Err(BackupError::NotEmpty(_))));
}

/// A disk whose n-th step of a backup fails.
fn nth(n: usize, fate: Fate) -> Faults {
    let count = Arc::new(AtomicUsize::new(0));
    Faults::new(move |step| {
        let hit = step == Step::Backup && count.fetch_add(1, Ordering::Relaxed) == n;
        if hit { fate } else { Fate::Done }
    })
}

#[test]
fn an_interrupted_backup_or_restore_is_found_out_at_every_file() {
    let province = province();
    let from = province.folder(&org("HTX-1"));
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    let files = backup(&from, &whole, true, &Faults::none()).unwrap().files;
    for fate in [Fate::Lost, Fate::Torn] {
        for n in 0..=files {
            let copy = dir.path().join(format!("backup-{n}-{fate:?}"));
            backup(&from, &copy, true, &nth(n, fate)).unwrap_err();
            let folder = Folder::new(dir.path().join(format!("from-{n}-{fate:?}")));
            let error = restore(&copy, &folder, SINCE, &Faults::none()).unwrap_err();
            assert!(matches!(error, BackupError::Interrupted(_)), "{n}: {error}");
        }
        for n in 0..files {
            let folder = Folder::new(dir.path().join(format!("to-{n}-{fate:?}")));
            restore(&whole, &folder, SINCE, &nth(n, fate)).unwrap_err();
            // It does not start, or it starts and is silent.
            let starts = Writer::open(
                &folder,
                province.options(&org("HTX-1"), Faults::none()),
                at(0),
            );
            assert!(
                starts.is_err() && folder.restored().exists(),
                "{n} {fate:?}"
            );
        }
    }
}

#[test]
fn a_flipped_byte_and_a_wrong_list_are_refused() {
    let province = province();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    backup(
        &province.folder(&org("HTX-1")),
        &copy,
        true,
        &Faults::none(),
    )
    .unwrap();
    let folder = Folder::new(dir.path().join("restored"));
    let log = fs::read(copy.join("log.seg")).unwrap();
    let mut flipped = log.clone();
    flipped[log.len() / 2] ^= 1;
    fs::write(copy.join("log.seg"), flipped).unwrap();
    let error = restore(&copy, &folder, SINCE, &Faults::none()).unwrap_err();
    assert!(
        matches!(&error, BackupError::Damaged(path) if path.ends_with("log.seg")),
        "{error}"
    );
    fs::write(copy.join("log.seg"), log).unwrap();
    let list = fs::read_to_string(copy.join(LIST)).unwrap();
    for text in [
        list.replace("log.seg", "../log.seg"),
        list.replace("log.seg", "/log.seg"),
        list.trim_end().to_owned(),
        list.replace("genesis.cbor", "genesis.old"),
    ] {
        fs::write(copy.join(LIST), text).unwrap();
        let error = restore(&copy, &folder, SINCE, &Faults::none()).unwrap_err();
        assert!(matches!(error, BackupError::List), "{error}");
    }
}
