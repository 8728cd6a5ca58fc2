//! QR codes of addresses, for paper (SVG, PNG) and for a terminal.
//!
//! Always error correction level M: it survives the scratches of a market stall, and level Q
//! would need larger codes than a 50 × 30 mm label has room for. A text of capitals, digits and
//! `-./:%` takes the denser alphanumeric mode without being asked.
//! Out of scope: which address a code carries, and reading codes.

use png::{BitDepth, ColorType};
use qrcode::{Color, EcLevel, QrCode};

/// Light border that readers need around a code, in modules (ISO/IEC 18004 asks for four).
pub const QUIET_ZONE_MODULES: usize = 4;
/// Longest text. An address on a label has about 90 bytes; at 512 (version 18 of 40) a code is
/// 97 modules wide and no longer readable from a small label.
pub const TEXT_MAX_BYTES: usize = 512;
/// Smallest scale of a PNG. At one pixel a module zbarimg no longer reads every code.
pub const SCALE_MIN_PIXELS: u32 = 2;
/// Largest scale of a PNG: the usual code, 41 modules with its quiet zone, is then 11 cm wide at
/// 300 dots an inch, and the largest one takes 1.2 MB while it is drawn.
pub const SCALE_MAX_PIXELS: u32 = 32;
/// Size that an SVG asks for where no style sheet says otherwise, in pixels per module.
const SVG_PIXELS_PER_MODULE: usize = 4;

/// Why a code could not be made.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The caller's fault: an empty text or one above [`TEXT_MAX_BYTES`].
    #[error("a QR code here takes 1 to {TEXT_MAX_BYTES} bytes, not {found}")]
    Length {
        /// Bytes given.
        found: usize,
    },
    /// The caller's fault: a character outside printable ASCII. A reader must guess the encoding
    /// of such bytes and guesses wrong (zbar reads Vietnamese as Japanese); an address has none.
    #[error("a QR code here takes printable ASCII only, not {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
    /// The caller's fault: a scale outside the limits.
    #[error(
        "the scale must be {SCALE_MIN_PIXELS} to {SCALE_MAX_PIXELS} pixels per module, not {found}"
    )]
    Scale {
        /// Pixels per module asked for.
        found: u32,
    },
    /// The encoder refused the text.
    #[error("the text does not fit into a QR code: {0}")]
    Encode(#[from] qrcode::types::QrError),
    /// The PNG could not be written (to memory).
    #[error("the PNG could not be written: {0}")]
    Png(#[from] png::EncodingError),
}

/// A QR code, as modules that are dark or light.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    dark: Vec<bool>,
    width_modules: usize,
}

impl Qr {
    /// Encodes a text at level M.
    ///
    /// # Errors
    /// When the text is empty, longer than [`TEXT_MAX_BYTES`] or not printable ASCII.
    pub fn encode(text: &str) -> Result<Self, QrError> {
        if text.is_empty() || text.len() > TEXT_MAX_BYTES {
            return Err(QrError::Length { found: text.len() });
        }
        if let Some(found) = text.chars().find(|letter| !matches!(letter, ' '..='~')) {
            return Err(QrError::Character { found });
        }
        let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
        let dark = code
            .to_colors()
            .into_iter()
            .map(|module| module == Color::Dark)
            .collect();
        Ok(Self {
            dark,
            width_modules: code.width(),
        })
    }

    /// Width and height with the quiet zone, in modules.
    pub fn side_modules(&self) -> usize {
        self.width_modules + 2 * QUIET_ZONE_MODULES
    }

    /// Is the module dark? Counted from the outer corner of the quiet zone; light outside.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        match (
            x.checked_sub(QUIET_ZONE_MODULES),
            y.checked_sub(QUIET_ZONE_MODULES),
        ) {
            (Some(x), Some(y)) if x < self.width_modules && y < self.width_modules => {
                self.dark[y * self.width_modules + x]
            }
            _ => false,
        }
    }

    /// An SVG element with its own light ground, for a page or (as it is) a file. Sharp at any
    /// size; the title is what a screen reader says.
    pub fn svg(&self, title: &str) -> String {
        let side = self.side_modules();
        let pixels = side * SVG_PIXELS_PER_MODULE;
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" "#,
                r#"viewBox="0 0 {side} {side}" role="img" shape-rendering="crispEdges">"#,
                r##"<title>{title}</title><path fill="#fff" d="M0 0h{side}v{side}H0z"/>"##,
                r##"<path fill="#000" d="{path}"/></svg>"##,
            ),
            pixels = pixels,
            side = side,
            title = escape(title),
            path = self.svg_path(),
        )
    }

    /// The dark modules as the data of an SVG path, one stroke for each run in a row; the quiet
    /// zone is left free.
    pub(crate) fn svg_path(&self) -> String {
        let side = self.side_modules();
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|&x| self.is_dark(x, y)).count();
                if run > 0 {
                    path.push_str(&format!("M{x} {y}h{run}v1h-{run}z"));
                }
                x += run + 1;
            }
        }
        path
    }

    /// A PNG of one bit a pixel, quiet zone included.
    ///
    /// # Errors
    /// When the scale is below [`SCALE_MIN_PIXELS`] or above [`SCALE_MAX_PIXELS`] pixels per
    /// module.
    pub fn png(&self, scale_pixels: u32) -> Result<Vec<u8>, QrError> {
        if !(SCALE_MIN_PIXELS..=SCALE_MAX_PIXELS).contains(&scale_pixels) {
            return Err(QrError::Scale {
                found: scale_pixels,
            });
        }
        let scale = scale_pixels as usize;
        let side_pixels = self.side_modules() * scale;
        let mut image = Vec::with_capacity(side_pixels.div_ceil(8) * side_pixels);
        for y in 0..self.side_modules() {
            let mut row = vec![0xffu8; side_pixels.div_ceil(8)];
            for x in (0..side_pixels).filter(|x| self.is_dark(x / scale, y)) {
                row[x / 8] &= !(0x80 >> (x % 8));
            }
            for _ in 0..scale {
                image.extend_from_slice(&row);
            }
        }
        let mut file = Vec::new();
        let side = side_pixels as u32;
        let mut encoder = png::Encoder::new(&mut file, side, side);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::One);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&image)?;
        writer.finish()?;
        Ok(file)
    }

    /// Lines for a terminal: half blocks, two rows of modules to a line. Black and white are
    /// named outright (entries 16 and 231 of the 256 colours, which themes leave alone), so the
    /// code is dark on light on a dark terminal too.
    pub fn terminal(&self) -> String {
        let mut text = String::new();
        for y in (0..self.side_modules()).step_by(2) {
            text.push_str("\x1b[38;5;16;48;5;231m");
            for x in 0..self.side_modules() {
                text.push(match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                    (false, false) => ' ',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (true, true) => '█',
                });
            }
            text.push_str("\x1b[0m\n");
        }
        text
    }
}

/// A text for HTML and SVG, between tags or in a quoted attribute. Characters that XML does not
/// allow even escaped (control characters) become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://truyxuat.dongthap.example/01/02082600000015/10/XCC261012A1";

    #[test]
    fn limits_of_text_and_scale() {
        assert!(matches!(Qr::encode(""), Err(QrError::Length { found: 0 })));
        let longest = Qr::encode(&"a".repeat(TEXT_MAX_BYTES)).unwrap();
        assert_eq!(longest.side_modules(), 97, "as the limit says");
        assert!(matches!(
            Qr::encode(&"a".repeat(TEXT_MAX_BYTES + 1)),
            Err(QrError::Length { found: 513 })
        ));
        assert!(matches!(
            Qr::encode("LÔ"),
            Err(QrError::Character { found: 'Ô' })
        ));
        assert!(matches!(
            Qr::encode("A\n"),
            Err(QrError::Character { found: '\n' })
        ));

        let code = Qr::encode(ADDRESS).unwrap();
        for scale in [0, SCALE_MIN_PIXELS - 1, SCALE_MAX_PIXELS + 1, u32::MAX] {
            assert!(matches!(code.png(scale), Err(QrError::Scale { found }) if found == scale));
        }
        assert!(code.png(SCALE_MIN_PIXELS).is_ok());
        assert!(longest.png(SCALE_MAX_PIXELS).is_ok());
    }

    #[test]
    fn capitals_make_a_smaller_code() {
        let address = "https://txng.dongthap.example/01/02082600000015/10/XCC261012A1";
        assert_eq!(Qr::encode(address).unwrap().side_modules(), 41);
        assert_eq!(
            Qr::encode(&address.to_uppercase()).unwrap().side_modules(),
            37
        );
    }

    /// What is dark, read back from the text of the terminal.
    fn modules_of_terminal(text: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            let cells = line
                .strip_prefix("\x1b[38;5;16;48;5;231m")
                .and_then(|line| line.strip_suffix("\x1b[0m"))
                .unwrap();
            rows.push(
                cells
                    .chars()
                    .map(|cell| matches!(cell, '▀' | '█'))
                    .collect(),
            );
            rows.push(
                cells
                    .chars()
                    .map(|cell| matches!(cell, '▄' | '█'))
                    .collect(),
            );
        }
        rows
    }

    /// What is dark, read back from the path of the SVG.
    fn modules_of_svg(path: &str, side: usize) -> Vec<Vec<bool>> {
        let mut rows = vec![vec![false; side]; side];
        for run in path.split_terminator('z') {
            let (place, length) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let x: usize = x.parse().unwrap();
            let length: usize = length.split_once('v').unwrap().0.parse().unwrap();
            rows[y.parse::<usize>().unwrap()][x..x + length].fill(true);
        }
        rows
    }

    #[test]
    fn terminal_and_svg_show_the_same_modules() {
        let code = Qr::encode(ADDRESS).unwrap();
        let side = code.side_modules();
        let wanted: Vec<Vec<bool>> = (0..side)
            .map(|y| (0..side).map(|x| code.is_dark(x, y)).collect())
            .collect();
        assert_eq!(modules_of_svg(&code.svg_path(), side), wanted);
        // An odd number of rows leaves half a line, which must be light.
        assert_eq!(side % 2, 1);
        let terminal = modules_of_terminal(&code.terminal());
        assert_eq!(terminal[..side], wanted);
        assert_eq!(terminal[side..], [vec![false; side]]);

        let margin = QUIET_ZONE_MODULES;
        assert!(wanted[..margin].iter().flatten().all(|dark| !dark));
        assert!(
            wanted
                .iter()
                .all(|row| row[..margin].iter().all(|dark| !dark))
        );
        assert!(
            wanted[margin][margin],
            "the corner of the first finder pattern"
        );
    }

    #[test]
    fn svg_has_a_title_and_keeps_it_harmless() {
        let svg = Qr::encode("A").unwrap().svg("Lô <A> & \"B\"\0");
        assert!(svg.starts_with("<svg xmlns="));
        assert!(svg.contains(r#" role="img" "#));
        assert!(
            svg.contains("<title>Lô &lt;A&gt; &amp; &quot;B&quot;\u{fffd}</title>"),
            "{svg}"
        );
    }

    #[test]
    fn escaping() {
        assert_eq!(escape("Bưởi & 'Cam'"), "Bưởi &amp; &#39;Cam&#39;");
        assert_eq!(
            escape("</script><b a=\"\">"),
            "&lt;/script&gt;&lt;b a=&quot;&quot;&gt;"
        );
        assert_eq!(
            escape("a\tb\nc\rd\u{1b}\u{85}\u{ffff}"),
            "a\tb\nc\u{fffd}d\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
