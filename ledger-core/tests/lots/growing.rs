//! Growing places: codes and permits, yearly yield, certificates.

use ledger_core::body::Fix;
use ledger_core::body::{Body, CodeType, Outcome, PlaceType, Text, Valid};
use ledger_core::ids::LotId;
use ledger_core::kind::Kind;

use super::book::{
    AUTHORITY, Book, GROWER, PACKER, code, correct, date, field, harvest, kg, lot, lot_of, noon,
    org, output, registration, step, used, valid,
};
use ledger_core::body::LotUse;
use ledger_core::lot::LotHistory;

const ELSEWHERE: &str = "MA_VUNG_TRONG_KHAC";
const NO_PERMIT: &str = "MA_VUNG_TRONG_CHUA_PHEP";
const YEAR: &str = "SAN_LUONG_NAM_CAO";
const CERTIFICATE: &str = "CHUNG_NHAN_HET_HAN";

/// A field with two codes, and a packing house that got its fruit as its own lot.
fn shipment(codes: &[(CodeType, &str, Option<Valid>)]) -> Book {
    let mut book = Book::default();
    for (code_type, text, valid) in codes {
        book.say(AUTHORITY, "2026-01-01", code(*code_type, text, *valid));
    }
    book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    let received = Body {
        inputs: Some(vec![used("LOT", Some(100))]),
        outputs: Some(vec![output("IN", 100)]),
        ..Body::new(Kind::Receive)
    };
    book.say(PACKER, "2026-05-02", received);
    book
}

fn under(kind: Kind, text: &str, lots: Vec<LotUse>) -> Body {
    let area_code = Some(Text(text.to_owned()));
    match kind {
        Kind::Quarantine => Body {
            lots: Some(lots),
            result: Some(Outcome::Pass),
            area_code,
            ..Body::new(kind)
        },
        _ => Body {
            inputs: Some(lots),
            outputs: Some(vec![output("OUT", 100)]),
            area_code,
            ..Body::new(kind)
        },
    }
}

fn use_of(lot: LotId) -> Vec<LotUse> {
    vec![LotUse { lot, qty: None }]
}

fn notices(book: &Book, lot: &LotId) -> Vec<&'static str> {
    let history = LotHistory::trace(&book.facts(), lot, date("2026-10-19"));
    history.notices.iter().map(|notice| notice.code()).collect()
}

fn packed_under(book: &mut Book, text: &str) -> Vec<&'static str> {
    book.say(
        PACKER,
        "2026-05-03",
        under(Kind::Pack, text, use_of(lot_of(PACKER, "IN"))),
    );
    notices(book, &lot_of(PACKER, "OUT"))
}

fn permit(text: &str, to: &str, lots: Vec<LotUse>) -> Body {
    Body {
        target_place: Some(field()),
        code: Some(Text(text.to_owned())),
        to: Some(org(to)),
        lots: Some(lots),
        ..Body::new(Kind::Permit)
    }
}

#[test]
fn goods_go_under_the_code_of_their_own_field_only() {
    let codes = [(CodeType::GrowingExport, "VN-1", None)];
    assert_eq!(packed_under(&mut shipment(&codes), "VN-2"), [ELSEWHERE]);
    let packing_house = [(CodeType::PackingHouse, "VN-1", None)];
    assert_eq!(
        packed_under(&mut shipment(&packing_house), "VN-1"),
        [ELSEWHERE]
    );
}

#[test]
fn another_organisations_code_needs_its_permission() {
    let codes = [(CodeType::GrowingExport, "VN-1", None)];
    let after = |permit: Body| {
        let mut book = shipment(&codes);
        book.say(GROWER, "2026-05-02", permit);
        packed_under(&mut book, "VN-1")
    };
    assert_eq!(packed_under(&mut shipment(&codes), "VN-1"), [NO_PERMIT]);
    assert!(
        after(permit("VN-1", PACKER, use_of(lot("LOT")))).is_empty(),
        "of the harvest"
    );
    assert!(after(permit("VN-1", PACKER, use_of(lot_of(PACKER, "IN")))).is_empty());
    assert_eq!(
        after(permit("VN-2", PACKER, use_of(lot("LOT")))),
        [NO_PERMIT]
    );
    assert_eq!(
        after(permit("VN-1", "NGUOI-KHAC", use_of(lot("LOT")))),
        [NO_PERMIT]
    );
    assert_eq!(
        after(permit("VN-1", PACKER, use_of(lot("OTHER")))),
        [NO_PERMIT]
    );
}

#[test]
fn the_holder_needs_no_permission_and_a_quarantine_speaks_for_the_owner() {
    let codes = [(CodeType::GrowingExport, "VN-1", None)];
    let mut book = shipment(&codes);
    book.say(
        AUTHORITY,
        "2026-05-03",
        under(Kind::Quarantine, "VN-1", use_of(lot("LOT"))),
    );
    assert!(book.notices("LOT").is_empty());
    book.say(
        GROWER,
        "2026-05-03",
        under(Kind::Load, "VN-1", use_of(lot("LOT"))),
    );
    assert_eq!(book.notices("LOT"), ["DA_XUAT_KHAU"]);
    book.say(
        PACKER,
        "2026-05-03",
        under(Kind::Load, "VN-1", use_of(lot("LOT"))),
    );
    assert_eq!(book.notices("LOT"), [NO_PERMIT, "DA_XUAT_KHAU"]);
}

#[test]
fn a_code_counts_on_its_days_and_as_last_entered() {
    let on = |codes: &[(CodeType, &str, Option<Valid>)]| {
        let mut book = shipment(codes);
        book.say(
            GROWER,
            "2026-05-02",
            permit("VN-1", PACKER, use_of(lot("LOT"))),
        );
        packed_under(&mut book, "VN-1")
    };
    let export = CodeType::GrowingExport;
    let to = |last: &str| Some(valid(None, Some(last)));
    assert!(on(&[(export, "VN-1", to("2026-05-03"))]).is_empty());
    assert_eq!(on(&[(export, "VN-1", to("2026-05-02"))]), [ELSEWHERE]);
    let suspended = [(export, "VN-1", None), (export, "VN-1", to("2026-05-01"))];
    assert_eq!(on(&suspended), [ELSEWHERE]);
    let renewed = [(export, "VN-1", to("2026-05-01")), (export, "VN-1", None)];
    assert!(on(&renewed).is_empty());
}

fn year(place_type: PlaceType, harvests: &[(&str, u64)]) -> Book {
    let mut book = Book::default();
    book.say(GROWER, "2025-01-01", registration(place_type, 2));
    if place_type == PlaceType::Plot {
        book.say(
            AUTHORITY,
            "2025-01-01",
            code(CodeType::GrowingDomestic, "VN", None),
        );
    }
    for (at, (day, amount)) in harvests.iter().enumerate() {
        book.say(GROWER, day, harvest(&format!("L{at}"), *amount));
    }
    book
}

#[test]
fn a_year_has_a_plausible_yield() {
    let pickings = [
        ("2025-12-31", 40_000),
        ("2026-01-01", 40_000),
        ("2026-03-01", 40_000),
        ("2026-05-01", 40_000),
        ("2026-07-01", 40_000),
        ("2026-09-01", 40_000),
        ("2026-12-31", 40_000),
    ];
    let book = year(PlaceType::Plot, &pickings);
    assert!(book.notices("L1").is_empty(), "two hectares may give 240 t");
    let mut book = year(PlaceType::Plot, &pickings);
    let more = book.say(GROWER, "2026-08-01", harvest("MORE", 1));
    book.say(
        GROWER,
        "2026-08-02",
        step(Kind::Process, &[("L3", 10)], &[("DRY", 5)]),
    );
    assert!(book.notices("L0").is_empty(), "of the year before");
    for no in ["L1", "L6", "MORE", "DRY"] {
        assert_eq!(book.notices(no), [YEAR], "{no}");
    }
    book.say(GROWER, "2026-08-03", correct(more, Fix::OutputWithdrawn(0)));
    assert!(book.notices("L1").is_empty());
    book.say(
        GROWER,
        "2026-08-03",
        correct(more, Fix::OutputQty(0, kg(5))),
    );
    assert!(book.notices("L1").is_empty(), "withdrawn for good");
}

#[test]
fn ponds_bear_more_and_of_barns_nothing_is_said() {
    let catches = [("2026-01-01", 800_000), ("2026-06-01", 800_000)];
    assert!(year(PlaceType::Pond, &catches).notices("L0").is_empty());
    let more = [
        ("2026-01-01", 800_000),
        ("2026-06-01", 800_000),
        ("2026-09-01", 1),
    ];
    assert_eq!(year(PlaceType::Pond, &more).notices("L0"), [YEAR]);
    let barn: Vec<(&str, u64)> = vec![("2026-01-01", 40_000); 7];
    assert!(!year(PlaceType::Barn, &barn).notices("L0").contains(&YEAR));
}

fn certified(certificates: &[(&str, Option<Valid>)]) -> Vec<&'static str> {
    let mut book = Book::default();
    for (standard, valid) in certificates {
        let body = Body {
            target_place: Some(field()),
            standard: Some(Text((*standard).to_owned())),
            number: Some(Text("1".to_owned())),
            valid: *valid,
            ..Body::new(Kind::Certificate)
        };
        book.say(GROWER, "2025-01-01", body);
    }
    book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.notices("LOT")
}

#[test]
fn a_certificate_that_was_over_on_the_day_of_the_harvest_is_told() {
    let until = |day| Some(valid(None, Some(day)));
    assert!(certified(&[]).is_empty());
    assert!(certified(&[("VietGAP", None)]).is_empty());
    assert!(certified(&[("VietGAP", until("2026-05-01"))]).is_empty());
    assert_eq!(
        certified(&[("VietGAP", until("2026-04-30"))]),
        [CERTIFICATE]
    );
    let renewed = [
        ("VietGAP", until("2026-04-30")),
        ("VietGAP", until("2027-04-30")),
    ];
    assert!(certified(&renewed).is_empty());
    let another = [("VietGAP", until("2026-04-30")), ("GlobalG.A.P.", None)];
    assert_eq!(certified(&another), [CERTIFICATE]);
}

#[test]
fn a_corrected_day_of_export_decides_whether_the_code_was_in_force() {
    let codes = [(
        CodeType::GrowingExport,
        "VN-1",
        Some(valid(None, Some("2026-05-02"))),
    )];
    let mut book = shipment(&codes);
    let load = book.say(
        GROWER,
        "2026-05-03",
        under(Kind::Load, "VN-1", use_of(lot("LOT"))),
    );
    assert_eq!(book.notices("LOT"), [ELSEWHERE]);
    let day = noon("2026-05-02");
    book.say(GROWER, "2026-05-04", correct(load, Fix::Occurred(day)));
    assert_eq!(book.notices("LOT"), ["CO_DINH_CHINH"]);
}
