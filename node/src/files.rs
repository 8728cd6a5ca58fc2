//! Durable truth: append-only segment files, and small files that are replaced whole.
//!
//! Scope: what a write means on this disk, and what is left of a file after a crash. Out of scope: what the
//! records say (`ledger/`), which files a folder has (`folder.rs`).
//!
//! A record is `u32 length ‖ first 8 bytes of SHA-256(bytes) ‖ bytes`, big-endian.
//!
//! Invariants:
//! - [`Segment::append`] returns only after `fdatasync`: what it said yes to survives a power cut.
//! - Opening cuts a file only behind what is known to be durable, keeps the cut bytes beside it, and reports
//!   the cut. Damage before that place is an error that names file, record and offset, never a truncation.
//! - After a failed `fdatasync` nobody knows what the disk holds, so the segment takes nothing more until it
//!   is opened again.

mod error;
mod ledger_file;
mod small;

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault::{Fate, Faults, Step};

pub use error::FileError;
pub use ledger_file::LedgerFile;
pub use small::{
    TEMPORARY_SUFFIX, atomic_replace, create_directory, read_small, remove_unfinished, sync_parent,
};

/// Longest record: a leaf is at most 32 KiB (`docs/formats.md` section 3), so a longer length is damage.
pub const RECORD_BYTES_MAX: usize = 32 * 1024;
/// Length and checksum.
pub const RECORD_HEAD_BYTES: usize = 12;
/// Read ahead of a scan: one system call for some two thousand events.
const SCAN_BUFFER_BYTES: usize = 1024 * 1024;

/// Which part of a segment must be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// The first so many records: a signed head says so. What is bad behind them was never acknowledged.
    Records(u64),
    /// All but an incomplete or bad last record.
    AllButLast,
}

/// What opening cut off the end of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which file.
    pub path: PathBuf,
    /// The first record that is gone; as many are left.
    pub record: u64,
    /// Where it began.
    pub offset: u64,
    /// How many bytes are gone.
    pub bytes: u64,
    /// Where they are kept.
    pub kept: PathBuf,
}

/// An append-only file of records.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    step: Step,
    faults: Faults,
    /// Where each record begins.
    offsets: Vec<u64>,
    /// Where the next record begins.
    end: u64,
    stopped: bool,
}

impl Segment {
    /// Opens a segment, or creates an empty one, durably. Reads and checks every record.
    ///
    /// # Errors
    /// [`FileError::Damaged`] when something is bad that must be whole; [`FileError::Io`].
    pub fn open(
        path: &Path,
        step: Step,
        durable: Durable,
        faults: Faults,
    ) -> Result<(Segment, Option<Cut>), FileError> {
        let created = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let file = file.map_err(|e| FileError::io("open", path, e))?;
        if created {
            file.sync_all()
                .map_err(|e| FileError::io("sync", path, e))?;
            sync_parent(path)?;
        }
        let mut segment = Segment {
            path: path.to_owned(),
            file,
            step,
            faults,
            offsets: Vec::new(),
            end: 0,
            stopped: false,
        };
        let bad = segment.scan()?;
        let cut = match bad {
            Some(what) => Some(segment.cut_tail(what, durable)?),
            None => None,
        };
        match durable {
            Durable::Records(n) if segment.len() < n => {
                Err(segment.damaged("records that were durable are missing"))
            }
            _ => Ok((segment, cut)),
        }
    }

    /// Finds the records; says what is wrong behind the last good one, if anything is there.
    fn scan(&mut self) -> Result<Option<&'static str>, FileError> {
        let error = |path: &Path, e| FileError::io("read", path, e);
        let total = self
            .file
            .metadata()
            .map_err(|e| error(&self.path, e))?
            .len();
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(|e| error(&self.path, e))?;
        let mut reader = BufReader::with_capacity(SCAN_BUFFER_BYTES, &self.file);
        let mut bytes = Vec::new();
        while self.end < total {
            match read_record(&mut reader, &mut bytes).map_err(|e| error(&self.path, e))? {
                Ok(()) => {
                    self.offsets.push(self.end);
                    self.end += (RECORD_HEAD_BYTES + bytes.len()) as u64;
                }
                Err(what) => return Ok(Some(what)),
            }
        }
        Ok(None)
    }

    /// Removes what is bad behind the last good record, if nothing there was ever acknowledged.
    fn cut_tail(&mut self, what: &'static str, durable: Durable) -> Result<Cut, FileError> {
        let tail = self.tail_bytes()?;
        let torn = match durable {
            Durable::Records(n) => self.len() >= n,
            Durable::AllButLast => !holds_record(&tail[1..]),
        };
        if !torn {
            return Err(self.damaged(what));
        }
        let kept = self.path.with_extension(format!("cut-at-{}", self.end));
        atomic_replace(&kept, &tail, Step::Setup, &Faults::none())?;
        self.set_end(self.len(), self.end)?;
        Ok(Cut {
            path: self.path.clone(),
            record: self.len(),
            offset: self.end,
            bytes: tail.len() as u64,
            kept,
        })
    }

    fn tail_bytes(&mut self) -> Result<Vec<u8>, FileError> {
        let mut tail = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.read_to_end(&mut tail))
            .map_err(|e| FileError::io("read", &self.path, e))?;
        Ok(tail)
    }

    fn damaged(&self, what: &'static str) -> FileError {
        FileError::Damaged {
            path: self.path.clone(),
            record: self.len(),
            offset: self.end,
            what,
        }
    }

    /// Appends records as one group and makes them durable. On an error none of them counts: the file is cut
    /// back to where it was, or takes nothing more.
    ///
    /// # Errors
    /// [`FileError`]; afterwards the segment reads as before.
    pub fn append<B: AsRef<[u8]>>(&mut self, records: &[B]) -> Result<(), FileError> {
        if self.stopped {
            return Err(FileError::Stopped {
                path: self.path.clone(),
            });
        }
        let mut bytes = Vec::new();
        let mut offsets = Vec::with_capacity(records.len());
        for record in records {
            offsets.push(self.end + bytes.len() as u64);
            write_record(&mut bytes, record.as_ref()).ok_or_else(|| FileError::NoRecord {
                path: self.path.clone(),
                record: self.len(),
            })?;
        }
        let fate = self.faults.fate(self.step);
        self.write_and_sync(&bytes[..fate.reaches(bytes.len())], fate)?;
        self.end += bytes.len() as u64;
        self.offsets.extend(offsets);
        Ok(())
    }

    fn write_and_sync(&mut self, bytes: &[u8], fate: Fate) -> Result<(), FileError> {
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(bytes));
        // A process that dies here, or a machine: the tail is cut at the next start, and nobody was told yes.
        if fate == Fate::Torn {
            self.stopped = true;
        } else if let (Err(_), _) | (_, Fate::Full | Fate::Lost) = (&written, fate) {
            self.stopped = self
                .file
                .set_len(self.end)
                .and_then(|()| self.file.sync_data())
                .is_err();
        }
        written.map_err(|e| FileError::io("write", &self.path, e))?;
        // A failed sync may have dropped the pages: only reading the file again tells what is there.
        let synced = fate.error().map_or_else(|| self.file.sync_data(), Err);
        self.stopped |= synced.is_err() && !matches!(fate, Fate::Full | Fate::Lost);
        synced.map_err(|e| FileError::io("write", &self.path, e))
    }

    /// Removes all records from this one on, durably: for records that nobody was ever told about.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn truncate(&mut self, records: u64) -> Result<(), FileError> {
        match usize::try_from(records)
            .ok()
            .and_then(|n| self.offsets.get(n))
        {
            Some(offset) => self.set_end(records, *offset),
            None => Ok(()),
        }
    }

    fn set_end(&mut self, records: u64, end: u64) -> Result<(), FileError> {
        let cut = self.file.set_len(end).and_then(|()| self.file.sync_all());
        cut.map_err(|e| FileError::io("cut", &self.path, e))?;
        self.offsets.truncate(records as usize);
        self.end = end;
        Ok(())
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// How long the file is.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a record begins.
    pub fn offset(&self, record: u64) -> Option<u64> {
        usize::try_from(record)
            .ok()
            .and_then(|n| self.offsets.get(n))
            .copied()
    }

    /// Reads one record and checks it.
    ///
    /// # Errors
    /// [`FileError::Damaged`] when it is not what was written; [`FileError::NoRecord`]; [`FileError::Io`].
    pub fn read(&mut self, record: u64) -> Result<Vec<u8>, FileError> {
        let mut found = None;
        self.for_each(record, |_, bytes| {
            found = Some(bytes.to_vec());
            false
        })?;
        found.ok_or_else(|| FileError::NoRecord {
            path: self.path.clone(),
            record,
        })
    }

    /// Reads records in order from one on, checking each, until `visit` says false or the end.
    ///
    /// # Errors
    /// As [`Segment::read`].
    pub fn for_each(
        &mut self,
        from: u64,
        mut visit: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), FileError> {
        let Some(offset) = self.offset(from) else {
            return Ok(());
        };
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(|e| FileError::io("read", &self.path, e))?;
        // A single record, which is the usual case, is not worth reading a megabyte ahead.
        let mut reader = BufReader::with_capacity(8 * 1024, &self.file);
        let mut bytes = Vec::new();
        for record in from..self.offsets.len() as u64 {
            let read = read_record(&mut reader, &mut bytes)
                .map_err(|e| FileError::io("read", &self.path, e))?;
            if let Err(what) = read {
                let offset = self.offsets[record as usize];
                return Err(FileError::Damaged {
                    path: self.path.clone(),
                    record,
                    offset,
                    what,
                });
            }
            if !visit(record, &bytes) {
                break;
            }
        }
        Ok(())
    }
}

/// What stands behind the last good record of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTail {
    /// The first record that is not good.
    pub record: u64,
    /// Where it begins.
    pub offset: u64,
    /// What is wrong with it.
    pub what: &'static str,
    /// Whether it is the last one, so that it may be what a power cut left.
    pub is_last: bool,
}

/// Reads a segment from its first byte and changes nothing: for audits. A missing file has no records.
///
/// # Errors
/// [`FileError::Io`].
pub fn survey(
    path: &Path,
    mut visit: impl FnMut(u64, &[u8]),
) -> Result<Option<BadTail>, FileError> {
    let error = |e| FileError::io("read", path, e);
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(error)?,
    };
    let total = file.metadata().map_err(error)?.len();
    let mut reader = BufReader::with_capacity(SCAN_BUFFER_BYTES, file);
    let (mut record, mut offset, mut bytes) = (0, 0, Vec::new());
    while offset < total {
        if let Err(what) = read_record(&mut reader, &mut bytes).map_err(error)? {
            let mut rest = Vec::new();
            let mut file = reader.into_inner();
            file.seek(SeekFrom::Start(offset + 1))
                .and_then(|_| file.read_to_end(&mut rest))
                .map_err(error)?;
            return Ok(Some(BadTail {
                record,
                offset,
                what,
                is_last: !holds_record(&rest),
            }));
        }
        visit(record, &bytes);
        (record, offset) = (
            record + 1,
            offset + (RECORD_HEAD_BYTES + bytes.len()) as u64,
        );
    }
    Ok(None)
}

/// The file that holds these records and no others, for [`atomic_replace`]. None when one has no valid length.
pub fn encode_records<B: AsRef<[u8]>>(records: impl IntoIterator<Item = B>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        write_record(&mut bytes, record.as_ref())?;
    }
    Some(bytes)
}

fn write_record(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend_from_slice(&record_head(bytes, RECORD_BYTES_MAX)?);
    out.extend_from_slice(bytes);
    Some(())
}

/// What stands before a record: its length and checksum. None when it is empty or longer than `max`.
pub(crate) fn record_head(bytes: &[u8], max: usize) -> Option<[u8; RECORD_HEAD_BYTES]> {
    let len = u32::try_from(bytes.len())
        .ok()
        .filter(|_| (1..=max).contains(&bytes.len()))?;
    let mut head = [0; RECORD_HEAD_BYTES];
    head[..4].copy_from_slice(&len.to_be_bytes());
    head[4..].copy_from_slice(&checksum(bytes));
    Some(head)
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut sum = [0; 8];
    sum.copy_from_slice(&hash[..8]);
    sum
}

/// The record with which some bytes begin; the error says why there is no good one.
pub(crate) fn parse_record(bytes: &[u8], max: usize) -> Result<&[u8], &'static str> {
    let (head, rest) = bytes
        .split_first_chunk::<RECORD_HEAD_BYTES>()
        .ok_or("the file ends inside a record")?;
    let (len, sum) = parse_head(head, max)?;
    let record = rest.get(..len).ok_or("the file ends inside a record")?;
    match checksum(record) == sum {
        true => Ok(record),
        false => Err("the checksum does not match"),
    }
}

fn parse_head(
    head: &[u8; RECORD_HEAD_BYTES],
    max: usize,
) -> Result<(usize, [u8; 8]), &'static str> {
    let [a, b, c, d, sum @ ..] = *head;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    match (1..=max).contains(&len) {
        true => Ok((len, sum)),
        false => Err("a length that no record has"),
    }
}

/// Reads the next record into `bytes`; the inner error says why there is no good one.
fn read_record(
    reader: &mut impl Read,
    bytes: &mut Vec<u8>,
) -> io::Result<Result<(), &'static str>> {
    let mut head = [0; RECORD_HEAD_BYTES];
    if !fill(reader, &mut head)? {
        return Ok(Err("the file ends inside a record"));
    }
    let (len, sum) = match parse_head(&head, RECORD_BYTES_MAX) {
        Ok(parsed) => parsed,
        Err(what) => return Ok(Err(what)),
    };
    bytes.resize(len, 0);
    if !fill(reader, bytes)? {
        return Ok(Err("the file ends inside a record"));
    }
    Ok(if checksum(bytes) == sum {
        Ok(())
    } else {
        Err("the checksum does not match")
    })
}

/// Whether the reader had enough to fill the buffer.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

/// Whether a good record begins anywhere in these bytes: then what stands before it is no torn tail.
fn holds_record(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|at| {
        let mut rest = &bytes[at..];
        matches!(read_record(&mut rest, &mut Vec::new()), Ok(Ok(())))
    })
}

#[cfg(test)]
mod tests;
