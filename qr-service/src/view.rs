//! Reading what is shown: subjects, products by their GTIN, bundles.
//!
//! In scope: looking things up under one head. Out of scope: which head that is ([`crate::book`]), and what is said of it
//! ([`crate::story`], [`crate::pages`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ledger_core::anchor::Anchor;
use ledger_core::bundle::{self, BuildError, Bundle, Source};
use ledger_core::code::{Gtin, PrintedCode};
use ledger_core::genesis::{Genesis, ledger_id};
use ledger_core::ids::{EventId, Hash, LeafIndex, OrgId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::sign::{Envelope, event_id};
use ledger_core::store::StoreError;
use ledger_core::subject::Subject;

use crate::book::BookError;
use crate::cache::EntryFile;
use crate::head::VerifiedHead;

/// The log, replayed up to a head.
pub(crate) struct Shown {
    pub(crate) head: VerifiedHead,
    pub(crate) replica: Replica,
    pub(crate) register: Register,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({} leaves)", self.head.size())
    }
}

impl Shown {
    pub(crate) fn begin(
        genesis: &[u8],
        anchor: &Anchor,
        head: &VerifiedHead,
    ) -> Result<Shown, BookError> {
        if ledger_id(genesis) != anchor.ledger() {
            return Err(BookError::OtherLedger);
        }
        let replica = Replica::new(genesis).map_err(|_| BookError::OtherLedger)?;
        Ok(Shown {
            head: head.clone(),
            replica,
            register: Register::default(),
        })
    }
}

/// What this service must find besides the map: products by their GTIN, and which blobs events name.
#[derive(Debug, Default)]
pub(crate) struct Register {
    gtins: BTreeMap<Gtin, BTreeSet<ProductId>>,
    products: HashMap<ProductId, Gtin>,
    pictures: HashSet<Hash>,
    openings: HashSet<Hash>,
}

impl Register {
    pub(crate) fn note(&mut self, logged: &LoggedEvent) {
        if logged.void.is_some() {
            return;
        }
        let body = logged.event.body();
        self.pictures.extend(body.picture);
        self.openings.extend(body.public_commitments());
        // The same product under a later number: the earlier one stays on goods, so both lead here.
        if let (Kind::SameAs, Some(product), Some(gtin)) = (body.kind, &body.product, body.gtin) {
            self.gtins.entry(gtin).or_default().insert(product.clone());
        }
        let (Kind::Product, Some(number)) = (body.kind, &body.id) else {
            return;
        };
        let Ok(product) = ProductId::new(logged.event.iss().clone(), &number.0) else {
            return;
        };
        // The last registration counts; a number given back must not lead here any more.
        if let Some(old) = self.products.remove(&product)
            && let Some(claims) = self.gtins.get_mut(&old)
        {
            claims.remove(&product);
        }
        if let Some(gtin) = body.gtin {
            self.gtins.entry(gtin).or_default().insert(product.clone());
            self.products.insert(product, gtin);
        }
    }
}

/// What a blob named by an event in force is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A picture, under the SHA-256 of its bytes.
    Picture,
    /// The opening of a public commitment.
    Opening,
}

/// Why no bundle could be made. This machine is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The core refused.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The lists could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry on disk is no longer the one that was verified.
    #[error("leaf {0} in the cache is no longer what was verified")]
    Changed(LeafIndex),
}

/// An event in force, as read from the cache.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place.
    pub index: LeafIndex,
    /// What it says; its signature was checked when it was replayed.
    pub envelope: Envelope,
}

/// What may be shown, for one look.
pub struct View<'b> {
    pub(crate) shown: &'b mut Shown,
    pub(crate) entries: &'b EntryFile,
}

impl View<'_> {
    /// The head that everything stands under.
    pub fn head(&self) -> &VerifiedHead {
        &self.shown.head
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        self.shown.replica.genesis()
    }

    /// Whether an event in force binds this code, well or badly.
    ///
    /// # Errors
    /// [`ViewError`] when the lists cannot be read.
    pub fn is_bound(&self, code: &PrintedCode) -> Result<bool, ViewError> {
        let bindings = self.shown.replica.list(&Subject::Code(code.clone()))?;
        Ok(!bindings.is_empty())
    }

    /// The products registered with a GTIN: more than one where two claim it.
    pub fn products(&self, gtin: Gtin) -> Vec<ProductId> {
        self.shown
            .register
            .gtins
            .get(&gtin)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// The `org` event whose texts are those of an organisation: the last that took effect.
    pub fn registered(&self, org: &OrgId) -> Option<EventId> {
        self.shown.replica.roster().org(org)?.registered
    }

    /// Whether an event in force names this blob, and as what.
    pub fn named(&self, hash: &Hash) -> Option<Named> {
        let register = &self.shown.register;
        let picture = register.pictures.contains(hash).then_some(Named::Picture);
        picture.or_else(|| register.openings.contains(hash).then_some(Named::Opening))
    }

    /// The events of a subject, in log order.
    ///
    /// # Errors
    /// [`ViewError`] when the cache no longer holds what was verified.
    pub fn list(&self, subject: &Subject) -> Result<Vec<Entry>, ViewError> {
        let read = |(index, id): &(LeafIndex, Hash)| {
            let bytes = self
                .entries
                .get(*index)
                .map_err(|_| ViewError::Changed(*index))?;
            let envelope = Envelope::parse(&bytes)
                .ok()
                .filter(|envelope| envelope.id().0 == *id);
            let envelope = envelope.ok_or(ViewError::Changed(*index))?;
            Ok(Entry {
                index: *index,
                envelope,
            })
        };
        let list = self.shown.replica.list(subject)?;
        list.iter().map(read).collect()
    }

    /// The bundle of a code with the openings at hand, and which openings were not.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn bundle(
        &mut self,
        code: &PrintedCode,
        openings: &HashMap<Hash, Vec<u8>>,
    ) -> Result<(Bundle, Vec<Hash>), ViewError> {
        let source = Shelf {
            entries: self.entries,
            openings,
            missing: RefCell::default(),
        };
        let note = self.shown.head.note().to_owned();
        let bundle = bundle::build(&mut self.shown.replica, &source, &note, code)?;
        let leaves = self.shown.replica.tree().leaves();
        let head = (bundle.head.index, &bundle.head.envelope);
        for (index, bytes) in bundle
            .events
            .iter()
            .map(|(index, bytes)| (*index, bytes))
            .chain([head])
        {
            let leaf = usize::try_from(index.0).ok().and_then(|at| leaves.get(at));
            if leaf != Some(&event_id(bytes).0) {
                return Err(ViewError::Changed(index));
            }
        }
        Ok((bundle, source.missing.into_inner()))
    }
}

/// Where the builder of bundles finds entries and openings.
struct Shelf<'b> {
    entries: &'b EntryFile,
    openings: &'b HashMap<Hash, Vec<u8>>,
    missing: RefCell<Vec<Hash>>,
}

impl Source for Shelf<'_> {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        self.entries.get(index).ok()
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        let opening = self.openings.get(commitment).cloned();
        if opening.is_none() {
            self.missing.borrow_mut().push(*commitment);
        }
        opening
    }
}
