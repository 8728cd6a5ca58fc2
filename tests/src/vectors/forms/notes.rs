//! Checkpoints under a policy (section 11).

use serde_json::json;

use super::golden::{NOTE, policy};
use super::{Story, story};

pub fn checkpoints() -> Vec<Story> {
    let (head, lines) = NOTE.split_once("\n\n").unwrap_or_default();
    let log_line = lines.lines().next().unwrap_or_default();
    let witness_line = lines.lines().nth(1).unwrap_or_default();
    let stranger = "— stranger.example 3xwKNgAAAABlU/EA1CvcxdMBa8/AR8QYXrPAPJWDQY+a964dG7+R5cmxxI+94lbU1Vz0MrLidEZM5DDzCL89pioZeCXDWDHyT8oCAA==";
    let rows = [
        (
            "cosigned",
            "log and witness have signed",
            NOTE.to_owned(),
            false,
        ),
        (
            "stranger_passed_over",
            "an unknown key's line says nothing",
            format!("{NOTE}{stranger}\n"),
            false,
        ),
        (
            "not_cosigned",
            "only the log has signed: no quorum",
            format!("{head}\n\n{log_line}\n"),
            false,
        ),
        (
            "not_by_log",
            "only the witness has signed",
            format!("{head}\n\n{witness_line}\n"),
            true,
        ),
        (
            "bad_log_line",
            "the log's line does not hold",
            NOTE.replace("Iatd4CZP", "Iatd4CZQ"),
            true,
        ),
        (
            "bad_witness_line",
            "a known witness's line does not hold",
            NOTE.replace("AABlU/EA1C", "AABlU/EB1C"),
            true,
        ),
        (
            "other_size",
            "another size under the same signatures",
            NOTE.replace("\n5\n", "\n6\n"),
            true,
        ),
        (
            "size_with_zero",
            "a size with a leading zero",
            NOTE.replace("\n5\n", "\n05\n"),
            true,
        ),
        (
            "size_with_sign",
            "a size with a sign",
            NOTE.replace("\n5\n", "\n+5\n"),
            true,
        ),
        (
            "space_behind",
            "a space behind the size",
            NOTE.replace("\n5\n", "\n5 \n"),
            true,
        ),
        (
            "extension_line",
            "an extension line",
            NOTE.replace("UCw=\n", "UCw=\nmore\n"),
            true,
        ),
        (
            "carriage_return",
            "lines that end as on Windows",
            NOTE.replace('\n', "\r\n"),
            true,
        ),
        (
            "hyphen",
            "a hyphen for the em dash",
            NOTE.replace('—', "-"),
            true,
        ),
        (
            "base64_not_canonical",
            "spare bits of base64 are not zero",
            NOTE.replace("UCw=", "UCx="),
            true,
        ),
        (
            "empty_line_behind",
            "an empty line at the end",
            format!("{NOTE}\n"),
            true,
        ),
        (
            "no_line_feed",
            "no line feed at the end",
            NOTE.trim_end().to_owned(),
            true,
        ),
        (
            "no_lines",
            "no signature at all",
            format!("{head}\n\n"),
            true,
        ),
    ];
    rows.into_iter()
        .map(|(name, shows, note, refused)| {
            story(
                "checkpoint",
                name,
                shows,
                json!({"policy": policy(), "note": note}),
                refused,
            )
        })
        .collect()
}
