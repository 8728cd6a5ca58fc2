//! The running writer, asked by many at once.

use std::time::Duration;

use super::super::{EventStatus, LedgerError, Options, Submitted, Timing, spawn};
use crate::fixture::*;

/// Waits for news until a condition holds; a minute is for ever.
async fn until<T: Clone>(
    receiver: &mut tokio::sync::watch::Receiver<T>,
    is_so: impl FnMut(&T) -> bool,
) -> T {
    let found = tokio::time::timeout(Duration::from_secs(60), receiver.wait_for(is_so)).await;
    found.expect("in time").unwrap().clone()
}

fn fast(province: &Province, who: &str) -> Options {
    let timing = Timing {
        batch: Duration::from_millis(5),
        ..Timing::default()
    };
    Options {
        timing,
        ..province.options(&org(who), Default::default())
    }
}

#[tokio::test]
async fn many_ask_at_once_and_everything_answered_is_logged_and_kept() {
    let province = Province::new(1, None);
    drop(province.sequencer());
    let (ledger, _) = spawn(province.folder(&org(SO)), fast(&province, SO))
        .await
        .unwrap();
    let handle = ledger.handle();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.record(org(SO), hold("HTX-1", n)).await.unwrap() })
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.unwrap());
    }
    let mut seqs: Vec<u64> = receipts.iter().map(|receipt| receipt.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (seqs[0]..seqs[0] + 200).collect::<Vec<_>>());
    let mut heads = handle.heads();
    for receipt in &receipts {
        loop {
            let seen = heads.borrow_and_update().cosigned_size;
            if matches!(
                handle.status(receipt.event_id).await,
                EventStatus::Cosigned(_)
            ) {
                break;
            }
            until(&mut heads, |heads| heads.cosigned_size > seen).await;
        }
    }
    let root = handle.read(|replica| replica.root()).await;
    ledger.stop().await;
    assert!(matches!(handle.pending().await, Err(LedgerError::Closed)));
    assert!(matches!(
        handle.record(org(SO), hold("HTX-1", 1)).await,
        Err(LedgerError::Closed)
    ));
    assert_eq!(province.open(SO).replica().root(), root);
}

#[tokio::test]
async fn two_running_nodes_replicate_through_their_handles() {
    let province = Province::new(1, Some(1));
    drop(province.sequencer());
    let (so, _) = spawn(province.folder(&org(SO)), fast(&province, SO))
        .await
        .unwrap();
    let (htx, _) = spawn(province.folder(&org("HTX-1")), fast(&province, "HTX-1"))
        .await
        .unwrap();
    let (so_handle, htx_handle) = (so.handle(), htx.handle());
    let mut receipt = None;
    let mut size = 1;
    for _ in 0..50 {
        let heads = so_handle.heads().borrow().clone();
        let entries = so_handle
            .entries(ledger_core::ids::LeafIndex(size), 1_000)
            .await
            .unwrap();
        let extended = htx_handle
            .extend(entries, heads.checkpoint.clone(), heads.cosigned.clone())
            .await
            .unwrap();
        size = extended.size.0;
        if let Some(line) = extended.cosignature {
            match so_handle.add_cosignature(size, line).await {
                Ok(()) | Err(LedgerError::OtherHead(_)) => {}
                Err(e) => panic!("{e}"),
            }
        }
        let enrolled = size == heads.size.0 && size > 2;
        if enrolled && receipt.is_none() {
            receipt = Some(
                htx_handle
                    .record(org("HTX-1"), harvest("HTX-1", 1))
                    .await
                    .unwrap(),
            );
        }
        for envelope in htx_handle.pending().await.unwrap() {
            assert!(matches!(
                so_handle.submit(envelope).await.unwrap(),
                Submitted::Pending | Submitted::Logged(_)
            ));
        }
        if let Some(receipt) = &receipt
            && matches!(
                htx_handle.status(receipt.event_id).await,
                EventStatus::Cosigned(_)
            )
        {
            so.stop().await;
            htx.stop().await;
            return;
        }
        // Nothing to do before the sequencer has news; a condition with a deadline, not a pause.
        let mut heads_now = so_handle.heads();
        let old = heads.clone();
        let _ = tokio::time::timeout(
            Duration::from_secs(5),
            heads_now.wait_for(|now| *now != old),
        )
        .await;
    }
    panic!("the event was never cosigned");
}

#[tokio::test]
async fn blobs_are_kept_offered_and_erased() {
    let province = Province::new(1, None);
    drop(province.sequencer());
    let (so, _) = spawn(province.folder(&org(SO)), fast(&province, SO))
        .await
        .unwrap();
    let handle = so.handle();
    let png = |n: u8| [b"\x89PNG\r\n\x1a\n".as_slice(), &[n]].concat();
    let picture = handle.put_blob(png(1), false).await.unwrap();
    assert_eq!(
        handle.get_blob(picture).await.unwrap().unwrap().bytes(),
        png(1)
    );
    // A stranger's picture is kept only when an event names it.
    assert_eq!(handle.offer_blob(png(2), false).await.unwrap(), None);
    let named = ledger_core::ids::Hash(
        sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            png(2),
        ))
        .into(),
    );
    let body = ledger_core::body::Body {
        id: Some(ledger_core::body::Number("P1".into())),
        name: Some(ledger_core::body::Sealable::Text("Xoài".into())),
        unit: Some(ledger_core::body::Text("kg".into())),
        picture: Some(named),
        ..ledger_core::body::Body::new(ledger_core::kind::Kind::Product)
    };
    handle.record(org(SO), draft(body)).await.unwrap();
    assert_eq!(handle.missing_blobs(9).await.unwrap(), [named]);
    assert_eq!(handle.offer_blob(png(2), false).await.unwrap(), Some(named));
    assert!(handle.missing_blobs(9).await.unwrap().is_empty());
    handle.erase_blob(named).await.unwrap();
    assert_eq!(
        handle.lookup_blob(named).await.unwrap(),
        crate::blobs::Lookup::Erased
    );
    assert!(handle.missing_blobs(9).await.unwrap().is_empty());
    assert!(
        handle
            .put_blob(b"text".to_vec(), false)
            .await
            .unwrap_err()
            .is_senders_fault()
    );
    so.stop().await;
}
