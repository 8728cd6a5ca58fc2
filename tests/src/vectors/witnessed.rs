//! A scene under a cosigned head: its trust anchor, its map heads, and bundles made of it.

use std::collections::BTreeMap;

use ledger_core::anchor::{Anchor, MAX_AGE_DEFAULT_SECONDS};
use ledger_core::bundle::{Bundle, Source, build};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::code::PrintedCode;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::note::{Note, NoteSigner};
use ledger_core::replica::Replica;
use ledger_core::vkey::KeyName;
use serde_json::json;

use super::base::{COSIGNED, NOW};
use super::log::knock;
use super::scene::{ORIGIN, SEQUENCER, Scene, hex_bytes, key};
use super::{BundleCase, Case, Fault};

/// The organisations whose nodes re-check everything, unless a story says others.
pub const VALIDATORS: [&str; 3] = ["HTX-A", "HTX-B", "HTX-C"];
/// How many of them must cosign.
pub const QUORUM: usize = 2;

impl Scene {
    /// The trust anchor of this ledger: two of three validators.
    pub fn anchor_text(&self) -> String {
        self.anchor_text_of(&VALIDATORS, QUORUM)
    }

    /// The trust anchor with other validators.
    pub fn anchor_text_of(&self, validators: &[&str], quorum: usize) -> String {
        let policy = policy_text(validators, quorum).unwrap_or_default();
        let head = format!(
            "ocop-anchor/v1\nledger {}\nvalidators validators\n",
            hex::encode(self.ledger().0.0)
        );
        format!("{head}max-age {MAX_AGE_DEFAULT_SECONDS}\n\n{policy}")
    }

    /// The log, replayed.
    pub fn replica(&self) -> Result<Replica, Fault> {
        let mut replica = Replica::new(&self.genesis)?;
        for step in &self.steps {
            knock(&mut replica, &step.bytes())?;
        }
        Ok(replica)
    }

    /// The sequencer states the map over the leaves before.
    pub fn map_head(&mut self) -> Result<(), Fault> {
        let mut replica = self.replica()?;
        let (size, root) = (replica.size().0, hex_bytes(&replica.map_root().0));
        self.say(
            SEQUENCER,
            json!({"kind": "map_head", "size": size, "root": root}),
        );
        Ok(())
    }

    /// Closes the log under a head that every validator cosigned, and makes the bundle of a code.
    pub fn bundle(&mut self, code: &str) -> Result<Bundle, Fault> {
        self.map_head()?;
        let mut replica = self.replica()?;
        let checkpoint = Checkpoint::new(ORIGIN, replica.size(), replica.root())?;
        let log_key = key("log");
        let note = checkpoint.sign(&NoteSigner::new(KeyName::new(ORIGIN)?, &log_key))?;
        let text = cosigned(&note, &VALIDATORS)?.to_text();
        let leaves = Leaves {
            genesis: &self.genesis,
            entries: self.entries(),
            openings: &self.openings,
        };
        let code = PrintedCode::from_canonical(code)?;
        Ok(build(&mut replica, &leaves, &text, &code)?)
    }

    /// The case of a code's bundle, an hour after the head was cosigned.
    pub fn told(mut self, code: &str) -> Result<Case, Fault> {
        let bundle = self.bundle(code)?;
        self.case(&bundle)
    }

    /// The case of a bundle of this ledger.
    pub fn case(&self, bundle: &Bundle) -> Result<Case, Fault> {
        let anchor = Anchor::parse(&self.anchor_text())?;
        Ok(Case::bundle(BundleCase::of(&bundle.encode(), &anchor, NOW)))
    }

    /// Keeps a public opening beside the log.
    pub fn keep_opening(&mut self, opening: Vec<u8>) -> Hash {
        let commitment = ledger_core::commitment::commit(&opening);
        self.openings.insert(commitment, opening);
        commitment
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        let logged = self.steps.iter().filter(|step| step.answer.takes_a_place());
        logged.map(super::Step::bytes).collect()
    }
}

/// A note with the cosignatures of these validators.
pub fn cosigned(note: &Note, validators: &[&str]) -> Result<Note, Fault> {
    let checkpoint = Checkpoint::of(note)?;
    let time = CosignatureTime::new(COSIGNED).ok_or("no time of a cosignature")?;
    let mut lines = Vec::new();
    for org in validators {
        let key = key(&format!("validator {org}"));
        lines
            .push(Cosigner::new(KeyName::new(&witness_name(org))?, &key).cosign(&checkpoint, time));
    }
    Ok(note.with_lines(&lines)?)
}

fn witness_name(org: &str) -> String {
    format!("{}.example/xac-nhan", org.to_lowercase())
}

fn policy_text(validators: &[&str], quorum: usize) -> Result<String, Fault> {
    let log_key = key("log");
    let log = NoteSigner::new(KeyName::new(ORIGIN)?, &log_key);
    let mut text = format!("log {}\n", log.verifier());
    for org in validators {
        let key = key(&format!("validator {org}"));
        let verifier = Cosigner::new(KeyName::new(&witness_name(org))?, &key).verifier();
        text += &format!("witness {} {verifier}\n", org.to_lowercase());
    }
    let names: Vec<String> = validators.iter().map(|org| org.to_lowercase()).collect();
    text += &format!(
        "group validators {quorum} {}\nquorum validators\n",
        names.join(" ")
    );
    Ok(text)
}

struct Leaves<'a> {
    genesis: &'a [u8],
    entries: Vec<Vec<u8>>,
    openings: &'a BTreeMap<Hash, Vec<u8>>,
}

impl Source for Leaves<'_> {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        let at = usize::try_from(index.0).ok()?;
        match at.checked_sub(1) {
            None => Some(self.genesis.to_vec()),
            Some(n) => self.entries.get(n).cloned(),
        }
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        self.openings.get(commitment).cloned()
    }
}
