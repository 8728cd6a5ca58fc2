//! `node.toml`: read strictly, and refused with the line and the remedy.

use std::net::SocketAddr;
use std::time::Duration;

use ledger_core::vkey::{KeyName, SignatureType, Verifier};
use serde::Deserialize;
use toml::Spanned;

use crate::files::read_small;
use crate::folder::Folder;
use crate::ledger::{Options, Timing};
use crate::witness::{LOGS_MAX, WitnessConfig};
use crate::witnesses::RemoteWitness;

/// A configuration has some twenty lines; whatever is larger is none.
const CONFIG_BYTES_MAX: u64 = 64 * 1024;
/// Shortest pause between two batches: below it the heads cost more than the events.
const BATCH_MS_MIN: u64 = 20;
/// Longest pause between two batches: a clerk waits for it.
const BATCH_MS_MAX: u64 = 60_000;
/// Longest pause between two cosignatures of one head: half of the anchor's usual maximum age.
const RECOSIGN_SECONDS_MAX: u64 = 86_400;

/// Most plain witnesses that are asked: a note has room for their lines beside the validators'.
const WITNESSED_BY_MAX: usize = 16;

/// What a node is and where it listens.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub folder: Folder,
    /// Its name for people.
    pub name: String,
    /// Whether it gives events their place in the log.
    pub sequencer: bool,
    /// Where the read-only feed is served.
    pub http: SocketAddr,
    /// The console, if it runs.
    pub console: Option<Console>,
    /// Where peers reach this node: multiaddresses.
    pub peer_listen: Vec<String>,
    /// Which peers it dials: multiaddresses that end in `/p2p/<peer id>`.
    pub peer_dial: Vec<String>,
    /// The name under which it cosigns, if it is a validator.
    pub validator: Option<KeyName>,
    /// Whose logs it cosigns as a plain witness, if it does.
    pub witness: Option<WitnessConfig>,
    /// Which plain witnesses it asks to cosign its own log.
    pub witnessed_by: Vec<RemoteWitness>,
    /// Its pauses.
    pub timing: Timing,
}

/// The console's own settings.
#[derive(Clone, Debug)]
pub struct Console {
    /// Where it listens. It signs for whoever reaches it, so this is a loopback address unless said otherwise.
    pub listen: SocketAddr,
    /// What stands in printed codes before `/01/…`.
    pub scan_url: String,
}

/// A configuration that is refused. Whoever wrote it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node.toml{}: {en}", .line.map_or_else(String::new, |n| format!(" line {n}")))]
pub struct ConfigError {
    /// The line, from 1.
    pub line: Option<usize>,
    vi: String,
    en: String,
}

impl ConfigError {
    /// What is wrong and what to write instead, for people.
    pub fn message_vi(&self) -> String {
        let line = self.line.map_or_else(String::new, |n| format!(" dòng {n}"));
        format!("node.toml{line}: {}", self.vi)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    role: Spanned<String>,
    http: RawHttp,
    console: Option<RawConsole>,
    #[serde(default)]
    peer: RawPeer,
    validator: Option<RawValidator>,
    witness: Option<RawWitness>,
    #[serde(default)]
    witnessed_by: Vec<RawWitnessedBy>,
    #[serde(default)]
    timing: RawTiming,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHttp {
    listen: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConsole {
    listen: Spanned<String>,
    scan_url: Spanned<String>,
    #[serde(default)]
    open_to_network: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPeer {
    listen: Vec<Spanned<String>>,
    dial: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValidator {
    name: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWitness {
    name: Spanned<String>,
    logs: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWitnessedBy {
    url: Spanned<String>,
    vkey: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTiming {
    batch_ms: Option<Spanned<u64>>,
    quorum_wait_ms: Option<Spanned<u64>>,
    recosign_seconds: Option<Spanned<u64>>,
}

impl Config {
    /// Reads the configuration of a folder.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(folder: Folder) -> Result<Config, ConfigError> {
        let fault = |vi: String, en: String| ConfigError { line: None, vi, en };
        let bytes = read_small(&folder.config(), CONFIG_BYTES_MAX)
            .map_err(|e| fault(e.message_vi(), e.to_string()))?;
        let missing = || {
            let path = folder.config();
            fault(
                format!(
                    "không thấy tệp {}. Chạy \"node init --help\".",
                    path.display()
                ),
                format!("{} is missing; see \"node init --help\"", path.display()),
            )
        };
        let text = String::from_utf8(bytes.ok_or_else(missing)?);
        let text = text.map_err(|_| fault("tệp không phải UTF-8.".into(), "not UTF-8".into()))?;
        Config::parse(&text, folder)
    }

    /// What its ledger is to do.
    pub fn options(&self) -> Options {
        Options {
            sequencer: self.sequencer,
            validator: self.validator.clone(),
            witnesses: self
                .witnessed_by
                .iter()
                .map(|witness| witness.key.clone())
                .collect(),
            timing: self.timing,
            ..Options::default()
        }
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] naming the line at fault.
    pub fn parse(text: &str, folder: Folder) -> Result<Config, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|e| ConfigError {
            line: e.span().map(|span| line_of(text, span.start)),
            vi: format!(
                "không đọc được ({}). So với mẫu mà \"node init\" đã ghi.",
                e.message()
            ),
            en: format!("{}; compare with what \"node init\" wrote", e.message()),
        })?;
        Reader { text }.read(raw, folder)
    }
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn read(&self, raw: Raw, folder: Folder) -> Result<Config, ConfigError> {
        let sequencer = match raw.role.get_ref().as_str() {
            "sequencer" => true,
            "member" => false,
            _ => {
                return Err(self.fault(
                    &raw.role,
                    "role phải là \"member\" (đơn vị) hoặc \"sequencer\" (nút sắp thứ tự của Sở).",
                    "role must be \"member\" or \"sequencer\"",
                ));
            }
        };
        let validator = raw
            .validator
            .map(|raw| self.validator(&raw, sequencer))
            .transpose()?;
        Ok(Config {
            folder,
            name: raw.name,
            sequencer,
            http: self.address(&raw.http.listen)?,
            console: raw.console.map(|raw| self.console(&raw)).transpose()?,
            peer_listen: self.multiaddresses(raw.peer.listen, false)?,
            peer_dial: self.multiaddresses(raw.peer.dial, true)?,
            witness: raw
                .witness
                .map(|raw| self.witness(&raw, validator.as_ref()))
                .transpose()?,
            witnessed_by: self.witnessed_by(&raw.witnessed_by, sequencer)?,
            validator,
            timing: self.timing(raw.timing)?,
        })
    }

    fn fault<T>(&self, at: &Spanned<T>, vi: &str, en: &str) -> ConfigError {
        ConfigError {
            line: Some(line_of(self.text, at.span().start)),
            vi: vi.into(),
            en: en.into(),
        }
    }

    fn address(&self, text: &Spanned<String>) -> Result<SocketAddr, ConfigError> {
        text.get_ref().parse().map_err(|_| {
            self.fault(
                text,
                "địa chỉ nghe phải như \"127.0.0.1:8080\".",
                "a listening address is like \"127.0.0.1:8080\"",
            )
        })
    }

    fn console(&self, raw: &RawConsole) -> Result<Console, ConfigError> {
        let listen = self.address(&raw.listen)?;
        if !listen.ip().is_loopback() && !raw.open_to_network {
            return Err(self.fault(
                &raw.listen,
                "trang ghi sổ chỉ mở trên máy này (127.0.0.1). Nếu mạng nội bộ an toàn, thêm dòng open_to_network = true.",
                "the console signs for whoever reaches it: listen on 127.0.0.1, or add open_to_network = true",
            ));
        }
        let url = raw.scan_url.get_ref().trim_end_matches('/');
        if !["http://", "https://"].iter().any(|scheme| {
            url.strip_prefix(scheme)
                .is_some_and(|host| !host.is_empty())
        }) {
            return Err(self.fault(
                &raw.scan_url,
                "scan_url phải như \"https://tem.dongthap.example\".",
                "scan_url is like \"https://tem.dongthap.example\"",
            ));
        }
        Ok(Console {
            listen,
            scan_url: url.to_owned(),
        })
    }

    /// Only the shape: the network knows the rest and says it when it starts.
    fn multiaddresses(
        &self,
        texts: Vec<Spanned<String>>,
        with_peer: bool,
    ) -> Result<Vec<String>, ConfigError> {
        for text in &texts {
            let address = text.get_ref();
            if !address.starts_with('/') || with_peer && !address.contains("/p2p/") {
                return Err(self.fault(
                    text,
                    "địa chỉ nút phải như \"/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…\" (phần /p2p/ chỉ khi gọi tới nút khác).",
                    "a peer address is like \"/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…\" (with /p2p/ only where it is dialled)",
                ));
            }
        }
        Ok(texts.into_iter().map(Spanned::into_inner).collect())
    }

    fn validator(&self, raw: &RawValidator, sequencer: bool) -> Result<KeyName, ConfigError> {
        if sequencer {
            return Err(self.fault(
                &raw.name,
                "nút sắp thứ tự không tự xác nhận sổ của mình; bỏ mục [validator].",
                "the sequencer must not witness its own log; remove [validator]",
            ));
        }
        self.key_name(&raw.name)
    }

    fn key_name(&self, name: &Spanned<String>) -> Result<KeyName, ConfigError> {
        KeyName::new(name.get_ref()).map_err(|_| {
            self.fault(
                name,
                "tên không có dấu cách và dấu +, ví dụ \"htx-ben-nang.example/1\".",
                "a name without spaces and +, such as \"htx-ben-nang.example/1\"",
            )
        })
    }

    fn witness(
        &self,
        raw: &RawWitness,
        validator: Option<&KeyName>,
    ) -> Result<WitnessConfig, ConfigError> {
        let name = self.key_name(&raw.name)?;
        if Some(&name) == validator {
            return Err(self.fault(
                &raw.name,
                "tên này đã dùng trong [validator]; nhân chứng cần tên khác vì lời xác nhận khác nghĩa.",
                "[validator] has this name; a witness says something else and needs another",
            ));
        }
        if raw.logs.len() > LOGS_MAX {
            return Err(self.fault(
                &raw.name,
                &format!("tối đa {LOGS_MAX} sổ."),
                &format!("at most {LOGS_MAX} logs"),
            ));
        }
        let logs = raw
            .logs
            .iter()
            .map(|text| self.vkey(text, SignatureType::Ed25519));
        Ok(WitnessConfig {
            name,
            logs: logs.collect::<Result<_, _>>()?,
        })
    }

    fn witnessed_by(
        &self,
        raw: &[RawWitnessedBy],
        sequencer: bool,
    ) -> Result<Vec<RemoteWitness>, ConfigError> {
        let mut witnesses = Vec::new();
        for raw in raw {
            if !sequencer || witnesses.len() == WITNESSED_BY_MAX {
                return Err(self.fault(
                    &raw.url,
                    &format!("[[witnessed_by]] chỉ dành cho nút sắp thứ tự, tối đa {WITNESSED_BY_MAX} nhân chứng."),
                    &format!("[[witnessed_by]] is for the sequencer, at most {WITNESSED_BY_MAX} of them"),
                ));
            }
            if raw
                .url
                .get_ref()
                .strip_prefix("http://")
                .is_none_or(str::is_empty)
            {
                return Err(self.fault(
                    &raw.url,
                    "url phải bắt đầu bằng http:// (mọi lời xác nhận đều có chữ ký; nếu nhân chứng chỉ có https thì đặt một cổng chuyển tiếp như stunnel).",
                    "url begins with http:// (every answer is signed; put a forwarder such as stunnel before a witness that speaks https only)",
                ));
            }
            witnesses.push(RemoteWitness {
                url: raw.url.get_ref().clone(),
                key: self.vkey(&raw.vkey, SignatureType::CosignatureV1)?,
            });
        }
        Ok(witnesses)
    }

    fn vkey(&self, text: &Spanned<String>, kind: SignatureType) -> Result<Verifier, ConfigError> {
        let parsed: Option<Verifier> = text.get_ref().parse().ok();
        parsed.filter(|key| key.kind() == kind).ok_or_else(|| {
            self.fault(
                text,
                "khóa phải chép nguyên dòng \"tên+mã+khóa\" mà bên kia công bố, đúng loại (sổ hay nhân chứng).",
                "a vkey as the other side publishes it, \"name+id+key\", of the right kind (a log's or a witness's)",
            )
        })
    }

    fn timing(&self, raw: RawTiming) -> Result<Timing, ConfigError> {
        let mut timing = Timing::default();
        if let Some(ms) = raw.batch_ms {
            timing.batch = Duration::from_millis(self.within(&ms, BATCH_MS_MIN, BATCH_MS_MAX)?);
        }
        if let Some(ms) = raw.quorum_wait_ms {
            timing.quorum_wait = Duration::from_millis(self.within(&ms, 0, BATCH_MS_MAX)?);
        }
        if let Some(seconds) = raw.recosign_seconds {
            timing.recosign =
                Duration::from_secs(self.within(&seconds, 1, RECOSIGN_SECONDS_MAX)?);
        }
        Ok(timing)
    }

    fn within(&self, n: &Spanned<u64>, min: u64, max: u64) -> Result<u64, ConfigError> {
        if (min..=max).contains(n.get_ref()) {
            return Ok(*n.get_ref());
        }
        Err(self.fault(
            n,
            &format!("số phải từ {min} đến {max}."),
            &format!("a number from {min} to {max}"),
        ))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
        + 1
}

/// What `init` writes: every setting with a word about it.
pub fn template(
    name: &str,
    sequencer: bool,
    validator: Option<&KeyName>,
    ports: (u16, u16, u16),
) -> String {
    let role = if sequencer { "sequencer" } else { "member" };
    let (http, console, peer) = ports;
    let quoted = toml::Value::String(name.to_owned());
    let validator = validator.map_or_else(
        || "# [validator]                       # nếu đơn vị kiểm lại và xác nhận sổ chung\n# name = \"don-vi.example/1\"\n".to_owned(),
        |name| format!("[validator]                         # đơn vị kiểm lại và xác nhận sổ chung dưới tên này\nname = \"{name}\"\n"),
    );
    format!(
        r#"# Cấu hình của nút. Sửa xong thì khởi động lại nút. (Configuration of this node; restart it after a change.)
name = {quoted}
role = "{role}"

[http]                              # sổ chung cho mọi người đọc (read-only feed)
listen = "127.0.0.1:{http}"

[console]                           # trang ghi sổ cho người giữ máy, chỉ mở trên máy này (the clerk's console)
listen = "127.0.0.1:{console}"
scan_url = "http://127.0.0.1:8090"  # địa chỉ in trong mã QR (what printed codes begin with)

[peer]                              # nối với nút khác (replication)
listen = ["/ip4/0.0.0.0/tcp/{peer}"]
dial = []                           # ví dụ "/dns4/so.dongthap.example/tcp/4001/p2p/12D3KooW…"

{validator}
[timing]
batch_ms = 300                      # nút sắp thứ tự gom việc trong bao lâu
quorum_wait_ms = 10000              # chờ các đơn vị xác nhận tối đa bao lâu
recosign_seconds = 600              # khi không có gì mới, bao lâu xác nhận lại một lần
"#
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Folder::new("/nowhere"))
    }

    #[test]
    fn what_init_writes_is_a_configuration() {
        for (sequencer, validator) in [
            (true, None),
            (false, None),
            (false, KeyName::new("htx.example/1").ok()),
        ] {
            let text = template(
                "HTX \"Bến Nắng\"",
                sequencer,
                validator.as_ref(),
                (8080, 8081, 4001),
            );
            let config = parse(&text).unwrap();
            assert_eq!(
                (config.name.as_str(), config.sequencer, &config.validator),
                ("HTX \"Bến Nắng\"", sequencer, &validator)
            );
            assert_eq!(config.timing, Timing::default());
            assert_eq!(config.peer_listen, ["/ip4/0.0.0.0/tcp/4001"]);
        }
    }

    #[test]
    fn a_fault_is_named_by_its_line_with_a_remedy() {
        let good = template(
            "HTX",
            false,
            KeyName::new("htx.example/1").ok().as_ref(),
            (8080, 8081, 4001),
        );
        for (from, to, line, word) in [
            ("role = \"member\"", "role = \"king\"", 3, "sequencer"),
            (
                "role = \"member\"",
                "role = \"sequencer\"",
                17,
                "[validator]",
            ),
            ("\"127.0.0.1:8080\"", "\"localhost\"", 6, "127.0.0.1:8080"),
            (
                "\"127.0.0.1:8081\"",
                "\"0.0.0.0:8081\"",
                9,
                "open_to_network",
            ),
            ("http://127.0.0.1:8090", "tem.example", 10, "scan_url"),
            ("dial = []", "dial = [\"/ip4/1.2.3.4/tcp/1\"]", 14, "/p2p/"),
            ("name = \"htx.example/1\"", "name = \"a b\"", 17, "dấu cách"),
            ("batch_ms = 300", "batch_ms = 0", 20, "từ 20"),
            ("batch_ms = 300", "batch_msec = 300", 20, "batch_msec"),
            ("[http]", "[http", 5, "không đọc được"),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from}");
            let error = parse(&text).unwrap_err();
            assert_eq!(error.line, Some(line), "{to}: {}", error.message_vi());
            assert!(
                error.message_vi().contains(word),
                "{to}: {}",
                error.message_vi()
            );
        }
        let missing = Config::read(Folder::new("/nowhere")).unwrap_err();
        assert!(missing.message_vi().contains("node init"));
    }
}
