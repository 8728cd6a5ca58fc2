//! What people scan and type: codes, times, quantities.

use ledger_core::code::{PrintedCode, ScanTarget, ShortCode};
use ledger_core::encode::Value;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::time::{Date, Timestamp};

use crate::world::{CODES, qty};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

pub(super) fn printed(bytes: &[u8]) -> bool {
    let text = text(bytes);
    if let Ok(code) = text.parse::<ShortCode>() {
        assert_eq!(code.as_str().parse::<ShortCode>().as_ref(), Ok(&code));
        assert_eq!(code.to_string().parse::<ShortCode>().as_ref(), Ok(&code));
    }
    let Ok(code) = PrintedCode::from_canonical(text) else {
        return false;
    };
    assert_eq!(code.canonical(), text, "a code has one spelling");
    assert_eq!(
        ScanTarget::from_url_path(&code.url_path()),
        Ok(ScanTarget::Code(code))
    );
    true
}

pub(super) fn printeds() -> Vec<Vec<u8>> {
    let short = format!("t/{}", ShortCode::derive(&[5; 32]).as_str());
    let all = r#"01/02082600000015/10/A/10/B!"%&'()*+,-"#;
    CODES
        .iter()
        .copied()
        .chain([short.as_str(), all])
        .map(|code| code.as_bytes().to_vec())
        .collect()
}

pub(super) fn scan(bytes: &[u8]) -> bool {
    let Ok(target) = ScanTarget::from_url_path(text(bytes)) else {
        return false;
    };
    let printed = target.url_path();
    assert_eq!(ScanTarget::from_url_path(&printed), Ok(target), "{printed}");
    true
}

pub(super) fn scans() -> Vec<Vec<u8>> {
    let short = format!("/t/{}", ShortCode::derive(&[5; 32]).as_str());
    [
        "/01/02082600000015",
        "/01/02082600000015/10/A%2FB%3f",
        "/01/02082600000015/10/XCC261012A1",
        &short,
    ]
    .map(|path| path.as_bytes().to_vec())
    .to_vec()
}

/// A text, or the CBOR form.
pub(super) fn time(bytes: &[u8]) -> bool {
    let from_text = Timestamp::parse(text(bytes)).ok();
    let from_cbor = Value::decode(bytes)
        .ok()
        .and_then(|value| Timestamp::from_value(&value).ok());
    if let Some(time) = from_cbor {
        assert_eq!(time.to_value().encode(), bytes);
    }
    for time in [from_text, from_cbor].into_iter().flatten() {
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        assert_eq!(Timestamp::from_value(&time.to_value()), Ok(time));
        assert_eq!(Date::parse(&time.date().to_string()), Ok(time.date()));
        assert_eq!(time.clock().len(), 5);
    }
    let date = Date::parse(text(bytes));
    if let Ok(date) = date {
        assert_eq!(date.to_string(), text(bytes));
        assert_eq!(Date::from_days(date.days()), date);
        assert!(!date.vietnamese().is_empty());
    }
    from_text.is_some() || from_cbor.is_some() || date.is_ok()
}

pub(super) fn times() -> Vec<Vec<u8>> {
    let cbor = Value::Array(vec![Value::Int(1_760_000_000), Value::Int(-840)]).encode();
    let texts = [
        "2026-10-12T06:10:00+07:00",
        "2000-02-29T23:59Z",
        "1900-01-01T00:00-14:00",
        "2199-12-31",
    ];
    texts
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([cbor])
        .collect()
}

/// A decimal text, or the CBOR form.
pub(super) fn quantity(bytes: &[u8]) -> bool {
    let from_text = Quantity::parse(text(bytes), Unit::Kilogram).ok();
    let from_cbor = Value::decode(bytes)
        .ok()
        .and_then(|value| Quantity::from_value(&value).ok());
    if let Some(quantity) = from_cbor {
        assert_eq!(quantity.to_value().encode(), bytes);
    }
    for quantity in [from_text, from_cbor].into_iter().flatten() {
        assert_eq!(Quantity::from_value(&quantity.to_value()), Ok(quantity));
        let printed = quantity.to_string();
        let number = printed
            .trim_end_matches(quantity.unit().word())
            .trim_end()
            .replace('.', "")
            .replace(',', ".");
        let again = Quantity::parse(&number, quantity.unit()).expect("prints a number");
        assert!(again.is_same_amount(&quantity), "{printed}");
    }
    from_text.is_some() || from_cbor.is_some()
}

pub(super) fn quantities() -> Vec<Vec<u8>> {
    let cbor = [
        qty(1_000_000_000_000, 6, "KGM"),
        qty(0, 0, "XBO"),
        qty(18_465, 1, "HAR"),
    ]
    .map(|value| value.encode());
    ["1846.5", "0.000001", "1000000000000", "12000"]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain(cbor)
        .collect()
}
