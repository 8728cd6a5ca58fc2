//! The mark of a folder that was restored, moved, or found to be an old copy: which of its keys must not sign before
//! this node has learnt from others what they have signed last.
//!
//! Scope: the file `restored`. Out of scope: how each key learns its tail (`ledger/learning.rs`).
//!
//! Invariant: a name leaves the file, durably, before its key signs again; the file goes with the last name.

use std::collections::BTreeSet;
use std::fs;

use crate::fault::{Faults, Step};
use crate::files::{FileError, atomic_replace, read_small, sync_parent};
use crate::folder::Folder;
use crate::keys::KeyRole;

/// First line of the file.
const FORMAT: &str = "ocop-restored/v1";
/// A file has a line for each key of a node; whatever is longer is none.
const BYTES_MAX: u64 = 64 * 1024;

/// What the mark says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// When the folder was restored, by this machine's clock: seconds since 1970.
    pub since: u64,
    /// The keys that must not sign yet.
    pub silent: BTreeSet<KeyRole>,
}

impl Restored {
    /// Reads the mark of a folder; none when it was not restored, or all has been learnt.
    ///
    /// # Errors
    /// [`FileError`], also when the file is not what was written: then nobody may sign.
    pub fn read(folder: &Folder) -> Result<Option<Restored>, FileError> {
        let path = folder.restored();
        let Some(bytes) = read_small(&path, BYTES_MAX)? else {
            return Ok(None);
        };
        let malformed = || FileError::Damaged {
            path: path.clone(),
            record: 0,
            offset: 0,
            what: "not a mark of restoring; restore the folder again",
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        Restored::parse(text).ok_or_else(malformed).map(Some)
    }

    fn parse(text: &str) -> Option<Restored> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let since = match (lines.next()?, lines.next()?.strip_prefix("since ")?) {
            (FORMAT, since) => since.parse().ok()?,
            _ => return None,
        };
        let silent: Option<BTreeSet<KeyRole>> = lines.map(KeyRole::from_file_name).collect();
        silent.map(|silent| Restored { since, silent })
    }

    fn to_text(&self) -> String {
        let keys = self.silent.iter().map(|role| role.file_name() + "\n");
        format!(
            "{FORMAT}\nsince {}\n{}",
            self.since,
            keys.collect::<String>()
        )
    }

    /// Marks a folder; an older mark stays as far as it says more.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn mark(
        folder: &Folder,
        keys: impl IntoIterator<Item = KeyRole>,
        since: u64,
        faults: &Faults,
    ) -> Result<Restored, FileError> {
        // A peer key signs nothing that could contradict itself.
        let mut silent: BTreeSet<KeyRole> = keys
            .into_iter()
            .filter(|role| *role != KeyRole::Peer)
            .collect();
        if let Some(before) = Restored::read(folder)? {
            silent.extend(before.silent);
        }
        let restored = Restored { since, silent };
        restored.write(folder, faults)?;
        Ok(restored)
    }

    /// One key knows its tail again.
    ///
    /// # Errors
    /// [`FileError`]; then it must go on being silent.
    pub fn learnt(
        &mut self,
        folder: &Folder,
        role: &KeyRole,
        faults: &Faults,
    ) -> Result<(), FileError> {
        let mut next = self.clone();
        next.silent.remove(role);
        next.write(folder, faults)?;
        *self = next;
        Ok(())
    }

    /// Whether a key must not sign.
    pub fn silences(&self, role: &KeyRole) -> bool {
        self.silent.contains(role)
    }

    fn write(&self, folder: &Folder, faults: &Faults) -> Result<(), FileError> {
        let path = folder.restored();
        // Dying before this is durable leaves more keys silent than need be.
        atomic_replace(&path, self.to_text().as_bytes(), Step::Restored, faults)?;
        if self.silent.is_empty() {
            fs::remove_file(&path).map_err(|e| FileError::io("remove", &path, e))?;
            sync_parent(&path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::fault::Fate;
    use crate::fixture::{Disk, org};

    #[test]
    fn a_mark_goes_name_by_name_and_a_failed_write_leaves_the_key_silent() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let device = KeyRole::Device(org("HTX-1"));
        assert_eq!(Restored::read(&folder).unwrap(), None);
        let roles = [device.clone(), KeyRole::Validator, KeyRole::Peer];
        let mut mark = Restored::mark(&folder, roles, 7, &Faults::none()).unwrap();
        assert!(mark.silences(&device) && !mark.silences(&KeyRole::Peer));
        assert_eq!(Restored::read(&folder).unwrap(), Some(mark.clone()));
        for fate in [Fate::Lost, Fate::Full, Fate::Torn, Fate::Unanswered] {
            let disk = Disk::default();
            disk.fail(Step::Restored, fate);
            mark.learnt(&folder, &device, &disk.faults()).unwrap_err();
            assert!(mark.silences(&device), "{fate:?}");
            assert!(
                Restored::read(&folder)
                    .unwrap()
                    .unwrap()
                    .silences(&KeyRole::Validator)
            );
        }
        mark.learnt(&folder, &device, &Faults::none()).unwrap();
        // Restored once more: what had not been learnt is not forgotten.
        let mut mark = Restored::mark(&folder, [device.clone()], 9, &Faults::none()).unwrap();
        assert!(mark.silences(&KeyRole::Validator) && mark.since == 9);
        mark.learnt(&folder, &KeyRole::Validator, &Faults::none())
            .unwrap();
        mark.learnt(&folder, &device, &Faults::none()).unwrap();
        assert!(!folder.restored().exists());
    }

    #[test]
    fn a_mark_that_cannot_be_read_silences_everybody() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        for text in [
            "",
            "ocop-restored/v1\n",
            "ocop-restored/v1\nsince 7\nking.key\n",
            "ocop-restored/v1\nsince 7",
        ] {
            std::fs::write(folder.restored(), text).unwrap();
            Restored::read(&folder).unwrap_err();
        }
    }
}
