//! Labels: no more than the lot has units.

use std::collections::BTreeSet;

use ledger_core::body::{Body, Fix, Serials};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use proptest::prelude::*;

use super::book::{Book, GROWER, about, correct, harvest, kg, output, step, used};

const TOO_MANY: &str = "VUOT_SO_TEM";

fn boxes(count: u64) -> Quantity {
    Quantity::new(count, 0, Unit::Box).unwrap()
}

/// A lot of so many boxes.
fn packed(count: u64) -> Book {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("RAW", 1_000));
    let mut lot = output("LOT", 0);
    lot.qty = boxes(count);
    let body = Body {
        outputs: Some(vec![lot]),
        ..step(Kind::Pack, &[("RAW", 1_000)], &[])
    };
    book.say(GROWER, "2026-05-02", body);
    book
}

fn label(count: Option<u64>, serials: Option<(u64, u64)>) -> Body {
    Body {
        count,
        serials: serials.map(|(first, last)| Serials { first, last }),
        ..about(Kind::Label, "LOT", None)
    }
}

fn says_too_many(book: &Book) -> bool {
    book.notices("LOT").contains(&TOO_MANY)
}

#[test]
fn two_in_a_hundred_labels_may_be_spoiled() {
    let mut book = packed(100);
    book.say(GROWER, "2026-05-03", label(Some(100), None));
    book.say(GROWER, "2026-05-03", label(Some(2), None));
    assert!(!says_too_many(&book));
    let one = book.say(GROWER, "2026-05-03", label(Some(1), None));
    assert!(says_too_many(&book));
    book.say(GROWER, "2026-05-04", correct(one, Fix::Count(0)));
    assert!(!says_too_many(&book));
}

#[test]
fn units_come_from_pieces_or_from_weight_and_content() {
    let most = |qty: Quantity, net: Option<Quantity>| {
        (1..400u64).rev().find(|count| {
            let mut book = Book::default();
            let mut lot = output("LOT", 0);
            (lot.qty, lot.net) = (qty, net);
            let body = Body {
                outputs: Some(vec![lot]),
                ..harvest("LOT", 0)
            };
            book.say(GROWER, "2026-05-01", body);
            book.say(GROWER, "2026-05-02", label(Some(*count), None));
            !says_too_many(&book)
        })
    };
    let pieces = |count| Quantity::new(count, 0, Unit::Piece).unwrap();
    assert_eq!(most(boxes(50), None), Some(51));
    assert_eq!(most(boxes(50), Some(kg(5))), Some(51), "a box is a unit");
    assert_eq!(
        most(boxes(20), Some(pieces(4))),
        Some(102),
        "boxes and the pieces in them"
    );
    assert_eq!(most(kg(100), Some(kg(2))), Some(51));
    assert_eq!(
        most(kg(100), None),
        Some(399),
        "how many units that are is unknown"
    );
}

#[test]
fn labels_that_were_put_on_several_lots_cannot_be_told_apart() {
    let mut book = packed(100);
    let body = Body {
        lots: Some(vec![used("LOT", None), used("OTHER", None)]),
        ..label(Some(1_000), None)
    };
    book.say(GROWER, "2026-05-03", body);
    assert!(!says_too_many(&book));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// The model writes every serial number on a slip of paper.
    #[test]
    fn serial_numbers_are_counted_once(
        labellings in prop::collection::vec((prop::option::of(0u64..30), prop::option::of((0u64..60, 0u64..20))), 0..6),
        units in 1u64..100,
    ) {
        let mut book = packed(units);
        let (mut numbers, mut beside) = (BTreeSet::new(), 0);
        for (count, serials) in labellings {
            let serials = serials.map(|(first, more)| (first, first + more));
            book.say(GROWER, "2026-05-03", label(count, serials));
            let range: Vec<u64> = serials.map_or(Vec::new(), |(first, last)| (first..=last).collect());
            beside += count.unwrap_or(0).saturating_sub(range.len() as u64);
            numbers.extend(range);
        }
        let labels = numbers.len() as u64 + beside;
        prop_assert_eq!(says_too_many(&book), labels * 100 > units * 102);
    }
}
