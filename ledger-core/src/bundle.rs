//! Everything that one phone needs for one scanned code (`docs/formats.md` section 12).
//!
//! In scope: which subjects belong in, the bytes, building one from a replica. Out of scope: what it proves
//! ([`crate::verify`]).

use std::collections::BTreeSet;

use crate::code::PrintedCode;
use crate::encode::{DecodeError, Value};
use crate::family::{Creations, Fact, resolve};
use crate::gather::Gathered;
use crate::ids::{Hash, LeafIndex, OrgId};
use crate::lists::{
    Entry, List, events_from_value, events_to_value, subjects_from_value, subjects_to_value,
};
use crate::map_proof::ProveError;
use crate::placed::Placed;
use crate::replica::Replica;
use crate::sign::SignedEvent;
use crate::store::StoreError;
use crate::subject::Subject;

/// First field of every bundle.
pub const FORMAT: &str = "ocop-bundle/v1";
/// A phone on a weak line downloads this in half a minute; usual bundles are fifty times smaller.
pub const BUNDLE_MAX_BYTES: usize = 1 << 20;
/// Most events of a bundle, so that a phone checks their signatures within a second or two.
pub const BUNDLE_EVENTS_MAX: usize = 4_096;

/// A bundle, read but not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The code that it answers for.
    pub code: PrintedCode,
    /// Leaf 0.
    pub genesis: Vec<u8>,
    /// The signed note with its cosignatures.
    pub checkpoint: String,
    /// The map head.
    pub head: Placed,
    /// Complete lists.
    pub subjects: Vec<List>,
    /// The listed events.
    pub events: Vec<Entry>,
    /// Map proof of all subjects.
    pub map: Vec<u8>,
    /// Public openings at hand.
    pub openings: Vec<Vec<u8>>,
}

/// Bytes that are no bundle. Whoever sent them is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Larger than [`BUNDLE_MAX_BYTES`].
    #[error("the bundle is larger than {BUNDLE_MAX_BYTES} bytes")]
    TooLarge,
    /// Not canonical CBOR.
    #[error("the bundle is not canonical: {0}")]
    Cbor(#[from] DecodeError),
    /// A field of another form; names it.
    #[error("the bundle's {0} is not of its form")]
    Field(&'static str),
}

/// Why no bundle could be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The replica does not end with a map head, or not where the checkpoint does.
    #[error("the replica does not stand at the checkpoint's map head")]
    NotAtHead,
    /// An entry could not be read.
    #[error("entry {0} could not be read")]
    Entry(LeafIndex),
    /// The family is larger than a bundle may be.
    #[error("the bundle would be too large")]
    TooLarge,
    /// The map refused.
    #[error(transparent)]
    Map(#[from] ProveError),
    /// The lists could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The subjects that a bundle must hold, as far as the events at hand tell. Builder and verifier both ask this until
/// the answer no longer grows.
pub fn wanted_subjects(
    code: &PrintedCode,
    authority: &OrgId,
    facts: &[Fact<'_>],
) -> BTreeSet<Subject> {
    let creations = Creations::of(facts);
    let mut wanted = BTreeSet::from([
        Subject::Code(code.clone()),
        Subject::Ledger,
        Subject::Organisation(authority.clone()),
    ]);
    wanted.extend(
        facts
            .iter()
            .map(|fact| Subject::Organisation(fact.event.iss().clone())),
    );
    // Which binding took effect depends on the lot, its product and its delegations.
    let bindings = facts
        .iter()
        .filter(|fact| fact.event.body().codes.iter().flatten().any(|c| c == code));
    for lot in bindings.filter_map(|fact| fact.event.body().lot.as_ref()) {
        wanted.insert(Subject::Lot(lot.clone()));
        wanted.extend(creations.product(lot).cloned().map(Subject::Product));
    }
    if let Some(lot) = resolve(code, facts, &creations) {
        let (reach, _) = creations.reach(&lot);
        for member in reach {
            wanted.extend(subjects_of_member(&creations, &member));
            wanted.insert(Subject::Lot(member));
        }
    }
    wanted
}

/// Field and place where a lot arose, its product, its owner and creator; of every creation, those withdrawn included.
pub(crate) fn subjects_of_member(
    creations: &Creations<'_>,
    lot: &crate::ids::LotId,
) -> Vec<Subject> {
    let mut wanted = vec![Subject::Organisation(lot.org.clone())];
    for creation in creations.stated(lot) {
        wanted.push(Subject::Organisation(creation.output.owner.clone()));
        wanted.extend(creation.output.product.clone().map(Subject::Product));
        wanted.extend(creation.place().cloned().map(Subject::Place));
        if let Some(field) = &creation.fact.event.body().field {
            let year = creation.fact.event.occurred().date().year;
            wanted.extend([year, year - 1].map(|year| Subject::Field(field.clone(), year)));
        }
    }
    wanted
}

/// Where a builder finds entries and openings.
pub trait Source {
    /// The envelope at a place.
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>>;
    /// The public opening of a commitment, if it is at hand.
    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>>;
}

/// Builds the bundle of a code at the replica's size, which must be the checkpoint's.
///
/// # Errors
/// [`BuildError`].
pub fn build(
    replica: &mut Replica,
    source: &impl Source,
    checkpoint: &str,
    code: &PrintedCode,
) -> Result<Bundle, BuildError> {
    let authority = replica.roster().authority().clone();
    let mut gathered = Gathered::default();
    loop {
        let facts: Vec<Fact<'_>> = gathered
            .events
            .iter()
            .map(|(index, event)| Fact {
                index: *index,
                event,
            })
            .collect();
        let more: Vec<Subject> = wanted_subjects(code, &authority, &facts)
            .into_iter()
            .filter(|s| !gathered.lists.contains_key(s))
            .collect();
        if more.is_empty() {
            break;
        }
        for subject in more {
            gathered.add(replica, source, subject)?;
        }
        if gathered.events.len() > BUNDLE_EVENTS_MAX {
            return Err(BuildError::TooLarge);
        }
    }
    let openings = public_commitments(gathered.events.values())
        .iter()
        .filter_map(|hash| source.opening(hash))
        .collect();
    let excerpt = gathered.under_head(replica, source, checkpoint)?;
    let bundle = Bundle {
        code: code.clone(),
        genesis: replica.genesis().encode(),
        checkpoint: excerpt.checkpoint,
        head: excerpt.head,
        subjects: excerpt.subjects,
        events: excerpt.events,
        map: excerpt.map,
        openings,
    };
    if bundle.encode().len() > BUNDLE_MAX_BYTES {
        Err(BuildError::TooLarge)
    } else {
        Ok(bundle)
    }
}

fn public_commitments<'a>(events: impl Iterator<Item = &'a SignedEvent>) -> BTreeSet<Hash> {
    events
        .flat_map(|event| event.body().public_commitments())
        .collect()
}

impl Bundle {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        Value::map([
            ("format", Value::text(FORMAT)),
            ("code", Value::text(self.code.canonical())),
            ("genesis", Value::bytes(&self.genesis)),
            ("checkpoint", Value::text(&self.checkpoint)),
            ("head", self.head.to_value()),
            ("subjects", subjects_to_value(&self.subjects)),
            ("events", events_to_value(&self.events)),
            ("map", Value::bytes(&self.map)),
            (
                "openings",
                Value::Array(self.openings.iter().map(|o| Value::bytes(o)).collect()),
            ),
        ])
        .encode()
    }

    /// Reads a bundle; believes nothing.
    ///
    /// # Errors
    /// [`BundleError`] naming the field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Bundle, BundleError> {
        if bytes.len() > BUNDLE_MAX_BYTES {
            return Err(BundleError::TooLarge);
        }
        let value = Value::decode_large(bytes)?;
        let text = |name| field(&value, name, |value| value.as_text().map(str::to_owned));
        let bytes = |name| field(&value, name, read_bytes);
        if text("format")? != FORMAT || value.as_map().map(<[_]>::len) != Some(9) {
            return Err(BundleError::Field("format"));
        }
        Ok(Bundle {
            code: PrintedCode::from_canonical(&text("code")?)
                .map_err(|_| BundleError::Field("code"))?,
            genesis: bytes("genesis")?,
            checkpoint: text("checkpoint")?,
            head: field(&value, "head", Placed::from_value)?,
            subjects: field(&value, "subjects", subjects_from_value)?,
            events: field(&value, "events", events_from_value)?,
            map: bytes("map")?,
            openings: field(&value, "openings", |openings| {
                openings.as_array()?.iter().map(read_bytes).collect()
            })?,
        })
    }
}

fn field<T>(
    value: &Value,
    name: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<T, BundleError> {
    let found = value.get(name).and_then(read);
    found.ok_or(BundleError::Field(name))
}

fn read_bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_bytes().map(<[u8]>::to_vec)
}
