//! The one spelling of a number that C2SP texts allow: ASCII decimal, no sign, no leading zero.

/// Reads a decimal as C2SP writes it. `None` for an empty text, a sign, a leading zero (except `0`
/// itself), any other character, or a value above 2^64 − 1.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits_only)
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::parse_decimal;

    #[test]
    fn only_the_canonical_spelling_is_read() {
        for (text, value) in [
            ("0", Some(0)),
            ("5", Some(5)),
            ("10", Some(10)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("00", None),
            ("05", None),
            ("+5", None),
            ("-0", None),
            (" 5", None),
            ("5 ", None),
            ("5\r", None),
            ("5_0", None),
            ("0x5", None),
            ("٥", None),
        ] {
            assert_eq!(parse_decimal(text), value, "{text:?}");
        }
    }
}
