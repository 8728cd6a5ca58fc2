//! The frame around every page, and the few pieces that pages share: messages, fields, buttons.
//!
//! Plain HTML that works without script, at 360 pixels, in sunlight and in old browsers. Every text that was
//! not written here passes [`escape`].

use axum::response::Html;
use http::HeaderName;
use http::header::CONTENT_TYPE;
pub use qr_service::qr::escape;

/// The style sheet of all pages.
const STYLE: &str = include_str!("style.css");
/// The script of all pages; each works without it.
const SCRIPT: &str = include_str!("page.js");
/// The script of the page of labels: opens the printing dialogue.
const PRINT_SCRIPT: &str = "window.onload = function () { window.print(); };\n";

/// `GET /kieu.css`: with the style of labels, which pages show.
pub async fn style() -> ([(HeaderName, &'static str); 1], String) {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        format!("{STYLE}{}", qr_service::label::STYLE),
    )
}

/// `GET /trang.js`.
pub async fn script() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

/// `GET /in.js`.
pub async fn print_script() -> ([(HeaderName, &'static str); 1], &'static str) {
    (
        [(CONTENT_TYPE, "text/javascript; charset=utf-8")],
        PRINT_SCRIPT,
    )
}

/// A page.
#[derive(Default)]
pub struct Page {
    /// Its name: in the tab and as its heading.
    pub title: String,
    /// For whom things are recorded, as people call them.
    pub organisation: Option<String>,
    /// Where the way back leads.
    pub back: Option<String>,
    /// Whether the data are a demonstration's.
    pub sample: bool,
    /// Without script the page is asked for again after so many seconds.
    pub refresh_seconds: Option<u32>,
    /// What stands in it, as HTML.
    pub body: String,
}

impl Page {
    /// The whole document.
    pub fn render(&self) -> Html<String> {
        let refresh = self.refresh_seconds.map_or(String::new(), |seconds| {
            format!("<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>")
        });
        let band = if self.sample {
            "<p class=\"mau\">SỔ MẪU – dữ liệu không có thật</p>"
        } else {
            ""
        };
        let organisation = self.organisation.as_ref().map_or(String::new(), |name| {
            format!("<p class=\"don-vi\">{}</p>", escape(name))
        });
        let back = self.back.as_ref().map_or(String::new(), |href| {
            format!(
                "<p class=\"ve\"><a href=\"{}\">‹ Việc đã ghi</a></p>",
                escape(href)
            )
        });
        Html(format!(
            concat!(
                "<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">",
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
                "<title>{title} – Sổ chung</title>{refresh}<link rel=\"stylesheet\" href=\"/kieu.css\">",
                "</head>\n<body>{band}<header>{back}{organisation}</header>\n",
                "<main><h1>{title}</h1>\n{body}</main>\n<script src=\"/trang.js\"></script></body></html>\n",
            ),
            title = escape(&self.title),
            refresh = refresh,
            band = band,
            back = back,
            organisation = organisation,
            body = self.body,
        ))
    }
}

/// A page that says one thing and where to go on.
pub fn notice(title: &str, text: &str, link: Option<(&str, &str)>) -> Html<String> {
    let link = link.map_or(String::new(), |(href, words)| {
        format!(
            "<p><a class=\"nut\" href=\"{}\">{}</a></p>",
            escape(href),
            escape(words)
        )
    });
    let body = format!("<p class=\"tin\" role=\"alert\">{}</p>{link}", escape(text));
    Page {
        title: title.into(),
        body,
        ..Page::default()
    }
    .render()
}

/// A message beside a field: named by the field's `aria-describedby`.
pub fn beside(field: &str, text: &str) -> String {
    format!(
        "<p class=\"loi\" id=\"loi-{}\">{}</p>",
        escape(field),
        escape(text)
    )
}

/// The attributes of a field that has a message beside it.
pub fn invalid(field: &str, is_invalid: bool) -> String {
    if is_invalid {
        format!(
            " aria-invalid=\"true\" aria-describedby=\"loi-{}\"",
            escape(field)
        )
    } else {
        String::new()
    }
}
