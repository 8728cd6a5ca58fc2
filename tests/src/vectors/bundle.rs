//! Cases of type `bundle`: a bundle, the anchor and the present, and what must be said.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger_core::anchor::Anchor;
use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::family::Handover;
use ledger_core::ids::Hash;
use ledger_core::kind::Kind;
use ledger_core::sign::Envelope;
use ledger_core::verify::{Finding, PrivatePart, Proof, Verdict, verify, verify_for};
use serde::{Deserialize, Serialize};

/// A bundle and what must be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleCase {
    /// Seconds since 1970 by the verifier's clock.
    pub now: u64,
    /// The trust anchor.
    pub anchor: String,
    /// The bundle, base64.
    pub bundle: String,
    /// The code that was asked for, where it may be another than the bundle's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What must be said.
    pub expect: Expected,
    /// Who says so, why not, and as of when.
    pub findings: Findings,
}

impl BundleCase {
    /// The case with what Rust says of it.
    pub fn of(bytes: &[u8], anchor: &Anchor, now: u64) -> BundleCase {
        BundleCase::told(bytes, anchor, now, None, verify(bytes, anchor, now).ok())
    }

    /// The same, where a certain code was asked for.
    pub fn asked(asked: &PrintedCode, bytes: &[u8], anchor: &Anchor, now: u64) -> BundleCase {
        let verdict = verify_for(asked, bytes, anchor, now).ok();
        BundleCase::told(bytes, anchor, now, Some(asked.canonical()), verdict)
    }

    fn told(
        bytes: &[u8],
        anchor: &Anchor,
        now: u64,
        asked: Option<String>,
        verdict: Option<Verdict>,
    ) -> BundleCase {
        BundleCase {
            now,
            anchor: anchor.text().to_owned(),
            bundle: STANDARD.encode(bytes),
            asked,
            expect: verdict
                .as_ref()
                .map_or_else(Expected::refused, Expected::told),
            findings: verdict.as_ref().map(Findings::told).unwrap_or_default(),
        }
    }
}

/// What a verdict says besides: section 13.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Since when the quorum stands, seconds since 1970.
    pub as_of: Option<u64>,
    /// When the quorum was first reached, seconds since 1970.
    pub reached: Option<u64>,
    /// Why a statement is not proven, as a stable word.
    pub why: BTreeMap<String, String>,
    /// By whom, or where the fault lies; statements without are left out.
    pub by: BTreeMap<String, Vec<String>>,
    /// Commitment, hex → `withheld`, `opened` or `erased`.
    pub privates: BTreeMap<String, String>,
}

impl Findings {
    fn told(verdict: &Verdict) -> Findings {
        let name = |finding: &Finding| finding.statement.name().to_owned();
        let all = || verdict.statements.iter();
        let lacking = all().filter(|finding| finding.proof != Proof::Proven);
        let named = all().filter(|finding| !finding.by.is_empty());
        let private =
            |(hash, part): (&Hash, &PrivatePart)| (hex::encode(hash.0), part.word().to_owned());
        Findings {
            as_of: verdict.as_of,
            reached: verdict.reached,
            why: lacking
                .map(|finding| (name(finding), finding.detail.to_owned()))
                .collect(),
            by: named
                .map(|finding| (name(finding), finding.by.clone()))
                .collect(),
            privates: verdict.privates.iter().map(private).collect(),
        }
    }
}

/// What must be said of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    fn refused() -> Expected {
        Expected {
            refused: true,
            state: "unconfirmed".into(),
            ..Expected::default()
        }
    }

    fn told(verdict: &Verdict) -> Expected {
        let mut expected = Expected {
            state: verdict.state.word().into(),
            statements: verdict.statements.iter().map(word).collect(),
            lot: verdict.lot.as_ref().map(ToString::to_string),
            ..Expected::default()
        };
        if let Some(history) = &verdict.history {
            expected.notices = texts(history.notices.iter().map(|notice| notice.code()));
            expected.ancestors = texts(&history.ancestors);
            expected.sources = texts(&history.sources);
            expected.organisations = texts(&history.organisations);
            expected.handovers = history.handovers.iter().map(step).collect();
        }
        expected
    }
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

fn word(finding: &Finding) -> (String, String) {
    let name = finding.statement.name().to_owned();
    (name, finding.proof.word().to_owned())
}

fn step(step: &Handover) -> [String; 3] {
    let word = if step.confirmed {
        "confirmed"
    } else {
        "unconfirmed"
    };
    let (lot, receiver) = (step.lot.to_string(), step.receiver.to_string());
    [lot, receiver, word.to_owned()]
}

/// The bundle's events that are well formed, with their positions in it.
pub fn events(bundle: &Bundle) -> impl Iterator<Item = (usize, Envelope)> + '_ {
    bundle
        .events
        .iter()
        .enumerate()
        .filter_map(|(at, (_, bytes))| Some((at, Envelope::parse(bytes).ok()?)))
}

/// Position of the first event of a kind.
pub fn position(bundle: &Bundle, kind: Kind) -> usize {
    let found = events(bundle).find(|(_, envelope)| envelope.payload().draft.body.kind == kind);
    found.map_or_else(|| unreachable!("the bundle has a {kind:?}"), |(at, _)| at)
}

/// Takes an event out of the bundle and out of every list.
pub fn leave_out(bundle: &mut Bundle, at: usize) {
    let (index, _) = bundle.events.remove(at);
    bundle
        .subjects
        .iter_mut()
        .for_each(|(_, list)| list.retain(|place| *place != index));
}
