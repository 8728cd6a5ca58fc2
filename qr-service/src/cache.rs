//! The throw-away cache on disk: the entries as they came, one behind the other, and the note that covers them.
//!
//! In scope: appending, reading one, cutting a tail. Out of scope: believing it. Whoever opens it hashes and replays
//! everything ([`crate::book`]), so the file needs neither checksums nor fsync: what is damaged is fetched again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ledger_core::ids::{LeafIndex, TreeSize};
use ledger_core::note::MAX_NOTE_BYTES;
use ledger_core::sign::ENVELOPE_MAX_BYTES;

/// First bytes of the file; another version is thrown away.
const MAGIC: &[u8; 16] = b"ocop-qr-cache/1\n";
/// Length of an entry, before it.
const LENGTH_BYTES: u64 = 4;

/// Entries of a log, in order. Only one process may hold the folder.
#[derive(Debug)]
pub struct EntryFile {
    file: File,
    /// Where each entry's length stands; at the end, where the next one goes.
    starts: Vec<u64>,
}

impl EntryFile {
    /// Opens the file, or makes it. What cannot be read to its end is cut off; another file at that place is emptied.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path) -> io::Result<EntryFile> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut entries = EntryFile {
            file,
            starts: vec![MAGIC.len() as u64],
        };
        if entries.scan()? {
            entries.file.set_len(entries.end())?
        } else {
            entries.clear()?
        }
        Ok(entries)
    }

    /// Finds the entries; false when it is no file of ours.
    fn scan(&mut self) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let mut reader = BufReader::new(&self.file);
        let mut magic = [0; MAGIC.len()];
        if reader.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return Ok(false);
        }
        let mut at = MAGIC.len() as u64;
        let mut head = [0; LENGTH_BYTES as usize];
        while reader.read_exact(&mut head).is_ok() {
            let entry = u64::from(u32::from_be_bytes(head));
            at += LENGTH_BYTES + entry;
            if entry > ENVELOPE_MAX_BYTES as u64 || at > length {
                break;
            }
            self.starts.push(at);
            reader.seek_relative(entry as i64)?;
        }
        Ok(true)
    }

    fn end(&self) -> u64 {
        self.starts.last().copied().unwrap_or(MAGIC.len() as u64)
    }

    /// How many entries there are.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.starts.len() as u64 - 1)
    }

    /// Adds entries behind the last.
    ///
    /// # Errors
    /// When the disk refuses; then nothing was added.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 4).sum());
        let mut starts = Vec::with_capacity(entries.len());
        for entry in entries {
            let length = u32::try_from(entry.len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(entry);
            starts.push(self.end() + bytes.len() as u64);
        }
        self.file.seek(SeekFrom::Start(self.end()))?;
        self.file.write_all(&bytes)?;
        self.starts.extend(starts);
        Ok(())
    }

    /// One entry.
    ///
    /// # Errors
    /// When it is not there or the disk refuses.
    pub fn get(&self, index: LeafIndex) -> io::Result<Vec<u8>> {
        let at = usize::try_from(index.0).map_err(io::Error::other)?;
        let (Some(start), Some(end)) = (self.starts.get(at), self.starts.get(at + 1)) else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let mut entry = vec![0; (end - start - LENGTH_BYTES) as usize];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start + LENGTH_BYTES))?;
        file.read_exact(&mut entry)?;
        Ok(entry)
    }

    /// Forgets the entries from a size on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn cut(&mut self, size: TreeSize) -> io::Result<()> {
        let keep = usize::try_from(size.0).map_err(io::Error::other)?;
        self.starts.truncate(keep.saturating_add(1));
        self.file.set_len(self.end())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn clear(&mut self) -> io::Result<()> {
        self.starts.truncate(1);
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(MAGIC)
    }
}

/// The folder of the cache, held by this process alone.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process holds it.
    #[error("thư mục {0} đang được một qr-service khác dùng (another qr-service uses this folder)")]
    Taken(PathBuf),
    /// The disk refuses.
    #[error("không dùng được thư mục {0}: {1} (the data folder cannot be used)")]
    Disk(PathBuf, io::Error),
}

impl Folder {
    /// Makes the folder where it is missing, and takes hold of it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: &Path) -> Result<Folder, FolderError> {
        let refused = |error| FolderError::Disk(path.to_owned(), error);
        std::fs::create_dir_all(path.join("pictures")).map_err(refused)?;
        let lock = File::create(path.join("lock")).map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(std::fs::TryLockError::WouldBlock) => Err(FolderError::Taken(path.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => Err(refused(error)),
        }
    }

    /// Where the entries are.
    pub fn entries(&self) -> PathBuf {
        self.path.join("entries")
    }

    /// Where pictures are, each under the hash of its bytes.
    pub fn pictures(&self) -> PathBuf {
        self.path.join("pictures")
    }

    /// The note that was last shown, if it is there.
    pub fn note(&self) -> Option<Vec<u8>> {
        let path = self.path.join("checkpoint.cosigned");
        let fits = std::fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_NOTE_BYTES as u64);
        fits.then(|| std::fs::read(&path).ok()).flatten()
    }

    /// Remembers the note that is shown.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_note(&self, note: &str) -> io::Result<()> {
        self.write("checkpoint.cosigned", note.as_bytes())
    }

    /// Keeps two heads that cannot both be true: evidence for people.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_evidence(&self, shown: &str, offered: &str) -> io::Result<()> {
        self.write("evidence", format!("{shown}\n----\n{offered}").as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.path.join(format!("{name}.tmp"));
        std::fs::write(&temporary, bytes)?;
        std::fs::rename(temporary, self.path.join(name))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn entries(numbers: std::ops::Range<u8>) -> Vec<Vec<u8>> {
        numbers.map(|n| vec![n; usize::from(n) + 1]).collect()
    }

    #[test]
    fn entries_come_back_and_a_torn_tail_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries");
        let mut file = EntryFile::open(&path).unwrap();
        file.append(&entries(0..3)).unwrap();
        file.append(&entries(3..5)).unwrap();
        file.cut(TreeSize(4)).unwrap();
        file.append(&entries(4..6)).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        drop(file);

        let torn = OpenOptions::new().write(true).open(&path).unwrap();
        torn.set_len(length - 1).unwrap();
        let mut file = EntryFile::open(&path).unwrap();
        assert_eq!(file.size(), TreeSize(5));
        for index in 0..5u8 {
            assert_eq!(
                file.get(LeafIndex(u64::from(index))).unwrap(),
                vec![index; usize::from(index) + 1]
            );
        }
        assert!(file.get(LeafIndex(5)).is_err());
        file.append(&entries(5..6)).unwrap();
        assert_eq!(file.get(LeafIndex(5)).unwrap(), [5; 6]);
    }

    #[test]
    fn another_file_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entries");
        std::fs::write(&path, "something else, and long enough").unwrap();
        let mut file = EntryFile::open(&path).unwrap();
        assert_eq!(file.size(), TreeSize(0));
        file.append(&entries(0..1)).unwrap();
        drop(file);
        assert_eq!(EntryFile::open(&path).unwrap().size(), TreeSize(1));
    }

    #[test]
    fn one_process_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let held = Folder::open(folder.path()).unwrap();
        assert!(matches!(
            Folder::open(folder.path()),
            Err(FolderError::Taken(_))
        ));
        drop(held);
        assert!(Folder::open(folder.path()).is_ok());
    }
}
