//! Processes that are killed lose nothing that was acknowledged, and say at the next start what they did.

use ledger_core::ids::OrgId;
use serde_json::{Value, json};

use crate::harness::cluster::{Cluster, eventually};

/// Kills a member's node and the department's in turn while drafts come in; every receipt is later in the log.
pub async fn nothing_acknowledged_is_lost(cluster: &mut Cluster) {
    let member = OrgId::new("ORG-03").unwrap();
    let department = cluster.demo.sample.authority().clone();
    let mut receipts = Vec::new();
    for round in 0..3 {
        receipts.extend(record(cluster, &member, round * 10).await);
        cluster.demo.running.kill(member.as_str()).await;
        cluster
            .demo
            .running
            .start_node(&cluster.demo.layout, &member)
            .await
            .unwrap();
        receipts.extend(record(cluster, &member, round * 10 + 5).await);
        cluster.demo.running.kill(department.as_str()).await;
        // The member goes on recording while the department is away.
        receipts.extend(record(cluster, &member, round * 10 + 8).await);
        cluster
            .demo
            .running
            .start_node(&cluster.demo.layout, &department)
            .await
            .unwrap();
    }
    assert_eq!(receipts.len(), 3 * 3 * 2);
    for event in &receipts {
        let confirmed = || async { cluster.standing(&department, event).await == "cosigned" };
        eventually(&format!("{event} confirmed"), confirmed).await;
    }
}

/// Two small happenings of a member's orchard.
async fn record(cluster: &Cluster, org: &OrgId, minute: i64) -> Vec<String> {
    let draft = |n: i64| {
        json!({
            "occurred": format!("2026-10-19T05:{:02}:{:02}+07:00", minute, n),
            "body": { "kind": "bag", "field": [org.as_str(), "PL-05"], "facts": { "lần": format!("{minute}/{n}") } },
        })
    };
    let request = json!({ "org": org.as_str(), "ask": false, "drafts": [draft(1), draft(2)] });
    let url = format!("{}/api/drafts", cluster.demo.layout.console_url(org));
    let answer = reqwest::Client::new()
        .post(url)
        .bearer_auth(cluster.token(org))
        .header("content-type", "application/json")
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| {
            result["event_id"]
                .as_str()
                .unwrap_or_else(|| panic!("{result}"))
                .to_owned()
        })
        .collect()
}

/// A second start finds everything and loads nothing again.
pub async fn a_second_start_goes_on(cluster: Cluster) -> Cluster {
    let (cluster, said) = cluster.restart().await;
    let nothing_new = said.iter().filter(|line| line.contains("đã có đủ")).count();
    assert_eq!(nothing_new, 2, "{said:#?}");
    cluster
}
