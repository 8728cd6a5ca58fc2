//! A second signature over the same bytes that holds as well as the first (RFC 8032 with another nonce). No honest
//! device makes one; what it shows is that a fork is told by what was signed, never by the signature.

use ed25519_dalek::SigningKey;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use sha2::Sha512;

/// Signs with a nonce that is not the one of RFC 8032.
pub fn sign_otherwise(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let mut expanded = ExpandedSecretKey::from(key.as_bytes());
    expanded.hash_prefix[0] ^= 1;
    raw_sign::<Sha512>(&expanded, message, &key.verifying_key()).to_bytes()
}
