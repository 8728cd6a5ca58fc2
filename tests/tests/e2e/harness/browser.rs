//! A real headless Chromium, looked at as a person does: by role and name, and by eye (screenshots).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A phone of the cheap kind.
pub const PHONE: (u32, u32) = (360, 780);

/// One browser with its driver and an empty profile.
pub struct Browser {
    pub client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

/// What assistive technology sees of a page.
#[derive(Debug)]
pub struct Seen {
    nodes: Vec<(String, String)>,
}

impl Browser {
    /// Starts Chromium at a window size.
    pub async fn start((width, height): (u32, u32)) -> Browser {
        let (driver, port) = start_driver().await;
        let profile = tempfile::tempdir().unwrap();
        let args = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP *.example 127.0.0.1",
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={width},{height}"),
        ]);
        let emulation = json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0, "touch": true } });
        let options = json!({ "args": args, "mobileEmulation": emulation });
        let capabilities = json!({ "goog:chromeOptions": options });
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromium starts (Debian packages chromium and chromium-driver; tests/run installs them)");
        Browser {
            client,
            driver,
            _profile: profile,
        }
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The accessibility tree of the page.
    pub async fn see(&self) -> Seen {
        let command = Cdp {
            cmd: "Accessibility.getFullAXTree",
            params: json!({}),
        };
        let answer = self.client.issue_cmd(command).await.unwrap();
        let text =
            |node: &Value, key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        let nodes = answer["nodes"].as_array().cloned().unwrap_or_default();
        let described: Vec<(String, String)> = nodes
            .iter()
            .filter(|node| node["ignored"] != json!(true))
            .map(|node| {
                let name = text(node, "name");
                (
                    text(node, "role"),
                    if name.is_empty() {
                        inner_text(&nodes, node)
                    } else {
                        name
                    },
                )
            })
            .collect();
        Seen { nodes: described }
    }

    /// Waits until the page shows something, at most 20 seconds.
    ///
    /// # Panics
    /// When it does not; says what the page shows instead.
    pub async fn wait_for(&self, what: &str, shown: impl Fn(&Seen) -> bool) -> Seen {
        self.wait_within(Duration::from_secs(20), what, shown).await
    }

    /// The same with another limit.
    ///
    /// # Panics
    /// When it does not; says what the page shows instead.
    pub async fn wait_within(
        &self,
        limit: Duration,
        what: &str,
        shown: impl Fn(&Seen) -> bool,
    ) -> Seen {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let seen = self.see().await;
            if shown(&seen) {
                return seen;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "the page never showed {what}; it shows:\n{seen}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Saves what the eye sees, the whole page.
    pub async fn screenshot(&self, path: &Path) {
        let metrics = self
            .client
            .issue_cmd(Cdp {
                cmd: "Page.getLayoutMetrics",
                params: json!({}),
            })
            .await
            .unwrap();
        let size = &metrics["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let params = json!({ "captureBeyondViewport": true, "clip": clip });
        let shot = self
            .client
            .issue_cmd(Cdp {
                cmd: "Page.captureScreenshot",
                params,
            })
            .await
            .unwrap();
        use base64::Engine;
        let png = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    /// Switches JavaScript off, as some people do.
    pub async fn without_javascript(&self) {
        let command = Cdp {
            cmd: "Emulation.setScriptExecutionDisabled",
            params: json!({ "value": true }),
        };
        self.client.issue_cmd(command).await.unwrap();
    }

    /// Blocks addresses, as a bad line does.
    pub async fn block(&self, patterns: &[&str]) {
        self.client
            .issue_cmd(Cdp {
                cmd: "Network.enable",
                params: json!({}),
            })
            .await
            .unwrap();
        let params = json!({ "urls": patterns });
        self.client
            .issue_cmd(Cdp {
                cmd: "Network.setBlockedURLs",
                params,
            })
            .await
            .unwrap();
    }

    /// Closes the browser.
    pub async fn close(mut self) {
        let _ = self.client.close().await;
        let _ = self.driver.kill().await;
    }
}

impl Seen {
    /// Whether something of a role has a name or text that contains words.
    pub fn has(&self, role: &str, words: &str) -> bool {
        self.nodes
            .iter()
            .any(|(r, name)| r == role && name.contains(words))
    }

    /// The names of everything of a role.
    pub fn all(&self, role: &str) -> Vec<&str> {
        self.nodes
            .iter()
            .filter(|(r, _)| r == role)
            .map(|(_, name)| name.as_str())
            .collect()
    }

    /// Whether words stand anywhere on the page.
    pub fn says(&self, words: &str) -> bool {
        self.nodes.iter().any(|(_, name)| name.contains(words))
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = self
            .nodes
            .iter()
            .filter(|(role, name)| !name.is_empty() && role != "InlineTextBox");
        told.take(80)
            .try_for_each(|(role, name)| writeln!(f, "  {role}: {name}"))
    }
}

/// The text below a node, in reading order.
fn inner_text(nodes: &[Value], node: &Value) -> String {
    let children = node["childIds"].as_array().cloned().unwrap_or_default();
    let below = children
        .iter()
        .filter_map(|id| nodes.iter().find(|node| node["nodeId"] == *id));
    let text = below.map(|child| {
        if child["role"]["value"] == json!("StaticText") {
            child["name"]["value"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        } else {
            inner_text(nodes, child)
        }
    });
    text.filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

async fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect(
            "chromedriver is installed (Debian package chromium-driver; tests/run installs it)",
        );
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let port = line
            .rsplit_once("on port ")
            .and_then(|(_, port)| port.trim_end_matches('.').parse::<u16>().ok());
        if let Some(port) = port.filter(|port| *port != 0) {
            // Keep reading, or the driver stops at a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (driver, port);
        }
    }
    panic!("chromedriver did not say its port");
}

/// A command of Chromium's own protocol, through the driver.
#[derive(Debug)]
struct Cdp {
    cmd: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({ "cmd": self.cmd, "params": self.params }).to_string()),
        )
    }
}
