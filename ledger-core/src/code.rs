//! What is printed on goods and typed or scanned back: GS1 keys, our short code, and the
//! paths that carry them.
//!
//! In scope: strict parsing and the one way of writing of GTIN, GLN, SSCC, the nine-character
//! short code (mã tra cứu), the printed code as an id of the ledger's map, and the path part of
//! a GS1 Digital Link for the key 01 with the qualifier 10.
//! Out of scope: host, query and redirects (the resolver), which lot a code is bound to (the
//! map), and whether a restricted number may be used (only the sample ledger allows it).
//!
//! Invariants: a value of these types has been checked; writing and parsing again gives the same
//! value; nothing here panics, whatever the input.

use std::fmt;
use std::str::FromStr;

/// Digits of a GTIN as stored and as written in a Digital Link (always 14 since URI syntax 1.4.0).
pub const GTIN_DIGITS: usize = 14;
/// Digits of a GLN.
pub const GLN_DIGITS: usize = 13;
/// Digits of an SSCC.
pub const SSCC_DIGITS: usize = 18;
/// Letters of a short code: eight that carry meaning and the check character. Few enough to read
/// out over the telephone, many enough (31⁸ ≈ 8.5·10¹¹) not to be guessed.
pub const SHORT_CODE_LETTERS: usize = 9;
/// Where the hyphen of a short code is shown: `XXXX-XXXXX`.
const SHORT_CODE_HYPHEN: usize = 4;
/// Longest lot number: AI (10) is X..20 in the GS1 General Specifications.
pub const LOT_MAX_CHARS: usize = 20;
/// Longest consumer product variant, AI (22), and serial, AI (21): X..20.
const QUALIFIER_MAX_CHARS: usize = 20;
/// Longest third-party serial, AI (235): X..28.
const THIRD_PARTY_SERIAL_MAX_CHARS: usize = 28;
/// Longest path looked at. The longest of the grammar (variant, lot and serial of 20 characters,
/// all escaped) has 211 bytes; twice that leaves room without inviting floods.
pub const PATH_MAX_BYTES: usize = 512;

/// Digits and capitals without the look-alikes 0, O, 1, I and U. 31 is a prime, so the weighted
/// sum finds every single wrong letter and every swap of two letters.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// The other primary keys of the GS1 Digital Link grammar: recognised, so that the answer is
/// "not supported here" and not "malformed".
const OTHER_PRIMARY_KEYS: [&str; 15] = [
    "00", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006", "8010", "8013",
    "8017", "8018",
];

// ---------------------------------------------------------------------------------------------
// GS1 numbers

/// Why a text is not a GS1 number. Malformed input: the fault of who typed or printed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Too few or too many characters.
    #[error("expected {expected} digits, found {found} characters")]
    Length {
        /// The lengths that would be right, in words for a message: `8, 12, 13 or 14`.
        expected: &'static str,
        /// Characters found.
        found: usize,
    },
    /// A character that is not one of `0` to `9`.
    #[error("{found:?} is not a digit")]
    NotDigit {
        /// The first such character.
        found: char,
    },
    /// The check digit does not fit the digits before it.
    #[error("the last digit is {found}, it should be {expected}")]
    CheckDigit {
        /// The digit (0 to 9) that would be right, for "số cuối phải là 5".
        expected: u8,
        /// The digit (0 to 9) that was given.
        found: u8,
    },
}

/// Check digit mod 10 of the digits before it: weights 3, 1, 3, 1 … from the right.
fn check_digit(payload: &[u8]) -> u8 {
    let sum: u32 = payload
        .iter()
        .rev()
        .zip([3u32, 1].into_iter().cycle())
        .map(|(&digit, weight)| u32::from(digit) * weight)
        .sum();
    ((10 - sum % 10) % 10) as u8
}

/// Digits with a valid check digit as a number; leading zeros are restored when written.
fn parse_number(text: &str, lengths: &[usize], expected: &'static str) -> Result<u64, NumberError> {
    let found = text.chars().count();
    if !lengths.contains(&found) {
        return Err(NumberError::Length { expected, found });
    }
    if let Some(found) = text.chars().find(|letter| !letter.is_ascii_digit()) {
        return Err(NumberError::NotDigit { found });
    }
    let digits: Vec<u8> = text.bytes().map(|byte| byte - b'0').collect();
    let Some((&last, payload)) = digits.split_last() else {
        return Err(NumberError::Length { expected, found });
    };
    let right = check_digit(payload);
    if last != right {
        return Err(NumberError::CheckDigit {
            expected: right,
            found: last,
        });
    }
    // At most 18 digits, so below 10^18: fits.
    Ok(digits
        .iter()
        .fold(0, |number, &digit| number * 10 + u64::from(digit)))
}

/// Does the GS1 prefix (the three digits below `above`) say "demonstrations and examples only"?
fn has_demonstration_prefix(number: u64, digits_after_prefix: u32) -> bool {
    number / 10u64.pow(digits_after_prefix) % 1_000 == 952
}

/// A product number (GTIN) with a valid check digit, kept as 14 digits.
///
/// Parses 8, 12, 13 or 14 digits and nothing else; a GTIN-13 and the same number with a leading
/// zero are equal. Displays as 14 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin(u64);

impl Gtin {
    /// Only the 14-digit form, as the Digital Link grammar and the canonical text demand.
    fn from_14_digits(text: &str) -> Result<Self, NumberError> {
        parse_number(text, &[GTIN_DIGITS], "14").map(Self)
    }

    /// Is the number reserved for restricted circulation (one shop, one company, one region)?
    ///
    /// True for the prefixes 02, 04 and 20 to 29 of the 13-digit form, and for 8-digit numbers
    /// that begin with 0 or 2. Marketplaces refuse such numbers and so does this software when
    /// it publishes outwards; only the sample ledger lets them in.
    pub fn is_restricted(self) -> bool {
        if self.0 < 10u64.pow(8) {
            return matches!(self.0 / 10u64.pow(7), 0 | 2);
        }
        matches!(self.0 % 10u64.pow(13) / 10u64.pow(11), 2 | 4 | 20..=29)
    }

    /// Does it bear the prefix 952, which GS1 keeps for demonstrations and examples?
    pub fn is_demonstration(self) -> bool {
        has_demonstration_prefix(self.0, 10)
    }
}

impl FromStr for Gtin {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_number(text, &[8, 12, 13, GTIN_DIGITS], "8, 12, 13 or 14").map(Self)
    }
}

impl fmt::Display for Gtin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:0width$}", self.0, width = GTIN_DIGITS)
    }
}

/// The number of a place or an organisation (GLN): 13 digits with a valid check digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gln(u64);

impl Gln {
    /// Does it bear the prefix 952, which GS1 keeps for demonstrations and examples?
    pub fn is_demonstration(self) -> bool {
        has_demonstration_prefix(self.0, 10)
    }
}

impl FromStr for Gln {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_number(text, &[GLN_DIGITS], "13").map(Self)
    }
}

impl fmt::Display for Gln {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:0width$}", self.0, width = GLN_DIGITS)
    }
}

/// The number of a pallet, container or other logistic unit (SSCC): 18 digits with a valid check
/// digit, the first of them the extension digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sscc(u64);

impl Sscc {
    /// Does it bear the prefix 952, which GS1 keeps for demonstrations and examples?
    pub fn is_demonstration(self) -> bool {
        has_demonstration_prefix(self.0, 14)
    }
}

impl FromStr for Sscc {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_number(text, &[SSCC_DIGITS], "18").map(Self)
    }
}

impl fmt::Display for Sscc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:0width$}", self.0, width = SSCC_DIGITS)
    }
}

// ---------------------------------------------------------------------------------------------
// Short code

/// Why a text is not a short code. Malformed input: usually a slip of who typed it.
///
/// The right check character is deliberately not told: a hint would turn a mistyped code into
/// a valid one of somebody else's lot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShortCodeError {
    /// A character that no short code has, such as 0, O, 1, I or U.
    #[error("a short code has no {found:?}")]
    Letter {
        /// The first such character, as typed.
        found: char,
    },
    /// Not nine letters (spaces and hyphens are not counted).
    #[error("a short code has nine letters and digits, found {found}")]
    Length {
        /// Letters found.
        found: usize,
    },
    /// Nine good letters whose check character does not fit: one of them was mistyped.
    #[error("the check character of the short code does not fit: a letter was mistyped")]
    CheckCharacter,
}

/// The short code on a label (mã tra cứu): eight letters and a check character from an alphabet
/// without look-alikes, for people who must type it.
///
/// Parsing forgives lower case, white space, hyphens and the dashes that phones put in their
/// place. Displays as `XXXX-XXXXX`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortCode([u8; SHORT_CODE_LETTERS]);

impl ShortCode {
    /// The nine letters without the hyphen: the form in paths and in the map.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("every letter of the alphabet is ASCII")
    }

    /// The code of a hash: always the same for the same seed, and evenly spread.
    ///
    /// Two seeds can give one code (about even odds among a million codes), so the caller looks
    /// in the map first and takes another seed when the code is bound already.
    pub fn derive(seed: &[u8; 32]) -> Self {
        let mut head = [0; 16];
        head.copy_from_slice(&seed[..16]);
        // 128 bits against 31^8 codes: the bias of the remainder is below 2^-88.
        let mut rest = u128::from_be_bytes(head);
        let mut letters = [0; SHORT_CODE_LETTERS];
        for letter in &mut letters[..SHORT_CODE_LETTERS - 1] {
            *letter = ALPHABET[(rest % 31) as usize];
            rest /= 31;
        }
        letters[SHORT_CODE_LETTERS - 1] = check_character(&letters[..SHORT_CODE_LETTERS - 1]);
        Self(letters)
    }
}

/// Sum of (place in the alphabet × weight) modulo 31 picks the letter; character i weighs i + 2.
fn check_character(letters: &[u8]) -> u8 {
    let sum: usize = letters
        .iter()
        .zip(2..)
        .map(|(letter, weight)| {
            weight
                * ALPHABET
                    .iter()
                    .position(|known| known == letter)
                    .unwrap_or(0)
        })
        .sum();
    ALPHABET[sum % ALPHABET.len()]
}

/// White space, hyphens and dashes: how people and keyboards group the letters.
fn is_grouping(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

impl FromStr for ShortCode {
    type Err = ShortCodeError;

    fn from_str(text: &str) -> Result<Self, ShortCodeError> {
        let mut letters = [0; SHORT_CODE_LETTERS];
        let mut count = 0;
        for typed in text.chars().filter(|&letter| !is_grouping(letter)) {
            let letter = u8::try_from(typed.to_ascii_uppercase())
                .ok()
                .filter(|letter| ALPHABET.contains(letter))
                .ok_or(ShortCodeError::Letter { found: typed })?;
            if let Some(place) = letters.get_mut(count) {
                *place = letter;
            }
            count += 1;
        }
        if count != SHORT_CODE_LETTERS {
            return Err(ShortCodeError::Length { found: count });
        }
        if check_character(&letters[..SHORT_CODE_LETTERS - 1]) != letters[SHORT_CODE_LETTERS - 1] {
            return Err(ShortCodeError::CheckCharacter);
        }
        Ok(Self(letters))
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = self.as_str().split_at(SHORT_CODE_HYPHEN);
        write!(out, "{head}-{tail}")
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ShortCode({self})")
    }
}

// ---------------------------------------------------------------------------------------------
// Lot numbers and printed codes

/// Why a text cannot stand in a GS1 field of character set 82. Malformed input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Empty or too long.
    #[error("expected 1 to {max} characters, found {found}")]
    Length {
        /// Characters found.
        found: usize,
        /// The most that the field takes.
        max: usize,
    },
    /// A character outside the set, such as a space or a letter with a Vietnamese mark.
    #[error("{found:?} is not in GS1 character set 82")]
    Character {
        /// The first such character.
        found: char,
    },
    /// `.` or `..`: GS1 would allow them, but every browser takes them, even escaped, for
    /// "this folder" and "folder above" and drops them from the address.
    #[error("a value of only one or two dots cannot be carried in an address")]
    DotSegment,
}

/// Is it one of the 82 characters of a GS1 field of type X?
pub fn is_in_character_set_82(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || r#"!"%&'()*+,-./_:;<=>?"#.contains(letter)
}

/// Is the text a lot number that can be printed behind a GTIN: 1 to 20 characters of set 82?
pub fn check_lot(text: &str) -> Result<(), ValueError> {
    check_value(text, LOT_MAX_CHARS)
}

fn check_value(text: &str, max: usize) -> Result<(), ValueError> {
    let found = text.chars().count();
    if found == 0 || found > max {
        return Err(ValueError::Length { found, max });
    }
    if let Some(found) = text.chars().find(|&letter| !is_in_character_set_82(letter)) {
        return Err(ValueError::Character { found });
    }
    if matches!(text, "." | "..") {
        return Err(ValueError::DotSegment);
    }
    Ok(())
}

/// Why a text is not the canonical text of a printed code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Neither `01/…/10/…` nor `t/…`.
    #[error("a printed code is written 01/<gtin>/10/<lot> or t/<short code>")]
    Shape,
    /// The product number in it is wrong.
    #[error("product number: {0}")]
    Gtin(#[from] NumberError),
    /// The lot number in it is wrong.
    #[error("lot number: {0}")]
    Lot(#[from] ValueError),
    /// The short code in it is wrong.
    #[error("short code: {0}")]
    Short(#[from] ShortCodeError),
}

/// A code that is printed on goods and that events bind to a lot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrintedCode {
    /// Product number and lot number. Other crates make it with [`PrintedCode::gs1`], so that
    /// the lot has been checked.
    #[non_exhaustive]
    Gs1 {
        /// The product.
        gtin: Gtin,
        /// The lot as printed, unescaped: 1 to 20 characters of set 82.
        lot: String,
    },
    /// Our own short code, for goods without a barcode and for labels that nobody can scan.
    Own(ShortCode),
}

impl PrintedCode {
    /// The code of a product's lot.
    ///
    /// # Errors
    /// When the lot is not 1 to 20 characters of GS1 character set 82.
    pub fn gs1(gtin: Gtin, lot: &str) -> Result<Self, ValueError> {
        check_lot(lot)?;
        Ok(Self::Gs1 {
            gtin,
            lot: lot.to_owned(),
        })
    }

    /// The code as id in the ledger's map: `01/<gtin14>/10/<lot>` with the lot unescaped, or
    /// `t/<short code>` without hyphen.
    pub fn canonical(&self) -> String {
        match self {
            Self::Gs1 { gtin, lot } => format!("01/{gtin}/10/{lot}"),
            Self::Own(code) => format!("t/{}", code.as_str()),
        }
    }

    /// Parses exactly what [`PrintedCode::canonical`] writes; no other spelling is forgiven.
    ///
    /// # Errors
    /// When the text is not the canonical text of a code.
    pub fn from_canonical(text: &str) -> Result<Self, CanonicalError> {
        if let Some(letters) = text.strip_prefix("t/") {
            let code: ShortCode = letters.parse()?;
            return if code.as_str() == letters {
                Ok(Self::Own(code))
            } else {
                Err(CanonicalError::Shape)
            };
        }
        // The lot may hold slashes, so only the first "/10/" divides.
        let (gtin, lot) = text
            .strip_prefix("01/")
            .and_then(|rest| rest.split_once("/10/"))
            .ok_or(CanonicalError::Shape)?;
        Ok(Self::gs1(Gtin::from_14_digits(gtin)?, lot)?)
    }

    /// The path to print behind the host: `/01/<gtin14>/10/<escaped lot>` or `/t/<short code>`.
    /// Only `A-Z a-z 0-9 - . _ ~` stay unescaped.
    pub fn url_path(&self) -> String {
        match self {
            Self::Gs1 { gtin, lot } => format!("/01/{gtin}/10/{}", percent_encode(lot)),
            Self::Own(code) => format!("/t/{}", code.as_str()),
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Paths that were scanned or typed

/// Why a path does not lead to something we can look up.
///
/// [`PathError::is_unsupported`] divides "good GS1, but not here" from malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Longer than [`PATH_MAX_BYTES`].
    #[error("the path has more than {PATH_MAX_BYTES} bytes")]
    TooLong,
    /// A character that may not stand unescaped in a path (RFC 3986), or no `/` in front.
    #[error("the path holds a character that must be escaped, or does not begin with a slash")]
    Character,
    /// A `%` without two hexadecimal digits, or one that stands for something other than a
    /// printable ASCII character (nothing else occurs in the grammar).
    #[error("the path holds a broken escape")]
    Escape,
    /// Neither `/01/…` nor `/t/…`, keys or values left over, missing, empty, or out of order.
    #[error("the path does not follow the grammar of GS1 Digital Link nor /t/<short code>")]
    Grammar,
    /// Another primary key of GS1 Digital Link, such as a place (414). Its value was not checked.
    #[error("codes of GS1 key {key} are not supported here")]
    UnsupportedKey {
        /// The key.
        key: &'static str,
    },
    /// A well-formed product code with a qualifier other than the lot: variant (22), serial (21)
    /// or third-party serial (235).
    #[error("the GS1 qualifier {key} is not supported here")]
    UnsupportedQualifier {
        /// The first such qualifier.
        key: &'static str,
    },
    /// The product number is wrong.
    #[error("product number: {0}")]
    Gtin(#[from] NumberError),
    /// The value of a qualifier, the lot among them, is wrong.
    #[error("value of GS1 key {key}: {source}")]
    Value {
        /// The qualifier.
        key: &'static str,
        /// What is wrong with its value.
        source: ValueError,
    },
    /// The short code is wrong.
    #[error("short code: {0}")]
    Short(#[from] ShortCodeError),
}

impl PathError {
    /// Is the path good GS1 Digital Link that this software does not answer? Otherwise it is
    /// malformed.
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::UnsupportedKey { .. } | Self::UnsupportedQualifier { .. }
        )
    }
}

/// What a scanned or typed path asks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanTarget {
    /// A product without a lot: `/01/<gtin14>`.
    Product(Gtin),
    /// A code that may be bound to a lot.
    Code(PrintedCode),
}

impl ScanTarget {
    /// Parses a **raw** path, from the first slash up to the query, as it came over the wire: it
    /// is divided at `/` first and unescaped after, because a lot may hold `%2F`.
    ///
    /// GS1 paths are taken strictly: 14 digits, fixed order, no empty segment, no trailing slash
    /// (a resolver that tolerates one strips it first). The short code behind `/t/` is as
    /// forgiving as typing, because people type that path.
    ///
    /// # Errors
    /// When the path is malformed or asks for something that is not supported here.
    pub fn from_url_path(raw_path: &str) -> Result<Self, PathError> {
        if raw_path.len() > PATH_MAX_BYTES {
            return Err(PathError::TooLong);
        }
        let rest = raw_path.strip_prefix('/').ok_or(PathError::Character)?;
        let segments = rest
            .split('/')
            .map(percent_decode)
            .collect::<Result<Vec<_>, _>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments[..] {
            ["t", letters] if !letters.is_empty() => {
                Ok(Self::Code(PrintedCode::Own(letters.parse()?)))
            }
            ["01", gtin, ref qualifiers @ ..] => parse_product(gtin, qualifiers),
            [first, _, ..] => Err(OTHER_PRIMARY_KEYS
                .into_iter()
                .find(|&key| key == first)
                .map_or(PathError::Grammar, |key| PathError::UnsupportedKey { key })),
            _ => Err(PathError::Grammar),
        }
    }

    /// The path that asks about it; see [`PrintedCode::url_path`].
    pub fn url_path(&self) -> String {
        match self {
            Self::Product(gtin) => format!("/01/{gtin}"),
            Self::Code(code) => code.url_path(),
        }
    }
}

/// `/01/<gtin>` and what stands behind it, unescaped: qualifier, value, qualifier, value …
fn parse_product(gtin: &str, qualifiers: &[&str]) -> Result<ScanTarget, PathError> {
    let gtin = Gtin::from_14_digits(gtin)?;
    let (pairs, []) = qualifiers.as_chunks::<2>() else {
        return Err(PathError::Grammar);
    };
    let (order, max): (&[&'static str], usize) = match pairs {
        [["235", _]] => (&["235"], THIRD_PARTY_SERIAL_MAX_CHARS),
        _ => (&["22", "10", "21"], QUALIFIER_MAX_CHARS),
    };
    let mut allowed = order.iter();
    let mut lot = None;
    let mut unsupported = None;
    for [key, value] in pairs {
        // Consuming the iterator demands the fixed order and refuses a key named twice.
        let &key = allowed
            .find(|allowed| *allowed == key)
            .ok_or(PathError::Grammar)?;
        check_value(value, max).map_err(|source| PathError::Value { key, source })?;
        if key == "10" {
            lot = Some((*value).to_owned());
        } else {
            unsupported = unsupported.or(Some(key));
        }
    }
    match (unsupported, lot) {
        (Some(key), _) => Err(PathError::UnsupportedQualifier { key }),
        (None, Some(lot)) => Ok(ScanTarget::Code(PrintedCode::Gs1 { gtin, lot })),
        (None, None) => Ok(ScanTarget::Product(gtin)),
    }
}

fn percent_encode(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            // Capitals, so that a QR code of a capital address stays in its dense mode.
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// One segment, unescaped. `+` is a plus: only a query has spaces written so.
fn percent_decode(segment: &str) -> Result<String, PathError> {
    let mut text = String::with_capacity(segment.len());
    let mut letters = segment.chars();
    while let Some(letter) = letters.next() {
        if letter == '%' {
            let mut nibble = || letters.next().and_then(|digit| digit.to_digit(16));
            let (Some(high), Some(low)) = (nibble(), nibble()) else {
                return Err(PathError::Escape);
            };
            match char::from_u32(high * 16 + low) {
                Some(letter @ ' '..='~') => text.push(letter),
                _ => return Err(PathError::Escape),
            }
        } else if letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(letter) {
            text.push(letter);
        } else {
            return Err(PathError::Character);
        }
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `qr_short_code_fictional` of the sample data, all of them.
    const SAMPLE_CODES: [&str; 13] = [
        "38C5-7RHV2",
        "SPVB-B7YZG",
        "CQY3-FM35M",
        "5AJS-RSH2N",
        "85L7-632ZJ",
        "HYWT-FJLHF",
        "K5ML-BKEN9",
        "4YS6-6FNGM",
        "669Z-ANLJR",
        "BBMX-PYYTS",
        "MCKW-5M6M7",
        "DDVA-GTZ7Z",
        "WZTG-ZG4Y3",
    ];

    fn length(expected: &'static str, found: usize) -> NumberError {
        NumberError::Length { expected, found }
    }

    #[test]
    fn gtins() {
        const ANY: &str = "8, 12, 13 or 14";
        let table: &[(&str, Result<&str, NumberError>)] = &[
            ("2082600000015", Ok("02082600000015")),
            ("02082600000015", Ok("02082600000015")),
            ("96385074", Ok("00000096385074")),
            ("036000291452", Ok("00036000291452")),
            ("00000000", Ok("00000000000000")),
            (
                "2082600000010",
                Err(NumberError::CheckDigit {
                    expected: 5,
                    found: 0,
                }),
            ),
            (
                "036000291450",
                Err(NumberError::CheckDigit {
                    expected: 2,
                    found: 0,
                }),
            ),
            ("", Err(length(ANY, 0))),
            ("123456789", Err(length(ANY, 9))),
            ("020826000000150", Err(length(ANY, 15))),
            (" 2082600000015", Err(NumberError::NotDigit { found: ' ' })),
            ("20826-0000015", Err(NumberError::NotDigit { found: '-' })),
            (
                "２０８２６０００",
                Err(NumberError::NotDigit { found: '２' }),
            ),
            ("+2082600000015", Err(NumberError::NotDigit { found: '+' })),
        ];
        for (text, wanted) in table {
            let found = text.parse::<Gtin>().map(|gtin| gtin.to_string());
            assert_eq!(found, wanted.clone().map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn gtin_prefixes() {
        // text without check digit, restricted, demonstration
        let table = [
            ("208260000001", true, false),
            ("290000000000", true, false),
            ("199999999999", false, false),
            ("300000000000", false, false),
            ("893000000000", false, false),
            ("952000000000", false, true),
            ("1952000000001", false, true), // 14 digits: the indicator is no part of the prefix
            ("9520000000001", false, false), // 14 digits, prefix 520
            ("1208260000001", true, false),
            ("02000000000", false, false), // 12 digits: 0 + 020…, prefix 002
            ("20000000000", true, false),  // 12 digits, number system 2: prefix 02
            ("40000000000", true, false),  // 12 digits, number system 4: prefix 04
            ("30000000000", false, false),
            ("2000000", true, false), // 8 digits for use inside a shop
            ("0000000", true, false),
            ("9638507", false, false),
        ];
        for (payload, restricted, demonstration) in table {
            let digits: Vec<u8> = payload.bytes().map(|byte| byte - b'0').collect();
            let gtin: Gtin = format!("{payload}{}", check_digit(&digits))
                .parse()
                .unwrap();
            assert_eq!(
                (gtin.is_restricted(), gtin.is_demonstration()),
                (restricted, demonstration),
                "{payload}"
            );
        }
    }

    #[test]
    fn places_and_pallets() {
        let gln: Gln = "9520826000011".parse().unwrap();
        assert_eq!(gln.to_string(), "9520826000011");
        assert!(gln.is_demonstration());
        assert_eq!("952082600001".parse::<Gln>(), Err(length("13", 12)));
        assert_eq!(
            "9520826000012".parse::<Gln>(),
            Err(NumberError::CheckDigit {
                expected: 1,
                found: 2
            })
        );

        let sscc: Sscc = "095208260000000011".parse().unwrap();
        assert_eq!(sscc.to_string(), "095208260000000011");
        assert!(sscc.is_demonstration());
        assert!("999999999999999999".parse::<Sscc>().is_err());
        assert_eq!("95208260000000011".parse::<Sscc>(), Err(length("18", 17)));
    }

    #[test]
    fn short_codes_of_the_sample_data() {
        for text in SAMPLE_CODES {
            let code: ShortCode = text.parse().unwrap();
            assert_eq!(code.to_string(), text);
            assert_eq!(code.as_str(), text.replace('-', ""));
        }
    }

    #[test]
    fn short_codes_as_typed() {
        let letter = |found| Err(ShortCodeError::Letter { found });
        let table: &[(&str, Result<&str, ShortCodeError>)] = &[
            ("38c57rhv2", Ok("38C5-7RHV2")),
            (" 38C5 7RHV2\n", Ok("38C5-7RHV2")),
            ("3-8-C-5–7RHV2", Ok("38C5-7RHV2")),
            ("38C5\u{a0}7RHV2", Ok("38C5-7RHV2")),
            ("38C57RHV3", Err(ShortCodeError::CheckCharacter)),
            ("83C57RHV2", Err(ShortCodeError::CheckCharacter)),
            ("38C57RHV", Err(ShortCodeError::Length { found: 8 })),
            ("38C57RHV22", Err(ShortCodeError::Length { found: 10 })),
            ("", Err(ShortCodeError::Length { found: 0 })),
            ("38C57RHVO", letter('O')),
            ("38C57RHV0", letter('0')),
            ("38C57RHVu", letter('u')),
            ("38C5/7RHV2", letter('/')),
            ("đ8C57RHV2", letter('đ')),
            ("ı8C57RHV2", letter('ı')),
        ];
        for (text, wanted) in table {
            let found = text.parse::<ShortCode>().map(|code| code.to_string());
            assert_eq!(found, wanted.clone().map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn one_wrong_letter_or_one_swap_is_always_found() {
        for text in SAMPLE_CODES {
            let right = text.replace('-', "").into_bytes();
            for place in 0..SHORT_CODE_LETTERS {
                for &other in ALPHABET {
                    let mut wrong = right.clone();
                    wrong[place] = other;
                    assert_eq!(is_short_code(&wrong), wrong == right);
                }
                for second in 0..SHORT_CODE_LETTERS - 1 {
                    let mut wrong = right.clone();
                    wrong.swap(place, second);
                    if place < SHORT_CODE_LETTERS - 1 {
                        assert_eq!(is_short_code(&wrong), wrong == right);
                    }
                }
            }
        }
    }

    fn is_short_code(letters: &[u8]) -> bool {
        std::str::from_utf8(letters)
            .unwrap()
            .parse::<ShortCode>()
            .is_ok()
    }

    #[test]
    fn derived_codes_do_not_change() {
        // Printed for years: a change of the rule would change codes of drafts already shown.
        assert_eq!(ShortCode::derive(&[0; 32]).to_string(), "2222-22222");
        let counting: [u8; 32] = std::array::from_fn(|i| i as u8);
        assert_eq!(ShortCode::derive(&counting).to_string(), "NS7S-4QX8G");
        assert_ne!(ShortCode::derive(&[1; 32]), ShortCode::derive(&[2; 32]));
    }

    #[test]
    fn lots() {
        let all = r#"!"%&'()*+,-./_:;<=>?"#;
        assert_eq!(all.len() + 26 + 26 + 10, 82);
        assert_eq!(check_lot(all), Ok(()));
        assert_eq!(check_lot("A"), Ok(()));
        assert_eq!(check_lot(&"A".repeat(20)), Ok(()));
        assert_eq!(
            check_lot(&"A".repeat(21)),
            Err(ValueError::Length { found: 21, max: 20 })
        );
        assert_eq!(check_lot(""), Err(ValueError::Length { found: 0, max: 20 }));
        assert_eq!(check_lot("LÔ1"), Err(ValueError::Character { found: 'Ô' }));
        for other in " #$@[\\]^`{|}~\n\0".chars() {
            assert_eq!(
                check_lot(&format!("A{other}")),
                Err(ValueError::Character { found: other })
            );
        }
        assert_eq!(check_lot("."), Err(ValueError::DotSegment));
        assert_eq!(check_lot(".."), Err(ValueError::DotSegment));
        assert_eq!(check_lot("..."), Ok(()));
    }

    #[test]
    fn canonical_texts() {
        let good = [
            (
                "01/02082600000015/10/XCC261012A1",
                "/01/02082600000015/10/XCC261012A1",
            ),
            (
                "01/02082600000015/10/A/10/B",
                "/01/02082600000015/10/A%2F10%2FB",
            ),
            (
                "01/02082600000015/10/50%<5>?",
                "/01/02082600000015/10/50%25%3C5%3E%3F",
            ),
            ("t/38C57RHV2", "/t/38C57RHV2"),
        ];
        for (text, path) in good {
            let code = PrintedCode::from_canonical(text).unwrap();
            assert_eq!(code.canonical(), text);
            assert_eq!(code.url_path(), path);
            assert_eq!(ScanTarget::from_url_path(path), Ok(ScanTarget::Code(code)));
        }
        let bad = [
            ("", CanonicalError::Shape),
            ("t/38C5-7RHV2", CanonicalError::Shape),
            ("t/38c57rhv2", CanonicalError::Shape),
            (
                "t/38C57RHV3",
                CanonicalError::Short(ShortCodeError::CheckCharacter),
            ),
            ("01/02082600000015", CanonicalError::Shape),
            ("/01/02082600000015/10/A", CanonicalError::Shape),
            (
                "01/2082600000015/10/A",
                CanonicalError::Gtin(length("14", 13)),
            ),
            (
                "01/02082600000015/10/",
                CanonicalError::Lot(ValueError::Length { found: 0, max: 20 }),
            ),
            (
                "01/02082600000015/10/A B",
                CanonicalError::Lot(ValueError::Character { found: ' ' }),
            ),
        ];
        for (text, error) in bad {
            assert_eq!(PrintedCode::from_canonical(text), Err(error), "{text}");
        }
    }

    #[test]
    fn paths() {
        let gtin: Gtin = "02082600000015".parse().unwrap();
        let lot = |text| Ok(ScanTarget::Code(PrintedCode::gs1(gtin, text).unwrap()));
        let short = || {
            Ok(ScanTarget::Code(PrintedCode::Own(
                "38C57RHV2".parse().unwrap(),
            )))
        };
        let qualifier = |key| Err(PathError::UnsupportedQualifier { key });
        let table: &[(&str, Result<ScanTarget, PathError>)] = &[
            ("/01/02082600000015", Ok(ScanTarget::Product(gtin))),
            ("/01/02082600000015/10/XCC261012A1", lot("XCC261012A1")),
            ("/01/02082600000015/10/A%2fB+C", lot("A/B+C")),
            ("/01/02082600000015/10/%41", lot("A")),
            ("/%30%31/02082600000015/1%30/A", lot("A")),
            ("/01/02082600000015/10/A%2510", lot("A%10")),
            ("/t/38C57RHV2", short()),
            ("/t/38c5-7rhv2", short()),
            ("/t/38C5%207RHV2", short()),
            // good GS1, not for us
            ("/01/02082600000015/21/S1", qualifier("21")),
            ("/01/02082600000015/22/V1", qualifier("22")),
            ("/01/02082600000015/10/A/21/S1", qualifier("21")),
            ("/01/02082600000015/22/V/10/A/21/S1", qualifier("22")),
            ("/01/02082600000015/235/T-1", qualifier("235")),
            (
                "/414/9520826000011",
                Err(PathError::UnsupportedKey { key: "414" }),
            ),
            (
                "/00/095208260000000011",
                Err(PathError::UnsupportedKey { key: "00" }),
            ),
            // malformed
            ("", Err(PathError::Character)),
            ("/", Err(PathError::Grammar)),
            ("/01", Err(PathError::Grammar)),
            ("/00", Err(PathError::Grammar)),
            ("/t", Err(PathError::Grammar)),
            ("/t/", Err(PathError::Grammar)),
            ("/T/38C57RHV2", Err(PathError::Grammar)),
            ("/t/38C57RHV2/", Err(PathError::Grammar)),
            ("/gtin/02082600000015", Err(PathError::Grammar)),
            ("//01/02082600000015", Err(PathError::Grammar)),
            ("01/02082600000015", Err(PathError::Character)),
            ("/01/02082600000015/", Err(PathError::Grammar)),
            ("/01/02082600000015/10", Err(PathError::Grammar)),
            ("/01/02082600000015/10/A/", Err(PathError::Grammar)),
            ("/01/02082600000015/10/A/10/B", Err(PathError::Grammar)),
            ("/01/02082600000015/10/A/22/B", Err(PathError::Grammar)),
            ("/01/02082600000015/21/S/10/A", Err(PathError::Grammar)),
            ("/01/02082600000015/235/T/10/A", Err(PathError::Grammar)),
            ("/01/02082600000015/99/A", Err(PathError::Grammar)),
            ("/01/02082600000015/lot/A", Err(PathError::Grammar)),
            (
                "/01/2082600000015/10/A",
                Err(PathError::Gtin(length("14", 13))),
            ),
            ("/01//10/A", Err(PathError::Gtin(length("14", 0)))),
            (
                "/01/02082600000016",
                Err(PathError::Gtin(NumberError::CheckDigit {
                    expected: 5,
                    found: 6,
                })),
            ),
            (
                "/01/02082600000015/10/",
                Err(PathError::Value {
                    key: "10",
                    source: ValueError::Length { found: 0, max: 20 },
                }),
            ),
            (
                "/01/02082600000015/10/ABCDEFGHIJKLMNOPQRSTU",
                Err(PathError::Value {
                    key: "10",
                    source: ValueError::Length { found: 21, max: 20 },
                }),
            ),
            (
                "/01/02082600000015/21/A%20B",
                Err(PathError::Value {
                    key: "21",
                    source: ValueError::Character { found: ' ' },
                }),
            ),
            (
                "/01/02082600000015/10/%2e%2E",
                Err(PathError::Value {
                    key: "10",
                    source: ValueError::DotSegment,
                }),
            ),
            ("/01/02082600000015/10/A%00", Err(PathError::Escape)),
            ("/01/02082600000015/10/A%", Err(PathError::Escape)),
            ("/01/02082600000015/10/A%4", Err(PathError::Escape)),
            ("/01/02082600000015/10/A%4G", Err(PathError::Escape)),
            ("/01/02082600000015/10/A%+1", Err(PathError::Escape)),
            ("/01/02082600000015/10/L%C3%94", Err(PathError::Escape)),
            ("/01/02082600000015/10/LÔ", Err(PathError::Character)),
            ("/01/02082600000015/10/A B", Err(PathError::Character)),
            ("/01/02082600000015/10/A<", Err(PathError::Character)),
            ("/01/02082600000015/10/A?x=1", Err(PathError::Character)),
            ("/01/02082600000015/10/A#x", Err(PathError::Character)),
            ("/01/02082600000015/10/A\\", Err(PathError::Character)),
            (
                "/t/38C57RHV3",
                Err(PathError::Short(ShortCodeError::CheckCharacter)),
            ),
            (
                "/t/38C57RHV",
                Err(PathError::Short(ShortCodeError::Length { found: 8 })),
            ),
        ];
        for (path, wanted) in table {
            let found = ScanTarget::from_url_path(path);
            assert_eq!(&found, wanted, "{path}");
            if let Err(error) = found {
                let wanted = matches!(path.get(..3), Some("/41" | "/00") if path.len() > 3)
                    || error.to_string().contains("not supported");
                assert_eq!(error.is_unsupported(), wanted, "{path}");
            }
        }
    }

    #[test]
    fn length_of_paths() {
        // At the limit it is still parsed (and found wanting), one past it is not looked at.
        let head = "/01/02082600000015/10/";
        let at = format!("{head}{}", "A".repeat(PATH_MAX_BYTES - head.len()));
        assert!(matches!(
            ScanTarget::from_url_path(&at),
            Err(PathError::Value { .. })
        ));
        assert_eq!(
            ScanTarget::from_url_path(&format!("{at}A")),
            Err(PathError::TooLong)
        );

        let value = "%2F".repeat(20);
        let longest = format!("/01/02082600000015/22/{value}/10/{value}/21/{value}");
        assert!(
            ScanTarget::from_url_path(&longest)
                .unwrap_err()
                .is_unsupported()
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>(), tail in "[ -~]{0,40}") {
            for text in [text.clone(), format!("/01/02082600000015/{text}"), format!("/{tail}"),
                format!("/01/02082600000015/10/{tail}"), format!("/t/{tail}"), format!("t/{text}"),
                format!("01/02082600000015/10/{text}")] {
                let _ = text.parse::<Gtin>();
                let _ = text.parse::<Gln>();
                let _ = text.parse::<Sscc>();
                let _ = text.parse::<ShortCode>();
                if let Ok(code) = PrintedCode::from_canonical(&text) {
                    prop_assert_eq!(code.canonical(), text.clone());
                }
                if let Ok(target) = ScanTarget::from_url_path(&text) {
                    prop_assert_eq!(ScanTarget::from_url_path(&target.url_path()), Ok(target));
                }
            }
        }

        #[test]
        fn numbers_with_their_check_digit_are_read(payload in "[0-9]{7}|[0-9]{11,13}|[0-9]{17}") {
            let digits: Vec<u8> = payload.bytes().map(|byte| byte - b'0').collect();
            let text = format!("{payload}{}", check_digit(&digits));
            let read = match text.len() {
                SSCC_DIGITS => text.parse::<Sscc>().map(|number| number.to_string()),
                _ => text.parse::<Gtin>().map(|number| number.to_string()),
            };
            prop_assert!(read.unwrap().ends_with(&text));
        }

        #[test]
        fn every_lot_goes_there_and_back(lot in r#"[!"%&'()*+,./_:;<=>?A-Za-z0-9-]{1,20}"#) {
            let gtin = "02082600000015".parse().unwrap();
            if let Ok(code) = PrintedCode::gs1(gtin, &lot) {
                prop_assert_eq!(PrintedCode::from_canonical(&code.canonical()), Ok(code.clone()));
                prop_assert_eq!(
                    ScanTarget::from_url_path(&code.url_path()),
                    Ok(ScanTarget::Code(code))
                );
            } else {
                prop_assert!(lot == "." || lot == "..");
            }
        }

        #[test]
        fn derived_codes_are_valid(seed in any::<[u8; 32]>()) {
            let code = ShortCode::derive(&seed);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }
    }
}
