//! What officials look at and no page shows (`docs/rules.md`, "For officials").

use super::{Family, custodian};
use crate::family::{Creations, Fact};
use crate::hold::holding;
use crate::ids::{LeafIndex, LotId, OrgId};
use crate::kind::Kind;
use crate::mass;
use crate::subject::lots_of;

/// Something about a lot that an official should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concern {
    /// The event that it is about; for the mass the lot's creation.
    pub index: LeafIndex,
    /// What it is.
    pub kind: ConcernKind,
}

/// What officials look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConcernKind {
    /// Somebody works with goods that they do not have in hand.
    Custody,
    /// A happening dated after its signing.
    Ahead,
    /// More came out than went in.
    Mass,
    /// On hold.
    Held,
}

impl ConcernKind {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            ConcernKind::Custody => "GIU_HANG_KHONG_KHOP",
            ConcernKind::Ahead => "NGAY_SAU_KHI_KY",
            ConcernKind::Mass => "VUOT_KHOI_LUONG",
            ConcernKind::Held => "DANG_TAM_GIU",
        }
    }

    /// The sentence for officials, in Vietnamese.
    pub fn vi(self) -> &'static str {
        match self {
            ConcernKind::Custody => "Đơn vị ghi việc không phải là đơn vị đang giữ lô hàng.",
            ConcernKind::Ahead => "Ngày của việc sau ngày ký.",
            ConcernKind::Mass => "Khối lượng ra nhiều hơn khối lượng vào.",
            ConcernKind::Held => "Lô đang tạm giữ.",
        }
    }

    /// The same in English.
    pub fn en(self) -> &'static str {
        match self {
            ConcernKind::Custody => "The signer does not have the lot in hand.",
            ConcernKind::Ahead => "It is dated after its signing.",
            ConcernKind::Mass => "More came out than went in.",
            ConcernKind::Held => "The lot is on hold.",
        }
    }
}

/// What officials should look at of one lot, in log order. `facts` are events in force, in log order: the lists of the
/// subjects that a bundle of the lot holds, or more.
pub fn concerns(facts: &[Fact<'_>], authority: &OrgId, lot: &LotId) -> Vec<Concern> {
    let creations = Creations::of(facts);
    let (family, _) = Family::of(facts, &creations, lot);
    let concern = |kind| move |index| Concern { index, kind };
    let named = || {
        facts
            .iter()
            .filter(|fact| lots_of(fact.event).any(|named| named == *lot))
    };
    let out_of_hand = named().filter(|fact| {
        let custodian = custodian(facts, &creations, lot, fact.index);
        handles(fact, lot, authority) && custodian.is_some_and(|org| org != fact.event.iss())
    });
    let ahead = named().filter(|fact| fact.event.occurred().seconds > fact.event.signed().seconds);
    let mass = creations
        .get(lot)
        .filter(|_| mass::is_exceeded(&family))
        .map(|creation| creation.fact.index);
    let mut found: Vec<Concern> = out_of_hand
        .map(|fact| concern(ConcernKind::Custody)(fact.index))
        .chain(ahead.map(|fact| concern(ConcernKind::Ahead)(fact.index)))
        .chain(mass.map(concern(ConcernKind::Mass)))
        .chain(holding(&family).since.map(concern(ConcernKind::Held)))
        .collect();
    found.sort_unstable();
    found
}

/// Whether somebody must have a lot in hand to say this of it.
fn handles(fact: &Fact<'_>, lot: &LotId, authority: &OrgId) -> bool {
    let body = fact.event.body();
    let uses_up = body.inputs.iter().flatten().any(|used| used.lot == *lot);
    match body.kind {
        Kind::Receive => false,
        Kind::Destroy => fact.event.iss() != authority,
        Kind::Ship | Kind::Store | Kind::Sell | Kind::Label => true,
        _ => uses_up,
    }
}
