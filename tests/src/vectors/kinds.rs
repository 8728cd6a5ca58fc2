//! Every kind of section 6, once each, in force.

use serde_json::{Value as Json, json};

use super::scene::{AUTHORITY, Scene, eight_on, enrolment, hex_bytes, key_of};
use super::{Case, Fault, Story};

/// A kind, what its story shows, and who says what.
pub fn stories() -> Vec<Story> {
    let mut stories = Vec::new();
    stories.extend(field_work().into_iter().map(by_farm));
    stories.extend(with_a_lot().into_iter().map(about_a_lot));
    stories.extend(by_others().into_iter().map(by_another));
    stories.extend(registrations().into_iter().map(by_farm));
    stories.extend(by_authority().into_iter().map(said_by_authority));
    stories.extend(scenes());
    stories
}

/// The grower, its plot and its first lot.
pub const FARM: &str = "HTX-A";
fn plot() -> Json {
    json!([FARM, "T1"])
}
fn lot() -> Json {
    json!([FARM, "L1"])
}
fn kg(n: u64) -> Json {
    json!([n, 0, "KGM"])
}

/// The farm is a member.
pub fn farm() -> Scene {
    let mut scene = Scene::new();
    scene.admit(FARM, &["packer", "producer"]);
    scene
}

/// A harvest of 100 kg.
pub fn harvest(number: &str) -> Json {
    json!({"kind": "harvest", "field": plot(), "outputs": [output(number, 100)]})
}

/// A lot that comes into being, of the farm.
pub fn output(number: &str, kg: u64) -> Json {
    json!({"no": number, "owner": FARM, "qty": [kg, 0, "KGM"]})
}

/// The farm has harvested lot L1.
pub fn harvested() -> Scene {
    let mut scene = farm();
    scene.say(FARM, harvest("L1"));
    scene
}

type Said = (&'static str, Json);

fn name(body: &Json) -> String {
    format!("kind_{}", body["kind"].as_str().unwrap_or_default())
}

fn story(shows: &str, body: &Json, tell: impl FnOnce() -> Result<Case, Fault> + 'static) -> Story {
    Story::new(&name(body), shows, |_| tell())
}

fn by_farm((shows, body): Said) -> Story {
    story(shows, &body.clone(), move || {
        let mut scene = farm();
        scene.say(FARM, body);
        scene.log()
    })
}

fn field_work() -> Vec<Said> {
    vec![
        (
            "a season begins on the farm's plot",
            json!({"kind": "season_start", "field": plot()}),
        ),
        (
            "a pond is stocked",
            json!({"kind": "stock", "field": [FARM, "AO1"], "qty": [5000, 0, "HEA"]}),
        ),
        (
            "a plot is fertilised",
            json!({"kind": "fertilise", "field": plot(), "qty": kg(50)}),
        ),
        (
            "a plot is sprayed, and waits",
            json!({"kind": "spray", "field": plot(), "ingredient": "Azoxystrobin", "wait_days": 14}),
        ),
        (
            "a pond is treated, and waits",
            json!({"kind": "treat", "field": [FARM, "AO1"], "ingredient": "Oxytetracycline", "wait_days": 28}),
        ),
        (
            "a pond is fed",
            json!({"kind": "feed", "field": [FARM, "AO1"], "qty": kg(30)}),
        ),
        (
            "fruit is bagged",
            json!({"kind": "bag", "field": plot(), "qty": [3000, 0, "H87"]}),
        ),
        (
            "a sensor's summary",
            json!({"kind": "sensor", "field": plot(), "entry": "sensor", "facts": {"độ mặn": "1,2 ‰"}}),
        ),
        (
            "a maker checks its own plot",
            json!({"kind": "check", "result": "pass", "field": plot()}),
        ),
        (
            "a harvest of several days makes a lot",
            json!({"kind": "harvest", "field": plot(), "outputs": [output("L1", 100)], "began": eight_on(-2)}),
        ),
    ]
}

fn about_a_lot((shows, body): Said) -> Story {
    story(shows, &body.clone(), move || {
        let mut scene = harvested();
        scene.say(FARM, body);
        scene.log()
    })
}

fn with_a_lot() -> Vec<Said> {
    let whole = json!([[lot(), null]]);
    vec![
        (
            "a lot is handed to another organisation",
            json!({"kind": "ship", "lots": whole, "to": "HTX-B"}),
        ),
        (
            "a lot is graded into two, with a loss",
            json!({"kind": "grade", "inputs": whole, "outputs": [output("G1", 60), output("G2", 35)], "loss": kg(5)}),
        ),
        (
            "lots are merged",
            json!({"kind": "merge", "inputs": whole, "outputs": [output("M1", 100)]}),
        ),
        (
            "a lot is split",
            json!({"kind": "split", "inputs": whole, "outputs": [output("S1", 40), output("S2", 60)]}),
        ),
        (
            "a lot is processed, with salt added",
            json!({"kind": "process", "inputs": whole, "outputs": [output("P1", 105)], "added": kg(10), "loss": kg(5)}),
        ),
        (
            "a lot is treated after harvest",
            json!({"kind": "treatment", "lots": whole, "facts": {"cách làm": "xử lý hơi nước nóng"}}),
        ),
        (
            "a sample of a lot is taken for a laboratory",
            json!({"kind": "lab_sample", "lots": whole, "lab": "PTN"}),
        ),
        (
            "a lot is packed into boxes",
            json!({"kind": "pack", "inputs": whole, "outputs": [{"no": "D1", "owner": FARM, "qty": [20, 0, "XBX"], "net": [5, 0, "KGM"], "made": "2026-10-01", "expires": "2026-10-15"}]}),
        ),
        (
            "labels with serials are stuck on a lot",
            json!({"kind": "label", "lots": whole, "count": 20, "serials": [1, 20], "old_label": true}),
        ),
        (
            "a lot is loaded on a lorry",
            json!({"kind": "load", "inputs": whole, "outputs": [output("X1", 100)], "sscc": "089360000000000011", "area_code": "VN-DTOR-0001"}),
        ),
        (
            "a lot goes into store",
            json!({"kind": "store", "lots": whole, "place": [FARM, "KHO"]}),
        ),
        (
            "a lot is listed for sale",
            json!({"kind": "list", "lots": whole}),
        ),
        (
            "part of a lot is sold",
            json!({"kind": "sell", "lots": [[lot(), kg(10)]], "to": "CHO"}),
        ),
        (
            "a lot is sold out",
            json!({"kind": "sold_out", "lots": whole}),
        ),
        (
            "the owner destroys part of a lot",
            json!({"kind": "destroy", "lots": [[lot(), kg(10)]], "reason": "dập"}),
        ),
        (
            "a recall by the lot's owner",
            json!({"kind": "recall", "lots": whole, "reason": "nghi nhiễm"}),
        ),
        (
            "a hold by the lot's owner",
            json!({"kind": "hold", "lots": whole, "reason": "chờ kết quả"}),
        ),
        (
            "a printed code is bound to a lot",
            json!({"kind": "bind", "lot": lot(), "codes": ["01/08936000000011/10/L1"]}),
        ),
        (
            "the grower lets another use its growing-area code for a lot",
            json!({"kind": "permit", "target_place": plot(), "code": "VN-DTOR-0001", "lots": whole, "to": "HTX-B", "qty": kg(100)}),
        ),
    ]
}

/// Said by an organisation with another role, about the farm's lot.
fn by_another((role, shows, body): (&'static str, &'static str, Json)) -> Story {
    story(shows, &body.clone(), move || {
        let mut scene = harvested();
        scene.admit("KHAC", &[role]);
        scene.say("KHAC", body);
        scene.log()
    })
}

fn by_others() -> Vec<(&'static str, &'static str, Json)> {
    let whole = json!([[lot(), null]]);
    vec![
        (
            "carrier",
            "a carrier moves a lot",
            json!({"kind": "transport", "lots": whole, "to": "HTX-B"}),
        ),
        (
            "processor",
            "another organisation takes a lot over",
            json!({"kind": "receive", "place": ["KHAC", "XUONG"], "lots": whole, "from": FARM}),
        ),
        (
            "laboratory",
            "a laboratory's result about a lot",
            json!({"kind": "lab_result", "result": "pass", "lots": whole}),
        ),
        (
            "retailer",
            "a shop passes a buyer's complaint on",
            json!({"kind": "report", "lots": whole, "category": "smell"}),
        ),
    ]
}

fn registrations() -> Vec<Said> {
    vec![
        (
            "a plot is registered",
            json!({"kind": "place", "id": "T1", "name": "Vườn Ba Sao", "type": "plot", "commune": ["29869", "2025-07-01", "Xã Ba Sao"],
                "point": [104_700_000, 1_056_900_000], "area": [12, 1, "HAR"], "crop": "Xoài"}),
        ),
        (
            "a product is registered",
            json!({"kind": "product", "id": "XOAI", "name": "Xoài cát", "unit": "hộp", "name_en": "Mango", "gtin": "08936000000011", "sources": [plot()]}),
        ),
        (
            "a certificate of the farm's own plot",
            json!({"kind": "certificate", "target_place": plot(), "standard": "VietGAP", "number": "VG-1", "valid": ["2026-01-01", null]}),
        ),
        (
            "a barcode for the farm's product",
            json!({"kind": "same_as", "product": [FARM, "XOAI"], "gtin": "08936000000011"}),
        ),
        (
            "another may bind codes for the farm's product",
            json!({"kind": "delegate", "to": "HTX-B", "products": [[FARM, "XOAI"]]}),
        ),
    ]
}

fn said_by_authority((shows, body): Said) -> Story {
    story(shows, &body.clone(), move || {
        let mut scene = harvested();
        scene.say(AUTHORITY, body);
        scene.log()
    })
}

fn by_authority() -> Vec<Said> {
    vec![
        (
            "plant quarantine of a lot",
            json!({"kind": "quarantine", "lots": [[lot(), null]], "result": "pass", "area_code": "VN-DTOR-0001"}),
        ),
        (
            "goods of a plot may circulate again",
            json!({"kind": "release", "target_place": plot(), "reason": "kết quả đạt"}),
        ),
        (
            "a growing-area code is issued",
            json!({"kind": "place_code", "target_place": plot(), "code_type": "growing_domestic", "code": "87.01.0001"}),
        ),
        (
            "four stars for a product",
            json!({"kind": "rating", "product": [FARM, "XOAI"], "stars": 4, "decision": "QĐ 12/2026", "valid": ["2026-01-01", "2028-12-31"]}),
        ),
        (
            "an organisation is admitted",
            json!({"kind": "org", "id": "HTX-B", "name": "HTX B", "roles": ["processor", "producer"], "legal": "cooperative"}),
        ),
        (
            "an organisation is suspended",
            json!({"kind": "suspend", "org": FARM, "reason": "không còn hoạt động"}),
        ),
        (
            "a role is granted",
            json!({"kind": "grant", "org": FARM, "roles": ["retailer"]}),
        ),
        (
            "a role is withdrawn",
            json!({"kind": "withdraw", "org": FARM, "roles": ["packer"], "reason": "xưởng đóng cửa"}),
        ),
        ("a device is enrolled on a host's machine", {
            let mut body = enrolment("HTX-A sau", "recorder");
            body["where"] = json!("hosted");
            body["host"] = json!(AUTHORITY);
            body
        }),
        (
            "a device is revoked",
            json!({"kind": "revoke", "org": FARM, "key": key_of(FARM), "last": [0, 0], "reason": "mất máy"}),
        ),
        (
            "a device is replaced by another",
            json!({"kind": "replace", "org": FARM, "key": key_of("HTX-A sau"), "old": key_of(FARM), "where": "own", "rights": "administrator"}),
        ),
        (
            "a device may open a new epoch",
            json!({"kind": "allow_epoch", "org": FARM, "key": key_of(FARM)}),
        ),
        (
            "a node's network key is enrolled",
            json!({"kind": "peer", "org": FARM, "key": key_of("peer")}),
        ),
        (
            "the first number of officers is set again",
            json!({"kind": "threshold", "count": 1}),
        ),
        (
            "the page's files are published",
            json!({"kind": "publish", "what": "page", "number": "1", "hash": hex_bytes(&[7; 32])}),
        ),
    ]
}

/// Kinds that need more than one line before them.
fn scenes() -> Vec<Story> {
    let told = |name: &str, shows: &str, tell: fn(&mut Scene) -> Result<(), Fault>| {
        Story::new(name, shows, move |_| {
            let mut scene = harvested();
            tell(&mut scene)?;
            scene.log()
        })
    };
    vec![
        told(
            "kind_recall_lift",
            "who recalled lifts the recall",
            |scene| {
                let recall = scene.say(FARM, json!({"kind": "recall", "lots": [[lot(), null]]}));
                scene.say(FARM, json!({"kind": "recall_lift", "ref": hex_bytes(&recall.0), "reason": "nhầm lô"}));
                Ok(())
            },
        ),
        told(
            "kind_correct",
            "who said it corrects it; the first value stays",
            |scene| {
                let sale = scene.say(FARM, json!({"kind": "sell", "lots": [[lot(), kg(10)]]}));
                scene.say(FARM, json!({"kind": "correct", "ref": hex_bytes(&sale.0), "fix": ["lots/0/qty", kg(11)], "reason": "gõ nhầm"}));
                Ok(())
            },
        ),
        told("kind_undelegate", "a delegation is ended", |scene| {
            let delegation = scene.say(
                FARM,
                json!({"kind": "delegate", "to": "HTX-B", "products": [[FARM, "XOAI"]]}),
            );
            scene.say(
                FARM,
                json!({"kind": "undelegate", "ref": hex_bytes(&delegation.0)}),
            );
            Ok(())
        }),
        told(
            "kind_erase",
            "the opening of a commitment is erased",
            |scene| {
                let secret = hex_bytes(&[9; 32]);
                let sale = scene.say(FARM, json!({"kind": "sell", "lots": [[lot(), kg(10)]], "sealed": ["partners", secret]}));
                scene.say(FARM, json!({"kind": "erase", "ref": hex_bytes(&sale.0), "commitment": secret, "reason": "người mua yêu cầu"}));
                Ok(())
            },
        ),
        told(
            "kind_readmit",
            "a suspended organisation may work again",
            |scene| {
                scene.say(
                    AUTHORITY,
                    json!({"kind": "suspend", "org": FARM, "reason": "kiểm tra"}),
                );
                scene.say(AUTHORITY, json!({"kind": "readmit", "org": FARM}));
                scene.say(FARM, harvest("L2"));
                Ok(())
            },
        ),
        told("kind_unpeer", "a node's network key is removed", |scene| {
            scene.say(
                AUTHORITY,
                json!({"kind": "peer", "org": FARM, "key": key_of("peer")}),
            );
            scene.say(
                AUTHORITY,
                json!({"kind": "unpeer", "org": FARM, "key": key_of("peer")}),
            );
            Ok(())
        }),
        told(
            "kind_epoch",
            "a device that lost its state opens the next epoch",
            |scene| {
                scene.say(FARM, json!({"kind": "epoch"}));
                scene.say(FARM, harvest("L2"));
                Ok(())
            },
        ),
        told(
            "kind_conflict",
            "two things that one device said at one place are kept",
            |scene| {
                let other = scene.signed(FARM, &harvest("L2"));
                let first = scene.say(FARM, harvest("L3"));
                scene.say(AUTHORITY, json!({"kind": "conflict", "ref": hex_bytes(&first.0), "org": FARM, "envelope": hex_bytes(&other)}));
                Ok(())
            },
        ),
        told(
            "kind_anchor",
            "the first trust anchor is published",
            |scene| {
                let text = scene.anchor_text();
                scene.say(AUTHORITY, json!({"kind": "anchor", "text": text}));
                Ok(())
            },
        ),
        told(
            "kind_map_head",
            "the sequencer states the map over the leaves before",
            |scene| scene.map_head().map(drop),
        ),
        Story::new(
            "kind_approve",
            "a second officer agrees, and the act takes effect",
            |_| {
                let mut scene = Scene::with_officers(&[AUTHORITY, "SO hai"], 2);
                let proposal = scene.say(
                    AUTHORITY,
                    json!({"kind": "org", "id": FARM, "name": "HTX A", "roles": ["producer"]}),
                );
                scene.say(
                    "SO hai",
                    json!({"kind": "approve", "ref": hex_bytes(&proposal.0)}),
                );
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
                scene.say(FARM, harvest("L1"));
                scene.log()
            },
        ),
    ]
}
