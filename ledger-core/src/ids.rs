//! The small types every other module speaks in: an index is not a size, and neither is a bare number.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A SHA-256 hash: of a leaf, an inner node, a whole tree or a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Thirty-two zero bytes: the empty subtree of the map, never a real hash.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Base64 as every C2SP format writes a hash: RFC 4648 section 4, with padding.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] writes and no other spelling of it: exactly 32 bytes, with
    /// padding, no spare bits set, no white space.
    pub fn from_base64(text: &str) -> Option<Hash> {
        let bytes = STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// How many leaves a tree has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(pub u64);

/// The place of a leaf in the log, from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of an event: the RFC 6962 leaf hash of its envelope (`docs/formats.md` section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub Hash);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of a ledger: SHA-256 of its genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub Hash);

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The 32 bytes of a device's public key, as they stand in `kid`. Whether they are a key at all is
/// decided when the device is enrolled ([`crate::key::PublicKey`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(pub [u8; 32]);

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({self})")
    }
}

/// A text that is not an id of the wanted kind (`docs/formats.md` section 5). Whoever typed or sent it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} \"{text}\" is not well formed: {rule}")]
pub struct IdError {
    /// Which id was wanted.
    pub what: &'static str,
    /// What was given, at most 64 characters of it.
    pub text: String,
    /// The form it should have.
    pub rule: &'static str,
}

fn id_error(what: &'static str, text: &str, rule: &'static str) -> IdError {
    IdError {
        what,
        text: text.chars().take(64).collect(),
        rule,
    }
}

/// Longest organisation id, place number and product number: long enough for any register, short enough for a label.
pub const NUMBER_MAX: usize = 32;

/// Whether a text may be the number of a place or product: 1–32 of `A-Z 0-9 -`.
pub fn is_number(text: &str) -> bool {
    (1..=NUMBER_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

/// A member organisation, as the authority registered it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(String);

impl OrgId {
    /// Parses `ORG-01`.
    ///
    /// # Errors
    /// [`IdError`] unless it is 1–32 of `A-Z 0-9 -` and starts with a letter.
    pub fn new(text: &str) -> Result<OrgId, IdError> {
        if is_number(text) && text.as_bytes()[0].is_ascii_uppercase() {
            Ok(OrgId(text.to_owned()))
        } else {
            Err(id_error(
                "organisation",
                text,
                "1–32 of A-Z 0-9 -, first a letter",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id that an organisation gives within its own numbers, so that no two can claim the same.
macro_rules! scoped_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The organisation whose number it is.
            pub org: OrgId,
            number: String,
        }

        impl $name {
            /// Checks the number.
            ///
            /// # Errors
            /// [`IdError`] when the number has another form.
            pub fn new(org: OrgId, number: &str) -> Result<$name, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(number) {
                    Ok($name { org, number: number.to_owned() })
                } else {
                    Err(id_error($what, number, $rule))
                }
            }

            /// Parses `organisation/number`.
            ///
            /// # Errors
            /// [`IdError`] when either part has another form.
            pub fn parse(text: &str) -> Result<$name, IdError> {
                let (org, number) = text.split_once('/').ok_or_else(|| id_error($what, text, "organisation/number"))?;
                $name::new(OrgId::new(org)?, number)
            }

            /// The number within the organisation.
            pub fn number(&self) -> &str {
                &self.number
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.org, self.number)
            }
        }
    };
}

scoped_id!(
    /// A place: plot, pond, barn, workshop, shop …
    PlaceId, "place", "1–32 of A-Z 0-9 -", is_number
);
scoped_id!(
    /// A product.
    ProductId, "product", "1–32 of A-Z 0-9 -", is_number
);
scoped_id!(
    /// A lot: the organisation of the device that created it, and its number there. Never a GTIN.
    LotId, "lot", "1–20 letters, digits or !\"%&'()*+,-./_:;<=>?",
    |text| crate::code::check_lot(text).is_ok()
);
