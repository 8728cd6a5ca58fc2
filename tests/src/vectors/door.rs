//! The door (section 8): every reason to refuse, and what is no reason.

use ed25519_dalek::Signer;
use ledger_core::chain::Link;
use ledger_core::encode::Value;
use serde_json::{Map, Value as Json, json};

use super::Story;
use super::kinds::{FARM, farm, harvest, harvested};
use super::scene::{AUTHORITY, Scene, assemble, enrolment, hex_bytes, key, key_of, protected};

/// Most bytes of a text (section 6).
const TEXT_MAX_BYTES: usize = 512;

pub fn stories() -> Vec<Story> {
    [shapes(), members(), chain(), forks()]
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

/// Bytes that sections 1–6 do not allow. Each is signed as it stands, so that nothing but its form is wrong.
fn shapes() -> Vec<Story> {
    let refused = |name: &str, shows: &str, body: Json| {
        let (name, shows) = (format!("refused_{name}"), shows.to_owned());
        Story::new(&name, &shows, move |_| {
            let mut scene = farm();
            scene.say_refused(FARM, body, "SAI_DANG");
            scene.log()
        })
    };
    let plot = json!([FARM, "T1"]);
    vec![
        refused(
            "unknown_kind",
            "a kind that section 6 does not have",
            json!({"kind": "miracle"}),
        ),
        refused(
            "lacking_field",
            "a spray without its waiting days",
            json!({"kind": "spray", "field": plot, "ingredient": "X"}),
        ),
        refused(
            "surplus_field",
            "a field that the kind does not have",
            json!({"kind": "bag", "field": plot, "stars": 5}),
        ),
        refused(
            "neither_of_two",
            "a check of nothing: none of field, place and lots",
            json!({"kind": "check", "result": "pass"}),
        ),
        refused(
            "facts_twice",
            "other facts both public and sealed",
            json!({"kind": "bag", "field": plot, "facts": {"a": "b"}, "sealed": ["partners", hex_bytes(&[1; 32])]}),
        ),
        refused(
            "other_unit",
            "a unit that section 5 does not have",
            json!({"kind": "feed", "field": plot, "qty": [1, 0, "TNE"]}),
        ),
        refused(
            "scale_too_large",
            "a quantity of seven decimals",
            json!({"kind": "feed", "field": plot, "qty": [1, 7, "KGM"]}),
        ),
        refused(
            "quantity_too_large",
            "a quantity beyond 10^12",
            json!({"kind": "feed", "field": plot, "qty": [1_000_000_000_001_i64, 0, "KGM"]}),
        ),
        refused(
            "text_too_long",
            "a text of 513 bytes",
            json!({"kind": "hold", "product": [FARM, "XOAI"], "reason": "x".repeat(TEXT_MAX_BYTES + 1)}),
        ),
        refused(
            "empty_list",
            "an empty list of lots",
            json!({"kind": "store", "lots": []}),
        ),
        refused(
            "sixty_five_lots",
            "65 lots in one list",
            json!({"kind": "store", "lots": vec![json!([[FARM, "L1"], null]); 65]}),
        ),
        refused(
            "roles_unsorted",
            "roles that are not in order",
            json!({"kind": "grant", "org": FARM, "roles": ["retailer", "packer"]}),
        ),
        refused(
            "wrong_check_digit",
            "a barcode whose check digit is wrong",
            json!({"kind": "same_as", "product": [FARM, "XOAI"], "gtin": "08936000000012"}),
        ),
        refused(
            "wrong_short_code",
            "a short code whose check character is wrong",
            json!({"kind": "bind", "lot": [FARM, "L1"], "codes": ["t/222222223"]}),
        ),
        refused(
            "correction_of_what_cannot_be",
            "a correction of a field that cannot be corrected",
            json!({"kind": "correct", "ref": hex_bytes(&[1; 32]), "fix": ["to", "HTX-B"]}),
        ),
        refused(
            "no_such_day",
            "a day that the calendar does not have",
            json!({"kind": "recall", "product": [FARM, "XOAI"], "period": ["2026-02-29", "2026-03-01"]}),
        ),
        told(
            "refused_other_version",
            "a payload of version 2",
            farm,
            |scene| {
                let payload = scene.payload(FARM, &harvest("L1"), 1_790_816_400);
                let other = with_entry(&payload, "v", Value::Int(2));
                let envelope = scene.envelope(FARM, &other);
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_unsorted_keys",
            "a payload whose keys are not in order",
            farm,
            |scene| {
                let mut bytes = scene.payload(FARM, &harvest("L1"), 1_790_816_400).encode();
                // {"v": 1, …}: the first entry is put behind the others.
                let first: Vec<u8> = bytes.drain(1..4).collect();
                bytes.extend(first);
                let envelope = scene.envelope_for(FARM, FARM, &bytes);
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_bytes_behind",
            "a byte behind the envelope",
            farm,
            |scene| {
                let envelope = [&scene.signed(FARM, &harvest("L1"))[..], &[0]].concat();
                scene.refused(FARM, envelope, "SAI_DANG");
            },
        ),
        told(
            "refused_unprotected_header",
            "an unprotected header that is not empty",
            farm,
            |scene| {
                let envelope = scene.signed(FARM, &harvest("L1"));
                let at = envelope
                    .iter()
                    .position(|byte| *byte == 0xa0)
                    .unwrap_or_default();
                let mut other = envelope[..at].to_vec();
                other.extend([0xa1, 0x61, 0x61, 0x01]);
                other.extend(&envelope[at + 1..]);
                scene.refused(FARM, other, "SAI_DANG");
            },
        ),
        told(
            "refused_no_tag",
            "an envelope without its tag",
            farm,
            |scene| {
                let envelope = scene.signed(FARM, &harvest("L1"));
                scene.refused(FARM, envelope[1..].to_vec(), "SAI_DANG");
            },
        ),
        told(
            "refused_too_long",
            "an envelope of more than 16,384 bytes",
            farm,
            |scene| {
                let facts: Map<String, Json> = (0..32)
                    .map(|n| (n.to_string(), Json::String("x".repeat(TEXT_MAX_BYTES))))
                    .collect();
                let body = json!({"kind": "bag", "field": [FARM, "T1"], "facts": facts});
                scene.say_refused(FARM, body, "QUA_DAI");
            },
        ),
    ]
}

fn with_entry(map: &Value, key: &str, value: Value) -> Value {
    let others = map
        .as_map()
        .unwrap_or_default()
        .iter()
        .filter(|(name, _)| name != key);
    Value::map(others.cloned().chain([(key.to_owned(), value)]))
}

/// Who signed.
fn members() -> Vec<Story> {
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

/// The place in the chain.
fn chain() -> Vec<Story> {
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
    let second = super::nonce::sign_otherwise(&key(FARM), &covered);
    (
        assemble(&head, &payload, &first),
        assemble(&head, &payload, &second),
    )
}

/// After a recorded fork.
fn forks() -> Vec<Story> {
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
