//! The messages that nodes exchange: `docs/formats.md` section 14.
//!
//! Scope: their types, their only encoding, and a decoder that accepts nothing else and nothing larger.
//! Out of scope: what a node does with them.
//!
//! Invariant: `decode(bytes) == Ok(m)` exactly when `m.encode() == bytes`; no bytes make it panic.

use crate::encode::{DecodeError, Value};
use crate::ids::{Hash, LedgerId, TreeSize};
use crate::note::MAX_NOTE_BYTES;
use crate::sign::LEAF_MAX_BYTES;

/// The largest message: a full `log` answer with its two notes, or a picture, with room to spare.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most envelopes in one `submit`: an hour of a busy packing house, and the answer stays short.
pub const ENVELOPES_MAX: usize = 64;
/// Most bytes of envelopes that we put into one `submit`: half a message, as with `log`.
pub const SUBMIT_BYTES_MAX: usize = 512 * 1024;
/// The largest leaf: an envelope, or the genesis with its devices (`docs/formats.md` section 3).
pub const ENTRY_BYTES_MAX: usize = 32 * 1024;
/// Most entries in one `log`: the CBOR decoder's item limit leaves room for them.
pub const ENTRIES_MAX: usize = 2_048;
/// Most bytes of entries in one `log`: 20 seconds of a 200 kbit/s line, so that even there catching up goes on.
pub const LOG_BYTES_MAX: usize = 512 * 1024;
/// The longest cosignature line: a key name of 255 bytes and 76 bytes in base64, with room to spare.
pub const LINE_BYTES_MAX: usize = 512;
/// The longest refusal code, such as `SAI_THU_TU`.
pub const CODE_BYTES_MAX: usize = 64;
/// The largest picture (`docs/formats.md` section 14).
pub const BLOB_BYTES_MAX: usize = 512 * 1024;

/// What one node asks another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Who I am: must come first on a connection.
    Hello(Hello),
    /// Events that the asker would like to see in the log, in the order of their chains.
    Submit {
        /// The envelopes, 1 to [`ENVELOPES_MAX`].
        envelopes: Vec<Vec<u8>>,
    },
    /// The log from `size` on; with nothing new the answer waits.
    Follow {
        /// How many leaves the asker has.
        size: TreeSize,
        /// Size of the newest cosigned checkpoint that the asker has, zero for none.
        cosigned: TreeSize,
    },
    /// A validator's line for the checkpoint of that size.
    Cosign {
        /// Size of the checkpoint that was cosigned.
        size: TreeSize,
        /// The line, as it stands in a signed note, without its line feed.
        line: String,
    },
    /// The picture with that SHA-256, or the opening of that commitment.
    Blob {
        /// Which one.
        hash: Hash,
    },
}

/// What the other answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Submit`], one result for each envelope in the same order.
    Submitted {
        /// What became of each.
        results: Vec<Submitted>,
    },
    /// To [`Request::Follow`].
    Log(Log),
    /// To [`Request::Cosign`]: taken.
    Ok,
    /// To [`Request::Blob`].
    Blob {
        /// The bytes, if they are here and the asker may have them.
        bytes: Option<Vec<u8>>,
    },
    /// To anything.
    Error(Refusal),
}

/// The greeting, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The ledger that this node keeps.
    pub ledger: LedgerId,
    /// How many leaves it has.
    pub size: TreeSize,
    /// Whether it gives events their place in the log. A claim: whoever lies gets events and nothing else.
    pub sequencer: bool,
}

/// A piece of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The leaves from the asked size on.
    pub entries: Vec<Vec<u8>>,
    /// The newest checkpoint signed by the log.
    pub checkpoint: Option<String>,
    /// The newest checkpoint with the quorum's cosignatures.
    pub cosigned: Option<String>,
}

/// What became of a submitted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It stands in the log.
    Logged,
    /// It is kept and handed on until it stands in the log.
    Pending,
    /// It was refused at the door, for the reason of this code (`A-Z 0-9 _`).
    Refused(String),
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The asker greets for another ledger than this one.
    OtherLedger(LedgerId),
    /// The asker has not greeted yet.
    HelloFirst,
    /// The asker has used up its budget, or this node is at its own limit: later.
    Busy,
    /// This node cannot now: its disk, or it is going down.
    Unavailable,
    /// The cosignature is for a checkpoint that is no longer the newest. Nobody's fault.
    NotNewest,
    /// The cosignature is no validator's, or not for our checkpoint.
    NotTaken,
}

/// Which conversation a message belongs to. A node has at most one of each open with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// [`Request::Hello`]
    Hello,
    /// [`Request::Submit`]
    Submit,
    /// [`Request::Follow`]
    Follow,
    /// [`Request::Cosign`]
    Cosign,
    /// [`Request::Blob`]
    Blob,
}

/// Why bytes are not a message. The fault is always the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("malformed message: larger than {MESSAGE_BYTES_MAX} bytes")]
    TooLarge,
    /// Not canonical CBOR.
    #[error("malformed message: {0}")]
    Cbor(#[from] DecodeError),
    /// No message of this name, or not with exactly these fields.
    #[error("malformed message: not one of the messages of this protocol")]
    Shape,
    /// A field beyond its limit.
    #[error("malformed message: {0} is beyond its limit")]
    Limit(&'static str),
}

impl Request {
    /// Which conversation it opens.
    pub fn topic(&self) -> Topic {
        match self {
            Request::Hello(_) => Topic::Hello,
            Request::Submit { .. } => Topic::Submit,
            Request::Follow { .. } => Topic::Follow,
            Request::Cosign { .. } => Topic::Cosign,
            Request::Blob { .. } => Topic::Blob,
        }
    }

    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Request::Hello(hello) => hello.value(),
            Request::Submit { envelopes } => {
                message("submit", [("envelopes", byte_strings(envelopes))])
            }
            Request::Follow { size, cosigned } => message(
                "follow",
                [("size", uint(*size)), ("cosigned", uint(*cosigned))],
            ),
            Request::Cosign { size, line } => message(
                "cosign",
                [("size", uint(*size)), ("line", Value::text(line))],
            ),
            Request::Blob { hash } => message("blob", [("hash", Value::bytes(hash.as_bytes()))]),
        }
        .encode()
    }

    /// Reads what [`Request::encode`] writes.
    ///
    /// # Errors
    /// [`MessageError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Request, MessageError> {
        let mut fields = Fields::read(bytes)?;
        let request = match fields.text("kind")?.as_str() {
            "hello" => Request::Hello(fields.hello()?),
            "submit" => Request::Submit {
                envelopes: fields.submitted_envelopes()?,
            },
            "follow" => Request::Follow {
                size: fields.size("size")?,
                cosigned: fields.size("cosigned")?,
            },
            "cosign" => Request::Cosign {
                size: fields.size("size")?,
                line: within(fields.text("line")?, "line", LINE_BYTES_MAX)?,
            },
            "blob" => Request::Blob {
                hash: Hash(fields.bytes32("hash")?),
            },
            _ => return Err(MessageError::Shape),
        };
        fields.end(request)
    }
}

impl Response {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Response::Hello(hello) => hello.value(),
            Response::Submitted { results } => {
                let results = results.iter().map(|r| Value::text(r.word())).collect();
                message("submitted", [("results", Value::Array(results))])
            }
            Response::Log(log) => message(
                "log",
                [
                    ("entries", byte_strings(&log.entries)),
                    ("checkpoint", optional_text(log.checkpoint.as_deref())),
                    ("cosigned", optional_text(log.cosigned.as_deref())),
                ],
            ),
            Response::Ok => message("ok", []),
            Response::Blob { bytes } => {
                let bytes = bytes.as_deref().map_or(Value::Null, Value::bytes);
                message("blob", [("bytes", bytes)])
            }
            Response::Error(Refusal::OtherLedger(ours)) => message(
                "error",
                [
                    ("code", Value::text("other_ledger")),
                    ("ledger", Value::bytes(ours.0.as_bytes())),
                ],
            ),
            Response::Error(refusal) => message("error", [("code", Value::text(refusal.code()))]),
        }
        .encode()
    }

    /// Reads what [`Response::encode`] writes.
    ///
    /// # Errors
    /// [`MessageError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Response, MessageError> {
        let mut fields = Fields::read(bytes)?;
        let response = match fields.text("kind")?.as_str() {
            "hello" => Response::Hello(fields.hello()?),
            "submitted" => Response::Submitted {
                results: fields.results()?,
            },
            "log" => Response::Log(fields.log()?),
            "ok" => Response::Ok,
            "blob" => Response::Blob {
                bytes: fields.blob()?,
            },
            "error" => Response::Error(fields.refusal()?),
            _ => return Err(MessageError::Shape),
        };
        fields.end(response)
    }
}

impl Hello {
    fn value(&self) -> Value {
        message(
            "hello",
            [
                ("ledger", Value::bytes(self.ledger.0.as_bytes())),
                ("size", uint(self.size)),
                ("sequencer", Value::Bool(self.sequencer)),
            ],
        )
    }
}

impl Submitted {
    fn word(&self) -> &str {
        match self {
            Submitted::Logged => "logged",
            Submitted::Pending => "pending",
            Submitted::Refused(code) => code,
        }
    }

    fn read(word: &str) -> Result<Submitted, MessageError> {
        match word {
            "logged" => Ok(Submitted::Logged),
            "pending" => Ok(Submitted::Pending),
            code if is_code(code) => Ok(Submitted::Refused(code.to_owned())),
            _ => Err(MessageError::Limit("code")),
        }
    }
}

/// Whether a text can be a refusal code: `A-Z 0-9 _`, 1 to [`CODE_BYTES_MAX`].
pub fn is_code(text: &str) -> bool {
    (1..=CODE_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

impl Refusal {
    /// The code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::OtherLedger(_) => "other_ledger",
            Refusal::HelloFirst => "hello_first",
            Refusal::Busy => "busy",
            Refusal::Unavailable => "unavailable",
            Refusal::NotNewest => "not_newest",
            Refusal::NotTaken => "not_taken",
        }
    }
}

fn message<const N: usize>(kind: &str, fields: [(&str, Value); N]) -> Value {
    let kind = ("kind", Value::text(kind));
    Value::map(std::iter::once(kind).chain(fields))
}

fn uint(size: TreeSize) -> Value {
    Value::uint(size.0)
}

fn byte_strings(items: &[Vec<u8>]) -> Value {
    Value::Array(items.iter().map(|item| Value::bytes(item)).collect())
}

fn optional_text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::text)
}

fn within(text: String, name: &'static str, max: usize) -> Result<String, MessageError> {
    if text.len() > max {
        return Err(MessageError::Limit(name));
    }
    Ok(text)
}

/// The fields of a message that have not been read yet: each is read once, and none may be left.
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn read(bytes: &[u8]) -> Result<Fields, MessageError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(MessageError::TooLarge);
        }
        match Value::decode(bytes)? {
            Value::Map(entries) => Ok(Fields(entries)),
            _ => Err(MessageError::Shape),
        }
    }

    fn take(&mut self, name: &str) -> Result<Value, MessageError> {
        let at = self.0.iter().position(|(key, _)| key == name);
        at.map(|at| self.0.remove(at).1).ok_or(MessageError::Shape)
    }

    fn end<T>(self, message: T) -> Result<T, MessageError> {
        if self.0.is_empty() {
            Ok(message)
        } else {
            Err(MessageError::Shape)
        }
    }

    fn text(&mut self, name: &str) -> Result<String, MessageError> {
        match self.take(name)? {
            Value::Text(text) => Ok(text),
            _ => Err(MessageError::Shape),
        }
    }

    fn note(&mut self, name: &'static str) -> Result<Option<String>, MessageError> {
        match self.take(name)? {
            Value::Text(text) => within(text, name, MAX_NOTE_BYTES).map(Some),
            Value::Null => Ok(None),
            _ => Err(MessageError::Shape),
        }
    }

    fn size(&mut self, name: &str) -> Result<TreeSize, MessageError> {
        let size = self.take(name)?.as_uint();
        size.map(TreeSize).ok_or(MessageError::Shape)
    }

    fn flag(&mut self, name: &str) -> Result<bool, MessageError> {
        match self.take(name)? {
            Value::Bool(flag) => Ok(flag),
            _ => Err(MessageError::Shape),
        }
    }

    fn bytes32(&mut self, name: &str) -> Result<[u8; 32], MessageError> {
        self.take(name)?.as_bytes32().ok_or(MessageError::Shape)
    }

    fn list(&mut self, name: &'static str, max: usize) -> Result<Vec<Value>, MessageError> {
        match self.take(name)? {
            Value::Array(items) if items.len() > max => Err(MessageError::Limit(name)),
            Value::Array(items) => Ok(items),
            _ => Err(MessageError::Shape),
        }
    }

    fn byte_strings(
        &mut self,
        name: &'static str,
        count: usize,
        each: usize,
    ) -> Result<Vec<Vec<u8>>, MessageError> {
        let items = self.list(name, count)?.into_iter();
        items
            .map(|item| match item {
                Value::Bytes(bytes) if bytes.len() > each => Err(MessageError::Limit(name)),
                Value::Bytes(bytes) => Ok(bytes),
                _ => Err(MessageError::Shape),
            })
            .collect()
    }

    fn hello(&mut self) -> Result<Hello, MessageError> {
        Ok(Hello {
            ledger: LedgerId(Hash(self.bytes32("ledger")?)),
            size: self.size("size")?,
            sequencer: self.flag("sequencer")?,
        })
    }

    fn submitted_envelopes(&mut self) -> Result<Vec<Vec<u8>>, MessageError> {
        let envelopes = self.byte_strings("envelopes", ENVELOPES_MAX, LEAF_MAX_BYTES)?;
        if envelopes.is_empty() {
            return Err(MessageError::Limit("envelopes"));
        }
        Ok(envelopes)
    }

    fn results(&mut self) -> Result<Vec<Submitted>, MessageError> {
        let items = self.list("results", ENVELOPES_MAX)?;
        items
            .iter()
            .map(|item| Submitted::read(item.as_text().ok_or(MessageError::Shape)?))
            .collect()
    }

    fn log(&mut self) -> Result<Log, MessageError> {
        let entries = self.byte_strings("entries", ENTRIES_MAX, ENTRY_BYTES_MAX)?;
        if entries.iter().map(Vec::len).sum::<usize>() > LOG_BYTES_MAX {
            return Err(MessageError::Limit("entries"));
        }
        Ok(Log {
            entries,
            checkpoint: self.note("checkpoint")?,
            cosigned: self.note("cosigned")?,
        })
    }

    fn blob(&mut self) -> Result<Option<Vec<u8>>, MessageError> {
        match self.take("bytes")? {
            Value::Bytes(bytes) if bytes.len() > BLOB_BYTES_MAX => {
                Err(MessageError::Limit("bytes"))
            }
            Value::Bytes(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            _ => Err(MessageError::Shape),
        }
    }

    fn refusal(&mut self) -> Result<Refusal, MessageError> {
        match self.text("code")?.as_str() {
            "other_ledger" => Ok(Refusal::OtherLedger(LedgerId(Hash(
                self.bytes32("ledger")?,
            )))),
            "hello_first" => Ok(Refusal::HelloFirst),
            "busy" => Ok(Refusal::Busy),
            "unavailable" => Ok(Refusal::Unavailable),
            "not_newest" => Ok(Refusal::NotNewest),
            "not_taken" => Ok(Refusal::NotTaken),
            _ => Err(MessageError::Shape),
        }
    }
}

#[cfg(test)]
mod tests;
