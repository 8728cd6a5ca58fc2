//! The service as a whole: it starts, follows by itself, survives a feed that comes and goes, and stops when told.

use std::process::Command;
use std::time::{Duration, Instant};

use qr_service::config::{Config, FeedUrl, PublicUrl};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::browser::get;
use crate::node::Feed;
use crate::world::{GOOD, World};

/// Far beyond what any step takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < DEADLINE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_follows_by_itself_and_stops_when_told() {
    let (feed, url) = Feed::start().await;
    let mut world = World::harvested();
    let data = tempfile::tempdir().unwrap();
    let config = Config {
        feed: FeedUrl::parse(&url).unwrap(),
        anchor: world.anchor(),
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: PublicUrl::parse("https://txng.example").unwrap(),
        data: data.path().join("a/b"),
    };
    let listener = TcpListener::bind(config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(qr_service::serve(config, listener, async {
        stopped.await.ok();
    }));

    eventually("trouble is told", async || {
        get(address, "/health").await.json()["status"] == "stale"
    })
    .await;
    assert_eq!(get(address, &format!("/xem/{GOOD}")).await.status, 503);
    feed.publish(&world);
    eventually("the first head", async || {
        get(address, "/health").await.json()["status"] == "ok"
    })
    .await;
    assert_eq!(get(address, &format!("/xem/{GOOD}")).await.status, 200);
    world.work(1);
    world.map_head();
    feed.publish(&world);
    eventually("the next head", async || {
        get(address, "/health").await.json()["size"] == world.size()
    })
    .await;
    feed.clear();
    eventually("silence is told", async || {
        get(address, "/health").await.json()["status"] == "stale"
    })
    .await;
    assert_eq!(get(address, &format!("/xem/{GOOD}")).await.status, 200);

    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[test]
fn the_command_line_teaches_and_names_what_is_wrong() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_qr-service"))
            .args(args)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let (good, help) = run(&["--help"]);
    assert!(
        good && help.contains("Ví dụ") && help.contains("--public-url"),
        "{help}"
    );
    let (good, text) = run(&[
        "--feed",
        "https://a",
        "--anchor",
        "/khong-co",
        "--public-url",
        "https://a.example",
    ]);
    assert!(
        !good && text.contains("--feed") && text.contains("http://máy:cổng"),
        "{text}"
    );
    let (good, text) = run(&[
        "--feed",
        "http://a",
        "--anchor",
        "/khong-co",
        "--public-url",
        "https://a.example",
    ]);
    assert!(
        !good && text.contains("không đọc được tệp /khong-co"),
        "{text}"
    );
}
