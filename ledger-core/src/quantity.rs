//! Quantities without floats: an integer, a decimal scale and a UN/CEFACT unit (`docs/formats.md` section 5).

use std::fmt;

use crate::encode::Value;

/// Largest number, whatever the scale: a thousand million tonnes in kilograms. Small enough that a mass, which is one
/// quantity times another, never leaves 128 bits.
pub const N_MAX: u64 = 1_000_000_000_000;
/// Finest scale: a milligram of a kilogram.
pub const SCALE_MAX: u8 = 6;

/// The units in use: UN/CEFACT Rec 20 (KGM, LTR, HAR, H87, HEA) and Rec 21 with `X` (packages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the table below says each
pub enum Unit {
    Kilogram,
    Litre,
    Hectare,
    Piece,
    Head,
    Carton,
    Box,
    Pack,
    Bag,
    Jar,
    Bottle,
}

const UNITS: [(Unit, &str, &str); 11] = [
    (Unit::Kilogram, "KGM", "kg"),
    (Unit::Litre, "LTR", "lít"),
    (Unit::Hectare, "HAR", "ha"),
    (Unit::Piece, "H87", "trái"),
    (Unit::Head, "HEA", "con"),
    (Unit::Carton, "XCT", "thùng"),
    (Unit::Box, "XBX", "hộp"),
    (Unit::Pack, "XPK", "gói"),
    (Unit::Bag, "XBG", "túi"),
    (Unit::Jar, "XJR", "hũ"),
    (Unit::Bottle, "XBO", "chai"),
];

impl Unit {
    /// The unit of a UN/CEFACT code.
    pub fn from_code(code: &str) -> Option<Unit> {
        UNITS
            .iter()
            .find(|(_, c, _)| *c == code)
            .map(|(unit, ..)| *unit)
    }

    /// The unit of a Vietnamese word.
    pub fn from_word(word: &str) -> Option<Unit> {
        UNITS
            .iter()
            .find(|(.., w)| *w == word)
            .map(|(unit, ..)| *unit)
    }

    /// Its UN/CEFACT code.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// The Vietnamese word.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Unit, &'static str, &'static str) {
        UNITS
            .iter()
            .find(|(unit, ..)| *unit == self)
            .unwrap_or(&UNITS[0])
    }
}

/// An amount: `n / 10^scale` of a unit, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    n: u64,
    scale: u8,
    unit: Unit,
}

/// A text or value that is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a quantity")]
pub struct QuantityError;

impl Quantity {
    /// An amount within the limits of the format.
    ///
    /// # Errors
    /// [`QuantityError`] beyond scale 6 or [`N_MAX`].
    pub fn new(n: u64, scale: u8, unit: Unit) -> Result<Quantity, QuantityError> {
        if scale <= SCALE_MAX && n <= N_MAX {
            Ok(Quantity { n, scale, unit })
        } else {
            Err(QuantityError)
        }
    }

    /// Reads a plain decimal with a point: `1846.5`.
    ///
    /// # Errors
    /// [`QuantityError`] for signs, exponents, white space, or more than six decimals.
    pub fn parse(decimal: &str, unit: Unit) -> Result<Quantity, QuantityError> {
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let well_formed =
            !whole.is_empty() && digits(whole) && digits(fraction) && !decimal.ends_with('.');
        let scale = u8::try_from(fraction.len()).map_err(|_| QuantityError)?;
        if !well_formed {
            return Err(QuantityError);
        }
        Quantity::new(
            format!("{whole}{fraction}")
                .parse()
                .map_err(|_| QuantityError)?,
            scale,
            unit,
        )
    }

    /// The unit.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The amount in millionths of the unit: exact, and comparable within one unit.
    pub fn micros(&self) -> u128 {
        u128::from(self.n) * 10u128.pow(u32::from(SCALE_MAX - self.scale))
    }

    /// Whether both are as much of the same unit, however many decimals they were written with.
    pub fn is_same_amount(&self, other: &Quantity) -> bool {
        self.unit == other.unit && self.micros() == other.micros()
    }

    /// The CBOR form.
    pub fn to_value(self) -> Value {
        Value::Array(vec![
            Value::uint(self.n),
            Value::uint(u64::from(self.scale)),
            Value::text(self.unit.code()),
        ])
    }

    /// Reads the CBOR form.
    ///
    /// # Errors
    /// [`QuantityError`] for any other value.
    pub fn from_value(value: &Value) -> Result<Quantity, QuantityError> {
        let Some([n, scale, unit]) = value.as_array() else {
            return Err(QuantityError);
        };
        let n = n.as_uint().ok_or(QuantityError)?;
        let scale = scale
            .as_uint()
            .and_then(|s| u8::try_from(s).ok())
            .ok_or(QuantityError)?;
        let unit = unit
            .as_text()
            .and_then(Unit::from_code)
            .ok_or(QuantityError)?;
        Quantity::new(n, scale, unit)
    }
}

/// As people here write it: `1.846,5 kg`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divisor = 10u64.pow(u32::from(self.scale));
        let whole = (self.n / divisor).to_string();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                f.write_str(".")?;
            }
            write!(f, "{digit}")?;
        }
        let fraction = format!(
            "{:0width$}",
            self.n % divisor,
            width = usize::from(self.scale)
        );
        let fraction = fraction.trim_end_matches('0');
        if self.scale > 0 && !fraction.is_empty() {
            write!(f, ",{fraction}")?;
        }
        write!(f, " {}", self.unit.word())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_and_print() {
        let cases = [
            ("1846.5", "1.846,5 kg"),
            ("0.1", "0,1 kg"),
            ("12000", "12.000 kg"),
            ("122.50", "122,5 kg"),
            ("0", "0 kg"),
        ];
        for (text, printed) in cases {
            let quantity = Quantity::parse(text, Unit::Kilogram).unwrap();
            assert_eq!(quantity.to_string(), printed);
            assert_eq!(Quantity::from_value(&quantity.to_value()), Ok(quantity));
        }
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            "1.",
            ".5",
            "1,5",
            " 1",
            "0.1234567",
            "99999999999999999999",
        ] {
            assert_eq!(
                Quantity::parse(text, Unit::Kilogram),
                Err(QuantityError),
                "{text}"
            );
        }
    }
}
