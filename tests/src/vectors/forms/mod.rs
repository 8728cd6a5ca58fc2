//! Cases of type `form`: one text or byte string of a public or own format, read or refused. Log and
//! witness are those of the golden values.

mod cbor;
mod codes;
mod genesis;
mod golden;
mod maps;
mod notes;
mod policies;
mod proofs;

use ledger_core::anchor::Anchor;
use ledger_core::code::PrintedCode;
use ledger_core::encode::Value;
use ledger_core::genesis::Genesis;
use ledger_core::ids::Hash;
use ledger_core::map_proof::{Answer, verify_proof};
use ledger_core::merkle::leaf_hash;
use ledger_core::note::Note;
use ledger_core::policy::Policy;
use ledger_core::quorum::{Evaluation, Standing};
use ledger_core::subject::Subject;
use ledger_core::tlog_proof::TlogProof;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::scene::{Scene, cbor as cbor_of};
use super::{Case, Fault, Story};

/// One text or byte string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormCase {
    /// `cbor`, `genesis`, `code`, `policy`, `anchor`, `checkpoint`, `tlog_proof` or `map_proof`.
    pub form: String,
    /// What is read, and what it is held against. Bytes are hex.
    pub given: Json,
    /// Whether it must be refused.
    pub refused: bool,
    /// What it says, where more than its form is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Json>,
}

impl FormCase {
    /// The case; fails when Rust takes what must be refused, or the other way round.
    fn of(form: &str, given: Json, refused: bool) -> Result<FormCase, Fault> {
        let read = read(form, &given);
        if read.is_none() != refused {
            return Err(format!("a {form}: refused {}, and not {refused}", read.is_none()).into());
        }
        Ok(FormCase {
            form: form.to_owned(),
            given,
            refused,
            says: read.filter(|says| !says.is_null()),
        })
    }
}

/// What Rust reads; `None` when it refuses, null when the form is all there is to say.
fn read(form: &str, given: &Json) -> Option<Json> {
    let text = |key: &str| given[key].as_str().unwrap_or_default();
    let bytes = |key: &str| hex::decode(text(key)).unwrap_or_default();
    let formed = |is_formed: bool| is_formed.then_some(Json::Null);
    match form {
        "cbor" => formed(Value::decode(&bytes("bytes")).is_ok()),
        "genesis" => formed(Genesis::decode(&bytes("bytes")).is_ok()),
        "code" => formed(PrintedCode::from_canonical(text("text")).is_ok()),
        "policy" => formed(Policy::parse(text("text")).is_ok()),
        "anchor" => formed(Anchor::parse(text("text")).is_ok()),
        "checkpoint" => {
            let policy = Policy::parse(text("policy")).ok()?;
            let note = Note::parse(text("note").as_bytes()).ok()?;
            Some(told(&policy.evaluate(&note).ok()?))
        }
        "tlog_proof" => {
            let policy = Policy::parse(text("policy")).ok()?;
            let proof = TlogProof::parse(text("proof").as_bytes()).ok()?;
            let leaf = leaf_hash(&bytes("entry"));
            Some(told(&proof.verify(&leaf, &policy).ok()?))
        }
        "map_proof" => map_answers(&bytes("proof"), &bytes("root"), &given["subjects"]),
        _ => None,
    }
}

fn told(evaluation: &Evaluation<'_>) -> Json {
    let checkpoint = evaluation.checkpoint();
    let by: Vec<&str> = evaluation.cosigned_by().map(|(name, ..)| name).collect();
    let times = evaluation.quorum().times();
    json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.size().0,
        "by": by,
        "quorum": matches!(evaluation.quorum(), Standing::Reached(_)),
        "reached": times.map(|times| times.reached.seconds()),
        "renewed": times.map(|times| times.renewed.seconds()),
    })
}

fn map_answers(proof: &[u8], root: &[u8], subjects: &Json) -> Option<Json> {
    let root = Hash(root.try_into().ok()?);
    let subjects = subjects.as_array()?.iter();
    let subjects: Option<Vec<Subject>> = subjects
        .map(|subject| Subject::from_value(&cbor_of(subject)))
        .collect();
    let keys: Vec<_> = subjects?.iter().map(Subject::key).collect();
    let answers = verify_proof(proof, &root, &keys).ok()?;
    let counted = answers.iter().map(|answer| match answer {
        Answer::Present { count, .. } => *count,
        Answer::Absent => 0,
    });
    Some(json!(counted.collect::<Vec<u64>>()))
}

pub fn stories() -> Vec<Story> {
    [
        cbor::cbor(),
        genesis::geneses(),
        codes::codes(),
        policies::policies(),
        policies::anchors(),
        notes::checkpoints(),
        proofs::proofs(),
        maps::map_proofs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn story(form: &'static str, name: &str, shows: &str, given: Json, refused: bool) -> Story {
    Story::new(&format!("{form}_{name}"), shows, move |_| {
        Ok(Case::Form(FormCase::of(form, given, refused)?))
    })
}
