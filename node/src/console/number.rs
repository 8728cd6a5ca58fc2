//! Weights as people here type them, and how they are read back.
//!
//! In scope: one text → one weight, or the two that it may mean. A point may part thousands or decimals
//! ("1.850"), and a thousandfold error is the commonest of all, so such a text is asked about, never guessed.
//! Out of scope: whether the weight is likely ([`ledger_core::form`]).

use ledger_core::quantity::{Quantity, Unit};

/// Longest text that is read: more digits than any harvest has, with points and spaces.
pub const TEXT_MAX_CHARS: usize = 24;
/// Most digits before the comma: 999 million kilograms, beyond every field.
const WHOLE_DIGITS_MAX: usize = 9;
/// Most digits after the comma: one gram.
const DECIMALS_MAX: usize = 3;

/// What a text may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// One weight.
    Clear(Quantity),
    /// Either of these: with the mark as thousands, or as decimals.
    Either(Quantity, Quantity),
}

/// Why a text is no weight, for the clerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightError {
    /// Nothing was typed.
    Empty,
    /// Other things than digits, points and commas.
    NotANumber,
    /// Another unit than kilogram.
    OtherUnit,
    /// Marks that part neither thousands nor decimals.
    Marks,
    /// Finer than a gram or longer than any harvest.
    TooLong,
    /// Zero.
    Zero,
}

impl WeightError {
    /// What happened and what to do.
    pub fn message_vi(self) -> &'static str {
        match self {
            WeightError::Empty => "Chưa có khối lượng. Ghi số kg đã cân.",
            WeightError::NotANumber => {
                "Khối lượng có chữ nên máy không đọc được. Chỉ ghi số, ví dụ 1850 hoặc 1850,5."
            }
            WeightError::OtherUnit => {
                "Sổ ghi bằng kg. Đổi ra kg rồi ghi số, ví dụ 1,8 tấn ghi 1800."
            }
            WeightError::Marks => {
                "Dấu chấm, dấu phẩy đặt chưa rõ. Ghi lại, ví dụ 1850 hoặc 1850,5."
            }
            WeightError::TooLong => "Số quá dài. Ghi nhiều nhất 9 chữ số, 3 số lẻ.",
            WeightError::Zero => "Khối lượng phải lớn hơn 0. Ghi số kg đã cân.",
        }
    }
}

/// Reads what was typed as kilograms.
///
/// # Errors
/// [`WeightError`] for whatever no reading makes sense of.
pub fn read_weight(typed: &str) -> Result<Reading, WeightError> {
    if typed.chars().count() > TEXT_MAX_CHARS {
        return Err(WeightError::TooLong);
    }
    let lower = typed.to_lowercase();
    let text: String = without_unit(&lower)?
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if text.is_empty() {
        return Err(WeightError::Empty);
    }
    if !text
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.' || c == ',')
    {
        return Err(WeightError::NotANumber);
    }
    let (points, commas) = (text.matches('.').count(), text.matches(',').count());
    match (points, commas) {
        (0, 0) => weight(&text, "").map(Reading::Clear),
        (1, 0) => one_mark(&text, '.'),
        (0, 1) => one_mark(&text, ','),
        (_, 0) => weight(&joined(&text, '.')?, "").map(Reading::Clear),
        (0, _) => weight(&joined(&text, ',')?, "").map(Reading::Clear),
        (_, 1) if text.rfind(',') > text.rfind('.') => parted(&text, '.', ','),
        (1, _) if text.rfind('.') > text.rfind(',') => parted(&text, ',', '.'),
        _ => Err(WeightError::Marks),
    }
}

/// The text in front of "kg" or a word for it; another unit is refused by name.
fn without_unit(text: &str) -> Result<&str, WeightError> {
    let text = text.trim();
    if [
        "tấn",
        "tạ",
        "yến",
        "giạ",
        "thùng",
        "tan",
        "ta",
        "chục",
        "trái",
        "cần xé",
        "bao",
        "g",
    ]
    .iter()
    .any(|unit| {
        text.strip_suffix(unit)
            .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit() || c == ' '))
    }) {
        return Err(WeightError::OtherUnit);
    }
    let unit = ["kg", "ký", "kí", "ky", "ki", "kilô", "kí lô", "ký lô"]
        .iter()
        .find_map(|unit| text.strip_suffix(unit));
    Ok(unit.unwrap_or(text))
}

/// One mark: decimals, unless exactly three digits stand behind one to three others.
fn one_mark(text: &str, mark: char) -> Result<Reading, WeightError> {
    let (whole, fraction) = text.split_once(mark).ok_or(WeightError::Marks)?;
    if whole.is_empty() || fraction.is_empty() {
        return Err(WeightError::Marks);
    }
    let may_part_thousands = fraction.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
    if may_part_thousands {
        let thousands = weight(&format!("{whole}{fraction}"), "")?;
        return Ok(Reading::Either(thousands, weight(whole, fraction)?));
    }
    weight(whole, fraction).map(Reading::Clear)
}

/// Thousands parted by one mark and decimals by the other.
fn parted(text: &str, thousands: char, decimals: char) -> Result<Reading, WeightError> {
    let (whole, fraction) = text.split_once(decimals).ok_or(WeightError::Marks)?;
    if fraction.is_empty() {
        return Err(WeightError::Marks);
    }
    weight(&joined(whole, thousands)?, fraction).map(Reading::Clear)
}

/// The digits of groups of three, the first of one to three.
fn joined(text: &str, mark: char) -> Result<String, WeightError> {
    let groups: Vec<&str> = text.split(mark).collect();
    let well_parted = groups.iter().skip(1).all(|group| group.len() == 3);
    if !well_parted || groups[0].is_empty() || groups[0].len() > 3 || groups[0].starts_with('0') {
        return Err(WeightError::Marks);
    }
    Ok(groups.concat())
}

fn weight(whole: &str, fraction: &str) -> Result<Quantity, WeightError> {
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > DECIMALS_MAX {
        return Err(WeightError::TooLong);
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let decimal = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    let quantity = Quantity::parse(&decimal, Unit::Kilogram).map_err(|_| WeightError::TooLong)?;
    if quantity.micros() == 0 {
        Err(WeightError::Zero)
    } else {
        Ok(quantity)
    }
}

/// A weight as a plain decimal, for the hidden value of a choice.
pub fn plain(quantity: &Quantity) -> String {
    let (whole, fraction) = split(quantity);
    if fraction.is_empty() {
        whole.to_string()
    } else {
        format!("{whole}.{fraction}")
    }
}

/// Whole units and the digits behind the comma.
fn split(quantity: &Quantity) -> (u128, String) {
    let micros = quantity.micros();
    let fraction = format!("{:06}", micros % 1_000_000);
    (
        micros / 1_000_000,
        fraction.trim_end_matches('0').to_owned(),
    )
}

/// A quantity in words, as one reads it out over the phone: "một ngàn tám trăm năm mươi phẩy năm".
pub fn read_aloud(quantity: &Quantity) -> String {
    let (whole, fraction) = split(quantity);
    let mut words = whole_in_words(whole);
    if !fraction.is_empty() {
        words.push("phẩy".into());
        words.extend(
            fraction
                .bytes()
                .map(|digit| DIGITS[usize::from(digit - b'0')].to_owned()),
        );
    }
    words.join(" ")
}

const DIGITS: [&str; 10] = [
    "không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín",
];

fn whole_in_words(n: u128) -> Vec<String> {
    if n == 0 {
        return vec![DIGITS[0].into()];
    }
    let groups: Vec<usize> = std::iter::successors(Some(n), |rest| Some(rest / 1_000))
        .take_while(|rest| *rest > 0)
        .map(|rest| (rest % 1_000) as usize)
        .collect();
    let names = ["", "ngàn", "triệu", "tỷ", "ngàn tỷ", "triệu tỷ"];
    let mut words = Vec::new();
    for (place, group) in groups
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, group)| **group > 0)
    {
        words.extend(group_in_words(*group, place + 1 < groups.len()));
        words.extend(
            names
                .get(place)
                .filter(|name| !name.is_empty())
                .map(|name| (*name).to_owned()),
        );
    }
    words
}

/// Three digits. `inner`: other groups stand before it, so its zeros are spoken.
fn group_in_words(group: usize, inner: bool) -> Vec<String> {
    let (hundreds, tens, ones) = (group / 100, group / 10 % 10, group % 10);
    let mut words = Vec::new();
    if hundreds > 0 || inner {
        words.extend([DIGITS[hundreds], "trăm"]);
    }
    match tens {
        0 if ones > 0 && !words.is_empty() => words.push("lẻ"),
        0 => {}
        1 => words.push("mười"),
        _ => words.extend([DIGITS[tens], "mươi"]),
    }
    match ones {
        0 => {}
        1 if tens > 1 => words.push("mốt"),
        5 if tens > 0 => words.push("lăm"),
        _ => words.push(DIGITS[ones]),
    }
    words.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn shown(typed: &str) -> Result<String, WeightError> {
        read_weight(typed).map(|reading| match reading {
            Reading::Clear(quantity) => quantity.to_string(),
            Reading::Either(a, b) => format!("{a} | {b}"),
        })
    }

    #[test]
    fn weights_are_read_as_people_write_them() {
        for (typed, means) in [
            ("1850", "1.850 kg"),
            (" 1850 kg ", "1.850 kg"),
            ("1850ký", "1.850 kg"),
            ("1 850,5", "1.850,5 kg"),
            ("1.850,5", "1.850,5 kg"),
            ("1,850.5", "1.850,5 kg"),
            ("1850.5", "1.850,5 kg"),
            ("1850,5", "1.850,5 kg"),
            ("1850.500", "1.850,5 kg"),
            ("0,850", "0,85 kg"),
            ("0.5", "0,5 kg"),
            ("18,25", "18,25 kg"),
            ("1.850.000", "1.850.000 kg"),
            ("12.345.678,9", "12.345.678,9 kg"),
            ("007", "7 kg"),
            // A mark before exactly three digits may mean either.
            ("1.850", "1.850 kg | 1,85 kg"),
            ("12.000", "12.000 kg | 12 kg"),
            ("1,850", "1.850 kg | 1,85 kg"),
            ("950.125", "950.125 kg | 950,125 kg"),
        ] {
            assert_eq!(shown(typed).as_deref(), Ok(means), "{typed}");
        }
    }

    #[test]
    fn what_is_no_weight_is_said_so() {
        for (typed, why) in [
            ("", WeightError::Empty),
            ("  kg", WeightError::Empty),
            ("một tấn", WeightError::OtherUnit),
            ("nhiều", WeightError::NotANumber),
            ("-5", WeightError::NotANumber),
            ("1e3", WeightError::NotANumber),
            ("1,8 tấn", WeightError::OtherUnit),
            ("20 giạ", WeightError::OtherUnit),
            ("500g", WeightError::OtherUnit),
            ("1.", WeightError::Marks),
            (",5", WeightError::Marks),
            ("1.85.0", WeightError::Marks),
            ("1,850,5", WeightError::Marks),
            ("1.850,5,5", WeightError::Marks),
            ("1.850.5,5", WeightError::Marks),
            ("0.850.000", WeightError::Marks),
            ("1234567890", WeightError::TooLong),
            ("1,2345", WeightError::TooLong),
            ("1111111111111111111111111", WeightError::TooLong),
            ("0", WeightError::Zero),
            ("0,0", WeightError::Zero),
        ] {
            assert_eq!(shown(typed), Err(why), "{typed}");
        }
    }

    #[test]
    fn weights_are_read_aloud() {
        for (typed, words) in [
            ("5", "năm"),
            ("10", "mười"),
            ("15", "mười lăm"),
            ("21", "hai mươi mốt"),
            ("105", "một trăm lẻ năm"),
            ("420", "bốn trăm hai mươi"),
            ("1850,5", "một ngàn tám trăm năm mươi phẩy năm"),
            ("12000", "mười hai ngàn"),
            ("1005", "một ngàn không trăm lẻ năm"),
            ("1020000", "một triệu không trăm hai mươi ngàn"),
            ("0,25", "không phẩy hai năm"),
        ] {
            let Ok(Reading::Clear(quantity)) = read_weight(typed) else {
                panic!("{typed}")
            };
            assert_eq!(read_aloud(&quantity), words);
            assert_eq!(shown(&plain(&quantity)).unwrap(), quantity.to_string());
        }
    }
}
