//! A head that may be shown: signed by the log, with the quorum of the anchor. Made by no other way than checking.

use ledger_core::anchor::Anchor;
use ledger_core::ids::{Hash, TreeSize};
use ledger_core::note::{Note, NoteError};
use ledger_core::quorum::{EvaluationError, Standing};

/// A checkpoint whose log signature and quorum were checked against the anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHead {
    note: String,
    size: TreeSize,
    root: Hash,
    renewed_seconds: u64,
}

/// Why a note is no head to show. Whoever wrote or served it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Note(#[from] NoteError),
    /// The log's signature, or a known cosignature, is missing or false.
    #[error("{0}")]
    Signature(#[from] EvaluationError),
    /// Not enough of the policy's witnesses.
    #[error("only {have} of the {need} needed confirm it")]
    UnderQuorum {
        /// Members that cosigned.
        have: usize,
        /// Members that must.
        need: usize,
    },
}

impl VerifiedHead {
    /// Checks a note.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn check(anchor: &Anchor, bytes: &[u8]) -> Result<VerifiedHead, HeadError> {
        let note = Note::parse(bytes)?;
        let evaluation = anchor.policy().evaluate(&note)?;
        match evaluation.quorum() {
            Standing::Reached(times) => Ok(VerifiedHead {
                note: note.to_text(),
                size: evaluation.checkpoint().size(),
                root: evaluation.checkpoint().root(),
                renewed_seconds: times.renewed.seconds(),
            }),
            Standing::NotReached { have, need } => Err(HeadError::UnderQuorum { have, need }),
            Standing::NotRequired => Err(HeadError::UnderQuorum { have: 0, need: 1 }),
        }
    }

    /// The text, signatures included.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// How many leaves it covers.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root over them.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Since when the quorum has stood by it: seconds since 1970.
    pub fn renewed_seconds(&self) -> u64 {
        self.renewed_seconds
    }
}
