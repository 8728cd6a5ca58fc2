//! What is said of the lot: the code that leads to it, where it comes from, who handed it over.

use crate::code::PrintedCode;
use crate::family::{AncestryFault, Fact};
use crate::ids::LotId;
use crate::lot::LotHistory;

use super::{Finding, Statement};

/// `facts` are the events in force, `lot` where the code leads.
pub(super) fn code(code: &PrintedCode, lot: Option<&LotId>, facts: &[Fact<'_>]) -> Finding {
    let binds = |fact: &&Fact<'_>| fact.event.body().codes.iter().flatten().any(|c| c == code);
    let mut bindings = facts.iter().filter(binds);
    match lot {
        Some(lot) => {
            let binding = bindings.filter(|fact| fact.event.body().lot.as_ref() == Some(lot));
            Finding::proven(Statement::Code).by(binding.map(|fact| fact.event.iss()).take(1))
        }
        None if bindings.next().is_some() => Finding::lacking(Statement::Code, "pending"),
        None => Finding::lacking(Statement::Code, "absent"),
    }
}

pub(super) fn ancestry(history: Option<&LotHistory>) -> Finding {
    let lacking = |detail| Finding::lacking(Statement::Ancestry, detail);
    let Some(history) = history else {
        return lacking("no_lot");
    };
    match &history.fault {
        None => Finding::proven(Statement::Ancestry),
        Some(AncestryFault::NotCreated(lot)) => lacking("not_created").by(parts(lot)),
        Some(AncestryFault::CreatedTwice(lot)) => lacking("created_twice").by(parts(lot)),
        Some(AncestryFault::Cycle(lot)) => lacking("cycle").by(parts(lot)),
        Some(AncestryFault::TooMany) => lacking("too_many"),
    }
}

pub(super) fn handover(history: Option<&LotHistory>) -> Finding {
    let lacking = |detail| Finding::lacking(Statement::Handover, detail);
    let Some(history) = history else {
        return lacking("no_lot");
    };
    match history.handovers.iter().find(|step| !step.confirmed) {
        Some(step) => lacking("giver_silent").by([&step.lot.org, &step.receiver]),
        None => Finding::proven(Statement::Handover),
    }
}

fn parts(lot: &LotId) -> [&str; 2] {
    [lot.org.as_str(), lot.number()]
}
