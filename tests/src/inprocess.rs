//! A whole ledger in memory, with fixed keys: the same sample always gives the same bytes. Vectors and tests of
//! tampering are made with it.
//!
//! The keys are derived from their names. They are for tests and demonstrations only.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ledger_core::admit::Refusal;
use ledger_core::anchor::{Anchor, AnchorError, MAX_AGE_DEFAULT_SECONDS};
use ledger_core::body::Body;
use ledger_core::bundle::{BuildError, Bundle, Source, build};
use ledger_core::checkpoint::{Checkpoint, CheckpointError};
use ledger_core::code::PrintedCode;
use ledger_core::cosignature::{CosignatureTime, Cosigner};
use ledger_core::family::Fact;
use ledger_core::genesis::{Genesis, GenesisError, ledger_id};
use ledger_core::ids::{DeviceKey, EventId, Hash, LeafIndex, OrgId};
use ledger_core::key::PublicKey;
use ledger_core::kind::Kind;
use ledger_core::note::{Note, NoteError, NoteSigner};
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::roster::VoidReason;
use ledger_core::sign::Draft;
use ledger_core::time::Timestamp;
use ledger_core::vkey::{KeyName, VkeyError};
use sha2::{Digest, Sha256};

use crate::sample::{
    BUSINESS_DATE, KeptOpening, NotRecorded, REGISTERED, Readers, Sample, SampleError, Step,
    VALIDATORS,
};

/// Origin of the log's checkpoints, and the name of its key.
pub const ORIGIN: &str = "so.dongthap.example/ocop-mau";
/// Name shown to people.
pub const LEDGER_NAME: &str = "Sổ chung OCOP Đồng Tháp (dữ liệu mẫu)";
/// The group of the policy whose members re-check everything.
pub const VALIDATOR_GROUP: &str = "validators";
/// How many of them make the quorum.
pub const QUORUM: usize = 4;

/// A ledger in memory.
pub struct InProcess {
    /// The replayed log.
    pub replica: Replica,
    /// Every leaf's bytes, genesis first.
    pub entries: Vec<Vec<u8>>,
    /// Every logged event, in order.
    pub logged: Vec<LoggedEvent>,
    /// Ids of the recorded steps by their keys.
    pub ids: HashMap<String, EventId>,
    /// Every opening, public or not, by its commitment.
    pub openings: BTreeMap<Hash, KeptOpening>,
    anchor: Anchor,
}

/// Why the ledger could not be made. The sample or the core is at fault.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The sample's files.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A step was taken too early.
    #[error(transparent)]
    Order(#[from] NotRecorded),
    /// The door stayed closed.
    #[error("{step}: {refusal}")]
    Refused {
        /// The step.
        step: String,
        /// Why.
        refusal: Refusal,
    },
    /// The event was logged without effect.
    #[error("{step}: {reason}")]
    Void {
        /// The step.
        step: String,
        /// Why.
        reason: VoidReason,
    },
    /// The genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The anchor.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// A key's name.
    #[error(transparent)]
    Name(#[from] VkeyError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A cosignature's time is zero or beyond what its form holds.
    #[error("not a time of a cosignature: {0}")]
    Time(u64),
}

/// Where the sample lies in this repository.
pub fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data")
}

/// Salts that are always the same for a purpose, one after the other.
pub fn fixed_salts(purpose: &str) -> impl FnMut() -> [u8; 32] {
    let mut count = 0u64;
    move || {
        count += 1;
        seed(&format!("salt {purpose} {count}"))
    }
}

/// A key that is always the same for its name.
pub fn fixed_key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&seed(name))
}

fn seed(name: &str) -> [u8; 32] {
    Sha256::digest(format!("ocop-sample/v1 {name}")).into()
}

/// The key of an organisation's device.
pub fn device_key(org: &str) -> SigningKey {
    fixed_key(&format!("device {org}"))
}

/// The key that an organisation's validator cosigns with.
pub fn validator_key(org: &str) -> SigningKey {
    fixed_key(&format!("validator {org}"))
}

/// The key that signs checkpoints.
pub fn log_key() -> SigningKey {
    fixed_key("log")
}

/// The device that signs map heads.
pub fn sequencer_key() -> SigningKey {
    fixed_key("sequencer")
}

/// The name of an organisation's validator.
///
/// # Errors
/// [`VkeyError`] when the organisation makes no name of a key.
pub fn validator_name(org: &str) -> Result<KeyName, VkeyError> {
    let org = org.to_lowercase();
    KeyName::new(&format!("{org}.so.dongthap.example/xac-nhan"))
}

fn device_of(key: &SigningKey) -> DeviceKey {
    DeviceKey(PublicKey::of(key).to_bytes())
}

/// The genesis of the sample's ledger.
pub fn genesis(sample: &Sample) -> Genesis {
    Genesis {
        name: LEDGER_NAME.to_owned(),
        origin: ORIGIN.to_owned(),
        log_key: PublicKey::of(&log_key()),
        authority: sample.authority().clone(),
        authority_name: sample.authority_name().to_owned(),
        authority_devices: vec![device_of(&device_key(sample.authority().as_str()))],
        authority_threshold: 1,
        sequencer: device_of(&sequencer_key()),
        created: REGISTERED,
        sample: Some(BUSINESS_DATE),
    }
}

/// The policy: this log, and four of the six validators.
///
/// # Errors
/// [`VkeyError`] when a name is none.
pub fn policy_text() -> Result<String, VkeyError> {
    let log_key = log_key();
    let log = NoteSigner::new(KeyName::new(ORIGIN)?, &log_key);
    let mut text = format!("log {}\n", log.verifier());
    for org in VALIDATORS {
        let key = validator_key(org);
        let verifier = Cosigner::new(validator_name(org)?, &key).verifier();
        text += &format!("witness {} {verifier}\n", org.to_lowercase());
    }
    let names = VALIDATORS.map(str::to_lowercase).join(" ");
    text += &format!("group {VALIDATOR_GROUP} {QUORUM} {names}\nquorum {VALIDATOR_GROUP}\n");
    Ok(text)
}

impl InProcess {
    /// A ledger with nothing but its genesis.
    ///
    /// # Errors
    /// [`HarnessError`] when genesis or anchor are refused.
    pub fn new(sample: &Sample) -> Result<InProcess, HarnessError> {
        let genesis = genesis(sample).encode();
        let policy = policy_text()?;
        let ledger = ledger_id(&genesis);
        Ok(InProcess {
            replica: Replica::new(&genesis)?,
            entries: vec![genesis],
            logged: Vec::new(),
            ids: HashMap::new(),
            openings: BTreeMap::new(),
            anchor: Anchor::new(ledger, VALIDATOR_GROUP, MAX_AGE_DEFAULT_SECONDS, &policy)?,
        })
    }

    /// A ledger with the whole sample, every event in force.
    ///
    /// # Errors
    /// [`HarnessError`] naming the step at fault.
    pub fn with_sample(sample: &Sample) -> Result<InProcess, HarnessError> {
        let mut ledger = InProcess::with_members(sample)?;
        for step in sample.script(fixed_salts("script"))? {
            ledger.record(&step)?;
        }
        Ok(ledger)
    }

    /// A ledger in which everything is registered and nothing has happened yet.
    ///
    /// # Errors
    /// [`HarnessError`] naming the step at fault.
    pub fn with_registrations(sample: &Sample) -> Result<InProcess, HarnessError> {
        let mut ledger = InProcess::with_members(sample)?;
        for step in sample.script(fixed_salts("script"))? {
            if step.is_registration() {
                ledger.record(&step)?;
            }
        }
        Ok(ledger)
    }

    /// A ledger with its members and their devices, and the trust anchor published.
    ///
    /// # Errors
    /// [`HarnessError`] naming the step at fault.
    pub fn with_members(sample: &Sample) -> Result<InProcess, HarnessError> {
        let mut ledger = InProcess::new(sample)?;
        for step in sample.admissions(fixed_salts("admissions"))? {
            ledger.record(&step)?;
        }
        for enrolment in sample.enrolments() {
            if enrolment.org != *sample.authority() {
                let device = device_of(&device_key(enrolment.org.as_str()));
                ledger.record(&sample.device_step(&enrolment, device))?;
            }
        }
        let anchor = ledger.anchor.text().to_owned();
        ledger.record(&sample.anchor_step(&anchor))?;
        Ok(ledger)
    }

    /// Signs a step, brings it through the door and logs it.
    ///
    /// # Errors
    /// [`HarnessError`] when it is refused or void.
    pub fn record(&mut self, step: &Step) -> Result<EventId, HarnessError> {
        let draft = Draft {
            occurred: step.occurred,
            signed: step.signed,
            body: step.body(&self.ids)?,
        };
        let logged = self.log(&step.org, draft);
        let logged = logged.map_err(|refusal| HarnessError::Refused {
            step: step.key.clone(),
            refusal,
        })?;
        let (id, void) = (logged.event.id(), logged.void);
        if let Some(reason) = void {
            let step = step.key.clone();
            return Err(HarnessError::Void { step, reason });
        }
        self.ids.insert(step.key.clone(), id);
        for kept in &step.openings {
            self.openings
                .insert(kept.opening.commitment(), kept.clone());
        }
        Ok(id)
    }

    /// Signs anything with an organisation's device and logs it, even if it is void.
    ///
    /// # Errors
    /// [`Refusal`] when the door stays closed.
    pub fn log(&mut self, org: &OrgId, draft: Draft) -> Result<&LoggedEvent, Refusal> {
        self.log_as(&device_key(org.as_str()), org, draft)
    }

    /// The same with any key.
    ///
    /// # Errors
    /// [`Refusal`] when the door stays closed.
    pub fn log_as(
        &mut self,
        key: &SigningKey,
        org: &OrgId,
        draft: Draft,
    ) -> Result<&LoggedEvent, Refusal> {
        let link = self.replica.next_link(&device_of(key));
        let event = draft.sign(key, &self.replica.ledger_id(), org, link);
        let admitted = self.replica.check(event.bytes())?;
        let logged = self.replica.append(admitted).expect("memory does not fail");
        let place = self.logged.len();
        self.entries.push(logged.event.bytes().to_vec());
        self.logged.push(logged);
        Ok(&self.logged[place])
    }

    /// The events in force, in log order, as rules look at them.
    pub fn facts(&self) -> Vec<Fact<'_>> {
        let in_force = self.logged.iter().filter(|logged| logged.void.is_none());
        let business = in_force.filter(|logged| logged.event.body().kind != Kind::MapHead);
        let fact = |logged| {
            let LoggedEvent { index, event, .. }: &LoggedEvent = logged;
            Fact {
                index: *index,
                event,
            }
        };
        business.map(fact).collect()
    }

    /// The trust anchor of this ledger.
    pub fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Closes the log with a map head over all leaves so far.
    ///
    /// # Errors
    /// [`HarnessError`] when the door stays closed.
    pub fn append_map_head(&mut self, signed: Timestamp) -> Result<LeafIndex, HarnessError> {
        let body = Body {
            size: Some(self.replica.size().0),
            root: Some(self.replica.map_root()),
            ..Body::new(Kind::MapHead)
        };
        let (occurred, authority) = (signed, self.replica.roster().authority().clone());
        let draft = Draft {
            occurred,
            signed,
            body,
        };
        let logged = self.log_as(&sequencer_key(), &authority, draft);
        let step = || "map head".to_owned();
        let logged = logged.map_err(|refusal| HarnessError::Refused {
            step: step(),
            refusal,
        })?;
        match logged.void {
            Some(reason) => Err(HarnessError::Void {
                step: step(),
                reason,
            }),
            None => Ok(logged.index),
        }
    }

    /// The checkpoint of the log as it stands, signed by the log alone.
    ///
    /// # Errors
    /// [`HarnessError`] when checkpoint or note are refused.
    pub fn checkpoint(&self) -> Result<Note, HarnessError> {
        let checkpoint = Checkpoint::new(ORIGIN, self.replica.size(), self.replica.root())?;
        let key = log_key();
        Ok(checkpoint.sign(&NoteSigner::new(KeyName::new(ORIGIN)?, &key))?)
    }

    /// Closes the log with a map head, signs the checkpoint and cosigns it with every validator, all at one time
    /// (seconds since 1970).
    ///
    /// # Errors
    /// [`HarnessError`] when anything is refused.
    pub fn publish(&mut self, seconds: u64) -> Result<Note, HarnessError> {
        let signed = i64::try_from(seconds).map_err(|_| HarnessError::Time(seconds))?;
        self.append_map_head(Timestamp::vietnam(signed))?;
        cosigned(&self.checkpoint()?, &VALIDATORS, seconds)
    }

    /// The bundle of a code; the log must end with the map head of the checkpoint.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn bundle(&mut self, checkpoint: &Note, code: &PrintedCode) -> Result<Bundle, BuildError> {
        let source = Store {
            entries: &self.entries,
            openings: &self.openings,
        };
        build(&mut self.replica, &source, &checkpoint.to_text(), code)
    }
}

/// A note with the cosignatures of some validators at one time (seconds since 1970).
///
/// # Errors
/// [`HarnessError`] when note or time are refused.
pub fn cosigned(note: &Note, validators: &[&str], seconds: u64) -> Result<Note, HarnessError> {
    let checkpoint = Checkpoint::of(note)?;
    let time = CosignatureTime::new(seconds).ok_or(HarnessError::Time(seconds))?;
    let mut lines = Vec::new();
    for org in validators {
        let key = validator_key(org);
        lines.push(Cosigner::new(validator_name(org)?, &key).cosign(&checkpoint, time));
    }
    Ok(note.with_lines(&lines)?)
}

/// What a bundle is built from.
struct Store<'a> {
    entries: &'a [Vec<u8>],
    openings: &'a BTreeMap<Hash, KeptOpening>,
}

impl Source for Store<'_> {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        self.entries.get(usize::try_from(index.0).ok()?).cloned()
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        let kept = self.openings.get(commitment)?;
        (kept.readers == Readers::Public).then(|| kept.opening.encode())
    }
}

impl Source for InProcess {
    fn entry(&self, index: LeafIndex) -> Option<Vec<u8>> {
        let (entries, openings) = (self.entries.as_slice(), &self.openings);
        Store { entries, openings }.entry(index)
    }

    fn opening(&self, commitment: &Hash) -> Option<Vec<u8>> {
        let (entries, openings) = (self.entries.as_slice(), &self.openings);
        Store { entries, openings }.opening(commitment)
    }
}
