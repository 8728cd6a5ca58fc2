//! The thread that owns the writer: takes messages one by one, and wakes when something is due.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::record::{Checked, Group, Staged};
use super::writer::{Now, Options, Writer};
use super::{
    Command, LedgerError, LedgerHandle, OpenError, Opening, QUEUE_MAX, Receipt, Reply, Submitted,
};
use crate::counters::Counters;
use crate::folder::Folder;

/// Most messages served in a row, and so most events that become durable with one `fdatasync`: 40 ms of work.
const GROUP_MAX: usize = QUEUE_MAX;
/// How long the thread sleeps when nothing is due.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// A ledger whose writer runs.
pub struct Ledger {
    handle: LedgerHandle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Opens a folder and starts its writer. Opening takes as long as replaying the log: 50 µs a leaf.
///
/// # Errors
/// [`OpenError`].
pub async fn spawn(folder: Folder, options: Options) -> Result<(Ledger, Opening), OpenError> {
    let start = Instant::now();
    let opened =
        tokio::task::spawn_blocking(move || Writer::open(&folder, options, Now::read(start))).await;
    let (writer, opening) = match opened {
        Ok(opened) => opened?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let (commands, queue) = mpsc::channel(QUEUE_MAX);
    let (stop, stopped) = oneshot::channel();
    let counters = Arc::new(Counters::default());
    let handle = LedgerHandle {
        commands,
        heads: writer.heads(),
        health: writer.health(),
        counters: counters.clone(),
    };
    let runtime = Handle::current();
    let thread = std::thread::Builder::new()
        .name("ledger-writer".into())
        .spawn(move || {
            Task {
                writer,
                queue,
                start,
                runtime,
                counters,
            }
            .run(stopped)
        })
        .map_err(|e| {
            crate::files::FileError::io("start the writer of", std::path::Path::new("ledger"), e)
        })?;
    Ok((
        Ledger {
            handle,
            stop,
            thread,
        },
        opening,
    ))
}

impl Ledger {
    /// The way to the writer.
    pub fn handle(&self) -> LedgerHandle {
        self.handle.clone()
    }

    /// Ends the writer after the message it is at; the folder is free when this returns.
    pub async fn stop(self) {
        // The thread may have ended by itself.
        let _ = self.stop.send(());
        drop(self.handle);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("luồng ghi sổ dừng bất thường (the writer's thread panicked)");
        }
    }
}

struct Task {
    writer: Writer,
    queue: mpsc::Receiver<Command>,
    start: Instant,
    runtime: Handle,
    counters: Arc<Counters>,
}

/// What waits for a group to become durable.
enum Waiter {
    Submit(Reply<Submitted>),
    Record(Receipt, Reply<Receipt>),
}

impl Task {
    fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            let now = Now::read(self.start);
            self.tick(now);
            let sleep = self.writer.next_wake().map_or(SLEEP_MAX, |due| {
                due.saturating_sub(now.steady).min(SLEEP_MAX)
            });
            let next = self.runtime.clone().block_on(async {
                tokio::select! {
                    biased;
                    _ = &mut stopped => None,
                    command = self.queue.recv() => command.map(Some),
                    () = tokio::time::sleep(sleep) => Some(None),
                }
            });
            match next {
                Some(Some(command)) => self.serve(command),
                Some(None) => {}
                None => break,
            }
        }
        self.writer.close();
    }

    fn tick(&mut self, now: Now) {
        if let Err(error) = self.writer.tick(now) {
            tracing::error!(%error, "{}", error.message_vi());
        }
    }

    /// Serves a message and those behind it. The events among them share one `fdatasync`; whoever asked anything
    /// else did not wait for their answers, and is answered afterwards.
    fn serve(&mut self, first: Command) {
        let mut commands = vec![first];
        // Not for ever: what is due must have its turn, too.
        while commands.len() < GROUP_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            commands.push(next);
        }
        let envelopes: Vec<&[u8]> = commands.iter().filter_map(envelope).collect();
        let mut checked = self.writer.check_signatures(&envelopes).into_iter();
        let (group, mut waiters, mut others) = (self.writer.begin(), Vec::new(), Vec::new());
        for command in commands {
            let checked = envelope(&command).and_then(|_| checked.next().flatten());
            others.extend(self.stage(command, checked, &group, &mut waiters));
        }
        self.commit(group, waiters);
        for other in others {
            self.answer(other);
        }
    }

    /// Stages an event; gives any other message back.
    fn stage(
        &mut self,
        command: Command,
        checked: Checked,
        group: &Group,
        waiters: &mut Vec<Waiter>,
    ) -> Option<Command> {
        match command {
            Command::Submit(bytes, reply) => match self.writer.stage(group, &bytes, checked) {
                Ok(Staged::Taken) => waiters.push(Waiter::Submit(reply)),
                Ok(Staged::Answer(answer)) => {
                    if let Submitted::Refused { code, .. } = &answer {
                        self.counters.refused(code);
                    }
                    send(reply, Ok(answer));
                }
                Err(e) => send(reply, Err(e)),
            },
            Command::Record(org, draft, reply) => {
                match self
                    .writer
                    .stage_record(&org, *draft, Now::read(self.start))
                {
                    Ok(receipt) => waiters.push(Waiter::Record(receipt, reply)),
                    Err(e) => send(reply, Err(e)),
                }
            }
            other => return Some(other),
        }
        None
    }

    fn commit(&mut self, group: Group, waiters: Vec<Waiter>) {
        if waiters.is_empty() {
            return;
        }
        let failed = self.writer.commit(group, Now::read(self.start)).err();
        for waiter in waiters {
            match (waiter, &failed) {
                (Waiter::Submit(reply), None) => {
                    self.counters.taken.add();
                    send(reply, Ok(Submitted::Pending));
                }
                (Waiter::Submit(reply), Some(failed)) => send(reply, Err(failed.error.clone())),
                (Waiter::Record(_, reply), Some(failed)) if !failed.own_is_durable => {
                    send(reply, Err(failed.error.clone()));
                }
                (Waiter::Record(receipt, reply), _) => {
                    self.counters.signed.add();
                    send(reply, Ok(receipt));
                }
            }
        }
    }

    fn answer(&mut self, command: Command) {
        let now = Now::read(self.start);
        let writer = &mut self.writer;
        match command {
            Command::Entries(from, max_bytes, reply) => {
                send(reply, writer.entries(from, max_bytes))
            }
            Command::Events(places, reply) => send(reply, writer.events(&places)),
            Command::Extend(piece, reply) => send(reply, writer.extend(piece, now)),
            Command::AddCosignature(size, line, reply) => {
                let added = writer.add_cosignature(size, &line);
                if added.is_ok() {
                    self.counters.cosignatures.add();
                }
                send(reply, added);
            }
            Command::PeerSays(peer, size, reply) => {
                send(reply, writer.peer_says(&peer.to_string(), size, now));
            }
            Command::WitnessIsAhead(name, size, reply) => {
                send(reply, writer.witness_is_ahead(&name, size));
            }
            Command::WitnessContradicts(name, size, reply) => {
                send(reply, writer.witness_contradicts(&name, size));
            }
            Command::Pending(reply) => send(reply, Ok(writer.pending())),
            Command::PendingLen(reply) => send(reply, Ok(writer.pending_len())),
            Command::Status(id, reply) => send(reply, Ok(writer.status(&id))),
            Command::Read(read) => read(writer.replica()),
            Command::PutBlob {
                bytes,
                opening,
                only_if_named,
                reply,
            } => {
                send(reply, writer.put_blob(bytes, opening, only_if_named));
            }
            Command::GetBlob(hash, reply) => send(reply, writer.blob(&hash)),
            Command::EraseBlob(hash, reply) => send(reply, writer.erase_blob(&hash)),
            Command::GiveBlob(hash, asker, reply) => {
                send(reply, writer.blob_for(&hash, asker.as_ref()));
            }
            Command::MissingBlobs(max, reply) => send(reply, writer.missing_blobs(max)),
            // Staged before they come here.
            Command::Submit(..) | Command::Record(..) => {}
        }
    }
}

fn envelope(command: &Command) -> Option<&[u8]> {
    match command {
        Command::Submit(bytes, _) => Some(bytes),
        _ => None,
    }
}

/// Whoever asked may have gone away: the work is done all the same.
fn send<T>(reply: Reply<T>, answer: Result<T, LedgerError>) {
    let _ = reply.send(answer);
}

impl Writer {
    /// When something is due next, on the steady clock.
    pub fn next_wake(&self) -> Option<Duration> {
        [self.next_batch(), self.next_cosigning()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due.
    ///
    /// # Errors
    /// [`LedgerError`]; it is tried again after a pause.
    pub fn tick(&mut self, now: Now) -> Result<(), LedgerError> {
        let sequenced = match self.next_batch() {
            Some(due) if due <= now.steady => self.sequence(now),
            _ => Ok(()),
        };
        let ticked = sequenced.and_then(|()| self.cosign_if_due(now).map(|_| ()));
        self.disk_failed_at = if ticked.is_err() {
            Some(now.steady)
        } else {
            self.disk_failed_at
        };
        self.flush_index(now.steady, false);
        ticked
    }
}
