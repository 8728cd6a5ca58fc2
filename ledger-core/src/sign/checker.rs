//! Signatures of many events, with each key checked once.

use std::collections::BTreeMap;

use super::{Envelope, EnvelopeError, SignedEvent};
use crate::ids::{DeviceKey, LedgerId};
use crate::key::PublicKey;

/// Keys that are remembered; beyond that all are forgotten. A bundle has a dozen, a province some thousands.
const KEYS_MAX: usize = 4_096;

/// Checks the signatures of events for one ledger. A device signs many events, and whether its key is one costs as much
/// as a signature.
#[derive(Clone, Debug)]
pub struct Checker {
    ledger: LedgerId,
    keys: BTreeMap<DeviceKey, PublicKey>,
}

impl Checker {
    /// Knows no keys yet.
    pub fn new(ledger: LedgerId) -> Checker {
        Checker {
            ledger,
            keys: BTreeMap::new(),
        }
    }

    /// Reads an envelope and checks its signature: the same answer as [`Envelope::verify`].
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn check(&mut self, bytes: &[u8]) -> Result<SignedEvent, EnvelopeError> {
        let envelope = Envelope::parse(bytes)?;
        let device = envelope.device();
        if let Some(key) = self.keys.get(&device) {
            return envelope.verify_by(&self.ledger, key);
        }
        let key = PublicKey::from_bytes(&device.0).map_err(|_| EnvelopeError::Signature)?;
        if self.keys.len() == KEYS_MAX {
            self.keys.clear();
        }
        self.keys.insert(device, key);
        envelope.verify_by(&self.ledger, &key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::body::Body;
    use crate::chain::Link;
    use crate::ids::{Hash, OrgId, PlaceId};
    use crate::kind::Kind;
    use crate::sign::Draft;
    use crate::time::Timestamp;

    const LEDGER: LedgerId = LedgerId(Hash([7; 32]));

    fn envelope(seed: u8, ledger: LedgerId) -> Vec<u8> {
        let (org, time) = (
            OrgId::new("HTX-1").unwrap(),
            Timestamp::vietnam(1_760_000_000),
        );
        let body = Body {
            field: Some(PlaceId::new(org.clone(), "P1").unwrap()),
            ..Body::new(Kind::Bag)
        };
        let draft = Draft {
            occurred: time,
            signed: time,
            body,
        };
        let key = SigningKey::from_bytes(&[seed; 32]);
        let event = draft.sign(&key, &ledger, &org, Link::first(&ledger));
        event.bytes().to_vec()
    }

    #[test]
    fn a_key_met_before_is_answered_like_a_new_one() {
        let good = envelope(1, LEDGER);
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        // The same envelope under a key of small order, which no enrolment accepts.
        let key = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        let at = good.windows(32).position(|bytes| bytes == key).unwrap();
        let mut small_order = good.clone();
        small_order[at..at + 32].copy_from_slice(&[0; 32]);
        let elsewhere = envelope(1, LedgerId(Hash([8; 32])));
        let cases = [
            good,
            changed,
            small_order,
            elsewhere,
            envelope(2, LEDGER),
            vec![1],
        ];
        let mut checker = Checker::new(LEDGER);
        for round in 0..2 {
            for bytes in &cases {
                let alone = Envelope::parse(bytes).and_then(|e| e.verify(&LEDGER));
                let checked = checker.check(bytes);
                assert_eq!(
                    checked.map(|event| event.id()),
                    alone.map(|event| event.id()),
                    "round {round}"
                );
            }
        }
        assert_eq!(checker.keys.len(), 2);
    }
}
