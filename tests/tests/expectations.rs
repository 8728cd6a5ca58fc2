//! The sample's own expectations: what a page must say of every finished batch on the day of the demonstration.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;

use ledger_core::family::{Creations, Fact, Handover, resolve};
use ledger_core::ids::LeafIndex;
use ledger_core::lot::{LotHistory, LotState};
use ledger_core::sign::Envelope;
use ledger_core::verify::{Proof, Statement, verify};
use tests::inprocess::{InProcess, sample_folder};
use tests::sample::{BUSINESS_DATE, Expectation, Sample};

fn sample() -> Sample {
    Sample::load(&sample_folder()).unwrap()
}

/// The history in the words of `expectations.csv`.
fn told(sample: &Sample, row: &Expectation, history: &LotHistory) -> Expectation {
    let batches: Vec<String> = sample.batch_ids().map(str::to_owned).collect();
    let is_ancestor = |id: &&String| history.ancestors.contains(sample.lot(id).unwrap());
    Expectation {
        batch_id: row.batch_id.clone(),
        product_id: history
            .product
            .as_ref()
            .map_or("", |product| product.number())
            .to_owned(),
        recalled: history.state == LotState::Recalled,
        notices: history
            .notices
            .iter()
            .map(|notice| notice.code().to_owned())
            .collect(),
        ancestors: batches.iter().filter(is_ancestor).cloned().collect(),
        source_places: history
            .sources
            .iter()
            .map(|place| place.number().to_owned())
            .collect(),
        organisations: history
            .organisations
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

fn check(sample: &Sample, row: &Expectation, facts: &[Fact<'_>]) {
    let creations = Creations::of(facts);
    for code in sample.codes(&row.batch_id) {
        let lot = resolve(&code, facts, &creations);
        assert_eq!(
            lot.as_ref(),
            sample.lot(&row.batch_id),
            "{}",
            code.canonical()
        );
    }
    let history = LotHistory::trace(facts, sample.lot(&row.batch_id).unwrap(), BUSINESS_DATE);
    assert_eq!(told(sample, row, &history), *row);
    assert_eq!(
        history.ancestors.len(),
        row.ancestors.len(),
        "{}",
        row.batch_id
    );
    assert_eq!(history.fault, None, "{}", row.batch_id);
    assert_ne!(history.state, LotState::Held, "{}", row.batch_id);
}

#[test]
fn every_finished_batch_reads_as_expected_from_the_whole_log() {
    let sample = sample();
    let ledger = InProcess::with_sample(&sample).unwrap();
    assert_eq!(sample.expectations().len(), 13);
    for row in sample.expectations() {
        assert!(!sample.codes(&row.batch_id).is_empty(), "{}", row.batch_id);
        check(&sample, row, &ledger.facts());
    }
}

/// A phone sees nothing but the bundle; it must come to the same answer.
#[test]
fn every_finished_batch_reads_as_expected_from_its_bundle() {
    let sample = sample();
    let mut ledger = InProcess::with_sample(&sample).unwrap();
    let checkpoint = ledger.publish(1_792_386_000).unwrap();
    for row in sample.expectations() {
        for code in sample.codes(&row.batch_id) {
            let bundle = ledger.bundle(&checkpoint, &code).unwrap();
            let event = |(index, bytes): &(LeafIndex, Vec<u8>)| {
                let envelope = Envelope::parse(bytes).unwrap();
                (
                    *index,
                    envelope.verify(&ledger.replica.ledger_id()).unwrap(),
                )
            };
            let events: Vec<_> = bundle.events.iter().map(event).collect();
            let facts = events.iter().map(|(index, event)| Fact {
                index: *index,
                event,
            });
            let facts: Vec<Fact<'_>> = facts.collect();
            check(&sample, row, &facts);
        }
    }
}

/// What a phone states of each bundle: everything that a green state needs is proven; a giver's silence shows.
#[test]
fn every_bundle_is_confirmed() {
    let sample = sample();
    let mut ledger = InProcess::with_sample(&sample).unwrap();
    let published_at = 1_792_386_000;
    let checkpoint = ledger.publish(published_at).unwrap();
    for row in sample.expectations() {
        for code in sample.codes(&row.batch_id) {
            let bundle = ledger.bundle(&checkpoint, &code).unwrap().encode();
            let verdict = verify(&bundle, ledger.anchor(), published_at + 60).unwrap();
            assert!(
                verdict.is_confirmed(),
                "{}: {:?}",
                row.batch_id,
                verdict.statements
            );
            assert_eq!(
                verdict.proof(Statement::Openings),
                Some(Proof::Proven),
                "{}",
                row.batch_id
            );
            let is_silent = ["B-0204", "B-0304"].contains(&row.batch_id.as_str());
            let handover = verdict.proof(Statement::Handover);
            assert_eq!(
                handover != Some(Proof::Proven),
                is_silent,
                "{}",
                row.batch_id
            );
        }
    }
}

fn handovers(story: &str) -> BTreeSet<(String, String, bool)> {
    let sample = sample();
    let ledger = InProcess::with_sample(&sample).unwrap();
    let facts = ledger.facts();
    let history = LotHistory::trace(&facts, sample.lot(story).unwrap(), BUSINESS_DATE);
    let words = |step: &Handover| {
        (
            step.lot.to_string(),
            step.receiver.to_string(),
            step.confirmed,
        )
    };
    history.handovers.iter().map(words).collect()
}

#[test]
fn a_handover_is_confirmed_by_the_giver_or_not_at_all() {
    let step = |lot: &str, to: &str, confirmed| (lot.to_owned(), to.to_owned(), confirmed);
    let b_0101 = step("ORG-01/XCC-261012-A", "ORG-08", true);
    let b_0201 = step("ORG-01/XCC-260402-B", "ORG-08", false);
    let b_0301 = step("ORG-01/XCC-261014-C", "ORG-08", false);
    let b_1204 = step("ORG-04/GAO-R260312", "ORG-05", true);
    assert_eq!(handovers("B-0105"), BTreeSet::from([b_0101.clone()]));
    assert_eq!(handovers("B-0204"), BTreeSet::from([b_0201]));
    assert_eq!(handovers("B-0304"), BTreeSet::from([b_0101, b_0301]));
    assert_eq!(handovers("B-0803"), BTreeSet::from([b_1204.clone()]));
    assert_eq!(handovers("B-0804"), BTreeSet::from([b_1204]));
    assert_eq!(handovers("B-0904"), BTreeSet::new());
}
