//! Organisations and their roles (`docs/formats.md` section 7, *Organisations*).

use std::collections::BTreeSet;

use super::{Roster, VoidReason};
use crate::body::{Body, Role};
use crate::ids::{EventId, LeafIndex, OrgId};
use crate::kind::Kind;
use crate::sign::SignedEvent;

/// A member organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// The event that admitted it; genesis for the authority.
    pub since: LeafIndex,
    /// The `org` event whose texts are its own: the last that took effect. None for the authority that only genesis names.
    pub registered: Option<EventId>,
    /// The event that suspended it, while it is suspended.
    pub suspended: Option<LeafIndex>,
}

impl Org {
    /// An organisation in good standing.
    pub(super) fn new(roles: impl IntoIterator<Item = Role>, since: LeafIndex) -> Org {
        Org {
            roles: roles.into_iter().collect(),
            since,
            registered: None,
            suspended: None,
        }
    }
}

impl Roster {
    /// Whether everything that an organisation's devices sign is void now.
    pub fn is_suspended(&self, id: &OrgId) -> bool {
        self.orgs.get(id).is_some_and(|org| org.suspended.is_some())
    }

    /// Who is named must be enrolled. A bundle need not say it of everybody whom its events name.
    pub(super) fn weigh_org(&self, body: &Body) -> Result<(), VoidReason> {
        let Some(id) = &body.org else {
            return Ok(());
        };
        if !self.orgs.contains_key(id) && !self.is_partial() {
            return Err(VoidReason::UnknownOrg);
        }
        match body.kind {
            Kind::Suspend if *id == self.authority => Err(VoidReason::NotPermitted),
            Kind::Suspend if self.is_suspended(id) => Err(VoidReason::NothingChanges),
            Kind::Readmit if !self.is_suspended(id) => Err(VoidReason::NothingChanges),
            _ => Ok(()),
        }
    }

    /// An organisation is admitted, or its texts and roles are replaced.
    pub(super) fn admit_org(&mut self, index: LeafIndex, event: &SignedEvent) {
        let body = event.body();
        let id = body.id.as_ref().and_then(|id| OrgId::new(&id.0).ok());
        let (Some(id), Some(roles)) = (id, &body.roles) else {
            return;
        };
        let org = self.orgs.entry(id.clone());
        let org = org.or_insert_with(|| Org::new([], index));
        org.roles = roles.iter().copied().collect();
        org.registered = Some(event.id());
        self.keep_authority(&id);
    }

    /// A change to an organisation that is enrolled.
    pub(super) fn change_org(&mut self, index: LeafIndex, body: &Body) {
        let Some(org) = body.org.as_ref().and_then(|id| self.orgs.get_mut(id)) else {
            return;
        };
        let roles = body.roles.iter().flatten();
        match body.kind {
            Kind::Suspend => org.suspended = Some(index),
            Kind::Readmit => org.suspended = None,
            Kind::Grant => org.roles.extend(roles),
            Kind::Withdraw => {
                let withdrawn: BTreeSet<Role> = roles.copied().collect();
                org.roles.retain(|role| !withdrawn.contains(role));
            }
            _ => {}
        }
        body.org.iter().for_each(|id| self.keep_authority(id));
    }

    /// The authority's organisation keeps its role whatever is said.
    fn keep_authority(&mut self, id: &OrgId) {
        if *id == self.authority
            && let Some(org) = self.orgs.get_mut(id)
        {
            org.roles.insert(Role::Authority);
        }
    }
}
