//! Two heads that contradict each other.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::evidence::{Claim, Evidence, Heads};
use ledger_core::ids::Hash;
use ledger_core::merkle::prefix_proof;
use ledger_core::note::{Note, NoteSigner};
use ledger_core::verify::Proof;
use ledger_core::vkey::KeyName;
use tests::inprocess::{InProcess, ORIGIN, cosigned, fixed_key};

use super::material::{GROWER, NOW, harvest, ledger, log};
use super::{must_fail, must_hold};

/// The head of the log as it stands, cosigned by these.
fn head(ledger: &InProcess, by: &[&str], seconds: u64) -> Note {
    cosigned(&ledger.checkpoint().unwrap(), by, seconds).unwrap()
}

/// What somebody makes who was shown both heads and can read the tree of the larger.
fn evidence(small: &Note, large: &Note, tree: &InProcess) -> Heads {
    let size = Checkpoint::of(small).unwrap().size();
    let large_size = Checkpoint::of(large).unwrap().size();
    Heads {
        notes: [small.to_text(), large.to_text()],
        proof: prefix_proof(tree.replica.tree(), size, large_size).unwrap(),
    }
}

/// Two logs under one key that part at the last leaf of the first.
fn two_faced(more: usize) -> [InProcess; 2] {
    let (mut small, mut large) = (ledger(), ledger());
    log(&mut small, GROWER, harvest("A-1"), NOW);
    log(&mut large, GROWER, harvest("B-1"), NOW);
    for n in 0..more {
        log(&mut large, GROWER, harvest(&format!("C-{n}")), NOW);
    }
    [small, large]
}

#[test]
fn one_size_and_two_roots_convict_the_log_and_who_cosigned_both() {
    let [small, large] = two_faced(0);
    let first = head(&small, &["ORG-01", "ORG-03", "ORG-04", "ORG-06"], NOW);
    let second = head(&large, &["ORG-06", "ORG-08", "ORG-09"], NOW + 1);
    let heads = Evidence::Heads(evidence(&first, &second, &large));
    let judgement = must_hold(&heads, small.anchor());
    let by = &judgement.finding(Claim::Contradiction).unwrap().by;
    assert_eq!(*by, [ORIGIN, "org-06"]);
}

#[test]
fn a_smaller_head_that_is_no_beginning_of_a_larger_convicts_the_log() {
    for more in 1..6 {
        let [small, large] = two_faced(more);
        let heads = evidence(&head(&small, &[], NOW), &head(&large, &[], NOW), &large);
        must_hold(&Evidence::Heads(heads), small.anchor());
    }
}

#[test]
fn heads_of_a_growing_log_never_contradict_each_other() {
    let mut ledger = ledger();
    let mut heads = vec![head(&ledger, &[], NOW)];
    for n in 0..5 {
        log(&mut ledger, GROWER, harvest(&format!("A-{n}")), NOW);
        heads.push(head(&ledger, &[], NOW));
    }
    for (n, small) in heads.iter().enumerate() {
        for large in &heads[n..] {
            let heads = Evidence::Heads(evidence(small, large, &ledger));
            let consistent = (Claim::Contradiction, Proof::Contradicted, "consistent");
            let (claim, proof, detail) = consistent;
            must_fail(&heads, ledger.anchor(), claim, proof, detail);
        }
    }
}

#[test]
fn one_head_cosigned_again_is_one_head() {
    let ledger = ledger();
    let first = head(&ledger, &["ORG-01"], NOW);
    let again = head(&ledger, &["ORG-01", "ORG-03"], NOW + 9);
    let heads = Evidence::Heads(evidence(&first, &again, &ledger));
    let (claim, proof) = (Claim::Contradiction, Proof::Contradicted);
    must_fail(&heads, ledger.anchor(), claim, proof, "consistent");
}

#[test]
fn a_proof_that_leads_elsewhere_convicts_nobody() {
    let [small, large] = two_faced(3);
    let good = evidence(&head(&small, &[], NOW), &head(&large, &[], NOW), &large);
    let mut changed = vec![good.clone(); 4];
    changed[0].proof[0] = Hash([7; 32]);
    changed[1].proof.push(Hash([7; 32]));
    changed[2].proof.pop();
    changed[3].notes.swap(0, 1);
    for heads in changed {
        let (claim, proof) = (Claim::Contradiction, Proof::Contradicted);
        let heads = Evidence::Heads(heads);
        must_fail(&heads, small.anchor(), claim, proof, "bad_proof");
    }
}

#[test]
fn a_head_that_somebody_else_signed_in_the_logs_name_convicts_nobody() {
    let [small, large] = two_faced(0);
    let stranger = fixed_key("stranger");
    let signer = NoteSigner::new(KeyName::new(ORIGIN).unwrap(), &stranger);
    let forged = Checkpoint::of(&large.checkpoint().unwrap()).unwrap();
    let forged = forged.sign(&signer).unwrap();
    let heads = Evidence::Heads(evidence(&head(&small, &[], NOW), &forged, &large));
    let (claim, proof) = (Claim::Signed, Proof::Contradicted);
    must_fail(&heads, small.anchor(), claim, proof, "not_by_log");
    let mut nonsense = evidence(&head(&small, &[], NOW), &head(&large, &[], NOW), &large);
    nonsense.notes[1] = "no note\n".to_owned();
    let heads = Evidence::Heads(nonsense);
    must_fail(&heads, small.anchor(), claim, proof, "malformed_note");
}
