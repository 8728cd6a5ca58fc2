//! An exported ledger: the whole log replayed from a file, leaf by leaf.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::Path;

use ledger_core::anchor::Anchor;
use ledger_core::export::{Audit, Audited, HEADER, LEAF_LENGTH_BYTES, NOTE_LENGTH_BYTES};
use ledger_core::note::MAX_NOTE_BYTES;
use ledger_core::sign::LEAF_MAX_BYTES;
use serde_json::json;

use super::super::{CommandError, Exit};
use super::report::{Report, time};
use super::unreadable;
use crate::files::FileError;

/// One line on the terminal for so many leaves: a few a second.
const PROGRESS_LEAVES: u64 = 10_000;
/// Read ahead: some two thousand leaves.
const READ_BUFFER_BYTES: usize = 1 << 20;

pub(super) fn judge(path: &Path, anchor: &Anchor, now: u64) -> Result<Report, CommandError> {
    let error = |e| CommandError::from(FileError::io("read", path, e));
    let file = File::open(path).map_err(error)?;
    let mut file = BufReader::with_capacity(READ_BUFFER_BYTES, file);
    let mut start = vec![0; HEADER.len() + NOTE_LENGTH_BYTES];
    if !fill(&mut file, &mut start).map_err(error)? {
        return Err(unreadable("the file ends before its checkpoint"));
    }
    let length = start[HEADER.len()..]
        .iter()
        .fold(0, |n, b| n << 8 | usize::from(*b));
    if length > MAX_NOTE_BYTES {
        return Err(unreadable("a checkpoint that is too long"));
    }
    let mut note = vec![0; length];
    if !fill(&mut file, &mut note).map_err(error)? {
        return Err(unreadable("the file ends inside its checkpoint"));
    }
    let mut audit = Audit::new(&note, anchor, now);
    let whole = replay(&mut file, &mut audit, path)?;
    Ok(report(&audit.finish(whole)))
}

/// Takes every leaf; whether the file ends where its last leaf does.
fn replay(file: &mut impl Read, audit: &mut Audit<'_>, path: &Path) -> Result<bool, CommandError> {
    let error = |e| CommandError::from(FileError::io("read", path, e));
    let size = audit.size().map_or(0, |size| size.0);
    let shows_progress = io::stderr().is_terminal();
    let (mut leaf, mut count) = (Vec::new(), 0u64);
    loop {
        let mut length = [0; LEAF_LENGTH_BYTES];
        match read_up_to(file, &mut length).map_err(error)? {
            0 => break Ok(true),
            LEAF_LENGTH_BYTES => {}
            _ => break Ok(false),
        }
        let length = usize::from(u16::from_be_bytes(length));
        leaf.resize(length, 0);
        // A file with more leaves than its head covers is not read to its end: it could be endless.
        if length > LEAF_MAX_BYTES || !fill(file, &mut leaf).map_err(error)? || count > size {
            break Ok(false);
        }
        audit.take(&leaf).map_err(|e| {
            let vi = "Máy này không đủ chỗ để kiểm cả sổ.";
            CommandError::new(Exit::Failed, vi, e.to_string())
        })?;
        count += 1;
        if shows_progress && count.is_multiple_of(PROGRESS_LEAVES) {
            eprint!("\rĐã kiểm (checked) {count} / {size} …");
        }
    }
    .inspect(|_| {
        if shows_progress && count >= PROGRESS_LEAVES {
            eprintln!();
        }
    })
}

fn report(audited: &Audited) -> Report {
    let mut report = Report::new("ledger");
    report.state(&audited.statements, |_| true);
    report.fact("as_of", json!(audited.as_of.map(time)));
    report.fact("leaves", json!(audited.leaves));
    report.fact("void", json!(audited.void));
    report.fact("map_heads", json!(audited.map_heads));
    report.fact("is_evidence", json!(audited.is_evidence()));
    report.say(format!(
        "{} mục (leaves), {} không có hiệu lực (void), {} mục lục (map heads)",
        audited.leaves, audited.void, audited.map_heads
    ));
    if audited.is_evidence() {
        report.say(
            "Tệp này là BẰNG CHỨNG: khóa của sổ và các đơn vị đã xác nhận đã ký một sổ trái quy tắc. \
             (This file is evidence: the log and who cosigned it signed a log that breaks its rules.)",
        );
    }
    report
}

/// Whether there was enough to fill the buffer.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    Ok(read_up_to(reader, buffer)? == buffer.len())
}

/// How many bytes there were, at most the buffer's.
fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
