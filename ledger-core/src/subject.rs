//! What an event is about: the subjects it is listed under in the map (`docs/formats.md` section 9).
//! The rule is part of the format: it looks at the body and `occurred` alone.

use std::collections::BTreeSet;

use crate::body::Body;
use crate::code::PrintedCode;
use crate::encode::Value;
use crate::ids::{LotId, OrgId, PlaceId, ProductId};
use crate::kind::Kind;
use crate::map::MapKey;
use crate::sign::SignedEvent;
use crate::time::Timestamp;

/// Something that events are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A lot.
    Lot(LotId),
    /// A printed code.
    Code(PrintedCode),
    /// A growing place in one calendar year.
    Field(PlaceId, i32),
    /// A product: its registration, ratings, certificates, holds and recalls.
    Product(ProductId),
    /// A place: likewise.
    Place(PlaceId),
    /// An organisation: likewise, and its devices.
    Organisation(OrgId),
    /// Buyers' reports about a lot.
    Report(LotId),
    /// Sensor summaries of a growing place in one calendar year.
    Sensor(PlaceId, i32),
    /// What concerns the whole ledger.
    Ledger,
}

impl Subject {
    /// The subject array, whose CBOR is hashed to the map key.
    pub fn to_value(&self) -> Value {
        let array = |class: &str, ids: &[&str]| {
            Value::Array([class].iter().chain(ids).map(Value::text).collect())
        };
        let yearly = |class, place: &PlaceId, year: i32| match array(
            class,
            &[place.org.as_str(), place.number()],
        ) {
            Value::Array(mut items) => {
                items.push(Value::Int(i64::from(year)));
                Value::Array(items)
            }
            other => other,
        };
        match self {
            Subject::Lot(lot) => array("lot", &[lot.org.as_str(), lot.number()]),
            Subject::Code(code) => array("code", &[&code.canonical()]),
            Subject::Field(place, year) => yearly("field", place, *year),
            Subject::Product(product) => {
                array("product", &[product.org.as_str(), product.number()])
            }
            Subject::Place(place) => array("place", &[place.org.as_str(), place.number()]),
            Subject::Organisation(org) => array("organisation", &[org.as_str()]),
            Subject::Report(lot) => array("report", &[lot.org.as_str(), lot.number()]),
            Subject::Sensor(place, year) => yearly("sensor", place, *year),
            Subject::Ledger => array("ledger", &[]),
        }
    }

    /// Reads a subject array.
    pub fn from_value(value: &Value) -> Option<Subject> {
        let items = value.as_array()?;
        let text = |index: usize| items.get(index).and_then(Value::as_text);
        let org = |index| OrgId::new(text(index)?).ok();
        let lot = || LotId::new(org(1)?, text(2)?).ok();
        let place = || PlaceId::new(org(1)?, text(2)?).ok();
        let year = || items.get(3)?.as_int().and_then(|y| i32::try_from(y).ok());
        match (text(0)?, items.len()) {
            ("lot", 3) => lot().map(Subject::Lot),
            ("code", 2) => PrintedCode::from_canonical(text(1)?)
                .ok()
                .map(Subject::Code),
            ("field", 4) => Some(Subject::Field(place()?, year()?)),
            ("product", 3) => ProductId::new(org(1)?, text(2)?).ok().map(Subject::Product),
            ("place", 3) => place().map(Subject::Place),
            ("organisation", 2) => org(1).map(Subject::Organisation),
            ("report", 3) => lot().map(Subject::Report),
            ("sensor", 4) => Some(Subject::Sensor(place()?, year()?)),
            ("ledger", 1) => Some(Subject::Ledger),
            _ => None,
        }
    }

    /// The canonical bytes of the subject array.
    pub fn to_cbor(&self) -> Vec<u8> {
        self.to_value().encode()
    }

    /// Where it stands in the map.
    pub fn key(&self) -> MapKey {
        MapKey::of(&self.to_cbor())
    }
}

/// The subjects that an event names itself. Those of the event it refers to come on top.
pub fn own_subjects(event: &SignedEvent) -> BTreeSet<Subject> {
    subjects_named(event.body(), event.iss(), event.occurred())
}

/// The same for what is not signed yet.
pub fn subjects_named(body: &Body, iss: &OrgId, occurred: Timestamp) -> BTreeSet<Subject> {
    let mut subjects = lots_named(body, iss)
        .map(|lot| lot_subject(body.kind, lot))
        .collect::<BTreeSet<_>>();
    subjects.extend(body.codes.iter().flatten().cloned().map(Subject::Code));
    if let Some(field) = &body.field {
        let year = occurred.date().year;
        subjects.insert(match body.kind {
            Kind::Sensor => Subject::Sensor(field.clone(), year),
            _ => Subject::Field(field.clone(), year),
        });
    }
    subjects.extend(wide_subjects(body, iss));
    subjects
}

/// Every lot that an event names, those it creates included.
pub fn lots_of(event: &SignedEvent) -> impl Iterator<Item = LotId> + '_ {
    lots_named(event.body(), event.iss())
}

/// The same for what is not signed yet.
pub fn lots_named<'a>(body: &'a Body, iss: &'a OrgId) -> impl Iterator<Item = LotId> + 'a {
    let named = body
        .lots
        .iter()
        .chain(&body.inputs)
        .flatten()
        .map(|used| used.lot.clone());
    named.chain(lots_made(body, iss)).chain(body.lot.clone())
}

/// The lots that an event brings into being.
pub fn created_lots(event: &SignedEvent) -> impl Iterator<Item = LotId> + '_ {
    lots_made(event.body(), event.iss())
}

/// The same for what is not signed yet.
pub fn lots_made<'a>(body: &'a Body, iss: &'a OrgId) -> impl Iterator<Item = LotId> + 'a {
    // The number was checked when the body was read.
    body.outputs
        .iter()
        .flatten()
        .filter_map(|output| LotId::new(iss.clone(), &output.no).ok())
}

fn lot_subject(kind: Kind, lot: LotId) -> Subject {
    if kind == Kind::Report {
        Subject::Report(lot)
    } else {
        Subject::Lot(lot)
    }
}

/// Products, places, organisations and the ledger, for the kinds that speak about them.
fn wide_subjects(body: &Body, iss: &OrgId) -> Vec<Subject> {
    let named_product = || body.product.clone().into_iter().map(Subject::Product);
    let named_place = || body.target_place.clone().into_iter().map(Subject::Place);
    let named_org = || body.org.clone().into_iter().map(Subject::Organisation);
    match body.kind {
        Kind::Hold | Kind::Release | Kind::Recall | Kind::Certificate => named_product()
            .chain(named_place())
            .chain(named_org())
            .collect(),
        Kind::Rating | Kind::SameAs => named_product().collect(),
        Kind::Delegate => body
            .products
            .iter()
            .flatten()
            .cloned()
            .map(Subject::Product)
            .collect(),
        Kind::PlaceCode => named_place().collect(),
        Kind::Suspend | Kind::Readmit | Kind::Grant | Kind::Withdraw => named_org().collect(),
        Kind::Device | Kind::Revoke | Kind::Replace | Kind::AllowEpoch => named_org().collect(),
        Kind::Peer | Kind::Unpeer | Kind::Conflict => named_org().collect(),
        Kind::Org | Kind::Place | Kind::Product => registered(body, iss).into_iter().collect(),
        Kind::Epoch => vec![Subject::Organisation(iss.clone())],
        Kind::Anchor | Kind::Threshold | Kind::Publish => vec![Subject::Ledger],
        _ => Vec::new(),
    }
}

/// What a registration registers.
fn registered(body: &Body, iss: &OrgId) -> Option<Subject> {
    let id = &body.id.as_ref()?.0;
    match body.kind {
        Kind::Org => OrgId::new(id).ok().map(Subject::Organisation),
        Kind::Place => PlaceId::new(iss.clone(), id).ok().map(Subject::Place),
        Kind::Product => ProductId::new(iss.clone(), id).ok().map(Subject::Product),
        _ => None,
    }
}
