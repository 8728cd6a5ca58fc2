//! Folders and ports of the demonstration, kept from one start to the next.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use ledger_core::ids::OrgId;
use node::folder::Folder;
use serde::{Deserialize, Serialize};

use super::Fault;

/// Marks a folder as ours, so that `--fresh` never empties somebody else's.
const MARK: &str = "demo.json";
/// The service's port unless it is taken: printed codes stay the same from start to start.
const QR_PORT: u16 = 8480;

/// Where one node listens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NodePorts {
    /// The feed.
    pub http: u16,
    /// The console.
    pub console: u16,
    /// libp2p.
    pub peer: u16,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Ports {
    nodes: BTreeMap<String, NodePorts>,
    qr: u16,
    liar: u16,
}

/// The demonstration's folder.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
    ports: Ports,
}

/// Empties a demonstration's folder.
///
/// # Errors
/// When it is not one, or the disk refuses.
pub fn remove(root: &Path) -> Result<(), Fault> {
    if !root.join(MARK).exists() && root.read_dir()?.next().is_some() {
        return Err(format!(
            "{} không phải thư mục của bản trình diễn; không xóa",
            root.display()
        )
        .into());
    }
    Ok(std::fs::remove_dir_all(root)?)
}

impl Layout {
    /// Opens or makes the folder and settles on ports that are free now.
    ///
    /// # Errors
    /// When the disk refuses or no port is free.
    pub fn open(root: &Path) -> Result<Layout, Fault> {
        std::fs::create_dir_all(root.join("logs"))?;
        let root = root.canonicalize()?;
        let known = std::fs::read_to_string(root.join(MARK)).ok();
        let known: Ports = known
            .map(|text| serde_json::from_str(&text))
            .transpose()?
            .unwrap_or_default();
        let mut taken = Vec::new();
        let mut ports = Ports {
            qr: free(known.qr.max(QR_PORT), &mut taken)?,
            ..Ports::default()
        };
        ports.liar = free(known.liar, &mut taken)?;
        for org in (1..=12).map(|n| format!("ORG-{n:02}")) {
            let old = known.nodes.get(&org).copied().unwrap_or(NodePorts {
                http: 0,
                console: 0,
                peer: 0,
            });
            let mut port = |old| free(old, &mut taken);
            let new = NodePorts {
                http: port(old.http)?,
                console: port(old.console)?,
                peer: port(old.peer)?,
            };
            ports.nodes.insert(org, new);
        }
        std::fs::write(root.join(MARK), serde_json::to_string_pretty(&ports)?)?;
        Ok(Layout { root, ports })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The data folder of an organisation's node.
    pub fn node(&self, org: &OrgId) -> Folder {
        Folder::new(self.root.join(org.as_str().to_lowercase()))
    }

    /// The folder of the service's cache.
    pub fn qr_folder(&self) -> PathBuf {
        self.root.join("qr-service")
    }

    /// The file that a process writes its log to.
    pub fn log(&self, name: &str) -> PathBuf {
        self.root
            .join("logs")
            .join(format!("{}.log", name.to_lowercase()))
    }

    /// The ports of an organisation's node.
    pub fn ports(&self, org: &OrgId) -> NodePorts {
        self.ports
            .nodes
            .get(org.as_str())
            .copied()
            .unwrap_or(NodePorts {
                http: 0,
                console: 0,
                peer: 0,
            })
    }

    /// Address of a node's feed.
    pub fn feed_url(&self, org: &OrgId) -> String {
        format!("http://127.0.0.1:{}", self.ports(org).http)
    }

    /// Address of a node's console.
    pub fn console_url(&self, org: &OrgId) -> String {
        format!("http://127.0.0.1:{}", self.ports(org).console)
    }

    /// Where the service listens.
    pub fn qr_listen(&self) -> String {
        format!("127.0.0.1:{}", self.ports.qr)
    }

    /// Address of the service. `localhost`, because browsers let a page check signatures there without https.
    pub fn qr_url(&self) -> String {
        format!("http://localhost:{}", self.ports.qr)
    }

    /// Where the dishonest copy of the service listens.
    pub fn liar_port(&self) -> u16 {
        self.ports.liar
    }
}

/// The old port if it is still free, else any free one.
fn free(old: u16, taken: &mut Vec<TcpListener>) -> Result<u16, Fault> {
    let listener =
        TcpListener::bind(("127.0.0.1", old)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
    let port = listener.local_addr()?.port();
    // Held until all are chosen, so that none is given twice.
    taken.push(listener);
    Ok(port)
}
