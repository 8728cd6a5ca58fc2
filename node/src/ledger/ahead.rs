//! Signatures checked ahead of the fold, on all cores: nine tenths of replaying a log is checking its signatures, and
//! unlike the fold they do not depend on each other.
//!
//! In scope: which thread checks what, and that results come back in order. Out of scope: what they mean ([`super::replay`]).

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use ledger_core::ids::LedgerId;
use ledger_core::sign::{Checker, EnvelopeError, SignedEvent};

/// Leaves that one thread checks in a row: a millisecond's work, whose results stay in the core's cache.
const CHUNK_LEAVES: usize = 32;
/// Chunks that wait for the fold: with all leaves as long as they may be 64 MiB, usually one.
const CHUNKS_AHEAD_MAX: usize = 64;

/// An event whose signature holds for the ledger, or what is wrong with the bytes.
pub type Checked = Result<SignedEvent, EnvelopeError>;

/// How many threads are worth having here.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Where leaves are put in and folded. `fold` answers whether to go on.
pub struct Ahead<'a> {
    fold: &'a mut dyn FnMut(Checked) -> bool,
    chunk: Leaves,
    waiting: VecDeque<Receiver<Vec<Checked>>>,
    check: Check,
    goes_on: bool,
}

/// Who checks.
enum Check {
    Here(Checker),
    Elsewhere(Sender<Job>),
}

/// Leaves one behind the other.
#[derive(Default)]
struct Leaves {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Leaves {
    fn push(&mut self, leaf: &[u8]) {
        self.bytes.extend_from_slice(leaf);
        self.ends.push(self.bytes.len());
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[*start..*end])
    }
}

struct Job {
    leaves: Leaves,
    reply: SyncSender<Vec<Checked>>,
}

/// Lets `read` put leaves in, which `fold` gets back in the same order, their signatures checked by so many threads.
/// Everything is folded, or `fold` said to stop, when this returns.
pub fn check_ahead<R>(
    ledger: LedgerId,
    threads: usize,
    fold: &mut dyn FnMut(Checked) -> bool,
    read: impl FnOnce(&mut Ahead<'_>) -> R,
) -> R {
    if threads < 2 {
        return Ahead::new(fold, Check::Here(Checker::new(ledger))).run(read);
    }
    let (jobs, queue) = channel();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| serve(Checker::new(ledger), &queue));
        }
        // The threads end when the jobs' sender is dropped with it, panic or not.
        Ahead::new(fold, Check::Elsewhere(jobs)).run(read)
    })
}

impl<'a> Ahead<'a> {
    fn new(fold: &'a mut dyn FnMut(Checked) -> bool, check: Check) -> Ahead<'a> {
        Ahead {
            fold,
            chunk: Leaves::default(),
            waiting: VecDeque::new(),
            check,
            goes_on: true,
        }
    }

    fn run<R>(mut self, read: impl FnOnce(&mut Self) -> R) -> R {
        let answer = read(&mut self);
        self.dispatch();
        while let Some(oldest) = self.waiting.pop_front() {
            self.fold_all(oldest.recv().unwrap_or_default());
        }
        answer
    }

    /// Puts the next leaf in; whether more are wanted.
    pub fn push(&mut self, leaf: &[u8]) -> bool {
        self.chunk.push(leaf);
        if self.chunk.ends.len() == CHUNK_LEAVES {
            self.dispatch();
        }
        if self.waiting.len() > CHUNKS_AHEAD_MAX
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.fold_all(oldest.recv().unwrap_or_default());
        }
        self.goes_on
    }

    fn dispatch(&mut self) {
        let leaves = std::mem::take(&mut self.chunk);
        match &mut self.check {
            Check::Here(checker) => {
                let checked = check_all(checker, &leaves);
                self.fold_all(checked);
            }
            Check::Elsewhere(jobs) => {
                let (reply, answer) = sync_channel(1);
                // The threads live as long as this; a panic in one is passed on by the scope.
                let _ = jobs.send(Job { leaves, reply });
                self.waiting.push_back(answer);
            }
        }
    }

    fn fold_all(&mut self, chunk: Vec<Checked>) {
        for checked in chunk {
            self.goes_on = self.goes_on && (self.fold)(checked);
        }
    }
}

/// One thread's work.
fn serve(mut checker: Checker, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { leaves, reply }) = next else {
            return;
        };
        // Nobody waits any more when the fold has stopped.
        let _ = reply.send(check_all(&mut checker, &leaves));
    }
}

fn check_all(checker: &mut Checker, leaves: &Leaves) -> Vec<Checked> {
    leaves.iter().map(|leaf| checker.check(leaf)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use ed25519_dalek::SigningKey;
    use ledger_core::body::Body;
    use ledger_core::chain::Link;
    use ledger_core::ids::{Hash, OrgId, PlaceId};
    use ledger_core::kind::Kind;
    use ledger_core::sign::Draft;
    use ledger_core::time::Timestamp;

    use super::*;

    const LEDGER: LedgerId = LedgerId(Hash([7; 32]));

    fn leaves(count: usize) -> Vec<Vec<u8>> {
        let (key, org) = (SigningKey::from_bytes(&[1; 32]), OrgId::new("SO").unwrap());
        let time = Timestamp::vietnam(1_760_000_000);
        let leaf = |seq| {
            let link = Link {
                seq: seq as u64,
                ..Link::first(&LEDGER)
            };
            let body = Body {
                field: Some(PlaceId::new(org.clone(), "P1").unwrap()),
                ..Body::new(Kind::Bag)
            };
            let draft = Draft {
                occurred: time,
                signed: time,
                body,
            };
            draft.sign(&key, &LEDGER, &org, link).bytes().to_vec()
        };
        (0..count).map(leaf).collect()
    }

    fn seqs(leaves: &[Vec<u8>], threads: usize, stop_at: usize) -> Vec<Option<u64>> {
        let mut seen = Vec::new();
        let mut fold = |checked: Checked| {
            seen.push(checked.ok().map(|event| event.link().seq));
            seen.len() < stop_at
        };
        check_ahead(LEDGER, threads, &mut fold, |ahead| {
            leaves.iter().all(|leaf| ahead.push(leaf))
        });
        seen
    }

    #[test]
    fn leaves_come_back_in_order_whoever_checks_them() {
        let mut leaves = leaves(3 * CHUNK_LEAVES + 5);
        for bad in [0, CHUNK_LEAVES - 1, 2 * CHUNK_LEAVES + 1] {
            let last = leaves[bad].len() - 1;
            leaves[bad][last] ^= 1;
        }
        let alone = seqs(&leaves, 1, usize::MAX);
        assert_eq!(alone.len(), leaves.len());
        assert_eq!(alone.iter().filter(|seq| seq.is_none()).count(), 3);
        assert!(
            alone
                .iter()
                .enumerate()
                .all(|(n, seq)| seq.is_none_or(|seq| seq == n as u64))
        );
        for threads in [2, 3, 8] {
            assert_eq!(seqs(&leaves, threads, usize::MAX), alone);
        }
    }

    #[test]
    fn a_fold_that_has_seen_enough_sees_no_more() {
        let leaves = leaves(CHUNK_LEAVES + 5);
        for threads in [1, 2] {
            for stop_at in [1, CHUNK_LEAVES, CHUNK_LEAVES + 1] {
                assert_eq!(seqs(&leaves, threads, stop_at).len(), stop_at);
            }
        }
    }

    #[test]
    fn nothing_put_in_is_nothing_to_fold() {
        assert_eq!(seqs(&[], 2, usize::MAX), []);
    }
}
