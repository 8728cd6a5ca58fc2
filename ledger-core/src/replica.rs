//! The log, replayed: Merkle tree, roster, chains and map together, as of one size.
//!
//! Every node, every qr-service and every check of a stored log runs this one fold. It is rebuilt from the
//! entries whenever it is missing; nothing in it is a truth of its own.

use std::collections::{BTreeSet, HashMap};

use crate::admit::{AdmittedEvent, Refusal, admit};
use crate::chain::{ChainError, Chains, Link};
use crate::genesis::{Genesis, GenesisError, ledger_id};
use crate::ids::{DeviceKey, EventId, Hash, LeafIndex, LedgerId, TreeSize};
use crate::map::{AppendError, Map};
use crate::merkle::{MemoryTree, leaf_hash};
use crate::roster::{Referred, Roster, VoidReason};
use crate::sign::{Envelope, SignedEvent};
use crate::store::StoreError;
use crate::subject::{Subject, own_subjects};

/// What became of an event when it was logged.
#[derive(Clone, Debug)]
pub struct LoggedEvent {
    /// Its place.
    pub index: LeafIndex,
    /// The event.
    pub event: SignedEvent,
    /// Why it is void, if it is.
    pub void: Option<VoidReason>,
    /// The subjects it is listed under; none when void.
    pub subjects: BTreeSet<Subject>,
}

/// Where an event stands and what it counts for, kept for references and receipts.
#[derive(Clone, Debug)]
struct Standing {
    referred: Referred,
    void: Option<VoidReason>,
    subjects: BTreeSet<Subject>,
}

/// The log, replayed.
pub struct Replica {
    ledger: LedgerId,
    genesis: Genesis,
    tree: MemoryTree,
    roster: Roster,
    chains: Chains,
    map: Map,
    standing: HashMap<EventId, Standing>,
    /// What was signed in each event, to know it again under another signature.
    signed: HashMap<Hash, EventId>,
}

impl Replica {
    /// A log with nothing but its genesis.
    ///
    /// # Errors
    /// [`GenesisError`] when the bytes are none.
    pub fn new(genesis_bytes: &[u8]) -> Result<Replica, GenesisError> {
        let genesis = Genesis::decode(genesis_bytes)?;
        let ledger = ledger_id(genesis_bytes);
        let mut tree = MemoryTree::new();
        tree.append(leaf_hash(genesis_bytes));
        Ok(Replica {
            ledger,
            roster: Roster::new(&genesis),
            genesis,
            tree,
            chains: Chains::new(ledger),
            map: Map::new(),
            standing: HashMap::new(),
            signed: HashMap::new(),
        })
    }

    /// The ledger's identity.
    pub fn ledger_id(&self) -> LedgerId {
        self.ledger
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// How many leaves there are, genesis included.
    pub fn size(&self) -> TreeSize {
        self.tree.size()
    }

    /// The RFC 6962 root.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The tree's hashes, for tiles and proofs.
    pub fn tree(&self) -> &MemoryTree {
        &self.tree
    }

    /// The members.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The map root over all leaves so far.
    pub fn map_root(&mut self) -> Hash {
        self.map.root()
    }

    /// The map.
    pub fn map(&mut self) -> &mut Map {
        &mut self.map
    }

    /// The next link of a device.
    pub fn next_link(&self, device: &DeviceKey) -> Link {
        self.chains.next(device)
    }

    /// Where an event stands, if it is logged.
    pub fn find(&self, id: &EventId) -> Option<LeafIndex> {
        self.standing
            .get(id)
            .map(|standing| standing.referred.index)
    }

    /// Why a logged event is void; `None` when it is in force or not logged.
    pub fn void_reason(&self, id: &EventId) -> Option<VoidReason> {
        self.standing.get(id).and_then(|standing| standing.void)
    }

    /// The complete list of a subject, in log order.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn list(&self, subject: &Subject) -> Result<Vec<(LeafIndex, Hash)>, StoreError> {
        self.map.list(&subject.key())
    }

    /// Asks the door, changing nothing.
    ///
    /// # Errors
    /// [`Refusal`] when the event may not take the next place.
    pub fn check(&self, bytes: &[u8]) -> Result<AdmittedEvent, Refusal> {
        admit(&self.ledger, &self.roster, &self.chains, bytes).map_err(|refusal| match refusal {
            Refusal::Chain(ChainError::Fork) => self.duplicate(bytes).unwrap_or(refusal),
            refusal => refusal,
        })
    }

    /// Whether what an envelope says, signed by whatever signature, stands in the log.
    fn duplicate(&self, bytes: &[u8]) -> Option<Refusal> {
        let envelope = Envelope::parse(bytes).ok()?;
        let id = self.signed.get(&envelope.signed_hash(&self.ledger))?;
        self.find(id).map(Refusal::Duplicate)
    }

    /// An event of the log, as references see it.
    pub fn referred(&self, id: &EventId) -> Option<&Referred> {
        self.standing.get(id).map(|standing| &standing.referred)
    }

    /// What each device may sign next.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// Whether a device must open a new epoch before it says anything else, because a fork of it was recorded.
    pub fn must_open_epoch(&self, device: &DeviceKey) -> bool {
        let device = self.roster.device(device);
        device.is_some_and(|device| self.chains.must_open_epoch(device))
    }

    /// Gives an admitted event the next place. The event must have been admitted at this size.
    ///
    /// # Errors
    /// [`StoreError`]; the replica is to be thrown away then, for it has taken in half of the event.
    pub fn append(&mut self, admitted: AdmittedEvent) -> Result<LoggedEvent, StoreError> {
        let event = admitted.into_event();
        let index = LeafIndex(self.tree.size().0);
        let verdict = self.weigh(&event);
        self.tree.append(event.id().0);
        self.chains.advance(index, &event);
        let subjects = match verdict {
            Ok(()) => self.subjects_of(&event),
            Err(_) => BTreeSet::new(),
        };
        if verdict.is_ok() {
            self.roster.apply(index, &event);
        }
        for subject in &subjects {
            let listed = self.map.append(subject.key(), index, event.id().0);
            listed.map_err(|e| match e {
                AppendError::Store(failed) => failed,
                // Leaf indexes only rise, and a set names a subject once: the stored list is not what was written.
                AppendError::OutOfOrder(e) => StoreError::Failed(e.to_string()),
            })?;
        }
        let referred = Referred::of(index, &event, verdict.is_ok());
        let void = verdict.err();
        self.signed.insert(event.signed_hash(), event.id());
        self.standing.insert(
            event.id(),
            Standing {
                referred,
                void,
                subjects: subjects.clone(),
            },
        );
        Ok(LoggedEvent {
            index,
            event,
            void,
            subjects,
        })
    }

    fn weigh(&self, event: &SignedEvent) -> Result<(), VoidReason> {
        let referred = event.body().reference.map(EventId);
        let referred = referred.and_then(|id| self.referred(&id));
        self.roster.weigh(event, referred)
    }

    fn subjects_of(&self, event: &SignedEvent) -> BTreeSet<Subject> {
        let mut subjects = own_subjects(event);
        let referred = event.body().reference.map(EventId);
        if let Some(standing) = referred.and_then(|id| self.standing.get(&id)) {
            subjects.extend(standing.subjects.iter().cloned());
        }
        subjects
    }
}
