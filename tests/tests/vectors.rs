//! The vectors: regenerated unchanged, and each says what its name promises.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use tests::vectors::{Case, Expected, Vector, folder, make};

fn stored() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn the_stored_vectors_are_what_the_code_makes() {
    let made: BTreeMap<String, String> = make()
        .unwrap()
        .into_iter()
        .map(|vector| {
            (
                vector.name.clone(),
                serde_json::to_string_pretty(&vector).unwrap() + "\n",
            )
        })
        .collect();
    let stored = stored();
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        stored.keys().collect::<Vec<_>>()
    );
    for (name, text) in &made {
        assert!(
            stored[name] == *text,
            "{name} changed: cargo run -p tests --example vectors, and read the diff"
        );
    }
}

/// A vector's name, the statements that fail in it, and its state line.
type Tampered = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// What each tampering must lead to, written down by hand: (statement, state) that fail, and the state line.
const TAMPERED: &[Tampered] = &[
    ("left_out_recall", &[("complete", "contradicted")], "held"),
    (
        "left_out_event",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "left_out_ancestor",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "swapped_events",
        &[("complete", "contradicted"), ("order", "contradicted")],
        "unconfirmed",
    ),
    (
        "surplus_event",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "changed_map_proof",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "changed_byte_in_event",
        &[("signatures", "contradicted"), ("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "changed_signature",
        &[("signatures", "contradicted"), ("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "forged_release",
        &[("members", "contradicted"), ("complete", "contradicted")],
        "held",
    ),
    (
        "under_quorum",
        &[("witnessed", "not_proven"), ("fresh", "not_proven")],
        "unconfirmed",
    ),
    (
        "recall_under_quorum",
        &[("witnessed", "not_proven")],
        "recalled",
    ),
    ("stale", &[("fresh", "not_proven")], "unconfirmed"),
    ("from_the_future", &[("fresh", "not_proven")], "unconfirmed"),
    (
        "bad_cosignature",
        &[("checkpoint", "contradicted")],
        "unconfirmed",
    ),
    (
        "other_log_key",
        &[("checkpoint", "contradicted")],
        "unconfirmed",
    ),
    ("other_root", &[("map_head", "contradicted")], "unconfirmed"),
    ("older_head", &[("map_head", "contradicted")], "unconfirmed"),
    ("unknown_code", &[("code", "not_proven")], "unknown_code"),
    (
        "hidden_code",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "code_of_another_lot",
        &[("complete", "contradicted")],
        "unconfirmed",
    ),
    (
        "emptied_code",
        &[("complete", "contradicted"), ("code", "not_proven")],
        "unconfirmed",
    ),
    (
        "other_ledger",
        &[("ledger", "contradicted"), ("signatures", "contradicted")],
        "unconfirmed",
    ),
];

/// An opening of another value is no danger to the state, but is told.
const TOLD: &[(&str, &str)] = &[("forged_opening", "openings")];

const REFUSED: &[&str] = &["truncated", "trailing_byte", "not_cbor", "empty"];

/// What is expected of the stored vectors of type `bundle`.
fn bundles() -> BTreeMap<String, Expected> {
    stored()
        .into_iter()
        .map(|(name, text)| {
            let Vector { case, .. } = serde_json::from_str(&text).unwrap();
            let Case::Bundle(bundle) = case;
            (name, bundle.expect)
        })
        .collect()
}

#[test]
fn each_vector_says_what_its_name_promises() {
    let mut vectors = bundles();
    for (name, fails, state) in TAMPERED {
        let expect = vectors
            .remove(*name)
            .unwrap_or_else(|| panic!("{name} is there"));
        for (statement, word) in *fails {
            assert_eq!(expect.statements[*statement], *word, "{name}: {statement}");
        }
        assert_eq!(expect.state, *state, "{name}");
    }
    for (name, statement) in TOLD {
        assert_eq!(
            vectors.remove(*name).unwrap().statements[*statement],
            "contradicted",
            "{name}"
        );
    }
    for name in REFUSED {
        assert!(vectors.remove(*name).unwrap().refused, "{name}");
    }
    for (name, expect) in vectors {
        assert!(
            name.starts_with("story_"),
            "{name} is in no table of this test"
        );
        let needed = expect
            .statements
            .iter()
            .filter(|(name, _)| *name != "handover");
        assert!(
            needed.into_iter().all(|(_, word)| word == "proven"),
            "{name}: {:?}",
            expect.statements
        );
    }
}
