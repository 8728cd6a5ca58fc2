//! `node init`: a new ledger with its authority, or a member of one.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use ledger_core::anchor::MAX_AGE_DEFAULT_SECONDS;
use ledger_core::ids::OrgId;
use ledger_core::sync::PeerKey;
use ledger_core::time::{Date, Timestamp};
use ledger_core::vkey::{KeyName, Verifier};

use super::{CommandError, Exit, enrol};
use crate::files::{FileError, read_small};
use crate::folder::Folder;
use crate::net::peer_id_of;
use crate::setup::{
    NewLedger, NewMember, Witnessing, create_ledger, join, prepare_member, public_keys,
};

/// The files that the authority hands out are smaller than this.
const BROUGHT_BYTES_MAX: u64 = 64 * 1024;

#[derive(Args)]
#[command(after_long_help = "\
Ví dụ (examples):
  node init --member ORG-01 --validator-name htx-ben-nang.example/1
      tạo khóa cho một đơn vị và in các khóa công khai để gửi Sở
  node init --member ORG-01 --genesis genesis.cbor --anchor anchor.txt
      tham gia sổ của Sở, khi đã có hai tệp; khóa đã có được giữ nguyên
  node init --authority SO --name \"Sở mẫu\" --origin so.example/mau --validator 'ORG-01=htx.example/1+…' --quorum 1
      lập sổ mới; chạy lại với danh sách --validator khác thì chỉ anchor.txt đổi

Không có gì bị ghi đè: khóa và genesis.cbor đã có thì giữ nguyên. (Nothing that exists is overwritten.)")]
pub struct InitArgs {
    /// Mã cơ quan quản lý: lập sổ mới (authority's organisation: make a ledger)
    #[arg(
        long,
        value_name = "MÃ",
        conflicts_with = "member",
        requires = "origin"
    )]
    authority: Option<String>,
    /// Mã đơn vị có khóa trên máy này; lặp lại cho nhiều đơn vị (member's organisation; repeat for several)
    #[arg(long, value_name = "MÃ", required_unless_present = "authority")]
    member: Vec<String>,
    /// Tên hiển thị (name for people)
    #[arg(long, value_name = "TÊN", default_value = "")]
    name: String,
    /// Tên gốc của sổ, ví dụ so.dongthap.example/ocop (origin of the log)
    #[arg(long, value_name = "TÊN GỐC")]
    origin: Option<String>,
    /// Mã đơn vị và khóa xác nhận như đơn vị đó in ra; lặp lại (a validator's organisation and vkey; repeat)
    #[arg(long, value_name = "MÃ=VKEY")]
    validator: Vec<String>,
    /// Bao nhiêu đơn vị xác nhận là đủ; bỏ trống là không cần (how many validators are enough)
    #[arg(long, value_name = "SỐ", requires = "validator")]
    quorum: Option<usize>,
    /// Ngày nghiệp vụ của sổ mẫu (business date of a demonstration)
    #[arg(long, value_name = "YYYY-MM-DD")]
    sample: Option<String>,
    /// Tên dùng khi xác nhận sổ chung, ví dụ htx-ben-nang.example/1 (the name to cosign under)
    #[arg(long, value_name = "TÊN", conflicts_with = "authority")]
    validator_name: Option<String>,
    /// Vai trò của đơn vị, ghi vào enrol.jsonl; lặp lại (roles asked for: producer, processor, packer, carrier, …)
    #[arg(
        long,
        value_name = "VAI TRÒ",
        default_value = "producer",
        conflicts_with = "authority"
    )]
    role: Vec<String>,
    /// Tệp genesis.cbor nhận từ Sở
    #[arg(
        long,
        value_name = "TỆP",
        requires = "anchor",
        conflicts_with = "authority"
    )]
    genesis: Option<PathBuf>,
    /// Tệp anchor.txt nhận từ Sở
    #[arg(
        long,
        value_name = "TỆP",
        requires = "genesis",
        conflicts_with = "authority"
    )]
    anchor: Option<PathBuf>,
}

pub fn init(folder: &Folder, args: &InitArgs) -> Result<Exit, CommandError> {
    match &args.authority {
        Some(authority) => authority_node(folder, args, authority),
        None => member_node(folder, args),
    }
}

fn usage(vi: impl Into<String>, en: impl Into<String>) -> CommandError {
    CommandError::new(Exit::Usage, vi, en)
}

fn org(text: &str) -> Result<OrgId, CommandError> {
    OrgId::new(text).map_err(|e| {
        usage(
            format!("Mã đơn vị \"{text}\" không đúng: dùng A–Z, 0–9 và dấu -, ví dụ ORG-01."),
            e.to_string(),
        )
    })
}

fn key_name(text: &str) -> Result<KeyName, CommandError> {
    KeyName::new(text).map_err(|e| {
        usage(
            format!("Tên \"{text}\" không dùng được: không có dấu cách và dấu +."),
            e.to_string(),
        )
    })
}

fn authority_node(folder: &Folder, args: &InitArgs, authority: &str) -> Result<Exit, CommandError> {
    let validators: Result<Vec<(String, Verifier)>, CommandError> =
        args.validator.iter().map(|text| validator(text)).collect();
    let validators = validators?;
    if validators.is_empty() {
        return Err(usage(
            "Cần ít nhất một khóa xác nhận: --validator 'tên+…', như đơn vị in ra khi chạy \"node init --member … --validator-name …\".",
            "at least one --validator is needed",
        ));
    }
    if args
        .quorum
        .is_some_and(|quorum| !(1..=validators.len()).contains(&quorum))
    {
        return Err(usage(
            "--quorum phải từ 1 đến số đơn vị xác nhận.",
            "--quorum is from 1 to the number of validators",
        ));
    }
    let sample = args.sample.as_deref().map(Date::parse).transpose();
    let sample =
        sample.map_err(|e| usage("--sample phải là ngày như 2026-10-19.", e.to_string()))?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let name = if args.name.is_empty() {
        authority
    } else {
        &args.name
    };
    let new = NewLedger {
        name: format!("Sổ của {name}"),
        origin: key_name(args.origin.as_deref().unwrap_or_default())?,
        authority: org(authority)?,
        authority_name: name.to_owned(),
        created: Timestamp::vietnam(now as i64),
        sample,
    };
    let witnessing = Witnessing {
        validators,
        quorum: args.quorum,
        max_age_seconds: MAX_AGE_DEFAULT_SECONDS,
    };
    let anchor = create_ledger(folder, &new, &witnessing)?;
    println!("Đã lập sổ (ledger): {}", anchor.ledger());
    println!("Mốc tin cậy (SHA-256 of anchor.txt): {}", anchor.hash());
    show_keys(folder, None)?;
    println!("\nGửi hai tệp này cho các đơn vị (hand these to the members):");
    println!(
        "  {}\n  {}",
        folder.genesis().display(),
        folder.anchor().display()
    );
    println!(
        "Tiếp theo: xem lại {} rồi chạy \"node run\".",
        folder.config().display()
    );
    Ok(Exit::Done)
}

/// A validator is called in the policy by its organisation's id in lower case: so its administrators have a say in the next
/// trust anchor. Without the organisation it is called by the name of its key, and has none.
fn validator(text: &str) -> Result<(String, Verifier), CommandError> {
    let (id, text) = match text.split_once('=') {
        // The key itself may end in the padding of its base64.
        Some((id, key)) if key.contains('+') => (Some(org(id)?), key),
        _ => (None, text),
    };
    let key: Verifier = text.parse().map_err(|e| {
        usage(
            format!("Khóa xác nhận \"{text}\" không đúng ({e})."),
            format!("{e}"),
        )
    })?;
    let name = id.map_or_else(
        || key.name().as_str().to_owned(),
        |id| id.as_str().to_ascii_lowercase(),
    );
    Ok((name, key))
}

fn member_node(folder: &Folder, args: &InitArgs) -> Result<Exit, CommandError> {
    let organisations: Result<Vec<OrgId>, CommandError> =
        args.member.iter().map(|text| org(text)).collect();
    let name = args.validator_name.as_deref().map(key_name).transpose()?;
    let member = NewMember {
        organisations: organisations?,
        validator: name.clone(),
    };
    prepare_member(folder, &member)?;
    show_keys(folder, name.as_ref())?;
    let request = enrol::write(folder, &member.organisations, &args.name, &args.role)?;
    println!(
        "\nĐơn xin kết nạp, Sở xem rồi nạp (what the authority reads and imports): {}",
        request.display()
    );
    let (Some(genesis), Some(anchor)) = (&args.genesis, &args.anchor) else {
        println!(
            "Gửi tệp đó và khóa xác nhận cho Sở. Khi nhận được genesis.cbor và anchor.txt, chạy lại lệnh này với --genesis và --anchor."
        );
        println!(
            "(Send that file and the validator key to the authority; run this again with --genesis and --anchor when you have its two files.)"
        );
        return Ok(Exit::Done);
    };
    let title = if args.name.is_empty() {
        &args.member[0]
    } else {
        &args.name
    };
    let anchor = String::from_utf8(brought(anchor)?)
        .map_err(|e| usage("anchor.txt không phải văn bản UTF-8.", e.to_string()))?;
    let anchor = join(folder, title, &brought(genesis)?, &anchor, name.as_ref())?;
    println!("\nĐã tham gia sổ (ledger): {}", anchor.ledger());
    println!("Mốc tin cậy (SHA-256 of anchor.txt): {}", anchor.hash());
    println!(
        "  So mã này với Sở qua điện thoại trước khi dùng. (Compare it with the authority by another way.)"
    );
    println!(
        "Tiếp theo: sửa mục [peer] trong {} rồi chạy \"node run\".",
        folder.config().display()
    );
    Ok(Exit::Done)
}

fn brought(path: &std::path::Path) -> Result<Vec<u8>, CommandError> {
    let bytes = read_small(path, BROUGHT_BYTES_MAX)?;
    let missing = || FileError::io("read", path, std::io::ErrorKind::NotFound.into());
    Ok(bytes.ok_or_else(missing)?)
}

fn show_keys(folder: &Folder, validator: Option<&KeyName>) -> Result<(), CommandError> {
    let keys = public_keys(folder, validator)?;
    println!("Khóa công khai của nút này (public keys):");
    for (org, key) in &keys.devices {
        println!(
            "  máy của {org} (device):       {}",
            hex::encode(key.as_bytes())
        );
    }
    if let Some(peer) = &keys.peer {
        let id = peer_id_of(&PeerKey(peer.to_bytes())).unwrap_or_default();
        println!(
            "  nối mạng (peer):              {}\n      địa chỉ kết thúc bằng /p2p/{id}",
            hex::encode(peer.as_bytes())
        );
    }
    if let Some(validator) = &keys.validator {
        println!("  xác nhận (validator):         {validator}");
    }
    Ok(())
}
