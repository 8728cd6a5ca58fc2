//! What we print is read by a reader that is not ours: zbarimg of Debian's zbar-tools.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;
use std::process::Command;

use ledger_core::code::{PrintedCode, ScanTarget};
use qr_service::qr::{Qr, SCALE_MAX_PIXELS, SCALE_MIN_PIXELS};

/// The text that zbarimg finds in a PNG.
fn read(file: &Path) -> String {
    let output = Command::new("zbarimg")
        .args([
            "--quiet",
            "--raw",
            "--set",
            "disable",
            "--set",
            "qrcode.enable",
        ])
        .arg(file)
        .output()
        .expect("zbarimg must be installed for this test: apt-get install zbar-tools");
    assert!(
        output.status.success(),
        "zbarimg found no code in {}: {output:?}",
        file.display()
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end_matches('\n')
        .to_owned()
}

fn write_and_read(text: &str, scale_pixels: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.png");
    std::fs::write(&file, Qr::encode(text).unwrap().png(scale_pixels).unwrap()).unwrap();
    read(&file)
}

#[test]
fn texts_come_back_at_every_scale() {
    let longest_lot = "%2F".repeat(20);
    let texts = [
        "https://truyxuat.dongthap.example/01/02082600000015/10/XCC261012A1".to_owned(),
        "HTTPS://TXNG.EXAMPLE/01/02082600000121/10/NM260620".to_owned(),
        "https://txng.example/01/02082600000091/10/BGSD%2F2026%2B03".to_owned(),
        format!("https://truyxuat.dongthap.example/01/02082600000015/10/{longest_lot}"),
        "https://txng.example/t/38C57RHV2".to_owned(),
        "http://127.0.0.1:8080/t/MCKW5M6M7".to_owned(),
        // A Vietnamese lot number behind a private address, as browsers escape it.
        "https://txng.example/class/htx-dong-trang/kho-ca/lot/L%C3%94-%C4%90%E1%BB%9Et-1"
            .to_owned(),
    ];
    for text in &texts {
        for scale in [SCALE_MIN_PIXELS, 3, 4, 8, SCALE_MAX_PIXELS] {
            assert_eq!(
                &write_and_read(text, scale),
                text,
                "{scale} pixels per module"
            );
        }
    }
}

#[test]
fn longest_text_comes_back() {
    let text = "https://txng.example/".to_owned() + &"a1B2".repeat(200);
    let text = &text[..qr_service::qr::TEXT_MAX_BYTES];
    assert_eq!(write_and_read(text, 4), text);
}

#[test]
fn a_scanned_label_leads_back_to_its_code() {
    let gtin = "2082600000015".parse().unwrap();
    let all_kinds = ["XCC261012A1", "A/B+C%41", "<\"&'>?", "12345678901234567890"];
    for lot in all_kinds {
        let code = PrintedCode::gs1(gtin, lot).unwrap();
        let scanned = write_and_read(&format!("https://txng.example{}", code.url_path()), 4);
        let path = scanned.strip_prefix("https://txng.example").unwrap();
        assert_eq!(ScanTarget::from_url_path(path), Ok(ScanTarget::Code(code)));
    }
}
