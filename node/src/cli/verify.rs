//! `node verify`: what a bundle proves, statement by statement, offline.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use ledger_core::anchor::{ANCHOR_MAX_BYTES, Anchor};
use ledger_core::time::Timestamp;
use ledger_core::verify::{Proof, StateLine, Statement, Verdict};

use super::{CommandError, Exit};
use crate::files::{FileError, read_small};
use crate::folder::Folder;

/// A bundle has at most 1 MiB (`docs/formats.md` section 12).
const BUNDLE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Args)]
#[command(after_long_help = "\
Ví dụ (example):
  node verify lo-hang.bundle --anchor anchor.txt
Không cần mạng. Mỗi câu một dòng: đã chứng minh, chưa chứng minh, hay bị mâu thuẫn.
(Works offline. One line for each statement: proven, not proven or contradicted.)")]
pub struct VerifyArgs {
    /// Hồ sơ của một mã tem, tải từ dịch vụ tem QR (the bundle of a code)
    bundle: PathBuf,
    /// Mốc tin cậy; mặc định là anchor.txt trong thư mục dữ liệu (trust anchor)
    #[arg(long, value_name = "TỆP")]
    anchor: Option<PathBuf>,
    /// Kiểm như vào lúc này thay vì bây giờ, ví dụ 2026-10-19T08:00:00+07:00 (as if at this time)
    #[arg(long, value_name = "LÚC")]
    at: Option<String>,
}

pub fn verify(folder: &Folder, args: &VerifyArgs) -> Result<Exit, CommandError> {
    let anchor_path = args.anchor.clone().unwrap_or_else(|| folder.anchor());
    let usage = |vi: String, en: String| CommandError::new(Exit::Usage, vi, en);
    let text = String::from_utf8(read(&anchor_path, ANCHOR_MAX_BYTES as u64)?);
    let text = text.map_err(|e| {
        usage(
            format!("{} không phải văn bản UTF-8.", anchor_path.display()),
            e.to_string(),
        )
    })?;
    let anchor = Anchor::parse(&text).map_err(|e| {
        usage(
            format!("{} không phải mốc tin cậy ({e}).", anchor_path.display()),
            e.to_string(),
        )
    })?;
    let now = match &args.at {
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        Some(text) => {
            let time = Timestamp::parse(text).map_err(|e| {
                usage(
                    "--at phải như 2026-10-19T08:00:00+07:00.".into(),
                    e.to_string(),
                )
            })?;
            u64::try_from(time.seconds).unwrap_or(0)
        }
    };
    let bundle = read(&args.bundle, BUNDLE_BYTES_MAX)?;
    let verdict = ledger_core::verify::verify(&bundle, &anchor, now);
    let verdict =
        verdict.map_err(|e| usage("Tệp không phải hồ sơ lô hàng.".into(), e.to_string()))?;
    println!("Mốc tin cậy (SHA-256 of the anchor): {}", anchor.hash());
    tell(&verdict);
    Ok(if verdict.is_confirmed() {
        Exit::Done
    } else {
        Exit::Refused
    })
}

fn read(path: &std::path::Path, max: u64) -> Result<Vec<u8>, CommandError> {
    let missing = || FileError::io("read", path, std::io::ErrorKind::NotFound.into());
    Ok(read_small(path, max)?.ok_or_else(missing)?)
}

fn tell(verdict: &Verdict) {
    for finding in &verdict.statements {
        let mark = match finding.proof {
            Proof::Proven => "đã chứng minh  ",
            Proof::NotProven => "CHƯA chứng minh",
            Proof::Contradicted => "BỊ MÂU THUẪN   ",
        };
        let why = format!("{} {}", finding.detail, finding.by.join(" "));
        println!("{mark}  {}: {}", sentence(finding.statement), why.trim());
    }
    if let Some(as_of) = verdict.as_of {
        println!("Tính đến (as of): {}", Timestamp::vietnam(as_of as i64));
    }
    if let Some(lot) = &verdict.lot {
        println!("Lô (lot): {lot}");
    }
    println!(
        "Kết luận (state): {} ({})",
        state(verdict.state),
        verdict.state.word()
    );
}

fn sentence(statement: Statement) -> String {
    let vi = match statement {
        Statement::Ledger => "Hồ sơ thuộc đúng sổ này",
        Statement::Checkpoint => "Bản chốt do sổ ký",
        Statement::Witnessed => "Đủ đơn vị cùng xác nhận bản chốt",
        Statement::Fresh => "Bản chốt chưa quá cũ",
        Statement::MapHead => "Mục lục thuộc đúng bản chốt",
        Statement::Complete => "Không việc nào bị giấu",
        Statement::Signatures => "Mọi chữ ký đúng",
        Statement::Members => "Người ký là thành viên và được phép ghi",
        Statement::Order => "Thứ tự ghi của mỗi máy đúng",
        Statement::Code => "Mã tem đúng của lô này",
        Statement::Ancestry => "Đủ các lô nguồn",
        Statement::Handover => "Bên giao đã xác nhận từng lần giao",
        Statement::Openings => "Phần kèm theo khớp cam kết",
    };
    format!("{vi} ({})", statement.name())
}

fn state(state: StateLine) -> &'static str {
    match state.word() {
        "recorded" => "Có hồ sơ nguồn gốc",
        "recalled" => "Thu hồi",
        "held" => "Tạm giữ",
        "expired" => "Hết hạn sử dụng",
        "unknown_code" => "Tem chưa kích hoạt hoặc không có mã này",
        _ => "Chưa xác nhận được. Đây không phải là kết luận về sản phẩm",
    }
}
