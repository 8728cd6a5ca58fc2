#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;

use super::*;

const RECORDS: [&[u8]; 4] = [b"one", b"two and two", b"three", b"the fourth record"];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path, durable: Durable) -> Result<(Segment, Option<Cut>), FileError> {
    Segment::open(path, Step::Log, durable, Faults::none())
}

fn all(segment: &mut Segment) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    segment
        .for_each(0, |_, bytes| {
            records.push(bytes.to_vec());
            true
        })
        .unwrap();
    records
}

/// The bytes of a file with [`RECORDS`], and where each record begins.
fn written() -> (Vec<u8>, Vec<usize>) {
    let mut offsets = vec![0];
    for record in &RECORDS[..3] {
        offsets.push(offsets.last().unwrap() + RECORD_HEAD_BYTES + record.len());
    }
    (encode_records(RECORDS).unwrap(), offsets)
}

#[test]
fn what_is_appended_is_read_back_after_opening_again() {
    let dir = folder();
    let path = dir.path().join("log.seg");
    let (mut segment, cut) = open(&path, Durable::Records(0)).unwrap();
    assert!(cut.is_none() && segment.is_empty());
    segment.append(&RECORDS[..1]).unwrap();
    segment.append(&RECORDS[1..]).unwrap();
    assert_eq!(all(&mut segment), RECORDS);
    drop(segment);
    let (mut segment, cut) = open(&path, Durable::Records(4)).unwrap();
    assert!(cut.is_none());
    assert_eq!(all(&mut segment), RECORDS);
    assert_eq!(segment.read(2).unwrap(), RECORDS[2]);
    assert!(matches!(
        segment.read(4),
        Err(FileError::NoRecord { record: 4, .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), written().0);
}

#[test]
fn a_file_that_ends_anywhere_keeps_its_whole_records_and_says_what_it_cut() {
    let (bytes, offsets) = written();
    for len in 0..=bytes.len() {
        let dir = folder();
        let path = dir.path().join("writer.seg");
        fs::write(&path, &bytes[..len]).unwrap();
        let whole = offsets[1..]
            .iter()
            .chain([&bytes.len()])
            .filter(|end| **end <= len)
            .count();
        let start = offsets.get(whole).copied().unwrap_or(bytes.len());
        let (mut segment, cut) = open(&path, Durable::AllButLast).unwrap();
        assert_eq!(all(&mut segment), RECORDS[..whole], "{len} bytes");
        assert_eq!(
            cut.as_ref().map(|c| (c.record, c.offset, c.bytes)),
            (start < len).then_some((whole as u64, start as u64, (len - start) as u64)),
            "{len} bytes"
        );
        if let Some(cut) = cut {
            assert_eq!(fs::read(cut.kept).unwrap(), bytes[start..len]);
        }
        segment.append(&[b"after"]).unwrap();
        drop(segment);
        assert_eq!(
            open(&path, Durable::AllButLast).unwrap().0.len(),
            whole as u64 + 1
        );
    }
}

#[test]
fn what_was_durable_is_never_cut() {
    let (bytes, offsets) = written();
    for len in 0..bytes.len() {
        let dir = folder();
        let path = dir.path().join("log.seg");
        fs::write(&path, &bytes[..len]).unwrap();
        let whole = offsets[1..].iter().filter(|end| **end <= len).count() as u64;
        let error = open(&path, Durable::Records(4)).unwrap_err();
        assert!(
            matches!(error, FileError::Damaged { record, .. } if record == whole),
            "{len}: {error}"
        );
        assert_eq!(
            fs::read(&path).unwrap(),
            bytes[..len],
            "the file is left as it was"
        );
    }
}

#[test]
fn a_flipped_byte_is_damage_unless_nobody_was_told_about_the_record() {
    let (bytes, offsets) = written();
    for at in 0..bytes.len() {
        let dir = folder();
        let path = dir.path().join("log.seg");
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        fs::write(&path, &flipped).unwrap();
        let hit = offsets.iter().rposition(|start| *start <= at).unwrap() as u64;
        let is_hit = |e: FileError| {
            matches!(e, FileError::Damaged { record, offset, .. }
            if record == hit && offset == offsets[hit as usize] as u64)
        };
        assert!(
            is_hit(open(&path, Durable::Records(4)).unwrap_err()),
            "byte {at}"
        );
        match open(&path, Durable::AllButLast) {
            Ok((segment, cut)) => {
                assert!(hit == 3 && segment.len() == 3 && cut.is_some(), "byte {at}")
            }
            Err(e) => assert!(hit < 3 && is_hit(e), "byte {at}"),
        }
    }
}

#[test]
fn a_full_disk_says_so_and_keeps_what_was_acknowledged() {
    let dir = folder();
    let path = dir.path().join("writer.seg");
    let full = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = full.clone();
    let faults = Faults::new(move |_| {
        if asked.load(std::sync::atomic::Ordering::Relaxed) {
            Fate::Full
        } else {
            Fate::Done
        }
    });
    let (mut segment, _) = Segment::open(&path, Step::Writer, Durable::AllButLast, faults).unwrap();
    segment.append(&RECORDS[..2]).unwrap();
    full.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = segment.append(&RECORDS[2..]).unwrap_err();
    assert!(
        matches!(error, FileError::Full { .. }) && error.message_vi().contains("đầy"),
        "{error}"
    );
    assert_eq!(all(&mut segment), RECORDS[..2]);
    full.store(false, std::sync::atomic::Ordering::Relaxed);
    segment.append(&RECORDS[2..]).unwrap();
    assert_eq!(all(&mut segment), RECORDS);
    assert_eq!(fs::read(&path).unwrap(), written().0);
}

#[test]
fn the_device_that_is_always_full_gives_the_same_error() {
    let path = Path::new("/dev/full");
    if !path.exists() {
        return;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let (path, step, faults) = (path.to_owned(), Step::Log, Faults::none());
    let mut segment = Segment {
        path,
        file,
        step,
        faults,
        offsets: vec![],
        end: 0,
        stopped: false,
    };
    assert!(matches!(
        segment.append(&RECORDS),
        Err(FileError::Full { .. })
    ));
    assert!(segment.is_empty());
}

#[test]
fn after_a_sync_that_failed_nothing_more_is_taken_until_it_is_opened_again() {
    for fate in [Fate::Torn, Fate::Unanswered] {
        let dir = folder();
        let path = dir.path().join("writer.seg");
        let (mut segment, _) = Segment::open(
            &path,
            Step::Writer,
            Durable::AllButLast,
            Faults::new(move |_| fate),
        )
        .unwrap();
        segment.append(&RECORDS).unwrap_err();
        assert!(matches!(
            segment.append(&RECORDS),
            Err(FileError::Stopped { .. })
        ));
        drop(segment);
        let (segment, _) = open(&path, Durable::AllButLast).unwrap();
        assert_eq!(
            segment.len(),
            if fate == Fate::Torn { 2 } else { 4 },
            "{fate:?}"
        );
    }
}

#[test]
fn records_have_a_length_and_a_limit() {
    let dir = folder();
    let (mut segment, _) = open(&dir.path().join("log.seg"), Durable::Records(0)).unwrap();
    segment.append(&[vec![7; RECORD_BYTES_MAX]]).unwrap();
    assert!(segment.append(&[vec![7; RECORD_BYTES_MAX + 1]]).is_err());
    assert!(segment.append(&[b""]).is_err());
    assert_eq!(segment.len(), 1);
    segment.append::<&[u8]>(&[]).unwrap();
    segment.truncate(0).unwrap();
    assert_eq!((segment.len(), segment.bytes()), (0, 0));
}

#[test]
fn a_small_file_is_old_or_new_whatever_happens() {
    for fate in [
        Fate::Done,
        Fate::Lost,
        Fate::Full,
        Fate::Torn,
        Fate::Unanswered,
    ] {
        let dir = folder();
        let path = dir.path().join("checkpoint");
        atomic_replace(&path, b"the old head", Step::Checkpoint, &Faults::none()).unwrap();
        let result = atomic_replace(
            &path,
            b"the new head",
            Step::Checkpoint,
            &Faults::new(move |_| fate),
        );
        assert_eq!(result.is_ok(), fate == Fate::Done);
        let new = matches!(fate, Fate::Done | Fate::Unanswered);
        assert_eq!(
            fs::read(&path).unwrap(),
            if new {
                b"the new head"
            } else {
                b"the old head"
            },
            "{fate:?}"
        );
        let left = remove_unfinished(dir.path()).unwrap();
        assert_eq!(left.len(), usize::from(fate == Fate::Torn), "{fate:?}");
    }
    let dir = folder();
    assert!(read_small(&dir.path().join("none"), 9).unwrap().is_none());
    fs::write(dir.path().join("ten"), [0; 10]).unwrap();
    assert!(read_small(&dir.path().join("ten"), 9).is_err());
    assert_eq!(
        read_small(&dir.path().join("ten"), 10)
            .unwrap()
            .unwrap()
            .len(),
        10
    );
}
