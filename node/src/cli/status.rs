//! `node status`: how the node is, in words, and what to do about it.

use std::time::Duration;

use clap::Args;
use ledger_core::ids::{EventId, Hash};
use ledger_core::time::Timestamp;
use serde_json::Value as Json;

use super::{CommandError, Exit};
use crate::config::Config;
use crate::files::survey;
use crate::folder::Folder;
use crate::index::Index;
use crate::ledger::{OpenError, read_head, read_trust};

/// A node on this machine answers in milliseconds; one that replays a long log does not answer at all yet.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

#[derive(Args)]
#[command(after_long_help = "\
Ví dụ (examples):
  node status
  node status --event 5f1c…   (64 chữ số hệ 16, in trên giấy biên nhận)
Hỏi nút đang chạy; nếu nút không chạy thì đọc thư mục. (Asks the running node, or reads the folder.)")]
pub struct StatusArgs {
    /// Hỏi một việc ghi đang ở đâu (where an event stands)
    #[arg(long, value_name = "MÃ VIỆC")]
    event: Option<String>,
}

pub async fn status(folder: Folder, args: &StatusArgs) -> Result<Exit, CommandError> {
    let config = Config::read(folder)?;
    let path = args
        .event
        .as_ref()
        .map_or_else(|| "status.json".to_owned(), |id| format!("events/{id}"));
    let answer = ask(&config, &path).await;
    match (answer, &args.event) {
        (Some(answer), Some(_)) => Ok(tell_event(&answer)),
        (Some(answer), None) => Ok(tell_running(&config, &answer)),
        (None, Some(id)) => event_on_disk(&config.folder, id),
        (None, None) => tell_stopped(&config),
    }
}

/// What the running node says; none when none answers.
async fn ask(config: &Config, path: &str) -> Option<Json> {
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WAIT)
        .build()
        .ok()?;
    let mut address = config.http;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let answer = client
        .get(format!("http://{address}/{path}"))
        .send()
        .await
        .ok()?;
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

fn word<'a>(answer: &'a Json, key: &str) -> &'a str {
    answer.get(key).and_then(Json::as_str).unwrap_or("?")
}

fn number(answer: &Json, key: &str) -> u64 {
    answer.get(key).and_then(Json::as_u64).unwrap_or(0)
}

fn tell_event(answer: &Json) -> Exit {
    println!(
        "{}\n({})",
        word(answer, "message_vi"),
        word(answer, "message_en")
    );
    if let Some(index) = answer.get("index").and_then(Json::as_u64) {
        println!("Vị trí trong sổ (leaf): {index}");
    }
    match word(answer, "status") {
        "pending" | "logged" | "cosigned" => Exit::Done,
        _ => Exit::Refused,
    }
}

fn tell_running(config: &Config, answer: &Json) -> Exit {
    println!(
        "{}: đang chạy (running) – http://{}/",
        word(answer, "name"),
        config.http
    );
    println!(
        "  {}\n  ({})",
        word(answer, "message_vi"),
        word(answer, "message_en")
    );
    println!("  sổ (ledger):                 {}", word(answer, "ledger"));
    println!(
        "  mốc tin cậy (anchor):        {}",
        word(answer, "anchor_sha256")
    );
    let (size, cosigned, pending) = (
        number(answer, "size"),
        number(answer, "cosigned_size"),
        number(answer, "pending"),
    );
    println!("  đã ghi / đã xác nhận:        {size} / {cosigned}");
    println!("  đang chờ vào sổ (waiting):   {pending}");
    tell_governance(answer);
    if let Some(peers) = answer.get("peers").and_then(Json::as_u64) {
        println!("  đang nối với (peers):        {peers}");
    }
    if let Some(at) = answer.get("cosigned_at").and_then(Json::as_u64) {
        println!(
            "  xác nhận gần nhất:           {}",
            Timestamp::vietnam(at as i64)
        );
    }
    println!(
        "Cần làm (what to do): {} ({})",
        word(answer, "advice_vi"),
        word(answer, "advice_en")
    );
    match word(answer, "health") {
        "serving" | "learning" => Exit::Done,
        _ => Exit::Damaged,
    }
}

/// Proposals that wait for officers, and suspended members.
fn tell_governance(answer: &Json) {
    let Some(governance) = answer.get("governance") else {
        return;
    };
    let list = |key| {
        governance
            .get(key)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
    };
    let open = number(governance, "open_proposals");
    if open > 0 {
        let asked = number(governance, "threshold");
        println!(
            "  chờ người đồng ý (to approve): {open}, mỗi việc cần {asked} máy quản trị (officers)"
        );
    }
    for proposal in list("proposals") {
        println!(
            "    {} {} – đã có {} – ref {}",
            word(proposal, "kind_vi"),
            proposal.get("org").and_then(Json::as_str).unwrap_or(""),
            number(proposal, "consents"),
            word(proposal, "event_id")
        );
    }
    let suspended: Vec<&str> = list("suspended").filter_map(Json::as_str).collect();
    if !suspended.is_empty() {
        println!("  đang tạm dừng (suspended):   {}", suspended.join(", "));
    }
}

fn tell_stopped(config: &Config) -> Result<Exit, CommandError> {
    // Taking the lock tells whether a node runs that does not answer.
    let folder = match config.folder.lock() {
        Ok(folder) => folder,
        Err(crate::folder::LockError::Held(_)) => {
            println!(
                "{}: đang chạy nhưng chưa trả lời (running, but does not answer yet)",
                config.name
            );
            println!(
                "Cần làm (what to do): chờ nút đọc xong sổ, hoặc xem nhật ký của nút (wait, or read its log)"
            );
            return Ok(Exit::Failed);
        }
        Err(e) => return Err(OpenError::from(e).into()),
    };
    let (_, anchor) = read_trust(&folder)?;
    println!("{}: đang dừng (stopped)", config.name);
    println!("  sổ (ledger):                 {}", anchor.ledger());
    println!("  mốc tin cậy (anchor):        {}", anchor.hash());
    let size = |path| {
        read_head(path, &anchor).map(|head| head.map_or(0, |(_, checkpoint)| checkpoint.size().0))
    };
    println!(
        "  đã ghi / đã xác nhận:        {} / {}",
        size(folder.checkpoint())?,
        size(folder.cosigned())?
    );
    let mut own = 0;
    survey(&folder.writer(), |_, _| own += 1)?;
    println!("  việc ký tại nút này:         {own}");
    println!("Cần làm (what to do): chạy \"node run\"; kiểm tra kỹ dữ liệu: \"node fsck\"");
    Ok(Exit::Done)
}

fn event_on_disk(folder: &Folder, id: &str) -> Result<Exit, CommandError> {
    let malformed = || {
        CommandError::new(
            Exit::Usage,
            "Mã việc gồm 64 chữ số hệ 16.",
            "an event id has 64 hex digits",
        )
    };
    let bytes: [u8; 32] = hex::decode(id)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(malformed)?;
    let id = EventId(Hash(bytes));
    let folder = folder.lock().map_err(OpenError::from)?;
    let place = if folder.index().exists() {
        Index::open(&folder.index())
            .ok()
            .and_then(|index| index.find(&id).ok()?)
    } else {
        None
    };
    // The index only says where to look: the leaf itself must be the event.
    let mut found = false;
    survey(&folder.log(), |n, leaf| {
        found |= place.is_none_or(|place| place.0 == n) && ledger_core::sign::event_id(leaf) == id;
    })?;
    let mut saved = false;
    for path in [folder.writer(), folder.pending()] {
        survey(&path, |_, bytes| {
            saved |= ledger_core::sign::event_id(bytes) == id
        })?;
    }
    let (said, exit) = match (found, saved) {
        (true, _) => (
            "Đã ghi vào sổ; nút đang dừng nên chưa biết đã xác nhận chưa. (In the log; the node is stopped.)",
            Exit::Done,
        ),
        (false, true) => (
            "Đã lưu tại nút này, chưa vào sổ. Chạy \"node run\" để gửi đi. (Saved here, not yet in the log.)",
            Exit::Done,
        ),
        (false, false) => ("Nút này không có việc đó. (Not here.)", Exit::Refused),
    };
    println!("{said}");
    Ok(exit)
}
