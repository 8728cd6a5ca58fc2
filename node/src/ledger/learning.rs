//! A restored node learns what its keys have signed last, and is silent until it has.
//!
//! Each key asks whoever would notice if it contradicted itself:
//! - a *device* follows the log, then opens a new epoch behind what the log has of it (`record.rs`);
//! - a *validator* follows until a quorum has cosigned a head after the restoring: those who kept their memory vouch
//!   for the path on which it goes on;
//! - the *log* follows its own log from the members until so many validators have cosigned its newest head, after the
//!   restoring, that no quorum is left for a larger one.

use std::collections::BTreeSet;
use std::time::Duration;

use ledger_core::ids::{OrgId, TreeSize};
use ledger_core::note::{Note, SignatureLine};
use ledger_core::policy::{Policy, Quorum, Rule};
use ledger_core::vkey::Verifier;

use super::writer::Writer;
use super::{Health, LedgerError, Trouble};
use crate::keys::{KeyRole, device_key};
use crate::restored::Restored;

/// How much later than the restoring a cosignature must be, in seconds: the clocks of two villages differ.
const CLOCKS_DIFFER: u64 = 60;

/// What is still to be learnt.
#[derive(Debug)]
pub(super) struct Learning {
    pub restored: Restored,
    /// The validators that have cosigned the newest head here since the restoring, by name.
    heard: BTreeSet<String>,
    /// Whether any peer has said how much of the log it has, and none said more than is here.
    asked: bool,
}

impl Learning {
    pub fn new(restored: Restored) -> Learning {
        Learning {
            restored,
            heard: BTreeSet::new(),
            asked: false,
        }
    }

    fn is_after(&self, seconds: u64) -> bool {
        seconds > self.restored.since + CLOCKS_DIFFER
    }
}

/// Whether a quorum could meet without any of these.
fn could_meet_without(policy: &Policy, heard: &BTreeSet<String>) -> bool {
    let Quorum::Of(quorum) = policy.quorum() else {
        return true;
    };
    let mut could: Vec<bool> = Vec::new();
    for definition in policy.definitions() {
        could.push(match definition.rule() {
            Rule::Witness { verifier, .. } => !heard.contains(verifier.name().as_str()),
            // Never counted, so no quorum meets with it.
            Rule::Foreign { .. } => false,
            Rule::Group { threshold, members } => {
                let could = members
                    .iter()
                    .filter(|member| could.get(**member) == Some(&true));
                could.count() >= *threshold
            }
        });
    }
    could.get(quorum) != Some(&false)
}

impl Writer {
    /// Whether a key of this node must be silent for now.
    pub(super) fn is_silent(&self, role: &KeyRole) -> bool {
        let learning = self.learning.as_ref();
        learning.is_some_and(|learning| learning.restored.silences(role))
    }

    /// The keys that are restored are silent from the start.
    pub(super) fn begin_learning(&mut self, restored: Option<Restored>) {
        self.learning = restored.map(Learning::new);
        let silent = |org: &&OrgId| self.is_silent(&KeyRole::Device((*org).clone()));
        let devices: Vec<_> = self
            .keys
            .organisations()
            .filter(silent)
            .filter_map(|org| self.keys.device(org).map(device_key))
            .collect();
        self.tails.lost.extend(devices);
        self.tell_learning();
    }

    /// A restored log learns from a validator's line for its newest head.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(super) fn hear_line(&mut self, line: &SignatureLine) -> Result<(), LedgerError> {
        let Some(head) = &self.head else {
            return Err(LedgerError::NotSequencer);
        };
        let is_its = |key: &&Verifier| key.name().as_str() == line.name() && key.id() == line.id();
        let key = self
            .anchor
            .policy()
            .witnesses()
            .map(|(_, key)| key)
            .find(is_its);
        let time = key.and_then(|key| key.verify(head.note.text(), line.signature()).ok()?);
        let Some(time) = time else {
            return Err(LedgerError::Malformed(
                "not a validator's line for this head".into(),
            ));
        };
        if let Some(learning) = &mut self.learning
            && learning.is_after(time.seconds())
        {
            learning.heard.insert(line.name().to_owned());
        }
        self.finish_learning()
    }

    /// The newest head here is another: who cosigned the last one has not spoken about this one.
    pub(super) fn hear_anew(&mut self) {
        if let Some(learning) = &mut self.learning {
            learning.heard.clear();
        }
    }

    /// A peer has said how much of the log it has; what it says more than is here is fetched before this is asked.
    pub(super) fn learn_from_peer(&mut self, size: TreeSize) -> Result<(), LedgerError> {
        let ours = self.published();
        if let Some(learning) = &mut self.learning {
            learning.asked = size <= ours;
        }
        self.finish_learning()
    }

    /// A head with its quorum has come: does it let this validator speak again?
    pub(super) fn hear_quorum(&mut self, note: &Note) -> Result<(), LedgerError> {
        let renewed = self.anchor.policy().evaluate(note).ok();
        let renewed = renewed.and_then(|evaluation| evaluation.quorum().times());
        let vouched = self.learning.as_ref().is_some_and(|learning| {
            renewed.is_some_and(|times| learning.is_after(times.renewed.seconds()))
        });
        if vouched && self.is_silent(&KeyRole::Validator) {
            self.learnt(&KeyRole::Validator)?;
        }
        Ok(())
    }

    /// Whether the restored log may sign again; then this node sequences from here on.
    fn finish_learning(&mut self) -> Result<(), LedgerError> {
        let Some(learning) = self
            .learning
            .as_ref()
            .filter(|_| self.is_silent(&KeyRole::Log))
        else {
            return Ok(());
        };
        let policy = self.anchor.policy();
        let done = match policy.quorum() {
            // Nobody cosigns this ledger: who has most of it is all that can be asked.
            Quorum::None => learning.asked,
            Quorum::Of(_) => !could_meet_without(policy, &learning.heard),
        };
        if !done {
            return Ok(());
        }
        for role in [KeyRole::Sequencer, KeyRole::Log] {
            self.learnt(&role)?;
        }
        tracing::warn!(size = %self.published(), "đã lấy lại đủ sổ, nút sắp thứ tự ghi tiếp (the whole log is here again; sequencing goes on)");
        self.options.sequencer = true;
        self.caught_up = true;
        self.incoming.clear();
        let with_lines = self
            .cosigned
            .as_ref()
            .filter(|head| head.size() == self.published());
        self.assembling = with_lines
            .or(self.head.as_ref())
            .map(|head| head.note.clone());
        self.waiting_since = (self.pending.len() > 0).then_some(Duration::ZERO);
        Ok(())
    }

    /// One key knows its tail: durable before it signs.
    pub(super) fn learnt(&mut self, role: &KeyRole) -> Result<(), LedgerError> {
        let Some(learning) = &mut self.learning else {
            return Ok(());
        };
        learning
            .restored
            .learnt(&self.store.folder, role, &self.store.faults)?;
        if learning.restored.silent.is_empty() {
            self.learning = None;
        }
        self.tell_learning();
        Ok(())
    }

    fn tell_learning(&self) {
        let said = self.learning.as_ref().map(|learning| {
            let silent: Vec<String> = learning
                .restored
                .silent
                .iter()
                .map(KeyRole::to_string)
                .collect();
            Trouble::learning(&silent.join(", "))
        });
        self.health.send_if_modified(|health| {
            let next = match (&health, said) {
                (Health::Serving | Health::Learning(_), None) => Health::Serving,
                (Health::Serving | Health::Learning(_), Some(trouble)) => Health::Learning(trouble),
                _ => return false,
            };
            let changed = *health != next;
            *health = next;
            changed
        });
    }
}

impl Trouble {
    fn learning(silent: &str) -> Trouble {
        Trouble {
            code: "DANG_HOC_LAI",
            message_vi: format!(
                "Nút vừa được khôi phục nên đang hỏi các nút khác xem khóa của mình đã ký tới đâu; chưa ký bằng: {silent}. Cứ để nút chạy và nối mạng."
            ),
            message_en: format!(
                "restored: learning from other nodes what its keys have signed; silent for now: {silent}"
            ),
        }
    }
}
