//! Suspension, and what would change nothing: `DANG_TAM_DUNG`, `KHONG_DOI_GI`.

use serde_json::json;

use super::super::Story;
use super::super::door::{conflict, fork};
use super::super::kinds::{FARM, farm, harvest, harvested};
use super::super::scene::{AUTHORITY, Scene};
use super::{SECOND, THIRD, approve, officers, org, suspend, told};

pub fn suspended() -> Vec<Story> {
    const CODE: &str = "DANG_TAM_DUNG";
    vec![
        told(
            "void_while_suspended",
            "whatever a suspended organisation says is void, and its chain goes on",
            harvested,
            |scene| {
                scene.say(AUTHORITY, suspend(FARM));
                scene.say_void(FARM, harvest("L2"), CODE);
                scene.say_void(FARM, json!({"kind": "epoch"}), CODE);
                scene.say(AUTHORITY, json!({"kind": "readmit", "org": FARM}));
                scene.say(FARM, harvest("L3"));
            },
        ),
        told(
            "suspended_then_renamed",
            "a new admission of a suspended organisation does not readmit it",
            farm,
            |scene| {
                scene.say(AUTHORITY, suspend(FARM));
                scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say_void(FARM, harvest("L1"), CODE);
            },
        ),
    ]
}

pub fn nothing_changes() -> Vec<Story> {
    const CODE: &str = "KHONG_DOI_GI";
    vec![
        told(
            "void_second_suspension",
            "who is suspended is suspended again",
            farm,
            |scene| {
                scene.say(AUTHORITY, suspend(FARM));
                scene.say_void(AUTHORITY, suspend(FARM), CODE);
            },
        ),
        told(
            "void_readmission_of_who_is_not_out",
            "who is not suspended is readmitted",
            farm,
            |scene| {
                scene.say_void(AUTHORITY, json!({"kind": "readmit", "org": FARM}), CODE);
            },
        ),
        told(
            "void_second_approval_of_one_device",
            "an officer approves twice",
            || Scene::with_officers(&[AUTHORITY, SECOND, THIRD], 3),
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say_void(SECOND, approve(&proposal.0), CODE);
            },
        ),
        told(
            "void_approval_of_ones_own",
            "who proposed has consented already",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say_void(AUTHORITY, approve(&proposal.0), CODE);
            },
        ),
        told(
            "void_approval_too_late",
            "an officer approves what is in effect",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say_void(THIRD, approve(&proposal.0), CODE);
            },
        ),
        told(
            "void_conflict_recorded_twice",
            "a fork of an epoch that is on record already",
            harvested,
            |scene| {
                let (first, other) = fork(scene);
                scene.say(AUTHORITY, conflict(&first, &other));
                scene.say_void(AUTHORITY, conflict(&first, &other), CODE);
            },
        ),
    ]
}
