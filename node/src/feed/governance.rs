//! What waits for the authority's officers, and who is suspended: for `node status`.

use ledger_core::ids::EventId;
use ledger_core::roster::{Proposal, Roster};
use serde::Serialize;

/// Most proposals and suspended members that are listed; their numbers are told in any case.
const LISTED_MAX: usize = 32;

/// Governance as the ledger has it now.
#[derive(Debug, Default, Serialize)]
pub(super) struct Governance {
    /// How many officers must agree.
    threshold: usize,
    open_proposals: usize,
    proposals: Vec<Open>,
    suspended_members: usize,
    suspended: Vec<String>,
}

/// A threshold act that waits for consent.
#[derive(Debug, Serialize)]
struct Open {
    /// What an `approve` refers to.
    event_id: String,
    kind: &'static str,
    kind_vi: &'static str,
    /// Whom it is about, if one organisation.
    org: Option<String>,
    leaf: u64,
    consents: usize,
}

impl Governance {
    pub(super) fn of(roster: &Roster) -> Governance {
        let open = |(id, proposal)| Open::of(roster, id, proposal);
        let suspended = roster.orgs().filter(|(_, org)| org.suspended.is_some());
        let suspended: Vec<String> = suspended.map(|(id, _)| id.to_string()).collect();
        Governance {
            threshold: roster.threshold(),
            open_proposals: roster.open_proposals().count(),
            proposals: roster.open_proposals().take(LISTED_MAX).map(open).collect(),
            suspended_members: suspended.len(),
            suspended: suspended.into_iter().take(LISTED_MAX).collect(),
        }
    }
}

impl Open {
    fn of(roster: &Roster, id: EventId, proposal: &Proposal) -> Open {
        let body = proposal.event.body();
        let named = body.org.as_ref().map(ToString::to_string);
        Open {
            event_id: id.to_string(),
            kind: body.kind.name(),
            kind_vi: body.kind.row().vi,
            org: named.or(body.id.as_ref().map(|id| id.0.clone())),
            leaf: proposal.since.0,
            consents: roster.consents(proposal),
        }
    }
}
