//! Forks kept as conflict records (`docs/formats.md` section 7, *Epochs and conflicts*).

use super::{Referred, Roster, VoidReason};
use crate::body::Body;
use crate::ids::{LeafIndex, LedgerId};
use crate::key::PublicKey;
use crate::sign::{Envelope, SignedEvent};

impl Roster {
    /// Whether the two envelopes of a conflict are a fork that is not recorded yet. What follows from the embedded one
    /// alone is asked even where the other is not at hand.
    pub(super) fn weigh_conflict(
        &self,
        body: &Body,
        referred: Option<&Referred>,
    ) -> Result<(), VoidReason> {
        let other = self.embedded(body).ok_or(VoidReason::NoFork)?;
        if referred.is_some_and(|logged| !is_fork(logged, &other)) {
            return Err(VoidReason::NoFork);
        }
        let device = self.device(&other.device());
        match device {
            Some(device) if device.forked_epochs.contains(&other.link().epoch) => {
                Err(VoidReason::NothingChanges)
            }
            _ => Ok(()),
        }
    }

    /// The embedded envelope, when its signature holds for this ledger and its device is the named organisation's. The
    /// sequencer's forks are evidence files: closing its epoch would stop the log.
    fn embedded(&self, body: &Body) -> Option<SignedEvent> {
        let envelope = Envelope::parse(&body.envelope.as_ref()?.0).ok()?;
        let key = envelope.device();
        let device = self.device(&key)?;
        let named = body.org.as_ref() == Some(&device.org) && key != self.sequencer;
        named.then(|| verified(envelope, &self.ledger, &device.key))?
    }

    /// The device's open epoch takes no more events.
    pub(super) fn record_conflict(&mut self, index: LeafIndex, body: &Body) {
        let Some(other) = self.embedded(body) else {
            return;
        };
        if let Some(device) = self.devices.get_mut(&other.device()) {
            device.forked_epochs.insert(other.link().epoch);
            device.conflict = Some(index);
        }
    }
}

fn verified(envelope: Envelope, ledger: &LedgerId, key: &PublicKey) -> Option<SignedEvent> {
    envelope.verify_by(ledger, key).ok()
}

/// One device, epoch and number, and two Sig_structures. Another signature over the same one is no fork.
fn is_fork(logged: &Referred, other: &SignedEvent) -> bool {
    let link = other.link();
    (logged.device, logged.epoch, logged.seq) == (other.device(), link.epoch, link.seq)
        && logged.signed_hash != other.signed_hash()
}
