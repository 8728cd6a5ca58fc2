//! What the installer brought and what the disk says was signed: whether it belongs together.

use std::path::PathBuf;

use ledger_core::anchor::{ANCHOR_MAX_BYTES, Anchor, AnchorError};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::genesis::{GENESIS_MAX_BYTES, GenesisError, ledger_id};
use ledger_core::note::{MAX_NOTE_BYTES, Note};
use ledger_core::replica::Replica;

use super::{Options, Trouble};
use crate::files::{FileError, read_small};
use crate::folder::{Folder, LockError};
use crate::keys::{KeyFileError, KeyRole, Keys, device_key};

/// Why a folder cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works in it, or it is none.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// `genesis.cbor` is none.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// `anchor.txt` is none.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// Files that do not belong together, or a role without its key.
    #[error("{en}")]
    Mismatch {
        /// For people here.
        vi: String,
        /// For people elsewhere.
        en: String,
    },
    /// The log is not what was logged.
    #[error("{}", .0.message_en)]
    Tampered(Trouble),
}

impl OpenError {
    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            OpenError::Lock(_) => "THU_MUC_DANG_DUNG",
            OpenError::File(FileError::Full { .. }) => "O_DIA_DAY",
            OpenError::File(_) => "LOI_O_DIA",
            OpenError::Keys(_) => "LOI_KHOA",
            OpenError::Genesis(_) | OpenError::Anchor(_) | OpenError::Mismatch { .. } => {
                "SAI_THIET_LAP"
            }
            OpenError::Tampered(trouble) => trouble.code,
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            OpenError::Lock(e) => e.message_vi(),
            OpenError::File(e) => e.message_vi(),
            OpenError::Keys(e) => e.message_vi(),
            OpenError::Genesis(_) => "Tệp genesis.cbor không đúng. Lấy lại tệp từ Sở.".into(),
            OpenError::Anchor(e) => format!("Tệp anchor.txt không đúng ({e}). Lấy lại tệp từ Sở."),
            OpenError::Mismatch { vi, .. } => vi.clone(),
            OpenError::Tampered(trouble) => trouble.message_vi.clone(),
        }
    }
}

pub(super) fn mismatch(vi: &str, en: &str) -> OpenError {
    OpenError::Mismatch {
        vi: vi.into(),
        en: en.into(),
    }
}

/// What the installer brought: genesis and anchor, found to belong together.
pub(crate) fn read_trust(folder: &Folder) -> Result<(Vec<u8>, Anchor), OpenError> {
    let missing = |name: &str| {
        mismatch(
            &format!("Thiếu tệp {name}. Lấy tệp từ Sở."),
            &format!("{name} is missing"),
        )
    };
    let genesis = read_small(&folder.genesis(), GENESIS_MAX_BYTES as u64)?
        .ok_or_else(|| missing("genesis.cbor"))?;
    let anchor = read_small(&folder.anchor(), ANCHOR_MAX_BYTES as u64)?
        .ok_or_else(|| missing("anchor.txt"))?;
    let anchor = String::from_utf8(anchor).map_err(|_| AnchorError::Line(1))?;
    let anchor = Anchor::parse(&anchor)?;
    let replica = Replica::new(&genesis)?;
    let origin = &replica.genesis().origin;
    let log = anchor
        .policy()
        .logs()
        .iter()
        .find(|log| log.verifier().name().as_str() == origin);
    let log_fits = log.is_some_and(|log| *log.verifier().key() == replica.genesis().log_key);
    if ledger_id(&genesis) != anchor.ledger() || !log_fits {
        return Err(mismatch(
            "Tệp anchor.txt không thuộc sổ của genesis.cbor. Lấy lại cả hai tệp từ Sở.",
            "anchor.txt is not about the ledger of genesis.cbor",
        ));
    }
    Ok((genesis, anchor))
}

/// Whether the keys are those that the node's role asks for.
pub(super) fn check_keys(
    keys: &Keys,
    replica: &Replica,
    options: &Options,
    anchor: &Anchor,
) -> Result<(), OpenError> {
    if options.sequencer {
        let log_fits = keys
            .public()
            .any(|(role, key)| *role == KeyRole::Log && key == replica.genesis().log_key);
        let head_fits = keys
            .get(&KeyRole::Sequencer)
            .is_some_and(|k| device_key(k) == replica.genesis().sequencer);
        if !log_fits || !head_fits {
            return Err(mismatch(
                "Nút sắp thứ tự phải có khóa log.key và sequencer.key đã ghi trong genesis.cbor.",
                "a sequencer needs log.key and sequencer.key as genesis.cbor names them",
            ));
        }
    }
    if let Some(name) = &options.validator {
        let known = keys.public().any(|(role, key)| {
            *role == KeyRole::Validator
                && anchor
                    .policy()
                    .witnesses()
                    .any(|(_, known)| known.name() == name && *known.key() == key)
        });
        if !known {
            return Err(mismatch(
                &format!(
                    "Khóa validator.key với tên {name} không có trong anchor.txt. Xem lại mục [validator] trong node.toml hoặc xin anchor mới."
                ),
                &format!("validator.key under the name {name} is not in the anchor's policy"),
            ));
        }
    }
    Ok(())
}

/// Reads a note of this folder, which the log must have signed. None when there is none.
pub(crate) fn read_head(
    path: PathBuf,
    anchor: &Anchor,
) -> Result<Option<(Note, Checkpoint)>, OpenError> {
    let Some(bytes) = read_small(&path, MAX_NOTE_BYTES as u64)? else {
        return Ok(None);
    };
    let evaluated = Note::parse(&bytes)
        .map_err(|e| e.to_string())
        .and_then(|note| {
            let checkpoint = anchor
                .policy()
                .evaluate(&note)
                .map_err(|e| e.to_string())?
                .checkpoint()
                .clone();
            Ok((note, checkpoint))
        });
    match evaluated {
        Ok(head) => Ok(Some(head)),
        Err(why) => Err(OpenError::Tampered(Trouble {
            code: "SO_CAI_BI_SUA",
            message_vi: format!(
                "Tệp {} không còn đúng chữ ký. Khôi phục tệp từ nút khác.",
                path.display()
            ),
            message_en: format!("{} is not what was signed: {why}", path.display()),
        })),
    }
}
