#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;

use super::*;
use crate::files::survey;
use crate::fixture::*;

/// A member's folder with a bit of everything, and the authority's.
fn province() -> Province {
    let province = Province::new(1, Some(1));
    let mut so = province.sequencer();
    let mut htx = province.open("HTX-1");
    let line = follow(&mut so, &mut htx, at(2)).unwrap().unwrap();
    let size = so.heads().borrow().size;
    so.add_cosignature(size, &line).unwrap();
    record(&mut htx, "HTX-1", 0..2);
    hand_in(&htx, &mut so);
    so.sequence(at(90_000)).unwrap();
    let line = follow(&mut so, &mut htx, at(90_001)).unwrap().unwrap();
    let size = so.heads().borrow().size;
    so.add_cosignature(size, &line).unwrap();
    follow(&mut so, &mut htx, at(90_002)).unwrap();
    record(&mut htx, "HTX-1", 2..5);
    htx.put_blob(b"\x89PNG\r\n\x1a\nxxx".to_vec(), false, false)
        .unwrap();
    htx.close();
    so.close();
    province
}

fn report(province: &Province, who: &str) -> Report {
    check(&province.folder(&org(who))).unwrap()
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_sound_folder_has_nothing_to_report() {
    let province = province();
    let htx = report(&province, "HTX-1");
    assert_eq!(htx.findings, [], "{htx}");
    assert_eq!(
        (htx.leaves, htx.heads, htx.own, htx.waiting, htx.blobs),
        (8, (8, 8), (5, 2), 3, 1)
    );
    let so = report(&province, SO);
    assert_eq!(so.findings, [], "{so}");
    assert!(so.is_sound() && so.to_string().contains("mọi thứ khớp"));
}

#[test]
fn every_harm_is_found_and_named() {
    type Harm = (&'static str, &'static str, Weight, fn(&Folder));
    fn flip(path: std::path::PathBuf, at: usize) {
        let mut bytes = fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    fn rewrite(path: std::path::PathBuf, change: impl Fn(&mut Vec<Vec<u8>>)) {
        let mut records = Vec::new();
        survey(&path, |_, bytes| records.push(bytes.to_vec())).unwrap();
        change(&mut records);
        fs::write(path, crate::files::encode_records(&records).unwrap()).unwrap();
    }
    let harms: [Harm; 16] = [
        (
            "a flipped byte in the log",
            "SO_CAI_BI_SUA",
            Weight::Damage,
            |f| flip(f.log(), 1_500),
        ),
        (
            "an entry changed with its checksum",
            "SO_CAI_BI_SUA",
            Weight::Damage,
            |f| {
                rewrite(f.log(), |records| {
                    let last = records[3].len() - 70;
                    records[3][last] ^= 1;
                });
            },
        ),
        (
            "two entries of the log swapped",
            "SO_CAI_BI_SUA",
            Weight::Damage,
            |f| rewrite(f.log(), |r| r.swap(5, 6)),
        ),
        (
            "the end of the log gone",
            "BAN_CHOT_SAI",
            Weight::Damage,
            |f| rewrite(f.log(), |r| r.truncate(7)),
        ),
        (
            "an unfinished write behind the head",
            "DUOI_GHI_DO",
            Weight::Note,
            |f| {
                let mut bytes = fs::read(f.log()).unwrap();
                bytes.extend([0, 0, 1, 0, 7]);
                fs::write(f.log(), bytes).unwrap();
            },
        ),
        (
            "a head that was not signed",
            "BAN_CHOT_SAI",
            Weight::Damage,
            |f| {
                let text = fs::read_to_string(f.checkpoint()).unwrap();
                fs::write(f.checkpoint(), text.replacen("\n8\n", "\n5\n", 1)).unwrap();
            },
        ),
        (
            "a cosigned head without its cosignature",
            "BAN_CHOT_SAI",
            Weight::Damage,
            |f| {
                fs::copy(f.checkpoint(), f.cosigned()).unwrap();
            },
        ),
        (
            "a day's head under another day",
            "BAN_CHOT_SAI",
            Weight::Damage,
            |f| {
                fs::copy(f.cosigned(), f.heads().join("2026-01-01")).unwrap();
            },
        ),
        (
            "another state of the validator",
            "SO_CAI_MAU_THUAN",
            Weight::Damage,
            |f| {
                let text = fs::read_to_string(f.cosigned_state()).unwrap();
                fs::write(f.cosigned_state(), text.replacen("\n8\n", "\n5\n", 1)).unwrap();
            },
        ),
        (
            "a flipped byte in the own events",
            "TEP_BI_HONG",
            Weight::Damage,
            |f| flip(f.writer(), 100),
        ),
        (
            "own events gone",
            "THIEU_VIEC_DA_KY",
            Weight::Warning,
            |f| rewrite(f.writer(), |r| r.truncate(1)),
        ),
        (
            "an own event in the middle gone",
            "VIEC_KHONG_VAO_SO",
            Weight::Warning,
            |f| {
                rewrite(f.writer(), |r| {
                    r.remove(3);
                });
            },
        ),
        ("an index of another log", "CHI_MUC", Weight::Note, |f| {
            fs::remove_dir_all(f.index()).unwrap()
        }),
        (
            "a changed picture",
            "TEP_SAI_NOI_DUNG",
            Weight::Damage,
            |f| {
                let picture = fs::read_dir(f.blobs())
                    .unwrap()
                    .next()
                    .unwrap()
                    .unwrap()
                    .path();
                flip(picture, 9);
            },
        ),
        ("an unfinished file", "TEP_GHI_DO", Weight::Note, |f| {
            fs::write(f.root().join("checkpoint.tmp"), "x").unwrap()
        }),
        ("evidence", "BANG_CHUNG", Weight::Warning, |f| {
            fs::write(f.evidence().join("two-heads.0"), "x").unwrap()
        }),
    ];
    for (harm, code, weight, do_it) in harms {
        let province = province();
        do_it(&province.folder(&org("HTX-1")));
        let report = report(&province, "HTX-1");
        assert!(codes(&report).contains(&code), "{harm}: {report}");
        assert_eq!(report.worst(), Some(weight), "{harm}: {report}");
    }
}

#[test]
fn the_position_of_a_changed_entry_is_named() {
    let province = province();
    let folder = province.folder(&org(SO));
    let mut records = Vec::new();
    survey(&folder.log(), |_, bytes| records.push(bytes.to_vec())).unwrap();
    for place in 0..records.len() {
        let mut changed = records.clone();
        let last = changed[place].len() - 1;
        changed[place][last] ^= 1;
        fs::write(
            folder.log(),
            crate::files::encode_records(&changed).unwrap(),
        )
        .unwrap();
        let report = report(&province, SO);
        let found = report
            .findings
            .iter()
            .find(|finding| finding.code == "SO_CAI_BI_SUA")
            .unwrap();
        assert!(
            found.vi.contains(&format!("vị trí {place}.")),
            "{}",
            found.vi
        );
    }
}

#[test]
fn a_running_node_is_not_checked_behind_its_back() {
    let province = province();
    let _so = province.open(SO);
    assert!(matches!(
        check(&province.folder(&org(SO))),
        Err(FsckError::Lock(LockError::Held(_)))
    ));
}
