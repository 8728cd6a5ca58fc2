//! The contract between the verifiers in Rust, in the page and in Python: one behaviour a file.
//!
//! `cargo run -p tests --example vectors` writes them to `ledger-core/vectors/`; a test holds that they are
//! regenerated unchanged and that Rust agrees; another runs them in Chromium by the page's own modules.
//!
//! A file of this folder is a set of stories about one noun. To add one, write a [`Story`] into the `stories()` of its
//! file: the name, one sentence, and a function that makes the case. A new file is named in [`stories`].

mod base;
mod bundle;
mod codes;
mod door;
mod envelopes;
mod forms;
mod governance;
mod heads;
mod honest;
mod kinds;
mod lists;
mod log;
pub mod lots;
mod nonce;
mod scene;
mod shapes;
mod told;
mod witnessed;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use base::Base;
pub use bundle::{BundleCase, Expected, Findings};
pub use forms::FormCase;
pub use log::{Answer, LogCase, Step};
pub use scene::Scene;

/// Why a vector could not be made; only ever printed.
pub type Fault = Box<dyn std::error::Error>;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// The file's name.
    pub name: String,
    /// What it shows, in one sentence.
    pub shows: String,
    /// What is given, and what must be said of it.
    #[serde(flatten)]
    pub case: Case,
}

/// What is given, and what must be said of it: section "Vectors" of `docs/formats.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Case {
    /// A bundle and the verdict on it.
    Bundle(Box<BundleCase>),
    /// A log that is being written, and what becomes of each envelope at the door.
    Log(LogCase),
    /// One text or byte string, read or refused.
    Form(FormCase),
}

impl Case {
    /// A bundle and the verdict on it.
    pub fn bundle(case: BundleCase) -> Case {
        Case::Bundle(Box::new(case))
    }

    /// A word for the list of what was written.
    pub fn summary(&self) -> &str {
        match self {
            Case::Bundle(bundle) => &bundle.expect.state,
            Case::Log(_) => "log",
            Case::Form(form) if form.refused => "refused",
            Case::Form(_) => "read",
        }
    }
}

/// What makes a case; the whole sample's ledger is at hand.
type Tell = Box<dyn FnOnce(&mut Base) -> Result<Case, Fault>>;

/// How a vector is made.
pub struct Story {
    name: String,
    shows: String,
    tell: Tell,
}

impl Story {
    /// A story with its name (the file's), its sentence, and what makes the case.
    pub fn new(
        name: &str,
        shows: &str,
        tell: impl FnOnce(&mut Base) -> Result<Case, Fault> + 'static,
    ) -> Story {
        Story {
            name: name.to_owned(),
            shows: shows.to_owned(),
            tell: Box::new(tell),
        }
    }
}

fn stories() -> Vec<Story> {
    [
        honest::stories(),
        lists::stories(),
        lots::stories(),
        envelopes::stories(),
        heads::stories(),
        codes::stories(),
        shapes::stories(),
        kinds::stories(),
        door::stories(),
        governance::stories(),
        told::stories(),
        forms::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where the files lie.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ledger-core/vectors")
}

/// Makes every vector anew; deterministic.
///
/// # Errors
/// When a story cannot be told: the sample or the core is at fault. Names the story.
pub fn make() -> Result<Vec<Vector>, Fault> {
    let mut base = Base::new()?;
    let mut names = BTreeSet::new();
    let mut vectors = Vec::new();
    for Story { name, shows, tell } in stories() {
        if !names.insert(name.clone()) {
            return Err(format!("two stories are called {name}").into());
        }
        let case = tell(&mut base).map_err(|fault| format!("{name}: {fault}"))?;
        vectors.push(Vector { name, shows, case });
    }
    Ok(vectors)
}
