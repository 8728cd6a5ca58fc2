//! The index while the log is replayed: kept, caught up, or made anew.

use ledger_core::ids::{Hash, TreeSize};
use ledger_core::merkle::{Frontier, leaf_hash};
use ledger_core::replica::{LoggedEvent, Replica};

use super::super::replay;
use super::super::writer::Store;
use super::{OpenError, Opening, replay_log};
use crate::files::{FileError, Segment};
use crate::index::{BATCH_LEAVES, Index, IndexError};

/// The index while the log is replayed.
pub(super) struct Filling {
    index: Option<Index>,
    /// The first leaf that it lacks.
    from: TreeSize,
    behind: Vec<LoggedEvent>,
}

impl Filling {
    /// Opens the index if it lies on this log's path; else a fresh one, and says so.
    pub(super) fn begin(store: &mut Store, opening: &mut Opening) -> Result<Filling, OpenError> {
        let folder = store.folder.index();
        let existed = folder.exists();
        let doubt = match Index::open(&folder).map(|index| (index.as_of(), index)) {
            // sled sometimes answers damage with emptiness: only a log without events may have an empty index.
            Ok(((TreeSize(0), _), index)) if !existed || store.log.len() <= 1 => {
                if store.log.len() > 1 {
                    opening.say(
                        "Không có chỉ mục; dựng lại từ sổ.".into(),
                        "there is no index; it is made anew".into(),
                    );
                }
                return Ok(Filling {
                    index: Some(index),
                    from: TreeSize(0),
                    behind: Vec::new(),
                });
            }
            Ok(((size, root), index)) => {
                // Counting is what finds rows that sled lost without a word: a second for a million. Rows behind
                // the size are what a kill leaves between them and their size; they are written again.
                let whole = index
                    .counts()
                    .is_ok_and(|(events, _)| events as u64 + 1 >= size.0);
                if whole && root_of_first(&mut store.log, size)? == Some(root) {
                    return Ok(Filling {
                        index: Some(index),
                        from: size,
                        behind: Vec::new(),
                    });
                }
                format!("it speaks of another log of {size} leaves")
            }
            Err(e) => e.to_string(),
        };
        Ok(Filling {
            index: fresh_index(store, &doubt, opening),
            from: TreeSize(0),
            behind: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, replica: &Replica, logged: LoggedEvent) {
        if self.index.is_none() || logged.index.0 < self.from.0 {
            return;
        }
        self.behind.push(logged);
        if self.behind.len() >= BATCH_LEAVES {
            self.write(replica);
        }
    }

    fn write(&mut self, replica: &Replica) {
        let written = self
            .index
            .as_mut()
            .map(|index| index.extend(&self.behind, replica.size(), replica.root()));
        self.behind.clear();
        if let Some(Err(e)) = written {
            tracing::warn!(error = %e, "index");
            self.index = None;
        }
    }

    /// The index, as of the whole log. One that failed on the way is made anew once.
    pub(super) fn finish(
        mut self,
        store: &mut Store,
        genesis: &[u8],
        replica: &mut Replica,
        opening: &mut Opening,
    ) -> Option<Index> {
        if self.index.is_some() {
            self.write(replica);
        }
        if self.index.is_none() {
            let index = fresh_index(store, "it failed while it was filled", opening);
            let mut again = Filling {
                index,
                from: TreeSize(0),
                behind: Vec::new(),
            };
            // The files of the replica that lives go on under no name.
            let stores = replay::stores(&store.folder, &store.faults).ok()?;
            let replayed = replay_log(&mut store.log, genesis, stores, &mut |replica, logged| {
                again.push(replica, logged);
            });
            again.write(&replayed.ok()?);
            self = again;
        }
        let index = self.index?;
        let flushed: Result<(), IndexError> = index.flush();
        flushed.is_ok().then_some(index)
    }
}

fn fresh_index(store: &Store, doubt: &str, opening: &mut Opening) -> Option<Index> {
    let folder = store.folder.index();
    let aside = Index::move_aside(&folder);
    let opened = aside.and_then(|aside| Ok((aside, Index::open(&folder)?)));
    match opened {
        Ok((aside, index)) => {
            let aside = aside.map_or_else(String::new, |path| path.display().to_string());
            opening.say(
                format!("Chỉ mục không dùng được; cất ở {aside} và dựng lại từ sổ."),
                format!("the index is in doubt ({doubt}); moved to {aside} and made anew"),
            );
            Some(index)
        }
        Err(e) => {
            opening.say(
                "Không tạo được chỉ mục; nút chạy không có chỉ mục.".into(),
                format!("no index: {e}"),
            );
            None
        }
    }
}

/// The root over the first leaves of a log on the disk, without asking what they say.
fn root_of_first(log: &mut Segment, size: TreeSize) -> Result<Option<Hash>, FileError> {
    if size.0 > log.len() {
        return Ok(None);
    }
    let mut frontier = Frontier::new();
    log.for_each(0, |place, bytes| {
        if place < size.0 {
            frontier.append(leaf_hash(bytes));
        }
        place + 1 < size.0
    })?;
    Ok(Some(frontier.root()))
}
