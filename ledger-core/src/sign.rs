//! Draft → [`SignedEvent`]: COSE_Sign1 envelopes whose exact bytes are kept (`docs/formats.md` sections 3 and 4).
//!
//! In scope: making an envelope, reading one, checking its signature. Out of scope: whether the signer was
//! enrolled and next in its chain ([`crate::admit`]).
//!
//! Invariant: a [`SignedEvent`] exists only for bytes whose signature was checked for one ledger.

mod checker;
pub(crate) mod cose;

use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use crate::body::{Body, BodyError};
use crate::chain::Link;
use crate::encode::{DecodeError, Value};
use crate::ids::{DeviceKey, EventId, Hash, LedgerId, OrgId};
use crate::key::PublicKey;
use crate::kind::Kind;
use crate::merkle::leaf_hash;
use crate::time::Timestamp;

pub use checker::Checker;
use cose::{Form, Parts};

/// Largest envelope: sixteen times a large event, small enough to hold thousands in memory.
pub const ENVELOPE_MAX_BYTES: usize = 16_384;
/// Largest leaf of the log: the record of a conflict holds another envelope.
pub const LEAF_MAX_BYTES: usize = 32_768;
/// How an event is wrapped.
const FORM: Form = Form {
    content_type: "ocop/event",
    aad_line: b"ocop-event/v1\n",
};

/// What somebody wants to say, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// When it happened.
    pub occurred: Timestamp,
    /// The device's clock.
    pub signed: Timestamp,
    /// What happened.
    pub body: Body,
}

/// What an envelope says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its place in the device's chain.
    pub link: Link,
    /// What is said, and when.
    pub draft: Draft,
}

/// An envelope that was read but whose signature was not checked yet.
#[derive(Clone, Debug)]
pub struct Envelope {
    bytes: Vec<u8>,
    parts: Parts,
    // On the heap: an event is handed on a dozen times, and what it says is two kilobytes.
    payload: Box<Payload>,
}

/// An event whose signature holds for the ledger it was checked against.
#[derive(Clone, Debug)]
pub struct SignedEvent {
    bytes: Vec<u8>,
    id: EventId,
    signed_hash: Hash,
    device: DeviceKey,
    iss: OrgId,
    payload: Box<Payload>,
}

/// Bytes that are no envelope of this format, or carry no good signature. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than [`ENVELOPE_MAX_BYTES`], or [`LEAF_MAX_BYTES`] for the record of a conflict.
    #[error("the envelope is longer than {ENVELOPE_MAX_BYTES} bytes")]
    TooLong,
    /// Not COSE_Sign1 with exactly the headers of section 3.
    #[error("not an envelope of this format")]
    Shape,
    /// The payload is not canonical CBOR.
    #[error("the payload is not canonical: {0}")]
    Payload(#[from] DecodeError),
    /// The payload has other keys than section 4 says, or values of another form.
    #[error("the payload's {0} is not of its form")]
    Field(&'static str),
    /// The body is not allowed.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The key is none, or the signature does not hold.
    #[error("the signature does not hold")]
    Signature,
}

impl Draft {
    /// Signs the draft as the next event of a device. Deterministic: the same draft at the same place
    /// gives the same bytes.
    pub fn sign(self, key: &SigningKey, ledger: &LedgerId, iss: &OrgId, link: Link) -> SignedEvent {
        let payload = Box::new(Payload { link, draft: self });
        let device = DeviceKey(PublicKey::of(key).to_bytes());
        let said = payload.to_value().encode();
        let bytes = FORM.sign(key, ledger, iss, &said);
        SignedEvent {
            id: event_id(&bytes),
            bytes,
            signed_hash: sha256(&FORM.sig_structure(&FORM.protected(&device, iss), ledger, &said)),
            device,
            iss: iss.clone(),
            payload,
        }
    }
}

impl Payload {
    fn to_value(&self) -> Value {
        Value::map([
            ("v", Value::Int(1)),
            ("epoch", Value::uint(self.link.epoch)),
            ("seq", Value::uint(self.link.seq)),
            ("prev", Value::bytes(&self.link.prev.0)),
            ("occurred", self.draft.occurred.to_value()),
            ("signed", self.draft.signed.to_value()),
            ("body", self.draft.body.to_value()),
        ])
    }

    fn from_value(value: &Value) -> Result<Payload, EnvelopeError> {
        let field = |key: &'static str| value.get(key).ok_or(EnvelopeError::Field(key));
        let number = |key| field(key)?.as_uint().ok_or(EnvelopeError::Field(key));
        let time = |key| Timestamp::from_value(field(key)?).map_err(|_| EnvelopeError::Field(key));
        if value.as_map().map(<[_]>::len) != Some(7) || number("v")? != 1 {
            return Err(EnvelopeError::Field("v"));
        }
        let prev = field("prev")?
            .as_bytes32()
            .ok_or(EnvelopeError::Field("prev"))?;
        Ok(Payload {
            link: Link {
                epoch: number("epoch")?,
                seq: number("seq")?,
                prev: Hash(prev),
            },
            draft: Draft {
                occurred: time("occurred")?,
                signed: time("signed")?,
                body: Body::from_value(field("body")?)?,
            },
        })
    }
}

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// [`EnvelopeError`] for anything that sections 1 to 6 do not allow.
    pub fn parse(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
        if bytes.len() > LEAF_MAX_BYTES {
            return Err(EnvelopeError::TooLong);
        }
        let parts = FORM.read(bytes).ok_or(EnvelopeError::Shape)?;
        let payload = Box::new(Payload::from_value(&Value::decode(&parts.payload)?)?);
        if bytes.len() > ENVELOPE_MAX_BYTES && payload.draft.body.kind != Kind::Conflict {
            return Err(EnvelopeError::TooLong);
        }
        Ok(Envelope {
            bytes: bytes.to_vec(),
            parts,
            payload,
        })
    }

    /// The event id, which needs no signature.
    pub fn id(&self) -> EventId {
        event_id(&self.bytes)
    }

    /// The key that claims to have signed.
    pub fn device(&self) -> DeviceKey {
        self.parts.device
    }

    /// The organisation that it claims to speak for.
    pub fn iss(&self) -> &OrgId {
        &self.parts.iss
    }

    /// What the signature is over, whoever made it and whether it holds: the COSE Sig_structure. Two of them at one
    /// place of a chain are a fork; one of them under two signatures is one event.
    pub fn sig_structure(&self, ledger: &LedgerId) -> Vec<u8> {
        FORM.sig_structure(&self.parts.protected, ledger, &self.parts.payload)
    }

    /// SHA-256 of the Sig_structure ([`SignedEvent::signed_hash`]), whoever made the signature and whether it holds.
    pub fn signed_hash(&self, ledger: &LedgerId) -> Hash {
        sha256(&self.sig_structure(ledger))
    }

    /// What it says.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Checks the signature for a ledger.
    ///
    /// # Errors
    /// [`EnvelopeError::Signature`] when it does not hold there.
    pub fn verify(self, ledger: &LedgerId) -> Result<SignedEvent, EnvelopeError> {
        let key =
            PublicKey::from_bytes(&self.parts.device.0).map_err(|_| EnvelopeError::Signature)?;
        self.verify_by(ledger, &key)
    }

    /// The same with a key that was checked before, at enrolment: checking a key costs as much as a signature.
    ///
    /// # Errors
    /// [`EnvelopeError::Signature`] when it does not hold, or the key is another than the envelope's.
    pub fn verify_by(
        self,
        ledger: &LedgerId,
        key: &PublicKey,
    ) -> Result<SignedEvent, EnvelopeError> {
        if key.to_bytes() != self.parts.device.0 {
            return Err(EnvelopeError::Signature);
        }
        let message = self.sig_structure(ledger);
        key.verify(&message, &self.parts.signature)
            .map_err(|_| EnvelopeError::Signature)?;
        Ok(SignedEvent {
            id: event_id(&self.bytes),
            signed_hash: sha256(&message),
            bytes: self.bytes,
            device: self.parts.device,
            iss: self.parts.iss,
            payload: self.payload,
        })
    }
}

impl SignedEvent {
    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The event's identity.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// SHA-256 of the Sig_structure: what was signed, whatever the signature. Two at one place of a chain are a fork; one
    /// under two signatures is the same event twice.
    pub fn signed_hash(&self) -> Hash {
        self.signed_hash
    }

    /// The device that signed.
    pub fn device(&self) -> DeviceKey {
        self.device
    }

    /// The organisation it is enrolled for.
    pub fn iss(&self) -> &OrgId {
        &self.iss
    }

    /// Its place in the device's chain.
    pub fn link(&self) -> &Link {
        &self.payload.link
    }

    /// When it happened, as claimed.
    pub fn occurred(&self) -> Timestamp {
        self.payload.draft.occurred
    }

    /// The device's clock when it signed.
    pub fn signed(&self) -> Timestamp {
        self.payload.draft.signed
    }

    /// What is said.
    pub fn body(&self) -> &Body {
        &self.payload.draft.body
    }
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// The identity of an envelope's bytes.
pub fn event_id(bytes: &[u8]) -> EventId {
    EventId(leaf_hash(bytes))
}
