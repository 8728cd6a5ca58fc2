//! The paths of tlog-tiles: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`.
//!
//! Invariant: a path that parses is the one spelling of that tile, so it is safe as a file name; there is
//! no `..`, no empty element and no second name for the same bytes.

use std::fmt;
use std::str::FromStr;

use super::{Bundle, Tile, TilePath, TileWidth};
use crate::decimal::parse_decimal;

/// The longest path that can name a tile: `tile/entries/`, seven elements of an index, `.p/255`.
pub const MAX_TILE_PATH_BYTES: usize = 13 + 7 * 5 + 6;

/// The path is not the exact spelling of a tile: whoever asked is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed path: not a C2SP tile or entry bundle")]
pub struct BadTilePath;

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
    use proptest::prelude::*;

    fn tile(level: u8, index: u64, width: u64) -> TilePath {
        TilePath::Hashes(Tile::new(level, index, TileWidth::new(width).unwrap()).unwrap())
    }

    fn bundle(index: u64, width: u64) -> TilePath {
        TilePath::Entries(Bundle::new(index, TileWidth::new(width).unwrap()))
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

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
