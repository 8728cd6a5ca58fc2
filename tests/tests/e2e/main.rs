//! All parts against each other: real nodes, real libp2p, real HTTP, a real browser.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod crash;
mod harness;
mod journey;
mod pages;
mod twin;

use harness::cluster::Cluster;

/// One ledger lives through everything, as a real one would, and fsck distrusts it at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_province_from_the_first_start_to_the_last_check() {
    let mut cluster = Cluster::start().await;
    pages::agree_with_expectations(&cluster).await;
    pages::refuse_what_is_no_code(&cluster).await;
    pages::say_what_they_must(&cluster).await;
    pages::are_honest_about_what_they_could_not_check(&cluster).await;
    journey::from_form_to_phone(&cluster).await;
    crash::nothing_acknowledged_is_lost(&mut cluster).await;
    let cluster = crash::a_second_start_goes_on(cluster).await;
    pages::agree_with_expectations(&cluster).await;
    cluster.stop_and_check().await;
}

/// The page's own modules run the vectors in Chromium.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_agrees_with_rust_on_every_vector() {
    twin::run_the_vectors().await;
}
