//! Who may have the opening of a commitment, decided from the ledger (`docs/formats.md` section 5, *Readers*).
//!
//! In scope: for whom an event says that its private part is, and who those are. Out of scope: which event holds a
//! commitment first, and reading lists: the caller brings both.

use std::collections::BTreeSet;

use crate::body::{Audience, Body, Role};
use crate::ids::{Hash, LotId, OrgId};
use crate::roster::Org;
use crate::sign::SignedEvent;
use crate::subject::{created_lots, lots_of};

/// For whom a committed field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// The public.
    Everybody,
    /// Who handled the lots that the event names, or their neighbours; besides those of [`Readers::Authority`].
    Partners,
    /// Organisations with the role `authority`, and the signer's own.
    Authority,
}

/// For whom the opening with this path is, as the event that holds its commitment says. None when the event does not hold
/// it in that field: an opening of one field is not made public by naming it in another.
pub fn readers(body: &Body, path: &str, commitment: &Hash) -> Option<Readers> {
    let mut fields = body.committed_fields();
    fields.find(|(field, held)| *field == path && held == commitment)?;
    let audience = body.sealed.as_ref().map(|sealed| sealed.audience);
    Some(match (path, audience) {
        ("facts", Some(Audience::Partners)) => Readers::Partners,
        ("facts" | "exact", _) => Readers::Authority,
        _ => Readers::Everybody,
    })
}

/// Whether an organisation may have an opening that is for these readers. `standing` is its own on the roster, `holder` the
/// event that holds the commitment; `listed` gives the events in force that are listed under a lot.
///
/// # Errors
/// Those of `listed`.
pub fn may_read<E>(
    org: &OrgId,
    standing: Option<&Org>,
    readers: Readers,
    holder: &SignedEvent,
    listed: impl FnMut(&LotId) -> Result<Vec<SignedEvent>, E>,
) -> Result<bool, E> {
    if readers == Readers::Everybody {
        return Ok(true);
    }
    let Some(member) = standing.filter(|org| org.suspended.is_none()) else {
        return Ok(false);
    };
    if member.roles.contains(&Role::Authority) || holder.iss() == org {
        return Ok(true);
    }
    match readers {
        Readers::Partners => Ok(partners(holder, listed)?.contains(org)),
        _ => Ok(false),
    }
}

/// Who handled a lot that the event names, or a neighbour of one.
fn partners<E>(
    holder: &SignedEvent,
    mut listed: impl FnMut(&LotId) -> Result<Vec<SignedEvent>, E>,
) -> Result<BTreeSet<OrgId>, E> {
    let named: BTreeSet<LotId> = lots_of(holder).collect();
    let mut near = BTreeSet::new();
    let mut partners = BTreeSet::new();
    for lot in &named {
        let events = listed(lot)?;
        partners.extend(handlers(lot, &events));
        near.extend(neighbours(lot, &events));
    }
    for lot in near.difference(&named) {
        partners.extend(handlers(lot, &listed(lot)?));
    }
    Ok(partners)
}

/// Lots that went into something with this one, came out of it, or it came out of: one step.
fn neighbours(lot: &LotId, events: &[SignedEvent]) -> BTreeSet<LotId> {
    let stepped = |event: &SignedEvent| {
        let inputs = event.body().inputs.iter().flatten();
        let used = inputs.map(|used| used.lot.clone());
        let lots: BTreeSet<LotId> = used.chain(created_lots(event)).collect();
        lots
    };
    let steps = events.iter().map(stepped);
    steps.filter(|lots| lots.contains(lot)).flatten().collect()
}

/// Creator and owners of a lot, the signers of the events about it, and to and from whom it went.
fn handlers(lot: &LotId, events: &[SignedEvent]) -> BTreeSet<OrgId> {
    let mut handlers = BTreeSet::from([lot.org.clone()]);
    for event in events {
        let body = event.body();
        handlers.insert(event.iss().clone());
        handlers.extend(body.to.iter().chain(&body.from).cloned());
        let outputs = created_lots(event).zip(body.outputs.iter().flatten());
        let owned = outputs.filter(|(made, _)| made == lot);
        handlers.extend(owned.map(|(_, output)| output.owner.clone()));
    }
    handlers
}
