//! Events that are durable here and not yet logged, in an order in which the door would let them in.
//!
//! Scope: the door for an event that follows one which is itself still waiting, and what remains when the log
//! has grown. Out of scope: files.
//!
//! Invariant: logged one after the other behind the log as it stands, every waiting event passes the door.
//!
//! The usual growth of the log takes the first events of the queue and nothing else of their devices: then the
//! rest need not knock again, and a backlog of a week costs no more for each batch than that of a minute.

use std::collections::{HashMap, HashSet, VecDeque};

use ledger_core::admit::{AdmittedEvent, Refusal, admit, admit_signed, check_place};
use ledger_core::chain::{Chains, Link};
use ledger_core::ids::{DeviceKey, EventId, Hash, LeafIndex};
use ledger_core::kind::{Kind, Who};
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::roster::{Referred, Roster};
use ledger_core::sign::{Envelope, EnvelopeError, SignedEvent};

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
    queue: VecDeque<Waiting>,
    /// The events of the queue that the log does not have yet.
    ids: HashSet<EventId>,
    /// What the devices of waiting events may sign next; other devices are asked of the replica.
    chains: Chains,
    /// How many events of each device wait.
    devices: HashMap<DeviceKey, usize>,
    /// What the waiting events say, to know them again under another signature.
    signed: HashSet<Hash>,
    /// The waiting events that change who is a member, for those that refer to them.
    governance: HashMap<EventId, Referred>,
    /// How many of them came from others.
    taken: usize,
    /// Whether the log took something after which those that wait must knock again.
    knock_again: bool,
    /// The members as they will be, while an event that changes them is waiting.
    roster: Option<Roster>,
    /// Events that were durable here and can no longer enter.
    stuck: HashMap<EventId, Refusal>,
}

impl Pending {
    /// Nothing is waiting.
    pub fn new(replica: &Replica) -> Pending {
        Pending {
            queue: VecDeque::new(),
            ids: HashSet::new(),
            chains: Chains::new(replica.ledger_id()),
            devices: HashMap::new(),
            signed: HashSet::new(),
            governance: HashMap::new(),
            taken: 0,
            knock_again: false,
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
        if !self.waits(device) && replica.roster().device(device).is_some() {
            return replica.check(bytes);
        }
        // The device's earlier events wait here, or it was enrolled by one that does and has none at all.
        admit(&replica.ledger_id(), roster, &self.chains, bytes)
    }

    /// The same for an event whose signature was found to hold for this ledger.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check_signed(
        &self,
        replica: &Replica,
        event: SignedEvent,
    ) -> Result<AdmittedEvent, Refusal> {
        let device = event.device();
        if !self.waits(&device) && replica.roster().device(&device).is_some() {
            return replica.check_signed(event);
        }
        admit_signed(self.roster(replica), &self.chains, event)
    }

    /// Whether the signature of an envelope holds, for a device that is known by now. None for one that is not: its
    /// enrolment may wait before it.
    pub fn check_signature(
        &self,
        replica: &Replica,
        bytes: &[u8],
    ) -> Option<Result<SignedEvent, EnvelopeError>> {
        let envelope = match Envelope::parse(bytes) {
            Ok(envelope) => envelope,
            Err(e) => return Some(Err(e)),
        };
        let device = self.roster(replica).device(&envelope.device())?;
        Some(envelope.verify_by(&replica.ledger_id(), &device.key))
    }

    fn waits(&self, device: &DeviceKey) -> bool {
        self.devices.contains_key(device)
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
        if !self.waits(&event.device()) {
            self.chains.adopt(&event.device(), replica.chains());
        }
        self.chains.advance(index, event);
        *self.devices.entry(event.device()).or_default() += 1;
        self.ids.insert(event.id());
        self.signed.insert(event.signed_hash());
        self.taken += usize::from(!own);
        self.queue.push_back(Waiting { admitted, own });
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
        if self.waits(device) {
            self.chains.next(device)
        } else {
            replica.next_link(device)
        }
    }

    /// Whether a device must open a new epoch before it says anything else, because a fork of it is recorded.
    pub fn must_open_epoch(&self, replica: &Replica, device: &DeviceKey) -> bool {
        let chains = if self.waits(device) {
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
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Waiting> + ExactSizeIterator {
        self.queue.iter()
    }

    /// The waiting events behind the first `len`.
    pub fn behind(&self, len: usize) -> impl Iterator<Item = &Waiting> {
        self.queue.iter().skip(len)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// How many of them came from others.
    pub fn taken_len(&self) -> usize {
        self.taken
    }

    /// Forgets the events behind the first `len`, which could not be made durable.
    pub fn truncate(&mut self, replica: &Replica, len: usize) {
        self.queue.truncate(len);
        self.rebuild(replica);
    }

    /// Forgets the events behind the first `len` that were not signed here.
    pub fn drop_taken_behind(&mut self, replica: &Replica, len: usize) {
        let mut place = 0;
        self.queue.retain(|waiting| {
            place += 1;
            place <= len || waiting.own
        });
        self.rebuild(replica);
    }

    /// Notes that the log has taken an event, one that waits or another.
    pub fn saw(&mut self, logged: &LoggedEvent) {
        let event = &logged.event;
        let device = event.device();
        if self.ids.remove(&event.id()) {
            self.signed.remove(&event.signed_hash());
            if let Some(waiting) = self.devices.get_mut(&device) {
                *waiting -= 1;
                if *waiting == 0 {
                    self.devices.remove(&device);
                }
            }
            // What a waiting event did to the roster, those behind it were asked about with it.
            self.knock_again |= logged.void.is_some() && is_governance(event.body().kind);
        } else {
            self.knock_again |= is_governance(event.body().kind) || self.waits(&device);
        }
    }

    /// Makes all that wait knock again at the next settling: the log is not what [`Pending::saw`] was told.
    pub fn knock_again(&mut self) {
        self.knock_again = true;
    }

    /// The log has grown: forgets what is logged now. Returns the events that can no longer enter.
    pub fn settle(&mut self, replica: &Replica) -> Vec<(Waiting, Refusal)> {
        if self.knock_again || self.roster.is_some() {
            return self.rebuild(replica);
        }
        while let Some(first) = self.queue.front()
            && !self.ids.contains(&first.event().id())
        {
            self.taken -= usize::from(!first.own);
            self.queue.pop_front();
        }
        if self.queue.len() > self.ids.len() {
            // The log took them in another order.
            let ids = &self.ids;
            self.queue
                .retain(|waiting| ids.contains(&waiting.event().id()));
            self.taken = self.queue.iter().filter(|waiting| !waiting.own).count();
        }
        Vec::new()
    }

    fn rebuild(&mut self, replica: &Replica) -> Vec<(Waiting, Refusal)> {
        let (queue, stuck_before) = (
            std::mem::take(&mut self.queue),
            std::mem::take(&mut self.stuck),
        );
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
        let chains = if self.waits(&event.device()) {
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
