//! THE one door: bytes + the log before them → [`AdmittedEvent`] or a reason (`docs/formats.md` section 8).
//!
//! A pure function without a clock, so that every node and every witness gives the same answer. Own events,
//! imported ones and those of peers all come through here. A missing permission does not close the door: it
//! makes the event void where it stands ([`crate::roster`]).

use crate::chain::{ChainError, Chains};
use crate::ids::{LeafIndex, LedgerId};
use crate::roster::{MemberError, Roster};
use crate::sign::{Envelope, EnvelopeError, SignedEvent};

/// An event that may take the next place in the log.
#[derive(Clone, Debug)]
pub struct AdmittedEvent(SignedEvent);

impl AdmittedEvent {
    /// The event.
    pub fn event(&self) -> &SignedEvent {
        &self.0
    }

    /// The event, given up.
    pub fn into_event(self) -> SignedEvent {
        self.0
    }
}

/// Why the door stays closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are at fault.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The device is not, or no longer, a member's.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// It is not next in its chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It stands in the log already, at this place, under this or another signature: a duplicate and nobody's fault.
    #[error("it is leaf {0} of the log already")]
    Duplicate(LeafIndex),
}

impl Refusal {
    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Envelope(EnvelopeError::TooLong) => "QUA_DAI",
            Refusal::Envelope(EnvelopeError::Signature) => "CHU_KY_SAI",
            Refusal::Envelope(_) => "SAI_DANG",
            Refusal::Member(MemberError::Unknown | MemberError::WrongOrg) => "KHOA_LA",
            Refusal::Member(MemberError::Revoked) => "MAY_DA_KHOA",
            Refusal::Chain(ChainError::Gap { .. }) => "THIEU_VIEC_TRUOC",
            Refusal::Chain(ChainError::Fork) => "TRUNG_SO_THU_TU",
            Refusal::Chain(ChainError::EpochNotAllowed) => "CHUA_CHO_MO_SO",
            Refusal::Chain(_) => "SAI_NOI_TIEP",
            Refusal::Duplicate(_) => "DA_CO_TRONG_SO",
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> &'static str {
        match self {
            Refusal::Envelope(EnvelopeError::TooLong) => {
                "Việc ghi quá dài. Rút ngắn ghi chú rồi gửi lại."
            }
            Refusal::Envelope(EnvelopeError::Signature) => {
                "Chữ ký không khớp nội dung. Gửi lại từ máy đã ký."
            }
            Refusal::Envelope(_) => {
                "Dữ liệu không đúng dạng. Cập nhật phần mềm trên máy gửi rồi gửi lại."
            }
            Refusal::Member(MemberError::Unknown | MemberError::WrongOrg) => {
                "Chữ ký không thuộc thành viên nào của mạng."
            }
            Refusal::Member(MemberError::Revoked) => {
                "Máy này đã bị khóa. Liên hệ Người giữ máy để được cấp máy khác."
            }
            Refusal::Chain(ChainError::Gap { .. }) => {
                "Còn việc trước đó của máy này chưa tới. Gửi các việc theo thứ tự."
            }
            Refusal::Chain(ChainError::Fork) => {
                "Máy này đã ghi một việc khác ở số thứ tự đó. Lấy lại dữ liệu của máy rồi ghi lại việc này."
            }
            Refusal::Chain(ChainError::Closed) => {
                "Sổ của máy này đã đóng ở phần đó. Mở sổ máy mới rồi ghi lại việc này."
            }
            Refusal::Chain(ChainError::EpochNotAllowed) => {
                "Máy này đã ký hai việc khác nhau ở cùng một số thứ tự. Nhờ người quản trị của đơn vị hoặc cơ quan quản lý cho mở sổ mới."
            }
            Refusal::Duplicate(_) => "Việc này đã có trong sổ chung. Không cần gửi lại.",
            Refusal::Chain(_) => {
                "Việc này không nối tiếp việc trước của máy. Lấy lại dữ liệu của máy rồi ghi lại."
            }
        }
    }
}

/// Opens the door or says why not.
///
/// # Errors
/// [`Refusal`] naming whose fault it is.
pub fn admit(
    ledger: &LedgerId,
    roster: &Roster,
    chains: &Chains,
    bytes: &[u8],
) -> Result<AdmittedEvent, Refusal> {
    let envelope = Envelope::parse(bytes)?;
    // Cheap look-ups before the costly signature: strangers cost a map look-up.
    let device = roster
        .device(&envelope.device())
        .ok_or(MemberError::Unknown)?;
    let event = envelope.verify_by(ledger, &device.key)?;
    admit_signed(roster, chains, event)
}

/// What is left of the door for an event whose signature was found to hold for this ledger, by [`Envelope::verify`]
/// or because it was signed here: signatures may be checked on many cores, the rest in order.
///
/// # Errors
/// [`Refusal`] naming whose fault it is.
pub fn admit_signed(
    roster: &Roster,
    chains: &Chains,
    event: SignedEvent,
) -> Result<AdmittedEvent, Refusal> {
    check_place(roster, chains, &event)?;
    Ok(AdmittedEvent(event))
}

/// The part of the door that depends on the log: whether a device may sign, and whether this is next in its chain.
///
/// # Errors
/// [`Refusal::Member`] or [`Refusal::Chain`].
pub fn check_place(roster: &Roster, chains: &Chains, event: &SignedEvent) -> Result<(), Refusal> {
    let device = roster.check_member(event)?;
    Ok(chains.check(event, device)?)
}
