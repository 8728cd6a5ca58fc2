//! The sample of `tests/sample-data` as drafts of events in the order in which they are recorded.
//!
//! In scope: reading the files, what goes into each body and what is committed to, the order. Out of scope: keys,
//! signatures and where anything is stored; salts come in as an argument, so that the same salts give the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger_core::body::{Lives, Role};
use ledger_core::code::PrintedCode;
use ledger_core::commitment::SALT_BYTES;
use ledger_core::ids::{Hash, LotId, OrgId, PlaceId, ProductId};
use ledger_core::kind::Kind;
use ledger_core::time::{Date, Timestamp};
use sha2::{Digest, Sha256};

mod csv;
mod facts;
mod happenings;
mod registrations;
mod rows;
mod step;
mod units;

pub use rows::{Expectation, Readers};
pub use step::{BodyTemplate, KeptOpening, NotRecorded, Step};

use self::csv::At;
use rows::{Batch, Event, Files, Organisation, Product};
use step::Sealer;

/// The day of the demonstration: statuses and expected answers are computed for it.
pub const BUSINESS_DATE: Date = Date {
    year: 2026,
    month: 10,
    day: 19,
};
/// When everything is registered: 2025-03-01T08:00:00+07:00, before anything happens.
pub const REGISTERED: Timestamp = Timestamp {
    seconds: 1_740_790_800,
    offset_minutes: 420,
};
/// Organisations whose nodes re-check everything and cosign.
pub const VALIDATORS: [&str; 6] = ["ORG-01", "ORG-03", "ORG-04", "ORG-06", "ORG-08", "ORG-09"];

/// A file of the sample that cannot be turned into events. Whoever edited it is at fault.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A file is not there or no CSV.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: &'static str,
        /// What reading says; names the line.
        source: ::csv::Error,
    },
    /// A cell is wrong.
    #[error("{file}, line {line}, {column}: {what}")]
    Cell {
        /// The file.
        file: &'static str,
        /// The line, the header being 1.
        line: u64,
        /// The column, or the event that the row would become.
        column: String,
        /// What is wrong.
        what: String,
    },
    /// A product has no picture.
    #[error("picture {}: {source}", .path.display())]
    Picture {
        /// Where it should be.
        path: PathBuf,
        /// What reading says.
        source: std::io::Error,
    },
    /// Something without which no sample can be loaded.
    #[error("the sample has no {0}")]
    Missing(&'static str),
}

/// The picture of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The PNG file.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub hash: Hash,
}

/// Where the key of an organisation's device lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The organisation.
    pub org: OrgId,
    /// Where its key lives.
    pub lives: Lives,
    /// On whose machine, when hosted.
    pub host: Option<OrgId>,
}

/// The sample, read and coherent.
#[derive(Debug)]
pub struct Sample {
    files: Files,
    authority: OrgId,
    authority_name: String,
    pictures: BTreeMap<String, Picture>,
    /// Batch id → the lot, whose organisation is that of the signer of the event that creates it.
    lots: BTreeMap<String, LotId>,
}

impl Sample {
    /// Reads the files of a folder, and the pictures in its `pictures`.
    ///
    /// # Errors
    /// [`SampleError`] naming file, line and column.
    pub fn load(folder: &Path) -> Result<Sample, SampleError> {
        let files = Files::read(folder)?;
        let is_authority = |org: &&Organisation| org.roles.contains(&Role::Authority);
        let authority = files.organisations.iter().find(is_authority);
        let authority = authority.ok_or(SampleError::Missing("authority"))?;
        let sample = Sample {
            authority: authority.id.clone(),
            authority_name: authority.name.clone(),
            pictures: pictures(folder, &files.products)?,
            lots: lots(&files)?,
            files,
        };
        sample.check_links()?;
        Ok(sample)
    }

    /// The path that the sample says is printed must be the one that this software prints.
    fn check_links(&self) -> Result<(), SampleError> {
        for batch in &self.files.batches {
            let product = batch.product_id.as_deref();
            let row = product.and_then(|id| self.product_row(id));
            let (Some(row), Some(path)) = (row, &batch.digital_link_path) else {
                continue;
            };
            let code = PrintedCode::gs1(row.gtin, &batch.lot_number);
            if code.is_ok_and(|code| code.url_path() != *path) {
                let column = "digital_link_path";
                return Err(batch.at.fault(column, "not product and lot number"));
            }
        }
        Ok(())
    }

    /// Steps before any device but the authority's is enrolled: the authority admits every organisation. After them
    /// the caller enrols devices ([`Sample::device_step`]) and goes on with [`Sample::script`].
    ///
    /// # Errors
    /// [`SampleError`] for a row that makes no event of the format.
    pub fn admissions(
        &self,
        mut salt: impl FnMut() -> [u8; SALT_BYTES],
    ) -> Result<Vec<Step>, SampleError> {
        self.organisation_steps(&mut Sealer::new(&mut salt))
    }

    /// Every other step, in the order of replay: registrations, then what happened.
    ///
    /// # Errors
    /// [`SampleError`] for a row that makes no event of the format.
    pub fn script(
        &self,
        mut salt: impl FnMut() -> [u8; SALT_BYTES],
    ) -> Result<Vec<Step>, SampleError> {
        let mut sealer = Sealer::new(&mut salt);
        let mut steps = self.registration_steps(&mut sealer)?;
        steps.extend(self.happening_steps(&mut sealer)?);
        Ok(steps)
    }

    /// The authority's organisation.
    pub fn authority(&self) -> &OrgId {
        &self.authority
    }

    /// Its name.
    pub fn authority_name(&self) -> &str {
        &self.authority_name
    }

    /// Where each organisation's device lives, the authority's included.
    pub fn enrolments(&self) -> Vec<Enrolment> {
        let enrolment = |row: &Organisation| Enrolment {
            org: row.id.clone(),
            lives: row.lives,
            host: row.host.clone(),
        };
        self.files.organisations.iter().map(enrolment).collect()
    }

    /// What pages must say on [`BUSINESS_DATE`].
    pub fn expectations(&self) -> &[Expectation] {
        &self.files.expectations
    }

    /// The picture of each product.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.pictures.values()
    }

    /// Every batch, in the order of the file.
    pub fn batch_ids(&self) -> impl Iterator<Item = &str> {
        self.files.batches.iter().map(|row| row.id.as_str())
    }

    /// The lot of a batch.
    pub fn lot(&self, batch_id: &str) -> Option<&LotId> {
        self.lots.get(batch_id)
    }

    /// The place of a place id of the sample.
    pub fn place(&self, place_id: &str) -> Option<PlaceId> {
        let row = self.files.places.iter().find(|row| row.id == place_id)?;
        PlaceId::new(row.org.clone(), place_id).ok()
    }

    /// The product of a product id of the sample.
    pub fn product(&self, product_id: &str) -> Option<ProductId> {
        let row = self.product_row(product_id)?;
        ProductId::new(row.owner.clone(), product_id).ok()
    }

    /// The codes printed on a batch: product and lot number where the product has a barcode, and the short code.
    pub fn codes(&self, batch_id: &str) -> Vec<PrintedCode> {
        let Some(batch) = self.batch(batch_id) else {
            return Vec::new();
        };
        let product = batch
            .product_id
            .as_deref()
            .and_then(|id| self.product_row(id));
        let gtin = product.and_then(|row| self.gtin(row));
        let linked = gtin.filter(|_| batch.digital_link_path.is_some());
        let gs1 = linked.and_then(|gtin| PrintedCode::gs1(gtin, &batch.lot_number).ok());
        gs1.into_iter()
            .chain(batch.short_code.map(PrintedCode::Own))
            .collect()
    }

    fn batch(&self, batch_id: &str) -> Option<&Batch> {
        self.files.batches.iter().find(|row| row.id == batch_id)
    }

    fn event(&self, event_id: &str) -> Option<&Event> {
        self.files.events.iter().find(|row| row.id == event_id)
    }

    fn product_row(&self, product_id: &str) -> Option<&Product> {
        self.files.products.iter().find(|row| row.id == product_id)
    }

    fn net_content(&self, product_id: &str) -> Option<&str> {
        self.product_row(product_id)
            .map(|row| row.net_content.as_str())
    }

    fn is_growing(&self, place_id: &str) -> bool {
        let place = self.files.places.iter().find(|row| row.id == place_id);
        place.is_some_and(|row| row.place_type.is_growing())
    }

    fn organisation(&self, org: &OrgId, at: At) -> Result<&Organisation, SampleError> {
        let row = self.files.organisations.iter().find(|row| row.id == *org);
        row.ok_or_else(|| at.fault("org_id", format!("unknown organisation {org}")))
    }

    fn known_place(&self, id: &str, at: At, column: &str) -> Result<PlaceId, SampleError> {
        let unknown = || at.fault(column, format!("unknown place {id}"));
        self.place(id).ok_or_else(unknown)
    }

    fn known_product(&self, id: &str, at: At, column: &str) -> Result<ProductId, SampleError> {
        let unknown = || at.fault(column, format!("unknown product {id}"));
        self.product(id).ok_or_else(unknown)
    }
}

/// Hashes the picture of every product; the law wants one.
fn pictures(folder: &Path, products: &[Product]) -> Result<BTreeMap<String, Picture>, SampleError> {
    let picture = |row: &Product| {
        let path = folder.join("pictures").join(format!("{}.png", row.id));
        match std::fs::read(&path) {
            Ok(bytes) => {
                let hash = Hash(Sha256::digest(&bytes).into());
                Ok((row.id.clone(), Picture { path, hash }))
            }
            Err(source) => Err(SampleError::Picture { path, source }),
        }
    };
    products.iter().map(picture).collect()
}

/// The lot of every batch, from the one event that creates it.
fn lots(files: &Files) -> Result<BTreeMap<String, LotId>, SampleError> {
    let row = |batch: &Batch| {
        let creates = |event: &&Event| {
            event.kind != Kind::Correct
                && event.outputs.iter().any(|made| made.batch_id == batch.id)
        };
        let mut creators = files.events.iter().filter(creates);
        let (Some(creator), None) = (creators.next(), creators.next()) else {
            return Err(batch
                .at
                .fault("batch_id", "not created by exactly one event"));
        };
        let lot = LotId::new(creator.org.clone(), &batch.lot_number);
        let lot = lot.map_err(|error| batch.at.fault("lot_number_ai10", error))?;
        Ok((batch.id.clone(), lot))
    };
    files.batches.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_registration_is_the_one_agreed() {
        assert_eq!(REGISTERED.to_string(), "2025-03-01T08:00:00+07:00");
        assert_eq!(BUSINESS_DATE.to_string(), "2026-10-19");
    }
}
