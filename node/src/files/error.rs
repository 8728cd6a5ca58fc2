//! What can go wrong with a file, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that could not be read or written. The disk is at fault, or whoever changed the file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refuses.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: Arc<io::Error>,
    },
    /// No room. Nothing was acknowledged that is not on the disk.
    #[error("the disk is full: {path} could not be written")]
    Full {
        /// Which file.
        path: PathBuf,
    },
    /// Bytes that were durable once are not what was written.
    #[error("{path} is damaged at record {record}, offset {offset}: {what}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which record, from 0.
        record: u64,
        /// Where it begins.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An earlier write failed in a way that leaves the file unknown.
    #[error("{path} takes nothing more since a write failed; restart the node")]
    Stopped {
        /// Which file.
        path: PathBuf,
    },
    /// The caller's own fault: no such record, or a record of a length that no record has.
    #[error("{path} has no record {record}")]
    NoRecord {
        /// Which file.
        path: PathBuf,
        /// Which record.
        record: u64,
    },
}

impl FileError {
    /// What the operating system said about a file.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> FileError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::Full { path },
            _ => FileError::Io {
                action,
                path,
                source: Arc::new(source),
            },
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            FileError::Io {
                action: _,
                path,
                source,
            } => {
                format!(
                    "Không đọc hoặc ghi được tệp {}: {source}. Kiểm tra ổ đĩa và quyền của tệp.",
                    path.display()
                )
            }
            FileError::Full { path } => {
                format!(
                    "Ổ đĩa đã đầy, không ghi được {}. Những gì đã báo lưu vẫn còn. Dọn bớt rồi ghi lại.",
                    path.display()
                )
            }
            FileError::Damaged {
                path,
                record,
                offset,
                ..
            } => format!(
                "Tệp {} bị hỏng ở mục {record} (byte {offset}). Không sửa tay; khôi phục từ nút khác.",
                path.display()
            ),
            FileError::Stopped { path } => {
                format!(
                    "Tệp {} ngừng nhận vì lần ghi trước bị lỗi. Khởi động lại nút.",
                    path.display()
                )
            }
            FileError::NoRecord { path, record } => {
                format!("Tệp {} không có mục {record}.", path.display())
            }
        }
    }
}
