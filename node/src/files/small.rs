//! Small files that are replaced whole, and directories: what makes a name durable.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::FileError;
use crate::fault::{Fate, Faults, Step};

/// Replaces a small file whole and durably: whoever reads it sees the old bytes or the new ones.
///
/// # Errors
/// [`FileError`]; the old file is still there then, unless the error came after the replacing itself.
pub fn atomic_replace(
    path: &Path,
    bytes: &[u8],
    step: Step,
    faults: &Faults,
) -> Result<(), FileError> {
    let temporary = temporary_path(path);
    let fate = faults.fate(step);
    let write = || -> io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(&bytes[..fate.reaches(bytes.len())])?;
        if let (Some(e), true) = (fate.error(), fate != Fate::Unanswered) {
            return Err(e);
        }
        file.sync_all()?;
        // Dying before this line leaves the old file and a `.tmp`, which the next start removes.
        fs::rename(&temporary, path)
    };
    let written = write();
    if written.is_err() && fate != Fate::Torn {
        // Nothing can be done when even removing fails; the next start tries again.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(|e| FileError::io("replace", path, e))?;
    // Dying before this line may bring back the old file: the caller was not answered yet.
    sync_parent(path)?;
    fate.error()
        .map_or(Ok(()), |e| Err(FileError::io("replace", path, e)))
}

/// Where [`atomic_replace`] writes first.
fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY_SUFFIX);
    path.with_file_name(name)
}

/// How the names of files end that were not finished.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Removes unfinished files of a directory and says which.
///
/// # Errors
/// [`FileError::Io`].
pub fn remove_unfinished(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut removed = Vec::new();
    let entries = fs::read_dir(directory).map_err(|e| FileError::io("list", directory, e))?;
    for entry in entries {
        let path = entry
            .map_err(|e| FileError::io("list", directory, e))?
            .path();
        if path.to_string_lossy().ends_with(TEMPORARY_SUFFIX) {
            fs::remove_file(&path).map_err(|e| FileError::io("remove", &path, e))?;
            removed.push(path);
        }
    }
    Ok(removed)
}

/// Reads a small file; None when there is none.
///
/// # Errors
/// [`FileError::Io`], also when it is longer than `max_bytes`.
pub fn read_small(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, FileError> {
    let error = |e| FileError::io("read", path, e);
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(error)?,
    };
    let mut bytes = Vec::new();
    file.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(error)?;
    if bytes.len() as u64 > max_bytes {
        return Err(error(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(Some(bytes))
}

/// Creates a directory with its parents, durably.
///
/// # Errors
/// [`FileError::Io`].
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|e| FileError::io("create", path, e))?;
    sync_parent(path)
}

/// Makes the names in the directory of a file durable.
///
/// # Errors
/// [`FileError::Io`].
pub fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Windows has no such operation; NTFS journals names by itself.
    if cfg!(unix) {
        File::open(parent)
            .and_then(|d| d.sync_all())
            .map_err(|e| FileError::io("sync", parent, e))?;
    }
    Ok(())
}
