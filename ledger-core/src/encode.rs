//! The one canonical byte form: deterministic CBOR (RFC 8949 section 4.2.1, `docs/formats.md` section 1).
//!
//! In scope: a value type, its only encoding, and a decoder that accepts nothing else.
//! Out of scope: what the values mean; [`crate::event`] decides that.
//!
//! Invariant: `decode(bytes) == Ok(v)` exactly when `v.encode() == bytes`.

use std::fmt;

use unicode_normalization::{IsNormalized, is_nfc_quick};

/// Integers stay within ±(2^53 − 1), so that JavaScript holds them exactly.
pub const INT_MAX: i64 = (1 << 53) - 1;
/// No body nests deeper than genesis → authority → devices; 12 leaves room and bounds the stack.
pub const DEPTH_MAX: usize = 12;
/// More items than any body needs (64 lots of 3 items each, twice), few enough to decode in microseconds.
pub const ITEMS_MAX: usize = 4_096;
/// A bundle of 4,096 events, three items each, and their lists.
pub const LARGE_ITEMS_MAX: usize = 65_536;

/// A decoded value. Maps are kept in their canonical order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An integer within ±[`INT_MAX`].
    Int(i64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// Text, NFC, without control characters other than line feed.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map with text keys, in canonical order.
    Map(Vec<(String, Value)>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Why bytes are not canonical CBOR. The fault is always the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end in the middle of a value.
    #[error("the bytes end too early")]
    Truncated,
    /// Bytes follow the value.
    #[error("bytes follow the value")]
    Trailing,
    /// An integer or length is not in its shortest form.
    #[error("not in shortest form")]
    NotShortest,
    /// A type that the format does not use (float, tag, indefinite length, other simple value).
    #[error("a type that this format does not use")]
    Unsupported,
    /// A map key is not text, or keys are not in strictly rising order.
    #[error("map keys are not unique, sorted text")]
    Keys,
    /// An integer beyond ±(2^53 − 1).
    #[error("an integer is out of range")]
    Range,
    /// Text is not UTF-8, not NFC, or has control characters.
    #[error("text is not clean NFC UTF-8")]
    Text,
    /// Deeper than [`DEPTH_MAX`] or more than [`ITEMS_MAX`] items.
    #[error("nested too deep or too many items")]
    TooLarge,
}

impl Value {
    /// Text from anything that displays.
    pub fn text(text: impl fmt::Display) -> Value {
        Value::Text(text.to_string())
    }

    /// A byte string.
    pub fn bytes(bytes: &[u8]) -> Value {
        Value::Bytes(bytes.to_vec())
    }

    /// An unsigned number; saturates at [`INT_MAX`], beyond which nothing in this format counts.
    pub fn uint(n: u64) -> Value {
        Value::Int(i64::try_from(n).unwrap_or(INT_MAX).min(INT_MAX))
    }

    /// A map from its entries, put in canonical order.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        let mut entries: Vec<(String, Value)> = entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect();
        entries.sort_by(|a, b| key_order(&a.0, &b.0));
        Value::Map(entries)
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Int(n) if *n >= 0 => head(out, 0, n.unsigned_abs()),
            Value::Int(n) => head(out, 1, n.unsigned_abs() - 1),
            Value::Bytes(bytes) => {
                head(out, 2, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            Value::Text(text) => {
                head(out, 3, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
            }
            Value::Array(items) => {
                head(out, 4, items.len() as u64);
                items.iter().for_each(|item| item.write(out));
            }
            Value::Map(entries) => {
                head(out, 5, entries.len() as u64);
                for (key, value) in entries {
                    head(out, 3, key.len() as u64);
                    out.extend_from_slice(key.as_bytes());
                    value.write(out);
                }
            }
            Value::Bool(false) => out.push(0xf4),
            Value::Bool(true) => out.push(0xf5),
            Value::Null => out.push(0xf6),
        }
    }

    /// Decodes canonical bytes, all of them.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that [`Value::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
        Value::decode_within(bytes, ITEMS_MAX)
    }

    /// The same for a bundle or a message, which hold many events.
    ///
    /// # Errors
    /// As [`Value::decode`].
    pub fn decode_large(bytes: &[u8]) -> Result<Value, DecodeError> {
        Value::decode_within(bytes, LARGE_ITEMS_MAX)
    }

    fn decode_within(bytes: &[u8], items_max: usize) -> Result<Value, DecodeError> {
        let mut reader = Reader {
            rest: bytes,
            items_left: items_max,
        };
        let value = reader.value(0)?;
        if !reader.rest.is_empty() {
            return Err(DecodeError::Trailing);
        }
        Ok(value)
    }

    /// The entries of a map, if it is one.
    pub fn as_map(&self) -> Option<&[(String, Value)]> {
        match self {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of an array, if it is one.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is a byte string.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Exactly 32 bytes, if it is such a byte string.
    pub fn as_bytes32(&self) -> Option<[u8; 32]> {
        self.as_bytes()?.try_into().ok()
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The integer, if it is one and not negative.
    pub fn as_uint(&self) -> Option<u64> {
        self.as_int().and_then(|n| u64::try_from(n).ok())
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }
}

/// Canonical order of text keys: by encoded bytes, so the shorter comes first.
fn key_order(a: &str, b: &str) -> std::cmp::Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| a.as_bytes().cmp(b.as_bytes()))
}

fn head(out: &mut Vec<u8>, major: u8, n: u64) {
    let major = major << 5;
    match n {
        0..=23 => out.push(major | n as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, n as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(n as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&n.to_be_bytes());
        }
    }
}

/// Whether a text may stand in the ledger: NFC, no control characters but line feed.
pub fn is_clean_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
        && match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => true,
            IsNormalized::No => false,
            IsNormalized::Maybe => unicode_normalization::is_nfc(text),
        }
}

struct Reader<'a> {
    rest: &'a [u8],
    items_left: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], DecodeError> {
        let n = usize::try_from(n).map_err(|_| DecodeError::Truncated)?;
        if n > self.rest.len() {
            return Err(DecodeError::Truncated);
        }
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(taken)
    }

    /// Major type and argument of the next head, in its shortest form.
    fn head(&mut self) -> Result<(u8, u64), DecodeError> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let (n, least) = match info {
            0..=23 => return Ok((major, u64::from(info))),
            24 => (u64::from(self.take(1)?[0]), 24),
            25 => (self.number(2)?, 0x100),
            26 => (self.number(4)?, 0x1_0000),
            27 => (self.number(8)?, 0x1_0000_0000),
            _ => return Err(DecodeError::Unsupported),
        };
        // Simple values with an argument (major 7) are refused by the caller.
        if n < least && major != 7 {
            Err(DecodeError::NotShortest)
        } else {
            Ok((major, n))
        }
    }

    fn number(&mut self, len: u64) -> Result<u64, DecodeError> {
        Ok(self
            .take(len)?
            .iter()
            .fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > DEPTH_MAX || self.items_left == 0 {
            return Err(DecodeError::TooLarge);
        }
        self.items_left -= 1;
        let simple = self.rest.first().copied();
        let (major, n) = self.head()?;
        Ok(match major {
            0 => Value::Int(in_range(n)?),
            1 => Value::Int(
                -1 - in_range(n).and_then(|n| in_range(n.unsigned_abs() + 1).map(|_| n))?,
            ),
            2 => Value::Bytes(self.take(n)?.to_vec()),
            3 => Value::Text(self.text(n)?),
            4 => Value::Array(self.array(n, depth)?),
            5 => Value::Map(self.map(n, depth)?),
            _ => match simple {
                Some(0xf4) => Value::Bool(false),
                Some(0xf5) => Value::Bool(true),
                Some(0xf6) => Value::Null,
                _ => return Err(DecodeError::Unsupported),
            },
        })
    }

    fn text(&mut self, n: u64) -> Result<String, DecodeError> {
        let text = std::str::from_utf8(self.take(n)?).map_err(|_| DecodeError::Text)?;
        if is_clean_text(text) {
            Ok(text.to_owned())
        } else {
            Err(DecodeError::Text)
        }
    }

    fn array(&mut self, n: u64, depth: usize) -> Result<Vec<Value>, DecodeError> {
        // No allocation by the announced length: each item must really be there.
        (0..n)
            .map(|_| self.value(depth + 1))
            .collect::<Result<Vec<_>, _>>()
    }

    fn map(&mut self, n: u64, depth: usize) -> Result<Vec<(String, Value)>, DecodeError> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        for _ in 0..n {
            let (major, len) = self.head()?;
            if major != 3 {
                return Err(DecodeError::Keys);
            }
            let key = self.text(len)?;
            if entries
                .last()
                .is_some_and(|(last, _)| key_order(last, &key).is_ge())
            {
                return Err(DecodeError::Keys);
            }
            let value = self.value(depth + 1)?;
            entries.push((key, value));
        }
        Ok(entries)
    }
}

fn in_range(n: u64) -> Result<i64, DecodeError> {
    i64::try_from(n)
        .ok()
        .filter(|n| *n <= INT_MAX)
        .ok_or(DecodeError::Range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (-INT_MAX..=INT_MAX).prop_map(Value::Int),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            "[a-z0-9 ]{0,20}".prop_map(Value::Text),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{0,9}", inner, 0..6).prop_map(Value::map),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_value_round_trips(value in any_value()) {
            prop_assert_eq!(Value::decode(&value.encode()), Ok(value));
        }

        #[test]
        fn whatever_decodes_is_canonical(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = Value::decode(&bytes) {
                prop_assert_eq!(value.encode(), bytes);
            }
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        let cases: &[(&[u8], DecodeError)] = &[
            (&[], DecodeError::Truncated),
            (&[0x18, 0x17], DecodeError::NotShortest),
            (&[0x19, 0x00, 0xff], DecodeError::NotShortest),
            (&[0x58, 0x01, 0x00], DecodeError::NotShortest),
            (&[0x00, 0x00], DecodeError::Trailing),
            (&[0x9f, 0xff], DecodeError::Unsupported),
            (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], DecodeError::Unsupported),
            (&[0xf7], DecodeError::Unsupported),
            (&[0xf8, 0xf5], DecodeError::Unsupported),
            (&[0xc0, 0x00], DecodeError::Unsupported),
            (
                &[0xa2, 0x61, b'b', 0x00, 0x61, b'a', 0x00],
                DecodeError::Keys,
            ),
            (
                &[0xa2, 0x61, b'a', 0x00, 0x61, b'a', 0x00],
                DecodeError::Keys,
            ),
            (&[0xa1, 0x00, 0x00], DecodeError::Keys),
            (&[0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0], DecodeError::Range),
            (
                &[0x3b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                DecodeError::Range,
            ),
            (&[0x61, 0xff], DecodeError::Text),
            (&[0x61, 0x07], DecodeError::Text),
            (&[0x63, b'a', 0xcc, 0x81], DecodeError::Text),
            (
                &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                DecodeError::Truncated,
            ),
        ];
        for (bytes, why) in cases {
            assert_eq!(Value::decode(bytes), Err(*why), "{bytes:02x?}");
        }
    }

    #[test]
    fn depth_and_items_are_limited() {
        let nested = |n: usize| [vec![0x81; n], vec![0xf6]].concat();
        assert!(Value::decode(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(
            Value::decode(&nested(DEPTH_MAX + 1)),
            Err(DecodeError::TooLarge)
        );
        let wide = |n: usize| Value::Array(vec![Value::Null; n]).encode();
        assert!(Value::decode(&wide(ITEMS_MAX - 1)).is_ok());
        assert_eq!(Value::decode(&wide(ITEMS_MAX)), Err(DecodeError::TooLarge));
    }
}
