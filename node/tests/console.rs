//! The console as a browser and a program meet it: a real listener over a real ledger in a temporary folder.
//!
//! Two nodes: the authority's, which sequences, and the cooperative's, which records and validates. Nothing moves
//! between them but by [`World::send`] and [`World::confirm`], so that "offline" is simply not calling them.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed unwrap is a failed test"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger_core::body::{Body, Commune, Lives, Number, Role, Sealable};
use ledger_core::commitment::Opening;
use ledger_core::encode::Value;
use ledger_core::ids::{DeviceKey, Hash, OrgId, TreeSize};
use ledger_core::kind::Kind;
use ledger_core::time::{Date, Timestamp};
use ledger_core::vkey::KeyName;
use node::console::{Console, Settings, Token, router};
use node::folder::Folder;
use node::keys::{Keys, device_key};
use node::ledger::{DraftRequest, Ledger, LedgerHandle, Options, Timing, spawn};
use node::setup::{NewLedger, NewMember, Witnessing, create_ledger, join, prepare_member};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// 2026-10-19T08:00+07:00, the business date of the samples.
const NOW: i64 = 1_792_371_600;
/// How long a condition may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const PUBLIC_URL: &str = "https://truyxuat.dongthap.example";

struct World {
    dir: tempfile::TempDir,
    authority: Ledger,
    cooperative: Ledger,
    devices: BTreeMap<OrgId, DeviceKey>,
    address: SocketAddr,
    token: Token,
}

fn org(text: &str) -> OrgId {
    OrgId::new(text).unwrap()
}

fn devices_of(keys: &Keys) -> BTreeMap<OrgId, DeviceKey> {
    let device = |org: &OrgId| (org.clone(), device_key(keys.device(org).unwrap()));
    keys.organisations().map(device).collect()
}

fn fast() -> Timing {
    Timing {
        batch: Duration::from_millis(10),
        quorum_wait: Duration::from_millis(50),
        ..Timing::default()
    }
}

impl World {
    /// A ledger with two organisations on one machine: ORG-01 grows mangoes, ORG-02 may not harvest.
    async fn new(sample: bool) -> World {
        let dir = tempfile::tempdir().unwrap();
        let (so_folder, htx_folder) = (
            Folder::new(dir.path().join("so")),
            Folder::new(dir.path().join("htx")),
        );
        let validator = KeyName::new("htx.example/v").unwrap();
        let members = vec![org("ORG-01"), org("ORG-02")];
        let member = NewMember {
            organisations: members,
            validator: Some(validator.clone()),
        };
        let keys = prepare_member(&htx_folder, &member).unwrap();
        let witnessing = Witnessing {
            validators: vec![("HTX".into(), keys.validator.unwrap())],
            quorum: Some(1),
            max_age_seconds: 172_800,
        };
        let new = NewLedger {
            name: "Sổ thử".into(),
            origin: KeyName::new("so.example/thu").unwrap(),
            authority: org("SO"),
            authority_name: "Sở (thử)".into(),
            created: Timestamp::vietnam(NOW - 400 * 86_400),
            sample: sample.then(|| Date::parse("2026-10-19").unwrap()),
        };
        let anchor = create_ledger(&so_folder, &new, &witnessing).unwrap();
        let genesis = std::fs::read(so_folder.genesis()).unwrap();
        join(
            &htx_folder,
            "HTX",
            &genesis,
            anchor.text(),
            Some(&validator),
        )
        .unwrap();
        let so_options = Options {
            sequencer: true,
            timing: fast(),
            ..Options::default()
        };
        let htx_options = Options {
            validator: Some(validator),
            timing: fast(),
            ..Options::default()
        };
        let authority = spawn(so_folder, so_options).await.unwrap().0;
        let cooperative = spawn(htx_folder.clone(), htx_options).await.unwrap().0;
        let devices = devices_of(&Keys::load(&htx_folder.keys()).unwrap());
        enrol(&authority.handle(), &devices).await;
        let token = Token::load_or_create(htx_folder.root()).unwrap();
        let address = serve(&cooperative.handle(), &devices, &token).await;
        let world = World {
            dir,
            authority,
            cooperative,
            devices,
            address,
            token,
        };
        world.send().await;
        world
    }

    /// [`World::new`] with two growing places of ORG-01, logged and confirmed.
    async fn with_places(sample: bool) -> World {
        let world = World::new(sample).await;
        let drafts = json!([
            place(
                "PL-01",
                "Vườn xoài Bến Nắng – lô A",
                "plot",
                "Xoài",
                "Cát Chu",
                42
            ),
            place(
                "PL-02",
                "Vườn xoài Bến Nắng – lô B",
                "plot",
                "Xoài",
                "Cát Chu",
                105
            ),
            place("PO-01", "Ao cá Bến Nắng", "pond", "Cá tra", "", 8),
        ]);
        let answer = world
            .api(&json!({ "org": "ORG-01", "drafts": drafts, "ask": false }))
            .await;
        assert!(
            answer["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|result| result["event_id"].is_string()),
            "{answer}"
        );
        world.send().await;
        world.confirm().await;
        world
    }

    /// The network comes back: what waits is logged, and the log arrives here.
    async fn send(&self) {
        let (so, htx) = (self.authority.handle(), self.cooperative.handle());
        for envelope in htx.pending().await.unwrap() {
            so.submit(envelope).await.unwrap();
        }
        eventually("the authority logs what waits", async || {
            so.pending().await.unwrap().is_empty()
        })
        .await;
        self.pull().await;
    }

    async fn pull(&self) -> Option<String> {
        let (so, htx) = (self.authority.handle(), self.cooperative.handle());
        let heads = so.heads().borrow().clone();
        let known = htx.read(|replica| replica.size()).await;
        let entries = so
            .entries(ledger_core::ids::LeafIndex(known.0), usize::MAX)
            .await
            .unwrap();
        let extended = htx
            .extend(entries, heads.checkpoint, heads.cosigned)
            .await
            .unwrap();
        assert_eq!(extended.size, so.read(|replica| replica.size()).await);
        extended.cosignature
    }

    /// The validators confirm the newest head.
    async fn confirm(&self) {
        let (so, htx) = (self.authority.handle(), self.cooperative.handle());
        eventually("a head is confirmed", async || {
            self.pull().await;
            let line: Option<(TreeSize, String)> = htx.heads().borrow().cosignature.clone();
            if let Some((size, line)) = line {
                // An older line than the newest head is refused; the next round has the newer one.
                let _ = so.add_cosignature(size.0, line).await;
            }
            self.pull().await;
            let heads = htx.heads().borrow().clone();
            heads.cosigned_size.0 > 0
                && heads.cosigned_size == so.read(|replica| replica.size()).await
        })
        .await;
    }

    /// The console starts again over the same ledger.
    async fn restarted(&mut self) {
        self.address = serve(&self.cooperative.handle(), &self.devices, &self.token).await;
    }

    fn host(&self) -> String {
        self.address.to_string()
    }

    /// A browser that was let in.
    async fn get(&self, path: &str) -> Reply {
        let cookie = self.cookie().await;
        http(
            self.address,
            "GET",
            path,
            &[("host", &self.host()), ("cookie", &cookie)],
            b"",
        )
        .await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let (cookie, origin) = (self.cookie().await, format!("http://{}", self.host()));
        let headers = [
            ("host", self.host()),
            ("cookie", cookie),
            ("origin", origin),
            ("content-type", "application/x-www-form-urlencoded".into()),
            (
                "user-agent",
                "Mozilla/5.0 (Linux; Android 8.1) Mobile".into(),
            ),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        http(
            self.address,
            "POST",
            path,
            &headers,
            encoded(form).as_bytes(),
        )
        .await
    }

    async fn cookie(&self) -> String {
        let entered = http(
            self.address,
            "GET",
            &self.token.entrance(),
            &[("host", &self.host())],
            b"",
        )
        .await;
        assert_eq!(entered.status, 303, "{}", entered.text());
        entered
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }

    async fn api_raw(&self, body: &[u8]) -> Reply {
        let bearer = format!("Bearer {}", self.token.as_str());
        let headers = [
            ("host", self.host()),
            ("authorization", bearer),
            ("content-type", "application/json".into()),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        http(self.address, "POST", "/api/drafts", &headers, body).await
    }

    async fn api(&self, request: &Json) -> Json {
        serde_json::from_slice(&self.api_raw(request.to_string().as_bytes()).await.body).unwrap()
    }

    /// The form as the clerk sees it first, with some fields changed.
    async fn form(&self, changes: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
        let page = self.get("/thu-hoach?don-vi=ORG-01").await.text();
        let mut fields: BTreeMap<&'static str, String> = BTreeMap::new();
        for name in ["don-vi", "ma-phieu", "da-hoi", "ngay", "gio", "so-lo"] {
            fields.insert(name, value_of(&page, name));
        }
        fields.insert("vuon", "PL-01".into());
        fields.insert("kg", "1850".into());
        fields.extend(
            changes
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        fields
    }

    async fn submit(&self, fields: &BTreeMap<&'static str, String>) -> Reply {
        let form: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.post("/thu-hoach", &form).await
    }

    /// Kinds of the events that wait, in order.
    async fn waiting(&self) -> Vec<String> {
        let envelopes = self.cooperative.handle().pending().await.unwrap();
        let kind = |bytes: &Vec<u8>| {
            ledger_core::sign::Envelope::parse(bytes)
                .unwrap()
                .payload()
                .draft
                .body
                .kind
                .name()
                .to_owned()
        };
        envelopes.iter().map(kind).collect()
    }

    async fn stop(self) {
        self.authority.stop().await;
        self.cooperative.stop().await;
        self.dir.close().unwrap();
    }
}

async fn serve(
    ledger: &LedgerHandle,
    devices: &BTreeMap<OrgId, DeviceKey>,
    token: &Token,
) -> SocketAddr {
    let settings = Settings {
        organisations: devices.clone(),
        public_url: PUBLIC_URL.into(),
        token: token.clone(),
        clock: || NOW,
    };
    let app = router(Console::new(ledger.clone(), settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Admits both organisations and enrols their devices.
async fn enrol(so: &LedgerHandle, devices: &BTreeMap<OrgId, DeviceKey>) {
    let time = Timestamp::vietnam(NOW - 390 * 86_400);
    for (member, key) in devices {
        let (name, role) = match member.as_str() {
            "ORG-01" => ("Hợp tác xã Xoài Bến Nắng (mẫu)", Role::Producer),
            _ => ("Cửa hàng <Mẫu> & bạn", Role::Retailer),
        };
        let admitted = Body {
            id: Some(Number(member.to_string())),
            name: Some(Sealable::Text(name.into())),
            address: Some(Sealable::Text("Ấp Mẫu 1, xã Mỹ Thọ, tỉnh Đồng Tháp".into())),
            commune: Some(commune()),
            roles: Some(vec![role]),
            ..Body::new(Kind::Org)
        };
        let enrolled = Body {
            org: Some(member.clone()),
            key: Some(Hash(key.0)),
            lives: Some(Lives::Own),
            ..Body::new(Kind::Device)
        };
        for body in [admitted, enrolled] {
            so.record(
                org("SO"),
                DraftRequest {
                    occurred: time,
                    signed: Some(time),
                    body,
                },
            )
            .await
            .unwrap();
        }
    }
}

fn commune() -> Commune {
    Commune {
        code: "30076".into(),
        as_of: Date::parse("2025-07-01").unwrap(),
        name: "Xã Mỹ Thọ".into(),
    }
}

fn place(
    id: &str,
    name: &str,
    place_type: &str,
    crop: &str,
    variety: &str,
    tenths_of_hectare: u32,
) -> Json {
    let mut body = json!({
        "kind": "place", "id": id, "name": name, "type": place_type, "commune": ["30076", "2025-07-01", "Xã Mỹ Thọ"],
        "point": [104_100_000, 1_057_300_000], "area": [tenths_of_hectare, 1, "HAR"], "crop": crop,
    });
    if !variety.is_empty() {
        body["variety"] = json!(variety);
    }
    json!({ "occurred": "2026-01-05T08:00:00+07:00", "body": body })
}

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One request, byte for byte what the test says: a browser library would add headers of its own.
async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    headers
        .iter()
        .for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
    request += "\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    // A server that refuses early need not read the rest.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("an answer has a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let pair = |line: &str| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    };
    Reply {
        status,
        headers: lines.filter_map(pair).collect(),
        body: answer[end + 4..].to_vec(),
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect()
    };
    form.iter()
        .map(|(name, value)| format!("{}={}", name, escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The value of an input.
fn value_of(page: &str, name: &str) -> String {
    let input = page
        .split("<input")
        .find(|input| input.contains(&format!("name=\"{name}\"")))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let tag = &input[..input.find('>').unwrap()];
    tag.split_once(" value=\"")
        .map_or("", |(_, rest)| rest.split('"').next().unwrap())
        .to_owned()
}

async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(
            std::time::Instant::now() < deadline,
            "waited in vain: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a scanner reads from a picture.
fn scanned(png: &[u8]) -> String {
    let child = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("zbarimg is missing: apt-get install zbar-tools");
    child.stdin.take().unwrap().write_all(png).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harvest_is_recorded_once_and_followed_to_its_confirmation() {
    let mut world = World::with_places(true).await;
    let form = world.form(&[("ghi-chu", "hái <sáng> & khô")]).await;
    assert_eq!(
        (form["ngay"].as_str(), form["gio"].as_str()),
        ("2026-10-19", "08:00"),
        "the sample lives on its date"
    );
    assert_eq!(form["so-lo"], "XCC-261019-A");

    // Offline: saved, with the code of its label, and the receipt says so.
    let recorded = world.submit(&form).await;
    assert_eq!(recorded.status, 303, "{}", recorded.text());
    let receipt = recorded.header("location").to_owned();
    assert_eq!(world.waiting().await, ["harvest", "bind"]);
    let page = world.get(&receipt).await.text();
    for text in [
        "Đã lưu trên máy, chờ gửi",
        "Vườn xoài Bến Nắng – lô A",
        "19/10/2026 lúc 08:00",
        "1.850 kg",
        "một ngàn tám trăm năm mươi ký",
        "XCC-261019-A",
        "hái &lt;sáng&gt; &amp; khô",
        "In tem",
        "Ghi việc khác",
        "Hợp tác xã Xoài Bến Nắng (mẫu)",
        "SỔ MẪU",
        "http-equiv=\"refresh\"",
    ] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    let home = world.get("/?don-vi=ORG-01").await.text();
    assert!(
        home.contains("1 việc chờ gửi")
            && home.contains("Thu hoạch")
            && home.contains("1.850 kg · lô XCC-261019-A")
    );

    // Twice, reloaded, after a restart, or with other numbers: nothing more is recorded.
    let mut changed = form.clone();
    changed.insert("kg", "9".into());
    for again in [&form, &changed] {
        assert_eq!(
            world.submit(again).await.header("location"),
            format!("{receipt}?da-ghi=1")
        );
    }
    world.restarted().await;
    let again = world.submit(&form).await;
    assert_eq!(again.header("location"), format!("{receipt}?da-ghi=1"));
    let page = world.get(again.header("location")).await.text();
    assert!(
        page.contains("Mục này đã được ghi lúc 08:00 ngày 19/10/2026, không ghi thêm lần nữa."),
        "{page}"
    );
    assert_eq!(world.waiting().await, ["harvest", "bind"]);

    // The network comes back.
    world.send().await;
    assert!(world.get(&receipt).await.text().contains("Đã ghi vào sổ"));
    assert!(
        world
            .get("/?don-vi=ORG-01")
            .await
            .text()
            .contains("Không có việc chờ gửi")
    );
    world.confirm().await;
    let page = world.get(&receipt).await.text();
    assert!(
        page.contains("Đã được các đơn vị xác nhận") && !page.contains("http-equiv=\"refresh\"")
    );

    // The next form: the place used last is first, and the next lot number.
    let mut next = world.form(&[]).await;
    assert_eq!(next["so-lo"], "XCC-261019-B");
    let page = world.get("/thu-hoach?don-vi=ORG-01").await.text();
    assert!(page.find("value=\"PL-01\" checked").unwrap() < page.find("value=\"PO-01\"").unwrap());
    // The same deed told once more, on a new form, after it is logged.
    next.insert("so-lo", "XCC-261019-Z".into());
    assert_eq!(
        world.submit(&next).await.header("location"),
        format!("{receipt}?da-ghi=1")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_at_once_record_once() {
    let world = World::with_places(true).await;
    let form = world.form(&[]).await;
    let (a, b) = tokio::join!(world.submit(&form), world.submit(&form));
    assert_eq!((a.status, b.status), (303, 303));
    let event = |reply: &Reply| {
        reply
            .header("location")
            .split('?')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(event(&a), event(&b));
    assert_eq!(world.waiting().await, ["harvest", "bind"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_stands_beside_its_field_and_nothing_typed_is_lost() {
    let world = World::with_places(true).await;
    let first = world.form(&[("gio", "05:00"), ("so-lo", "TAKEN-1")]).await;
    assert_eq!(world.submit(&first).await.status, 303);
    let long = "x".repeat(600);
    let cases: &[(&'static str, &str, &str, &str)] = &[
        ("vuon", "", "vuon", "Chưa chọn nơi thu hoạch"),
        ("vuon", "PL-99", "vuon", "Nơi này của đơn vị khác"),
        ("kg", "", "kg", "Chưa có khối lượng"),
        ("kg", "nhiều lắm", "kg", "không đọc được"),
        ("kg", "2 tấn", "kg", "Sổ ghi bằng kg"),
        ("kg", "1.85.0", "kg", "Dấu chấm, dấu phẩy đặt chưa rõ"),
        ("kg", "0", "kg", "phải lớn hơn 0"),
        ("kg", "320000", "kg", "cao hơn nhiều so với"),
        ("ngay", "31/02/2026", "ngay", "Chưa rõ ngày nào"),
        ("ngay", "2027-10-12", "ngay", "Ngày 12/10/2027 chưa tới"),
        ("gio", "25:00", "gio", "Chưa rõ mấy giờ"),
        ("so-lo", "lô số 1", "so-lo", "Số lô chỉ gồm chữ không dấu"),
        ("so-lo", "TAKEN-1", "so-lo", "TAKEN-1 đã dùng"),
        ("ghi-chu", &long, "ghi-chu", "Ghi chú dài quá"),
        ("ghi-chu", "gọi 0912 345 678", "ghi-chu", "số điện thoại"),
    ];
    for (field, typed, beside, says) in cases {
        let form = world.form(&[(field, typed), ("ly-do", "")]).await;
        let reply = world.submit(&form).await;
        let page = reply.text();
        assert_eq!(reply.status, 422, "{field}={typed}: {page}");
        let message = page
            .split(&format!("id=\"loi-{beside}\""))
            .nth(1)
            .unwrap_or_else(|| panic!("no message beside {beside} for {typed}: {page}"));
        let message: String = message.chars().take(500).collect();
        assert!(message.contains(says), "{says} beside {beside}: {message}");
        assert!(
            page.contains(&format!("href=\"#{beside}\"")),
            "the summary leads to {beside}"
        );
        assert!(
            page.contains(&format!("aria-describedby=\"loi-{beside}\"")),
            "{beside} names its message"
        );
        if *field != "vuon" && typed.len() < 100 {
            assert!(page.contains(typed), "{typed} is kept");
        }
        assert_eq!(value_of(&page, "ma-phieu"), form["ma-phieu"]);
    }
    assert_eq!(
        world.waiting().await,
        ["harvest", "bind"],
        "nothing but the first was recorded"
    );
    // A form that is none.
    assert_eq!(
        world
            .post("/thu-hoach", &[("don-vi", "ORG-01")])
            .await
            .status,
        400
    );
    assert_eq!(
        world
            .post(
                "/thu-hoach",
                &[("don-vi", "ORG-09"), ("ma-phieu", &"a".repeat(32))]
            )
            .await
            .status,
        400
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_that_may_mean_two_things_is_asked_about() {
    let world = World::with_places(true).await;
    let mut form = world.form(&[("kg", "1.850")]).await;
    let page = world.submit(&form).await.text();
    for text in [
        "“1.850” là bao nhiêu?",
        "value=\"1850\"",
        "1.850 kg<small>một ngàn tám trăm năm mươi ký",
        "value=\"1.85\"",
        "một phẩy tám năm ký",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // A choice that does not belong to what is typed now answers nothing.
    form.insert("kg-chon", "12".into());
    assert_eq!(world.submit(&form).await.status, 422);
    form.insert("kg-chon", "1850".into());
    let recorded = world.submit(&form).await;
    assert!(
        world
            .get(recorded.header("location"))
            .await
            .text()
            .contains("<b>1.850 kg</b>")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_by_a_reason_and_no_other_question_with_it() {
    let world = World::with_places(true).await;
    let spray = json!([{
        "occurred": "2026-10-15T07:00:00+07:00",
        "body": { "kind": "spray", "field": ["ORG-01", "PL-01"], "ingredient": "Abamectin", "wait_days": 14 },
    }]);
    world
        .api(&json!({ "org": "ORG-01", "drafts": spray }))
        .await;
    // The spray still waits for the network, and counts all the same.
    let mut form = world.form(&[]).await;
    let reply = world.submit(&form).await;
    let page = reply.text();
    assert_eq!(reply.status, 422);
    for text in [
        "phun thuốc ngày 15/10/2026, sớm nhất ngày 29/10/2026",
        "Vẫn ghi, lý do:",
        "CHUA_DU_CACH_LY",
        "Vẫn ghi thu hoạch",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // A reason to a question that was not shown yet is no answer.
    form.insert("ly-do", "Trái rụng sau mưa lớn".into());
    assert_eq!(world.submit(&form).await.status, 422);
    form.insert("da-hoi", value_of(&page, "da-hoi"));
    // Another question comes up: it is asked first.
    let mut heavier = form.clone();
    heavier.insert("kg", "320000".into());
    let page = world.submit(&heavier).await.text();
    assert!(page.contains("SAN_LUONG_VUOT_KHA_NANG") && page.contains("Trái rụng sau mưa lớn"));
    // The number is right now, the reason is signed with the event.
    let recorded = world.submit(&form).await;
    assert_eq!(recorded.status, 303, "{}", recorded.text());
    let page = world.get(recorded.header("location")).await.text();
    assert!(
        page.contains("Lý do vẫn ghi") && page.contains("Trái rụng sau mưa lớn"),
        "{page}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_opens_and_only_our_own_pages_record() {
    let world = World::with_places(true).await;
    let (host, cookie) = (world.host(), world.cookie().await);
    let form = world.form(&[]).await;
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let form = encoded(&form);
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    let own = format!("http://{host}");
    type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, u16);
    let cases: &[Case<'_>] = &[
        ("GET", "/", vec![("host", &host)], 401),
        ("GET", "/vao?ma=abc", vec![("host", &host)], 401),
        ("GET", "/vao", vec![("host", &host)], 401),
        (
            "GET",
            "/",
            vec![("host", &host), ("cookie", "so-000000000000=1")],
            401,
        ),
        ("GET", "/api/so-lo", vec![("host", &host)], 401),
        (
            "GET",
            "/",
            vec![("host", "console.evil.example"), ("cookie", &cookie)],
            421,
        ),
        (
            "POST",
            "/thu-hoach",
            vec![("host", &host), ("origin", &own), urlencoded],
            401,
        ),
        (
            "POST",
            "/thu-hoach",
            vec![
                ("host", &host),
                ("cookie", &cookie),
                ("origin", "https://evil.example"),
                urlencoded,
            ],
            403,
        ),
        (
            "POST",
            "/thu-hoach",
            vec![
                ("host", &host),
                ("cookie", &cookie),
                ("origin", "null"),
                urlencoded,
            ],
            403,
        ),
        (
            "POST",
            "/thu-hoach",
            vec![("host", &host), ("cookie", &cookie), urlencoded],
            403,
        ),
        (
            "POST",
            "/thu-hoach",
            vec![
                ("host", "evil.example"),
                ("cookie", &cookie),
                ("origin", "http://evil.example"),
                urlencoded,
            ],
            421,
        ),
        (
            "GET",
            "/khong-co",
            vec![("host", &host), ("cookie", &cookie)],
            404,
        ),
    ];
    for (method, path, headers, status) in cases {
        let body = if *method == "POST" {
            form.as_bytes()
        } else {
            b""
        };
        let reply = http(world.address, method, path, headers, body).await;
        assert_eq!(
            reply.status,
            *status,
            "{method} {path} {headers:?}: {}",
            reply.text()
        );
        assert!(
            reply
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(!reply.text().contains(world.token.as_str()));
    }
    assert!(world.waiting().await.is_empty(), "nothing was recorded");
    let set = http(
        world.address,
        "GET",
        &world.token.entrance(),
        &[("host", &host)],
        b"",
    )
    .await;
    let set = set.header("set-cookie");
    assert!(
        set.contains("HttpOnly")
            && set.contains("SameSite=Strict")
            && !set.contains(world.token.as_str()),
        "{set}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_is_printed_offline_and_always_with_the_same_code() {
    let mut world = World::with_places(true).await;
    let form = world.form(&[("so-lo", "A/B%1")]).await;
    assert_eq!(world.submit(&form).await.status, 303);
    let lot = "/tem/ORG-01/A%2FB%251";
    let page = world.get(lot).await.text();
    let code = page.split("<p class=\"ma\">").nth(1).unwrap()[..10].to_owned();
    for text in [
        "Số tem",
        "Giấy in",
        "Xoài Cát Chu",
        "Hợp tác xã Xoài Bến Nắng (mẫu)",
        "Ấp Mẫu 1, xã Mỹ Thọ",
        "NSX: 19/10/2026",
        "DỮ LIỆU MẪU",
        "cả lô 1.850 kg",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let scan = format!("{PUBLIC_URL}/t/{}", code.replace('-', ""));
    let png = world.get(&format!("{lot}/qr.png")).await;
    assert_eq!(
        (png.header("content-type"), scanned(&png.body)),
        ("image/png", scan.clone())
    );

    let sheet = world.get(&format!("{lot}/in?so-tem=30&kho=a4")).await;
    assert_eq!(sheet.status, 200);
    assert_eq!(sheet.text().matches("<article").count(), 30);
    assert!(
        sheet.text().contains("Số tem: 30")
            && sheet
                .header("content-security-policy")
                .contains("'unsafe-inline'")
    );
    assert_eq!(
        world
            .get(&format!("{lot}/in?so-tem=3&kho=cuon"))
            .await
            .text()
            .matches("<article")
            .count(),
        3
    );
    for (query, says) in [
        ("so-tem=0&kho=a4", "Số tem phải từ 1 đến 1.050"),
        ("so-tem=2000&kho=a4", "Số tem phải từ 1 đến 1.050"),
        ("so-tem=ba&kho=a4", "Số tem phải từ 1 đến 1.050"),
        ("so-tem=3&kho=lua", "Chưa chọn giấy in"),
    ] {
        let reply = world.get(&format!("{lot}/in?{query}")).await;
        assert!(
            reply.status == 422 && reply.text().contains(says),
            "{query}: {}",
            reply.text()
        );
    }

    // Logged, and after a restart: the same code, and nothing more was bound.
    world.send().await;
    world.restarted().await;
    assert_eq!(
        scanned(&world.get(&format!("{lot}/qr.png")).await.body),
        scan
    );
    assert_eq!(world.post(lot, &[]).await.status, 303);
    assert!(world.waiting().await.is_empty());
    assert_eq!(world.get("/tem/ORG-01/KHONG-CO").await.status, 404);
    assert_eq!(world.get("/tem/ORG-09/A").await.status, 404);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_of_another_program_gets_its_code_by_a_press() {
    let world = World::with_places(true).await;
    let answer = world
        .api(&json!({ "org": "ORG-01", "drafts": [harvest("L-1", 900)] }))
        .await;
    assert_eq!(answer["results"][0]["seq"], 3, "{answer}");
    assert!(
        world
            .get("/tem/ORG-01/L-1")
            .await
            .text()
            .contains("Cấp mã cho lô")
    );
    assert_eq!(world.get("/tem/ORG-01/L-1/qr.png").await.status, 404);
    assert_eq!(world.post("/tem/ORG-01/L-1", &[]).await.status, 303);
    assert!(
        world
            .get("/tem/ORG-01/L-1")
            .await
            .text()
            .contains("Mở trang in")
    );
    assert_eq!(world.waiting().await, ["harvest", "bind"]);
    world.stop().await;
}

fn harvest(number: &str, kg: u64) -> Json {
    json!({
        "occurred": "2026-10-18T06:10:00+07:00",
        "body": {
            "kind": "harvest", "field": ["ORG-01", "PL-01"], "entry": "api",
            "outputs": [{ "no": number, "owner": "ORG-01", "qty": [kg, 0, "KGM"], "made": "2026-10-18" }],
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_draft_of_a_batch_has_its_own_answer() {
    let world = World::with_places(true).await;
    let mut reasoned = harvest("L-4", 320_000);
    reasoned["override_reason"] = json!("cân chung bốn ngày");
    let mut wrong = harvest("L-2", 1);
    wrong["body"]["outputs"][0]["qty"] = json!(1.5);
    let drafts = json!([
        harvest("L-1", 900),
        wrong,
        harvest("L-3", 320_001),
        reasoned,
        harvest("L-5", 900)
    ]);
    let answer = world
        .api(&json!({ "org": "ORG-01", "drafts": drafts, "ask": true }))
        .await;
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results[0]["event_id"].as_str().unwrap().len(), 64);
    assert_eq!(results[1]["error"]["field"], "body.outputs[0].qty");
    assert!(
        results[1]["error"]["message_vi"]
            .as_str()
            .unwrap()
            .contains("số nguyên")
    );
    assert_eq!(
        results[2]["questions"][0]["code"],
        "SAN_LUONG_VUOT_KHA_NANG"
    );
    assert_eq!(results[2]["questions"][0]["weight"], "hold");
    assert!(results[3]["event_id"].is_string(), "{answer}");
    // The same deed as the first, in the light of the first (N-16).
    assert_eq!(results[4]["questions"][0]["code"], "DA_GHI_ROI", "{answer}");
    assert_eq!(world.waiting().await, ["harvest", "harvest"]);

    // Without questions everything well formed is recorded, in order.
    let many: Vec<Json> = (0..300)
        .map(|n| harvest(&format!("M-{n}"), 100 + n))
        .collect();
    let answer = world
        .api(&json!({ "org": "ORG-01", "drafts": many, "ask": false }))
        .await;
    let seqs: Vec<u64> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (5..305).collect::<Vec<_>>());

    // Where an event stands.
    let id = results[0]["event_id"].as_str().unwrap();
    let status: Json =
        serde_json::from_slice(&world.get(&format!("/api/events/{id}")).await.body).unwrap();
    assert_eq!(
        (&status["status"], &status["status_vi"]),
        (&json!("saved"), &json!("Đã lưu trên máy, chờ gửi"))
    );
    assert_eq!(
        world
            .get(&format!("/api/events/{}", "0".repeat(64)))
            .await
            .status,
        404
    );
    assert_eq!(world.get("/api/events/xyz").await.status, 400);
    let number: Json = serde_json::from_slice(
        &world
            .get("/api/so-lo?don-vi=ORG-01&vuon=PO-01&ngay=2026-10-18")
            .await
            .body,
    )
    .unwrap();
    assert_eq!(number["so_lo"], "CT-261018-A");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_limits_are_refused_whole() {
    let world = World::with_places(false).await;
    let ok = json!({ "org": "ORG-01", "drafts": [harvest("L-1", 1)] });
    let with = |key: &str, value: Json| {
        let mut request = ok.clone();
        request[key] = value;
        request.to_string()
    };
    let cases = [
        ("{".into(), 400, ""),
        ("[]".into(), 400, ""),
        (
            r#"{"org":"ORG-01","org":"ORG-02","drafts":[]}"#.into(),
            400,
            "",
        ),
        (with("hello", json!(1)), 400, "hello"),
        (with("org", json!("org")), 400, "org"),
        (with("org", json!("ORG-09")), 422, "org"),
        (with("drafts", json!([])), 400, "drafts"),
        (with("drafts", json!(vec![0; 501])), 400, "drafts"),
        (with("ask", json!("no")), 400, "ask"),
        (" ".repeat(2 * 1024 * 1024 + 1), 413, ""),
    ];
    for (body, status, field) in cases {
        let reply = world.api_raw(body.as_bytes()).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(reply.status, status, "{shown}");
        let answer: Json = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(answer["error"]["field"], field, "{shown}");
        assert!(!answer["error"]["message_vi"].as_str().unwrap().is_empty());
    }
    // Outside a demonstration nobody sets the clock of a device.
    let mut replayed = harvest("L-1", 1);
    replayed["signed"] = json!("2026-10-18T06:11:00+07:00");
    let answer = world
        .api(&json!({ "org": "ORG-01", "drafts": [replayed] }))
        .await;
    assert_eq!(
        answer["results"][0]["error"]["code"],
        "KHONG_DUOC_DAT_GIO_KY"
    );
    assert!(world.waiting().await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_chooses_the_organisation_and_sees_what_is_void() {
    let world = World::with_places(true).await;
    let page = world.get("/").await.text();
    assert!(
        page.contains("Ghi cho đơn vị nào?") && page.contains("Cửa hàng &lt;Mẫu&gt; &amp; bạn"),
        "{page}"
    );
    assert_eq!(world.get("/thu-hoach").await.header("location"), "/");
    assert!(
        world
            .get("/thu-hoach?don-vi=ORG-02")
            .await
            .text()
            .contains("chưa có vườn, ao nào")
    );
    // Said without being asked back, and without permission: logged, void, and shown so.
    let mut other = harvest("L-1", 5);
    other["body"]["field"] = json!(["ORG-02", "X"]);
    other["body"]["outputs"][0]["owner"] = json!("ORG-02");
    let answer = world
        .api(&json!({ "org": "ORG-02", "drafts": [other.clone()], "ask": true }))
        .await;
    assert_eq!(
        answer["results"][0]["questions"][0]["code"], "KHONG_CO_QUYEN",
        "{answer}"
    );
    world
        .api(&json!({ "org": "ORG-02", "drafts": [other], "ask": false }))
        .await;
    world.send().await;
    let page = world.get("/?don-vi=ORG-02").await.text();
    assert!(
        page.contains("Đã vào sổ nhưng không có hiệu lực") && page.contains("không có quyền"),
        "{page}"
    );
    assert!(
        !world
            .get("/?don-vi=ORG-01")
            .await
            .text()
            .contains("không có hiệu lực")
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_names_are_shown_where_their_openings_are_kept() {
    let world = World::with_places(true).await;
    let opening = Opening {
        path: "name".into(),
        salt: [7; 32],
        value: Value::text("Vườn nhà ông Mẫu"),
    };
    let mut draft = place("PL-03", "", "plot", "Ổi", "Lê", 12);
    draft["body"]["name"] = json!({ "$hex": opening.commitment().to_string() });
    draft["openings"] = json!([{ "$hex": hex::encode(opening.encode()) }]);
    let answer = world
        .api(&json!({ "org": "ORG-01", "drafts": [draft] }))
        .await;
    assert!(answer["results"][0]["event_id"].is_string(), "{answer}");
    world.send().await;
    let page = world.get("/thu-hoach?don-vi=ORG-01").await.text();
    assert!(page.contains("Vườn nhà ông Mẫu"), "{page}");
    let form = world.form(&[("vuon", "PL-03"), ("so-lo", "")]).await;
    let receipt = world.submit(&form).await.header("location").to_owned();
    let page = world.get(&receipt).await.text();
    assert!(
        page.contains("Vườn nhà ông Mẫu") && page.contains("OL-261019-A"),
        "{page}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_plainly_and_keep_their_labels() {
    let world = World::with_places(true).await;
    let form = world.form(&[]).await;
    let receipt = world.submit(&form).await.header("location").to_owned();
    let lot = format!("/tem/ORG-01/{}", form["so-lo"]);
    for path in [
        "/",
        "/?don-vi=ORG-01",
        "/thu-hoach?don-vi=ORG-01",
        &receipt,
        &lot,
    ] {
        let page = world.get(path).await.text();
        let lower = page.to_lowercase();
        for jargon in [
            "blockchain",
            "chuỗi khối",
            "json",
            "hash",
            "node",
            "khóa công khai",
        ] {
            assert!(!lower.contains(jargon), "{jargon} on {path}");
        }
        assert!(
            page.contains("<html lang=\"vi\">")
                && page.contains("width=device-width")
                && page.matches("<h1>").count() == 1,
            "{path}"
        );
        for input in page
            .split("<input ")
            .skip(1)
            .map(|input| &input[..input.find('>').unwrap()])
        {
            let id = input
                .split("id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let labelled = id.is_some_and(|id| page.contains(&format!("<label for=\"{id}\">")));
            assert!(
                labelled || input.contains("type=\"hidden\"") || input.contains("type=\"radio\""),
                "{input} on {path}"
            );
        }
    }
    for (path, kind) in [
        ("/kieu.css", "text/css"),
        ("/trang.js", "text/javascript"),
        ("/in.js", "text/javascript"),
    ] {
        assert!(
            world
                .get(path)
                .await
                .header("content-type")
                .starts_with(kind)
        );
    }
    world.stop().await;
}
