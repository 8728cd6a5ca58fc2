//! A log of 300 entries: heads, tiles, proofs, requests to a witness, a proof file.

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use ledger_core::add_checkpoint::AddCheckpoint;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::merkle::{MemoryTree, consistency_proof, inclusion_proof, leaf_hash, root_at};
use ledger_core::note::{Note, NoteSigner};
use ledger_core::tile::{bundles_touched, encode_bundle, tiles_touched};
use ledger_core::tlog_proof::TlogProof;
use ledger_core::vkey::KeyName;
use serde_json::{Value, json};

use crate::Outcome;

/// Name of the log, and origin of its checkpoints.
pub const ORIGIN: &str = "log.example/ocop";
const WITNESS: &str = "witness.example/w1";
/// When the witness cosigns.
pub const TIME: u64 = 1_700_000_000;
/// Entries of the log: one full tile and part of a second.
const ENTRIES: u64 = 300;
/// Heads are written for these sizes: around powers of two and the width of a tile.
const SIZES: [u64; 10] = [0, 1, 2, 3, 5, 8, 255, 256, 257, ENTRIES];

/// The log's secret key.
pub fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn witness_key() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

fn tree() -> MemoryTree {
    (0..ENTRIES).map(|index| leaf_hash(&entry(index))).collect()
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry-{index}").into_bytes()
}

/// The head of some size, signed by the log alone.
fn signed(size: u64, root: Hash) -> Result<(Checkpoint, Note), Box<dyn std::error::Error>> {
    let head = Checkpoint::new(ORIGIN, TreeSize(size), root)?;
    let note = head.sign(&NoteSigner::new(KeyName::new(ORIGIN)?, &log_key()))?;
    Ok((head, note))
}

fn cosigned(size: u64, root: Hash) -> Result<Note, Box<dyn std::error::Error>> {
    let (head, note) = signed(size, root)?;
    let time = CosignatureTime::new(TIME).ok_or("not a time")?;
    let line = Cosigner::new(KeyName::new(WITNESS)?, &witness_key()).cosign(&head, time);
    Ok(note.with_lines(&[line])?)
}

/// Writes everything about the log.
pub fn export(folder: &Path) -> Outcome {
    let tree = tree();
    let (log, witness) = (log_key(), witness_key());
    let log = NoteSigner::new(KeyName::new(ORIGIN)?, &log).verifier();
    let witness = Cosigner::new(KeyName::new(WITNESS)?, &witness).verifier();
    write(folder, "log.vkey", format!("{log}\n"))?;
    write(folder, "witness.vkey", format!("{witness}\n"))?;
    write(
        folder,
        "policy",
        format!("log {log}\nwitness w1 {witness}\nquorum w1\n"),
    )?;
    for size in SIZES {
        let note = cosigned(size, root_at(&tree, TreeSize(size))?)?;
        write(folder, &format!("heads/{size}"), note.to_text())?;
    }
    write(
        folder,
        "checkpoint",
        cosigned(ENTRIES, tree.root())?.to_text(),
    )?;
    export_tiles(folder, &tree)?;
    write(folder, "proofs.json", proofs(&tree)?.to_string())?;
    export_requests(folder, &tree)?;
    let path = inclusion_proof(&tree, LeafIndex(2), TreeSize(5))?;
    let note = cosigned(5, root_at(&tree, TreeSize(5))?)?;
    let proof = TlogProof::new(Some(b"entry-2".to_vec()), LeafIndex(2), path, note)?;
    write(folder, "entry-2.tlog-proof", proof.to_text())
}

fn export_tiles(folder: &Path, tree: &MemoryTree) -> Outcome {
    for tile in tiles_touched(TreeSize(0), TreeSize(ENTRIES)) {
        write(folder, &tile.to_string(), tile.bytes(tree)?)?;
    }
    for bundle in bundles_touched(TreeSize(0), TreeSize(ENTRIES)) {
        let first = bundle.first_leaf().ok_or("a place in the tree")?.0;
        let entries: Vec<Vec<u8>> = (first..).take(bundle.width().items()).map(entry).collect();
        write(folder, &bundle.to_string(), encode_bundle(&entries)?)?;
    }
    Ok(())
}

fn proofs(tree: &MemoryTree) -> Result<Value, Box<dyn std::error::Error>> {
    let hex_all = |hashes: &[Hash]| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for size in SIZES.into_iter().skip(1) {
        let root = root_at(tree, TreeSize(size))?.to_string();
        for index in [0, size / 3, size / 2, size - 1] {
            let path = inclusion_proof(tree, LeafIndex(index), TreeSize(size))?;
            let leaf = tree.leaves()[index as usize].to_string();
            inclusion.push(json!({"index": index, "size": size, "leaf": leaf, "root": root, "path": hex_all(&path)}));
        }
        for old in SIZES.into_iter().skip(1).filter(|old| *old <= size) {
            let path = consistency_proof(tree, TreeSize(old), TreeSize(size))?;
            let old_root = root_at(tree, TreeSize(old))?.to_string();
            consistency.push(json!({"old": old, "new": size, "old_root": old_root, "new_root": root, "path": hex_all(&path)}));
        }
    }
    Ok(json!({"inclusion": inclusion, "consistency": consistency}))
}

/// What a witness is asked, one after the other, and what it must answer: a status, and with 200 our own cosignature.
fn export_requests(folder: &Path, tree: &MemoryTree) -> Outcome {
    let mut requests = Vec::new();
    let root = |size| root_at(tree, TreeSize(size));
    let mut ask = |old: u64, new: u64, root: Hash, proof: Vec<Hash>, status: u16| -> Outcome {
        let body = AddCheckpoint::new(TreeSize(old), proof, signed(new, root)?.1)?.to_text();
        let cosigned = cosigned(new, root)?;
        let line = cosigned.lines()[1].to_line();
        requests.push(
            json!({"body": body, "status": status, "line": line, "last": last_of(status, old)}),
        );
        Ok(())
    };
    let proof = |old: u64, new: u64| consistency_proof(tree, TreeSize(old), TreeSize(new));
    ask(0, 3, root(3)?, proof(0, 3)?, 200)?;
    ask(3, 5, root(5)?, vec![Hash::ZERO; 4], 422)?;
    ask(3, 5, root(5)?, proof(3, 5)?[1..].to_vec(), 422)?;
    ask(3, 5, root(5)?, proof(3, 5)?, 200)?;
    ask(3, 5, root(5)?, proof(3, 5)?, 409)?;
    ask(5, 5, root(5)?, proof(5, 5)?, 200)?;
    ask(5, 5, root(8)?, proof(5, 5)?, 422)?;
    ask(5, 257, root(257)?, proof(5, 257)?, 200)?;
    ask(257, ENTRIES, root(ENTRIES)?, proof(257, ENTRIES)?, 200)?;
    let mut unsigned = requests[0].clone();
    unsigned["body"] = json!(spoiled(&requests[0]["body"])?);
    unsigned["status"] = json!(403);
    let mut unknown = requests[0].clone();
    unknown["body"] = json!(
        requests[0]["body"]
            .as_str()
            .ok_or("a text")?
            .replace(ORIGIN, "other.example/log")
    );
    unknown["status"] = json!(404);
    requests.extend([unsigned, unknown]);
    write(folder, "requests.json", Value::Array(requests).to_string())
}

/// What a witness says that it cosigned last, where it refuses for that.
fn last_of(status: u16, old: u64) -> Option<u64> {
    (status == 409).then_some(if old == 3 { 5 } else { old })
}

/// The same request with another root under the same signature.
fn spoiled(body: &Value) -> Result<String, Box<dyn std::error::Error>> {
    let body = body.as_str().ok_or("a text")?;
    Ok(body.replacen("\n3\n", "\n4\n", 1))
}

/// Writes a file below the folder.
pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> Outcome {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().ok_or("a name")?)?;
    fs::write(path, bytes)?;
    Ok(())
}
