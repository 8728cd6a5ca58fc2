//! Tiles and entry bundles: the first byte says how wide, the rest are the bytes that a stranger served.

use ledger_core::tile::{Bundle, TILE_WIDTH, Tile, TilePath, TileWidth, encode_bundle};

use crate::choices::Choices;
use crate::world::world;

pub(super) fn path(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(path) = text.parse::<TilePath>() else {
        return false;
    };
    assert_eq!(path.to_string(), text, "a tile has one name");
    assert!(
        !text.contains("..") && !text.contains("//"),
        "safe as a file name"
    );
    if let TilePath::Hashes(tile) = path {
        assert!(tile.subtrees().count() <= TILE_WIDTH as usize);
    }
    true
}

pub(super) fn paths() -> Vec<Vec<u8>> {
    [
        "tile/0/000",
        "tile/1/x001/x234/067.p/255",
        "tile/entries/x001/000.p/1",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
    ]
    .map(|path| path.as_bytes().to_vec())
    .to_vec()
}

fn width(choices: &mut Choices<'_>) -> TileWidth {
    TileWidth::new(u64::from(choices.byte()) + 1).expect("1 to 256")
}

pub(super) fn tile(bytes: &[u8]) -> bool {
    let mut choices = Choices::new(bytes);
    let tile = Tile::new(0, 0, width(&mut choices)).expect("level 0");
    let bytes = choices.rest();
    let Ok(hashes) = tile.decode(bytes) else {
        return false;
    };
    assert_eq!(hashes.len(), tile.width().items());
    assert_eq!(
        hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>(),
        bytes
    );
    true
}

pub(super) fn tiles() -> Vec<Vec<u8>> {
    vec![
        [[0].as_slice(), &[7; 32]].concat(),
        [[2].as_slice(), &[7; 96]].concat(),
    ]
}

pub(super) fn entry_bundle(bytes: &[u8]) -> bool {
    let mut choices = Choices::new(bytes);
    let bundle = Bundle::new(0, width(&mut choices));
    let bytes = choices.rest();
    let Ok(entries) = bundle.decode(bytes) else {
        return false;
    };
    assert_eq!(entries.len(), bundle.width().items());
    assert_eq!(
        encode_bundle(&entries).as_deref(),
        Ok(bytes),
        "entries make one bundle"
    );
    true
}

pub(super) fn entry_bundles() -> Vec<Vec<u8>> {
    let entries = &world().entries;
    let all = encode_bundle(entries).expect("fewer than 256");
    let empty = encode_bundle(&[b"", b"a".as_slice()]).expect("two");
    vec![
        [&[entries.len() as u8 - 1], all.as_slice()].concat(),
        [&[1], empty.as_slice()].concat(),
    ]
}
