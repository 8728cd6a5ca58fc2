//! The nodes of the trie: held in memory, or in the store under their hash and place.
//!
//! Invariants:
//! - A node that has a place has a hash, and the record at that place says the same as the node.
//! - A node is compared with the hash it is known by when it is read, so a store can fail but not lie.

use std::borrow::Cow;

use super::{MapKey, SubjectList, leaf_hash, node_hash};
use crate::ids::Hash;
use crate::store::{Place, Records, StoreError};

const LEAF: u8 = 0x01;
const INNER: u8 = 0x02;
/// Nodes above this depth stay in memory when a map is stored: at most 2 MB, and two thirds of the way to one of a
/// million subjects.
const HELD_DEPTH: usize = 14;

/// What stands at a place of the trie.
#[derive(Clone, Debug, Default)]
pub(crate) enum Link {
    #[default]
    Empty,
    Stored(Stored),
    Held(Box<Node>),
}

/// A node in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) hash: Hash,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) body: Body,
    /// None since something here or below changed.
    hash: Option<Hash>,
    /// None since something here or below changed, or while it was never stored.
    place: Option<Place>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Inner([Link; 2]),
    Leaf(Leaf),
}

/// A subject with its list.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) key: MapKey,
    pub(crate) list: SubjectList,
}

impl Link {
    pub(super) fn held(body: Body) -> Link {
        Link::Held(Box::new(Node {
            body,
            hash: None,
            place: None,
        }))
    }

    /// The node here to be changed, read if it is not held; none for an empty subtree.
    pub(super) fn hold(&mut self, records: &dyn Records) -> Result<Option<&mut Node>, StoreError> {
        if let Link::Stored(stored) = self {
            *self = Link::Held(Box::new(Node::read(*stored, records)?));
        }
        match self {
            Link::Held(node) => Ok(Some(node)),
            _ => Ok(None),
        }
    }

    /// The node here to be looked at; what has to be read for it is not kept.
    pub(crate) fn view(&self, records: &dyn Records) -> Result<Option<Cow<'_, Node>>, StoreError> {
        Ok(match self {
            Link::Empty => None,
            Link::Stored(stored) => Some(Cow::Owned(Node::read(*stored, records)?)),
            Link::Held(node) => Some(Cow::Borrowed(node)),
        })
    }

    /// The hash of the subtree; what changed below it since is hashed now. Reads nothing.
    pub(crate) fn hash(&mut self) -> Hash {
        match self {
            Link::Empty => Hash::ZERO,
            Link::Stored(stored) => stored.hash,
            Link::Held(node) => node.hash(),
        }
    }

    /// The hash of the subtree if nothing below it changed since it was hashed.
    pub(crate) fn known_hash(&self) -> Option<Hash> {
        match self {
            Link::Empty => Some(Hash::ZERO),
            Link::Stored(stored) => Some(stored.hash),
            Link::Held(node) => node.hash,
        }
    }

    /// Hands everything that changed below to the store, and lets go of what lies deep.
    pub(super) fn store(
        &mut self,
        depth: usize,
        records: &mut dyn Records,
    ) -> Result<Option<Stored>, StoreError> {
        let stored = match self {
            Link::Empty => return Ok(None),
            Link::Stored(stored) => return Ok(Some(*stored)),
            Link::Held(node) => node.store(depth, records)?,
        };
        if depth >= HELD_DEPTH {
            *self = Link::Stored(stored);
        }
        Ok(Some(stored))
    }

    /// The same subtree in another store, nothing of it older than what the root reaches.
    pub(super) fn copy(
        &self,
        depth: usize,
        from: &dyn Records,
        to: &mut dyn Records,
    ) -> Result<Link, StoreError> {
        let Some(node) = self.view(from)? else {
            return Ok(Link::Empty);
        };
        let body = match &node.body {
            Body::Leaf(leaf) => Body::Leaf(Leaf {
                key: leaf.key,
                list: leaf.list.gathered(from)?,
            }),
            Body::Inner([left, right]) => Body::Inner([
                left.copy(depth + 1, from, to)?,
                right.copy(depth + 1, from, to)?,
            ]),
        };
        let mut copied = Link::held(body);
        copied.store(depth, to)?;
        Ok(copied)
    }
}

impl Node {
    /// Something here or below is about to be another.
    pub(super) fn touch(&mut self) {
        (self.hash, self.place) = (None, None);
    }

    fn hash(&mut self) -> Hash {
        let body = &mut self.body;
        *self.hash.get_or_insert_with(|| match body {
            Body::Inner([left, right]) => node_hash(&left.hash(), &right.hash()),
            Body::Leaf(Leaf { key, list }) => leaf_hash(key, list.count(), &list.root()),
        })
    }

    fn store(&mut self, depth: usize, records: &mut dyn Records) -> Result<Stored, StoreError> {
        let hash = self.hash();
        let record = match (&mut self.body, self.place) {
            // Held only because it was looked for in vain: a child may be held for no reason, too.
            (Body::Leaf(_), Some(place)) => return Ok(Stored { hash, place }),
            (Body::Leaf(Leaf { key, list }), None) => {
                list.seal(records)?;
                let mut record = vec![LEAF];
                record.extend(key.0.0);
                list.write(&mut record);
                record
            }
            (Body::Inner(children), _) => {
                let mut record = vec![INNER];
                for child in children {
                    let stored = child.store(depth + 1, records)?;
                    record.extend(stored.map_or(Hash::ZERO, |stored| stored.hash).0);
                    record.extend(Place::to_bytes(stored.map(|stored| stored.place)));
                }
                record
            }
        };
        let place = match self.place {
            Some(place) => place,
            None => records.append(&record)?,
        };
        self.place = Some(place);
        Ok(Stored { hash, place })
    }

    fn read(stored: Stored, records: &dyn Records) -> Result<Node, StoreError> {
        let Stored { hash, place } = stored;
        let body = Body::parse(&records.read(place)?);
        let mut node = Node {
            body: body.ok_or(StoreError::Damaged(place))?,
            hash: None,
            place: Some(place),
        };
        match node.hash() == hash {
            true => Ok(node),
            false => Err(StoreError::Damaged(place)),
        }
    }
}

impl Body {
    fn parse(record: &[u8]) -> Option<Body> {
        match record.split_first()? {
            (&LEAF, rest) => {
                let (key, rest) = rest.split_first_chunk()?;
                Some(Body::Leaf(Leaf {
                    key: MapKey(Hash(*key)),
                    list: SubjectList::read(rest)?,
                }))
            }
            (&INNER, rest) => {
                let (left, rest) = rest.split_first_chunk()?;
                let (right, []) = rest.split_first_chunk()? else {
                    return None;
                };
                Some(Body::Inner([parse_link(left)?, parse_link(right)?]))
            }
            _ => None,
        }
    }
}

fn parse_link(bytes: &[u8; 40]) -> Option<Link> {
    let (hash, place) = bytes.split_first_chunk()?;
    let hash = Hash(*hash);
    match Place::from_bytes(place.try_into().ok()?) {
        Some(place) => Some(Link::Stored(Stored { hash, place })),
        None => (hash == Hash::ZERO).then_some(Link::Empty),
    }
}
