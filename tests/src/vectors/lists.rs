//! Things left out of a bundle, or put elsewhere in it.

use ledger_core::bundle::Bundle;
use ledger_core::ids::LeafIndex;
use ledger_core::kind::Kind;
use ledger_core::sign::Envelope;
use ledger_core::subject::Subject;

use super::Story;
use super::bundle::{events, leave_out, position};

pub fn stories() -> Vec<Story> {
    vec![
        Story::new(
            "left_out_recall",
            "the recall is left out of events and list",
            |base| {
                base.changed("B-0904", |bundle| {
                    let recall = position(bundle, Kind::Recall);
                    leave_out(bundle, recall);
                })
            },
        ),
        Story::new(
            "left_out_event",
            "an event is left out, its list keeps the place",
            |base| {
                base.changed("B-0105", |bundle| {
                    bundle.events.pop();
                })
            },
        ),
        Story::new(
            "left_out_ancestor",
            "the list of an ancestor lot is left out",
            |base| base.changed("B-0105", leave_out_a_lot),
        ),
        Story::new(
            "swapped_events",
            "two events of one device changed places",
            |base| base.changed("B-0105", swap_two_of_one_device),
        ),
        Story::new("surplus_event", "an event that stands in no list", |base| {
            base.changed("B-0105", |bundle| {
                let index = LeafIndex(bundle.head.index.0 - 1);
                bundle.events.push((index, bundle.events[0].1.clone()));
            })
        }),
        Story::new(
            "changed_map_proof",
            "one byte of the map proof is another",
            |base| {
                base.changed("B-0105", |bundle| {
                    let last = bundle.map.len() - 1;
                    bundle.map[last] ^= 1;
                })
            },
        ),
    ]
}

fn leave_out_a_lot(bundle: &mut Bundle) {
    let is_lot = |(subject, _): &(Subject, _)| matches!(subject, Subject::Lot(_));
    let lot = bundle.subjects.iter().position(is_lot);
    lot.map(|at| bundle.subjects.remove(at));
}

fn swap_two_of_one_device(bundle: &mut Bundle) {
    let (a, b) = two_of_one_device(bundle);
    let envelope = bundle.events[a].1.clone();
    bundle.events[a].1 = std::mem::replace(&mut bundle.events[b].1, envelope);
}

fn two_of_one_device(bundle: &Bundle) -> (usize, usize) {
    let all: Vec<(usize, Envelope)> = events(bundle).collect();
    let pairs = all.iter().flat_map(|a| all.iter().map(move |b| (a, b)));
    let same = |((i, a), (j, b)): &(&(usize, Envelope), &(usize, Envelope))| {
        i < j && a.device() == b.device()
    };
    let found = pairs.into_iter().find(same);
    found.map_or_else(
        || unreachable!("some device signed twice"),
        |((i, _), (j, _))| (*i, *j),
    )
}
