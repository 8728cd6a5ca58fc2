//! What governance lets happen, and every reason for which an event is void (sections 7 and 8).

use serde_json::{Value as Json, json};

use super::Story;
use super::door::{conflict, fork};
use super::kinds::{FARM, farm, harvest, harvested};
use super::scene::{AUTHORITY, SEQUENCER, Scene, enrolment, hex_bytes, key_of};

const SECOND: &str = "SO hai";
const THIRD: &str = "SO ba";

pub fn stories() -> Vec<Story> {
    [
        not_permitted(),
        no_reference(),
        bad_keys(),
        suspended(),
        nothing_changes(),
        bad_rules(),
        no_forks(),
        thresholds(),
        anchors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn told(name: &str, shows: &str, begin: fn() -> Scene, tell: fn(&mut Scene)) -> Story {
    Story::new(name, shows, move |_| {
        let mut scene = begin();
        tell(&mut scene);
        scene.log()
    })
}

/// Three officers, two of whom must agree.
pub fn officers() -> Scene {
    Scene::with_officers(&[AUTHORITY, SECOND, THIRD], 2)
}

/// An organisation is admitted.
pub fn org(id: &str, roles: &[&str]) -> Json {
    json!({"kind": "org", "id": id, "name": id, "roles": roles})
}

/// An officer, or a validator, agrees.
pub fn approve(id: &[u8; 32]) -> Json {
    json!({"kind": "approve", "ref": hex_bytes(id)})
}

/// A device is revoked, nothing vouched for.
pub fn revoke(device: &str) -> Json {
    let org = device.split(' ').next().unwrap_or(device);
    json!({"kind": "revoke", "org": org, "key": key_of(device)})
}

fn suspend(id: &str) -> Json {
    json!({"kind": "suspend", "org": id, "reason": "kiểm tra"})
}

// ---- why an event is void ----

fn not_permitted() -> Vec<Story> {
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

fn no_reference() -> Vec<Story> {
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

fn bad_keys() -> Vec<Story> {
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

fn suspended() -> Vec<Story> {
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

fn nothing_changes() -> Vec<Story> {
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

fn bad_rules() -> Vec<Story> {
    const CODE: &str = "MOC_TIN_CAY_SAI";
    vec![
        told(
            "void_threshold_of_zero",
            "nobody would have to agree",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, json!({"kind": "threshold", "count": 0}), CODE);
            },
        ),
        told(
            "void_threshold_that_cannot_be_met",
            "more would have to agree than there are",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, json!({"kind": "threshold", "count": 2}), CODE);
            },
        ),
        told(
            "void_revocation_of_the_last_officer",
            "too few officers would be left to agree",
            Scene::new,
            |scene| {
                scene.say_void(AUTHORITY, revoke(AUTHORITY), CODE);
            },
        ),
        told(
            "void_anchor_that_is_none",
            "a text that is no trust anchor",
            Scene::new,
            |scene| {
                scene.say_void(
                    AUTHORITY,
                    json!({"kind": "anchor", "text": "tin nhau\n"}),
                    CODE,
                );
            },
        ),
        told(
            "void_anchor_of_another_ledger",
            "another ledger's trust anchor",
            Scene::new,
            |scene| {
                let other = Scene::with_officers(&["SO khac"], 1).anchor_text();
                scene.say_void(AUTHORITY, json!({"kind": "anchor", "text": other}), CODE);
            },
        ),
    ]
}

fn no_forks() -> Vec<Story> {
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
                let (first, second) = super::door::signed_twice(scene);
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

// ---- threshold acts ----

fn thresholds() -> Vec<Story> {
    vec![
        told(
            "proposal_waits_for_the_second",
            "a proposal has no effect until the second officer agrees",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(THIRD, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "consent_of_a_revoked_officer",
            "who was revoked since is not counted",
            officers,
            |scene| {
                let proposal = scene.say(THIRD, org(FARM, &["producer"]));
                let out = scene.say(AUTHORITY, revoke(THIRD));
                scene.say(SECOND, approve(&out.0));
                scene.say(AUTHORITY, approve(&proposal.0));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(SECOND, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "decided_once_more_when_it_takes_effect",
            "a key that was taken meanwhile makes the last approval void",
            officers,
            |scene| {
                let first = scene.say(AUTHORITY, enrolment("SO bon", "recorder"));
                let second = scene.say(SECOND, enrolment("SO bon", "administrator"));
                scene.say(THIRD, approve(&first.0));
                scene.say_void(THIRD, approve(&second.0), "KHOA_KHONG_DUNG_DUOC");
            },
        ),
        told(
            "threshold_changed",
            "two of three become three of three",
            officers,
            |scene| {
                let more = scene.say(AUTHORITY, json!({"kind": "threshold", "count": 3}));
                scene.say(SECOND, approve(&more.0));
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say_void(
                    AUTHORITY,
                    enrolment(FARM, "recorder"),
                    "DON_VI_CHUA_KET_NAP",
                );
                scene.say(THIRD, approve(&proposal.0));
                scene.say(AUTHORITY, enrolment(FARM, "recorder"));
            },
        ),
        told(
            "one_officer_stewards_a_member",
            "one officer enrols a member's device, two an officer's",
            officers,
            |scene| {
                let proposal = scene.say(AUTHORITY, org(FARM, &["producer"]));
                scene.say(SECOND, approve(&proposal.0));
                scene.say(THIRD, enrolment(FARM, "recorder"));
                scene.say(FARM, harvest("L1"));
                let officer = scene.say(AUTHORITY, enrolment("SO bon", "administrator"));
                scene.say_refused("SO bon", org("HTX-B", &["producer"]), "KHOA_LA");
                scene.say(SECOND, approve(&officer.0));
                scene.say("SO bon", org("HTX-B", &["producer"]));
            },
        ),
    ]
}

/// Validators HTX-A, HTX-B and HTX-C, two of whom the first anchor asks.
pub fn anchored() -> Scene {
    let mut scene = Scene::new();
    for member in ["HTX-A", "HTX-B", "HTX-C"] {
        scene.admit(member, &["producer"]);
    }
    let text = scene.anchor_text();
    scene.say(AUTHORITY, json!({"kind": "anchor", "text": text}));
    scene
}

fn anchors() -> Vec<Story> {
    fn next(scene: &Scene) -> Json {
        json!({"kind": "anchor", "text": scene.anchor_text_of(&["HTX-A", "HTX-D"], 2)})
    }
    vec![
        told(
            "anchor_waits_for_the_old_validators",
            "a later anchor needs two of the three old validators besides the officer",
            anchored,
            |scene| {
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say("HTX-B", approve(&proposal.0));
                scene.say("HTX-C", approve(&proposal.0));
                scene.say_void("HTX-A", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
        told(
            "void_anchor_approval_by_no_validator",
            "a member that is no validator of the old anchor approves",
            anchored,
            |scene| {
                scene.admit("HTX-D", &["producer"]);
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say_void("HTX-D", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
        told(
            "void_anchor_approval_by_a_recorder",
            "a validator's recorder cannot consent for it",
            anchored,
            |scene| {
                scene.enrol("HTX-B", "HTX-B sau", "recorder");
                let body = next(scene);
                let proposal = scene.say(AUTHORITY, body);
                scene.say_void("HTX-B sau", approve(&proposal.0), "KHONG_CO_QUYEN");
            },
        ),
    ]
}
