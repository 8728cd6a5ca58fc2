//! Printed codes (section 5), as they stand in events.

use serde_json::json;

use super::{Story, story};

pub fn codes() -> Vec<Story> {
    let rows = [
        ("gs1", "GTIN and lot", "01/08936000000011/10/L1", false),
        (
            "lot_with_slash",
            "a lot number may hold any character of the set",
            "01/08936000000011/10/A/B%",
            false,
        ),
        (
            "wrong_gtin",
            "the check digit is another",
            "01/08936000000012/10/L1",
            true,
        ),
        ("short_gtin", "13 digits", "01/8936000000011/10/L1", true),
        ("no_lot", "no lot number", "01/08936000000011/10/", true),
        (
            "long_lot",
            "21 characters",
            "01/08936000000011/10/ABCDEFGHIJKLMNOPQRSTU",
            true,
        ),
        (
            "lot_with_space",
            "a space is not of the set",
            "01/08936000000011/10/A B",
            true,
        ),
        (
            "lot_of_dots",
            "two dots would leave the folder of an address",
            "01/08936000000011/10/..",
            true,
        ),
        (
            "short",
            "eight characters and a check character",
            "t/222222222",
            false,
        ),
        (
            "short_mistyped",
            "the check character is another",
            "t/222222223",
            true,
        ),
        (
            "short_with_zero",
            "a character that the alphabet leaves out",
            "t/022222222",
            true,
        ),
        (
            "short_in_small_letters",
            "small letters",
            "t/38c57rhv3",
            true,
        ),
    ];
    rows.into_iter()
        .map(|(name, shows, text, refused)| {
            story("code", name, shows, json!({"text": text}), refused)
        })
        .collect()
}
