//! Map proofs (section 10).

use ledger_core::subject::Subject;
use serde_json::{Value as Json, json};

use super::super::kinds::{FARM, harvested};
use super::super::scene::cbor;
use super::{Case, FormCase, Story};

/// One proof for a lot, a field and a code that is bound to nothing.
pub fn map_proofs() -> Vec<Story> {
    let told = |name: &str,
                shows: &str,
                refused: bool,
                change: fn(&mut Vec<u8>, &mut Vec<Json>)| {
        Story::new(&format!("map_proof_{name}"), shows, move |_| {
            let mut replica = harvested().replica()?;
            let asked = [
                json!(["lot", FARM, "L1"]),
                json!(["field", FARM, "T1", 2026]),
                json!(["code", "t/222222222"]),
            ];
            let mut subjects = asked.to_vec();
            let keys: Option<Vec<_>> = asked
                .iter()
                .map(|subject| Some(Subject::from_value(&cbor(subject))?.key()))
                .collect();
            let root = replica.map_root();
            let mut proof = replica.map().prove(&keys.ok_or("a subject is none")?)?;
            change(&mut proof, &mut subjects);
            let given = json!({"root": hex::encode(root.0), "proof": hex::encode(proof), "subjects": subjects});
            Ok(Case::Form(FormCase::of("map_proof", given, refused)?))
        })
    };
    vec![
        told(
            "good",
            "two lists and an absence in one proof",
            false,
            |_, _| (),
        ),
        told(
            "for_other_keys",
            "a proof that was not made for what is asked",
            true,
            |_, subjects| subjects[0] = json!(["lot", FARM, "L2"]),
        ),
        told(
            "of_more_than_is_asked",
            "a proof that opens what nobody asked for",
            true,
            |_, subjects| drop(subjects.remove(0)),
        ),
        told("changed", "one bit is another", true, |proof, _| {
            let last = proof.len() - 1;
            proof[last] ^= 1;
        }),
        told("cut_short", "the last byte is missing", true, |proof, _| {
            proof.truncate(proof.len() - 1)
        }),
        told(
            "byte_behind",
            "a byte behind the proof",
            true,
            |proof, _| proof.push(0),
        ),
        told(
            "unknown_node",
            "a node of another kind",
            true,
            |proof, _| proof[0] = 4,
        ),
        told(
            "hidden_behind_empty",
            "the whole map as an empty one",
            true,
            |proof, _| *proof = vec![0],
        ),
    ]
}
