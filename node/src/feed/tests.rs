#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use axum::body::{Body, to_bytes};
use http::HeaderMap;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::merkle::leaf_hash;
use ledger_core::note::Note;
use ledger_core::sign::event_id;
use tower::ServiceExt;

use super::events::COSE;
use super::*;
use crate::fixture::*;
use crate::ledger::{Ledger, Options, spawn};

struct Served {
    province: Province,
    ledger: Ledger,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Served {
    /// The authority's feed over a ledger of some 300 leaves.
    async fn new() -> Served {
        let province = Province::new(1, None);
        let mut so = province.sequencer();
        for n in 0..295 {
            so.record(&org(SO), hold("HTX-1", n), at(2)).unwrap();
        }
        so.sequence(at(3)).unwrap();
        drop(so);
        Served::start(province).await
    }

    async fn start(province: Province) -> Served {
        let folder = province.folder(&org(SO));
        let (genesis, anchor) = crate::ledger::read_trust(&folder).unwrap();
        let (ledger, _) = spawn(
            folder,
            Options {
                sequencer: true,
                ..Options::default()
            },
        )
        .await
        .unwrap();
        let router = Feed::new(ledger.handle(), genesis, anchor, "Sở mẫu", true).router();
        Served {
            province,
            ledger,
            router,
        }
    }

    async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(http::Request::get(path), Body::empty()).await
    }

    async fn post(&self, envelope: &[u8]) -> Answer {
        self.ask(
            http::Request::post("/events").header("content-type", COSE),
            envelope.to_vec(),
        )
        .await
    }
}

#[tokio::test]
async fn tiles_and_entries_lead_to_the_signed_root() {
    let served = Served::new().await;
    let head = served.get("/checkpoint").await;
    assert_eq!(head.header("cache-control"), "no-store");
    let note = Note::parse(&head.body).unwrap();
    let checkpoint = Checkpoint::of(&note).unwrap();
    let size = checkpoint.size().0;
    assert_eq!(size, 301);
    let full = served.get("/tile/entries/000").await;
    assert_eq!(
        (full.status, full.header("cache-control")),
        (StatusCode::OK, FOR_EVER)
    );
    let partial = served.get("/tile/entries/001.p/45").await;
    assert_eq!(
        (partial.status, partial.header("cache-control")),
        (StatusCode::OK, FOR_AN_HOUR)
    );
    let mut frontier = ledger_core::merkle::Frontier::new();
    for (answer, width) in [(&full, 256), (&partial, 45)] {
        let bundle = Bundle::new(0, TileWidth::new(width).unwrap());
        bundle
            .decode(&answer.body)
            .unwrap()
            .iter()
            .for_each(|entry| frontier.append(leaf_hash(entry)));
    }
    assert_eq!(frontier.root(), checkpoint.root());
    assert_eq!(served.get("/tile/0/000").await.body.len(), 32 * 256);
    assert_eq!(served.get("/tile/0/001.p/45").await.body.len(), 32 * 45);
    assert_eq!(
        served.get("/tile/0/001.p/3").await.body,
        served.get("/tile/0/001.p/45").await.body[..96]
    );
    assert_eq!(served.get("/tile/1/000.p/1").await.body.len(), 32);
    assert_eq!(served.get("/checkpoint.cosigned").await.body, head.body);
    served.ledger.stop().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_is_malformed_are_told_apart() {
    let served = Served::new().await;
    for (path, status) in [
        ("/tile/0/001.p/46", 404),
        ("/tile/0/001", 404),
        ("/tile/entries/001", 404),
        ("/tile/entries/002.p/1", 404),
        ("/tile/1/000.p/2", 404),
        ("/tile/63/000.p/1", 404),
        ("/tile/0/x001/000", 404),
        ("/tile/0/1", 400),
        ("/tile/0/000.p/256", 400),
        ("/tile/0/000.p/0", 400),
        ("/tile/64/000", 400),
        ("/tile/entries/../../keys/log.key", 400),
        ("/tile/entries/%2e%2e", 400),
        ("/blob/xyz", 400),
        (
            "/blob/0000000000000000000000000000000000000000000000000000000000000000",
            404,
        ),
        ("/keys/log.key", 404),
        ("/", 404),
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'"),
            "{path}"
        );
    }
    served.ledger.stop().await;
}

#[tokio::test]
async fn events_come_in_through_the_same_door() {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    follow(&mut so, &mut htx, at(2)).unwrap();
    record(&mut htx, "HTX-1", 0..3);
    let envelopes = htx.pending();
    drop((so, htx));
    let served = Served::start(province).await;
    let pending = served.post(&envelopes[0]).await;
    assert_eq!(
        (pending.status, pending.json()["status"].as_str()),
        (StatusCode::ACCEPTED, Some("pending"))
    );
    assert_eq!(
        pending.json()["event_id"],
        event_id(&envelopes[0]).to_string()
    );
    let gap = served.post(&envelopes[2]).await;
    assert_eq!(
        (gap.status, gap.json()["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("THIEU_VIEC_TRUOC"))
    );
    assert!(
        gap.json()["message_vi"]
            .as_str()
            .unwrap()
            .contains("theo thứ tự")
    );
    let mut changed = envelopes[1].clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let forged = served.post(&changed).await;
    assert_eq!(
        (forged.status, forged.json()["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("CHU_KY_SAI"))
    );
    assert_eq!(
        served.post(b"").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        served.post(&vec![0; ENVELOPE_MAX_BYTES]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        served.post(&vec![0; ENVELOPE_MAX_BYTES + 1]).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let form = served
        .ask(
            http::Request::post("/events").header("content-type", "text/plain"),
            "x",
        )
        .await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let preflight = served
        .ask(http::Request::options("/events"), Body::empty())
        .await;
    assert_eq!(
        (
            preflight.status,
            preflight.header("access-control-allow-headers")
        ),
        (StatusCode::NO_CONTENT, "content-type")
    );
    let mut heads = served.ledger.handle().heads();
    let before = heads.borrow_and_update().size;
    tokio::time::timeout(
        std::time::Duration::from_secs(60),
        heads.wait_for(|heads| heads.size > before),
    )
    .await
    .unwrap()
    .unwrap();
    let logged = served.post(&envelopes[0]).await;
    assert_eq!(
        (logged.status, logged.json()["code"].as_str()),
        (StatusCode::OK, Some("DA_GHI_ROI"))
    );
    let about = served
        .get(&format!("/events/{}", event_id(&envelopes[0])))
        .await;
    assert_eq!(
        (about.status, about.json()["status"].as_str()),
        (StatusCode::OK, Some("logged"))
    );
    assert_eq!(
        served
            .get(&format!("/events/{}", event_id(b"none")))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        served.get("/events/1234").await.status,
        StatusCode::BAD_REQUEST
    );
    served.ledger.stop().await;
}

#[tokio::test]
async fn pictures_are_for_everybody_and_openings_as_the_event_says_that_holds_them() {
    use ledger_core::commitment::Opening;
    let served = Served::new().await;
    let handle = served.ledger.handle();
    let picture = handle
        .put_blob(b"\x89PNG\r\n\x1a\nxxx".to_vec(), false)
        .await
        .unwrap();
    let opening = |path: &str| {
        let value = ledger_core::encode::Value::text("Hộ mẫu");
        Opening {
            path: path.into(),
            salt: [1; 32],
            value,
        }
        .encode()
    };
    let name = handle.put_blob(opening("name"), true).await.unwrap();
    let facts = handle.put_blob(opening("facts"), true).await.unwrap();
    let answer = served.get(&format!("/blob/{picture}")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::OK, "image/png")
    );
    // Named by no event it is nobody's, and a sealed commitment that is named as a name stays sealed.
    assert_eq!(
        served.get(&format!("/blob/{name}")).await.status,
        StatusCode::NOT_FOUND
    );
    for (id, hash) in [("P1", name), ("P2", facts)] {
        let product = ledger_core::body::Body {
            id: Some(ledger_core::body::Number(id.into())),
            name: Some(ledger_core::body::Sealable::Commitment(hash)),
            unit: Some(ledger_core::body::Text("kg".into())),
            ..ledger_core::body::Body::new(ledger_core::kind::Kind::Product)
        };
        let receipt = handle.record(org(SO), draft(product)).await.unwrap();
        while !matches!(
            handle.status(receipt.event_id).await,
            crate::ledger::EventStatus::Logged(..) | crate::ledger::EventStatus::Cosigned(_)
        ) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    assert_eq!(
        served.get(&format!("/blob/{name}")).await.body,
        opening("name")
    );
    assert_eq!(
        served.get(&format!("/blob/{facts}")).await.status,
        StatusCode::NOT_FOUND
    );
    handle.erase_blob(name).await.unwrap();
    assert_eq!(
        served.get(&format!("/blob/{name}")).await.status,
        StatusCode::GONE
    );
    served.ledger.stop().await;
}

#[tokio::test]
async fn a_node_whose_log_was_changed_serves_nothing_but_that() {
    let served = Served::new().await;
    let health = served.get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    assert!(
        health.text().contains("đang chạy bình thường"),
        "{}",
        health.text()
    );
    assert_eq!(served.get("/status.json").await.json()["size"], 301);
    let log = served.province.folder(&org(SO)).log();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let first = served.get("/tile/entries/000").await;
    assert_eq!(
        (first.status, first.json()["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("SO_CAI_BI_SUA"))
    );
    for path in [
        "/checkpoint",
        "/tile/0/000",
        "/genesis",
        "/health",
        "/status.json",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            answer.text().contains("không khớp chữ ký ở vị trí"),
            "{path}: {}",
            answer.text()
        );
    }
    served.ledger.stop().await;
}

#[tokio::test]
async fn metrics_are_numbers_and_codes_and_health_says_what_to_do() {
    let served = Served::new().await;
    let garbage = served.ledger.handle().submit(vec![0; 40]).await.unwrap();
    assert!(matches!(garbage, crate::ledger::Submitted::Refused { .. }));
    let answer = served.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let text = answer.text();
    for line in [
        "ocop_health{state=\"serving\"} 1",
        "ocop_health{state=\"halted\"} 0",
        "ocop_pending 0",
        "ocop_events_refused_total{code=\"SAI_DANG\"} 1",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
    // Every line is a comment or one sample with a whole number; no name, no key, no address.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.starts_with("ocop_") && value.parse::<u64>().is_ok(),
            "{line}"
        );
    }
    let health = served.get("/health").await.text();
    assert!(health.contains("Cần làm:"), "{health}");
    served.ledger.stop().await;
}
