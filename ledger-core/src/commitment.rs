//! Commitments: values that stay outside the log and can be erased (`docs/formats.md` section 5).

use sha2::{Digest, Sha256};

use crate::encode::Value;
use crate::ids::Hash;

/// Largest opening.
pub const OPENING_MAX_BYTES: usize = 16_384;
/// Bytes of a salt: as many as the hash, so that nobody guesses a short value.
pub const SALT_BYTES: usize = 32;
const PREFIX: &[u8] = b"ocop-commit/v1";

/// A value, the field it belongs to, and the salt that hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The field's name.
    pub path: String,
    /// The salt.
    pub salt: [u8; SALT_BYTES],
    /// The value as it would stand in the field.
    pub value: Value,
}

/// Bytes that are no opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an opening")]
pub struct OpeningError;

impl Opening {
    /// The bytes that are committed to.
    pub fn encode(&self) -> Vec<u8> {
        Value::Array(vec![
            Value::text(&self.path),
            Value::bytes(&self.salt),
            self.value.clone(),
        ])
        .encode()
    }

    /// The commitment.
    pub fn commitment(&self) -> Hash {
        commit(&self.encode())
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// [`OpeningError`] for other or too many bytes.
    pub fn decode(bytes: &[u8]) -> Result<Opening, OpeningError> {
        if bytes.len() > OPENING_MAX_BYTES {
            return Err(OpeningError);
        }
        let value = Value::decode(bytes).map_err(|_| OpeningError)?;
        let Some([path, salt, value]) = value.as_array() else {
            return Err(OpeningError);
        };
        Ok(Opening {
            path: path.as_text().ok_or(OpeningError)?.to_owned(),
            salt: salt.as_bytes32().ok_or(OpeningError)?,
            value: value.clone(),
        })
    }
}

/// The commitment of an opening's bytes.
pub fn commit(opening: &[u8]) -> Hash {
    Hash(
        Sha256::new()
            .chain_update(PREFIX)
            .chain_update(opening)
            .finalize()
            .into(),
    )
}
