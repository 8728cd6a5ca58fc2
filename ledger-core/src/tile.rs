//! C2SP tlog-tiles: how the tree and its entries are cut into files of height 8.
//!
//! Scope: paths (formatted and strictly parsed), which hashes stand in a tile, which tiles and bundles
//! a growing tree writes, the bytes of entry bundles, and reading a tree through its tiles.
//! Out of scope: storing, fetching, pruning (node, qr-service); what an entry says.
//!
//! Invariant: a path that parses is the one spelling of that tile, so it is safe as a file name; there is
//! no `..`, no empty element and no second name for the same bytes.

use std::fmt;
use std::str::FromStr;

use crate::decimal::parse_decimal;
use crate::ids::{Hash, LeafIndex, TreeSize};
use crate::merkle::{self, HashReader};

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
/// The longest path that can name a tile: `tile/entries/`, seven elements of an index, `.p/255`.
pub const MAX_TILE_PATH_BYTES: usize = 13 + 7 * 5 + 6;

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

/// The path is not the exact spelling of a tile: whoever asked is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed path: not a C2SP tile or entry bundle")]
pub struct BadTilePath;

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

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tile/{}/{}",
            self.level,
            PlaceInPath(self.index, self.width)
        )
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", PlaceInPath(self.index, self.width))
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TilePath::Hashes(tile) => tile.fmt(f),
            TilePath::Entries(bundle) => bundle.fmt(f),
        }
    }
}

/// `<N>[.p/<W>]`.
struct PlaceInPath(u64, TileWidth);

impl fmt::Display for PlaceInPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlaceInPath(index, width) = *self;
        let groups = index.checked_ilog(1000).unwrap_or(0);
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", index / 1000u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", index % 1000)?;
        if width.is_full() {
            Ok(())
        } else {
            write!(f, ".p/{}", width.0)
        }
    }
}

impl FromStr for TilePath {
    type Err = BadTilePath;

    /// Reads exactly what `Display` writes; no leading or trailing slash.
    fn from_str(path: &str) -> Result<TilePath, BadTilePath> {
        let parsed = parse_path(path).ok_or(BadTilePath)?;
        // One spelling for each tile, whatever the steps above may have let through.
        if parsed.to_string() == path {
            Ok(parsed)
        } else {
            Err(BadTilePath)
        }
    }
}

fn parse_path(path: &str) -> Option<TilePath> {
    if path.len() > MAX_TILE_PATH_BYTES {
        return None;
    }
    let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, TileWidth::new(parse_decimal(width)?)?),
        None => (place, TileWidth::FULL),
    };
    let index = parse_index(index)?;
    if level == "entries" {
        return Some(TilePath::Entries(Bundle::new(index, width)));
    }
    let level = u8::try_from(parse_decimal(level)?).ok()?;
    Tile::new(level, index, width).map(TilePath::Hashes)
}

/// Reads the three-digit elements of `<N>`; that no needless `x000` leads is checked by the caller.
fn parse_index(text: &str) -> Option<u64> {
    let (above, last) = match text.rsplit_once('/') {
        Some((above, last)) => (Some(above), last),
        None => (None, text),
    };
    let mut index = 0u64;
    for element in above.into_iter().flat_map(|above| above.split('/')) {
        index = push_digits(index, element.strip_prefix('x')?)?;
    }
    push_digits(index, last)
}

fn push_digits(index: u64, digits: &str) -> Option<u64> {
    let three = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits: u64 = three.then(|| digits.parse().ok()).flatten()?;
    index.checked_mul(1000)?.checked_add(digits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::merkle::{MemoryTree, consistency_proof, inclusion_proof, leaf_hash, root_at};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn tile(level: u8, index: u64, width: u64) -> TilePath {
        TilePath::Hashes(Tile::new(level, index, TileWidth::new(width).unwrap()).unwrap())
    }

    fn bundle(index: u64, width: u64) -> TilePath {
        TilePath::Entries(Bundle::new(index, TileWidth::new(width).unwrap()))
    }

    fn tree(size: u64) -> MemoryTree {
        (0..size)
            .map(|i| leaf_hash(format!("entry-{i}").as_bytes()))
            .collect()
    }

    #[test]
    fn paths_are_written_and_read() {
        for (path, expected) in [
            ("tile/0/000", tile(0, 0, 256)),
            ("tile/0/001.p/44", tile(0, 1, 44)),
            ("tile/63/999", tile(63, 999, 256)),
            ("tile/1/x001/000", tile(1, 1000, 256)),
            ("tile/0/x001/x234/067", tile(0, 1_234_067, 256)),
            ("tile/0/x001/x234/067.p/255", tile(0, 1_234_067, 255)),
            (
                "tile/0/x018/x446/x744/x073/x709/x551/615.p/1",
                tile(0, u64::MAX, 1),
            ),
            ("tile/entries/000", bundle(0, 256)),
            ("tile/entries/x001/x234/067.p/9", bundle(1_234_067, 9)),
        ] {
            assert_eq!(path.parse(), Ok(expected));
            assert_eq!(expected.to_string(), path);
        }
    }

    #[test]
    fn any_other_spelling_is_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile//000",
            "tile/00/000",
            "tile/01/000",
            "tile/+1/000",
            "tile/-1/000",
            "tile/64/000",
            "tile/256/000",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/000",
            "tile/0/x000/067",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x1/000",
            "tile/0/X001/000",
            "tile/0/x001//000",
            "tile/0/+01",
            "tile/0/ 01",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/00",
            "tile/0/000.p/05",
            "tile/0/000.p/+5",
            "tile/0/000.p/256",
            "tile/0/000.p/257",
            "tile/0/000.p/5/",
            "tile/0/000.p/5.p/5",
            "tile/0/000.p/5 ",
            "tile/0/000.P/5",
            "tile/0/000\r",
            "tile/0/000\n",
            "tile/entries",
            "tile/entries/",
            "tile/entries/0",
            "tile/Entries/000",
            "tile/entries/x000/000",
            "tile/entries/../000",
            "tile/0/..",
            "tile/data/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x001/x000/x000/x000/x000/x000/x000/x000/000",
            "tile/0/٠٠٠",
        ] {
            assert_eq!(path.parse::<TilePath>(), Err(BadTilePath), "{path:?}");
        }
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

        #[test]
        fn paths_round_trip(level in 0u8..64, index: u64, width in 1u64..257) {
            let path = tile(level, index, width);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
            let path = bundle(index, width);
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[tile/0-9xp.ens ]{0,40}") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
