//! The rules of lots (`docs/rules.md`), one behaviour a file: a small made-up history of one cooperative, and what a page
//! must say of its lot. State and notices are written down here by hand; a story whose verdict is another fails.

pub mod recalls;
mod stage;

use ledger_core::body::{Body, Fix, Outcome, Text};
use ledger_core::kind::Kind;

use super::{Case, Story};
use stage::{
    AUTHORITY, GROWER, LABORATORY, LOT, PACKER, Stage, Told, about, correct, date, harvest, kg,
    label, long, new_field, noon, of_product, on_new_field, org, pack_under, product,
    recall_of_field, referring, sampling_of_field, spray, step, test, until,
};

/// Name, sentence, state, notices, what happens.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    fn(&mut Stage) -> Told,
);

const ROWS: &[Row] = &[
    (
        "mass_exceeded",
        "103 kg come out of 100 kg",
        "recorded",
        &["VUOT_KHOI_LUONG"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("RAW", 100))?;
            s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Process, &[("RAW", 100)], &[(LOT, 103)]),
            )?;
            Ok(())
        },
    ),
    (
        "mass_exceeded_by_sales",
        "more of the source lot is sold at the gate and processed than there was",
        "recorded",
        &["VUOT_KHOI_LUONG"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("RAW", 100))?;
            s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Process, &[("RAW", 60)], &[(LOT, 60)]),
            )?;
            s.say(GROWER, "2026-05-03", about(Kind::Sell, "RAW", Some(43)))?;
            Ok(())
        },
    ),
    (
        "mass_corrected",
        "the amount that was taken is corrected, so that no more came out than went in",
        "recorded",
        &["CO_DINH_CHINH"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("RAW", 100))?;
            let id = s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Process, &[("RAW", 50)], &[(LOT, 80)]),
            )?;
            s.say(GROWER, "2026-05-03", correct(id, Fix::InputQty(0, kg(80))))?;
            Ok(())
        },
    ),
    (
        "lot_created_twice",
        "two harvests declare one lot: on hold, ancestry not proven",
        "held",
        &["DANG_TAM_GIU", "TAO_HAI_LAN"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.say(GROWER, "2026-05-02", harvest(LOT, 50))?;
            Ok(())
        },
    ),
    (
        "lot_created_twice_and_released",
        "the authority's release lifts the hold; while two creations stand nothing is confirmed",
        "unconfirmed",
        &["TUNG_TAM_GIU", "TAO_HAI_LAN"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.say(GROWER, "2026-05-02", harvest(LOT, 50))?;
            s.say(AUTHORITY, "2026-05-03", about(Kind::Release, LOT, None))?;
            Ok(())
        },
    ),
    (
        "second_creation_withdrawn",
        "one of two creations is withdrawn, and all is well again",
        "recorded",
        &["CO_DINH_CHINH"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            let id = s.say(GROWER, "2026-05-02", harvest(LOT, 50))?;
            s.say(GROWER, "2026-05-03", correct(id, Fix::OutputWithdrawn(0)))?;
            Ok(())
        },
    ),
    (
        "only_creation_withdrawn",
        "the code still leads to the lot, but nothing creates it",
        "unconfirmed",
        &["CO_DINH_CHINH"],
        |s| {
            let id = s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.say(GROWER, "2026-05-03", correct(id, Fix::OutputWithdrawn(0)))?;
            Ok(())
        },
    ),
    (
        "declared_anew_under_recall",
        "a lot made of recalled fruit is withdrawn and declared anew from other fruit: the recall still shows",
        "recalled",
        &["DA_THU_HOI", "CO_DINH_CHINH"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("BAD", 100))?;
            s.say(GROWER, "2026-05-01", harvest("GOOD", 100))?;
            let id = s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Pack, &[("BAD", 100)], &[(LOT, 100)]),
            )?;
            s.say(AUTHORITY, "2026-05-03", about(Kind::Recall, "BAD", None))?;
            s.say(GROWER, "2026-05-04", correct(id, Fix::OutputWithdrawn(0)))?;
            s.say(
                GROWER,
                "2026-05-04",
                step(Kind::Pack, &[("GOOD", 100)], &[(LOT, 100)]),
            )?;
            Ok(())
        },
    ),
    (
        "failed_test_of_a_source",
        "a test of the source lot failed: what was made of it is on hold",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("RAW", 100))?;
            s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Process, &[("RAW", 100)], &[(LOT, 50)]),
            )?;
            s.say(
                LABORATORY,
                "2026-05-03",
                test(about(Kind::LabResult, "RAW", None), Outcome::Fail),
            )?;
            Ok(())
        },
    ),
    (
        "failed_test_by_sampling",
        "the result names no lot but the sampling",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            let id = s.say(GROWER, "2026-05-02", about(Kind::LabSample, LOT, None))?;
            s.say(
                LABORATORY,
                "2026-05-03",
                test(referring(Kind::LabResult, id), Outcome::Fail),
            )?;
            Ok(())
        },
    ),
    (
        "failed_test_of_a_field",
        "a sample of the field failed: its next harvests are on hold",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            let id = s.say(AUTHORITY, "2025-12-01", sampling_of_field())?;
            s.say(
                LABORATORY,
                "2025-12-03",
                test(referring(Kind::LabResult, id), Outcome::Fail),
            )?;
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            Ok(())
        },
    ),
    (
        "failed_test_corrected_to_passed",
        "a result that failed in any version holds",
        "held",
        &["DANG_TAM_GIU", "CO_DINH_CHINH"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            let failed = test(about(Kind::LabResult, LOT, None), Outcome::Fail);
            let id = s.say(LABORATORY, "2026-05-03", failed)?;
            s.say(
                LABORATORY,
                "2026-05-04",
                correct(id, Fix::Result(Outcome::Pass)),
            )?;
            Ok(())
        },
    ),
    (
        "failed_test_then_released",
        "a release after the failed test lifts it",
        "recorded",
        &["TUNG_TAM_GIU"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.say(
                LABORATORY,
                "2026-05-03",
                test(about(Kind::LabResult, LOT, None), Outcome::Fail),
            )?;
            s.say(AUTHORITY, "2026-05-04", about(Kind::Release, LOT, None))?;
            Ok(())
        },
    ),
    (
        "early_harvest",
        "harvested on the last waiting day",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            s.say(GROWER, "2026-05-01", spray(7))?;
            s.say(GROWER, "2026-05-07", harvest(LOT, 100))?;
            Ok(())
        },
    ),
    (
        "harvest_when_the_waiting_days_are_over",
        "harvested on the first day on which it is allowed",
        "recorded",
        &[],
        |s| {
            s.say(GROWER, "2026-05-01", spray(7))?;
            s.say(GROWER, "2026-05-08", harvest(LOT, 100))?;
            Ok(())
        },
    ),
    (
        "early_first_day_of_a_long_harvest",
        "a harvest of several days began within the waiting days",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            s.say(GROWER, "2026-05-01", spray(7))?;
            s.say(GROWER, "2026-05-12", long(harvest(LOT, 100), "2026-05-07"))?;
            Ok(())
        },
    ),
    (
        "waiting_days_corrected_after_the_release",
        "a longer waiting period comes to light after the release: on hold again",
        "held",
        &["DANG_TAM_GIU"],
        |s| {
            let id = s.say(GROWER, "2026-05-01", spray(7))?;
            s.say(GROWER, "2026-05-09", harvest(LOT, 100))?;
            s.say(AUTHORITY, "2026-05-10", about(Kind::Release, LOT, None))?;
            s.say(GROWER, "2026-05-11", correct(id, Fix::WaitDays(10)))?;
            Ok(())
        },
    ),
    (
        "too_large_a_harvest",
        "more at one picking than the field can bear",
        "held",
        &["DANG_TAM_GIU"],
        |s| s.say(GROWER, "2026-05-01", harvest(LOT, 100_001)).map(drop),
    ),
    (
        "late_spray_after_harvest",
        "a spray signed late and logged after the harvest that it preceded",
        "recorded",
        &["NHAP_TRE"],
        |s| {
            s.say(GROWER, "2026-05-10", harvest(LOT, 100))?;
            s.say_later(GROWER, "2026-05-01", "2026-05-11", spray(3))
                .map(drop)
        },
    ),
    (
        "corrected_day_under_recall",
        "the first day lay in the recalled period, the corrected one does not",
        "recalled",
        &["DA_THU_HOI", "CO_DINH_CHINH"],
        |s| {
            let id = s.say(GROWER, "2026-05-03", harvest(LOT, 100))?;
            s.say(
                AUTHORITY,
                "2026-06-01",
                recall_of_field("2026-05-01", "2026-05-03"),
            )?;
            s.say(
                GROWER,
                "2026-06-02",
                correct(id, Fix::Occurred(noon("2026-05-09"))),
            )?;
            Ok(())
        },
    ),
    (
        "long_harvest_under_recall",
        "one day of a harvest of several lies in the recalled period",
        "recalled",
        &["DA_THU_HOI"],
        |s| {
            s.say(GROWER, "2026-05-09", long(harvest(LOT, 100), "2026-05-03"))?;
            s.say(
                AUTHORITY,
                "2026-06-01",
                recall_of_field("2026-05-05", "2026-05-06"),
            )?;
            Ok(())
        },
    ),
    (
        "recall_of_another_period",
        "the recalled days end before the harvest begins",
        "recorded",
        &[],
        |s| {
            s.say(GROWER, "2026-05-09", long(harvest(LOT, 100), "2026-05-03"))?;
            s.say(
                AUTHORITY,
                "2026-06-01",
                recall_of_field("2026-05-01", "2026-05-02"),
            )?;
            Ok(())
        },
    ),
    (
        "recall_of_the_organisation",
        "everything of the source lot's owner is recalled",
        "recalled",
        &["DA_THU_HOI"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest("RAW", 100))?;
            s.say(
                GROWER,
                "2026-05-02",
                step(Kind::Process, &[("RAW", 100)], &[(LOT, 50)]),
            )?;
            let recall = Body {
                org: Some(org(GROWER)),
                ..Body::new(Kind::Recall)
            };
            s.say(AUTHORITY, "2026-06-01", recall).map(drop)
        },
    ),
    (
        "recall_of_the_product",
        "everything made as that product is recalled, what was logged later too",
        "recalled",
        &["DA_THU_HOI"],
        |s| {
            s.product(None)?;
            let recall = Body {
                product: Some(product()),
                ..Body::new(Kind::Recall)
            };
            s.say(AUTHORITY, "2026-04-01", recall)?;
            s.rate("2026-01-01")?;
            s.say(GROWER, "2026-05-01", of_product(harvest(LOT, 100)))
                .map(drop)
        },
    ),
    (
        "recall_lifted",
        "the recall was lifted",
        "recorded",
        &[],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            let id = s.say(AUTHORITY, "2026-06-01", about(Kind::Recall, LOT, None))?;
            s.say(AUTHORITY, "2026-06-02", referring(Kind::RecallLift, id))
                .map(drop)
        },
    ),
    (
        "rating_not_yet_valid",
        "the first day of the rating has not come",
        "recorded",
        &["CHUA_PHAN_HANG_OCOP"],
        |s| {
            s.product(None)?;
            s.rate("2026-10-20")?;
            s.say(GROWER, "2026-05-01", of_product(harvest(LOT, 100)))
                .map(drop)
        },
    ),
    (
        "rating_from_today",
        "today is the first day of the rating",
        "recorded",
        &[],
        |s| {
            s.product(None)?;
            s.rate("2026-10-19")?;
            s.say(GROWER, "2026-05-01", of_product(harvest(LOT, 100)))
                .map(drop)
        },
    ),
    (
        "later_barcode_number",
        "the product got a barcode number later; the code of before still leads to the lot",
        "recorded",
        &[],
        |s| {
            s.product(None)?;
            s.rate("2026-01-01")?;
            s.say(GROWER, "2026-05-01", of_product(harvest(LOT, 100)))?;
            let same = Body {
                product: Some(product()),
                gtin: Some("02082600000992".parse()?),
                ..Body::new(Kind::SameAs)
            };
            s.say(GROWER, "2026-06-01", same).map(drop)
        },
    ),
    (
        "certificate_over_before_the_harvest",
        "the field's certificate ended the day before",
        "recorded",
        &["CHUNG_NHAN_HET_HAN"],
        |s| {
            let certificate = Body {
                target_place: Some(new_field()),
                standard: Some(Text("VietGAP".to_owned())),
                number: Some(Text("MAU-01".to_owned())),
                valid: Some(until("2026-04-30")),
                ..Body::new(Kind::Certificate)
            };
            s.new_field(Some("VN-MAU-01"))?;
            s.say(GROWER, "2026-01-02", certificate)?;
            s.say(GROWER, "2026-05-01", on_new_field(harvest(LOT, 100)))
                .map(drop)
        },
    ),
    (
        "area_code_of_elsewhere",
        "loaded under the growing-area code of a place where it did not grow",
        "recorded",
        &["MA_VUNG_TRONG_KHAC"],
        |s| {
            s.new_field(Some("VN-MAU-01"))?;
            s.say(GROWER, "2026-05-01", on_new_field(harvest(LOT, 100)))?;
            s.say(GROWER, "2026-05-02", pack_under("VN-MAU-02"))
                .map(drop)
        },
    ),
    (
        "area_code_without_permit",
        "packed by another organisation under the grower's code, without its permission",
        "recorded",
        &["MA_VUNG_TRONG_CHUA_PHEP"],
        |s| {
            s.new_field(Some("VN-MAU-01"))?;
            s.say(GROWER, "2026-05-01", on_new_field(harvest(LOT, 100)))?;
            s.say(PACKER, "2026-05-02", pack_under("VN-MAU-01"))
                .map(drop)
        },
    ),
    (
        "area_code_with_permit",
        "packed by another organisation under the grower's code, with its permission",
        "recorded",
        &[],
        |s| {
            s.new_field(Some("VN-MAU-01"))?;
            s.say(GROWER, "2026-05-01", on_new_field(harvest(LOT, 100)))?;
            let permit = Body {
                target_place: Some(new_field()),
                code: Some(Text("VN-MAU-01".to_owned())),
                to: Some(org(PACKER)),
                ..about(Kind::Permit, LOT, Some(100))
            };
            s.say(GROWER, "2026-05-02", permit)?;
            s.say(PACKER, "2026-05-02", pack_under("VN-MAU-01"))
                .map(drop)
        },
    ),
    (
        "area_code_no_longer_valid",
        "loaded the day after the last day of the code",
        "recorded",
        &["MA_VUNG_TRONG_KHAC"],
        |s| {
            s.new_field(Some("VN-MAU-01"))?;
            s.code_of_new_field("VN-MAU-01", Some(until("2026-05-01")))?;
            s.say(GROWER, "2026-05-01", on_new_field(harvest(LOT, 100)))?;
            s.say(GROWER, "2026-05-02", pack_under("VN-MAU-01"))
                .map(drop)
        },
    ),
    (
        "yearly_yield_exceeded",
        "the year's harvests of the field are more than it can bear",
        "recorded",
        &["SAN_LUONG_NAM_CAO"],
        |s| {
            s.new_field(Some("VN-MAU-01"))?;
            for (at, month) in ["02", "04", "05", "06", "08", "10"].into_iter().enumerate() {
                let no = if at == 2 {
                    LOT.to_owned()
                } else {
                    format!("L{at}")
                };
                let day = format!("2026-{month}-01");
                s.say(GROWER, &day, on_new_field(harvest(&no, 20_000)))?;
            }
            s.say(GROWER, "2026-10-02", on_new_field(harvest("MORE", 1)))
                .map(drop)
        },
    ),
    (
        "too_many_labels",
        "103 labels for 100 boxes",
        "recorded",
        &["VUOT_SO_TEM"],
        |s| {
            s.boxes(100)?;
            s.say(GROWER, "2026-05-03", label(Some(103), None))
                .map(drop)
        },
    ),
    (
        "serial_numbers_counted_once",
        "two rolls of numbers overlap: 102 numbers for 100 boxes",
        "recorded",
        &[],
        |s| {
            s.boxes(100)?;
            s.say(GROWER, "2026-05-03", label(None, Some((1, 60))))?;
            s.say(GROWER, "2026-05-03", label(Some(52), Some((51, 102))))
                .map(drop)
        },
    ),
    (
        "label_count_corrected",
        "the number of labels was corrected",
        "recorded",
        &["CO_DINH_CHINH"],
        |s| {
            s.boxes(100)?;
            let id = s.say(GROWER, "2026-05-03", label(Some(1_000), None))?;
            s.say(GROWER, "2026-05-04", correct(id, Fix::Count(100)))
                .map(drop)
        },
    ),
    (
        "suspended_owner",
        "the lot's owner was suspended after it was made: the state stays, and it is told",
        "recorded",
        &["DON_VI_TAM_DUNG"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.bind()?;
            s.say(AUTHORITY, "2026-07-01", suspension()).map(drop)
        },
    ),
    (
        "readmitted_owner",
        "the lot's owner was suspended and readmitted",
        "recorded",
        &[],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.bind()?;
            s.say(AUTHORITY, "2026-07-01", suspension())?;
            let readmission = Body {
                org: Some(org(GROWER)),
                ..Body::new(Kind::Readmit)
            };
            s.say(AUTHORITY, "2026-07-02", readmission).map(drop)
        },
    ),
    (
        "conflict_about_the_lot",
        "the device that recorded the lot's binding signed another event for the same place",
        "recorded",
        &["HAI_BAN_KHAC_NHAU"],
        |s| {
            s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.bind()?;
            s.fork()
        },
    ),
    (
        "expiry_corrected",
        "the last good day was corrected and is over",
        "expired",
        &["CO_DINH_CHINH", "HET_HAN_SU_DUNG"],
        |s| {
            let id = s.say(GROWER, "2026-05-01", harvest(LOT, 100))?;
            s.say(
                GROWER,
                "2026-05-02",
                correct(id, Fix::OutputExpires(0, date("2026-10-18"))),
            )
            .map(drop)
        },
    ),
];

fn suspension() -> Body {
    Body {
        org: Some(org(GROWER)),
        reason: Some(Text("Kiểm tra (mẫu)".to_owned())),
        ..Body::new(Kind::Suspend)
    }
}

/// The stories of this file.
pub fn stories() -> Vec<Story> {
    let story = |(name, shows, state, notices, happens): &Row| {
        let (name, state, notices, happens) = (*name, *state, *notices, *happens);
        Story::new(name, shows, move |_| {
            let mut stage = Stage::begin()?;
            happens(&mut stage)?;
            let case = stage.end()?;
            if case.expect.state != state || case.expect.notices != notices {
                let (state, notices) = (case.expect.state, case.expect.notices);
                return Err(format!("{name} is {state} with {notices:?}").into());
            }
            Ok(Case::bundle(case))
        })
    };
    ROWS.iter().map(story).chain(recalls::stories()).collect()
}

/// The names of the stories told above.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|(name, ..)| *name)
}
