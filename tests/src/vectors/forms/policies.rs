//! Policies and trust anchors (section 11).

use serde_json::json;

use super::golden::{LOG, WITNESS, policy};
use super::{Case, FormCase, Scene, Story, story};

pub fn policies() -> Vec<Story> {
    let two = format!("log {LOG}\nwitness w1 {WITNESS}\ngroup g 1 w1\nquorum g\n");
    let rows = [
        ("plain", "one log, one witness", policy(), false),
        (
            "with_comment",
            "a comment and an empty line",
            format!("# vì sao\n\n{}", policy()),
            false,
        ),
        (
            "with_address",
            "a witness with its address",
            policy().replace("quorum", "# -\nquorum").replace(
                &format!("w1 {WITNESS}"),
                &format!("w1 {WITNESS} https://w.example/"),
            ),
            false,
        ),
        ("with_group", "a group", two.clone(), false),
        (
            "no_quorum",
            "no quorum line",
            policy().replace("quorum w1\n", ""),
            true,
        ),
        (
            "two_quorums",
            "two quorum lines",
            policy() + "quorum w1\n",
            true,
        ),
        (
            "quorum_of_nobody",
            "a quorum that is not defined",
            policy().replace("quorum w1", "quorum w2"),
            true,
        ),
        (
            "group_forwards",
            "a group that names what comes after it",
            two.replace("group g 1 w1\n", "")
                .replace("witness", "group g 1 w1\nwitness"),
            true,
        ),
        (
            "member_twice",
            "one member in two groups",
            two.replace("quorum g", "group h 1 w1\nquorum g"),
            true,
        ),
        (
            "threshold_too_high",
            "two of one",
            two.replace("g 1 w1", "g 2 w1"),
            true,
        ),
        (
            "threshold_of_zero",
            "none of one",
            two.replace("g 1 w1", "g 0 w1"),
            true,
        ),
        (
            "name_twice",
            "two witnesses of one name",
            policy().replace("quorum", &format!("witness w1 {WITNESS}\nquorum")),
            true,
        ),
        (
            "witness_key_as_log",
            "a key of the wrong type",
            policy().replace(LOG, WITNESS),
            true,
        ),
        (
            "other_key_id",
            "a key ID that belongs to another key",
            policy().replace("21ab5de0", "21ab5de1"),
            true,
        ),
        (
            "unknown_line",
            "a line of another kind",
            policy() + "trust me\n",
            true,
        ),
        (
            "no_line_feed",
            "no line feed at the end",
            policy().trim_end().to_owned(),
            true,
        ),
    ];
    rows.into_iter()
        .map(|(name, shows, text, refused)| {
            story("policy", name, shows, json!({"text": text}), refused)
        })
        .collect()
}

pub fn anchors() -> Vec<Story> {
    let told = |name: &str, shows: &str, refused: bool, change: fn(String) -> String| {
        Story::new(&format!("anchor_{name}"), shows, move |_| {
            let text = change(Scene::new().anchor_text());
            Ok(Case::Form(FormCase::of(
                "anchor",
                json!({"text": text}),
                refused,
            )?))
        })
    };
    vec![
        told("good", "two of three validators, two days", false, |text| {
            text
        }),
        told("other_version", "another version", true, |text| {
            text.replace("anchor/v1", "anchor/v2")
        }),
        told(
            "group_unknown",
            "a group that the policy does not have",
            true,
            |text| text.replacen("validators validators", "validators others", 1),
        ),
        told("no_age", "no age", true, |text| {
            text.replacen("max-age 172800\n", "", 1)
        }),
        told("age_of_zero", "an age of nothing", true, |text| {
            text.replacen("max-age 172800", "max-age 0", 1)
        }),
        told(
            "age_too_long",
            "an age of more than 366 days protects nobody",
            true,
            |text| text.replacen("max-age 172800", "max-age 99999999", 1),
        ),
        told("capitals", "hex in capitals", true, |text| {
            let (head, rest) = text.split_at("ocop-anchor/v1\nledger ".len());
            let (id, rest) = rest.split_at(64);
            format!("{head}{}{rest}", id.to_uppercase())
        }),
    ]
}
