//! What the console knows of its own organisations: their events, logged or waiting, and the words for them.
//!
//! In scope: one reading of the log, brought up to date whenever a page is asked for, and look-ups in it.
//! Out of scope: truth. Everything here is read from the ledger again at every start, and the questions before
//! signing ask the ledger itself ([`super::asking`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger_core::body::{Body, Commune, Output, PlaceType, Sealable};
use ledger_core::code::PrintedCode;
use ledger_core::commitment::Opening;
use ledger_core::encode::Value;
use ledger_core::ids::{EventId, Hash, LeafIndex, LedgerId, LotId, OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::replica::Replica;
use ledger_core::roster::VoidReason;
use ledger_core::sign::{Envelope, SignedEvent, event_id};
use ledger_core::subject::created_lots;
use ledger_core::time::{Date, Timestamp};

use crate::ledger::{LedgerError, LedgerHandle};

/// Bytes of the log that are read at once.
const PIECE_BYTES: usize = 1024 * 1024;
/// Own events that are kept in memory, some 30 MB: years of a busy cooperative. Older ones leave the list, but
/// registrations stay.
const EVENTS_MAX: usize = 20_000;
/// Sealed words that are looked up for one page.
const LOOKUPS_MAX: usize = 64;

/// An own event, and what the log says of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The event.
    pub event: SignedEvent,
    /// Why it is without effect, if it is.
    pub void: Option<VoidReason>,
}

/// A place where things grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Its id.
    pub id: PlaceId,
    /// As people call it.
    pub name: String,
    /// What it is.
    pub place_type: PlaceType,
    /// What grows there.
    pub crop: String,
    /// Of which variety.
    pub variety: String,
    /// Where it lies.
    pub commune: Option<Commune>,
}

/// What the ledger says of itself.
#[derive(Clone, Debug)]
pub struct Nature {
    /// Its identity.
    pub ledger: LedgerId,
    /// The business date of a demonstration.
    pub sample: Option<Date>,
}

/// What is known of some organisations.
pub struct Book {
    own: BTreeSet<OrgId>,
    nature: Option<Nature>,
    /// The first leaf that was not read yet.
    next: LeafIndex,
    logged: Vec<Entry>,
    waiting: Vec<SignedEvent>,
    /// Waited, and can never be logged.
    stuck: Vec<SignedEvent>,
    /// Registrations of organisations, of each the newest that took effect.
    orgs: BTreeMap<OrgId, Body>,
    /// Registrations of organisations that were said: with several officers a proposal only, until enough agree.
    said: HashMap<EventId, (OrgId, Body)>,
    /// Registrations of own places and products, the newest of each.
    places: BTreeMap<PlaceId, Body>,
    products: BTreeMap<ProductId, Body>,
    /// Words that stand outside the log.
    opened: HashMap<Hash, String>,
}

impl Book {
    /// A book about these organisations, with nothing in it yet.
    pub fn new(own: impl IntoIterator<Item = OrgId>) -> Book {
        Book {
            own: own.into_iter().collect(),
            nature: None,
            next: LeafIndex(0),
            logged: Vec::new(),
            waiting: Vec::new(),
            stuck: Vec::new(),
            orgs: BTreeMap::new(),
            said: HashMap::new(),
            places: BTreeMap::new(),
            products: BTreeMap::new(),
            opened: HashMap::new(),
        }
    }

    /// Reads what is new: waiting events first, so that one that is logged meanwhile is not missed.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn catch_up(&mut self, ledger: &LedgerHandle) -> Result<Nature, LedgerError> {
        let nature = match &self.nature {
            Some(nature) => nature.clone(),
            None => {
                ledger
                    .try_read(|replica| Nature {
                        ledger: replica.ledger_id(),
                        sample: replica.genesis().sample,
                    })
                    .await?
            }
        };
        self.nature = Some(nature.clone());
        let waiting = ledger.pending().await?;
        self.read_log(ledger, &nature.ledger).await?;
        self.settle(ledger).await?;
        self.read_waiting(&nature.ledger, &waiting);
        self.open_words(ledger).await?;
        Ok(nature)
    }

    async fn read_log(&mut self, ledger: &LedgerHandle, id: &LedgerId) -> Result<(), LedgerError> {
        loop {
            let piece = ledger.entries(self.next, PIECE_BYTES).await?;
            if piece.is_empty() {
                return Ok(());
            }
            let read = piece.len() as u64;
            let ours: Vec<SignedEvent> = piece
                .iter()
                .filter_map(|bytes| self.of_interest(bytes, id))
                .collect();
            let ids: Vec<EventId> = ours.iter().map(SignedEvent::id).collect();
            let void = ledger
                .try_read(move |replica| {
                    ids.iter()
                        .map(|id| replica.void_reason(id))
                        .collect::<Vec<_>>()
                })
                .await?;
            for (event, void) in ours.into_iter().zip(void) {
                self.take(event, void);
            }
            self.next = LeafIndex(self.next.0 + read);
        }
    }

    /// Own events and registrations of organisations. The log was checked when it was written; the signature is
    /// checked again only because nothing else makes a [`SignedEvent`].
    fn of_interest(&self, bytes: &[u8], ledger: &LedgerId) -> Option<SignedEvent> {
        let envelope = Envelope::parse(bytes).ok()?;
        let kind = envelope.payload().draft.body.kind;
        let own = self.own.contains(envelope.iss()) && kind != Kind::MapHead;
        (own || kind == Kind::Org)
            .then(|| envelope.verify(ledger).ok())
            .flatten()
    }

    fn take(&mut self, event: SignedEvent, void: Option<VoidReason>) {
        if void.is_none() {
            self.register(&event);
        }
        if self.own.contains(event.iss()) {
            self.logged.push(Entry { event, void });
        }
        if self.logged.len() > EVENTS_MAX {
            self.logged.drain(..EVENTS_MAX / 10);
        }
    }

    fn register(&mut self, event: &SignedEvent) {
        let (body, iss) = (event.body(), event.iss());
        let Some(number) = body.id.as_ref().map(|id| id.0.as_str()) else {
            return;
        };
        match body.kind {
            Kind::Org => {
                let org = OrgId::new(number).ok();
                self.said
                    .extend(org.map(|org| (event.id(), (org, body.clone()))));
            }
            Kind::Place => {
                self.places.extend(
                    PlaceId::new(iss.clone(), number)
                        .ok()
                        .map(|place| (place, body.clone())),
                );
            }
            Kind::Product => {
                self.products.extend(
                    ProductId::new(iss.clone(), number)
                        .ok()
                        .map(|product| (product, body.clone())),
                );
            }
            _ => {}
        }
    }

    /// Takes over what took effect of the registrations that were said, and keeps what still waits for consent.
    async fn settle(&mut self, ledger: &LedgerHandle) -> Result<(), LedgerError> {
        if self.said.is_empty() {
            return Ok(());
        }
        let orgs: BTreeSet<OrgId> = self.said.values().map(|(org, _)| org.clone()).collect();
        let ask = move |replica: &Replica| {
            let roster = replica.roster();
            let registered = |org| roster.org(org)?.registered;
            let open: BTreeSet<EventId> = roster.open_proposals().map(|(id, _)| id).collect();
            let settled: Vec<EventId> = orgs.iter().filter_map(registered).collect();
            (settled, open)
        };
        let (settled, open) = ledger.try_read(ask).await?;
        let settled = settled.iter().filter_map(|id| self.said.remove(id));
        self.orgs.extend(settled);
        self.said.retain(|id, _| open.contains(id));
        Ok(())
    }

    fn read_waiting(&mut self, ledger: &LedgerId, pending: &[Vec<u8>]) {
        let mut known: HashMap<EventId, SignedEvent> = self
            .waiting
            .drain(..)
            .map(|event| (event.id(), event))
            .collect();
        let logged: BTreeSet<EventId> = self
            .logged
            .iter()
            .rev()
            .take(pending.len() + known.len())
            .map(|entry| entry.event.id())
            .collect();
        for bytes in pending {
            let read = || {
                self.of_interest(bytes, ledger)
                    .filter(|event| self.own.contains(event.iss()))
            };
            let event = known.remove(&event_id(bytes)).or_else(read);
            self.waiting
                .extend(event.filter(|event| !logged.contains(&event.id())));
        }
        // What no longer waits and is not logged either can never be: it stays on the list, with the reason.
        self.stuck.extend(
            known
                .into_values()
                .filter(|event| !logged.contains(&event.id())),
        );
    }

    /// Looks up words that stand outside the log: names of households and of their places.
    async fn open_words(&mut self, ledger: &LedgerHandle) -> Result<(), LedgerError> {
        let own_orgs = self
            .orgs
            .iter()
            .filter(|(org, _)| self.own.contains(org))
            .map(|(_, body)| body);
        let commitments = own_orgs
            .chain(self.places.values())
            .flat_map(Body::public_commitments);
        let closed: BTreeSet<Hash> = commitments
            .filter(|hash| !self.opened.contains_key(hash))
            .collect();
        for hash in closed.into_iter().take(LOOKUPS_MAX) {
            let blob = ledger.get_blob(hash).await?;
            let opening = blob.and_then(|blob| Opening::decode(blob.bytes()).ok());
            if let Some(Value::Text(text)) = opening.map(|opening| opening.value) {
                self.opened.insert(hash, text);
            }
        }
        Ok(())
    }

    fn word(&self, sealable: Option<&Sealable>) -> Option<String> {
        match sealable? {
            Sealable::Text(text) => Some(text.clone()),
            Sealable::Commitment(hash) => self.opened.get(hash).cloned(),
        }
    }

    /// The name of an organisation; its id as long as the name is not known here.
    pub fn org_name(&self, org: &OrgId) -> String {
        self.orgs
            .get(org)
            .and_then(|body| self.word(body.name.as_ref()))
            .unwrap_or_else(|| org.to_string())
    }

    /// The address of an organisation, or its commune where the address is not known here.
    pub fn org_address(&self, org: &OrgId) -> Option<String> {
        let body = self.orgs.get(org)?;
        self.word(body.address.as_ref())
            .or_else(|| Some(body.commune.as_ref()?.name.clone()))
    }

    /// A product's registration.
    pub fn product(&self, product: &ProductId) -> Option<&Body> {
        self.products.get(product)
    }

    /// A product's name; its number as long as the name is not known here.
    pub fn product_name(&self, product: &ProductId) -> String {
        self.product(product)
            .and_then(|body| self.word(body.name.as_ref()))
            .unwrap_or_else(|| product.number().to_owned())
    }

    /// A place's name; its number as long as the name is not known here.
    pub fn place_name(&self, place: &PlaceId) -> String {
        self.places
            .get(place)
            .and_then(|body| self.word(body.name.as_ref()))
            .unwrap_or_else(|| place.number().to_owned())
    }

    /// Events of an organisation, newest first: those that wait, those that never will be logged, those in the log.
    pub fn events(&self, org: &OrgId) -> impl Iterator<Item = &SignedEvent> {
        let logged = self.logged.iter().rev().map(|entry| &entry.event);
        self.waiting
            .iter()
            .rev()
            .chain(self.stuck.iter().rev())
            .chain(logged)
            .filter(move |event| event.iss() == org)
    }

    /// Events of all own organisations that wait for the log, oldest first.
    pub fn waiting(&self) -> &[SignedEvent] {
        &self.waiting
    }

    /// An own event, and why it is void if it is.
    pub fn find(&self, id: &EventId) -> Option<(&SignedEvent, Option<VoidReason>)> {
        let waits = self
            .waiting
            .iter()
            .chain(&self.stuck)
            .find(|event| event.id() == *id)
            .map(|event| (event, None));
        waits.or_else(|| {
            self.logged
                .iter()
                .rev()
                .find(|entry| entry.event.id() == *id)
                .map(|entry| (&entry.event, entry.void))
        })
    }

    /// Events of an organisation that count: void ones say nothing.
    fn in_force(&self, org: &OrgId) -> impl Iterator<Item = &SignedEvent> {
        let logged = self
            .logged
            .iter()
            .rev()
            .filter(|entry| entry.void.is_none())
            .map(|entry| &entry.event);
        self.waiting
            .iter()
            .rev()
            .chain(logged)
            .filter(move |event| event.iss() == org)
    }

    /// Where things of an organisation grow: what was worked on last comes first.
    pub fn grounds(&self, org: &OrgId) -> Vec<Ground> {
        let mut used: HashMap<&PlaceId, Timestamp> = HashMap::new();
        for event in self.in_force(org) {
            if let Some(field) = &event.body().field {
                let last = used.entry(field).or_insert_with(|| event.occurred());
                *last = (*last).max(event.occurred());
            }
        }
        let mut grounds: Vec<(Option<Timestamp>, Ground)> = self
            .places
            .iter()
            .filter(|(id, _)| id.org == *org)
            .filter_map(|(id, body)| Some((used.get(id).copied(), self.ground(id, body)?)))
            .collect();
        grounds
            .sort_by(|(a_used, a), (b_used, b)| b_used.cmp(a_used).then_with(|| a.id.cmp(&b.id)));
        grounds.into_iter().map(|(_, ground)| ground).collect()
    }

    fn ground(&self, id: &PlaceId, body: &Body) -> Option<Ground> {
        let text = |text: &Option<ledger_core::body::Text>| {
            text.as_ref().map_or(String::new(), |text| text.0.clone())
        };
        Some(Ground {
            id: id.clone(),
            name: self.place_name(id),
            place_type: body
                .place_type
                .filter(|place_type| place_type.is_growing())?,
            crop: text(&body.crop),
            variety: text(&body.variety),
            commune: body.commune.clone(),
        })
    }

    /// One growing place.
    pub fn ground_of(&self, id: &PlaceId) -> Option<Ground> {
        self.places.get(id).and_then(|body| self.ground(id, body))
    }

    /// The event of an organisation that brought a lot into being, and which of its outputs the lot is.
    pub fn creation(&self, lot: &LotId) -> Option<(&SignedEvent, &Output)> {
        self.in_force(&lot.org).find_map(|event| {
            let place = created_lots(event).position(|made| made == *lot)?;
            Some((event, event.body().outputs.as_ref()?.get(place)?))
        })
    }

    /// The codes that an organisation bound to a lot, the first binding's first.
    pub fn codes(&self, lot: &LotId) -> Vec<PrintedCode> {
        let binds = self.in_force(&lot.org).filter(|event| {
            event.body().kind == Kind::Bind && event.body().lot.as_ref() == Some(lot)
        });
        let mut bindings: Vec<&SignedEvent> = binds.collect();
        bindings.reverse();
        bindings
            .iter()
            .flat_map(|event| event.body().codes.iter().flatten().cloned())
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::time::Duration;

    use ed25519_dalek::SigningKey;
    use ledger_core::body::Rights;
    use ledger_core::ids::DeviceKey;
    use ledger_core::key::PublicKey;
    use ledger_core::sign::Draft;

    use super::*;
    use crate::fixture::*;
    use crate::ledger::{EventStatus, Timing, Writer, spawn};

    const PROPOSED: &str = "HTX tên mới";

    /// Makes two officers agree from now on, and one of them propose a name for `HTX-1`.
    fn propose(so: &mut Writer, second: &SigningKey) -> EventId {
        let officer = Body {
            rights: Some(Rights::Administrator),
            ..enrol(&org(SO), Hash(PublicKey::of(second).to_bytes())).body
        };
        let two = Body {
            count: Some(2),
            ..Body::new(Kind::Threshold)
        };
        let renamed = Body {
            name: Some(Sealable::Text(PROPOSED.into())),
            ..admit(&org("HTX-1")).body
        };
        let said = [officer, two, renamed].map(|body| {
            let receipt = so.record(&org(SO), draft(body), at(1)).unwrap();
            receipt.event_id
        });
        so.sequence(at(2)).unwrap();
        said[2]
    }

    async fn approve(ledger: &LedgerHandle, second: &SigningKey, proposal: EventId) {
        let device = DeviceKey(PublicKey::of(second).to_bytes());
        let place = move |replica: &Replica| (replica.ledger_id(), replica.next_link(&device));
        let (id, link) = ledger.try_read(place).await.unwrap();
        let time = Timestamp::vietnam(NOW as i64);
        let draft = Draft {
            occurred: time,
            signed: time,
            body: Body {
                reference: Some(proposal.0),
                ..Body::new(Kind::Approve)
            },
        };
        let event = draft.sign(second, &id, &org(SO), link);
        ledger.submit(event.bytes().to_vec()).await.unwrap();
        let logged = async {
            while !matches!(
                ledger.status(event.id()).await,
                EventStatus::Logged(..) | EventStatus::Cosigned(_)
            ) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), logged)
            .await
            .expect("in time");
    }

    #[tokio::test]
    async fn a_name_that_is_only_proposed_is_not_shown_until_enough_officers_agree() {
        let province = Province::new(1, None);
        let second = SigningKey::from_bytes(&[91; 32]);
        let mut so = province.sequencer();
        let proposal = propose(&mut so, &second);
        drop(so);
        let mut options = province.options(&org(SO), Default::default());
        options.timing = Timing {
            batch: Duration::from_millis(5),
            ..Timing::default()
        };
        let (task, _) = spawn(province.folder(&org(SO)), options).await.unwrap();
        let ledger = task.handle();

        let mut book = Book::new([org("HTX-1")]);
        book.catch_up(&ledger).await.unwrap();
        assert_eq!(book.org_name(&org("HTX-1")), "HTX mẫu");
        approve(&ledger, &second, proposal).await;
        book.catch_up(&ledger).await.unwrap();
        assert_eq!(book.org_name(&org("HTX-1")), PROPOSED);
        task.stop().await;
    }
}
