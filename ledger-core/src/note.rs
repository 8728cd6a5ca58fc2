//! C2SP signed notes: a text and the lines of those who signed it.
//!
//! Scope: strict parsing, checking the lines of known keys, signing with type 0x01, adding lines.
//! Out of scope: what the text says (`checkpoint.rs`), cosignatures (`cosignature.rs`), whose
//! signatures are enough (`policy.rs`).
//!
//! Invariant: a parsed [`Note`] prints to exactly the bytes it was parsed from.

use ed25519_dalek::{Signer, SigningKey};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cosignature::CosignatureTime;
use crate::key::PublicKey;
use crate::vkey::{KeyId, KeyName, SignatureType, Verifier, is_key_name};

/// The largest note we read: 16 lines of ML-DSA-44, which signed-note asks us to accept, need 52 kB.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// The most signature lines we read: the log, every witness a policy may name (64), and as many
/// strangers. signed-note asks for at least 16.
pub const MAX_SIGNATURE_LINES: usize = 128;

/// What every signature line begins with: em dash, space.
const LINE_START: &str = "\u{2014} ";

/// One signature line, well formed but not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    id: KeyId,
    signature: Vec<u8>,
}

/// A signed note, well formed but not verified: its text is to be trusted only after [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<SignatureLine>,
}

/// A signature that was checked: nothing but [`Note::verify`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedSignature<'v> {
    verifier: &'v Verifier,
    time: Option<CosignatureTime>,
}

/// Why a note is refused. Whoever wrote or carried it is at fault, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE_BYTES`].
    #[error("malformed note: larger than {MAX_NOTE_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8, or with a control character other than LF (so no CR and no tab).
    #[error("malformed note: not UTF-8 text without control characters")]
    Characters,
    /// No blank line between text and signatures, or no LF at the end.
    #[error("malformed note: no text, blank line and signature lines")]
    Shape,
    /// A signature line is not `— name base64`.
    #[error("malformed note: a signature line is not \"— name base64\"")]
    Line,
    /// More than [`MAX_SIGNATURE_LINES`].
    #[error("malformed note: more than {MAX_SIGNATURE_LINES} signature lines")]
    TooManyLines,
    /// A line bears name and ID of a known key, and its signature fails.
    #[error("bad signature in the name of {0}")]
    BadSignature(KeyName),
    /// No line is by a known key.
    #[error("no signature by a known key")]
    NoKnownSignature,
    /// Two of the verifiers have one name and ID: the verifier's own configuration is at fault.
    #[error("two known keys share the name {0} and the key ID")]
    AmbiguousKeys(KeyName),
}

impl SignatureLine {
    /// A line from its parts; `signature` is what follows the key ID.
    pub(crate) fn new(name: &KeyName, id: KeyId, signature: Vec<u8>) -> SignatureLine {
        SignatureLine {
            name: name.as_str().to_owned(),
            id,
            signature,
        }
    }

    /// Reads one line, without its LF.
    pub fn parse(line: &str) -> Result<SignatureLine, NoteError> {
        let (name, signature) = line
            .strip_prefix(LINE_START)
            .and_then(|rest| rest.split_once(' '))
            .filter(|(name, _)| is_key_name(name))
            .ok_or(NoteError::Line)?;
        let signature = STANDARD.decode(signature).map_err(|_| NoteError::Line)?;
        match signature.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => Ok(SignatureLine {
                name: name.to_owned(),
                id: KeyId(*id),
                signature: signature.to_vec(),
            }),
            _ => Err(NoteError::Line),
        }
    }

    /// Reads one or more lines, each with its LF: the end of a note, or what a witness answers to
    /// `add-checkpoint`.
    pub fn parse_all(lines: &str) -> Result<Vec<SignatureLine>, NoteError> {
        if lines.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge);
        }
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Shape)?;
        if lines.split('\n').nth(MAX_SIGNATURE_LINES).is_some() {
            return Err(NoteError::TooManyLines);
        }
        lines.split('\n').map(SignatureLine::parse).collect()
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ID of the key that is said to have signed.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What follows the key ID: for cosignatures the time and the signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The line with its LF.
    pub fn to_line(&self) -> String {
        let signature = STANDARD.encode([&self.id.0, self.signature.as_slice()].concat());
        format!("{LINE_START}{} {signature}\n", self.name)
    }

    fn is_by(&self, verifier: &Verifier) -> bool {
        self.name == verifier.name().as_str() && self.id == verifier.id()
    }
}

impl Note {
    /// Puts a note together. The text must end in LF and hold no other control character.
    pub fn new(text: String, lines: Vec<SignatureLine>) -> Result<Note, NoteError> {
        if !text.ends_with('\n') || lines.is_empty() {
            return Err(NoteError::Shape);
        }
        if text.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Characters);
        }
        if lines.len() > MAX_SIGNATURE_LINES {
            return Err(NoteError::TooManyLines);
        }
        let note = Note { text, lines };
        if note.to_text().len() > MAX_NOTE_BYTES {
            Err(NoteError::TooLarge)
        } else {
            Ok(note)
        }
    }

    /// Reads a note, signed-note "Format". Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Characters);
        }
        // The last blank line parts text and signatures; the text keeps its own final LF.
        let text_end = note.rfind("\n\n").ok_or(NoteError::Shape)? + 1;
        let (text, lines) = note.split_at(text_end);
        let lines = SignatureLine::parse_all(&lines[1..])?;
        Ok(Note {
            text: text.to_owned(),
            lines,
        })
    }

    /// The text, with its final LF. Not to be trusted before [`Note::verify`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order, verified or not.
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    /// The whole note as it is written to a file or a socket.
    pub fn to_text(&self) -> String {
        let lines: String = self.lines.iter().map(SignatureLine::to_line).collect();
        format!("{}\n{lines}", self.text)
    }

    /// The same note with more signature lines; lines it already has are not repeated.
    pub fn with_lines(&self, more: &[SignatureLine]) -> Result<Note, NoteError> {
        let mut lines = self.lines.clone();
        for line in more {
            if !lines.contains(line) {
                lines.push(line.clone());
            }
        }
        Note::new(self.text.clone(), lines)
    }

    /// The same note with only the lines by these keys, or `None` when there is none.
    pub fn only_by(&self, verifiers: &[&Verifier]) -> Option<Note> {
        let known = |line: &&SignatureLine| verifiers.iter().any(|key| line.is_by(key));
        let lines: Vec<_> = self.lines.iter().filter(known).cloned().collect();
        (!lines.is_empty()).then(|| Note {
            text: self.text.clone(),
            lines,
        })
    }

    /// Checks the lines of known keys, signed-note "Signatures": a line whose name *and* ID are unknown is
    /// ignored, a known one that fails refuses the whole note, and at least one must hold. Every line is
    /// checked, also a second one by the same key.
    pub fn verify<'v>(
        &self,
        verifiers: &[&'v Verifier],
    ) -> Result<Vec<VerifiedSignature<'v>>, NoteError> {
        let mut verified = Vec::new();
        for line in &self.lines {
            let mut known = verifiers
                .iter()
                .copied()
                .filter(|verifier| line.is_by(verifier));
            let Some(verifier) = known.next() else {
                continue;
            };
            if known.any(|other| other != verifier) {
                return Err(NoteError::AmbiguousKeys(verifier.name().clone()));
            }
            let time = verifier
                .verify(&self.text, &line.signature)
                .map_err(|_| NoteError::BadSignature(verifier.name().clone()))?;
            verified.push(VerifiedSignature { verifier, time });
        }
        if verified.is_empty() {
            Err(NoteError::NoKnownSignature)
        } else {
            Ok(verified)
        }
    }
}

impl<'v> VerifiedSignature<'v> {
    /// Who signed.
    pub fn verifier(&self) -> &'v Verifier {
        self.verifier
    }

    /// When, if it is a cosignature.
    pub fn time(&self) -> Option<CosignatureTime> {
        self.time
    }
}

/// Signs notes with type 0x01: a log's key and its name.
#[derive(Clone)]
pub struct NoteSigner<'k> {
    name: KeyName,
    key: &'k SigningKey,
}

impl<'k> NoteSigner<'k> {
    /// Borrows a secret key under a name.
    pub fn new(name: KeyName, key: &'k SigningKey) -> NoteSigner<'k> {
        NoteSigner { name, key }
    }

    /// The name in its lines.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What checks its signatures.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(
            self.name.clone(),
            SignatureType::Ed25519,
            PublicKey::of(self.key),
        )
    }

    /// Signs a text.
    pub fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        SignatureLine::new(&self.name, self.verifier().id(), signature)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of signed-note, and its key.
    const EXAMPLE: &str = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    const EXAMPLE_VKEY: &str =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn example_key() -> Verifier {
        EXAMPLE_VKEY.parse().unwrap()
    }

    fn example() -> Note {
        Note::parse(EXAMPLE.as_bytes()).unwrap()
    }

    fn line(name: &str, id: [u8; 4], signature: &[u8]) -> SignatureLine {
        SignatureLine {
            name: name.to_owned(),
            id: KeyId(id),
            signature: signature.to_vec(),
        }
    }

    #[test]
    fn the_example_of_the_specification_holds() {
        let (note, key) = (example(), example_key());
        assert_eq!(note.text(), "This is an example message.\n");
        assert_eq!(note.to_text(), EXAMPLE);
        let verified = note.verify(&[&key]).unwrap();
        assert_eq!((verified[0].verifier(), verified[0].time()), (&key, None));
    }

    #[test]
    fn any_other_spelling_is_refused() {
        use NoteError::*;
        let sig = "\u{2014} n AAAAAAA=\n";
        assert!(Note::parse(format!("t\n\n{sig}").as_bytes()).is_ok());
        for (note, error) in [
            (String::new(), Shape),
            ("t\n".to_owned(), Shape),
            (format!("t\n{sig}"), Shape),
            (sig.to_owned(), Shape),
            (format!("\n{sig}"), Shape),
            ("t\n\n".to_owned(), Shape),
            (format!("t\n\n{sig}\n"), Shape),
            (format!("t\n\n{}", sig.trim_end()), Shape),
            (format!("t\n\n{sig}\n\n"), Shape),
            (format!("t\r\n\n{sig}"), Characters),
            (format!("t\t\n\n{sig}"), Characters),
            (format!("t\0\n\n{sig}"), Characters),
            ("t\n\n\u{2014} n AAAAAAA=\r\n".to_owned(), Characters),
            ("t\n\n- n AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014}n AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014}  AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014}  n AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014} n  AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014} n AAAAAAA= \n".to_owned(), Line),
            ("t\n\n\u{2014} n AAAAAAA=\u{a0}\n".to_owned(), Line),
            (" t\n\n \u{2014} n AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014} n+m AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014} n\u{a0}m AAAAAAA=\n".to_owned(), Line),
            ("t\n\n\u{2014} n\n".to_owned(), Line),
            ("t\n\n\u{2014} n \n".to_owned(), Line),
            ("t\n\n\u{2014} n AAAAAAA\n".to_owned(), Line),
            ("t\n\n\u{2014} n AAAAAAB=\n".to_owned(), Line),
            ("t\n\n\u{2014} n AAAAAA==\n".to_owned(), Line),
            ("t\n\n\u{2014} n ____AAA=\n".to_owned(), Line),
            (format!("t\n\n{sig}more\n"), Line),
        ] {
            assert_eq!(Note::parse(note.as_bytes()), Err(error), "{note:?}");
        }
        assert_eq!(Note::parse(b"\xff\n\n"), Err(Characters));
    }

    #[test]
    fn the_last_blank_line_splits() {
        let note = Note::parse("a\n\nb\n\n\u{2014} n AAAAAAA=\n".as_bytes()).unwrap();
        assert_eq!(note.text(), "a\n\nb\n");
        let blank = Note::parse("\n\n\u{2014} n AAAAAAA=\n".as_bytes()).unwrap();
        assert_eq!(blank.text(), "\n");
    }

    #[test]
    fn the_limits_hold_at_the_limit_and_one_past_it() {
        let sig = "\u{2014} n AAAAAAA=\n";
        let note = |lines: usize| format!("t\n\n{}", sig.repeat(lines));
        assert!(Note::parse(note(MAX_SIGNATURE_LINES).as_bytes()).is_ok());
        let past = note(MAX_SIGNATURE_LINES + 1);
        assert_eq!(Note::parse(past.as_bytes()), Err(NoteError::TooManyLines));
        let full = Note::parse(note(MAX_SIGNATURE_LINES).as_bytes()).unwrap();
        let one_more = full.with_lines(&[line("m", [0; 4], b"s")]);
        assert_eq!(one_more, Err(NoteError::TooManyLines));

        let padded = |size: usize| format!("{}\n\n{sig}", "t".repeat(size - 2 - sig.len()));
        assert!(Note::parse(padded(MAX_NOTE_BYTES).as_bytes()).is_ok());
        let past = padded(MAX_NOTE_BYTES + 1);
        assert_eq!(Note::parse(past.as_bytes()), Err(NoteError::TooLarge));
        let full = Note::parse(padded(MAX_NOTE_BYTES).as_bytes()).unwrap();
        assert_eq!(
            full.with_lines(&[line("m", [0; 4], b"s")]),
            Err(NoteError::TooLarge)
        );
    }

    #[test]
    fn sixteen_ml_dsa_lines_fit() {
        let ml_dsa = |n| line(&format!("w{n}.example/mldsa"), [6; 4], &[0; 8 + 2420]);
        let note = example()
            .with_lines(&(0..16).map(ml_dsa).collect::<Vec<_>>())
            .unwrap();
        assert_eq!(Note::parse(note.to_text().as_bytes()), Ok(note.clone()));
        assert_eq!(
            note.verify(&[&example_key()]).map(|known| known.len()),
            Ok(1)
        );
    }

    #[test]
    fn unknown_lines_are_ignored_and_known_ones_must_hold() {
        let key = example_key();
        let (id, other) = (key.id().0, [1, 2, 3, 4]);
        for stranger in [
            line("x", other, b"s"),
            line("x", id, b"s"),
            line("example.com/foo", other, b"s"),
        ] {
            let note = example().with_lines(&[stranger]).unwrap();
            assert_eq!(note.verify(&[&key]).map(|known| known.len()), Ok(1));
            assert_eq!(note.only_by(&[&key]), Some(example()));
        }
        let refused = NoteError::BadSignature(key.name().clone());
        for forged in [
            line("example.com/foo", id, b"s"),
            line("example.com/foo", id, &[0; 64]),
        ] {
            let note = example().with_lines(&[forged]).unwrap();
            assert_eq!(note.verify(&[&key]), Err(refused.clone()));
        }
        let changed = EXAMPLE.replace("message", "massage");
        let changed = Note::parse(changed.as_bytes()).unwrap();
        assert_eq!(changed.verify(&[&key]), Err(refused));
        assert_eq!(example().verify(&[]), Err(NoteError::NoKnownSignature));
    }

    #[test]
    fn every_line_of_a_known_key_is_checked() {
        let key = example_key();
        let twice = Note::new(
            example().text().to_owned(),
            [example().lines(), example().lines()].concat(),
        );
        assert_eq!(
            twice.unwrap().verify(&[&key]).map(|known| known.len()),
            Ok(2)
        );
        assert_eq!(example().with_lines(example().lines()), Ok(example()));
        assert_eq!(
            example().verify(&[&key, &key]).map(|known| known.len()),
            Ok(1)
        );
    }

    #[test]
    fn texts_that_would_not_come_back_are_not_made() {
        let lines = || vec![line("n", [0; 4], b"s")];
        for text in ["", "no end", "cr\r\n", "tab\t\n"] {
            assert!(Note::new(text.to_owned(), lines()).is_err(), "{text:?}");
        }
        assert_eq!(Note::new("t\n".to_owned(), vec![]), Err(NoteError::Shape));
    }

    #[test]
    fn answers_of_witnesses_are_lines() {
        let lines = "\u{2014} a AAAAAAA=\n\u{2014} b AAAAAAA=\n";
        assert_eq!(
            SignatureLine::parse_all(lines).map(|lines| lines.len()),
            Ok(2)
        );
        assert_eq!(SignatureLine::parse_all(""), Err(NoteError::Shape));
        assert_eq!(SignatureLine::parse_all("\n"), Err(NoteError::Line));
        assert_eq!(
            SignatureLine::parse_all(&lines[..lines.len() - 1]),
            Err(NoteError::Shape)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_parses_prints_as_it_was(text in "[a\n\u{2014} =+A]{0,40}", tail in "(\n\u{2014} [ab]{1,2} AAAA(AAA=|BBA=|)\n){0,2}") {
            let bytes = format!("{text}\n{tail}");
            if let Ok(note) = Note::parse(bytes.as_bytes()) {
                prop_assert_eq!(note.to_text(), bytes);
            }
        }

        #[test]
        fn a_flipped_bit_never_verifies(bit in 0..EXAMPLE.len() * 8) {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let verified = Note::parse(&bytes).and_then(|note| note.verify(&[&example_key()]).map(|_| ()));
            prop_assert!(verified.is_err());
        }
    }
}
