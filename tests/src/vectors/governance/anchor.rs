//! Trust anchors and the number of officers: `MOC_TIN_CAY_SAI`, and what the old validators must agree to.

use serde_json::{Value as Json, json};

use super::super::Story;
use super::super::kinds::FARM;
use super::super::scene::{AUTHORITY, Scene, key_of};
use super::{SECOND, approve, org, revoke, told};

pub fn bad_rules() -> Vec<Story> {
    const CODE: &str = "MOC_TIN_CAY_SAI";
    vec![
        told(
            "void_threshold_of_zero",
            "nobody would have to agree",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, json!({"kind": "threshold", "count": 0}), CODE);
            },
        ),
        told(
            "void_threshold_that_cannot_be_met",
            "more would have to agree than there are",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, json!({"kind": "threshold", "count": 2}), CODE);
            },
        ),
        told(
            "void_revocation_of_the_last_officer",
            "too few officers would be left to agree",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, revoke(AUTHORITY), CODE);
            },
        ),
        told(
            "void_replacement_of_the_last_officer_by_a_recorder",
            "nobody would be left to decide",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, replace_by("recorder"), CODE);
            },
        ),
        told(
            "replacement_of_the_last_officer",
            "the officer's new device decides from now on",
            Scene::new,
            |scene| {
                scene.say(AUTHORITY, replace_by("administrator"));
                scene.say_refused(AUTHORITY, org(FARM, &["producer"]), "MAY_DA_KHOA");
                scene.say(SECOND, org(FARM, &["producer"]));
            },
        ),
        told(
            "void_anchor_that_is_none",
            "a text that is no trust anchor",
            Scene::new,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "anchor", "text": "tin nhau\n"}),
                    CODE,
                );
            },
        ),
        told(
            "void_anchor_of_another_ledger",
            "another ledger's trust anchor",
            Scene::new,
            |scene| {
                let other = Scene::with_officers(&["SO khac"], 1).anchor_text();
                scene.say_void(AUTHORITY, json!({"kind": "anchor", "text": other}), CODE);
            },
        ),
    ]
}

/// The first officer's device gives way to the second's.
fn replace_by(rights: &str) -> Json {
    json!({"kind": "replace", "org": AUTHORITY, "key": key_of(SECOND), "old": key_of(AUTHORITY), "where": "own", "rights": rights})
}

/// Validators HTX-A, HTX-B and HTX-C, two of whom the first anchor asks.
pub fn anchored() -> Scene {
    let mut scene = Scene::new();
    for member in ["HTX-A", "HTX-B", "HTX-C"] {
        scene.admit(member, &["producer"]);
    }
    let text = scene.anchor_text();
    scene.say(AUTHORITY, json!({"kind": "anchor", "text": text}));
    scene
}

pub fn anchors() -> Vec<Story> {
    fn next(scene: &Scene) -> Json {
        json!({"kind": "anchor", "text": scene.anchor_text_of(&["HTX-A", "HTX-D"], 2)})
    }
    vec![
        told(
            "anchor_waits_for_the_old_validators",
            "a later anchor needs two of the three old validators besides the officer",
            anchored,
            |scene| {
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say("HTX-B", approve(&proposal.0));
                scene.say("HTX-C", approve(&proposal.0));
                scene.say_void("HTX-A", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
        told(
            "void_anchor_approval_by_no_validator",
            "a member that is no validator of the old anchor approves",
            anchored,
            |scene| {
                scene.admit("HTX-D", &["producer"]);
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say_void("HTX-D", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
        told(
            "void_anchor_approval_by_a_recorder",
            "a validator's recorder cannot consent for it",
            anchored,
            |scene| {
                scene.enrol("HTX-B", "HTX-B sau", "recorder");
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say_void("HTX-B sau", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
    ]
}
