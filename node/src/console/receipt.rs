//! The receipt: what was recorded, read back in words, and what becomes of it.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use ledger_core::body::{Body, Sealable};
use ledger_core::ids::{EventId, Hash, LotId};
use ledger_core::sign::SignedEvent;
use ledger_core::subject::created_lots;

use super::book::Book;
use super::number::read_aloud;
use super::page::{Page, escape};
use super::standing::Standing;
use super::{Failure, Shared, not_found, segment};

/// Lots of one event that the receipt offers labels for; more are reached from their own pages.
const LABEL_LINKS_MAX: usize = 8;

/// How the page was reached.
#[derive(serde::Deserialize)]
pub struct Reached {
    /// The same form came a second time.
    #[serde(default, rename = "da-ghi")]
    again: Option<String>,
}

/// Reads an event id as it stands in addresses.
pub fn read_id(text: &str) -> Option<EventId> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(EventId(Hash(bytes)))
}

/// `GET /viec/{id}`.
pub async fn show(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Query(reached): Query<Reached>,
) -> Result<Response, Failure> {
    let Some(id) = read_id(&id) else {
        return Ok(not_found());
    };
    let (desk, nature) = console.desk().await?;
    let Some((event, _)) = desk.book.find(&id) else {
        return Ok(not_found());
    };
    let standing = Standing::of(&console.ledger, id).await?;
    let again = reached.again.map_or(String::new(), |_| already(event));
    let page = Page {
        title: event.body().kind.row().vi.into(),
        organisation: Some(desk.book.org_name(event.iss())),
        back: Some(console.home_of(event.iss())),
        sample: nature.sample.is_some(),
        refresh_seconds: (!standing.is_final()).then_some(5),
        body: format!(
            "{again}{}{}{}",
            status(&id, &standing),
            told(&desk.book, event),
            links(event)
        ),
    };
    Ok(page.render().into_response())
}

/// N-16: a second press, a reload, a form sent again after a lost connection.
fn already(event: &SignedEvent) -> String {
    let signed = event.signed();
    format!(
        "<p class=\"tin\" role=\"alert\">Mục này đã được ghi lúc {} ngày {}, không ghi thêm lần nữa.</p>",
        signed.clock(),
        signed.date().vietnamese()
    )
}

fn status(id: &EventId, standing: &Standing) -> String {
    let message = standing.message();
    let message = if message.is_empty() {
        String::new()
    } else {
        format!("<p>{}</p>", escape(&message))
    };
    let watched = if standing.is_final() {
        String::new()
    } else {
        format!(" data-viec=\"{id}\"")
    };
    format!(
        "<div class=\"trang-thai {style}\" id=\"trang-thai\" role=\"status\" data-dang=\"{code}\"{watched}>{sign} {words}{message}</div>",
        style = standing.style(),
        code = standing.code(),
        sign = standing.sign(),
        words = standing.words(),
    )
}

/// What the event says.
fn told(book: &Book, event: &SignedEvent) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let body = event.body();
    let place = |place| escape(&book.place_name(place));
    if let Some(Sealable::Text(name)) = &body.name {
        lines.push(("Tên", escape(name)));
    }
    lines.extend(
        body.field
            .as_ref()
            .map(|field| (ground_word(book, body), place(field))),
    );
    lines.extend(body.place.as_ref().map(|at| ("Nơi làm", place(at))));
    let occurred = event.occurred();
    lines.push((
        "Ngày giờ",
        format!("{} lúc {}", occurred.date().vietnamese(), occurred.clock()),
    ));
    for output in body.outputs.iter().flatten() {
        lines.push((
            "Khối lượng",
            format!(
                "<b>{}</b><br>({})",
                output.qty,
                with_unit(&read_aloud(&output.qty), output.qty.unit().word())
            ),
        ));
        lines.push(("Số lô", escape(&output.no)));
        let lot = LotId::new(event.iss().clone(), &output.no).ok();
        let codes = lot.map_or(Vec::new(), |lot| book.codes(&lot));
        lines.extend(
            codes
                .iter()
                .filter_map(short)
                .map(|code| ("Mã tra cứu", code)),
        );
    }
    for used in body.lots.iter().chain(&body.inputs).flatten() {
        let qty = used.qty.map_or(String::new(), |qty| format!(", {qty}"));
        lines.push(("Lô", format!("{}{qty}", escape(used.lot.number()))));
    }
    lines.extend(body.qty.map(|qty| ("Lượng", qty.to_string())));
    lines.extend(
        body.to
            .as_ref()
            .map(|org| ("Giao cho", escape(&book.org_name(org)))),
    );
    lines.extend(
        body.reason
            .as_ref()
            .map(|reason| ("Lý do", escape(&reason.0))),
    );
    let facts = body.facts.iter().flat_map(|facts| &facts.0);
    let facts: String = facts
        .map(|(name, text)| line(&escape(&capitalised(name)), &escape(text)))
        .collect();
    let lines: String = lines.iter().map(|(name, text)| line(name, text)).collect();
    format!("<dl>{lines}{facts}</dl>")
}

fn line(name: &str, html: &str) -> String {
    format!("<dt>{name}</dt><dd>{html}</dd>")
}

fn with_unit(words: &str, unit: &str) -> String {
    // "ký" is how the unit is spoken.
    format!("{words} {}", if unit == "kg" { "ký" } else { unit })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn short(code: &ledger_core::code::PrintedCode) -> Option<String> {
    match code {
        ledger_core::code::PrintedCode::Own(code) => Some(format!("<b>{code}</b>")),
        _ => None,
    }
}

fn ground_word(book: &Book, body: &Body) -> &'static str {
    let ground = body.field.as_ref().and_then(|field| book.ground_of(field));
    ground.map_or("Vườn", |ground| {
        super::harvest_page::ground_word(&ground)
    })
}

/// Where to go on.
fn links(event: &SignedEvent) -> String {
    let lots = created_lots(event).take(LABEL_LINKS_MAX);
    let labels: String = lots
        .map(|lot| {
            let several = event
                .body()
                .outputs
                .as_ref()
                .is_some_and(|outputs| outputs.len() > 1);
            let which = if several {
                format!(" lô {}", escape(lot.number()))
            } else {
                String::new()
            };
            format!(
                "<a class=\"nut chinh\" href=\"/tem/{}/{}\">In tem{which}</a>",
                lot.org,
                segment(lot.number())
            )
        })
        .collect();
    format!(
        "{labels}<a class=\"nut\" href=\"/thu-hoach?don-vi={}\">Ghi việc khác</a>",
        event.iss()
    )
}
