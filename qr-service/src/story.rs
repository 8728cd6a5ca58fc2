//! What an answer says in names: product, organisation, lot, dates. Read from events in force that were verified here.
//!
//! In scope: the last registration of a thing, its opened texts, corrected dates. Out of scope: states and notices
//! (`ledger_core::lot`), words for people ([`crate::pages`]).

use std::collections::{BTreeMap, HashMap};

use ledger_core::body::{Body, Fix, Output, Sealable, Valid};
use ledger_core::code::{Gtin, PrintedCode, ShortCode};
use ledger_core::commitment::{Opening, commit};
use ledger_core::genesis::Genesis;
use ledger_core::ids::{EventId, Hash, LotId, OrgId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::quantity::Quantity;
use ledger_core::time::Date;

use crate::view::Entry;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgCard {
    /// Its id.
    pub id: OrgId,
    /// Its name, where it is public and at hand.
    pub name: Option<String>,
    /// Its commune.
    pub commune: Option<String>,
    /// Its address, where it is public and at hand.
    pub address: Option<String>,
}

/// An OCOP rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingCard {
    /// 3, 4 or 5.
    pub stars: u64,
    /// The decision.
    pub decision: Option<String>,
    /// Its last day, if it has one.
    pub until: Option<Date>,
    /// Whether it is valid on the business date.
    pub is_valid: bool,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductCard {
    /// Its id.
    pub id: ProductId,
    /// Its name, where it is public and at hand.
    pub name: Option<String>,
    /// Its English name.
    pub name_en: Option<String>,
    /// Its GTIN.
    pub gtin: Option<Gtin>,
    /// Net content.
    pub net: Option<String>,
    /// Origin.
    pub origin: Option<String>,
    /// Its picture.
    pub picture: Option<Hash>,
    /// The rating that counts on the business date: a valid one, else the last.
    pub rating: Option<RatingCard>,
}

/// A lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotCard {
    /// Its id.
    pub id: LotId,
    /// How much there was.
    pub quantity: Quantity,
    /// Date of production or harvest, as corrected.
    pub made: Option<Date>,
    /// Last good day, as corrected.
    pub expires: Option<Date>,
}

/// Events in force, and the openings at hand, to look things up in.
pub struct Story<'a> {
    entries: &'a [Entry],
    openings: HashMap<Hash, String>,
    registered: BTreeMap<OrgId, EventId>,
    genesis: &'a Genesis,
}

impl<'a> Story<'a> {
    /// Entries in log order; openings of any of their commitments; the registration of each organisation that took
    /// effect last, for an `org` event in force may be a proposal only.
    pub fn new(
        entries: &'a [Entry],
        openings: &[Vec<u8>],
        registered: BTreeMap<OrgId, EventId>,
        genesis: &'a Genesis,
    ) -> Story<'a> {
        let text = |bytes: &Vec<u8>| {
            Some((
                commit(bytes),
                Opening::decode(bytes).ok()?.value.as_text()?.to_owned(),
            ))
        };
        Story {
            entries,
            openings: openings.iter().filter_map(text).collect(),
            registered,
            genesis,
        }
    }

    fn bodies(&self) -> impl DoubleEndedIterator<Item = (&'a OrgId, &'a Body)> {
        self.entries
            .iter()
            .map(|entry| (entry.envelope.iss(), &entry.envelope.payload().draft.body))
    }

    fn text(&self, value: Option<&Sealable>) -> Option<String> {
        match value? {
            Sealable::Text(text) => Some(text.clone()),
            Sealable::Commitment(hash) => self.openings.get(hash).cloned(),
        }
    }

    /// An organisation, as last registered to effect.
    pub fn organisation(&self, id: &OrgId) -> OrgCard {
        let registered = self.registered.get(id);
        let body = self
            .entries
            .iter()
            .find(|entry| Some(&entry.envelope.id()) == registered)
            .map(|entry| &entry.envelope.payload().draft.body);
        let of_genesis =
            (*id == self.genesis.authority).then(|| self.genesis.authority_name.clone());
        OrgCard {
            id: id.clone(),
            name: body
                .and_then(|body| self.text(body.name.as_ref()))
                .or(of_genesis),
            commune: body
                .and_then(|body| body.commune.as_ref())
                .map(|commune| commune.name.clone()),
            address: body.and_then(|body| self.text(body.address.as_ref())),
        }
    }

    /// A product, as last registered by its own organisation.
    pub fn product(&self, id: &ProductId, today: Date) -> ProductCard {
        let registers = |(iss, body): &(&OrgId, &Body)| {
            body.kind == Kind::Product
                && **iss == id.org
                && body.id.as_ref().is_some_and(|n| n.0 == id.number())
        };
        let body = self.bodies().rev().find(registers).map(|(_, body)| body);
        let numbered = |said: &(&OrgId, &Body)| {
            registers(said) || said.1.kind == Kind::SameAs && said.1.product.as_ref() == Some(id)
        };
        let text = |field: fn(&Body) -> &Option<ledger_core::body::Text>| {
            body.and_then(|body| field(body).as_ref())
                .map(|text| text.0.clone())
        };
        ProductCard {
            id: id.clone(),
            name: body.and_then(|body| self.text(body.name.as_ref())),
            name_en: text(|body| &body.name_en),
            gtin: self
                .bodies()
                .rev()
                .find(numbered)
                .and_then(|(_, body)| body.gtin),
            net: text(|body| &body.net),
            origin: text(|body| &body.origin),
            picture: body.and_then(|body| body.picture),
            rating: self.rating(id, today),
        }
    }

    fn rating(&self, product: &ProductId, today: Date) -> Option<RatingCard> {
        let rates =
            |body: &&Body| body.kind == Kind::Rating && body.product.as_ref() == Some(product);
        let card = |body: &Body| {
            let until = body.valid.and_then(|valid| valid.until);
            let has_begun = body
                .valid
                .and_then(|Valid { from, .. }| from)
                .is_none_or(|from| from <= today);
            Some(RatingCard {
                stars: body.stars?,
                decision: body.decision.as_ref().map(|text| text.0.clone()),
                until,
                is_valid: has_begun && until.is_none_or(|until| until >= today),
            })
        };
        let ratings: Vec<RatingCard> = self
            .bodies()
            .map(|(_, body)| body)
            .filter(rates)
            .filter_map(card)
            .collect();
        ratings
            .iter()
            .rev()
            .find(|rating| rating.is_valid)
            .or(ratings.last())
            .cloned()
    }

    /// A lot, as created and corrected.
    pub fn lot(&self, id: &LotId) -> Option<LotCard> {
        let (entry, index, output) = self.entries.iter().find_map(|entry| {
            let (index, output) = created(entry, id)?;
            Some((entry, index, output))
        })?;
        let mut card = LotCard {
            id: id.clone(),
            quantity: output.qty,
            made: output.made,
            expires: output.expires,
        };
        let event = entry.envelope.id().0;
        for fix in self
            .bodies()
            .filter(|(_, body)| body.reference == Some(event))
            .filter_map(|(_, body)| body.fix.as_ref())
        {
            match fix {
                Fix::OutputQty(n, quantity) if *n == index => card.quantity = *quantity,
                Fix::OutputMade(n, date) if *n == index => card.made = Some(*date),
                Fix::OutputExpires(n, date) if *n == index => card.expires = Some(*date),
                _ => {}
            }
        }
        Some(card)
    }

    /// The short codes that events bind to a lot, well or badly.
    pub fn short_codes(&self, lot: &LotId) -> Vec<ShortCode> {
        let binds = self
            .bodies()
            .filter(|(_, body)| body.kind == Kind::Bind && body.lot.as_ref() == Some(lot));
        let own = |code: &PrintedCode| match code {
            PrintedCode::Own(short) => Some(*short),
            PrintedCode::Gs1 { .. } => None,
        };
        binds
            .flat_map(|(_, body)| body.codes.iter().flatten())
            .filter_map(own)
            .collect()
    }
}

fn created<'a>(entry: &'a Entry, lot: &LotId) -> Option<(usize, &'a Output)> {
    if *entry.envelope.iss() != lot.org {
        return None;
    }
    let outputs = entry
        .envelope
        .payload()
        .draft
        .body
        .outputs
        .iter()
        .flatten()
        .enumerate();
    outputs
        .into_iter()
        .find(|(_, output)| output.no == lot.number())
}
