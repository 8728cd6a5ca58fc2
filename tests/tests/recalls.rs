//! No bundle of an affected lot, or of what was made of it, can leave a recall out: each kind of recall, each way.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ledger_core::bundle::Bundle;
use ledger_core::verify::{Proof, Statement, Verdict, verify};
use tests::vectors::lots::recalls::{KINDS, Recalled, WAYS};

/// An hour after the head was cosigned.
const NOW: u64 = 1_792_378_800 + 3_600;

fn verdict(story: &Recalled, bundle: &Bundle) -> Verdict {
    verify(&bundle.encode(), story.anchor(), NOW).unwrap()
}

#[test]
fn every_kind_of_recall_reaches_the_lot_and_what_was_made_of_it() {
    for (kind, recall) in KINDS {
        for descendant in [false, true] {
            let story = Recalled::of(recall(), descendant).unwrap();
            let told = verdict(&story, &story.honest);
            assert_eq!(told.state.word(), "recalled", "{kind} {descendant}");
            assert!(
                told.is_confirmed(),
                "{kind} {descendant}: {:?}",
                told.statements
            );
            let before = verdict(&story, &story.older);
            assert_eq!(
                before.state.word(),
                "recorded",
                "{kind} {descendant}: before it"
            );
        }
    }
}

#[test]
fn no_way_of_leaving_it_out_stays_green() {
    for (kind, recall) in KINDS {
        for descendant in [false, true] {
            let mut story = Recalled::of(recall(), descendant).unwrap();
            for (way, leave_out) in WAYS {
                let bundle = leave_out(&mut story).unwrap();
                let told = verdict(&story, &bundle);
                let what = format!("{kind} {descendant} {way}: {:?}", told.statements);
                assert!(!told.is_confirmed(), "{what}");
                assert!(
                    ["unconfirmed", "recalled"].contains(&told.state.word()),
                    "{what}"
                );
                let contradicted = [
                    Statement::Complete,
                    Statement::MapHead,
                    Statement::Members,
                    Statement::Signatures,
                ];
                assert!(
                    contradicted
                        .iter()
                        .any(|name| told.proof(*name) == Some(Proof::Contradicted)),
                    "{what}"
                );
            }
        }
    }
}
