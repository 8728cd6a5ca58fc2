//! The harvest: what the clerk typed → a draft, or messages beside the fields → an event and its label's code.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use ledger_core::body::{Body, Entry, Facts, Output, TEXT_MAX};
use ledger_core::encode::is_clean_text;
use ledger_core::form::{Question, Weight};
use ledger_core::ids::{EventId, LotId, OrgId, PlaceId};
use ledger_core::kind::Kind;
use ledger_core::quantity::Quantity;
use ledger_core::sign::{Draft, SignedEvent};
use ledger_core::time::{Date, Timestamp};
use unicode_normalization::UnicodeNormalization;

use super::asking::{Signer, questions};
use super::book::{Book, Ground, Nature};
use super::home::Chosen;
use super::number::{Reading, plain, read_weight};
use super::{Console, Desk, Failure, Shared, harvest_page, labels, page};
use crate::draft::note_override;
use crate::ledger::DraftRequest;

/// The fact under which a note is recorded.
const NOTE_FACT: &str = "ghi chú";
/// Letters of a lot number that tell the crop.
const CROP_LETTERS: usize = 4;
/// Lot numbers that are tried before the clerk has to think of one.
const SUGGESTIONS_MAX: u32 = 400;
/// Hex digits of a form's number: nobody meets another's by chance.
const FORM_DIGITS: usize = 32;

/// What was typed, as it came.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Typed {
    pub don_vi: String,
    pub ma_phieu: String,
    pub vuon: String,
    pub ngay: String,
    pub gio: String,
    pub kg: String,
    pub kg_chon: String,
    pub so_lo: String,
    pub ghi_chu: String,
    pub ly_do: String,
    /// Codes of the questions that were shown, so that a reason answers no other ones.
    pub da_hoi: String,
}

/// What there is to say about a form.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// Beside which field: what is wrong and what to do.
    pub errors: Vec<(&'static str, String)>,
    /// The two weights that the text may mean.
    pub either: Option<(Quantity, Quantity)>,
    /// What is asked back.
    pub questions: Vec<Question>,
}

impl Messages {
    fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.either.is_none() && self.questions.is_empty()
    }

    /// Whether a reason would do.
    pub fn can_be_overridden(&self) -> bool {
        let questions = !self.questions.is_empty()
            && self
                .questions
                .iter()
                .all(|question| question.weight.can_be_overridden());
        questions && self.errors.is_empty() && self.either.is_none()
    }

    /// The codes of the questions, for the hidden field.
    pub fn codes(&self) -> String {
        self.questions
            .iter()
            .map(|question| question.code)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A form that can be read.
struct Filled {
    field: PlaceId,
    occurred: Timestamp,
    qty: Quantity,
    lot: LotId,
    note: Option<String>,
}

/// `GET /thu-hoach`.
pub async fn show(
    State(console): State<Shared>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Failure> {
    let Some(org) = console.organisation(&chosen.organisation) else {
        return Ok(Redirect::to("/").into_response());
    };
    let (desk, nature) = console.desk().await?;
    let now = console.now(&nature);
    let grounds = desk.book.grounds(&org);
    let typed = Typed {
        don_vi: org.to_string(),
        ma_phieu: new_form()?,
        vuon: grounds
            .first()
            .map_or(String::new(), |ground| ground.id.number().to_owned()),
        ngay: now.date().to_string(),
        gio: now.clock(),
        so_lo: grounds.first().map_or(String::new(), |ground| {
            suggest(&desk.book, ground, now.date())
        }),
        ..Typed::default()
    };
    Ok(
        form(&console, &desk, &nature, &org, &typed, &Messages::default())
            .render()
            .into_response(),
    )
}

/// A number for a form, so that sending it twice is seen.
fn new_form() -> Result<String, Failure> {
    let mut random = [0; FORM_DIGITS / 2];
    let failed = |error: getrandom::Error| {
        crate::ledger::LedgerError::Malformed(format!("no randomness: {error}"))
    };
    getrandom::fill(&mut random).map_err(failed)?;
    Ok(hex::encode(random))
}

fn form(
    console: &Console,
    desk: &Desk,
    nature: &Nature,
    org: &OrgId,
    typed: &Typed,
    messages: &Messages,
) -> page::Page {
    let grounds = desk.book.grounds(org);
    let body = harvest_page::form(&grounds, typed, messages);
    page::Page {
        title: "Ghi thu hoạch".into(),
        organisation: Some(desk.book.org_name(org)),
        back: Some(console.home_of(org)),
        sample: nature.sample.is_some(),
        body,
        ..page::Page::default()
    }
}

/// `POST /thu-hoach`.
pub async fn submit(
    State(console): State<Shared>,
    headers: HeaderMap,
    typed: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let Ok(Form(typed)) = typed else {
        return Ok(unreadable());
    };
    let Some(org) = console.organisation(&typed.don_vi) else {
        return Ok(unreadable());
    };
    if typed.ma_phieu.len() != FORM_DIGITS {
        return Ok(unreadable());
    }
    let (mut desk, nature) = console.desk().await?;
    // 1. The same form again records nothing.
    if let Some(event) = desk.recorded_as(&typed.ma_phieu) {
        return Ok(receipt(&event, true));
    }
    // 2. What was typed, read.
    let now = console.now(&nature);
    let filled = match read(&typed, &org, &desk.book) {
        Ok(filled) => filled,
        Err(messages) => return Ok(ask_again(&console, &desk, &nature, &org, &typed, &messages)),
    };
    // 3. What has to be asked back.
    let body = filled.body(&org, entry(&headers));
    let mut draft = Draft {
        occurred: filled.occurred,
        signed: now,
        body,
    };
    let signer = Signer {
        org: org.clone(),
        device: console.organisations[&org],
        now,
        today: now.date(),
    };
    let asked = questions(
        &console.ledger,
        &nature,
        desk.book.waiting(),
        signer,
        draft.clone(),
    )
    .await?;
    if let Some(event) = earlier(&asked, &desk.book, &org, &filled) {
        return Ok(receipt(&event, true));
    }
    let mut messages = Messages {
        questions: asked,
        ..Messages::default()
    };
    if !messages.is_empty() {
        match reason(&typed, &messages) {
            Ok(reason) => note_override(&mut draft.body, &reason).map_err(refused)?,
            Err(error) => {
                messages
                    .errors
                    .extend(error.map(|error| ("ly-do", error.to_owned())));
                return Ok(ask_again(&console, &desk, &nature, &org, &typed, &messages));
            }
        }
    }
    // 4. The harvest, then the code of its label. Dying between them costs only the code, which can be had later.
    let signed = nature.sample.map(|_| now);
    let request = DraftRequest {
        occurred: draft.occurred,
        signed,
        body: draft.body,
    };
    let recorded = console.ledger.record(org.clone(), request).await?;
    desk.remember(typed.ma_phieu, recorded.event_id);
    if let Err(error) =
        labels::bind_code(&console, &desk.book, &nature, &filled.lot, entry(&headers)).await
    {
        tracing::warn!(%error, lot = %filled.lot, "chưa cấp được mã tra cứu (the label's code was not bound)");
    }
    Ok(receipt(&recorded.event_id, false))
}

fn receipt(event: &EventId, again: bool) -> Response {
    let mark = if again { "?da-ghi=1" } else { "" };
    Redirect::to(&format!("/viec/{event}{mark}")).into_response()
}

fn ask_again(
    console: &Console,
    desk: &Desk,
    nature: &Nature,
    org: &OrgId,
    typed: &Typed,
    messages: &Messages,
) -> Response {
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        form(console, desk, nature, org, typed, messages).render(),
    )
        .into_response()
}

/// Not one of our forms.
fn unreadable() -> Response {
    let text = "Máy không đọc được phiếu này nên chưa ghi gì. Có thể trang mở từ trước khi máy khởi động lại. Mở phiếu mới rồi ghi lại.";
    (
        StatusCode::BAD_REQUEST,
        page::notice("Chưa ghi được", text, Some(("/thu-hoach", "Mở phiếu mới"))),
    )
        .into_response()
}

fn refused(error: crate::draft::DraftError) -> Failure {
    Failure(crate::ledger::LedgerError::Refused {
        code: error.code.into(),
        message_vi: error.message_vi,
    })
}

/// How it was entered, by what the browser says of its machine.
fn entry(headers: &HeaderMap) -> Entry {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    if agent.contains("Mobi") || agent.contains("Android") {
        Entry::Phone
    } else {
        Entry::Pc
    }
}

/// The event that is the same deed, when the ledger knows one (N-16).
fn earlier(questions: &[Question], book: &Book, org: &OrgId, filled: &Filled) -> Option<EventId> {
    questions
        .iter()
        .find(|question| question.weight == Weight::AlreadyDone)?;
    let same = |event: &&SignedEvent| {
        let body = event.body();
        body.kind == Kind::Harvest
            && body.field.as_ref() == Some(&filled.field)
            && event.occurred() == filled.occurred
            && body
                .outputs
                .iter()
                .flatten()
                .any(|output| output.qty == filled.qty)
    };
    book.events(org).find(same).map(SignedEvent::id)
}

/// The reason for recording all the same, if it answers exactly the questions that were shown.
fn reason(typed: &Typed, messages: &Messages) -> Result<String, Option<&'static str>> {
    let reason = clean(&typed.ly_do);
    let shown: Vec<&str> = typed.da_hoi.split(' ').collect();
    let all_shown = messages
        .questions
        .iter()
        .all(|question| shown.contains(&question.code));
    if !messages.can_be_overridden() || !all_shown || reason.is_empty() {
        return Err(None);
    }
    if reason.len() > TEXT_MAX || !is_clean_text(&reason) {
        return Err(Some("Lý do dài quá. Ghi lại ngắn hơn, khoảng 150 chữ."));
    }
    Ok(reason)
}

impl Filled {
    fn body(&self, org: &OrgId, entry: Entry) -> Body {
        let output = Output {
            no: self.lot.number().to_owned(),
            owner: org.clone(),
            qty: self.qty,
            product: None,
            made: Some(self.occurred.date()),
            expires: None,
            net: None,
        };
        let mut body = Body::new(Kind::Harvest);
        body.field = Some(self.field.clone());
        body.outputs = Some(vec![output]);
        body.entry = Some(entry);
        body.facts = self
            .note
            .clone()
            .map(|note| Facts([(NOTE_FACT.to_owned(), note)].into()));
        body
    }
}

/// Reads the form, or says beside each field what is wrong with it.
fn read(typed: &Typed, org: &OrgId, book: &Book) -> Result<Filled, Messages> {
    let mut messages = Messages::default();
    let mut wrong = |field, text: &str| messages.errors.push((field, text.to_owned()));
    let grounds = book.grounds(org);
    let ground = grounds
        .iter()
        .find(|ground| ground.id.number() == typed.vuon);
    if ground.is_none() {
        wrong(
            "vuon",
            if typed.vuon.is_empty() {
                "Chưa chọn nơi thu hoạch. Chọn một nơi."
            } else {
                "Nơi này của đơn vị khác. Chọn nơi của đơn vị mình."
            },
        );
    }
    let date = read_date(&typed.ngay);
    if date.is_none() {
        wrong(
            "ngay",
            "Chưa rõ ngày nào. Ghi ngày/tháng/năm, ví dụ 12/10/2026.",
        );
    }
    let time = read_time(&typed.gio);
    if time.is_none() {
        wrong("gio", "Chưa rõ mấy giờ. Ghi giờ:phút, ví dụ 06:10.");
    }
    let occurred = date
        .zip(time)
        .and_then(|(date, time)| Timestamp::parse(&format!("{date}T{time}:00+07:00")).ok());
    let qty = match read_weight(&typed.kg) {
        Ok(Reading::Clear(qty)) => Some(qty),
        Ok(Reading::Either(a, b)) => {
            let chosen = [a, b].into_iter().find(|qty| plain(qty) == typed.kg_chon);
            messages.either = chosen.is_none().then_some((a, b));
            chosen
        }
        Err(error) => {
            messages.errors.push(("kg", error.message_vi().to_owned()));
            None
        }
    };
    let suggested = ground
        .zip(date)
        .map_or(String::new(), |(ground, date)| suggest(book, ground, date));
    let number = if typed.so_lo.trim().is_empty() {
        suggested.as_str()
    } else {
        typed.so_lo.trim()
    };
    let lot = LotId::new(org.clone(), number).ok();
    if lot.is_none() {
        let text = "Số lô chỉ gồm chữ không dấu, chữ số và dấu gạch, nhiều nhất 20 ký tự, không có khoảng trống. Ví dụ XCC-261012-A.";
        messages.errors.push(("so-lo", text.to_owned()));
    }
    let note = clean(&typed.ghi_chu);
    if note.len() > TEXT_MAX || !is_clean_text(&note) {
        messages.errors.push((
            "ghi-chu",
            "Ghi chú dài quá. Ghi lại ngắn hơn, khoảng 150 chữ.".to_owned(),
        ));
    }
    match (ground, occurred, qty, lot) {
        (Some(ground), Some(occurred), Some(qty), Some(lot)) if messages.is_empty() => Ok(Filled {
            field: ground.id.clone(),
            occurred,
            qty,
            lot,
            note: (!note.is_empty()).then_some(note),
        }),
        _ => Err(messages),
    }
}

/// A text as typed, but NFC and with the line ends and blanks of paper.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\t', " ")
        .trim()
        .nfc()
        .collect()
}

/// `2026-10-12` as browsers send it, or `12/10/2026` as people write it.
pub fn read_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = Date::parse(text) {
        return Some(date);
    }
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [day, month, year] = parts.as_slice() else {
        return None;
    };
    if day.len() > 2 || month.len() > 2 {
        return None;
    }
    Date::parse(&format!("{year}-{month:0>2}-{day:0>2}")).ok()
}

/// `06:10` as browsers send it (some with seconds), or `6h10`, `6g10` as people write it.
fn read_time(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let mut parts = text.split([':', 'h', 'g']);
    let (hour, minute) = (parts.next()?, parts.next()?);
    let minute = if minute.is_empty() { "00" } else { minute };
    let number = |text: &str| {
        text.parse::<u8>()
            .ok()
            .filter(|_| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit()))
    };
    let (hour, minute) = (
        number(hour).filter(|h| *h < 24)?,
        number(minute).filter(|m| *m < 60)?,
    );
    let seconds = parts.next().is_none_or(|seconds| seconds.starts_with("00"));
    (seconds && parts.next().is_none()).then(|| format!("{hour:02}:{minute:02}"))
}

/// A lot number that is free: first letters of crop and variety, the day, then A, B, C …
pub fn suggest(book: &Book, ground: &Ground, date: Date) -> String {
    let initials = initials(&format!("{} {}", ground.crop, ground.variety));
    let day = format!("{:02}{:02}{:02}", date.year % 100, date.month, date.day);
    let number = |n: u32| match u8::try_from(n) {
        Ok(n @ 0..26) => format!("{initials}-{day}-{}", char::from(b'A' + n)),
        _ => format!("{initials}-{day}-{}", n + 1),
    };
    let free = |text: &String| {
        LotId::new(ground.id.org.clone(), text).is_ok_and(|lot| book.creation(&lot).is_none())
    };
    (0..SUGGESTIONS_MAX)
        .map(number)
        .find(free)
        .unwrap_or_default()
}

fn initials(words: &str) -> String {
    let firsts = words
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .filter_map(plain_letter);
    let letters: String = firsts.take(CROP_LETTERS).collect();
    if letters.is_empty() {
        "LO".into()
    } else {
        letters
    }
}

/// A letter without its accents, in upper case.
fn plain_letter(letter: char) -> Option<char> {
    let base = match letter {
        'đ' | 'Đ' => 'D',
        _ => letter.nfd().next()?.to_ascii_uppercase(),
    };
    base.is_ascii_alphanumeric().then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_as_browsers_and_people_write_them() {
        for (text, date) in [
            ("2026-10-12", "2026-10-12"),
            ("12/10/2026", "2026-10-12"),
            (" 2-9-2026 ", "2026-09-02"),
            ("2.9.2026", "2026-09-02"),
        ] {
            assert_eq!(
                read_date(text).map(|date| date.to_string()).as_deref(),
                Some(date),
                "{text}"
            );
        }
        for text in ["", "31/02/2026", "12/10/26", "12/10", "2026/10/12", "mai"] {
            assert_eq!(read_date(text), None, "{text}");
        }
        for (text, time) in [
            ("06:10", "06:10"),
            ("6:10", "06:10"),
            ("6h10", "06:10"),
            ("6g5", "06:05"),
            ("18h", "18:00"),
            ("06:10:00", "06:10"),
        ] {
            assert_eq!(read_time(text).as_deref(), Some(time), "{text}");
        }
        for text in [
            "",
            "24:00",
            "6",
            "6:60",
            "06:10:30",
            "6:10:00:00",
            "sáng",
            "+6:10",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    #[test]
    fn lot_numbers_begin_with_the_crop() {
        for (words, letters) in [
            ("Xoài Cát Chu", "XCC"),
            ("Ổi Đài Loan", "ODL"),
            ("", "LO"),
            ("Khóm", "K"),
            ("Cá tra giống lai mới", "CTGL"),
        ] {
            assert_eq!(initials(words), letters, "{words}");
        }
    }
}
