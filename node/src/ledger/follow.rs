//! Following the log: a piece that came from a peer, in one straight commit order.

use ledger_core::ids::{LeafIndex, TreeSize};
use ledger_core::note::Note;
use ledger_core::replica::LoggedEvent;

use super::replay::{self, TakeError, is_map_head};
use super::writer::{Head, Now, Writer};
use super::{Extended, Extension, Health, LedgerError, Trouble};
use crate::fault::Step;
use crate::files::atomic_replace;

/// Leaves that pass the door before they are written: what one piece of the log holds at most. Tests have short
/// logs and want several slices.
const SLICE_LEAVES: usize = if cfg!(test) { 3 } else { 2_048 };

impl Writer {
    /// Takes a piece of the log.
    ///
    /// # Errors
    /// [`LedgerError`] saying whose fault it is. Whatever waited for its head is thrown away then, and the sender
    /// begins again at [`super::Heads::size`].
    pub fn extend(&mut self, piece: Extension, now: Now) -> Result<Extended, LedgerError> {
        let extended = self.try_extend(piece, now);
        if extended.is_err() {
            self.incoming.clear();
        }
        extended
    }

    fn try_extend(&mut self, piece: Extension, now: Now) -> Result<Extended, LedgerError> {
        self.must_take()?;
        // 1. The notes: nothing of a peer's is believed before its signatures hold.
        let head = piece
            .checkpoint
            .as_deref()
            .map(|text| self.read_head(text))
            .transpose()?;
        let cosigned = piece
            .cosigned
            .as_deref()
            .map(|text| self.read_head(text))
            .transpose()?;
        for known in head.iter().chain(&cosigned) {
            self.must_agree(known)?;
        }
        if self.options.sequencer {
            return self.answer_as_sequencer(head.into_iter().chain(cosigned));
        }
        // 2. The leaves, in memory, until a head covers them.
        let misfit = |e: super::incoming::Misfit| LedgerError::Malformed(e.to_string());
        self.incoming
            .take(&self.replica, piece.entries)
            .map_err(misfit)?;
        let mut cosignature = None;
        if let Some(head) = head {
            cosignature = self.advance_to(head, now)?;
        }
        // 3. Who witnessed it.
        if let Some(cosigned) = cosigned {
            self.take_cosigned(&cosigned.note)?;
        }
        Ok(Extended {
            size: self.incoming.size(&self.replica),
            cosignature,
        })
    }

    /// Reads a note that the log must have signed.
    pub(super) fn read_head(&self, text: &str) -> Result<Head, LedgerError> {
        let malformed = |e: &dyn std::fmt::Display| LedgerError::Malformed(e.to_string());
        let note = Note::parse(text.as_bytes()).map_err(|e| malformed(&e))?;
        let evaluation = self
            .anchor
            .policy()
            .evaluate(&note)
            .map_err(|e| malformed(&e))?;
        let checkpoint = evaluation.checkpoint().clone();
        if checkpoint.origin() != self.replica.genesis().origin {
            return Err(LedgerError::Malformed("a head of another log".into()));
        }
        Ok(Head { note, checkpoint })
    }

    /// A head that the log signed and that we can check must lie on our path, or the log contradicts itself.
    fn must_agree(&mut self, head: &Head) -> Result<(), LedgerError> {
        if head.size() > self.replica.size()
            || self.root_at(head.size()) == Some(head.checkpoint.root())
        {
            return Ok(());
        }
        self.keep_two_heads(head)?;
        Err(self.halt(
            format!("Sổ chung có hai bản khác nhau ở {} mục. Bằng chứng nằm trong thư mục evidence; báo quản trị.", head.size()),
            format!("the log signed a head of {} leaves that contradicts the log here", head.size()),
        ))
    }

    /// Somebody has a head that we signed and no longer know: we must not sign another of that size.
    fn answer_as_sequencer(
        &mut self,
        heads: impl Iterator<Item = Head>,
    ) -> Result<Extended, LedgerError> {
        match heads.map(|head| head.size()).find(|size| *size > self.replica.size()) {
            None => Ok(Extended { size: self.replica.size(), cosignature: None }),
            Some(size) => Err(self.halt(
                format!("Nút khác có sổ {size} mục do chính nút này ký, nhiều hơn sổ ở đây. Dữ liệu ở đây là bản cũ: dừng nút rồi chạy \"node relearn\"."),
                format!("a peer has a head of {size} leaves that this node signed: the data here is an old copy; stop the node and run \"node relearn\""),
            )),
        }
    }

    /// Moves the log up to a head, as far as its leaves have come, and cosigns it.
    fn advance_to(&mut self, head: Head, now: Now) -> Result<Option<String>, LedgerError> {
        if head.size() > self.incoming.size(&self.replica) || head.size() < self.replica.size() {
            // Its leaves are still to come, or it is older than what we have.
            return self.cosign_if_due(now);
        }
        // 1. The root, before anything else is looked at: are these the leaves that the log signed?
        if self.incoming.root_at(&self.replica, head.size()) != Some(head.checkpoint.root()) {
            return Err(LedgerError::Malformed(
                "the entries do not lead to the root that the log signed".into(),
            ));
        }
        // 2. and 3. The door, and the disk. Dying in between, or before step 4 is done: the next start cuts what
        //    no durable head covers, and fetches it again.
        self.take_leaves(&head)?;
        // 4. The head. Also when the leaves are here already, from a call that failed at this step.
        if head.size() > self.published() {
            let note = self.verified_lines(&head.note)?;
            let text = note.to_text();
            atomic_replace(
                &self.store.folder.checkpoint(),
                text.as_bytes(),
                Step::Checkpoint,
                &self.store.faults,
            )?;
            self.head = Some(Head {
                note,
                checkpoint: head.checkpoint,
            });
            self.hear_anew();
            self.announce();
        }
        self.caught_up = true;
        // 5. Our word for it. Dying here: it is given after the next start.
        let cosignature = self.cosign_if_due(now)?;
        // 6. Housekeeping. Dying here: done again at the next start.
        self.prune_taken()?;
        Ok(cosignature)
    }

    /// The leaves up to a head whose root is right, slice by slice, so that a first copy of a long log needs no
    /// more memory than the log itself.
    fn take_leaves(&mut self, head: &Head) -> Result<(), LedgerError> {
        let count = (head.size().0 - self.replica.size().0) as usize;
        let leaves = self.incoming.split_off_front(count);
        for (n, slice) in leaves.chunks(SLICE_LEAVES).enumerate() {
            let batch = self.admit_leaves(slice, &leaves[n * SLICE_LEAVES..], head)?;
            if let Err(e) = self.write_leaves(&batch) {
                self.reload()?;
                return Err(e.into());
            }
            self.notice(batch)?;
        }
        if count > 0 {
            self.settle();
        }
        Ok(())
    }

    /// In memory: was the log allowed to say this? `rest` are all leaves that are not stored yet, these first.
    fn admit_leaves(
        &mut self,
        leaves: &[Vec<u8>],
        rest: &[Vec<u8>],
        head: &Head,
    ) -> Result<Vec<LoggedEvent>, LedgerError> {
        let mut batch: Vec<LoggedEvent> = Vec::with_capacity(leaves.len());
        for bytes in leaves {
            match replay::take(&mut self.replica, bytes) {
                Ok(logged) => batch.push(logged),
                Err(TakeError::Leaf(fault)) => {
                    return Err(self.refuse_log(&fault.to_string(), fault.index(), rest, head));
                }
                // Not the log's fault: our replica took in half of it, and it is read anew.
                Err(TakeError::Store(failed)) => {
                    self.reload()?;
                    return Err(failed.into());
                }
            }
        }
        match batch.last() {
            Some(last) if last.index.0 + 1 == head.size().0 && !is_map_head(last) => {
                let why = "the head does not end with a map head";
                Err(self.refuse_log(why, last.index, rest, head))
            }
            _ => Ok(batch),
        }
    }

    /// The log signed what it was not allowed to log. Our replica has taken in part of it: it is read anew.
    fn refuse_log(
        &mut self,
        why: &str,
        index: LeafIndex,
        rest: &[Vec<u8>],
        head: &Head,
    ) -> LedgerError {
        let kept = self.keep_false_ledger(head, index, rest);
        let reloaded = kept.and_then(|()| self.cut_to_head());
        let halted = self.halt(
            format!("Sổ chung đã ghi mục {index} trái quy tắc. Nút này không nhận tiếp; bằng chứng nằm trong thư mục evidence, báo quản trị."),
            format!("the log signed a head over a leaf that may not stand there: {why}"),
        );
        reloaded.err().unwrap_or(halted)
    }

    /// Back to what the newest durable head covers; the index is made anew at the next start.
    fn cut_to_head(&mut self) -> Result<(), LedgerError> {
        self.store.log.truncate(self.published().0.max(1))?;
        self.index = None;
        self.reload()
    }

    /// From here on nothing new is taken; what is here is still served.
    pub(super) fn halt(&mut self, message_vi: String, message_en: String) -> LedgerError {
        tracing::error!("{message_vi} ({message_en})");
        let trouble = Trouble {
            code: "SO_CAI_MAU_THUAN",
            message_vi,
            message_en,
        };
        self.health.send_replace(Health::Halted(trouble.clone()));
        LedgerError::LogAtFault(trouble.message_en)
    }

    /// How far this follower has come, pieces that wait for their head included.
    pub fn followed(&self) -> TreeSize {
        self.incoming.size(&self.replica)
    }
}
