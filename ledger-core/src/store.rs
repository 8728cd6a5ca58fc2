//! Where bulky, rebuildable state is kept outside the core's own memory: records that are appended and never change.
//!
//! Scope: the one trait, its errors, and the implementation in memory. Out of scope: files (the node has one), and what
//! a record says (`map/node.rs`, `standing.rs`).

use std::fmt;
use std::num::NonZeroU64;

/// Where a record stands in its store. Zero is no place, so that a missing one costs no more room than a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub NonZeroU64);

impl Place {
    /// The bytes of a place in a record; zero for none.
    pub(crate) fn to_bytes(place: Option<Place>) -> [u8; 8] {
        place.map_or(0, |place| place.0.get()).to_be_bytes()
    }

    /// Reads what [`Place::to_bytes`] writes.
    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Option<Place> {
        NonZeroU64::new(u64::from_be_bytes(bytes)).map(Place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store did not do what it was asked. This machine is at fault; what was stored is to be made anew from the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("the store does not work: {0}")]
    Failed(String),
    /// It holds something else than what was written there.
    #[error("the record at {0} of the store is not what was written")]
    Damaged(Place),
}

/// Records that are appended and read again by their place.
pub trait Records: Send + Sync + fmt::Debug {
    /// The bytes that were appended at this place.
    ///
    /// # Errors
    /// [`StoreError`].
    fn read(&self, place: Place) -> Result<Vec<u8>, StoreError>;

    /// Appends a record. It can be read at once and is durable after the next [`Records::sync`].
    ///
    /// # Errors
    /// [`StoreError`].
    fn append(&mut self, record: &[u8]) -> Result<Place, StoreError>;

    /// Makes all that was appended durable: once for each batch.
    ///
    /// # Errors
    /// [`StoreError`].
    fn sync(&mut self) -> Result<(), StoreError>;
}

/// Records in memory, one behind the other.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords(Vec<u8>);

impl Records for MemoryRecords {
    fn read(&self, place: Place) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::Damaged(place);
        let at = usize::try_from(place.0.get() - 1).map_err(|_| damaged())?;
        let (head, rest) = self
            .0
            .get(at..)
            .and_then(<[u8]>::split_first_chunk)
            .ok_or_else(damaged)?;
        let record = rest.get(..u32::from_be_bytes(*head) as usize);
        record.map(<[u8]>::to_vec).ok_or_else(damaged)
    }

    fn append(&mut self, record: &[u8]) -> Result<Place, StoreError> {
        let too_long = |_| StoreError::Failed("a record of 4 GiB or more".into());
        let len = u32::try_from(record.len()).map_err(too_long)?;
        let place = Place(NonZeroU64::MIN.saturating_add(self.0.len() as u64));
        self.0.extend(len.to_be_bytes());
        self.0.extend(record);
        Ok(place)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
