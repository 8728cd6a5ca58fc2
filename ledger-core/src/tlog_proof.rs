//! C2SP tlog-proof: one entry's proof as a file that can be checked offline (`.tlog-proof`).
//!
//! Scope: the text, and checking it against a leaf and a policy. Out of scope: what the entry says,
//! and what the extra data is for; nobody signs it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decimal::parse_decimal;
use crate::ids::{Hash, LeafIndex};
use crate::merkle::{self, BadProof, MAX_PROOF_HASHES};
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::policy::Policy;
use crate::quorum::{Evaluation, EvaluationError};

/// The first line.
pub const TLOG_PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most extra data: room for the largest entry a bundle can hold.
pub const MAX_EXTRA_BYTES: usize = 64 * 1024;
/// The largest file: header, extra data in base64, index, 63 hashes, blank line, note.
pub const MAX_TLOG_PROOF_BYTES: usize =
    23 + 7 + MAX_EXTRA_BYTES.div_ceil(3) * 4 + 27 + MAX_PROOF_HASHES * 45 + 1 + MAX_NOTE_BYTES;

/// A well-formed proof; nothing in it is verified before [`TlogProof::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    path: Vec<Hash>,
    note: Note,
}

/// Why a proof is refused. Whoever made it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Larger than [`MAX_TLOG_PROOF_BYTES`].
    #[error("malformed proof: larger than {MAX_TLOG_PROOF_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8, another first line, or no blank line before the checkpoint.
    #[error("malformed proof: not the lines of {TLOG_PROOF_HEADER}")]
    Shape,
    /// The extra data is not canonical base64, is empty, or longer than [`MAX_EXTRA_BYTES`].
    #[error("malformed proof: the extra line")]
    Extra,
    /// Not `index` and a plain decimal.
    #[error("malformed proof: the index line")]
    Index,
    /// A line of the path is not base64 of 32 bytes.
    #[error("malformed proof: a line of the path is not a hash in base64")]
    Hash,
    /// More than 63 hashes.
    #[error("malformed proof: more than {MAX_PROOF_HASHES} hashes")]
    TooManyHashes,
    /// The checkpoint's note is malformed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint does not hold under the policy.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The path does not lead from the leaf to the root.
    #[error(transparent)]
    Inclusion(#[from] BadProof),
}

impl TlogProof {
    /// Puts a proof together.
    pub fn new(
        extra: Option<Vec<u8>>,
        index: LeafIndex,
        path: Vec<Hash>,
        note: Note,
    ) -> Result<TlogProof, TlogProofError> {
        if extra
            .as_ref()
            .is_some_and(|data| data.is_empty() || data.len() > MAX_EXTRA_BYTES)
        {
            return Err(TlogProofError::Extra);
        }
        if path.len() > MAX_PROOF_HASHES {
            return Err(TlogProofError::TooManyHashes);
        }
        Ok(TlogProof {
            extra,
            index,
            path,
            note,
        })
    }

    /// Reads a file, tlog-proof "Format".
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, TlogProofError> {
        if bytes.len() > MAX_TLOG_PROOF_BYTES {
            return Err(TlogProofError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofError::Shape)?;
        let (head, note) = text.split_once("\n\n").ok_or(TlogProofError::Shape)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(TLOG_PROOF_HEADER) {
            return Err(TlogProofError::Shape);
        }
        let mut line = lines.next().ok_or(TlogProofError::Index)?;
        let mut extra = None;
        if let Some(data) = line.strip_prefix("extra ") {
            extra = Some(STANDARD.decode(data).map_err(|_| TlogProofError::Extra)?);
            line = lines.next().ok_or(TlogProofError::Index)?;
        }
        let index = line.strip_prefix("index ").and_then(parse_decimal);
        let index = LeafIndex(index.ok_or(TlogProofError::Index)?);
        if lines.clone().nth(MAX_PROOF_HASHES).is_some() {
            return Err(TlogProofError::TooManyHashes);
        }
        let path: Option<Vec<Hash>> = lines.map(Hash::from_base64).collect();
        let path = path.ok_or(TlogProofError::Hash)?;
        TlogProof::new(extra, index, path, Note::parse(note.as_bytes())?)
    }

    /// The file.
    pub fn to_text(&self) -> String {
        let encode = |data: &Vec<u8>| format!("extra {}\n", STANDARD.encode(data));
        let extra = self.extra.as_ref().map(encode).unwrap_or_default();
        let path: String = self
            .path
            .iter()
            .map(|hash| hash.to_base64() + "\n")
            .collect();
        let note = self.note.to_text();
        format!(
            "{TLOG_PROOF_HEADER}\n{extra}index {}\n{path}\n{note}",
            self.index
        )
    }

    /// Checks that the policy's log has this leaf, in steps 2 to 4 of "Verifying a tlog proof". Whether the
    /// witnesses are enough is for the caller to ask of the answer.
    pub fn verify<'p>(
        &self,
        leaf: &Hash,
        policy: &'p Policy,
    ) -> Result<Evaluation<'p>, TlogProofError> {
        let evaluation = policy.evaluate(&self.note)?;
        let head = evaluation.checkpoint();
        merkle::verify_inclusion(leaf, self.index, head.size(), &head.root(), &self.path)?;
        Ok(evaluation)
    }

    /// Opaque data that nobody signed; not to be trusted.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The place of the entry.
    pub fn index(&self) -> LeafIndex {
        self.index
    }

    /// The inclusion proof, leaf side first.
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// The checkpoint with its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const TAIL: &str = "log.example\n5\nGqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=\n\n\u{2014} log.example AAAAAAA=\n";

    #[test]
    fn a_proof_with_and_without_extra_data_prints_as_it_was_read() {
        let hash = Hash([1; 32]).to_base64();
        for head in [
            "index 0\n".to_owned(),
            format!("index 2\n{hash}\n{hash}\n"),
            format!("extra aGk=\nindex 2\n{hash}\n"),
        ] {
            let text = format!("{TLOG_PROOF_HEADER}\n{head}\n{TAIL}");
            let proof = TlogProof::parse(text.as_bytes()).unwrap();
            assert_eq!(proof.to_text(), text);
            assert_eq!(
                proof.extra(),
                head.starts_with("extra").then_some(b"hi".as_slice())
            );
        }
    }

    #[test]
    fn any_other_spelling_is_refused() {
        use TlogProofError::*;
        let line = format!("{}\n", super::Hash([1; 32]).to_base64());
        let (line, full) = (line.as_str(), line.repeat(MAX_PROOF_HASHES));
        let ok = format!("{TLOG_PROOF_HEADER}\nindex 2\n{full}\n{TAIL}");
        assert!(TlogProof::parse(ok.as_bytes()).is_ok());
        for (head, error) in [
            ("".to_owned(), Index),
            ("index 2".to_owned(), Hash),
            ("index +2\n".to_owned(), Index),
            ("index 02\n".to_owned(), Index),
            ("index  2\n".to_owned(), Index),
            ("index 2 \n".to_owned(), Index),
            ("index 2\r\n".to_owned(), Index),
            ("index\t2\n".to_owned(), Index),
            ("extra aGk=\n".to_owned(), Index),
            ("extra\nindex 2\n".to_owned(), Index),
            ("extra \nindex 2\n".to_owned(), Extra),
            ("extra aGk\nindex 2\n".to_owned(), Extra),
            ("extra aGl=\nindex 2\n".to_owned(), Extra),
            ("extra aGk= \nindex 2\n".to_owned(), Extra),
            ("extra aGk=\nextra aGk=\nindex 2\n".to_owned(), Index),
            ("index 2\nextra aGk=\n".to_owned(), Hash),
            ("index 2\nindex 2\n".to_owned(), Hash),
            (format!("index 2\n{} \n", line.trim_end()), Hash),
            (format!("index 2\n{full}{line}"), TooManyHashes),
        ] {
            let text = format!("{TLOG_PROOF_HEADER}\n{head}\n{TAIL}");
            assert_eq!(TlogProof::parse(text.as_bytes()), Err(error), "{head:?}");
        }
        for (text, error) in [
            (String::new(), Shape),
            (format!("{TLOG_PROOF_HEADER}\nindex 2\n"), Shape),
            (format!("c2sp.org/tlog-proof@v2\nindex 2\n\n{TAIL}"), Shape),
            (format!(" {TLOG_PROOF_HEADER}\nindex 2\n\n{TAIL}"), Shape),
            (format!("{TLOG_PROOF_HEADER}\r\nindex 2\n\n{TAIL}"), Shape),
            (
                format!("{TLOG_PROOF_HEADER}\nindex 2\n\n{TAIL}\n"),
                Note(NoteError::Shape),
            ),
            (" ".repeat(MAX_TLOG_PROOF_BYTES + 1), TooLarge),
        ] {
            assert_eq!(TlogProof::parse(text.as_bytes()), Err(error), "{text:?}");
        }
    }

    #[test]
    fn extra_data_has_a_limit() {
        let note = crate::note::Note::parse(TAIL.as_bytes()).unwrap();
        let make =
            |length| TlogProof::new(Some(vec![0; length]), LeafIndex(0), vec![], note.clone());
        assert!(make(MAX_EXTRA_BYTES).is_ok());
        assert_eq!(make(MAX_EXTRA_BYTES + 1), Err(TlogProofError::Extra));
        assert_eq!(make(0), Err(TlogProofError::Extra));
    }
}
