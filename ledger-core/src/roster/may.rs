//! Who may say what: the words of `docs/formats.md` section 7, each one line. Which word a kind needs stands in the table of
//! [`crate::kind`]; `tests/governance/cells.rs` holds both against a matrix of its own.

use super::{Referred, Roster};
use crate::body::{Body, Role};
use crate::ids::{DeviceKey, LotId, OrgId, PlaceId};
use crate::kind::{Kind, Who};
use crate::sign::SignedEvent;
use crate::subject::lots_named;

use Role::{
    Auditor, Authority, Carrier, Certifier, Laboratory, Marketplace, Packer, Processor, Producer,
    Retailer,
};

/// Something said, signed or about to be.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What.
    pub body: &'a Body,
    /// For which organisation.
    pub iss: &'a OrgId,
    /// By which device.
    pub device: DeviceKey,
}

impl<'a> Said<'a> {
    /// What an event says.
    pub fn by(event: &'a SignedEvent) -> Said<'a> {
        Said {
            body: event.body(),
            iss: event.iss(),
            device: event.device(),
        }
    }
}

impl Roster {
    /// Whether a device of an organisation may say this now.
    pub fn may_say(&self, said: &Said<'_>, referred: Option<&Referred>) -> bool {
        let Said { body, iss, device } = *said;
        let roles = self.org(iss).map(|org| &org.roles);
        let has =
            |any: &[Role]| roles.is_some_and(|roles| any.iter().any(|role| roles.contains(role)));
        let maker = has(&[Producer, Processor, Packer]);
        let own = |place: &Option<PlaceId>| place.as_ref().is_none_or(|place| place.org == *iss);
        let author = || referred.is_some_and(|referred| referred.iss == *iss);
        let allowed = match body.kind.row().who {
            Who::Producer => has(&[Producer]) && own(&body.field),
            Who::Maker => maker,
            Who::Trader => maker || has(&[Retailer, Marketplace]),
            Who::Carrier => has(&[Carrier]),
            Who::Laboratory => has(&[Laboratory]),
            Who::Authority => has(&[Authority]),
            Who::Inspector => {
                has(&[Authority, Auditor, Certifier])
                    || maker && own(&body.field) && own(&body.place)
            }
            Who::Sampler => maker || has(&[Laboratory, Authority]),
            Who::Keeper => has(&[Authority]) || self.owns_all(body, iss),
            Who::Author => author(),
            Who::Issuer => author() || has(&[Authority]),
            Who::Reporter => has(&[Retailer, Marketplace, Authority]),
            Who::Member => roles.is_some(),
            Who::Holder => self.holds_all(body, iss),
            Who::Governor => self.administers(&device, &self.authority),
            Who::Steward => {
                self.administers(&device, &self.authority)
                    || body
                        .org
                        .as_ref()
                        .is_some_and(|org| self.administers(&device, org))
            }
            Who::Approver => self.may_consent(said),
            Who::Sequencer => true,
        };
        // The sequencer's device says map heads and nothing else, and nobody else says them.
        allowed && (device == self.sequencer) == (body.kind == Kind::MapHead)
    }

    fn administers(&self, device: &DeviceKey, org: &OrgId) -> bool {
        let device = self.device(device);
        device.is_some_and(|device| {
            device.org == *org && device.rights == crate::body::Rights::Administrator
        })
    }

    /// Whether every named lot was created by or belongs to the signer, and every other target is its own.
    fn owns_all(&self, body: &Body, iss: &OrgId) -> bool {
        let owns = |lot: LotId| lot.org == *iss || self.may_own(iss, &lot);
        lots_named(body, iss).all(owns) && self.holds_all(body, iss)
    }

    /// Whether every named product, place and organisation is the signer's own.
    fn holds_all(&self, body: &Body, iss: &OrgId) -> bool {
        let mut products = body.product.iter().chain(body.products.iter().flatten());
        self.orgs.contains_key(iss)
            && products.all(|product| product.org == *iss)
            && body
                .target_place
                .as_ref()
                .is_none_or(|place| place.org == *iss)
            && body.org.as_ref().is_none_or(|org| org == iss)
    }
}
