//! The writer's chain: what a device may sign next, and whether an event is next (`docs/formats.md` sections 4 and 8).

use std::collections::BTreeMap;

use crate::ids::{DeviceKey, EventId, Hash, LedgerId};
use crate::kind::Kind;
use crate::sign::SignedEvent;

/// An event's place in its device's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The number within the epoch, from 0.
    pub seq: u64,
    /// Event id of the device's previous event; the ledger id for the first.
    pub prev: Hash,
}

impl Link {
    /// The first link of a device.
    pub fn first(ledger: &LedgerId) -> Link {
        Link {
            epoch: 0,
            seq: 0,
            prev: ledger.0,
        }
    }

    /// The link after an event at this link.
    pub fn after(&self, id: EventId) -> Link {
        Link {
            epoch: self.epoch,
            seq: self.seq + 1,
            prev: id.0,
        }
    }

    /// The link that opens the next epoch, where this link would have been next.
    pub fn next_epoch(&self) -> Link {
        Link {
            epoch: self.epoch + 1,
            seq: 0,
            prev: self.prev,
        }
    }
}

/// An event that is not next in its device's chain. The device is at fault, or an event of it is still on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Earlier events of the device are missing here.
    #[error("earlier events of this device are missing: next is epoch {epoch}, number {seq}")]
    Gap {
        /// Epoch of the next event.
        epoch: u64,
        /// Number of the next event.
        seq: u64,
    },
    /// The place is taken by another event: a fork.
    #[error("another event of this device stands at that place already")]
    Fork,
    /// The right place, but another predecessor.
    #[error("the event names another predecessor")]
    WrongPrev,
    /// A new epoch that is not opened by an event of kind `epoch`.
    #[error("a new epoch is opened by an event of kind epoch")]
    NotOpened,
}

/// What each device may sign next.
#[derive(Clone, Debug)]
pub struct Chains {
    ledger: LedgerId,
    next: BTreeMap<DeviceKey, Link>,
}

impl Chains {
    /// No device has signed yet.
    pub fn new(ledger: LedgerId) -> Chains {
        Chains {
            ledger,
            next: BTreeMap::new(),
        }
    }

    /// The next link of a device.
    pub fn next(&self, device: &DeviceKey) -> Link {
        self.next
            .get(device)
            .copied()
            .unwrap_or_else(|| Link::first(&self.ledger))
    }

    /// Whether an event is next.
    ///
    /// # Errors
    /// [`ChainError`] saying in which way it is not.
    pub fn check(&self, event: &SignedEvent) -> Result<(), ChainError> {
        let next = self.next(&event.device());
        let link = event.link();
        if (link.epoch, link.seq) == (next.epoch, next.seq) {
            return if link.prev == next.prev {
                Ok(())
            } else {
                Err(ChainError::WrongPrev)
            };
        }
        if *link == next.next_epoch() {
            return if event.body().kind == Kind::Epoch {
                Ok(())
            } else {
                Err(ChainError::NotOpened)
            };
        }
        if (link.epoch, link.seq) < (next.epoch, next.seq) {
            return Err(ChainError::Fork);
        }
        Err(ChainError::Gap {
            epoch: next.epoch,
            seq: next.seq,
        })
    }

    /// Moves a device's chain past an event that [`Chains::check`] accepted.
    pub fn advance(&mut self, event: &SignedEvent) {
        self.next
            .insert(event.device(), event.link().after(event.id()));
    }
}
