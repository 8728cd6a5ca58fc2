//! Answers to what peers ask, from the ledger.
//!
//! Scope: one request in, one answer out, within the limits of the messages. Out of scope: who may ask
//! ([`ledger_core::sync::doorman`]) and the bytes on the line ([`super::wire`]).

use futures::future::join_all;
use ledger_core::ids::{Hash, LeafIndex, OrgId, TreeSize};
use ledger_core::sync::follower::FOLLOW_WAIT;
use ledger_core::sync::message::{
    ENTRIES_MAX, LOG_BYTES_MAX, Log, Refusal, Request, Response, Submitted, is_code,
};
use tokio::time::{Instant, timeout_at};

use crate::blobs::Lookup;
use crate::ledger::{self, Heads, LedgerError, LedgerHandle};

/// Answers anything but a greeting. `asker` is the organisation whose peer asks, if the roster says one.
pub(super) async fn answer(
    ledger: LedgerHandle,
    request: Request,
    asker: Option<OrgId>,
) -> Response {
    let answered = match request {
        // The greeting is answered where the connection is known.
        Request::Hello(_) => Err(Refusal::Unavailable),
        Request::Submit { envelopes } => submit(&ledger, envelopes).await,
        Request::Follow { size, cosigned } => follow(&ledger, size, cosigned).await,
        Request::Cosign { size, line } => cosign(&ledger, size, line).await,
        Request::Blob { hash } => blob(&ledger, hash, asker).await,
    };
    answered.unwrap_or_else(Response::Error)
}

/// All at once, so that they share one write to the disk; they reach the writer in their order, because each
/// is sent at the first poll and the queue is fair.
async fn submit(ledger: &LedgerHandle, envelopes: Vec<Vec<u8>>) -> Result<Response, Refusal> {
    let submissions = envelopes
        .into_iter()
        .map(|envelope| ledger.submit(envelope));
    let submitted = join_all(submissions).await;
    let results = submitted
        .into_iter()
        .map(|result| match result.map_err(unavailable)? {
            ledger::Submitted::Logged(_) => Ok(Submitted::Logged),
            ledger::Submitted::Pending => Ok(Submitted::Pending),
            ledger::Submitted::Refused { code, .. } if is_code(&code) => {
                Ok(Submitted::Refused(code))
            }
            ledger::Submitted::Refused { .. } => Ok(Submitted::Refused("SAI_DANG".to_owned())),
        });
    let results = results.collect::<Result<_, Refusal>>()?;
    Ok(Response::Submitted { results })
}

/// Waits for news, and answers what there is when the wait is over.
async fn follow(
    ledger: &LedgerHandle,
    size: TreeSize,
    cosigned: TreeSize,
) -> Result<Response, Refusal> {
    let mut heads = ledger.heads();
    let has_news = |heads: &Heads| heads.size > size || heads.cosigned_size > cosigned;
    if !has_news(&heads.borrow_and_update()) {
        let wait_over = Instant::now() + FOLLOW_WAIT;
        if let Ok(Err(_)) = timeout_at(wait_over, heads.changed()).await {
            return Err(Refusal::Unavailable);
        }
    }
    // The notes are read before the entries, and entries beyond them are left for the next answer.
    let heads = heads.borrow_and_update().clone();
    let entries = if heads.size > size {
        let from = LeafIndex(size.0);
        let entries = ledger.entries(from, LOG_BYTES_MAX).await;
        limited(entries.map_err(unavailable)?, heads.size.0 - size.0)
    } else {
        Vec::new()
    };
    Ok(Response::Log(Log {
        entries,
        checkpoint: heads.checkpoint,
        cosigned: heads.cosigned,
    }))
}

/// The first entries, within the limits of the message.
fn limited(mut entries: Vec<Vec<u8>>, published: u64) -> Vec<Vec<u8>> {
    let mut bytes = 0;
    let fit = entries.iter().take_while(|entry| {
        bytes += entry.len();
        bytes <= LOG_BYTES_MAX
    });
    let published = usize::try_from(published).unwrap_or(usize::MAX);
    let count = fit.count().min(ENTRIES_MAX).min(published);
    entries.truncate(count);
    entries
}

fn unavailable(error: LedgerError) -> Refusal {
    tracing::warn!(%error, "sổ của nút này không trả lời được cho nút bạn (own ledger could not answer a peer)");
    Refusal::Unavailable
}

/// A line for a head that is no longer the newest is nobody's fault: it crossed the newer one on its way.
async fn cosign(ledger: &LedgerHandle, size: TreeSize, line: String) -> Result<Response, Refusal> {
    match ledger.add_cosignature(size.0, line).await {
        Ok(()) => Ok(Response::Ok),
        Err(LedgerError::OtherHead(_)) => Err(Refusal::NotNewest),
        Err(error @ (LedgerError::Malformed(_) | LedgerError::NotSequencer)) => {
            tracing::warn!(%error, %size, "không nhận chữ ký xác nhận của nút bạn (a peer's cosignature is not taken)");
            Err(Refusal::NotTaken)
        }
        Err(error) => Err(unavailable(error)),
    }
}

/// Pictures, and openings that the asker may have.
async fn blob(
    ledger: &LedgerHandle,
    hash: Hash,
    asker: Option<OrgId>,
) -> Result<Response, Refusal> {
    let bytes = match ledger.give_blob(hash, asker).await.map_err(unavailable)? {
        Lookup::Here(blob) => Some(blob.into_bytes()),
        Lookup::Erased | Lookup::Unknown => None,
    };
    Ok(Response::Blob { bytes })
}
