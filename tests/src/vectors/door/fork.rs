//! After a recorded fork.

use serde_json::{Value as Json, json};

use super::super::Story;
use super::super::kinds::{FARM, harvest, harvested};
use super::super::scene::{AUTHORITY, Scene, enrolment, hex_bytes, key_of};
use super::told;

/// After a recorded fork.
pub fn forks() -> Vec<Story> {
    vec![
        told(
            "refused_after_a_fork",
            "the forked device's epoch takes no more events",
            harvested,
            |scene| {
                record_fork(scene);
                scene.say_refused(FARM, harvest("L4"), "SAI_NOI_TIEP");
            },
        ),
        told(
            "refused_new_epoch_not_allowed",
            "a forked device opens an epoch that nobody allowed",
            harvested,
            |scene| {
                record_fork(scene);
                scene.say_refused(FARM, json!({"kind": "epoch"}), "CHUA_CHO_MO_SO");
            },
        ),
        told(
            "refused_epoch_allowed_before_the_fork",
            "leave that was given before the fork was known does not count",
            harvested,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "allow_epoch", "org": FARM, "key": key_of(FARM)}),
                );
                record_fork(scene);
                scene.say_refused(FARM, json!({"kind": "epoch"}), "CHUA_CHO_MO_SO");
            },
        ),
        told(
            "a_forked_device_goes_on",
            "with leave the forked device goes on in a new epoch",
            harvested,
            |scene| {
                record_fork(scene);
                scene.say(
                    AUTHORITY,
                    json!({"kind": "allow_epoch", "org": FARM, "key": key_of(FARM)}),
                );
                scene.say(FARM, json!({"kind": "epoch"}));
                scene.say(FARM, harvest("L4"));
            },
        ),
        told(
            "a_lost_device_needs_no_leave",
            "a device that lost its state opens an epoch by itself",
            harvested,
            |scene| {
                scene.say(FARM, json!({"kind": "epoch"}));
                scene.say(FARM, harvest("L2"));
            },
        ),
        told(
            "a_fork_of_a_void_event",
            "a fork is one whether or not the logged end is in force",
            harvested,
            |scene| {
                let other = scene.signed(FARM, &harvest("L2"));
                let body = json!({"kind": "harvest", "field": ["HTX-B", "T9"], "outputs": [{"no": "L3", "owner": FARM, "qty": [1, 0, "KGM"]}]});
                let void = scene.say_void(FARM, body, "KHONG_CO_QUYEN");
                scene.say(AUTHORITY, conflict(&void.0, &other));
            },
        ),
        told(
            "a_fork_shown_by_another_member",
            "any member may record a fork",
            harvested,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "org", "id": "HTX-B", "name": "HTX B", "roles": ["retailer"]}),
                );
                scene.say(AUTHORITY, enrolment("HTX-B", "recorder"));
                let (first, other) = fork(scene);
                scene.say("HTX-B", conflict(&first, &other));
            },
        ),
    ]
}

/// Two harvests at one place: the id of the logged one, and the envelope of the other.
pub fn fork(scene: &mut Scene) -> ([u8; 32], Vec<u8>) {
    let other = scene.signed(FARM, &harvest("L2"));
    let first = scene.say(FARM, harvest("L3"));
    (first.0, other)
}

/// The body of a conflict of the farm's device.
pub fn conflict(logged: &[u8], other: &[u8]) -> Json {
    json!({"kind": "conflict", "ref": hex_bytes(logged), "org": FARM, "envelope": hex_bytes(other)})
}

fn record_fork(scene: &mut Scene) {
    let (first, other) = fork(scene);
    scene.say(AUTHORITY, conflict(&first, &other));
}
