//! Threshold acts: proposed by one officer, in effect when enough have agreed.

use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, harvest};
use super::super::scene::{AUTHORITY, enrolment};
use super::{SECOND, THIRD, approve, officers, org, revoke, told};

pub fn thresholds() -> Vec<Story> {
    vec![
        told(
            "proposal_waits_for_the_second",
            "a proposal has no effect until the second officer agrees",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(THIRD, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "consent_of_a_revoked_officer",
            "who was revoked since is not counted",
            officers,
            |scene| {
                let proposal = scene.say(THIRD, org(FARM, &["producer"]));
                let out = scene.say(AUTHORITY, revoke(THIRD));
                scene.say(SECOND, approve(&out.0));
                scene.say(AUTHORITY, approve(&proposal.0));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(SECOND, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "decided_once_more_when_it_takes_effect",
            "a key that was taken meanwhile makes the last approval void",
            officers,
            |scene| {
                let first = scene.say(AUTHORITY, enrolment("SO bon", "recorder"));
                let second = scene.say(SECOND, enrolment("SO bon", "administrator"));
                scene.say(THIRD, approve(&first.0));
                scene.say_void(THIRD, approve(&second.0), "KHOA_KHONG_DUNG_DUOC");
            },
        ),
        told(
            "threshold_changed",
            "two of three become three of three",
            officers,
            |scene| {
                let more = scene.say(AUTHORITY, json!({"kind": "threshold", "count": 3}));
                scene.say(SECOND, approve(&more.0));
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(THIRD, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "one_officer_stewards_a_member",
            "one officer enrols a member's device, two an officer's",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say(THIRD, enrolment(FARM, "recorder"));
                scene.say(FARM, harvest("L1"));
                let officer = scene.say(AUTHORITY, enrolment("SO bon", "administrator"));
                scene.say_refused("SO bon", org("HTX-B", &["producer"]), "KHOA_LA");
                scene.say(SECOND, approve(&officer.0));
                scene.say("SO bon", org("HTX-B", &["producer"]));
            },
        ),
    ]
}
