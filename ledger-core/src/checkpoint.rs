//! C2SP tlog-checkpoint: the text in which a log states its size and root.
//!
//! Scope: the three lines, signing them as a log. Out of scope: cosignatures (`cosignature.rs`), trust
//! (`policy.rs`).
//!
//! Invariant: a parsed [`Checkpoint`] prints to exactly the text it was parsed from. Extension lines
//! are neither written nor read: no validator could check what they say.

use crate::decimal::parse_decimal;
use crate::ids::{Hash, TreeSize};
use crate::merkle::MAX_TREE_SIZE;
use crate::note::{Note, NoteSigner};

/// The longest origin: the ML-DSA-44 message of tlog-cosignature has one length byte for it.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// What a log states: at this size my tree has this root. Not verified by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    origin: String,
    size: TreeSize,
    root: Hash,
}

/// Whoever wrote the checkpoint is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not three lines, each with its LF.
    #[error("malformed checkpoint: not origin, size and root")]
    Shape,
    /// There are lines after the root.
    #[error("a checkpoint with extension lines, which nobody could check")]
    ExtensionLines,
    /// Empty, longer than [`MAX_ORIGIN_BYTES`], with a control character or white space at an end.
    #[error("malformed checkpoint: the origin")]
    Origin,
    /// Not a decimal up to [`MAX_TREE_SIZE`].
    #[error("malformed checkpoint: the size is not a plain decimal number")]
    Size,
    /// Not base64 of 32 bytes.
    #[error("malformed checkpoint: the root is not a hash in base64")]
    Root,
}

impl Checkpoint {
    /// A checkpoint from its three facts.
    pub fn new(origin: &str, size: TreeSize, root: Hash) -> Result<Checkpoint, CheckpointError> {
        let readable =
            !origin.is_empty() && origin.trim() == origin && origin.len() <= MAX_ORIGIN_BYTES;
        if !readable || origin.chars().any(|c| c < ' ') {
            return Err(CheckpointError::Origin);
        }
        if size > MAX_TREE_SIZE {
            return Err(CheckpointError::Size);
        }
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// Reads the text of a note, tlog-checkpoint "Note text".
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Shape)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Shape);
        };
        if lines.next().is_some() {
            return Err(CheckpointError::ExtensionLines);
        }
        let size = parse_decimal(size).ok_or(CheckpointError::Size)?;
        let root = Hash::from_base64(root).ok_or(CheckpointError::Root)?;
        Checkpoint::new(origin, TreeSize(size), root)
    }

    /// Reads the checkpoint in a note. Nothing is verified.
    pub fn of(note: &Note) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::parse(note.text())
    }

    /// Which log speaks.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many leaves its tree has.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of its tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// The text that is signed, with its final LF.
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            self.root.to_base64()
        )
    }

    /// The note with the log's signature. [`CheckpointError::Origin`] when the signer's name is not the
    /// origin: every reader would look for another key.
    pub fn sign(&self, log: &NoteSigner<'_>) -> Result<Note, CheckpointError> {
        if log.name().as_str() != self.origin {
            return Err(CheckpointError::Origin);
        }
        let text = self.to_text();
        let line = log.sign(&text);
        // The text was checked when the checkpoint was made, so this refuses nothing more.
        Note::new(text, vec![line]).map_err(|_| CheckpointError::Shape)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    const ROOT: &str = "GqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=";

    #[test]
    fn any_other_spelling_is_refused() {
        use CheckpointError::*;
        let good = format!("log.example/ocop\n5\n{ROOT}\n");
        assert_eq!(Checkpoint::parse(&good).unwrap().to_text(), good);
        let long = "o".repeat(MAX_ORIGIN_BYTES + 1);
        for (text, error) in [
            ("".to_owned(), Shape),
            ("\n".to_owned(), Shape),
            ("log.example\n5\n".to_owned(), Shape),
            (format!("log.example\n5\n{ROOT}"), Shape),
            (format!("log.example\n5\n{ROOT}\n\n"), ExtensionLines),
            (format!("log.example\n5\n{ROOT}\nmore\n"), ExtensionLines),
            (format!("\n5\n{ROOT}\n"), Origin),
            (format!("log.example \n5\n{ROOT}\n"), Origin),
            (format!(" log.example\n5\n{ROOT}\n"), Origin),
            (format!("log.example\r\n5\n{ROOT}\n"), Origin),
            (format!("log\texample\n5\n{ROOT}\n"), Origin),
            (format!("{long}\n5\n{ROOT}\n"), Origin),
            (format!("log.example\n\n{ROOT}\n"), Size),
            (format!("log.example\n+5\n{ROOT}\n"), Size),
            (format!("log.example\n05\n{ROOT}\n"), Size),
            (format!("log.example\n-5\n{ROOT}\n"), Size),
            (format!("log.example\n 5\n{ROOT}\n"), Size),
            (format!("log.example\n5 \n{ROOT}\n"), Size),
            (format!("log.example\n5\t\n{ROOT}\n"), Size),
            (format!("log.example\n5\r\n{ROOT}\n"), Size),
            (format!("log.example\n9223372036854775808\n{ROOT}\n"), Size),
            (format!("log.example\n5\n{ROOT} \n"), Root),
            (format!("log.example\n5\n{ROOT}\r\n"), Root),
            (
                format!("log.example\n5\n{}\n", ROOT.trim_end_matches('=')),
                Root,
            ),
            (
                format!("log.example\n5\n{}\n", ROOT.replace("Cw=", "Cx=")),
                Root,
            ),
            (
                format!("log.example\n5\n{}\n", ROOT.replace("Cw=", "AA==")),
                Root,
            ),
            (format!("log.example\n5\n{}\n", "-_".repeat(22)), Root),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_log_signs_under_its_own_name_only() {
        let secret = SigningKey::from_bytes(&[1; 32]);
        let log = NoteSigner::new(crate::vkey::KeyName::new("log.example").unwrap(), &secret);
        let own = Checkpoint::new("log.example", TreeSize(0), Hash::ZERO).unwrap();
        let note = own.sign(&log).unwrap();
        assert_eq!(Checkpoint::of(&note), Ok(own));
        assert!(note.verify(&[&log.verifier()]).is_ok());
        let other = Checkpoint::new("log.example/2", TreeSize(0), Hash::ZERO).unwrap();
        assert_eq!(other.sign(&log), Err(CheckpointError::Origin));
    }
}
