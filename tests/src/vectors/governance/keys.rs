//! Keys that are unusable, taken or not that organisation's, and organisations that nobody admitted.

use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, farm};
use super::super::scene::{AUTHORITY, SEQUENCER, Scene, enrolment, key_of};
use super::{revoke, told};

pub fn bad_keys() -> Vec<Story> {
    const CODE: &str = "KHOA_KHONG_DUNG_DUOC";
    let enrols = |name: &str, shows: &str, key: &'static str| {
        Story::new(name, shows, move |_| {
            let mut scene = farm();
            let mut body = enrolment("HTX-A sau", "recorder");
            body["key"] = json!(format!("h'{key}'"));
            scene.say_void(AUTHORITY, body, CODE);
            scene.log()
        })
    };
    vec![
        enrols(
            "void_key_of_small_order",
            "a key of small order",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ),
        enrols(
            "void_key_not_canonical",
            "a key whose y is not reduced",
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        told(
            "void_key_taken",
            "a key that is a device's already",
            farm,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                let mut body = enrolment("HTX-B sau", "recorder");
                body["key"] = json!(key_of(FARM));
                scene.say_void(AUTHORITY, body, CODE);
            },
        ),
        told(
            "void_device_key_as_peer",
            "a device's key as a network key",
            farm,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "peer", "org": FARM, "key": key_of(FARM)}),
                    CODE,
                );
            },
        ),
        told(
            "void_former_peer_key",
            "a network key that was removed does not come back",
            farm,
            |scene| {
                let said = |kind: &str| json!({"kind": kind, "org": FARM, "key": key_of("peer")});
                scene.say(AUTHORITY, said("peer"));
                scene.say(AUTHORITY, said("unpeer"));
                scene.say_void(AUTHORITY, said("peer"), CODE);
            },
        ),
        told(
            "void_removal_of_no_peer",
            "a network key is removed that is not that member's",
            farm,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "unpeer", "org": FARM, "key": key_of("peer")}),
                    CODE,
                );
            },
        ),
        told(
            "void_revocation_of_anothers_device",
            "a device is revoked as if it were another member's",
            farm,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "revoke", "org": "HTX-B", "key": key_of(FARM)}),
                    CODE,
                );
            },
        ),
        told(
            "void_revocation_of_the_sequencer",
            "the sequencer's device cannot be revoked",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, revoke(SEQUENCER), CODE);
            },
        ),
        told(
            "void_replacement_by_a_known_key",
            "a device is replaced by a key that is taken",
            farm,
            |scene| {
                scene.enrol(AUTHORITY, "HTX-A sau", "recorder");
                let body = json!({"kind": "replace", "org": FARM, "key": key_of("HTX-A sau"), "old": key_of(FARM), "where": "own"});
                scene.say_void(AUTHORITY, body, CODE);
            },
        ),
        told(
            "void_epoch_allowed_to_a_stranger",
            "a new epoch is allowed to a key that is nobody's",
            farm,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "allow_epoch", "org": FARM, "key": key_of("ai")}),
                    CODE,
                );
            },
        ),
        told(
            "void_of_an_unknown_organisation",
            "a device for an organisation that nobody admitted",
            Scene::new,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    enrolment("HTX-B", "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
            },
        ),
    ]
}
