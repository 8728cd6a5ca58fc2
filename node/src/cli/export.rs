//! `node export`: the events that wait for the log, as a file for a USB stick or a mail.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use ledger_core::ids::EventId;
use ledger_core::sign::event_id;

use super::{CommandError, Exit};
use crate::fault::{Faults, Step};
use crate::files::{FileError, atomic_replace, encode_records, survey};
use crate::folder::{Folder, LockError};
use crate::ledger::OpenError;

/// Most bytes of one file: what a mail carries; the rest is exported again when this is logged.
const EXPORT_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Args)]
#[command(after_long_help = "\
Ví dụ (examples):
  node export /media/usb/htx-01.seg
  rồi ở nút của Sở:  node import /media/usb/htx-01.seg
Nút có thể đang chạy. Việc đã vào sổ thì bỏ qua; nạp hai lần không sao. (The node may run; importing twice is harmless.)")]
pub struct ExportArgs {
    /// Tệp mới (the file to write)
    file: PathBuf,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exported {
    events: usize,
    /// Events for which there was no room.
    left: usize,
}

pub fn export(folder: &Folder, args: &ExportArgs) -> Result<Exit, CommandError> {
    if args.file.exists() {
        return Err(CommandError::new(
            Exit::Usage,
            format!("Đã có tệp {}; không ghi đè.", args.file.display()),
            format!("{} exists", args.file.display()),
        ));
    }
    let Exported { events, left } = write(folder, &args.file)?;
    println!(
        "Đã ghi {events} việc chờ vào sổ ra {}. ({events} waiting events)",
        args.file.display()
    );
    if left > 0 {
        println!(
            "Còn {left} việc chưa ghi ra vì tệp đã đầy; xuất lại khi các việc này đã vào sổ. ({left} are left)"
        );
    }
    Ok(Exit::Done)
}

fn write(folder: &Folder, file: &std::path::Path) -> Result<Exported, CommandError> {
    if !folder.genesis().is_file() {
        let missing = LockError::NotAFolder(folder.root().to_owned());
        return Err(OpenError::from(missing).into());
    }
    let waiting = waiting(folder)?;
    let mut bytes = 0;
    let fit = waiting.iter().take_while(|event| {
        bytes += event.len();
        bytes <= EXPORT_BYTES_MAX
    });
    let fit: Vec<&Vec<u8>> = fit.collect();
    let records = encode_records(&fit).ok_or_else(|| FileError::NoRecord {
        path: file.to_owned(),
        record: 0,
    })?;
    atomic_replace(file, &records, Step::Setup, &Faults::none())?;
    Ok(Exported {
        events: fit.len(),
        left: waiting.len() - fit.len(),
    })
}

/// What is durable here and not logged, each device's in the order of its chain. The files of waiting events are read
/// before the log: an event that is logged meanwhile is exported once too often.
fn waiting(folder: &Folder) -> Result<Vec<Vec<u8>>, FileError> {
    let mut events: Vec<(EventId, Vec<u8>)> = Vec::new();
    for path in [folder.writer(), folder.pending()] {
        survey(&path, |_, bytes| {
            events.push((event_id(bytes), bytes.to_vec()))
        })?;
    }
    let mut logged: HashSet<EventId> = HashSet::new();
    let asked: HashSet<EventId> = events.iter().map(|(id, _)| *id).collect();
    survey(&folder.log(), |_, leaf| {
        let id = event_id(leaf);
        if asked.contains(&id) {
            logged.insert(id);
        }
    })?;
    events.retain(|(id, _)| logged.insert(*id));
    Ok(events.into_iter().map(|(_, bytes)| bytes).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::fixture::*;

    #[test]
    fn what_waits_is_exported_once_and_taken_by_another_node() {
        let province = Province::new(1, None);
        let mut so = province.sequencer();
        let mut member = province.open("HTX-1");
        follow(&mut so, &mut member, at(2)).unwrap();
        record(&mut member, "HTX-1", 0..3);
        hand_in(&member, &mut so);
        so.sequence(at(3)).unwrap();
        follow(&mut so, &mut member, at(3)).unwrap();
        record(&mut member, "HTX-1", 3..5);
        // The node runs while it is exported.
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("waiting.seg");
        let exported =
            write(&province.folder(&org("HTX-1")), &file).unwrap_or_else(|e| panic!("{}", e.en));
        assert_eq!(exported, Exported { events: 2, left: 0 });
        let mut envelopes = Vec::new();
        assert_eq!(
            survey(&file, |_, bytes| envelopes.push(bytes.to_vec())).unwrap(),
            None
        );
        assert_eq!(envelopes, member.pending());
        for envelope in envelopes {
            so.submit(&envelope, at(4)).unwrap();
        }
        so.sequence(at(5)).unwrap();
        follow(&mut so, &mut member, at(5)).unwrap();
        assert_eq!(member.pending_len(), 0);
        drop(member);
        let again = dir.path().join("nothing.seg");
        let exported =
            write(&province.folder(&org("HTX-1")), &again).unwrap_or_else(|e| panic!("{}", e.en));
        assert_eq!(exported, Exported { events: 0, left: 0 });
    }
}
