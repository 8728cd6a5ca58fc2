//! Loading the sample: faults are named where they stand, and the same files give the same bytes.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;

use ledger_core::body::Sealable;
use tempfile::TempDir;
use tests::inprocess::{InProcess, fixed_salts, sample_folder};
use tests::sample::{Readers, Sample};

/// A copy of the sample in which one text of one file is another.
fn changed(file: &str, from: &str, to: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pictures")).unwrap();
    for sub in [".", "pictures"] {
        for entry in fs::read_dir(sample_folder().join(sub)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let bytes = fs::read(entry.path()).unwrap();
                fs::write(folder.path().join(sub).join(entry.file_name()), bytes).unwrap();
            }
        }
    }
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
    folder
}

/// What loading says, or making events of what was loaded.
fn fault(file: &str, from: &str, to: &str) -> String {
    let folder = changed(file, from, to);
    match Sample::load(folder.path()) {
        Err(error) => error.to_string(),
        Ok(sample) => sample.script(fixed_salts("test")).unwrap_err().to_string(),
    }
}

#[test]
fn a_mistyped_cell_is_named_with_file_line_and_column() {
    for (file, from, to, begins) in [
        (
            "events.csv",
            "2026-10-12T06:10:00",
            "2026-13-12T06:10:00",
            "events.csv, line 8, occurred_at: ",
        ),
        (
            "events.csv",
            "E-0107,S01,7,HARVEST,",
            "E-0107,S01,7,HAVREST,",
            "events.csv, line 8, event_type: ",
        ),
        (
            "events.csv",
            "B-0101:1846.5",
            "B-0101:1846.5kg",
            "events.csv, line 10, input_batches: ",
        ),
        (
            "events.csv",
            "B-0303:122.4",
            "B-0333:122.4",
            "events.csv, line 35, input_batches: ",
        ),
        (
            "events.csv",
            "bên nhận=ORG-08",
            "bên nhận=ORG-88",
            "events.csv, line 9, org_id: ",
        ),
        (
            "events.csv",
            "kết quả=không đạt",
            "kết quả=chưa rõ",
            "events.csv, line 107, facts_vi: ",
        ),
        (
            "batches.csv",
            "38C5-7RHV2",
            "38C5-7RHV3",
            "batches.csv, line 6, qr_short_code_fictional: ",
        ),
        (
            "batches.csv",
            "/10/XCC261012A1",
            "/10/XCC261012A2",
            "batches.csv, line 6, digital_link_path: ",
        ),
        (
            "products.csv",
            "02082600000015",
            "02082600000016",
            "products.csv, line 2, gtin14_restricted: ",
        ),
        ("places.csv", "10.408500", "10.4O8500", "places.csv, line "),
        (
            "organisations.csv",
            "producer;recorder",
            "producer;recorded",
            "organisations.csv, line 2, network_roles: ",
        ),
    ] {
        let said = fault(file, from, to);
        assert!(
            said.starts_with(begins),
            "{said}\nshould begin with {begins}"
        );
    }
}

#[test]
fn a_missing_picture_is_named() {
    let folder = changed("events.csv", "E-0101", "E-0101");
    fs::remove_file(folder.path().join("pictures/PR-07.png")).unwrap();
    let said = Sample::load(folder.path()).unwrap_err().to_string();
    assert!(said.contains("pictures/PR-07.png"), "{said}");
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let sample = Sample::load(&sample_folder()).unwrap();
    let ledger = || InProcess::with_sample(&sample).unwrap().entries;
    assert_eq!(ledger(), ledger());
}

/// Nothing that tells who a household is or where it lives stands in the log in clear.
#[test]
fn households_stand_in_the_log_as_commitments() {
    let sample = Sample::load(&sample_folder()).unwrap();
    let ledger = InProcess::with_sample(&sample).unwrap();
    let personal = [
        "Hộ kinh doanh Bột",
        "Household Business",
        "Lò bột",
        "Nhà thùng",
        "Ấp Mẫu 5",
        "Khu phố Mẫu 7",
        "MST-MAU-0005",
        "MST-MAU-0007",
        "Vàm Láng",
        "Xã Tân Phú Đông",
        "xã Tân Phú Đông",
        "9520826000059",
        "9520826001186",
        "9520826001209",
        "9520826000073",
    ];
    for text in personal {
        let stands = |entry: &Vec<u8>| {
            entry
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!ledger.entries.iter().any(stands), "{text}");
    }
    let label = ledger
        .logged
        .iter()
        .find(|logged| logged.event.id() == ledger.ids["E-1007"])
        .unwrap();
    let Some(Sealable::Commitment(address)) = &label.event.body().label_address else {
        panic!("in clear")
    };
    assert_eq!(ledger.openings[address].readers, Readers::Public);
}

/// Every opening belongs to a commitment that an event makes, for the readers it is kept for.
#[test]
fn openings_open_what_the_events_commit_to() {
    let sample = Sample::load(&sample_folder()).unwrap();
    let ledger = InProcess::with_sample(&sample).unwrap();
    let bodies = || ledger.logged.iter().map(|logged| logged.event.body());
    let all: Vec<_> = bodies().flat_map(|body| body.commitments()).collect();
    let public: Vec<_> = bodies()
        .flat_map(|body| body.public_commitments())
        .collect();
    assert_eq!(all.len(), ledger.openings.len());
    for commitment in all {
        let kept = &ledger.openings[&commitment];
        assert_eq!(
            kept.readers == Readers::Public,
            public.contains(&commitment)
        );
    }
}
