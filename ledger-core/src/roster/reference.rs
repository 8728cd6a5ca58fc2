//! Earlier events as `ref` sees them, and which of them a kind may refer to (`docs/formats.md` section 7, *References*).

use super::{Roster, VoidReason};
use crate::body::Body;
use crate::ids::{DeviceKey, Hash, LeafIndex, OrgId};
use crate::kind::{Kind, Who};
use crate::sign::SignedEvent;

/// An earlier event, as far as references ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// Its place in the log.
    pub index: LeafIndex,
    /// Whether it is in force; a void one can only be an end of a fork.
    pub in_force: bool,
    /// The organisation that signed it.
    pub iss: OrgId,
    /// The device that signed it.
    pub device: DeviceKey,
    /// The epoch of its device that it stands in.
    pub epoch: u64,
    /// Its number in that epoch.
    pub seq: u64,
    /// What was signed ([`SignedEvent::signed_hash`]).
    pub signed_hash: Hash,
    /// What it says.
    pub kind: Kind,
    /// The commitments in it.
    pub commitments: Vec<Hash>,
}

impl Referred {
    /// A logged event.
    pub fn of(index: LeafIndex, event: &SignedEvent, in_force: bool) -> Referred {
        Referred {
            index,
            in_force,
            iss: event.iss().clone(),
            device: event.device(),
            epoch: event.link().epoch,
            seq: event.link().seq,
            signed_hash: event.signed_hash(),
            kind: event.body().kind,
            commitments: event.body().commitments().collect(),
        }
    }

    /// Whether an event of some kind may refer to it.
    fn suits(&self, body: &Body) -> bool {
        match body.kind {
            // Whether it is one end of a fork is asked there.
            Kind::Conflict => true,
            _ if !self.in_force || self.kind == Kind::MapHead => false,
            Kind::Undelegate => self.kind == Kind::Delegate,
            Kind::RecallLift => self.kind == Kind::Recall,
            Kind::Erase => body
                .commitment
                .is_some_and(|c| self.commitments.contains(&c)),
            Kind::Correct => {
                self.kind != Kind::Correct
                    && !matches!(self.kind.row().who, Who::Governor | Who::Steward)
            }
            _ => true,
        }
    }
}

/// Kinds whose permission or meaning hangs on the event that they refer to. It shares all its subjects with them, so that
/// it is at hand wherever they are.
fn hangs_on_reference(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Approve | Kind::Undelegate | Kind::Erase | Kind::RecallLift | Kind::Correct
    )
}

impl Roster {
    /// Whether `ref` is what the kind needs.
    pub(super) fn weigh_reference(
        &self,
        body: &Body,
        referred: Option<&Referred>,
    ) -> Result<(), VoidReason> {
        let Some(id) = body.reference else {
            return Ok(());
        };
        let suits = match referred {
            Some(_) if body.kind == Kind::Approve => self.proposals.knows(&id),
            Some(referred) => referred.suits(body),
            // What a bundle does not hold is vouched for by its map: only events in force are listed.
            None => self.is_partial() && !hangs_on_reference(body.kind),
        };
        suits.then_some(()).ok_or(VoidReason::NoReference)
    }
}
