//! The whole log up to a head as one file (`docs/formats.md` section 18).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ledger_core::export::{head_bytes, leaf_bytes};
use ledger_core::ids::LeafIndex;

use super::super::CommandError;
use super::stored::Stored;
use crate::files::{FileError, TEMPORARY_SUFFIX, sync_parent};

/// Writes leaf by leaf beside the file and gives it its name at the end: a file of that name is always whole.
pub(super) fn export(stored: &Stored, out: &Path) -> Result<(), CommandError> {
    let mut temporary = out.as_os_str().to_owned();
    temporary.push(TEMPORARY_SUFFIX);
    let temporary = Path::new(&temporary);
    let error = |e: io::Error| CommandError::from(FileError::io("write", out, e));
    let too_long = || error(io::ErrorKind::InvalidData.into());
    let mut file = BufWriter::new(File::create(temporary).map_err(error)?);
    let head = head_bytes(stored.note()).ok_or_else(too_long)?;
    file.write_all(&head).map_err(error)?;
    for index in 0..stored.size().0 {
        let leaf = leaf_bytes(&stored.entry(LeafIndex(index))?).ok_or_else(too_long)?;
        file.write_all(&leaf).map_err(error)?;
    }
    let file = file.into_inner().map_err(|e| error(e.into_error()))?;
    file.sync_all().map_err(error)?;
    fs::rename(temporary, out).map_err(error)?;
    Ok(sync_parent(out)?)
}
