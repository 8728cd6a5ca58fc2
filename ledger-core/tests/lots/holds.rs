//! Holds, failed tests, releases: their order in the log decides.

use ledger_core::body::{Body, Fix, Outcome};
use ledger_core::kind::Kind;
use proptest::prelude::*;

use super::book::{
    AUTHORITY, Book, GROWER, LABORATORY, about, correct, field, harvest, may, step, test,
};

const HELD: &str = "DANG_TAM_GIU";
const WAS_HELD: &str = "TUNG_TAM_GIU";

fn sampling_of_field() -> Body {
    Body {
        field: Some(field()),
        ..Body::new(Kind::LabSample)
    }
}

fn result(sampling: ledger_core::ids::EventId, result: Outcome) -> Body {
    Body {
        reference: Some(sampling.0),
        result: Some(result),
        ..Body::new(Kind::LabResult)
    }
}

#[test]
fn a_failed_sample_of_a_field_holds_what_is_harvested_there_within_a_year() {
    let mut book = Book::default();
    book.say(GROWER, "2025-04-30", harvest("BEFORE", 10));
    let sampling = book.say(AUTHORITY, "2025-05-01", sampling_of_field());
    book.say(GROWER, "2025-05-01", harvest("SAME-DAY", 10));
    book.say(GROWER, "2026-05-02", harvest("LAST", 10));
    book.say(GROWER, "2026-05-03", harvest("AFTER", 10));
    book.say(LABORATORY, "2025-05-04", result(sampling, Outcome::Pass));
    assert!(book.notices("LAST").is_empty());
    book.say(LABORATORY, "2025-05-05", result(sampling, Outcome::Fail));
    assert_eq!(book.notices("SAME-DAY"), [HELD]);
    assert_eq!(book.notices("LAST"), [HELD]);
    assert!(book.notices("BEFORE").is_empty());
    assert!(book.notices("AFTER").is_empty());
    let release = Body {
        target_place: Some(field()),
        ..Body::new(Kind::Release)
    };
    book.say(AUTHORITY, "2026-05-06", release);
    book.say(GROWER, "2026-05-01", harvest("LATER", 10));
    assert_eq!(book.notices("LATER"), [WAS_HELD], "the field was released");
}

#[test]
fn a_result_that_failed_in_any_version_holds() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("LOT", 10));
    let passed = book.say(LABORATORY, "2026-05-02", test("LOT", Outcome::Pass));
    book.say(
        LABORATORY,
        "2026-05-03",
        correct(passed, Fix::Result(Outcome::Fail)),
    );
    book.say(
        LABORATORY,
        "2026-05-04",
        correct(passed, Fix::Result(Outcome::Pass)),
    );
    assert_eq!(book.notices("LOT"), [HELD, "CO_DINH_CHINH"]);
    book.say(AUTHORITY, "2026-05-05", about(Kind::Release, "LOT", None));
    assert_eq!(book.notices("LOT"), [WAS_HELD, "CO_DINH_CHINH"]);
    book.say(
        LABORATORY,
        "2026-05-06",
        correct(passed, Fix::Result(Outcome::Fail)),
    );
    assert_eq!(book.notices("LOT"), [HELD, "CO_DINH_CHINH"]);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Hold,
    Fail,
    Pass,
    Release,
}

fn acts() -> impl Strategy<Value = Vec<(Act, usize)>> {
    let act = prop_oneof![
        Just(Act::Hold),
        Just(Act::Fail),
        Just(Act::Pass),
        Just(Act::Release)
    ];
    prop::collection::vec((act, 0usize..3), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// The model: a lot is open from its last hold or failed test to its next release; a page tells of the lot and of
    /// what it was made from.
    #[test]
    fn holds_and_releases_count_in_their_order(acts in acts()) {
        let names = ["A", "B", "C"];
        let mut book = Book::default();
        book.say(GROWER, &may(0), harvest("A", 10));
        book.say(GROWER, &may(1), step(Kind::Process, &[("A", 10)], &[("B", 10)]));
        book.say(GROWER, &may(2), step(Kind::Process, &[("B", 10)], &[("C", 10)]));
        let (mut open, mut ever) = ([false; 3], [false; 3]);
        for (act, at) in acts {
            match act {
                Act::Hold => book.say(AUTHORITY, &may(3), about(Kind::Hold, names[at], None)),
                Act::Fail => book.say(LABORATORY, &may(3), test(names[at], Outcome::Fail)),
                Act::Pass => book.say(LABORATORY, &may(3), test(names[at], Outcome::Pass)),
                Act::Release => book.say(AUTHORITY, &may(3), about(Kind::Release, names[at], None)),
            };
            match act {
                Act::Hold | Act::Fail => (open[at], ever[at]) = (true, true),
                Act::Release => open[at] = false,
                Act::Pass => {}
            }
        }
        for (at, name) in names.iter().enumerate() {
            let expected: Vec<&str> = if open[..=at].contains(&true) {
                vec![HELD]
            } else if ever[..=at].contains(&true) {
                vec![WAS_HELD]
            } else {
                Vec::new()
            };
            prop_assert_eq!(book.notices(name), expected, "{}", name);
        }
    }
}
