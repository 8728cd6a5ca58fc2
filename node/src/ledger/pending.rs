//! Events that are durable here and not yet logged, in an order in which the door would let them in.
//!
//! Scope: the door for an event that follows one which is itself still waiting, and what remains when the log
//! has grown. Out of scope: files.
//!
//! Invariant: logged one after the other behind the log as it stands, every waiting event passes the door.

use std::collections::{HashMap, HashSet};

use ledger_core::admit::{AdmittedEvent, Refusal, admit, check_place};
use ledger_core::chain::{Chains, Link};
use ledger_core::ids::{DeviceKey, EventId, Hash, LeafIndex};
use ledger_core::kind::{Kind, Who};
use ledger_core::replica::Replica;
use ledger_core::roster::{Referred, Roster};
use ledger_core::sign::{Envelope, SignedEvent};

/// One waiting event.
#[derive(Clone, Debug)]
pub struct Waiting {
    admitted: AdmittedEvent,
    /// Whether it was signed here.
    pub own: bool,
}

impl Waiting {
    /// The event.
    pub fn event(&self) -> &SignedEvent {
        self.admitted.event()
    }

    /// The event as the door let it in, if it may take the log's next place now. Its signature was checked when it
    /// came and depends on nothing; membership and chain do, and are asked again.
    pub fn may_be_logged(&self, replica: &Replica) -> Option<AdmittedEvent> {
        check_place(replica.roster(), replica.chains(), self.event()).ok()?;
        Some(self.admitted.clone())
    }
}

/// The waiting events.
#[derive(Debug)]
pub struct Pending {
    queue: Vec<Waiting>,
    ids: HashSet<EventId>,
    /// What the devices of waiting events may sign next; other devices are asked of the replica.
    chains: Chains,
    devices: HashSet<DeviceKey>,
    /// What the waiting events say, to know them again under another signature.
    signed: HashSet<Hash>,
    /// The waiting events that change who is a member, for those that refer to them.
    governance: HashMap<EventId, Referred>,
    /// The members as they will be, while an event that changes them is waiting.
    roster: Option<Roster>,
    /// Events that were durable here and can no longer enter.
    stuck: HashMap<EventId, Refusal>,
}

impl Pending {
    /// Nothing is waiting.
    pub fn new(replica: &Replica) -> Pending {
        Pending {
            queue: Vec::new(),
            ids: HashSet::new(),
            chains: Chains::new(replica.ledger_id()),
            devices: HashSet::new(),
            signed: HashSet::new(),
            governance: HashMap::new(),
            roster: None,
            stuck: HashMap::new(),
        }
    }

    /// The door, as it will be when everything that waits is logged.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(
        &self,
        replica: &Replica,
        bytes: &[u8],
        device: &DeviceKey,
    ) -> Result<AdmittedEvent, Refusal> {
        let roster = self.roster(replica);
        let waits = self.devices.contains(device);
        if !waits && replica.roster().device(device).is_some() {
            return replica.check(bytes);
        }
        // The device's earlier events wait here, or it was enrolled by one that does and has none at all.
        admit(&replica.ledger_id(), roster, &self.chains, bytes)
    }

    fn roster<'a>(&'a self, replica: &'a Replica) -> &'a Roster {
        self.roster.as_ref().unwrap_or_else(|| replica.roster())
    }

    /// Whether a device is a member's, or will be.
    pub fn knows(&self, replica: &Replica, device: &DeviceKey) -> bool {
        self.roster(replica).device(device).is_some()
    }

    /// Lets an event wait behind the others.
    pub fn push(&mut self, replica: &Replica, admitted: AdmittedEvent, own: bool) {
        let event = admitted.event();
        let index = LeafIndex(replica.size().0 + self.queue.len() as u64);
        if is_governance(event.body().kind) {
            self.foresee(replica, index, event);
        }
        if self.devices.insert(event.device()) {
            self.chains.adopt(&event.device(), replica.chains());
        }
        self.chains.advance(index, event);
        self.ids.insert(event.id());
        self.signed.insert(event.signed_hash());
        self.queue.push(Waiting { admitted, own });
    }

    /// Who will be a member when an event that changes it is logged where it waits now.
    fn foresee(&mut self, replica: &Replica, index: LeafIndex, event: &SignedEvent) {
        let id = event.body().reference.map(EventId);
        // A store that fails is met again, and said, when the event is logged.
        let logged = id.and_then(|id| replica.referred(&id).ok()?);
        let referred = logged.as_ref();
        let referred = referred.or(id.and_then(|id| self.governance.get(&id)));
        let roster = self.roster.get_or_insert_with(|| replica.roster().clone());
        let in_force = roster.weigh(event, referred).is_ok();
        if in_force {
            roster.apply(index, event);
        }
        let foreseen = Referred::of(index, event, in_force);
        self.governance.insert(event.id(), foreseen);
    }

    /// What a device may sign next.
    pub fn next_link(&self, replica: &Replica, device: &DeviceKey) -> Link {
        if self.devices.contains(device) {
            self.chains.next(device)
        } else {
            replica.next_link(device)
        }
    }

    /// Whether a device must open a new epoch before it says anything else, because a fork of it is recorded.
    pub fn must_open_epoch(&self, replica: &Replica, device: &DeviceKey) -> bool {
        let chains = if self.devices.contains(device) {
            &self.chains
        } else {
            replica.chains()
        };
        let device = self.roster(replica).device(device);
        device.is_some_and(|device| chains.must_open_epoch(device))
    }

    /// Whether an event waits.
    pub fn contains(&self, id: &EventId) -> bool {
        self.ids.contains(id)
    }

    /// Whether what an event says waits, under whatever signature.
    pub fn says(&self, replica: &Replica, bytes: &[u8]) -> bool {
        Envelope::parse(bytes).is_ok_and(|envelope| {
            self.signed
                .contains(&envelope.signed_hash(&replica.ledger_id()))
        })
    }

    /// Why an event that was durable here can no longer enter.
    pub fn stuck(&self, id: &EventId) -> Option<&Refusal> {
        self.stuck.get(id)
    }

    /// Notes that an event can no longer enter.
    pub fn set_stuck(&mut self, id: EventId, why: Refusal) {
        self.stuck.insert(id, why);
    }

    /// How many events can no longer enter.
    pub fn stuck_len(&self) -> usize {
        self.stuck.len()
    }

    /// The waiting events in order.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Forgets the events behind the first `len`, which could not be made durable.
    pub fn truncate(&mut self, replica: &Replica, len: usize) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.truncate(len);
        self.rebuild(replica, queue);
    }

    /// Forgets the events behind the first `len` that were not signed here.
    pub fn drop_taken_behind(&mut self, replica: &Replica, len: usize) {
        let queue = std::mem::take(&mut self.queue).into_iter().enumerate();
        let queue = queue
            .filter(|(place, waiting)| *place < len || waiting.own)
            .map(|(_, waiting)| waiting)
            .collect();
        self.rebuild(replica, queue);
    }

    /// The log has grown: forgets what is logged now. Returns the events that can no longer enter.
    pub fn settle(&mut self, replica: &Replica) -> Vec<(Waiting, Refusal)> {
        let queue = std::mem::take(&mut self.queue);
        self.rebuild(replica, queue)
    }

    fn rebuild(&mut self, replica: &Replica, queue: Vec<Waiting>) -> Vec<(Waiting, Refusal)> {
        let stuck_before = std::mem::take(&mut self.stuck);
        *self = Pending {
            stuck: stuck_before,
            ..Pending::new(replica)
        };
        let mut stuck = Vec::new();
        for waiting in queue {
            if replica.find(&waiting.event().id()).is_some() {
                continue;
            }
            match self.may_wait(replica, waiting.event()) {
                Err(Refusal::Duplicate(_)) => {}
                Ok(()) => self.push(replica, waiting.admitted, waiting.own),
                Err(why) => {
                    self.set_stuck(waiting.event().id(), why.clone());
                    stuck.push((waiting, why));
                }
            }
        }
        stuck
    }

    /// The door without the signature, which was checked when the event came.
    fn may_wait(&self, replica: &Replica, event: &SignedEvent) -> Result<(), Refusal> {
        let chains = if self.devices.contains(&event.device()) {
            &self.chains
        } else {
            replica.chains()
        };
        let placed = check_place(self.roster(replica), chains, event);
        // Only to say in which way it does not fit.
        placed.or_else(|_| {
            self.check(replica, event.bytes(), &event.device())
                .map(|_| ())
        })
    }
}

/// Whether an event may change who is a member or what a device may sign. One that does must be looked at before those
/// behind it.
fn is_governance(kind: Kind) -> bool {
    matches!(kind.row().who, Who::Governor | Who::Steward | Who::Approver) || kind == Kind::Conflict
}
