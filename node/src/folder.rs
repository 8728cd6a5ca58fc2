//! A node's data folder: which file is where, and that one process at a time works in it.
//!
//! ```text
//! genesis.cbor  anchor.txt  node.toml      what the installer brought
//! keys/                                    secret keys, readable by the owner alone (keys.rs)
//! log.seg                                  all leaves in order
//! checkpoint  checkpoint.cosigned          newest head signed by the log; newest with the quorum
//! heads/YYYY-MM-DD                         last cosigned head of each day that is over
//! writer.seg                               every event signed here
//! pending.seg                              events taken from others, not yet logged
//! cosigned.state                           what this validator last cosigned
//! witness.state                            what this node last cosigned for logs of others (witness.rs)
//! evidence/                                signed statements that contradict each other
//! restored                                 which keys are silent until their tail is learnt (restored.rs)
//! blobs/                                   pictures and openings (blobs.rs)
//! index/                                   sled, can be rebuilt (index.rs)
//! state/                                   the map and what references need, made anew at every start (records.rs)
//! LOCK                                     held while a process works here
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::files::{FileError, create_directory};

/// The paths of a data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// A folder that no other process works in while this value lives.
#[derive(Debug)]
pub struct LockedFolder {
    folder: Folder,
    _lock: File,
}

/// Why a folder cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is no such folder, or it was never set up.
    #[error("{0} is not a node's data folder (no genesis.cbor)")]
    NotAFolder(PathBuf),
    /// Another process holds it.
    #[error("another process is working in {0}")]
    Held(PathBuf),
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
}

impl LockError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            LockError::NotAFolder(path) => format!(
                "Thư mục {} chưa được thiết lập. Chạy \"node init --help\" để xem cách thiết lập.",
                path.display()
            ),
            LockError::Held(path) => {
                format!(
                    "Một chương trình khác đang dùng thư mục {}. Dừng nút đang chạy rồi thử lại.",
                    path.display()
                )
            }
            LockError::File(e) => e.message_vi(),
        }
    }
}

impl Folder {
    /// The folder at a path, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into() }
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn lock(&self) -> Result<LockedFolder, LockError> {
        if !self.genesis().is_file() {
            return Err(LockError::NotAFolder(self.root.clone()));
        }
        let path = self.root.join("LOCK");
        let io = |e| FileError::io("lock", &path, e);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(LockedFolder {
                folder: self.clone(),
                _lock: file,
            }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(self.root.clone())),
            Err(TryLockError::Error(e)) => Err(io(e).into()),
        }
    }

    /// Creates the directories that a node works with.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn create_directories(&self) -> Result<(), FileError> {
        [
            self.root.clone(),
            self.heads(),
            self.evidence(),
            self.blobs(),
            self.state(),
        ]
        .iter()
        .try_for_each(|path| create_directory(path))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Leaf 0.
    pub fn genesis(&self) -> PathBuf {
        self.root.join("genesis.cbor")
    }

    /// The trust anchor.
    pub fn anchor(&self) -> PathBuf {
        self.root.join("anchor.txt")
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join("node.toml")
    }

    /// Secret keys.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// All leaves in order.
    pub fn log(&self) -> PathBuf {
        self.root.join("log.seg")
    }

    /// Newest head signed by the log.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// Newest head with the quorum.
    pub fn cosigned(&self) -> PathBuf {
        self.root.join("checkpoint.cosigned")
    }

    /// Last cosigned heads of past days.
    pub fn heads(&self) -> PathBuf {
        self.root.join("heads")
    }

    /// Every event signed here.
    pub fn writer(&self) -> PathBuf {
        self.root.join("writer.seg")
    }

    /// Events taken from others, not yet logged.
    pub fn pending(&self) -> PathBuf {
        self.root.join("pending.seg")
    }

    /// What this validator last cosigned.
    pub fn cosigned_state(&self) -> PathBuf {
        self.root.join("cosigned.state")
    }

    /// What this node last cosigned as a plain witness, for each log.
    pub fn witness_state(&self) -> PathBuf {
        self.root.join("witness.state")
    }

    /// Which keys must not sign before it is known what they signed.
    pub fn restored(&self) -> PathBuf {
        self.root.join("restored")
    }

    /// Statements that contradict each other.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// Pictures and openings.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The index.
    pub fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    /// What the running node replays the log into.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Where the running node says how its own command line reaches it.
    pub fn control(&self) -> PathBuf {
        self.keys().join("control")
    }
}

impl std::ops::Deref for LockedFolder {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}
