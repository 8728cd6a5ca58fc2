//! The harvest form as HTML: every label tied to its input, every message beside its field.

use ledger_core::body::PlaceType;
use ledger_core::form::Question;
use ledger_core::quantity::Quantity;
use ledger_core::time::Date;

use super::book::Ground;
use super::harvest::{Messages, Typed, read_date};
use super::number::{plain, read_aloud};
use super::page::{beside, escape, invalid};

/// Places that are shown as large buttons; more stand in a list.
const BUTTONS_MAX: usize = 8;

/// The form, with what was typed and what there is to say about it.
pub fn form(grounds: &[Ground], typed: &Typed, messages: &Messages) -> String {
    if grounds.is_empty() {
        return "<p class=\"tin\">Đơn vị chưa có vườn, ao nào trong sổ nên chưa ghi thu hoạch được. Nhờ Người giữ máy đăng ký vườn, ao trước.</p>".into();
    }
    let shown = Shown { typed, messages };
    format!(
        concat!(
            "{summary}<form method=\"post\" action=\"/thu-hoach\" novalidate>",
            "<input type=\"hidden\" name=\"don-vi\" value=\"{org}\"><input type=\"hidden\" name=\"ma-phieu\" value=\"{form}\">",
            "<input type=\"hidden\" name=\"da-hoi\" value=\"{asked}\">",
            "{places}{weight}{when}{lot}{note}",
            "<button class=\"chinh\">{button}</button></form>",
        ),
        summary = shown.summary(),
        org = escape(&typed.don_vi),
        form = escape(&typed.ma_phieu),
        asked = messages.codes(),
        places = shown.places(grounds),
        weight = shown.weight(),
        when = shown.when(),
        lot = shown.lot(),
        note = shown.note(),
        button = if messages.can_be_overridden() {
            "Vẫn ghi thu hoạch"
        } else {
            "Ghi thu hoạch"
        },
    )
}

/// The word for a growing place.
pub fn ground_word(ground: &Ground) -> &'static str {
    let crop = ground.crop.to_lowercase();
    match ground.place_type {
        PlaceType::Pond => "Ao",
        PlaceType::Barn => "Chuồng",
        _ if crop.starts_with("lúa") || crop.starts_with("sen") => "Ruộng",
        _ if crop.starts_with("khóm") => "Rẫy",
        _ => "Vườn",
    }
}

/// Beside which field of the form a question stands; the top where it is about all.
fn field_of(question: &Question) -> &'static str {
    match (question.code, question.field) {
        ("SO_LO_DA_CO", _) => "so-lo",
        ("NGAY_TRONG_TUONG_LAI", _) | (_, "occurred") => "ngay",
        (_, "outputs") => "kg",
        (_, "field") => "vuon",
        (_, "facts") => "ghi-chu",
        _ => "",
    }
}

struct Shown<'a> {
    typed: &'a Typed,
    messages: &'a Messages,
}

impl Shown<'_> {
    fn has(&self, field: &str) -> bool {
        let asked = self
            .messages
            .questions
            .iter()
            .any(|question| field_of(question) == field);
        asked
            || self
                .messages
                .errors
                .iter()
                .any(|(wrong, _)| *wrong == field)
            || (field == "kg" && self.messages.either.is_some())
    }

    /// The attributes of an input.
    fn attributes(&self, field: &str) -> String {
        invalid(field, self.has(field))
    }

    /// Everything that stands beside a field.
    fn beside(&self, field: &str) -> String {
        let errors: String = self
            .messages
            .errors
            .iter()
            .filter(|(wrong, _)| *wrong == field)
            .map(|(_, text)| beside(field, text))
            .collect();
        let here: Vec<&Question> = self
            .messages
            .questions
            .iter()
            .filter(|question| field_of(question) == field)
            .collect();
        if here.is_empty() {
            return errors;
        }
        let told: String = here.iter().map(|question| self.told(question)).collect();
        let first = self
            .messages
            .questions
            .first()
            .is_some_and(|first| field_of(first) == field);
        let reason = if first && self.messages.can_be_overridden() {
            self.reason()
        } else {
            String::new()
        };
        let id = if errors.is_empty() && !field.is_empty() {
            format!(" id=\"loi-{field}\"")
        } else {
            String::new()
        };
        format!("{errors}<div class=\"hoi\"{id}>{told}{reason}</div>")
    }

    /// What happened and why, what to do, and the code for whoever helps by telephone.
    fn told(&self, question: &Question) -> String {
        let remedy = match (question.code, question.remedy_vi) {
            // The other answer is the reason below.
            ("CO_THE_TRUNG", _) => format!(
                "<a href=\"/?don-vi={}\">Cùng một lần: không ghi thêm</a>. Lần khác: ghi lý do. ",
                escape(&self.typed.don_vi)
            ),
            (_, "") => String::new(),
            (_, remedy) => format!("Cần làm: {}. ", escape(remedy)),
        };
        format!(
            "<p>{}</p><p class=\"nhac\">{remedy}<small>(mã {})</small></p>",
            escape(&question.message_vi),
            question.code
        )
    }

    /// "Vẫn ghi, lý do": one reason answers all questions that are shown.
    fn reason(&self) -> String {
        let wrong = self
            .messages
            .errors
            .iter()
            .any(|(field, _)| *field == "ly-do");
        let wrong_text: String = self
            .messages
            .errors
            .iter()
            .filter(|(field, _)| *field == "ly-do")
            .map(|(_, text)| beside("ly-do", text))
            .collect();
        format!(
            "<label for=\"ly-do\">Vẫn ghi, lý do:</label><input type=\"text\" id=\"ly-do\" name=\"ly-do\" maxlength=\"300\" autocomplete=\"off\" value=\"{}\"{}>{wrong_text}",
            escape(&self.typed.ly_do),
            invalid("ly-do", wrong),
        )
    }

    /// At the top: how many things to look at, with the way to each; and what is about the whole.
    fn summary(&self) -> String {
        let fields = [
            ("vuon", "Nơi thu hoạch"),
            ("kg", "Khối lượng"),
            ("ngay", "Ngày"),
            ("gio", "Giờ"),
            ("so-lo", "Số lô"),
            ("ghi-chu", "Ghi chú"),
            ("ly-do", "Lý do"),
        ];
        let wrong: Vec<_> = fields
            .into_iter()
            .filter(|(field, _)| self.has(field))
            .collect();
        let whole = self.beside("");
        if wrong.is_empty() {
            return whole;
        }
        let links: String = wrong
            .iter()
            .map(|(field, name)| format!("<li><a href=\"#{field}\">{name}</a></li>"))
            .collect();
        format!(
            "<div class=\"tin tom-tat\" role=\"alert\"><b>Chưa ghi. Xem lại:</b><ul>{links}</ul></div>{whole}"
        )
    }

    fn places(&self, grounds: &[Ground]) -> String {
        let word = grounds
            .first()
            .map(ground_word)
            .filter(|word| grounds.iter().all(|ground| ground_word(ground) == *word));
        let legend = word.unwrap_or("Nơi thu hoạch");
        let message = self.beside("vuon");
        if grounds.len() > BUTTONS_MAX {
            let options: String = grounds.iter().map(|ground| self.option(ground)).collect();
            return format!(
                "<div class=\"truong\"><label for=\"vuon\">{legend}</label><select id=\"vuon\" name=\"vuon\"{}>{options}</select>{message}</div>",
                self.attributes("vuon")
            );
        }
        let buttons: String = grounds.iter().map(|ground| self.button(ground)).collect();
        format!(
            "<fieldset class=\"truong\" id=\"vuon\"{}><legend>{legend}</legend>{buttons}{message}</fieldset>",
            self.attributes("vuon")
        )
    }

    fn button(&self, ground: &Ground) -> String {
        let checked = if ground.id.number() == self.typed.vuon {
            " checked"
        } else {
            ""
        };
        format!(
            "<label class=\"chon\"><input type=\"radio\" name=\"vuon\" value=\"{}\"{checked}><span>{}<small>{}</small></span></label>",
            escape(ground.id.number()),
            escape(&ground.name),
            escape(&details(ground)),
        )
    }

    fn option(&self, ground: &Ground) -> String {
        let selected = if ground.id.number() == self.typed.vuon {
            " selected"
        } else {
            ""
        };
        format!(
            "<option value=\"{}\"{selected}>{} – {}</option>",
            escape(ground.id.number()),
            escape(&ground.name),
            escape(&details(ground))
        )
    }

    fn weight(&self) -> String {
        let either = self
            .messages
            .either
            .map_or(String::new(), |(a, b)| self.either(&a, &b));
        format!(
            concat!(
                "<div class=\"truong\"><label for=\"kg\">Khối lượng (kg)</label>",
                "<p class=\"nhac\" id=\"nhac-kg\">Chỉ ghi số, ví dụ 1850 hoặc 1850,5</p>",
                "<input class=\"so\" type=\"text\" id=\"kg\" name=\"kg\" inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"24\" value=\"{}\"{}>{}{}</div>",
            ),
            escape(&self.typed.kg),
            self.attributes("kg"),
            self.beside("kg"),
            either,
        )
    }

    /// A mark that may part thousands or decimals: which one was meant?
    fn either(&self, a: &Quantity, b: &Quantity) -> String {
        let choice = |qty: &Quantity| {
            format!(
                "<label class=\"chon\"><input type=\"radio\" name=\"kg-chon\" value=\"{}\"><span>{qty}<small>{} ký</small></span></label>",
                plain(qty),
                read_aloud(qty)
            )
        };
        format!(
            "<fieldset class=\"hoi truong\" id=\"loi-kg\"><legend>“{}” là bao nhiêu? Chọn một, rồi bấm ghi.</legend>{}{}</fieldset>",
            escape(self.typed.kg.trim()),
            choice(a),
            choice(b)
        )
    }

    fn when(&self) -> String {
        format!(
            concat!(
                "<div class=\"truong\"><div class=\"hai\">",
                "<div><label for=\"ngay\">Ngày</label><input type=\"date\" id=\"ngay\" name=\"ngay\" value=\"{}\"{}></div>",
                "<div><label for=\"gio\">Giờ</label><input type=\"time\" id=\"gio\" name=\"gio\" value=\"{}\"{}></div>",
                "</div><p class=\"nhac\" id=\"ngay-doc\">{}</p>{}{}</div>",
            ),
            escape(&self.typed.ngay),
            self.attributes("ngay"),
            escape(&self.typed.gio),
            self.attributes("gio"),
            read_date(&self.typed.ngay).map_or(String::new(), day_in_words),
            self.beside("ngay"),
            self.beside("gio"),
        )
    }

    fn lot(&self) -> String {
        format!(
            concat!(
                "<div class=\"truong\"><label for=\"so-lo\">Số lô</label><p class=\"nhac\">Máy đặt sẵn; sửa nếu đã ghi số khác lên sọt.</p>",
                "<input type=\"text\" id=\"so-lo\" name=\"so-lo\" maxlength=\"20\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" ",
                "value=\"{lot}\" data-goi-y=\"{lot}\" data-don-vi=\"{org}\"{attributes}>{beside}</div>",
            ),
            lot = escape(&self.typed.so_lo),
            org = escape(&self.typed.don_vi),
            attributes = self.attributes("so-lo"),
            beside = self.beside("so-lo"),
        )
    }

    fn note(&self) -> String {
        format!(
            concat!(
                "<div class=\"truong\"><label for=\"ghi-chu\">Ghi chú (không bắt buộc)</label>",
                "<p class=\"nhac\">Ai quét tem cũng đọc được; không ghi tên, số điện thoại.</p>",
                "<textarea id=\"ghi-chu\" name=\"ghi-chu\" maxlength=\"300\" rows=\"2\"{}>{}</textarea>{}</div>",
            ),
            self.attributes("ghi-chu"),
            escape(&self.typed.ghi_chu),
            self.beside("ghi-chu"),
        )
    }
}

/// Crop, variety and commune under the name of a place.
fn details(ground: &Ground) -> String {
    let crop = format!("{} {}", ground.crop, ground.variety);
    let commune = ground
        .commune
        .as_ref()
        .map_or("", |commune| commune.name.as_str());
    [crop.trim(), commune]
        .iter()
        .filter(|text| !text.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// A day as people say it: the browser's own spelling may put the month first.
fn day_in_words(date: Date) -> String {
    // 1970-01-01 was a Thursday.
    let days = [
        "Chủ nhật",
        "Thứ hai",
        "Thứ ba",
        "Thứ tư",
        "Thứ năm",
        "Thứ sáu",
        "Thứ bảy",
    ];
    format!(
        "{}, {}",
        days[(date.days() + 4).rem_euclid(7) as usize],
        date.vietnamese()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_with_their_weekday() {
        for (date, words) in [
            ("2026-10-19", "Thứ hai, 19/10/2026"),
            ("2026-10-18", "Chủ nhật, 18/10/2026"),
            ("1969-12-31", "Thứ tư, 31/12/1969"),
        ] {
            assert_eq!(day_in_words(Date::parse(date).unwrap()), words);
        }
    }
}
