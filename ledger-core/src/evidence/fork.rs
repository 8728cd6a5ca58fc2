//! Two events at one place of a device's chain: the key signed two different things under one number.

use crate::anchor::Anchor;
use crate::encode::Value;
use crate::sign::{Envelope, EnvelopeError, SignedEvent};
use crate::verify::Finding;

use super::excerpt::own_genesis;
use super::standing::enrolled;
use super::{Claim, EvidenceError, Excerpt, Fields, Written};

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Leaf 0.
    pub genesis: Vec<u8>,
    /// The two events, in either order.
    pub envelopes: [Vec<u8>; 2],
    /// Complete lists that show the device's enrolment: of its organisation, of the authority's, and of the ledger.
    /// Not needed for a device that genesis names.
    pub lists: Option<Excerpt>,
}

impl Fork {
    pub(super) fn fields(&self) -> Written {
        let envelopes = self.envelopes.iter().map(|bytes| Value::bytes(bytes));
        vec![
            ("genesis", Value::bytes(&self.genesis)),
            ("envelopes", Value::Array(envelopes.collect())),
            (
                "lists",
                self.lists.as_ref().map_or(Value::Null, Excerpt::to_value),
            ),
        ]
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Fork, EvidenceError> {
        Ok(Fork {
            genesis: fields.bytes("genesis")?,
            envelopes: fields.pair("envelopes", |bytes| bytes.as_bytes().map(<[u8]>::to_vec))?,
            lists: fields.optional("lists", Excerpt::from_value)?,
        })
    }

    pub(super) fn check(&self, anchor: &Anchor) -> Vec<Finding<Claim>> {
        let [a, b] = match self.signed(anchor) {
            Ok(events) => events,
            Err(finding) => {
                let rest = [Claim::SamePlace, Claim::Different, Claim::Member];
                let rest = rest.map(|claim| Finding::lacking(claim, "not_signed"));
                return [finding].into_iter().chain(rest).collect();
            }
        };
        let place = |event: &SignedEvent| (event.device(), event.link().epoch, event.link().seq);
        vec![
            Finding::proven(Claim::Signed).by([a.device()]),
            Finding::proven_if(Claim::SamePlace, place(&a) == place(&b), "other_place")
                .by([a.link().epoch, a.link().seq]),
            self.different(anchor),
            self.member(anchor, &a),
        ]
    }

    /// Both signatures hold for this ledger.
    fn signed(&self, anchor: &Anchor) -> Result<[SignedEvent; 2], Finding<Claim>> {
        let contradicted = |detail| Finding::contradicted(Claim::Signed, detail);
        own_genesis(&self.genesis, anchor).ok_or_else(|| contradicted("other_ledger"))?;
        let read = |n: usize| {
            let event = Envelope::parse(&self.envelopes[n]);
            event
                .and_then(|event| event.verify(&anchor.ledger()))
                .map_err(|why| match why {
                    EnvelopeError::Signature => contradicted("bad_signature").by([n]),
                    _ => contradicted("malformed").by([n]),
                })
        };
        Ok([read(0)?, read(1)?])
    }

    /// Another signature over the same statement is the same event once more: no fork.
    fn different(&self, anchor: &Anchor) -> Finding<Claim> {
        let said = |bytes: &Vec<u8>| {
            let envelope = Envelope::parse(bytes).ok()?;
            Some(envelope.sig_structure(&anchor.ledger()))
        };
        let [a, b] = [&self.envelopes[0], &self.envelopes[1]].map(said);
        Finding::proven_if(Claim::Different, a != b, "same_statement")
    }

    fn member(&self, anchor: &Anchor, event: &SignedEvent) -> Finding<Claim> {
        let (device, org) = (event.device(), event.iss());
        let genesis = own_genesis(&self.genesis, anchor);
        let by_genesis = genesis.is_some_and(|genesis| {
            let mut devices = genesis.authority_devices.iter().chain([&genesis.sequencer]);
            devices.any(|known| *known == device) && genesis.authority == *org
        });
        if by_genesis {
            return Finding::proven(Claim::Member).by([org]);
        }
        let Some(lists) = &self.lists else {
            return Finding::lacking(Claim::Member, "no_membership");
        };
        let shown = match lists.check(&self.genesis, anchor) {
            Ok(shown) => shown,
            Err(fault) => return Finding::contradicted(Claim::Member, fault.detail).by(fault.by),
        };
        if shown.reached().is_none() {
            return Finding::lacking(Claim::Member, "too_few");
        }
        let mut finding = match enrolled(&shown, &device, org) {
            Ok(()) => Finding::proven(Claim::Member).by([org]),
            Err(detail) => Finding::lacking(Claim::Member, detail),
        };
        finding.as_of = shown.reached();
        finding
    }
}
