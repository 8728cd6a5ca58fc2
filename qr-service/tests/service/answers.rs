//! Every address, as a table: what is malformed, unknown, known; and what each kind of answer holds.

use std::net::SocketAddr;

use ledger_core::bundle::Bundle;
use ledger_core::verify::{StateLine, Statement, verify};
use qr_service::routes::{POLICY, router};
use qr_service::service::now;
use serde_json::json;

use crate::browser::{ask, get};
use crate::node::{Feed, Station, listen};
use crate::world::{GOOD, GTIN, RECALLED, SHORT, SLASHED, World, address, picture, picture_hash};

/// A service that has shown a harvest, listening.
struct Scene {
    world: World,
    address: SocketAddr,
    feed: Feed,
    _station: Station,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Scene {
        Scene::of(World::harvested()).await
    }

    async fn of(world: World) -> Scene {
        let (feed, url) = Feed::start().await;
        feed.publish(&world);
        let data = tempfile::tempdir().unwrap();
        let mut station = Station::open(&world, &url, data.path());
        station.step().await.unwrap();
        let address = listen(router(station.service.clone())).await;
        Scene {
            world,
            address,
            feed,
            _station: station,
            _data: data,
        }
    }
}

const UNKNOWN_LOT: &str = "/01/02082600000015/10/KHONG-CO";

#[tokio::test]
async fn every_address_has_its_status_and_head_is_like_get() {
    let scene = Scene::new().await;
    let blob = format!("/blob/{}", picture_hash());
    let upper = format!("/blob/{}", picture_hash().to_string().to_uppercase());
    let zero = format!("/blob/{}", "0".repeat(64));
    let long = format!("/01/02082600000015/10/{}", "A".repeat(600));
    let table: &[(&str, u16, &str)] = &[
        ("/", 200, ""),
        ("/tim?ma=38c5-7rhv2", 303, "/xem/t/38C57RHV2"),
        (
            "/tim?ma=https%3A%2F%2Fa.example%2F01%2F02082600000015%2F10%2FXCC261012A1",
            303,
            "/xem/01/02082600000015/10/XCC261012A1",
        ),
        ("/tim?ma=38C5-7RHV3", 400, ""),
        ("/tim?ma=", 400, ""),
        ("/tim", 400, ""),
        // the resolver
        (
            "/01/02082600000015/10/XCC261012A1",
            307,
            "/xem/01/02082600000015/10/XCC261012A1",
        ),
        (
            "/01/02082600000015/10/XCC261012A1/",
            307,
            "/xem/01/02082600000015/10/XCC261012A1",
        ),
        (
            "/01/02082600000015/10/XCC261012A1?linkType=a&x=1&x=%2F",
            307,
            "/xem/01/02082600000015/10/XCC261012A1?linkType=a&x=1&x=%2F",
        ),
        (
            "/01/02082600000015/10/A%2FB%251",
            307,
            "/xem/01/02082600000015/10/A%2FB%251",
        ),
        ("/01/02082600000015", 307, "/xem/01/02082600000015"),
        ("/t/38c5-7rhv2", 307, "/xem/t/38C57RHV2"),
        ("/t/38C57RHV2", 307, "/xem/t/38C57RHV2"),
        // a known product with an unknown lot: the page says so, and is the 404
        (UNKNOWN_LOT, 307, "/xem/01/02082600000015/10/KHONG-CO"),
        ("/01/02082600000022/10/KHONG-CO", 404, ""),
        ("/01/02082600000022", 404, ""),
        ("/t/SPVBB7YZG", 404, ""),
        ("/01/02082600000015/10/XCC261012A1/21/7", 404, ""),
        ("/414/8930000000007", 404, ""),
        ("/t/38C57RHV3", 400, ""),
        ("/t/38C57RHV", 400, ""),
        ("/01/02082600000016", 400, ""),
        ("/01/2082600000015", 400, ""),
        ("/01/02082600000015/10", 400, ""),
        ("/01/02082600000015/10//", 400, ""),
        ("/01/02082600000015/10/A/B", 400, ""),
        ("/01/02082600000015/10/A%00", 400, ""),
        ("/01/02082600000015/10/A%2", 400, ""),
        ("/01/02082600000015/10/%2e%2e", 400, ""),
        ("/01/02082600000015/21/7/10/A", 400, ""),
        (&long, 400, ""),
        ("/gtin/02082600000015", 404, ""),
        ("/nothing", 404, ""),
        // pages
        ("/xem/01/02082600000015/10/XCC261012A1", 200, ""),
        ("/xem/01/02082600000015/10/A%2FB%251", 200, ""),
        ("/xem/t/38C57RHV2", 200, ""),
        ("/xem/01/02082600000015", 200, ""),
        ("/xem/01/02082600000015/10/KHONG-CO", 404, ""),
        ("/xem/01/02082600000022", 404, ""),
        ("/xem/t/SPVBB7YZG", 404, ""),
        ("/xem/t/38C57RHV3", 400, ""),
        ("/xem/a/0000000000000000/main.js", 400, ""),
        // data
        ("/bundle?code=01/02082600000015/10/XCC261012A1", 200, ""),
        ("/bundle?code=t/SPVBB7YZG", 200, ""),
        ("/bundle?code=t/spvb-b7yzg", 400, ""),
        ("/bundle?code=x", 400, ""),
        ("/bundle", 400, ""),
        ("/anchor", 200, ""),
        ("/genesis", 200, ""),
        (&blob, 200, ""),
        (&upper, 404, ""),
        (&zero, 404, ""),
        ("/blob/x", 404, ""),
        ("/health", 200, ""),
        ("/api/v1/status?code=38C5-7RHV2", 200, ""),
        ("/api/v1/status?code=SPVB-B7YZG", 404, ""),
        ("/api/v1/status?code=38C5-7RHV3", 400, ""),
        ("/api/v1/status?code=02082600000015", 400, ""),
        ("/api/v1/status", 400, ""),
        // printing
        ("/qr/01/02082600000015/10/XCC261012A1.svg", 200, ""),
        ("/qr/01/02082600000015/10/XCC261012A1.png?scale=4", 200, ""),
        ("/qr/01/02082600000015.svg", 200, ""),
        ("/qr/t/38C57RHV2.png", 200, ""),
        ("/qr/t/38C57RHV2", 400, ""),
        ("/qr/t/38C57RHV2.png?scale=1", 400, ""),
        ("/qr/t/38C57RHV2.png?scale=x", 400, ""),
        ("/qr/t/SPVBB7YZG.svg", 404, ""),
        ("/label/01/02082600000015/10/XCC261012A1", 200, ""),
        (
            "/label/01/02082600000015/10/XCC261012A1?layout=50x30&copies=3",
            200,
            "",
        ),
        ("/label/01/02082600000015/10/XCC261012A1?copies=0", 400, ""),
        ("/label/01/02082600000015/10/XCC261012A1?layout=x", 400, ""),
        ("/label/01/02082600000015/10/THU-HOI", 409, ""),
        ("/label/01/02082600000015/10/A%2FB%251", 409, ""),
        ("/label/01/02082600000015", 409, ""),
        ("/label/t/SPVBB7YZG", 404, ""),
    ];
    for (path, status, location) in table {
        let reply = get(scene.address, path).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (*status, *location),
            "{path}: {}",
            reply.text().chars().take(300).collect::<String>()
        );
        let head = ask(scene.address, "HEAD", path, &[], "").await;
        assert_eq!(
            (head.status, head.header("location")),
            (*status, *location),
            "HEAD {path}"
        );
        assert_eq!(
            head.header("content-length"),
            reply.header("content-length"),
            "HEAD {path}"
        );
        assert!(head.body.is_empty());
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'none'"),
            "{path}"
        );
        assert_eq!(reply.header("set-cookie"), "", "{path}");
        if *status == 400 && !path.starts_with("/qr") && !path.starts_with("/label") {
            assert!(
                reply.text().contains("Mã") || reply.text().contains("mã"),
                "{path} says what is wrong"
            );
        }
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(
            ask(scene.address, method, "/anchor", &[], "").await.status,
            405,
            "{method}"
        );
    }
    let preflight = ask(
        scene.address,
        "OPTIONS",
        "/api/v1/status",
        &[("Origin", "https://a.example")],
        "",
    )
    .await;
    assert_eq!(
        (
            preflight.status,
            preflight.header("access-control-allow-methods")
        ),
        (204, "GET, HEAD, POST")
    );
}

#[tokio::test]
async fn a_name_that_is_only_proposed_is_nobodys_name() {
    const PROPOSED: &str = "Tên mới chưa ai đồng ý";
    for (is_agreed, shown) in [(false, "Hợp tác xã &lt;Bến&gt; Nắng"), (true, PROPOSED)] {
        let mut world = World::harvested();
        world.propose_name(PROPOSED);
        if is_agreed {
            world.agree();
        }
        let scene = Scene::of(world).await;
        for path in [format!("/xem/{GOOD}"), format!("/xem/01/{GTIN}")] {
            let text = get(scene.address, &path).await.text();
            assert!(text.contains(shown), "{path}: {shown}");
            assert_eq!(text.contains(PROPOSED), is_agreed, "{path}");
        }
    }
}

#[tokio::test]
async fn the_buyers_page_is_readable_without_a_script_and_says_who_checked() {
    let scene = Scene::new().await;
    let page = get(scene.address, &format!("/xem/{GOOD}")).await;
    assert_eq!(page.header("content-security-policy"), POLICY);
    let text = page.text();
    for wanted in [
        "Xoài cát Chu (thùng 5 kg)",
        "Hợp tác xã &lt;Bến&gt; Nắng",
        "Xã Mỹ Hiệp",
        "XCC261012A1",
        "13/10/2026",
        "OCOP 4 sao, còn hiệu lực đến 20/03/2028",
        "điện thoại này thì chưa",
        "DỮ LIỆU MẪU",
        &format!("content=\"{GOOD}\""),
        &format!("/blob/{}", picture_hash()),
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(
        !text.contains("data-state=\"recorded\""),
        "the server's word is never green"
    );

    let recalled = get(scene.address, &format!("/xem/{RECALLED}")).await.text();
    assert!(recalled.contains("Thu hồi") && recalled.contains("Không sử dụng"));

    let unknown = get(scene.address, &format!("/xem{UNKNOWN_LOT}"))
        .await
        .text();
    assert!(unknown.contains("Tem chưa kích hoạt hoặc không có mã này"));
    assert!(unknown.contains("Không có lô này") && unknown.contains("Xoài cát Chu"));
    assert!(
        unknown.contains("main.js"),
        "the phone proves the absence itself"
    );

    let product = get(scene.address, &format!("/xem/01/{GTIN}")).await.text();
    assert!(
        product.contains("Xoài cát Chu")
            && product.contains("số lô")
            && !product.contains("<script")
    );

    let mistyped = get(scene.address, "/tim?ma=38C5-7RHV3%3Cb%3E").await.text();
    assert!(mistyped.contains("Xem lại các chữ và số trên tem."));
    assert!(mistyped.contains("value=\"38C5-7RHV3&lt;b&gt;\""));
}

#[tokio::test]
async fn the_pages_files_may_be_kept_for_ever() {
    let scene = Scene::new().await;
    for path in [
        qr_service::embed::pages_css_path().to_owned(),
        qr_service::embed::page_css_path(),
        web_verify::file("main.js").unwrap().path(),
    ] {
        let reply = get(scene.address, &path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            reply.header("cache-control").contains("immutable"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_bundle_proves_the_lot_or_its_absence_to_a_stranger() {
    let scene = Scene::new().await;
    for (code, state) in [
        (GOOD, "recorded"),
        (RECALLED, "recalled"),
        ("t/SPVBB7YZG", "unknown_code"),
    ] {
        let reply = get(scene.address, &format!("/bundle?code={code}")).await;
        assert_eq!(reply.header("content-type"), "application/cbor");
        assert_eq!(reply.header("cache-control"), "no-cache");
        let verdict = verify(&reply.body, &scene.world.anchor(), now()).unwrap();
        assert_eq!(verdict.state.word(), state, "{:?}", verdict.statements);
        assert_eq!(
            verdict.is_confirmed(),
            verdict.state != StateLine::UnknownCode
        );
        assert_eq!(
            verdict.proof(Statement::Openings).map(|proof| proof.word()),
            Some("proven")
        );

        let etag = reply.header("etag").to_owned();
        let again = ask(
            scene.address,
            "GET",
            &format!("/bundle?code={code}"),
            &[("If-None-Match", &etag)],
            "",
        )
        .await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let escaped = get(
        scene.address,
        "/bundle?code=01%2F02082600000015%2F10%2FA%2FB%251",
    )
    .await;
    assert_eq!(
        Bundle::decode(&escaped.body).unwrap().code.canonical(),
        SLASHED
    );
    let zipped = ask(
        scene.address,
        "GET",
        &format!("/bundle?code={GOOD}"),
        &[("Accept-Encoding", "gzip")],
        "",
    )
    .await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(zipped.header("vary").contains("accept-encoding"));
}

#[tokio::test]
async fn blobs_are_those_that_events_name_and_openings_may_vanish() {
    let scene = Scene::new().await;
    let reply = get(scene.address, &format!("/blob/{}", picture_hash())).await;
    assert_eq!(
        (reply.body.as_slice(), reply.header("content-type")),
        (picture().as_slice(), "image/png")
    );
    assert!(reply.header("cache-control").contains("immutable"));
    // From the disk now, whatever the node does.
    scene.feed.remove(&format!("blob/{}", picture_hash()));
    assert_eq!(
        get(scene.address, &format!("/blob/{}", picture_hash()))
            .await
            .status,
        200
    );

    let opening = get(scene.address, &format!("/blob/{}", address().commitment())).await;
    assert_eq!(
        (opening.body, opening.headers["cache-control"].as_str()),
        (address().encode(), "no-store")
    );
    let bundle = get(scene.address, &format!("/bundle?code={GOOD}")).await;
    assert_eq!(
        Bundle::decode(&bundle.body).unwrap().openings,
        [address().encode()]
    );

    // A blob that no event names is not fetched, although the node has it.
    let stranger = "1".repeat(64);
    scene.feed.put(&format!("blob/{stranger}"), picture());
    scene.feed.asked();
    assert_eq!(
        get(scene.address, &format!("/blob/{stranger}"))
            .await
            .status,
        404
    );
    assert!(scene.feed.asked().is_empty());
}

#[tokio::test]
async fn a_false_blob_is_not_passed_on() {
    let scene = Scene::new().await;
    scene.feed.put(
        &format!("blob/{}", picture_hash()),
        b"\x89PNG\r\n\x1a\n another".to_vec(),
    );
    assert_eq!(
        get(scene.address, &format!("/blob/{}", picture_hash()))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_status_has_stable_words_and_sentences_for_people() {
    let scene = Scene::new().await;
    let status = get(scene.address, "/api/v1/status?code=38C5-7RHV2")
        .await
        .json();
    assert_eq!(status["status"], "recorded");
    assert_eq!(status["code"], format!("t/{SHORT}"));
    assert_eq!(status["product"]["name"], "Xoài cát Chu (thùng 5 kg)");
    assert_eq!(
        status["product"]["ocop"],
        json!({ "stars": 4, "valid": true, "until": "2028-03-20", "decision": "MAU-4-001" })
    );
    assert_eq!(
        status["owner"],
        json!({ "id": "FARM", "name": "Hợp tác xã <Bến> Nắng", "commune": "Xã Mỹ Hiệp" })
    );
    assert_eq!(
        status["lot"],
        json!({ "organisation": "FARM", "number": "XCC261012A1", "made": "2026-10-13", "expires": "2026-10-30" })
    );
    assert_eq!(status["page"], "https://txng.example/xem/t/38C57RHV2");
    assert_eq!(status["business_date"], "2026-10-19");
    assert_eq!(status["statements"]["complete"], "proven");

    let recalled = get(scene.address, &format!("/api/v1/status?code={RECALLED}"))
        .await
        .json();
    assert_eq!(recalled["status_vi"], "Thu hồi");
    assert_eq!(recalled["notices"][0]["code"], "DA_THU_HOI");
}

#[tokio::test]
async fn one_unknown_code_does_not_spoil_a_batch() {
    let scene = Scene::new().await;
    let mut codes: Vec<String> = vec![GOOD.to_owned(); 197];
    codes.extend(
        [
            "t/SPVBB7YZG",
            "01/02082600000015/10/X1",
            "01/02082600000015/10/X2",
        ]
        .map(str::to_owned),
    );
    codes.extend(["38C5-7RHV3", "?"].map(str::to_owned));
    let post = async |codes: &[String]| {
        let body = json!({ "codes": codes }).to_string();
        ask(
            scene.address,
            "POST",
            "/api/v1/status",
            &[("Content-Type", "application/json")],
            &body,
        )
        .await
    };
    let reply = post(&codes).await;
    assert_eq!(reply.status, 200);
    let answers = reply.json()["answers"].as_array().unwrap().clone();
    let count = |key: &str, word: &str| answers.iter().filter(|answer| answer[key] == word).count();
    assert_eq!(answers.len(), 202);
    assert_eq!(
        (count("status", "recorded"), count("error", "KHONG_THAY_LO")),
        (197, 3)
    );
    assert_eq!(count("error", "MA_TRA_CUU_SAI"), 2);
    assert_eq!(
        answers[200]["message_vi"],
        "Mã chưa đúng. Xem lại các chữ và số trên tem."
    );

    assert_eq!(
        post(&vec!["t/SPVBB7YZG".to_owned(); 1_000]).await.status,
        200
    );
    let too_many = post(&vec!["t/SPVBB7YZG".to_owned(); 1_001]).await;
    assert_eq!(
        (too_many.status, too_many.json()["error"].as_str().unwrap()),
        (413, "QUA_NHIEU_MA")
    );
    let text = ask(
        scene.address,
        "POST",
        "/api/v1/status",
        &[("Content-Type", "application/json")],
        "[]",
    )
    .await;
    assert_eq!(
        (text.status, text.json()["error"].as_str().unwrap()),
        (400, "SAI_DANG")
    );
}

#[tokio::test]
async fn a_label_brings_its_style_and_may_do_nothing_else() {
    let scene = Scene::new().await;
    let label = get(scene.address, &format!("/label/{GOOD}")).await;
    let text = label.text();
    for wanted in ["38C5-7RHV2", "Ấp 3, Xã Mỹ Hiệp", "Xoài cát Chu", "5 kg"] {
        assert!(text.contains(wanted), "{wanted}");
    }
    let policy = label.header("content-security-policy");
    assert!(
        policy.contains("style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let svg = get(scene.address, &format!("/qr/{GOOD}.svg")).await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn before_anything_was_verified_nothing_is_said_about_goods() {
    let world = World::harvested();
    let data = tempfile::tempdir().unwrap();
    let station = Station::open(&world, "http://127.0.0.1:9", data.path());
    let address = listen(router(station.service.clone())).await;
    for path in [
        format!("/xem/{GOOD}"),
        format!("/{GOOD}"),
        format!("/bundle?code={GOOD}"),
        "/health".to_owned(),
    ] {
        let reply = get(address, &path).await;
        assert_eq!(reply.status, 503, "{path}");
        assert!(
            path == "/health" || reply.text().contains("không phải là kết luận về sản phẩm"),
            "{path}"
        );
    }
    assert_eq!(get(address, "/").await.status, 200);
    assert_eq!(get(address, "/anchor").await.status, 200);
}

#[tokio::test]
async fn a_head_that_grew_old_is_not_confirmed_and_says_so() {
    let scene = Scene::new().await;
    let (feed, url) = Feed::start().await;
    feed.entries(&scene.world);
    feed.put(
        "checkpoint.cosigned",
        scene
            .world
            .note(&crate::world::WITNESSES, now() - 1_000_000),
    );
    let data = tempfile::tempdir().unwrap();
    let mut station = Station::open(&scene.world, &url, data.path());
    station.step().await.unwrap();
    let address = listen(router(station.service.clone())).await;
    let status = get(address, &format!("/api/v1/status?code={GOOD}"))
        .await
        .json();
    assert_eq!(
        (
            status["status"].as_str().unwrap(),
            status["statements"]["fresh"].as_str().unwrap()
        ),
        ("unconfirmed", "not_proven")
    );
    let recalled = get(address, &format!("/api/v1/status?code={RECALLED}"))
        .await
        .json();
    assert_eq!(
        recalled["status"], "recalled",
        "a recall shows however old it is"
    );
    let page = get(address, &format!("/xem/{GOOD}")).await;
    assert!(page.text().contains("đã quá cũ"));
    assert_eq!(get(address, &format!("/label/{GOOD}")).await.status, 409);
}
