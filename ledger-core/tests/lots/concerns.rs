//! What officials look at.

use ledger_core::body::Body;
use ledger_core::body::LotUse;
use ledger_core::kind::Kind;
use ledger_core::lot::concerns;

use super::book::{AUTHORITY, Book, GROWER, PACKER, about, harvest, lot, noon, org, step, used};

/// What officials see of the grower's lot: code and leaf.
fn seen(book: &Book) -> Vec<(&'static str, u64)> {
    let found = concerns(&book.facts(), &org(AUTHORITY), &lot("LOT"));
    let told = |concern: &ledger_core::lot::Concern| (concern.kind.code(), concern.index.0);
    found.iter().map(told).collect()
}

#[test]
fn who_works_with_goods_has_them_in_hand() {
    let mut book = Book::default();
    book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.say(GROWER, "2026-05-01", about(Kind::Label, "LOT", None));
    book.say(PACKER, "2026-05-02", about(Kind::Sell, "LOT", None));
    assert_eq!(seen(&book), [("GIU_HANG_KHONG_KHOP", 2)]);
    book.say(PACKER, "2026-05-03", about(Kind::Receive, "LOT", None));
    book.say(PACKER, "2026-05-03", about(Kind::Sell, "LOT", None));
    book.say(AUTHORITY, "2026-05-04", about(Kind::Destroy, "LOT", None));
    book.say(GROWER, "2026-05-04", about(Kind::Destroy, "LOT", None));
    assert_eq!(
        seen(&book),
        [("GIU_HANG_KHONG_KHOP", 2), ("GIU_HANG_KHONG_KHOP", 6)]
    );
    let packed = Body {
        inputs: Some(vec![LotUse {
            qty: None,
            ..used("LOT", None)
        }]),
        ..step(Kind::Pack, &[], &[("BOX", 100)])
    };
    book.say(GROWER, "2026-05-05", packed);
    assert_eq!(seen(&book).last(), Some(&("GIU_HANG_KHONG_KHOP", 7)));
}

#[test]
fn dates_ahead_mass_and_holds_are_listed() {
    let mut book = Book::default();
    book.write(
        GROWER,
        noon("2026-05-02"),
        noon("2026-05-01"),
        harvest("LOT", 100),
    );
    book.say(GROWER, "2026-05-03", about(Kind::Sell, "LOT", Some(103)));
    book.say(AUTHORITY, "2026-05-04", about(Kind::Hold, "LOT", None));
    let expected = [
        ("NGAY_SAU_KHI_KY", 0),
        ("VUOT_KHOI_LUONG", 0),
        ("DANG_TAM_GIU", 2),
    ];
    assert_eq!(seen(&book), expected);
    book.say(AUTHORITY, "2026-05-05", about(Kind::Release, "LOT", None));
    assert_eq!(seen(&book), expected[..2]);
}
