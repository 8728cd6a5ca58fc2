//! A leaf with its place in the log and the proof of it (`docs/formats.md` sections 12 and 16).
//!
//! In scope: the CBOR form, whether it stands in a checkpoint's tree, what a map head states. Out of scope: who signed
//! the checkpoint ([`crate::quorum`]).

use crate::checkpoint::Checkpoint;
use crate::encode::Value;
use crate::genesis::Genesis;
use crate::ids::{Hash, LeafIndex, LedgerId};
use crate::kind::Kind;
use crate::merkle::{leaf_hash, verify_inclusion};
use crate::sign::Envelope;

/// An event and where it is said to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its leaf index.
    pub index: LeafIndex,
    /// Its envelope.
    pub envelope: Vec<u8>,
    /// Its inclusion proof, leaf side first.
    pub proof: Vec<Hash>,
}

impl Placed {
    /// Whether it stands there in the tree of a checkpoint.
    pub fn is_in(&self, checkpoint: &Checkpoint) -> bool {
        let (leaf, root) = (leaf_hash(&self.envelope), checkpoint.root());
        verify_inclusion(&leaf, self.index, checkpoint.size(), &root, &self.proof).is_ok()
    }

    /// Whether it is the last leaf of a checkpoint, as the map head must be.
    pub fn is_last_of(&self, checkpoint: &Checkpoint) -> bool {
        self.index.0.checked_add(1) == Some(checkpoint.size().0) && self.is_in(checkpoint)
    }

    /// The map root that it states, if it is a map head by the sequencer that names its own index.
    pub fn map_root(&self, genesis: &Genesis, ledger: &LedgerId) -> Option<Hash> {
        let event = Envelope::parse(&self.envelope).ok()?.verify(ledger).ok()?;
        let body = event.body();
        let own = event.device() == genesis.sequencer
            && *event.iss() == genesis.authority
            && body.kind == Kind::MapHead
            && body.size == Some(self.index.0);
        body.root.filter(|_| own)
    }

    /// `[leaf index, envelope, [hash, …]]`.
    pub(crate) fn to_value(&self) -> Value {
        Value::Array(vec![
            Value::uint(self.index.0),
            Value::bytes(&self.envelope),
            hashes_to_value(&self.proof),
        ])
    }

    pub(crate) fn from_value(value: &Value) -> Option<Placed> {
        let [index, envelope, proof] = value.as_array()? else {
            return None;
        };
        Some(Placed {
            index: LeafIndex(index.as_uint()?),
            envelope: envelope.as_bytes()?.to_vec(),
            proof: hashes_from_value(proof)?,
        })
    }
}

/// `[hash, …]`.
pub(crate) fn hashes_to_value(hashes: &[Hash]) -> Value {
    Value::Array(hashes.iter().map(|hash| Value::bytes(&hash.0)).collect())
}

pub(crate) fn hashes_from_value(value: &Value) -> Option<Vec<Hash>> {
    let hash = |value: &Value| value.as_bytes32().map(Hash);
    value.as_array()?.iter().map(hash).collect()
}
