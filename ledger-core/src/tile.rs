//! C2SP tlog-tiles: how the tree and its entries are cut into files of height 8.
//!
//! Scope: paths (formatted and strictly parsed), which hashes stand in a tile, which tiles and bundles
//! a growing tree writes, the bytes of entry bundles, and reading a tree through its tiles.
//! Out of scope: storing, fetching, pruning (node, qr-service); what an entry says.

use crate::ids::{Hash, LeafIndex, TreeSize};
use crate::merkle::HashReader;

mod path;
mod tree;

pub use path::{BadTilePath, MAX_TILE_PATH_BYTES};
pub use tree::{TileSource, TileTree};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree that one tile covers; tlog-tiles fixes it, `2^8 = TILE_WIDTH`.
pub const TILE_HEIGHT: u8 = 8;
/// The largest `<L>` that tlog-tiles allows in a path. Levels above 7 stay empty in any tree of less
/// than 2^64 leaves.
pub const MAX_TILE_LEVEL: u8 = 63;
/// The longest entry a bundle can hold: its length is a u16.
pub const MAX_BUNDLE_ENTRY_BYTES: usize = u16::MAX as usize;
/// The largest bundle there can be: 256 entries of the greatest length, about 16 MiB.
pub const MAX_BUNDLE_BYTES: usize = TILE_WIDTH as usize * (2 + MAX_BUNDLE_ENTRY_BYTES);

/// How much of a tile or bundle there is: 1 to 256 items, of which 256 is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileWidth(u16);

impl TileWidth {
    /// All 256 items.
    pub const FULL: TileWidth = TileWidth(TILE_WIDTH as u16);

    /// `None` unless 1 to 256.
    pub fn new(items: u64) -> Option<TileWidth> {
        (1..=TILE_WIDTH)
            .contains(&items)
            .then_some(TileWidth(items as u16))
    }

    /// How many items.
    pub fn items(self) -> usize {
        usize::from(self.0)
    }

    /// Whether nothing will ever be added.
    pub fn is_full(self) -> bool {
        self == TileWidth::FULL
    }
}

/// A tile of hashes, full or partial. Its hash number i is the root of the complete subtree
/// (level `8 · level`, index `256 · index + i`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: TileWidth,
}

/// A bundle of entries, full or partial: the leaves from `256 · index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: TileWidth,
}

/// What a path below a log's prefix names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`.
    Hashes(Tile),
    /// `tile/entries/<N>[.p/<W>]`.
    Entries(Bundle),
}

/// The bytes are not a tile or bundle of that width: whoever served them is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTile {
    /// A tile has 32 bytes for each hash.
    #[error("malformed tile: {actual} bytes instead of {expected}")]
    Length {
        /// 32 × width.
        expected: usize,
        /// What came.
        actual: usize,
    },
    /// The bundle ends inside an entry, or before the last.
    #[error("malformed bundle: ends early")]
    EndsEarly,
    /// Bytes follow the last entry.
    #[error("malformed bundle: bytes after the last entry")]
    TrailingBytes,
    /// Longer than [`MAX_BUNDLE_ENTRY_BYTES`]: the writer's own fault.
    #[error("an entry of {0} bytes fits in no bundle")]
    EntryTooLong(usize),
    /// Not 1 to 256 entries: the writer's own fault.
    #[error("{0} entries make no bundle")]
    EntryCount(usize),
}

impl Tile {
    /// `None` when the level is above [`MAX_TILE_LEVEL`].
    pub fn new(level: u8, index: u64, width: TileWidth) -> Option<Tile> {
        (level <= MAX_TILE_LEVEL).then_some(Tile {
            level,
            index,
            width,
        })
    }

    /// The tile of this place in a tree of that size, as wide as the tree fills it. `None` when empty.
    pub fn in_tree(level: u8, index: u64, size: TreeSize) -> Option<Tile> {
        let filled = hashes_at(level, size).checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        Tile::new(level, index, TileWidth::new(filled.min(TILE_WIDTH))?)
    }

    /// `<L>`: each step up is 8 levels of the tree.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// `<N>`: which tile within the level, from the left.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes stand in it.
    pub fn width(&self) -> TileWidth {
        self.width
    }

    /// The same place with all 256 hashes: what a client asks for when a partial tile is gone.
    pub fn full(&self) -> Tile {
        Tile {
            width: TileWidth::FULL,
            ..*self
        }
    }

    /// The subtrees whose roots stand in the tile, in order, as [`HashReader::hash`] names them. Empty
    /// where no tree can be large enough.
    pub fn subtrees(&self) -> impl Iterator<Item = (u8, u64)> {
        let level = self.level.saturating_mul(TILE_HEIGHT);
        let first = self.index.checked_mul(TILE_WIDTH).filter(|_| level < 64);
        let subtrees = first.map(|first| (0..self.width.items() as u64).map(move |i| first + i));
        subtrees
            .into_iter()
            .flatten()
            .map(move |index| (level, index))
    }

    /// The bytes of the tile, from stored or remembered hashes.
    pub fn bytes<R: HashReader>(&self, reader: &R) -> Result<Vec<u8>, R::Error> {
        let mut bytes = Vec::with_capacity(self.width.items() * 32);
        for (level, index) in self.subtrees() {
            bytes.extend_from_slice(reader.hash(level, index)?.as_bytes());
        }
        Ok(bytes)
    }

    /// The hashes in the bytes of this tile. That they are the right ones only the root can tell.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Hash>, BadTile> {
        let expected = self.width.items() * 32;
        if bytes.len() != expected {
            return Err(BadTile::Length {
                expected,
                actual: bytes.len(),
            });
        }
        let (hashes, _) = bytes.as_chunks::<32>();
        Ok(hashes.iter().copied().map(Hash).collect())
    }
}

impl Bundle {
    /// A bundle of this place and width.
    pub fn new(index: u64, width: TileWidth) -> Bundle {
        Bundle { index, width }
    }

    /// The bundle of this place in a tree of that size, as wide as the tree fills it. `None` when empty.
    pub fn in_tree(index: u64, size: TreeSize) -> Option<Bundle> {
        Tile::in_tree(0, index, size).map(|tile| Bundle {
            index,
            width: tile.width,
        })
    }

    /// `<N>`: which bundle, from the left.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries stand in it.
    pub fn width(&self) -> TileWidth {
        self.width
    }

    /// The same place with all 256 entries.
    pub fn full(&self) -> Bundle {
        Bundle {
            width: TileWidth::FULL,
            ..*self
        }
    }

    /// The leaf of its first entry. `None` where no tree can be large enough.
    pub fn first_leaf(&self) -> Option<LeafIndex> {
        self.index.checked_mul(TILE_WIDTH).map(LeafIndex)
    }

    /// Cuts the bytes of this bundle into its entries: for each `u16 length ‖ bytes`, exactly as many
    /// as the width says, nothing behind them.
    pub fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Vec<&'b [u8]>, BadTile> {
        let mut rest = bytes;
        let mut entries = Vec::with_capacity(self.width.items());
        for _ in 0..self.width.items() {
            let (length, after) = rest.split_first_chunk().ok_or(BadTile::EndsEarly)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after.split_at_checked(length).ok_or(BadTile::EndsEarly)?;
            entries.push(entry);
            rest = after;
        }
        if rest.is_empty() {
            Ok(entries)
        } else {
            Err(BadTile::TrailingBytes)
        }
    }
}

/// The bytes of a bundle of 1 to 256 entries: for each `u16 length ‖ bytes`, tlog-tiles "Log entries".
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BadTile> {
    TileWidth::new(entries.len() as u64).ok_or(BadTile::EntryCount(entries.len()))?;
    let total: usize = entries.iter().map(|entry| 2 + entry.as_ref().len()).sum();
    let mut bytes = Vec::with_capacity(total.min(MAX_BUNDLE_BYTES));
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| BadTile::EntryTooLong(entry.len()))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The tiles that must be written when a tree grows from one size to another, each as wide as the
/// larger size fills it, bottom level first. From zero: all tiles of the tree.
pub fn tiles_touched(from: TreeSize, to: TreeSize) -> impl Iterator<Item = Tile> {
    (0..8u8).flat_map(move |level| {
        let places = places_touched(hashes_at(level, from), hashes_at(level, to));
        places.filter_map(move |index| Tile::in_tree(level, index, to))
    })
}

/// The entry bundles that must be written when a tree grows from one size to another.
pub fn bundles_touched(from: TreeSize, to: TreeSize) -> impl Iterator<Item = Bundle> {
    places_touched(from.0, to.0).filter_map(move |index| Bundle::in_tree(index, to))
}

/// How many hashes a tree of that size has at a tile level.
fn hashes_at(level: u8, size: TreeSize) -> u64 {
    size.0
        .checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))
        .unwrap_or(0)
}

/// Which tiles of a level change when its hashes grow from one number to another.
fn places_touched(from: u64, to: u64) -> std::ops::Range<u64> {
    if to > from {
        from / TILE_WIDTH..to.div_ceil(TILE_WIDTH)
    } else {
        0..0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn tile(level: u8, index: u64, width: u64) -> TilePath {
        TilePath::Hashes(Tile::new(level, index, TileWidth::new(width).unwrap()).unwrap())
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
        let count = |level: u8, full: bool| {
            let tiles = tiles_touched(TreeSize(0), TreeSize(70_000));
            tiles
                .filter(|t| t.level() == level && t.width().is_full() == full)
                .count()
        };
        assert_eq!((count(0, true), count(0, false)), (273, 1));
        assert_eq!((count(1, true), count(1, false)), (1, 1));
        assert_eq!((count(2, true), count(2, false)), (0, 1));
        let partial: Vec<String> = tiles_touched(TreeSize(0), TreeSize(70_000))
            .filter(|tile| !tile.width().is_full())
            .map(|tile| tile.to_string())
            .collect();
        assert_eq!(
            partial,
            ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
        );
    }

    #[test]
    fn growth_writes_only_what_changes() {
        let touched = |from, to| {
            let tiles = tiles_touched(TreeSize(from), TreeSize(to)).map(|tile| tile.to_string());
            let bundles = bundles_touched(TreeSize(from), TreeSize(to)).map(|b| b.to_string());
            tiles.chain(bundles).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(touched(0, 0), "");
        assert_eq!(touched(7, 7), "");
        assert_eq!(touched(7, 5), "");
        assert_eq!(touched(0, 1), "tile/0/000.p/1 tile/entries/000.p/1");
        assert_eq!(
            touched(255, 256),
            "tile/0/000 tile/1/000.p/1 tile/entries/000"
        );
        assert_eq!(touched(256, 257), "tile/0/001.p/1 tile/entries/001.p/1");
        assert_eq!(
            touched(250, 300),
            "tile/0/000 tile/0/001.p/44 tile/1/000.p/1 tile/entries/000 tile/entries/001.p/44"
        );
        assert_eq!(
            tiles_touched(TreeSize(0), TreeSize(u64::MAX))
                .next()
                .unwrap()
                .index(),
            0
        );
        let end = tiles_touched(TreeSize(u64::MAX - 1), TreeSize(u64::MAX))
            .last()
            .unwrap();
        assert_eq!((end.level(), end.width().items()), (0, 255));
    }

    #[test]
    fn bundles_are_strict() {
        let two = Bundle::new(0, TileWidth::new(2).unwrap());
        let bytes = encode_bundle(&["ab".as_bytes(), b""]).unwrap();
        assert_eq!(bytes, [0, 2, b'a', b'b', 0, 0]);
        assert_eq!(two.decode(&bytes), Ok(vec![b"ab".as_slice(), b""]));
        for cut in 0..bytes.len() {
            assert_eq!(two.decode(&bytes[..cut]), Err(BadTile::EndsEarly), "{cut}");
        }
        let spare = [bytes.as_slice(), &[0]].concat();
        assert_eq!(two.decode(&spare), Err(BadTile::TrailingBytes));
        assert_eq!(two.full().decode(&bytes), Err(BadTile::EndsEarly));
        assert_eq!(two.first_leaf(), Some(LeafIndex(0)));
        assert_eq!(Bundle::new(u64::MAX, TileWidth::FULL).first_leaf(), None);
    }

    #[test]
    fn bundles_hold_256_entries_of_65_535_bytes_and_no_more() {
        let longest = vec![0u8; MAX_BUNDLE_ENTRY_BYTES];
        assert!(encode_bundle(&[&longest]).is_ok());
        let too_long = vec![0u8; MAX_BUNDLE_ENTRY_BYTES + 1];
        assert_eq!(
            encode_bundle(&[&too_long]),
            Err(BadTile::EntryTooLong(65_536))
        );
        assert!(encode_bundle(&[b""; 256]).is_ok());
        assert_eq!(encode_bundle(&[b""; 257]), Err(BadTile::EntryCount(257)));
        assert_eq!(encode_bundle::<&[u8]>(&[]), Err(BadTile::EntryCount(0)));
    }

    #[test]
    fn tiles_have_32_bytes_for_each_hash() {
        let TilePath::Hashes(two) = tile(0, 0, 2) else {
            unreachable!()
        };
        assert_eq!(two.decode(&[7; 64]), Ok(vec![Hash([7; 32]); 2]));
        for length in [0, 32, 63, 65, 96] {
            let expected = Err(BadTile::Length {
                expected: 64,
                actual: length,
            });
            assert_eq!(two.decode(&vec![7; length]), expected);
        }
        let TilePath::Hashes(far) = tile(63, u64::MAX, 256) else {
            unreachable!()
        };
        assert_eq!(far.subtrees().count(), 0);
    }
}
