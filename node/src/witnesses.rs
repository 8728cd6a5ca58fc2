//! Asking plain C2SP witnesses elsewhere to cosign this log, as the node that signs its heads.
//!
//! Scope: one conversation with one witness over HTTP (C2SP tlog-witness, `add-checkpoint`): after each head and from
//! time to time for the same one. Out of scope: checking the lines that come back, and publishing them
//! (`ledger/cosign.rs`).
//!
//! What a witness knows better than we do stops this log: a head above ours, or one that ours does not continue,
//! means that this data is an old copy or another history.

use std::time::Duration;

use ledger_core::add_checkpoint::AddCheckpoint;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::ids::{Hash, TreeSize};
use ledger_core::merkle::consistency_proof;
use ledger_core::note::{MAX_NOTE_BYTES, Note, SignatureLine};
use ledger_core::sync::backoff;
use ledger_core::vkey::Verifier;

use crate::ledger::{LedgerError, LedgerHandle};

/// How long a witness may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// A first request may start from the wrong size; one that does so again is not talking about our log.
const ATTEMPTS: usize = 2;

/// A witness elsewhere.
#[derive(Clone, Debug)]
pub struct RemoteWitness {
    /// What stands before `/add-checkpoint`. Plain `http`: every byte of the answer is signed or harmless.
    pub url: String,
    /// Its key.
    pub key: Verifier,
}

/// Why there is no new line.
#[derive(Debug, thiserror::Error)]
enum NoLine {
    #[error("it does not answer: {0}")]
    Unreachable(String),
    #[error("it answers with status {0}: {1}")]
    Refused(u16, String),
    #[error("what it answers is no cosignature")]
    Malformed,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Asks one witness for each new head until the ledger ends; `again` is how often the same head is cosigned again.
pub async fn collect(ledger: LedgerHandle, witness: RemoteWitness, again: Duration) {
    let client = reqwest::Client::builder().timeout(ANSWER_WAIT).build();
    let Ok(client) = client else { return };
    let mut asking = Asking {
        client,
        ledger: ledger.clone(),
        witness,
        old: TreeSize(0),
    };
    let (mut heads, mut failures) = (ledger.heads(), 0);
    loop {
        let head = heads.borrow_and_update().checkpoint.clone();
        let asked = match head {
            Some(head) => asking.ask(&head).await,
            None => Ok(()),
        };
        let name = asking.witness.key.name().as_str();
        match asked {
            Ok(()) => {
                failures = 0;
                let news = tokio::time::timeout(again, heads.changed());
                if let Ok(Err(_)) = news.await {
                    return;
                }
            }
            Err(NoLine::Ledger(LedgerError::Closed)) => return,
            // A newer head crossed its line: that one is asked about at once.
            Err(NoLine::Ledger(LedgerError::OtherHead(_))) => {}
            Err(error) => {
                failures += 1;
                if u32::is_power_of_two(failures) {
                    tracing::warn!(witness = name, %error, failures, "chưa có xác nhận của nhân chứng ngoài, sẽ hỏi lại (no line from a witness yet)");
                }
                tokio::time::sleep(backoff(failures, u32::MAX)).await;
            }
        }
    }
}

struct Asking {
    client: reqwest::Client,
    ledger: LedgerHandle,
    witness: RemoteWitness,
    /// What the witness cosigned last, as far as we know.
    old: TreeSize,
}

impl Asking {
    async fn ask(&mut self, head: &str) -> Result<(), NoLine> {
        let note = Note::parse(head.as_bytes()).map_err(|_| NoLine::Malformed)?;
        let checkpoint = Checkpoint::of(&note).map_err(|_| NoLine::Malformed)?;
        for _ in 0..ATTEMPTS {
            let (status, body) = self.post(&note, checkpoint.size()).await?;
            match status {
                200 => return self.take_lines(checkpoint.size(), &body).await,
                409 => {
                    let size = body.trim_end().parse().map_err(|_| NoLine::Malformed)?;
                    self.old = TreeSize(size);
                    if self.old > checkpoint.size() {
                        let name = self.witness.key.name().to_string();
                        self.ledger.witness_is_ahead(name, self.old).await?;
                        return Err(NoLine::Refused(status, body));
                    }
                }
                422 => {
                    let name = self.witness.key.name().to_string();
                    self.ledger.witness_contradicts(name, self.old).await?;
                    return Err(NoLine::Refused(status, body));
                }
                _ => return Err(NoLine::Refused(status, body)),
            }
        }
        Err(NoLine::Malformed)
    }

    async fn proof(&self, size: TreeSize) -> Result<Vec<Hash>, NoLine> {
        let old = self.old;
        if old == TreeSize(0) {
            return Ok(Vec::new());
        }
        let proof = self
            .ledger
            .try_read(move |replica| consistency_proof(replica.tree(), old, size).ok())
            .await?;
        proof.ok_or(NoLine::Malformed)
    }

    async fn post(&self, note: &Note, size: TreeSize) -> Result<(u16, String), NoLine> {
        let proof = self.proof(size).await?;
        let request = AddCheckpoint::new(self.old, proof, note.clone());
        let request = request.map_err(|_| NoLine::Malformed)?;
        let failed = |e: reqwest::Error| NoLine::Unreachable(e.without_url().to_string());
        let url = format!("{}/add-checkpoint", self.witness.url.trim_end_matches('/'));
        let sent = self.client.post(url).body(request.to_text()).send().await;
        let mut answer = sent.map_err(failed)?;
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_NOTE_BYTES {
                return Err(NoLine::Malformed);
            }
        }
        let body = String::from_utf8(body).map_err(|_| NoLine::Malformed)?;
        Ok((status, body))
    }

    async fn take_lines(&mut self, size: TreeSize, body: &str) -> Result<(), NoLine> {
        let lines = SignatureLine::parse_all(body).map_err(|_| NoLine::Malformed)?;
        let key = &self.witness.key;
        let is_its =
            |line: &&SignatureLine| line.name() == key.name().as_str() && line.id() == key.id();
        let line = lines.iter().find(is_its).ok_or(NoLine::Malformed)?;
        self.old = size;
        self.ledger.add_cosignature(size.0, line.to_line()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
