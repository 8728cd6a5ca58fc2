//! `members` and `order`: who signed, whether they were allowed to, and in which order each device spoke.

use std::collections::{BTreeMap, BTreeSet};

use crate::family::Fact;
use crate::genesis::Genesis;
use crate::ids::{DeviceKey, LeafIndex};
use crate::roster::{MemberError, Referred, Roster};
use crate::sign::SignedEvent;
use crate::subject::Subject;

use super::{Check, Finding, Statement};

/// Membership, replayed over those of the log's events that are at hand.
pub(crate) struct Fold<'a> {
    /// Who is a member after the events that were taken.
    pub(crate) roster: Roster,
    /// The events in force among them, in log order.
    pub(crate) facts: Vec<Fact<'a>>,
}

impl<'a> Fold<'a> {
    /// For the events of complete lists: what is listed is in force unless it can be seen not to be.
    pub(crate) fn partial(genesis: &Genesis) -> Fold<'a> {
        Fold {
            roster: Roster::partial(genesis),
            facts: Vec::new(),
        }
    }

    /// For an event that is listed nowhere: in force is only what the events at hand show to be.
    pub(crate) fn strict(genesis: &Genesis) -> Fold<'a> {
        Fold {
            roster: Roster::new(genesis),
            facts: Vec::new(),
        }
    }

    /// Why an event does not count at this place, as a stable word.
    pub(crate) fn fault(&self, event: &SignedEvent) -> Option<&'static str> {
        match self.roster.check_member(event) {
            Err(MemberError::Unknown) => Some("not_enrolled"),
            Err(MemberError::WrongOrg) => Some("other_org"),
            Err(MemberError::Revoked) => Some("revoked"),
            Ok(_) => self
                .roster
                .weigh(event, self.referred(event).as_ref())
                .err()
                .map(|_| "not_permitted"),
        }
    }

    /// Takes the next event, if it counts.
    pub(crate) fn take(
        &mut self,
        index: LeafIndex,
        event: &'a SignedEvent,
    ) -> Result<(), &'static str> {
        if let Some(fault) = self.fault(event) {
            return Err(fault);
        }
        self.roster.apply(index, event);
        self.facts.push(Fact { index, event });
        Ok(())
    }

    /// The event referred to, if it is at hand.
    fn referred(&self, event: &SignedEvent) -> Option<Referred> {
        let id = event.body().reference?;
        let found = self.facts.iter().find(|fact| fact.event.id().0 == id);
        found.map(|fact| Referred::of(fact.index, fact.event, true))
    }
}

impl Check<'_> {
    /// Replays membership over the events at hand; gives what came of it.
    pub(super) fn members(&self) -> (Finding, Fold<'_>) {
        let listed = self.bundle.subjects.iter();
        let lots = listed.filter_map(|(subject, _)| match subject {
            Subject::Lot(lot) => Some(lot.clone()),
            _ => None,
        });
        let mut fold = Fold::partial(self.genesis);
        fold.roster = fold.roster.seeing(lots.collect());
        let mut fault = None;
        for (index, event) in &self.signed {
            if let Err(detail) = fold.take(*index, event) {
                let finding = Finding::contradicted(Statement::Members, detail);
                fault = Some(finding.by([event.iss()]));
            }
        }
        let signers: BTreeSet<_> = fold.facts.iter().map(|fact| fact.event.iss()).collect();
        let proven = || Finding::proven(Statement::Members).by(signers);
        (fault.unwrap_or_else(proven), fold)
    }

    /// Each device's (epoch, seq) rises with the leaf index.
    pub(super) fn order(&self) -> Finding {
        let mut last: BTreeMap<DeviceKey, (u64, u64)> = BTreeMap::new();
        let rises = self.signed.values().all(|event| {
            let place = (event.link().epoch, event.link().seq);
            last.insert(event.device(), place)
                .is_none_or(|previous| previous < place)
        });
        Finding::proven_if(Statement::Order, rises, "not_rising")
    }
}
