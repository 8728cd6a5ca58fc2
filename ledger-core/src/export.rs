//! Exported ledgers: a whole log with one head in one file (`docs/formats.md` section 18).
//!
//! In scope: the bytes around the leaves, and the replay that says what the file proves, leaf by leaf. Out of scope:
//! reading files and threads; the caller brings the leaves one after the other.

use std::fmt;

use crate::anchor::Anchor;
use crate::genesis::Genesis;
use crate::ids::{LeafIndex, TreeSize};
use crate::kind::Kind;
use crate::merkle::{Frontier, leaf_hash};
use crate::note::{MAX_NOTE_BYTES, Note};
use crate::quorum::{Evaluation, EvaluationError, Standing};
use crate::replica::{LoggedEvent, Replica};
use crate::sign::LEAF_MAX_BYTES;
use crate::store::StoreError;
use crate::verify::{CLOCK_SKEW_SECONDS, Finding, Proof};

/// The first line.
pub const HEADER: &str = "ocop-ledger/v1\n";
/// Bytes of the length before the note.
pub const NOTE_LENGTH_BYTES: usize = 4;
/// Bytes of the length before each leaf.
pub const LEAF_LENGTH_BYTES: usize = 2;

/// What stands before the leaves; `None` for a note that is too long.
pub fn head_bytes(note: &Note) -> Option<Vec<u8>> {
    let text = note.to_text();
    let length = u32::try_from(text.len()).ok()?;
    (text.len() <= MAX_NOTE_BYTES)
        .then(|| [HEADER.as_bytes(), &length.to_be_bytes(), text.as_bytes()].concat())
}

/// A leaf with its length before it; `None` for one that is too long.
pub fn leaf_bytes(leaf: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(leaf.len()).ok()?;
    (leaf.len() <= LEAF_MAX_BYTES).then(|| [&length.to_be_bytes(), leaf].concat())
}

/// What is stated about an exported ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // section 18 says each
pub enum LogStatement {
    Ledger,
    Checkpoint,
    Witnessed,
    Fresh,
    Root,
    Admitted,
    MapHeads,
}

impl LogStatement {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            LogStatement::Ledger => "ledger",
            LogStatement::Checkpoint => "checkpoint",
            LogStatement::Witnessed => "witnessed",
            LogStatement::Fresh => "fresh",
            LogStatement::Root => "root",
            LogStatement::Admitted => "admitted",
            LogStatement::MapHeads => "map_heads",
        }
    }
}

/// What a file proves, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Every statement, in the order of the specification.
    pub statements: Vec<Finding<LogStatement>>,
    /// How many leaves were read.
    pub leaves: u64,
    /// How many of them are void.
    pub void: u64,
    /// How many map heads are among them.
    pub map_heads: u64,
    /// Seconds since 1970 as of which the quorum speaks, if there is one.
    pub as_of: Option<u64>,
}

impl Audited {
    /// What is said of a statement.
    pub fn proof(&self, statement: LogStatement) -> Option<Proof> {
        let found = self.statements.iter().find(|f| f.statement == statement);
        found.map(|finding| finding.proof)
    }

    /// Whether the file is evidence against the log and who cosigned it: they signed exactly these leaves, and the
    /// leaves break the rules.
    pub fn is_evidence(&self) -> bool {
        let proven = |s| self.proof(s) == Some(Proof::Proven);
        let broken = |s| self.proof(s) == Some(Proof::Contradicted);
        let signed = [
            LogStatement::Ledger,
            LogStatement::Checkpoint,
            LogStatement::Root,
        ];
        signed.into_iter().all(proven)
            && (broken(LogStatement::Admitted) || broken(LogStatement::MapHeads))
    }
}

/// The replay of an exported ledger.
pub struct Audit<'a> {
    anchor: &'a Anchor,
    now: u64,
    evaluation: Result<Evaluation<'a>, &'static str>,
    tree: Frontier,
    replica: Option<Replica>,
    /// The first leaf that may not stand where it stands, and why.
    refused: Option<(LeafIndex, String)>,
    /// The first map head that does not follow from the leaves before it.
    false_head: Option<LeafIndex>,
    ends_with_head: bool,
    void: u64,
    map_heads: u64,
}

impl fmt::Debug for Audit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audit({} leaves)", self.tree.size())
    }
}

impl<'a> Audit<'a> {
    /// Begins with the head. `now` is seconds since 1970 by the verifier's own clock.
    pub fn new(note: &[u8], anchor: &'a Anchor, now: u64) -> Audit<'a> {
        let evaluation = match Note::parse(note) {
            Err(_) => Err("malformed_note"),
            Ok(note) => anchor.policy().evaluate(&note).map_err(|why| match why {
                EvaluationError::Checkpoint(_) => "malformed_note",
                _ => "not_by_log",
            }),
        };
        Audit {
            anchor,
            now,
            evaluation,
            tree: Frontier::new(),
            replica: None,
            refused: None,
            false_head: None,
            ends_with_head: false,
            void: 0,
            map_heads: 0,
        }
    }

    /// How many leaves the head says there are; `None` when it is not the log's.
    pub fn size(&self) -> Option<TreeSize> {
        let evaluation = self.evaluation.as_ref().ok()?;
        Some(evaluation.checkpoint().size())
    }

    /// Takes the next leaf. After the first that may not stand where it stands only the tree is continued.
    ///
    /// # Errors
    /// [`StoreError`]: this machine is at fault, and the audit is to be thrown away.
    pub fn take(&mut self, leaf: &[u8]) -> Result<(), StoreError> {
        let index = LeafIndex(self.tree.size().0);
        self.tree.append(leaf_hash(leaf));
        self.ends_with_head = false;
        if index.0 == 0 {
            self.replica = Replica::new(leaf).ok();
            return Ok(());
        }
        let Some(replica) = self.replica.as_mut().filter(|_| self.refused.is_none()) else {
            return Ok(());
        };
        match replica.check(leaf) {
            Err(refusal) => self.refused = Some((index, refusal.code().to_owned())),
            Ok(admitted) => {
                let root = replica.map_root();
                let logged = replica.append(admitted)?;
                self.note(&logged, root);
            }
        }
        Ok(())
    }

    fn note(&mut self, logged: &LoggedEvent, root_before: crate::ids::Hash) {
        let body = logged.event.body();
        self.void += u64::from(logged.void.is_some());
        if body.kind != Kind::MapHead || logged.void.is_some() {
            return;
        }
        self.map_heads += 1;
        self.ends_with_head = true;
        let follows = body.size == Some(logged.index.0) && body.root == Some(root_before);
        if !follows && self.false_head.is_none() {
            self.false_head = Some(logged.index);
        }
    }

    /// What all of it proves. `complete` says whether the file ended where its last leaf did.
    pub fn finish(self, complete: bool) -> Audited {
        let as_of = self.as_of();
        let mut statements = vec![
            self.ledger(),
            self.checkpoint(),
            self.witnessed(),
            self.fresh(as_of),
            self.root(complete),
            self.admitted(),
            self.map_heads(),
        ];
        let timeless = [LogStatement::Ledger, LogStatement::Checkpoint];
        for finding in &mut statements {
            finding.as_of = as_of.filter(|_| !timeless.contains(&finding.statement));
        }
        Audited {
            statements,
            leaves: self.tree.size().0,
            void: self.void,
            map_heads: self.map_heads,
            as_of,
        }
    }

    fn as_of(&self) -> Option<u64> {
        let times = self.evaluation.as_ref().ok()?.quorum().times()?;
        Some(times.renewed.seconds())
    }

    fn ledger(&self) -> Finding<LogStatement> {
        let own = |genesis: &Genesis| {
            self.anchor.policy().logs().iter().any(|log| {
                log.verifier().name().as_str() == genesis.origin
                    && *log.verifier().key() == genesis.log_key
            })
        };
        let holds = self.replica.as_ref().is_some_and(|replica| {
            replica.ledger_id() == self.anchor.ledger() && own(replica.genesis())
        });
        Finding::proven_if(LogStatement::Ledger, holds, "other_ledger")
    }

    fn checkpoint(&self) -> Finding<LogStatement> {
        match &self.evaluation {
            Ok(evaluation) => {
                Finding::proven(LogStatement::Checkpoint).by([evaluation.checkpoint().origin()])
            }
            Err(detail) => Finding::contradicted(LogStatement::Checkpoint, detail),
        }
    }

    fn witnessed(&self) -> Finding<LogStatement> {
        let statement = LogStatement::Witnessed;
        let Ok(evaluation) = &self.evaluation else {
            return Finding::lacking(statement, "no_checkpoint");
        };
        let finding = match evaluation.quorum() {
            Standing::Reached(_) => Finding::proven(statement),
            Standing::NotReached { .. } => Finding::lacking(statement, "too_few"),
            Standing::NotRequired => return Finding::lacking(statement, "no_quorum_asked"),
        };
        finding.by(evaluation.cosigned_by().map(|(name, ..)| name))
    }

    fn fresh(&self, as_of: Option<u64>) -> Finding<LogStatement> {
        let statement = LogStatement::Fresh;
        match as_of {
            None => Finding::lacking(statement, "no_age"),
            Some(as_of) if as_of > self.now.saturating_add(CLOCK_SKEW_SECONDS) => {
                Finding::lacking(statement, "clock_behind")
            }
            Some(as_of) if self.now.saturating_sub(as_of) > self.anchor.max_age_seconds() => {
                Finding::lacking(statement, "too_old")
            }
            Some(_) => Finding::proven(statement),
        }
    }

    fn root(&self, complete: bool) -> Finding<LogStatement> {
        let statement = LogStatement::Root;
        let Ok(evaluation) = &self.evaluation else {
            return Finding::lacking(statement, "no_checkpoint");
        };
        let checkpoint = evaluation.checkpoint();
        if !complete || checkpoint.size() != self.tree.size() {
            return Finding::contradicted(statement, "other_size").by([self.tree.size()]);
        }
        let holds = checkpoint.root() == self.tree.root();
        Finding::proven_if(statement, holds, "other_root")
    }

    fn admitted(&self) -> Finding<LogStatement> {
        let statement = LogStatement::Admitted;
        match (&self.replica, &self.refused) {
            (None, _) => Finding::lacking(statement, "other_ledger"),
            (_, None) => Finding::proven(statement),
            (_, Some((index, code))) => {
                Finding::contradicted(statement, "refused").by([&index.to_string(), code])
            }
        }
    }

    fn map_heads(&self) -> Finding<LogStatement> {
        let statement = LogStatement::MapHeads;
        match (self.false_head, &self.refused) {
            (Some(index), _) => Finding::contradicted(statement, "other_map").by([index]),
            (None, Some(_)) => Finding::lacking(statement, "refused"),
            (None, None) if self.replica.is_none() => Finding::lacking(statement, "other_ledger"),
            (None, None) => Finding::proven_if(statement, self.ends_with_head, "no_map_head"),
        }
    }
}
