//! A folder's log, read and replayed without taking the folder from a running node.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use ledger_core::anchor::Anchor;
use ledger_core::bundle::{BuildError, Source};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::merkle::MemoryTree;
use ledger_core::note::{MAX_NOTE_BYTES, Note};
use ledger_core::replica::Replica;

use super::super::{CommandError, Exit};
use super::missing;
use crate::blobs::{Blobs, Lookup};
use crate::files::{FileError, RECORD_HEAD_BYTES, read_small, survey};
use crate::folder::Folder;
use crate::ledger::{read_head, read_trust, replay};

/// How much of the log is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Upto {
    /// What the newest head with the quorum covers.
    Cosigned,
    /// What the newest head of the log covers, confirmed or not.
    Signed,
}

/// The log of a folder, up to one of its heads.
pub(super) struct Stored {
    anchor: Anchor,
    /// The head, whole.
    note: Note,
    text: String,
    replica: Replica,
    leaves: Leaves,
}

/// Leaves and openings on the disk.
pub(super) struct Leaves {
    file: RefCell<File>,
    /// Where each leaf begins, and its length.
    places: Vec<(u64, usize)>,
    blobs: Blobs,
}

impl Stored {
    pub(super) fn open(folder: &Folder, upto: Upto) -> Result<Stored, CommandError> {
        let (genesis, anchor) = read_trust(folder)?;
        let cosigned = read_head(folder.cosigned(), &anchor)?;
        let head = match upto {
            Upto::Cosigned => cosigned,
            Upto::Signed => read_head(folder.checkpoint(), &anchor)?.or(cosigned),
        };
        let (note, checkpoint) = head.ok_or_else(|| {
            missing(
                "Nút này chưa có bản chốt đã xác nhận.",
                "this node has no cosigned head yet",
            )
        })?;
        let size = checkpoint.size().0;
        let mut replica = Replica::new(&genesis).map_err(|e| damaged(&e.to_string()))?;
        let (mut places, mut offset, mut fault) = (Vec::new(), 0, None);
        survey(&folder.log(), |place, bytes| {
            places.push((offset + RECORD_HEAD_BYTES as u64, bytes.len()));
            offset += (RECORD_HEAD_BYTES + bytes.len()) as u64;
            // Behind the head the running node may be writing.
            if (1..size).contains(&place) && fault.is_none() {
                fault = replay::take(&mut replica, bytes).err();
            }
        })?;
        if let Some(fault) = fault {
            return Err(damaged(&fault.to_string()));
        }
        if replica.size() != checkpoint.size() || replica.root() != checkpoint.root() {
            return Err(damaged("the log on the disk is not what the head says"));
        }
        let log = folder.log();
        let file = File::open(&log).map_err(|e| FileError::io("read", &log, e))?;
        Ok(Stored {
            anchor,
            text: note.to_text(),
            note,
            replica,
            leaves: Leaves {
                file: RefCell::new(file),
                places,
                blobs: Blobs::to_read(&folder.blobs()),
            },
        })
    }

    /// What a builder needs: the replica, the leaves, the text of the head.
    pub(super) fn parts(&mut self) -> (&mut Replica, &Leaves, &str) {
        (&mut self.replica, &self.leaves, &self.text)
    }

    pub(super) fn replica(&self) -> &Replica {
        &self.replica
    }

    pub(super) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    pub(super) fn tree(&self) -> &MemoryTree {
        self.replica.tree()
    }

    pub(super) fn note(&self) -> &Note {
        &self.note
    }

    pub(super) fn size(&self) -> TreeSize {
        self.replica.size()
    }

    pub(super) fn genesis(&self) -> Result<Vec<u8>, CommandError> {
        self.entry(LeafIndex(0))
    }

    pub(super) fn find(&self, id: &EventId) -> Result<LeafIndex, CommandError> {
        self.replica.find(id).ok_or_else(|| {
            missing(
                "Việc này không có trong phần sổ đã xác nhận ở đây.",
                "the event is not in the confirmed log here",
            )
        })
    }

    pub(super) fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, CommandError> {
        let found = self.leaves.entry(index);
        found.ok_or_else(|| damaged("a leaf cannot be read"))
    }

    /// The earliest of the kept heads that covers a leaf: those of past days, then the newest.
    pub(super) fn earliest_head_over(
        &self,
        folder: &Folder,
        index: LeafIndex,
    ) -> Result<Note, CommandError> {
        let days = std::fs::read_dir(folder.heads()).into_iter().flatten();
        let mut paths: Vec<_> = days.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let bytes = read_small(&path, MAX_NOTE_BYTES as u64)?.unwrap_or_default();
            // A file that is no head is fsck's business.
            let Ok(note) = Note::parse(&bytes) else {
                continue;
            };
            let evaluated = self.anchor.policy().evaluate(&note);
            if evaluated.is_ok_and(|head| head.checkpoint().size().0 > index.0) {
                return Ok(note);
            }
        }
        Ok(self.note.clone())
    }
}

impl Source for Leaves {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        let (offset, length) = *self.places.get(usize::try_from(index.0).ok()?)?;
        let mut bytes = vec![0; length];
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        match self.blobs.get(commitment).ok()? {
            Lookup::Here(blob) => Some(blob.into_bytes()),
            Lookup::Erased | Lookup::Unknown => None,
        }
    }
}

pub(super) fn checkpoint_of(note: &Note) -> Result<Checkpoint, CommandError> {
    Checkpoint::of(note).map_err(super::unreadable)
}

pub(super) fn build_error(why: BuildError) -> CommandError {
    let vi = "Không dựng được danh sách từ sổ ở đây.";
    CommandError::new(Exit::Failed, vi, why.to_string())
}

fn damaged(why: &str) -> CommandError {
    CommandError::new(
        Exit::Damaged,
        "Sổ trên ổ đĩa không khớp bản chốt. Chạy node fsck để biết chỗ hỏng.",
        why,
    )
}
