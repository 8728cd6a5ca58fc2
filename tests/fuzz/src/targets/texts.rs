//! The C2SP texts and the anchor: whatever is read is written as exactly the same bytes, and no signature holds for a
//! text that was never signed.

use ed25519_dalek::SigningKey;
use ledger_core::add_checkpoint::AddCheckpoint;
use ledger_core::anchor::Anchor;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::ids::LeafIndex;
use ledger_core::merkle::{consistency_proof, inclusion_proof};
use ledger_core::note::{Note, NoteSigner, SignatureLine};
use ledger_core::policy::Policy;
use ledger_core::tlog_proof::TlogProof;
use ledger_core::vkey::{KeyName, Verifier};

use crate::world::{Head, signed_by_log, world};

/// Runs `read` on UTF-8 bytes; others are nobody's text.
fn with_text(bytes: &[u8], read: impl FnOnce(&str) -> bool) -> bool {
    std::str::from_utf8(bytes).is_ok_and(read)
}

fn head_notes() -> Vec<Vec<u8>> {
    world()
        .heads
        .iter()
        .map(|head| head.note.clone().into_bytes())
        .collect()
}

/// The texts that our keys have signed.
fn is_honest(text: &str) -> bool {
    world().heads.iter().any(|head| {
        head.note
            .split_once("\n\n")
            .is_some_and(|(signed, _)| signed == text.trim_end())
    })
}

pub(super) fn note(bytes: &[u8]) -> bool {
    let Ok(note) = Note::parse(bytes) else {
        return false;
    };
    assert_eq!(note.to_text().as_bytes(), bytes);
    assert_eq!(
        Note::new(note.text().to_owned(), note.lines().to_vec()).as_ref(),
        Ok(&note)
    );
    let policy = world().anchor.policy();
    let keys: Vec<&Verifier> = policy
        .logs()
        .iter()
        .map(|log| log.verifier())
        .chain(policy.witnesses().map(|(_, key)| key))
        .collect();
    if note.verify(&keys).is_ok() {
        assert!(
            is_honest(note.text()),
            "a signature holds for a text that nobody signed"
        );
        let own = note.only_by(&keys).expect("at least the line that held");
        assert_eq!(
            own.verify(&keys).map(|held| held.len()),
            note.verify(&keys).map(|held| held.len())
        );
    }
    if let Ok(evaluation) = policy.evaluate(&note) {
        assert!(is_honest(note.text()));
        assert_eq!(evaluation.checkpoint().to_text(), note.text());
    }
    true
}

pub(super) fn notes() -> Vec<Vec<u8>> {
    let ml_dsa = format!("\u{2014} w.example/mldsa {}\n", "BgYGBgAA".repeat(404));
    let mixed = world().heads[0].note.clone() + &ml_dsa;
    [
        head_notes(),
        vec![mixed.into_bytes(), "a\n\nb\n\n\u{2014} n AAAAAAA=\n".into()],
    ]
    .concat()
}

pub(super) fn vkey(bytes: &[u8]) -> bool {
    with_text(bytes, |text| {
        let read = text.parse::<Verifier>();
        if let Ok(verifier) = &read {
            assert_eq!(verifier.to_string(), text);
            assert_eq!(
                Verifier::new(verifier.name().clone(), verifier.kind(), *verifier.key()),
                *verifier
            );
        }
        read.is_ok()
    })
}

pub(super) fn vkeys() -> Vec<Vec<u8>> {
    let policy = world().anchor.policy();
    let logs = policy.logs().iter().map(|log| log.verifier().to_string());
    let witnesses = policy.witnesses().map(|(_, key)| key.to_string());
    logs.chain(witnesses).map(String::into_bytes).collect()
}

pub(super) fn checkpoint(bytes: &[u8]) -> bool {
    with_text(bytes, |text| {
        let read = Checkpoint::parse(text);
        if let Ok(checkpoint) = &read {
            assert_eq!(checkpoint.to_text(), text);
            let again = Checkpoint::new(checkpoint.origin(), checkpoint.size(), checkpoint.root());
            assert_eq!(again.as_ref(), Ok(checkpoint));
        }
        read.is_ok()
    })
}

pub(super) fn checkpoints() -> Vec<Vec<u8>> {
    let text = |head: &Head| {
        crate::world::checkpoint(&head.replica)
            .to_text()
            .into_bytes()
    };
    world().heads.iter().map(text).collect()
}

/// A line: read, printed, and checked over a head by the key that it names.
pub(super) fn cosignature(bytes: &[u8]) -> bool {
    with_text(bytes, |text| {
        let Ok(line) = SignatureLine::parse(text) else {
            return false;
        };
        assert_eq!(line.to_line().trim_end_matches('\n'), text);
        assert_eq!(
            SignatureLine::parse_all(&line.to_line()),
            Ok(vec![line.clone()])
        );
        let head = crate::world::checkpoint(&world().heads[0].replica).to_text();
        let (secret, witness) = stranger();
        let verifier = Cosigner::new(witness, &secret).verifier();
        if let Ok(time) = verifier.verify(&head, line.signature()) {
            assert_eq!(time.map(CosignatureTime::seconds), Some(COSIGNED));
        }
        true
    })
}

const COSIGNED: u64 = 1_700_000_000;

fn stranger() -> (SigningKey, KeyName) {
    (
        SigningKey::from_bytes(&[40; 32]),
        KeyName::new("w.example").expect("a name"),
    )
}

pub(super) fn cosignatures() -> Vec<Vec<u8>> {
    let (secret, name) = stranger();
    let time = CosignatureTime::new(COSIGNED).expect("not zero");
    let head = crate::world::checkpoint(&world().heads[0].replica);
    let line = Cosigner::new(name.clone(), &secret)
        .cosign(&head, time)
        .to_line();
    let log = NoteSigner::new(name, &secret)
        .sign(&head.to_text())
        .to_line();
    [line, log]
        .map(|line| line.trim_end().as_bytes().to_vec())
        .to_vec()
}

pub(super) fn policy(bytes: &[u8]) -> bool {
    with_text(bytes, |text| {
        let Ok(policy) = Policy::parse(text) else {
            return false;
        };
        assert_eq!(policy.text(), text);
        for definition in policy.definitions() {
            let place = policy
                .position(definition.name())
                .expect("each is found by its name");
            assert_eq!(&policy.definitions()[place], definition, "names are unique");
        }
        for head in &world().heads {
            let note = Note::parse(head.note.as_bytes()).expect("our note");
            if let Ok(evaluation) = policy.evaluate(&note) {
                evaluation.quorum();
                assert!(evaluation.cosigned_by().count() <= note.lines().len());
            }
        }
        true
    })
}

pub(super) fn policies() -> Vec<Vec<u8>> {
    let own = world().anchor.policy().text().to_owned();
    let nested = own.replace(
        "quorum validators\n",
        "# nested\ngroup all-of-it all validators\n\tquorum  all-of-it\n",
    );
    vec![
        own.into_bytes(),
        nested.into_bytes(),
        b"quorum none\n".to_vec(),
    ]
}

pub(super) fn anchor(bytes: &[u8]) -> bool {
    with_text(bytes, |text| {
        let Ok(anchor) = Anchor::parse(text) else {
            return false;
        };
        assert_eq!(anchor.text(), text);
        let again = Anchor::new(
            anchor.ledger(),
            anchor.validators(),
            anchor.max_age_seconds(),
            anchor.policy().text(),
        );
        assert_eq!(again.as_ref(), Ok(&anchor), "an anchor has one spelling");
        true
    })
}

pub(super) fn anchors() -> Vec<Vec<u8>> {
    vec![world().anchor.text().as_bytes().to_vec()]
}

pub(super) fn tlog_proof(bytes: &[u8]) -> bool {
    let Ok(proof) = TlogProof::parse(bytes) else {
        return false;
    };
    assert_eq!(proof.to_text().as_bytes(), bytes);
    let policy = world().anchor.policy();
    for (index, leaf) in world().heads[1].replica.tree().leaves().iter().enumerate() {
        if proof.verify(leaf, policy).is_ok() {
            assert_eq!(
                proof.index(),
                LeafIndex(index as u64),
                "proven at another place"
            );
        }
    }
    true
}

pub(super) fn tlog_proofs() -> Vec<Vec<u8>> {
    let Head { note, replica } = &world().heads[1];
    let make = |(index, extra): (u64, Option<Vec<u8>>)| {
        let path =
            inclusion_proof(replica.tree(), LeafIndex(index), replica.size()).expect("a leaf");
        let note = Note::parse(note.as_bytes()).expect("our note");
        TlogProof::new(extra, LeafIndex(index), path, note)
            .expect("a proof")
            .to_text()
            .into_bytes()
    };
    [
        (0, None),
        (3, Some(b"hi".to_vec())),
        (replica.size().0 - 1, None),
    ]
    .map(make)
    .to_vec()
}

pub(super) fn add_checkpoint(bytes: &[u8]) -> bool {
    let Ok(request) = AddCheckpoint::parse(bytes) else {
        return false;
    };
    assert_eq!(request.to_text().as_bytes(), bytes);
    let policy = world().anchor.policy();
    let logs: Vec<&Verifier> = policy.logs().iter().map(|log| log.verifier()).collect();
    let first = &world().heads[0].replica;
    for last in [None, Some((first.size(), first.root()))] {
        if let Ok(checkpoint) = request.check(&logs, last) {
            assert!(
                is_honest(&checkpoint.to_text()),
                "a head that the log did not sign"
            );
            assert_eq!(
                request.old(),
                last.map_or_else(Default::default, |(size, _)| size)
            );
        }
    }
    true
}

pub(super) fn add_checkpoints() -> Vec<Vec<u8>> {
    let [old, new] = [0, 1].map(|at| &world().heads[at].replica);
    let make = |from: &_| {
        let proof = consistency_proof(new.tree(), *from, new.size()).expect("it grew");
        let note = signed_by_log(&crate::world::checkpoint(new));
        AddCheckpoint::new(*from, proof, note)
            .expect("a request")
            .to_text()
            .into_bytes()
    };
    vec![make(&old.size()), make(&Default::default())]
}
