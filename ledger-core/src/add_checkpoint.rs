//! C2SP tlog-witness, `add-checkpoint`: what a log sends to a witness, and what the witness checks.
//!
//! Scope: the request text, and every check up to the decision, in the order of the specification.
//! Out of scope: HTTP, and making check and "last cosigned" one atomic, durable step (node).

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::decimal::parse_decimal;
use crate::ids::{Hash, TreeSize};
use crate::merkle::{self, BadProof, MAX_PROOF_HASHES};
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::vkey::Verifier;

/// The largest request: `old` and a size, 63 hashes of 44 characters and LF, a blank line, a note.
pub const MAX_ADD_CHECKPOINT_BYTES: usize = 24 + MAX_PROOF_HASHES * 45 + 1 + MAX_NOTE_BYTES;

/// A well-formed request; nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: TreeSize,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

/// A malformed request (HTTP 400). Whoever sent it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Larger than [`MAX_ADD_CHECKPOINT_BYTES`].
    #[error("malformed request: larger than {MAX_ADD_CHECKPOINT_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8, or without a blank line after the proof.
    #[error("malformed request: no lines, blank line and checkpoint")]
    Shape,
    /// The first line is not `old` and a plain decimal.
    #[error("malformed request: the first line is not \"old <size>\"")]
    OldSize,
    /// A proof line is not base64 of 32 bytes.
    #[error("malformed request: a line of the proof is not a hash in base64")]
    Hash,
    /// More than 63 proof lines.
    #[error("malformed request: more than {MAX_PROOF_HASHES} hashes")]
    TooManyHashes,
    /// The note is malformed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The old size is above the size of the checkpoint.
    #[error("malformed request: the old size is above the new one")]
    OldAboveNew,
}

/// Why a witness does not cosign. The log, or who spoke in its name, is at fault; only
/// [`Refusal::Stale`] is an honest race.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404: no key is known for this origin.
    #[error("unknown log")]
    UnknownOrigin,
    /// 403: no valid signature by a trusted key of the log, or a trusted one that fails.
    #[error("not signed by the log: {0}")]
    NotSignedByLog(NoteError),
    /// 409: the request starts from another size than the last cosigned. The answer's body is that
    /// size and LF, as `text/x.tlog.size`.
    #[error("the last cosigned size is {last}")]
    Stale {
        /// What the witness last cosigned.
        last: TreeSize,
    },
    /// 422: the proof fails, one size has two roots, or the empty tree has a wrong one.
    #[error("not consistent with the last cosigned checkpoint: {0}")]
    Inconsistent(BadProof),
}

impl Refusal {
    /// The HTTP status code tlog-witness gives to it.
    pub fn http_status(&self) -> u16 {
        match self {
            Refusal::UnknownOrigin => 404,
            Refusal::NotSignedByLog(_) => 403,
            Refusal::Stale { .. } => 409,
            Refusal::Inconsistent(_) => 422,
        }
    }
}

impl AddCheckpoint {
    /// Puts a request together.
    pub fn new(
        old: TreeSize,
        proof: Vec<Hash>,
        note: Note,
    ) -> Result<AddCheckpoint, AddCheckpointError> {
        if proof.len() > MAX_PROOF_HASHES {
            return Err(AddCheckpointError::TooManyHashes);
        }
        let checkpoint = Checkpoint::of(&note)?;
        if old > checkpoint.size() {
            return Err(AddCheckpointError::OldAboveNew);
        }
        Ok(AddCheckpoint {
            old,
            proof,
            note,
            checkpoint,
        })
    }

    /// Reads the body of a request.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, AddCheckpointError> {
        if bytes.len() > MAX_ADD_CHECKPOINT_BYTES {
            return Err(AddCheckpointError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| AddCheckpointError::Shape)?;
        let (head, note) = text.split_once("\n\n").ok_or(AddCheckpointError::Shape)?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(parse_decimal)
            .ok_or(AddCheckpointError::OldSize)?;
        if lines.clone().nth(MAX_PROOF_HASHES).is_some() {
            return Err(AddCheckpointError::TooManyHashes);
        }
        let proof: Option<Vec<Hash>> = lines.map(Hash::from_base64).collect();
        let proof = proof.ok_or(AddCheckpointError::Hash)?;
        AddCheckpoint::new(TreeSize(old), proof, Note::parse(note.as_bytes())?)
    }

    /// The body of the request.
    pub fn to_text(&self) -> String {
        let proof: String = self
            .proof
            .iter()
            .map(|hash| hash.to_base64() + "\n")
            .collect();
        format!("old {}\n{proof}\n{}", self.old, self.note.to_text())
    }

    /// The size the log believes was cosigned last.
    pub fn old(&self) -> TreeSize {
        self.old
    }

    /// The consistency proof from the old size to the new.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint with its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint, not verified.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// All checks of tlog-witness, in its order. `logs` are the trusted keys of all logs; `last` is size and
    /// root of what this witness last cosigned for this origin, `None` if nothing yet. The caller holds
    /// its lock from reading `last` until the new one is durable. A validator checks more before it signs.
    pub fn check(
        &self,
        logs: &[&Verifier],
        last: Option<(TreeSize, Hash)>,
    ) -> Result<&Checkpoint, Refusal> {
        let origin = self.checkpoint.origin();
        let keys: Vec<&Verifier> = logs
            .iter()
            .copied()
            .filter(|log| log.name().as_str() == origin)
            .collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownOrigin);
        }
        self.note.verify(&keys).map_err(Refusal::NotSignedByLog)?;
        let (last, last_root) = last.unwrap_or((TreeSize(0), merkle::empty_root()));
        if self.old != last {
            return Err(Refusal::Stale { last });
        }
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        merkle::verify_consistency(self.old, size, &last_root, &root, &self.proof)
            .map_err(Refusal::Inconsistent)?;
        Ok(&self.checkpoint)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::merkle::{MemoryTree, consistency_proof, leaf_hash};
    use crate::note::{NoteSigner, SignatureLine};
    use crate::vkey::KeyName;
    use ed25519_dalek::SigningKey;

    fn tree(size: u8) -> MemoryTree {
        (0..size).map(|i| leaf_hash(&[i])).collect()
    }

    fn with_log<T>(seed: u8, run: impl FnOnce(&NoteSigner<'_>) -> T) -> T {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        run(&NoteSigner::new(
            KeyName::new("log.example").unwrap(),
            &secret,
        ))
    }

    fn note(size: u8, root: Hash) -> Note {
        let head = Checkpoint::new("log.example", TreeSize(size.into()), root).unwrap();
        with_log(1, |log| head.sign(log).unwrap())
    }

    fn request(old: u8, new: u8) -> AddCheckpoint {
        let (old, size) = (TreeSize(old.into()), TreeSize(new.into()));
        let proof = consistency_proof(&tree(new), old, size).unwrap();
        AddCheckpoint::new(old, proof, note(new, tree(new).root())).unwrap()
    }

    fn last(size: u8) -> Option<(TreeSize, Hash)> {
        Some((TreeSize(size.into()), tree(size).root()))
    }

    #[test]
    fn any_other_spelling_is_refused() {
        use AddCheckpointError::*;
        let good = request(3, 5).to_text();
        assert_eq!(AddCheckpoint::parse(good.as_bytes()), Ok(request(3, 5)));
        let hash = format!("{}\n", tree(1).root().to_base64());
        let tail = note(5, tree(5).root()).to_text();
        let full = hash.repeat(MAX_PROOF_HASHES);
        assert!(AddCheckpoint::parse(format!("old 3\n{full}\n{tail}").as_bytes()).is_ok());
        for (text, error) in [
            (String::new(), Shape),
            ("old 3\n".to_owned(), Shape),
            (format!("\n{tail}"), OldSize),
            (format!("\n\n{tail}"), OldSize),
            (format!("old +3\n\n{tail}"), OldSize),
            (format!("old 03\n\n{tail}"), OldSize),
            (format!("old  3\n\n{tail}"), OldSize),
            (format!("old 3 \n\n{tail}"), OldSize),
            (format!("old 3\r\n\n{tail}"), OldSize),
            (format!("old\t3\n\n{tail}"), OldSize),
            (format!("Old 3\n\n{tail}"), OldSize),
            (format!("old -1\n\n{tail}"), OldSize),
            (format!("old 6\n\n{tail}"), OldAboveNew),
            (format!("old 3\n{full}{hash}\n{tail}"), TooManyHashes),
            (format!("old 3\n{}\n\n{tail}", &hash[..43]), Hash),
            (format!("old 3\n {hash}\n{tail}"), Hash),
            (format!("old 3\n{}\r\n\n{tail}", &hash[..44]), Hash),
            (
                format!("old 3\n{hash}\nmore\n{tail}"),
                Checkpoint(CheckpointError::ExtensionLines),
            ),
            (format!("old 3\n{tail}"), Hash),
            (
                format!("old 3\n\n\n{tail}"),
                Checkpoint(CheckpointError::ExtensionLines),
            ),
            (format!("old 3\n\n{tail}\n"), Note(NoteError::Shape)),
            (
                format!("old 3\n\n{}", tail.trim_end()),
                Note(NoteError::Shape),
            ),
            (" ".repeat(MAX_ADD_CHECKPOINT_BYTES + 1), TooLarge),
        ] {
            assert_eq!(
                AddCheckpoint::parse(text.as_bytes()),
                Err(error),
                "{text:?}"
            );
        }
        assert_eq!(AddCheckpoint::parse(b"old 3\xff\n\n"), Err(Shape));
    }

    #[test]
    fn a_consistent_head_is_accepted() {
        let log = with_log(1, |log| log.verifier());
        for (old, new) in [(0, 0), (0, 5), (1, 5), (3, 5), (4, 5), (5, 5)] {
            let request = request(old, new);
            assert_eq!(request.check(&[&log], last(old)), Ok(request.checkpoint()));
        }
        assert!(request(0, 5).check(&[&log], None).is_ok());
    }

    #[test]
    fn lines_of_unknown_keys_are_ignored_even_of_types_nobody_here_can_check() {
        let log = with_log(1, |log| log.verifier());
        let stranger = with_log(2, |other| other.sign("log.example\n5\n"));
        let ml_dsa = format!("\u{2014} w.example/mldsa {}", Hash([6; 32]).to_base64());
        let more = [stranger, SignatureLine::parse(&ml_dsa).unwrap()];
        let good = request(3, 5);
        let note = good.note().with_lines(&more).unwrap();
        let asked = AddCheckpoint::new(good.old(), good.proof().to_vec(), note).unwrap();
        assert_eq!(asked.check(&[&log], last(3)), Ok(asked.checkpoint()));
        let parsed = AddCheckpoint::parse(asked.to_text().as_bytes());
        assert_eq!(parsed, Ok(asked));
    }

    #[test]
    fn every_refusal_has_its_status_in_the_order_of_the_specification() {
        let log = with_log(1, |log| log.verifier());
        let status = |request: &AddCheckpoint, logs: &[&Verifier], last| {
            request
                .check(logs, last)
                .map(|_| 200)
                .unwrap_or_else(|refusal| refusal.http_status())
        };
        let good = request(3, 5);
        let other = with_log(2, |log| log.verifier());
        assert_eq!(status(&good, &[], last(9)), 404);
        assert_eq!(status(&good, &[&other], last(9)), 403);
        assert_eq!(status(&good, &[&log], last(9)), 409);
        assert_eq!(status(&good, &[&log], None), 409);
        assert_eq!(status(&good, &[&other, &log], last(3)), 200);

        let forged = with_log(1, |log| log.sign("log.example\n6\n"));
        let forged = good.note().with_lines(&[forged]).unwrap();
        let forged = AddCheckpoint::new(good.old(), good.proof().to_vec(), forged).unwrap();
        assert_eq!(status(&forged, &[&log], last(3)), 403);

        let make = |old, proof: &[Hash], new, root| {
            AddCheckpoint::new(TreeSize(old), proof.to_vec(), note(new, root)).unwrap()
        };
        let root = tree(5).root();
        assert_eq!(status(&make(3, &[], 5, root), &[&log], last(3)), 422);
        assert_eq!(
            status(&make(3, good.proof(), 5, Hash::ZERO), &[&log], last(3)),
            422
        );
        assert_eq!(status(&make(5, &[], 5, Hash::ZERO), &[&log], last(5)), 422);
        assert_eq!(status(&make(5, &[root], 5, root), &[&log], last(5)), 422);
        assert_eq!(status(&make(0, &[root], 5, root), &[&log], None), 422);
        assert_eq!(status(&make(0, &[], 0, Hash::ZERO), &[&log], None), 422);
        assert_eq!(
            status(&make(0, &[], 0, merkle::empty_root()), &[&log], None),
            200
        );
    }
}
