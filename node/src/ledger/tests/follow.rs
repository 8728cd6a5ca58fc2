//! Followers and validators.

use std::time::Duration;

use super::super::cosign::{CosignState, cosign_due};
use super::super::writer::Timing;
use super::super::{Extension, Health, LedgerError};
use crate::fixture::*;
use ledger_core::anchor::Anchor;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::evidence::Evidence;
use ledger_core::export::{Audit, HEADER};
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::note::NoteSigner;
use ledger_core::vkey::KeyName;

#[test]
fn a_line_is_due_for_a_new_head_and_again_when_it_may_be_lost_or_old() {
    let timing = Timing::default();
    let s = Duration::from_secs;
    let (head, old) = (TreeSize(9), TreeSize(8));
    for (cosigned, said, due) in [
        (old, None, s(0)),
        (head, None, s(0)),
        (old, Some((old, s(70))), s(0)),
        (old, Some((head, s(70))), s(75)),
        (head, Some((head, s(70))), s(670)),
    ] {
        assert_eq!(
            cosign_due(
                CosignState {
                    head,
                    cosigned,
                    said
                },
                &timing
            ),
            due,
            "{cosigned} {said:?}"
        );
    }
}

#[test]
fn a_log_that_comes_in_pieces_is_believed_when_it_is_whole() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let whole = piece(&mut so, TreeSize(1));
    let end = TreeSize(1 + whole.entries.len() as u64);
    for (n, entry) in whole.entries.iter().enumerate() {
        let part = Extension {
            entries: vec![entry.clone()],
            ..whole.clone()
        };
        let extended = htx.extend(part, at(2)).unwrap();
        assert_eq!(extended.size, TreeSize(2 + n as u64));
        let last = extended.size == end;
        assert_eq!(
            htx.heads().borrow().size,
            if last { end } else { TreeSize(0) }
        );
        assert_eq!(extended.cosignature.is_some(), last);
    }
    assert_eq!(htx.replica().root(), so.replica().root());
    // Pieces that overlap with what is here are no harm.
    let again = htx
        .extend(
            Extension {
                entries: whole.entries.clone(),
                ..whole
            },
            at(3),
        )
        .unwrap();
    assert_eq!(again.size, end);
    drop(htx);
    assert_eq!(province.open("HTX-1").heads().borrow().size, end);
}

#[test]
fn entries_that_the_log_did_not_sign_leave_no_trace() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let whole = piece(&mut so, TreeSize(1));
    let before = std::fs::read(province.folder(&org("HTX-1")).log()).unwrap();
    let mut changed = whole.clone();
    changed.entries[1][40] ^= 1;
    let mut swapped = whole.clone();
    swapped.entries.swap(0, 1);
    let mut forged = whole.clone();
    let size = so.published().0;
    let other_size =
        |text: &String| text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size - 1), 1);
    forged.checkpoint = whole.checkpoint.as_ref().map(other_size);
    let mut long = whole.clone();
    long.entries[0] = vec![0; 40_000];
    for bad in [changed, swapped, forged, long] {
        let error = htx.extend(bad, at(2)).unwrap_err();
        assert!(
            matches!(error, LedgerError::Malformed(_)) && error.is_senders_fault(),
            "{error}"
        );
        assert_eq!(htx.followed(), TreeSize(1));
    }
    assert_eq!(
        std::fs::read(province.folder(&org("HTX-1")).log()).unwrap(),
        before
    );
    assert!(htx.extend(whole, at(2)).unwrap().cosignature.is_some());
}

fn anchor_of(province: &Province) -> Anchor {
    let text = std::fs::read_to_string(province.folder(&org("HTX-1")).anchor());
    Anchor::parse(&text.unwrap()).unwrap()
}

fn sign(province: &Province, size: u64, root: Hash) -> String {
    let keys = crate::keys::Keys::load(&province.folder(&org(SO)).keys()).unwrap();
    let name = KeyName::new("so.example/mau").unwrap();
    let checkpoint = Checkpoint::new("so.example/mau", TreeSize(size), root).unwrap();
    checkpoint
        .sign(&NoteSigner::new(
            name,
            keys.get(&crate::keys::KeyRole::Log).unwrap(),
        ))
        .unwrap()
        .to_text()
}

#[test]
fn a_log_that_contradicts_itself_is_halted_over_and_the_evidence_kept() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    let size = so.heads().borrow().size;
    let other = sign(&province, size.0, Hash([7; 32]));
    let error = htx
        .extend(
            Extension {
                checkpoint: Some(other.clone()),
                ..Extension::default()
            },
            at(3),
        )
        .unwrap_err();
    assert!(matches!(error, LedgerError::LogAtFault(_)), "{error}");
    assert!(matches!(&*htx.health().borrow(), Health::Halted(_)));
    let evidence = province
        .folder(&org("HTX-1"))
        .evidence()
        .join(format!("two-heads-at-{size}.evidence"));
    let evidence = Evidence::decode(&std::fs::read(evidence).unwrap()).unwrap();
    assert!(evidence.check(&anchor_of(&province)).holds());
    // Neither followed nor cosigned any more; but what clerks record is saved.
    assert!(matches!(
        follow(&mut so, &mut htx, at(4)),
        Err(LedgerError::Stopped(_))
    ));
    assert_eq!(htx.cosign_if_due(at(9_999)).unwrap(), None);
    record(&mut htx, "HTX-1", 0..1);
    assert!(!htx.entries(LeafIndex(0), 9).unwrap().is_empty());
}

#[test]
fn a_head_over_a_leaf_that_may_not_stand_there_is_refused_by_every_validator() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let whole = piece(&mut so, TreeSize(1));
    // The log signs a head that ends before its map head.
    let short = whole.entries.len() - 1;
    let mut tree = ledger_core::merkle::Frontier::new();
    so.replica().tree().leaves()[..=short]
        .iter()
        .for_each(|leaf| tree.append(*leaf));
    let checkpoint = sign(&province, short as u64 + 1, tree.root());
    let bad = Extension {
        entries: whole.entries[..short].to_vec(),
        checkpoint: Some(checkpoint),
        cosigned: None,
    };
    let error = htx.extend(bad, at(2)).unwrap_err();
    assert!(matches!(error, LedgerError::LogAtFault(_)), "{error}");
    assert_eq!(htx.replica().size(), TreeSize(1));
    assert_eq!(htx.store.log.len(), 1, "slices that had passed are cut off");
    let evidence = province
        .folder(&org("HTX-1"))
        .evidence()
        .join(format!("leaf-{short}.ocop-ledger"));
    let mut file = std::fs::read(evidence).unwrap();
    let mut taken = |n: usize| file.drain(..n).collect::<Vec<u8>>();
    assert_eq!(taken(HEADER.len()), HEADER.as_bytes());
    let length = u32::from_be_bytes(taken(4).try_into().unwrap());
    let note = taken(length as usize);
    let anchor = anchor_of(&province);
    let mut audit = Audit::new(&note, &anchor, 0);
    for _ in 0..=short {
        let length = u16::from_be_bytes(taken(2).try_into().unwrap());
        audit.take(&taken(length.into())).unwrap();
    }
    assert!(audit.finish(file.is_empty()).is_evidence());
}

#[test]
fn a_sequencer_that_meets_its_own_later_head_knows_that_it_is_an_old_copy() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let later = sign(&province, so.heads().borrow().size.0 + 5, Hash([7; 32]));
    let same = piece(&mut so, TreeSize(0));
    so.extend(same, at(2)).unwrap();
    so.extend(
        Extension {
            checkpoint: Some(later),
            ..Extension::default()
        },
        at(2),
    )
    .unwrap_err();
    so.record(&org(SO), hold("HTX-1", 1), at(2)).unwrap();
    assert!(matches!(so.sequence(at(9)), Err(LedgerError::Stopped(_))));
    assert_eq!(so.next_wake(), None);
}

#[test]
fn a_validator_says_its_line_again_and_remembers_what_it_cosigned() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let timing = Timing::default();
    let line = follow(&mut so, &mut htx, at(2)).unwrap().unwrap();
    assert_eq!(
        htx.heads().borrow().cosignature,
        Some((so.published(), line.clone()))
    );
    assert_eq!(
        htx.next_wake(),
        Some(Duration::from_secs(2) + timing.cosign_again)
    );
    htx.tick(at(8)).unwrap();
    assert_ne!(htx.heads().borrow().cosignature.as_ref().unwrap().1, line);
    so.add_cosignature(so.published(), &line).unwrap();
    follow(&mut so, &mut htx, at(9)).unwrap();
    assert_eq!(htx.heads().borrow().cosigned_size, so.published());
    assert_eq!(
        htx.next_wake(),
        Some(Duration::from_secs(8) + timing.recosign)
    );
    let size = so.published();
    drop(htx);
    let state = province.folder(&org("HTX-1")).cosigned_state();
    assert!(
        std::fs::read_to_string(&state)
            .unwrap()
            .starts_with(&format!("so.example/mau\n{size}\n"))
    );
    // At the start it is said at once, for nobody knows how old the last line is.
    let mut htx = province.open("HTX-1");
    assert_eq!(htx.next_wake(), Some(Duration::ZERO));
    drop(so);
    htx.tick(at(0)).unwrap();
    drop(htx);
    std::fs::remove_file(state).unwrap();
    let error = province
        .try_open("HTX-1", &Disk::default(), at(0))
        .err()
        .unwrap();
    assert!(error.message_vi().contains("cosigned.state"), "{error}");
}

#[test]
fn a_validator_whose_log_is_an_old_copy_waits_until_it_has_everything_again() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    drop(htx);
    let folder = province.folder(&org("HTX-1"));
    for file in ["log.seg", "checkpoint"] {
        std::fs::copy(
            folder.root().join(file),
            folder.root().join(format!("{file}.old")),
        )
        .unwrap();
    }
    so.record(&org(SO), hold("HTX-1", 1), at(3)).unwrap();
    so.sequence(at(4)).unwrap();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(5)).unwrap().unwrap();
    drop(htx);
    for file in ["log.seg", "checkpoint"] {
        std::fs::copy(
            folder.root().join(format!("{file}.old")),
            folder.root().join(file),
        )
        .unwrap();
    }
    let (mut htx, opening) = province.try_open("HTX-1", &Disk::default(), at(9)).unwrap();
    assert!(
        opening
            .said
            .iter()
            .any(|(vi, _)| vi.contains("chờ lấy lại")),
        "{opening:?}"
    );
    assert_eq!(htx.next_wake(), None);
    assert!(follow(&mut so, &mut htx, at(9)).unwrap().is_some());
}
