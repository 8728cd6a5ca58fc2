//! Who may not say what: `KHONG_CO_QUYEN`.

use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, farm, harvest, harvested};
use super::super::scene::{AUTHORITY, SEQUENCER, Scene, enrolment, hex_bytes};
use super::{SECOND, approve, officers, org, revoke, suspend, told};

pub fn not_permitted() -> Vec<Story> {
    const CODE: &str = "KHONG_CO_QUYEN";
    vec![
        told(
            "void_without_the_role",
            "a packer harvests",
            Scene::new,
            |scene| {
                scene.admit(FARM, &["packer"]);
                scene.say_void(FARM, harvest("L1"), CODE);
            },
        ),
        told(
            "void_on_anothers_field",
            "a grower harvests another's plot",
            farm,
            |scene| {
                let body = json!({"kind": "harvest", "field": ["HTX-B", "T1"], "outputs": [{"no": "L1", "owner": FARM, "qty": [1, 0, "KGM"]}]});
                scene.say_void(FARM, body, CODE);
            },
        ),
        told(
            "void_recall_of_anothers_lot",
            "a member recalls what is neither its own nor made by it",
            harvested,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                scene.say_void(
                    "HTX-B",
                    json!({"kind": "recall", "lots": [[[FARM, "L1"], null]]}),
                    CODE,
                );
            },
        ),
        told(
            "void_lift_by_a_stranger",
            "a member lifts another's recall",
            harvested,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                let recall = scene.say(
                    FARM,
                    json!({"kind": "recall", "lots": [[[FARM, "L1"], null]]}),
                );
                scene.say_void(
                    "HTX-B",
                    json!({"kind": "recall_lift", "ref": hex_bytes(&recall.0)}),
                    CODE,
                );
            },
        ),
        told(
            "void_release_by_the_owner",
            "the owner of a held lot releases it",
            harvested,
            |scene| {
                scene.say(
                    FARM,
                    json!({"kind": "hold", "lots": [[[FARM, "L1"], null]]}),
                );
                scene.say_void(
                    FARM,
                    json!({"kind": "release", "lots": [[[FARM, "L1"], null]]}),
                    CODE,
                );
            },
        ),
        told(
            "void_governing_by_a_member",
            "a member admits an organisation",
            farm,
            |scene| {
                scene.say_void(FARM, org("HTX-B", &["producer"]), CODE);
            },
        ),
        told(
            "void_governing_by_a_recorder",
            "the authority's recorder admits an organisation",
            Scene::new,
            |scene| {
                scene.enrol(AUTHORITY, SECOND, "recorder");
                scene.say_void(SECOND, org("HTX-B", &["producer"]), CODE);
            },
        ),
        told(
            "void_enrolment_by_a_recorder",
            "a member's recorder enrols a device for it",
            farm,
            |scene| {
                scene.enrol(FARM, "HTX-A sau", "recorder");
                scene.say_void("HTX-A sau", enrolment("HTX-A ba", "recorder"), CODE);
            },
        ),
        told(
            "void_enrolment_for_another",
            "a member's administrator enrols a device for another member",
            farm,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                scene.say_void("HTX-B", enrolment("HTX-A sau", "recorder"), CODE);
            },
        ),
        told(
            "void_role_withdrawn",
            "what needed the role is void once it is withdrawn",
            farm,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "withdraw", "org": FARM, "roles": ["producer"]}),
                );
                scene.say_void(FARM, harvest("L1"), CODE);
                scene.say(
                    AUTHORITY,
                    json!({"kind": "grant", "org": FARM, "roles": ["producer"]}),
                );
                scene.say(FARM, harvest("L2"));
            },
        ),
        told(
            "void_map_head_by_another",
            "an officer's device says a map head",
            Scene::new,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "map_head", "size": 1, "root": hex_bytes(&[0; 32])}),
                    CODE,
                );
            },
        ),
        told(
            "void_sequencer_says_else",
            "the sequencer's device says something other than a map head",
            Scene::new,
            |scene| {
                scene.say_void(SEQUENCER, org("HTX-B", &["producer"]), CODE);
            },
        ),
        told(
            "void_suspension_of_the_authority",
            "the authority's organisation cannot be suspended",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, suspend(AUTHORITY), CODE);
            },
        ),
        told(
            "void_approval_by_a_member",
            "a member approves a proposal that is not an anchor",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "administrator"));
                let other = scene.say(AUTHORITY, org("HTX-B", &["producer"]));
                scene.say_void(FARM, approve(&other.0), CODE);
            },
        ),
        told(
            "authority_keeps_its_role",
            "withdrawing the authority's own role changes nothing",
            Scene::new,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "withdraw", "org": AUTHORITY, "roles": ["authority"]}),
                );
                scene.say(
                    AUTHORITY,
                    json!({"kind": "release", "product": [FARM, "XOAI"]}),
                );
            },
        ),
        told(
            "administrator_enrols_for_its_own",
            "a member's administrator enrols and revokes its own devices",
            farm,
            |scene| {
                scene.enrol(FARM, "HTX-A sau", "recorder");
                scene.say("HTX-A sau", harvest("L1"));
                scene.say(FARM, revoke("HTX-A sau"));
                scene.say_refused("HTX-A sau", harvest("L2"), "MAY_DA_KHOA");
            },
        ),
    ]
}
