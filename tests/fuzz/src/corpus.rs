//! The committed corpus: what the long runs found worth keeping, one file a target, one input a line in base64.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The corpus file of a target.
pub fn file(target: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    PathBuf::from(folder).join(format!("{target}.txt"))
}

/// The inputs in a corpus file.
///
/// # Errors
/// When the file cannot be read or a line is not base64.
pub fn read(target: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(file(target))?;
    let input = |line| STANDARD.decode(line).map_err(std::io::Error::other);
    text.lines().map(input).collect()
}

/// The text of a corpus file.
pub fn text(inputs: &[Vec<u8>]) -> String {
    inputs
        .iter()
        .map(|input| STANDARD.encode(input) + "\n")
        .collect()
}
