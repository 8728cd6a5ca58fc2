//! The whole log up to a head as one file (`docs/formats.md` section 18).

use std::path::Path;

use ledger_core::ids::LeafIndex;

use super::super::CommandError;
use super::stored::Stored;
use crate::files::LedgerFile;

pub(super) fn export(stored: &Stored, out: &Path) -> Result<(), CommandError> {
    let mut file = LedgerFile::create(out, stored.note())?;
    for index in 0..stored.size().0 {
        file.leaf(&stored.entry(LeafIndex(index))?)?;
    }
    Ok(file.finish()?)
}
