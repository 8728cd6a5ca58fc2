//! `node backup`, `node restore` and `node relearn`: one command each, and what to do next.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::{CommandError, Exit};
use crate::backup::{self, BackupError, Copied};
use crate::fault::Faults;
use crate::folder::{Folder, LockError};
use crate::keys::Keys;
use crate::ledger::OpenError;
use crate::restored::Restored;

#[derive(Args)]
#[command(after_long_help = "\
Ví dụ (examples):
  node backup /media/usb/htx-2026-11-21
  node --data /srv/node restore /media/usb/htx-2026-11-21
Bản sao lưu có cả khóa bí mật: cất như cất con dấu. --without-keys thì không có. (It holds the secret keys.)")]
pub struct BackupArgs {
    /// Thư mục mới để ghi bản sao lưu (a new folder)
    to: PathBuf,
    /// Không sao khóa bí mật (leave the secret keys out)
    #[arg(long)]
    without_keys: bool,
}

#[derive(Args)]
#[command(after_long_help = "\
Nút được khôi phục chưa ký gì cho đến khi hỏi lại các nút khác xem khóa của mình đã ký tới đâu; nút tự làm khi chạy.
KHÔNG chạy lại máy cũ bằng cùng bộ khóa. (Never run the old machine again with the same keys.)")]
pub struct RestoreArgs {
    /// Thư mục bản sao lưu (the backup)
    from: PathBuf,
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn told(Copied { files, bytes }: Copied) -> String {
    format!("{files} tệp, {} KiB ({files} files)", bytes / 1024)
}

pub fn backup(folder: &Folder, args: &BackupArgs) -> Result<Exit, CommandError> {
    let copied = backup::backup(folder, &args.to, !args.without_keys, &Faults::none())?;
    println!("Đã sao lưu {} vào {}.", told(copied), args.to.display());
    Ok(Exit::Done)
}

pub fn restore(folder: &Folder, args: &RestoreArgs) -> Result<Exit, CommandError> {
    let copied = backup::restore(&args.from, folder, now(), &Faults::none())?;
    println!(
        "Đã khôi phục {} vào {}.",
        told(copied),
        folder.root().display()
    );
    println!(
        "Tiếp theo: chạy \"node run\" và nối mạng. Nút hỏi lại các nút khác rồi mới ký; \"node status\" cho biết đang chờ gì."
    );
    println!(
        "Không chạy lại máy cũ bằng cùng bộ khóa. (Never run the old machine again with these keys.)"
    );
    Ok(Exit::Done)
}

pub fn relearn(folder: &Folder) -> Result<Exit, CommandError> {
    let folder = folder.lock().map_err(OpenError::from)?;
    let keys = Keys::load(&folder.keys()).map_err(OpenError::from)?;
    let roles: Vec<_> = keys.public().map(|(role, _)| role.clone()).collect();
    Restored::mark(&folder, roles, now(), &Faults::none())?;
    println!(
        "Đã đánh dấu. Khi chạy, nút hỏi lại các nút khác rồi mới ký. (Marked; the node learns before it signs.)"
    );
    Ok(Exit::Done)
}

impl From<BackupError> for CommandError {
    fn from(e: BackupError) -> CommandError {
        let exit = match &e {
            BackupError::File(_) => Exit::Failed,
            BackupError::Folder(LockError::File(_)) => Exit::Failed,
            BackupError::Folder(_) => Exit::NoFolder,
            BackupError::NotEmpty(_) => Exit::Usage,
            BackupError::Interrupted(_) | BackupError::List | BackupError::Damaged(_) => {
                Exit::Damaged
            }
        };
        CommandError::new(exit, e.message_vi(), e.to_string())
    }
}
