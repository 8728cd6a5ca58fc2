//! A cluster of real processes, a real browser, and how tests look at them.

pub mod browser;
pub mod cluster;

use std::path::PathBuf;

use fantoccini::Locator;

use browser::{Browser, Seen};

/// Where a picture of a page goes; people look at them after the tests.
pub fn screen(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("screens")
        .join(format!("{name}.png"))
}

/// Whether words stand on the page.
pub fn shown(seen: &Seen, words: &str) -> bool {
    seen.says(words)
}

/// Presses the button or link that bears words.
pub async fn press(browser: &Browser, words: &str) {
    let xpath = format!(
        "//button[contains(normalize-space(.), '{words}')] | //a[contains(normalize-space(.), '{words}')]"
    );
    let found = browser.client.find(Locator::XPath(&xpath)).await;
    let found = found.unwrap_or_else(|_| panic!("nothing to press says \"{words}\""));
    found.click().await.unwrap();
}
