//! Taking leaves into a replica: the one way for a log from the disk, from a peer or under audit.

use ledger_core::admit::Refusal;
use ledger_core::body::{Body, Sealable};
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::kind::Kind;
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::store::StoreError;

/// Why a leaf cannot stand where it stands. Whoever wrote the log is at fault, or changed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafFault {
    /// The door would have refused it.
    #[error("leaf {0} would have been refused: {1}")]
    Refused(LeafIndex, Refusal),
    /// A map head that does not follow from the leaves before it.
    #[error("leaf {0} is a map head that does not follow from the leaves before it")]
    MapHead(LeafIndex),
}

impl LeafFault {
    /// Which leaf.
    pub fn index(&self) -> LeafIndex {
        match self {
            LeafFault::Refused(index, _) | LeafFault::MapHead(index) => *index,
        }
    }
}

/// Why a leaf was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// The log is at fault.
    #[error(transparent)]
    Leaf(#[from] LeafFault),
    /// This machine is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets the next leaf in, through the door, and checks it if it is a map head.
///
/// # Errors
/// [`TakeError`]; unless the door refused, the replica is to be thrown away.
pub fn take(replica: &mut Replica, bytes: &[u8]) -> Result<LoggedEvent, TakeError> {
    let index = LeafIndex(replica.size().0);
    let admitted = replica
        .check(bytes)
        .map_err(|refusal| LeafFault::Refused(index, refusal))?;
    let logged = replica.append(admitted)?;
    // A map head is about no subject, so the map is what it was before it.
    if is_map_head(&logged) && !states(logged.event.body(), index, replica.map_root()) {
        return Err(LeafFault::MapHead(index).into());
    }
    Ok(logged)
}

/// Whether a leaf is the map head in force that ends a checkpoint.
pub fn is_map_head(logged: &LoggedEvent) -> bool {
    logged.event.body().kind == Kind::MapHead && logged.void.is_none()
}

fn states(body: &Body, index: LeafIndex, root: Hash) -> bool {
    body.size == Some(index.0) && body.root == Some(root)
}

/// The pictures and openings that a body names.
pub fn named_blobs(body: &Body) -> impl Iterator<Item = Hash> {
    let sealable = [
        &body.name,
        &body.address,
        &body.old_address,
        &body.tax,
        &body.label_address,
    ];
    let committed = sealable
        .into_iter()
        .flatten()
        .filter_map(|text| match text {
            Sealable::Commitment(hash) => Some(*hash),
            Sealable::Text(_) => None,
        });
    let sealed = body.sealed.as_ref().map(|sealed| sealed.commitment);
    body.picture
        .into_iter()
        .chain(body.exact)
        .chain(sealed)
        .chain(committed)
}
