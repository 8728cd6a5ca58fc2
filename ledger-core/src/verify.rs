//! Bundle + anchor + present → a list of statements (`docs/formats.md` section 13). Never a bare boolean.
//!
//! In scope: what the bytes prove. Out of scope: words for people, and the clock: the present is an argument.
//! `web-verify/page/verify.js` is the second implementation; both run `ledger-core/vectors/` and use the same names.

mod complete;
mod head;
mod lot;
pub(crate) mod members;
mod openings;
mod statement;
mod verdict;
mod when;
pub mod words;

use std::collections::BTreeMap;

use crate::anchor::Anchor;
use crate::bundle::{Bundle, BundleError};
use crate::code::PrintedCode;
use crate::family::{Creations, resolve};
use crate::genesis::Genesis;
use crate::ids::{LeafIndex, OrgId};
use crate::lot::LotHistory;
use crate::note::Note;
use crate::quorum::{Evaluation, EvaluationError};
use crate::sign::{Checker, SignedEvent};
use crate::time::{Date, Timestamp};

use members::Fold;

pub use head::CLOCK_SKEW_SECONDS;
pub use openings::PrivatePart;
pub use statement::{Finding, Proof, Statement};
pub use verdict::{StateLine, Verdict};
pub use when::LotTimes;

/// Checks a bundle. `now` is seconds since 1970 by the verifier's own clock.
///
/// # Errors
/// [`BundleError`] when the bytes are no bundle at all; everything else is a statement.
pub fn verify(bytes: &[u8], anchor: &Anchor, now: u64) -> Result<Verdict, BundleError> {
    check(bytes, anchor, now, None)
}

/// Checks a bundle that was asked for: one for another code contradicts `code`, and its lot's state is not told.
///
/// # Errors
/// As [`verify`].
pub fn verify_for(
    asked: &PrintedCode,
    bytes: &[u8],
    anchor: &Anchor,
    now: u64,
) -> Result<Verdict, BundleError> {
    check(bytes, anchor, now, Some(asked))
}

fn check(
    bytes: &[u8],
    anchor: &Anchor,
    now: u64,
    asked: Option<&PrintedCode>,
) -> Result<Verdict, BundleError> {
    let bundle = Bundle::decode(bytes)?;
    let genesis = Genesis::decode(&bundle.genesis).map_err(|_| BundleError::Field("genesis"))?;
    let is_other = asked.is_some_and(|asked| *asked != bundle.code);
    Ok(Check::new(&bundle, &genesis, anchor, now).verdict(is_other))
}

/// The business date of a ledger at a moment: the sample's, or today in Vietnam.
pub fn business_date(genesis: &Genesis, now: u64) -> Date {
    genesis
        .sample
        .unwrap_or_else(|| Timestamp::vietnam(i64::try_from(now).unwrap_or(0)).date())
}

/// One run of the verifier: what was read, and what follows from it.
struct Check<'a> {
    bundle: &'a Bundle,
    genesis: &'a Genesis,
    anchor: &'a Anchor,
    now: u64,
    /// The checkpoint under the anchor's policy; `None` when it is not even a note.
    evaluation: Option<Result<Evaluation<'a>, EvaluationError>>,
    /// Events whose signature holds, in log order.
    signed: BTreeMap<LeafIndex, SignedEvent>,
    /// The places of the others.
    bad_signatures: Vec<LeafIndex>,
}

impl<'a> Check<'a> {
    fn new(bundle: &'a Bundle, genesis: &'a Genesis, anchor: &'a Anchor, now: u64) -> Check<'a> {
        let mut signed = BTreeMap::new();
        let (mut bad_signatures, mut checker) = (Vec::new(), Checker::new(anchor.ledger()));
        for (index, bytes) in &bundle.events {
            match checker.check(bytes) {
                Ok(event) => drop(signed.insert(*index, event)),
                Err(_) => bad_signatures.push(*index),
            }
        }
        let note = Note::parse(bundle.checkpoint.as_bytes()).ok();
        Check {
            bundle,
            genesis,
            anchor,
            now,
            evaluation: note.map(|note| anchor.policy().evaluate(&note)),
            signed,
            bad_signatures,
        }
    }

    /// The checkpoint, where it is the log's.
    fn evaluated(&self) -> Option<&Evaluation<'a>> {
        self.evaluation.as_ref()?.as_ref().ok()
    }

    /// `is_other`: the bundle answers for another code than was asked for.
    fn verdict(self, is_other: bool) -> Verdict {
        let (members, Fold { roster, facts }) = self.members();
        let creations = Creations::of(&facts);
        let lot = resolve(&self.bundle.code, &facts, &creations);
        let today = business_date(self.genesis, self.now);
        let suspension = |org: &OrgId| roster.org(org)?.suspended;
        let history = lot
            .as_ref()
            .map(|lot| LotHistory::trace(&facts, lot, today).with_suspended(suspension));
        let mut findings: Vec<Finding> = vec![
            self.ledger(),
            self.checkpoint(),
            self.witnessed(),
            self.fresh(),
            self.map_head(),
            self.complete(&facts),
            self.signatures(),
            members,
            self.order(),
            if is_other {
                Finding::contradicted(Statement::Code, "other_code")
            } else {
                lot::code(&self.bundle.code, lot.as_ref(), &facts)
            },
            lot::ancestry(history.as_ref()),
            lot::handover(history.as_ref()),
            self.openings(),
        ];
        let as_of = self.as_of();
        let times = when::times(history.as_ref(), &creations, self.reached());
        for finding in &mut findings {
            finding.as_of = as_of.filter(|_| finding.statement.hangs_on_the_head());
        }
        let mut verdict = Verdict {
            statements: findings,
            state: StateLine::Unconfirmed,
            lot,
            registered: roster
                .orgs()
                .filter_map(|(id, org)| Some((id.clone(), org.registered?)))
                .collect(),
            times,
            history,
            as_of,
            reached: self.reached(),
            privates: self.privates(&facts),
        };
        verdict.state = verdict.state_line();
        verdict
    }

    fn signatures(&self) -> Finding {
        if self.bad_signatures.is_empty() {
            Finding::proven(Statement::Signatures)
        } else {
            Finding::contradicted(Statement::Signatures, "bad_signature").by(&self.bad_signatures)
        }
    }
}
