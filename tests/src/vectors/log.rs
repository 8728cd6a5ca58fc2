//! Cases of type `log`: a genesis, envelopes in the order in which they knock, and what must become of each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger_core::admit::Refusal;
use ledger_core::replica::Replica;
use serde::{Deserialize, Serialize};

use super::Fault;
use super::scene::Scene;

/// A log that is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCase {
    /// Leaf 0, base64.
    pub genesis: String,
    /// What knocks at the door, in order.
    pub steps: Vec<Step>,
    /// Leaves in the end.
    pub size: u64,
    /// Root of the tree in the end, base64.
    pub root: String,
    /// Root of the map in the end, base64.
    pub map_root: String,
}

/// One envelope at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whose device it is; for the reader.
    pub who: String,
    /// The bytes, base64.
    pub envelope: String,
    /// What must become of them.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What becomes of an envelope at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "code", rename_all = "snake_case")]
pub enum Answer {
    /// It takes the next place, in force.
    Logged,
    /// It takes the next place, without effect; the code says why.
    Void(String),
    /// It takes no place; the code says why.
    Refused(String),
    /// It stands in the log already; nothing changes.
    Duplicate,
}

impl Answer {
    /// Whether the envelope becomes a leaf.
    pub fn takes_a_place(&self) -> bool {
        matches!(self, Answer::Logged | Answer::Void(_))
    }
}

impl Step {
    /// The envelope.
    pub fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.envelope).unwrap_or_default()
    }
}

impl LogCase {
    /// The case of a scene; fails when Rust answers otherwise than the scene says.
    pub fn of(scene: &Scene) -> Result<LogCase, Fault> {
        let mut replica = Replica::new(&scene.genesis)?;
        for (n, step) in scene.steps.iter().enumerate() {
            let answer = knock(&mut replica, &step.bytes())?;
            if answer != step.answer {
                let (who, said) = (&step.who, &step.answer);
                return Err(format!("step {n} of {who}: {answer:?}, and not {said:?}").into());
            }
        }
        Ok(LogCase {
            genesis: STANDARD.encode(&scene.genesis),
            steps: scene.steps.clone(),
            size: replica.size().0,
            root: replica.root().to_base64(),
            map_root: replica.map_root().to_base64(),
        })
    }
}

/// What Rust makes of an envelope.
pub fn knock(replica: &mut Replica, envelope: &[u8]) -> Result<Answer, Fault> {
    match replica.check(envelope) {
        Ok(admitted) => {
            let logged = replica.append(admitted)?;
            let void = logged
                .void
                .map(|reason| Answer::Void(reason.code().to_owned()));
            Ok(void.unwrap_or(Answer::Logged))
        }
        Err(Refusal::Duplicate(_)) => Ok(Answer::Duplicate),
        Err(refusal) => Ok(Answer::Refused(refusal.code().to_owned())),
    }
}
