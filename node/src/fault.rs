//! A disk that dies on command: the one substitute that the crash tests use for something real.
//!
//! Every step after which something is durable asks [`Faults`] what becomes of it. In production the answer is
//! always [`Fate::Done`] and costs one branch.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A step of the commit order, after which something is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Own events, before the clerk sees a receipt.
    Writer,
    /// Events taken from others, before they are answered.
    Pending,
    /// The file of taken events without those that are logged.
    PendingRewrite,
    /// Leaves of the log.
    Log,
    /// Records of the map, which can be made anew.
    Records,
    /// The newest head signed by the log.
    Checkpoint,
    /// What this validator is about to cosign.
    CosignedState,
    /// What this node is about to cosign as a plain witness.
    WitnessState,
    /// Which keys of a restored folder are silent.
    Restored,
    /// A file of a backup, or of a folder that is restored from one.
    Backup,
    /// The newest head with the quorum.
    Cosigned,
    /// The last cosigned head of a day that is over.
    DayHead,
    /// A picture, an opening or a tombstone.
    Blob,
    /// Genesis, anchor, configuration and keys when a folder is set up.
    Setup,
}

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It succeeds.
    Done,
    /// Nothing reaches the disk, and an error is reported.
    Lost,
    /// Half of the bytes reach the disk, then there is no room.
    Full,
    /// Half of the bytes reach the disk, then the machine is dead: nothing is tidied up.
    Torn,
    /// Everything reaches the disk, and an error is reported all the same.
    Unanswered,
}

/// Decides the fate of each step.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Plan>>);

/// What [`Faults::new`] takes.
type Plan = dyn Fn(Step) -> Fate + Send + Sync;

impl Faults {
    /// A real disk.
    pub fn none() -> Faults {
        Faults::default()
    }

    /// A disk that follows a plan.
    pub fn new(plan: impl Fn(Step) -> Fate + Send + Sync + 'static) -> Faults {
        Faults(Some(Arc::new(plan)))
    }

    /// What becomes of this step.
    pub fn fate(&self, step: Step) -> Fate {
        self.0.as_ref().map_or(Fate::Done, |plan| plan(step))
    }
}

impl Fate {
    /// The error that the disk reports, if it does.
    pub fn error(self) -> Option<io::Error> {
        match self {
            Fate::Done => None,
            Fate::Full => Some(io::ErrorKind::StorageFull.into()),
            Fate::Lost | Fate::Torn | Fate::Unanswered => {
                Some(io::Error::other("the disk died on command"))
            }
        }
    }

    /// How many of so many bytes reach the disk.
    pub fn reaches(self, len: usize) -> usize {
        match self {
            Fate::Done | Fate::Unanswered => len,
            Fate::Lost => 0,
            Fate::Full | Fate::Torn => len / 2,
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faults(planned)"
        } else {
            "Faults(none)"
        })
    }
}
