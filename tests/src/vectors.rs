//! The contract between the two verifiers: bundles with what must be said of them, one behaviour a file.
//!
//! `cargo run -p tests --example vectors` writes them to `ledger-core/vectors/`; a test holds that they are
//! regenerated unchanged and that Rust agrees; another runs them in Chromium by the page's own modules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger_core::anchor::Anchor;
use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::kind::Kind;
use ledger_core::note::Note;
use ledger_core::sign::Envelope;
use ledger_core::subject::Subject;
use ledger_core::verify::{Finding, Verdict, verify};
use serde::{Deserialize, Serialize};

use crate::inprocess::{InProcess, cosigned};
use crate::sample::{Sample, VALIDATORS};

/// When the heads of the vectors are cosigned: 2026-10-19T10:00+07:00.
const COSIGNED: u64 = 1_792_378_800;
/// When the vectors are verified: an hour later.
const NOW: u64 = COSIGNED + 3_600;

/// Why a vector could not be made; only ever printed.
type Fault = Box<dyn std::error::Error>;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// The file's name.
    pub name: String,
    /// What it shows.
    pub shows: String,
    /// Seconds since 1970 by the verifier's clock.
    pub now: u64,
    /// The trust anchor.
    pub anchor: String,
    /// The bundle, base64.
    pub bundle: String,
    /// What must be said.
    pub expect: Expected,
}

/// What must be said of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Whether the bytes are no bundle at all; then nothing else is said.
    pub refused: bool,
    /// The state line.
    pub state: String,
    /// Every statement.
    pub statements: BTreeMap<String, String>,
    /// The lot, `organisation/number`.
    pub lot: Option<String>,
    /// Codes of the notices, in order.
    pub notices: Vec<String>,
    /// Ancestors.
    pub ancestors: Vec<String>,
    /// Source places.
    pub sources: Vec<String>,
    /// Owners.
    pub organisations: Vec<String>,
    /// Hand-overs: lot, receiver, `confirmed` or `unconfirmed`.
    pub handovers: Vec<[String; 3]>,
}

impl Expected {
    /// What Rust says.
    pub fn of(bundle: &[u8], anchor: &Anchor, now: u64) -> Expected {
        match verify(bundle, anchor, now) {
            Ok(verdict) => Expected::told(&verdict),
            Err(_) => Expected {
                refused: true,
                state: "unconfirmed".into(),
                statements: BTreeMap::new(),
                lot: None,
                notices: Vec::new(),
                ancestors: Vec::new(),
                sources: Vec::new(),
                organisations: Vec::new(),
                handovers: Vec::new(),
            },
        }
    }

    fn told(verdict: &Verdict) -> Expected {
        let history = verdict.history.as_ref();
        let texts = |items: Option<Vec<String>>| items.unwrap_or_default();
        let step = |step: &ledger_core::family::Handover| {
            let word = if step.confirmed {
                "confirmed"
            } else {
                "unconfirmed"
            };
            [
                step.lot.to_string(),
                step.receiver.to_string(),
                word.to_owned(),
            ]
        };
        let statement = |finding: &Finding| {
            (
                finding.statement.name().to_owned(),
                finding.proof.word().to_owned(),
            )
        };
        Expected {
            refused: false,
            state: verdict.state.word().into(),
            statements: verdict.statements.iter().map(statement).collect(),
            lot: verdict.lot.as_ref().map(ToString::to_string),
            notices: texts(
                history.map(|h| h.notices.iter().map(|n| n.code().to_owned()).collect()),
            ),
            ancestors: texts(
                history.map(|h| h.ancestors.iter().map(ToString::to_string).collect()),
            ),
            sources: texts(history.map(|h| h.sources.iter().map(ToString::to_string).collect())),
            organisations: texts(
                history.map(|h| h.organisations.iter().map(ToString::to_string).collect()),
            ),
            handovers: history
                .map(|h| h.handovers.iter().map(step).collect())
                .unwrap_or_default(),
        }
    }
}

/// Where the files lie.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ledger-core/vectors")
}

/// A whole sample ledger with a head under the full quorum, and what the tampering starts from.
struct Maker {
    sample: Sample,
    ledger: InProcess,
    note: Note,
    made: Vec<Vector>,
}

/// Makes every vector anew; deterministic.
///
/// # Errors
/// When the sample or the core is at fault.
pub fn make() -> Result<Vec<Vector>, Fault> {
    let sample = Sample::load(&crate::inprocess::sample_folder())?;
    let mut ledger = InProcess::with_sample(&sample)?;
    let note = ledger.publish(COSIGNED)?;
    let mut maker = Maker {
        sample,
        ledger,
        note,
        made: Vec::new(),
    };
    maker.stories()?;
    maker.lists()?;
    maker.envelopes()?;
    maker.heads()?;
    maker.codes()?;
    maker.shapes()?;
    Ok(maker.made)
}

impl Maker {
    fn code(&self, batch: &str) -> PrintedCode {
        self.sample
            .codes(batch)
            .into_iter()
            .next()
            .unwrap_or_else(|| unreachable!("{batch} has a code"))
    }

    fn bundle(&mut self, batch: &str) -> Result<Bundle, Fault> {
        let code = self.code(batch);
        Ok(self.ledger.bundle(&self.note, &code)?)
    }

    fn add(&mut self, name: &str, shows: &str, bytes: &[u8], now: u64) {
        let anchor = self.ledger.anchor();
        self.made.push(Vector {
            name: name.to_owned(),
            shows: shows.to_owned(),
            now,
            anchor: anchor.text().to_owned(),
            bundle: STANDARD.encode(bytes),
            expect: Expected::of(bytes, anchor, now),
        });
    }

    fn change(
        &mut self,
        name: &str,
        shows: &str,
        batch: &str,
        change: impl FnOnce(&mut Bundle),
    ) -> Result<(), Fault> {
        let mut bundle = self.bundle(batch)?;
        change(&mut bundle);
        self.add(name, shows, &bundle.encode(), NOW);
        Ok(())
    }

    fn stories(&mut self) -> Result<(), Fault> {
        let batches: Vec<String> = self
            .sample
            .expectations()
            .iter()
            .map(|row| row.batch_id.clone())
            .collect();
        for batch in batches {
            let name = format!("story_{}", batch.to_lowercase().replace('-', "_"));
            self.change(
                &name,
                "a finished batch of the sample, honestly served",
                &batch,
                |_| (),
            )?;
        }
        Ok(())
    }

    /// Things left out or put elsewhere.
    fn lists(&mut self) -> Result<(), Fault> {
        self.change(
            "left_out_recall",
            "the recall is left out of events and list",
            "B-0904",
            |bundle| {
                let recall = position(bundle, Kind::Recall);
                leave_out(bundle, recall);
            },
        )?;
        self.change(
            "left_out_event",
            "an event is left out, its list keeps the place",
            "B-0105",
            |bundle| {
                bundle.events.pop();
            },
        )?;
        self.change(
            "left_out_ancestor",
            "the list of an ancestor lot is left out",
            "B-0105",
            |bundle| {
                let lot = bundle
                    .subjects
                    .iter()
                    .position(|(subject, _)| matches!(subject, Subject::Lot(_)));
                lot.map(|at| bundle.subjects.remove(at));
            },
        )?;
        self.change(
            "swapped_events",
            "two events of one device changed places",
            "B-0105",
            |bundle| {
                let (a, b) = two_of_one_device(bundle);
                let envelope = bundle.events[a].1.clone();
                bundle.events[a].1 = std::mem::replace(&mut bundle.events[b].1, envelope);
            },
        )?;
        self.change(
            "surplus_event",
            "an event that stands in no list",
            "B-0105",
            |bundle| {
                let index = bundle.head.index.0 - 1;
                bundle
                    .events
                    .push((LeafIndex(index), bundle.events[0].1.clone()));
            },
        )?;
        self.change(
            "changed_map_proof",
            "one byte of the map proof is another",
            "B-0105",
            |bundle| {
                let last = bundle.map.len() - 1;
                bundle.map[last] ^= 1;
            },
        )
    }

    /// Envelopes that are not what was logged.
    fn envelopes(&mut self) -> Result<(), Fault> {
        self.change(
            "changed_byte_in_event",
            "one byte of a signed event is another",
            "B-0105",
            |bundle| {
                let (_, bytes) = &mut bundle.events[20];
                let at = bytes.len() - 70;
                bytes[at] ^= 1;
            },
        )?;
        self.change(
            "changed_signature",
            "one byte of a signature is another",
            "B-0105",
            |bundle| {
                let (_, bytes) = &mut bundle.events[20];
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            },
        )?;
        let forged = self.forged_release();
        self.change(
            "forged_release",
            "a release signed by a key that nobody enrolled",
            "B-0904",
            |bundle| {
                let recall = position(bundle, Kind::Recall);
                bundle.events[recall].1 = forged;
            },
        )?;
        self.change(
            "forged_opening",
            "an opening says another name than was committed to",
            "B-1004",
            |bundle| {
                let opening = &mut bundle.openings[0];
                let last = opening.len() - 1;
                opening[last] = opening[last].wrapping_add(1);
            },
        )
    }

    fn forged_release(&self) -> Vec<u8> {
        let key = crate::inprocess::fixed_key("a stranger");
        let recall = self
            .ledger
            .logged
            .iter()
            .find(|logged| logged.event.body().kind == Kind::Recall);
        let recall = recall.unwrap_or_else(|| unreachable!("the sample has a recall"));
        let body = ledger_core::body::Body {
            lots: recall.event.body().lots.clone(),
            ..ledger_core::body::Body::new(Kind::Release)
        };
        let draft = ledger_core::sign::Draft {
            occurred: recall.event.occurred(),
            signed: recall.event.signed(),
            body,
        };
        let ledger = self.ledger.replica.ledger_id();
        draft
            .sign(&key, &ledger, recall.event.iss(), *recall.event.link())
            .bytes()
            .to_vec()
    }

    /// Checkpoints and map heads that do not do.
    fn heads(&mut self) -> Result<(), Fault> {
        let bare = self.ledger.checkpoint()?;
        let three = cosigned(&bare, &VALIDATORS[..3], COSIGNED)?.to_text();
        self.change(
            "under_quorum",
            "three of six validators cosigned",
            "B-0105",
            |b| b.checkpoint = three.clone(),
        )?;
        self.change(
            "recall_under_quorum",
            "a recall shows without a quorum",
            "B-0904",
            |b| b.checkpoint = three,
        )?;
        let good = self.bundle("B-0105")?.encode();
        self.add(
            "stale",
            "the newest cosignatures are three days old",
            &good,
            COSIGNED + 3 * 86_400,
        );
        self.add(
            "from_the_future",
            "the head is an hour ahead of this clock",
            &good,
            COSIGNED - 3_600,
        );
        let mixed = self.note.to_text().replacen("AAAAAG", "AAAAAH", 1);
        let changed = if mixed == self.note.to_text() {
            flip_last_line(&mixed)
        } else {
            mixed
        };
        self.change(
            "bad_cosignature",
            "a known validator's line does not hold",
            "B-0105",
            |b| b.checkpoint = changed,
        )?;
        let other = crate::inprocess::fixed_key("another log");
        self.forked_checkpoint(&other)?;
        self.older_head()
    }

    fn forked_checkpoint(&mut self, other: &ed25519_dalek::SigningKey) -> Result<(), Fault> {
        let name = || ledger_core::vkey::KeyName::new(crate::inprocess::ORIGIN);
        let text = self.ledger.checkpoint()?;
        let size = self.ledger.replica.size();
        let honest = ledger_core::checkpoint::Checkpoint::of(&text)?;
        let wrong_key = honest.sign(&ledger_core::note::NoteSigner::new(name()?, other))?;
        let wrong_key = cosigned(&wrong_key, &VALIDATORS, COSIGNED)?.to_text();
        self.change(
            "other_log_key",
            "the checkpoint is signed by another log key",
            "B-0105",
            |b| {
                b.checkpoint = wrong_key;
            },
        )?;
        let forked = ledger_core::checkpoint::Checkpoint::new(
            crate::inprocess::ORIGIN,
            size,
            Hash([7; 32]),
        )?;
        let key = crate::inprocess::log_key();
        let forked = forked.sign(&ledger_core::note::NoteSigner::new(name()?, &key))?;
        let forked = cosigned(&forked, &VALIDATORS, COSIGNED)?.to_text();
        self.change(
            "other_root",
            "the quorum signed another tree of that size",
            "B-0105",
            |b| b.checkpoint = forked,
        )
    }

    /// A newer checkpoint with the map head from before the newest events.
    fn older_head(&mut self) -> Result<(), Fault> {
        let old = self.bundle("B-0105")?;
        let mut ledger = InProcess::with_sample(&self.sample)?;
        ledger.publish(COSIGNED)?;
        let newer = ledger.publish(COSIGNED + 60)?;
        let mixed = Bundle {
            checkpoint: newer.to_text(),
            ..old
        };
        self.add(
            "older_head",
            "a newer checkpoint with an older map head",
            &mixed.encode(),
            NOW,
        );
        Ok(())
    }

    fn codes(&mut self) -> Result<(), Fault> {
        let unknown = PrintedCode::gs1("02082600000015".parse()?, "KHONGCO")?;
        let absent = self.ledger.bundle(&self.note, &unknown)?;
        self.add(
            "unknown_code",
            "the code is proven to be absent",
            &absent.encode(),
            NOW,
        );
        let hidden = Bundle {
            code: self.code("B-0105"),
            ..absent
        };
        self.add(
            "hidden_code",
            "another code's absence shown for a bound code",
            &hidden.encode(),
            NOW,
        );
        let other = self.code("B-0304");
        self.change(
            "code_of_another_lot",
            "another code than the bundle was made for",
            "B-0105",
            |b| b.code = other,
        )?;
        self.change(
            "emptied_code",
            "the code's list is emptied, its binding left out",
            "B-0105",
            |bundle| {
                let bind = position(bundle, Kind::Bind);
                leave_out(bundle, bind);
            },
        )?;
        let text = self
            .ledger
            .anchor()
            .text()
            .replacen("ledger ", "ledger 0", 1);
        let start = text.find("ledger 0").unwrap_or(0) + "ledger ".len();
        let mut other_ledger = text.clone();
        other_ledger.remove(start + 64);
        let bundle = self.bundle("B-0105")?.encode();
        let anchor = Anchor::parse(&other_ledger)?;
        self.made.push(Vector {
            name: "other_ledger".into(),
            shows: "a genuine bundle of another ledger than the anchor's".into(),
            now: NOW,
            anchor: other_ledger,
            expect: Expected::of(&bundle, &anchor, NOW),
            bundle: STANDARD.encode(&bundle),
        });
        Ok(())
    }

    /// Bytes that are no bundle.
    fn shapes(&mut self) -> Result<(), Fault> {
        let good = self.bundle("B-0105")?.encode();
        self.add(
            "truncated",
            "the last byte is missing",
            &good[..good.len() - 1],
            NOW,
        );
        self.add(
            "trailing_byte",
            "a byte follows",
            &[&good[..], &[0]].concat(),
            NOW,
        );
        self.add(
            "not_cbor",
            "words instead of a bundle",
            "Có hồ sơ nguồn gốc".as_bytes(),
            NOW,
        );
        self.add("empty", "nothing at all", &[], NOW);
        Ok(())
    }
}

fn events(bundle: &Bundle) -> impl Iterator<Item = (usize, Envelope)> + '_ {
    bundle
        .events
        .iter()
        .enumerate()
        .filter_map(|(at, (_, bytes))| Some((at, Envelope::parse(bytes).ok()?)))
}

fn position(bundle: &Bundle, kind: Kind) -> usize {
    let found = events(bundle).find(|(_, envelope)| envelope.payload().draft.body.kind == kind);
    found.map_or_else(|| unreachable!("the bundle has a {kind:?}"), |(at, _)| at)
}

/// Takes an event out of the bundle and out of every list.
fn leave_out(bundle: &mut Bundle, at: usize) {
    let (index, _) = bundle.events.remove(at);
    bundle
        .subjects
        .iter_mut()
        .for_each(|(_, list)| list.retain(|place| *place != index));
}

fn two_of_one_device(bundle: &Bundle) -> (usize, usize) {
    let all: Vec<(usize, Envelope)> = events(bundle).collect();
    let pair = all.iter().flat_map(|a| all.iter().map(move |b| (a, b)));
    let same = |((i, a), (j, b)): &(&(usize, Envelope), &(usize, Envelope))| {
        i < j && a.device() == b.device()
    };
    let found = pair.into_iter().find(same);
    found.map_or_else(
        || unreachable!("some device signed twice"),
        |((i, _), (j, _))| (*i, *j),
    )
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
