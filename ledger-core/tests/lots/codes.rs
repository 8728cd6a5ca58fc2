//! Codes and products: delegations that end, ratings that begin.

use ledger_core::body::{Body, Text};
use ledger_core::code::PrintedCode;
use ledger_core::family::{Creations, resolve};
use ledger_core::ids::{EventId, LeafIndex, LotId};
use ledger_core::kind::Kind;
use ledger_core::notice::Notice;

use super::book::{
    AUTHORITY, Book, GROWER, PACKER, correct, harvest, lot, lot_of, org, output, product, valid,
};
use ledger_core::body::Fix;

fn printed() -> PrintedCode {
    PrintedCode::gs1("09520001000010".parse().unwrap(), "LO-1").unwrap()
}

fn delegation() -> Body {
    Body {
        to: Some(org(PACKER)),
        products: Some(vec![product()]),
        ..Body::new(Kind::Delegate)
    }
}

fn end_of(delegation: EventId) -> Body {
    Body {
        reference: Some(delegation.0),
        ..Body::new(Kind::Undelegate)
    }
}

fn binding(lot: LotId) -> Body {
    Body {
        lot: Some(lot),
        codes: Some(vec![printed()]),
        ..Body::new(Kind::Bind)
    }
}

/// A lot of the grower's product that the packer packs.
fn packed() -> Body {
    let mut made = output("BOX", 100);
    made.product = Some(product());
    Body {
        outputs: Some(vec![made]),
        ..Body::new(Kind::Pack)
    }
}

fn leads_to(book: &Book) -> Option<LotId> {
    let facts = book.facts();
    resolve(&printed(), &facts, &Creations::of(&facts))
}

#[test]
fn a_delegation_agrees_to_bindings_logged_before_it_ended_and_not_after() {
    let bound = Some(lot_of(PACKER, "BOX"));
    let mut book = Book::default();
    book.say(PACKER, "2026-05-01", packed());
    book.say(PACKER, "2026-05-01", binding(lot_of(PACKER, "BOX")));
    assert_eq!(leads_to(&book), None);
    let given = book.say(GROWER, "2026-05-02", delegation());
    assert_eq!(leads_to(&book), bound, "in whatever order they were logged");
    book.say(GROWER, "2026-05-03", end_of(given));
    assert_eq!(
        leads_to(&book),
        bound,
        "the binding was logged before the end"
    );

    let mut book = Book::default();
    book.say(PACKER, "2026-05-01", packed());
    let given = book.say(GROWER, "2026-05-01", delegation());
    book.say(GROWER, "2026-05-02", end_of(given));
    book.say(PACKER, "2026-05-03", binding(lot_of(PACKER, "BOX")));
    assert_eq!(leads_to(&book), None);
    book.say(GROWER, "2026-05-04", delegation());
    assert_eq!(leads_to(&book), bound, "given anew");
}

#[test]
fn a_code_does_not_leave_a_lot_that_was_withdrawn_or_declared_anew() {
    let mut book = Book::default();
    let first = book.say(GROWER, "2026-05-01", harvest("A", 100));
    book.say(GROWER, "2026-05-01", harvest("B", 100));
    book.say(GROWER, "2026-05-02", binding(lot("A")));
    book.say(GROWER, "2026-05-03", binding(lot("B")));
    book.say(
        GROWER,
        "2026-05-04",
        correct(first, Fix::OutputWithdrawn(0)),
    );
    assert_eq!(leads_to(&book), Some(lot("A")));
    book.say(GROWER, "2026-05-05", harvest("A", 100));
    assert_eq!(leads_to(&book), Some(lot("A")));
}

/// What is said of a product's stars, for ratings with these days.
fn rated(days: &[(Option<&str>, Option<&str>)]) -> Vec<&'static str> {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", {
        let mut body = packed();
        body.kind = Kind::Harvest;
        body
    });
    for (from, until) in days {
        let body = Body {
            product: Some(product()),
            stars: Some(4),
            decision: Some(Text("1".to_owned())),
            valid: Some(valid(*from, *until)),
            ..Body::new(Kind::Rating)
        };
        book.say(AUTHORITY, "2026-01-01", body);
    }
    book.notices("BOX")
}

#[test]
fn a_rating_counts_from_its_first_day_to_its_last() {
    let (missing, over) = (["CHUA_PHAN_HANG_OCOP"], ["OCOP_HET_HAN"]);
    assert_eq!(rated(&[]), missing);
    assert!(rated(&[(None, None)]).is_empty());
    assert!(rated(&[(Some("2026-10-19"), Some("2026-10-19"))]).is_empty());
    assert_eq!(rated(&[(Some("2026-10-20"), None)]), missing);
    assert_eq!(rated(&[(None, Some("2026-10-18"))]), over);
    assert_eq!(
        rated(&[(None, Some("2026-10-18")), (Some("2026-10-20"), None)]),
        over
    );
    assert!(rated(&[(None, Some("2026-10-18")), (Some("2026-10-01"), None)]).is_empty());
}

#[test]
fn a_suspended_owner_is_told_and_changes_nothing_else() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    let plain = book.history("LOT");
    let since = |id: &ledger_core::ids::OrgId| (*id == org(GROWER)).then_some(LeafIndex(9));
    let told = plain.clone().with_suspended(since);
    assert_eq!(told.suspended.get(&org(GROWER)), Some(&LeafIndex(9)));
    assert!(told.notices.contains(&Notice::Suspended));
    assert_eq!(told.state, plain.state);
    assert_eq!(
        plain.clone().with_suspended(|_| None).notices,
        plain.notices
    );
}
