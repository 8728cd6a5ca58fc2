//! The rules of `docs/rules.md` that no story of the sample shows: each on a small made-up history.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ledger_core::body::{Body, Fix, LotUse, Outcome, Output, Period, Text};
use ledger_core::ids::{EventId, LotId, OrgId, PlaceId};
use ledger_core::kind::Kind;
use ledger_core::lot::LotHistory;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::Draft;
use ledger_core::time::{Date, Timestamp};
use tests::inprocess::{InProcess, sample_folder};
use tests::sample::Sample;

const GROWER: &str = "ORG-04";
const LABORATORY: &str = "ORG-09";
const AUTHORITY: &str = "ORG-10";

/// A field of 5 ha and a workshop of one cooperative, and what it says.
struct Story {
    ledger: InProcess,
}

fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

fn field() -> PlaceId {
    PlaceId::new(org(GROWER), "PL-07A").unwrap()
}

fn workshop() -> PlaceId {
    PlaceId::new(org(GROWER), "FC-04").unwrap()
}

fn lot(no: &str) -> LotId {
    LotId::new(org(GROWER), no).unwrap()
}

fn kilograms(amount: &str) -> Quantity {
    Quantity::parse(amount, Unit::Kilogram).unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn noon(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T12:00+07:00")).unwrap()
}

fn used(no: &str, amount: Option<&str>) -> Vec<LotUse> {
    let qty = amount.map(kilograms);
    vec![LotUse { lot: lot(no), qty }]
}

fn made(no: &str, amount: &str) -> Vec<Output> {
    vec![Output {
        no: no.to_owned(),
        owner: org(GROWER),
        qty: kilograms(amount),
        product: None,
        made: None,
        expires: None,
        net: None,
    }]
}

fn harvest(no: &str, amount: &str) -> Body {
    Body {
        field: Some(field()),
        outputs: Some(made(no, amount)),
        ..Body::new(Kind::Harvest)
    }
}

fn spray(days: u64) -> Body {
    Body {
        field: Some(field()),
        ingredient: Some(Text("Hoạt chất A (mẫu)".to_owned())),
        wait_days: Some(days),
        ..Body::new(Kind::Spray)
    }
}

fn process(from: (&str, &str), to: (&str, &str)) -> Body {
    Body {
        inputs: Some(used(from.0, Some(from.1))),
        outputs: Some(made(to.0, to.1)),
        place: Some(workshop()),
        ..Body::new(Kind::Process)
    }
}

fn about(kind: Kind, no: &str) -> Body {
    Body {
        lots: Some(used(no, None)),
        ..Body::new(kind)
    }
}

fn test(no: &str, result: Outcome) -> Body {
    Body {
        result: Some(result),
        ..about(Kind::LabResult, no)
    }
}

fn recall_of_field(first: &str, last: &str) -> Body {
    Body {
        target_place: Some(field()),
        period: Some(Period {
            first: date(first),
            last: date(last),
        }),
        ..Body::new(Kind::Recall)
    }
}

impl Story {
    fn begin() -> Story {
        let sample = Sample::load(&sample_folder()).unwrap();
        let ledger = InProcess::with_registrations(&sample).unwrap();
        Story { ledger }
    }

    /// Says something on the day it happened; it must be in force.
    fn say(&mut self, who: &str, day: &str, body: Body) -> EventId {
        self.say_later(who, day, day, body)
    }

    fn say_later(&mut self, who: &str, day: &str, signed: &str, body: Body) -> EventId {
        let (occurred, signed) = (noon(day), noon(signed));
        let draft = Draft {
            occurred,
            signed,
            body,
        };
        let logged = self.ledger.log(&org(who), draft).unwrap();
        assert_eq!(logged.void, None);
        logged.event.id()
    }

    /// The notices of a lot; the one on growing-area codes never applies here.
    fn notices(&self, no: &str) -> Vec<&'static str> {
        let history = LotHistory::trace(&self.ledger.facts(), &lot(no), date("2026-10-19"));
        history.notices.iter().map(|notice| notice.code()).collect()
    }
}

#[test]
fn a_harvest_within_the_waiting_days_is_held_until_the_authority_releases_it() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-01", spray(7));
    story.say(GROWER, "2026-05-07", harvest("EARLY", "100"));
    story.say(GROWER, "2026-05-08", harvest("LATER", "100"));
    story.say(
        GROWER,
        "2026-05-09",
        process(("EARLY", "100"), ("DRY", "50")),
    );
    assert_eq!(story.notices("EARLY"), ["DANG_TAM_GIU"]);
    assert_eq!(story.notices("DRY"), ["DANG_TAM_GIU"]);
    assert!(story.notices("LATER").is_empty());
    story.say(AUTHORITY, "2026-05-10", about(Kind::Release, "EARLY"));
    assert_eq!(story.notices("EARLY"), ["TUNG_TAM_GIU"]);
    assert_eq!(story.notices("DRY"), ["TUNG_TAM_GIU"]);
}

#[test]
fn a_release_lifts_only_what_was_logged_before_it() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", "100"));
    story.say(AUTHORITY, "2026-05-08", about(Kind::Release, "LOT"));
    assert!(story.notices("LOT").is_empty());
    // The spray happened before the harvest and comes to light after the release.
    story.say_later(GROWER, "2026-05-01", "2026-05-09", spray(7));
    assert_eq!(story.notices("LOT"), ["DANG_TAM_GIU", "NHAP_TRE"]);
    story.say(AUTHORITY, "2026-05-10", about(Kind::Release, "LOT"));
    assert_eq!(story.notices("LOT"), ["TUNG_TAM_GIU", "NHAP_TRE"]);
}

#[test]
fn a_failed_test_holds_the_lot_and_what_was_made_of_it() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", "100"));
    story.say(GROWER, "2026-05-08", process(("LOT", "50"), ("DRY", "25")));
    story.say(LABORATORY, "2026-05-09", test("DRY", Outcome::Pass));
    assert!(story.notices("DRY").is_empty());
    story.say(LABORATORY, "2026-05-09", test("DRY", Outcome::Fail));
    assert!(
        story.notices("LOT").is_empty(),
        "an ancestor is not concerned"
    );
    assert_eq!(story.notices("DRY"), ["DANG_TAM_GIU"]);
    story.say(LABORATORY, "2026-05-10", test("LOT", Outcome::Fail));
    story.say(AUTHORITY, "2026-05-11", about(Kind::Release, "DRY"));
    assert_eq!(
        story.notices("DRY"),
        ["DANG_TAM_GIU"],
        "its ancestor is held"
    );
}

#[test]
fn a_failed_test_without_lot_holds_what_was_sampled() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", "100"));
    let sampling = story.say(GROWER, "2026-05-08", about(Kind::LabSample, "LOT"));
    let result = |result| Body {
        reference: Some(sampling.0),
        result: Some(result),
        ..Body::new(Kind::LabResult)
    };
    story.say(LABORATORY, "2026-05-09", result(Outcome::Pass));
    assert!(story.notices("LOT").is_empty());
    story.say(LABORATORY, "2026-05-09", result(Outcome::Fail));
    assert_eq!(story.notices("LOT"), ["DANG_TAM_GIU"]);
}

#[test]
fn a_harvest_beyond_what_the_place_can_bear_is_held_unless_corrected() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("MOST", "100000"));
    let too_much = story.say(GROWER, "2026-05-08", harvest("LOT", "100001"));
    assert!(story.notices("MOST").is_empty());
    assert_eq!(story.notices("LOT"), ["DANG_TAM_GIU"]);
    let correction = Body {
        reference: Some(too_much.0),
        fix: Some(Fix::OutputQty(0, kilograms("1000"))),
        ..Body::new(Kind::Correct)
    };
    story.say(GROWER, "2026-05-09", correction);
    assert_eq!(story.notices("LOT"), ["CO_DINH_CHINH"]);
}

#[test]
fn a_recall_of_a_place_takes_every_harvest_of_its_days_with_what_came_of_it() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-01", harvest("FIRST", "100"));
    story.say(GROWER, "2026-05-03", harvest("LAST", "100"));
    story.say(GROWER, "2026-05-04", harvest("AFTER", "100"));
    story.say(
        GROWER,
        "2026-06-01",
        process(("LAST", "100"), ("DRY", "50")),
    );
    let recall = story.say(
        AUTHORITY,
        "2026-06-02",
        recall_of_field("2026-05-01", "2026-05-03"),
    );
    let late = harvest("LOGGED-LATER", "100");
    story.say_later(GROWER, "2026-05-02", "2026-05-02", late);
    for no in ["FIRST", "LAST", "DRY", "LOGGED-LATER"] {
        assert_eq!(story.notices(no), ["DA_THU_HOI"], "{no}");
    }
    assert!(story.notices("AFTER").is_empty());
    let lift = Body {
        reference: Some(recall.0),
        ..Body::new(Kind::RecallLift)
    };
    story.say(AUTHORITY, "2026-06-03", lift);
    assert!(story.notices("DRY").is_empty());
}

#[test]
fn no_correction_of_a_date_slips_out_of_a_recall() {
    let mut story = Story::begin();
    let inside = story.say(GROWER, "2026-05-03", harvest("INSIDE", "100"));
    let outside = story.say(GROWER, "2026-05-09", harvest("OUTSIDE", "100"));
    let moved = |reference: EventId, day: &str| Body {
        reference: Some(reference.0),
        fix: Some(Fix::Occurred(noon(day))),
        ..Body::new(Kind::Correct)
    };
    story.say(
        AUTHORITY,
        "2026-06-02",
        recall_of_field("2026-05-01", "2026-05-03"),
    );
    story.say(GROWER, "2026-06-03", moved(inside, "2026-05-04"));
    story.say(GROWER, "2026-06-03", moved(outside, "2026-05-02"));
    assert_eq!(story.notices("INSIDE"), ["DA_THU_HOI", "CO_DINH_CHINH"]);
    assert_eq!(story.notices("OUTSIDE"), ["DA_THU_HOI", "CO_DINH_CHINH"]);
}

/// Notices of what was made of 100 kg by using some of it.
fn step(taken: &str, given: &str, loss: Option<&str>, added: Option<&str>) -> Vec<&'static str> {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", "100"));
    let body = Body {
        loss: loss.map(kilograms),
        added: added.map(kilograms),
        ..process(("LOT", taken), ("OUT", given))
    };
    story.say(GROWER, "2026-05-08", body);
    story.notices("OUT")
}

#[test]
fn no_more_comes_out_than_went_in() {
    const EXCEEDED: [&str; 1] = ["VUOT_KHOI_LUONG"];
    assert!(
        step("100", "102", None, None).is_empty(),
        "two in a hundred are allowed"
    );
    assert_eq!(step("100", "102.1", None, None), EXCEEDED);
    assert!(
        step("100", "130", None, Some("30")).is_empty(),
        "salt was added"
    );
    assert_eq!(
        step("50", "60", None, None),
        EXCEEDED,
        "only half was taken"
    );
    assert!(
        step("90", "80", Some("10"), None).is_empty(),
        "a loss within what was taken"
    );
    assert!(
        step("90", "90", Some("10"), None).is_empty(),
        "a loss beside what was taken"
    );
    assert_eq!(step("90", "90", Some("13"), None), EXCEEDED);
}

#[test]
fn no_more_is_used_or_destroyed_than_there_was() {
    let mut story = Story::begin();
    story.say(GROWER, "2026-05-07", harvest("LOT", "100"));
    story.say(GROWER, "2026-05-08", process(("LOT", "60"), ("A", "60")));
    story.say(GROWER, "2026-05-08", process(("LOT", "40"), ("B", "40")));
    let destroyed = |amount| Body {
        lots: Some(used("LOT", amount)),
        ..Body::new(Kind::Destroy)
    };
    story.say(GROWER, "2026-05-09", destroyed(None));
    assert!(
        story.notices("A").is_empty(),
        "what was not weighed proves nothing"
    );
    story.say(GROWER, "2026-05-10", destroyed(Some("3")));
    for no in ["LOT", "A", "B"] {
        assert_eq!(story.notices(no), ["VUOT_KHOI_LUONG"], "{no}");
    }
}

#[test]
fn a_late_spray_is_told_of_its_own_harvest_only() {
    let mut story = Story::begin();
    story.say_later(GROWER, "2026-04-01", "2026-04-03", spray(0));
    story.say(GROWER, "2026-05-01", harvest("FIRST", "100"));
    story.say(GROWER, "2026-06-01", harvest("SECOND", "100"));
    assert_eq!(story.notices("FIRST"), ["NHAP_TRE"]);
    assert!(story.notices("SECOND").is_empty());
}
