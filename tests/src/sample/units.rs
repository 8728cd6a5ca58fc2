//! Quantities as the sample's texts write them.

use ledger_core::quantity::{Quantity, QuantityError, Unit};

/// `46.5 kg`: a plain decimal and a unit's word.
pub(super) fn parse_amount(text: &str) -> Result<Quantity, QuantityError> {
    let (number, unit) = text.split_once(' ').ok_or(QuantityError)?;
    Quantity::parse(number, Unit::from_word(unit).ok_or(QuantityError)?)
}

/// What is put in besides: the second part of `4.000 kg cá + 1.300 kg muối`, written as people here do.
pub(super) fn parse_added(note: &str) -> Option<Quantity> {
    let (_, added) = note.split_once(" + ")?;
    let mut words = added.split(' ');
    let number = words.next()?.replace('.', "").replace(',', ".");
    Quantity::parse(&number, Unit::from_word(words.next()?)?).ok()
}

/// The content of one unit as mass or volume: `200 g` is 0.200 kg, `500 ml` 0.500 l; `2 trái` is neither.
pub(super) fn parse_net_content(text: &str) -> Option<Quantity> {
    let (number, unit) = text.split_once(' ')?;
    match unit {
        "kg" => Quantity::parse(number, Unit::Kilogram).ok(),
        "l" | "lít" => Quantity::parse(number, Unit::Litre).ok(),
        "g" => Quantity::new(number.parse().ok()?, 3, Unit::Kilogram).ok(),
        "ml" => Quantity::new(number.parse().ok()?, 3, Unit::Litre).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(quantity: Option<Quantity>) -> Option<String> {
        quantity.map(|quantity| quantity.to_string())
    }

    #[test]
    fn amounts_of_the_sample_read() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(printed(parse_amount("46.5 kg").ok()), some("46,5 kg"));
        assert_eq!(printed(parse_amount("960 trái").ok()), some("960 trái"));
        assert!(parse_amount("46.5").is_err() && parse_amount("46.5 tem").is_err());
        let note = "Chượp: 4.000 kg cá + 1.300 kg muối";
        assert_eq!(printed(parse_added(note)), some("1.300 kg"));
        assert_eq!(parse_added("Lúa tươi"), None);
        for (text, read) in [
            ("200 g", some("0,2 kg")),
            ("500 ml", some("0,5 lít")),
            ("5 kg", some("5 kg")),
            ("2 trái", None),
        ] {
            assert_eq!(printed(parse_net_content(text)), read, "{text}");
        }
    }
}
