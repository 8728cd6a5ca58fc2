//! The whole answer, and the state line that a page may show for it.

use std::collections::BTreeMap;

use crate::ids::{EventId, Hash, LotId, OrgId};
use crate::lot::{LotHistory, LotState};

use super::{Finding, LotTimes, PrivatePart, Proof, Statement};

/// The state line of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateLine {
    /// The lot's own state, confirmed (recall and hold show unconfirmed too).
    Lot(LotState),
    /// Something that a confirmed state needs is not proven.
    Unconfirmed,
    /// It is proven that the ledger binds no lot to this code.
    UnknownCode,
}

impl StateLine {
    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            StateLine::Lot(LotState::Recalled) => "recalled",
            StateLine::Lot(LotState::Held) => "held",
            StateLine::Lot(LotState::Expired) => "expired",
            StateLine::Lot(LotState::Recorded) => "recorded",
            StateLine::Unconfirmed => "unconfirmed",
            StateLine::UnknownCode => "unknown_code",
        }
    }
}

/// The answer of [`super::verify`].
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Every statement, in the order of the specification.
    pub statements: Vec<Finding>,
    /// The state line.
    pub state: StateLine,
    /// The lot that the code leads to.
    pub lot: Option<LotId>,
    /// Its history, told by the events whose signatures hold.
    pub history: Option<LotHistory>,
    /// The `org` event of each organisation whose texts took effect last, as far as the bundle shows.
    pub registered: BTreeMap<OrgId, EventId>,
    /// When the lot and its ancestors came into being, the lot first.
    pub times: Vec<LotTimes>,
    /// Seconds since 1970 as of which the quorum speaks, if there is one.
    pub as_of: Option<u64>,
    /// Seconds since 1970 when the quorum was first reached: by then at the latest everything in the bundle was in the
    /// ledger. What the events say of their own time is only claimed.
    pub reached: Option<u64>,
    /// What became of each part that was said under a commitment.
    pub privates: BTreeMap<Hash, PrivatePart>,
}

impl Verdict {
    /// What is said of a statement.
    pub fn finding(&self, statement: Statement) -> Option<&Finding> {
        self.statements
            .iter()
            .find(|finding| finding.statement == statement)
    }

    /// How far a statement is shown.
    pub fn proof(&self, statement: Statement) -> Option<Proof> {
        self.finding(statement).map(|finding| finding.proof)
    }

    /// Whether everything that a confirmed state needs is proven.
    pub fn is_confirmed(&self) -> bool {
        self.needed_but([])
    }

    /// Whether everything that a confirmed state needs is proven, these left aside.
    fn needed_but<const N: usize>(&self, aside: [Statement; N]) -> bool {
        self.statements.iter().all(|finding| {
            !finding.statement.is_needed()
                || aside.contains(&finding.statement)
                || finding.proof == Proof::Proven
        })
    }

    /// A validly signed recall or hold of this ledger shows even when quorum or freshness is not proven; nothing else
    /// does.
    pub(super) fn state_line(&self) -> StateLine {
        let lot_state = self.history.as_ref().map(|history| history.state);
        // Without the anchor's genesis anybody could be the authority that recalls.
        let own_ledger = self.proof(Statement::Ledger) == Some(Proof::Proven);
        // Another code's state says nothing about what was asked.
        if self.proof(Statement::Code) == Some(Proof::Contradicted) {
            return StateLine::Unconfirmed;
        }
        match lot_state {
            Some(state @ (LotState::Recalled | LotState::Held)) if own_ledger => {
                StateLine::Lot(state)
            }
            Some(state) if self.is_confirmed() => StateLine::Lot(state),
            _ if self.lot.is_none() && self.needed_but([Statement::Code, Statement::Ancestry]) => {
                StateLine::UnknownCode
            }
            _ => StateLine::Unconfirmed,
        }
    }
}
