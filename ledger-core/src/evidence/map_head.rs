//! A map head that leaves out an event of its own log. That a map head does not follow from its log in any other way
//! is shown by the whole log, an exported ledger ([`crate::export`]).

use crate::anchor::Anchor;
use crate::encode::Value;
use crate::placed::Placed;
use crate::sign::{Envelope, SignedEvent};
use crate::verify::Finding;

use super::excerpt::Shown;
use super::standing::{in_force, missing};
use super::{Claim, EvidenceError, Excerpt, Fields, Written};

/// The file: a bundle's lists, and an event that should be in one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapHead {
    /// Leaf 0.
    pub genesis: Vec<u8>,
    /// Complete lists under the map head in question: of all subjects of the event, of its signer's organisation, of
    /// the authority's, and of the ledger.
    pub lists: Excerpt,
    /// The event, and its place in the log of that head.
    pub event: Placed,
}

impl MapHead {
    pub(super) fn fields(&self) -> Written {
        vec![
            ("genesis", Value::bytes(&self.genesis)),
            ("lists", self.lists.to_value()),
            ("event", self.event.to_value()),
        ]
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<MapHead, EvidenceError> {
        Ok(MapHead {
            genesis: fields.bytes("genesis")?,
            lists: fields.read("lists", Excerpt::from_value)?,
            event: fields.read("event", Placed::from_value)?,
        })
    }

    pub(super) fn check(&self, anchor: &Anchor) -> Vec<Finding<Claim>> {
        let shown = match self.lists.check(&self.genesis, anchor) {
            Ok(shown) => shown,
            Err(fault) => {
                let rest = [Claim::Logged, Claim::InForce, Claim::Missing];
                let lists = Finding::contradicted(Claim::Lists, fault.detail).by(fault.by);
                let rest = rest.map(|claim| Finding::lacking(claim, "no_lists"));
                return [lists].into_iter().chain(rest).collect();
            }
        };
        let origin = shown.evaluation.checkpoint().origin();
        let cosigned = shown.evaluation.cosigned_by().map(|(name, ..)| name);
        let mut lists = Finding::proven(Claim::Lists).by([origin].into_iter().chain(cosigned));
        lists.as_of = shown.reached();
        let event = Envelope::parse(&self.event.envelope)
            .and_then(|envelope| envelope.verify(&anchor.ledger()));
        let Ok(event) = event else {
            let logged = Finding::contradicted(Claim::Logged, "bad_signature");
            let rest = [Claim::InForce, Claim::Missing];
            let rest = rest.map(|claim| Finding::lacking(claim, "not_signed"));
            return [lists, logged].into_iter().chain(rest).collect();
        };
        vec![
            lists,
            self.logged(&shown, &event),
            in_force(&shown, &event, Some(self.event.index)),
            missing(&shown, &event),
        ]
    }

    fn logged(&self, shown: &Shown<'_>, event: &SignedEvent) -> Finding<Claim> {
        let before = self.event.index < self.lists.head.index;
        let holds = before && self.event.is_in(shown.evaluation.checkpoint());
        let finding = Finding::proven_if(Claim::Logged, holds, "not_in_log");
        finding.by([event.id()])
    }
}
