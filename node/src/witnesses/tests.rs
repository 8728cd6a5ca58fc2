#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use ledger_core::vkey::KeyName;

use super::*;
use crate::fault::Faults;
use crate::feed::Feed;
use crate::fixture::*;
use crate::folder::Folder;
use crate::keys::Keys;
use crate::ledger::{Health, Ledger, Options, Timing, spawn};
use crate::witness::{Witness, WitnessConfig};

/// The department's log with one event under its head, which asks this witness.
async fn department(province: &Province, key: &Verifier) -> Ledger {
    drop(province.sequencer());
    let timing = Timing {
        batch: Duration::from_millis(20),
        ..Timing::default()
    };
    let options = Options {
        timing,
        witnesses: vec![key.clone()],
        ..province.options(&org(SO), Faults::none())
    };
    let (ledger, _) = spawn(province.folder(&org(SO)), options).await.unwrap();
    ledger
}

fn log_key(province: &Province) -> Verifier {
    let (_, anchor) = crate::ledger::read_trust(&province.folder(&org(SO))).unwrap();
    anchor.policy().logs()[0].verifier().clone()
}

/// A node that witnesses over HTTP: its feed is served until the test ends.
async fn our_witness(province: &Province, folder: &Folder) -> (String, Verifier) {
    std::fs::create_dir_all(folder.keys()).unwrap();
    let config = WitnessConfig {
        name: KeyName::new("witness.example/w1").unwrap(),
        logs: vec![log_key(province)],
    };
    let keys = Keys::load(&folder.keys()).unwrap();
    let witness = Witness::open(folder, &keys, &config, Faults::none()).unwrap();
    let key = witness.verifier();
    // The witness's own ledger is that of a member here; it may be any.
    let member = province.folder(&org("HTX-1"));
    let (genesis, anchor) = crate::ledger::read_trust(&member).unwrap();
    let options = province.options(&org("HTX-1"), Faults::none());
    let (ledger, _) = spawn(member, options).await.unwrap();
    let feed = Feed::new(ledger.handle(), genesis, anchor, "HTX", false)
        .witnessing(Some(Arc::new(Mutex::new(witness))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let _running = ledger;
        axum::serve(listener, feed.router()).await.unwrap();
    });
    (url, key)
}

/// Waits until the published head of so many leaves or more carries the witness's line, and checks the line.
async fn until_witnessed(ledger: &Ledger, key: &Verifier, size: u64) -> String {
    let mut heads = ledger.handle().heads();
    let has_line = |text: &String| {
        let note = Note::parse(text.as_bytes()).unwrap();
        note.lines().iter().any(|line| {
            line.name() == key.name().as_str()
                && line.id() == key.id()
                && key.verify(note.text(), line.signature()).is_ok()
        })
    };
    let witnessed = heads.wait_for(|heads| {
        heads.cosigned_size.0 >= size && heads.cosigned.as_ref().is_some_and(has_line)
    });
    let heads = tokio::time::timeout(Duration::from_secs(60), witnessed).await;
    heads.expect("in time").unwrap().cosigned.clone().unwrap()
}

async fn log_one_more(ledger: &Ledger, n: usize) -> u64 {
    let handle = ledger.handle();
    let before = handle.heads().borrow().size.0;
    handle.record(org(SO), hold("HTX-1", n)).await.unwrap();
    let mut heads = handle.heads();
    heads
        .wait_for(|heads| heads.size.0 > before)
        .await
        .unwrap()
        .size
        .0
}

fn ask(ledger: &Ledger, url: &str, key: &Verifier) -> tokio::task::JoinHandle<()> {
    let (url, key) = (url.to_owned(), key.clone());
    let again = Duration::from_secs(600);
    tokio::spawn(collect(ledger.handle(), RemoteWitness { url, key }, again))
}

#[tokio::test]
async fn a_witness_over_http_cosigns_head_after_head_and_its_line_is_published() {
    let province = Province::new(1, None);
    let dir = tempfile::tempdir().unwrap();
    let (url, key) = our_witness(&province, &Folder::new(dir.path())).await;
    let ledger = department(&province, &key).await;
    let asking = ask(&ledger, &url, &key);
    for n in 0..3 {
        let size = log_one_more(&ledger, n).await;
        until_witnessed(&ledger, &key, size).await;
    }
    // A restarted department does not know what was cosigned last, and learns it from a 409.
    asking.abort();
    let asking = ask(&ledger, &url, &key);
    let size = log_one_more(&ledger, 9).await;
    until_witnessed(&ledger, &key, size).await;
    asking.abort();
    ledger.stop().await;
}

#[tokio::test]
async fn a_department_with_an_old_copy_learns_from_the_witness_that_it_must_not_sign() {
    let province = Province::new(1, None);
    let dir = tempfile::tempdir().unwrap();
    let (url, key) = our_witness(&province, &Folder::new(dir.path())).await;
    let ledger = department(&province, &key).await;
    ledger.stop().await;
    let so = province.folder(&org(SO));
    let backup: Vec<(std::path::PathBuf, Vec<u8>)> =
        [so.log(), so.checkpoint(), so.cosigned(), so.writer()]
            .into_iter()
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
    let options = || Options {
        witnesses: vec![key.clone()],
        ..province.options(&org(SO), Faults::none())
    };
    let (ledger, _) = spawn(so.clone(), options()).await.unwrap();
    let asking = ask(&ledger, &url, &key);
    let size = log_one_more(&ledger, 0).await;
    until_witnessed(&ledger, &key, size).await;
    asking.abort();
    ledger.stop().await;
    for (path, bytes) in backup {
        std::fs::write(path, bytes).unwrap();
    }
    let (ledger, _) = spawn(so, options()).await.unwrap();
    let asking = ask(&ledger, &url, &key);
    let mut health = ledger.handle().health();
    let halted = health.wait_for(|health| matches!(health, Health::Halted(_)));
    let halted = tokio::time::timeout(Duration::from_secs(60), halted).await;
    let Health::Halted(trouble) = halted.expect("in time").unwrap().clone() else {
        unreachable!("waited for it");
    };
    assert!(
        trouble.message_vi.contains("witness.example/w1"),
        "{trouble:?}"
    );
    asking.abort();
    ledger.stop().await;
}

/// The witness that others wrote, behind a few lines of HTTP; none where Python cannot get it.
struct Referee {
    process: Child,
    url: String,
    key: Verifier,
}

const REFEREE: &str = r#"
import http.server, sys, witness_log
service = witness_log.WitnessService.new("referee.example/w1", bytes([7] * 32))
service.add_log(sys.argv[1], sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        status, kind, text = service.handle_add_checkpoint_http(body)
        self.send_response(status); self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode()))); self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], service.vkey(), flush=True)
server.serve_forever()
"#;

impl Referee {
    fn start(log: &Verifier) -> Option<Referee> {
        let mut process = Command::new("python3")
            .args(["-c", REFEREE, log.name().as_str(), &log.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take()?)
            .read_line(&mut line)
            .ok()?;
        let Some((port, key)) = line.trim().split_once(' ') else {
            process.wait().ok()?;
            return None;
        };
        let (url, key) = (format!("http://127.0.0.1:{port}"), key.parse().unwrap());
        Some(Referee { process, url, key })
    }
}

impl Drop for Referee {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_witness_that_others_wrote_cosigns_our_log() {
    let province = Province::new(1, None);
    let Some(referee) = Referee::start(&log_key(&province)) else {
        eprintln!("NOT CHECKED: the referee is missing; \"pip install witness-log\" brings it");
        return;
    };
    let ledger = department(&province, &referee.key).await;
    let asking = ask(&ledger, &referee.url, &referee.key);
    for n in 0..3 {
        let size = log_one_more(&ledger, n).await;
        until_witnessed(&ledger, &referee.key, size).await;
    }
    asking.abort();
    let asking = ask(&ledger, &referee.url, &referee.key);
    let size = log_one_more(&ledger, 9).await;
    until_witnessed(&ledger, &referee.key, size).await;
    asking.abort();
    ledger.stop().await;
}
