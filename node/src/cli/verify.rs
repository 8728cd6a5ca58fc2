//! `node verify`: what a file proves, statement by statement, offline.
//!
//! In scope: recognising the four kinds of file, the trust anchor, the present. Out of scope: what is proven
//! (`ledger_core`), and where the file came from.

mod bundle;
mod evidence;
mod ledger;
mod report;
mod tlog_proof;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use ledger_core::anchor::{ANCHOR_MAX_BYTES, Anchor};
use ledger_core::evidence::EVIDENCE_MAX_BYTES;
use ledger_core::export;
use ledger_core::time::Timestamp;
use ledger_core::tlog_proof::TLOG_PROOF_HEADER;

use super::{CommandError, Exit};
use crate::files::{FileError, read_small};
use crate::folder::Folder;
use report::Report;

/// Every kind but an exported ledger is read whole; evidence is the largest of them.
const WHOLE_BYTES_MAX: u64 = EVIDENCE_MAX_BYTES as u64;

#[derive(Args)]
#[command(after_long_help = "\
Nhận ra bốn loại tệp (four kinds of file): hồ sơ lô hàng (bundle), bằng chứng một việc (tlog-proof), bản xuất cả sổ
(exported ledger), bằng chứng gian dối (evidence). Không cần mạng (works offline).
Ví dụ (examples):
  node verify lo-hang.bundle --anchor anchor.txt
  node verify lo-hang.bundle --anchor anchor.txt --with viec.tlog-proof   (thấy việc sớm nhất khi nào)
  node verify so.ocop-ledger --anchor anchor.txt --json
Mã kết thúc (exit codes): 0 mọi điều cần thiết đã chứng minh; với bằng chứng gian dối: lời tố cáo đứng vững ·
1 không đọc được ổ đĩa · 2 sai lệnh hoặc mốc tin cậy · 5 có điều chưa chứng minh được · 6 có điều bị mâu thuẫn ·
7 tệp không thuộc loại nào, hoặc hỏng
(0 all that is needed is proven, for evidence: the accusation holds · 1 disk · 2 command line or anchor ·
5 something is not proven · 6 something is contradicted · 7 no such kind of file, or damaged)")]
pub struct VerifyArgs {
    /// Tệp cần kiểm (the file to check)
    file: PathBuf,
    /// Mốc tin cậy; mặc định là anchor.txt trong thư mục dữ liệu (trust anchor)
    #[arg(long, value_name = "TỆP")]
    anchor: Option<PathBuf>,
    /// Kiểm như vào lúc này thay vì bây giờ, ví dụ 2026-10-19T08:00:00+07:00 (as if at this time)
    #[arg(long, visible_alias = "at", value_name = "LÚC")]
    now: Option<String>,
    /// Thêm bằng chứng một việc, để biết lô được xác nhận sớm nhất khi nào (a tlog-proof for the first witnessed time)
    #[arg(long, value_name = "TỆP")]
    with: Vec<PathBuf>,
    /// Việc mà bằng chứng một việc nói tới, khi tệp không kèm theo (the envelope that a tlog-proof is about)
    #[arg(long, value_name = "TỆP")]
    event: Option<PathBuf>,
    /// In ra JSON cho chương trình khác (machine-readable answer)
    #[arg(long)]
    json: bool,
}

pub fn verify(folder: &Folder, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let anchor = read_anchor(&args.anchor.clone().unwrap_or_else(|| folder.anchor()))?;
    let now = present(args.now.as_deref())?;
    let report = judge(args, &anchor, now)?;
    if args.json {
        println!("{}", report.to_json(&anchor));
    } else {
        print!("{}", report.to_text(&anchor));
    }
    Ok(report.exit())
}

fn judge(args: &VerifyArgs, anchor: &Anchor, now: u64) -> Result<Report, CommandError> {
    if first_bytes(&args.file)?.starts_with(export::HEADER.as_bytes()) {
        return ledger::judge(&args.file, anchor, now);
    }
    let bytes = read(&args.file, WHOLE_BYTES_MAX)?;
    if bytes.starts_with(TLOG_PROOF_HEADER.as_bytes()) {
        let event = args.event.as_ref().map(|path| read(path, WHOLE_BYTES_MAX));
        return tlog_proof::judge(&bytes, event.transpose()?, anchor);
    }
    match format_of(&bytes).as_deref() {
        Some(ledger_core::bundle::FORMAT) => {
            let proofs = args.with.iter().map(|path| read(path, WHOLE_BYTES_MAX));
            let proofs = proofs.collect::<Result<Vec<_>, _>>()?;
            bundle::judge(&bytes, &proofs, anchor, now)
        }
        Some(ledger_core::evidence::FORMAT) => evidence::judge(&bytes, anchor),
        _ => Err(unreadable(
            "neither a bundle, evidence, a tlog-proof nor an exported ledger",
        )),
    }
}

/// The field `format` of a CBOR file.
fn format_of(bytes: &[u8]) -> Option<String> {
    let value = ledger_core::encode::Value::decode_large(bytes).ok()?;
    value.get("format")?.as_text().map(str::to_owned)
}

fn first_bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let error = |e| FileError::io("read", path, e);
    let mut start = Vec::new();
    let file = File::open(path).map_err(error)?;
    let limit = export::HEADER.len() as u64;
    file.take(limit).read_to_end(&mut start).map_err(error)?;
    Ok(start)
}

pub(super) fn read(path: &Path, max: u64) -> Result<Vec<u8>, CommandError> {
    let missing = || FileError::io("read", path, std::io::ErrorKind::NotFound.into());
    Ok(read_small(path, max)?.ok_or_else(missing)?)
}

/// The file is of no kind that can be judged.
pub(super) fn unreadable(why: impl ToString) -> CommandError {
    CommandError::new(
        Exit::Unreadable,
        "Tệp không thuộc loại nào kiểm được, hoặc đã hỏng.",
        why.to_string(),
    )
}

fn read_anchor(path: &Path) -> Result<Anchor, CommandError> {
    let usage = |why: &dyn std::fmt::Display| {
        let vi = format!("{} không phải mốc tin cậy ({why}).", path.display());
        CommandError::new(Exit::Usage, vi, why.to_string())
    };
    let text = String::from_utf8(read(path, ANCHOR_MAX_BYTES as u64)?).map_err(|e| usage(&e))?;
    Anchor::parse(&text).map_err(|e| usage(&e))
}

/// Seconds since 1970: as told, or by this machine's clock.
fn present(told: Option<&str>) -> Result<u64, CommandError> {
    let Some(text) = told else {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        return Ok(since.map_or(0, |since| since.as_secs()));
    };
    let time = Timestamp::parse(text).map_err(|e| {
        let vi = "--now phải như 2026-10-19T08:00:00+07:00.";
        CommandError::new(Exit::Usage, vi, e.to_string())
    })?;
    Ok(u64::try_from(time.seconds).unwrap_or(0))
}
