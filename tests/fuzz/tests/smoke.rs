//! Every target on every machine: the good inputs, the committed corpus, and a bounded number of changed inputs,
//! the same ones each time. The long runs with coverage are `run`'s (README).

use fuzz::mutate::{Numbers, mutate};
use fuzz::{TARGETS, Target, corpus};

/// Runs one target; answers how many changed inputs were accepted and how many refused.
fn smoke(target: &Target) -> (usize, usize) {
    let seeds = (target.seeds)();
    let corpus = corpus::read(target.name).expect("each target has a corpus file");
    let all: Vec<Vec<u8>> = seeds.iter().cloned().chain(corpus).collect();
    for input in &all {
        (target.run)(input);
    }
    let mut numbers = Numbers::of(target.name);
    let accepted = (0..target.smoke_runs).filter(|run| {
        // Every second one from the good inputs: most of the corpus is there for how it is refused.
        let inputs = if run % 2 == 0 { &seeds } else { &all };
        let input = &inputs[numbers.below(inputs.len())];
        let other = &all[numbers.below(all.len())];
        (target.run)(&mutate(input, other, &mut numbers))
    });
    let accepted = accepted.count();
    (accepted, target.smoke_runs - accepted)
}

#[test]
fn every_target_holds_for_its_corpus_and_for_changed_inputs() {
    for target in TARGETS {
        let (accepted, refused) = smoke(target);
        println!(
            "{:16} {accepted:5} accepted {refused:5} refused",
            target.name
        );
        assert!(
            refused > 0,
            "{}: a target that refuses nothing tests nothing",
            target.name
        );
    }
}

#[test]
fn every_good_input_is_accepted() {
    for target in TARGETS {
        let accepted = (target.seeds)()
            .iter()
            .filter(|seed| (target.run)(seed))
            .count();
        assert!(
            accepted > 0,
            "{}: none of its good inputs is accepted",
            target.name
        );
    }
}

#[test]
fn the_same_name_gives_the_same_inputs() {
    let three = |name| {
        let mut numbers = Numbers::of(name);
        [(); 3].map(|()| mutate(b"tile/0/000", b"tile/entries/001", &mut numbers))
    };
    assert_eq!(three("note"), three("note"));
    assert_ne!(three("note"), three("cbor"));
}
