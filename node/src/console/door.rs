//! Who may use the console: whoever has its token, from this machine, on purpose.
//!
//! In scope: the token file, the cookie, and the checks on every request. Out of scope: what is asked then.
//!
//! Three attacks are met here. A page on the internet that posts to `127.0.0.1` (cross-site request forgery)
//! fails on `SameSite=Strict` and on its `Origin`. A name that suddenly resolves to `127.0.0.1` (DNS
//! rebinding) fails on its `Host`. Another user of the same machine does not know the token.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERER,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Shared;
use super::page;
use crate::files::{FileError, read_small};
use crate::keys::write_private;

/// Name of the token's file in the data folder.
pub const TOKEN_FILE: &str = "console.token";
/// Bytes of randomness in a token: as many as a key, so nobody guesses it however long they try.
const TOKEN_BYTES: usize = 32;
/// How long a browser stays admitted: a clerk who must log in again in the orchard writes on paper instead.
const COOKIE_SECONDS: u32 = 180 * 24 * 3600;

/// What admits to the console.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// Why there is no token to be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error("{TOKEN_FILE} is not a token; remove it and start again")]
    Malformed,
    /// Others may read it.
    #[error("{TOKEN_FILE} can be read by others; remove it and start again")]
    Exposed,
    /// The operating system gives no random bytes.
    #[error("no randomness: {0}")]
    NoRandomness(getrandom::Error),
}

impl TokenError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            TokenError::File(error) => error.message_vi(),
            TokenError::Malformed => {
                format!("Tệp {TOKEN_FILE} bị hỏng. Xóa tệp đó rồi chạy lại; máy tự tạo mã vào mới.")
            }
            TokenError::Exposed => {
                format!(
                    "Người khác trên máy này đọc được tệp {TOKEN_FILE}. Xóa tệp đó rồi chạy lại; máy tự tạo mã vào mới."
                )
            }
            TokenError::NoRandomness(_) => {
                "Hệ điều hành không cấp được số ngẫu nhiên, không tạo được mã vào.".into()
            }
        }
    }
}

impl Token {
    /// Reads the token of a data folder, or makes one that only the owner may read.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn load_or_create(folder: &Path) -> Result<Token, TokenError> {
        let path = folder.join(TOKEN_FILE);
        // One byte more than the token and its line feed, so that a longer file is seen to be one.
        if let Some(bytes) = read_small(&path, 2 * TOKEN_BYTES as u64 + 2)? {
            if !is_private(&path)? {
                return Err(TokenError::Exposed);
            }
            return Token::parse(&bytes).ok_or(TokenError::Malformed);
        }
        let mut secret = Zeroizing::new([0; TOKEN_BYTES]);
        getrandom::fill(secret.as_mut_slice()).map_err(TokenError::NoRandomness)?;
        let text = Zeroizing::new(hex::encode(secret.as_slice()));
        let written = write_private(&path, format!("{}\n", text.as_str()).as_bytes());
        written.map_err(|e: io::Error| FileError::io("write", &path, e))?;
        Ok(Token(text))
    }

    fn parse(bytes: &[u8]) -> Option<Token> {
        let text = std::str::from_utf8(bytes).ok()?.trim_end();
        let well_formed = text.len() == 2 * TOKEN_BYTES
            && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Token(Zeroizing::new(text.to_owned())))
    }

    /// The text, for the address that lets the clerk in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path that lets a browser in.
    pub fn entrance(&self) -> String {
        format!("/vao?ma={}", self.as_str())
    }

    fn is(&self, offered: &str) -> bool {
        equal_hashes(self.as_str(), offered)
    }

    /// Name and value of the cookie. The value is not the token, which an API client could use; and the name is
    /// this console's own, because a browser sends the cookies of one address to all its ports.
    fn cookie(&self) -> (String, String) {
        let hash = |purpose: &str| {
            hex::encode(
                Sha256::new()
                    .chain_update(purpose)
                    .chain_update(self.as_str())
                    .finalize(),
            )
        };
        (
            format!("so-{}", &hash("ocop-console-name/v1")[..12]),
            hash("ocop-console-cookie/v1"),
        )
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(unix)]
fn is_private(path: &Path) -> Result<bool, FileError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).map_err(|e| FileError::io("read", path, e))?;
    Ok(metadata.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> Result<bool, FileError> {
    Ok(true)
}

/// Compares by hash, so that the time taken says nothing about where two secrets differ.
fn equal_hashes(a: &str, b: &str) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// The address in the browser is not this machine.
    Host,
    /// Another site sent the form.
    Origin,
    /// No token, or another one.
    Token,
}

impl Closed {
    fn answer(self, api: bool) -> Response {
        let (status, code, vi, en) = match self {
            Closed::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "DIA_CHI_LA",
                "Địa chỉ này không phải của máy đang ghi sổ. Mở lại bằng địa chỉ mà máy in ra lúc khởi động.",
                "this console answers under its address alone, not under a name",
            ),
            Closed::Origin => (
                StatusCode::FORBIDDEN,
                "TRANG_KHAC_GUI",
                "Việc này do một trang khác gửi tới nên không ghi. Mở trang ghi sổ rồi ghi lại từ đầu.",
                "the request comes from another site",
            ),
            Closed::Token => (
                StatusCode::UNAUTHORIZED,
                "CHUA_VAO",
                "Trình duyệt này chưa được phép ghi sổ. Mở địa chỉ có mã vào mà máy in ra lúc khởi động, hoặc hỏi Người giữ máy.",
                "no or wrong console token",
            ),
        };
        if api {
            return super::api::failure(status, code, "", vi, en);
        }
        (status, page::notice("Chưa vào được", vi, None)).into_response()
    }
}

/// The checks on every request, in the order of their cost.
pub async fn guard(State(console): State<Shared>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let mut response = match admit(
        &console.token,
        request.method(),
        request.uri().path(),
        request.headers(),
    ) {
        Ok(()) => next.run(request).await,
        Err(closed) => closed.answer(api),
    };
    protect(response.headers_mut());
    response
}

fn admit(token: &Token, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Closed> {
    let host = text(headers, HOST)
        .filter(|host| is_address(host))
        .ok_or(Closed::Host)?;
    let bearer = text(headers, AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let safe = matches!(*method, Method::GET | Method::HEAD);
    if !safe && !is_own_page(headers, host, bearer.is_some()) {
        return Err(Closed::Origin);
    }
    // The entrance checks its own secret; style and script are no secret.
    let open = safe && matches!(path, "/vao" | "/kieu.css" | "/trang.js" | "/in.js");
    let admitted =
        open || bearer.is_some_and(|offered| token.is(offered)) || has_cookie(token, headers);
    if admitted { Ok(()) } else { Err(Closed::Token) }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a `Host` is an address or this machine's own name, and nothing that somebody could make to point here:
/// only names can be made to.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let v6 = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name == "localhost"
        || name.parse::<Ipv4Addr>().is_ok()
        || v6.is_some_and(|name| name.parse::<Ipv6Addr>().is_ok())
}

/// Whether a form was sent by our own page. Browsers older than `Origin` on forms still send `Referer`; a
/// program that shows the token needs neither.
fn is_own_page(headers: &HeaderMap, host: &str, bearer: bool) -> bool {
    let own = format!("http://{host}");
    match (headers.get(ORIGIN), text(headers, REFERER)) {
        (Some(origin), _) => origin.as_bytes() == own.as_bytes(),
        (None, Some(referer)) => referer
            .strip_prefix(&own)
            .is_some_and(|rest| rest.starts_with('/')),
        (None, None) => bearer,
    }
}

fn has_cookie(token: &Token, headers: &HeaderMap) -> bool {
    let (name, value) = token.cookie();
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok());
    let mut pairs = cookies
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.any(|(offered_name, offered)| offered_name == name && equal_hashes(offered, &value))
}

/// Headers of every answer: nothing from elsewhere runs here, and nobody frames the page.
fn protect(headers: &mut HeaderMap) {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                  form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(policy));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Not "no-referrer": under it browsers hide the Origin that forms are checked by.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// What stands in the address of the entrance.
#[derive(serde::Deserialize)]
pub struct Entrance {
    #[serde(default)]
    ma: String,
}

/// `GET /vao?ma=…`: remembers the browser and leads to the first page, where the token is not in the address.
pub async fn enter(State(console): State<Shared>, Query(entrance): Query<Entrance>) -> Response {
    if !console.token.is(entrance.ma.trim()) {
        return Closed::Token.answer(false);
    }
    let (name, value) = console.token.cookie();
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_SECONDS}");
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn token() -> Token {
        Token(Zeroizing::new("ab".repeat(TOKEN_BYTES)))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_token_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let made = Token::load_or_create(folder.path()).unwrap();
        assert_eq!(
            Token::load_or_create(folder.path()).unwrap().as_str(),
            made.as_str()
        );
        assert!(!format!("{made:?}").contains(made.as_str()));
        let path = folder.path().join(TOKEN_FILE);
        std::fs::write(&path, "short\n").unwrap();
        assert!(matches!(
            Token::load_or_create(folder.path()),
            Err(TokenError::Malformed)
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(
                Token::load_or_create(folder.path()),
                Err(TokenError::Exposed)
            ));
        }
    }

    #[test]
    fn the_door_opens_for_the_token_alone() {
        let token = token();
        let (name, value) = token.cookie();
        let good = format!("a=b; {name}={value}");
        let bearer = format!("Bearer {}", token.as_str());
        let here = ("host", "127.0.0.1:8801");
        let own = ("origin", "http://127.0.0.1:8801");
        type Case<'a> = (
            Method,
            &'a str,
            Vec<(&'static str, &'a str)>,
            Result<(), Closed>,
        );
        let cases: &[Case<'_>] = &[
            (Method::GET, "/", vec![here], Err(Closed::Token)),
            (Method::GET, "/", vec![here, ("cookie", &good)], Ok(())),
            (
                Method::GET,
                "/",
                vec![("host", "localhost:1"), ("cookie", &good)],
                Ok(()),
            ),
            (
                Method::GET,
                "/",
                vec![("host", "[::1]:1"), ("cookie", &good)],
                Ok(()),
            ),
            (
                Method::GET,
                "/",
                vec![here, ("authorization", &bearer)],
                Ok(()),
            ),
            (
                Method::GET,
                "/",
                vec![here, ("authorization", "Bearer abab")],
                Err(Closed::Token),
            ),
            (Method::GET, "/kieu.css", vec![here], Ok(())),
            (Method::GET, "/vao", vec![here], Ok(())),
            // DNS rebinding: a stranger's name that points here.
            (
                Method::GET,
                "/",
                vec![("host", "evil.example:8801"), ("cookie", &good)],
                Err(Closed::Host),
            ),
            (
                Method::GET,
                "/",
                vec![("host", "127.0.0.1.evil.example"), ("cookie", &good)],
                Err(Closed::Host),
            ),
            (Method::GET, "/", vec![("cookie", &good)], Err(Closed::Host)),
            // Forms from elsewhere.
            (
                Method::POST,
                "/thu-hoach",
                vec![here, own, ("cookie", &good)],
                Ok(()),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![
                    here,
                    ("referer", "http://127.0.0.1:8801/thu-hoach"),
                    ("cookie", &good),
                ],
                Ok(()),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![here, ("origin", "http://evil.example"), ("cookie", &good)],
                Err(Closed::Origin),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![here, ("origin", "http://127.0.0.1:9999"), ("cookie", &good)],
                Err(Closed::Origin),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![here, ("origin", "null"), ("cookie", &good)],
                Err(Closed::Origin),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![
                    here,
                    ("referer", "http://127.0.0.1:88011/"),
                    ("cookie", &good),
                ],
                Err(Closed::Origin),
            ),
            (
                Method::POST,
                "/thu-hoach",
                vec![here, ("cookie", &good)],
                Err(Closed::Origin),
            ),
            (Method::POST, "/vao", vec![here, own], Err(Closed::Token)),
            (
                Method::POST,
                "/api/drafts",
                vec![here, ("authorization", &bearer)],
                Ok(()),
            ),
            (
                Method::POST,
                "/api/drafts",
                vec![here, own, ("authorization", &bearer)],
                Ok(()),
            ),
            (
                Method::POST,
                "/api/drafts",
                vec![
                    here,
                    ("origin", "http://evil.example"),
                    ("authorization", &bearer),
                ],
                Err(Closed::Origin),
            ),
        ];
        for (method, path, pairs, expected) in cases {
            assert_eq!(
                admit(&token, method, path, &headers(pairs)),
                *expected,
                "{method} {path} {pairs:?}"
            );
        }
    }
}
