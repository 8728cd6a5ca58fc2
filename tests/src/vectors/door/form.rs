//! Bytes that sections 1–6 do not allow.

use ledger_core::encode::Value;
use serde_json::{Map, Value as Json, json};

use super::super::Story;
use super::super::kinds::{FARM, farm, harvest};
use super::super::scene::hex_bytes;
use super::told;

/// Most bytes of a text (section 6).
const TEXT_MAX_BYTES: usize = 512;

/// Bytes that sections 1–6 do not allow. Each is signed as it stands, so that nothing but its form is wrong.
pub fn shapes() -> Vec<Story> {
    let refused = |name: &str, shows: &str, body: Json| {
        let (name, shows) = (format!("refused_{name}"), shows.to_owned());
        Story::new(&name, &shows, move |_| {
            let mut scene = farm();
            scene.say_refused(FARM, body, "SAI_DANG");
            scene.log()
        })
    };
    let plot = json!([FARM, "T1"]);
    vec![
        refused(
            "unknown_kind",
            "a kind that section 6 does not have",
            json!({"kind": "miracle"}),
        ),
        refused(
            "lacking_field",
            "a spray without its waiting days",
            json!({"kind": "spray", "field": plot, "ingredient": "X"}),
        ),
        refused(
            "surplus_field",
            "a field that the kind does not have",
            json!({"kind": "bag", "field": plot, "stars": 5}),
        ),
        refused(
            "neither_of_two",
            "a check of nothing: none of field, place and lots",
            json!({"kind": "check", "result": "pass"}),
        ),
        refused(
            "facts_twice",
            "other facts both public and sealed",
            json!({"kind": "bag", "field": plot, "facts": {"a": "b"}, "sealed": ["partners", hex_bytes(&[1; 32])]}),
        ),
        refused(
            "other_unit",
            "a unit that section 5 does not have",
            json!({"kind": "feed", "field": plot, "qty": [1, 0, "TNE"]}),
        ),
        refused(
            "scale_too_large",
            "a quantity of seven decimals",
            json!({"kind": "feed", "field": plot, "qty": [1, 7, "KGM"]}),
        ),
        refused(
            "quantity_too_large",
            "a quantity beyond 10^12",
            json!({"kind": "feed", "field": plot, "qty": [1_000_000_000_001_i64, 0, "KGM"]}),
        ),
        refused(
            "text_too_long",
            "a text of 513 bytes",
            json!({"kind": "hold", "product": [FARM, "XOAI"], "reason": "x".repeat(TEXT_MAX_BYTES + 1)}),
        ),
        refused(
            "empty_list",
            "an empty list of lots",
            json!({"kind": "store", "lots": []}),
        ),
        refused(
            "sixty_five_lots",
            "65 lots in one list",
            json!({"kind": "store", "lots": vec![json!([[FARM, "L1"], null]); 65]}),
        ),
        refused(
            "roles_unsorted",
            "roles that are not in order",
            json!({"kind": "grant", "org": FARM, "roles": ["retailer", "packer"]}),
        ),
        refused(
            "wrong_check_digit",
            "a barcode whose check digit is wrong",
            json!({"kind": "same_as", "product": [FARM, "XOAI"], "gtin": "08936000000012"}),
        ),
        refused(
            "wrong_short_code",
            "a short code whose check character is wrong",
            json!({"kind": "bind", "lot": [FARM, "L1"], "codes": ["t/222222223"]}),
        ),
        refused(
            "correction_of_what_cannot_be",
            "a correction of a field that cannot be corrected",
            json!({"kind": "correct", "ref": hex_bytes(&[1; 32]), "fix": ["to", "HTX-B"]}),
        ),
        refused(
            "no_such_day",
            "a day that the calendar does not have",
            json!({"kind": "recall", "product": [FARM, "XOAI"], "period": ["2026-02-29", "2026-03-01"]}),
        ),
        told(
            "refused_other_version",
            "a payload of version 2",
            farm,
            |scene| {
                let payload = scene.payload(FARM, &harvest("L1"), 1_790_816_400);
                let other = with_entry(&payload, "v", Value::Int(2));
                let envelope = scene.envelope(FARM, &other);
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_unsorted_keys",
            "a payload whose keys are not in order",
            farm,
            |scene| {
                let mut bytes = scene.payload(FARM, &harvest("L1"), 1_790_816_400).encode();
                // {"v": 1, …}: the first entry is put behind the others.
                let first: Vec<u8> = bytes.drain(1..4).collect();
                bytes.extend(first);
                let envelope = scene.envelope_for(FARM, FARM, &bytes);
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_bytes_behind",
            "a byte behind the envelope",
            farm,
            |scene| {
                let envelope = [&scene.signed(FARM, &harvest("L1"))[..], &[0]].concat();
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_unprotected_header",
            "an unprotected header that is not empty",
            farm,
            |scene| {
                let envelope = scene.signed(FARM, &harvest("L1"));
                let at = envelope
                    .iter()
                    .position(|byte| *byte == 0xa0)
                    .unwrap_or_default();
                let mut other = envelope[..at].to_vec();
                other.extend([0xa1, 0x61, 0x61, 0x01]);
                other.extend(&envelope[at + 1..]);
                scene.refused(FARM, other, "SAI_DANG");
            },
        ),
        told(
            "refused_no_tag",
            "an envelope without its tag",
            farm,
            |scene| {
                let envelope = scene.signed(FARM, &harvest("L1"));
                scene.refused(FARM, envelope[1..].to_vec(), "SAI_DANG");
            },
        ),
        told(
            "refused_too_long",
            "an envelope of more than 16,384 bytes",
            farm,
            |scene| {
                let facts: Map<String, Json> = (0..32)
                    .map(|n| (n.to_string(), Json::String("x".repeat(TEXT_MAX_BYTES))))
                    .collect();
                let body = json!({"kind": "bag", "field": [FARM, "T1"], "facts": facts});
                scene.say_refused(FARM, body, "QUA_DAI");
            },
        ),
    ]
}

fn with_entry(map: &Value, key: &str, value: Value) -> Value {
    let others = map
        .as_map()
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| name != key);
    Value::map(others.cloned().chain([(key.to_owned(), value)]))
}
