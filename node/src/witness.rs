//! A plain C2SP witness for logs of others: it says that a log only ever grew, and nothing about what is in it.
//!
//! Scope: what was cosigned last for each log, durable before the next cosignature leaves, and the answer to one
//! `add-checkpoint` request. Out of scope: HTTP (`feed/witness.rs`), and cosigning one's own ledger as a validator,
//! which is another key, another name and another statement (`ledger/cosign.rs`).
//!
//! Invariant: check and "last cosigned" are one step under one lock; what was not made durable is not signed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use ledger_core::add_checkpoint::{AddCheckpoint, AddCheckpointError, Refusal};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::vkey::{KeyName, Verifier};

use crate::fault::{Faults, Step};
use crate::files::{FileError, atomic_replace, read_small};
use crate::folder::Folder;
use crate::keys::{KeyFileError, KeyRole, Keys, load_or_generate};
use crate::restored::Restored;

/// Most logs that one node witnesses: a region's; each costs a line of a file that is rewritten for each cosignature.
pub const LOGS_MAX: usize = 64;
/// Most bytes of the file: a checkpoint has at most 255 bytes of origin, a size and a root.
const STATE_BYTES_MAX: u64 = LOGS_MAX as u64 * 1_024;

/// What a node that witnesses is configured with.
#[derive(Clone, Debug)]
pub struct WitnessConfig {
    /// The name under which it cosigns; not its validator's.
    pub name: KeyName,
    /// The keys of the logs that it knows.
    pub logs: Vec<Verifier>,
}

/// The witness.
pub struct Witness {
    name: KeyName,
    key: SigningKey,
    logs: Vec<Verifier>,
    path: PathBuf,
    faults: Faults,
    last: BTreeMap<String, Checkpoint>,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// 400: the request is none.
    #[error(transparent)]
    Malformed(#[from] AddCheckpointError),
    /// The log, or who spoke in its name, is at fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// 500: the disk, or the clock.
    #[error("not cosigned: {0}")]
    Own(String),
}

impl WitnessError {
    /// The status that tlog-witness gives to it.
    pub fn http_status(&self) -> u16 {
        match self {
            WitnessError::Malformed(_) => 400,
            WitnessError::Refused(refusal) => refusal.http_status(),
            WitnessError::Own(_) => 500,
        }
    }
}

/// Why a node cannot witness.
#[derive(Debug, thiserror::Error)]
pub enum WitnessOpenError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The key is here and what it signed last is not, or is not what was written.
    #[error(
        "witness.state is lost or damaged: this key no longer knows what it cosigned and must be retired"
    )]
    Lost,
}

impl WitnessOpenError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            WitnessOpenError::File(e) => e.message_vi(),
            WitnessOpenError::Keys(e) => e.message_vi(),
            WitnessOpenError::Lost => "Mất hoặc hỏng tệp witness.state (bản đã xác nhận gần nhất của từng sổ). Khóa witness.key \
                không dùng tiếp được: chạy \"node keys rotate witness\" rồi báo tên khóa mới cho các sổ."
                .into(),
        }
    }
}

impl Witness {
    /// Reads key and memory; makes both when there is neither.
    ///
    /// # Errors
    /// [`WitnessOpenError`].
    pub fn open(
        folder: &Folder,
        keys: &Keys,
        config: &WitnessConfig,
        faults: Faults,
    ) -> Result<Witness, WitnessOpenError> {
        let path = folder.witness_state();
        let state = read_small(&path, STATE_BYTES_MAX)?;
        // What other logs had cosigned since the backup nobody here can tell.
        let restored = Restored::read(folder)?;
        if restored.is_some_and(|mark| mark.silences(&KeyRole::Witness)) {
            return Err(WitnessOpenError::Lost);
        }
        let key = match (keys.get(&KeyRole::Witness), &state) {
            (Some(key), Some(_)) => key.clone(),
            (Some(_), None) => return Err(WitnessOpenError::Lost),
            (None, _) => {
                // The memory first: a key without it must be retired.
                if state.is_none() {
                    atomic_replace(&path, b"", Step::Setup, &faults)?;
                }
                load_or_generate(&folder.keys(), &KeyRole::Witness)?
            }
        };
        let last = parse_state(&state.unwrap_or_default()).ok_or(WitnessOpenError::Lost)?;
        Ok(Witness {
            name: config.name.clone(),
            key,
            logs: config.logs.clone(),
            path,
            faults,
            last,
        })
    }

    /// What others put into their policies.
    pub fn verifier(&self) -> Verifier {
        Cosigner::new(self.name.clone(), &self.key).verifier()
    }

    /// Answers one request at a time (seconds since 1970): the cosignature's line.
    ///
    /// # Errors
    /// [`WitnessError`], in the order of the specification.
    pub fn add_checkpoint(&mut self, request: &[u8], unix: u64) -> Result<String, WitnessError> {
        let request = AddCheckpoint::parse(request)?;
        let logs: Vec<&Verifier> = self.logs.iter().collect();
        let origin = request.checkpoint().origin().to_owned();
        let last = self.last.get(&origin);
        let last = last.map(|last| (last.size(), last.root()));
        let checkpoint = request.check(&logs, last)?.clone();
        let time = CosignatureTime::new(unix)
            .ok_or_else(|| WitnessError::Own("the clock says 1970".into()))?;
        // Dying before this is durable: nothing was said. Dying after: it is asked again, from this size on.
        if self.last.get(&origin) != Some(&checkpoint) {
            let mut next = self.last.clone();
            next.insert(origin, checkpoint.clone());
            atomic_replace(
                &self.path,
                state_text(&next).as_bytes(),
                Step::WitnessState,
                &self.faults,
            )
            .map_err(|e| WitnessError::Own(e.to_string()))?;
            self.last = next;
        }
        let line = Cosigner::new(self.name.clone(), &self.key).cosign(&checkpoint, time);
        Ok(line.to_line())
    }
}

/// Checkpoints behind one another, each with an empty line after it.
fn state_text(last: &BTreeMap<String, Checkpoint>) -> String {
    let texts = last.values().map(|checkpoint| checkpoint.to_text() + "\n");
    texts.collect()
}

fn parse_state(bytes: &[u8]) -> Option<BTreeMap<String, Checkpoint>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut last = BTreeMap::new();
    for one in text.split_terminator("\n\n") {
        let checkpoint = Checkpoint::parse(&format!("{one}\n")).ok()?;
        last.insert(checkpoint.origin().to_owned(), checkpoint);
    }
    (text.is_empty() || text.ends_with("\n\n")).then_some(last)
}

/// What fsck asks: is the file whole?
///
/// # Errors
/// [`FileError`].
pub fn is_state_whole(folder: &Folder) -> Result<bool, FileError> {
    let state = read_small(&folder.witness_state(), STATE_BYTES_MAX)?;
    Ok(state.is_none_or(|bytes| parse_state(&bytes).is_some()))
}

#[cfg(test)]
mod tests;
