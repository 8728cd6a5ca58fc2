//! Telephone and identity numbers in free text: what is in the book can never be erased.
//!
//! Found are Vietnamese mobile and landline numbers (national, `+84`, `0084`) and identity numbers of twelve digits, alone or
//! in the groups that people write. Names cannot be told from other words and are not looked for. Not taken for
//! personal: digits within lot, decision and place codes, dates, quantities, tax codes of ten digits, GS1 numbers.

use super::{Case, Question, Weight};
use crate::body::{Body, Sealable, Text};

/// Longest telephone number as people group it: `0912 34 56 78`.
const GROUPS_MAX: usize = 5;
/// Words before which twelve digits are a product number.
const PRODUCT_NUMBER_WORDS: [&str; 5] = ["gtin", "upc", "mã vạch", "mã sản phẩm", "barcode"];

/// A free text holds a telephone or identity number (N-23).
pub(super) fn is_told(case: &Case<'_>) -> Vec<Question> {
    let mut texts = free_texts(case.body());
    texts
        .find_map(|(field, text)| personal_data(field, &text))
        .into_iter()
        .collect()
}

/// The same for one text: for facts that will be sealed, of which the draft shows the commitment alone.
pub fn personal_data(field: &'static str, text: &str) -> Option<Question> {
    holds_number(text).then(|| Question {
        code: "CO_THONG_TIN_CA_NHAN",
        weight: Weight::Warn,
        field,
        message_vi: "Ghi chú có vẻ chứa số điện thoại hoặc số căn cước. Ghi lên sổ thì không xóa được. Bỏ số đó đi?"
            .to_owned(),
        message_en: "The note seems to hold a telephone or identity number. What is in the book cannot be erased. Take the number out?"
            .to_owned(),
        remedy_vi: "Bỏ số",
    })
}

/// What people write in their own words. Numbers of certificates and decisions have fields of their own.
fn free_texts(body: &Body) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let facts = body.facts.iter().flat_map(|facts| &facts.0);
    let facts = facts.map(|(name, text)| ("facts", format!("{name}: {text}")));
    let plain: [(&str, &Option<Text>); 11] = [
        ("reason", &body.reason),
        ("name_en", &body.name_en),
        ("crop", &body.crop),
        ("variety", &body.variety),
        ("season", &body.season),
        ("shelf", &body.shelf),
        ("storage", &body.storage),
        ("origin", &body.origin),
        ("net", &body.net),
        ("ingredient", &body.ingredient),
        ("legal", &body.legal),
    ];
    let plain = plain
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_ref()?.0.clone())));
    let sealable: [(&str, &Option<Sealable>); 5] = [
        ("name", &body.name),
        ("address", &body.address),
        ("old_address", &body.old_address),
        ("label_address", &body.label_address),
        ("tax", &body.tax),
    ];
    let sealable = sealable
        .into_iter()
        .filter_map(|(field, value)| match value {
            Some(Sealable::Text(text)) => Some((field, text.clone())),
            _ => None,
        });
    facts.chain(plain).chain(sealable)
}

/// A run of digits that stands by itself, perhaps grouped by dots or hyphens (`0912.345.678`).
struct Run {
    groups: Vec<String>,
    international: bool,
    /// Whether only blanks or brackets stand between it and the run before.
    joins: bool,
}

fn holds_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_product = PRODUCT_NUMBER_WORDS.iter().any(|word| lower.contains(word));
    let runs = runs(text);
    (0..runs.len()).any(|first| {
        let mut groups: Vec<&str> = Vec::new();
        for (place, run) in runs.iter().enumerate().skip(first).take(GROUPS_MAX) {
            let alone = place == first;
            // What has dots or hyphens of its own is whole.
            if !alone
                && (!run.joins
                    || run.groups.len() > 1
                    || run.international
                    || runs[first].groups.len() > 1)
            {
                return false;
            }
            groups.extend(run.groups.iter().map(String::as_str));
            if is_phone(&groups, runs[first].international) || !is_product && is_identity(&groups) {
                return true;
            }
        }
        false
    })
}

fn runs(text: &str) -> Vec<Run> {
    let is_soft = |letter: char| letter.is_whitespace() || matches!(letter, '(' | ')');
    let mut runs = Vec::new();
    let mut joins = false;
    let mut rest = text;
    while !rest.is_empty() {
        let (gap, tail) = rest.split_at(rest.find(is_word).unwrap_or(rest.len()));
        joins &= gap.chars().all(is_soft);
        let end = tail.find(|letter| !is_word(letter)).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(end);
        for part in split_alternatives(word) {
            let found = run(part, joins);
            joins = found.is_some();
            runs.extend(found);
        }
        rest = tail;
    }
    runs
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '+' | '.' | '-' | '/' | '_')
}

/// `0912345678/0987654321` is two numbers; `123/QĐ-UBND` and `09/01/2026` are one word that is none.
fn split_alternatives(word: &str) -> Vec<&str> {
    let parts: Vec<&str> = word.split('/').collect();
    let is_long = |part: &&str| part.bytes().filter(u8::is_ascii_digit).count() >= 9;
    if parts.iter().all(is_long) {
        parts
    } else {
        vec![word]
    }
}

/// Reads a word of digits, with single dots or hyphens between groups.
fn run(word: &str, joins: bool) -> Option<Run> {
    let word = word.trim_end_matches(['.', '-']);
    let (international, digits) = match word.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let groups: Vec<String> = digits.split(['.', '-']).map(str::to_owned).collect();
    let of_digits = |group: &String| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    groups.iter().all(of_digits).then_some(Run {
        groups,
        international,
        joins,
    })
}

/// A telephone number in groups as people write them: the first of three digits or more, none of one.
fn is_phone(groups: &[&str], international: bool) -> bool {
    let digits = groups.concat();
    let abroad = if international {
        digits.strip_prefix("84")
    } else {
        None
    };
    let abroad = abroad.or_else(|| digits.strip_prefix("0084"));
    let abroad = abroad.or_else(|| {
        digits
            .strip_prefix("84")
            .filter(|rest| groups.len() == 1 && rest.len() == 9)
    });
    let (national, head) = match abroad {
        // +840912… is written too.
        Some(rest) => (format!("0{}", rest.trim_start_matches('0')), 2),
        None => (digits.clone(), 3),
    };
    let grouped = groups.len() == 1
        || groups.first().is_some_and(|first| first.len() >= head)
            && groups.iter().all(|group| group.len() >= 2);
    grouped && (is_mobile(&national) || is_landline(&national))
}

/// The prefixes in use since 2018; those of ten-digit tax codes are not among them.
fn is_mobile(digits: &str) -> bool {
    let Some([b'0', network, next, ..]) = digits.as_bytes().first_chunk::<3>() else {
        return false;
    };
    let in_use = match network {
        b'3' => matches!(next, b'2'..=b'9'),
        b'5' => matches!(next, b'2' | b'5' | b'6' | b'8' | b'9'),
        b'7' => matches!(next, b'0' | b'6'..=b'9'),
        b'8' => matches!(next, b'1'..=b'9'),
        b'9' => true,
        _ => false,
    };
    digits.len() == 10 && in_use
}

fn is_landline(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with("02")
}

/// An identity number: province 001 to 096, century and sex 0 to 3, year of birth, six digits.
fn is_identity(groups: &[&str]) -> bool {
    let digits = groups.concat();
    let grouped = groups.len() == 1 || groups.iter().all(|group| matches!(group.len(), 3 | 4 | 6));
    let province = digits.get(..3).and_then(|text| text.parse::<u32>().ok());
    grouped
        && digits.len() == 12
        && province.is_some_and(|province| (1..=96).contains(&province))
        && matches!(digits.as_bytes()[3], b'0'..=b'3')
}

#[cfg(test)]
mod tests {
    use super::holds_number;

    #[test]
    fn numbers_of_people_are_found() {
        for text in [
            "0912345678",
            "gọi 0912 345 678 để lấy hàng",
            "Anh Ba: 0912.345.678.",
            "091-234-5678",
            "0912 34 56 78",
            "+84912345678",
            "+84 912 345 678",
            "84912345678",
            "0084912345678",
            "(0277) 3851234",
            "02773851234",
            "0277 385 1234",
            "sđt:0387654321",
            "20 thùng, 0912345678",
            "20 0912345678",
            "0912345678/0387654321",
            "087094001234",
            "CCCD 087094001234",
            "087 094 001234",
            "0870 9400 1234",
            "ghi chú: 096201004321,",
        ] {
            assert!(holds_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "",
            "QH260129A1",
            "XCC-261012-A",
            "CD-N261012-07",
            "lô 095208260000000011",
            "02082600000015",
            "2082600000015",
            "8938501234567",
            "GTIN 012345678905",
            "mã vạch: 087094001234",
            "1.420 kg",
            "12.000.000 đồng",
            "1.850,5 kg",
            "0,5 kg",
            "20/01/2026",
            "09/01/2026 08:30",
            "09-01-2026 06:10",
            "09.01.2026 0600",
            "2026-01-15",
            "2026-01-29T20:10",
            "ngày 05 06 07 08 09",
            "123/QĐ-UBND",
            "0912345678/QĐ-UBND",
            "MAU-QD-OCOP-4-001",
            "VN-87-873-30121-91-24",
            "87-01-9901-001",
            "VN-DTOR-0017",
            "MAU-KN-0502",
            "MST 1400123456",
            "MST 0301234567",
            "19001234",
            "1800 1234",
            "0912345",
            "09123456789",
            "L0912345678",
            "số lô 0912345678A",
            "038 thùng 090 hộp",
            "10.408500, 105.733000",
            "E-0912345678",
            "nitơ=40 gN/L",
            "tỷ lệ 8:1",
            "4,6 mg/L",
            "1260 cây 2026",
        ] {
            assert!(!holds_number(text), "{text}");
        }
    }
}
