//! The log as it was verified here: what may be shown, and what is staged behind it.
//!
//! In scope: which heads are taken, staging entries, replaying them through the one door.
//! Out of scope: fetching ([`crate::follow`]) and reading what is shown ([`crate::view`]).
//!
//! Invariants:
//! - What is shown stands under a head with the quorum, hashes to its root, passed the door entry by entry, and ends
//!   with a map head that names the map as replayed here.
//! - What is shown never becomes smaller and never changes below its size, restarts included.
//! - Entries behind it are staged: hashed, believed by nobody, cut off when their root is wrong.

use std::io;

use ledger_core::admit::Refusal;
use ledger_core::anchor::Anchor;
use ledger_core::genesis::{GENESIS_MAX_BYTES, ledger_id};
use ledger_core::ids::{Hash, LeafIndex, TreeSize};
use ledger_core::kind::Kind;
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::replica::LoggedEvent;
use ledger_core::sign::ENVELOPE_MAX_BYTES;

use crate::cache::{EntryFile, Folder};
use crate::head::VerifiedHead;
use crate::view::{Shown, View};

/// Why a head, or what was served for it, is not shown. The node, or those who sign, are at fault; the disk is ours.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// A head smaller than what was shown before.
    #[error("the feed went back from {shown} to {offered} leaves")]
    Older {
        /// Size shown.
        shown: TreeSize,
        /// Size offered.
        offered: TreeSize,
    },
    /// A head that cannot be true together with the one shown: the log has two faces.
    #[error(
        "two heads contradict each other at {0} leaves: the log was rewritten or shows two faces"
    )]
    Fork(TreeSize),
    /// The entries served are not those under the head.
    #[error("the entries served do not hash to the head of {0} leaves")]
    WrongRoot(TreeSize),
    /// More entries than the head covers, or one too long.
    #[error("the entries served do not fit the head")]
    Misfit,
    /// Leaf 0 is not the anchor's ledger.
    #[error("leaf 0 is another ledger than the anchor's")]
    OtherLedger,
    /// An entry under the head that the door refuses.
    #[error("leaf {index} under the quorum is refused at the door: {why}")]
    Refused {
        /// The leaf.
        index: LeafIndex,
        /// Why.
        why: Refusal,
    },
    /// The last leaf is no map head, or names another map.
    #[error("the last of {0} leaves is not a map head for the map as replayed here")]
    MapHead(TreeSize),
    /// This head was refused before, for a reason that does not go away.
    #[error("the head of {0} leaves was refused before")]
    RefusedBefore(TreeSize),
    /// The disk of this machine.
    #[error("the cache: {0}")]
    Disk(#[from] io::Error),
}

impl BookError {
    /// Whether somebody who signs, or this feed, contradicts itself: people must look.
    pub fn is_contradiction(&self) -> bool {
        !matches!(self, BookError::Disk(_))
    }
}

/// What to do about an acceptable head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It is the one shown; nothing to fetch.
    Known,
    /// Fetch the entries from here up to its size, stage them, and commit.
    Fetch(TreeSize),
}

/// The verified log and its cache. One owner at a time; handlers borrow it briefly.
#[derive(Debug)]
pub struct Book {
    anchor: Anchor,
    folder: Folder,
    entries: EntryFile,
    /// Over all entries in the file.
    staged: Frontier,
    /// What an earlier run showed, while its entries are not here.
    floor: Option<VerifiedHead>,
    shown: Option<Shown>,
    refused: Option<(TreeSize, Hash)>,
}

impl Book {
    /// Opens the cache and believes nothing in it: every entry is replayed. Gives remarks for people about what had to be
    /// dropped.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(anchor: Anchor, folder: Folder) -> io::Result<(Book, Vec<&'static str>)> {
        let entries = EntryFile::open(&folder.entries())?;
        let mut book = Book {
            anchor,
            folder,
            entries,
            staged: Frontier::new(),
            floor: None,
            shown: None,
            refused: None,
        };
        let mut remarks = Vec::new();
        if let Some(note) = book.folder.note() {
            match VerifiedHead::check(&book.anchor, &note) {
                Ok(head) => remarks.extend(book.resume(head)?),
                Err(_) => {
                    book.entries.clear()?;
                    remarks.push(
                        "Bản đệm thuộc neo tin cậy khác hoặc bị hỏng, đã bỏ; đang tải lại từ nút.",
                    );
                }
            }
        }
        remarks.extend(book.hash_staged()?);
        Ok((book, remarks))
    }

    /// Takes up the head that was shown last.
    fn resume(&mut self, head: VerifiedHead) -> io::Result<Option<&'static str>> {
        if self.entries.size() < head.size() {
            self.floor = Some(head);
            return Ok(Some("Bản đệm thiếu phần cuối; đang tải tiếp từ nút."));
        }
        match replay(None, &self.entries, &self.anchor, &head) {
            Ok(shown) => {
                self.shown = Some(shown);
                Ok(None)
            }
            Err(_) => {
                self.entries.clear()?;
                self.floor = Some(head);
                Ok(Some("Bản đệm bị hỏng, đã bỏ; đang tải lại từ nút."))
            }
        }
    }

    /// Hashes what the file holds behind what is shown, left there by an interrupted download.
    fn hash_staged(&mut self) -> io::Result<Option<&'static str>> {
        self.staged = self.shown_tree();
        for index in self.staged.size().0..self.entries.size().0 {
            let entry = self.entries.get(LeafIndex(index))?;
            if self.push_leaf(index, &entry).is_err() {
                self.cut_staged()?;
                return Ok(Some("Bản đệm không khớp, đã bỏ; đang tải lại từ nút."));
            }
        }
        Ok(None)
    }

    /// What may be shown; `None` before the first head was verified.
    pub fn shown(&mut self) -> Option<View<'_>> {
        self.shown.as_mut().map(|shown| View {
            shown,
            entries: &self.entries,
        })
    }

    /// The folder of the cache.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Judges a head that the feed offers. A newer note for the head shown is taken at once.
    ///
    /// # Errors
    /// [`BookError`] when it goes back, contradicts what was shown, or was refused before.
    pub fn offer(&mut self, head: &VerifiedHead) -> Result<Course, BookError> {
        let size = head.size();
        if self.refused == Some((size, head.root())) {
            return Err(BookError::RefusedBefore(size));
        }
        if let Some(shown) = self
            .shown
            .as_ref()
            .map(|shown| &shown.head)
            .or(self.floor.as_ref())
        {
            if size == shown.size() && head.root() != shown.root() {
                return Err(self.fork(head));
            }
            if size < shown.size() {
                let (shown, offered) = (shown.size(), size);
                let fits = self.root_at(size).is_none_or(|root| root == head.root());
                return Err(if fits {
                    BookError::Older { shown, offered }
                } else {
                    self.fork(head)
                });
            }
        }
        match &mut self.shown {
            Some(shown) if size == shown.head.size() => {
                if head.renewed_seconds() > shown.head.renewed_seconds() {
                    shown.head = head.clone();
                    self.folder.keep_note(head.note())?;
                }
                Ok(Course::Known)
            }
            _ => {
                if self.staged.size() > size {
                    self.cut_staged()?;
                }
                Ok(Course::Fetch(self.staged.size()))
            }
        }
    }

    /// The root that the shown tree had at a size, where it is known.
    fn root_at(&self, size: TreeSize) -> Option<Hash> {
        let tree = self.shown.as_ref()?.replica.tree();
        Frontier::read(tree, size)
            .ok()
            .map(|frontier| frontier.root())
    }

    fn fork(&self, offered: &VerifiedHead) -> BookError {
        let shown = self
            .shown
            .as_ref()
            .map(|shown| &shown.head)
            .or(self.floor.as_ref());
        if let Some(shown) = shown
            && let Err(error) = self.folder.keep_evidence(shown.note(), offered.note())
        {
            tracing::warn!("the evidence could not be written: {error}");
        }
        BookError::Fork(offered.size())
    }

    /// Stages the next entries of a head.
    ///
    /// # Errors
    /// [`BookError`] when they cannot belong to it; then nothing is staged any more.
    pub fn stage(&mut self, head: &VerifiedHead, entries: &[Vec<u8>]) -> Result<(), BookError> {
        let first = self.staged.size().0;
        let staged = self.try_stage(first, head, entries);
        if staged.is_err() {
            self.cut_staged()?;
        }
        staged
    }

    fn try_stage(
        &mut self,
        first: u64,
        head: &VerifiedHead,
        entries: &[Vec<u8>],
    ) -> Result<(), BookError> {
        let too_many = entries.len() as u64 > head.size().0.saturating_sub(first);
        if too_many || entries.iter().any(|entry| entry.len() > ENVELOPE_MAX_BYTES) {
            return Err(BookError::Misfit);
        }
        self.entries.append(entries)?;
        for (index, entry) in (first..).zip(entries) {
            self.push_leaf(index, entry)?;
        }
        Ok(())
    }

    fn push_leaf(&mut self, index: u64, entry: &[u8]) -> Result<(), BookError> {
        if index == 0
            && (entry.len() > GENESIS_MAX_BYTES || ledger_id(entry) != self.anchor.ledger())
        {
            return Err(BookError::OtherLedger);
        }
        self.staged.append(leaf_hash(entry));
        match &self.floor {
            Some(floor)
                if floor.size() == self.staged.size() && floor.root() != self.staged.root() =>
            {
                Err(BookError::Fork(floor.size()))
            }
            _ => Ok(()),
        }
    }

    /// Shows a head whose entries are all staged: first the root, then the door, then the map head. What was shown before
    /// stays when any of them fails.
    ///
    /// # Errors
    /// [`BookError`] naming what failed.
    pub fn commit(&mut self, head: &VerifiedHead) -> Result<(), BookError> {
        if self.staged.size() != head.size() || self.staged.root() != head.root() {
            self.cut_staged()?;
            return Err(BookError::WrongRoot(head.size()));
        }
        let before = self.shown.take();
        let shown_head = before.as_ref().map(|shown| shown.head.clone());
        match replay(before, &self.entries, &self.anchor, head) {
            Ok(shown) => {
                self.shown = Some(shown);
                self.floor = None;
                Ok(self.folder.keep_note(head.note())?)
            }
            Err(why) => {
                // Under the quorum and yet wrong: costly to undo, but it does not happen by a feed's fault alone.
                if !matches!(why, BookError::Disk(_)) {
                    self.refused = Some((head.size(), head.root()));
                }
                // Should even that fail, what was shown remains the least that a later head must hold.
                self.floor = shown_head.clone();
                let rebuilt =
                    shown_head.map(|shown| replay(None, &self.entries, &self.anchor, &shown));
                self.shown = rebuilt.transpose()?;
                self.cut_staged()?;
                Err(why)
            }
        }
    }

    fn shown_tree(&self) -> Frontier {
        let tree = self.shown.as_ref().map(|shown| shown.replica.tree());
        tree.and_then(|tree| Frontier::read(tree, tree.size()).ok())
            .unwrap_or_default()
    }

    fn cut_staged(&mut self) -> io::Result<()> {
        self.staged = self.shown_tree();
        self.entries.cut(self.staged.size())
    }
}

/// Replays entries up to a head, from what was shown before or from leaf 0.
fn replay(
    before: Option<Shown>,
    entries: &EntryFile,
    anchor: &Anchor,
    head: &VerifiedHead,
) -> Result<Shown, BookError> {
    let mut shown = match before {
        Some(shown) => shown,
        None => Shown::begin(&entries.get(LeafIndex(0))?, anchor, head)?,
    };
    let last = LeafIndex(head.size().0.saturating_sub(1));
    let mut ends_with_head = false;
    for index in (shown.replica.size().0..head.size().0).map(LeafIndex) {
        let map_root = (index == last).then(|| shown.replica.map_root());
        let admitted = shown
            .replica
            .check(&entries.get(index)?)
            .map_err(|why| BookError::Refused { index, why })?;
        let appended = shown.replica.append(admitted);
        let logged = appended.map_err(io::Error::other)?;
        shown.register.note(&logged);
        ends_with_head = map_root.is_some_and(|root| is_map_head(&logged, root));
    }
    if !ends_with_head {
        return Err(BookError::MapHead(head.size()));
    }
    if shown.replica.root() != head.root() {
        return Err(BookError::WrongRoot(head.size()));
    }
    shown.head = head.clone();
    Ok(shown)
}

/// Only the sequencer's are not void (`docs/formats.md` section 7).
fn is_map_head(logged: &LoggedEvent, map_root: Hash) -> bool {
    let body = logged.event.body();
    logged.void.is_none()
        && body.kind == Kind::MapHead
        && body.size == Some(logged.index.0)
        && body.root == Some(map_root)
}
