//! When a lot came into being: as claimed, and as first witnessed.

use crate::anchor::Anchor;
use crate::family::Creations;
use crate::ids::{EventId, LeafIndex, LotId};
use crate::lot::LotHistory;
use crate::time::Timestamp;
use crate::tlog_proof::TlogProof;

/// The times of one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotTimes {
    /// The lot.
    pub lot: LotId,
    /// The event that created it.
    pub event: EventId,
    /// Its place.
    pub index: LeafIndex,
    /// When it happened, as its organisation claims.
    pub claimed: Timestamp,
    /// The device's clock when it signed.
    pub signed: Timestamp,
    /// Seconds since 1970 by which the quorum had witnessed the event: no later than this, by the material at hand.
    /// A proof against an older head may show that it was earlier.
    pub witnessed: Option<u64>,
}

impl LotTimes {
    /// Takes a proof of the creating event against an older head: whether it shows an earlier witnessed time.
    pub fn improve(&mut self, proof: &TlogProof, anchor: &Anchor) -> bool {
        let shown = proof.verify(&self.event.0, anchor.policy()).ok();
        let times = shown.and_then(|evaluation| evaluation.quorum().times());
        let Some(reached) = times.map(|times| times.reached.seconds()) else {
            return false;
        };
        let earlier = self.witnessed.is_none_or(|known| reached < known);
        if earlier {
            self.witnessed = Some(reached);
        }
        earlier
    }
}

/// The times of a lot and its ancestors, the lot first. `reached` is when the head that covers them all reached its quorum.
pub(super) fn times(
    history: Option<&LotHistory>,
    creations: &Creations<'_>,
    reached: Option<u64>,
) -> Vec<LotTimes> {
    let lots = history.map(|history| [&history.lot].into_iter().chain(&history.ancestors));
    let of = |lot: &LotId| {
        let event = creations.get(lot)?.fact;
        Some(LotTimes {
            lot: lot.clone(),
            event: event.event.id(),
            index: event.index,
            claimed: event.event.occurred(),
            signed: event.event.signed(),
            witnessed: reached,
        })
    };
    lots.into_iter().flatten().filter_map(of).collect()
}
