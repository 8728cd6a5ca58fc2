//! Evidence from what somebody brought and this node's own log (`docs/formats.md` section 16).

use std::collections::BTreeSet;

use ledger_core::evidence::{Evidence, Excerpt, Fork, Heads, Withheld};
use ledger_core::gather::excerpt;
use ledger_core::ids::{EventId, LeafIndex, OrgId, TreeSize};
use ledger_core::merkle::{inclusion_proof, prefix_proof, root_at};
use ledger_core::note::Note;
use ledger_core::placed::Placed;
use ledger_core::seen::Receipt;
use ledger_core::sign::{Envelope, SignedEvent};
use ledger_core::subject::{Subject, own_subjects};

use super::super::CommandError;
use super::stored::{Stored, Upto, build_error, checkpoint_of};
use super::{missing, unreadable};
use crate::folder::Folder;

/// Two notes; this node's log must be that of the larger.
pub(super) fn heads(folder: &Folder, first: &[u8], second: &[u8]) -> Result<Vec<u8>, CommandError> {
    let read = |bytes| Note::parse(bytes).map_err(unreadable);
    let mut notes = [read(first)?, read(second)?];
    let sizes = [
        checkpoint_of(&notes[0])?.size(),
        checkpoint_of(&notes[1])?.size(),
    ];
    if sizes[0] > sizes[1] {
        notes.reverse();
    }
    let [old, new] = [checkpoint_of(&notes[0])?, checkpoint_of(&notes[1])?];
    let proof = if old.size() == new.size() {
        Vec::new()
    } else {
        let stored = Stored::open(folder, Upto::Signed)?;
        if root_at(stored.tree(), new.size()).ok() != Some(new.root()) {
            return Err(missing(
                "Sổ ở đây không phải sổ của bản chốt lớn hơn. Lấy sổ đó từ nơi đã đưa bản chốt.",
                "the log here is not that of the larger head",
            ));
        }
        prefix_proof(stored.tree(), old.size(), new.size()).map_err(unreadable)?
    };
    let notes = notes.map(|note| note.to_text());
    Ok(Evidence::Heads(Heads { notes, proof }).encode())
}

pub(super) fn fork(
    folder: &Folder,
    first: Vec<u8>,
    second: Vec<u8>,
) -> Result<Vec<u8>, CommandError> {
    let mut stored = Stored::open(folder, Upto::Cosigned)?;
    let event = signed(&stored, &first)?;
    let subjects = membership(&stored, [event.iss().clone()]);
    let lists = lists(&mut stored, subjects)?;
    let fork = Fork {
        genesis: stored.genesis()?,
        envelopes: [first, second],
        lists: Some(lists),
    };
    Ok(Evidence::Fork(fork).encode())
}

pub(super) fn withheld(
    folder: &Folder,
    envelope: Vec<u8>,
    receipts: Vec<Vec<u8>>,
    delay: u64,
) -> Result<Vec<u8>, CommandError> {
    let mut stored = Stored::open(folder, Upto::Cosigned)?;
    let event = signed(&stored, &envelope)?;
    let mut orgs = vec![event.iss().clone()];
    for bytes in &receipts {
        let receipt = Receipt::verify(bytes, &stored.anchor().ledger()).map_err(unreadable)?;
        orgs.push(receipt.iss().clone());
    }
    let mut subjects = membership(&stored, orgs);
    subjects.extend(own_subjects(&event));
    let lists = lists(&mut stored, subjects)?;
    let prev = stored.replica().find(&EventId(event.link().prev));
    let size = stored.size();
    let prev = prev
        .map(|index| placed_at(&stored, index, size))
        .transpose()?;
    let withheld = Withheld {
        genesis: stored.genesis()?,
        envelope,
        prev,
        receipts,
        delay,
        lists,
    };
    Ok(Evidence::Withheld(withheld).encode())
}

fn signed(stored: &Stored, envelope: &[u8]) -> Result<SignedEvent, CommandError> {
    Envelope::parse(envelope)
        .and_then(|envelope| envelope.verify(&stored.anchor().ledger()))
        .map_err(unreadable)
}

/// The subjects whose lists tell who was a member of these organisations.
fn membership(stored: &Stored, orgs: impl IntoIterator<Item = OrgId>) -> BTreeSet<Subject> {
    let authority = stored.replica().roster().authority().clone();
    let orgs = orgs.into_iter().chain([authority]);
    orgs.map(Subject::Organisation)
        .chain([Subject::Ledger])
        .collect()
}

fn lists(stored: &mut Stored, subjects: BTreeSet<Subject>) -> Result<Excerpt, CommandError> {
    let (replica, source, note) = stored.parts();
    excerpt(replica, source, note, subjects).map_err(build_error)
}

/// A leaf with its proof in the first leaves of our log.
fn placed_at(stored: &Stored, index: LeafIndex, size: TreeSize) -> Result<Placed, CommandError> {
    let not_here =
        |e: &dyn std::fmt::Display| missing("Việc này không nằm trong phần sổ đó.", &e.to_string());
    Ok(Placed {
        index,
        envelope: stored.entry(index)?,
        proof: inclusion_proof(stored.tree(), index, size).map_err(|e| not_here(&e))?,
    })
}
