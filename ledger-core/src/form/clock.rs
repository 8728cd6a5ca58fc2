//! Dates that have not come yet.

use super::{Case, Question, Weight};
use crate::time::Timestamp;

/// Two clocks that are both right differ by less.
const TOLERANCE_SECONDS: i64 = 300;

/// It happened, or was made, after now. The clock of a sample is its date.
pub(super) fn is_ahead(case: &Case<'_>) -> Vec<Question> {
    let occurred = case.draft.occurred;
    let ahead = if case.is_sample() {
        occurred.date() > case.today
    } else {
        occurred.seconds > case.now.seconds + TOLERANCE_SECONDS
    };
    let made = case.body().outputs.iter().flatten();
    let made = made
        .filter_map(|output| output.made)
        .find(|made| *made > case.today);
    if ahead {
        return vec![question("occurred", when(case, occurred))];
    }
    let made = made.map(|made| question("outputs", (made.vietnamese(), made.vietnamese())));
    made.into_iter().collect()
}

/// The day; the hour too when the day has come.
fn when(case: &Case<'_>, time: Timestamp) -> (String, String) {
    let (clock, day) = (time.clock(), time.date().vietnamese());
    if time.date() > case.today {
        (day.clone(), day)
    } else {
        (format!("{day} lúc {clock}"), format!("{day}, {clock},"))
    }
}

fn question(field: &'static str, (vi, en): (String, String)) -> Question {
    Question {
        code: "NGAY_TRONG_TUONG_LAI",
        weight: Weight::Refuse,
        field,
        message_vi: format!("Ngày {vi} chưa tới. Xem lại ngày giờ trên máy."),
        message_en: format!("{en} has not come yet. Check date and time of the device."),
        remedy_vi: "Sửa ngày",
    }
}
