//! The command line: what an operator types, and what the node answers, Vietnamese first.
//!
//! In scope: arguments, words, exit codes. Out of scope: what is done; every command is a call of another file.

mod backup;
mod enrol;
mod export;
mod import;
mod init;
mod keys;
mod prove;
mod status;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::files::FileError;
use crate::folder::{Folder, LockError};
use crate::fsck::{self, FsckError};
use crate::ledger::{LedgerError, OpenError};
use crate::run::{self, RunError};
use crate::setup::SetupError;

/// How a command ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done, or is as it should be.
    Done = 0,
    /// The node could not do it: disk, port, network.
    Failed = 1,
    /// The command line or the configuration is wrong (also clap's own code).
    Usage = 2,
    /// What is on the disk is not what was written or signed.
    Damaged = 3,
    /// The folder is not set up, or another process works in it.
    NoFolder = 4,
    /// Some of it was refused or is not proven.
    Refused = 5,
    /// Bytes disagree with what they should prove.
    Contradicted = 6,
    /// The file is of no kind that can be read.
    Unreadable = 7,
}

const CODES: &str = "Mã kết thúc (exit codes): 0 xong · 1 máy không làm được (ổ đĩa, cổng, mạng) · 2 sai lệnh hoặc cấu hình · \
3 dữ liệu trên ổ đĩa bị hỏng hoặc bị sửa · 4 thư mục chưa thiết lập hoặc đang được dùng · 5 có việc bị từ chối hoặc chưa chứng minh được · \
6 có điều bị mâu thuẫn · 7 tệp không đọc được";

/// Nút của sổ cái OCOP: lưu, ký và chuyển các việc ghi của hợp tác xã.
///
/// A node of the OCOP ledger: it stores, signs and replicates what cooperatives record.
#[derive(Parser)]
#[command(name = "node", version, after_help = CODES, after_long_help = format!("{FIRST_STEPS}\n\n{CODES}"))]
struct Args {
    /// Thư mục dữ liệu của nút (data folder)
    #[arg(
        long,
        global = true,
        value_name = "THƯ MỤC",
        default_value = "node-data"
    )]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

const FIRST_STEPS: &str = "\
Bắt đầu (first steps):
  1. Ở hợp tác xã:  node init --member ORG-01 --name \"HTX mẫu\" --validator-name htx.example/1
     Gửi cho Sở khóa xác nhận vừa in ra và tệp node-data/enrol.jsonl.
  2. Ở Sở:          node init --authority SO --name \"Sở mẫu\" --origin so.example/mau \\
                        --validator 'ORG-01=htx.example/1+…' --quorum 1
                    node import --org SO enrol.jsonl      (sau khi đã xem tệp)
     Gửi hai tệp genesis.cbor và anchor.txt cho hợp tác xã.
  3. Ở hợp tác xã:  node init --member ORG-01 --validator-name htx.example/1 \\
                        --genesis genesis.cbor --anchor anchor.txt
     Ghi địa chỉ nút của Sở vào mục dial trong node-data/node.toml.
  4. Ở mỗi nơi:     node run          (xem trạng thái: node status)";

#[derive(Subcommand)]
enum Command {
    /// Thiết lập thư mục của nút (set up a data folder)
    Init(init::InitArgs),
    /// Chạy nút cho đến khi bấm Ctrl-C (run until Ctrl-C)
    Run,
    /// Cho biết nút đang thế nào và cần làm gì (how it is, and what to do)
    Status(status::StatusArgs),
    /// Nạp một tệp việc ghi hoặc sự kiện đã ký (bring in a file of drafts or signed events)
    Import(import::ImportArgs),
    /// Kiểm tra toàn bộ dữ liệu từ byte đầu tiên; nút phải đang dừng (check every byte; stop the node first)
    #[command(
        after_long_help = "Không sửa gì. Phần hỏng thì khôi phục từ nút khác; phần dựng lại được thì lần chạy sau tự dựng.\n\
        (Changes nothing. Restore what is damaged from another node; what can be made anew is, at the next start.)"
    )]
    Fsck,
    /// Ghi các việc chờ vào sổ ra một tệp để mang đi (waiting events as a file to carry)
    Export(export::ExportArgs),
    /// Khóa của nút: liệt kê, mã hóa, thay (the node's keys: list, seal, replace)
    Keys(keys::KeysArgs),
    /// Sao lưu nút vào một thư mục mới; nút có thể đang chạy (back up into a new folder)
    Backup(backup::BackupArgs),
    /// Khôi phục nút từ bản sao lưu vào thư mục --data (restore a backup into the data folder)
    Restore(backup::RestoreArgs),
    /// Đánh dấu dữ liệu là bản cũ: nút hỏi lại các nút khác rồi mới ký (this data is an old copy: learn before signing)
    Relearn,
    /// Kiểm chứng độc lập một tệp: hồ sơ lô hàng, bằng chứng, cả sổ (check a file by yourself)
    Verify(verify::VerifyArgs),
    /// Làm tệp để người khác tự kiểm: hồ sơ, bằng chứng, cả sổ (make such a file)
    Prove(prove::ProveArgs),
}

/// Why a command ends early.
#[derive(Debug)]
pub struct CommandError {
    exit: Exit,
    vi: String,
    en: String,
}

impl CommandError {
    fn new(exit: Exit, vi: impl Into<String>, en: impl Into<String>) -> CommandError {
        CommandError {
            exit,
            vi: vi.into(),
            en: en.into(),
        }
    }
}

/// Reads the command line and does what it says.
pub async fn main() -> ExitCode {
    let args = Args::parse();
    let folder = Folder::new(args.data);
    let result = match args.command {
        Command::Init(args) => init::init(&folder, &args),
        Command::Run => run_node(folder).await,
        Command::Status(args) => status::status(folder, &args).await,
        Command::Import(args) => import::import(folder, &args).await,
        Command::Fsck => check(&folder),
        Command::Export(args) => export::export(&folder, &args),
        Command::Keys(args) => keys::run(&folder, &args),
        Command::Backup(args) => backup::backup(&folder, &args),
        Command::Restore(args) => backup::restore(&folder, &args),
        Command::Relearn => backup::relearn(&folder),
        Command::Verify(args) => verify::verify(&folder, &args),
        Command::Prove(args) => prove::prove(&folder, &args),
    };
    let exit = result.unwrap_or_else(|error| {
        eprintln!("{}\n({})", error.vi, error.en);
        error.exit
    });
    ExitCode::from(exit as u8)
}

async fn run_node(folder: Folder) -> Result<Exit, CommandError> {
    // The process's own log; a host that runs nodes in its process brings another.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    let config = Config::read(folder)?;
    let mut stop = Stop::new()?;
    let node = run::start(config).await?;
    println!("Sổ chung (feed):          http://{}/", node.feed);
    if let Some(console) = &node.console {
        // Not in the log: whoever knows this address can sign.
        println!("Trang ghi sổ (console):   {console}");
    }
    for address in &node.peer_addresses {
        println!("Địa chỉ cho nút khác (peer address): {address}");
    }
    println!("Dừng bằng Ctrl-C. (Ctrl-C stops the node.)");
    let ended = tokio::select! {
        () = stop.wait() => Ok(Exit::Done),
        () = node.writer_ended() => Err(RunError::WriterEnded.into()),
    };
    println!("Đang dừng … (stopping)");
    node.stop().await;
    ended
}

/// Ctrl-C, or the system's request to end.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Stop, CommandError> {
        Ok(Stop {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(|e| {
                    CommandError::new(
                        Exit::Failed,
                        format!("Không nhận được tín hiệu dừng: {e}"),
                        e.to_string(),
                    )
                })?,
        })
    }

    async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        // Without the signal there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    }
}

fn check(folder: &Folder) -> Result<Exit, CommandError> {
    let report = fsck::check(folder)?;
    print!("{report}");
    Ok(if report.is_sound() {
        Exit::Done
    } else {
        Exit::Damaged
    })
}

impl From<ConfigError> for CommandError {
    fn from(e: ConfigError) -> CommandError {
        let exit = if e.line.is_none() {
            Exit::NoFolder
        } else {
            Exit::Usage
        };
        CommandError::new(exit, e.message_vi(), e.to_string())
    }
}

impl From<SetupError> for CommandError {
    fn from(e: SetupError) -> CommandError {
        let exit = match &e {
            SetupError::File(_) | SetupError::Keys(_) => Exit::Failed,
            _ => Exit::Usage,
        };
        CommandError::new(exit, e.message_vi(), e.to_string())
    }
}

impl From<OpenError> for CommandError {
    fn from(e: OpenError) -> CommandError {
        let exit = match &e {
            OpenError::Lock(LockError::File(_)) => Exit::Failed,
            OpenError::Lock(_) => Exit::NoFolder,
            OpenError::File(FileError::Damaged { .. }) | OpenError::Tampered(_) => Exit::Damaged,
            OpenError::File(_) | OpenError::Keys(_) => Exit::Failed,
            OpenError::Genesis(_) | OpenError::Anchor(_) | OpenError::Mismatch { .. } => {
                Exit::Usage
            }
        };
        CommandError::new(
            exit,
            format!("{} (mã {})", e.message_vi(), e.code()),
            e.to_string(),
        )
    }
}

impl From<RunError> for CommandError {
    fn from(e: RunError) -> CommandError {
        match e {
            RunError::Open(e) => e.into(),
            other => CommandError::new(Exit::Failed, other.message_vi(), other.to_string()),
        }
    }
}

impl From<FsckError> for CommandError {
    fn from(e: FsckError) -> CommandError {
        let exit = match &e {
            FsckError::Lock(LockError::File(_)) | FsckError::File(_) => Exit::Failed,
            FsckError::Lock(_) => Exit::NoFolder,
            FsckError::Trust(_) => Exit::Usage,
        };
        CommandError::new(exit, e.message_vi(), e.to_string())
    }
}

impl From<LedgerError> for CommandError {
    fn from(e: LedgerError) -> CommandError {
        let exit = match &e {
            LedgerError::Stopped(_) | LedgerError::LogAtFault(_) => Exit::Damaged,
            _ if e.is_senders_fault() => Exit::Refused,
            _ => Exit::Failed,
        };
        CommandError::new(
            exit,
            format!("{} (mã {})", e.message_vi(), e.code()),
            e.to_string(),
        )
    }
}

impl From<FileError> for CommandError {
    fn from(e: FileError) -> CommandError {
        CommandError::new(Exit::Failed, e.message_vi(), e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
