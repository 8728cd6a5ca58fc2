//! Reading a tree through its tiles.

use super::{BadTile, TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::ids::{Hash, TreeSize};
use crate::merkle::{self, HashReader};

/// Where the bytes of tiles come from: a folder, an HTTP client, a cache.
pub trait TileSource {
    /// What can go wrong while reading; wrong lengths ([`BadTile`]) are found here.
    type Error: From<BadTile>;

    /// The bytes of a tile. Where only the full tile is left, its first `32 · width` bytes.
    fn tile(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

/// A tree read through its tiles, for proofs: hashes between the stored levels are computed anew.
///
/// The bytes are believed as they are. Whoever reads from a stranger compares
/// [`merkle::root_at`] with a signed root, or checks the proof that comes out.
#[derive(Clone, Debug)]
pub struct TileTree<S> {
    source: S,
    size: TreeSize,
}

impl<S: TileSource> TileTree<S> {
    /// The tree of that size, whose tiles (partial ones of just this size) the source can read.
    pub fn new(source: S, size: TreeSize) -> TileTree<S> {
        TileTree { source, size }
    }

    /// The size the tiles are read for.
    pub fn size(&self) -> TreeSize {
        self.size
    }
}

impl<S: TileSource> HashReader for TileTree<S> {
    type Error = S::Error;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, S::Error> {
        let (tile_level, within) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        // 2^within neighbours of the tile's own level make up the subtree.
        let first = index
            .checked_shl(u32::from(within))
            .filter(|first| first >> within == index);
        let tile = first.and_then(|first| Tile::in_tree(tile_level, first / TILE_WIDTH, self.size));
        let (Some(first), Some(tile)) = (first, tile) else {
            return Err(BadTile::EndsEarly.into());
        };
        let hashes = tile.decode(&self.source.tile(tile)?)?;
        let start = (first % TILE_WIDTH) as usize;
        let below = hashes
            .get(start..start + (1 << within))
            .ok_or(BadTile::EndsEarly)?;
        Ok(merkle::root(below))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::ids::LeafIndex;
    use crate::merkle::{MemoryTree, consistency_proof, inclusion_proof, leaf_hash, root_at};
    use crate::tile::tiles_touched;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn tree(size: u64) -> MemoryTree {
        (0..size)
            .map(|i| leaf_hash(format!("entry-{i}").as_bytes()))
            .collect()
    }

    /// A folder in memory.
    struct Folder(BTreeMap<Tile, Vec<u8>>);

    impl TileSource for Folder {
        type Error = BadTile;

        fn tile(&self, tile: Tile) -> Result<Vec<u8>, BadTile> {
            self.0.get(&tile).cloned().ok_or(BadTile::EndsEarly)
        }
    }

    fn folder(tree: &MemoryTree, size: u64) -> Folder {
        let tiles = tiles_touched(TreeSize(0), TreeSize(size));
        Folder(
            tiles
                .map(|tile| (tile, tile.bytes(tree).unwrap()))
                .collect(),
        )
    }

    #[test]
    fn hashes_outside_the_tiles_are_an_error() {
        let memory = tree(300);
        let tiles = TileTree::new(folder(&memory, 300), TreeSize(300));
        for (level, index) in [
            (0, 300),
            (1, 150),
            (8, 1),
            (9, 0),
            (63, 0),
            (64, 0),
            (255, 1),
            (7, u64::MAX),
        ] {
            assert_eq!(
                tiles.hash(level, index),
                Err(BadTile::EndsEarly),
                "{level} {index}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_tree_read_through_tiles_is_the_tree(size in 1u64..2000, at in 0u64..2000, old in 0u64..2000) {
            let (at, old) = (LeafIndex(at % size), TreeSize(old % (size + 1)));
            let (memory, size) = (tree(size), TreeSize(size));
            let tiles = TileTree::new(folder(&memory, size.0), size);
            prop_assert_eq!(root_at(&tiles, size).unwrap(), memory.root());
            prop_assert_eq!(
                inclusion_proof(&tiles, at, size).unwrap(),
                inclusion_proof(&memory, at, size).unwrap()
            );
            prop_assert_eq!(
                consistency_proof(&tiles, old, size).unwrap(),
                consistency_proof(&memory, old, size).unwrap()
            );
        }

        #[test]
        fn growing_in_steps_writes_what_writing_at_once_writes(a in 0u64..1500, b in 0u64..1500) {
            let (a, b) = (a.min(b), a.max(b));
            let memory = tree(b);
            let mut grown = folder(&memory, a).0;
            for tile in tiles_touched(TreeSize(a), TreeSize(b)) {
                grown.insert(tile, tile.bytes(&memory).unwrap());
            }
            for (tile, bytes) in folder(&memory, b).0 {
                prop_assert_eq!(grown.get(&tile), Some(&bytes));
            }
        }
    }
}
