//! The head of the bundle: whose ledger it is, who signed and witnessed it, how old it is, and its map.

use crate::genesis::ledger_id;
use crate::ids::Hash;
use crate::note::NoteError;
use crate::quorum::{Evaluation, EvaluationError, Standing, Times};

use super::{Check, Finding, Statement};

/// A head from the future is only a wrong clock, up to this much.
pub const CLOCK_SKEW_SECONDS: u64 = 300;

impl Check<'_> {
    pub(super) fn ledger(&self) -> Finding {
        let log = self.anchor.policy().logs().iter().any(|log| {
            log.verifier().name().as_str() == self.genesis.origin
                && *log.verifier().key() == self.genesis.log_key
        });
        Finding::proven_if(
            Statement::Ledger,
            ledger_id(&self.bundle.genesis) == self.anchor.ledger() && log,
            "other_ledger",
        )
    }

    pub(super) fn checkpoint(&self) -> Finding {
        let detail = match &self.evaluation {
            Some(Ok(evaluation)) => {
                return Finding::proven(Statement::Checkpoint)
                    .by([evaluation.checkpoint().origin()]);
            }
            None | Some(Err(EvaluationError::Checkpoint(_))) => "malformed_note",
            Some(Err(EvaluationError::Note(NoteError::BadSignature(_)))) => "bad_line",
            Some(Err(_)) => "not_by_log",
        };
        Finding::contradicted(Statement::Checkpoint, detail)
    }

    /// When the quorum was reached and last renewed.
    fn times(&self) -> Option<Times> {
        self.evaluated()?.quorum().times()
    }

    /// Seconds since 1970 as of which the quorum speaks.
    pub(super) fn as_of(&self) -> Option<u64> {
        self.times().map(|times| times.renewed.seconds())
    }

    /// Seconds since 1970 when the quorum was first reached.
    pub(super) fn reached(&self) -> Option<u64> {
        self.times().map(|times| times.reached.seconds())
    }

    pub(super) fn witnessed(&self) -> Finding {
        let statement = Statement::Witnessed;
        let Some(evaluation) = self.evaluated() else {
            return Finding::lacking(statement, "no_checkpoint");
        };
        let finding = match evaluation.quorum() {
            Standing::Reached(_) => Finding::proven(statement),
            Standing::NotReached { .. } => Finding::lacking(statement, "too_few"),
            Standing::NotRequired => return Finding::lacking(statement, "no_quorum_asked"),
        };
        finding.by(evaluation.cosigned_by().map(|(name, ..)| name))
    }

    pub(super) fn fresh(&self) -> Finding {
        let statement = Statement::Fresh;
        match self.as_of() {
            None => Finding::lacking(statement, "no_age"),
            Some(as_of) if as_of > self.now.saturating_add(CLOCK_SKEW_SECONDS) => {
                Finding::lacking(statement, "clock_behind")
            }
            Some(as_of) if self.now.saturating_sub(as_of) > self.anchor.max_age_seconds() => {
                Finding::lacking(statement, "too_old")
            }
            Some(_) => Finding::proven(statement),
        }
    }

    /// The head is the checkpoint's last leaf, by the sequencer, and names itself.
    pub(super) fn map_head(&self) -> Finding {
        let statement = Statement::MapHead;
        let Some(checkpoint) = self.evaluated().map(Evaluation::checkpoint) else {
            return Finding::lacking(statement, "no_checkpoint");
        };
        if self.bundle.head.is_last_of(checkpoint) {
            Finding::proven_if(statement, self.head_root().is_some(), "not_by_sequencer")
        } else {
            Finding::contradicted(statement, "not_last_leaf")
        }
    }

    /// The map root that the head states, if it is the sequencer's and names its own index.
    pub(super) fn head_root(&self) -> Option<Hash> {
        let ledger = self.anchor.ledger();
        self.bundle.head.map_root(self.genesis, &ledger)
    }
}
