//! Ed25519 public keys that every verifier agrees about.
//!
//! Scope: which 32 bytes are a key at all, and the strict check of a signature. Out of scope: what a key
//! may sign (roster), where secret keys live (node).
//!
//! Invariant: a [`PublicKey`] is canonically encoded (RFC 8032 section 5.1.3 without its leniency), not
//! of small order and free of torsion. Some verifiers accept other keys and some do not (Chromium's
//! WebCrypto takes small-order ones), so such a key could make one node say yes and a phone say no.

use std::fmt;

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};

/// Bytes of an Ed25519 public key (RFC 8032).
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Bytes of an Ed25519 signature (RFC 8032).
pub const SIGNATURE_BYTES: usize = 64;

/// An Ed25519 public key that has passed every check of this module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Whoever offered the key is at fault: no honest key generator makes one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes.
    #[error("malformed key: {0} bytes, and an Ed25519 public key has 32")]
    Length(usize),
    /// The bytes are no point of the curve.
    #[error("malformed key: not a point of the curve")]
    NotAPoint,
    /// A second spelling of a point: y is not reduced, or the sign bit is set where x is zero.
    #[error("malformed key: not the canonical spelling of its point")]
    NotCanonical,
    /// One of the eight points of small order: it verifies signatures that nobody made.
    #[error("malformed key: a point of small order")]
    SmallOrder,
    /// A good point plus one of small order: verifiers disagree about its signatures.
    #[error("malformed key: a point with a torsion component")]
    Torsion,
}

/// The signature does not verify strictly under the key: whoever made or changed it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad signature")]
pub struct BadSignature;

impl PublicKey {
    /// Reads a key and refuses every one that verifiers could disagree about.
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Result<PublicKey, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if point.is_small_order() {
            return Err(KeyError::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyError::Torsion);
        }
        Ok(PublicKey(key))
    }

    /// [`PublicKey::from_bytes`] for bytes of unknown length.
    pub fn from_slice(bytes: &[u8]) -> Result<PublicKey, KeyError> {
        let exact = bytes
            .try_into()
            .map_err(|_| KeyError::Length(bytes.len()))?;
        PublicKey::from_bytes(exact)
    }

    /// The public half of a secret key. Needs no check: dalek derives it as a multiple of the base point.
    pub fn of(secret: &SigningKey) -> PublicKey {
        PublicKey(secret.verifying_key())
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.0.to_bytes()
    }

    /// The 32 bytes of RFC 8032, borrowed.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        self.0.as_bytes()
    }

    /// Checks one signature over `message`, without cofactor and without leniency (`verify_strict`).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.as_bytes()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use ed25519_dalek::Signer;

    /// The canonical encodings of the eight points whose order divides 8 (Wycheproof, speccheck).
    const SMALL_ORDER: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];

    fn bytes(hex_text: &str) -> [u8; 32] {
        hex::decode(hex_text).unwrap().try_into().unwrap()
    }

    #[test]
    fn the_eight_small_order_points_are_refused() {
        for point in SMALL_ORDER {
            assert_eq!(
                PublicKey::from_bytes(&bytes(point)),
                Err(KeyError::SmallOrder),
                "{point}"
            );
        }
    }

    #[test]
    fn second_spellings_are_refused() {
        for spelling in [
            // x = 0 with the sign bit set, for y = 1 and y = −1
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            // y = p and y = p + 1, each with both signs
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ] {
            assert_eq!(
                PublicKey::from_bytes(&bytes(spelling)),
                Err(KeyError::NotCanonical),
                "{spelling}"
            );
        }
    }

    #[test]
    fn every_unreduced_y_is_refused() {
        for low in 0xed..=0xffu8 {
            for high in [0x7f, 0xff] {
                let mut key = [0xff; 32];
                (key[0], key[31]) = (low, high);
                assert!(PublicKey::from_bytes(&key).is_err(), "{}", hex::encode(key));
            }
        }
    }

    #[test]
    fn a_good_key_plus_a_small_order_point_is_refused() {
        let good = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert!(PublicKey::from_bytes(good.as_bytes()).is_ok());
        for point in &SMALL_ORDER[1..] {
            let torsion = VerifyingKey::from_bytes(&bytes(point))
                .unwrap()
                .to_edwards();
            let mixed = (good.to_edwards() + torsion).compress().to_bytes();
            assert_eq!(
                PublicKey::from_bytes(&mixed),
                Err(KeyError::Torsion),
                "{point}"
            );
        }
    }

    #[test]
    fn bytes_off_the_curve_and_wrong_lengths_are_refused() {
        let mut off = [0; 32];
        off[0] = 2;
        assert_eq!(PublicKey::from_bytes(&off), Err(KeyError::NotAPoint));
        assert_eq!(PublicKey::from_slice(&[1; 31]), Err(KeyError::Length(31)));
        assert_eq!(PublicKey::from_slice(&[1; 33]), Err(KeyError::Length(33)));
    }

    #[test]
    fn a_signature_holds_for_its_message_only() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::of(&secret);
        let signature = secret.sign(b"rice").to_bytes();
        assert_eq!(key.verify(b"rice", &signature), Ok(()));
        assert_eq!(key.verify(b"Rice", &signature), Err(BadSignature));
        assert_eq!(key.verify(b"rice", &signature[..63]), Err(BadSignature));
        assert_eq!(PublicKey::from_bytes(key.as_bytes()), Ok(key));
    }

    #[test]
    fn the_second_form_of_a_signature_is_refused() {
        // S + L signs the same message for a lenient verifier; L is the order of the base point.
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let secret = SigningKey::from_bytes(&[7; 32]);
        let mut signature = secret.sign(b"rice").to_bytes();
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        assert_eq!(
            PublicKey::of(&secret).verify(b"rice", &signature),
            Err(BadSignature)
        );
    }
}
