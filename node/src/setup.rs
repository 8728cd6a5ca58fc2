//! Setting up data folders: a new ledger with its authority, or a member of an existing one.
//!
//! Scope: keys, genesis, anchor, configuration, once. Nothing that exists is overwritten, so every step may be
//! repeated.

use ledger_core::anchor::{Anchor, AnchorError};
use ledger_core::cosignature::Cosigner;
use ledger_core::genesis::Genesis;
use ledger_core::genesis::ledger_id;
use ledger_core::ids::{LedgerId, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::note::NoteSigner;
use ledger_core::replica::Replica;
use ledger_core::time::{Date, Timestamp};
use ledger_core::vkey::{KeyName, Verifier, VkeyError};

use crate::config;
use crate::fault::{Faults, Step};
use crate::files::{FileError, atomic_replace, create_directory};
use crate::folder::Folder;
use crate::keys::{KeyFileError, KeyRole, Keys, device_key, load_or_generate};
use crate::ledger::OpenError;

/// The group of validators in the policies that this program writes.
pub const VALIDATORS_GROUP: &str = "validators";

/// What a new ledger is to be.
#[derive(Clone, Debug)]
pub struct NewLedger {
    /// Its name for people.
    pub name: String,
    /// Origin of its checkpoints, such as `so.dongthap.example/ocop`.
    pub origin: KeyName,
    /// The authority's organisation.
    pub authority: OrgId,
    /// The authority's name for people.
    pub authority_name: String,
    /// When it is made.
    pub created: Timestamp,
    /// The business date of a demonstration.
    pub sample: Option<Date>,
}

/// Who re-checks and cosigns a ledger.
#[derive(Clone, Debug)]
pub struct Witnessing {
    /// Each validator's name in the policy and its key.
    pub validators: Vec<(String, Verifier)>,
    /// How many of them are enough; none when heads count without them.
    pub quorum: Option<usize>,
    /// How old a head may be, in seconds.
    pub max_age_seconds: u64,
}

/// What a member's node is to be.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The organisations whose devices live here.
    pub organisations: Vec<OrgId>,
    /// The name under which it cosigns, if it does.
    pub validator: Option<KeyName>,
}

/// The public keys of a folder: what the authority enrols, and what its policy names.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    /// Each organisation's device on this node.
    pub devices: Vec<(OrgId, PublicKey)>,
    /// The libp2p identity.
    pub peer: Option<PublicKey>,
    /// The validator's line for the policy.
    pub validator: Option<Verifier>,
}

/// Why a folder is not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key cannot be made or read.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The policy that would come out is none.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// A name cannot stand in a policy.
    #[error(transparent)]
    Name(#[from] VkeyError),
    /// Genesis and anchor do not belong together.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The folder belongs to another ledger.
    #[error("the folder belongs to ledger {0} already")]
    OtherLedger(LedgerId),
}

impl SetupError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            SetupError::File(e) => e.message_vi(),
            SetupError::Keys(e) => e.message_vi(),
            SetupError::Anchor(e) => format!("Danh sách đơn vị xác nhận không hợp lệ ({e})."),
            SetupError::Name(e) => format!("Tên không hợp lệ ({e}). Không dùng dấu cách và dấu +."),
            SetupError::Open(e) => e.message_vi(),
            SetupError::OtherLedger(id) => {
                format!("Thư mục này đã thuộc sổ {id}. Dùng thư mục khác.")
            }
        }
    }
}

/// Sets up the authority's node and with it a ledger. Repeating it changes nothing but the anchor's validators,
/// which may be named later than the ledger.
///
/// # Errors
/// [`SetupError`].
pub fn create_ledger(
    folder: &Folder,
    new: &NewLedger,
    witnessing: &Witnessing,
) -> Result<Anchor, SetupError> {
    create_directory(folder.root())?;
    let keys = folder.keys();
    let device = load_or_generate(&keys, &KeyRole::Device(new.authority.clone()))?;
    let sequencer = load_or_generate(&keys, &KeyRole::Sequencer)?;
    let log = load_or_generate(&keys, &KeyRole::Log)?;
    load_or_generate(&keys, &KeyRole::Peer)?;
    let genesis = Genesis {
        name: new.name.clone(),
        origin: new.origin.as_str().to_owned(),
        log_key: PublicKey::of(&log),
        authority: new.authority.clone(),
        authority_name: new.authority_name.clone(),
        authority_devices: vec![device_key(&device)],
        authority_threshold: 1,
        sequencer: device_key(&sequencer),
        created: new.created,
        sample: new.sample,
    };
    if !folder.genesis().exists() {
        atomic_replace(
            &folder.genesis(),
            &genesis.encode(),
            Step::Setup,
            &Faults::none(),
        )?;
    }
    let bytes =
        std::fs::read(folder.genesis()).map_err(|e| FileError::io("read", &folder.genesis(), e))?;
    let log = NoteSigner::new(new.origin.clone(), &log).verifier();
    let anchor = Anchor::new(
        ledger_id(&bytes),
        VALIDATORS_GROUP,
        witnessing.max_age_seconds,
        &policy(&log, witnessing),
    )?;
    atomic_replace(
        &folder.anchor(),
        anchor.text().as_bytes(),
        Step::Setup,
        &Faults::none(),
    )?;
    write_config(folder, &new.authority_name, true, None)?;
    Ok(anchor)
}

fn policy(log: &Verifier, witnessing: &Witnessing) -> String {
    let mut text = format!("log {log}\n");
    for (name, key) in &witnessing.validators {
        text += &format!("witness {name} {key}\n");
    }
    let names: Vec<&str> = witnessing
        .validators
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let enough = witnessing.quorum.unwrap_or(names.len().max(1));
    text += &format!("group {VALIDATORS_GROUP} {enough} {}\n", names.join(" "));
    text + if witnessing.quorum.is_some() {
        "quorum validators\n"
    } else {
        "quorum none\n"
    }
}

/// Makes a member's keys; its node can be joined to a ledger when they are enrolled, or before.
///
/// # Errors
/// [`SetupError`].
pub fn prepare_member(folder: &Folder, member: &NewMember) -> Result<PublicKeys, SetupError> {
    create_directory(folder.root())?;
    for org in &member.organisations {
        load_or_generate(&folder.keys(), &KeyRole::Device(org.clone()))?;
    }
    load_or_generate(&folder.keys(), &KeyRole::Peer)?;
    if member.validator.is_some() {
        // The key and the memory of what it cosigned begin together: a key without its memory must be retired.
        if !folder.keys().join(KeyRole::Validator.file_name()).exists() {
            atomic_replace(&folder.cosigned_state(), b"", Step::Setup, &Faults::none())?;
        }
        load_or_generate(&folder.keys(), &KeyRole::Validator)?;
    }
    public_keys(folder, member.validator.as_ref())
}

/// Joins a member's node to a ledger.
///
/// # Errors
/// [`SetupError`].
pub fn join(
    folder: &Folder,
    name: &str,
    genesis: &[u8],
    anchor: &str,
    validator: Option<&KeyName>,
) -> Result<Anchor, SetupError> {
    create_directory(folder.root())?;
    let replica = Replica::new(genesis).map_err(OpenError::from)?;
    if let Ok(known) = std::fs::read(folder.genesis())
        && known != genesis
    {
        return Err(SetupError::OtherLedger(ledger_id(&known)));
    }
    let anchor = Anchor::parse(anchor)?;
    if anchor.ledger() != replica.ledger_id() {
        return Err(SetupError::OtherLedger(anchor.ledger()));
    }
    atomic_replace(
        &folder.anchor(),
        anchor.text().as_bytes(),
        Step::Setup,
        &Faults::none(),
    )?;
    atomic_replace(&folder.genesis(), genesis, Step::Setup, &Faults::none())?;
    write_config(folder, name, false, validator)?;
    Ok(anchor)
}

/// The public keys of a folder.
///
/// # Errors
/// [`SetupError`].
pub fn public_keys(folder: &Folder, validator: Option<&KeyName>) -> Result<PublicKeys, SetupError> {
    let keys = Keys::load(&folder.keys())?;
    let mut public = PublicKeys {
        devices: Vec::new(),
        peer: None,
        validator: None,
    };
    for (role, key) in keys.public() {
        match role {
            KeyRole::Device(org) => public.devices.push((org.clone(), key)),
            KeyRole::Peer => public.peer = Some(key),
            KeyRole::Validator => {
                let secret = keys.get(role).zip(validator);
                public.validator =
                    secret.map(|(secret, name)| Cosigner::new(name.clone(), secret).verifier());
            }
            KeyRole::Log | KeyRole::Sequencer | KeyRole::Witness => {}
        }
    }
    Ok(public)
}

fn write_config(
    folder: &Folder,
    name: &str,
    sequencer: bool,
    validator: Option<&KeyName>,
) -> Result<(), FileError> {
    if folder.config().exists() {
        return Ok(());
    }
    let text = config::template(name, sequencer, validator, (8080, 8081, 4001));
    atomic_replace(
        &folder.config(),
        text.as_bytes(),
        Step::Setup,
        &Faults::none(),
    )
}
