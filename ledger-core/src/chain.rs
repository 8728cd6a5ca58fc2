//! The writer's chain: what a device may sign next, and whether an event is next (`docs/formats.md` sections 4 and 8).

use std::collections::BTreeMap;

use crate::ids::{DeviceKey, EventId, Hash, LeafIndex, LedgerId};
use crate::kind::Kind;
use crate::roster::Device;
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
    /// The epoch was closed: by the next one, or by a recorded fork.
    #[error("the epoch is closed")]
    Closed,
    /// After a recorded fork nobody has allowed the device a new epoch yet.
    #[error("after a fork the device's new epoch was not allowed yet")]
    EpochNotAllowed,
}

/// The chain of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chain {
    next: Link,
    /// How many events stand in each of its closed epochs.
    closed: Vec<u64>,
    /// Where the open epoch begins in the log.
    opened: LeafIndex,
}

impl Chain {
    fn new(ledger: &LedgerId) -> Chain {
        Chain {
            next: Link::first(ledger),
            closed: Vec::new(),
            opened: LeafIndex(0),
        }
    }

    /// Whether an event stands at this place.
    fn is_taken(&self, link: &Link) -> bool {
        if link.epoch == self.next.epoch {
            return link.seq < self.next.seq;
        }
        let epoch = usize::try_from(link.epoch).ok();
        let len = epoch.and_then(|epoch| self.closed.get(epoch));
        len.is_some_and(|len| link.seq < *len)
    }

    /// Whether a fork was recorded since the open epoch began.
    fn is_stopped(&self, device: &Device) -> bool {
        device
            .conflict
            .is_some_and(|conflict| conflict > self.opened)
    }

    fn advance(&mut self, index: LeafIndex, event: &SignedEvent) {
        if event.link().epoch != self.next.epoch {
            self.closed.push(self.next.seq);
            self.opened = index;
        }
        self.next = event.link().after(event.id());
    }
}

/// What each device may sign next.
#[derive(Clone, Debug)]
pub struct Chains {
    ledger: LedgerId,
    chains: BTreeMap<DeviceKey, Chain>,
}

impl Chains {
    /// No device has signed yet.
    pub fn new(ledger: LedgerId) -> Chains {
        Chains {
            ledger,
            chains: BTreeMap::new(),
        }
    }

    /// The next link of a device.
    pub fn next(&self, device: &DeviceKey) -> Link {
        let chain = self.chains.get(device);
        chain.map_or_else(|| Link::first(&self.ledger), |chain| chain.next)
    }

    /// Whether a device must open a new epoch before it says anything else, because a fork of it was recorded.
    pub fn must_open_epoch(&self, device: &Device) -> bool {
        let chain = self.chains.get(&DeviceKey(device.key.to_bytes()));
        chain.is_some_and(|chain| chain.is_stopped(device))
    }

    /// Whether an event is next in the chain of its device.
    ///
    /// # Errors
    /// [`ChainError`] saying in which way it is not.
    pub fn check(&self, event: &SignedEvent, device: &Device) -> Result<(), ChainError> {
        let unused = Chain::new(&self.ledger);
        let chain = self.chains.get(&event.device()).unwrap_or(&unused);
        let (link, next) = (event.link(), &chain.next);
        if chain.is_taken(link) {
            return Err(ChainError::Fork);
        }
        let opens = (link.epoch, link.seq) == (next.epoch + 1, 0);
        let stopped = chain.is_stopped(device);
        if link.epoch < next.epoch || stopped && link.epoch == next.epoch {
            return Err(ChainError::Closed);
        }
        if !opens && (link.epoch, link.seq) != (next.epoch, next.seq) {
            return Err(ChainError::Gap {
                epoch: next.epoch,
                seq: next.seq,
            });
        }
        if opens && event.body().kind != Kind::Epoch {
            return Err(ChainError::NotOpened);
        }
        if link.prev != next.prev {
            return Err(ChainError::WrongPrev);
        }
        if stopped && device.epoch_allowed <= device.conflict {
            return Err(ChainError::EpochNotAllowed);
        }
        Ok(())
    }

    /// Moves a device's chain past an event that [`Chains::check`] accepted and that stands at `index` in the log.
    pub fn advance(&mut self, index: LeafIndex, event: &SignedEvent) {
        let new = Chain::new(&self.ledger);
        let chain = self.chains.entry(event.device()).or_insert(new);
        chain.advance(index, event);
    }

    /// Takes over the chain of a device as others know it, to go on from there.
    pub fn adopt(&mut self, device: &DeviceKey, others: &Chains) {
        if let Some(chain) = others.chains.get(device) {
            self.chains.insert(*device, chain.clone());
        }
    }
}
