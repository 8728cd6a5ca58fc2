//! Why an event is logged without effect (`docs/formats.md` section 8).

/// Why an event is logged without effect. The signer's organisation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum VoidReason {
    /// The signer's organisation is suspended.
    #[error("the organisation is suspended")]
    Suspended,
    /// It refers to an event that is not there, void, or of another kind than it needs.
    #[error("it refers to an event that is not in force before it, or of another kind")]
    NoReference,
    /// The organisation or device may not say this.
    #[error("the organisation or device may not say this")]
    NotPermitted,
    /// It names an organisation that is not enrolled.
    #[error("it names an organisation that is not a member")]
    UnknownOrg,
    /// A key that is unusable, taken, or not that organisation's.
    #[error("the key is unusable, already in use, or not that organisation's")]
    BadKey,
    /// It would change nothing.
    #[error("it would change nothing")]
    NothingChanges,
    /// Not the text of a trust anchor of this ledger, or a threshold that could not be met.
    #[error("not a trust anchor of this ledger, or a number of officers that cannot be met")]
    BadAnchor,
    /// The two envelopes are no fork.
    #[error("the two envelopes are no fork")]
    NoFork,
}

impl VoidReason {
    /// Every reason, in the order in which they are looked for.
    pub const ALL: [VoidReason; 8] = [
        VoidReason::Suspended,
        VoidReason::NoReference,
        VoidReason::NotPermitted,
        VoidReason::UnknownOrg,
        VoidReason::BadKey,
        VoidReason::NothingChanges,
        VoidReason::BadAnchor,
        VoidReason::NoFork,
    ];

    /// A stable code for machines: the one that the form answers with before signing ([`crate::form`]).
    pub fn code(self) -> &'static str {
        match self {
            VoidReason::Suspended => "DANG_TAM_DUNG",
            VoidReason::NoReference => "KHONG_THAY_VIEC_GOC",
            VoidReason::NotPermitted => "KHONG_CO_QUYEN",
            VoidReason::UnknownOrg => "DON_VI_CHUA_KET_NAP",
            VoidReason::BadKey => "KHOA_KHONG_DUNG_DUOC",
            VoidReason::NothingChanges => "KHONG_DOI_GI",
            VoidReason::BadAnchor => "MOC_TIN_CAY_SAI",
            VoidReason::NoFork => "KHONG_MAU_THUAN",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<VoidReason> {
        VoidReason::ALL
            .into_iter()
            .find(|reason| reason.code() == code)
    }

    /// What happened and what to do, for people.
    pub fn message_vi(self) -> &'static str {
        match self {
            VoidReason::Suspended => {
                "Đơn vị đang bị tạm dừng nên việc này đã lưu nhưng không có hiệu lực. Liên hệ cơ quan quản lý, rồi ghi lại khi được hoạt động."
            }
            VoidReason::NoReference => {
                "Không tìm thấy việc được nhắc tới, hoặc việc đó không phải loại cần có. Chờ việc đó vào sổ chung rồi ghi lại."
            }
            VoidReason::NotPermitted => {
                "Đơn vị không có quyền ghi việc này. Việc đã lưu nhưng không có hiệu lực. Dùng đúng tài khoản rồi ghi lại."
            }
            VoidReason::UnknownOrg => {
                "Đơn vị được nêu chưa được kết nạp. Kiểm tra mã đơn vị, kết nạp đơn vị đó rồi ghi lại."
            }
            VoidReason::BadKey => {
                "Khóa của máy không dùng được, đã cấp cho máy khác, hoặc không phải của đơn vị đó. Kiểm tra khóa, hoặc tạo khóa mới rồi đăng ký lại."
            }
            VoidReason::NothingChanges => {
                "Việc này không làm thay đổi gì vì đã có hiệu lực từ trước. Không cần ghi lại."
            }
            VoidReason::BadAnchor => {
                "Không phải mốc tin cậy của sổ này, hoặc số người phải đồng ý nhiều hơn số máy quản trị. Kiểm tra lại rồi ghi lại."
            }
            VoidReason::NoFork => {
                "Hai bản không mâu thuẫn nhau nên không ghi nhận. Kiểm tra lại tệp bằng chứng."
            }
        }
    }

    /// The same in English.
    pub fn message_en(self) -> &'static str {
        match self {
            VoidReason::Suspended => {
                "The organisation is suspended, so this is kept but without effect. Ask the authority, and record it again when the organisation may work again."
            }
            VoidReason::NoReference => {
                "What this refers to is not found, or is not of the kind that is needed. Wait until it is in the common book, then record this again."
            }
            VoidReason::NotPermitted => {
                "The organisation may not say this. It is kept but without effect. Use the right account and record it again."
            }
            VoidReason::UnknownOrg => {
                "The organisation that is named is not a member. Check its id, or admit it first, then record this again."
            }
            VoidReason::BadKey => {
                "The key cannot be used, belongs to another device, or is not that organisation's. Check the key, or make a new one and enrol that."
            }
            VoidReason::NothingChanges => {
                "This would change nothing, because it is so already. Nothing has to be done."
            }
            VoidReason::BadAnchor => {
                "Not a trust anchor of this ledger, or more officers would have to agree than there are. Check it and record it again."
            }
            VoidReason::NoFork => {
                "The two copies do not contradict each other, so nothing is recorded. Check the evidence file."
            }
        }
    }
}
