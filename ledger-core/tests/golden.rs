//! Golden values for the C2SP formats, computed by other implementations (test keys only).
//!
//! Log seed = 32 bytes 0x01, name `log.example/ocop`. Witness seed = 32 bytes 0x02, name
//! `witness.example/w1`. Entries `entry-0`, `entry-1`, … Time 1700000000.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ed25519_dalek::SigningKey;
use ledger_core::add_checkpoint::AddCheckpoint;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::merkle::{self, MemoryTree};
use ledger_core::note::{Note, NoteSigner};
use ledger_core::policy::Policy;
use ledger_core::quorum::Standing;
use ledger_core::tile::{self, TilePath};
use ledger_core::tlog_proof::TlogProof;
use ledger_core::vkey::KeyName;
use sha2::{Digest, Sha256};

const LOG_VKEY: &str = "log.example/ocop+21ab5de0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const WITNESS_VKEY: &str =
    "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const TIME: u64 = 1_700_000_000;

const REQUEST: &str = "old 3
BJ19zbVrz+vTEzBMmDnxlqPUtu873AsIKY+TrIGR8Kg=
J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=
LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=
GUu1otW9EOXRqm/V1CmAs1bK8dpiPNmYfEv6L4F3Htc=

log.example/ocop
5
GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=

— log.example/ocop Iatd4CZPXZIs6wUXjePwDMLZYpMB9sALB9/nYkBeuU/cNSV+PsSkXOXxgbsBTit5MHq2vJrZ1cWDeiw16zOsm/GOOAE=
";
const COSIGNATURE: &str = "— witness.example/w1 3xwKNQAAAABlU/EA1CvcxdMBa8/AR8QYXrPAPJWDQY+a964dG7+R5cmxxI+94lbU1Vz0MrLidEZM5DDzCL89pioZeCXDWDHyT8oCAA==
";

fn entry(index: u64) -> Vec<u8> {
    format!("entry-{index}").into_bytes()
}

fn tree(size: u64) -> MemoryTree {
    (0..size)
        .map(|index| merkle::leaf_hash(&entry(index)))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn witness_key() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

fn log(key: &SigningKey) -> NoteSigner<'_> {
    NoteSigner::new(KeyName::new("log.example/ocop").unwrap(), key)
}

fn witness(key: &SigningKey) -> Cosigner<'_> {
    Cosigner::new(KeyName::new("witness.example/w1").unwrap(), key)
}

/// The log's head of size 5, signed by the log.
fn head() -> (Checkpoint, Note) {
    let head = Checkpoint::new("log.example/ocop", TreeSize(5), tree(5).root()).unwrap();
    let note = head.sign(&log(&log_key())).unwrap();
    (head, note)
}

#[test]
fn vkeys() {
    assert_eq!(log(&log_key()).verifier().to_string(), LOG_VKEY);
    assert_eq!(witness(&witness_key()).verifier().to_string(), WITNESS_VKEY);
    assert_eq!(LOG_VKEY.parse(), Ok(log(&log_key()).verifier()));
    assert_eq!(WITNESS_VKEY.parse(), Ok(witness(&witness_key()).verifier()));
}

#[test]
fn roots() {
    for (size, root) in [
        (0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (1, "QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU="),
        (2, "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk="),
        (3, "pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs="),
        (5, "GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw="),
        (256, "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4="),
        (257, "kYsc7GTzF8duPPVcBTaEHAOe/wZ3LruIKM58F2Aotaw="),
        (300, "rrsCfVw90Ihx7lJXemH8gxItDRQ1J5GUNjm9TBLTaUM="),
    ] {
        let tree = tree(size);
        assert_eq!(tree.root().to_base64(), root, "size {size}");
        assert_eq!(merkle::root(tree.leaves()).to_base64(), root, "size {size}");
        assert_eq!(
            merkle::root_at(&tree, TreeSize(size)).unwrap().to_base64(),
            root
        );
    }
}

#[test]
fn tiles() {
    let tree = tree(300);
    let bytes = |path: &str| match path.parse() {
        Ok(TilePath::Hashes(tile)) => tile.bytes(&tree).unwrap(),
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(
        sha256(&bytes("tile/0/000")),
        "8921c57d2f65271c82bf0f686c002793863c80c8d1cbbbf5db6046ff59e8b590"
    );
    assert_eq!(
        sha256(&bytes("tile/0/001.p/44")),
        "7bac48c6f72db216f103763f08f639e038a4097f2763009eb3cf2bb457280832"
    );
    assert_eq!(
        hex::encode(bytes("tile/1/000.p/1")),
        "f85f4ead34080710b4d1e808301543aaab81aa04deb88599350dc26a4f2f58de"
    );
    let paths: Vec<String> = tile::tiles_touched(TreeSize(0), TreeSize(300))
        .map(|tile| tile.to_string())
        .collect();
    assert_eq!(paths, ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]);
}

#[test]
fn entry_bundle() {
    let entries: Vec<Vec<u8>> = (0..256).map(entry).collect();
    let bytes = tile::encode_bundle(&entries).unwrap();
    assert_eq!(bytes.len(), 2_706);
    assert_eq!(
        sha256(&bytes),
        "2e41f76a98595afb6b3a27a02a74792386a99b155db3579513faf3bf67057752"
    );
    let Ok(TilePath::Entries(bundle)) = "tile/entries/000".parse() else {
        panic!()
    };
    assert_eq!(bundle.decode(&bytes).unwrap(), entries);
}

#[test]
fn add_checkpoint_request() {
    let (head, note) = head();
    let proof = merkle::consistency_proof(&tree(5), TreeSize(3), TreeSize(5)).unwrap();
    let request = AddCheckpoint::new(TreeSize(3), proof, note).unwrap();
    assert_eq!(request.to_text(), REQUEST);

    let parsed = AddCheckpoint::parse(REQUEST.as_bytes()).unwrap();
    assert_eq!(parsed, request);
    let log = LOG_VKEY.parse().unwrap();
    let last = Some((TreeSize(3), tree(3).root()));
    assert_eq!(parsed.check(&[&log], last), Ok(&head));
}

#[test]
fn cosignature() {
    let (head, note) = head();
    let time = CosignatureTime::new(TIME).unwrap();
    let line = witness(&witness_key()).cosign(&head, time);
    assert_eq!(line.to_line(), COSIGNATURE);

    let cosigned = note.with_lines(&[line]).unwrap();
    let verifiers = [LOG_VKEY.parse().unwrap(), WITNESS_VKEY.parse().unwrap()];
    let verified = cosigned.verify(&[&verifiers[0], &verifiers[1]]).unwrap();
    let times: Vec<_> = verified.iter().map(|signature| signature.time()).collect();
    assert_eq!(times, [None, Some(time)]);
}

#[test]
fn tlog_proof() {
    let (head, note) = head();
    let time = CosignatureTime::new(TIME).unwrap();
    let note = note
        .with_lines(&[witness(&witness_key()).cosign(&head, time)])
        .unwrap();
    let path = merkle::inclusion_proof(&tree(5), LeafIndex(2), TreeSize(5)).unwrap();
    let hashes: Vec<String> = path.iter().map(Hash::to_base64).collect();
    let expected: Vec<&str> = REQUEST.lines().skip(2).take(3).collect();
    assert_eq!(hashes, expected);

    let text = TlogProof::new(None, LeafIndex(2), path, note)
        .unwrap()
        .to_text();
    assert_eq!(text.len(), 474);
    assert_eq!(
        sha256(text.as_bytes()),
        "4596594d690fa1b97cfdb4ec3a8c17fcf3faf83146b56fc1358418dcbc639024"
    );

    let policy = format!("log {LOG_VKEY}\nwitness w1 {WITNESS_VKEY}\nquorum w1\n");
    let policy = Policy::parse(&policy).unwrap();
    let proof = TlogProof::parse(text.as_bytes()).unwrap();
    let evaluation = proof
        .verify(&merkle::leaf_hash(&entry(2)), &policy)
        .unwrap();
    let Standing::Reached(times) = evaluation.quorum() else {
        panic!("no quorum")
    };
    assert_eq!((times.reached, times.renewed), (time, time));
    assert!(
        proof
            .verify(&merkle::leaf_hash(&entry(3)), &policy)
            .is_err()
    );
}
