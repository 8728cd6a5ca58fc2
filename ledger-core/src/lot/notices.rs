//! Which notices apply: one row, one rule (`docs/rules.md`, "Notices").

use std::collections::BTreeSet;

use super::{Family, area_code, certificate, labels, late, rating, trade, yields};
use crate::family::Fact;
use crate::hold::{Holding, holding};
use crate::ids::Hash;
use crate::kind::Kind;
use crate::mass;
use crate::notice::Notice;
use crate::subject::lots_of;
use crate::time::Date;

type Rule = fn(&Family<'_>) -> bool;

const RULES: &[(Notice, Rule)] = &[
    (Notice::CreatedTwice, has_second_creation),
    (Notice::Forked, has_conflict),
    (Notice::Corrected, is_corrected),
    (Notice::EnteredLate, late::is_entered_late),
    (Notice::CertificateExpired, certificate::was_over),
    (
        Notice::NoGrowingAreaCode,
        area_code::lacks_growing_area_code,
    ),
    (Notice::AreaCodeOfElsewhere, area_code::is_of_elsewhere),
    (Notice::AreaCodeNotPermitted, area_code::lacks_permit),
    (Notice::YearlyYieldHigh, yields::year_is_implausible),
    (Notice::OldAddressOnLabel, labels::has_old_address),
    (Notice::TooManyLabels, labels::are_too_many),
    (Notice::MassExceeded, mass::is_exceeded),
    (Notice::SoldOut, trade::is_sold_out),
    (Notice::Exported, trade::is_exported),
];

type DatedRule = fn(&Family<'_>, Date) -> bool;

const DATED_RULES: &[(Notice, DatedRule)] = &[
    (Notice::NotRated, rating::is_missing),
    (Notice::RatingExpired, rating::is_over),
    (Notice::Expired, trade::is_expired),
];

/// Every notice that applies, but for the one on suspended organisations.
pub(super) fn notices(family: &Family<'_>, today: Date) -> BTreeSet<Notice> {
    let plain = RULES.iter().filter(|(_, rule)| rule(family));
    let dated = DATED_RULES.iter().filter(|(_, rule)| rule(family, today));
    let plain = plain.map(|(notice, _)| *notice);
    let dated = dated.map(|(notice, _)| *notice);
    plain.chain(dated).chain(held(holding(family))).collect()
}

/// Recalled, or on hold, or released from hold: one at most.
fn held(holding: Holding) -> Option<Notice> {
    match holding {
        Holding { recalled: true, .. } => Some(Notice::Recalled),
        Holding { held: true, .. } => Some(Notice::OnHold),
        Holding { was_held: true, .. } => Some(Notice::WasOnHold),
        _ => None,
    }
}

fn has_second_creation(family: &Family<'_>) -> bool {
    family
        .members
        .iter()
        .any(|lot| family.creations.is_created_twice(lot))
}

fn is_corrected(family: &Family<'_>) -> bool {
    is_referred_to(family, Kind::Correct)
}

fn has_conflict(family: &Family<'_>) -> bool {
    is_referred_to(family, Kind::Conflict)
}

/// Whether an event of a kind refers to one that names a member of the family.
fn is_referred_to(family: &Family<'_>, kind: Kind) -> bool {
    let names_family = |fact: &&Fact<'_>| {
        let mut lots = lots_of(fact.event);
        lots.any(|lot| family.members.contains(&lot))
    };
    let ids: BTreeSet<Hash> = family
        .facts
        .iter()
        .filter(names_family)
        .map(|fact| fact.event.id().0)
        .collect();
    family.of_kind(kind).any(|fact| {
        fact.event
            .body()
            .reference
            .is_some_and(|id| ids.contains(&id))
    })
}
