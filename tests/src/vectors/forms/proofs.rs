//! tlog-proof files (section 11).

use serde_json::json;

use super::golden::{NOTE, PATH, policy};
use super::{Story, story};

pub fn proofs() -> Vec<Story> {
    let head = "c2sp.org/tlog-proof@v1\n";
    let good = format!("{head}index 2\n{PATH}\n{NOTE}");
    let short: String = PATH
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    let rows = [
        ("good", "entry 2 of 5", good.clone(), "entry-2", false),
        (
            "with_extra",
            "extra data that nobody signed",
            good.replace("index", "extra eA==\nindex"),
            "entry-2",
            false,
        ),
        (
            "other_entry",
            "the proof of another entry",
            good.clone(),
            "entry-3",
            true,
        ),
        (
            "other_index",
            "another index",
            good.replace("index 2", "index 3"),
            "entry-2",
            true,
        ),
        (
            "index_outside",
            "an index beyond the tree",
            good.replace("index 2", "index 5"),
            "entry-2",
            true,
        ),
        (
            "index_with_zero",
            "an index with a leading zero",
            good.replace("index 2", "index 02"),
            "entry-2",
            true,
        ),
        (
            "hash_missing",
            "a hash too few",
            good.replace(PATH, &short),
            "entry-2",
            true,
        ),
        (
            "hash_surplus",
            "a hash too many",
            good.replace(PATH, &format!("{PATH}{short}")),
            "entry-2",
            true,
        ),
        (
            "hash_changed",
            "a hash is another",
            good.replace("GUu1", "GUu2"),
            "entry-2",
            true,
        ),
        (
            "other_header",
            "another version",
            good.replace("@v1", "@v2"),
            "entry-2",
            true,
        ),
        (
            "no_empty_line",
            "no empty line before the checkpoint",
            good.replacen("\n\n", "\n", 1),
            "entry-2",
            true,
        ),
        (
            "extra_empty",
            "an empty extra line",
            good.replace("index", "extra \nindex"),
            "entry-2",
            true,
        ),
        (
            "bad_checkpoint",
            "the checkpoint's signature does not hold",
            good.replace("Iatd4CZP", "Iatd4CZQ"),
            "entry-2",
            true,
        ),
    ];
    rows.into_iter()
        .map(|(name, shows, proof, entry, refused)| {
            let given = json!({"policy": policy(), "proof": proof, "entry": hex::encode(entry)});
            story("tlog_proof", name, shows, given, refused)
        })
        .collect()
}
