//! C2SP signed-note "Verifier keys": the text that tells a reader whose signature to expect.
//!
//! Scope: names, key IDs, the two signature types this ledger verifies, `name+id+key` texts, and those of the one type
//! that others may use beside it (ML-DSA-44), which are read but verify nothing.
//! Out of scope: the notes themselves (`note.rs`), whom to trust (`policy.rs`).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::cosignature::{self, CosignatureTime};
use crate::key::{BadSignature, KeyError, PublicKey};

/// The longest name of a key we trust or sign with: the ML-DSA-44 message of tlog-cosignature has one
/// length byte for it, and a longer name could never move there.
pub const MAX_KEY_NAME_BYTES: usize = 255;
/// Signature type of tlog-cosignature's ML-DSA-44 form.
const ML_DSA_44_TYPE: u8 = 0x06;
/// Bytes of an ML-DSA-44 public key (FIPS 204).
const ML_DSA_44_KEY_BYTES: usize = 1312;
/// The longest vkey we read: a name, `+`, eight hex digits, `+`, and base64 of a type byte and an ML-DSA-44 key.
pub const MAX_VKEY_BYTES: usize =
    MAX_KEY_NAME_BYTES + 10 + (1 + ML_DSA_44_KEY_BYTES).div_ceil(3) * 4;

/// The name of a key: not empty, without Unicode spaces, `+` and control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The first four bytes of a hash over name, type and key. It tells keys apart, it proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// The signature types of signed-note that this ledger verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the text of the note. What a log signs with.
    Ed25519,
    /// 0x04: Ed25519 cosignature/v1 with a time (tlog-cosignature). What a witness signs with.
    CosignatureV1,
}

/// Whose signature to expect, and how to check it: a vkey that has passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: KeyName,
    id: KeyId,
    kind: SignatureType,
    key: PublicKey,
}

/// An ML-DSA-44 key (0x06), well formed. Nothing here verifies with it, so nothing counts by it: it stands in policies
/// that are shared with programs which do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    name: KeyName,
    id: KeyId,
    key: Vec<u8>,
}

/// Whoever wrote the vkey is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Longer than [`MAX_VKEY_BYTES`].
    #[error("malformed vkey: too long")]
    TooLong,
    /// Not three parts separated by `+`.
    #[error("malformed vkey: not name+id+key")]
    Parts,
    /// Empty, longer than [`MAX_KEY_NAME_BYTES`], or with a space, `+` or control character.
    #[error("malformed key name")]
    Name,
    /// Not eight lower-case hex digits.
    #[error("malformed vkey: the key ID is not eight lower-case hex digits")]
    Id,
    /// The third part is not canonical base64, or empty.
    #[error("malformed vkey: the key is not base64")]
    Base64,
    /// A signature type this ledger does not verify (0x06 is ML-DSA-44).
    #[error("a key of signature type {0:#04x}, which this program cannot verify")]
    UnsupportedType(u8),
    /// An ML-DSA-44 key that has not 1,312 bytes.
    #[error("malformed vkey: {0} bytes, and an ML-DSA-44 public key has {ML_DSA_44_KEY_BYTES}")]
    ForeignLength(usize),
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The ID written in the vkey is not the one its name, type and key have.
    #[error("malformed vkey: the key ID belongs to another key")]
    OtherId,
}

impl KeyName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<KeyName, VkeyError> {
        let fits = is_key_name(name) && name.len() <= MAX_KEY_NAME_BYTES;
        if fits {
            Ok(KeyName(name.to_owned()))
        } else {
            Err(VkeyError::Name)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text may stand as a key name in a note, signed-note "Format". Names of strangers are not
/// held to [`MAX_KEY_NAME_BYTES`]: their lines are ignored, and the note has its own limit.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

impl SignatureType {
    /// The type identifier byte.
    pub fn byte(self) -> u8 {
        match self {
            SignatureType::Ed25519 => 0x01,
            SignatureType::CosignatureV1 => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<SignatureType> {
        [SignatureType::Ed25519, SignatureType::CosignatureV1]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }
}

impl Verifier {
    /// A verifier from its three facts; the ID follows from them.
    pub fn new(name: KeyName, kind: SignatureType, key: PublicKey) -> Verifier {
        let id = key_id(&name, kind.byte(), key.as_bytes());
        Verifier {
            name,
            id,
            kind,
            key,
        }
    }

    /// The name that stands in its signature lines.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID that stands in its signature lines.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it signs.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// Its public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Checks the signature of a line (what follows the key ID) over the text of a note. A cosignature
    /// yields its time.
    pub fn verify(
        &self,
        text: &str,
        signature: &[u8],
    ) -> Result<Option<CosignatureTime>, BadSignature> {
        match self.kind {
            SignatureType::Ed25519 => self.key.verify(text.as_bytes(), signature).map(|()| None),
            SignatureType::CosignatureV1 => {
                cosignature::verify(&self.key, text, signature).map(Some)
            }
        }
    }
}

impl ForeignKey {
    /// The name that stands in its signature lines.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID that stands in its signature lines.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its public key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

/// SHA-256(name ‖ LF ‖ type ‖ public key)\[:4\], signed-note "Signatures".
fn key_id(name: &KeyName, kind: u8, key: &[u8]) -> KeyId {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', kind])
        .chain_update(key)
        .finalize()
        .into();
    KeyId([hash[0], hash[1], hash[2], hash[3]])
}

/// A vkey taken apart. That the ID is the one its name, type and key have is checked last.
struct Parts {
    name: KeyName,
    id: KeyId,
    kind: u8,
    key: Vec<u8>,
}

impl Parts {
    fn read(vkey: &str) -> Result<Parts, VkeyError> {
        if vkey.len() > MAX_VKEY_BYTES {
            return Err(VkeyError::TooLong);
        }
        let (name, rest) = vkey.split_once('+').ok_or(VkeyError::Parts)?;
        let (id, key) = rest.split_once('+').ok_or(VkeyError::Parts)?;
        let name = KeyName::new(name)?;
        let id = parse_id(id).ok_or(VkeyError::Id)?;
        let key = STANDARD.decode(key).map_err(|_| VkeyError::Base64)?;
        let (kind, key) = key.split_first().ok_or(VkeyError::Base64)?;
        let (kind, key) = (*kind, key.to_vec());
        Ok(Parts {
            name,
            id,
            kind,
            key,
        })
    }

    fn check_id(&self) -> Result<(), VkeyError> {
        if key_id(&self.name, self.kind, &self.key) == self.id {
            Ok(())
        } else {
            Err(VkeyError::OtherId)
        }
    }
}

impl FromStr for Verifier {
    type Err = VkeyError;

    /// Reads a vkey and recomputes its ID.
    fn from_str(vkey: &str) -> Result<Verifier, VkeyError> {
        let parts = Parts::read(vkey)?;
        let kind =
            SignatureType::from_byte(parts.kind).ok_or(VkeyError::UnsupportedType(parts.kind))?;
        let key = PublicKey::from_slice(&parts.key)?;
        parts.check_id()?;
        Ok(Verifier {
            name: parts.name,
            id: parts.id,
            kind,
            key,
        })
    }
}

impl FromStr for ForeignKey {
    type Err = VkeyError;

    /// Reads the vkey of an ML-DSA-44 key and recomputes its ID.
    fn from_str(vkey: &str) -> Result<ForeignKey, VkeyError> {
        let parts = Parts::read(vkey)?;
        if parts.kind != ML_DSA_44_TYPE {
            return Err(VkeyError::UnsupportedType(parts.kind));
        }
        if parts.key.len() != ML_DSA_44_KEY_BYTES {
            return Err(VkeyError::ForeignLength(parts.key.len()));
        }
        parts.check_id()?;
        Ok(ForeignKey {
            name: parts.name,
            id: parts.id,
            key: parts.key,
        })
    }
}

fn parse_id(text: &str) -> Option<KeyId> {
    let mut id = [0; 4];
    hex::decode_to_slice(text, &mut id).ok()?;
    (hex::encode(id) == text).then_some(KeyId(id))
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod tests {
    use super::*;

    /// The example of signed-note.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let verifier: Verifier = EXAMPLE.parse().unwrap();
        assert_eq!(verifier.name().as_str(), "example.com/foo");
        assert_eq!(verifier.kind(), SignatureType::Ed25519);
        assert_eq!(verifier.id().to_string(), "530d903a");
        assert_eq!(verifier.to_string(), EXAMPLE);
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let long_name = "n".repeat(MAX_KEY_NAME_BYTES + 1);
        for (vkey, error) in [
            ("".to_owned(), VkeyError::Parts),
            ("example.com/foo".to_owned(), VkeyError::Parts),
            ("example.com/foo+530d903a".to_owned(), VkeyError::Parts),
            (format!("+530d903a+{key}"), VkeyError::Name),
            (format!("example.com foo+530d903a+{key}"), VkeyError::Name),
            (
                format!("example.com\u{a0}foo+530d903a+{key}"),
                VkeyError::Name,
            ),
            (format!("example.com/foo\t+530d903a+{key}"), VkeyError::Name),
            (format!("{long_name}+530d903a+{key}"), VkeyError::Name),
            (format!("example.com/foo+530D903A+{key}"), VkeyError::Id),
            (format!("example.com/foo+530d903+{key}"), VkeyError::Id),
            (format!("example.com/foo+530d903a0+{key}"), VkeyError::Id),
            (
                format!("example.com/foo+530d903b+{key}"),
                VkeyError::OtherId,
            ),
            (
                format!("example.com/fop+530d903a+{key}"),
                VkeyError::OtherId,
            ),
            (
                format!("example.com/foo+530d903a+{key}\n"),
                VkeyError::Base64,
            ),
            (
                format!("example.com/foo+530d903a+ {key}"),
                VkeyError::Base64,
            ),
            ("example.com/foo+530d903a+".to_owned(), VkeyError::Base64),
            ("example.com/foo+530d903a+AQ".to_owned(), VkeyError::Base64),
            (
                "example.com/foo+530d903a+AR==".to_owned(),
                VkeyError::Base64,
            ),
            (
                "example.com/foo+530d903a+AQ==".to_owned(),
                KeyError::Length(0).into(),
            ),
            (
                "example.com/foo+530d903a+Ag==".to_owned(),
                VkeyError::UnsupportedType(2),
            ),
            (
                "example.com/foo+530d903a+Bg==".to_owned(),
                VkeyError::UnsupportedType(6),
            ),
            (
                format!("example.com/foo+530d903a+{}", "A".repeat(2000)),
                VkeyError::TooLong,
            ),
        ] {
            assert_eq!(vkey.parse::<Verifier>(), Err(error), "{vkey:?}");
        }
    }

    #[test]
    fn a_vkey_with_a_small_order_key_is_refused() {
        let mut key = [0; 33];
        (key[0], key[1]) = (0x04, 1);
        let vkey = format!("w+00000000+{}", STANDARD.encode(key));
        assert_eq!(vkey.parse::<Verifier>(), Err(KeyError::SmallOrder.into()));
    }

    /// The vkey of an ML-DSA-44 key of zeros, with its ID.
    pub(crate) fn ml_dsa_vkey(name: &str) -> String {
        let key = [&[ML_DSA_44_TYPE][..], &[0; ML_DSA_44_KEY_BYTES]].concat();
        let id = key_id(&KeyName::new(name).unwrap(), ML_DSA_44_TYPE, &key[1..]);
        format!("{name}+{id}+{}", STANDARD.encode(key))
    }

    #[test]
    fn an_ml_dsa_key_is_read_but_verifies_nothing() {
        let vkey = ml_dsa_vkey(&"n".repeat(MAX_KEY_NAME_BYTES));
        assert_eq!(vkey.len(), MAX_VKEY_BYTES);
        assert_eq!(vkey.parse::<Verifier>(), Err(VkeyError::UnsupportedType(6)));
        let foreign: ForeignKey = vkey.parse().unwrap();
        assert_eq!(foreign.key(), [0; ML_DSA_44_KEY_BYTES]);
    }

    #[test]
    fn an_ml_dsa_vkey_is_held_to_its_form() {
        let good = ml_dsa_vkey("w.example/mldsa");
        let id = good.split('+').nth(1).unwrap();
        for (vkey, error) in [
            (good.replace(id, "00000000"), VkeyError::OtherId),
            (good.replace("w.example", "w example"), VkeyError::Name),
            (format!("w.example+{id}+BgAA"), VkeyError::ForeignLength(2)),
            (good.replace('=', "A"), VkeyError::ForeignLength(1313)),
            (EXAMPLE.to_owned(), VkeyError::UnsupportedType(1)),
            (format!("{good}{}", "A".repeat(300)), VkeyError::TooLong),
        ] {
            assert_eq!(vkey.parse::<ForeignKey>(), Err(error), "{vkey:.60}");
        }
    }
}
