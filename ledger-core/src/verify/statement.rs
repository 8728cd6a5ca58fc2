//! What is stated, and how far it is shown: the names of section 13, the same in Rust and on the page.

use std::fmt::Display;

/// What is stated; the names of section 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // section 13 says each
pub enum Statement {
    Ledger,
    Checkpoint,
    Witnessed,
    Fresh,
    MapHead,
    Complete,
    Signatures,
    Members,
    Order,
    Code,
    Ancestry,
    Handover,
    Openings,
}

impl Statement {
    /// Every statement, in the order of the specification.
    pub const ALL: [Statement; 13] = [
        Statement::Ledger,
        Statement::Checkpoint,
        Statement::Witnessed,
        Statement::Fresh,
        Statement::MapHead,
        Statement::Complete,
        Statement::Signatures,
        Statement::Members,
        Statement::Order,
        Statement::Code,
        Statement::Ancestry,
        Statement::Handover,
        Statement::Openings,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Statement::Ledger => "ledger",
            Statement::Checkpoint => "checkpoint",
            Statement::Witnessed => "witnessed",
            Statement::Fresh => "fresh",
            Statement::MapHead => "map_head",
            Statement::Complete => "complete",
            Statement::Signatures => "signatures",
            Statement::Members => "members",
            Statement::Order => "order",
            Statement::Code => "code",
            Statement::Ancestry => "ancestry",
            Statement::Handover => "handover",
            Statement::Openings => "openings",
        }
    }

    /// Whether a confirmed state needs it.
    pub fn is_needed(self) -> bool {
        !matches!(self, Statement::Handover | Statement::Openings)
    }

    /// Whether it speaks as of the head's quorum time. The others hold for the bytes at any time.
    pub fn hangs_on_the_head(self) -> bool {
        !matches!(
            self,
            Statement::Ledger
                | Statement::Checkpoint
                | Statement::Signatures
                | Statement::Order
                | Statement::Openings
        )
    }
}

/// How far a statement is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// It is.
    Proven,
    /// Something is lacking.
    NotProven,
    /// Bytes disagree.
    Contradicted,
}

impl Proof {
    /// The word of the specification.
    pub fn word(self) -> &'static str {
        match self {
            Proof::Proven => "proven",
            Proof::NotProven => "not_proven",
            Proof::Contradicted => "contradicted",
        }
    }
}

/// One statement of a verdict: how far it is shown, why not, by whom and as of when. Of a bundle unless `S` says
/// otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<S = Statement> {
    /// What is stated.
    pub statement: S,
    /// How far it is shown.
    pub proof: Proof,
    /// Why it is not proven: a stable word; empty when it is proven.
    pub detail: &'static str,
    /// By whom, or where the fault lies: witnesses, organisations, leaf indexes or the parts of a subject.
    pub by: Vec<String>,
    /// Seconds since 1970: the quorum time of the head that it hangs on, if it hangs on one and there is one.
    pub as_of: Option<u64>,
}

impl<S> Finding<S> {
    /// It is shown.
    pub fn proven(statement: S) -> Finding<S> {
        Finding::new(statement, Proof::Proven, "")
    }

    /// Something is lacking.
    pub fn lacking(statement: S, detail: &'static str) -> Finding<S> {
        Finding::new(statement, Proof::NotProven, detail)
    }

    /// Bytes disagree.
    pub fn contradicted(statement: S, detail: &'static str) -> Finding<S> {
        Finding::new(statement, Proof::Contradicted, detail)
    }

    /// Shown, or else the bytes disagree.
    pub fn proven_if(statement: S, holds: bool, detail: &'static str) -> Finding<S> {
        if holds {
            Finding::proven(statement)
        } else {
            Finding::contradicted(statement, detail)
        }
    }

    /// The same with names of those who show it or are at fault.
    pub fn by<T: Display>(mut self, names: impl IntoIterator<Item = T>) -> Finding<S> {
        self.by = names.into_iter().map(|name| name.to_string()).collect();
        self
    }

    fn new(statement: S, proof: Proof, detail: &'static str) -> Finding<S> {
        Finding {
            statement,
            proof,
            detail,
            by: Vec::new(),
            as_of: None,
        }
    }
}
