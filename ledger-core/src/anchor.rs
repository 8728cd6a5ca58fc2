//! The trust anchor: what a phone, a node and an auditor pin (`docs/formats.md` section 11).

use sha2::{Digest, Sha256};

use crate::ids::{Hash, LedgerId};
use crate::policy::{Policy, PolicyError};

/// First line of every anchor.
const FORMAT: &str = "ocop-anchor/v1";
/// A policy of a hundred witnesses fits; more is not an anchor.
pub const ANCHOR_MAX_BYTES: usize = 32_768;
/// An anchor that allows heads older than a year protects nobody.
pub const MAX_AGE_LIMIT_SECONDS: u64 = 366 * 86_400;
/// How old a head may be unless the anchor says otherwise: two days.
pub const MAX_AGE_DEFAULT_SECONDS: u64 = 48 * 3_600;

/// A trust anchor; it keeps its exact text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    text: String,
    ledger: LedgerId,
    validators: String,
    max_age_seconds: u64,
    policy: Policy,
}

/// A text that is no trust anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The head is not of its form; names the line.
    #[error("line {0} of the anchor is not of its form")]
    Line(usize),
    /// The policy is at fault.
    #[error("the anchor's policy: {0}")]
    Policy(#[from] PolicyError),
    /// The validators' group is not in the policy.
    #[error("the policy has no group \"{0}\"")]
    NoGroup(String),
}

impl Anchor {
    /// Writes an anchor.
    ///
    /// # Errors
    /// [`AnchorError`] when the policy is at fault or lacks the group.
    pub fn new(
        ledger: LedgerId,
        validators: &str,
        max_age_seconds: u64,
        policy: &str,
    ) -> Result<Anchor, AnchorError> {
        Anchor::parse(&format!(
            "{FORMAT}\nledger {ledger}\nvalidators {validators}\nmax-age {max_age_seconds}\n\n{policy}"
        ))
    }

    /// Reads an anchor.
    ///
    /// # Errors
    /// [`AnchorError`] naming the line at fault.
    pub fn parse(text: &str) -> Result<Anchor, AnchorError> {
        if text.len() > ANCHOR_MAX_BYTES {
            return Err(AnchorError::Line(0));
        }
        let (head, policy) = text.split_once("\n\n").ok_or(AnchorError::Line(5))?;
        let lines: Vec<&str> = head.split('\n').collect();
        let [format, ledger, validators, max_age] = lines[..] else {
            return Err(AnchorError::Line(lines.len()));
        };
        if format != FORMAT {
            return Err(AnchorError::Line(1));
        }
        let ledger = ledger
            .strip_prefix("ledger ")
            .and_then(parse_hash)
            .ok_or(AnchorError::Line(2))?;
        let validators = validators
            .strip_prefix("validators ")
            .ok_or(AnchorError::Line(3))?;
        let age = max_age
            .strip_prefix("max-age ")
            .ok_or(AnchorError::Line(4))?;
        let max_age_seconds = age
            .parse()
            .ok()
            .filter(|n: &u64| n.to_string() == age)
            .ok_or(AnchorError::Line(4))?;
        if !(1..=MAX_AGE_LIMIT_SECONDS).contains(&max_age_seconds) {
            return Err(AnchorError::Line(4));
        }
        let policy = Policy::parse(policy)?;
        if policy.group(validators).is_none() {
            return Err(AnchorError::NoGroup(validators.to_owned()));
        }
        Ok(Anchor {
            text: text.to_owned(),
            ledger: LedgerId(ledger),
            validators: validators.to_owned(),
            max_age_seconds,
            policy,
        })
    }

    /// The exact text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text: what people compare.
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.text.as_bytes()).into())
    }

    /// The ledger.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The group whose members re-check everything.
    pub fn validators(&self) -> &str {
        &self.validators
    }

    /// How old a head may be.
    pub fn max_age_seconds(&self) -> u64 {
        self.max_age_seconds
    }

    /// Whose signatures count.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    let lower = text
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
    lower.then_some(Hash(bytes))
}
