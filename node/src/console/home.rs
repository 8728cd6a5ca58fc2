//! The first page: what was recorded, what still waits, and the way to the form.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use ledger_core::ids::{OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::sign::SignedEvent;

use super::book::Book;
use super::page::{Page, escape};
use super::standing::Standing;
use super::{Console, Failure, Shared};

/// Events on the first page: what two screens show. Older ones are in the book.
const EVENTS_SHOWN: usize = 50;

/// Which organisation.
#[derive(serde::Deserialize)]
pub struct Chosen {
    #[serde(default, rename = "don-vi")]
    pub organisation: String,
}

/// `GET /`.
pub async fn show(
    State(console): State<Shared>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Failure> {
    let (desk, nature) = console.desk().await?;
    let Some(org) = console.organisation(&chosen.organisation) else {
        return Ok(choice(&console, &desk.book, nature.sample.is_some()));
    };
    let shown: Vec<SignedEvent> = desk
        .book
        .events(&org)
        .filter(|event| is_shown(event))
        .take(EVENTS_SHOWN)
        .cloned()
        .collect();
    let mut rows = String::new();
    for event in &shown {
        let standing = Standing::of(&console.ledger, event.id()).await?;
        rows.push_str(&row(&desk.book, event, &standing));
    }
    let waiting = desk
        .book
        .waiting()
        .iter()
        .filter(|event| *event.iss() == org && is_shown(event))
        .count();
    let body = format!(
        "<p><a class=\"nut chinh\" href=\"/thu-hoach?don-vi={org}\">Ghi thu hoạch</a></p>{}<h2>Việc đã ghi gần đây</h2>{}{}",
        outbox(waiting),
        if rows.is_empty() {
            "<p>Chưa có việc nào. Bấm “Ghi thu hoạch” để ghi việc đầu tiên.</p>".into()
        } else {
            format!("<ul class=\"viec\">{rows}</ul>")
        },
        if console.organisations.len() > 1 {
            "<p><a class=\"nut\" href=\"/\">Đổi đơn vị</a></p>"
        } else {
            ""
        },
    );
    let page = Page {
        title: "Việc đã ghi".into(),
        organisation: Some(desk.book.org_name(&org)),
        sample: nature.sample.is_some(),
        // Waiting entries move on by themselves; a page at rest need not.
        refresh_seconds: (waiting > 0).then_some(30),
        body,
        ..Page::default()
    };
    Ok(page.render().into_response())
}

/// What only serves the machine is not the clerk's work: it was done in the same act.
fn is_shown(event: &SignedEvent) -> bool {
    !matches!(event.body().kind, Kind::Bind | Kind::Epoch | Kind::MapHead)
}

fn outbox(waiting: usize) -> String {
    match waiting {
        0 => "<p>Không có việc chờ gửi.</p>".into(),
        count => format!(
            "<p class=\"tin\"><b>{count} việc chờ gửi.</b> Đã lưu trên máy; khi có mạng, máy tự gửi.</p>"
        ),
    }
}

/// One event of the list.
fn row(book: &Book, event: &SignedEvent, standing: &Standing) -> String {
    let occurred = event.occurred();
    let body = event.body();
    let number = body.id.as_ref().map(|id| id.0.as_str());
    let about: Vec<String> = [
        registered(book, event, number),
        body.field
            .as_ref()
            .or(body.place.as_ref())
            .map(|place| book.place_name(place)),
        body.outputs
            .as_ref()
            .and_then(|outputs| outputs.first())
            .map(|output| format!("{} · lô {}", output.qty, output.no)),
        body.lots
            .as_ref()
            .and_then(|lots| lots.first())
            .map(|used| format!("lô {}", used.lot.number())),
    ]
    .into_iter()
    .flatten()
    .collect();
    format!(
        "<li><a href=\"/viec/{id}\"><b>{kind}</b><small>{about}</small><small>{day} {clock}</small>{standing}</a></li>",
        id = event.id(),
        kind = body.kind.row().vi,
        about = escape(&about.join(" · ")),
        day = occurred.date().vietnamese(),
        clock = occurred.clock(),
        standing = standing.line(),
    )
}

/// The name of a place or product that is registered.
fn registered(book: &Book, event: &SignedEvent, number: Option<&str>) -> Option<String> {
    match event.body().kind {
        Kind::Place => PlaceId::new(event.iss().clone(), number?)
            .ok()
            .map(|place| book.place_name(&place)),
        Kind::Product => ProductId::new(event.iss().clone(), number?)
            .ok()
            .map(|product| book.product_name(&product)),
        _ => None,
    }
}

/// A machine that records for several asks for whom.
fn choice(console: &Console, book: &Book, sample: bool) -> Response {
    let link = |org: &OrgId| {
        format!(
            "<a class=\"nut\" href=\"/?don-vi={org}\">{}</a>",
            escape(&book.org_name(org))
        )
    };
    let links: String = console.organisations.keys().map(link).collect();
    let body = if links.is_empty() {
        "<p class=\"tin\">Máy này chưa ghi được cho đơn vị nào. Hỏi Người giữ máy để được cấp quyền.</p>".into()
    } else {
        format!("<nav aria-label=\"Đơn vị\">{links}</nav>")
    };
    Page {
        title: "Ghi cho đơn vị nào?".into(),
        sample,
        body,
        ..Page::default()
    }
    .render()
    .into_response()
}
