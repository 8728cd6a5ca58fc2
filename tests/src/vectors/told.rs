//! Honest bundles of small ledgers in which governance happened: what a phone sees of it, and that all of it is proven.

use ledger_core::commitment::commit;
use ledger_core::encode::Value;
use serde_json::{Value as Json, json};

use super::base::NOW;
use super::door::{conflict, fork};
use super::governance::{anchored, approve, officers, org, revoke};
use super::kinds::{FARM, farm, harvest, harvested};
use super::scene::{AUTHORITY, Scene, enrolment, hex_bytes, key_of};
use super::{Base, BundleCase, Case, Fault, Story};

/// The code on the label.
const CODE: &str = "t/222222222";

pub fn stories() -> Vec<Story> {
    [devices(), members(), private_parts(), asked()]
        .into_iter()
        .flatten()
        .collect()
}

fn told(name: &str, shows: &str, begin: fn() -> Scene, tell: fn(&mut Scene)) -> Story {
    Story::new(name, shows, move |_| {
        let mut scene = begin();
        tell(&mut scene);
        scene.told(CODE)
    })
}

fn bind(number: &str) -> Json {
    json!({"kind": "bind", "lot": [FARM, number], "codes": [CODE]})
}

/// Lot L1 with its label.
fn labelled() -> Scene {
    let mut scene = harvested();
    scene.say(FARM, bind("L1"));
    scene
}

fn devices() -> Vec<Story> {
    vec![
        told(
            "told_of_a_revoked_device",
            "what a device signed before it was revoked stays in force",
            labelled,
            |scene| {
                scene.say(AUTHORITY, revoke(FARM));
            },
        ),
        told(
            "told_of_a_replaced_device",
            "the lot by the old device, its label by the new one",
            harvested,
            |scene| {
                scene.say(AUTHORITY, json!({"kind": "replace", "org": FARM, "key": key_of("HTX-A sau"), "old": key_of(FARM), "where": "phone"}));
                scene.say("HTX-A sau", bind("L1"));
            },
        ),
        told(
            "told_of_a_hosted_device",
            "the department's machine signs for the grower",
            farm,
            |scene| {
                let mut body = enrolment("HTX-A sau", "recorder");
                body["where"] = json!("hosted");
                body["host"] = json!(AUTHORITY);
                scene.say(AUTHORITY, body);
                scene.say("HTX-A sau", harvest("L1"));
                let lot = json!({"kind": "bind", "lot": [FARM, "L1"], "codes": [CODE]});
                scene.say("HTX-A sau", lot);
            },
        ),
        told(
            "told_of_a_fork",
            "the grower's device once said two things at one place; it goes on in a new epoch",
            harvested,
            |scene| {
                let (first, other) = fork(scene);
                scene.say(AUTHORITY, conflict(&first, &other));
                scene.say(
                    AUTHORITY,
                    json!({"kind": "allow_epoch", "org": FARM, "key": key_of(FARM)}),
                );
                scene.say(FARM, json!({"kind": "epoch"}));
                scene.say(FARM, bind("L1"));
            },
        ),
        told(
            "told_of_a_fork_seen_from_afar",
            "the logged end of the fork is about another lot and not in the bundle",
            labelled,
            |scene| {
                let (first, other) = fork(scene);
                scene.say(AUTHORITY, conflict(&first, &other));
            },
        ),
    ]
}

fn members() -> Vec<Story> {
    vec![
        told(
            "told_after_two_officers_agreed",
            "grower and officer were admitted by two of three",
            officers,
            |scene| {
                let grower = scene.say(AUTHORITY, org(FARM, &["packer", "producer"]));
                scene.say("SO hai", approve(&grower.0));
                scene.say("SO ba", enrolment(FARM, "recorder"));
                let officer = scene.say(AUTHORITY, enrolment("SO bon", "administrator"));
                scene.say("SO hai", approve(&officer.0));
                let fewer = scene.say("SO bon", json!({"kind": "threshold", "count": 1}));
                scene.say("SO ba", approve(&fewer.0));
                scene.say(FARM, harvest("L1"));
                scene.say(FARM, bind("L1"));
            },
        ),
        told(
            "told_under_a_second_anchor",
            "the validators of the first anchor agreed to another",
            anchored,
            |scene| {
                let text = scene.anchor_text_of(&["HTX-A", "HTX-B"], 2);
                let next = scene.say(AUTHORITY, json!({"kind": "anchor", "text": text}));
                scene.say("HTX-B", approve(&next.0));
                scene.say("HTX-C", approve(&next.0));
                scene.say(FARM, harvest("L1"));
                scene.say(FARM, bind("L1"));
            },
        ),
        told(
            "told_of_a_suspended_grower",
            "the grower was suspended after it labelled its lot",
            labelled,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "suspend", "org": FARM, "reason": "kiểm tra"}),
                );
            },
        ),
        told(
            "told_of_a_role_withdrawn",
            "the grower may no longer grow; what it grew stays",
            labelled,
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "withdraw", "org": FARM, "roles": ["producer"]}),
                );
            },
        ),
        told(
            "told_of_a_release_for_another_lots_sake",
            "a release refers to a result that the bundle does not hold",
            labelled,
            |scene| {
                scene.admit("PTN", &["laboratory"]);
                scene.say(FARM, harvest("L2"));
                let result = scene.say(
                    "PTN",
                    json!({"kind": "lab_result", "result": "pass", "lots": [[[FARM, "L2"], null]]}),
                );
                let lot = json!([[[FARM, "L1"], null]]);
                scene.say(AUTHORITY, json!({"kind": "hold", "lots": lot}));
                scene.say(
                    AUTHORITY,
                    json!({"kind": "release", "lots": lot, "ref": hex_bytes(&result.0)}),
                );
            },
        ),
    ]
}

fn private_parts() -> Vec<Story> {
    let sold = |name: &str, shows: &str, tell: fn(&mut Scene, &str, [u8; 32], Vec<u8>)| {
        Story::new(name, shows, move |_| {
            let mut scene = labelled();
            let parts = ["label_address", "Ấp 3, xã Ba Sao"].map(Value::text);
            let [path, address] = parts;
            let opening = Value::Array(vec![path, Value::bytes(&[5; 32]), address]).encode();
            let commitment = hex_bytes(&commit(&opening).0);
            let body = json!({"kind": "label", "lots": [[[FARM, "L1"], null]], "label_address": commitment});
            let stored = scene.say(FARM, body);
            tell(&mut scene, &commitment, stored.0, opening);
            scene.told(CODE)
        })
    };
    vec![
        sold(
            "private_part_withheld",
            "the address on the label is not in the bundle",
            |_, _, _, _| (),
        ),
        sold(
            "private_part_opened",
            "the opening is in the bundle and matches",
            |scene, _, _, opening| {
                scene.keep_opening(opening);
            },
        ),
        sold(
            "private_part_erased",
            "the opening was erased, which is on record",
            |scene, commitment, stored, _| {
                scene.say(
                    FARM,
                    json!({"kind": "erase", "ref": hex_bytes(&stored), "commitment": commitment}),
                );
            },
        ),
        sold(
            "private_part_erased_and_still_handed_out",
            "a copy of an erased opening counts for nothing",
            |scene, commitment, stored, opening| {
                scene.say(
                    FARM,
                    json!({"kind": "erase", "ref": hex_bytes(&stored), "commitment": commitment}),
                );
                scene.keep_opening(opening);
            },
        ),
    ]
}

fn asked() -> Vec<Story> {
    let other = |name: &str, shows: &str, batch: &'static str| {
        Story::new(name, shows, move |base: &mut Base| -> Result<Case, Fault> {
            let asked = base.code("B-0304");
            let bytes = base.bundle(batch)?.encode();
            Ok(Case::bundle(BundleCase::asked(
                &asked,
                &bytes,
                base.anchor(),
                NOW,
            )))
        })
    };
    vec![
        other(
            "asked_for_another_code",
            "a genuine bundle that answers for another code than was asked",
            "B-0105",
        ),
        other(
            "asked_for_another_code_than_the_recalled",
            "another lot's recall says nothing about what was asked",
            "B-0904",
        ),
        other(
            "asked_for_this_code",
            "a bundle for the code that was asked",
            "B-0304",
        ),
    ]
}
