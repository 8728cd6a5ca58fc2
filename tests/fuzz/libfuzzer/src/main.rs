//! Any target of the crate `fuzz` under libFuzzer: `FUZZ_TARGET=note libfuzzer corpus-folder`.
#![no_main]

use std::sync::LazyLock;

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .expect("FUZZ_TARGET is a target's name")
});

fuzz_target!(|bytes: &[u8]| {
    (TARGET.run)(bytes);
});
