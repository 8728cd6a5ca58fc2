//! Whether this node still knows everything that its own devices have signed.
//!
//! A device whose newest events are unknown here (a restored backup, a lost file) must not sign the same numbers
//! again: it first sees its tail in the log, then opens a new epoch behind it.

use std::collections::HashSet;

use ledger_core::ids::{DeviceKey, EventId};
use ledger_core::kind::Kind;
use ledger_core::replica::Replica;
use ledger_core::sign::SignedEvent;

use super::pending::Pending;
use crate::keys::{Keys, device_key};

/// How far this node's devices are known to have signed.
#[derive(Debug, Default)]
pub(super) struct Tails {
    /// Every event signed here.
    pub own: HashSet<EventId>,
    /// Devices whose newest events this node does not know, so they may not go on in the same epoch.
    pub lost: HashSet<DeviceKey>,
    /// Events of our devices, by epoch, that speak for a lost tail unless a newer epoch was opened since.
    pub suspicions: Vec<(DeviceKey, u64)>,
}

impl Tails {
    /// The log has an event: was it signed here?
    pub fn saw(&mut self, event: &SignedEvent, keys: &Keys) {
        let is_ours = keys
            .device(event.iss())
            .is_some_and(|key| device_key(key) == event.device());
        if is_ours && !self.own.contains(&event.id()) {
            self.suspicions.push((event.device(), event.link().epoch));
        }
    }

    /// An event was signed here and is durable. A new epoch stands behind all that the log has of the device.
    pub fn signed(&mut self, event: &SignedEvent) {
        self.own.insert(event.id());
        if event.body().kind == Kind::Epoch {
            self.lost.remove(&event.device());
        }
    }

    /// Whether a device may not sign before it has seen its tail and opened a new epoch.
    pub fn is_lost(&self, device: &DeviceKey) -> bool {
        self.lost.contains(device)
    }

    /// Decides about the suspicions, now that log and waiting events are in step.
    pub fn conclude(&mut self, replica: &Replica, pending: &Pending) {
        for (device, epoch) in std::mem::take(&mut self.suspicions) {
            if epoch >= pending.next_link(replica, &device).epoch {
                self.lost.insert(device);
            }
        }
    }
}
