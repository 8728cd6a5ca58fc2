//! `members` and `order`: who signed, whether they were allowed to, and in which order each device spoke.

use std::collections::{BTreeMap, BTreeSet};

use crate::family::Fact;
use crate::ids::{DeviceKey, LeafIndex};
use crate::kind::Who;
use crate::roster::{MemberError, Referred, Roster};
use crate::sign::SignedEvent;

use super::{Check, Finding, Statement};

impl Check<'_> {
    /// Replays membership over the events at hand; gives the events in force.
    pub(super) fn members(&self) -> (Finding, Vec<Fact<'_>>) {
        let mut roster = Roster::partial(self.genesis);
        let mut facts: Vec<Fact<'_>> = Vec::new();
        let mut fault = None;
        for (index, event) in &self.signed {
            let referred = self.referred(event, &facts);
            match why_not(&roster, event, referred.as_ref()) {
                None => {
                    roster.apply(*index, event);
                    facts.push(Fact {
                        index: *index,
                        event,
                    });
                }
                Some(detail) => {
                    let finding = Finding::contradicted(Statement::Members, detail);
                    fault = Some(finding.by([event.iss()]));
                }
            }
        }
        let signers: BTreeSet<_> = facts.iter().map(|fact| fact.event.iss()).collect();
        let proven = || Finding::proven(Statement::Members).by(signers);
        (fault.unwrap_or_else(proven), facts)
    }

    /// The event referred to. One that the bundle does not hold is vouched for by the map, unless permission hangs on it.
    fn referred(&self, event: &SignedEvent, facts: &[Fact<'_>]) -> Option<Referred> {
        let id = event.body().reference?;
        let found = facts
            .iter()
            .find(|fact| fact.event.id().0 == id)
            .map(|fact| Referred {
                index: fact.index,
                iss: fact.event.iss().clone(),
                kind: fact.event.body().kind,
            });
        let decides = matches!(event.body().kind.row().who, Who::Author | Who::Issuer);
        let elsewhere = Referred {
            index: LeafIndex(0),
            iss: event.iss().clone(),
            kind: event.body().kind,
        };
        found.or((!decides).then_some(elsewhere))
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

/// Why an event does not count at this place, as a stable word.
fn why_not(
    roster: &Roster,
    event: &SignedEvent,
    referred: Option<&Referred>,
) -> Option<&'static str> {
    match roster.check_member(event) {
        Err(MemberError::Unknown) => Some("not_enrolled"),
        Err(MemberError::WrongOrg) => Some("other_org"),
        Err(MemberError::Revoked) => Some("revoked"),
        Ok(_) => roster.weigh(event, referred).err().map(|_| "not_permitted"),
    }
}
