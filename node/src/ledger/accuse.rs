//! What a validator keeps when the log contradicts itself or breaks its rules: files that anyone can check
//! (`docs/formats.md` sections 16 and 18).

use std::path::PathBuf;

use ledger_core::evidence::{Evidence, Heads};
use ledger_core::ids::LeafIndex;
use ledger_core::merkle::prefix_proof;

use super::LedgerError;
use super::writer::{Head, Writer};
use crate::fault::Step;
use crate::files::{LedgerFile, atomic_replace, create_directory};

impl Writer {
    /// A head that contradicts our tree, beside ours. One that we cannot prove from our tree is kept as it came.
    pub(super) fn keep_two_heads(&self, other: &Head) -> Result<(), LedgerError> {
        let name = format!("two-heads-at-{}", other.size());
        let note = other.note.to_text();
        let ours = self
            .head
            .as_ref()
            .filter(|ours| ours.size() >= other.size());
        let proof = ours.and_then(|ours| {
            let proof = prefix_proof(self.replica.tree(), other.size(), ours.size());
            Some((ours.note.to_text(), proof.ok()?))
        });
        match proof {
            Some((ours, proof)) => {
                let notes = [note, ours];
                let evidence = Evidence::Heads(Heads { notes, proof });
                self.keep(&format!("{name}.evidence"), &evidence.encode())
            }
            None => self.keep(&format!("{name}.note"), note.as_bytes()),
        }
    }

    /// The whole log under a head that breaks its own rules: the leaves that are stored here, and those behind them.
    pub(super) fn keep_false_ledger(
        &mut self,
        head: &Head,
        at: LeafIndex,
        rest: &[Vec<u8>],
    ) -> Result<(), LedgerError> {
        let path = self.evidence(&format!("leaf-{at}.ocop-ledger"))?;
        let mut file = LedgerFile::create(&path, &head.note)?;
        let mut written = Ok(());
        self.store.log.for_each(0, |_, leaf| {
            written = file.leaf(leaf);
            written.is_ok()
        })?;
        written?;
        for leaf in rest {
            file.leaf(leaf)?;
        }
        Ok(file.finish()?)
    }

    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.evidence(name)?;
        Ok(atomic_replace(
            &path,
            bytes,
            Step::Setup,
            &self.store.faults,
        )?)
    }

    fn evidence(&self, name: &str) -> Result<PathBuf, LedgerError> {
        let folder = self.store.folder.evidence();
        create_directory(&folder)?;
        Ok(folder.join(name))
    }
}
