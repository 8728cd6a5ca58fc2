//! Where logged events stand and what they count for, kept for references, receipts and duplicates.
//!
//! In scope: finding an event by its id or by what was signed, and what references must know of it. Out of scope: what
//! follows from that ([`crate::roster`]), the event itself (the log has it).
//!
//! Memory holds some 30 bytes for each event; the rest is a record in a store. Both indexes hold only the beginnings of
//! hashes: a hit is compared with the whole hash, in the tree or in the record.

use std::collections::{BTreeSet, HashMap};

use crate::encode::Value;
use crate::ids::{DeviceKey, Hash, LeafIndex, OrgId};
use crate::kind::Kind;
use crate::roster::{Referred, VoidReason};
use crate::store::{Place, Records, StoreError};
use crate::subject::Subject;

/// What references and receipts must know of a logged event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) referred: Referred,
    /// The subjects it is listed under.
    pub(crate) subjects: BTreeSet<Subject>,
}

/// Room for the record of an event with three subjects.
const RECORD_BYTES_USUAL: usize = 256;

/// The standing of every leaf behind genesis.
#[derive(Debug)]
pub(crate) struct Standings {
    rows: Vec<Row>,
    by_id: Beginnings,
    by_signed: Beginnings,
    records: Box<dyn Records>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    record: Place,
    void: Option<VoidReason>,
}

impl Standings {
    /// None yet, to be kept in this store.
    pub(crate) fn new(records: Box<dyn Records>) -> Standings {
        Standings {
            rows: Vec::new(),
            by_id: Beginnings::default(),
            by_signed: Beginnings::default(),
            records,
        }
    }

    /// Adds the next leaf; `subjects` are the arrays of those it is listed under.
    pub(crate) fn push(
        &mut self,
        id: &Hash,
        referred: &Referred,
        subjects: &[Vec<u8>],
        void: Option<VoidReason>,
    ) -> Result<(), StoreError> {
        let record = self.records.append(&write(referred, subjects))?;
        let LeafIndex(index) = referred.index;
        self.by_id.insert(id, index);
        self.by_signed.insert(&referred.signed_hash, index);
        self.rows.push(Row { record, void });
        Ok(())
    }

    /// Where an event stands, given the hashes of all leaves.
    pub(crate) fn find(&self, id: &Hash, leaves: &[Hash]) -> Option<LeafIndex> {
        let is_it = |at: &u64| leaves.get(*at as usize) == Some(id);
        self.by_id.candidates(id).find(is_it).map(LeafIndex)
    }

    /// Where the event stands in which this was signed.
    pub(crate) fn find_signed(&self, signed_hash: &Hash) -> Result<Option<LeafIndex>, StoreError> {
        for index in self.by_signed.candidates(signed_hash).map(LeafIndex) {
            if self.get(index)?.referred.signed_hash == *signed_hash {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Why a leaf is void, if it is.
    pub(crate) fn void(&self, index: LeafIndex) -> Option<VoidReason> {
        self.row(index).and_then(|row| row.void)
    }

    /// What references must know of a leaf behind genesis that is there.
    pub(crate) fn get(&self, index: LeafIndex) -> Result<Standing, StoreError> {
        let missing = || StoreError::Failed(format!("nothing is known of leaf {index}"));
        let row = self.row(index).ok_or_else(missing)?;
        let record = self.records.read(row.record)?;
        read(&record, index, row.void.is_none()).ok_or(StoreError::Damaged(row.record))
    }

    /// Makes what was added durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.records.sync()
    }

    fn row(&self, LeafIndex(index): LeafIndex) -> Option<&Row> {
        // Genesis has none.
        self.rows.get(usize::try_from(index.checked_sub(1)?).ok()?)
    }
}

/// Leaves by the first bytes of a hash: 13 bytes of memory a leaf, and hardly ever two candidates.
#[derive(Clone, Debug, Default)]
struct Beginnings {
    /// The first four bytes of the hash, then the leaf index.
    near: BTreeSet<u64>,
    /// The leaves that do not fit above: none in a log of fewer than 2^32.
    far: HashMap<Hash, u64>,
}

impl Beginnings {
    fn insert(&mut self, hash: &Hash, index: u64) {
        match u32::try_from(index) {
            Ok(index) => {
                self.near.insert(beginning(hash) | u64::from(index));
            }
            Err(_) => {
                self.far.insert(*hash, index);
            }
        }
    }

    fn candidates(&self, hash: &Hash) -> impl Iterator<Item = u64> {
        let first = beginning(hash);
        let near = self.near.range(first..=first | u64::from(u32::MAX));
        let near = near.map(|key| key & u64::from(u32::MAX));
        near.chain(self.far.get(hash).copied())
    }
}

fn beginning(hash: &Hash) -> u64 {
    let [a, b, c, d, ..] = hash.0;
    u64::from(u32::from_be_bytes([a, b, c, d])) << 32
}

/// A record is a row of fields, each behind its length: signing organisation, device, epoch, seq, hash of what was
/// signed, kind, commitments, and then the subject arrays.
fn write(referred: &Referred, subjects: &[Vec<u8>]) -> Vec<u8> {
    let commitments: Vec<u8> = referred
        .commitments
        .iter()
        .flat_map(|hash| hash.0)
        .collect();
    let mut record = Vec::with_capacity(RECORD_BYTES_USUAL);
    let fields = [
        referred.iss.as_str().as_bytes(),
        &referred.device.0,
        &referred.epoch.to_be_bytes(),
        &referred.seq.to_be_bytes(),
        &referred.signed_hash.0,
        referred.kind.name().as_bytes(),
        &commitments,
    ];
    for field in fields.into_iter().chain(subjects.iter().map(Vec::as_slice)) {
        record.extend((field.len() as u32).to_be_bytes());
        record.extend(field);
    }
    record
}

fn read(record: &[u8], index: LeafIndex, in_force: bool) -> Option<Standing> {
    let fields = fields(record)?;
    let [
        iss,
        device,
        epoch,
        seq,
        signed_hash,
        kind,
        commitments,
        subjects @ ..,
    ] = &fields[..]
    else {
        return None;
    };
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let (commitments, []) = commitments.as_chunks() else {
        return None;
    };
    let referred = Referred {
        index,
        in_force,
        iss: OrgId::new(text(iss)?).ok()?,
        device: DeviceKey((*device).try_into().ok()?),
        epoch: u64::from_be_bytes((*epoch).try_into().ok()?),
        seq: u64::from_be_bytes((*seq).try_into().ok()?),
        signed_hash: Hash((*signed_hash).try_into().ok()?),
        kind: Kind::from_name(text(kind)?)?,
        commitments: commitments.iter().copied().map(Hash).collect(),
    };
    let subject = |cbor: &&[u8]| Subject::from_value(&Value::decode(cbor).ok()?);
    Some(Standing {
        referred,
        subjects: subjects.iter().map(subject).collect::<Option<_>>()?,
    })
}

fn fields(mut rest: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (len, behind) = rest.split_first_chunk()?;
        let (field, behind) = behind.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        fields.push(field);
        rest = behind;
    }
    Some(fields)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::ids::LotId;
    use crate::merkle::leaf_hash;
    use crate::store::MemoryRecords;

    fn standing(index: u64, signed_hash: Hash, in_force: bool) -> Standing {
        let org = OrgId::new("HTX-1").unwrap();
        let lot = LotId::new(org.clone(), &format!("L-{index}")).unwrap();
        Standing {
            referred: Referred {
                index: LeafIndex(index),
                in_force,
                iss: org.clone(),
                device: DeviceKey([9; 32]),
                epoch: 2,
                seq: index,
                signed_hash,
                kind: Kind::Harvest,
                commitments: vec![Hash([4; 32])],
            },
            subjects: BTreeSet::from([Subject::Lot(lot), Subject::Organisation(org)]),
        }
    }

    #[test]
    fn hashes_that_begin_alike_are_told_apart() {
        let alike = |last| {
            let mut hash = [5; 32];
            hash[31] = last;
            Hash(hash)
        };
        let mut standings = Standings::new(Box::new(MemoryRecords::default()));
        let leaves: Vec<Hash> = (0..9).map(alike).collect();
        for index in 1..9u64 {
            let void = (index == 4).then_some(VoidReason::NotPermitted);
            let standing = standing(index, alike(100 + index as u8), void.is_none());
            let subjects: Vec<_> = standing.subjects.iter().map(Subject::to_cbor).collect();
            let id = &leaves[index as usize];
            let pushed = standings.push(id, &standing.referred, &subjects, void);
            pushed.unwrap();
        }
        for index in 1..9u64 {
            let at = LeafIndex(index);
            let signed = alike(100 + index as u8);
            assert_eq!(standings.find(&leaves[index as usize], &leaves), Some(at));
            assert_eq!(standings.find_signed(&signed).unwrap(), Some(at));
            assert_eq!(
                standings.get(at).unwrap(),
                standing(index, signed, index != 4)
            );
        }
        assert_eq!(standings.find(&alike(50), &leaves), None);
        assert_eq!(standings.find_signed(&alike(50)).unwrap(), None);
        assert_eq!(standings.void(LeafIndex(4)), Some(VoidReason::NotPermitted));
        assert_eq!(standings.void(LeafIndex(5)), None);
        for outside in [0, 9, u64::MAX] {
            assert!(standings.get(LeafIndex(outside)).is_err());
        }
    }

    #[test]
    fn leaves_beyond_four_billion_are_found() {
        let mut beginnings = Beginnings::default();
        let (hash, far) = (leaf_hash(b"far"), u64::from(u32::MAX) + 7);
        beginnings.insert(&hash, 3);
        beginnings.insert(&hash, far);
        assert_eq!(beginnings.candidates(&hash).collect::<Vec<_>>(), [3, far]);
        assert_eq!(beginnings.candidates(&leaf_hash(b"near")).count(), 0);
    }
}
