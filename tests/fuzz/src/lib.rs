//! Fuzz targets for every parser of ledger-core, for the door and for the verifier.
//!
//! In scope: what must hold for any bytes whatever; good inputs to begin with; a small mutator. A target is a plain
//! function, so the same ones run in three ways: `tests/smoke.rs` on every machine that has stable Rust,
//! `libfuzzer/` with coverage where a C++ compiler is at hand, and one input at a time in a debugger.
//! Out of scope: finding anything in the node, whose bytes all pass through these parsers.

pub mod choices;
pub mod corpus;
pub mod mutate;
mod targets;
mod world;

pub use targets::TARGETS;

/// One thing to fuzz.
pub struct Target {
    /// Its name: of the corpus file, of the table in the README.
    pub name: &'static str,
    /// Feeds it some bytes. Answers whether they were accepted.
    ///
    /// # Panics
    /// When something that must hold for all bytes does not: that is the finding.
    pub run: fn(&[u8]) -> bool,
    /// Good inputs, made by our own code.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// How many changed inputs the smoke run feeds it: more for what is cheap.
    pub smoke_runs: usize,
}
