//! The table of targets. Each file holds those of one neighbourhood.

use crate::Target;

mod admit;
mod bytes;
mod codes;
mod evidence;
mod map_proof;
mod texts;
mod tiles;
mod verify;

const fn target(
    name: &'static str,
    run: fn(&[u8]) -> bool,
    seeds: fn() -> Vec<Vec<u8>>,
    smoke_runs: usize,
) -> Target {
    Target {
        name,
        run,
        seeds,
        smoke_runs,
    }
}

/// Everything that is fuzzed.
pub const TARGETS: &[Target] = &[
    target("admit", admit::run, admit::seeds, 60),
    target("verify", verify::run, verify::seeds, 60),
    target("verify_bytes", verify::run_bytes, verify::byte_seeds, 60),
    target("evidence", evidence::run, evidence::seeds, 200),
    target("receipt", evidence::receipt, evidence::receipts, 500),
    target("bundle", bytes::bundle, bytes::bundles, 1_000),
    target("envelope", bytes::envelope, bytes::envelopes, 1_000),
    target("body", bytes::body, bytes::bodies, 1_000),
    target("genesis", bytes::genesis, bytes::genesises, 500),
    target("cbor", bytes::cbor, bytes::cbors, 2_000),
    target("message", bytes::message, bytes::messages, 1_000),
    target("opening", bytes::opening, bytes::openings, 1_000),
    target("map_proof", map_proof::run, map_proof::seeds, 2_000),
    target("note", texts::note, texts::notes, 500),
    target("vkey", texts::vkey, texts::vkeys, 500),
    target("checkpoint", texts::checkpoint, texts::checkpoints, 2_000),
    target("cosignature", texts::cosignature, texts::cosignatures, 500),
    target("policy", texts::policy, texts::policies, 200),
    target("anchor", texts::anchor, texts::anchors, 200),
    target("tlog_proof", texts::tlog_proof, texts::tlog_proofs, 500),
    target(
        "add_checkpoint",
        texts::add_checkpoint,
        texts::add_checkpoints,
        500,
    ),
    target("tile_path", tiles::path, tiles::paths, 2_000),
    target("tile", tiles::tile, tiles::tiles, 1_000),
    target(
        "entry_bundle",
        tiles::entry_bundle,
        tiles::entry_bundles,
        1_000,
    ),
    target("printed_code", codes::printed, codes::printeds, 2_000),
    target("scan_target", codes::scan, codes::scans, 2_000),
    target("time", codes::time, codes::times, 2_000),
    target("quantity", codes::quantity, codes::quantities, 2_000),
];
