//! What buyers see, in a real browser: the honest stories, an unknown code, a lying server, a broken line, no script.

use tests::demo::liar;

use crate::harness::browser::{Browser, PHONE, Seen};
use crate::harness::cluster::Cluster;
use crate::harness::{screen, shown};

/// The state line of the page.
fn state(seen: &Seen) -> String {
    seen.all("status").join(" ")
}

/// Opens a page and waits until its state line says something; never green unless that is what is waited for.
async fn opens_as(browser: &Browser, url: &str, words: &str, picture: &str) -> Seen {
    browser.open(url).await;
    let seen = browser
        .wait_for(words, |seen| state(seen).contains(words))
        .await;
    if words != "Có hồ sơ nguồn gốc" {
        assert!(
            !state(&seen).contains("Có hồ sơ nguồn gốc"),
            "{url} must not look confirmed"
        );
    }
    browser.screenshot(&screen(picture)).await;
    seen
}

/// Every page of the demonstration says what it must.
pub async fn say_what_they_must(cluster: &Cluster) {
    let browser = Browser::start(PHONE).await;
    let page = |batch: &str| cluster.demo.page_of(batch).unwrap();
    let plain = opens_as(&browser, &page("B-0105"), "Có hồ sơ nguồn gốc", "s01").await;
    assert!(plain.has("heading", "Xoài cát Chu Bến Nắng"), "{plain}");
    for words in [
        "Hợp tác xã Xoài Bến Nắng (mẫu)",
        "Xã Mỹ Thọ",
        "XCC261012A1",
        "12/10/2026",
        "DỮ LIỆU MẪU",
        "13 trên 13",
    ] {
        assert!(plain.says(words), "S01 lacks {words}:\n{plain}");
    }
    let recalled = opens_as(&browser, &page("B-0904"), "Thu hồi", "s09").await;
    assert!(state(&recalled).contains("Không sử dụng"), "{recalled}");
    opens_as(&browser, &page("B-0304"), "Có hồ sơ nguồn gốc", "s03").await;
    let silent = browser.see().await;
    assert!(
        silent.says("bên giao chưa xác nhận") || silent.says("Bên giao chưa xác nhận"),
        "S03:\n{silent}"
    );
    let released = opens_as(&browser, &page("B-0502"), "Hết hạn", "s05").await;
    assert!(released.says("từng bị tạm giữ"), "{released}");
    let unknown = format!(
        "{}/01/02082600000015/10/KHONGCO",
        cluster.demo.layout.qr_url()
    );
    opens_as(
        &browser,
        &unknown,
        "Tem chưa kích hoạt hoặc không có mã này",
        "unknown",
    )
    .await;
    let lying = liar::start(&cluster.demo.layout).await.unwrap();
    let forged = format!(
        "{lying}{}",
        cluster.demo.sample.codes("B-0904")[0].url_path()
    );
    let caught = opens_as(&browser, &forged, "Chưa xác nhận được", "forged").await;
    assert!(
        caught.says("Không khớp") || caught.says("không khớp"),
        "{caught}"
    );
    browser.close().await;
}

/// A failed connection is no verdict, and a page without script says that the phone did not check.
pub async fn are_honest_about_what_they_could_not_check(cluster: &Cluster) {
    let url = cluster.demo.page_of("B-0105").unwrap();
    let browser = Browser::start(PHONE).await;
    browser.block(&["*/bundle?code*"]).await;
    opens_as(&browser, &url, "Chưa kết nối được", "offline").await;
    browser.close().await;
    let browser = Browser::start(PHONE).await;
    browser.without_javascript().await;
    let plain = opens_as(
        &browser,
        &url,
        "Điện thoại này chưa tự kiểm tra",
        "no-script",
    )
    .await;
    assert!(plain.says("Xoài cát Chu Bến Nắng"), "{plain}");
    browser.close().await;
    let browser = Browser::start(PHONE).await;
    // A name that is neither localhost nor https: browsers then withhold the means to check.
    let insecure = url.replace("localhost", "khong-bao-mat.example");
    browser.open(&insecure).await;
    let told = browser
        .wait_for("an insecure line", |seen| {
            shown(seen, "Kết nối không bảo mật")
        })
        .await;
    assert!(!state(&told).contains("Có hồ sơ nguồn gốc"));
    browser.close().await;
}

/// The service's answers for machines agree with what the sample expects, row by row.
pub async fn agree_with_expectations(cluster: &Cluster) {
    for row in cluster.demo.sample.expectations() {
        for code in cluster.demo.sample.codes(&row.batch_id) {
            let url = format!(
                "{}/api/v1/status?code={}",
                cluster.demo.layout.qr_url(),
                percent(&code.canonical())
            );
            let answer = reqwest::get(url).await.unwrap().text().await.unwrap();
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            let notices: Vec<&str> = answer["notices"]
                .as_array()
                .unwrap()
                .iter()
                .map(|notice| notice["code"].as_str().unwrap())
                .collect();
            assert_eq!(notices, row.notices, "{}", row.batch_id);
            assert_eq!(
                answer["status"] == "recalled",
                row.recalled,
                "{}",
                row.batch_id
            );
        }
    }
}

/// Addresses that lead nowhere say so with their status.
pub async fn refuse_what_is_no_code(cluster: &Cluster) {
    let status = |path: &'static str| {
        let url = format!("{}{path}", cluster.demo.layout.qr_url());
        async move { reqwest::get(url).await.unwrap().status().as_u16() }
    };
    for path in [
        "/01/02082600000016/10/X",
        "/01/2082600000015/10/X",
        "/t/38C57RHV3",
        "/01/02082600000015/99/X",
    ] {
        assert_eq!(status(path).await, 400, "{path}");
    }
    for path in ["/01/02082600000015/10/KHONGCO", "/t/222222222"] {
        assert_eq!(status(path).await, 404, "{path}");
    }
}

fn percent(text: &str) -> String {
    text.replace('/', "%2F")
}
