//! The index: a copy, quick to ask, of what the log says. The only file that says sled.
//!
//! Scope: event id → leaf, subject → its events, and as of which log. Out of scope: truth. Everything here can
//! be made anew from `log.seg`, and is, whenever there is the slightest doubt: sled 0.34 panics on a flipped
//! byte and, without an own fsync, does not survive a power cut (`docs/decisions/0017-segments-as-truth.md`).
//!
//! Invariant: an index says as of which size and root of the log it speaks; one that does not lie on this
//! log's path is moved aside, never repaired.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::map::MapKey;
use ledger_core::replica::LoggedEvent;

/// Memory that sled may hold: the whole index of some 200,000 events.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// Leaves in one batch while an index is made anew: large enough to be quick, small enough to hold.
pub const BATCH_LEAVES: usize = 1_000;
/// The one key of the tree `meta`.
const AS_OF: &[u8] = b"as-of";

/// The index did not do what it was asked; it is to be moved aside and made anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index does not work: {0}")]
pub struct IndexError(String);

/// The index of one log.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    db: sled::Db,
    by_id: sled::Tree,
    by_subject: sled::Tree,
    meta: sled::Tree,
    size: TreeSize,
    root: Hash,
}

impl Index {
    /// Opens the index, or an empty one. Says as of which log it speaks with [`Index::as_of`].
    ///
    /// # Errors
    /// [`IndexError`] for anything odd, a panic of sled among it.
    pub fn open(folder: &Path) -> Result<Index, IndexError> {
        let opened = catch_unwind(AssertUnwindSafe(|| open(folder)));
        opened
            .map_err(|_| IndexError("panic while opening".into()))?
            .map_err(|e| IndexError(e.to_string()))?
    }

    /// Moves a folder aside, so that [`Index::open`] begins with nothing; only the newest such folder is kept.
    /// None when there is nothing to move.
    ///
    /// # Errors
    /// [`IndexError`] when the operating system refuses.
    pub fn move_aside(folder: &Path) -> Result<Option<PathBuf>, IndexError> {
        if !folder.exists() {
            return Ok(None);
        }
        let aside = folder.with_extension("broken");
        let gone = if aside.exists() {
            fs::remove_dir_all(&aside)
        } else {
            Ok(())
        };
        let moved = gone.and_then(|()| fs::rename(folder, &aside));
        moved.map_err(|e| IndexError(e.to_string()))?;
        Ok(Some(aside))
    }

    /// Size and root of the log that it speaks of. Size 0 for an empty index.
    pub fn as_of(&self) -> (TreeSize, Hash) {
        (self.size, self.root)
    }

    /// Takes in the leaves behind [`Index::as_of`]; afterwards it speaks of the log with this size and root.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn extend(
        &mut self,
        events: &[LoggedEvent],
        size: TreeSize,
        root: Hash,
    ) -> Result<(), IndexError> {
        let written = catch_unwind(AssertUnwindSafe(|| self.write(events, size, root)));
        written
            .map_err(|_| IndexError("panic while writing".into()))?
            .map_err(|e| IndexError(e.to_string()))?;
        (self.size, self.root) = (size, root);
        Ok(())
    }

    fn write(&self, events: &[LoggedEvent], size: TreeSize, root: Hash) -> sled::Result<()> {
        let (mut ids, mut subjects) = (sled::Batch::default(), sled::Batch::default());
        for logged in events {
            let id = logged.event.id();
            ids.insert(id.0.as_bytes(), &logged.index.0.to_be_bytes());
            for subject in &logged.subjects {
                subjects.insert(
                    subject_key(&subject.key(), logged.index).as_slice(),
                    id.0.as_bytes(),
                );
            }
        }
        self.by_id.apply_batch(ids)?;
        self.by_subject.apply_batch(subjects)?;
        // Last: an index that lost the end of a batch speaks of a shorter log than it knows, which is harmless.
        self.meta
            .insert(AS_OF, as_of_bytes(size, root).as_slice())?;
        Ok(())
    }

    /// Makes everything so far durable.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn flush(&self) -> Result<(), IndexError> {
        let flushed = catch_unwind(AssertUnwindSafe(|| self.db.flush()));
        flushed
            .map_err(|_| IndexError("panic while flushing".into()))?
            .map_err(|e| IndexError(e.to_string()))?;
        // sled's own flush calls sync_file_range, which persists neither the size nor the extents of the file.
        let synced = File::open(self.folder.join("db")).and_then(|file| file.sync_all());
        synced.map_err(|e| IndexError(e.to_string()))
    }

    /// The leaf of an event. Whoever uses it compares the leaf's hash with the id.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn find(&self, id: &EventId) -> Result<Option<LeafIndex>, IndexError> {
        let found = catch_unwind(AssertUnwindSafe(|| self.by_id.get(id.0.as_bytes())));
        let found = found.map_err(|_| IndexError("panic while reading".into()))?;
        let bytes = found.map_err(|e| IndexError(e.to_string()))?;
        bytes
            .map(|bytes| read_u64(&bytes).map(LeafIndex))
            .transpose()
    }

    /// The events of a subject in log order.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn list(&self, subject: &MapKey) -> Result<Vec<(LeafIndex, EventId)>, IndexError> {
        let scan = || {
            self.by_subject
                .scan_prefix(subject.0.as_bytes())
                .collect::<sled::Result<Vec<_>>>()
        };
        let rows = catch_unwind(AssertUnwindSafe(scan))
            .map_err(|_| IndexError("panic while reading".into()))?;
        let rows = rows.map_err(|e| IndexError(e.to_string()))?;
        rows.iter()
            .map(|(key, id)| {
                Ok((
                    LeafIndex(read_u64(&key[32..])?),
                    EventId(Hash(read_array(id)?)),
                ))
            })
            .collect()
    }

    /// How many events and listings it holds: every row is looked at.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn counts(&self) -> Result<(usize, usize), IndexError> {
        let counted = catch_unwind(AssertUnwindSafe(|| {
            (count(&self.by_id), count(&self.by_subject))
        }));
        let (events, listings) = counted.map_err(|_| IndexError("panic while counting".into()))?;
        Ok((
            events.map_err(|e| IndexError(e.to_string()))?,
            listings.map_err(|e| IndexError(e.to_string()))?,
        ))
    }
}

fn open(folder: &Path) -> sled::Result<Result<Index, IndexError>> {
    // No flusher thread: it would sync at times of its own, and its panics could not be caught.
    let db = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None)
        .open()?;
    let (by_id, by_subject, meta) = (
        db.open_tree("id")?,
        db.open_tree("subject")?,
        db.open_tree("meta")?,
    );
    let as_of = match meta.get(AS_OF)? {
        None => Ok((TreeSize(0), Hash::ZERO)),
        Some(bytes) => read_as_of(&bytes),
    };
    let folder = folder.to_owned();
    Ok(as_of.map(|(size, root)| Index {
        folder,
        db,
        by_id,
        by_subject,
        meta,
        size,
        root,
    }))
}

/// `Tree::len` hides errors.
fn count(tree: &sled::Tree) -> sled::Result<usize> {
    tree.iter().keys().try_fold(0, |n, key| key.map(|_| n + 1))
}

fn subject_key(subject: &MapKey, index: LeafIndex) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(subject.0.as_bytes());
    key[32..].copy_from_slice(&index.0.to_be_bytes());
    key
}

fn as_of_bytes(size: TreeSize, root: Hash) -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..8].copy_from_slice(&size.0.to_be_bytes());
    bytes[8..].copy_from_slice(root.as_bytes());
    bytes
}

fn read_as_of(bytes: &[u8]) -> Result<(TreeSize, Hash), IndexError> {
    let (size, root) = bytes
        .split_at_checked(8)
        .ok_or_else(|| IndexError("short meta".into()))?;
    Ok((TreeSize(read_u64(size)?), Hash(read_array(root)?)))
}

fn read_u64(bytes: &[u8]) -> Result<u64, IndexError> {
    read_array(bytes).map(u64::from_be_bytes)
}

fn read_array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], IndexError> {
    bytes
        .try_into()
        .map_err(|_| IndexError("a value of another length".into()))
}
