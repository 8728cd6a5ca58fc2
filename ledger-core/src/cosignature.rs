//! C2SP tlog-cosignature, the Ed25519 form (`cosignature/v1`): a checkpoint, and when it was seen.
//!
//! Scope: the signed message, making and checking one cosignature. Out of scope: what a witness must
//! have checked before it signs (`add_checkpoint.rs`, node), whose cosignatures are enough (`policy.rs`).

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};

use crate::checkpoint::Checkpoint;
use crate::key::{BadSignature, PublicKey};
use crate::note::SignatureLine;
use crate::vkey::{KeyName, SignatureType, Verifier};

/// The latest time tlog-cosignature allows: 2^63 − 1 seconds.
pub const MAX_COSIGNATURE_SECONDS: u64 = i64::MAX as u64;

/// When a witness cosigned, by its own clock: seconds since 1970, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignatureTime(u64);

impl CosignatureTime {
    /// `None` for zero ("no time" in newer forms) and above [`MAX_COSIGNATURE_SECONDS`].
    pub fn new(seconds: u64) -> Option<CosignatureTime> {
        (1..=MAX_COSIGNATURE_SECONDS)
            .contains(&seconds)
            .then_some(CosignatureTime(seconds))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CosignatureTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes cosignatures: a witness's key and its name.
#[derive(Clone)]
pub struct Cosigner<'k> {
    name: KeyName,
    key: &'k SigningKey,
}

impl<'k> Cosigner<'k> {
    /// Borrows a secret key under a name. The key must sign nothing but cosignatures.
    pub fn new(name: KeyName, key: &'k SigningKey) -> Cosigner<'k> {
        Cosigner { name, key }
    }

    /// The name in its lines.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What checks its cosignatures.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(
            self.name.clone(),
            SignatureType::CosignatureV1,
            PublicKey::of(self.key),
        )
    }

    /// States that, as of `time`, this is the largest consistent head seen. The caller has made that
    /// true, and durable, before.
    pub fn cosign(&self, checkpoint: &Checkpoint, time: CosignatureTime) -> SignatureLine {
        let signature = self
            .key
            .sign(message(time, &checkpoint.to_text()).as_bytes())
            .to_bytes();
        let timestamped = [time.0.to_be_bytes().as_slice(), &signature].concat();
        SignatureLine::new(&self.name, self.verifier().id(), timestamped)
    }
}

/// Checks a `timestamped_signature` over the text of a note.
pub(crate) fn verify(
    key: &PublicKey,
    text: &str,
    timestamped: &[u8],
) -> Result<CosignatureTime, BadSignature> {
    let (time, signature) = timestamped.split_first_chunk().ok_or(BadSignature)?;
    let time = CosignatureTime::new(u64::from_be_bytes(*time)).ok_or(BadSignature)?;
    key.verify(message(time, text).as_bytes(), signature)?;
    Ok(time)
}

/// tlog-cosignature "Ed25519 signed message".
fn message(time: CosignatureTime, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::ids::{Hash, TreeSize};
    use crate::note::{Note, NoteError};

    fn checkpoint() -> Checkpoint {
        Checkpoint::new("log.example", TreeSize(1), Hash([9; 32])).unwrap()
    }

    #[test]
    fn zero_and_times_past_the_signed_range_are_no_times() {
        assert_eq!(CosignatureTime::new(0), None);
        assert_eq!(
            CosignatureTime::new(1).map(CosignatureTime::seconds),
            Some(1)
        );
        assert!(CosignatureTime::new(MAX_COSIGNATURE_SECONDS).is_some());
        assert_eq!(CosignatureTime::new(MAX_COSIGNATURE_SECONDS + 1), None);
    }

    #[test]
    fn a_cosignature_holds_for_its_time_and_text_only() {
        let secret = SigningKey::from_bytes(&[2; 32]);
        let witness = Cosigner::new(KeyName::new("w.example").unwrap(), &secret);
        let verifier = witness.verifier();
        let time = CosignatureTime::new(1_700_000_000).unwrap();
        let line = witness.cosign(&checkpoint(), time);
        let text = checkpoint().to_text();
        assert_eq!(verifier.verify(&text, line.signature()), Ok(Some(time)));
        assert!(
            verifier
                .verify("log.example\n2\n", line.signature())
                .is_err()
        );
        for bit in 0..line.signature().len() * 8 {
            let mut changed = line.signature().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(verifier.verify(&text, &changed).is_err(), "bit {bit}");
        }
        for length in [0, 7, 8, 71] {
            assert!(verifier.verify(&text, &line.signature()[..length]).is_err());
        }
        let longer = [line.signature(), &[0]].concat();
        assert!(verifier.verify(&text, &longer).is_err());
    }

    #[test]
    fn a_signature_over_time_zero_is_refused() {
        let secret = SigningKey::from_bytes(&[2; 32]);
        let name = KeyName::new("w.example").unwrap();
        let verifier = Cosigner::new(name.clone(), &secret).verifier();
        let text = checkpoint().to_text();
        for time in [0, MAX_COSIGNATURE_SECONDS + 1] {
            let signed = secret
                .sign(message(CosignatureTime(time), &text).as_bytes())
                .to_bytes();
            let timestamped = [time.to_be_bytes().as_slice(), &signed].concat();
            let line = SignatureLine::new(&name, verifier.id(), timestamped);
            let note = Note::new(text.clone(), vec![line]).unwrap();
            assert_eq!(
                note.verify(&[&verifier]),
                Err(NoteError::BadSignature(name.clone()))
            );
        }
    }

    #[test]
    fn a_note_signature_is_no_cosignature() {
        let secret = SigningKey::from_bytes(&[2; 32]);
        let name = KeyName::new("w.example").unwrap();
        let as_note = crate::note::NoteSigner::new(name.clone(), &secret);
        let as_witness = Cosigner::new(name, &secret);
        assert_ne!(as_note.verifier().id(), as_witness.verifier().id());
        let text = checkpoint().to_text();
        let note = Note::new(text.clone(), vec![as_note.sign(&text)]).unwrap();
        assert_eq!(
            note.verify(&[&as_witness.verifier()]),
            Err(NoteError::NoKnownSignature)
        );
    }
}
