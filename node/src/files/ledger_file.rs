//! An exported ledger being written (`docs/formats.md` section 18): a file of that name is always whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ledger_core::export::{head_bytes, leaf_bytes};
use ledger_core::note::Note;

use super::{FileError, TEMPORARY_SUFFIX, sync_parent};

/// The file, under another name until it is finished.
#[derive(Debug)]
pub struct LedgerFile {
    file: BufWriter<File>,
    out: PathBuf,
    temporary: PathBuf,
}

impl LedgerFile {
    /// Begins with the head.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn create(out: &Path, note: &Note) -> Result<LedgerFile, FileError> {
        let mut temporary = out.as_os_str().to_owned();
        temporary.push(TEMPORARY_SUFFIX);
        let temporary = PathBuf::from(temporary);
        let file = File::create(&temporary).map_err(|e| FileError::io("create", &temporary, e))?;
        let mut ledger = LedgerFile {
            file: BufWriter::new(file),
            out: out.to_owned(),
            temporary,
        };
        ledger.write(head_bytes(note))?;
        Ok(ledger)
    }

    /// Adds the next leaf.
    ///
    /// # Errors
    /// [`FileError::Io`], also for a leaf that is longer than any may be.
    pub fn leaf(&mut self, leaf: &[u8]) -> Result<(), FileError> {
        self.write(leaf_bytes(leaf))
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn finish(self) -> Result<(), FileError> {
        let error = |e| FileError::io("write", &self.out, e);
        let file = self.file.into_inner().map_err(|e| error(e.into_error()))?;
        file.sync_all().map_err(error)?;
        fs::rename(&self.temporary, &self.out).map_err(error)?;
        sync_parent(&self.out)
    }

    fn write(&mut self, bytes: Option<Vec<u8>>) -> Result<(), FileError> {
        let bytes = bytes.ok_or_else(|| io::ErrorKind::InvalidData.into());
        let written = bytes.and_then(|bytes| self.file.write_all(&bytes));
        written.map_err(|e| FileError::io("write", &self.out, e))
    }
}
