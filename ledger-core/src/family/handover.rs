//! Lots that pass from one organisation to another (`docs/formats.md` section 13, `handover`).

use std::collections::BTreeSet;

use super::Fact;
use crate::ids::{LotId, OrgId};
use crate::kind::Kind;
use crate::subject::created_lots;

/// A lot that passed from one organisation to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handover {
    /// The lot.
    pub lot: LotId,
    /// Who took it over.
    pub receiver: OrgId,
    /// Whether its creator's organisation signed a dispatch of that lot to that receiver.
    pub confirmed: bool,
}

/// Each step from one organisation to another within a family of lots.
pub fn handovers(family: &BTreeSet<LotId>, facts: &[Fact<'_>]) -> BTreeSet<Handover> {
    let mut steps = BTreeSet::new();
    for fact in facts {
        let (body, receiver) = (fact.event.body(), fact.event.iss());
        let makes_family = created_lots(fact.event).any(|lot| family.contains(&lot));
        let receives = body.kind == Kind::Receive;
        let used = body
            .inputs
            .iter()
            .flatten()
            .filter(|_| makes_family || receives);
        let received = body.lots.iter().flatten().filter(|_| receives);
        for taken in used
            .chain(received)
            .filter(|taken| taken.lot.org != *receiver && family.contains(&taken.lot))
        {
            let confirmed = facts.iter().any(|fact| ships(fact, &taken.lot, receiver));
            steps.insert(Handover {
                lot: taken.lot.clone(),
                receiver: receiver.clone(),
                confirmed,
            });
        }
    }
    steps
}

fn ships(fact: &Fact<'_>, lot: &LotId, receiver: &OrgId) -> bool {
    let body = fact.event.body();
    body.kind == Kind::Ship
        && *fact.event.iss() == lot.org
        && body.to.as_ref() == Some(receiver)
        && body
            .lots
            .iter()
            .flatten()
            .any(|shipped| shipped.lot == *lot)
}
