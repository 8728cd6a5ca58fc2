//! What our own code writes, for the independent referees of `run` to check, and their answers checked by our own code.
//!
//! `referees export <folder>` writes artefacts of every C2SP format and signed envelopes, with test keys only.
//! `referees check <folder>` reads what the referees signed in return. The names of the files are said in the README.

use std::error::Error;
use std::path::Path;

mod answers;
mod envelopes;
mod log;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["export", folder] => {
            let folder = Path::new(folder);
            log::export(folder)?;
            envelopes::export(folder)
        }
        ["check", folder] => answers::check(Path::new(folder)),
        _ => Err("referees export <folder> | referees check <folder>".into()),
    }
}
