//! Restored folders: nobody signs before it knows what it signed.

use std::time::Duration;

use ledger_core::ids::TreeSize;

use super::super::{Health, LedgerError, Now, Writer};
use crate::backup::{backup, restore};
use crate::fault::{Fate, Faults, Step};
use crate::fixture::*;
use crate::folder::Folder;
use crate::keys::KeyRole;

/// Longer after a restoring than clocks may differ.
const LATER: u64 = 120;

struct Restorer {
    dir: tempfile::TempDir,
}

impl Restorer {
    /// Keeps a copy of a node's folder as it is now.
    fn back_up(province: &Province, who: &str) -> Restorer {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (province.folder(&org(who)), dir.path().join("copy"));
        backup(&from, &to, true, &Faults::none()).unwrap();
        Restorer { dir }
    }

    /// The node as it was then, restored so many seconds into the test.
    fn open(&self, province: &Province, who: &str, seconds: u64) -> Writer {
        let folder = Folder::new(self.dir.path().join("restored"));
        if !folder.genesis().exists() {
            let copy = self.dir.path().join("copy");
            restore(&copy, &folder, NOW + seconds, &Faults::none()).unwrap();
        }
        let options = province.options(&org(who), Faults::none());
        Writer::open(&folder, options, at(seconds)).unwrap().0
    }
}

fn size(writer: &Writer) -> TreeSize {
    writer.heads().borrow().size
}

/// The members' lines for the newest head.
fn cosign(so: &mut Writer, members: &mut [Writer], now: Now) {
    for member in members {
        if let Some(line) = follow(so, member, now).unwrap() {
            so.add_cosignature(size(so), &line).unwrap();
        }
    }
}

/// A new head with one event, cosigned by all.
fn log_one(so: &mut Writer, members: &mut [Writer], n: usize, seconds: u64) {
    so.record(&org(SO), hold("HTX-1", n), at(seconds)).unwrap();
    so.sequence(at(seconds)).unwrap();
    cosign(so, members, at(seconds));
}

#[test]
fn a_restored_log_signs_nothing_before_no_quorum_is_left_that_could_know_more() {
    let province = Province::new(3, Some(2));
    let mut so = province.sequencer();
    let mut members: Vec<Writer> = ["HTX-1", "HTX-2", "HTX-3"]
        .map(|who| province.open(who))
        .into();
    cosign(&mut so, &mut members, at(2));
    let copy = Restorer::back_up(&province, SO);
    log_one(&mut so, &mut members, 0, 3);
    log_one(&mut so, &mut members, 1, 4);
    let real = so.heads().borrow().clone();
    drop(so);

    let mut so = copy.open(&province, SO, 100);
    assert!(matches!(&*so.health().borrow(), Health::Learning(_)));
    assert!(size(&so) < real.size);
    // It takes events, logs nothing, and its own device says nothing.
    assert!(matches!(
        so.sequence(at(101)),
        Err(LedgerError::NotSequencer)
    ));
    assert!(matches!(
        so.record(&org(SO), hold("HTX-1", 7), at(101)),
        Err(LedgerError::LostTail(_))
    ));
    // A line for a head that it does not know teaches nothing.
    let again = |member: &mut Writer, seconds| {
        member
            .cosign_if_due(at(seconds))
            .unwrap()
            .expect("it is time to cosign again")
    };
    let early = again(&mut members[0], 700);
    assert!(matches!(
        so.add_cosignature(real.size, &early),
        Err(LedgerError::OtherHead(_))
    ));
    // It follows its own log from a member.
    follow(&mut members[0], &mut so, at(700)).unwrap();
    assert_eq!(size(&so), real.size);
    // One of three is not enough for a quorum of two: the other two could have met on a larger head.
    so.add_cosignature(real.size, &early).unwrap();
    so.add_cosignature(real.size, &early).unwrap();
    assert!(matches!(
        so.sequence(at(701)),
        Err(LedgerError::NotSequencer)
    ));
    let line = again(&mut members[1], 1_400);
    so.add_cosignature(real.size, &line).unwrap();
    // Two are: it goes on behind what it had signed, with a new epoch of its device.
    assert!(!so.is_silent(&KeyRole::Log) && so.is_silent(&KeyRole::Device(org(SO))));
    let receipt = so.record(&org(SO), hold("HTX-1", 7), at(1_401)).unwrap();
    assert_eq!((receipt.epoch, receipt.seq), (1, 1));
    assert!(matches!(&*so.health().borrow(), Health::Serving));
    so.sequence(at(1_402)).unwrap();
    cosign(&mut so, &mut members, at(1_403));
    assert_eq!(so.heads().borrow().cosigned_size, size(&so));
    drop(so);
    // Nothing of it is left for the next start.
    let so = copy.open(&province, SO, 1_500);
    assert!(!so.store.folder.restored().exists());
    assert!(matches!(&*so.health().borrow(), Health::Serving));
}

#[test]
fn lines_from_before_the_restoring_teach_nothing() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut members = [province.open("HTX-1")];
    let old = follow(&mut so, &mut members[0], at(2)).unwrap().unwrap();
    so.add_cosignature(size(&so), &old).unwrap();
    let copy = Restorer::back_up(&province, SO);
    drop(so);
    let mut so = copy.open(&province, SO, 100);
    so.add_cosignature(size(&so), &old).unwrap();
    assert!(so.is_silent(&KeyRole::Log));
    let line = members[0]
        .cosign_if_due(at(100 + LATER + 600))
        .unwrap()
        .unwrap();
    so.add_cosignature(size(&so), &line).unwrap();
    assert!(!so.is_silent(&KeyRole::Log));
}

#[test]
fn whatever_happens_to_the_mark_the_log_signs_only_when_it_is_gone() {
    for fate in [Fate::Lost, Fate::Full, Fate::Torn, Fate::Unanswered] {
        let province = Province::new(1, Some(1));
        let mut so = province.sequencer();
        let mut member = province.open("HTX-1");
        follow(&mut so, &mut member, at(2)).unwrap();
        let copy = Restorer::back_up(&province, SO);
        drop(so);
        drop(copy.open(&province, SO, 100));
        let folder = Folder::new(copy.dir.path().join("restored"));
        let disk = Disk::default();
        let options = || province.options(&org(SO), disk.faults());
        let mut so = Writer::open(&folder, options(), at(200)).unwrap().0;
        disk.fail(Step::Restored, fate);
        let line = member.cosign_if_due(at(900)).unwrap().unwrap();
        assert!(so.add_cosignature(size(&so), &line).is_err(), "{fate:?}");
        assert!(so.is_silent(&KeyRole::Log), "{fate:?}");
        // It dies here, or it lives on: the next line finds it as silent as before, and then it may speak.
        drop(so);
        disk.heal();
        let mut so = Writer::open(&folder, options(), at(1_000)).unwrap().0;
        assert!(so.is_silent(&KeyRole::Log), "{fate:?}");
        so.add_cosignature(size(&so), &line).unwrap();
        assert!(!so.is_silent(&KeyRole::Log), "{fate:?}");
        so.sequence(at(1_001)).unwrap();
    }
}

#[test]
fn a_log_without_witnesses_asks_whoever_follows_it() {
    let province = Province::new(1, None);
    let mut so = province.sequencer();
    let mut member = province.open("HTX-1");
    let copy = Restorer::back_up(&province, SO);
    log_one(&mut so, &mut [], 0, 3);
    follow(&mut so, &mut member, at(3)).unwrap();
    drop(so);
    let mut so = copy.open(&province, SO, 100);
    so.peer_says("HTX-1", size(&member), at(101)).unwrap();
    assert!(so.is_silent(&KeyRole::Log));
    follow(&mut member, &mut so, at(102)).unwrap();
    so.peer_says("HTX-1", size(&member), at(103)).unwrap();
    assert!(!so.is_silent(&KeyRole::Log));
    so.sequence(at(104)).unwrap();
}

#[test]
fn a_restored_validator_is_silent_until_a_quorum_vouches_for_a_newer_head() {
    let province = Province::new(3, Some(2));
    let mut so = province.sequencer();
    let mut members: Vec<Writer> = ["HTX-1", "HTX-2", "HTX-3"]
        .map(|who| province.open(who))
        .into();
    cosign(&mut so, &mut members, at(2));
    let copy = Restorer::back_up(&province, "HTX-3");
    log_one(&mut so, &mut members, 0, 3);
    let old_size = size(&so);
    members.truncate(2);

    let mut restored = copy.open(&province, "HTX-3", 100);
    // The head that it had cosigned before it was restored is old news; so is its quorum.
    assert_eq!(follow(&mut so, &mut restored, at(101)).unwrap(), None);
    assert_eq!(size(&restored), old_size);
    assert_eq!(restored.cosign_if_due(at(10_000)).unwrap(), None);
    drop(restored);
    let mut restored = copy.open(&province, "HTX-3", 200);
    assert!(restored.is_silent(&KeyRole::Validator));
    log_one(&mut so, &mut members, 1, 100 + LATER);
    // The head alone, then with those who vouch for it.
    let mut piece = piece(&mut so, restored.followed());
    let cosigned = piece.cosigned.take();
    assert_eq!(restored.extend(piece, at(300)).unwrap().cosignature, None);
    let vouched = super::super::Extension {
        cosigned,
        ..Default::default()
    };
    restored.extend(vouched, at(301)).unwrap();
    assert!(!restored.is_silent(&KeyRole::Validator));
    let line = restored
        .cosign_if_due(at(302))
        .unwrap()
        .expect("it may speak again");
    so.add_cosignature(size(&so), &line).unwrap();
}

#[test]
fn after_a_start_the_log_waits_until_it_has_asked_everybody_but_not_for_ever() {
    let province = Province::new(2, Some(2));
    let mut so = province.sequencer();
    let mut members: Vec<Writer> = ["HTX-1", "HTX-2"].map(|who| province.open(who)).into();
    cosign(&mut so, &mut members, at(2));
    so.record(&org(SO), hold("HTX-1", 0), at(3)).unwrap();
    let ours = size(&so);
    drop(so);
    let seconds = Duration::from_secs;
    let open = || province.open(SO);
    // Nobody answers.
    assert_eq!(open().next_wake(), Some(seconds(10)));
    // Everybody does.
    let mut so = open();
    so.peer_says("a", ours, at(1)).unwrap();
    so.peer_says("a", ours, at(1)).unwrap();
    assert_eq!(so.next_wake(), Some(seconds(10)));
    so.peer_says("b", TreeSize(1), at(2)).unwrap();
    assert!(so.next_wake() < Some(seconds(10)));
    drop(so);
    // Somebody claims to have more: it gets the time to show it, once.
    let mut so = open();
    so.peer_says("a", TreeSize(u64::MAX), at(5)).unwrap();
    assert_eq!(so.next_wake(), Some(seconds(15)));
    so.peer_says("a", TreeSize(u64::MAX), at(9)).unwrap();
    assert_eq!(so.next_wake(), Some(seconds(15)));
}
