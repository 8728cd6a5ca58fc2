//! The segment files at the start: what of them is durable, and the log through the door.

use std::path::PathBuf;

use ledger_core::ids::LeafIndex;
use ledger_core::replica::{LoggedEvent, Replica, Stores};
use ledger_core::sign::event_id;

use super::super::LedgerError;
use super::super::ahead::{check_ahead, cores};
use super::super::replay::{self, COMMIT_LEAVES, TakeError};
use super::super::writer::Store;
use super::{OpenError, Opening, Options, Tails, Trouble};
use crate::blobs::Blobs;
use crate::fault::{Faults, Step};
use crate::files::{Cut, Durable, FileError, Segment};
use crate::folder::LockedFolder;

/// Replays a log through the door into empty stores. `each` sees every leaf behind genesis.
pub(in super::super) fn replay_log(
    log: &mut Segment,
    genesis: &[u8],
    stores: Stores,
    each: &mut dyn FnMut(&Replica, LoggedEvent),
) -> Result<Replica, Trouble> {
    let mut replica =
        Replica::in_stores(genesis, stores).map_err(|_| Trouble::tampered(LeafIndex(0)))?;
    let (ledger, mut bad, mut wrong_genesis) = (replica.ledger_id(), None, false);
    let mut fold = |checked| {
        let taken = replay::take_checked(&mut replica, checked).and_then(|logged| {
            if replica.size().0.is_multiple_of(COMMIT_LEAVES) {
                replica.commit()?;
            }
            each(&replica, logged);
            Ok(())
        });
        bad = taken.map_err(trouble).err();
        bad.is_none()
    };
    let read = check_ahead(ledger, cores(), &mut fold, |ahead| {
        log.for_each(0, |place, bytes| match place {
            0 => {
                wrong_genesis = bytes != genesis;
                !wrong_genesis
            }
            _ => ahead.push(bytes),
        })
    });
    if wrong_genesis {
        return Err(Trouble::tampered(LeafIndex(0)));
    }
    match (read, bad) {
        (Ok(()), None) => Ok(replica),
        (_, Some(trouble)) => Err(trouble),
        (Err(FileError::Damaged { record, .. }), None) => Err(Trouble::tampered(LeafIndex(record))),
        (Err(e), None) => Err(Trouble {
            code: "LOI_O_DIA",
            message_vi: e.message_vi(),
            message_en: e.to_string(),
        }),
    }
}

fn trouble(why: TakeError) -> Trouble {
    match why {
        TakeError::Leaf(fault) => Trouble::tampered(fault.index()),
        TakeError::Store(failed) => {
            let error = LedgerError::from(failed);
            Trouble {
                code: "LOI_O_DIA",
                message_vi: error.message_vi(),
                message_en: error.to_string(),
            }
        }
    }
}

/// Opens the log. A follower keeps what a durable head covers; the sequencer keeps every whole leaf, because a
/// head may have been signed over it that this disk has lost.
pub(super) fn open_log(
    folder: &LockedFolder,
    genesis: &[u8],
    durable: Option<u64>,
    options: &Options,
    opening: &mut Opening,
) -> Result<Segment, OpenError> {
    let must_hold = match durable {
        Some(n) => Durable::Records(n),
        None if options.sequencer => Durable::AllButLast,
        None => Durable::Records(0),
    };
    let opened = Segment::open(&folder.log(), Step::Log, must_hold, options.faults.clone());
    let (mut log, cut) = opened.map_err(|e| match e {
        FileError::Damaged { record, offset, .. } => {
            tracing::error!(record, offset, "log.seg");
            OpenError::Tampered(Trouble::tampered(LeafIndex(record)))
        }
        other => other.into(),
    })?;
    report_cut(cut, opening);
    if log.is_empty() {
        log.append(&[genesis])?;
    }
    let covered = durable.unwrap_or(0).max(1);
    if !options.sequencer && log.len() > covered {
        let uncovered = log.len() - covered;
        if durable.is_none() {
            keep_copy(folder, opening)?;
        }
        log.truncate(covered)?;
        opening.say(
            format!("Bỏ {uncovered} mục cuối sổ chưa có bản chốt; sẽ lấy lại từ nút khác."),
            format!(
                "dropped {uncovered} leaves that no durable head covers; they are fetched again"
            ),
        );
    }
    Ok(log)
}

/// Without any head on the disk nobody can say what was durable: the whole file is kept beside.
fn keep_copy(folder: &LockedFolder, opening: &mut Opening) -> Result<(), FileError> {
    let (from, to) = (folder.log(), folder.root().join("log.without-head"));
    std::fs::copy(&from, &to).map_err(|e| FileError::io("copy", &to, e))?;
    opening.say(
        format!(
            "Không thấy bản chốt nào; giữ bản sao của sổ ở {}.",
            to.display()
        ),
        format!(
            "there is no head; a copy of the log is kept in {}",
            to.display()
        ),
    );
    Ok(())
}

pub(super) fn open_store(
    folder: LockedFolder,
    log: Segment,
    faults: &Faults,
    opening: &mut Opening,
) -> Result<Store, OpenError> {
    let mut open = |path: PathBuf, step| {
        let (segment, cut) = Segment::open(&path, step, Durable::AllButLast, faults.clone())?;
        report_cut(cut, opening);
        Ok::<_, FileError>(segment)
    };
    let own = open(folder.writer(), Step::Writer)?;
    let taken = open(folder.pending(), Step::Pending)?;
    let blobs = Blobs::open(&folder.blobs(), faults.clone())?;
    Ok(Store {
        log,
        own,
        taken,
        blobs,
        faults: faults.clone(),
        folder,
    })
}

fn report_cut(cut: Option<Cut>, opening: &mut Opening) {
    if let Some(cut) = cut {
        let (path, kept) = (cut.path.display(), cut.kept.display());
        opening.say(
            format!(
                "Cắt {} byte ghi dở ở cuối {path} (sau mục {}); giữ lại ở {kept}.",
                cut.bytes, cut.record
            ),
            format!(
                "cut {} unfinished bytes off {path} behind record {}; kept in {kept}",
                cut.bytes, cut.record
            ),
        );
    }
}

pub(super) fn read_own(own: &mut Segment, tails: &mut Tails) -> Result<(), FileError> {
    own.for_each(0, |_, bytes| {
        tails.own.insert(event_id(bytes));
        true
    })
}
