//! Opening: from the files of a folder to a working ledger, saying in words whatever was not as expected.
//!
//! Recovery is not a second way of doing things: leaves are replayed through the door, waiting events knock at
//! it again, and an interrupted batch is finished by the function that makes every batch.

mod filling;
mod log;
mod trust;
mod waiting;

use std::collections::BTreeSet;
use std::time::Duration;

use ledger_core::anchor::Anchor;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::TreeSize;
use ledger_core::merkle::root_at;
use ledger_core::note::{MAX_NOTE_BYTES, Note};
use ledger_core::replica::Replica;
use tokio::sync::watch;

use super::cosign::Validator;
use super::incoming::Incoming;
use super::pending::Pending;
use super::private::Commitments;
use super::replay;
use super::tails::Tails;
use super::writer::{Head, Now, Options, Store, Writer};
use super::{Heads, Health, Trouble};
use crate::files::{read_small, remove_unfinished};
use crate::folder::Folder;
use crate::keys::{KeyRole, Keys};
use crate::restored::Restored;

use filling::Filling;
use log::{open_log, open_store, read_own};
use trust::{check_keys, mismatch};

pub(super) use log::replay_log;
pub use trust::OpenError;
pub(crate) use trust::{read_head, read_trust};
pub(super) use waiting::rewrite_taken;

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
        let mut options = options;
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
        let restored = Restored::read(&folder)?;
        if restored
            .as_ref()
            .is_some_and(|mark| mark.silences(&KeyRole::Log))
        {
            // A restored log follows its members first (`learning.rs`).
            options.sequencer = false;
        }
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
        writer.begin_learning(restored);
        writer.begin_asking(now);
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
        let (mut missing_blobs, mut commitments) = (BTreeSet::new(), Commitments::default());
        let mut erased = BTreeSet::new();
        let stores = replay::stores(&store.folder, &store.faults)?;
        let mut replica = replay_log(&mut store.log, &genesis, stores, &mut |replica, logged| {
            tails.saw(&logged.event, &keys);
            erased.extend(commitments.saw(replica, &logged));
            if logged.void.is_none() {
                missing_blobs.extend(replay::named_blobs(logged.event.body()));
            }
            filling.push(replica, logged);
        })
        .map_err(OpenError::Tampered)?;
        let index = filling.finish(&mut store, &genesis, &mut replica, opening);
        // What was erased while this node was down, or never reached the disk.
        for hash in &erased {
            store.blobs.erase_once(hash)?;
        }
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
            commitments,
            head: None,
            cosigned: None,
            assembling: None,
            head_at: now.steady,
            waiting_since: None,
            disk_failed_at: None,
            incoming: Incoming::default(),
            validator: None,
            learning: None,
            asking: None,
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
