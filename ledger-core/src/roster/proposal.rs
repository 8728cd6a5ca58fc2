//! Threshold acts: proposed by one officer, in effect when enough others have agreed (`docs/formats.md` section 7).

use std::collections::{BTreeMap, BTreeSet};

use super::{Roster, Said, VoidReason};
use crate::body::Body;
use crate::ids::{DeviceKey, EventId, Hash, LeafIndex, OrgId};
use crate::kind::{Kind, Who};
use crate::sign::SignedEvent;

/// A threshold act that is not in effect yet.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What is to take effect.
    pub event: SignedEvent,
    /// Its place in the log.
    pub since: LeafIndex,
    /// The devices that have consented, its signer's among them.
    pub consents: BTreeSet<DeviceKey>,
}

/// Every threshold act that was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals {
    open: BTreeMap<Hash, Proposal>,
    /// Those in effect.
    settled: BTreeSet<Hash>,
}

impl Proposals {
    /// Whether an event is a threshold act.
    pub(super) fn knows(&self, id: &Hash) -> bool {
        self.open.contains_key(id) || self.settled.contains(id)
    }
}

impl Roster {
    /// Threshold acts that wait for consent, by their event ids.
    pub fn open_proposals(&self) -> impl Iterator<Item = (EventId, &Proposal)> {
        self.proposals
            .open
            .iter()
            .map(|(id, proposal)| (EventId(*id), proposal))
    }

    /// How many of the authority's administrator devices must agree to a threshold act.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// How many of the authority's administrator devices have agreed to a proposal, and are not revoked.
    pub fn consents(&self, proposal: &Proposal) -> usize {
        self.counted(&proposal.consents)
    }

    /// Whether what is said is a proposal until enough have agreed.
    pub(super) fn is_threshold_act(&self, body: &Body) -> bool {
        match body.kind.row().who {
            Who::Governor => true,
            Who::Steward => body.org.as_ref() == Some(&self.authority),
            _ => false,
        }
    }

    /// Whether a device may consent to a proposal: an administrator of the authority, or, for a trust anchor that
    /// follows another, of an organisation among the old validators.
    pub(super) fn may_consent(&self, said: &Said<'_>) -> bool {
        let of_validator = || {
            let proposal = said
                .body
                .reference
                .and_then(|id| self.proposals.open.get(&id));
            proposal.is_some_and(|proposal| proposal.event.body().kind == Kind::Anchor)
                && self.is_validator(said.iss)
        };
        let administrator = self
            .device(&said.device)
            .is_some_and(|device| device.is_administrator());
        administrator && (*said.iss == self.authority || of_validator())
    }

    /// Whether an approval adds a consent, and what it completes is still possible.
    pub(super) fn weigh_consent(&self, said: &Said<'_>) -> Result<(), VoidReason> {
        let proposal = said
            .body
            .reference
            .and_then(|id| self.proposals.open.get(&id));
        let proposal = proposal.ok_or(VoidReason::NothingChanges)?;
        let mut consents = proposal.consents.clone();
        if !consents.insert(said.device) {
            return Err(VoidReason::NothingChanges);
        }
        if self.is_enough(proposal.event.body(), &consents) {
            self.weigh_act(proposal.event.body())
        } else {
            Ok(())
        }
    }

    /// A threshold act was said: its signer consents.
    pub(super) fn propose(&mut self, index: LeafIndex, event: &SignedEvent) {
        let proposal = Proposal {
            event: event.clone(),
            since: index,
            consents: BTreeSet::new(),
        };
        self.proposals.open.insert(event.id().0, proposal);
        self.consent(index, &event.id().0, event.device());
    }

    /// One more consents; with the last that was asked for the act takes effect.
    pub(super) fn consent(&mut self, index: LeafIndex, id: &Hash, device: DeviceKey) {
        let Some(mut proposal) = self.proposals.open.remove(id) else {
            return;
        };
        proposal.consents.insert(device);
        if self.is_enough(proposal.event.body(), &proposal.consents) {
            self.proposals.settled.insert(*id);
            self.act(index, &proposal.event);
        } else {
            self.proposals.open.insert(*id, proposal);
        }
    }

    fn is_enough(&self, body: &Body, consents: &BTreeSet<DeviceKey>) -> bool {
        let officers = self.counted(consents) >= self.threshold;
        officers
            && (body.kind != Kind::Anchor || self.old_validators_agree(&self.orgs_of(consents)))
    }

    fn counted(&self, consents: &BTreeSet<DeviceKey>) -> usize {
        let devices = consents.iter().filter_map(|key| self.device(key));
        devices.filter(|device| self.is_officer(device)).count()
    }

    /// The organisations that consent by an administrator device.
    fn orgs_of(&self, consents: &BTreeSet<DeviceKey>) -> BTreeSet<OrgId> {
        let devices = consents.iter().filter_map(|key| self.device(key));
        let administrators = devices.filter(|device| device.is_administrator());
        administrators.map(|device| device.org.clone()).collect()
    }
}
