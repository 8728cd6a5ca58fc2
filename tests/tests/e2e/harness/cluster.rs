//! The whole demonstration in a temporary folder: real processes of the real program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger_core::ids::OrgId;
use tests::demo::{Demo, Wishes, setup};

/// A started demonstration and its folder.
pub struct Cluster {
    pub demo: Demo,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts everything on an empty folder.
    pub async fn start() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let demo = Demo::start(&wishes(folder.path()), &mut |line| println!("{line}"))
            .await
            .unwrap();
        Cluster { demo, folder }
    }

    /// Stops everything and starts it again on the same folder; gives what it said.
    pub async fn restart(self) -> (Cluster, Vec<String>) {
        self.demo.stop().await;
        let mut said = Vec::new();
        let demo = Demo::start(&wishes(self.folder.path()), &mut |line| {
            said.push(line.to_owned())
        })
        .await
        .unwrap();
        (
            Cluster {
                demo,
                folder: self.folder,
            },
            said,
        )
    }

    /// Every organisation with a node, the authority first.
    pub fn nodes(&self) -> Vec<OrgId> {
        let mut nodes = vec![self.demo.sample.authority().clone()];
        nodes.extend(setup::own_nodes(&self.demo.sample));
        nodes
    }

    /// What lets a browser or program into a node's console.
    pub fn token(&self, org: &OrgId) -> String {
        let path = self
            .demo
            .layout
            .node(org)
            .root()
            .join(node::console::TOKEN_FILE);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// Asks a node's console where an event stands.
    pub async fn standing(&self, org: &OrgId, event: &str) -> String {
        let url = format!("{}/api/events/{event}", self.demo.layout.console_url(org));
        let answer = reqwest::Client::new()
            .get(url)
            .bearer_auth(self.token(org))
            .send()
            .await
            .unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Stops everything and lets fsck distrust every folder from the first byte.
    pub async fn stop_and_check(self) {
        let folders: Vec<PathBuf> = self
            .nodes()
            .iter()
            .map(|org| self.demo.layout.node(org).root().to_owned())
            .collect();
        self.demo.stop().await;
        for folder in folders {
            let report = node::fsck::check(&node::folder::Folder::new(&folder)).unwrap();
            assert!(report.is_sound(), "{}:\n{report:#?}", folder.display());
        }
    }
}

fn wishes(folder: &Path) -> Wishes {
    Wishes {
        data: folder.to_owned(),
        fresh: false,
        public_url: None,
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_demo"))),
    }
}

/// Waits for something, by a deadline.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
