//! Days: works that lasted several, corrected days, waiting days, recalls of a place and period.

use ledger_core::body::{Body, Fix};
use proptest::prelude::*;

use super::book::{
    AUTHORITY, Book, GROWER, about, correct, harvest, may, noon, recall_of_field, spray,
};
use ledger_core::kind::Kind;

const RECALLED: &str = "DA_THU_HOI";
const HELD: &str = "DANG_TAM_GIU";
const LATE: &str = "NHAP_TRE";

fn long_harvest(no: &str, began: &str) -> Body {
    Body {
        began: Some(noon(began)),
        ..harvest(no, 100)
    }
}

#[test]
fn any_day_of_a_long_harvest_counts_for_a_recall() {
    let recalled = |first: &str, last: &str| {
        let mut book = Book::default();
        book.say(GROWER, "2026-05-10", long_harvest("LOT", "2026-05-05"));
        book.say(AUTHORITY, "2026-06-01", recall_of_field(first, last));
        book.notices("LOT").contains(&RECALLED)
    };
    assert!(recalled("2026-05-05", "2026-05-05"));
    assert!(recalled("2026-05-07", "2026-05-08"));
    assert!(recalled("2026-05-10", "2026-05-30"));
    assert!(!recalled("2026-05-01", "2026-05-04"));
    assert!(!recalled("2026-05-11", "2026-05-30"));
}

#[test]
fn the_earliest_day_of_a_long_harvest_decides_about_the_waiting_days() {
    let held = |began: &str| {
        let mut book = Book::default();
        book.say(GROWER, "2026-05-01", spray(7));
        book.say(GROWER, "2026-05-12", long_harvest("LOT", began));
        book.notices("LOT").contains(&HELD)
    };
    assert!(held("2026-05-07"));
    assert!(!held("2026-05-08"));
    assert!(held("2026-04-25"), "the spray fell into the harvest");
}

#[test]
fn no_correction_shortens_the_waiting_days() {
    let mut book = Book::default();
    let spray = book.say(GROWER, "2026-05-01", spray(7));
    let harvest = book.say(GROWER, "2026-05-07", harvest("LOT", 100));
    book.say(GROWER, "2026-05-08", correct(spray, Fix::WaitDays(0)));
    book.say(
        GROWER,
        "2026-05-08",
        correct(spray, Fix::Occurred(noon("2026-04-01"))),
    );
    book.say(
        GROWER,
        "2026-05-08",
        correct(harvest, Fix::Occurred(noon("2026-05-20"))),
    );
    assert_eq!(book.notices("LOT"), [HELD, "CO_DINH_CHINH"]);
}

#[test]
fn a_correction_that_shows_a_harvest_to_be_early_holds_it_although_it_was_released() {
    let fixes: [fn() -> (bool, Fix); 3] = [
        || (true, Fix::WaitDays(10)),
        || (true, Fix::Occurred(noon("2026-05-05"))),
        || (false, Fix::Began(noon("2026-05-03"))),
    ];
    for fix in fixes {
        let (of_spray, fix) = fix();
        let mut book = Book::default();
        let spray = book.say(GROWER, "2026-05-01", spray(7));
        let harvest = book.say(GROWER, "2026-05-09", harvest("LOT", 100));
        book.say(AUTHORITY, "2026-05-10", about(Kind::Release, "LOT", None));
        assert!(book.notices("LOT").is_empty());
        let what = if of_spray { spray } else { harvest };
        book.say(GROWER, "2026-05-11", correct(what, fix.clone()));
        assert!(book.notices("LOT").contains(&HELD), "{fix:?}");
        book.say(AUTHORITY, "2026-05-12", about(Kind::Release, "LOT", None));
        assert!(!book.notices("LOT").contains(&HELD), "{fix:?}");
    }
}

#[test]
fn a_spray_signed_late_is_told_of_the_harvest_it_preceded_even_if_logged_after_it() {
    let mut book = Book::default();
    book.say(GROWER, "2026-04-01", harvest("EARLIER", 100));
    book.say(GROWER, "2026-05-01", harvest("LOT", 100));
    book.say(GROWER, "2026-06-01", harvest("LATER", 100));
    book.say_later(GROWER, "2026-04-20", "2026-05-02", spray(0));
    assert!(book.notices("EARLIER").is_empty());
    assert_eq!(book.notices("LOT"), [LATE]);
    assert!(book.notices("LATER").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// The model counts days one by one: every day between a beginning and an end that was ever stated.
    #[test]
    fn recalls_and_waiting_days_meet_every_day_that_was_ever_stated(
        ends in prop::collection::vec(0i64..40, 1..4),
        begins in prop::collection::vec(0i64..40, 0..3),
        treated in prop::collection::vec(0i64..40, 1..3),
        waits in prop::collection::vec(0u64..12, 1..3),
        period in (0i64..45, 0i64..6),
    ) {
        let mut book = Book::default();
        let spray = book.say(GROWER, &may(treated[0]), spray(waits[0]));
        let began = begins.first().map(|day| noon(&may(*day)));
        let body = Body { began, ..harvest("LOT", 100) };
        let harvest = book.say(GROWER, &may(ends[0]), body);
        for day in &ends[1..] {
            book.say(GROWER, &may(50), correct(harvest, Fix::Occurred(noon(&may(*day)))));
        }
        for day in begins.iter().skip(1) {
            book.say(GROWER, &may(50), correct(harvest, Fix::Began(noon(&may(*day)))));
        }
        for day in &treated[1..] {
            book.say(GROWER, &may(50), correct(spray, Fix::Occurred(noon(&may(*day)))));
        }
        for days in &waits[1..] {
            book.say(GROWER, &may(50), correct(spray, Fix::WaitDays(*days)));
        }
        let picked: Vec<i64> = (0..45).filter(|day| {
            ends.contains(day)
                || begins.iter().any(|begin| ends.iter().any(|end| (*begin.min(end)..=*begin.max(end)).contains(day)))
        }).collect();
        let wait = i64::try_from(*waits.iter().max().unwrap()).unwrap();
        let early = picked.iter().any(|day| treated.iter().any(|spray| spray <= day && *day < spray + wait));
        prop_assert_eq!(book.notices("LOT").contains(&HELD), early);
        let (first, last) = (period.0, period.0 + period.1);
        book.say(AUTHORITY, &may(60), recall_of_field(&may(first), &may(last)));
        let recalled = picked.iter().any(|day| first <= *day && *day <= last);
        prop_assert_eq!(book.notices("LOT").contains(&RECALLED), recalled);
    }
}
