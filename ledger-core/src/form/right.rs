//! Who may say what, told before signing (`docs/formats.md` section 7). Signed all the same the event would be void,
//! with the same code ([`crate::roster::VoidReason::code`]).

use super::harvest::ground;
use super::{Case, Question, Weight, lower_first, upper_first};
use crate::body::{PlaceType, Role};
use crate::kind::{Kind, Who};
use crate::lot::area_of;
use crate::roster::{Referred, Said, VoidReason};

/// What would make the event void: it may not be said, refers to what is not there, or would change nothing (N-09 to
/// N-12; `docs/formats.md` section 8).
pub(super) fn may_not(case: &Case<'_>) -> Vec<Question> {
    let referred = case
        .referred()
        .map(|fact| Referred::of(fact.index, fact.event, true));
    let said = Said {
        body: case.body(),
        iss: case.iss,
        device: case.known.device,
    };
    match case.known.roster.weigh_said(&said, referred.as_ref()) {
        Ok(()) => Vec::new(),
        Err(VoidReason::NotPermitted) => vec![not_permitted(reason(case))],
        Err(reason) => vec![void(reason)],
    }
}

fn not_permitted(reason: Reason) -> Question {
    Question {
        code: VoidReason::NotPermitted.code(),
        weight: Weight::Refuse,
        field: reason.field,
        message_vi: reason.vi,
        message_en: reason.en,
        remedy_vi: reason.remedy_vi,
    }
}

fn void(reason: VoidReason) -> Question {
    let (field, remedy_vi) = match reason {
        VoidReason::NoReference => ("ref", "Chờ việc đó vào sổ chung"),
        VoidReason::UnknownOrg => ("org", "Kiểm tra mã đơn vị"),
        VoidReason::BadKey => ("key", "Kiểm tra khóa"),
        VoidReason::Suspended => ("", "Liên hệ cơ quan quản lý"),
        _ => ("", ""),
    };
    // The reason's own sentence speaks of what was kept; here nothing is signed yet.
    let (message_vi, message_en) = match reason {
        VoidReason::Suspended => (
            "Đơn vị đang bị tạm dừng nên chưa ghi được việc này.",
            "The organisation is suspended, so this cannot be recorded now.",
        ),
        _ => (reason.message_vi(), reason.message_en()),
    };
    Question {
        code: reason.code(),
        weight: Weight::Refuse,
        field,
        message_vi: message_vi.to_owned(),
        message_en: message_en.to_owned(),
        remedy_vi,
    }
}

/// Why not, in the user's terms.
struct Reason {
    field: &'static str,
    vi: String,
    en: String,
    remedy_vi: &'static str,
}

impl Reason {
    fn new(vi: String, en: String, remedy_vi: &'static str) -> Reason {
        Reason {
            field: "",
            vi,
            en,
            remedy_vi,
        }
    }

    fn at(self, field: &'static str) -> Reason {
        Reason { field, ..self }
    }
}

fn reason(case: &Case<'_>) -> Reason {
    let row = case.kind().row();
    match (row.kind, row.who) {
        (Kind::LabResult, _) => Reason::new(
            "Chỉ phòng kiểm nghiệm mới ghi được kết quả kiểm nghiệm.".into(),
            "Only a laboratory may record test results.".into(),
            "Gửi mẫu cho phòng kiểm nghiệm",
        ),
        (Kind::Release, _) => release(case),
        (_, Who::Producer) => producer(case),
        (_, Who::Author | Who::Issuer) => author(case),
        (_, Who::Keeper) => Reason::new(
            format!(
                "Chỉ chủ hàng hoặc cơ quan quản lý mới ghi được {}.",
                deed(row.kind)
            ),
            format!(
                "Only the owner or the authority may record this: {}.",
                row.en
            ),
            "Liên hệ chủ hàng hoặc cơ quan quản lý",
        ),
        (_, Who::Holder) => Reason::new(
            format!("Chỉ đơn vị chủ quản mới ghi được {}.", deed(row.kind)),
            format!(
                "Only the organisation whose it is may record this: {}.",
                row.en
            ),
            "Dùng đúng tài khoản",
        ),
        (_, who) => Reason::new(
            format!("Chỉ {} mới ghi được {}.", allowed(who), deed(row.kind)),
            format!("This account may not record this: {}.", row.en),
            "Dùng đúng tài khoản",
        ),
    }
}

/// Work on a field: the wrong kind of account, or the wrong field.
fn producer(case: &Case<'_>) -> Reason {
    let (iss, row) = (case.iss, case.kind().row());
    let roles = case.known.roster.org(iss).map(|org| &org.roles);
    let field = case.body().field.as_ref();
    let other = field.filter(|field| field.org != *iss);
    if roles.is_some_and(|roles| roles.contains(&Role::Producer)) {
        let place_type = field
            .and_then(|field| area_of(case.facts(), field))
            .map(|(place_type, _)| place_type);
        let ground = ground(place_type.unwrap_or(PlaceType::Plot), "");
        let (large, remedy_vi) = (upper_first(ground), "Chọn đúng vườn, ao của đơn vị mình");
        let vi = format!("{large} này của đơn vị khác. Chọn {ground} của đơn vị mình.");
        let en = "This place is another organisation's. Choose one of your own.".to_owned();
        return Reason::new(vi, en, remedy_vi).at("field");
    }
    let account = NAMES
        .iter()
        .find(|(role, _)| roles.is_some_and(|roles| roles.contains(role)));
    let account = account.map_or("này", |(_, name)| name);
    let of_other = other
        .map(|field| format!(" của {}", field.org))
        .unwrap_or_default();
    let of_whom = other
        .map(|field| format!(" of {}", field.org))
        .unwrap_or_default();
    Reason::new(
        format!(
            "Tài khoản {account} không ghi được {}{of_other}.",
            deed(row.kind)
        ),
        format!("This account may not record this{of_whom}: {}.", row.en),
        "Dùng đúng tài khoản",
    )
    .at("field")
}

/// Another organisation's entry.
fn author(case: &Case<'_>) -> Reason {
    let author = case
        .referred()
        .map(|fact| case.org_name(fact.event.iss()))
        .unwrap_or_default();
    let (vi, en) = match case.kind() {
        Kind::Correct => (
            "Chỉ đơn vị đó được đính chính.",
            "Only that organisation may correct it.",
        ),
        _ => (
            "Chỉ đơn vị đó hoặc cơ quan quản lý được thay đổi.",
            "Only that organisation or the authority may change it.",
        ),
    };
    let (vi, en) = (
        format!("Mục này do {author} ghi. {vi}"),
        format!("{author} recorded this. {en}"),
    );
    Reason::new(vi, en, "Liên hệ đơn vị ghi").at("ref")
}

/// Bringing goods back into circulation.
fn release(case: &Case<'_>) -> Reason {
    let mut lots = case.body().lots.iter().flatten();
    let holdings = lots.by_ref().map(|used| case.holding(&used.lot));
    let state = holdings.fold(None, |state, holding| {
        match (state, holding.recalled, holding.held) {
            (_, true, _) => Some(("đang thu hồi", "recalled")),
            (None, _, true) => Some(("đang tạm giữ", "on hold")),
            (state, ..) => state,
        }
    });
    let (vi, en) = match state {
        Some((vi, en)) => (
            format!("Lô {vi}. Chỉ cơ quan quản lý mới được thay đổi trạng thái này."),
            format!("The lot is {en}. Only the authority may change this."),
        ),
        None => (
            "Chỉ cơ quan quản lý mới được cho lưu thông lại.".to_owned(),
            "Only the authority may bring goods back into circulation.".to_owned(),
        ),
    };
    Reason::new(vi, en, "")
}

/// What somebody does, within a sentence: `việc thu hoạch`, but `giấy chứng nhận`.
fn deed(kind: Kind) -> String {
    let word = lower_first(kind.row().vi);
    match kind {
        Kind::Certificate | Kind::LabResult | Kind::Report | Kind::Sensor => word,
        _ => format!("việc {word}"),
    }
}

/// Accounts by what they are known for, the telling role first.
const NAMES: [(Role, &str); 12] = [
    (Role::Authority, "cơ quan quản lý"),
    (Role::Laboratory, "phòng kiểm nghiệm"),
    (Role::Retailer, "gian hàng"),
    (Role::Marketplace, "gian hàng"),
    (Role::Carrier, "vận chuyển"),
    (Role::Producer, "đơn vị sản xuất"),
    (Role::Packer, "cơ sở đóng gói"),
    (Role::Processor, "cơ sở chế biến"),
    (Role::Certifier, "tổ chức chứng nhận"),
    (Role::Auditor, "đơn vị kiểm tra"),
    (Role::ProductOwner, "chủ sản phẩm"),
    (Role::NodeHost, "đơn vị giữ máy"),
];

/// Who may, as the words of section 7 are said to people.
fn allowed(who: Who) -> &'static str {
    match who {
        Who::Producer => "đơn vị sản xuất",
        Who::Maker => "đơn vị sản xuất, chế biến hoặc đóng gói",
        Who::Trader => "đơn vị sản xuất, chế biến, đóng gói hoặc bán hàng",
        Who::Carrier => "đơn vị vận chuyển",
        Who::Laboratory => "phòng kiểm nghiệm",
        Who::Authority => "cơ quan quản lý",
        Who::Inspector => "cơ quan quản lý, đơn vị kiểm tra, chứng nhận hoặc chính chủ",
        Who::Sampler => "đơn vị sản xuất, phòng kiểm nghiệm hoặc cơ quan quản lý",
        Who::Reporter => "gian hàng, sàn hoặc cơ quan quản lý",
        Who::Keeper | Who::Holder => "đơn vị chủ quản",
        Who::Author | Who::Issuer => "đơn vị đã ghi",
        Who::Member => "thành viên của mạng",
        Who::Governor | Who::Approver => "máy quản trị của cơ quan quản lý",
        Who::Steward => "máy quản trị của đơn vị hoặc của cơ quan quản lý",
        Who::Sequencer => "máy chốt mục lục",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_signing_nothing_is_said_to_be_kept() {
        let question = void(VoidReason::Suspended);
        assert_eq!(question.code, "DANG_TAM_DUNG");
        assert!(!question.message_vi.contains("đã lưu") && !question.message_en.contains("kept"));
    }
}
