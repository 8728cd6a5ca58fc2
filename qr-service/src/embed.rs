//! Files that never change under their address: the buyer's page (`web_verify`) and our own style sheet.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

const PAGES_CSS: &str = include_str!("../assets/pages.css");

/// A file for ever.
#[derive(Debug)]
pub struct Asset {
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// The file at an address, if this version has it.
pub fn asset_at(path: &str) -> Option<Asset> {
    if path == pages_css_path() {
        return Some(Asset {
            content_type: "text/css; charset=utf-8",
            bytes: PAGES_CSS.as_bytes(),
        });
    }
    web_verify::file_at(path).map(|file| Asset {
        content_type: file.content_type,
        bytes: file.bytes,
    })
}

/// The address of our style sheet.
pub fn pages_css_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        format!(
            "/a/{}/pages.css",
            hex::encode(&Sha256::digest(PAGES_CSS)[..8])
        )
    });
    &PATH
}

/// The address of the buyer's page's style sheet.
pub fn page_css_path() -> String {
    format!("{}/style.css", web_verify::asset_folder())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_this_version_and_no_other() {
        assert!(asset_at(pages_css_path()).is_some());
        assert!(asset_at(&page_css_path()).is_some());
        assert!(asset_at("/a/0000000000000000/pages.css").is_none());
    }
}
