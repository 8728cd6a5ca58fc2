//! A C2SP tlog-proof: that one event stands in the log, and by when it did.

use ledger_core::anchor::Anchor;
use ledger_core::ids::EventId;
use ledger_core::quorum::Standing;
use ledger_core::sign::{Envelope, event_id};
use ledger_core::tlog_proof::{TlogProof, TlogProofError};
use ledger_core::verify::Finding;
use ledger_core::verify::words::{Stated, Words};
use serde_json::json;

use super::super::CommandError;
use super::report::{Report, time};
use super::unreadable;

/// What is stated about one event.
#[derive(Clone, Copy)]
enum Single {
    Signed,
    Included,
    Witnessed,
}

impl Stated for Single {
    fn name(self) -> &'static str {
        match self {
            Single::Signed => "signed",
            Single::Included => "included",
            Single::Witnessed => "witnessed",
        }
    }

    fn words(self) -> Words {
        let (vi, en) = match self {
            Single::Signed => (
                "Chữ ký của việc đúng, thuộc đúng sổ này",
                "the event's signature holds for this ledger",
            ),
            Single::Included => (
                "Việc nằm trong sổ mà khóa của sổ đã ký",
                "the event stands in the log that its key signed",
            ),
            Single::Witnessed => (
                "Đủ đơn vị cùng xác nhận bản chốt",
                "the quorum confirmed it",
            ),
        };
        Words { vi, en }
    }
}

/// The event is what is brought beside the proof, or its extra data.
pub(super) fn judge(
    bytes: &[u8],
    event: Option<Vec<u8>>,
    anchor: &Anchor,
) -> Result<Report, CommandError> {
    let proof = TlogProof::parse(bytes).map_err(unreadable)?;
    let envelope = event.or_else(|| proof.extra().map(<[u8]>::to_vec));
    let envelope =
        envelope.ok_or_else(|| unreadable("the proof has no event; name it with --event"))?;
    let id = event_id(&envelope);
    let evaluation = proof.verify(&id.0, anchor.policy());
    let included = match &evaluation {
        Ok(evaluation) => Finding::proven(Single::Included).by([evaluation.checkpoint().origin()]),
        Err(TlogProofError::Inclusion(_)) => Finding::contradicted(Single::Included, "not_in_log"),
        Err(_) => Finding::contradicted(Single::Included, "not_by_log"),
    };
    let quorum = evaluation
        .as_ref()
        .ok()
        .map(|evaluation| evaluation.quorum());
    let mut witnessed = match quorum {
        Some(Standing::Reached(_)) => Finding::proven(Single::Witnessed),
        Some(Standing::NotReached { .. }) => Finding::lacking(Single::Witnessed, "too_few"),
        Some(Standing::NotRequired) => Finding::lacking(Single::Witnessed, "no_quorum_asked"),
        None => Finding::lacking(Single::Witnessed, "no_checkpoint"),
    };
    if let Ok(evaluation) = &evaluation {
        witnessed = witnessed.by(evaluation.cosigned_by().map(|(name, ..)| name));
    }
    let reached = quorum.and_then(|quorum| quorum.times());
    let reached = reached.map(|times| times.reached.seconds());
    witnessed.as_of = reached;
    let mut report = Report::new("tlog_proof");
    report.state(&[signed(&envelope, anchor), included, witnessed], |_| true);
    tell(&mut report, id, &proof, reached);
    Ok(report)
}

fn signed(envelope: &[u8], anchor: &Anchor) -> Finding<Single> {
    match Envelope::parse(envelope) {
        Err(_) => Finding::contradicted(Single::Signed, "malformed"),
        Ok(read) => {
            let by = read.iss().to_string();
            let holds = read.verify(&anchor.ledger()).is_ok();
            Finding::proven_if(Single::Signed, holds, "bad_signature").by([by])
        }
    }
}

fn tell(report: &mut Report, id: EventId, proof: &TlogProof, reached: Option<u64>) {
    report.fact("event", json!(id.to_string()));
    report.fact("index", json!(proof.index().0));
    report.fact("witnessed", json!(reached.map(time)));
    report.say(format!("Việc (event) {id} ở mục (leaf) {}", proof.index()));
    if let Some(reached) = reached {
        report.say(format!(
            "Được xác nhận chậm nhất lúc (witnessed no later than): {}",
            time(reached)
        ));
    }
}
