//! `sample-data/rejections.csv`, row by row: what is asked back before signing, and what becomes of the same thing when it
//! arrives signed all the same.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::body::{Body, Fix, Lives, Number, Outcome, PlaceType, Sealable, Text};
use ledger_core::form::{self, Question, Weight};
use ledger_core::ids::{Hash, LotId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::lot::{LotHistory, LotState};
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::Draft;
use tests::inprocess::{InProcess, fixed_key, fixed_salts, sample_folder};
use tests::sample::{BUSINESS_DATE, Sample};

#[path = "rejections/case.rs"]
mod case;
#[path = "rejections/edges.rs"]
mod edges;

use case::*;

/// How a row comes about.
type Situation = fn(&Sample) -> Case;

/// Rows that are asked back by the form, and how each comes about.
const COVERED: &[(&str, Situation)] = &[
    ("N-02", foreign_barcode),
    ("N-03", misshapen_growing_area),
    ("N-04", borrowed_growing_area),
    ("N-05", too_much_harvested),
    ("N-06", harvested_too_early),
    ("N-07", more_than_is_left),
    ("N-08", unknown_input),
    ("N-09", shop_harvests),
    ("N-10", grower_tests),
    ("N-11", neighbour_corrects),
    ("N-12", owner_releases),
    ("N-13", recalled_is_listed),
    ("N-14", expired_is_listed),
    ("N-15", next_year),
    ("N-16", sent_twice),
    ("N-17", told_by_two_devices),
    ("N-23", telephone_in_note),
    ("N-24", labels_used_before),
];

/// Rows that are tested somewhere else, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "N-01",
        "a_wrong_check_digit, below: a draft cannot hold such a number",
    ),
    ("N-18", "nowhere yet: the form has no address search"),
    ("N-19", "nowhere yet: the form has no address search"),
    ("N-20", "nowhere yet: the form has no address search"),
    ("N-21", "nowhere yet: there is no search by name"),
    ("N-22", "nowhere yet: there is no import of spreadsheets"),
    ("N-25", "qr-service and page: what a buyer is told"),
    (
        "N-26",
        "ledger-core/src/code.rs and the page: the check character",
    ),
    ("N-27", "the page: no connection"),
    ("N-28", "a_stranger_is_refused_at_the_door, below"),
    ("N-29", "node: fsck"),
    ("N-30", "qr-service: many lots in one question"),
];

/// Rows whose weight is another here, and why.
const OTHER_WEIGHT: &[(&str, Weight, &str)] = &[(
    "N-03",
    Weight::Warn,
    "codes are opaque: an unusual shape only warns",
)];

/// Rows about which something else is rightly asked too.
const ALSO_ASKED: &[(&str, &str, &str)] = &[(
    "N-04",
    "KHONG_CO_QUYEN",
    "the field named with the borrowed code is another organisation's",
)];

#[test]
fn every_row_is_asked_back_in_its_words() {
    let sample = sample();
    let rows = rows();
    for (id, situation) in COVERED {
        let row = &rows[*id];
        let case = situation(&sample);
        let mut questions = case.ask();
        for (_, code, why) in ALSO_ASKED.iter().filter(|(row, ..)| row == id) {
            let place = questions.iter().position(|question| question.code == *code);
            questions.remove(place.unwrap_or_else(|| panic!("{id}: no {code}, but {why}")));
        }
        let [question] = questions.as_slice() else {
            panic!("{id}: {questions:#?}");
        };
        check(row, question);
    }
}

fn check(row: &Row, question: &Question) {
    let id = &row.id;
    let other = OTHER_WEIGHT.iter().find(|(other, ..)| other == id);
    let weight = other.map_or_else(|| weight_of(&row.result), |(_, weight, _)| *weight);
    assert_eq!(question.code, row.code, "{id}");
    assert_eq!(
        question.weight,
        weight,
        "{id} {:?}",
        other.map(|(.., why)| why)
    );
    assert_eq!(question.message_vi, row.message, "{id}");
    let remedy = if row.remedy == "—" { "" } else { &row.remedy };
    assert_eq!(question.remedy_vi, remedy, "{id}");
    assert!(!question.message_en.is_empty(), "{id}");
}

#[test]
fn a_wrong_check_digit() {
    let question = form::gtin("2082600000016").unwrap_err();
    check(&rows()["N-01"], &question);
    assert_eq!(
        form::gtin("208 2600 000015").map(|gtin| gtin.to_string()),
        Ok("02082600000015".into())
    );
    let short = form::gtin("20826").unwrap_err();
    assert_eq!(
        short.message_vi,
        "Mã sản phẩm 20826 chưa đúng: phải có 8, 12, 13 hoặc 14 chữ số. Anh/chị xem lại mã trên bao bì."
    );
}

#[test]
fn no_row_is_forgotten() {
    let rows: BTreeSet<String> = rows().into_keys().collect();
    let covered = COVERED.iter().map(|(id, _)| (*id).to_owned());
    let elsewhere = ELSEWHERE.iter().map(|(id, _)| (*id).to_owned());
    let listed: Vec<String> = covered.chain(elsewhere).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), rows);
    assert_eq!(listed.len(), rows.len(), "a row stands in both lists");
}

#[test]
fn what_may_not_be_said_is_void_with_the_same_code_when_it_arrives_signed() {
    let sample = sample();
    let rows = rows();
    for (id, situation) in COVERED
        .iter()
        .filter(|(id, _)| ("N-09".."N-13").contains(id))
    {
        let Case {
            mut ledger,
            org,
            draft,
            ..
        } = situation(&sample);
        let logged = ledger.log(&org, draft).unwrap();
        let code = logged.void.map(|reason| reason.code());
        assert_eq!(code, Some(rows[*id].code.as_str()), "{id}");
        assert!(logged.subjects.is_empty(), "{id} is listed");
    }
}

#[test]
fn a_doubtful_harvest_that_arrives_signed_is_on_hold() {
    let sample = sample();
    for (id, situation) in COVERED
        .iter()
        .filter(|(id, _)| ["N-05", "N-06"].contains(id))
    {
        let Case {
            mut ledger,
            org,
            draft,
            ..
        } = situation(&sample);
        let lot = LotId::new(org.clone(), &draft.body.outputs.as_ref().unwrap()[0].no).unwrap();
        let day = draft.occurred;
        assert_eq!(ledger.log(&org, draft).unwrap().void, None, "{id}");
        let history = LotHistory::trace(&ledger.facts(), &lot, BUSINESS_DATE);
        assert_eq!(history.state, LotState::Held, "{id}");
        // What is on hold is not offered either; the sentence is the platform's.
        let listing = Case::new(ledger, "ORG-12", "2026-10-19T09:00+07:00", list(&lot));
        let questions = listing.ask();
        assert_eq!(questions[0].code, "LO_DANG_TAM_GIU", "{id}");
        let (date, clock, no) = (day.date().vietnamese(), day.clock(), lot.number());
        let told = format!("Lô {no} đang tạm giữ từ {date} {clock}. Chưa đăng bán được.");
        assert_eq!(questions[0].message_vi, told, "{id}");
    }
}

#[test]
fn a_stranger_is_refused_at_the_door() {
    let sample = sample();
    let mut ledger = InProcess::with_registrations(&sample).unwrap();
    let body = harvest(&sample, "PL-01", "X-1", "100");
    let draft = Case::new(
        InProcess::new(&sample).unwrap(),
        "ORG-01",
        "2026-10-12T06:10+07:00",
        body,
    )
    .draft;
    let size = ledger.replica.size();
    let refusal = ledger
        .log_as(&fixed_key("stranger"), &org("ORG-01"), draft)
        .map(|_| ())
        .unwrap_err();
    let row = &rows()["N-28"];
    assert_eq!(
        (refusal.code(), refusal.message_vi()),
        (row.code.as_str(), row.message.as_str())
    );
    assert_eq!(ledger.replica.size(), size);
}

/// What the form asks about the sample's own entries, each before it was recorded. All of it is what the stories are for.
const ASKED_OF_THE_SAMPLE: &[(&str, &str, Weight)] = &[
    ("E-0503", "CHUA_DU_CACH_LY", Weight::Hold),
    ("E-0303", "KHONG_THAY_LO", Weight::Warn),
];

#[test]
fn the_sample_itself_passes_the_form() {
    let sample = sample();
    let mut ledger = InProcess::with_members(&sample).unwrap();
    let mut asked = Vec::new();
    for step in sample.script(fixed_salts("script")).unwrap() {
        let body = step.body(&ledger.ids).unwrap();
        let mut case = Case::new(ledger, step.org.as_str(), "2026-01-01T00:00Z", body);
        (case.draft.occurred, case.draft.signed) = (step.occurred, step.signed);
        asked.extend(
            case.ask()
                .into_iter()
                .map(|question| (step.key.clone(), question)),
        );
        ledger = case.ledger;
        ledger.record(&step).unwrap();
    }
    let asked: Vec<(&str, &str, Weight)> = asked
        .iter()
        .map(|(key, question)| (key.as_str(), question.code, question.weight))
        .collect();
    assert_eq!(asked, ASKED_OF_THE_SAMPLE);
}

// Situations, in the order of the rows

fn foreign_barcode(sample: &Sample) -> Case {
    let body = Body {
        id: Some(Number("PR-99".to_owned())),
        name: Some(Sealable::Text("Bún khô (mẫu)".to_owned())),
        unit: Some(Text("gói".to_owned())),
        gtin: Some(with_check_digit("893850000001")),
        ..Body::new(Kind::Product)
    };
    Case::new(registered(sample), "ORG-05", "2026-10-19T08:00+07:00", body)
}

fn misshapen_growing_area(sample: &Sample) -> Case {
    let body = Body {
        id: Some(Number("PL-99".to_owned())),
        name: Some(Sealable::Text("Vườn xoài mới (mẫu)".to_owned())),
        place_type: Some(PlaceType::Plot),
        facts: facts(&[("mã vùng trồng xuất khẩu", "VN-DTOR-92")]),
        ..Body::new(Kind::Place)
    };
    Case::new(registered(sample), "ORG-01", "2026-10-19T08:00+07:00", body)
}

fn borrowed_growing_area(sample: &Sample) -> Case {
    let body = Body {
        facts: facts(&[("mã vùng trồng xuất khẩu", "VN-DTOR-9002")]),
        ..harvest(sample, "PL-02", "XCC-1", "3000")
    };
    Case::new(registered(sample), "ORG-03", "2026-04-02T05:45+07:00", body)
}

fn too_much_harvested(sample: &Sample) -> Case {
    let body = harvest(sample, "PL-02", "XCC-260402-B", "320000");
    Case::new(registered(sample), "ORG-01", "2026-04-02T05:45+07:00", body)
}

fn harvested_too_early(sample: &Sample) -> Case {
    let body = harvest(sample, "PL-05", "VS-260115-A", "420");
    Case::new(
        before(sample, "E-0503"),
        "ORG-03",
        "2026-01-15T06:00+07:00",
        body,
    )
}

fn more_than_is_left(sample: &Sample) -> Case {
    let body = pack(sample.lot("B-0103").unwrap(), "1500", "300");
    Case::new(
        before(sample, "E-0111"),
        "ORG-08",
        "2026-10-13T08:00+07:00",
        body,
    )
}

fn unknown_input(sample: &Sample) -> Case {
    let lot = LotId::new(org("ORG-08"), "B-9999").unwrap();
    Case::new(
        whole(sample),
        "ORG-08",
        "2026-10-19T08:00+07:00",
        pack(&lot, "100", "20"),
    )
}

fn shop_harvests(sample: &Sample) -> Case {
    let body = harvest(sample, "PL-01", "X-1", "100");
    Case::new(whole(sample), "ORG-12", "2026-10-19T08:00+07:00", body)
}

fn grower_tests(sample: &Sample) -> Case {
    let body = Body {
        lots: lots(sample.lot("B-0105").unwrap()),
        result: Some(Outcome::Pass),
        ..Body::new(Kind::LabResult)
    };
    Case::new(whole(sample), "ORG-01", "2026-10-19T08:00+07:00", body)
}

fn neighbour_corrects(sample: &Sample) -> Case {
    let ledger = whole(sample);
    let quantity = Quantity::parse("1800", Unit::Kilogram).unwrap();
    let body = Body {
        reference: Some(ledger.ids["E-0107"].0),
        fix: Some(Fix::OutputQty(0, quantity)),
        ..Body::new(Kind::Correct)
    };
    Case::new(ledger, "ORG-03", "2026-10-19T08:00+07:00", body)
}

fn owner_releases(sample: &Sample) -> Case {
    let body = Body {
        lots: lots(sample.lot("B-0904").unwrap()),
        ..Body::new(Kind::Release)
    };
    Case::new(whole(sample), "ORG-06", "2026-06-15T08:00+07:00", body)
}

fn recalled_is_listed(sample: &Sample) -> Case {
    let body = list(sample.lot("B-0904").unwrap());
    Case::new(whole(sample), "ORG-12", "2026-06-15T08:00+07:00", body)
}

fn expired_is_listed(sample: &Sample) -> Case {
    let body = list(sample.lot("B-0502").unwrap());
    Case::new(whole(sample), "ORG-12", "2026-02-10T08:00+07:00", body)
}

fn next_year(sample: &Sample) -> Case {
    let body = harvest(sample, "PL-01", "XCC-271012-A", "1850");
    Case::new(whole(sample), "ORG-01", "2027-10-12T06:10+07:00", body)
}

fn sent_twice(sample: &Sample) -> Case {
    let ledger = whole(sample);
    let id = ledger.ids["E-0406"];
    let first = ledger
        .logged
        .iter()
        .find(|logged| logged.event.id() == id)
        .unwrap();
    let (body, occurred) = (
        first.event.body().clone(),
        first.event.occurred().to_string(),
    );
    Case::new(ledger, "ORG-02", &occurred, body)
}

/// The team leader tells it with a phone of the cooperative, then the secretary with the office's device. Who told it
/// stands in the ledger as a role among the facts.
fn told_by_two_devices(sample: &Sample) -> Case {
    let mut ledger = before(sample, "E-0107");
    let phone = fixed_key("the team leader's phone");
    let enrolment = Body {
        org: Some(org("ORG-01")),
        key: Some(Hash(PublicKey::of(&phone).to_bytes())),
        lives: Some(Lives::Phone),
        ..Body::new(Kind::Device)
    };
    let (occurred, signed) = (
        time("2026-10-01T08:00+07:00"),
        time("2026-10-01T08:00+07:00"),
    );
    let enrolled = ledger
        .log(
            &org("ORG-10"),
            Draft {
                occurred,
                signed,
                body: enrolment,
            },
        )
        .unwrap();
    assert_eq!(enrolled.void, None);
    let first = Body {
        facts: facts(&[("vai trò", "Tổ trưởng")]),
        ..harvest(sample, "PL-01", "XCC-261012-B", "1850")
    };
    let case = Case::new(
        ledger,
        "ORG-01",
        "2026-10-12T06:10+07:00",
        harvest(sample, "PL-01", "XCC-261012-A", "1850"),
    );
    let mut ledger = case.ledger;
    let told = ledger
        .log_as(
            &phone,
            &case.org,
            Draft {
                body: first,
                ..case.draft.clone()
            },
        )
        .unwrap();
    assert_eq!(told.void, None);
    Case { ledger, ..case }
}

fn telephone_in_note(sample: &Sample) -> Case {
    let body = Body {
        facts: facts(&[("ghi chú", "gọi anh Ba 0912.345.678 để lấy hàng")]),
        ..harvest(sample, "PL-04", "QH-261019-A", "100")
    };
    Case::new(whole(sample), "ORG-02", "2026-10-19T05:30+07:00", body)
}

/// Labels are activated by binding the code that stands on them; how many there are was told when they were stuck on.
fn labels_used_before(sample: &Sample) -> Case {
    let body = Body {
        lot: sample.lot("B-0401").cloned(),
        codes: Some(sample.codes("B-0402")),
        ..Body::new(Kind::Bind)
    };
    Case::new(whole(sample), "ORG-02", "2026-10-19T05:30+07:00", body)
}

// The rows

struct Row {
    id: String,
    result: String,
    code: String,
    message: String,
    remedy: String,
}

fn rows() -> BTreeMap<String, Row> {
    let mut reader = csv::Reader::from_path(sample_folder().join("rejections.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.unwrap();
        let cell = |name: &str| {
            let place = headers.iter().position(|header| header == name).unwrap();
            record[place].to_owned()
        };
        let row = Row {
            id: cell("case_id"),
            result: cell("expected_result"),
            code: cell("error_code"),
            message: cell("message_vi"),
            remedy: cell("what_the_user_does_vi"),
        };
        (row.id.clone(), row)
    };
    reader.records().map(row).collect()
}

fn weight_of(result: &str) -> Weight {
    match result {
        "tu_choi" => Weight::Refuse,
        "tam_giu" => Weight::Hold,
        "canh_bao" => Weight::Warn,
        "hoi_them" => Weight::Ask,
        "chap_nhan_mot_lan" => Weight::AlreadyDone,
        other => panic!("no weight for {other}"),
    }
}
