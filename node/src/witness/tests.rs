#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ledger_core::ids::{Hash, TreeSize};
use ledger_core::merkle::{MemoryTree, consistency_proof, leaf_hash};
use ledger_core::note::NoteSigner;

use super::*;
use crate::fault::Fate;
use crate::fixture::Disk;
use crate::keys;

/// When the golden request is cosigned.
const TIME: u64 = 1_700_000_000;

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn config() -> WitnessConfig {
    let key = log_key();
    let log = NoteSigner::new(name("log.example/ocop"), &key).verifier();
    WitnessConfig {
        name: name("witness.example/w1"),
        logs: vec![log],
    }
}

/// A folder whose witness has the key of the golden values.
fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    keys::write(&folder.keys(), &KeyRole::Witness, &[2; 32]).unwrap();
    std::fs::write(folder.witness_state(), b"").unwrap();
    (dir, folder)
}

fn try_open(folder: &Folder, disk: &Disk) -> Result<Witness, WitnessOpenError> {
    std::fs::create_dir_all(folder.keys()).unwrap();
    let keys = Keys::load(&folder.keys()).unwrap();
    Witness::open(folder, &keys, &config(), disk.faults())
}

fn open(folder: &Folder) -> Witness {
    try_open(folder, &Disk::default()).unwrap()
}

fn tree(size: u8) -> MemoryTree {
    let leaves = (0..size).map(|n| leaf_hash(format!("entry-{n}").as_bytes()));
    leaves.collect()
}

fn signed(size: u8, root: Hash, seed: u8) -> ledger_core::note::Note {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let signer = NoteSigner::new(name("log.example/ocop"), &key);
    let head = Checkpoint::new("log.example/ocop", TreeSize(size.into()), root).unwrap();
    head.sign(&signer).unwrap()
}

fn request(old: u8, new: u8) -> String {
    let (from, to) = (TreeSize(old.into()), TreeSize(new.into()));
    let proof = consistency_proof(&tree(new), from, to).unwrap();
    let note = signed(new, tree(new).root(), 1);
    AddCheckpoint::new(from, proof, note).unwrap().to_text()
}

fn status(witness: &mut Witness, request: &str) -> u16 {
    match witness.add_checkpoint(request.as_bytes(), TIME) {
        Ok(_) => 200,
        Err(error) => error.http_status(),
    }
}

#[test]
fn the_golden_request_has_the_golden_cosignature() {
    let (_dir, folder) = folder();
    let mut witness = open(&folder);
    assert_eq!(
        witness.verifier().to_string(),
        "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
    );
    assert_eq!(status(&mut witness, &request(0, 3)), 200);
    assert_eq!(
        witness
            .add_checkpoint(request(3, 5).as_bytes(), TIME)
            .unwrap(),
        "— witness.example/w1 3xwKNQAAAABlU/EA1CvcxdMBa8/AR8QYXrPAPJWDQY+a964dG7+R5cmxxI+94lbU1Vz0MrLidEZM5DDzCL89pioZeCXDWDHyT8oCAA==\n"
    );
}

#[test]
fn each_request_has_the_status_of_the_table() {
    let (_dir, folder) = folder();
    let mut witness = open(&folder);
    let other_root = |old: u8, size: u8| {
        let note = signed(size, tree(size + 1).root(), 1);
        let request = AddCheckpoint::new(TreeSize(old.into()), vec![], note);
        request.unwrap().to_text()
    };
    let stranger = {
        let note = signed(5, tree(5).root(), 9);
        AddCheckpoint::new(TreeSize(0), vec![], note)
            .unwrap()
            .to_text()
    };
    for (request, expected) in [
        ("old 5\n".to_owned(), 400),
        (request(0, 3).replace("old 0", "old 4"), 400),
        (request(0, 3).replace("log.example", "log.elsewhere"), 404),
        (stranger, 403),
        (request(1, 3), 409),
        (request(0, 3), 200),
        (request(0, 3), 409),
        // The same head again: a heartbeat.
        (request(3, 3), 200),
        (other_root(3, 3), 422),
        (other_root(3, 5), 422),
        (request(3, 5), 200),
        (request(3, 5), 409),
    ] {
        assert_eq!(status(&mut witness, &request), expected, "{request}");
    }
    let stale = witness.add_checkpoint(request(3, 5).as_bytes(), TIME);
    let last = TreeSize(5);
    assert!(matches!(stale, Err(WitnessError::Refused(Refusal::Stale { last: at })) if at == last));
}

#[test]
fn what_was_cosigned_is_remembered_by_the_next_process() {
    let (_dir, folder) = folder();
    assert_eq!(status(&mut open(&folder), &request(0, 3)), 200);
    let mut witness = open(&folder);
    assert_eq!(status(&mut witness, &request(0, 5)), 409);
    assert_eq!(status(&mut witness, &request(3, 5)), 200);
    assert!(is_state_whole(&folder).unwrap());
}

#[test]
fn whatever_happens_to_the_write_nothing_is_cosigned_that_the_next_start_does_not_know() {
    for fate in [Fate::Lost, Fate::Full, Fate::Torn, Fate::Unanswered] {
        let (dir, folder) = folder();
        let disk = Disk::default();
        let mut witness = try_open(&folder, &disk).unwrap();
        assert_eq!(status(&mut witness, &request(0, 3)), 200);
        disk.fail(Step::WitnessState, fate);
        assert_eq!(status(&mut witness, &request(3, 5)), 500, "{fate:?}");
        // It dies here. The next one knows 3 or 5, and cosigns no other head of either size.
        drop(witness);
        crate::files::remove_unfinished(dir.path()).unwrap();
        let mut witness = open(&folder);
        let known = if fate == Fate::Unanswered { 5 } else { 3 };
        assert_eq!(
            witness.last["log.example/ocop"].size(),
            TreeSize(known),
            "{fate:?}"
        );
        assert_eq!(
            status(&mut witness, &request(known as u8, 6)),
            200,
            "{fate:?}"
        );
    }
}

#[test]
fn a_key_without_its_memory_is_not_used_again() {
    let (_dir, folder) = folder();
    assert_eq!(status(&mut open(&folder), &request(0, 3)), 200);
    let text = std::fs::read(folder.witness_state()).unwrap();
    for damaged in [&text[..text.len() - 1], b"log.example/ocop\n3\n"] {
        std::fs::write(folder.witness_state(), damaged).unwrap();
        assert!(!is_state_whole(&folder).unwrap());
        let error = try_open(&folder, &Disk::default()).err().unwrap();
        assert!(matches!(error, WitnessOpenError::Lost), "{error}");
    }
    std::fs::remove_file(folder.witness_state()).unwrap();
    let error = try_open(&folder, &Disk::default()).err().unwrap();
    assert!(error.message_vi().contains("witness.key"), "{error}");
}

#[test]
fn key_and_memory_are_made_together() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let key = open(&folder).verifier();
    assert_eq!(open(&folder).verifier(), key);
    assert!(folder.witness_state().exists());
}
