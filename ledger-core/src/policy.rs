//! C2SP tlog-policy: which logs are known, which witnesses, and how many of them are enough.
//!
//! Scope: the text, strictly parsed. Out of scope: applying it to a checkpoint (`quorum.rs`); whether
//! a threshold is wise, that is, whether two quorums must share an honest member.
//!
//! Narrower than the specification where this ledger is: the text is UTF-8, keys that count are Ed25519 (0x01 for
//! logs, 0x04 for witnesses), and no public key stands twice, not even once as log and once as witness. ML-DSA-44 keys
//! (0x06) of others are tolerated: such a log is passed over, such a witness never counts as having cosigned, so a
//! quorum can only become harder to reach by it.

use crate::vkey::{ForeignKey, Verifier, VkeyError};

mod parse;

use parse::Reader;

/// The largest policy we read: as many logs and witnesses as the other limits allow, all with ML-DSA-44 keys, take
/// some 180 kB. (A trust anchor has its own, smaller limit.)
pub const MAX_POLICY_BYTES: usize = 192 * 1024;
/// The most logs; tlog-policy recommends to support at least 32.
pub const MAX_POLICY_LOGS: usize = 32;
/// The most witnesses; tlog-policy recommends at least 32, and an old and a new roster may overlap.
pub const MAX_POLICY_WITNESSES: usize = 64;
/// The most groups; tlog-policy recommends at least 32.
pub const MAX_POLICY_GROUPS: usize = 64;

/// A parsed policy; it keeps its text, which is what people compare and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    text: String,
    logs: Vec<PolicyLog>,
    foreign_logs: Vec<ForeignKey>,
    definitions: Vec<Definition>,
    quorum: Quorum,
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    verifier: Verifier,
    url: Option<String>,
}

/// A `witness` or `group` line: they share one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    name: String,
    rule: Rule,
}

/// When a name of the policy counts as having witnessed a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// When this key has cosigned it.
    Witness {
        /// The witness's key.
        verifier: Box<Verifier>,
        /// Where it can be asked, if the policy says so.
        url: Option<String>,
    },
    /// Never, as far as this program can tell: the witness signs with ML-DSA-44.
    Foreign {
        /// The witness's key.
        key: Box<ForeignKey>,
    },
    /// When at least `threshold` members have.
    Group {
        /// 1 to the number of members.
        threshold: usize,
        /// Places in [`Policy::definitions`], each before this one.
        members: Vec<usize>,
    },
}

/// What the `quorum` line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// `none`: no cosignature.
    None,
    /// The definition at this place.
    Of(usize),
}

/// A policy that is refused, and where. Whoever wrote it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy line {line}: {fault}")]
pub struct PolicyError {
    /// The line, from 1; for a fault of the whole text the last line.
    pub line: usize,
    /// What is wrong there.
    pub fault: PolicyFault,
}

/// What is wrong in a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Larger than [`MAX_POLICY_BYTES`].
    #[error("larger than {MAX_POLICY_BYTES} bytes")]
    TooLarge,
    /// More logs, witnesses or groups than the named limits.
    #[error("more than {0} lines of this kind")]
    TooMany(usize),
    /// A control character other than tab and LF, such as CR.
    #[error("a control character")]
    Characters,
    /// The last line has no LF.
    #[error("the line does not end")]
    Unfinished,
    /// Not a `log`, `witness`, `group` or `quorum` line with the right number of words.
    #[error("not a log, witness, group or quorum line")]
    Line,
    /// The vkey is refused.
    #[error(transparent)]
    Vkey(#[from] VkeyError),
    /// A log must sign with type 0x01 and a witness with type 0x04 (or either with 0x06, which is passed over).
    #[error("a key of the wrong signature type for this line")]
    KeyType,
    /// The public key, or its name and ID, stands in the policy already.
    #[error("a key that the policy already has")]
    DuplicateKey,
    /// The name is defined already, or is `none`.
    #[error("the name {0:?} is taken")]
    NameTaken(String),
    /// Defined nowhere above.
    #[error("the name {0:?} is not defined above")]
    UnknownName(String),
    /// Each name may be a member once in the whole policy.
    #[error("{0:?} is already a member of a group")]
    MemberTwice(String),
    /// Not `all`, `any` or a plain number from 1 to the number of members.
    #[error("the threshold {0:?} is not all, any or a number of members")]
    Threshold(String),
    /// More than one `quorum` line.
    #[error("a second quorum line")]
    SecondQuorum,
    /// No `quorum` line.
    #[error("no quorum line")]
    NoQuorum,
}

impl Policy {
    /// Reads a policy.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        let at = |line| move |fault| PolicyError { line, fault };
        if text.len() > MAX_POLICY_BYTES {
            return Err(at(1)(PolicyFault::TooLarge));
        }
        let mut reader = Reader::default();
        let mut last = 1;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            reader.read_line(line).map_err(at(number))?;
            last = number;
        }
        let quorum = reader
            .quorum
            .ok_or(PolicyFault::NoQuorum)
            .map_err(at(last))?;
        Ok(Policy {
            text: text.to_owned(),
            logs: reader.logs,
            foreign_logs: reader.foreign_logs,
            definitions: reader.definitions,
            quorum,
        })
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The known logs; a checkpoint by any of them will do.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// Logs that sign with ML-DSA-44: this program knows of them and can check none of their checkpoints.
    pub fn foreign_logs(&self) -> &[ForeignKey] {
        &self.foreign_logs
    }

    /// All witnesses and groups in their order.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// What the quorum line asks for.
    pub fn quorum(&self) -> Quorum {
        self.quorum
    }

    /// The witnesses that this program can check: their names in the policy, and their keys.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &Verifier)> {
        self.definitions
            .iter()
            .filter_map(|definition| match &definition.rule {
                Rule::Witness { verifier, .. } => Some((definition.name(), &**verifier)),
                Rule::Foreign { .. } | Rule::Group { .. } => None,
            })
    }

    /// Where a witness or group is defined.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.definitions
            .iter()
            .position(|definition| definition.name == name)
    }

    /// Threshold and member names of a group; `None` when no group has that name.
    pub fn group(&self, name: &str) -> Option<(usize, Vec<&str>)> {
        match &self.definitions[self.position(name)?].rule {
            Rule::Group { threshold, members } => {
                let names = members
                    .iter()
                    .map(|member| self.definitions[*member].name());
                Some((*threshold, names.collect()))
            }
            Rule::Witness { .. } | Rule::Foreign { .. } => None,
        }
    }
}

impl PolicyLog {
    /// The log's key; its name is the origin of its checkpoints.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Where the log can be read, if the policy says so.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl Definition {
    /// Its name within the policy, which need not be the name of its key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it counts as having witnessed.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}
