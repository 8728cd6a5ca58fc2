//! Checkpoints, cosignatures and map heads that do not do.

use ledger_core::bundle::Bundle;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::Hash;
use ledger_core::note::{Note, NoteSigner};
use ledger_core::vkey::KeyName;

use crate::inprocess::{InProcess, ORIGIN, cosigned, fixed_key, log_key};
use crate::sample::VALIDATORS;

use super::base::{COSIGNED, NOW};
use super::{Base, Case, Fault, Story};

pub fn stories() -> Vec<Story> {
    vec![
        Story::new("under_quorum", "three of six validators cosigned", |base| {
            let three = three_of_six(base)?;
            base.changed("B-0105", |bundle| bundle.checkpoint = three)
        }),
        Story::new(
            "recall_under_quorum",
            "a recall shows without a quorum",
            |base| {
                let three = three_of_six(base)?;
                base.changed("B-0904", |bundle| bundle.checkpoint = three)
            },
        ),
        Story::new(
            "stale",
            "the newest cosignatures are three days old",
            |base| seen_at(base, COSIGNED + 3 * 86_400),
        ),
        Story::new(
            "from_the_future",
            "the head is an hour ahead of this clock",
            |base| seen_at(base, COSIGNED - 3_600),
        ),
        Story::new(
            "bad_cosignature",
            "a known validator's line does not hold",
            |base| {
                let changed = flip_last_line(&base.note.to_text());
                base.changed("B-0105", |bundle| bundle.checkpoint = changed)
            },
        ),
        Story::new(
            "other_log_key",
            "the checkpoint is signed by another log key",
            |base| {
                let honest = Checkpoint::of(&base.ledger.checkpoint()?)?;
                let key = fixed_key("another log");
                let signed = honest.sign(&NoteSigner::new(KeyName::new(ORIGIN)?, &key))?;
                head_replaced(base, &signed)
            },
        ),
        Story::new(
            "other_root",
            "the quorum signed another tree of that size",
            |base| {
                let size = base.ledger.replica.size();
                let forked = Checkpoint::new(ORIGIN, size, Hash([7; 32]))?;
                let key = log_key();
                let signed = forked.sign(&NoteSigner::new(KeyName::new(ORIGIN)?, &key))?;
                head_replaced(base, &signed)
            },
        ),
        Story::new(
            "older_head",
            "a newer checkpoint with an older map head",
            older_head,
        ),
    ]
}

fn three_of_six(base: &Base) -> Result<String, Fault> {
    let bare = base.ledger.checkpoint()?;
    Ok(cosigned(&bare, &VALIDATORS[..3], COSIGNED)?.to_text())
}

fn seen_at(base: &mut Base, now: u64) -> Result<Case, Fault> {
    let good = base.bundle("B-0105")?.encode();
    base.case(&good, now)
}

fn head_replaced(base: &mut Base, note: &Note) -> Result<Case, Fault> {
    let text = cosigned(note, &VALIDATORS, COSIGNED)?.to_text();
    base.changed("B-0105", |bundle| bundle.checkpoint = text)
}

/// A newer checkpoint with the map head from before the newest events.
fn older_head(base: &mut Base) -> Result<Case, Fault> {
    let old = base.bundle("B-0105")?;
    let mut ledger = InProcess::with_sample(&base.sample)?;
    ledger.publish(COSIGNED)?;
    let newer = ledger.publish(COSIGNED + 60)?;
    let mixed = Bundle {
        checkpoint: newer.to_text(),
        ..old
    };
    base.case(&mixed.encode(), NOW)
}

/// Another character within the signature of the note's last line.
fn flip_last_line(note: &str) -> String {
    let at = note.len() - 12;
    let other = if note.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &note[..at], &note[at + 1..])
}
