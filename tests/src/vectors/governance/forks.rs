//! Conflicts that are no fork: `KHONG_MAU_THUAN`.

use serde_json::json;

use super::super::Story;
use super::super::door::{conflict, fork, signed_twice};
use super::super::kinds::{FARM, harvest, harvested};
use super::super::scene::AUTHORITY;
use super::told;

pub fn no_forks() -> Vec<Story> {
    const CODE: &str = "KHONG_MAU_THUAN";
    vec![
        told(
            "void_conflict_of_one_event",
            "an event is held against itself",
            harvested,
            |scene| {
                let first = scene.say(FARM, harvest("L2"));
                let same = scene.last();
                scene.say_void(AUTHORITY, conflict(&first.0, &same), CODE);
            },
        ),
        told(
            "void_conflict_of_two_signatures",
            "the same words under another signature are no fork",
            harvested,
            |scene| {
                let (first, second) = signed_twice(scene);
                let id = scene.knocks(FARM, first);
                scene.say_void(AUTHORITY, conflict(&id.0, &second), CODE);
            },
        ),
        told(
            "void_conflict_of_two_places",
            "two events that follow each other",
            harvested,
            |scene| {
                let first = scene.say(FARM, harvest("L2"));
                let next = scene.signed(FARM, &harvest("L3"));
                scene.say_void(AUTHORITY, conflict(&first.0, &next), CODE);
            },
        ),
        told(
            "void_conflict_with_a_forgery",
            "the other envelope's signature does not hold",
            harvested,
            |scene| {
                let (first, mut other) = fork(scene);
                let last = other.len() - 40;
                other[last] ^= 1;
                scene.say_void(AUTHORITY, conflict(&first, &other), CODE);
            },
        ),
        told(
            "void_conflict_of_another_organisation",
            "the fork is laid at another member's door",
            harvested,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                let (first, other) = fork(scene);
                let mut body = conflict(&first, &other);
                body["org"] = json!("HTX-B");
                scene.say_void(AUTHORITY, body, CODE);
            },
        ),
        told(
            "void_conflict_of_no_envelope",
            "bytes that are no envelope",
            harvested,
            |scene| {
                let first = scene.say(FARM, harvest("L2"));
                scene.say_void(AUTHORITY, conflict(&first.0, b"abc"), CODE);
            },
        ),
    ]
}
