//! The demonstration's processes: this same program, told to be a node or the service.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use ledger_core::ids::OrgId;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::Fault;
use super::layout::Layout;

/// How long a process may take until it answers.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long the service may take until it has followed the log.
const FOLLOW_DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The processes, by name.
pub struct Running {
    children: BTreeMap<String, Child>,
    program: Option<std::path::PathBuf>,
}

impl Running {
    /// No process yet; they will be made from a program, or from this one.
    pub fn of_program(program: Option<std::path::PathBuf>) -> Running {
        Running {
            children: BTreeMap::new(),
            program,
        }
    }

    fn command(&self) -> Result<Command, Fault> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        Ok(Command::new(program))
    }

    /// Starts a node and waits until it answers.
    ///
    /// # Errors
    /// When it does not; the log says why.
    pub async fn start_node(&mut self, layout: &Layout, org: &OrgId) -> Result<(), Fault> {
        let mut command = self.command()?;
        command.arg("node").arg(layout.node(org).root());
        let url = format!("{}/health", layout.feed_url(org));
        self.start(layout, org.as_str(), command, &url).await
    }

    /// Starts the verification service and waits until it answers.
    ///
    /// # Errors
    /// When it does not; the log says why.
    pub async fn start_qr(&mut self, layout: &Layout, public_url: &str) -> Result<(), Fault> {
        let authority = OrgId::new("ORG-10")?;
        let mut command = self.command()?;
        command
            .arg("qr")
            .args(["--feed", &layout.feed_url(&authority)])
            .arg("--anchor")
            .arg(layout.node(&authority).anchor())
            .args(["--listen", &layout.qr_listen()])
            .args(["--public-url", public_url])
            .arg("--data")
            .arg(layout.qr_folder());
        let url = format!("http://{}/health", layout.qr_listen());
        self.start(layout, "qr-service", command, &url).await
    }

    async fn start(
        &mut self,
        layout: &Layout,
        name: &str,
        mut command: Command,
        url: &str,
    ) -> Result<(), Fault> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(layout.log(name))?;
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let deadline = Instant::now() + START_DEADLINE;
        while reqwest::get(url).await.is_err() {
            let ended = child.try_wait()?.is_some();
            if ended || Instant::now() > deadline {
                let why = if ended {
                    "dừng ngay khi khởi động"
                } else {
                    "không trả lời"
                };
                return Err(format!("{name} {why}; xem {}", layout.log(name).display()).into());
            }
            sleep(LOOK).await;
        }
        self.children.insert(name.to_owned(), child);
        Ok(())
    }

    /// Ends a process without warning, as a power cut does.
    pub async fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.children.remove(name) {
            // Already ended is as good.
            let _ = child.kill().await;
        }
    }

    /// Asks a process to end and waits for it.
    pub async fn stop_one(&mut self, name: &str, patience: Duration) {
        if let Some(mut child) = self.children.remove(name) {
            // A process of ours ends when its standard input does.
            drop(child.stdin.take());
            if timeout(patience, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }

    /// Asks every process to end and waits for them.
    pub async fn stop(&mut self, patience: Duration) {
        for child in self.children.values_mut() {
            drop(child.stdin.take());
        }
        for name in self.children.keys().cloned().collect::<Vec<_>>() {
            self.stop_one(&name, patience).await;
        }
    }

    /// Waits until any process ends by itself; names it.
    pub async fn wait_for_any(&mut self) -> String {
        loop {
            for (name, child) in &mut self.children {
                if !matches!(child.try_wait(), Ok(None)) {
                    return name.clone();
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// The process id of one, for measuring its memory.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.children.get(name).and_then(Child::id)
    }
}

/// Waits until the service shows the newest head that the department's node has with the quorum.
///
/// # Errors
/// When it does not in time.
pub async fn wait_for_service(layout: &Layout, authority: &OrgId) -> Result<(), Fault> {
    let cosigned = reqwest::get(format!(
        "{}/checkpoint.cosigned",
        layout.feed_url(authority)
    ))
    .await?
    .text()
    .await?;
    let wanted: u64 = cosigned
        .lines()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .ok_or("chưa có bản chốt")?;
    let deadline = Instant::now() + FOLLOW_DEADLINE;
    while shown_size(layout).await.is_none_or(|size| size < wanted) {
        if Instant::now() > deadline {
            return Err(format!(
                "qr-service chưa theo kịp sổ; xem {}",
                layout.log("qr-service").display()
            )
            .into());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// How many leaves lie under the head that the service shows.
async fn shown_size(layout: &Layout) -> Option<u64> {
    let answer = reqwest::get(format!("http://{}/health", layout.qr_listen()))
        .await
        .ok()?
        .text()
        .await
        .ok()?;
    let health: serde_json::Value = serde_json::from_str(&answer).ok()?;
    health["size"].as_u64()
}
