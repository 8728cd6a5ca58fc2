//! Documents that name tests: every name is there.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::path::Path;

const THREATS: &str = include_str!("../../docs/threats.md");

/// Rows of the tables: what is said, and the names that show it.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    let cells = |line: &'static str| -> Option<Vec<&'static str>> {
        let inner = line.strip_prefix("| ")?.strip_suffix('|')?;
        Some(inner.split(" | ").map(str::trim).collect())
    };
    THREATS
        .lines()
        .filter_map(move |line| match cells(line)?[..] {
            [word @ ("can" | "cannot"), what, shown] => Some((word, what, names(shown))),
            _ => None,
        })
}

/// Everything in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every function of the workspace's Rust sources, and every vector.
fn known() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut known = BTreeSet::new();
    for folder in ["ledger-core", "node", "qr-service", "tests", "web-verify"] {
        for part in ["src", "tests"] {
            gather(&root.join(folder).join(part), &mut known);
        }
    }
    for entry in std::fs::read_dir(tests::vectors::folder()).unwrap() {
        let name = entry.unwrap().path();
        known.insert(name.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    known
}

fn gather(folder: &Path, known: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            gather(&path, known);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            known.extend(functions(&text));
        }
    }
}

fn functions(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("fn ")
        .skip(1)
        .filter_map(|after| Some(after.split_once('(')?.0.to_owned()))
}

#[test]
fn every_test_that_the_threats_name_is_there() {
    let known = known();
    for (_, what, shown) in rows() {
        for name in shown {
            assert!(
                known.contains(name),
                "{name} is nowhere, which shows: {what}"
            );
        }
    }
    let elsewhere = names(THREATS);
    let looks_like_a_test = |name: &&str| name.contains('_') && !name.contains(['/', ' ', '<']);
    for name in elsewhere.into_iter().filter(looks_like_a_test) {
        assert!(known.contains(name), "{name} is nowhere");
    }
}

#[test]
fn nothing_is_impossible_without_a_test_that_shows_it() {
    assert!(rows().count() > 40, "the tables are not read");
    for (word, what, shown) in rows() {
        assert!(word == "can" || !shown.is_empty(), "nothing shows: {what}");
    }
}
