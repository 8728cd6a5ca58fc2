//! Who is a member and who may say what, as a fold over the log (`docs/formats.md` sections 7 and 8).
//!
//! In scope: organisations, roles, devices, peers, who created and owns a lot; the decision whether an event
//! is in force or void. Out of scope: signatures ([`crate::sign`]), chains ([`crate::chain`]), business rules.
//!
//! The same fold runs over the whole log on a node and over the events of a bundle on a phone.

use std::collections::{BTreeMap, BTreeSet};

use crate::body::{Body, ChainPlace, Lives, Role};
use crate::genesis::Genesis;
use crate::ids::{DeviceKey, Hash, LeafIndex, LotId, OrgId, PlaceId};
use crate::key::PublicKey;
use crate::kind::{Kind, Who};
use crate::sign::SignedEvent;
use crate::subject::{created_lots, lots_named};

/// A member organisation.
#[derive(Clone, Debug)]
pub struct Org {
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// The event that admitted it; genesis for the authority.
    pub since: LeafIndex,
}

/// An enrolled device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its key, checked when it was enrolled.
    pub key: PublicKey,
    /// Whose it is.
    pub org: OrgId,
    /// Where its key lives.
    pub lives: Lives,
    /// On whose machine, when hosted.
    pub host: Option<OrgId>,
    /// The event that enrolled it; genesis for the authority's first ones.
    pub since: LeafIndex,
    /// Set once it was revoked.
    pub revoked: Option<ChainPlace>,
}

/// Why an event is logged without effect. The signer's organisation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum VoidReason {
    /// The organisation or device may not say this.
    #[error("the organisation may not say this")]
    NotPermitted,
    /// It refers to an event that is not there, or itself void.
    #[error("it refers to an event that is not in force before it")]
    NoReference,
    /// It enrols a key that is unusable or taken.
    #[error("the key is unusable or already in use")]
    BadKey,
}

impl VoidReason {
    /// A stable code for machines: the one that the form answers with before signing ([`crate::form`]).
    pub fn code(self) -> &'static str {
        match self {
            VoidReason::NotPermitted => "KHONG_CO_QUYEN",
            VoidReason::NoReference => "KHONG_THAY_VIEC_GOC",
            VoidReason::BadKey => "KHOA_KHONG_DUNG_DUOC",
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(self) -> &'static str {
        match self {
            VoidReason::NotPermitted => {
                "Đơn vị không có quyền ghi việc này. Việc đã lưu nhưng không có hiệu lực. Dùng đúng tài khoản rồi ghi lại."
            }
            VoidReason::NoReference => {
                "Không tìm thấy việc được nhắc tới. Chờ việc đó vào sổ chung rồi ghi lại."
            }
            VoidReason::BadKey => {
                "Khóa của máy không dùng được hoặc đã cấp cho máy khác. Tạo khóa mới rồi đăng ký lại."
            }
        }
    }
}

/// An earlier event in force, as references see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// Its place in the log.
    pub index: LeafIndex,
    /// Who signed it.
    pub iss: OrgId,
    /// What it says.
    pub kind: Kind,
}

/// The members and what they may do, as of some place in the log.
#[derive(Clone, Debug)]
pub struct Roster {
    authority: OrgId,
    sequencer: DeviceKey,
    orgs: BTreeMap<OrgId, Org>,
    devices: BTreeMap<DeviceKey, Device>,
    peers: BTreeMap<Hash, OrgId>,
    lot_owners: BTreeMap<LotId, OrgId>,
    /// Whether the fold sees only some of the log (a bundle): a lot whose creation it did not see may belong to anybody.
    partial: bool,
}

impl Roster {
    /// The roster that genesis sets up.
    pub fn new(genesis: &Genesis) -> Roster {
        let authority = Org {
            roles: BTreeSet::from([Role::Authority]),
            since: LeafIndex(0),
        };
        let device = |key: &DeviceKey| {
            let device = Device {
                key: PublicKey::from_bytes(&key.0).ok()?,
                org: genesis.authority.clone(),
                lives: Lives::Own,
                host: None,
                since: LeafIndex(0),
                revoked: None,
            };
            Some((*key, device))
        };
        Roster {
            authority: genesis.authority.clone(),
            sequencer: genesis.sequencer,
            orgs: BTreeMap::from([(genesis.authority.clone(), authority)]),
            devices: genesis
                .authority_devices
                .iter()
                .chain([&genesis.sequencer])
                // A genesis that was read holds only good keys.
                .filter_map(device)
                .collect(),
            peers: BTreeMap::new(),
            lot_owners: BTreeMap::new(),
            partial: false,
        }
    }

    /// The same for a fold over some of the log's events only.
    pub fn partial(genesis: &Genesis) -> Roster {
        Roster {
            partial: true,
            ..Roster::new(genesis)
        }
    }

    /// An organisation.
    pub fn org(&self, id: &OrgId) -> Option<&Org> {
        self.orgs.get(id)
    }

    /// A device.
    pub fn device(&self, key: &DeviceKey) -> Option<&Device> {
        self.devices.get(key)
    }

    /// Every device, by key.
    pub fn devices(&self) -> impl Iterator<Item = (&DeviceKey, &Device)> {
        self.devices.iter()
    }

    /// Whose network peer a libp2p key is, if anybody's.
    pub fn peer(&self, key: &Hash) -> Option<&OrgId> {
        self.peers.get(key)
    }

    /// Every enrolled libp2p key.
    pub fn peers(&self) -> impl Iterator<Item = (&Hash, &OrgId)> {
        self.peers.iter()
    }

    /// The authority's organisation.
    pub fn authority(&self) -> &OrgId {
        &self.authority
    }

    /// The owner of a lot, once it was created.
    pub fn lot_owner(&self, lot: &LotId) -> Option<&OrgId> {
        self.lot_owners.get(lot)
    }

    /// Whether an event is in force at this place.
    ///
    /// # Errors
    /// [`VoidReason`] when it is not.
    pub fn weigh(
        &self,
        event: &SignedEvent,
        referred: Option<&Referred>,
    ) -> Result<(), VoidReason> {
        let body = event.body();
        if body.reference.is_some() && referred.is_none() {
            return Err(VoidReason::NoReference);
        }
        let sequencer_speaks = event.device() == self.sequencer;
        let map_head = body.kind == Kind::MapHead;
        let may = || map_head || self.may_say(body, event.iss(), referred);
        if sequencer_speaks != map_head || !may() {
            return Err(VoidReason::NotPermitted);
        }
        match body.kind {
            Kind::Device | Kind::Peer if !self.key_is_free(event) => Err(VoidReason::BadKey),
            _ => Ok(()),
        }
    }

    /// The table of section 7: whether a device of an organisation, other than the sequencer, may say this now.
    pub fn may_say(&self, body: &Body, iss: &OrgId, referred: Option<&Referred>) -> bool {
        let has = |roles: &[Role]| {
            self.orgs
                .get(iss)
                .is_some_and(|org| roles.iter().any(|r| org.roles.contains(r)))
        };
        let maker = || has(&[Role::Producer, Role::Processor, Role::Packer]);
        let authority = || has(&[Role::Authority]);
        let own = |place: &Option<PlaceId>| place.as_ref().is_none_or(|place| place.org == *iss);
        let author = || referred.is_some_and(|r| r.iss == *iss);
        match body.kind.row().who {
            Who::Producer => has(&[Role::Producer]) && own(&body.field),
            Who::Maker => maker(),
            Who::Trader => maker() || has(&[Role::Retailer, Role::Marketplace]),
            Who::Carrier => has(&[Role::Carrier]),
            Who::Laboratory => has(&[Role::Laboratory]),
            Who::Authority | Who::Governor | Who::Steward | Who::Approver => authority(),
            Who::Inspector => {
                has(&[Role::Authority, Role::Auditor, Role::Certifier])
                    || maker() && own(&body.field) && own(&body.place)
            }
            Who::Sampler => maker() || has(&[Role::Laboratory, Role::Authority]),
            Who::Keeper => authority() || self.owns_all(body, iss),
            Who::Author => author(),
            Who::Issuer => author() || authority(),
            Who::Reporter => has(&[Role::Retailer, Role::Marketplace, Role::Authority]),
            Who::Member => self.orgs.contains_key(iss),
            Who::Holder => self.holds_all(body, iss),
            Who::Sequencer => false,
        }
    }

    /// Whether every named lot was created by or belongs to the signer, and every other target is its own.
    fn owns_all(&self, body: &Body, iss: &OrgId) -> bool {
        let owns = |lot: LotId| {
            lot.org == *iss
                || self
                    .lot_owner(&lot)
                    .map_or(self.partial, |owner| owner == iss)
        };
        lots_named(body, iss).all(owns) && self.holds_all(body, iss)
    }

    /// Whether every named product, place and organisation is the signer's own.
    fn holds_all(&self, body: &Body, iss: &OrgId) -> bool {
        let products = body.product.iter().chain(body.products.iter().flatten());
        self.orgs.contains_key(iss)
            && products.into_iter().all(|product| product.org == *iss)
            && body
                .target_place
                .as_ref()
                .is_none_or(|place| place.org == *iss)
            && body.org.as_ref().is_none_or(|org| org == iss)
    }

    /// One key, one role: a key enters the roster once, as a device or as a peer.
    fn key_is_free(&self, event: &SignedEvent) -> bool {
        let Some(key) = event.body().key else {
            return false;
        };
        let known_org = event
            .body()
            .org
            .as_ref()
            .is_some_and(|org| self.orgs.contains_key(org));
        known_org
            && PublicKey::from_bytes(&key.0).is_ok()
            && !self.devices.contains_key(&DeviceKey(key.0))
            && !self.peers.contains_key(&key)
    }

    /// Takes in an event that [`Roster::weigh`] found in force.
    pub fn apply(&mut self, index: LeafIndex, event: &SignedEvent) {
        let body = event.body();
        match body.kind {
            Kind::Org => self.admit_org(index, event),
            Kind::Device => {
                let checked = body.key.and_then(|key| PublicKey::from_bytes(&key.0).ok());
                if let (Some(key), Some(org), Some(lives)) = (checked, &body.org, body.lives) {
                    let device = Device {
                        key,
                        org: org.clone(),
                        lives,
                        host: body.host.clone(),
                        since: index,
                        revoked: None,
                    };
                    self.devices.insert(DeviceKey(key.to_bytes()), device);
                }
            }
            Kind::Revoke => {
                if let Some(device) = body
                    .key
                    .and_then(|key| self.devices.get_mut(&DeviceKey(key.0)))
                {
                    device.revoked = body.last;
                }
            }
            Kind::Peer => {
                if let (Some(key), Some(org)) = (body.key, &body.org) {
                    self.peers.insert(key, org.clone());
                }
            }
            _ => self.note_owners(event),
        }
    }

    fn admit_org(&mut self, index: LeafIndex, event: &SignedEvent) {
        let body = event.body();
        let id = body.id.as_ref().and_then(|id| OrgId::new(&id.0).ok());
        if let (Some(id), Some(roles)) = (id, &body.roles) {
            let since = self.orgs.get(&id).map_or(index, |org| org.since);
            let mut roles: BTreeSet<Role> = roles.iter().copied().collect();
            if id == self.authority {
                roles.insert(Role::Authority);
            }
            self.orgs.insert(id, Org { roles, since });
        }
    }

    /// The first creation of a lot names its owner.
    fn note_owners(&mut self, event: &SignedEvent) {
        let owners = event
            .body()
            .outputs
            .iter()
            .flatten()
            .map(|output| output.owner.clone());
        for (lot, owner) in created_lots(event).zip(owners) {
            self.lot_owners.entry(lot).or_insert(owner);
        }
    }
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
        let link = event.link();
        match device.revoked {
            Some(last) if (link.epoch, link.seq) > (last.epoch, last.seq) => {
                Err(MemberError::Revoked)
            }
            _ => Ok(device),
        }
    }
}
