//! Who signed: strangers, revoked devices, signatures that do not hold.

use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, farm, harvest};
use super::super::scene::{AUTHORITY, Scene, key_of};
use super::told;

/// Who signed.
pub fn members() -> Vec<Story> {
    vec![
        told(
            "refused_bad_signature",
            "one bit of the signature is another",
            farm,
            |scene| {
                let mut envelope = scene.signed(FARM, &harvest("L1"));
                let last = envelope.len() - 40;
                envelope[last] ^= 1;
                scene.refused(FARM, envelope, "CHU_KY_SAI");
            },
        ),
        told(
            "refused_of_another_ledger",
            "what was signed for another ledger",
            farm,
            |scene| {
                let other = Scene::with_officers(&["SO khac"], 1);
                let payload = scene.payload(FARM, &harvest("L1"), 1_790_816_400);
                let envelope = other.envelope(FARM, &payload);
                scene.refused(FARM, envelope, "CHU_KY_SAI");
            },
        ),
        told(
            "refused_stranger",
            "a device that nobody enrolled",
            farm,
            |scene| {
                scene.say_refused("HTX-A la", harvest("L1"), "KHOA_LA");
            },
        ),
        told(
            "refused_for_another_organisation",
            "a member's device that signs for another member",
            farm,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                let payload = scene.payload(FARM, &harvest("L1"), 1_790_816_400);
                let envelope = scene.envelope_for(FARM, "HTX-B", &payload.encode());
                scene.refused(FARM, envelope, "KHOA_LA");
            },
        ),
        told(
            "refused_revoked",
            "a revoked device, nothing vouched for",
            farm,
            |scene| {
                scene.say(FARM, harvest("L1"));
                scene.say(
                    AUTHORITY,
                    json!({"kind": "revoke", "org": FARM, "key": key_of(FARM)}),
                );
                scene.say_refused(FARM, harvest("L2"), "MAY_DA_KHOA");
            },
        ),
        told(
            "revoked_up_to_the_last_vouched_for",
            "what a revoked device signed before may still come",
            farm,
            |scene| {
                scene.say(FARM, harvest("L1"));
                scene.say(
                    AUTHORITY,
                    json!({"kind": "revoke", "org": FARM, "key": key_of(FARM), "last": [0, 1]}),
                );
                scene.say(FARM, harvest("L2"));
                scene.say_refused(FARM, harvest("L3"), "MAY_DA_KHOA");
            },
        ),
        told(
            "refused_replaced",
            "a replaced device; the new one speaks",
            farm,
            |scene| {
                let body = json!({"kind": "replace", "org": FARM, "key": key_of("HTX-A sau"), "old": key_of(FARM), "where": "own"});
                scene.say(AUTHORITY, body);
                scene.say_refused(FARM, harvest("L1"), "MAY_DA_KHOA");
                scene.say("HTX-A sau", harvest("L1"));
            },
        ),
        told(
            "a_late_revocation_moves_the_last",
            "a second revocation vouches for more",
            farm,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "revoke", "org": FARM, "key": key_of(FARM)}),
                );
                scene.say_refused(FARM, harvest("L1"), "MAY_DA_KHOA");
                scene.say(
                    AUTHORITY,
                    json!({"kind": "revoke", "org": FARM, "key": key_of(FARM), "last": [0, 0]}),
                );
                scene.say(FARM, harvest("L1"));
            },
        ),
    ]
}
