//! `GET /metrics`: how the node is, in Prometheus' text format (version 0.0.4). Numbers and codes only.

use std::fmt::Write;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::Feed;
use super::status::{Status, read_status};
use crate::folder::Folder;

/// The format's media type.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The files whose growth an operator plans for.
const FILES: [&str; 4] = ["log.seg", "writer.seg", "pending.seg", "index/db"];

pub(super) async fn metrics(State(feed): State<Feed>) -> Response {
    let (_, status) = read_status(&feed).await;
    let mut page = Page(String::new());
    page.state(&status);
    page.counters(&feed);
    if let Some(folder) = &feed.folder {
        page.disk(folder, status.disk_free_bytes);
    }
    ([(header::CONTENT_TYPE, PROMETHEUS)], page.0).into_response()
}

struct Page(String);

impl Page {
    /// One metric with its samples: labels and value.
    fn add(&mut self, name: &str, kind: &str, help: &str, samples: &[(String, u64)]) {
        // Writing into a String never fails.
        let _ = writeln!(
            self.0,
            "# HELP ocop_{name} {help}\n# TYPE ocop_{name} {kind}"
        );
        for (labels, value) in samples {
            let _ = writeln!(self.0, "ocop_{name}{labels} {value}");
        }
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.add(name, "gauge", help, &[(String::new(), value)]);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.add(name, "counter", help, &[(String::new(), value)]);
    }

    fn state(&mut self, status: &Status) {
        let states = ["serving", "learning", "halted", "tampered"];
        let samples = states.map(|state| {
            let now = u64::from(state == status.health);
            (format!("{{state=\"{state}\"}}"), now)
        });
        self.add(
            "health",
            "gauge",
            "1 for the state the node is in",
            &samples,
        );
        self.gauge("log_size", "leaves under the newest head", status.size);
        self.gauge(
            "cosigned_size",
            "leaves under the newest head with its quorum",
            status.cosigned_size,
        );
        self.gauge(
            "pending",
            "events that are durable here and not logged",
            status.pending as u64,
        );
        if let Some(at) = status.cosigned_at {
            self.gauge(
                "cosigned_at_seconds",
                "when the newest quorum was renewed, since 1970",
                at,
            );
        }
        if let Some(age) = status.head_age_seconds {
            self.gauge("head_age_seconds", "age of the newest quorum", age);
        }
        self.gauge(
            "head_age_max_seconds",
            "the age at which phones call a head too old",
            status.max_age_seconds,
        );
        if let Some(size) = status.last_cosigned_size {
            self.gauge(
                "last_cosigned_size",
                "what this validator cosigned last",
                size,
            );
        }
        if let Some(peers) = status.peers {
            let ahead = status.peers_ahead.unwrap_or(0);
            let samples = [
                ("{state=\"connected\"}".to_owned(), peers as u64),
                ("{state=\"ahead\"}".to_owned(), ahead as u64),
            ];
            self.add(
                "peers",
                "gauge",
                "peers that keep the same ledger; those that have more of it",
                &samples,
            );
        }
    }

    fn counters(&mut self, feed: &Feed) {
        let counters = feed.ledger.counters();
        self.counter(
            "events_taken_total",
            "events of others that became durable here",
            counters.taken.get(),
        );
        self.counter(
            "events_signed_total",
            "events signed here",
            counters.signed.get(),
        );
        self.counter(
            "cosignatures_total",
            "lines added to heads",
            counters.cosignatures.get(),
        );
        self.counter(
            "strangers_total",
            "connections of strangers that were refused",
            counters.strangers.get(),
        );
        self.counter(
            "peers_thrown_out_total",
            "peers disconnected for what they sent",
            counters.thrown_out.get(),
        );
        let refused: Vec<(String, u64)> = counters
            .refusals()
            .into_iter()
            .map(|(code, count)| (format!("{{code=\"{code}\"}}"), count))
            .collect();
        self.add(
            "events_refused_total",
            "counter",
            "events refused at the door, by code",
            &refused,
        );
    }

    fn disk(&mut self, folder: &Folder, free: Option<u64>) {
        let sizes = FILES.iter().filter_map(|name| {
            let bytes = std::fs::metadata(folder.root().join(name)).ok()?.len();
            Some((format!("{{file=\"{name}\"}}"), bytes))
        });
        let sizes: Vec<(String, u64)> = sizes.collect();
        self.add("disk_used_bytes", "gauge", "bytes of each file", &sizes);
        if let Some(free) = free {
            self.gauge("disk_free_bytes", "room for the node on its disk", free);
        }
    }
}
