//! Records in a file: where the map keeps its nodes and lists ([`ledger_core::store::Records`]).
//!
//! Scope: one append-only file of the form of a segment (`files.rs`), read by place. Out of scope: truth. Everything
//! here follows from `log.seg`, and whoever finds it damaged makes it anew.
//!
//! Invariants:
//! - A record never changes, so a file that is cut back to an earlier length is what it was then.
//! - What was appended is read from memory until [`Records::sync`] has written it. A sync that fails has changed
//!   nothing: the next one tries again.

use std::fs::{File, OpenOptions};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ledger_core::store::{Place, Records, StoreError};

use crate::fault::{Faults, Step};
use crate::files::{FileError, RECORD_HEAD_BYTES, parse_record, record_head, sync_parent};

/// How a file begins, so that no record stands at place zero.
const MAGIC: &[u8] = b"ocop-records/v1\n";
/// What is read at once: a node of the map and most lists.
const READ_BYTES: usize = 256;
/// Longest record: what is known of an event that has to do with every subject of a long story is a megabyte.
const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An append-only file of records.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
    /// How many bytes of the file count.
    written: u64,
    /// What comes behind them.
    tail: Vec<u8>,
    faults: Faults,
}

impl RecordFile {
    /// A new, empty file. Whatever was there is gone for everybody who does not have it open already.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn create(path: &Path, faults: Faults) -> Result<RecordFile, FileError> {
        let io = |e| FileError::io("create", path, e);
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
            _ => {}
        }
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path);
        let file = options.map_err(io)?;
        file.write_all_at(MAGIC, 0).map_err(io)?;
        sync_parent(path)?;
        Ok(RecordFile {
            path: path.to_owned(),
            file,
            written: MAGIC.len() as u64,
            tail: Vec::new(),
            faults,
        })
    }

    /// The file as it was when it was so long; what was appended later is cut off. None when there is no such file.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn open(path: &Path, bytes: u64, faults: Faults) -> Result<Option<RecordFile>, FileError> {
        let io = |e| FileError::io("open", path, e);
        if !path.exists() {
            return Ok(None);
        }
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(io)?;
        let mut magic = [0; MAGIC.len()];
        let begins = file.read_exact_at(&mut magic, 0).is_ok() && magic == MAGIC;
        if !begins || bytes < MAGIC.len() as u64 || file.metadata().map_err(io)?.len() < bytes {
            return Ok(None);
        }
        file.set_len(bytes).map_err(io)?;
        Ok(Some(RecordFile {
            path: path.to_owned(),
            file,
            written: bytes,
            tail: Vec::new(),
            faults,
        }))
    }

    /// How long the file is, with what waits to be written.
    pub fn bytes(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    fn write_tail(&mut self) -> Result<(), StoreError> {
        let fate = self.faults.fate(Step::Records);
        let reaches = &self.tail[..fate.reaches(self.tail.len())];
        let written = self.file.write_all_at(reaches, self.written);
        written
            .and_then(|()| fate.error().map_or(Ok(()), Err))
            .map_err(|e| self.failed("write", e))?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    fn failed(&self, what: &'static str, error: std::io::Error) -> StoreError {
        StoreError::Failed(FileError::io(what, &self.path, error).to_string())
    }

    /// The bytes from a place on, at least so many unless the file ends before.
    fn bytes_from(&self, at: u64, wanted: usize) -> std::io::Result<Vec<u8>> {
        if at >= self.written {
            let from = usize::try_from(at - self.written).unwrap_or(usize::MAX);
            return Ok(self.tail.get(from..).unwrap_or_default().to_vec());
        }
        let room = usize::try_from(self.written - at).unwrap_or(usize::MAX);
        let mut bytes = vec![0; wanted.min(room)];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }
}

impl Records for RecordFile {
    fn read(&self, place: Place) -> Result<Vec<u8>, StoreError> {
        let read = |wanted| {
            let bytes = self.bytes_from(place.0.get(), wanted);
            bytes.map_err(|e| self.failed("read", e))
        };
        let mut bytes = read(READ_BYTES)?;
        if let Some(longer) = record_length(&bytes).filter(|len| *len > bytes.len()) {
            bytes = read(longer)?;
        }
        let record =
            parse_record(&bytes, RECORD_BYTES_MAX).map_err(|_| StoreError::Damaged(place))?;
        Ok(record.to_vec())
    }

    fn append(&mut self, record: &[u8]) -> Result<Place, StoreError> {
        let head = record_head(record, RECORD_BYTES_MAX);
        let place = NonZeroU64::new(self.bytes()).map(Place);
        let (Some(head), Some(place)) = (head, place) else {
            return Err(StoreError::Failed(
                "a record of a length that none has".into(),
            ));
        };
        self.tail.extend(head);
        self.tail.extend(record);
        Ok(place)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if !self.tail.is_empty() {
            self.write_tail()?;
        }
        self.file.sync_data().map_err(|e| self.failed("sync", e))
    }
}

/// How long the record at the beginning of some bytes is, its head included.
fn record_length(bytes: &[u8]) -> Option<usize> {
    let len = bytes.first_chunk().copied().map(u32::from_be_bytes)?;
    Some(RECORD_HEAD_BYTES + (len as usize).min(RECORD_BYTES_MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
