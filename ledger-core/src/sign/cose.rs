//! COSE_Sign1 (RFC 9052) as everything that a device signs is wrapped (`docs/formats.md` sections 3 and 17).
//!
//! In scope: the one byte form of the four parts, and the Sig_structure that the signature is over. Out of scope:
//! what the payload says ([`crate::sign`], [`crate::seen`]).

use ed25519_dalek::{Signer, SigningKey};

use crate::encode::Value;
use crate::ids::{DeviceKey, LedgerId, OrgId};
use crate::key::PublicKey;

/// Tag 18, array of four.
const HEAD: [u8; 2] = [0xd2, 0x84];
/// `{1: -8, 3:` … the protected header up to the content type.
const PROTECTED_HEAD: [u8; 4] = [0xa4, 0x01, 0x27, 0x03];
/// … `, 4: h'` 32 bytes …
const PROTECTED_KEY: [u8; 3] = [0x04, 0x58, 0x20];
/// … `', 15: {1:` up to the issuer.
const PROTECTED_ISS: [u8; 3] = [0x0f, 0xa1, 0x01];
/// The empty map: nothing that is not signed.
const UNPROTECTED: [u8; 1] = [0xa0];

/// One kind of thing that devices sign. The two texts keep a signature on one kind from being taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Label 3 of the protected header.
    pub(crate) content_type: &'static str,
    /// First line of the external data; the ledger id follows it.
    pub(crate) aad_line: &'static [u8],
}

/// The parts of a COSE_Sign1 of some form; its signature was not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) device: DeviceKey,
    pub(crate) iss: OrgId,
    pub(crate) protected: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: [u8; 64],
}

impl Form {
    /// The only bytes of a payload under a key. Deterministic.
    pub(crate) fn sign(
        self,
        key: &SigningKey,
        ledger: &LedgerId,
        iss: &OrgId,
        payload: &[u8],
    ) -> Vec<u8> {
        let device = DeviceKey(PublicKey::of(key).to_bytes());
        let protected = self.protected(&device, iss);
        let signature = key.sign(&self.sig_structure(&protected, ledger, payload));
        let mut bytes = HEAD.to_vec();
        bytes.extend(Value::Bytes(protected).encode());
        bytes.extend(UNPROTECTED);
        bytes.extend(Value::bytes(payload).encode());
        bytes.extend(Value::bytes(&signature.to_bytes()).encode());
        bytes
    }

    /// Takes the bytes apart; `None` for any other spelling.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<Parts> {
        let (protected, rest) = byte_string(bytes.strip_prefix(&HEAD)?)?;
        let (payload, rest) = byte_string(rest.strip_prefix(&UNPROTECTED)?)?;
        let (signature, rest) = byte_string(rest)?;
        let (device, iss) = self.read_protected(protected)?;
        rest.is_empty().then_some(Parts {
            device,
            iss,
            protected: protected.to_vec(),
            payload: payload.to_vec(),
            signature: signature.try_into().ok()?,
        })
    }

    /// What the signature is over: the COSE Sig_structure.
    pub(crate) fn sig_structure(
        self,
        protected: &[u8],
        ledger: &LedgerId,
        payload: &[u8],
    ) -> Vec<u8> {
        let aad = [self.aad_line, ledger.0.as_bytes()].concat();
        Value::Array(vec![
            Value::text("Signature1"),
            Value::bytes(protected),
            Value::Bytes(aad),
            Value::bytes(payload),
        ])
        .encode()
    }

    /// The encoded protected header of a device of an organisation.
    pub(crate) fn protected(self, device: &DeviceKey, iss: &OrgId) -> Vec<u8> {
        let mut out = PROTECTED_HEAD.to_vec();
        out.extend(Value::text(self.content_type).encode());
        out.extend(PROTECTED_KEY);
        out.extend(device.0);
        out.extend(PROTECTED_ISS);
        out.extend(Value::text(iss).encode());
        out
    }

    fn read_protected(self, bytes: &[u8]) -> Option<(DeviceKey, OrgId)> {
        let content_type = Value::text(self.content_type).encode();
        let rest = bytes.strip_prefix(&PROTECTED_HEAD)?;
        let rest = rest.strip_prefix(content_type.as_slice())?;
        let (device, rest) = rest
            .strip_prefix(&PROTECTED_KEY)?
            .split_first_chunk::<32>()?;
        let iss = Value::decode(rest.strip_prefix(&PROTECTED_ISS)?).ok()?;
        Some((DeviceKey(*device), OrgId::new(iss.as_text()?).ok()?))
    }
}

/// Splits a definite, shortest-form byte string off the front.
fn byte_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, head) = match *bytes {
        [b @ 0x40..=0x57, ..] => (usize::from(b - 0x40), 1),
        [0x58, n, ..] if n >= 24 => (usize::from(n), 2),
        [0x59, a, b, ..] if a > 0 => (usize::from(u16::from_be_bytes([a, b])), 3),
        _ => return None,
    };
    bytes.get(head..)?.split_at_checked(len)
}
