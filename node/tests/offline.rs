//! `node prove` and `node verify`: the real program on real files, and what it tells scripts.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use ledger_core::anchor::Anchor;
use ledger_core::body::{Body, Lives, LotUse, Number, Role, Sealable, Text};
use ledger_core::chain::Link;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::genesis::{Genesis, ledger_id};
use ledger_core::ids::{DeviceKey, Hash, LotId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::note::{Note, NoteSigner};
use ledger_core::replica::Replica;
use ledger_core::sign::{Draft, SignedEvent};
use ledger_core::time::Timestamp;
use ledger_core::vkey::KeyName;
use node::files::encode_records;
use node::keys::{KeyRole, load_or_generate};
use serde_json::Value as Json;

const ORIGIN: &str = "so.example/mau";
const WITNESS: &str = "htx.example/1";
/// 2026-10-18T09:00+07:00 and a day later.
const YESTERDAY: u64 = 1_792_288_800;
const TODAY: u64 = YESTERDAY + 86_400;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn device(seed: u8) -> DeviceKey {
    DeviceKey(PublicKey::of(&key(seed)).to_bytes())
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn so() -> OrgId {
    OrgId::new("SO").unwrap()
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::vietnam(seconds as i64)
}

/// A small ledger whose only member is the department, in a data folder as a node keeps it.
struct Province {
    folder: tempfile::TempDir,
    replica: Replica,
    leaves: Vec<Vec<u8>>,
}

impl Province {
    fn new() -> Province {
        let genesis = Genesis {
            name: "Sổ thử".to_owned(),
            origin: ORIGIN.to_owned(),
            log_key: PublicKey::of(&key(1)),
            authority: so(),
            authority_name: "Sở mẫu".to_owned(),
            authority_devices: vec![device(2)],
            authority_threshold: 1,
            sequencer: device(3),
            created: time(YESTERDAY - 3_600),
            sample: None,
        };
        let bytes = genesis.encode();
        let (log_key, witness_key) = (key(1), key(4));
        let log = NoteSigner::new(name(ORIGIN), &log_key).verifier();
        let witness = Cosigner::new(name(WITNESS), &witness_key).verifier();
        let policy = format!(
            "log {log}\nwitness htx-1 {witness}\ngroup all-members any htx-1\nquorum all-members\n"
        );
        let anchor = Anchor::new(ledger_id(&bytes), "all-members", 86_400, &policy).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for directory in ["heads", "blobs"] {
            std::fs::create_dir(folder.path().join(directory)).unwrap();
        }
        std::fs::write(folder.path().join("genesis.cbor"), &bytes).unwrap();
        std::fs::write(folder.path().join("anchor.txt"), anchor.text()).unwrap();
        Province {
            folder,
            replica: Replica::new(&bytes).unwrap(),
            leaves: vec![bytes],
        }
    }

    /// A day of work: a recall, a map head, and the head that the witness cosigned then.
    fn day(&mut self, lot: &str, seconds: u64) -> (SignedEvent, Note) {
        let recall = self.sign(2, recall(lot), seconds);
        self.log(&recall);
        let head = Body {
            size: Some(self.replica.size().0),
            root: Some(self.replica.map_root()),
            ..Body::new(Kind::MapHead)
        };
        let head = self.sign(3, head, seconds);
        self.log(&head);
        let note = signed(&self.replica, self.replica.root());
        (recall, cosigned(&note, seconds))
    }

    /// Admits an organisation with a device whose key lies in the folder.
    fn admit(&mut self, id: &str) -> SigningKey {
        let org = OrgId::new(id).unwrap();
        let admitted = Body {
            id: Some(Number(id.to_owned())),
            name: Some(Sealable::Text(id.to_owned())),
            roles: Some(vec![Role::Producer]),
            ..Body::new(Kind::Org)
        };
        let keys = self.path("keys");
        node::files::create_directory(&keys).unwrap();
        let key = load_or_generate(&keys, &KeyRole::Device(org.clone())).unwrap();
        let enrolled = Body {
            org: Some(org),
            key: Some(Hash(PublicKey::of(&key).to_bytes())),
            lives: Some(Lives::Own),
            ..Body::new(Kind::Device)
        };
        for body in [admitted, enrolled] {
            let event = self.sign(2, body, YESTERDAY);
            self.log(&event);
        }
        key
    }

    fn sign(&self, seed: u8, body: Body, seconds: u64) -> SignedEvent {
        let link = self.replica.next_link(&device(seed));
        let (occurred, signed) = (time(seconds), time(seconds));
        let draft = Draft {
            occurred,
            signed,
            body,
        };
        draft.sign(&key(seed), &self.replica.ledger_id(), &so(), link)
    }

    fn log(&mut self, event: &SignedEvent) {
        let admitted = self.replica.check(event.bytes()).unwrap();
        let logged = self.replica.append(admitted).unwrap();
        assert_eq!(logged.void, None);
        self.leaves.push(event.bytes().to_vec());
    }

    /// Two days in the folder.
    fn stored() -> (Province, [SignedEvent; 2]) {
        let mut province = Province::new();
        let (first, old) = province.day("LO-1", YESTERDAY);
        let (second, new) = province.day("LO-2", TODAY);
        province.write("heads/2026-10-18", old.to_text().as_bytes());
        province.store(&new);
        (province, [first, second])
    }

    /// The log and its newest head, as the node keeps them.
    fn store(&self, head: &Note) {
        self.write("checkpoint", head.to_text().as_bytes());
        self.write("checkpoint.cosigned", head.to_text().as_bytes());
        self.write("log.seg", &encode_records(&self.leaves).unwrap());
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.path(file), bytes).unwrap();
    }

    fn node(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
        command.current_dir(self.folder.path());
        command.arg("--data").arg(self.folder.path());
        command.args(arguments).output().unwrap()
    }

    fn prove(&self, arguments: &[&str], out: &str) {
        let output = self.node(&[&["prove"], arguments, &["--out", out]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// The exit code and the answer as JSON.
    fn verify(&self, file: &str, more: &[&str]) -> (i32, Json) {
        let now = "2026-10-19T10:00:00+07:00";
        let common = [
            "verify",
            file,
            "--anchor",
            "anchor.txt",
            "--now",
            now,
            "--json",
        ];
        let output = self.node(&[common.as_slice(), more].concat());
        let answer = serde_json::from_slice(&output.stdout).unwrap_or(Json::Null);
        (output.status.code().unwrap(), answer)
    }
}

fn recall(lot: &str) -> Body {
    let lot = LotId::new(so(), lot).unwrap();
    Body {
        lots: Some(vec![LotUse { lot, qty: None }]),
        reason: Some(Text("thử".to_owned())),
        ..Body::new(Kind::Recall)
    }
}

fn signed(replica: &Replica, root: Hash) -> Note {
    let head = Checkpoint::new(ORIGIN, replica.size(), root).unwrap();
    head.sign(&NoteSigner::new(name(ORIGIN), &key(1))).unwrap()
}

fn cosigned(note: &Note, seconds: u64) -> Note {
    let head = Checkpoint::of(note).unwrap();
    let key = key(4);
    let time = CosignatureTime::new(seconds).unwrap();
    let line = Cosigner::new(name(WITNESS), &key).cosign(&head, time);
    note.with_lines(&[line]).unwrap()
}

fn state(answer: &Json, statement: &str) -> (String, String) {
    let statements = answer["statements"].as_array().unwrap();
    let found = statements.iter().find(|one| one["name"] == statement);
    let word = |key: &str| found.unwrap()[key].as_str().unwrap().to_owned();
    (word("state"), word("detail"))
}

#[test]
fn an_event_is_proven_by_the_first_days_head_that_has_it() {
    let (province, [first, second]) = Province::stored();
    for (event, witnessed) in [(first, "2026-10-18T"), (second, "2026-10-19T")] {
        province.prove(&["event", &event.id().to_string()], "event.tlog-proof");
        let (exit, answer) = province.verify("event.tlog-proof", &[]);
        assert_eq!(
            (exit, &answer["verdict"]),
            (0, &"proven".into()),
            "{answer}"
        );
        assert_eq!(answer["event"], event.id().to_string());
        let told = answer["witnessed"].as_str().unwrap();
        assert!(told.starts_with(witnessed), "{told}");
    }
    // The same proof for another event.
    province.write("other.cose", province.leaves[2].as_slice());
    let (exit, answer) = province.verify("event.tlog-proof", &["--event", "other.cose"]);
    assert_eq!(exit, 6);
    assert_eq!(state(&answer, "included").1, "not_in_log");
}

#[test]
fn a_bundle_says_what_is_not_proven_by_its_exit_code() {
    let (province, _) = Province::stored();
    province.prove(&["bundle", "t/38C57RHV2"], "code.bundle");
    let (exit, answer) = province.verify("code.bundle", &[]);
    assert_eq!((exit, &answer["state"]), (5, &"unknown_code".into()));
    assert_eq!(state(&answer, "complete"), ("proven".into(), String::new()));
    assert_eq!(
        state(&answer, "code"),
        ("not_proven".into(), "absent".into())
    );
    let mut bytes = std::fs::read(province.path("code.bundle")).unwrap();
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    province.write("changed.bundle", &bytes);
    let (exit, _) = province.verify("changed.bundle", &[]);
    assert!([6, 7].contains(&exit), "{exit}");
}

#[test]
fn an_exported_ledger_is_replayed_and_a_changed_one_contradicted() {
    let (province, _) = Province::stored();
    province.prove(&["ledger"], "whole.ocop-ledger");
    let (exit, answer) = province.verify("whole.ocop-ledger", &[]);
    assert_eq!((exit, &answer["leaves"]), (0, &5.into()), "{answer}");
    assert_eq!(answer["map_heads"], 2);
    let bytes = std::fs::read(province.path("whole.ocop-ledger")).unwrap();
    let short = &bytes[..bytes.len() - 1];
    province.write("short", short);
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    province.write("changed", &changed);
    province.write("longer", &[bytes.as_slice(), &[0, 1, 7]].concat());
    for (file, root) in [
        ("short", "other_size"),
        ("changed", "other_root"),
        ("longer", "other_size"),
    ] {
        let (exit, answer) = province.verify(file, &[]);
        assert_eq!(
            (exit, state(&answer, "root").1.as_str()),
            (6, root),
            "{file}"
        );
        assert_eq!(answer["is_evidence"], false);
    }
}

#[test]
fn a_log_that_breaks_its_rules_is_evidence_against_who_signed_it() {
    let (mut province, _) = Province::stored();
    let head = Body {
        size: Some(province.replica.size().0),
        root: Some(Hash([7; 32])),
        ..Body::new(Kind::MapHead)
    };
    let head = province.sign(3, head, TODAY);
    province.log(&head);
    let note = cosigned(&signed(&province.replica, province.replica.root()), TODAY);
    let mut file = ledger_core::export::head_bytes(&note).unwrap();
    for leaf in &province.leaves {
        file.extend(ledger_core::export::leaf_bytes(leaf).unwrap());
    }
    province.write("false.ocop-ledger", &file);
    let (exit, answer) = province.verify("false.ocop-ledger", &[]);
    assert_eq!((exit, &answer["is_evidence"]), (6, &true.into()));
    assert_eq!(state(&answer, "root").0, "proven");
    assert_eq!(state(&answer, "map_heads").1, "other_map");
    // The node's own folder never proves from such a log.
    province.write("checkpoint.cosigned", note.to_text().as_bytes());
    province.write("log.seg", &encode_records(&province.leaves).unwrap());
    assert_eq!(
        province
            .node(&["prove", "ledger", "--out", "x"])
            .status
            .code(),
        Some(3)
    );
}

#[test]
fn accusations_hold_or_do_not() {
    let (province, _) = Province::stored();
    let pair = ["LO-8", "LO-9"].map(|lot| province.sign(2, recall(lot), TODAY));
    province.write("a.cose", pair[0].bytes());
    province.write("b.cose", pair[1].bytes());
    province.prove(&["fork", "a.cose", "b.cose"], "fork.evidence");
    let (exit, answer) = province.verify("fork.evidence", &[]);
    assert_eq!((exit, &answer["holds"]), (0, &true.into()), "{answer}");
    province.prove(&["fork", "a.cose", "a.cose"], "twice.evidence");
    let (exit, answer) = province.verify("twice.evidence", &[]);
    assert_eq!(
        (exit, state(&answer, "different").1.as_str()),
        (6, "same_statement")
    );

    let other = signed(&province.replica, Hash([7; 32]));
    province.write("other.note", other.to_text().as_bytes());
    province.prove(&["heads", "other.note", "checkpoint"], "heads.evidence");
    let (exit, answer) = province.verify("heads.evidence", &[]);
    assert_eq!((exit, &answer["evidence"]), (0, &"heads".into()));
    province.prove(
        &["heads", "checkpoint", "heads/2026-10-18"],
        "growing.evidence",
    );
    let (exit, answer) = province.verify("growing.evidence", &[]);
    assert_eq!(
        (exit, state(&answer, "contradiction").1.as_str()),
        (6, "consistent")
    );
}

#[test]
fn an_event_that_two_members_saw_and_the_log_never_took_is_shown_by_their_receipts() {
    let mut province = Province::new();
    let [writer, ..] = ["ORG-1", "ORG-2", "ORG-3"].map(|id| province.admit(id));
    let product = Body {
        id: Some(Number("SP-1".to_owned())),
        name: Some(Sealable::Text("Xoài mẫu".to_owned())),
        unit: Some(Text("kg".to_owned())),
        ..Body::new(Kind::Product)
    };
    let (org, id) = (OrgId::new("ORG-1").unwrap(), province.replica.ledger_id());
    let (occurred, signed) = (time(TODAY), time(TODAY));
    let draft = Draft {
        occurred,
        signed,
        body: product,
    };
    let event = draft.sign(&writer, &id, &org, Link::first(&id));
    province.write("event.cose", event.bytes());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (_, head) = province.day("LO-1", since.as_secs() + 2 * 86_400);
    province.store(&head);
    for org in ["ORG-2", "ORG-3"] {
        province.prove(
            &["seen", "event.cose", "--org", org],
            &format!("{org}.receipt"),
        );
    }
    let withheld = ["withheld", "event.cose", "ORG-2.receipt"];
    province.prove(
        &[&withheld[..], &["ORG-3.receipt"]].concat(),
        "two.evidence",
    );
    let (exit, answer) = province.verify("two.evidence", &[]);
    assert_eq!((exit, &answer["holds"]), (0, &true.into()), "{answer}");
    province.prove(&withheld, "one.evidence");
    let (exit, answer) = province.verify("one.evidence", &[]);
    assert_eq!((exit, state(&answer, "seen").1.as_str()), (5, "too_few"));
    // Three days are asked for, and the head is two days later.
    let patient = [&withheld[..], &["ORG-3.receipt", "--delay", "259200"]].concat();
    province.prove(&patient, "patient.evidence");
    let (exit, answer) = province.verify("patient.evidence", &[]);
    assert_eq!((exit, state(&answer, "late").1.as_str()), (5, "too_early"));
    // Whoever has no key of an organisation cannot speak for it.
    let output = province.node(&[
        "prove",
        "seen",
        "event.cose",
        "--org",
        "ORG-9",
        "--out",
        "x",
    ]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn other_exit_codes_tell_whose_fault_it_is() {
    let (province, _) = Province::stored();
    province.write("garbage", b"\xa1afx");
    assert_eq!(province.verify("garbage", &[]).0, 7);
    assert_eq!(province.verify("nowhere", &[]).0, 1);
    province.prove(&["ledger"], "whole.ocop-ledger");
    province.write("anchor.bad", b"no anchor");
    let output = province.node(&["verify", "whole.ocop-ledger", "--anchor", "anchor.bad"]);
    assert_eq!(output.status.code(), Some(2));
    let unknown = "00".repeat(32);
    let output = province.node(&["prove", "event", &unknown, "--out", "x"]);
    assert_eq!(output.status.code(), Some(5));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.starts_with("Việc này không có trong phần sổ"),
        "{words}"
    );
    assert!(!province.path("x").exists());
}
