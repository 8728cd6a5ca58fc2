//! Geneses (section 2).

use ledger_core::encode::Value;
use serde_json::json;

use super::{Case, FormCase, Scene, Story};

pub fn geneses() -> Vec<Story> {
    let told = |name: &str, shows: &str, refused: bool, make: fn() -> Vec<u8>| {
        Story::new(&format!("genesis_{name}"), shows, move |_| {
            let given = json!({"bytes": hex::encode(make())});
            Ok(Case::Form(FormCase::of("genesis", given, refused)?))
        })
    };
    vec![
        told(
            "two_of_three",
            "three officers, two of whom must agree",
            false,
            || officers(2),
        ),
        told("threshold_of_zero", "nobody must agree", true, || {
            officers(0)
        }),
        told(
            "threshold_too_high",
            "four of three must agree",
            true,
            || officers(4),
        ),
        told("no_officer", "no device that decides", true, || {
            Scene::with_officers(&[], 1).genesis
        }),
        told(
            "seventeen_officers",
            "more devices than sixteen",
            true,
            || {
                let names: Vec<String> = (0..17).map(|n| format!("SO {n}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Scene::with_officers(&names, 1).genesis
            },
        ),
        told(
            "unknown_field",
            "a field that section 2 does not have",
            true,
            || changed("motto", Value::text("tin nhau")),
        ),
        told("other_format", "another version", true, || {
            changed("format", Value::text("ocop-genesis/v2"))
        }),
        told(
            "key_of_small_order",
            "a log key of small order",
            true,
            || changed("log_key", Value::bytes(&[0; 32])),
        ),
    ]
}

fn officers(threshold: u64) -> Vec<u8> {
    Scene::with_officers(&["SO", "SO hai", "SO ba"], threshold).genesis
}

fn changed(key: &str, value: Value) -> Vec<u8> {
    let good = Value::decode(&Scene::new().genesis).unwrap_or(Value::Null);
    let entries = good.as_map().unwrap_or_default().iter();
    let others = entries.filter(|(name, _)| name != key).cloned();
    Value::map(others.chain([(key.to_owned(), value)])).encode()
}
