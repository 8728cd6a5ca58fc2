//! Evidence files: each made with a dishonest party, and honest material that never passes for one.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod fork;
mod heads;
mod map_head;
mod material;
mod withheld;

use ledger_core::anchor::Anchor;
use ledger_core::evidence::{Claim, Evidence, EvidenceError, Judgement};
use ledger_core::verify::Proof;

/// Checks a file as a stranger does: from its bytes.
fn judge(evidence: &Evidence, anchor: &Anchor) -> Judgement {
    let bytes = evidence.encode();
    let read = Evidence::decode(&bytes).unwrap();
    assert_eq!(read, *evidence);
    surplus_is_refused(&bytes);
    read.check(anchor)
}

/// Every statement is proven.
fn must_hold(evidence: &Evidence, anchor: &Anchor) -> Judgement {
    let judgement = judge(evidence, anchor);
    assert!(judgement.holds(), "{judgement:#?}");
    judgement
}

/// The accusation does not hold, because of exactly this.
fn must_fail(evidence: &Evidence, anchor: &Anchor, claim: Claim, proof: Proof, detail: &str) {
    let judgement = judge(evidence, anchor);
    assert!(!judgement.holds(), "{judgement:#?}");
    let finding = judgement.finding(claim).unwrap();
    assert_eq!(
        (finding.proof, finding.detail),
        (proof, detail),
        "{judgement:#?}"
    );
}

fn surplus_is_refused(bytes: &[u8]) {
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(Evidence::decode(&bytes[..cut]).is_err());
    }
    let longer = [bytes, &[0]].concat();
    assert!(matches!(
        Evidence::decode(&longer),
        Err(EvidenceError::Cbor(_))
    ));
    // One field more: `"z": null` sorts first of all.
    let mut more = vec![bytes[0] + 1, 0x61, b'z', 0xf6];
    more.extend(&bytes[1..]);
    assert_eq!(Evidence::decode(&more), Err(EvidenceError::Field("fields")));
}
