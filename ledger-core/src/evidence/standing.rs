//! Who was a member and whether an event is in force, as far as complete lists show it.

use crate::ids::{DeviceKey, LeafIndex, OrgId};
use crate::kind::{Kind, Who};
use crate::sign::SignedEvent;
use crate::subject::{Subject, own_subjects};
use crate::verify::Finding;
use crate::verify::members::Fold;

use super::Claim;
use super::excerpt::Shown;

/// Membership as of the excerpt's head: complete for the authority's organisation and those whose lists are given.
pub(super) fn members<'a>(shown: &'a Shown<'_>) -> Fold<'a> {
    let mut fold = Fold::partial(&shown.genesis);
    for (index, event) in &shown.events {
        // What these lists do not show to be in force, others' lists would: it changes nothing for who is asked about.
        let _ = fold.take(*index, event);
    }
    fold
}

/// Whether the lists tell everything about an organisation's membership.
pub(super) fn tells_of(shown: &Shown<'_>, org: &OrgId) -> bool {
    let authority = Subject::Organisation(shown.genesis.authority.clone());
    let subjects = [
        Subject::Organisation(org.clone()),
        authority,
        Subject::Ledger,
    ];
    subjects.iter().all(|subject| shown.list(subject).is_some())
}

/// Whether a device was enrolled for an organisation at the head of the excerpt; since its enrolment it may have been
/// revoked.
pub(super) fn enrolled(
    shown: &Shown<'_>,
    device: &DeviceKey,
    org: &OrgId,
) -> Result<(), &'static str> {
    if !tells_of(shown, org) {
        return Err("left_out");
    }
    match members(shown).roster.device(device) {
        Some(known) if known.org == *org => Ok(()),
        Some(_) => Err("other_org"),
        None => Err("not_enrolled"),
    }
}

/// The lists that must be given to say anything about an event's force: its subjects', its signer's and the
/// authority's.
fn are_all_given(shown: &Shown<'_>, event: &SignedEvent) -> bool {
    tells_of(shown, event.iss())
        && own_subjects(event)
            .iter()
            .all(|subject| shown.list(subject).is_some())
}

/// Whether the force of a kind follows from the lists alone. Of these it hangs on what other lists say: who else holds
/// a key, who else consented, which chains were closed.
fn follows_from_lists(kind: Kind) -> bool {
    let who = kind.row().who;
    kind != Kind::Conflict
        && !matches!(
            who,
            Who::Governor | Who::Steward | Who::Approver | Who::Sequencer
        )
}

/// Whether an event is in force at its place, or, without one, wherever it could have been logged: at every place
/// since its device was enrolled. Were the lists false, the map head that states them would be false too.
pub(super) fn in_force(
    shown: &Shown<'_>,
    event: &SignedEvent,
    at: Option<LeafIndex>,
) -> Finding<Claim> {
    let lacking = |detail| Finding::lacking(Claim::InForce, detail);
    if !are_all_given(shown, event) {
        return lacking("left_out");
    }
    if !follows_from_lists(event.body().kind) {
        return lacking("cannot_tell");
    }
    let mut fold = Fold::strict(&shown.genesis);
    let mut fault = fold.fault(event);
    let mut was_member = !matches!(fault, Some("not_enrolled"));
    for (index, listed) in &shown.events {
        if at.is_some_and(|at| *index >= at) {
            break;
        }
        let _ = fold.take(*index, listed);
        let now = fold.fault(event);
        // A fault at any place where it could stand counts, unless the place is known.
        fault = if at.is_some() || !was_member {
            now
        } else {
            fault.or(now)
        };
        was_member |= !matches!(now, Some("not_enrolled"));
    }
    match fault {
        None => Finding::proven(Claim::InForce).by([event.iss()]),
        Some(detail) => lacking(detail),
    }
}

/// Whether the complete list of none of an event's subjects has it.
pub(super) fn missing(shown: &Shown<'_>, event: &SignedEvent) -> Finding<Claim> {
    let subjects = own_subjects(event);
    if subjects.is_empty() || !are_all_given(shown, event) {
        return Finding::lacking(Claim::Missing, "left_out");
    }
    let listed = shown
        .events
        .iter()
        .find(|(_, other)| other.id() == event.id());
    match listed {
        Some((index, _)) => Finding::contradicted(Claim::Missing, "listed").by([index]),
        None => Finding::proven(Claim::Missing),
    }
}
