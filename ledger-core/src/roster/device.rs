//! Devices, peers and their keys (`docs/formats.md` section 7, *Devices*), and whether a device may sign (section 8).

use std::collections::BTreeSet;

use super::{Roster, VoidReason};
use crate::body::{Body, ChainPlace, Lives, Rights};
use crate::ids::{DeviceKey, Hash, LeafIndex, OrgId};
use crate::key::PublicKey;
use crate::kind::Kind;
use crate::sign::SignedEvent;

/// An enrolled device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its key, checked when it was enrolled.
    pub key: PublicKey,
    /// Whose it is.
    pub org: OrgId,
    /// Where its key lives.
    pub lives: Lives,
    /// On whose machine, when hosted.
    pub host: Option<OrgId>,
    /// What it may do for its organisation.
    pub rights: Rights,
    /// The event that enrolled it; genesis for the authority's first ones.
    pub since: LeafIndex,
    /// Set once it was revoked.
    pub revoked: Option<Revocation>,
    /// Its epochs that have a recorded fork.
    pub forked_epochs: BTreeSet<u64>,
    /// The last recorded fork.
    pub conflict: Option<LeafIndex>,
    /// The last leave to open a new epoch.
    pub epoch_allowed: Option<LeafIndex>,
}

/// The end of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The event that revoked it.
    pub at: LeafIndex,
    /// The last of its events that is vouched for; without it, none that is not logged yet.
    pub last: Option<ChainPlace>,
}

/// Why a device's event is refused at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The key is not on the roster.
    #[error("the key is not enrolled")]
    Unknown,
    /// The device belongs to another organisation than the envelope says.
    #[error("the device belongs to another organisation")]
    WrongOrg,
    /// The device was revoked before this event.
    #[error("the device was revoked")]
    Revoked,
}

impl Device {
    pub(super) fn new(key: PublicKey, org: OrgId, rights: Rights, since: LeafIndex) -> Device {
        Device {
            key,
            org,
            lives: Lives::Own,
            host: None,
            rights,
            since,
            revoked: None,
            forked_epochs: BTreeSet::new(),
            conflict: None,
            epoch_allowed: None,
        }
    }

    /// Whether it may speak for its organisation's membership, as it stands now.
    pub fn is_administrator(&self) -> bool {
        self.rights == Rights::Administrator && self.revoked.is_none()
    }
}

impl Roster {
    /// Whether a device may sign for the organisation that its event names, at this place.
    ///
    /// # Errors
    /// [`MemberError`] saying why not.
    pub fn check_member(&self, event: &SignedEvent) -> Result<&Device, MemberError> {
        let device = self.device(&event.device()).ok_or(MemberError::Unknown)?;
        if device.org != *event.iss() {
            return Err(MemberError::WrongOrg);
        }
        let (epoch, seq) = (event.link().epoch, event.link().seq);
        let vouched = |last: ChainPlace| (epoch, seq) <= (last.epoch, last.seq);
        match device.revoked {
            Some(revoked) if !revoked.last.is_some_and(vouched) => Err(MemberError::Revoked),
            _ => Ok(device),
        }
    }

    /// The authority's administrator devices that are not revoked.
    pub fn administrators(&self) -> impl Iterator<Item = (&DeviceKey, &Device)> {
        self.devices
            .iter()
            .filter(|(_, device)| self.is_officer(device))
    }

    pub(super) fn is_officer(&self, device: &Device) -> bool {
        device.org == self.authority && device.is_administrator()
    }

    /// What an event asks of the keys that it names.
    pub(super) fn weigh_keys(&self, body: &Body) -> Result<(), VoidReason> {
        let key = body.key.unwrap_or(Hash::ZERO);
        let is_peer = || self.peers.get(&key) == body.org.as_ref();
        let fits = match body.kind {
            Kind::Device | Kind::Peer => self.is_free(&key),
            Kind::Revoke => self.is_revocable(&key, body),
            Kind::Replace => {
                let old = body.old.unwrap_or(Hash::ZERO);
                self.is_free(&key) && self.is_revocable(&old, body)
            }
            Kind::AllowEpoch => self.is_device_of(&key, body),
            Kind::Unpeer => is_peer(),
            _ => true,
        };
        fits.then_some(()).ok_or(VoidReason::BadKey)
    }

    /// One key, one role: a key enters the roster once and never again.
    fn is_free(&self, key: &Hash) -> bool {
        PublicKey::from_bytes(&key.0).is_ok()
            && !self.devices.contains_key(&DeviceKey(key.0))
            && !self.peers.contains_key(key)
            && !self.former_peers.contains(key)
    }

    fn is_device_of(&self, key: &Hash, body: &Body) -> bool {
        let device = self.device(&DeviceKey(key.0));
        device.is_some_and(|device| Some(&device.org) == body.org.as_ref())
    }

    fn is_revocable(&self, key: &Hash, body: &Body) -> bool {
        self.is_device_of(key, body) && key.0 != self.sequencer.0
    }

    /// How many administrators the authority would have left after an event in which it gives one up.
    pub(super) fn administrators_after(&self, body: &Body) -> usize {
        let leaves = match body.kind {
            Kind::Revoke => body.key,
            Kind::Replace => body.old,
            _ => None,
        };
        let stay = self
            .administrators()
            .filter(|(key, _)| leaves != Some(Hash(key.0)));
        let joins = body.kind == Kind::Replace && body.rights == Some(Rights::Administrator);
        let ours = body.org.as_ref() == Some(&self.authority);
        stay.count() + usize::from(joins && ours)
    }

    pub(super) fn enrol(&mut self, index: LeafIndex, body: &Body) {
        let key = body.key.and_then(|key| PublicKey::from_bytes(&key.0).ok());
        if let (Some(key), Some(org), Some(lives)) = (key, &body.org, body.lives) {
            let rights = body.rights.unwrap_or(Rights::Recorder);
            let device = Device {
                lives,
                host: body.host.clone(),
                ..Device::new(key, org.clone(), rights, index)
            };
            self.devices.insert(DeviceKey(key.to_bytes()), device);
        }
    }

    pub(super) fn revoke(&mut self, index: LeafIndex, key: Option<Hash>, last: Option<ChainPlace>) {
        if let Some(device) = key.and_then(|key| self.devices.get_mut(&DeviceKey(key.0))) {
            device.revoked = Some(Revocation { at: index, last });
        }
    }

    pub(super) fn allow_epoch(&mut self, index: LeafIndex, key: Option<Hash>) {
        if let Some(device) = key.and_then(|key| self.devices.get_mut(&DeviceKey(key.0))) {
            device.epoch_allowed = Some(index);
        }
    }

    pub(super) fn add_peer(&mut self, body: &Body) {
        if let (Some(key), Some(org)) = (body.key, &body.org) {
            self.peers.insert(key, org.clone());
        }
    }

    pub(super) fn remove_peer(&mut self, key: Option<Hash>) {
        if let Some(key) = key {
            self.peers.remove(&key);
            self.former_peers.insert(key);
        }
    }
}
