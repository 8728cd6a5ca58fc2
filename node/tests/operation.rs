//! The program as an operator uses it: sealed keys, a backup carried to another folder, the unit file.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, without a terminal and without a passphrase unless one is given.
fn node(data: &Path, passphrase: Option<&Path>, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_node"));
    command.arg("--data").arg(data).args(args);
    command.env_remove("CREDENTIALS_DIRECTORY");
    match passphrase {
        Some(path) => command.env("OCOP_PASSPHRASE_FILE", path),
        None => command.env_remove("OCOP_PASSPHRASE_FILE"),
    };
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

fn well(output: Output) -> String {
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    said
}

/// A department's folder, and passphrases beside it.
struct Department {
    dir: tempfile::TempDir,
    data: PathBuf,
}

impl Department {
    fn new() -> Department {
        let dir = tempfile::tempdir().unwrap();
        let (member, data) = (dir.path().join("htx"), dir.path().join("so"));
        let name = ["--validator-name", "htx.example/1"];
        let keys = well(node(
            &member,
            None,
            &[&["init", "--member", "HTX-1"][..], &name].concat(),
        ));
        let validator = keys
            .lines()
            .find(|line| line.contains("(validator)"))
            .unwrap();
        let validator = validator.split_whitespace().last().unwrap();
        let ledger = [
            "init",
            "--authority",
            "SO",
            "--origin",
            "so.example/mau",
            "--validator",
            validator,
        ];
        well(node(&data, None, &ledger));
        Department { dir, data }
    }

    fn passphrase(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

#[test]
fn keys_are_sealed_under_a_passphrase_and_useless_without_it() {
    let department = Department::new();
    let data = &department.data;
    let plain = well(node(data, None, &["keys", "list"]));
    let right = department.passphrase("right", "xoài cát Hòa Lộc\n");
    let wrong = department.passphrase("wrong", "xoài keo ba màu\n");
    let seed = fs::read_to_string(data.join("keys/log.key")).unwrap();
    let seed = seed
        .lines()
        .last()
        .unwrap()
        .strip_prefix("seed ")
        .unwrap()
        .to_owned();

    well(node(
        data,
        None,
        &["keys", "seal", "--passphrase-file", right.to_str().unwrap()],
    ));
    for entry in fs::read_dir(data.join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("ocop-key-sealed/v1\n") && !text.contains(&seed),
            "{path:?}"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{path:?}");
        }
    }
    assert_eq!(well(node(data, Some(&right), &["keys", "list"])), plain);
    let without = node(data, None, &["keys", "list"]);
    assert!(
        !without.status.success() && said(&without).contains("chưa có mật khẩu"),
        "{}",
        said(&without)
    );
    let with_wrong = node(data, Some(&wrong), &["keys", "list"]);
    assert!(!with_wrong.status.success() && said(&with_wrong).contains("Mật khẩu không mở được"));
    // A node does not start without it either.
    assert!(said(&node(data, None, &["run"])).contains("chưa có mật khẩu"));

    // A new key is sealed as the old one was, and the old one is kept.
    let rotated = well(node(data, Some(&right), &["keys", "rotate", "peer"]));
    assert!(rotated.contains("retired"), "{rotated}");
    assert!(
        fs::read_to_string(data.join("keys/peer.key"))
            .unwrap()
            .starts_with("ocop-key-sealed")
    );
    assert_eq!(
        node(data, Some(&right), &["keys", "rotate", "log"])
            .status
            .code(),
        Some(2)
    );

    well(node(data, Some(&right), &["keys", "open"]));
    assert!(
        fs::read_to_string(data.join("keys/log.key"))
            .unwrap()
            .contains(&seed)
    );
    let short = department.passphrase("short", "ngắn\n");
    let refused = node(
        data,
        None,
        &["keys", "seal", "--passphrase-file", short.to_str().unwrap()],
    );
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[test]
fn a_backup_is_one_command_and_so_is_restoring_it() {
    let department = Department::new();
    let (copy, restored) = (
        department.dir.path().join("copy"),
        department.dir.path().join("restored"),
    );
    well(node(
        &department.data,
        None,
        &["backup", copy.to_str().unwrap()],
    ));
    let told = well(node(&restored, None, &["restore", copy.to_str().unwrap()]));
    assert!(told.contains("node run"), "{told}");
    assert!(well(node(&restored, None, &["fsck"])).contains("DANG_HOC_LAI"));
    let again = node(&restored, None, &["restore", copy.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2));
    fs::remove_file(copy.join("backup.list")).unwrap();
    let elsewhere = department.dir.path().join("elsewhere");
    let interrupted = node(&elsewhere, None, &["restore", copy.to_str().unwrap()]);
    assert!(interrupted.status.code() == Some(3) && !elsewhere.join("genesis.cbor").exists());
}

#[test]
fn systemd_accepts_the_unit_file_and_finds_its_sandbox_tight() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ocop-node.service");
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().join("ocop-node.service");
    // The program need not be installed for the rest to be looked at.
    let text = fs::read_to_string(unit).unwrap();
    fs::write(&here, text.replace("/usr/bin/ocop-node", "/bin/true")).unwrap();
    let analyze = |args: &[&str]| {
        Command::new("systemd-analyze")
            .args(args)
            .arg(&here)
            .output()
    };
    let Ok(verified) = analyze(&["verify"]) else {
        eprintln!("NOT CHECKED: there is no systemd-analyze on this machine");
        return;
    };
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{}",
        said(&verified)
    );
    // Tenths: 2.0 of 10, where 10 is no sandbox at all.
    let secure = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"]).unwrap();
    assert!(secure.status.success(), "{}", said(&secure));
}
