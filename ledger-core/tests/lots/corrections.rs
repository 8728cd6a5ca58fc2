//! What refers to an event of the lot: corrections and conflicts.

use ledger_core::body::{Body, Embedded, Fix, Text};
use ledger_core::kind::Kind;

use super::book::{Book, GROWER, correct, date, harvest, org, spray};

#[test]
fn a_conflict_about_an_event_of_the_lot_is_told() {
    let mut book = Book::default();
    let harvested = book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.say(GROWER, "2026-05-01", harvest("OTHER", 100));
    let conflict = Body {
        reference: Some(harvested.0),
        org: Some(org(GROWER)),
        envelope: Some(Embedded(vec![0xd2])),
        ..Body::new(Kind::Conflict)
    };
    book.say(GROWER, "2026-05-02", conflict);
    assert_eq!(book.notices("LOT"), ["HAI_BAN_KHAC_NHAU"]);
    assert!(book.notices("OTHER").is_empty());
}

#[test]
fn a_path_into_a_list_that_is_not_that_long_changes_nothing() {
    let mut book = Book::default();
    let harvested = book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.say(
        GROWER,
        "2026-05-02",
        correct(harvested, Fix::OutputWithdrawn(1)),
    );
    book.say(
        GROWER,
        "2026-05-02",
        correct(harvested, Fix::OutputExpires(3, date("2026-05-05"))),
    );
    assert_eq!(book.notices("LOT"), ["CO_DINH_CHINH"]);
    assert_eq!(book.history("LOT").fault, None);
}

#[test]
fn the_last_corrected_expiry_counts() {
    let mut book = Book::default();
    let harvested = book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.say(
        GROWER,
        "2026-05-02",
        correct(harvested, Fix::OutputExpires(0, date("2026-10-18"))),
    );
    assert_eq!(book.notices("LOT"), ["CO_DINH_CHINH", "HET_HAN_SU_DUNG"]);
    book.say(
        GROWER,
        "2026-05-02",
        correct(harvested, Fix::OutputExpires(0, date("2026-10-19"))),
    );
    assert_eq!(book.notices("LOT"), ["CO_DINH_CHINH"]);
}

#[test]
fn another_ingredient_is_shown_and_holds_nothing() {
    let mut book = Book::default();
    let sprayed = book.say(GROWER, "2026-05-01", spray(3));
    book.say(GROWER, "2026-05-04", harvest("LOT", 100));
    let other = Fix::Ingredient(Text("Hoạt chất B".to_owned()));
    book.say(GROWER, "2026-05-05", correct(sprayed, other));
    assert!(book.notices("LOT").is_empty(), "a spray names no lot");
}
