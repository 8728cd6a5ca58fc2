//! The log, replayed: Merkle tree, roster, chains and map together, as of one size.
//!
//! Every node, every qr-service and every check of a stored log runs this one fold. It is rebuilt from the
//! entries whenever it is missing; nothing in it is a truth of its own.

use std::collections::BTreeSet;

use crate::admit::{AdmittedEvent, Refusal, admit, admit_signed};
use crate::chain::{ChainError, Chains, Link};
use crate::genesis::{Genesis, GenesisError, ledger_id};
use crate::ids::{DeviceKey, EventId, Hash, LeafIndex, LedgerId, TreeSize};
use crate::map::{AppendError, Map, MapKey, StoredMap};
use crate::merkle::{MemoryTree, leaf_hash};
use crate::roster::{Referred, Roster, VoidReason};
use crate::sign::{Envelope, SignedEvent};
use crate::standing::{Standing, Standings};
use crate::store::{MemoryRecords, Records, StoreError};
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

/// Where a replica keeps what is too bulky for memory: an empty store each, filled again by whoever replays the log.
#[derive(Debug)]
pub struct Stores {
    /// Nodes and lists of the map.
    pub map: Box<dyn Records>,
    /// What references must know of each event.
    pub standing: Box<dyn Records>,
}

impl Stores {
    /// In memory.
    pub fn in_memory() -> Stores {
        Stores {
            map: Box::new(MemoryRecords::default()),
            standing: Box::new(MemoryRecords::default()),
        }
    }
}

/// The log, replayed.
pub struct Replica {
    ledger: LedgerId,
    genesis: Genesis,
    tree: MemoryTree,
    roster: Roster,
    chains: Chains,
    map: Map,
    standings: Standings,
}

impl Replica {
    /// A log with nothing but its genesis, all of it in memory.
    ///
    /// # Errors
    /// [`GenesisError`] when the bytes are none.
    pub fn new(genesis_bytes: &[u8]) -> Result<Replica, GenesisError> {
        Replica::in_stores(genesis_bytes, Stores::in_memory())
    }

    /// The same with the bulk of it in these empty stores.
    ///
    /// # Errors
    /// As [`Replica::new`].
    pub fn in_stores(genesis_bytes: &[u8], stores: Stores) -> Result<Replica, GenesisError> {
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
            map: Map::open(stores.map, StoredMap::default()),
            standings: Standings::new(stores.standing),
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
        self.standings.find(&id.0, self.tree.leaves())
    }

    /// Why a logged event is void; `None` when it is in force or not logged.
    pub fn void_reason(&self, id: &EventId) -> Option<VoidReason> {
        self.find(id).and_then(|index| self.standings.void(index))
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
        admit(&self.ledger, &self.roster, &self.chains, bytes).map_err(|refusal| {
            let envelope = || Envelope::parse(bytes).ok();
            self.explain(refusal, || Some(envelope()?.signed_hash(&self.ledger)))
        })
    }

    /// The same for an event whose signature was found to hold for this ledger.
    ///
    /// # Errors
    /// [`Refusal`] when the event may not take the next place.
    pub fn check_signed(&self, event: SignedEvent) -> Result<AdmittedEvent, Refusal> {
        let signed_hash = event.signed_hash();
        admit_signed(&self.roster, &self.chains, event)
            .map_err(|refusal| self.explain(refusal, || Some(signed_hash)))
    }

    /// What looks like a fork is none when the same was signed there, by whatever signature.
    fn explain(&self, refusal: Refusal, signed_hash: impl FnOnce() -> Option<Hash>) -> Refusal {
        if refusal != Refusal::Chain(ChainError::Fork) {
            return refusal;
        }
        // Refused it is either way: a store that fails costs no more than the better word for it.
        let logged = signed_hash().and_then(|hash| self.standings.find_signed(&hash).ok()?);
        logged.map_or(refusal, Refusal::Duplicate)
    }

    /// An event of the log, as references see it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn referred(&self, id: &EventId) -> Result<Option<Referred>, StoreError> {
        let standing = self.standing(id)?;
        Ok(standing.map(|standing| standing.referred))
    }

    fn standing(&self, id: &EventId) -> Result<Option<Standing>, StoreError> {
        let found = self.find(id);
        found.map(|index| self.standings.get(index)).transpose()
    }

    /// Hands what changed of the map to its store, keeps its topmost nodes only, and makes both stores durable: to be
    /// called from time to time where they are not in memory.
    ///
    /// # Errors
    /// [`StoreError`]; the replica is as it was, and this may be tried again.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.map.commit()?;
        self.standings.sync()
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
        let referred = match event.body().reference {
            Some(id) => self.standing(&EventId(id))?,
            None => None,
        };
        let verdict = self
            .roster
            .weigh(&event, referred.as_ref().map(|standing| &standing.referred));
        self.tree.append(event.id().0);
        self.chains.advance(index, &event);
        let subjects = match verdict {
            Ok(()) => subjects_of(&event, referred),
            Err(_) => BTreeSet::new(),
        };
        if verdict.is_ok() {
            self.roster.apply(index, &event);
        }
        let arrays: Vec<Vec<u8>> = subjects.iter().map(Subject::to_cbor).collect();
        for subject in &arrays {
            let listed = self.map.append(MapKey::of(subject), index, event.id().0);
            listed.map_err(|e| match e {
                AppendError::Store(failed) => failed,
                // Leaf indexes only rise, and a set names a subject once: the stored list is not what was written.
                AppendError::OutOfOrder(e) => StoreError::Failed(e.to_string()),
            })?;
        }
        let void = verdict.err();
        let referred = Referred::of(index, &event, void.is_none());
        self.standings
            .push(&event.id().0, &referred, &arrays, void)?;
        Ok(LoggedEvent {
            index,
            event,
            void,
            subjects,
        })
    }
}

/// Its own, and those of the event that it refers to.
fn subjects_of(event: &SignedEvent, referred: Option<Standing>) -> BTreeSet<Subject> {
    let mut subjects = own_subjects(event);
    subjects.extend(referred.into_iter().flat_map(|standing| standing.subjects));
    subjects
}
