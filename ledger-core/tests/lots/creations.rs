//! Lots declared twice, by mistake, anew.

use ledger_core::body::Fix;
use ledger_core::family::AncestryFault;
use ledger_core::kind::Kind;
use proptest::prelude::*;

use super::book::{AUTHORITY, Book, GROWER, about, correct, harvest, kg, lot, may, step};

const HELD: &str = "DANG_TAM_GIU";
const WAS_HELD: &str = "TUNG_TAM_GIU";
const TWICE: &str = "TAO_HAI_LAN";
const CORRECTED: &str = "CO_DINH_CHINH";

#[test]
fn a_lot_created_twice_is_held_until_one_creation_is_withdrawn() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("LOT", 10));
    let again = book.say(GROWER, "2026-05-02", harvest("LOT", 20));
    book.say(
        GROWER,
        "2026-05-03",
        step(Kind::Process, &[("LOT", 10)], &[("DRY", 5)]),
    );
    for no in ["LOT", "DRY"] {
        assert_eq!(book.notices(no), [HELD, TWICE]);
        assert_eq!(
            book.history(no).fault,
            Some(AncestryFault::CreatedTwice(lot("LOT")))
        );
    }
    book.say(
        GROWER,
        "2026-05-04",
        correct(again, Fix::OutputWithdrawn(0)),
    );
    assert_eq!(book.notices("DRY"), [CORRECTED]);
    assert_eq!(book.history("DRY").fault, None);
}

#[test]
fn a_release_lifts_the_hold_and_leaves_the_ancestry_unproven() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("LOT", 10));
    book.say(GROWER, "2026-05-02", harvest("LOT", 20));
    book.say(AUTHORITY, "2026-05-03", about(Kind::Release, "LOT", None));
    assert_eq!(book.notices("LOT"), [WAS_HELD, TWICE]);
    assert_eq!(
        book.history("LOT").fault,
        Some(AncestryFault::CreatedTwice(lot("LOT")))
    );
    book.say(GROWER, "2026-05-04", harvest("LOT", 30));
    assert_eq!(
        book.notices("LOT"),
        [HELD, TWICE],
        "a third one holds again"
    );
}

#[test]
fn a_lot_declared_anew_does_not_slip_out_of_the_recall_of_what_it_was_made_of() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("BAD", 10));
    book.say(GROWER, "2026-05-01", harvest("GOOD", 10));
    let pack = book.say(
        GROWER,
        "2026-05-02",
        step(Kind::Pack, &[("BAD", 10)], &[("BOX", 10)]),
    );
    book.say(AUTHORITY, "2026-05-03", about(Kind::Recall, "BAD", None));
    book.say(GROWER, "2026-05-04", correct(pack, Fix::OutputWithdrawn(0)));
    assert_eq!(
        book.notices("BOX"),
        ["DA_THU_HOI", CORRECTED],
        "nothing creates it any more"
    );
    assert_eq!(
        book.history("BOX").fault,
        Some(AncestryFault::NotCreated(lot("BOX")))
    );
    book.say(
        GROWER,
        "2026-05-04",
        step(Kind::Pack, &[("GOOD", 10)], &[("BOX", 10)]),
    );
    let history = book.history("BOX");
    assert_eq!(book.notices("BOX"), ["DA_THU_HOI", CORRECTED]);
    assert_eq!(
        (history.fault, history.ancestors.contains(&lot("BAD"))),
        (None, false)
    );
}

#[derive(Clone, Debug)]
enum Act {
    Create(u64),
    Withdraw(usize),
    Release,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (1u64..50).prop_map(Act::Create),
        2 => any::<usize>().prop_map(Act::Withdraw),
        1 => Just(Act::Release),
    ];
    prop::collection::vec(act, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// The model: a list of creations with their place and whether they stand.
    #[test]
    fn creations_are_the_outputs_that_were_not_withdrawn(acts in acts()) {
        let mut book = Book::default();
        let (mut made, mut released): (Vec<(_, usize, u64, bool)>, usize) = (Vec::new(), 0);
        for (place, act) in acts.into_iter().enumerate() {
            match act {
                Act::Create(qty) => {
                    let id = book.say(GROWER, &may(0), harvest("LOT", qty));
                    made.push((id, place, qty, true));
                }
                Act::Withdraw(at) if !made.is_empty() => {
                    let at = at % made.len();
                    book.say(GROWER, &may(1), correct(made[at].0, Fix::OutputWithdrawn(0)));
                    made[at].3 = false;
                }
                Act::Release => {
                    book.say(AUTHORITY, &may(1), about(Kind::Release, "LOT", None));
                    released = place;
                }
                Act::Withdraw(_) => {}
            }
        }
        let standing: Vec<_> = made.iter().filter(|(.., stands)| *stands).collect();
        let history = book.history("LOT");
        let fault = match standing.len() {
            0 => Some(AncestryFault::NotCreated(lot("LOT"))),
            1 => None,
            _ => Some(AncestryFault::CreatedTwice(lot("LOT"))),
        };
        prop_assert_eq!(history.fault, fault);
        let notices = book.notices("LOT");
        let last = standing.last().map_or(0, |(_, place, ..)| *place);
        prop_assert_eq!(notices.contains(&TWICE), standing.len() > 1);
        prop_assert_eq!(notices.contains(&HELD), standing.len() > 1 && last >= released);
        let facts = book.facts();
        let creations = ledger_core::family::Creations::of(&facts);
        let whole = creations.get(&lot("LOT")).map(|c| creations.corrections().quantity(c));
        prop_assert_eq!(whole, standing.first().map(|(_, _, qty, _)| kg(*qty)));
    }
}
