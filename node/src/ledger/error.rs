//! Why the ledger does not do what it is asked, sorted by who is at fault.

use ledger_core::ids::{OrgId, TreeSize};
use ledger_core::store::StoreError;

use super::Trouble;
use crate::blobs::BlobError;
use crate::files::FileError;
use crate::index::IndexError;

/// Why the ledger does not do what it is asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// The index could not be used even after it was made anew.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// What is stored beside the log does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob is refused.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The sender's fault: not a continuation of the log, not signed by it, not a validator's line.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The log contradicts itself or was not allowed to say what it signed; evidence was kept.
    #[error("the log is at fault: {0}")]
    LogAtFault(String),
    /// The ledger does not serve (any more).
    #[error("the ledger does not serve: {}", .0.message_en)]
    Stopped(Trouble),
    /// The draft is refused by the door, before anything was signed for good.
    #[error("refused: {code}")]
    Refused {
        /// A stable code.
        code: String,
        /// For people.
        message_vi: String,
    },
    /// No key of that organisation lives on this node.
    #[error("no device of {0} lives on this node")]
    NoDevice(OrgId),
    /// The device's past is not whole here: it must see its own events in the log before it signs again.
    #[error("the device of {0} has lost its last events and must follow the log first")]
    LostTail(OrgId),
    /// Only the sequencer can do this.
    #[error("this node does not sequence")]
    NotSequencer,
    /// A head that is not, or no longer, the newest.
    #[error("not the newest head, which has {0} leaves")]
    OtherHead(TreeSize),
    /// The node is going down.
    #[error("the node is going down")]
    Closed,
}

impl LedgerError {
    /// A stable code for machines.
    pub fn code(&self) -> &str {
        match self {
            LedgerError::File(FileError::Full { .. }) => "O_DIA_DAY",
            LedgerError::File(_) | LedgerError::Index(_) | LedgerError::Store(_) => "LOI_O_DIA",
            LedgerError::Blob(e) => e.code(),
            LedgerError::Malformed(_) => "SAI_DANG",
            LedgerError::LogAtFault(_) => "SO_CAI_MAU_THUAN",
            LedgerError::Stopped(trouble) => trouble.code,
            LedgerError::Refused { code, .. } => code,
            LedgerError::NoDevice(_) => "KHONG_CO_MAY",
            LedgerError::LostTail(_) => "MAT_DU_LIEU_MAY",
            LedgerError::NotSequencer => "KHONG_PHAI_NUT_SAP_THU_TU",
            LedgerError::OtherHead(_) => "KHONG_PHAI_MOI_NHAT",
            LedgerError::Closed => "DANG_TAT",
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            LedgerError::File(e) => e.message_vi(),
            LedgerError::Index(_) => "Không dùng được chỉ mục. Dừng nút, xóa thư mục index rồi chạy lại.".into(),
            LedgerError::Store(_) => "Phần tra cứu trên ổ đĩa bị hỏng; sổ không sao. Dừng nút rồi chạy lại để dựng lại từ sổ; nếu lặp lại, kiểm tra ổ đĩa.".into(),
            LedgerError::Blob(e) => e.message_vi(),
            LedgerError::Malformed(_) => "Dữ liệu gửi tới không đúng dạng hoặc không nối tiếp sổ.".into(),
            LedgerError::LogAtFault(_) => {
                "Sổ chung tự mâu thuẫn. Nút này giữ bằng chứng trong thư mục evidence và không xác nhận nữa; báo quản trị.".into()
            }
            LedgerError::Stopped(trouble) => trouble.message_vi.clone(),
            LedgerError::Refused { message_vi, .. } => message_vi.clone(),
            LedgerError::NoDevice(org) => format!("Nút này không giữ khóa nào của {org}."),
            LedgerError::LostTail(org) => format!(
                "Máy của {org} thiếu các việc đã ghi gần nhất. Nối mạng để lấy lại sổ, sau đó máy tự mở sổ mới và ghi tiếp."
            ),
            LedgerError::NotSequencer => "Chỉ nút sắp thứ tự mới nhận xác nhận của các đơn vị.".into(),
            LedgerError::OtherHead(size) => format!("Sổ đã có bản chốt mới hơn ({size} mục)."),
            LedgerError::Closed => "Nút đang tắt.".into(),
        }
    }

    /// Whether whoever sent the bytes is at fault, rather than this node or the log.
    pub fn is_senders_fault(&self) -> bool {
        matches!(
            self,
            LedgerError::Malformed(_) | LedgerError::Refused { .. } | LedgerError::Blob(_)
        )
    }
}
