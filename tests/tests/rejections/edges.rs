//! Where the rules of the form begin and end, beyond the rows.

use ledger_core::body::{Body, Fix, LotUse, Number, Sealable, Text, Valid};
use ledger_core::code::{Gtin, PrintedCode, ShortCode};
use ledger_core::form::{Known, Question, Weight, ask};
use ledger_core::genesis::Genesis;
use ledger_core::ids::{Hash, LotId};
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, Unit};
use ledger_core::sign::Draft;
use ledger_core::time::{Date, Timestamp};
use tests::inprocess::{InProcess, fixed_key};
use tests::sample::{BUSINESS_DATE, Sample};

use crate::case::*;

const NOON: &str = "2026-10-19T12:00+07:00";

/// Codes and weights.
type Told<'a> = &'a [(&'static str, Weight)];

/// Codes and weights of what is asked.
fn told(questions: &[Question]) -> Vec<(&'static str, Weight)> {
    questions
        .iter()
        .map(|question| (question.code, question.weight))
        .collect()
}

/// The same ledger, were it no sample.
fn ask_in_earnest(case: &Case, now: &str) -> Vec<Question> {
    let genesis = Genesis {
        sample: None,
        ..case.ledger.replica.genesis().clone()
    };
    let (facts, roster) = (case.ledger.facts(), case.ledger.replica.roster());
    let known = Known {
        facts: &facts,
        roster,
        genesis: &genesis,
        device: case.device,
    };
    let now = time(now);
    ask(&case.draft, &case.org, &known, now, now.date())
}

fn log(ledger: &mut InProcess, org_id: &str, occurred: &str, body: Body) {
    let occurred = time(occurred);
    let logged = ledger
        .log(
            &org(org_id),
            Draft {
                occurred,
                signed: occurred,
                body,
            },
        )
        .unwrap();
    assert_eq!(logged.void, None);
}

fn kilograms(amount: &str) -> Quantity {
    Quantity::parse(amount, Unit::Kilogram).unwrap()
}

fn product(gtin: Gtin) -> Body {
    Body {
        id: Some(Number("PR-99".to_owned())),
        name: Some(Sealable::Text("Bún khô (mẫu)".to_owned())),
        unit: Some(Text("gói".to_owned())),
        gtin: Some(gtin),
        ..Body::new(Kind::Product)
    }
}

fn prefix(number: &str, until: Option<&str>) -> Body {
    let until = until.map(|day| Date::parse(day).unwrap());
    Body {
        org: Some(org("ORG-05")),
        standard: Some(Text("GS1".to_owned())),
        number: Some(Text(number.to_owned())),
        valid: Some(Valid { from: None, until }),
        ..Body::new(Kind::Certificate)
    }
}

#[test]
fn only_refusals_cannot_be_overridden() {
    let others = [Weight::Hold, Weight::Warn, Weight::Ask, Weight::AlreadyDone];
    assert!(others.iter().all(|weight| weight.can_be_overridden()));
    assert!(!Weight::Refuse.can_be_overridden());
}

#[test]
fn product_numbers_belong_to_who_registered_their_prefix() {
    let refused = [("MA_SAN_PHAM_KHONG_CO_QUYEN", Weight::Refuse)];
    let vietnamese = with_check_digit("893850000001");
    let table: &[(Option<Body>, Told)] = &[
        (None, &refused),
        (Some(prefix("8938500", None)), &[]),
        (Some(prefix("893 8500 00001", Some("2026-10-19"))), &[]),
        (Some(prefix("8938500", Some("2026-10-18"))), &refused),
        (Some(prefix("893850", None)), &refused),
        (Some(prefix("8938501", None)), &refused),
    ];
    for (certificate, wanted) in table {
        let mut ledger = registered(&sample());
        if let Some(body) = certificate {
            log(
                &mut ledger,
                "ORG-05",
                "2026-01-01T08:00+07:00",
                body.clone(),
            );
        }
        let case = Case::new(ledger, "ORG-05", NOON, product(vietnamese));
        assert_eq!(told(&case.ask()), *wanted, "{certificate:?}");
        assert_eq!(
            told(&ask_in_earnest(&case, NOON)),
            *wanted,
            "{certificate:?}"
        );
    }
}

#[test]
fn restricted_product_numbers_are_for_samples() {
    // Regional and demonstration numbers; 02 and 04 are a shop's own, even in a sample.
    for (digits, in_sample) in [
        ("208260000099", true),
        ("952123456789", true),
        ("021234567890", false),
        ("041234567890", false),
    ] {
        let case = Case::new(
            registered(&sample()),
            "ORG-05",
            NOON,
            product(with_check_digit(digits)),
        );
        assert_eq!(case.ask().is_empty(), in_sample, "{digits}");
        let in_earnest = ask_in_earnest(&case, NOON);
        assert_eq!(
            told(&in_earnest),
            [("MA_SAN_PHAM_KHONG_CO_QUYEN", Weight::Refuse)],
            "{digits}"
        );
    }
}

#[test]
fn the_clock_of_a_sample_is_its_date_and_otherwise_the_device() {
    let harvested = |at: &str| {
        let sample = sample();
        let body = harvest(&sample, "PL-01", "X-1", "100");
        Case::new(registered(&sample), "ORG-01", at, body)
    };
    let ahead = [("NGAY_TRONG_TUONG_LAI", Weight::Refuse)];
    assert_eq!(told(&harvested("2026-10-19T23:59+07:00").ask()), []);
    assert_eq!(told(&harvested("2026-10-20T00:01+07:00").ask()), ahead);
    for (at, wanted) in [("12:05:00", &[][..]), ("12:05:01", &ahead[..])] {
        let case = harvested(&format!("2026-10-19T{at}+07:00"));
        assert_eq!(told(&ask_in_earnest(&case, NOON)), wanted, "{at}");
    }
    let later = ask_in_earnest(&harvested("2026-10-19T18:30+07:00"), NOON);
    assert_eq!(
        later[0].message_vi,
        "Ngày 19/10/2026 lúc 18:30 chưa tới. Xem lại ngày giờ trên máy."
    );
    let mut case = harvested(NOON);
    case.draft.body.outputs.as_mut().unwrap()[0].made = Some(Date {
        day: 20,
        ..BUSINESS_DATE
    });
    assert_eq!(
        (told(&case.ask()), case.ask()[0].field),
        (ahead.to_vec(), "outputs")
    );
}

/// Packing from B-0103, of which there are 1.420 kg and nothing is used yet.
fn packing(sample: &Sample, inputs: &[Option<&str>]) -> Case {
    let lot = sample.lot("B-0103").unwrap();
    let used = |qty: &Option<&str>| LotUse {
        lot: lot.clone(),
        qty: qty.map(kilograms),
    };
    let body = Body {
        inputs: Some(inputs.iter().map(used).collect()),
        ..pack(lot, "1", "200")
    };
    Case::new(
        before(sample, "E-0111"),
        "ORG-08",
        "2026-10-13T08:00+07:00",
        body,
    )
}

#[test]
fn scales_differ_by_two_percent() {
    let sample = sample();
    let short = [("VUOT_KHOI_LUONG", Weight::Refuse)];
    let table: &[(&[Option<&str>], Told)] = &[
        (&[Some("1448.4")], &[]),
        (&[Some("1448.5")], &short),
        (&[Some("1000"), Some("448.5")], &short),
        // What was not weighed proves nothing.
        (&[None], &[]),
    ];
    for (inputs, wanted) in table {
        assert_eq!(told(&packing(&sample, inputs).ask()), *wanted, "{inputs:?}");
    }
}

#[test]
fn what_was_destroyed_is_gone_and_packages_are_weighed() {
    let sample = sample();
    let lot = sample.lot("B-0105").unwrap();
    let take = |kind, qty: &str, unit| {
        let qty = Quantity::parse(qty, unit).ok();
        let used = Some(vec![LotUse {
            lot: lot.clone(),
            qty,
        }]);
        if kind == Kind::Destroy {
            Body {
                lots: used,
                ..Body::new(kind)
            }
        } else {
            Body {
                inputs: used,
                outputs: None,
                ..pack(lot, "1", "1")
            }
        }
    };
    let mut ledger = whole(&sample);
    log(
        &mut ledger,
        "ORG-08",
        NOON,
        take(Kind::Destroy, "84", Unit::Carton),
    );
    // 284 cartons of 5 kg, 84 destroyed: 200 cartons or 1.000 kg are left, give or take 2 % of the whole.
    for (qty, unit, message) in [
        ("205", Unit::Carton, None),
        (
            "206",
            Unit::Carton,
            Some("Lô nguồn chỉ còn 200 thùng, không đủ 206 thùng."),
        ),
        ("1028", Unit::Kilogram, None),
        (
            "1029",
            Unit::Kilogram,
            Some("Lô nguồn chỉ còn 1.000 kg, không đủ 1.029 kg."),
        ),
        ("9999", Unit::Litre, None),
    ] {
        let case = Case::new(ledger, "ORG-08", NOON, take(Kind::Pack, qty, unit));
        let questions = case.ask();
        let asked = questions
            .first()
            .map(|question| question.message_vi.as_str());
        assert_eq!(asked, message, "{qty} {unit:?}");
        ledger = case.ledger;
    }
    let destroyed = Case::new(
        ledger,
        "ORG-08",
        "2026-10-19T13:00+07:00",
        take(Kind::Destroy, "250", Unit::Carton),
    );
    assert_eq!(
        told(&destroyed.ask()),
        [("VUOT_KHOI_LUONG", Weight::Refuse)]
    );
}

#[test]
fn salt_and_water_are_to_be_stated() {
    let sample = sample();
    let lot = sample.lot("B-0103").unwrap();
    for (added, wanted) in [
        (None, &[("VUOT_KHOI_LUONG", Weight::Ask)][..]),
        (Some("80"), &[]),
    ] {
        let body = Body {
            added: added.map(kilograms),
            ..pack(lot, "1420", "300")
        };
        let case = Case::new(
            before(&sample, "E-0111"),
            "ORG-08",
            "2026-10-13T08:00+07:00",
            body,
        );
        assert_eq!(told(&case.ask()), wanted);
    }
}

#[test]
fn goods_can_be_received_before_their_own_entry_but_not_sold() {
    let sample = sample();
    let lot = LotId::new(org("ORG-01"), "XCC-999999-Z").unwrap();
    let place = sample.place("FC-08");
    let receipt = Body {
        place,
        lots: lots(&lot),
        ..Body::new(Kind::Receive)
    };
    let case = Case::new(registered(&sample), "ORG-08", NOON, receipt);
    assert_eq!(told(&case.ask()), [("KHONG_THAY_LO", Weight::Warn)]);
    assert_eq!(case.ask()[0].remedy_vi, "Chờ đơn vị giao gửi dữ liệu lên");
    let case = Case::new(case.ledger, "ORG-12", NOON, list(&lot));
    assert_eq!(told(&case.ask()), [("KHONG_THAY_LO", Weight::Refuse)]);
}

#[test]
fn a_lot_number_is_used_once() {
    let sample = sample();
    let body = harvest(&sample, "PL-01", "XCC-261012-A", "77");
    let case = Case::new(whole(&sample), "ORG-01", NOON, body);
    assert_eq!(told(&case.ask()), [("SO_LO_DA_CO", Weight::Refuse)]);
    // Another organisation's number is another lot.
    let body = harvest(&sample, "PL-05", "XCC-261012-A", "77");
    assert_eq!(
        told(&Case::new(case.ledger, "ORG-03", NOON, body).ask()),
        []
    );
    let mut body = harvest(&sample, "PL-01", "NEW-1", "77");
    let outputs = body.outputs.as_mut().unwrap();
    outputs.push(outputs[0].clone());
    assert_eq!(
        told(&Case::new(registered(&sample), "ORG-01", NOON, body).ask()),
        [("SO_LO_DA_CO", Weight::Refuse)]
    );
}

#[test]
fn nobody_blocks_the_labels_of_others() {
    let sample = sample();
    let code = PrintedCode::Own(ShortCode::derive(&[7; 32]));
    let bind = |batch: &str| Body {
        lot: sample.lot(batch).cloned(),
        codes: Some(vec![code.clone()]),
        ..Body::new(Kind::Bind)
    };
    // ORG-04 binds the code to a lot that is not its own: without effect for ORG-02, but used up for ORG-04.
    let mut ledger = whole(&sample);
    log(&mut ledger, "ORG-04", NOON, bind("B-0402"));
    let case = Case::new(ledger, "ORG-02", NOON, bind("B-0401"));
    assert_eq!(told(&case.ask()), []);
    let case = Case::new(case.ledger, "ORG-04", NOON, bind("B-0706"));
    assert_eq!(told(&case.ask()), [("TEM_DA_DUNG", Weight::Refuse)]);
    // The same codes for the same lot once more are nothing to worry about.
    let again = Body {
        lot: sample.lot("B-0402").cloned(),
        codes: Some(sample.codes("B-0402")),
        ..Body::new(Kind::Bind)
    };
    assert_eq!(
        told(&Case::new(case.ledger, "ORG-02", NOON, again).ask()),
        []
    );
}

fn spray(sample: &Sample, place: &str, kind: Kind, wait_days: u64) -> Body {
    Body {
        field: sample.place(place),
        ingredient: Some(Text("Hoạt chất A (mẫu)".to_owned())),
        wait_days: Some(wait_days),
        ..Body::new(kind)
    }
}

#[test]
fn of_two_treatments_the_later_date_counts() {
    let sample = sample();
    let mut ledger = registered(&sample);
    log(
        &mut ledger,
        "ORG-06",
        "2026-09-01T08:00+07:00",
        spray(&sample, "PD-01", Kind::Treat, 28),
    );
    log(
        &mut ledger,
        "ORG-06",
        "2026-09-10T08:00+07:00",
        spray(&sample, "PD-01", Kind::Treat, 7),
    );
    let caught = |ledger, day: &str| {
        Case::new(
            ledger,
            "ORG-06",
            &format!("{day}T05:00+07:00"),
            harvest(&sample, "PD-01", "CT-1", "900"),
        )
    };
    let case = caught(ledger, "2026-09-28");
    let told_vi = "Ao này dùng thuốc ngày 01/09/2026, sớm nhất ngày 29/09/2026 mới được bắt. Lô sẽ bị tạm giữ.";
    assert_eq!(case.ask()[0].message_vi, told_vi);
    assert_eq!(told(&caught(case.ledger, "2026-09-29").ask()), []);
}

#[test]
fn a_spray_told_late_holds_the_harvest_before_it() {
    let sample = sample();
    let mut ledger = registered(&sample);
    log(
        &mut ledger,
        "ORG-03",
        "2026-01-15T06:00+07:00",
        harvest(&sample, "PL-05", "VS-1", "420"),
    );
    for (day, wait, wanted) in [("06", 14, true), ("06", 9, false), ("16", 14, false)] {
        let at = format!("2026-01-{day}T06:00+07:00");
        let case = Case::new(
            ledger,
            "ORG-03",
            &at,
            spray(&sample, "PL-05", Kind::Spray, wait),
        );
        let questions = case.ask();
        assert_eq!(!questions.is_empty(), wanted, "{day} {wait}");
        if wanted {
            let told_vi = "Vườn này đã hái ngày 15/01/2026, mà sớm nhất ngày 20/01/2026 mới được hái. Lô VS-1 sẽ bị tạm giữ.";
            assert_eq!(
                (questions[0].message_vi.as_str(), questions[0].weight),
                (told_vi, Weight::Hold)
            );
        }
        ledger = case.ledger;
    }
}

#[test]
fn a_lot_is_good_on_its_last_day() {
    let sample = sample();
    for (day, wanted) in [
        ("27", &[][..]),
        ("28", &[("LO_HET_HAN_SU_DUNG", Weight::Refuse)]),
    ] {
        let at = format!("2026-01-{day}T09:00+07:00");
        let case = Case::new(
            whole(&sample),
            "ORG-12",
            &at,
            list(sample.lot("B-0502").unwrap()),
        );
        assert_eq!(told(&case.ask()), wanted, "{day}");
    }
}

#[test]
fn what_is_referred_to_must_be_there() {
    let sample = sample();
    let ledger = whole(&sample);
    let id = ledger.ids["E-0107"].0;
    let correct = |id| Body {
        reference: Some(id),
        fix: Some(Fix::OutputQty(0, kilograms("1800"))),
        ..Body::new(Kind::Correct)
    };
    let case = Case::new(ledger, "ORG-01", NOON, correct(id));
    assert_eq!(told(&case.ask()), []);
    let case = Case::new(case.ledger, "ORG-01", NOON, correct(Hash::ZERO));
    assert_eq!(told(&case.ask()), [("KHONG_THAY_VIEC_GOC", Weight::Refuse)]);
}

#[test]
fn what_is_in_the_book_is_not_asked_about_again() {
    let sample = sample();
    let ledger = whole(&sample);
    let find = |ledger: &InProcess, key: &str| {
        let id = ledger.ids[key];
        let logged = ledger
            .logged
            .iter()
            .find(|logged| logged.event.id() == id)
            .unwrap();
        (logged.event.body().clone(), logged.event.occurred())
    };
    // A harvest that was early once: on the retry nothing but "already done".
    let (body, occurred) = find(&ledger, "E-0503");
    let case = Case::new(ledger, "ORG-03", &occurred.to_string(), body.clone());
    assert_eq!(told(&case.ask()), [("DA_GHI_ROI", Weight::AlreadyDone)]);
    // Typed anew, with another lot number and other words: still the same deed.
    let mut retyped = Body {
        facts: facts(&[("ghi chú", "hái buổi sáng")]),
        entry: None,
        ..body
    };
    let output = &mut retyped.outputs.as_mut().unwrap()[0];
    (output.no, output.qty) = ("VS-260115-B".to_owned(), kilograms("420.0"));
    let case = Case::new(
        case.ledger,
        "ORG-03",
        &occurred.to_string(),
        retyped.clone(),
    );
    assert_eq!(told(&case.ask()), [("DA_GHI_ROI", Weight::AlreadyDone)]);
    // At another time by the same device it is another deed.
    let case = Case::new(case.ledger, "ORG-03", "2026-01-15T16:00+07:00", retyped);
    assert_eq!(told(&case.ask()), [("CHUA_DU_CACH_LY", Weight::Hold)]);
}

#[test]
fn readings_are_their_words() {
    let sample = sample();
    let reading = |oxygen| Body {
        field: sample.place("PD-01"),
        facts: facts(&[("oxy hòa tan", oxygen)]),
        ..Body::new(Kind::Sensor)
    };
    let mut ledger = registered(&sample);
    log(&mut ledger, "ORG-06", NOON, reading("4,6 mg/L"));
    let case = Case::new(ledger, "ORG-06", NOON, reading("4,7 mg/L"));
    assert_eq!(told(&case.ask()), []);
    let case = Case::new(case.ledger, "ORG-06", NOON, reading("4,6 mg/L"));
    assert_eq!(told(&case.ask()), [("DA_GHI_ROI", Weight::AlreadyDone)]);
}

#[test]
fn who_made_the_other_entry_is_told_as_far_as_it_is_known() {
    let sample = sample();
    let body = || harvest(&sample, "PL-01", "X-1", "100");
    let mut ledger = registered(&sample);
    log(&mut ledger, "ORG-01", "2026-10-19T06:00+07:00", body());
    let mut case = Case::new(ledger, "ORG-01", "2026-10-19T09:00+07:00", body());
    case.draft.body.outputs.as_mut().unwrap()[0].no = "X-2".to_owned();
    case.device = device_of(&fixed_key("another device"));
    let told_vi = "Đã có một mục thu hoạch giống vậy do máy khác của đơn vị ghi. Đây có phải là lần hái khác không?";
    assert_eq!(case.ask()[0].message_vi, told_vi);
    case.draft.occurred = Timestamp {
        seconds: case.draft.occurred.seconds - 86_400,
        ..case.draft.occurred
    };
    assert_eq!(told(&case.ask()), []);
}

#[test]
fn who_may_not_is_told_in_their_own_terms() {
    let sample = sample();
    let of_place = |kind, place: &str| Body {
        field: sample.place(place),
        ..Body::new(kind)
    };
    let of_lot = |kind, batch: &str| Body {
        lots: lots(sample.lot(batch).unwrap()),
        ..Body::new(kind)
    };
    let table = [
        (
            "ORG-03",
            harvest(&sample, "PL-01", "X-1", "100"),
            "Vườn này của đơn vị khác. Chọn vườn của đơn vị mình.",
        ),
        (
            "ORG-03",
            of_place(Kind::Feed, "PD-01"),
            "Ao này của đơn vị khác. Chọn ao của đơn vị mình.",
        ),
        (
            "ORG-11",
            of_place(Kind::Bag, "PL-01"),
            "Tài khoản vận chuyển không ghi được việc bao trái của ORG-01.",
        ),
        (
            "ORG-01",
            of_lot(Kind::Transport, "B-0105"),
            "Chỉ đơn vị vận chuyển mới ghi được việc vận chuyển.",
        ),
        (
            "ORG-12",
            of_lot(Kind::Label, "B-0105"),
            "Chỉ đơn vị sản xuất, chế biến hoặc đóng gói mới ghi được việc dán tem QR.",
        ),
        (
            "ORG-03",
            of_lot(Kind::Recall, "B-0105"),
            "Chỉ chủ hàng hoặc cơ quan quản lý mới ghi được việc thu hồi.",
        ),
        (
            "ORG-03",
            of_lot(Kind::Release, "B-0105"),
            "Chỉ cơ quan quản lý mới được cho lưu thông lại.",
        ),
        (
            "ORG-05",
            Body {
                org: Some(org("ORG-06")),
                ..Body::new(Kind::Certificate)
            },
            "Chỉ đơn vị chủ quản mới ghi được giấy chứng nhận.",
        ),
    ];
    let mut ledger = whole(&sample);
    for (signer, body, message) in table {
        let case = Case::new(ledger, signer, NOON, body);
        let questions = case.ask();
        assert_eq!(
            told(&questions),
            [("KHONG_CO_QUYEN", Weight::Refuse)],
            "{message}"
        );
        assert_eq!(questions[0].message_vi, message);
        ledger = case.ledger;
    }
    let held = Case::new(
        before(&sample, "E-0507"),
        "ORG-03",
        NOON,
        of_lot(Kind::Release, "B-0501"),
    );
    let message = "Lô đang tạm giữ. Chỉ cơ quan quản lý mới được thay đổi trạng thái này.";
    assert_eq!(held.ask()[0].message_vi, message);
}
