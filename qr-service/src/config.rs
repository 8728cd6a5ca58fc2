//! What the service is told when it starts: whose feed, whose anchor, where to listen.
//!
//! In scope: the command line, and checking every answer before anything is opened. Out of scope: opening it
//! ([`crate::service`]). There is no key among the settings, because this service holds none.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Parser;
use ledger_core::anchor::{ANCHOR_MAX_BYTES, Anchor, AnchorError};
use ledger_core::policy::Quorum;

/// Longest public address: with the longest code behind it a label still has room ([`crate::label::URL_MAX_BYTES`]).
pub const PUBLIC_URL_MAX_BYTES: usize = 64;

/// Dịch vụ tem QR: in mã, trả lời người quét.
///
/// Dịch vụ đọc sổ chung từ một nút bất kỳ (địa chỉ --feed), tự kiểm tra lại từng chữ ký rồi mới trả lời. Nó không giữ
/// khóa bí mật nào; thư mục --data chỉ là bản đệm, xóa đi lúc nào cũng được.
///
/// Ví dụ:
///
///   qr-service --feed http://127.0.0.1:8080 --anchor neo.txt --listen 127.0.0.1:8090 \
///   --public-url https://truyxuat.dongthap.example --data ./dem
///
/// In English: follows the log of any node over plain HTTP, re-verifies every byte against the pinned trust anchor,
/// and answers scans. Put a reverse proxy with TLS in front of --listen.
#[derive(Clone, Debug, Parser)]
#[command(name = "qr-service", version, verbatim_doc_comment)]
pub struct Args {
    /// Địa chỉ feed của một nút, ví dụ `http://127.0.0.1:8080` (the node's tile feed; plain http, every byte is
    /// verified here)
    #[arg(long, value_name = "URL")]
    pub feed: String,
    /// Tệp neo tin cậy, lấy từ nơi tin được, không lấy từ nút (the pinned trust anchor; obtain it out of band)
    #[arg(long, value_name = "TỆP")]
    pub anchor: PathBuf,
    /// Địa chỉ và cổng để nghe (where to listen)
    #[arg(long, value_name = "ĐỊA CHỈ:CỔNG", default_value = "127.0.0.1:8090")]
    pub listen: String,
    /// Địa chỉ mà người mua thấy; in vào mã QR và tem (what is printed; phones check only over https)
    #[arg(long, value_name = "URL")]
    pub public_url: String,
    /// Thư mục cho bản đệm, mất cũng không sao (throw-away cache)
    #[arg(long, value_name = "THƯ MỤC", default_value = "qr-service-data")]
    pub data: PathBuf,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whose feed is followed.
    pub feed: FeedUrl,
    /// What is believed.
    pub anchor: Anchor,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What is printed.
    pub public_url: PublicUrl,
    /// The folder of the cache.
    pub data: PathBuf,
}

/// A setting that cannot be used. The operator is told in Vietnamese first.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The feed.
    #[error(
        "--feed \"{0}\" không dùng được: cần http://máy:cổng, không có gì phía sau (the feed must be a plain http:// origin)"
    )]
    Feed(String),
    /// The anchor's file.
    #[error("--anchor: không đọc được tệp {path}: {source} (the trust anchor cannot be read)")]
    AnchorFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The anchor's content.
    #[error("--anchor: tệp {path} không phải neo tin cậy: {source} (not a trust anchor)")]
    Anchor {
        /// The file.
        path: PathBuf,
        /// Why.
        source: AnchorError,
    },
    /// An anchor that asks for no witness.
    #[error(
        "--anchor: neo này không đòi đơn vị nào xác nhận (quorum none), nên không có gì để tin (the policy asks for no witness)"
    )]
    NoQuorum,
    /// Where to listen.
    #[error(
        "--listen \"{0}\" không phải địa chỉ và cổng, ví dụ 127.0.0.1:8090 (not an address with a port)"
    )]
    Listen(String),
    /// The public address.
    #[error(
        "--public-url \"{0}\" không dùng được: cần https://tên-miền (hoặc http:// khi chạy thử), chữ thường, không có gì phía sau, \
         dài nhất {PUBLIC_URL_MAX_BYTES} ký tự (the public address must be an http(s) origin)"
    )]
    PublicUrl(String),
}

impl Config {
    /// Checks what the command line said.
    ///
    /// # Errors
    /// [`ConfigError`] naming the setting.
    pub fn from_args(args: &Args) -> Result<Config, ConfigError> {
        Ok(Config {
            feed: FeedUrl::parse(&args.feed)?,
            anchor: read_anchor(&args.anchor)?,
            listen: args
                .listen
                .parse()
                .map_err(|_| ConfigError::Listen(args.listen.clone()))?,
            public_url: PublicUrl::parse(&args.public_url)?,
            data: args.data.clone(),
        })
    }
}

/// Reads the pinned anchor.
///
/// # Errors
/// [`ConfigError`] when there is none, or one that asks for no witness: no page could ever be confirmed.
pub fn read_anchor(path: &Path) -> Result<Anchor, ConfigError> {
    let unreadable = |source| ConfigError::AnchorFile {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > ANCHOR_MAX_BYTES as u64 {
        return Err(ConfigError::Anchor {
            path: path.to_owned(),
            source: AnchorError::Line(0),
        });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let anchor = Anchor::parse(&text).map_err(|source| ConfigError::Anchor {
        path: path.to_owned(),
        source,
    })?;
    if anchor.policy().quorum() == Quorum::None {
        Err(ConfigError::NoQuorum)
    } else {
        Ok(anchor)
    }
}

/// The origin of a feed: `http://host:port`, nothing behind. Not https: whatever comes in is verified byte by byte, and
/// the service is built without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedUrl(String);

impl FeedUrl {
    /// Checks a feed's address; one trailing slash is forgiven.
    ///
    /// # Errors
    /// [`ConfigError::Feed`].
    pub fn parse(text: &str) -> Result<FeedUrl, ConfigError> {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let plain = origin.strip_prefix("http://").is_some_and(is_authority);
        plain
            .then(|| FeedUrl(origin.to_owned()))
            .ok_or_else(|| ConfigError::Feed(text.to_owned()))
    }

    /// The address of a file of the feed; the path without its first slash.
    pub fn of(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The origin that buyers see: `https://host`, nothing behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Checks a public address; one trailing slash is forgiven.
    ///
    /// # Errors
    /// [`ConfigError::PublicUrl`].
    pub fn parse(text: &str) -> Result<PublicUrl, ConfigError> {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        let fits = host.is_some_and(is_authority) && origin.len() <= PUBLIC_URL_MAX_BYTES;
        fits.then(|| PublicUrl(origin.to_owned()))
            .ok_or_else(|| ConfigError::PublicUrl(text.to_owned()))
    }

    /// The address to print for a path, which begins with a slash.
    pub fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host with or without port: a parser agrees, and nothing but that is there.
fn is_authority(text: &str) -> bool {
    let shape =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    let parsed = text.parse::<http::uri::Authority>();
    !text.is_empty()
        && text.bytes().all(shape)
        && parsed.is_ok_and(|parsed| !parsed.host().is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn origins_and_nothing_else() {
        for good in [
            "http://127.0.0.1:8080",
            "http://nut.example/",
            "http://[::1]:80",
        ] {
            assert!(FeedUrl::parse(good).is_ok(), "{good}");
            assert!(PublicUrl::parse(good).is_ok(), "{good}");
        }
        assert_eq!(
            PublicUrl::parse("https://a.example/").unwrap().of("/t/X"),
            "https://a.example/t/X"
        );
        for bad in [
            "",
            "nut.example",
            "http://",
            "ftp://a",
            "http://a/b",
            "http://a?x",
            "http://u@a",
            "http://a b",
            "http://A.example",
            "http://a.example//",
            "http://:80",
        ] {
            assert!(FeedUrl::parse(bad).is_err(), "{bad}");
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
        assert!(
            FeedUrl::parse("https://a.example").is_err(),
            "built without TLS"
        );
        let host = |n: usize| format!("https://{}", "a".repeat(n - 8));
        assert!(PublicUrl::parse(&host(PUBLIC_URL_MAX_BYTES)).is_ok());
        assert!(PublicUrl::parse(&host(PUBLIC_URL_MAX_BYTES + 1)).is_err());
    }
}
