//! From the clerk's form to the buyer's phone: form → event → nodes → label → QR → page.

use std::process::Command;

use fantoccini::Locator;
use ledger_core::ids::OrgId;

use crate::harness::browser::{Browser, PHONE};
use crate::harness::cluster::Cluster;
use crate::harness::{press, screen};

/// A clerk of ORG-01 records a harvest, sees it confirmed, prints its label; a buyer scans that label.
pub async fn from_form_to_phone(cluster: &Cluster) {
    let org = OrgId::new("ORG-01").unwrap();
    let browser = Browser::start(PHONE).await;
    let console = cluster.demo.layout.console_url(&org);
    browser
        .open(&format!("{console}/vao?ma={}", cluster.token(&org)))
        .await;
    browser
        .wait_for("the list of entries", |seen| seen.says("Ghi thu hoạch"))
        .await;
    browser.screenshot(&screen("console-home")).await;
    press(&browser, "Ghi thu hoạch").await;
    browser
        .wait_for("the form", |seen| seen.says("Khối lượng (kg)"))
        .await;
    fill(&browser, "#kg", "1.250,5").await;
    choose_first(&browser, "vuon").await;
    browser.screenshot(&screen("console-form")).await;
    press(&browser, "Ghi").await;
    let receipt = browser
        .wait_for("the confirmation of the others", |seen| {
            seen.says("Đã được các đơn vị xác nhận")
        })
        .await;
    assert!(receipt.says("1.250,5 kg"), "{receipt}");
    browser.screenshot(&screen("console-receipt")).await;
    press(&browser, "In tem").await;
    browser
        .wait_for("the label", |seen| seen.says("Số tem"))
        .await;
    browser.screenshot(&screen("console-label")).await;
    let label = browser.client.current_url().await.unwrap();
    let url = scan(&qr_png(cluster, &org, label.as_str()).await);
    assert!(url.starts_with(&cluster.demo.public_url), "{url}");
    let page = browser;
    page.open(&url).await;
    let seen = page
        .wait_for("the proof", |seen| {
            seen.all("status").join(" ").contains("Có hồ sơ nguồn gốc")
        })
        .await;
    for words in ["1.250,5", "Hợp tác xã Xoài Bến Nắng (mẫu)", "13 trên 13"] {
        assert!(
            seen.says(words),
            "the harvest's page lacks {words}:\n{seen}"
        );
    }
    page.screenshot(&screen("journey-page")).await;
    page.close().await;
}

async fn fill(browser: &Browser, css: &str, text: &str) {
    let field = browser.client.find(Locator::Css(css)).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Picks the first growing place, by radio button or list, if none is picked yet.
async fn choose_first(browser: &Browser, name: &str) {
    let radio = format!("label.chon:has(input[name=\"{name}\"])");
    if let Ok(first) = browser.client.find(Locator::Css(&radio)).await {
        first.click().await.unwrap();
    }
}

async fn qr_png(cluster: &Cluster, org: &OrgId, label: &str) -> Vec<u8> {
    let address = label.split('?').next().unwrap().trim_end_matches('/');
    let request = reqwest::Client::new()
        .get(format!("{address}/qr.png"))
        .bearer_auth(cluster.token(org));
    request
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .to_vec()
}

/// Reads a QR code as a phone does.
fn scan(png: &[u8]) -> String {
    let file = tempfile::NamedTempFile::with_suffix(".png").unwrap();
    std::fs::write(file.path(), png).unwrap();
    let read = Command::new("zbarimg")
        .args(["--quiet", "--raw"])
        .arg(file.path())
        .output();
    let read =
        read.expect("zbarimg is installed (Debian package zbar-tools; tests/run installs it)");
    String::from_utf8(read.stdout).unwrap().trim().to_owned()
}
