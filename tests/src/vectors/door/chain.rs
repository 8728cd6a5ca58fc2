//! The place in the device's chain, and what stands there already.

use ed25519_dalek::Signer;
use ledger_core::chain::Link;
use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, farm, harvest, harvested};
use super::super::nonce::sign_otherwise;
use super::super::scene::{Scene, assemble, key, protected};
use super::told;

/// The place in the chain.
pub fn chain() -> Vec<Story> {
    vec![
        told(
            "refused_gap",
            "an event whose predecessor has not come",
            farm,
            |scene| {
                let next = scene.link(FARM);
                let link = Link {
                    seq: next.seq + 1,
                    ..next
                };
                knock_at(scene, link, "THIEU_VIEC_TRUOC");
            },
        ),
        told(
            "refused_fork",
            "another event at a place that is taken",
            harvested,
            |scene| {
                let link = Link::first(&scene.ledger());
                knock_at(scene, link, "TRUNG_SO_THU_TU");
            },
        ),
        told(
            "refused_other_predecessor",
            "the next number after another predecessor",
            harvested,
            |scene| {
                let mut link = scene.link(FARM);
                link.prev.0[0] ^= 1;
                knock_at(scene, link, "SAI_NOI_TIEP");
            },
        ),
        told(
            "refused_epoch_not_opened",
            "the first event of an epoch that no event opened",
            harvested,
            |scene| {
                let link = scene.link(FARM).next_epoch();
                knock_at(scene, link, "SAI_NOI_TIEP");
            },
        ),
        told(
            "refused_epoch_closed",
            "an event of an epoch that is closed",
            harvested,
            |scene| {
                let old = scene.link(FARM);
                scene.say(FARM, json!({"kind": "epoch"}));
                knock_at(scene, old, "SAI_NOI_TIEP");
            },
        ),
        told(
            "duplicate_of_a_logged_event",
            "the same bytes again change nothing",
            harvested,
            |scene| {
                let last = scene.last();
                scene.again(FARM, last);
            },
        ),
        told(
            "duplicate_under_another_signature",
            "the same words under another signature of the device are no fork",
            farm,
            |scene| {
                let (first, second) = signed_twice(scene);
                scene.knocks(FARM, first);
                scene.again(FARM, second);
            },
        ),
    ]
}

fn knock_at(scene: &mut Scene, link: Link, code: &str) {
    let payload = scene.payload_at(link, &harvest("L9"), 1_790_816_400);
    let envelope = scene.envelope(FARM, &payload);
    scene.refused(FARM, envelope, code);
}

/// One Sig_structure, two signatures that both hold: the nonce of the second is another.
pub fn signed_twice(scene: &Scene) -> (Vec<u8>, Vec<u8>) {
    let payload = scene.payload(FARM, &harvest("L1"), 1_790_816_400).encode();
    let head = protected(&key(FARM).verifying_key().to_bytes(), FARM);
    let covered = scene.sig_structure(&head, &payload);
    let first = key(FARM).sign(&covered).to_bytes();
    let second = sign_otherwise(&key(FARM), &covered);
    (
        assemble(&head, &payload, &first),
        assemble(&head, &payload, &second),
    )
}
