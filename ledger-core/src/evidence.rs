//! Evidence: what a dishonest party leaves behind, as one file that anyone can check offline with nothing but the
//! trust anchor (`docs/formats.md` section 16).
//!
//! In scope: the bytes of the four kinds, and what each file proves, statement by statement. Out of scope: words for
//! people ([`crate::verify::words`]), and finding the material (the node's `prove`).

mod claim;
mod excerpt;
mod fork;
mod heads;
mod map_head;
mod standing;
mod withheld;

use crate::anchor::Anchor;
use crate::encode::{DecodeError, Value};
use crate::verify::{Finding, Proof};

pub use claim::Claim;
pub use excerpt::Excerpt;
pub use fork::Fork;
pub use heads::Heads;
pub use map_head::MapHead;
pub use withheld::{DELAY_MIN_SECONDS, RECEIPTS_MAX, SEEN_ORGS_MIN, Withheld};

/// The field `format` of every file.
pub const FORMAT: &str = "ocop-evidence/v1";
/// Twice a bundle: the lists of a bundle, an event, and receipts.
pub const EVIDENCE_MAX_BYTES: usize = 2 << 20;

/// A file, read but not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Two checkpoints that contradict each other.
    Heads(Heads),
    /// Two events at one place of a device's chain.
    Fork(Fork),
    /// A map head that leaves out an event of its log.
    MapHead(MapHead),
    /// An event that members saw and that was never logged.
    Withheld(Withheld),
}

/// Bytes that are no evidence file. Whoever made or sent them is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Larger than [`EVIDENCE_MAX_BYTES`].
    #[error("the evidence is larger than {EVIDENCE_MAX_BYTES} bytes")]
    TooLarge,
    /// Not canonical CBOR.
    #[error("the evidence is not canonical: {0}")]
    Cbor(#[from] DecodeError),
    /// A field of another form; names it.
    #[error("the evidence's {0} is not of its form")]
    Field(&'static str),
}

/// What a file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The kind of the file, as it stands in it.
    pub kind: &'static str,
    /// Its statements, in the order of the specification.
    pub statements: Vec<Finding<Claim>>,
}

impl Judgement {
    /// Whether everything that the accusation needs is proven.
    pub fn holds(&self) -> bool {
        self.statements
            .iter()
            .all(|finding| finding.proof == Proof::Proven)
    }

    /// What is said of a claim.
    pub fn finding(&self, claim: Claim) -> Option<&Finding<Claim>> {
        self.statements
            .iter()
            .find(|finding| finding.statement == claim)
    }
}

impl Evidence {
    /// The kind, as it stands in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Evidence::Heads(_) => "heads",
            Evidence::Fork(_) => "fork",
            Evidence::MapHead(_) => "map_head",
            Evidence::Withheld(_) => "withheld",
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let fields = match self {
            Evidence::Heads(heads) => heads.fields(),
            Evidence::Fork(fork) => fork.fields(),
            Evidence::MapHead(map_head) => map_head.fields(),
            Evidence::Withheld(withheld) => withheld.fields(),
        };
        let head = [
            ("format", Value::text(FORMAT)),
            ("kind", Value::text(self.kind())),
        ];
        Value::map(head.into_iter().chain(fields)).encode()
    }

    /// Reads a file; believes nothing.
    ///
    /// # Errors
    /// [`EvidenceError`] naming the field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Evidence, EvidenceError> {
        if bytes.len() > EVIDENCE_MAX_BYTES {
            return Err(EvidenceError::TooLarge);
        }
        let value = Value::decode_large(bytes)?;
        let fields = Fields(&value);
        if fields.text("format")? != FORMAT {
            return Err(EvidenceError::Field("format"));
        }
        let evidence = match fields.text("kind")? {
            "heads" => Evidence::Heads(Heads::read(&fields)?),
            "fork" => Evidence::Fork(Fork::read(&fields)?),
            "map_head" => Evidence::MapHead(MapHead::read(&fields)?),
            "withheld" => Evidence::Withheld(Withheld::read(&fields)?),
            _ => return Err(EvidenceError::Field("kind")),
        };
        // Comparing with the only encoding refuses unknown and surplus fields at once.
        if evidence.encode() == bytes {
            Ok(evidence)
        } else {
            Err(EvidenceError::Field("fields"))
        }
    }

    /// What the file proves under a trust anchor.
    pub fn check(&self, anchor: &Anchor) -> Judgement {
        let statements = match self {
            Evidence::Heads(heads) => heads.check(anchor),
            Evidence::Fork(fork) => fork.check(anchor),
            Evidence::MapHead(map_head) => map_head.check(anchor),
            Evidence::Withheld(withheld) => withheld.check(anchor),
        };
        Judgement {
            kind: self.kind(),
            statements,
        }
    }
}

/// What a kind writes besides `format` and `kind`.
type Written = Vec<(&'static str, Value)>;

/// The fields of a file that is being read.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn get(&self, name: &'static str) -> Result<&'a Value, EvidenceError> {
        self.0.get(name).ok_or(EvidenceError::Field(name))
    }

    fn text(&self, name: &'static str) -> Result<&'a str, EvidenceError> {
        self.read(name, |value| value.as_text())
    }

    fn bytes(&self, name: &'static str) -> Result<Vec<u8>, EvidenceError> {
        self.read(name, |value| value.as_bytes().map(<[u8]>::to_vec))
    }

    fn read<T>(
        &self,
        name: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, EvidenceError> {
        read(self.get(name)?).ok_or(EvidenceError::Field(name))
    }

    /// A field that may be null.
    fn optional<T>(
        &self,
        name: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, EvidenceError> {
        match self.get(name)? {
            Value::Null => Ok(None),
            _ => self.read(name, read).map(Some),
        }
    }

    /// Exactly two of something.
    fn pair<T>(
        &self,
        name: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<[T; 2], EvidenceError> {
        self.read(name, |value| match value.as_array()? {
            [a, b] => Some([read(a)?, read(b)?]),
            _ => None,
        })
    }
}
