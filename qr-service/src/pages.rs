//! HTML: what is readable without a script. Everything from events is escaped; nothing here looks confirmed, because the
//! reader's phone has checked nothing.

use std::fmt::Write as _;

use axum::http::StatusCode;
use ledger_core::code::ScanTarget;
use ledger_core::lot::LotState;
use ledger_core::time::Date;
use ledger_core::verify::{Proof, StateLine, Statement};

use crate::embed;
use crate::health::spoken;
use crate::proofs::Answer;
use crate::qr::escape;
use crate::service::{ProductAnswer, Unavailable};
use crate::story::{OrgCard, ProductCard, RatingCard};

/// The band over sample data.
pub const SAMPLE_BAND: &str = "DỮ LIỆU MẪU – không phải hàng thật";
/// First words for a code that leads nowhere.
pub const UNKNOWN: &str = "Tem chưa kích hoạt hoặc không có mã này";
/// What is answered to a short code that was mistyped (`rejections.csv` N-26).
pub const MISTYPED: &str = "Mã chưa đúng. Xem lại các chữ và số trên tem.";
/// Its stable code.
pub const MISTYPED_CODE: &str = "MA_TRA_CUU_SAI";

/// A page for a person: status, title, and HTML of the main part.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The whole document.
    pub html: String,
}

/// A state in both languages.
pub fn state_words(state: StateLine) -> (&'static str, &'static str) {
    match state {
        StateLine::Lot(LotState::Recalled) => ("Thu hồi", "Recalled"),
        StateLine::Lot(LotState::Held) => ("Tạm giữ", "On hold"),
        StateLine::Lot(LotState::Expired) => ("Hết hạn sử dụng", "Expired"),
        StateLine::Lot(LotState::Recorded) => ("Có hồ sơ nguồn gốc", "Origin record exists"),
        StateLine::Unconfirmed => ("Chưa xác nhận được", "Not confirmed"),
        StateLine::UnknownCode => (UNKNOWN, "Label not activated, or no such code"),
    }
}

/// A document of ours: no script at all.
fn document(status: StatusCode, title: &str, band: &str, main: &str) -> Page {
    let html = format!(
        concat!(
            "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<title>{title}</title><link rel=\"stylesheet\" href=\"{css}\"><link rel=\"stylesheet\" href=\"{own}\">",
            "</head><body><p class=\"band\">{band}</p><main>{main}</main></body></html>\n",
        ),
        title = escape(title),
        css = embed::page_css_path(),
        own = embed::pages_css_path(),
        band = escape(band),
        main = main,
    );
    Page { status, html }
}

/// The line on top, with its icon: never by colour alone, never green.
fn state(data: &str, word: &str, sentence: &str) -> String {
    format!(
        concat!(
            "<div class=\"state\" data-state=\"{data}\"><svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">",
            "<circle cx=\"12\" cy=\"12\" r=\"10\"/><path class=\"cut\" d=\"M12 6.5v7m0 3v.5\"/></svg>",
            "<p class=\"word\">{word}</p><p class=\"sentence\">{sentence}</p></div>",
        ),
        data = data,
        word = escape(word),
        sentence = escape(sentence),
    )
}

/// Where a code is typed.
fn form(value: &str) -> String {
    format!(
        concat!(
            "<form action=\"/tim\" method=\"get\"><label for=\"ma\">Mã tra cứu trên tem</label>",
            "<input id=\"ma\" name=\"ma\" value=\"{}\" maxlength=\"256\" autocomplete=\"off\" autocapitalize=\"characters\" ",
            "spellcheck=\"false\" aria-describedby=\"ma-goi-y\" required>",
            "<p id=\"ma-goi-y\" class=\"quiet\">Chín chữ và số in dưới mã QR, ví dụ XXXX-XXXXX. Không có chữ O, I, U và số 0, 1.</p>",
            "<button>Xem hồ sơ</button></form>",
        ),
        escape(value),
    )
}

/// The home page.
pub fn home(is_sample: bool, anchor_hash: &str) -> Page {
    let main = format!(
        concat!(
            "<h1>Tra cứu hồ sơ nguồn gốc</h1><p>Quét mã QR trên tem bằng máy ảnh của điện thoại, hoặc gõ mã tra cứu.</p>{form}",
            "<p class=\"quiet\">Neo tin cậy (SHA-256): <code>{anchor}</code>. So với số do cơ quan quản lý công bố.</p>",
        ),
        form = form(""),
        anchor = escape(anchor_hash),
    );
    document(
        StatusCode::OK,
        "Tra cứu hồ sơ nguồn gốc",
        band(is_sample),
        &main,
    )
}

/// The text of the band.
pub fn band(is_sample: bool) -> &'static str {
    if is_sample { SAMPLE_BAND } else { "" }
}

/// A short code that was mistyped, with what was typed, to be mended.
pub fn mistyped(typed: &str) -> Page {
    let main = format!(
        "{}{}",
        state(
            "malformed",
            "Mã chưa đúng",
            "Xem lại các chữ và số trên tem."
        ),
        form(typed)
    );
    document(StatusCode::BAD_REQUEST, MISTYPED, "", &main)
}

/// An address that follows no rule we know.
pub fn malformed() -> Page {
    let sentence = "Địa chỉ này không theo dạng của mã trên tem. Quét lại tem, hoặc gõ mã tra cứu.";
    let main = format!(
        "{}{}",
        state("malformed", "Mã không đọc được", sentence),
        form("")
    );
    document(StatusCode::BAD_REQUEST, "Mã không đọc được", "", &main)
}

/// Good GS1 that this service does not answer yet.
pub fn unsupported() -> Page {
    let sentence = "Đây là mã GS1 đúng dạng, nhưng dịch vụ này chỉ trả lời mã sản phẩm và số lô. Gõ mã tra cứu trên tem nếu có.";
    let main = format!(
        "{}{}",
        state("unknown_code", "Chưa hỗ trợ loại mã này", sentence),
        form("")
    );
    document(StatusCode::NOT_FOUND, "Chưa hỗ trợ loại mã này", "", &main)
}

/// No page at this address.
pub fn no_page() -> Page {
    let main = format!(
        "{}{}",
        state(
            "unknown_code",
            "Không có trang này",
            "Quét mã trên tem, hoặc gõ mã tra cứu."
        ),
        form("")
    );
    document(StatusCode::NOT_FOUND, "Không có trang này", "", &main)
}

/// Nothing can be said now, which is no verdict on the goods.
pub fn unavailable(why: &Unavailable) -> Page {
    let (word, sentence) = match why {
        Unavailable::NotYet => (
            "Chưa xác nhận được",
            "Máy chủ chưa tải xong sổ. Thử lại sau ít phút. Đây không phải là kết luận về sản phẩm.",
        ),
        Unavailable::Busy => (
            "Máy chủ đang bận",
            "Thử lại sau ít giây. Đây không phải là kết luận về sản phẩm.",
        ),
        Unavailable::TooLarge | Unavailable::Broken(_) => (
            "Chưa xác nhận được",
            "Máy chủ gặp lỗi, người giữ máy đã được báo. Đây không phải là kết luận về sản phẩm.",
        ),
    };
    document(
        StatusCode::SERVICE_UNAVAILABLE,
        word,
        "",
        &state("unconfirmed", word, sentence),
    )
}

/// A product's code that no product is registered with.
pub fn unknown_product(gtin: &str, is_sample: bool) -> Page {
    let main = format!(
        "{}<p>Mã sản phẩm (GTIN): {}</p>{}",
        state(
            "unknown_code",
            UNKNOWN,
            "Có thể mã bị gõ nhầm, hoặc tem không phải của hệ thống này."
        ),
        escape(gtin),
        form(""),
    );
    document(StatusCode::NOT_FOUND, UNKNOWN, band(is_sample), &main)
}

/// A product without a lot: what it is, and that a lot's record needs the lot.
pub fn product(answer: &ProductAnswer) -> Page {
    let mut main = state(
        "unconfirmed",
        "Mã này chưa có số lô",
        "Đây là thông tin chung của sản phẩm. Hồ sơ nguồn gốc đi theo từng lô: quét mã có số lô, hoặc gõ mã tra cứu trên tem.",
    );
    for (card, org) in &answer.products {
        main.push_str(&product_html(card, org));
    }
    if answer.products.len() > 1 {
        main.push_str("<p><strong>Nhiều sản phẩm đăng ký cùng một mã này.</strong> Gõ mã tra cứu trên tem để biết đúng lô.</p>");
    }
    main.push_str("<p class=\"quiet\">Máy chủ đã kiểm tra; điện thoại này chưa tự kiểm tra.</p>");
    main.push_str(&form(""));
    let title = answer
        .products
        .first()
        .map_or(UNKNOWN, |(card, _)| name(card));
    document(StatusCode::OK, title, band(answer.is_sample), &main)
}

fn name(card: &ProductCard) -> &str {
    card.name.as_deref().unwrap_or("Sản phẩm chưa công bố tên")
}

/// The name of an organisation, or that it is not public.
pub fn org_name(card: &OrgCard) -> String {
    card.name
        .clone()
        .unwrap_or_else(|| format!("Đơn vị {} (chưa công bố tên)", card.id))
}

fn product_html(card: &ProductCard, org: &OrgCard) -> String {
    let mut html = format!("<h1>{}</h1>{}", escape(name(card)), picture_html(card));
    let mut rows = vec![("Đơn vị", org_name(org))];
    rows.extend(org.commune.clone().map(|commune| ("Địa phương", commune)));
    rows.extend(card.origin.clone().map(|origin| ("Xuất xứ", origin)));
    rows.extend(card.net.clone().map(|net| ("Định lượng", net)));
    rows.extend(card.gtin.map(|gtin| ("GTIN", gtin.to_string())));
    rows.push(("OCOP", rating_text(card.rating.as_ref())));
    html.push_str(&rows_html(&rows));
    html
}

fn picture_html(card: &ProductCard) -> String {
    let Some(hash) = card.picture else {
        return String::new();
    };
    format!(
        "<img src=\"/blob/{hash}\" alt=\"Hình: {}\" width=\"112\" height=\"112\">",
        escape(name(card))
    )
}

/// The stars may only be shown while they are valid.
fn rating_text(rating: Option<&RatingCard>) -> String {
    match rating {
        None => "Chưa phân hạng".to_owned(),
        Some(RatingCard {
            stars,
            until,
            is_valid: true,
            ..
        }) => match until {
            Some(until) => format!("OCOP {stars} sao, còn hiệu lực đến {}", until.vietnamese()),
            None => format!("OCOP {stars} sao"),
        },
        Some(RatingCard {
            until: Some(until), ..
        }) => format!("Hết hạn ngày {}", until.vietnamese()),
        Some(_) => "Chưa đến ngày có hiệu lực".to_owned(),
    }
}

fn rows_html(rows: &[(&str, String)]) -> String {
    let mut html = String::from("<dl class=\"rows\">");
    for (label, value) in rows {
        let _ = write!(
            html,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(label),
            escape(value)
        );
    }
    html.push_str("</dl>");
    html
}

/// The buyer's page for a code: the phone checks the bundle; until then, and without a script, the server's words.
pub fn lot(answer: &Answer, same_gtin: Option<&ProductAnswer>) -> Page {
    let (word, _) = state_words(answer.verdict.state);
    let shown = answer.product.as_ref().map(name);
    let title = shown.map_or_else(|| word.to_owned(), |name| format!("{name} – {word}"));
    let summary = if answer.is_known() {
        summary(answer, word)
    } else {
        unknown_summary(answer, same_gtin)
    };
    let html = web_verify::page(&web_verify::Filling {
        title: &title,
        code: &answer.code.canonical(),
        band: band(answer.is_sample),
        summary_html: &summary,
    });
    Page {
        status: if answer.is_known() {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        },
        html,
    }
}

fn summary(answer: &Answer, word: &str) -> String {
    let title = answer.product.as_ref().map_or("Lô hàng", name);
    let picture = answer
        .product
        .as_ref()
        .map(picture_html)
        .unwrap_or_default();
    let mut html = format!(
        "<h1>{}</h1>{picture}<p><strong>Máy chủ: {}.</strong>",
        escape(title),
        escape(word)
    );
    if answer.verdict.state == StateLine::Unconfirmed {
        let _ = write!(html, " {}", escape(&why_unconfirmed(answer)));
    }
    html.push_str("</p>");
    let mut rows = Vec::new();
    if let Some(owner) = &answer.owner {
        rows.push(("Đơn vị", org_name(owner)));
        rows.extend(owner.commune.clone().map(|commune| ("Địa phương", commune)));
    }
    let day = |date: Date| date.vietnamese();
    if let Some(lot) = &answer.lot {
        rows.push(("Số lô", lot.id.number().to_owned()));
        rows.extend(lot.made.map(|date| ("Ngày sản xuất", day(date))));
        rows.extend(lot.expires.map(|date| ("Hạn sử dụng", day(date))));
    }
    if let Some(product) = &answer.product {
        rows.push(("OCOP", rating_text(product.rating.as_ref())));
    }
    rows.extend(answer.as_of().map(|time| ("Xác nhận lúc", spoken(time))));
    html.push_str(&rows_html(&rows));
    let notices = answer
        .verdict
        .history
        .iter()
        .flat_map(|history| &history.notices);
    let items: String = notices
        .map(|notice| format!("<li>{}</li>", escape(notice.vi())))
        .collect();
    if !items.is_empty() {
        let _ = write!(html, "<ul>{items}</ul>");
    }
    html
}

fn why_unconfirmed(answer: &Answer) -> String {
    match (answer.verdict.proof(Statement::Fresh), answer.as_of()) {
        (Some(Proof::Proven) | None, _) | (_, None) => "Có điều chưa chứng minh được.".to_owned(),
        (_, Some(time)) => format!("Bản xác nhận mới nhất là lúc {}, đã quá cũ.", spoken(time)),
    }
}

fn unknown_summary(answer: &Answer, same_gtin: Option<&ProductAnswer>) -> String {
    let mut html = format!(
        concat!(
            "<h1>{}</h1><p>Nếu vừa mua: xem lại các chữ và số trên tem, có thể gõ nhầm. Nếu tem còn mới, đơn vị có thể chưa kích ",
            "hoạt; thử lại sau. Nếu vẫn vậy, tem có thể không phải của hệ thống này: hỏi nơi bán.</p>",
        ),
        UNKNOWN,
    );
    let _ = write!(html, "{}", rows_html(&[("Mã", answer.code.canonical())]));
    if let Some((card, org)) = same_gtin.and_then(|same| same.products.first()) {
        html.push_str("<p><strong>Không có lô này.</strong> Mã sản phẩm thì có:</p>");
        html.push_str(&product_html(card, org));
    }
    html
}

/// The text a screen reader says for a QR code.
pub fn qr_title(target: &ScanTarget) -> String {
    match target {
        ScanTarget::Product(gtin) => format!("Mã QR của sản phẩm {gtin}"),
        ScanTarget::Code(code) => format!("Mã QR hồ sơ nguồn gốc {}", code.canonical()),
    }
}
