//! Backing a node's folder up, while it runs or not, and restoring it on this machine or another.
//!
//! Scope: which files, in which order, and how an interrupted copy is found out. Out of scope: what a restored node
//! must learn before it signs ([`crate::restored`]).
//!
//! Order of copying: the events that wait, then the heads, then the log. So an event that is logged meanwhile stands
//! in one of the copies, and the log's copy covers the heads'. The list of all files with their hashes is written
//! last: a backup without it was interrupted. When restoring, the mark is written first and `genesis.cbor`, without
//! which no node starts, last.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault::{Faults, Step};
use crate::files::{
    FileError, TEMPORARY_SUFFIX, atomic_replace, create_directory, read_small, sync_parent,
};
use crate::folder::{Folder, LockError};
use crate::keys::{KeyRole, create_private_directory};
use crate::restored::Restored;

/// First line of the list.
const FORMAT: &str = "ocop-backup/v1";
/// The list in the backup's folder.
pub const LIST: &str = "backup.list";
/// A line for each blob of ten years.
const LIST_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Copied at once.
const BUFFER_BYTES: usize = 1024 * 1024;
/// Files in the order in which they are copied; directories are copied with what they hold.
const IN_ORDER: [&str; 15] = [
    "pending.seg",
    "writer.seg",
    "checkpoint",
    "checkpoint.cosigned",
    "log.seg",
    "cosigned.state",
    "witness.state",
    "restored",
    "heads",
    "evidence",
    "blobs",
    "keys",
    "anchor.txt",
    "node.toml",
    "genesis.cbor",
];

/// Why there is no backup, or none that can be restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder to be backed up is none.
    #[error(transparent)]
    Folder(#[from] LockError),
    /// Nothing is ever overwritten.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The list is missing: the copying did not come to its end.
    #[error("{0} has no {LIST}: the backup was interrupted, or is none")]
    Interrupted(PathBuf),
    /// The list is not what was written, or names files outside the backup.
    #[error("{LIST} is damaged")]
    List,
    /// A file is not what was copied.
    #[error("{0} is not what was backed up")]
    Damaged(PathBuf),
}

impl BackupError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            BackupError::File(e) => e.message_vi(),
            BackupError::Folder(e) => e.message_vi(),
            BackupError::NotEmpty(path) => {
                format!(
                    "Thư mục {} không trống. Chọn thư mục khác; không có gì bị ghi đè.",
                    path.display()
                )
            }
            BackupError::Interrupted(path) => format!(
                "Bản sao lưu {} bị ngắt giữa chừng (thiếu {LIST}), không dùng được. Dùng bản sao lưu khác.",
                path.display()
            ),
            BackupError::List => format!("Tệp {LIST} bị hỏng. Dùng bản sao lưu khác."),
            BackupError::Damaged(path) => format!(
                "Tệp {} trong bản sao lưu bị hỏng. Dùng bản sao lưu khác.",
                path.display()
            ),
        }
    }
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
}

/// A file of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    bytes: u64,
    sha256: [u8; 32],
}

/// Copies a folder. The node may run: what it writes meanwhile is in the backup or is not.
///
/// # Errors
/// [`BackupError`].
pub fn backup(
    folder: &Folder,
    to: &Path,
    with_keys: bool,
    faults: &Faults,
) -> Result<Copied, BackupError> {
    if !folder.genesis().is_file() {
        return Err(LockError::NotAFolder(folder.root().to_owned()).into());
    }
    must_be_empty(to)?;
    create_private_directory(to).map_err(as_file)?;
    let mut list = BTreeMap::new();
    for name in IN_ORDER {
        if name == "keys" && !with_keys {
            continue;
        }
        for path in files_below(folder.root(), Path::new(name))? {
            let listed = copy(&folder.root().join(&path), &to.join(&path), faults)?;
            list.insert(path, listed);
        }
    }
    // Dying before this leaves a backup that nobody can restore.
    atomic_replace(
        &to.join(LIST),
        list_text(&list).as_bytes(),
        Step::Backup,
        faults,
    )?;
    Ok(total(&list))
}

/// Makes a folder from a backup, marked so that nothing is signed before it is known what was signed since.
///
/// # Errors
/// [`BackupError`]; then the folder cannot be started.
pub fn restore(
    from: &Path,
    folder: &Folder,
    since: u64,
    faults: &Faults,
) -> Result<Copied, BackupError> {
    must_be_empty(folder.root())?;
    let list = read_list(from)?;
    for (path, listed) in &list {
        if hash_of(&from.join(path))? != *listed {
            return Err(BackupError::Damaged(from.join(path)));
        }
    }
    create_directory(folder.root())?;
    let keys = list
        .keys()
        .filter_map(|path| path.strip_prefix("keys").ok());
    let roles = keys.filter_map(|name| KeyRole::from_file_name(name.to_str()?));
    // An older mark in the backup says no more than this one: every key of the folder is silent.
    Restored::mark(folder, roles, since, faults)?;
    let (genesis, mark) = (Path::new("genesis.cbor"), Path::new("restored"));
    let others = list.keys().filter(|path| *path != genesis && *path != mark);
    for path in others.map(PathBuf::as_path).chain([genesis]) {
        let copied = copy(&from.join(path), &folder.root().join(path), faults)?;
        if list.get(path) != Some(&copied) {
            return Err(BackupError::Damaged(from.join(path)));
        }
    }
    Ok(total(&list))
}

fn as_file(e: crate::keys::KeyFileError) -> BackupError {
    match e {
        crate::keys::KeyFileError::File(e) => e.into(),
        other => FileError::io(
            "create",
            Path::new("keys"),
            io::Error::other(other.to_string()),
        )
        .into(),
    }
}

fn must_be_empty(path: &Path) -> Result<(), BackupError> {
    match fs::read_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(FileError::io("list", path, e).into()),
        Ok(entries) => match entries.count() {
            0 => Ok(()),
            _ => Err(BackupError::NotEmpty(path.to_owned())),
        },
    }
}

/// The files at or below a path, relative to the root, without unfinished ones.
fn files_below(root: &Path, path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let whole = root.join(path);
    if !whole.is_dir() {
        return Ok(if whole.is_file() {
            vec![path.to_owned()]
        } else {
            Vec::new()
        });
    }
    let error = |e| FileError::io("list", &whole, e);
    let mut files = Vec::new();
    for entry in fs::read_dir(&whole).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        // The address of a running node's console is nobody's backup.
        let is_passing = name.to_string_lossy().ends_with(TEMPORARY_SUFFIX) || name == "control";
        if !is_passing {
            files.extend(files_below(root, &path.join(name))?);
        }
    }
    files.sort();
    Ok(files)
}

/// Copies one file, durably; readable by the owner alone, as keys must be.
fn copy(from: &Path, to: &Path, faults: &Faults) -> Result<Listed, FileError> {
    if let Some(parent) = to.parent() {
        create_private_directory(parent)
            .map_err(|_| FileError::io("create", parent, io::ErrorKind::PermissionDenied.into()))?;
    }
    let fate = faults.fate(Step::Backup);
    let written = |e| FileError::io("write", to, e);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(to).map_err(written)?;
    let listed = read_all(from, |piece| {
        let reaches = fate.reaches(piece.len());
        out.write_all(&piece[..reaches]).map_err(written)
    })?;
    fate.error().map_or(Ok(()), |e| Err(written(e)))?;
    out.sync_all().map_err(written)?;
    sync_parent(to)?;
    Ok(listed)
}

fn hash_of(path: &Path) -> Result<Listed, FileError> {
    read_all(path, |_| Ok(()))
}

fn read_all(
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), FileError>,
) -> Result<Listed, FileError> {
    let error = |e| FileError::io("read", path, e);
    let mut file = File::open(path).map_err(error)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer).map_err(error)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
        each(&buffer[..read])?;
    }
    Ok(Listed {
        bytes,
        sha256: hash.finalize().into(),
    })
}

fn total(list: &BTreeMap<PathBuf, Listed>) -> Copied {
    Copied {
        files: list.len(),
        bytes: list.values().map(|listed| listed.bytes).sum(),
    }
}

fn list_text(list: &BTreeMap<PathBuf, Listed>) -> String {
    let lines = list.iter().map(|(path, listed)| {
        let Listed { bytes, sha256 } = listed;
        format!("{} {bytes} {}\n", hex::encode(sha256), path.display())
    });
    format!("{FORMAT}\n{}", lines.collect::<String>())
}

fn read_list(from: &Path) -> Result<BTreeMap<PathBuf, Listed>, BackupError> {
    let bytes = read_small(&from.join(LIST), LIST_BYTES_MAX)?;
    let bytes = bytes.ok_or_else(|| BackupError::Interrupted(from.to_owned()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| BackupError::List)?;
    let lines = text
        .strip_prefix(FORMAT)
        .and_then(|rest| rest.strip_prefix('\n'))
        .filter(|rest| rest.ends_with('\n'));
    let parse = |line: &str| {
        let (sha256, rest) = line.split_once(' ')?;
        let (bytes, path) = rest.split_once(' ')?;
        let path = PathBuf::from(path);
        let inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let listed = Listed {
            bytes: bytes.parse().ok()?,
            sha256: hex::decode(sha256).ok()?.try_into().ok()?,
        };
        inside.then_some((path, listed))
    };
    let list: Option<BTreeMap<PathBuf, Listed>> = lines
        .ok_or(BackupError::List)?
        .split_terminator('\n')
        .map(parse)
        .collect();
    list.filter(|list| list.contains_key(Path::new("genesis.cbor")))
        .ok_or(BackupError::List)
}

#[cfg(test)]
mod tests;
