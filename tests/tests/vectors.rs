//! The vectors: regenerated unchanged, and each says what its name promises.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::kind::KINDS;
use ledger_core::roster::VoidReason;
use ledger_core::sign::Envelope;
use ledger_core::verify::{Proof, Statement};
use tests::vectors::{Answer, Case, Expected, Step, Vector, folder, lots, make};

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
        "asked_for_another_code",
        &[("code", "contradicted")],
        "unconfirmed",
    ),
    (
        "asked_for_another_code_than_the_recalled",
        &[("code", "contradicted")],
        "unconfirmed",
    ),
    (
        "other_ledger",
        &[("ledger", "contradicted"), ("signatures", "contradicted")],
        "unconfirmed",
    ),
];

/// What became of the one private part, and what is noticed.
const PRIVATE: &[(&str, &str)] = &[
    ("private_part_withheld", "withheld"),
    ("private_part_opened", "opened"),
    ("private_part_erased", "erased"),
    ("private_part_erased_and_still_handed_out", "erased"),
];

/// Statements that have no such state, and why (section 13).
const IMPOSSIBLE: &[(Statement, Proof, &str)] = &[
    (Statement::Ledger, Proof::NotProven, BYTES),
    (Statement::Checkpoint, Proof::NotProven, BYTES),
    (
        Statement::Witnessed,
        Proof::Contradicted,
        "a bad line contradicts the checkpoint; then nobody has witnessed it",
    ),
    (
        Statement::Fresh,
        Proof::Contradicted,
        "a clock that is wrong is no lie of the bundle",
    ),
    (Statement::Signatures, Proof::NotProven, BYTES),
    (Statement::Members, Proof::NotProven, BYTES),
    (Statement::Order, Proof::NotProven, BYTES),
    (
        Statement::Ancestry,
        Proof::Contradicted,
        "the ledger takes a story that does not fit together, so nobody lied about it",
    ),
    (
        Statement::Handover,
        Proof::Contradicted,
        "who is silent contradicts nobody",
    ),
    (
        Statement::Openings,
        Proof::NotProven,
        "what is not opened is withheld, which is told part by part",
    ),
];
const BYTES: &str = "the bytes at hand settle it";

#[test]
fn every_statement_stands_in_each_of_its_states() {
    let said: BTreeSet<(String, String)> = bundles()
        .into_values()
        .flat_map(|expect| expect.statements)
        .collect();
    for statement in Statement::ALL {
        for proof in [Proof::Proven, Proof::NotProven, Proof::Contradicted] {
            let (name, word) = (statement.name().to_owned(), proof.word().to_owned());
            let impossible = IMPOSSIBLE
                .iter()
                .any(|(s, p, _)| (*s, *p) == (statement, proof));
            let is_there = said.contains(&(name, word));
            assert_ne!(is_there, impossible, "{statement:?} {proof:?}");
        }
    }
}

#[test]
fn private_parts_are_what_their_stories_say() {
    let mut cases = cases();
    for (name, word) in PRIVATE {
        let Some(Case::Bundle(bundle)) = cases.remove(*name) else {
            panic!("{name} is there");
        };
        let parts: Vec<&String> = bundle.findings.privates.values().collect();
        assert_eq!(parts, [word], "{name}");
    }
}

/// An opening of another value is no danger to the state, but is told.
const TOLD: &[(&str, &str)] = &[("forged_opening", "openings")];

const REFUSED: &[&str] = &["truncated", "trailing_byte", "not_cbor", "empty"];

/// The stored vectors by their names.
fn cases() -> BTreeMap<String, Case> {
    let read = |(name, text): (String, String)| {
        let vector: Vector = serde_json::from_str(&text).unwrap();
        assert_eq!(vector.name, name);
        (name, vector.case)
    };
    stored().into_iter().map(read).collect()
}

/// Every step of every log.
fn steps() -> Vec<Step> {
    let logs = cases().into_values().filter_map(|case| match case {
        Case::Log(log) => Some(log.steps),
        _ => None,
    });
    logs.flatten().collect()
}

#[test]
fn every_kind_is_in_force_somewhere() {
    let logged = steps()
        .into_iter()
        .filter(|step| step.answer == Answer::Logged);
    let said: BTreeSet<&str> = logged
        .map(|step| {
            let envelope = Envelope::parse(&step.bytes()).unwrap();
            envelope.payload().draft.body.kind.name()
        })
        .collect();
    for row in KINDS {
        assert!(said.contains(row.name), "no log holds a {}", row.name);
        let story = format!("kind_{}", row.name);
        assert!(cases().contains_key(&story), "{story} is not there");
    }
}

/// The codes of the tables in section 8 of the specification.
fn codes_of_section_8() -> BTreeSet<String> {
    let text = include_str!("../../docs/formats.md");
    let section = text.split("\n## 8. ").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_code_of_the_door_is_answered_somewhere() {
    let answered: BTreeSet<String> = steps()
        .into_iter()
        .filter_map(|step| match step.answer {
            Answer::Void(code) | Answer::Refused(code) => Some(code),
            Answer::Duplicate => Some("DA_CO_TRONG_SO".to_owned()),
            Answer::Logged => None,
        })
        .collect();
    let named = codes_of_section_8();
    assert!(named.len() > 10, "section 8 lost its tables");
    for code in &named {
        assert!(answered.contains(code), "no vector answers {code}");
    }
    for reason in VoidReason::ALL {
        assert!(answered.contains(reason.code()), "{}", reason.code());
        assert!(named.contains(reason.code()), "{}", reason.code());
    }
}

/// What is expected of the stored vectors of type `bundle`.
fn bundles() -> BTreeMap<String, Expected> {
    let cases = cases().into_iter();
    cases
        .filter_map(|(name, case)| match case {
            Case::Bundle(bundle) => Some((name, bundle.expect)),
            _ => None,
        })
        .collect()
}

/// How the names of those begin in which all is proven.
const HONEST: &[&str] = &["story_", "told_", "private_part_", "asked_for_this_code"];

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
    // Their state and notices are written down where they are told, and hold while they are made.
    for name in lots::names() {
        assert_eq!(
            vectors.remove(name).unwrap().statements["complete"],
            "proven",
            "{name}"
        );
    }
    for name in lots::recalls::names() {
        let expect = vectors.remove(&name).unwrap();
        // Without its organisation's list the signer is not even a member.
        let contradicts = |statement: &str| expect.statements[statement] == "contradicted";
        assert!(contradicts("complete") || contradicts("members"), "{name}");
        assert_eq!(expect.state, "unconfirmed", "{name}");
    }
    for (name, expect) in vectors {
        assert!(
            HONEST.iter().any(|prefix| name.starts_with(prefix)),
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
