//! The history of one lot: where it comes from, its state, and what must be said besides (`docs/rules.md`).
//!
//! In scope: business rules as a fold over events in force. Out of scope: whether the events are genuine and
//! complete ([`crate::verify`]), and the clock: the business date is an argument.
//!
//! A breach never refuses an event here: a ledger that refuses the truth makes people write it elsewhere.

mod area_code;
mod certificate;
mod concern;
mod custody;
mod labels;
mod late;
mod members;
mod notices;
mod rating;
mod trade;
mod yields;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use area_code::{CodeEntries, CodeFault, Origin};
pub use concern::{Concern, ConcernKind, concerns};
pub use custody::custodian;
pub(crate) use labels::{counted_labels, units};
pub use late::LATE_SECONDS;
pub(crate) use members::Family;
pub use yields::{
    PLOT_YIELD_MAX_KG_PER_HA, PLOT_YIELD_MAX_KG_PER_HA_AND_YEAR, POND_YIELD_MAX_KG_PER_HA,
    POND_YIELD_MAX_KG_PER_HA_AND_YEAR, is_above_yield,
};
pub(crate) use yields::{area_of, is_above_yearly_yield, picking_is_implausible, weight_of_year};

use crate::family::{AncestryFault, Creations, Fact, Handover, handovers};
use crate::ids::{LeafIndex, LotId, OrgId, PlaceId, ProductId};
use crate::notice::Notice;
use crate::time::Date;

/// The state line of a lot: the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LotState {
    /// Thu hồi.
    Recalled,
    /// Tạm giữ.
    Held,
    /// Hết hạn sử dụng.
    Expired,
    /// Có hồ sơ nguồn gốc.
    Recorded,
}

/// All that the events in force say about one lot on one day.
#[derive(Clone, Debug)]
pub struct LotHistory {
    /// The lot.
    pub lot: LotId,
    /// Who owns it, once it was created.
    pub owner: Option<OrgId>,
    /// The product, if it is a finished one.
    pub product: Option<ProductId>,
    /// Its ancestors.
    pub ancestors: BTreeSet<LotId>,
    /// Why not all of them are known, if so.
    pub fault: Option<AncestryFault>,
    /// Where the lots without inputs arose.
    pub sources: BTreeSet<PlaceId>,
    /// Owners of the lot and its ancestors.
    pub organisations: BTreeSet<OrgId>,
    /// Owners and creators who are suspended, and since when; see [`LotHistory::with_suspended`].
    pub suspended: BTreeMap<OrgId, LeafIndex>,
    /// The state line.
    pub state: LotState,
    /// What else must be said, in the order of the page.
    pub notices: BTreeSet<Notice>,
    /// Each step from one organisation to another.
    pub handovers: BTreeSet<Handover>,
}

impl LotHistory {
    /// Tells the history of a lot from events in force, in log order, as of a business date.
    pub fn trace(facts: &[Fact<'_>], lot: &LotId, today: Date) -> LotHistory {
        let creations = Creations::of(facts);
        let (family, fault) = Family::of(facts, &creations, lot);
        let notices = notices::notices(&family, today);
        let ancestors = family.members.iter().filter(|member| *member != lot);
        LotHistory {
            lot: lot.clone(),
            owner: creations.owner(lot).cloned(),
            product: creations.product(lot).cloned(),
            ancestors: ancestors.cloned().collect(),
            fault,
            sources: family.sources().cloned().collect(),
            organisations: family
                .created()
                .map(|creation| creation.output.owner.clone())
                .collect(),
            suspended: BTreeMap::new(),
            state: state(&notices),
            notices,
            handovers: handovers(&family.members, facts),
        }
    }

    /// Adds who of its organisations is suspended. Whether somebody is hangs on threshold acts, so the roster knows it
    /// and not the events of the lot.
    #[must_use]
    pub fn with_suspended(mut self, since: impl Fn(&OrgId) -> Option<LeafIndex>) -> LotHistory {
        let creators = self.ancestors.iter().chain([&self.lot]).map(|lot| &lot.org);
        self.suspended = self
            .organisations
            .iter()
            .chain(creators)
            .filter_map(|org| Some((org.clone(), since(org)?)))
            .collect();
        if !self.suspended.is_empty() {
            self.notices.insert(Notice::Suspended);
        }
        self
    }
}

fn state(notices: &BTreeSet<Notice>) -> LotState {
    [
        (Notice::Recalled, LotState::Recalled),
        (Notice::OnHold, LotState::Held),
        (Notice::Expired, LotState::Expired),
    ]
    .into_iter()
    .find(|(notice, _)| notices.contains(notice))
    .map_or(LotState::Recorded, |(_, state)| state)
}
