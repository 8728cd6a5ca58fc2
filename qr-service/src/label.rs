//! Labels (tem QR): the texts the law wants beside the code, as one HTML fragment or a page of
//! copies to print.
//!
//! In scope: two layouts, A4 sheets of 21 labels and a roll of 50 × 30 mm. The page holds its
//! style sheet and its one QR code itself, so that it prints offline on an old office PC.
//! Out of scope: whether the code is bound to a lot, and where the texts come from.
//!
//! Invariants: a label that does not fit its paper is an error, never cut off, because the law
//! forbids shortening names; every text is escaped.

use std::fmt::Write as _;

use ledger_core::code::ShortCode;
use ledger_core::time::Date;

use crate::qr::{Qr, QrError, escape};

/// Longest address. Up to here a code is at most 57 modules wide (version 8 at level M) with its
/// quiet zone: 0.34 mm a module on the small label, 2.7 dots of a usual thermal printer.
pub const URL_MAX_BYTES: usize = 152;
/// Longest single text. No label here has room for more in one text, so longer ones are not
/// even measured.
pub const FIELD_MAX_CHARS: usize = 200;
/// Most copies on one page: 50 sheets of 21. A larger run is printed in parts, so that the
/// browser of an old PC does not choke.
pub const COPIES_MAX: usize = 1_050;

/// The style of fragments and pages; a console that shows a fragment includes it. Sizes are in
/// millimetres of paper. Borders, not grounds, mark the band: browsers leave grounds out when
/// they print.
pub const STYLE: &str = "\
.tem{box-sizing:border-box;display:grid;overflow:hidden;background:#fff;color:#000;\
font-family:'Noto Sans','DejaVu Sans',Arial,sans-serif;line-height:1.15;text-align:left}
.tem *{margin:0;padding:0;min-width:0;overflow-wrap:anywhere}
.tem h2{font-size:1.2em;line-height:1.1;font-weight:700;margin-bottom:.15em}
.tem-ma svg{display:block;width:100%;height:auto}
.tem-mau{border:.25mm solid;font-weight:700;text-align:center;line-height:1.45;letter-spacing:.04em;white-space:nowrap}
.tem-doc{grid-column:1/-1;align-self:end;border-top:.15mm solid;padding-top:.4mm}
.tem-doc b{font-family:'Noto Sans Mono','DejaVu Sans Mono',monospace;font-size:1.3em;font-weight:700;white-space:nowrap}
.tem-a4{width:63.5mm;height:38.1mm;padding:1.8mm 2mm;font-size:2.15mm;grid-template:1fr auto/24mm minmax(0,1fr);column-gap:1mm}
.tem-a4.tem-nho{font-size:1.75mm}
.tem-50x30{width:50mm;height:30mm;padding:.8mm 1mm;font-size:1.72mm;grid-template:1fr auto/19.5mm minmax(0,1fr);column-gap:.6mm}
.tem-50x30.tem-nho{font-size:1.6mm}
.tem-trang{margin:0;background:#fff}
.tem-kho{position:absolute;width:0;height:0}
.tem-nhac{margin:0;padding:4mm;font:4mm/1.4 'Noto Sans','DejaVu Sans',Arial,sans-serif;background:#eee;color:#000}
.tem-to{display:grid;box-sizing:border-box;margin:0;break-after:page}
.tem-to:last-child{break-after:auto}
.tem-to.tem-a4{width:210mm;height:297mm;padding:15.1mm 0 0;grid-template:repeat(7,38.1mm)/repeat(3,63.5mm);\
column-gap:2.5mm;justify-content:center}
.tem-to.tem-50x30{width:50mm;height:30mm;padding:0;grid-template:30mm/50mm}
.tem-to .tem-a4{outline:.1mm dotted #999}
@media screen{.tem-to{margin:4mm;outline:.2mm solid #999}}
@media print{.tem-nhac{display:none}}
";

/// Before the short code; the law asks for printed guidance how to read an e-label (Decree 37,
/// Art. 55.3).
const GUIDANCE: &str = "Quét mã để xem hồ sơ nguồn gốc hoặc gõ mã tra cứu";

/// Lines of the guidance below the code, short code and site included. More would push the code
/// off the paper.
const GUIDANCE_LINES: usize = 2;

/// Why a label cannot be printed. All but the last are the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// A text is empty, longer than [`FIELD_MAX_CHARS`] or holds a control character.
    #[error("{field} must have 1 to {FIELD_MAX_CHARS} characters and no control characters")]
    Field {
        /// Which one, by its name in [`Label`].
        field: &'static str,
    },
    /// The address is not a web address of printable ASCII up to [`URL_MAX_BYTES`], or its host
    /// is too long to be printed beside the short code.
    #[error(
        "the address must be http or https with a short host, ASCII, at most {URL_MAX_BYTES} bytes"
    )]
    Url,
    /// The texts are too long together for this paper.
    #[error("the texts take about {found} lines, the label has room for {max}")]
    TooMuchText {
        /// Lines needed, in the smaller type.
        found: usize,
        /// Lines that the layout has, in the smaller type.
        max: usize,
    },
    /// No copies, or more than [`COPIES_MAX`].
    #[error("1 to {COPIES_MAX} copies can be printed at once, not {found}")]
    Copies {
        /// Copies asked for.
        found: usize,
    },
    /// The QR code could not be made.
    #[error(transparent)]
    Qr(#[from] QrError),
}

/// What stands on a label. Names of organisations and places are not shortened (Decree 37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Name of the product.
    pub product_name: String,
    /// Name of the organisation that answers for the goods.
    pub organisation_name: String,
    /// Its address, or its commune where the address is kept from the public.
    pub address: String,
    /// Origin, as on the record: usually the province.
    pub origin: String,
    /// Lot number as people read it.
    pub lot_number: String,
    /// Production date (NSX), if the goods have one.
    pub produced_on: Option<Date>,
    /// Last day of use (HSD), if the goods have one.
    pub expires_on: Option<Date>,
    /// The code for people who cannot scan.
    pub short_code: ShortCode,
    /// What the QR code says: the full address of the record.
    pub url: String,
    /// Net content with its unit: `5 kg`.
    pub net_content: String,
    /// Is this sample data? Then the label says so in a band of its own.
    pub sample: bool,
}

/// The paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A4 with 3 × 7 labels of 63.5 × 38.1 mm: the usual sheet of stickers.
    A4Sheet,
    /// A roll of 50 × 30 mm for a thermal printer, one label a page.
    Thermal50x30,
}

/// How much text a layout holds, in one size of type.
struct Room {
    /// Width of a line beside the code, in hundredths of an em.
    line_width: usize,
    /// Width of a line of the guidance, which runs below both, in hundredths of an em.
    full_width: usize,
    /// Lines beside the code.
    lines: usize,
}

impl Layout {
    /// Labels on one page of paper.
    pub fn labels_per_page(self) -> usize {
        match self {
            Self::A4Sheet => 21,
            Self::Thermal50x30 => 1,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::A4Sheet => "tem-a4",
            Self::Thermal50x30 => "tem-50x30",
        }
    }

    /// The rule that cannot be scoped by a class, so it stands on the page itself.
    fn page_rule(self) -> &'static str {
        match self {
            Self::A4Sheet => "@page{size:210mm 297mm;margin:0}",
            Self::Thermal50x30 => "@page{size:50mm 30mm;margin:0}",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::A4Sheet => "Giấy A4, 21 tem một tờ (63,5 × 38,1 mm).",
            Self::Thermal50x30 => "Cuộn tem 50 × 30 mm.",
        }
    }

    /// Normal and small type: the sizes of [`STYLE`] in ems. Measured in Chromium with DejaVu
    /// Sans, wider than the Noto Sans and Arial that most machines have: of 4,000 labels of
    /// random Vietnamese words that passed here, none outgrew its paper.
    fn room(self) -> [Room; 2] {
        let (normal, small) = match self {
            Self::A4Sheet => ((1_600, 2_760, 11), (1_970, 3_400, 14)),
            Self::Thermal50x30 => ((1_620, 2_790, 11), (1_740, 3_000, 13)),
        };
        [normal, small].map(|(line_width, full_width, lines)| Room {
            line_width,
            full_width,
            lines,
        })
    }
}

impl Label {
    /// One label with its QR code inside, for showing on a page that includes [`STYLE`].
    ///
    /// # Errors
    /// When a text is missing, too long or does not fit the layout, or the address is none.
    pub fn fragment(&self, layout: Layout) -> Result<String, LabelError> {
        let fitted = self.fit(layout)?;
        let code = Qr::encode(&self.url)?.svg(&self.code_title());
        Ok(fitted.article(&code))
    }

    /// Checks all texts and picks the type size.
    fn fit(&self, layout: Layout) -> Result<Fitted<'_>, LabelError> {
        self.check_fields()?;
        let mut fitted = Fitted {
            label: self,
            layout,
            site: self.site()?,
            small: false,
        };
        let [normal, small] = layout.room();
        if fitted.lines(&normal) > normal.lines || fitted.guidance_lines(&normal) > GUIDANCE_LINES {
            fitted.small = true;
            if fitted.guidance_lines(&small) > GUIDANCE_LINES {
                return Err(LabelError::Url);
            }
            let (found, max) = (fitted.lines(&small), small.lines);
            if found > max {
                return Err(LabelError::TooMuchText { found, max });
            }
        }
        Ok(fitted)
    }

    fn check_fields(&self) -> Result<(), LabelError> {
        for (field, text) in [
            ("product_name", &self.product_name),
            ("organisation_name", &self.organisation_name),
            ("address", &self.address),
            ("origin", &self.origin),
            ("lot_number", &self.lot_number),
            ("net_content", &self.net_content),
        ] {
            let empty = text.trim().is_empty();
            if empty || text.chars().count() > FIELD_MAX_CHARS || text.contains(char::is_control) {
                return Err(LabelError::Field { field });
            }
        }
        Ok(())
    }

    /// The host of the address, where people type the short code.
    fn site(&self) -> Result<String, LabelError> {
        let printable = self.url.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable || self.url.len() > URL_MAX_BYTES {
            return Err(LabelError::Url);
        }
        let (scheme, rest) = self.url.split_once("://").ok_or(LabelError::Url)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        if !web || host.is_empty() || host.contains(['@', '\\']) {
            return Err(LabelError::Url);
        }
        Ok(host.to_ascii_lowercase())
    }

    /// The lines beside the code: word before, text.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("Đơn vị", self.organisation_name.clone()),
            ("Địa chỉ", self.address.clone()),
            ("Xuất xứ", self.origin.clone()),
            ("Định lượng", self.net_content.clone()),
            ("Số lô", self.lot_number.clone()),
        ];
        facts.extend(self.produced_on.map(|date| ("NSX", date.vietnamese())));
        facts.extend(self.expires_on.map(|date| ("HSD", date.vietnamese())));
        facts
    }

    fn code_title(&self) -> String {
        format!("Mã QR hồ sơ nguồn gốc của lô {}", self.lot_number)
    }
}

/// A label that fits its paper.
struct Fitted<'a> {
    label: &'a Label,
    layout: Layout,
    site: String,
    small: bool,
}

impl Fitted<'_> {
    /// Lines needed beside the code.
    fn lines(&self, room: &Room) -> usize {
        // The name is bold and a fifth larger: a third wider, and five lines take the room of six.
        let name = wrapped_lines(&self.label.product_name, room.line_width * 3 / 4);
        let facts: usize = self
            .label
            .facts()
            .iter()
            .map(|(word, text)| wrapped_lines(&format!("{word}: {text}"), room.line_width))
            .sum();
        (name * 6 + facts * 5).div_ceil(5)
    }

    fn guidance_lines(&self, room: &Room) -> usize {
        let text = format!("{GUIDANCE} {} tại {}", self.label.short_code, self.site);
        wrapped_lines(&text, room.full_width)
    }

    /// The label around the element of its QR code.
    fn article(&self, code: &str) -> String {
        let sizes = if self.small { " tem-nho" } else { "" };
        let band = if self.label.sample {
            "<p class=\"tem-mau\">DỮ LIỆU MẪU</p>"
        } else {
            ""
        };
        let facts: String = self
            .label
            .facts()
            .iter()
            .map(|(word, text)| format!("<p>{word}: {}</p>", escape(text)))
            .collect();
        format!(
            concat!(
                "<article class=\"tem {layout}{sizes}\">",
                "<div class=\"tem-ma\">{band}{code}</div>",
                "<div class=\"tem-chu\"><h2>{name}</h2>{facts}</div>",
                "<p class=\"tem-doc\">{guidance} <b>{short_code}</b> tại {site}</p></article>",
            ),
            layout = self.layout.class(),
            sizes = sizes,
            band = band,
            code = code,
            name = escape(&self.label.product_name),
            facts = facts,
            guidance = GUIDANCE,
            short_code = self.label.short_code,
            site = escape(&self.site),
        )
    }
}

/// Width of a letter in hundredths of an em, at least that of DejaVu Sans.
fn letter_width(letter: char) -> usize {
    match letter {
        ' ' => 32,
        'i' | 'í' | 'ì' | 'ỉ' | 'ĩ' | 'ị' | 'j' | 'l' => 29,
        'f' | 'r' | 't' | '.' | ',' | ':' | ';' | '(' | ')' | '-' | '/' | '\'' => 42,
        'c' | 's' | 'z' => 56,
        'k' | 'v' | 'x' | 'y' => 60,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 100,
        _ if letter.is_uppercase() => 79,
        _ if letter.is_alphanumeric() => 64,
        _ => 100,
    }
}

/// Lines that a text takes when it is wrapped at spaces; a word wider than a line is broken.
fn wrapped_lines(text: &str, line_width: usize) -> usize {
    let (mut lines, mut used) = (1, 0);
    for word in text.split_whitespace() {
        let width: usize = word.chars().map(letter_width).sum();
        let space = if used == 0 { 0 } else { letter_width(' ') };
        if used + space + width <= line_width {
            used += space + width;
        } else {
            lines += usize::from(used > 0) + width.saturating_sub(1) / line_width;
            used = width.saturating_sub(1) % line_width + 1;
        }
    }
    lines
}

/// A whole page of copies of one label, for the printing dialogue of any browser.
///
/// # Errors
/// As [`Label::fragment`], and when there are no copies or more than [`COPIES_MAX`].
pub fn print_page(label: &Label, copies: usize, layout: Layout) -> Result<String, LabelError> {
    if !(1..=COPIES_MAX).contains(&copies) {
        return Err(LabelError::Copies { found: copies });
    }
    let fitted = label.fit(layout)?;
    let qr = Qr::encode(&label.url)?;
    // The modules stand on the page once; every copy refers to them.
    let code = format!(
        "<svg role=\"img\" viewBox=\"0 0 {side} {side}\"><title>{}</title><use href=\"#tem-qr\"/></svg>",
        escape(&label.code_title()),
        side = qr.side_modules(),
    );
    let article = fitted.article(&code);
    let mut html = format!(
        concat!(
            "<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">",
            "<meta name=\"viewport\" content=\"width=device-width\">",
            "<title>In tem – lô {lot}</title>\n<style>{page}{style}</style></head>\n",
            "<body class=\"tem-trang\"><p class=\"tem-nhac\">{hint} Khi in chọn cỡ 100%, không chọn “vừa trang”. ",
            "Số tem: {copies}.</p>",
            "<svg class=\"tem-kho\" aria-hidden=\"true\"><path id=\"tem-qr\" shape-rendering=\"crispEdges\" d=\"{path}\"/></svg>\n",
        ),
        lot = escape(&label.lot_number),
        page = layout.page_rule(),
        style = STYLE,
        hint = layout.hint(),
        copies = copies,
        path = qr.svg_path(),
    );
    let per_page = layout.labels_per_page();
    for start in (0..copies).step_by(per_page) {
        let _ = write!(html, "<section class=\"tem-to {}\">", layout.class());
        html.push_str(&article.repeat(per_page.min(copies - start)));
        html.push_str("</section>\n");
    }
    html.push_str("</body></html>\n");
    Ok(html)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const LAYOUTS: [Layout; 2] = [Layout::A4Sheet, Layout::Thermal50x30];

    fn mango() -> Label {
        Label {
            product_name: "Xoài cát Chu Bến Nắng (thùng 5 kg)".to_owned(),
            organisation_name: "Hợp tác xã Xoài Bến Nắng (mẫu)".to_owned(),
            address: "Ấp Mẫu 1, xã Mỹ Thọ, tỉnh Đồng Tháp".to_owned(),
            origin: "Đồng Tháp".to_owned(),
            lot_number: "XCC261012A1".to_owned(),
            produced_on: Date::parse("2026-10-13").ok(),
            expires_on: Date::parse("2026-10-20").ok(),
            short_code: "38C5-7RHV2".parse().unwrap(),
            url: "https://TXNG.example/01/02082600000015/10/XCC261012A1".to_owned(),
            net_content: "5 kg".to_owned(),
            sample: true,
        }
    }

    #[test]
    fn every_text_of_the_law_is_there() {
        for layout in LAYOUTS {
            let html = mango().fragment(layout).unwrap();
            for text in [
                "DỮ LIỆU MẪU",
                "<h2>Xoài cát Chu Bến Nắng (thùng 5 kg)</h2>",
                "<p>Đơn vị: Hợp tác xã Xoài Bến Nắng (mẫu)</p>",
                "<p>Địa chỉ: Ấp Mẫu 1, xã Mỹ Thọ, tỉnh Đồng Tháp</p>",
                "<p>Xuất xứ: Đồng Tháp</p>",
                "<p>Định lượng: 5 kg</p>",
                "<p>Số lô: XCC261012A1</p>",
                "<p>NSX: 13/10/2026</p>",
                "<p>HSD: 20/10/2026</p>",
                "Quét mã để xem hồ sơ nguồn gốc hoặc gõ mã tra cứu <b>38C5-7RHV2</b> tại txng.example<",
            ] {
                assert!(html.contains(text), "{text} is missing in {html}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut label = mango();
        label.sample = false;
        label.produced_on = None;
        label.expires_on = None;
        let html = label.fragment(Layout::A4Sheet).unwrap();
        for text in ["MẪU", "NSX", "HSD"] {
            assert!(!html.contains(text), "{text} in {html}");
        }
    }

    #[test]
    fn texts_cannot_break_out() {
        let mut label = mango();
        label.product_name = "<script>alert(1)</script>".to_owned();
        label.organisation_name = "A & \"B\"".to_owned();
        label.lot_number = "<\"&'>?".to_owned();
        label.url = "https://a\"><b>/t/38C57RHV2".to_owned();
        for html in [
            label.fragment(Layout::A4Sheet).unwrap(),
            print_page(&label, 1, Layout::A4Sheet).unwrap(),
        ] {
            assert!(!html.contains("<script") && !html.contains("A & ") && !html.contains("<b>/"));
            assert!(html.contains("<h2>&lt;script&gt;alert(1)&lt;/script&gt;</h2>"));
            assert!(html.contains("Số lô: &lt;&quot;&amp;&#39;&gt;?<"));
        }
    }

    #[test]
    fn what_is_refused() {
        type Change = fn(&mut Label);
        let fields: [(&str, Change); 6] = [
            ("product_name", |label| label.product_name = " ".to_owned()),
            ("organisation_name", |label| label.organisation_name.clear()),
            ("address", |label| {
                label.address = "Ấp 1\nxã Mỹ Thọ".to_owned()
            }),
            ("origin", |label| {
                label.origin = "a".repeat(FIELD_MAX_CHARS + 1)
            }),
            ("lot_number", |label| label.lot_number.clear()),
            ("net_content", |label| {
                label.net_content = "5\0kg".to_owned()
            }),
        ];
        for (wanted, change) in fields {
            let mut label = mango();
            change(&mut label);
            let error = label.fragment(Layout::A4Sheet).unwrap_err();
            assert!(
                matches!(error, LabelError::Field { field } if field == wanted),
                "{error}"
            );
        }
        let long_host = format!("https://{}.example/t/38C57RHV2", "a".repeat(60));
        let long_path = format!("https://txng.example/{}", "a".repeat(URL_MAX_BYTES - 20));
        for url in [
            "",
            "txng.example/t/1",
            "https:///t/1",
            "ftp://a/1",
            "https://a/ 1",
            "https://đ.vn/",
            "javascript://a/",
            "https://a@b/",
            &long_host,
            &long_path,
        ] {
            let mut label = mango();
            label.url = url.to_owned();
            for layout in LAYOUTS {
                assert!(
                    matches!(label.fragment(layout), Err(LabelError::Url)),
                    "{url}"
                );
            }
        }
        let mut label = mango();
        label.url = long_path[..URL_MAX_BYTES].to_owned();
        assert!(label.fragment(Layout::A4Sheet).is_ok());
        assert_eq!(
            Qr::encode(&label.url).unwrap().side_modules(),
            57,
            "as the limit says"
        );
    }

    #[test]
    fn long_texts_get_small_type_and_longer_ones_an_error() {
        for layout in LAYOUTS {
            let mut found = Vec::new();
            for words in 1..60 {
                let mut label = mango();
                label.organisation_name = "Xoài ".repeat(words);
                found.push(match label.fragment(layout) {
                    Ok(html) if html.contains("tem-nho") => "small",
                    Ok(_) => "normal",
                    Err(LabelError::TooMuchText { found, max }) => {
                        assert!(found > max);
                        "too much"
                    }
                    Err(LabelError::Field { .. }) => break,
                    Err(other) => panic!("{other}"),
                });
            }
            found.dedup();
            let all = ["normal", "small", "too much"];
            assert!(
                all.starts_with(&found) && found.len() > 1,
                "{layout:?}: {found:?}"
            );
        }
    }

    #[test]
    fn wrapping() {
        let table = [
            ("", 1),
            ("a", 1),
            ("aaaaaaaaaa", 1), // 640
            ("aaaaaaaaaa aaaaaaaaaa", 2),
            ("aaaaaaaaaaa", 2), // broken
            ("a aaaaaaaaaaa", 3),
            ("aaaaaaaaaaaaaaaaaaaaa a", 3),
            ("AAAAAAAA", 1),
            ("AAAAAAAAA", 2),
            ("aaaa aaaa a", 1), // 640 with its spaces
            ("aaaa aaaa aa", 2),
        ];
        for (text, lines) in table {
            assert_eq!(wrapped_lines(text, 640), lines, "{text}");
        }
    }

    #[test]
    fn copies_on_paper() {
        let pages = |copies, layout| {
            let html = print_page(&mango(), copies, layout).unwrap();
            assert_eq!(html.matches("<article").count(), copies);
            assert_eq!(
                html.matches("id=\"tem-qr\"").count(),
                1,
                "the modules stand there once"
            );
            html.matches("<section").count()
        };
        assert_eq!(pages(1, Layout::A4Sheet), 1);
        assert_eq!(pages(21, Layout::A4Sheet), 1);
        assert_eq!(pages(22, Layout::A4Sheet), 2);
        assert_eq!(pages(COPIES_MAX, Layout::A4Sheet), 50);
        assert_eq!(pages(3, Layout::Thermal50x30), 3);
        for found in [0, COPIES_MAX + 1] {
            let error = print_page(&mango(), found, Layout::A4Sheet).unwrap_err();
            assert!(matches!(error, LabelError::Copies { found: given } if given == found));
        }
    }

    #[test]
    fn the_page_needs_nothing_from_outside() {
        for layout in LAYOUTS {
            let html = print_page(&mango(), 2, layout).unwrap();
            for text in ["://", "src=", "url(", "@import", "<script", "<link"] {
                assert!(!html.contains(text), "{text} in {html}");
            }
            assert!(html.contains("href=\"#tem-qr\""));
            assert!(html.contains("@page{size:"));
        }
    }
}
