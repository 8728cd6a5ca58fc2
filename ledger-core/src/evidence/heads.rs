//! Two heads that contradict each other: the log signed two trees of which neither is the beginning of the other.

use std::collections::BTreeSet;

use crate::anchor::Anchor;
use crate::encode::Value;
use crate::ids::Hash;
use crate::merkle::prefix_root;
use crate::note::Note;
use crate::placed::{hashes_from_value, hashes_to_value};
use crate::quorum::Evaluation;
use crate::verify::Finding;

use super::{Claim, EvidenceError, Fields, Written};

/// The file: whoever has the two notes and can read the tree of the larger one can make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads {
    /// The two signed notes, the smaller tree first.
    pub notes: [String; 2],
    /// The proof of which root the first leaves of the larger tree have ([`crate::merkle::prefix_proof`]).
    pub proof: Vec<Hash>,
}

impl Heads {
    pub(super) fn fields(&self) -> Written {
        let notes = self.notes.iter().map(Value::text).collect();
        vec![
            ("notes", Value::Array(notes)),
            ("proof", hashes_to_value(&self.proof)),
        ]
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Heads, EvidenceError> {
        Ok(Heads {
            notes: fields.pair("notes", |note| note.as_text().map(str::to_owned))?,
            proof: fields.read("proof", hashes_from_value)?,
        })
    }

    pub(super) fn check(&self, anchor: &Anchor) -> Vec<Finding<Claim>> {
        match self.signed(anchor) {
            Ok([old, new]) => {
                let origin = old.checkpoint().origin().to_owned();
                vec![
                    Finding::proven(Claim::Signed).by([origin]),
                    self.contradiction(&old, &new),
                ]
            }
            Err(detail) => vec![
                Finding::contradicted(Claim::Signed, detail),
                Finding::lacking(Claim::Contradiction, "no_checkpoint"),
            ],
        }
    }

    /// Both heads are by one key of the log.
    fn signed<'a>(&self, anchor: &'a Anchor) -> Result<[Evaluation<'a>; 2], &'static str> {
        let policy = anchor.policy();
        let read = |text: &String| -> Result<_, &'static str> {
            let note = Note::parse(text.as_bytes()).map_err(|_| "malformed_note")?;
            let evaluation = policy.evaluate(&note).map_err(|_| "not_by_log")?;
            Ok((note, evaluation))
        };
        let [(old_note, old), (new_note, new)] = [read(&self.notes[0])?, read(&self.notes[1])?];
        // A log that changed its key under its name speaks for each key alone.
        let signs = |log: &crate::policy::PolicyLog| {
            log.verifier().name().as_str() == old.checkpoint().origin()
                && old_note.verify(&[log.verifier()]).is_ok()
                && new_note.verify(&[log.verifier()]).is_ok()
        };
        if policy.logs().iter().any(signs) {
            Ok([old, new])
        } else {
            Err("not_by_log")
        }
    }

    fn contradiction(&self, old: &Evaluation<'_>, new: &Evaluation<'_>) -> Finding<Claim> {
        let (old_head, new_head) = (old.checkpoint(), new.checkpoint());
        let prefix = prefix_root(
            old_head.size(),
            new_head.size(),
            &new_head.root(),
            &self.proof,
        );
        match prefix {
            Err(_) => Finding::contradicted(Claim::Contradiction, "bad_proof"),
            Ok(root) if root == old_head.root() => {
                Finding::contradicted(Claim::Contradiction, "consistent")
            }
            // Who cosigned both said of each that it was consistent with the other.
            Ok(_) => {
                let first: BTreeSet<&str> = old.cosigned_by().map(|(name, ..)| name).collect();
                let both = new.cosigned_by().map(|(name, ..)| name);
                let both = both.filter(|name| first.contains(name));
                Finding::proven(Claim::Contradiction)
                    .by([old_head.origin()].into_iter().chain(both))
            }
        }
    }
}
