//! Labels of a lot: the code that is bound to it, the QR that carries it, the page to print.
//!
//! A lot has one code for ever, so a reprint shows the same. It is printed at once, logged or not; a scan finds
//! it as soon as the binding is logged.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use ledger_core::body::{Body, Entry, Output, Text};
use ledger_core::code::{PrintedCode, ShortCode};
use ledger_core::encode::Value;
use ledger_core::ids::{LedgerId, LotId, OrgId};
use ledger_core::kind::Kind;
use ledger_core::sign::SignedEvent;
use ledger_core::store::StoreError;
use ledger_core::subject::Subject;
use qr_service::label::{COPIES_MAX, Label, LabelError, Layout, print_page};
use qr_service::qr::Qr;
use sha2::{Digest, Sha256};

use super::book::{Book, Nature};
use super::page::{Page, beside, escape, invalid, notice};
use super::{Console, Failure, Shared, segment};
use crate::ledger::{DraftRequest, LedgerError, Receipt};

/// Before the ledger id and the lot in the seed of a short code.
const SHORT_PREFIX: &[u8] = b"ocop-short/v1";
/// Seeds that are tried for a lot: even the second is needed once in a million lots.
const SEEDS_MAX: u8 = 8;
/// Pixels of a module of the PNG: sharp at the size of a hand.
const PNG_SCALE_PIXELS: u32 = 8;
/// What a print page needs besides the policy of all pages: the label brings its own style.
const PRINT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How many labels, on which paper.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Wanted {
    so_tem: String,
    kho: String,
}

/// The short code of a lot: the same wherever it is derived. Another seed is taken only when the code is bound
/// to another lot already.
pub fn short_code(ledger: &LedgerId, lot: &LotId, attempt: u8) -> ShortCode {
    let cbor = Value::Array(vec![Value::text(&lot.org), Value::text(lot.number())]).encode();
    let seed = Sha256::new()
        .chain_update(SHORT_PREFIX)
        .chain_update(ledger.0.as_bytes())
        .chain_update(cbor);
    let seed = if attempt == 0 {
        seed
    } else {
        seed.chain_update([attempt])
    };
    ShortCode::derive(&seed.finalize().into())
}

/// Binds the short code of an own lot, unless it has one.
///
/// # Errors
/// [`LedgerError`]; then nothing was recorded.
pub async fn bind_code(
    console: &Console,
    book: &Book,
    nature: &Nature,
    lot: &LotId,
    entry: Entry,
) -> Result<Option<Receipt>, LedgerError> {
    if codes(book, lot).is_some() {
        return Ok(None);
    }
    let code = free_code(console, nature, lot).await?;
    let mut body = Body::new(Kind::Bind);
    body.lot = Some(lot.clone());
    body.codes = Some(vec![PrintedCode::Own(code)]);
    body.entry = Some(entry);
    let now = console.now(nature);
    let request = DraftRequest {
        occurred: now,
        signed: nature.sample.map(|_| now),
        body,
    };
    console
        .ledger
        .record(lot.org.clone(), request)
        .await
        .map(Some)
}

async fn free_code(
    console: &Console,
    nature: &Nature,
    lot: &LotId,
) -> Result<ShortCode, LedgerError> {
    let candidates: Vec<ShortCode> = (0..SEEDS_MAX)
        .map(|attempt| short_code(&nature.ledger, lot, attempt))
        .collect();
    let free = move |replica: &ledger_core::replica::Replica| {
        for code in candidates {
            let bound = replica.list(&Subject::Code(PrintedCode::Own(code)))?;
            if bound.is_empty() {
                return Ok(Some(code));
            }
        }
        Ok::<_, StoreError>(None)
    };
    let found = console.ledger.try_read(free).await??;
    found.ok_or_else(|| LedgerError::Malformed(format!("no free short code for {lot}")))
}

/// The codes of a lot as a label carries them: what the QR says, and what people type.
fn codes(book: &Book, lot: &LotId) -> Option<(PrintedCode, ShortCode)> {
    let codes = book.codes(lot);
    let short = codes.iter().find_map(|code| match code {
        PrintedCode::Own(short) => Some(*short),
        _ => None,
    })?;
    let gs1 = codes
        .into_iter()
        .find(|code| matches!(code, PrintedCode::Gs1 { .. }));
    Some((gs1.unwrap_or(PrintedCode::Own(short)), short))
}

/// A lot of an organisation of this machine, and what made it.
struct Found<'a> {
    lot: LotId,
    event: &'a SignedEvent,
    output: &'a Output,
}

fn find<'a>(console: &Console, book: &'a Book, org: &str, number: &str) -> Option<Found<'a>> {
    let org = OrgId::new(org)
        .ok()
        .filter(|org| console.organisations.contains_key(org))?;
    let lot = LotId::new(org, number).ok()?;
    let (event, output) = book.creation(&lot)?;
    Some(Found { lot, event, output })
}

/// The texts of the label, as far as the book knows them.
fn label(console: &Console, book: &Book, nature: &Nature, found: &Found<'_>) -> Option<Label> {
    let (printed, short_code) = codes(book, &found.lot)?;
    let output = found.output;
    let ground = found
        .event
        .body()
        .field
        .as_ref()
        .and_then(|field| book.ground_of(field));
    let product = output
        .product
        .as_ref()
        .and_then(|product| book.product(product));
    let text = |text: Option<&Text>| text.map(|text| text.0.clone());
    let crop = ground
        .as_ref()
        .map(|ground| {
            format!("{} {}", ground.crop, ground.variety)
                .trim()
                .to_owned()
        })
        .filter(|crop| !crop.is_empty());
    let commune = ground
        .and_then(|ground| ground.commune)
        .map(|commune| commune.name);
    let product_name = output
        .product
        .as_ref()
        .map(|product| book.product_name(product))
        .or(crop);
    let origin = product
        .and_then(|product| text(product.origin.as_ref()))
        .or_else(|| commune.clone());
    let net = product
        .and_then(|product| text(product.net.as_ref()))
        .or_else(|| output.net.map(|net| net.to_string()));
    let address = book
        .org_address(&output.owner)
        .or_else(|| book.org_address(&found.lot.org))
        .or(commune);
    Some(Label {
        product_name: product_name.unwrap_or_else(|| found.event.body().kind.row().vi.into()),
        organisation_name: book.org_name(&output.owner),
        origin: origin.or_else(|| address.clone()).unwrap_or_default(),
        address: address.unwrap_or_default(),
        lot_number: found.lot.number().to_owned(),
        produced_on: output.made,
        expires_on: output.expires,
        short_code,
        url: format!("{}{}", console.public_url, printed.url_path()),
        net_content: net.unwrap_or_else(|| format!("cả lô {}", output.qty)),
        sample: nature.sample.is_some(),
    })
}

/// `GET /tem/{org}/{number}`.
pub async fn show(
    State(console): State<Shared>,
    Path((org, number)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let wanted = Wanted {
        so_tem: "21".into(),
        kho: "a4".into(),
    };
    page(&console, &org, &number, &wanted, None).await
}

async fn page(
    console: &Console,
    org: &str,
    number: &str,
    wanted: &Wanted,
    wrong: Option<(&'static str, String)>,
) -> Result<Response, Failure> {
    let (desk, nature) = console.desk().await?;
    let Some(found) = find(console, &desk.book, org, number) else {
        return Ok(no_such_lot());
    };
    let body = match label(console, &desk.book, &nature, &found) {
        Some(label) => printable(&label, &found, wanted, wrong.as_ref()),
        None => unbound(&found.lot),
    };
    let page = Page {
        title: format!("Tem lô {}", found.lot.number()),
        organisation: Some(desk.book.org_name(&found.lot.org)),
        back: Some(console.home_of(&found.lot.org)),
        sample: nature.sample.is_some(),
        body,
        ..Page::default()
    };
    let status = if wrong.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok((status, page.render()).into_response())
}

fn no_such_lot() -> Response {
    let text =
        "Không có lô này trong việc của máy. Xem lại số lô, hoặc ghi thu hoạch trước rồi in tem.";
    (
        StatusCode::NOT_FOUND,
        notice("Không thấy lô", text, Some(("/", "Về trang đầu"))),
    )
        .into_response()
}

/// The code was not bound in the same act as the lot: somebody else's program made the lot, or the disk was full.
fn unbound(lot: &LotId) -> String {
    format!(
        "<p class=\"tin\">Lô này chưa có mã tra cứu nên chưa in tem được.</p><form method=\"post\" action=\"/tem/{}/{}\"><button class=\"chinh\">Cấp mã cho lô</button></form>",
        lot.org,
        segment(lot.number())
    )
}

fn printable(
    label: &Label,
    found: &Found<'_>,
    wanted: &Wanted,
    wrong: Option<&(&'static str, String)>,
) -> String {
    let path = format!("/tem/{}/{}", found.lot.org, segment(found.lot.number()));
    let preview = match label.fragment(layout_of(wanted).unwrap_or(Layout::A4Sheet)) {
        Ok(fragment) => format!("<h2>Tem sẽ in</h2><div class=\"tem-khung\">{fragment}</div>"),
        Err(error) => format!("<p class=\"loi\">{}</p>", escape(&label_message(&error).1)),
    };
    let at = |field: &str| {
        wrong
            .filter(|(wrong, _)| *wrong == field)
            .map_or(String::new(), |(_, text)| beside(field, text))
    };
    let attributes = |field: &str| invalid(field, wrong.is_some_and(|(wrong, _)| *wrong == field));
    let layout = |value: &str, name: &str| {
        let checked = if wanted.kho == value { " checked" } else { "" };
        format!(
            "<label class=\"chon\"><input type=\"radio\" name=\"kho\" value=\"{value}\"{checked}><span>{name}</span></label>"
        )
    };
    format!(
        concat!(
            "<img class=\"qr\" src=\"{path}/qr.png\" alt=\"Mã QR của lô {lot}\"><p class=\"nhac\">Mã tra cứu</p><p class=\"ma\">{short}</p>",
            "<form method=\"get\" action=\"{path}/in\">",
            "<div class=\"truong\"><label for=\"so-tem\">Số tem</label><input class=\"so\" type=\"text\" inputmode=\"numeric\" id=\"so-tem\" name=\"so-tem\" maxlength=\"5\" value=\"{count}\"{count_attributes}>{count_beside}</div>",
            "<fieldset class=\"truong\" id=\"kho\"{paper_attributes}><legend>Giấy in</legend>{a4}{roll}{paper_beside}</fieldset>",
            "<button class=\"chinh\">Mở trang in</button></form>{preview}",
            "<p>In lại vẫn là mã này. Tem quét được khi việc đã ghi vào sổ.</p><p><a href=\"/viec/{event}\">Xem việc đã ghi</a></p>",
        ),
        path = path,
        lot = escape(found.lot.number()),
        short = label.short_code,
        count = escape(&wanted.so_tem),
        count_attributes = attributes("so-tem"),
        count_beside = at("so-tem"),
        paper_attributes = attributes("kho"),
        a4 = layout("a4", "Giấy A4, 21 tem một tờ<small>63,5 × 38,1 mm</small>"),
        roll = layout("cuon", "Cuộn tem máy in nhiệt<small>50 × 30 mm</small>"),
        paper_beside = at("kho"),
        preview = preview,
        event = found.event.id(),
    )
}

/// `POST /tem/{org}/{number}`: binds the code of a lot that has none.
pub async fn bind(
    State(console): State<Shared>,
    Path((org, number)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (desk, nature) = console.desk().await?;
    let Some(found) = find(&console, &desk.book, &org, &number) else {
        return Ok(no_such_lot());
    };
    bind_code(&console, &desk.book, &nature, &found.lot, Entry::Pc).await?;
    Ok(Redirect::to(&format!(
        "/tem/{}/{}",
        found.lot.org,
        segment(found.lot.number())
    ))
    .into_response())
}

/// `GET /tem/{org}/{number}/in`: the sheet or roll, which opens the printing dialogue by itself.
pub async fn print(
    State(console): State<Shared>,
    Path((org, number)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let made = {
        let (desk, nature) = console.desk().await?;
        let Some(found) = find(&console, &desk.book, &org, &number) else {
            return Ok(no_such_lot());
        };
        let Some(label) = label(&console, &desk.book, &nature, &found) else {
            return Ok(Redirect::to(&format!(
                "/tem/{}/{}",
                found.lot.org,
                segment(found.lot.number())
            ))
            .into_response());
        };
        sheet(&label, &wanted)
    };
    match made {
        Ok(html) => {
            let html = html.replace("</body>", "<script src=\"/in.js\"></script></body>");
            let headers: [(HeaderName, &str); 2] = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, PRINT_POLICY),
            ];
            Ok((headers, html).into_response())
        }
        Err(wrong) => page(&console, &org, &number, &wanted, Some(wrong)).await,
    }
}

fn sheet(label: &Label, wanted: &Wanted) -> Result<String, (&'static str, String)> {
    let count = wanted
        .so_tem
        .trim()
        .parse::<usize>()
        .ok()
        .filter(|count| (1..=COPIES_MAX).contains(count));
    let count = count.ok_or_else(|| {
        (
            "so-tem",
            format!(
                "Số tem phải từ 1 đến {}. Cần nhiều hơn thì in làm nhiều lần.",
                thousands(COPIES_MAX)
            ),
        )
    })?;
    let layout = layout_of(wanted)
        .ok_or_else(|| ("kho", "Chưa chọn giấy in. Chọn một loại giấy.".to_owned()))?;
    print_page(label, count, layout).map_err(|error| label_message(&error))
}

fn thousands(n: usize) -> String {
    if n >= 1_000 {
        format!("{}.{:03}", n / 1_000, n % 1_000)
    } else {
        n.to_string()
    }
}

fn layout_of(wanted: &Wanted) -> Option<Layout> {
    match wanted.kho.as_str() {
        "a4" => Some(Layout::A4Sheet),
        "cuon" => Some(Layout::Thermal50x30),
        _ => None,
    }
}

/// Why a label cannot be printed, beside which field.
fn label_message(error: &LabelError) -> (&'static str, String) {
    match error {
        LabelError::Field { field } => {
            let name = match *field {
                "address" | "origin" => "địa chỉ của đơn vị",
                "organisation_name" => "tên đơn vị",
                "product_name" => "tên sản phẩm",
                _ => "một mục chữ",
            };
            ("kho", format!("Tem thiếu {name} hoặc mục đó quá dài. Nhờ Người giữ máy bổ sung vào sổ rồi in lại."))
        }
        LabelError::TooMuchText { .. } => ("kho", "Chữ trên tem nhiều hơn khổ giấy này, mà tên không được viết tắt. Chọn giấy A4, hoặc nhờ Người giữ máy xem lại tên và địa chỉ.".into()),
        LabelError::Url => ("kho", "Địa chỉ trang tra cứu đặt trên máy chưa đúng nên chưa in được. Báo Người giữ máy.".into()),
        LabelError::Copies { .. } => ("so-tem", format!("Số tem phải từ 1 đến {}.", thousands(COPIES_MAX))),
        LabelError::Qr(_) => ("kho", "Máy không vẽ được mã QR. Báo Người giữ máy.".into()),
    }
}

/// `GET /tem/{org}/{number}/qr.png`.
pub async fn png(
    State(console): State<Shared>,
    Path((org, number)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (desk, nature) = console.desk().await?;
    let url = find(&console, &desk.book, &org, &number)
        .and_then(|found| label(&console, &desk.book, &nature, &found))
        .map(|label| label.url);
    let picture = url
        .and_then(|url| Qr::encode(&url).ok())
        .and_then(|qr| qr.png(PNG_SCALE_PIXELS).ok());
    Ok(match picture {
        Some(png) => ([(CONTENT_TYPE, "image/png")], png).into_response(),
        None => no_such_lot(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use ledger_core::ids::Hash;

    #[test]
    fn a_short_code_belongs_to_one_lot_of_one_ledger() {
        let (ledger, other) = (LedgerId(Hash([1; 32])), LedgerId(Hash([2; 32])));
        let lot = LotId::parse("ORG-01/XCC-261012-A").unwrap();
        let code = short_code(&ledger, &lot, 0);
        assert_eq!(short_code(&ledger, &lot, 0), code);
        assert_ne!(short_code(&other, &lot, 0), code);
        assert_ne!(
            short_code(&ledger, &LotId::parse("ORG-01/XCC-261012-B").unwrap(), 0),
            code
        );
        assert_ne!(short_code(&ledger, &lot, 1), code);
        // SHA-256("ocop-short/v1" ‖ ledger id ‖ CBOR ["ORG-01", "XCC-261012-A"]), spelled out.
        let spelled = [
            b"ocop-short/v1".as_slice(),
            &[1; 32],
            b"\x82\x66ORG-01\x6cXCC-261012-A",
        ]
        .concat();
        assert_eq!(ShortCode::derive(&Sha256::digest(spelled).into()), code);
    }
}
