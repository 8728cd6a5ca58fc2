//! CBOR (section 1), one rule after the other.

use serde_json::json;

use super::{Story, story};

/// Section 1, one rule after the other.
pub fn cbor() -> Vec<Story> {
    let nested = |depth: usize| "81".repeat(depth) + "00";
    let rows: [(&str, &str, String, bool); 25] = [
        (
            "sorted_map",
            "{\"a\": 1, \"b\": [false, null, h'00', -1]}",
            "a2616101616284f4f6410020".into(),
            false,
        ),
        (
            "largest_integer",
            "2^53 − 1",
            "1b001fffffffffffff".into(),
            false,
        ),
        (
            "integer_too_large",
            "2^53",
            "1b0020000000000000".into(),
            true,
        ),
        (
            "negative_too_large",
            "−2^53",
            "3b001fffffffffffff".into(),
            true,
        ),
        (
            "integer_not_shortest",
            "1 in two bytes",
            "1801".into(),
            true,
        ),
        (
            "length_not_shortest",
            "a text's length in two bytes",
            "780161".into(),
            true,
        ),
        ("float", "1.0", "f93c00".into(), true),
        ("undefined", "undefined", "f7".into(), true),
        ("simple_value", "simple(255)", "f8ff".into(), true),
        ("tag", "a tag within", "c11a6a000000".into(), true),
        (
            "indefinite_array",
            "an array of no stated length",
            "9f01ff".into(),
            true,
        ),
        (
            "indefinite_text",
            "a text in pieces",
            "7f6161ff".into(),
            true,
        ),
        ("unsorted_keys", "b before a", "a2616201616101".into(), true),
        (
            "longer_key_first",
            "keys sort by their encoded bytes: aa before b",
            "a262616101616201".into(),
            true,
        ),
        ("key_twice", "a twice", "a2616101616102".into(), true),
        (
            "key_not_text",
            "a map with a number for a key",
            "a10101".into(),
            true,
        ),
        ("trailing_byte", "a byte behind", "0000".into(), true),
        (
            "ends_too_early",
            "a text of two bytes, of which one is there",
            "6261".into(),
            true,
        ),
        ("nothing", "no bytes", String::new(), true),
        ("not_utf8", "a text that is not UTF-8", "61ff".into(), true),
        (
            "not_nfc",
            "a and a combining acute accent",
            "6361cc81".into(),
            true,
        ),
        (
            "control_character",
            "a text with a tab",
            "6109".into(),
            true,
        ),
        ("line_feed", "a text with a line feed", "610a".into(), false),
        ("twelve_deep", "as deep as is allowed", nested(11), false),
        ("thirteen_deep", "deeper than is allowed", nested(13), true),
    ];
    rows.into_iter()
        .map(|(name, shows, bytes, refused)| {
            story("cbor", name, shows, json!({"bytes": bytes}), refused)
        })
        .collect()
}
