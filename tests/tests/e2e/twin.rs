//! The second verifier: the page's JavaScript, in the browser it is meant for.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use crate::harness::browser::Browser;
use crate::harness::screen;

/// Hundreds of vectors, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many vectors the page has to do with: buyers get bundles, never tlog-proof files.
fn concerning_the_page() -> usize {
    let files = std::fs::read_dir(folder("vectors").unwrap()).unwrap();
    let of_page = |text: &String| !text.contains("\"form\": \"tlog_proof\"");
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .filter(of_page)
        .count()
}

/// Serves the page's modules and the vectors, and reads what the page makes of them.
pub async fn run_the_vectors() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new()
        .route("/vectors/index.json", get(index))
        .route("/{folder}/{file}", get(file));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let browser = Browser::start((800, 1000)).await;
    browser
        .open(&format!("http://localhost:{port}/pages/vectors.html"))
        .await;
    let seen = browser
        .wait_within(PATIENCE, "a result", |seen| {
            seen.all("status").join(" ").contains("passed")
        })
        .await;
    browser.screenshot(&screen("vectors")).await;
    let result = seen.all("status").join(" ");
    assert!(result.contains(", 0 failed"), "{result}\n{seen}");
    let passed: usize = result
        .split(" passed")
        .next()
        .and_then(|n| n.trim().parse().ok())
        .unwrap();
    assert!(passed >= concerning_the_page(), "{result}");
    browser.close().await;
}

fn folder(name: &str) -> Option<PathBuf> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    match name {
        "page" => Some(package.join("../web-verify/page")),
        "vectors" => Some(package.join("../ledger-core/vectors")),
        "pages" => Some(package.join("tests/e2e/pages")),
        _ => None,
    }
}

async fn index() -> Response {
    let files = std::fs::read_dir(folder("vectors").unwrap()).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    (
        [(CONTENT_TYPE, "application/json")],
        serde_json::to_string(&names).unwrap(),
    )
        .into_response()
}

async fn file(Path((name, file)): Path<(String, String)>) -> Response {
    let kind = match file.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "application/json",
    };
    let bytes = folder(&name).and_then(|folder| std::fs::read(folder.join(file)).ok());
    bytes.map_or(StatusCode::NOT_FOUND.into_response(), |bytes| {
        ([(CONTENT_TYPE, kind)], bytes).into_response()
    })
}
