//! Taking leaves into a replica: the one way for a log from the disk, from a peer or under audit.

use std::path::Path;

use ledger_core::admit::{AdmittedEvent, Refusal};
use ledger_core::body::{Body, Sealable};
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::kind::Kind;
use ledger_core::replica::{LoggedEvent, Replica, Stores};
use ledger_core::store::StoreError;

use super::ahead::{Checked, check_ahead};
use crate::fault::Faults;
use crate::files::{BadTail, FileError, survey};
use crate::folder::Folder;
use crate::records::RecordFile;

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

/// Leaves between two hand-overs of the map's changes to its store: some 20 MB of memory. Tests have short logs.
pub const COMMIT_LEAVES: u64 = if cfg!(test) { 4 } else { 4_096 };

/// Where the running node keeps the bulk of its replica: files that are made anew with it.
///
/// # Errors
/// [`FileError`].
pub fn stores(folder: &Folder, faults: &Faults) -> Result<Stores, FileError> {
    let create = |name| RecordFile::create(&folder.state().join(name), faults.clone());
    Ok(Stores {
        map: Box::new(create("map.rec")?),
        standing: Box::new(create("standing.rec")?),
    })
}

/// Lets the next leaf in, through the door, and checks it if it is a map head.
///
/// # Errors
/// [`TakeError`]; unless the door refused, the replica is to be thrown away.
pub fn take(replica: &mut Replica, bytes: &[u8]) -> Result<LoggedEvent, TakeError> {
    let admitted = replica.check(bytes);
    log(replica, admitted)
}

/// The same for a leaf whose signature was checked elsewhere.
///
/// # Errors
/// As [`take`].
pub fn take_checked(replica: &mut Replica, checked: Checked) -> Result<LoggedEvent, TakeError> {
    let signed = checked.map_err(Refusal::from);
    let admitted = signed.and_then(|event| replica.check_signed(event));
    log(replica, admitted)
}

fn log(
    replica: &mut Replica,
    admitted: Result<AdmittedEvent, Refusal>,
) -> Result<LoggedEvent, TakeError> {
    let index = LeafIndex(replica.size().0);
    let admitted = admitted.map_err(|refusal| LeafFault::Refused(index, refusal))?;
    let logged = replica.append(admitted)?;
    // A map head is about no subject, so the map is what it was before it.
    if is_map_head(&logged) && !states(logged.event.body(), index, replica.map_root()) {
        return Err(LeafFault::MapHead(index).into());
    }
    Ok(logged)
}

/// What an audit found of a log on the disk.
pub struct Audited {
    /// The log as far as it is right.
    pub replica: Replica,
    /// The first leaf that is not, and why.
    pub fault: Option<(LeafIndex, String)>,
    /// Whole records behind that.
    pub unread: u64,
    /// What stands behind the last whole record.
    pub tail: Option<BadTail>,
}

/// Reads a log from its first byte, on so many threads, and lets `each` see every leaf behind genesis that is right.
///
/// # Errors
/// [`FileError`] when the disk does not answer; whatever is wrong with the log is in the answer.
pub fn audit(
    path: &Path,
    genesis: &[u8],
    mut replica: Replica,
    threads: usize,
    each: &mut dyn FnMut(LoggedEvent),
) -> Result<Audited, FileError> {
    let ledger = replica.ledger_id();
    let (mut fault, mut unread, mut wrong_genesis) = (None, 0, false);
    let mut fold = |checked: Checked| {
        if fault.is_some() {
            unread += 1;
            return true;
        }
        let index = LeafIndex(replica.size().0);
        match take_checked(&mut replica, checked) {
            Ok(logged) => each(logged),
            Err(e) => fault = Some((index, e.to_string())),
        }
        true
    };
    let mut behind_wrong_genesis = 0;
    let tail = check_ahead(ledger, threads, &mut fold, |ahead| {
        survey(path, |place, bytes| match place {
            0 => wrong_genesis = bytes != genesis,
            _ if wrong_genesis => behind_wrong_genesis += 1,
            _ => {
                ahead.push(bytes);
            }
        })
    })?;
    if wrong_genesis {
        (fault, unread) = (
            Some((LeafIndex(0), "leaf 0 is not genesis.cbor".into())),
            behind_wrong_genesis,
        );
    }
    Ok(Audited {
        replica,
        fault,
        unread,
        tail,
    })
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
