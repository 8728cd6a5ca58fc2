//! `node keys`: the keys of this node, sealed under a passphrase, opened again, or replaced by new ones.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CommandError, Exit};
use crate::folder::Folder;
use crate::keys::sealed::{self, PASSPHRASE_CHARS_MIN, Passphrase};
use crate::keys::{self, KeyFileError, KeyRole};
use crate::ledger::OpenError;

#[derive(Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Liệt kê khóa công khai (list the public keys)
    List,
    /// Mã hóa mọi tệp khóa bằng mật khẩu; chạy lại để đổi mật khẩu (seal every key file under a passphrase)
    #[command(after_long_help = "\
Mật khẩu hỏi ở màn hình, hoặc lấy từ systemd (LoadCredentialEncrypted=ocop-passphrase:…) hay tệp mà biến
OCOP_PASSPHRASE_FILE chỉ tới. Quên mật khẩu là mất khóa: giữ một bản chép tay nơi an toàn.")]
    Seal {
        /// Lấy mật khẩu MỚI từ tệp này thay vì hỏi (the new passphrase, from a file)
        #[arg(long, value_name = "TỆP")]
        passphrase_file: Option<PathBuf>,
    },
    /// Bỏ mật khẩu của các tệp khóa (open them again)
    Open,
    /// Thay một khóa bằng khóa mới; khóa cũ chuyển vào keys/retired (replace a key by a new one)
    #[command(after_long_help = "\
Ví dụ: node keys rotate validator · node keys rotate witness · node keys rotate peer · node keys rotate device-ORG-01
Khóa log và sequencer không thay được: sổ đổi khóa bằng sổ kế tiếp. (log and sequencer keys are not replaced.)")]
    Rotate {
        /// Tên tệp khóa không có .key (a key file's name without .key)
        role: String,
    },
}

pub fn run(folder: &Folder, args: &KeysArgs) -> Result<Exit, CommandError> {
    match &args.what {
        What::List => list(folder),
        What::Seal { passphrase_file } => seal(folder, passphrase_file.as_deref()),
        What::Open => reseal(folder, None),
        What::Rotate { role } => rotate(folder, role),
    }
}

fn list(folder: &Folder) -> Result<Exit, CommandError> {
    for (role, key) in keys::Keys::load(&folder.keys())?.public() {
        println!("{role:<24} {}", hex::encode(key.as_bytes()));
    }
    Ok(Exit::Done)
}

fn seal(folder: &Folder, file: Option<&Path>) -> Result<Exit, CommandError> {
    let short = || {
        CommandError::new(
            Exit::Usage,
            format!(
                "Mật khẩu mới cần ít nhất {PASSPHRASE_CHARS_MIN} ký tự, nhập hai lần giống nhau ở màn hình (hoặc --passphrase-file)."
            ),
            "type a new passphrase twice at the terminal, or give --passphrase-file",
        )
    };
    let new = match file {
        Some(path) => Passphrase::read(path).ok_or_else(short)?,
        None => {
            let new = sealed::ask("Mật khẩu MỚI (new passphrase): ").ok_or_else(short)?;
            let again = sealed::ask("Nhập lại (again): ").ok_or_else(short)?;
            if !new.is_same(&again) {
                return Err(short());
            }
            new
        }
    };
    reseal(folder, Some(&new))
}

fn reseal(folder: &Folder, passphrase: Option<&Passphrase>) -> Result<Exit, CommandError> {
    // A running node has read its keys already; one that starts meanwhile finds each file old or new.
    let _locked = folder.lock().map_err(OpenError::from)?;
    let changed = keys::reseal(&folder.keys(), passphrase)?;
    println!("Đã ghi lại {changed} tệp khóa. ({changed} key files are written anew.)");
    Ok(Exit::Done)
}

fn rotate(folder: &Folder, name: &str) -> Result<Exit, CommandError> {
    let unknown = || {
        CommandError::new(
            Exit::Usage,
            format!(
                "Không thay được khóa \"{name}\". Dùng: validator, witness, peer hoặc device-MÃ."
            ),
            format!("{name} is no key that can be replaced"),
        )
    };
    let role = KeyRole::from_file_name(&format!("{name}.key"));
    let role = role
        .filter(|role| !matches!(role, KeyRole::Log | KeyRole::Sequencer))
        .ok_or_else(unknown)?;
    let locked = folder.lock().map_err(OpenError::from)?;
    let retired = keys::rotate(&locked.keys(), &role)?;
    if role == KeyRole::Witness {
        // The new key has cosigned nothing.
        keys::begin_witness_anew(&locked)?;
    }
    println!("Khóa cũ (old key): {}", retired.display());
    println!("{}", next_step(&role));
    list(folder)
}

/// What others have to do before the new key counts.
fn next_step(role: &KeyRole) -> &'static str {
    match role {
        KeyRole::Validator => {
            "Gửi khóa xác nhận mới (node init --member … in ra) cho Sở để Sở phát hành anchor.txt mới; nút chỉ xác nhận khi có anchor mới."
        }
        KeyRole::Witness => "Báo vkey mới (in ra khi nút chạy) cho các sổ mà nút làm nhân chứng.",
        KeyRole::Peer => {
            "Gửi khóa nối mạng mới cho Sở để ghi nhận (peer), và đổi phần /p2p/ ở các nút gọi tới nút này."
        }
        KeyRole::Device(_) => {
            "Gửi khóa máy mới cho Sở để ghi việc \"Thay máy\" (replace); việc đã ký bằng khóa cũ và chưa vào sổ nên gửi hết trước khi thay."
        }
        KeyRole::Log | KeyRole::Sequencer => "",
    }
}

impl From<KeyFileError> for CommandError {
    fn from(e: KeyFileError) -> CommandError {
        CommandError::new(Exit::Failed, e.message_vi(), e.to_string())
    }
}
