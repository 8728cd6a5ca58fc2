//! What `ref` must name: `KHONG_THAY_VIEC_GOC`.

use serde_json::json;

use super::super::Story;
use super::super::kinds::{FARM, farm, harvested};
use super::super::scene::{AUTHORITY, Scene, hex_bytes};
use super::{approve, org, told};

pub fn no_reference() -> Vec<Story> {
    const CODE: &str = "KHONG_THAY_VIEC_GOC";
    vec![
        told(
            "void_reference_to_nothing",
            "a recall is lifted that nobody made",
            farm,
            |scene| {
                scene.say_void(
                    FARM,
                    json!({"kind": "recall_lift", "ref": hex_bytes(&[1; 32])}),
                    CODE,
                );
            },
        ),
        told(
            "void_reference_to_a_void_event",
            "a recall is lifted that was void",
            harvested,
            |scene| {
                scene.admit("HTX-B", &["producer"]);
                let void = scene.say_void(
                    "HTX-B",
                    json!({"kind": "recall", "lots": [[[FARM, "L1"], null]]}),
                    "KHONG_CO_QUYEN",
                );
                scene.say_void(
                    "HTX-B",
                    json!({"kind": "recall_lift", "ref": hex_bytes(&void.0)}),
                    CODE,
                );
            },
        ),
        told(
            "void_reference_of_another_kind",
            "a hold is lifted as if it were a recall",
            harvested,
            |scene| {
                let hold = scene.say(
                    FARM,
                    json!({"kind": "hold", "lots": [[[FARM, "L1"], null]]}),
                );
                scene.say_void(
                    FARM,
                    json!({"kind": "recall_lift", "ref": hex_bytes(&hold.0)}),
                    CODE,
                );
            },
        ),
        told(
            "void_correction_of_a_correction",
            "a correction is corrected",
            harvested,
            |scene| {
                let sale = scene.say(
                    FARM,
                    json!({"kind": "sell", "lots": [[[FARM, "L1"], null]], "qty": [1, 0, "KGM"]}),
                );
                let fix = |id: &[u8; 32]| json!({"kind": "correct", "ref": hex_bytes(id), "fix": ["qty", [2, 0, "KGM"]]});
                let first = scene.say(FARM, fix(&sale.0));
                scene.say_void(FARM, fix(&first.0), CODE);
            },
        ),
        told(
            "void_correction_of_governance",
            "an admission is corrected",
            Scene::new,
            |scene| {
                let admission = scene.say(AUTHORITY, org(FARM, &["producer"]));
                let body = json!({"kind": "correct", "ref": hex_bytes(&admission.0), "fix": ["facts/a", "b"]});
                scene.say_void(AUTHORITY, body, CODE);
            },
        ),
        told(
            "void_erasure_of_what_is_not_there",
            "a commitment is erased that the event does not hold",
            harvested,
            |scene| {
                let sale = scene.say(FARM, json!({"kind": "sell", "lots": [[[FARM, "L1"], null]], "sealed": ["partners", hex_bytes(&[9; 32])]}));
                let body = json!({"kind": "erase", "ref": hex_bytes(&sale.0), "commitment": hex_bytes(&[8; 32])});
                scene.say_void(FARM, body, CODE);
            },
        ),
        told(
            "void_approval_of_no_proposal",
            "an officer approves a harvest",
            harvested,
            |scene| {
                let body = json!({"kind": "sell", "lots": [[[FARM, "L1"], null]]});
                let sale = scene.say(FARM, body);
                scene.say_void(AUTHORITY, approve(&sale.0), CODE);
            },
        ),
        told(
            "void_end_of_what_is_no_delegation",
            "a certificate is ended as if it were a delegation",
            farm,
            |scene| {
                let body = json!({"kind": "certificate", "org": FARM, "standard": "VietGAP", "number": "1"});
                let certificate = scene.say(FARM, body);
                scene.say_void(
                    FARM,
                    json!({"kind": "undelegate", "ref": hex_bytes(&certificate.0)}),
                    CODE,
                );
            },
        ),
    ]
}
