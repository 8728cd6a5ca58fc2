//! Who is a member and who may say what, as a fold over the log (`docs/formats.md` sections 7 and 8).
//!
//! In scope: organisations, roles, devices, peers, threshold acts, the trust anchor; the decision whether an event
//! is in force or void. Out of scope: signatures ([`crate::sign`]), chains ([`crate::chain`]), business rules.
//!
//! The same fold runs over the whole log on a node and over the events of a bundle on a phone. On the phone it must say
//! the same of every event that it sees; what it cannot know there (another organisation's keys, the owner of a lot whose
//! list is elsewhere) is vouched for by the map, which lists events in force only.

mod conflict;
mod device;
mod may;
mod org;
mod proposal;
mod reference;
mod trust;
mod void;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::anchor::Anchor;
use crate::body::{Body, Rights, Role};
use crate::genesis::{Genesis, ledger_id};
use crate::ids::{DeviceKey, Hash, LeafIndex, LedgerId, LotId, OrgId};
use crate::key::PublicKey;
use crate::kind::Kind;
use crate::sign::SignedEvent;
use crate::subject::created_lots;

pub use device::{Device, MemberError, Revocation};
pub use may::Said;
pub use org::Org;
pub use proposal::Proposal;
pub use reference::Referred;
pub use void::VoidReason;

use proposal::Proposals;

/// The members and what they may do, as of some place in the log.
#[derive(Clone, Debug)]
pub struct Roster {
    ledger: LedgerId,
    authority: OrgId,
    sequencer: DeviceKey,
    orgs: BTreeMap<OrgId, Org>,
    devices: BTreeMap<DeviceKey, Device>,
    peers: BTreeMap<Hash, OrgId>,
    former_peers: BTreeSet<Hash>,
    threshold: usize,
    proposals: Proposals,
    anchor: Option<Arc<Anchor>>,
    /// Lots that an event which created them gave to another organisation than the creator's.
    given: BTreeSet<(LotId, OrgId)>,
    sight: Sight,
}

/// How much of the log the fold sees.
#[derive(Clone, Debug)]
enum Sight {
    /// All of it.
    Whole,
    /// The complete lists of a bundle, those of these lots among them.
    Lists(BTreeSet<LotId>),
}

impl Roster {
    /// The roster that genesis sets up.
    pub fn new(genesis: &Genesis) -> Roster {
        let authority = Org::new([Role::Authority], LeafIndex(0));
        let device = |(key, rights): (&DeviceKey, Rights)| {
            // A genesis that was read holds only good keys.
            let checked = PublicKey::from_bytes(&key.0).ok()?;
            let device = Device::new(checked, genesis.authority.clone(), rights, LeafIndex(0));
            Some((*key, device))
        };
        let officers = genesis.authority_devices.iter();
        let officers = officers.map(|key| (key, Rights::Administrator));
        let devices = officers.chain([(&genesis.sequencer, Rights::Recorder)]);
        Roster {
            ledger: ledger_id(&genesis.encode()),
            authority: genesis.authority.clone(),
            sequencer: genesis.sequencer,
            orgs: BTreeMap::from([(genesis.authority.clone(), authority)]),
            devices: devices.filter_map(device).collect(),
            peers: BTreeMap::new(),
            former_peers: BTreeSet::new(),
            threshold: genesis.authority_threshold,
            proposals: Proposals::default(),
            anchor: None,
            given: BTreeSet::new(),
            sight: Sight::Whole,
        }
    }

    /// The same for a fold over complete lists only.
    pub fn partial(genesis: &Genesis) -> Roster {
        Roster {
            sight: Sight::Lists(BTreeSet::new()),
            ..Roster::new(genesis)
        }
    }

    /// A partial fold that has the complete lists of these lots, and so knows whose they are.
    pub fn seeing(self, lots: BTreeSet<LotId>) -> Roster {
        Roster {
            sight: Sight::Lists(lots),
            ..self
        }
    }

    /// An organisation.
    pub fn org(&self, id: &OrgId) -> Option<&Org> {
        self.orgs.get(id)
    }

    /// Every organisation, by id.
    pub fn orgs(&self) -> impl Iterator<Item = (&OrgId, &Org)> {
        self.orgs.iter()
    }

    /// A device.
    pub fn device(&self, key: &DeviceKey) -> Option<&Device> {
        self.devices.get(key)
    }

    /// Every device, by key.
    pub fn devices(&self) -> impl Iterator<Item = (&DeviceKey, &Device)> {
        self.devices.iter()
    }

    /// Whose network peer a libp2p key is. Nobody's while the organisation is suspended.
    pub fn peer(&self, key: &Hash) -> Option<&OrgId> {
        self.peers.get(key).filter(|org| !self.is_suspended(org))
    }

    /// Every libp2p key that may be spoken to.
    pub fn peers(&self) -> impl Iterator<Item = (&Hash, &OrgId)> {
        self.peers.iter().filter(|(_, org)| !self.is_suspended(org))
    }

    /// Every libp2p key that was on the roster and must not be spoken to: removed, or of a suspended organisation.
    pub fn barred_peers(&self) -> impl Iterator<Item = &Hash> {
        let suspended = self.peers.iter().filter(|(_, org)| self.is_suspended(org));
        suspended.map(|(key, _)| key).chain(&self.former_peers)
    }

    /// The authority's organisation.
    pub fn authority(&self) -> &OrgId {
        &self.authority
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
        self.weigh_said(&Said::by(event), referred)
    }

    /// The same for what is not signed yet.
    ///
    /// # Errors
    /// [`VoidReason`] that it would be void for.
    pub fn weigh_said(
        &self,
        said: &Said<'_>,
        referred: Option<&Referred>,
    ) -> Result<(), VoidReason> {
        if self.is_suspended(said.iss) {
            return Err(VoidReason::Suspended);
        }
        self.weigh_reference(said.body, referred)?;
        if !self.may_say(said, referred) {
            return Err(VoidReason::NotPermitted);
        }
        self.weigh_act(said.body)?;
        match said.body.kind {
            Kind::Approve => self.weigh_consent(said),
            Kind::Conflict => self.weigh_conflict(said.body, referred),
            _ => Ok(()),
        }
    }

    /// What an event asks of the organisation, keys and numbers that it names, whoever says it: asked when it is logged,
    /// and of a threshold act once more when it takes effect.
    fn weigh_act(&self, body: &Body) -> Result<(), VoidReason> {
        self.weigh_org(body)?;
        self.weigh_keys(body)?;
        self.weigh_rule(body)
    }

    /// Takes in an event that [`Roster::weigh`] found in force.
    pub fn apply(&mut self, index: LeafIndex, event: &SignedEvent) {
        match event.body().reference {
            Some(id) if event.body().kind == Kind::Approve => {
                self.consent(index, &id, event.device());
            }
            _ if self.is_threshold_act(event.body()) => self.propose(index, event),
            _ => self.act(index, event),
        }
    }

    /// What was said takes effect.
    fn act(&mut self, index: LeafIndex, event: &SignedEvent) {
        let body = event.body();
        match body.kind {
            Kind::Org => self.admit_org(index, event),
            Kind::Suspend | Kind::Readmit | Kind::Grant | Kind::Withdraw => {
                self.change_org(index, body);
            }
            Kind::Device => self.enrol(index, body),
            Kind::Revoke => self.revoke(index, body.key, body.last),
            Kind::Replace => {
                self.revoke(index, body.old, body.last);
                self.enrol(index, body);
            }
            Kind::AllowEpoch => self.allow_epoch(index, body.key),
            Kind::Conflict => self.record_conflict(index, body),
            Kind::Peer => self.add_peer(body),
            Kind::Unpeer => self.remove_peer(body.key),
            Kind::Anchor => self.set_anchor(body),
            Kind::Threshold => {
                let count = body.count.and_then(|count| usize::try_from(count).ok());
                self.threshold = count.unwrap_or(self.threshold);
            }
            _ => self.note_owners(event),
        }
    }

    /// Whether the fold sees only some of the log.
    fn is_partial(&self) -> bool {
        matches!(self.sight, Sight::Lists(_))
    }

    /// Whether an organisation owns a lot that another created, as far as the fold can see.
    fn may_own(&self, org: &OrgId, lot: &LotId) -> bool {
        let seen = match &self.sight {
            Sight::Whole => true,
            Sight::Lists(lots) => lots.contains(lot),
        };
        !seen || self.given.contains(&(lot.clone(), org.clone()))
    }

    /// Who creates a lot may name another organisation as its owner.
    fn note_owners(&mut self, event: &SignedEvent) {
        let outputs = event.body().outputs.iter().flatten();
        let given = created_lots(event)
            .zip(outputs)
            .filter(|(lot, output)| output.owner != lot.org)
            .map(|(lot, output)| (lot, output.owner.clone()));
        self.given.extend(given);
    }
}
