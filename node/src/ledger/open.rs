//! Opening: from the files of a folder to a working ledger, saying in words whatever was not as expected.
//!
//! Recovery is not a second way of doing things: leaves are replayed through the door, waiting events knock at
//! it again, and an interrupted batch is finished by the function that makes every batch.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ledger_core::anchor::{ANCHOR_MAX_BYTES, Anchor, AnchorError};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::genesis::{GENESIS_MAX_BYTES, GenesisError, ledger_id};
use ledger_core::ids::{EventId, Hash, LeafIndex, TreeSize};
use ledger_core::merkle::{Frontier, leaf_hash, root_at};
use ledger_core::note::{MAX_NOTE_BYTES, Note};
use ledger_core::replica::{LoggedEvent, Replica};
use ledger_core::sign::{Envelope, event_id};
use tokio::sync::watch;

use super::cosign::Validator;
use super::incoming::Incoming;
use super::pending::Pending;
use super::replay::{self, LeafFault};
use super::writer::{Head, Now, Options, Store, Tails, Writer};
use super::{Heads, Health, LedgerError, Trouble};
use crate::blobs::Blobs;
use crate::fault::{Faults, Step};
use crate::files::{
    Cut, Durable, FileError, Segment, atomic_replace, encode_records, read_small, remove_unfinished,
};
use crate::folder::{Folder, LockError, LockedFolder};
use crate::index::{BATCH_LEAVES, Index, IndexError};
use crate::keys::{KeyFileError, KeyRole, Keys, device_key};

/// The file of taken events is not worth rewriting for less: half a megabyte.
pub const PRUNE_RECORDS_MIN: u64 = 1_024;

/// What opening found and did, for people; nothing when all was as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// One sentence each: Vietnamese, English.
    pub said: Vec<(String, String)>,
}

impl Opening {
    fn say(&mut self, vi: String, en: String) {
        tracing::warn!("{vi} ({en})");
        self.said.push((vi, en));
    }
}

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

fn mismatch(vi: &str, en: &str) -> OpenError {
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
fn check_keys(
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

/// Replays a log through the door. `each` sees every leaf behind genesis.
pub(crate) fn replay_log(
    log: &mut Segment,
    genesis: &[u8],
    each: &mut dyn FnMut(&Replica, LoggedEvent) -> Result<(), LeafFault>,
) -> Result<Replica, Trouble> {
    let mut replica = Replica::new(genesis).map_err(|_| Trouble::tampered(LeafIndex(0)))?;
    let mut bad = None;
    let read = log.for_each(0, |place, bytes| {
        let taken = match place {
            0 if bytes == genesis => Ok(()),
            0 => Err(LeafIndex(0)),
            _ => replay::take(&mut replica, bytes)
                .and_then(|logged| each(&replica, logged))
                .map_err(|e| e.index()),
        };
        bad = taken.err();
        bad.is_none()
    });
    match (read, bad) {
        (Ok(()), None) => Ok(replica),
        (_, Some(place)) => Err(Trouble::tampered(place)),
        (Err(FileError::Damaged { record, .. }), None) => Err(Trouble::tampered(LeafIndex(record))),
        (Err(e), None) => Err(Trouble {
            code: "LOI_O_DIA",
            message_vi: e.message_vi(),
            message_en: e.to_string(),
        }),
    }
}

/// The file of taken events with those alone that `keep` wants.
pub(super) fn rewrite_taken(
    store: &mut Store,
    keep: impl Fn(&EventId) -> bool,
) -> Result<(), LedgerError> {
    let mut kept = Vec::new();
    store.taken.for_each(0, |_, bytes| {
        if keep(&event_id(bytes)) {
            kept.push(bytes.to_vec());
        }
        true
    })?;
    let path = store.folder.pending();
    let bytes = encode_records(&kept).ok_or(FileError::NoRecord {
        path: path.clone(),
        record: 0,
    })?;
    // Dying here leaves the old file or the new one; both hold every event that still waits.
    atomic_replace(&path, &bytes, Step::PendingRewrite, &store.faults)?;
    (store.taken, _) = Segment::open(
        &path,
        Step::Pending,
        Durable::AllButLast,
        store.faults.clone(),
    )?;
    Ok(())
}

impl Writer {
    /// Opens a folder.
    ///
    /// # Errors
    /// [`OpenError`]; nothing that was durable has been changed then.
    pub fn open(
        folder: &Folder,
        options: Options,
        now: Now,
    ) -> Result<(Writer, Opening), OpenError> {
        let mut opening = Opening::default();
        // 1. The folder is ours, and what the installer brought belongs together.
        let folder = folder.lock()?;
        folder.create_directories()?;
        for path in [folder.root().to_owned(), folder.heads()] {
            for path in remove_unfinished(&path)? {
                opening.say(
                    format!("Đã xóa tệp ghi dở {}.", path.display()),
                    format!("removed unfinished {}", path.display()),
                );
            }
        }
        let (genesis, anchor) = read_trust(&folder)?;
        let keys = Keys::load(&folder.keys())?;
        check_keys(&keys, &Replica::new(&genesis)?, &options, &anchor)?;
        // 2. The heads say how much of the log is durable.
        let head = read_head(folder.checkpoint(), &anchor)?;
        let cosigned = read_head(folder.cosigned(), &anchor)?;
        let sizes = head
            .iter()
            .chain(&cosigned)
            .map(|(_, checkpoint)| checkpoint.size().0);
        let durable = sizes.max();
        let log = open_log(&folder, &genesis, durable, &options, &mut opening)?;
        let store = open_store(folder, log, &options.faults, &mut opening)?;
        // 3. The log through the door, and the index with it.
        let mut writer = Writer::replay(store, genesis, anchor, keys, options, now, &mut opening)?;
        writer.adopt_heads(head, cosigned)?;
        // 4. What waits.
        writer.load_waiting(&mut opening)?;
        writer.open_validator(&mut opening)?;
        writer.report_unfinished(&mut opening);
        writer.announce();
        Ok((writer, opening))
    }

    fn replay(
        mut store: Store,
        genesis: Vec<u8>,
        anchor: Anchor,
        keys: Keys,
        options: Options,
        now: Now,
        opening: &mut Opening,
    ) -> Result<Writer, OpenError> {
        let mut filling = Filling::begin(&mut store, opening)?;
        let mut tails = Tails::default();
        read_own(&mut store.own, &mut tails)?;
        let mut missing_blobs = BTreeSet::new();
        let mut replica = replay_log(&mut store.log, &genesis, &mut |replica, logged| {
            tails.saw(&logged.event, &keys);
            if logged.void.is_none() {
                missing_blobs.extend(replay::named_blobs(logged.event.body()));
            }
            filling.push(replica, logged);
            Ok(())
        })
        .map_err(OpenError::Tampered)?;
        let index = filling.finish(&mut store, &genesis, &mut replica, opening);
        missing_blobs.retain(|hash| store.blobs.is_missing(hash));
        Ok(Writer {
            caught_up: options.sequencer,
            pending: Pending::new(&replica),
            options,
            anchor,
            genesis,
            keys,
            store,
            index,
            index_behind: Vec::new(),
            index_flush_due: Duration::ZERO,
            replica,
            tails,
            missing_blobs,
            head: None,
            cosigned: None,
            assembling: None,
            head_at: now.steady,
            waiting_since: None,
            disk_failed_at: None,
            incoming: Incoming::default(),
            validator: None,
            heads: watch::Sender::new(Heads::default()),
            health: watch::Sender::new(Health::Serving),
        })
    }

    fn adopt_heads(
        &mut self,
        head: Option<(Note, Checkpoint)>,
        cosigned: Option<(Note, Checkpoint)>,
    ) -> Result<(), OpenError> {
        for (_, checkpoint) in head.iter().chain(&cosigned) {
            if root_at(self.replica.tree(), checkpoint.size()).ok() != Some(checkpoint.root()) {
                return Err(OpenError::Tampered(Trouble {
                    code: "SO_CAI_BI_SUA",
                    message_vi: format!(
                        "Dữ liệu của nút này không khớp chữ ký của bản chốt {} mục. Khôi phục log.seg từ nút khác.",
                        checkpoint.size()
                    ),
                    message_en: format!(
                        "log.seg does not lead to the signed root of {} leaves",
                        checkpoint.size()
                    ),
                }));
            }
        }
        let to_head = |(note, checkpoint)| Head { note, checkpoint };
        self.cosigned = cosigned.map(to_head);
        // A cosigned head outlives a lost `checkpoint`: it is signed by the log, too.
        self.head = head
            .map(to_head)
            .filter(|head| head.size() >= self.cosigned_size())
            .or_else(|| self.cosigned.clone());
        if self.options.sequencer {
            let with_lines = self
                .cosigned
                .as_ref()
                .filter(|cosigned| cosigned.size() == self.published());
            self.assembling = with_lines
                .or(self.head.as_ref())
                .map(|head| head.note.clone());
        }
        Ok(())
    }

    /// Events that are durable and not logged knock again, our own before those of others.
    fn load_waiting(&mut self, opening: &mut Opening) -> Result<(), OpenError> {
        let mut waiting: Vec<(Vec<u8>, bool)> = Vec::new();
        let replica = &self.replica;
        for (segment, own) in [(&mut self.store.own, true), (&mut self.store.taken, false)] {
            segment.for_each(0, |_, bytes| {
                if replica.find(&event_id(bytes)).is_none() {
                    waiting.push((bytes.to_vec(), own));
                }
                true
            })?;
        }
        // An event may wait for one in the other file, so all knock until nobody is let in any more.
        loop {
            let before = waiting.len();
            waiting.retain(|(bytes, own)| !self.let_in(bytes, *own));
            if waiting.len() == before {
                break;
            }
        }
        for (bytes, own) in waiting {
            self.set_aside(&bytes, own, opening);
        }
        self.tails.conclude(&self.replica, &self.pending);
        if self.pending.len() > 0 {
            let n = self.pending.len();
            self.waiting_since = Some(Duration::ZERO);
            opening.say(
                format!("{n} việc đã lưu đang chờ vào sổ chung."),
                format!("{n} saved events wait for the log"),
            );
        }
        Ok(())
    }

    fn let_in(&mut self, bytes: &[u8], own: bool) -> bool {
        let Ok(envelope) = Envelope::parse(bytes) else {
            return false;
        };
        if self.pending.contains(&envelope.id()) {
            return true;
        }
        match self.pending.check(&self.replica, bytes, &envelope.device()) {
            Ok(admitted) => {
                let event = admitted.into_event();
                self.want_blobs(replay::named_blobs(event.body()));
                self.pending.push(&self.replica, event, own);
                true
            }
            Err(_) => false,
        }
    }

    fn set_aside(&mut self, bytes: &[u8], own: bool, opening: &mut Opening) {
        let id = event_id(bytes);
        let (device, epoch) = match Envelope::parse(bytes) {
            Ok(envelope) => (Some(envelope.device()), envelope.payload().link.epoch),
            Err(_) => (None, 0),
        };
        let why = match device {
            Some(device) => self.pending.check(&self.replica, bytes, &device).err(),
            None => self.replica.check(bytes).err(),
        };
        let Some(why) = why else { return };
        let what = if own {
            "ký tại nút này"
        } else {
            "nhận từ nơi khác"
        };
        opening.say(
            format!(
                "Việc {id} ({what}) không vào sổ được nữa: {}",
                why.message_vi()
            ),
            format!("event {id} can no longer enter the log: {why}"),
        );
        if let (true, Some(device)) = (own, device) {
            self.tails.suspicions.push((device, epoch));
        }
        self.pending.set_stuck(id, why);
    }

    fn open_validator(&mut self, opening: &mut Opening) -> Result<(), OpenError> {
        let Some(name) = self.options.validator.clone() else {
            return Ok(());
        };
        let path = self.store.folder.cosigned_state();
        let lost = || {
            mismatch(
                "Mất tệp cosigned.state (bản đã xác nhận gần nhất). Khóa xác nhận này không dùng tiếp được: xin khóa mới.",
                "cosigned.state is lost: this validator no longer knows what it cosigned, so its key must be retired",
            )
        };
        let bytes = read_small(&path, MAX_NOTE_BYTES as u64)?.ok_or_else(lost)?;
        // An empty file is what setting up leaves: nothing was cosigned yet.
        let last = match bytes.as_slice() {
            [] => None,
            text => {
                let text = std::str::from_utf8(text).map_err(|_| lost())?;
                Some(Checkpoint::parse(text).map_err(|_| lost())?)
            }
        };
        if let Some(last) = last
            .as_ref()
            .filter(|last| last.size() > self.replica.size())
        {
            let size = last.size();
            opening.say(
                format!("Nút này từng xác nhận sổ {size} mục nhưng chỉ còn {}; chờ lấy lại đủ rồi mới xác nhận tiếp.", self.replica.size()),
                format!("this validator cosigned {size} leaves and has {}; it waits until it has them again", self.replica.size()),
            );
        }
        self.validator = Some(Validator::new(name, last));
        Ok(())
    }

    fn report_unfinished(&self, opening: &mut Opening) {
        let behind = self.replica.size().0 - self.published().0;
        if self.options.sequencer && self.published() > TreeSize(0) && behind > 0 {
            opening.say(
                format!("{behind} mục đã ghi vào sổ nhưng chưa chốt; chốt ngay bây giờ."),
                format!(
                    "{behind} leaves are logged and not yet under a head; the batch is finished now"
                ),
            );
        }
    }
}

/// Opens the log. A follower keeps what a durable head covers; the sequencer keeps every whole leaf, because a
/// head may have been signed over it that this disk has lost.
fn open_log(
    folder: &LockedFolder,
    genesis: &[u8],
    durable: Option<u64>,
    options: &Options,
    opening: &mut Opening,
) -> Result<Segment, OpenError> {
    let must_hold = match durable {
        Some(n) => Durable::Records(n),
        None if options.sequencer => Durable::AllButLast,
        None => Durable::Records(0),
    };
    let opened = Segment::open(&folder.log(), Step::Log, must_hold, options.faults.clone());
    let (mut log, cut) = opened.map_err(|e| match e {
        FileError::Damaged { record, offset, .. } => {
            tracing::error!(record, offset, "log.seg");
            OpenError::Tampered(Trouble::tampered(LeafIndex(record)))
        }
        other => other.into(),
    })?;
    report_cut(cut, opening);
    if log.is_empty() {
        log.append(&[genesis])?;
    }
    let covered = durable.unwrap_or(0).max(1);
    if !options.sequencer && log.len() > covered {
        let uncovered = log.len() - covered;
        if durable.is_none() {
            keep_copy(folder, opening)?;
        }
        log.truncate(covered)?;
        opening.say(
            format!("Bỏ {uncovered} mục cuối sổ chưa có bản chốt; sẽ lấy lại từ nút khác."),
            format!(
                "dropped {uncovered} leaves that no durable head covers; they are fetched again"
            ),
        );
    }
    Ok(log)
}

/// Without any head on the disk nobody can say what was durable: the whole file is kept beside.
fn keep_copy(folder: &LockedFolder, opening: &mut Opening) -> Result<(), FileError> {
    let (from, to) = (folder.log(), folder.root().join("log.without-head"));
    std::fs::copy(&from, &to).map_err(|e| FileError::io("copy", &to, e))?;
    opening.say(
        format!(
            "Không thấy bản chốt nào; giữ bản sao của sổ ở {}.",
            to.display()
        ),
        format!(
            "there is no head; a copy of the log is kept in {}",
            to.display()
        ),
    );
    Ok(())
}

fn open_store(
    folder: LockedFolder,
    log: Segment,
    faults: &Faults,
    opening: &mut Opening,
) -> Result<Store, OpenError> {
    let mut open = |path: PathBuf, step| {
        let (segment, cut) = Segment::open(&path, step, Durable::AllButLast, faults.clone())?;
        report_cut(cut, opening);
        Ok::<_, FileError>(segment)
    };
    let own = open(folder.writer(), Step::Writer)?;
    let taken = open(folder.pending(), Step::Pending)?;
    let blobs = Blobs::open(&folder.blobs(), faults.clone())?;
    Ok(Store {
        log,
        own,
        taken,
        blobs,
        faults: faults.clone(),
        folder,
    })
}

fn report_cut(cut: Option<Cut>, opening: &mut Opening) {
    if let Some(cut) = cut {
        let (path, kept) = (cut.path.display(), cut.kept.display());
        opening.say(
            format!(
                "Cắt {} byte ghi dở ở cuối {path} (sau mục {}); giữ lại ở {kept}.",
                cut.bytes, cut.record
            ),
            format!(
                "cut {} unfinished bytes off {path} behind record {}; kept in {kept}",
                cut.bytes, cut.record
            ),
        );
    }
}

fn read_own(own: &mut Segment, tails: &mut Tails) -> Result<(), FileError> {
    own.for_each(0, |_, bytes| {
        tails.own.insert(event_id(bytes));
        true
    })
}

/// The index while the log is replayed.
struct Filling {
    index: Option<Index>,
    /// The first leaf that it lacks.
    from: TreeSize,
    behind: Vec<LoggedEvent>,
}

impl Filling {
    /// Opens the index if it lies on this log's path; else a fresh one, and says so.
    fn begin(store: &mut Store, opening: &mut Opening) -> Result<Filling, OpenError> {
        let folder = store.folder.index();
        let existed = folder.exists();
        let doubt = match Index::open(&folder).map(|index| (index.as_of(), index)) {
            // sled sometimes answers damage with emptiness: only a log without events may have an empty index.
            Ok(((TreeSize(0), _), index)) if !existed || store.log.len() <= 1 => {
                if store.log.len() > 1 {
                    opening.say(
                        "Không có chỉ mục; dựng lại từ sổ.".into(),
                        "there is no index; it is made anew".into(),
                    );
                }
                return Ok(Filling {
                    index: Some(index),
                    from: TreeSize(0),
                    behind: Vec::new(),
                });
            }
            Ok(((size, root), index)) => {
                // Counting is what finds rows that sled lost without a word: a second for a million.
                let whole = index
                    .counts()
                    .is_ok_and(|(events, _)| events as u64 + 1 == size.0);
                if whole && root_of_first(&mut store.log, size)? == Some(root) {
                    return Ok(Filling {
                        index: Some(index),
                        from: size,
                        behind: Vec::new(),
                    });
                }
                format!("it speaks of another log of {size} leaves")
            }
            Err(e) => e.to_string(),
        };
        Ok(Filling {
            index: fresh_index(store, &doubt, opening),
            from: TreeSize(0),
            behind: Vec::new(),
        })
    }

    fn push(&mut self, replica: &Replica, logged: LoggedEvent) {
        if self.index.is_none() || logged.index.0 < self.from.0 {
            return;
        }
        self.behind.push(logged);
        if self.behind.len() >= BATCH_LEAVES {
            self.write(replica);
        }
    }

    fn write(&mut self, replica: &Replica) {
        let written = self
            .index
            .as_mut()
            .map(|index| index.extend(&self.behind, replica.size(), replica.root()));
        self.behind.clear();
        if let Some(Err(e)) = written {
            tracing::warn!(error = %e, "index");
            self.index = None;
        }
    }

    /// The index, as of the whole log. One that failed on the way is made anew once.
    fn finish(
        mut self,
        store: &mut Store,
        genesis: &[u8],
        replica: &mut Replica,
        opening: &mut Opening,
    ) -> Option<Index> {
        if self.index.is_some() {
            self.write(replica);
        }
        if self.index.is_none() {
            let index = fresh_index(store, "it failed while it was filled", opening);
            let mut again = Filling {
                index,
                from: TreeSize(0),
                behind: Vec::new(),
            };
            let replayed = replay_log(&mut store.log, genesis, &mut |replica, logged| {
                again.push(replica, logged);
                Ok(())
            });
            again.write(&replayed.ok()?);
            self = again;
        }
        let index = self.index?;
        let flushed: Result<(), IndexError> = index.flush();
        flushed.is_ok().then_some(index)
    }
}

fn fresh_index(store: &Store, doubt: &str, opening: &mut Opening) -> Option<Index> {
    let folder = store.folder.index();
    let aside = Index::move_aside(&folder);
    let opened = aside.and_then(|aside| Ok((aside, Index::open(&folder)?)));
    match opened {
        Ok((aside, index)) => {
            let aside = aside.map_or_else(String::new, |path| path.display().to_string());
            opening.say(
                format!("Chỉ mục không dùng được; cất ở {aside} và dựng lại từ sổ."),
                format!("the index is in doubt ({doubt}); moved to {aside} and made anew"),
            );
            Some(index)
        }
        Err(e) => {
            opening.say(
                "Không tạo được chỉ mục; nút chạy không có chỉ mục.".into(),
                format!("no index: {e}"),
            );
            None
        }
    }
}

/// The root over the first leaves of a log on the disk, without asking what they say.
fn root_of_first(log: &mut Segment, size: TreeSize) -> Result<Option<Hash>, FileError> {
    if size.0 > log.len() {
        return Ok(None);
    }
    let mut frontier = Frontier::new();
    log.for_each(0, |place, bytes| {
        if place < size.0 {
            frontier.append(leaf_hash(bytes));
        }
        place + 1 < size.0
    })?;
    Ok(Some(frontier.root()))
}
