//! Product numbers (GTIN): the check digit, and whose they are.

use super::{Case, Question, Weight};
use crate::code::{Gtin, NumberError};
use crate::kind::Kind;

/// The standard of the certificate by which an organisation registers the company prefix that GS1 gave it; the
/// certificate's number is the prefix.
pub const COMPANY_PREFIX_STANDARD: &str = "GS1";
/// Digits of a company prefix.
const PREFIX_DIGITS: std::ops::RangeInclusive<usize> = 7..=12;
/// Longest typed text that is repeated in a message.
const ECHO_MAX_CHARS: usize = 32;

/// Reads a product number as typed from a package; spaces between the digits are forgiven.
///
/// # Errors
/// The question to ask back, with the right last digit (N-01).
pub fn gtin(text: &str) -> Result<Gtin, Question> {
    let digits: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    digits.parse().map_err(|error| {
        let (vi, en, remedy_vi) = match error {
            NumberError::CheckDigit { expected, .. } => (
                format!("số cuối phải là {expected}"),
                format!("the last digit should be {expected}"),
                "Sửa số cuối",
            ),
            NumberError::Length { .. } => (
                "phải có 8, 12, 13 hoặc 14 chữ số".to_owned(),
                "it has 8, 12, 13 or 14 digits".to_owned(),
                "Nhập lại",
            ),
            NumberError::NotDigit { .. } => (
                "mã chỉ gồm chữ số".to_owned(),
                "it has digits only".to_owned(),
                "Nhập lại",
            ),
        };
        let typed: String = text.chars().take(ECHO_MAX_CHARS).collect();
        Question {
            code: "MA_SAN_PHAM_SAI",
            weight: Weight::Refuse,
            field: "gtin",
            message_vi: format!(
                "Mã sản phẩm {typed} chưa đúng: {vi}. Anh/chị xem lại mã trên bao bì."
            ),
            message_en: format!("Product number {typed} is wrong: {en}. Look at the package."),
            remedy_vi,
        }
    })
}

/// A number under a company prefix that this organisation did not register; or one for restricted circulation, which
/// only a sample may hold (N-02).
pub(super) fn is_own(case: &Case<'_>) -> Vec<Question> {
    let Some(gtin) = case.body().gtin else {
        return Vec::new();
    };
    if gtin.is_restricted() || gtin.is_demonstration() {
        let fits = case.is_sample() && (is_regional(gtin) || gtin.is_demonstration());
        return if fits {
            Vec::new()
        } else {
            vec![restricted(gtin)]
        };
    }
    if has_prefix(case, gtin) {
        Vec::new()
    } else {
        vec![not_own()]
    }
}

/// Prefixes 20 to 29, which GS1 leaves to one company or region. Other restricted ones are a shop's own.
fn is_regional(gtin: Gtin) -> bool {
    thirteen_digits(gtin).starts_with('2')
}

fn thirteen_digits(gtin: Gtin) -> String {
    gtin.to_string().split_off(1)
}

/// Whether the organisation holds, today, a certificate for a company prefix of this number.
fn has_prefix(case: &Case<'_>, gtin: Gtin) -> bool {
    let digits = thirteen_digits(gtin);
    case.facts().iter().any(|fact| {
        let body = fact.event.body();
        let standard = body.standard.as_ref().map(|text| text.0.as_str());
        let number = body.number.iter().flat_map(|text| text.0.chars());
        let prefix: String = number.filter(|letter| !letter.is_whitespace()).collect();
        body.kind == Kind::Certificate
            && body.org.as_ref() == Some(case.iss)
            && standard == Some(COMPANY_PREFIX_STANDARD)
            && PREFIX_DIGITS.contains(&prefix.len())
            && digits.starts_with(&prefix)
            && body.valid.is_none_or(|valid| valid.holds_on(case.today))
    })
}

fn not_own() -> Question {
    let vi = "Mã này không thuộc đơn vị mình. Nếu chưa có mã vạch, chọn \"Chưa có mã vạch\", hệ thống vẫn cấp được tem.";
    let en = "This number is not your organisation's. Without a barcode choose \"No barcode\"; labels can be made all the same.";
    question(vi.to_owned(), en.to_owned())
}

fn restricted(gtin: Gtin) -> Question {
    question(
        format!(
            "Mã {gtin} chỉ dùng nội bộ, không dùng cho hàng bán ra. Nếu chưa có mã vạch, chọn \"Chưa có mã vạch\", hệ thống vẫn cấp được tem."
        ),
        format!(
            "Number {gtin} is for internal use and not for goods on sale. Without a barcode choose \"No barcode\"; labels can be made all the same."
        ),
    )
}

fn question(message_vi: String, message_en: String) -> Question {
    Question {
        code: "MA_SAN_PHAM_KHONG_CO_QUYEN",
        weight: Weight::Refuse,
        field: "gtin",
        message_vi,
        message_en,
        remedy_vi: "Chọn \"Chưa có mã vạch\"",
    }
}
