//! The page on the buyer's phone, embedded: plain HTML, CSS and ES modules that check a bundle with WebCrypto.
//!
//! In scope: the files with their content types and hashes, the address under which they may be cached for ever, and
//! filling the template. Files are served without the lines that are only comment: a sixth of what a phone on weak 3G
//! would load; who wants to read them reads the folder `page/`. Out of scope: routes and headers (qr-service), what the page does (`page/`).
//!
//! The modules import each other by relative address, so all assets stand in one folder whose name holds the hash
//! of the whole page: a phone never mixes modules of two versions.
//!
//! The page needs this policy and no more:
//! `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'`.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Where the folder of assets stands; below it the hash of the page, then the file's name.
const ASSET_ROOT: &str = "/xem/a";
/// Hex digits of the page's hash in an address: enough that two versions never meet.
const HASH_DIGITS: usize = 16;

/// A module that most phones never ask for.
const ON_DEMAND: &str = "words-en.js";

const TEMPLATE: &str = include_str!("../page/index.html");

macro_rules! page_files {
    ($($name:literal: $content_type:expr;)*) => {
        static FILES: LazyLock<Vec<PageFile>> = LazyLock::new(|| vec![$(PageFile {
            name: $name,
            content_type: $content_type,
            // Leaked once for each file and process, so that who serves it need not copy.
            bytes: without_comments(include_str!(concat!("../page/", $name))).leak().as_bytes(),
        },)*]);
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

page_files! {
    "bundle.js": SCRIPT;
    "cbor.js": SCRIPT;
    "checkpoint.js": SCRIPT;
    "complete.js": SCRIPT;
    "crypto.js": SCRIPT;
    "event.js": SCRIPT;
    "family.js": SCRIPT;
    "growing.js": SCRIPT;
    "history.js": SCRIPT;
    "hold.js": SCRIPT;
    "labels.js": SCRIPT;
    "main.js": SCRIPT;
    "map.js": SCRIPT;
    "mass.js": SCRIPT;
    "may.js": SCRIPT;
    "merkle.js": SCRIPT;
    "milestones.js": SCRIPT;
    "names.js": SCRIPT;
    "openings.js": SCRIPT;
    "quantity.js": SCRIPT;
    "roster.js": SCRIPT;
    "signed.js": SCRIPT;
    "statement.js": SCRIPT;
    "style.css": "text/css; charset=utf-8";
    "time.js": SCRIPT;
    "trust.js": SCRIPT;
    "value.js": SCRIPT;
    "verify.js": SCRIPT;
    "view.js": SCRIPT;
    "words-en.js": SCRIPT;
    "words.js": SCRIPT;
}

/// A file of the page other than the template.
#[derive(Debug)]
pub struct PageFile {
    /// Its name, without folder.
    pub name: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// Its content, as served.
    pub bytes: &'static [u8],
}

impl PageFile {
    /// SHA-256 of the content.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.bytes).into()
    }

    /// SHA-256 of the content in hex, in quotes: the value of an `ETag` header.
    pub fn etag(&self) -> String {
        format!("\"{}\"", hex::encode(self.sha256()))
    }

    /// The address under which this version may be cached for ever.
    pub fn path(&self) -> String {
        format!("{}/{}", asset_folder(), self.name)
    }
}

/// Every file of the page other than the template, by name.
pub fn files() -> &'static [PageFile] {
    &FILES
}

/// The file with this name.
pub fn file(name: &str) -> Option<&'static PageFile> {
    FILES.iter().find(|file| file.name == name)
}

/// The file at this address, if it is of this version of the page.
pub fn file_at(path: &str) -> Option<&'static PageFile> {
    file(path.strip_prefix(asset_folder())?.strip_prefix('/')?)
}

/// Drops the lines that are nothing but comment: `//` lines, and `/* … */` blocks that begin a line and end one. Comments
/// behind code stay: telling them from text would need a parser.
fn without_comments(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut in_block = false;
    for line in source.split_inclusive('\n') {
        let text = line.trim();
        let begins_block = text.starts_with("/*");
        if !in_block && !begins_block && !text.starts_with("//") {
            kept.push_str(line);
        }
        in_block = (in_block || begins_block) && !text.ends_with("*/");
    }
    kept
}

/// SHA-256 over names and hashes of all files, template included: names a version of the page.
pub fn page_hash() -> [u8; 32] {
    let template = ("index.html", Sha256::digest(TEMPLATE).into());
    let hashes = FILES
        .iter()
        .map(|file| (file.name, file.sha256()))
        .chain([template]);
    let hash = hashes.fold(Sha256::new(), |hash, (name, sha256)| {
        hash.chain_update(name)
            .chain_update([0])
            .chain_update(sha256)
    });
    hash.finalize().into()
}

/// The folder in which this version's files stand: `/xem/a/<16 hex digits of the page's hash>`.
pub fn asset_folder() -> &'static str {
    static FOLDER: LazyLock<String> =
        LazyLock::new(|| format!("{ASSET_ROOT}/{}", &hex::encode(page_hash())[..HASH_DIGITS]));
    &FOLDER
}

/// What the server puts into the template.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling<'a> {
    /// Text of the title.
    pub title: &'a str,
    /// The code that the page is asked for, in its canonical form.
    pub code: &'a str,
    /// Text of the band, such as the one that marks sample data; empty for none.
    pub band: &'a str,
    /// **HTML**, already escaped: what the server found. Shown until the phone has checked by itself, and for good where it
    /// cannot (no script, no Ed25519, no network). The sentence above it says that the server checked and the phone did
    /// not; it must not look confirmed.
    pub summary_html: &'a str,
}

/// The page for one code.
pub fn page(filling: &Filling<'_>) -> String {
    // Each part is put in once and never looked at again, so that a text cannot smuggle in a placeholder.
    let mut page = String::with_capacity(template().len() + filling.summary_html.len());
    let mut rest = template();
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        page.push_str(before);
        match name {
            "TITLE" => page.push_str(&escape(filling.title)),
            "CODE" => page.push_str(&escape(filling.code)),
            "BAND" => page.push_str(&escape(filling.band)),
            _ => page.push_str(filling.summary_html),
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// The template with the addresses of this version's files; `{{TITLE}}`, `{{CODE}}`, `{{BAND}}` (text) and `{{SUMMARY}}`
/// (HTML) are still to be filled.
pub fn template() -> &'static str {
    static FILLED: LazyLock<String> = LazyLock::new(|| {
        // All modules are asked for at once: on a slow line each level of imports would cost a round trip.
        let preload =
            |file: &PageFile| format!("<link rel=\"modulepreload\" href=\"{}\">", file.path());
        let wanted = FILES
            .iter()
            .filter(|file| file.content_type == SCRIPT && file.name != ON_DEMAND);
        let preloads: Vec<String> = wanted.map(preload).collect();
        TEMPLATE
            .replace("{{PRELOADS}}", &preloads.join("\n"))
            .replace("{{ASSETS}}", asset_folder())
    });
    &FILLED
}

/// Text as it may stand in HTML and in attributes with double quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        let entries = std::fs::read_dir(folder).expect("the folder of the page");
        for entry in entries.map(|entry| entry.expect("an entry").file_name()) {
            let name = entry.to_string_lossy().into_owned();
            assert!(
                name == "index.html" || file(&name).is_some(),
                "{name} is not embedded"
            );
        }
    }

    /// What a phone loads on a first visit, compressed: two seconds on weak 3G (about 240 kbit/s).
    const WEIGHT_MAX_BYTES: usize = 60_000;

    fn compressed(bytes: &[u8]) -> usize {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).expect("memory takes it");
        gzip.finish().expect("memory takes it").len()
    }

    #[test]
    fn a_first_visit_stays_light() {
        let files = files().iter().filter(|file| file.name != ON_DEMAND);
        let weight: usize = files.map(|file| compressed(file.bytes)).sum();
        let weight = weight + compressed(TEMPLATE.as_bytes());
        assert!(weight < WEIGHT_MAX_BYTES, "{weight} bytes");
    }

    #[test]
    fn every_import_leads_to_an_embedded_file() {
        for script in files().iter().filter(|file| file.content_type == SCRIPT) {
            let text = std::str::from_utf8(script.bytes).expect("UTF-8");
            for (_, after) in text
                .match_indices("from \"")
                .map(|(at, found)| (at, &text[at + found.len()..]))
            {
                let address = after.split('"').next().unwrap_or_default();
                let name = address.strip_prefix("./").unwrap_or("");
                assert!(file(name).is_some(), "{} imports {address}", script.name);
            }
        }
    }

    #[test]
    fn only_lines_of_comment_are_dropped() {
        let source = "// a\nlet b = 1; // c\n  /** d\n   * e */\n/* f */\nlet g = `h`;\n\ni { j: k } /* l */\n";
        assert_eq!(
            without_comments(source),
            "let b = 1; // c\nlet g = `h`;\n\ni { j: k } /* l */\n"
        );
    }

    #[test]
    fn files_are_found_at_their_address_only() {
        let main = file("main.js").expect("main.js");
        assert!(file_at(&main.path()).is_some_and(|found| std::ptr::eq(found, main)));
        for path in [
            "",
            "/xem/a/main.js",
            "/xem/a/0000000000000000/main.js",
            "main.js",
        ] {
            assert!(file_at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn texts_are_escaped_and_placeholders_in_them_stay_text() {
        let filling = Filling {
            title: "<b>{{SUMMARY}}",
            code: "t/\"x\"",
            band: "",
            summary_html: "<p>{{CODE}}</p>",
        };
        let page = page(&filling);
        assert!(page.contains("<title>&lt;b&gt;{{SUMMARY}}</title>"));
        assert!(page.contains("content=\"t/&quot;x&quot;\""));
        assert!(page.contains("<p>{{CODE}}</p>"));
        assert!(!page.contains("{{ASSETS}}") && !page.contains("{{PRELOADS}}"));
    }

    #[test]
    fn nothing_stands_inline_that_a_strict_policy_forbids() {
        for forbidden in ["<style", " style=", " onclick", " onload", "javascript:"] {
            assert!(!TEMPLATE.contains(forbidden), "{forbidden}");
        }
        assert_eq!(TEMPLATE.matches("<script").count(), 1);
        assert!(TEMPLATE.contains("<script type=\"module\" src="));
    }
}
