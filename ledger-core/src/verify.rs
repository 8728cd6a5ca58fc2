//! Bundle + anchor + present → a list of statements (`docs/formats.md` section 13). Never a bare boolean.
//!
//! In scope: what the bytes prove. Out of scope: words for people, and the clock: the present is an argument.
//! `web-verify/page/verify.js` is the second implementation; both run `ledger-core/vectors/`.

use std::collections::{BTreeMap, BTreeSet};

use crate::anchor::Anchor;
use crate::bundle::{Bundle, BundleError, wanted_subjects};
use crate::family::{Creations, Fact, resolve};
use crate::genesis::{Genesis, ledger_id};
use crate::ids::{DeviceKey, EventId, Hash, LeafIndex, LotId};
use crate::kind::{Kind, Who};
use crate::lot::{LotHistory, LotState};
use crate::map::{MapKey, list_root};
use crate::map_proof::{Answer, verify_proof};
use crate::merkle::{leaf_hash, verify_inclusion};
use crate::note::Note;
use crate::quorum::{Evaluation, Standing};
use crate::roster::{Referred, Roster};
use crate::sign::{Envelope, SignedEvent, event_id};
use crate::subject::{Subject, own_subjects};
use crate::time::{Date, Timestamp};

/// A head from the future is only a wrong clock, up to this much.
pub const CLOCK_SKEW_SECONDS: u64 = 300;

/// What is stated; the names of section 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // section 13 says each
pub enum Statement {
    Ledger,
    Checkpoint,
    Witnessed,
    Fresh,
    MapHead,
    Complete,
    Signatures,
    Members,
    Order,
    Code,
    Ancestry,
    Handover,
    Openings,
}

impl Statement {
    /// Every statement, in the order of the specification.
    pub const ALL: [Statement; 13] = [
        Statement::Ledger,
        Statement::Checkpoint,
        Statement::Witnessed,
        Statement::Fresh,
        Statement::MapHead,
        Statement::Complete,
        Statement::Signatures,
        Statement::Members,
        Statement::Order,
        Statement::Code,
        Statement::Ancestry,
        Statement::Handover,
        Statement::Openings,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Statement::Ledger => "ledger",
            Statement::Checkpoint => "checkpoint",
            Statement::Witnessed => "witnessed",
            Statement::Fresh => "fresh",
            Statement::MapHead => "map_head",
            Statement::Complete => "complete",
            Statement::Signatures => "signatures",
            Statement::Members => "members",
            Statement::Order => "order",
            Statement::Code => "code",
            Statement::Ancestry => "ancestry",
            Statement::Handover => "handover",
            Statement::Openings => "openings",
        }
    }

    /// Whether a confirmed state needs it.
    pub fn is_needed(self) -> bool {
        !matches!(self, Statement::Handover | Statement::Openings)
    }
}

/// How far a statement is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is.
    Proven,
    /// Something is lacking.
    NotProven(String),
    /// Bytes disagree.
    Contradicted(String),
}

impl Proof {
    /// The word of the specification.
    pub fn word(&self) -> &'static str {
        match self {
            Proof::Proven => "proven",
            Proof::NotProven(_) => "not_proven",
            Proof::Contradicted(_) => "contradicted",
        }
    }
}

/// The state line of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateLine {
    /// The lot's own state, confirmed (recall and hold show unconfirmed too).
    Lot(LotState),
    /// Something that a confirmed state needs is not proven.
    Unconfirmed,
    /// It is proven that the ledger binds no lot to this code.
    UnknownCode,
}

impl StateLine {
    /// A stable word.
    pub fn word(self) -> &'static str {
        match self {
            StateLine::Lot(LotState::Recalled) => "recalled",
            StateLine::Lot(LotState::Held) => "held",
            StateLine::Lot(LotState::Expired) => "expired",
            StateLine::Lot(LotState::Recorded) => "recorded",
            StateLine::Unconfirmed => "unconfirmed",
            StateLine::UnknownCode => "unknown_code",
        }
    }
}

/// The answer of [`verify`].
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Every statement, in the order of the specification.
    pub statements: Vec<(Statement, Proof)>,
    /// The state line.
    pub state: StateLine,
    /// The lot that the code leads to.
    pub lot: Option<LotId>,
    /// Its history, told by the events whose signatures hold.
    pub history: Option<LotHistory>,
    /// Seconds since 1970 as of which the quorum speaks, if there is one.
    pub as_of: Option<u64>,
}

impl Verdict {
    /// How far a statement is shown.
    pub fn proof(&self, statement: Statement) -> Option<&Proof> {
        self.statements
            .iter()
            .find(|(name, _)| *name == statement)
            .map(|(_, proof)| proof)
    }

    /// Whether everything that a confirmed state needs is proven.
    pub fn is_confirmed(&self) -> bool {
        self.statements
            .iter()
            .all(|(name, proof)| !name.is_needed() || *proof == Proof::Proven)
    }
}

/// Checks a bundle. `now` is seconds since 1970 by the verifier's own clock.
///
/// # Errors
/// [`BundleError`] when the bytes are no bundle at all; everything else is a statement.
pub fn verify(bytes: &[u8], anchor: &Anchor, now: u64) -> Result<Verdict, BundleError> {
    let bundle = Bundle::decode(bytes)?;
    let genesis = Genesis::decode(&bundle.genesis).map_err(|_| BundleError::Field("genesis"))?;
    Ok(Check::new(&bundle, &genesis, anchor, now).verdict())
}

/// The business date of a ledger at a moment: the sample's, or today in Vietnam.
pub fn business_date(genesis: &Genesis, now: u64) -> Date {
    genesis
        .sample
        .unwrap_or_else(|| Timestamp::vietnam(i64::try_from(now).unwrap_or(0)).date())
}

fn contradicted(why: impl Into<String>) -> Proof {
    Proof::Contradicted(why.into())
}

fn lacking(why: impl Into<String>) -> Proof {
    Proof::NotProven(why.into())
}

fn proven_if(holds: bool, why: &str) -> Proof {
    if holds {
        Proof::Proven
    } else {
        contradicted(why)
    }
}

/// One run of the verifier: what was read, and what follows from it.
struct Check<'a> {
    bundle: &'a Bundle,
    genesis: &'a Genesis,
    anchor: &'a Anchor,
    now: u64,
    note: Option<Note>,
    /// Events whose signature holds, in log order.
    signed: BTreeMap<LeafIndex, SignedEvent>,
    /// Why some event is not among them.
    bad_signature: Option<String>,
}

impl<'a> Check<'a> {
    fn new(bundle: &'a Bundle, genesis: &'a Genesis, anchor: &'a Anchor, now: u64) -> Check<'a> {
        let mut signed = BTreeMap::new();
        let mut bad_signature = None;
        for (index, bytes) in &bundle.events {
            match Envelope::parse(bytes).and_then(|envelope| envelope.verify(&anchor.ledger())) {
                Ok(event) => drop(signed.insert(*index, event)),
                Err(why) => bad_signature = Some(format!("event {index}: {why}")),
            }
        }
        let note = Note::parse(bundle.checkpoint.as_bytes()).ok();
        Check {
            bundle,
            genesis,
            anchor,
            now,
            note,
            signed,
            bad_signature,
        }
    }

    fn verdict(self) -> Verdict {
        let evaluation = self
            .note
            .as_ref()
            .map(|note| self.anchor.policy().evaluate(note));
        let evaluation = evaluation.as_ref().and_then(|result| result.as_ref().ok());
        let (members, facts) = self.members();
        let creations = Creations::of(&facts);
        let lot = resolve(&self.bundle.code, &facts, &creations);
        let history = lot
            .as_ref()
            .map(|lot| LotHistory::trace(&facts, lot, business_date(self.genesis, self.now)));
        let statements = vec![
            (Statement::Ledger, self.ledger()),
            (
                Statement::Checkpoint,
                proven_if(evaluation.is_some(), "the checkpoint is not the log's"),
            ),
            (Statement::Witnessed, witnessed(evaluation)),
            (Statement::Fresh, self.fresh(evaluation)),
            (Statement::MapHead, self.map_head(evaluation)),
            (Statement::Complete, self.complete(&facts)),
            (
                Statement::Signatures,
                self.bad_signature
                    .clone()
                    .map_or(Proof::Proven, Proof::Contradicted),
            ),
            (Statement::Members, members),
            (Statement::Order, self.order()),
            (
                Statement::Code,
                proven_or_lacking(lot.is_some(), "no binding of this code is in force"),
            ),
            (Statement::Ancestry, ancestry(history.as_ref())),
            (Statement::Handover, handover(history.as_ref())),
            (Statement::Openings, self.openings()),
        ];
        let as_of = evaluation
            .and_then(|e| e.quorum().times())
            .map(|times| times.renewed.seconds());
        let mut verdict = Verdict {
            statements,
            state: StateLine::Unconfirmed,
            lot,
            history,
            as_of,
        };
        verdict.state = state_line(&verdict);
        verdict
    }

    fn ledger(&self) -> Proof {
        let log = self.anchor.policy().logs().iter().any(|log| {
            log.verifier().name().as_str() == self.genesis.origin
                && *log.verifier().key() == self.genesis.log_key
        });
        proven_if(
            ledger_id(&self.bundle.genesis) == self.anchor.ledger() && log,
            "another ledger than the anchor's",
        )
    }

    fn fresh(&self, evaluation: Option<&Evaluation<'_>>) -> Proof {
        let Some(times) = evaluation.and_then(|e| e.quorum().times()) else {
            return lacking("no quorum, so no age");
        };
        let renewed = times.renewed.seconds();
        if renewed > self.now + CLOCK_SKEW_SECONDS {
            return lacking("the head is later than this clock");
        }
        let age = self.now.saturating_sub(renewed);
        if age <= self.anchor.max_age_seconds() {
            Proof::Proven
        } else {
            lacking(format!("{age} seconds old"))
        }
    }

    /// The head is the checkpoint's last leaf, by the sequencer, and names itself.
    fn map_head(&self, evaluation: Option<&Evaluation<'_>>) -> Proof {
        let Some(checkpoint) = evaluation.map(Evaluation::checkpoint) else {
            return lacking("no checkpoint to stand in");
        };
        let head = &self.bundle.head;
        let size = checkpoint.size();
        let leaf = leaf_hash(&head.envelope);
        let is_last = head.index.0.checked_add(1) == Some(size.0);
        if !is_last
            || verify_inclusion(&leaf, head.index, size, &checkpoint.root(), &head.proof).is_err()
        {
            return contradicted("the map head is not the checkpoint's last leaf");
        }
        proven_if(
            self.head_root().is_some(),
            "the map head is not the sequencer's or names another place",
        )
    }

    /// The map root that the head states, if it is the sequencer's and names its own index.
    fn head_root(&self) -> Option<Hash> {
        let event = Envelope::parse(&self.bundle.head.envelope)
            .ok()?
            .verify(&self.anchor.ledger())
            .ok()?;
        let body = event.body();
        let own = event.device() == self.genesis.sequencer
            && *event.iss() == self.genesis.authority
            && body.kind == Kind::MapHead
            && body.size == Some(self.bundle.head.index.0);
        body.root.filter(|_| own)
    }

    /// Every list is whole under the map root, every event is listed where it says, nothing wanted is missing.
    fn complete(&self, facts: &[Fact<'_>]) -> Proof {
        let Some(root) = self.head_root() else {
            return lacking("no map head");
        };
        let keys: Vec<MapKey> = self
            .bundle
            .subjects
            .iter()
            .map(|(subject, _)| subject.key())
            .collect();
        let Ok(answers) = verify_proof(&self.bundle.map, &root, &keys) else {
            return contradicted("the map proof does not lead to the map head");
        };
        let ids: BTreeMap<LeafIndex, EventId> = self
            .bundle
            .events
            .iter()
            .map(|(index, bytes)| (*index, event_id(bytes)))
            .collect();
        if ids.len() != self.bundle.events.len() {
            return contradicted("an event is given twice");
        }
        let mut listed = BTreeSet::new();
        for ((subject, list), answer) in self.bundle.subjects.iter().zip(answers) {
            if !list_matches(list, &ids, &answer) {
                return contradicted(format!("the list of {subject:?} is not the map's"));
            }
            if !list.iter().all(|index| self.names_subject(*index, subject)) {
                return contradicted(format!(
                    "an event in the list of {subject:?} is not about it"
                ));
            }
            listed.extend(list.iter().copied());
        }
        if listed.len() != ids.len() || ids.keys().any(|index| index.0 >= self.bundle.head.index.0)
        {
            return contradicted("an event stands in no list");
        }
        let given: BTreeSet<&Subject> = self
            .bundle
            .subjects
            .iter()
            .map(|(subject, _)| subject)
            .collect();
        let wanted = wanted_subjects(&self.bundle.code, &self.genesis.authority, facts);
        match wanted.iter().find(|subject| !given.contains(subject)) {
            Some(missing) => contradicted(format!("the list of {missing:?} was left out")),
            None => Proof::Proven,
        }
    }

    /// Whether an event names a subject itself or through the event that it refers to. Events with bad signatures are
    /// the business of another statement.
    fn names_subject(&self, index: LeafIndex, subject: &Subject) -> bool {
        let Some(event) = self.signed.get(&index) else {
            return true;
        };
        if own_subjects(event).contains(subject) {
            return true;
        }
        let referred = event
            .body()
            .reference
            .and_then(|id| self.signed.values().find(|e| e.id().0 == id));
        match (event.body().reference, referred) {
            (Some(_), Some(referred)) => self.names_subject_of(referred, subject),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    fn names_subject_of(&self, referred: &SignedEvent, subject: &Subject) -> bool {
        // A reference may lead to an event that refers further; the map root vouches for those.
        own_subjects(referred).contains(subject) || referred.body().reference.is_some()
    }

    /// Replays membership over the events at hand; gives the events in force.
    fn members(&self) -> (Proof, Vec<Fact<'_>>) {
        let mut roster = Roster::partial(self.genesis);
        let mut facts: Vec<Fact<'_>> = Vec::new();
        let mut proof = Proof::Proven;
        for (index, event) in &self.signed {
            let referred = self.referred(event, &facts);
            let enrolled = roster.check_member(event).map_err(|why| why.to_string());
            match enrolled.and_then(|_| {
                roster
                    .weigh(event, referred.as_ref())
                    .map_err(|why| why.to_string())
            }) {
                Ok(()) => {
                    roster.apply(*index, event);
                    facts.push(Fact {
                        index: *index,
                        event,
                    });
                }
                Err(why) => proof = contradicted(format!("event {index}: {why}")),
            }
        }
        (proof, facts)
    }

    /// The event referred to. One that the bundle does not hold is vouched for by the map, unless permission hangs on it.
    fn referred(&self, event: &SignedEvent, facts: &[Fact<'_>]) -> Option<Referred> {
        let id = event.body().reference?;
        let found = facts
            .iter()
            .find(|fact| fact.event.id().0 == id)
            .map(|fact| Referred {
                index: fact.index,
                iss: fact.event.iss().clone(),
                kind: fact.event.body().kind,
            });
        let decides = matches!(event.body().kind.row().who, Who::Author | Who::Issuer);
        let elsewhere = Referred {
            index: LeafIndex(0),
            iss: event.iss().clone(),
            kind: event.body().kind,
        };
        found.or((!decides).then_some(elsewhere))
    }

    fn order(&self) -> Proof {
        let mut last: BTreeMap<DeviceKey, (u64, u64)> = BTreeMap::new();
        let rises = self.signed.values().all(|event| {
            let place = (event.link().epoch, event.link().seq);
            last.insert(event.device(), place)
                .is_none_or(|previous| previous < place)
        });
        proven_if(rises, "a device's events do not rise")
    }

    fn openings(&self) -> Proof {
        let committed: BTreeSet<Hash> = self
            .signed
            .values()
            .flat_map(|event| event.body().commitments())
            .collect();
        let all = self
            .bundle
            .openings
            .iter()
            .all(|opening| committed.contains(&crate::commitment::commit(opening)));
        proven_if(all, "an opening matches no commitment")
    }
}

fn proven_or_lacking(holds: bool, why: &str) -> Proof {
    if holds { Proof::Proven } else { lacking(why) }
}

fn list_matches(list: &[LeafIndex], ids: &BTreeMap<LeafIndex, EventId>, answer: &Answer) -> bool {
    let entries: Option<Vec<(LeafIndex, Hash)>> = list
        .iter()
        .map(|index| ids.get(index).map(|id| (*index, id.0)))
        .collect();
    let Some(entries) = entries else { return false };
    match answer {
        Answer::Absent => entries.is_empty(),
        Answer::Present {
            count,
            list_root: root,
        } => {
            entries.len() as u64 == *count
                && list.is_sorted_by(|a, b| a < b)
                && list_root(&entries) == *root
        }
    }
}

fn witnessed(evaluation: Option<&Evaluation<'_>>) -> Proof {
    match evaluation.map(Evaluation::quorum) {
        Some(Standing::Reached(_)) => Proof::Proven,
        Some(Standing::NotReached { have, need }) => lacking(format!("{have} of {need} confirmed")),
        Some(Standing::NotRequired) => lacking("the policy asks for no witness"),
        None => lacking("no checkpoint to witness"),
    }
}

fn ancestry(history: Option<&LotHistory>) -> Proof {
    match history {
        None => lacking("no lot"),
        Some(LotHistory {
            fault: Some(fault), ..
        }) => lacking(fault.to_string()),
        Some(_) => Proof::Proven,
    }
}

fn handover(history: Option<&LotHistory>) -> Proof {
    let Some(history) = history else {
        return lacking("no lot");
    };
    match history.handovers.iter().find(|step| !step.confirmed) {
        Some(step) => lacking(format!(
            "lot {} to {}: the giver has not confirmed",
            step.lot, step.receiver
        )),
        None => Proof::Proven,
    }
}

/// A validly signed recall or hold of this ledger shows even when quorum or freshness is not proven; nothing else does.
fn state_line(verdict: &Verdict) -> StateLine {
    let lot_state = verdict.history.as_ref().map(|history| history.state);
    // Without the anchor's genesis anybody could be the authority that recalls.
    let own_ledger = verdict.proof(Statement::Ledger) == Some(&Proof::Proven);
    if let (Some(state @ (LotState::Recalled | LotState::Held)), true) = (lot_state, own_ledger) {
        return StateLine::Lot(state);
    }
    if let (Some(state), true) = (lot_state, verdict.is_confirmed()) {
        return StateLine::Lot(state);
    }
    let about_lot = [Statement::Code, Statement::Ancestry];
    let absence_proven = verdict.statements.iter().all(|(name, proof)| {
        !name.is_needed() || about_lot.contains(name) || *proof == Proof::Proven
    });
    if verdict.lot.is_none() && absence_proven {
        StateLine::UnknownCode
    } else {
        StateLine::Unconfirmed
    }
}
