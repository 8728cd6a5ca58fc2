//! Map proofs, against a second reader written from `docs/formats.md` section 10 alone: it reads any tree, canonical or
//! not, and says afterwards what is wrong with it. Both must agree, whoever made the tree and whatever its root.

use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::map::{Map, MapKey};
use ledger_core::map_proof::{Answer, verify_proof};
use sha2::{Digest, Sha256};

use crate::choices::Choices;

/// Keys that part at the first bits, late, and at the very last.
fn keys() -> Vec<MapKey> {
    let key = |first: u8, last: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, last);
        MapKey(Hash(bytes))
    };
    [
        (0x00, 0),
        (0x00, 1),
        (0x40, 0),
        (0x80, 0),
        (0x80, 0xff),
        (0xc0, 0),
        (0xff, 0xff),
    ]
    .map(|(a, b)| key(a, b))
    .to_vec()
}

fn asked(mask: u8) -> Vec<MapKey> {
    keys()
        .into_iter()
        .enumerate()
        .filter(|(at, _)| mask >> at & 1 == 1)
        .map(|(_, key)| key)
        .collect()
}

/// A tree as it was sent.
enum Node {
    Empty,
    Leaf {
        key: MapKey,
        count: u64,
        list_root: Hash,
    },
    Inner(Box<Node>, Box<Node>),
    Cut(Hash),
}

fn read(choices: &mut &[u8], depth: usize) -> Option<Node> {
    let (kind, rest) = choices.split_first()?;
    *choices = rest;
    let mut hash = || {
        let (bytes, rest) = choices.split_first_chunk::<32>()?;
        *choices = rest;
        Some(Hash(*bytes))
    };
    Some(match kind {
        0 => Node::Empty,
        1 => {
            let key = MapKey(hash()?);
            let (count, rest) = choices.split_first_chunk::<8>()?;
            *choices = rest;
            let (root, rest) = choices.split_first_chunk::<32>()?;
            *choices = rest;
            Node::Leaf {
                key,
                count: u64::from_be_bytes(*count),
                list_root: Hash(*root),
            }
        }
        2 if depth < 256 => Node::Inner(
            Box::new(read(choices, depth + 1)?),
            Box::new(read(choices, depth + 1)?),
        ),
        3 => Node::Cut(hash()?),
        _ => return None,
    })
}

impl Node {
    fn hash(&self) -> Hash {
        match self {
            Node::Empty => Hash::ZERO,
            Node::Leaf {
                key,
                count,
                list_root,
            } => leaf_hash(key, *count, list_root),
            Node::Inner(left, right) => node_hash(&left.hash(), &right.hash()),
            Node::Cut(hash) => *hash,
        }
    }

    /// At most this many leaves; a cut may hide any number.
    fn leaves(&self) -> usize {
        match self {
            Node::Empty => 0,
            Node::Leaf { .. } => 1,
            Node::Cut(_) => 2,
            Node::Inner(left, right) => left.leaves() + right.leaves(),
        }
    }

    /// Whether this is the one proof of its tree for the asked keys, which all lie below `path`.
    fn is_the_one_proof(&self, path: &mut Vec<bool>, asked: &[MapKey]) -> bool {
        let below: Vec<MapKey> = asked
            .iter()
            .copied()
            .filter(|key| lies_below(key, path))
            .collect();
        match self {
            Node::Empty => true,
            Node::Cut(hash) => below.is_empty() && *hash != Hash::ZERO,
            Node::Leaf { key, count, .. } => {
                !below.is_empty() && lies_below(key, path) && *count > 0
            }
            Node::Inner(left, right) => {
                let parts = [(false, left), (true, right)];
                let ordered = parts.into_iter().all(|(bit, part)| {
                    path.push(bit);
                    let ok = part.is_the_one_proof(path, &below);
                    path.pop();
                    ok
                });
                !below.is_empty() && ordered && self.leaves() >= 2
            }
        }
    }

    fn answer(&self, key: &MapKey, depth: usize) -> Answer {
        match self {
            Node::Inner(left, right) => {
                let side = if bit(key, depth) { right } else { left };
                side.answer(key, depth + 1)
            }
            Node::Leaf {
                key: own,
                count,
                list_root,
            } if own == key => Answer::Present {
                count: *count,
                list_root: *list_root,
            },
            _ => Answer::Absent,
        }
    }
}

fn leaf_hash(key: &MapKey, count: u64, list_root: &Hash) -> Hash {
    let parts = [[2].as_slice(), &key.0.0, &count.to_be_bytes(), &list_root.0];
    Hash(Sha256::digest(parts.concat()).into())
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::digest([[3].as_slice(), &left.0, &right.0].concat()).into())
}

fn bit(key: &MapKey, depth: usize) -> bool {
    key.0.0[depth / 8] >> (7 - depth % 8) & 1 == 1
}

fn lies_below(key: &MapKey, path: &[bool]) -> bool {
    path.iter()
        .enumerate()
        .all(|(depth, side)| bit(key, depth) == *side)
}

/// The first byte says which keys are asked for, the rest is the proof. The root is the tree's own: the hardest case,
/// because no hash stands in the liar's way.
pub(super) fn run(bytes: &[u8]) -> bool {
    let mut choices = Choices::new(bytes);
    let keys = asked(choices.byte());
    let proof = choices.rest();
    let mut rest = proof;
    let tree = read(&mut rest, 0).filter(|_| rest.is_empty());
    let Some(tree) = tree else {
        assert!(verify_proof(proof, &Hash::ZERO, &keys).is_err());
        return false;
    };
    let root = tree.hash();
    let answers = verify_proof(proof, &root, &keys);
    assert_eq!(
        answers.is_ok(),
        tree.is_the_one_proof(&mut Vec::new(), &keys),
        "{answers:?}"
    );
    if let Ok(answers) = &answers {
        let own: Vec<Answer> = keys.iter().map(|key| tree.answer(key, 0)).collect();
        assert_eq!(answers, &own);
        let other = Hash([1; 32]);
        assert!(verify_proof(proof, &other, &keys).is_err());
    }
    answers.is_ok()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (listed, asked_for) in [
        (0u8, 1u8),
        (1, 1),
        (1, 2),
        (0b1111111, 0b11),
        (0b1111111, 0b1111111),
        (0b1011, 0b110100),
        (0b11000, 0),
    ] {
        let mut map = Map::new();
        for (index, key) in asked(listed).into_iter().enumerate() {
            map.append(key, LeafIndex(index as u64), Hash([index as u8; 32]))
                .expect("rising");
        }
        let proof = map.prove(&asked(asked_for)).expect("few keys");
        seeds.push([&[asked_for], proof.as_slice()].concat());
    }
    seeds
}
