//! Codes of growing areas: their shape, and whose they are (`docs/rules.md`, "Growing-area code").

use super::{Case, Question, Weight};
use crate::body::{Body, CodeType};
use crate::kind::Kind;
use crate::lot::{CodeEntries, CodeFault, Origin};
use crate::notice::Notice;

/// The fact under which a harvest names the export code that it is sold under.
const EXPORT_CODE_FACT: &str = "mã vùng trồng xuất khẩu";

/// Another shape than `VN-DTOR-0017`. Codes are opaque, so this only warns (N-03).
pub(super) fn is_misshapen(case: &Case<'_>) -> Vec<Question> {
    let registered = case.body().code.as_ref().filter(|_| is_export(case.body()));
    let registered = registered.map(|code| ("code", code.0.as_str()));
    let named = named_code(case.body()).map(|code| ("facts", code));
    let wrong = registered
        .into_iter()
        .chain(named)
        .find(|(_, code)| !has_shape(code));
    let question = wrong.map(|(field, _)| Question {
        code: "MA_VUNG_TRONG_SAI_DANG",
        weight: Weight::Warn,
        field,
        message_vi: "Mã số vùng trồng chưa đúng dạng. Ví dụ đúng: VN-DTOR-0000.".to_owned(),
        message_en: "The growing-area code has an unusual shape. An example: VN-DTOR-0000."
            .to_owned(),
        remedy_vi: "Nhập lại",
    });
    question.into_iter().collect()
}

/// A harvest under a code that was not issued for its field, or for a field of another organisation (N-04).
pub(super) fn is_borrowed(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let (Kind::Harvest, Some(field), Some(code)) = (body.kind, &body.field, named_code(body))
    else {
        return Vec::new();
    };
    let day = case.draft.occurred.date();
    let issued = case
        .facts()
        .iter()
        .map(|fact| fact.event.body())
        .any(|issue| {
            is_export(issue)
                && issue.target_place.as_ref() == Some(field)
                && issue.code.as_ref().is_some_and(|text| text.0 == code)
                && issue.valid.is_none_or(|valid| valid.holds_on(day))
        });
    if issued && field.org == *case.iss {
        return Vec::new();
    }
    vec![Question {
        code: "MA_VUNG_TRONG_KHONG_THUOC_VUON",
        weight: Weight::Refuse,
        field: "facts",
        message_vi: format!("Mã vùng trồng {code} không thuộc vườn của đơn vị mình."),
        message_en: format!("Growing-area code {code} does not belong to this plot of yours."),
        remedy_vi: "Chọn vườn của mình hoặc xin ủy quyền",
    }]
}

/// Goods under a code of another place than where they grew, or under somebody else's without permission.
pub(super) fn is_lent(case: &Case<'_>) -> Vec<Question> {
    let body = case.body();
    let Some(code) = &body.area_code else {
        return Vec::new();
    };
    let day = case.draft.occurred.date();
    let lots = body.lots.iter().chain(&body.inputs).flatten();
    let known = lots.filter(|used| case.creations.get(&used.lot).is_some());
    let entries = CodeEntries::of(case.facts());
    let faults = known.filter_map(|used| {
        let origin = Origin::of(&case.creations, &used.lot);
        let fault = entries.fault(&origin, body, case.iss, day)?;
        Some(lent(fault, &code.0, used.lot.number()))
    });
    faults.collect()
}

fn lent(fault: CodeFault, code: &str, lot: &str) -> Question {
    let (notice, message_vi, message_en, remedy_vi) = match fault {
        CodeFault::OfElsewhere => (
            Notice::AreaCodeOfElsewhere,
            format!("Mã vùng trồng {code} không phải của nơi trồng lô {lot}."),
            format!("Growing-area code {code} is not of a place where lot {lot} grew."),
            "Chọn mã của nơi trồng lô hàng",
        ),
        CodeFault::NotPermitted => (
            Notice::AreaCodeNotPermitted,
            format!(
                "Mã vùng trồng {code} là của đơn vị khác, chưa thấy đơn vị đó cho phép dùng cho lô {lot}."
            ),
            format!(
                "Growing-area code {code} is another organisation's, and it has not permitted it for lot {lot}."
            ),
            "Xin đơn vị giữ mã ghi việc cho phép",
        ),
    };
    Question {
        code: notice.code(),
        weight: Weight::Warn,
        field: "area_code",
        message_vi,
        message_en,
        remedy_vi,
    }
}

fn is_export(body: &Body) -> bool {
    body.kind == Kind::PlaceCode && body.code_type == Some(CodeType::GrowingExport)
}

/// The code that a body names as a fact; words without a digit ("chưa có") are none.
fn named_code(body: &Body) -> Option<&str> {
    let code = body.facts.as_ref()?.0.get(EXPORT_CODE_FACT)?.trim();
    code.bytes()
        .any(|letter| letter.is_ascii_digit())
        .then_some(code)
}

/// Country, two letters of the old province with `OR`, four digits.
fn has_shape(code: &str) -> bool {
    let mut parts = code.split('-');
    let (Some("VN"), Some(area), Some(number), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let area_fits =
        area.len() == 4 && area.bytes().all(|b| b.is_ascii_uppercase()) && area.ends_with("OR");
    area_fits && number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::has_shape;

    #[test]
    fn shapes_of_export_codes() {
        for code in ["VN-DTOR-0017", "VN-TGOR-9005"] {
            assert!(has_shape(code), "{code}");
        }
        let wrong = [
            "",
            "VN-DTOR-92",
            "VN-DTPH-0001",
            "VNDTOR-0001",
            "VN-DTOR-00171",
            "vn-dtor-0017",
            "VN-DTOR-0017-1",
            "VN-DOR-0017",
            "VN-DTOR-001A",
            "VN-87-873-30121-91-24",
        ];
        for code in wrong {
            assert!(!has_shape(code), "{code}");
        }
    }
}
