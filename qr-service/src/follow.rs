//! Following a node's feed: the only file that talks to a node.
//!
//! In scope: fetching over HTTP with limits, and the order of one step. Out of scope: what may be shown
//! ([`crate::book`]). Nothing that a feed does, tampering or falling silent, takes down what was verified before.
//!
//! One step:
//! 1. ask for `/checkpoint.cosigned`, conditionally;
//! 2. check the log's signature and the quorum against the pinned anchor;
//! 3. let the book judge it: older, contradicting, known, or to be fetched;
//! 4. fetch the missing entries, bundle by bundle, and stage them;
//! 5. commit: root, door, map head. Only now a page changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ledger_core::anchor::Anchor;
use ledger_core::ids::{Hash, TreeSize};
use ledger_core::note::MAX_NOTE_BYTES;
use ledger_core::sign::ENVELOPE_MAX_BYTES;
use ledger_core::tile::{BadTile, Bundle, TILE_WIDTH};
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, StatusCode};

use crate::book::{BookError, Course};
use crate::config::FeedUrl;
use crate::head::{HeadError, VerifiedHead};
use crate::service::Service;

/// How often the feed is asked while all is well. A recall must show within a minute; a conditional request is small.
pub const POLL: Duration = Duration::from_secs(1);
/// Longest pause after repeated failures: a node that came back is found within half a minute.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// A node on the same continent answers the handshake well within this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For a whole answer: the largest bundle over a line of 2 Mbit/s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// A full bundle of the largest entries.
const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENVELOPE_MAX_BYTES);
/// Largest blob of the ledger (`docs/formats.md` section 14).
pub const BLOB_BYTES_MAX: usize = 512 * 1024;
/// Longest validator that is sent back.
const ETAG_BYTES_MAX: usize = 256;

/// Why the feed could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The network, or a node that is off.
    #[error("the feed does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// Another status than hoped for.
    #[error("the feed answers {path} with {status}")]
    Status {
        /// What was asked.
        path: String,
        /// The status.
        status: StatusCode,
    },
    /// More bytes than such a file may have.
    #[error("the feed's {0} is too large")]
    TooLarge(String),
    /// The note is no head to show.
    #[error("the feed's head is not to be shown: {0}")]
    Head(#[from] HeadError),
    /// A bundle that does not decode.
    #[error("the feed's {path} is no bundle of entries: {source}")]
    Bundle {
        /// What was asked.
        path: String,
        /// Why.
        source: BadTile,
    },
    /// What was served does not fit what was shown, or itself.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl FollowError {
    /// Whether people must look: something signed or served is false, not only absent.
    pub fn is_contradiction(&self) -> bool {
        match self {
            FollowError::Unreachable(_) | FollowError::Status { .. } => false,
            FollowError::TooLarge(_) | FollowError::Bundle { .. } => true,
            // A quorum that is still being gathered is nobody's lie.
            FollowError::Head(error) => !matches!(error, HeadError::UnderQuorum { .. }),
            FollowError::Book(error) => error.is_contradiction(),
        }
    }

    /// What people are told.
    pub fn vi(&self) -> &'static str {
        match self {
            FollowError::Unreachable(_) => "không kết nối được với nút",
            FollowError::Status { .. } => "nút chưa có dữ liệu cần tải",
            FollowError::TooLarge(_) | FollowError::Bundle { .. } => "nút gửi dữ liệu sai dạng",
            FollowError::Head(HeadError::UnderQuorum { .. }) => {
                "nút chưa có bản đủ đơn vị xác nhận"
            }
            FollowError::Head(_) => "chữ ký trên bản của nút không đúng",
            FollowError::Book(error) => match error {
                BookError::Older { .. } => "nút đưa ra bản cũ hơn bản đã dùng",
                BookError::Fork(_) => "sổ có hai bản trái ngược nhau, cần người xem lại",
                BookError::OtherLedger => "nút giữ một sổ khác",
                BookError::Disk(_) => "không ghi được vào thư mục đệm",
                BookError::RefusedBefore(_) | BookError::Refused { .. } | BookError::MapHead(_) => {
                    "bản có đủ xác nhận nhưng nội dung sai quy tắc, cần người xem lại"
                }
                BookError::WrongRoot(_) | BookError::Misfit => {
                    "dữ liệu nút gửi không khớp với bản đã ký"
                }
            },
        }
    }
}

/// A node's feed, over HTTP with limits on everything.
#[derive(Clone, Debug)]
pub struct Feed {
    url: FeedUrl,
    client: Client,
}

/// What a conditional request gave.
enum Fetched {
    NotModified,
    Bytes(Vec<u8>, Option<HeaderValue>),
}

impl Feed {
    /// A client for one feed. No redirects, no proxies: the operator named the address.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(url: FeedUrl) -> Result<Feed, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Feed { url, client })
    }

    /// A blob by its hash, of whatever content; `None` when the node does not have it. The caller hashes it again.
    ///
    /// # Errors
    /// [`FollowError`] when the node cannot be asked.
    pub async fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, FollowError> {
        match self.get(&format!("blob/{hash}"), BLOB_BYTES_MAX).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(FollowError::Status {
                status: StatusCode::NOT_FOUND | StatusCode::GONE,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The entries of one bundle, as many as the head covers. A partial one that is gone is cut from the full one.
    async fn entries(&self, bundle: Bundle) -> Result<Vec<Vec<u8>>, FollowError> {
        let (path, bytes, bundle_served) =
            match self.get(&bundle.to_string(), BUNDLE_BYTES_MAX).await {
                Err(FollowError::Status {
                    status: StatusCode::NOT_FOUND | StatusCode::GONE,
                    ..
                }) if !bundle.width().is_full() => {
                    let full = bundle.full();
                    (
                        full.to_string(),
                        self.get(&full.to_string(), BUNDLE_BYTES_MAX).await?,
                        full,
                    )
                }
                answer => (bundle.to_string(), answer?, bundle),
            };
        let entries = bundle_served
            .decode(&bytes)
            .map_err(|source| FollowError::Bundle { path, source })?;
        Ok(entries
            .into_iter()
            .take(bundle.width().items())
            .map(<[u8]>::to_vec)
            .collect())
    }

    async fn get(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FollowError> {
        match self.get_if_new(path, bytes_max, None).await? {
            Fetched::Bytes(bytes, _) => Ok(bytes),
            Fetched::NotModified => Err(FollowError::Status {
                path: path.to_owned(),
                status: StatusCode::NOT_MODIFIED,
            }),
        }
    }

    async fn get_if_new(
        &self,
        path: &str,
        bytes_max: usize,
        known: Option<&HeaderValue>,
    ) -> Result<Fetched, FollowError> {
        let mut request = self.client.get(self.url.of(path));
        if let Some(etag) = known {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response = request.send().await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if known.is_some() => return Ok(Fetched::NotModified),
            status => {
                return Err(FollowError::Status {
                    path: path.to_owned(),
                    status,
                });
            }
        }
        let etag = response
            .headers()
            .get(ETAG)
            .filter(|etag| etag.len() <= ETAG_BYTES_MAX)
            .cloned();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > bytes_max {
                return Err(FollowError::TooLarge(path.to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched::Bytes(bytes, etag))
    }
}

/// Follows a feed step by step.
pub struct Follower {
    service: Arc<Service>,
    anchor: Anchor,
    /// Validator of the head that was taken last.
    etag: Option<HeaderValue>,
}

impl Follower {
    /// A follower for a service.
    pub fn new(service: Arc<Service>) -> Follower {
        let anchor = service.config().anchor.clone();
        Follower {
            service,
            anchor,
            etag: None,
        }
    }

    /// Follows until it is dropped. The book must be open.
    pub async fn run(mut self) -> Infallible {
        let mut pause = POLL;
        loop {
            pause = match self.step().await {
                Ok(()) => {
                    self.service.health().went_well(crate::service::now());
                    POLL
                }
                Err(error) => {
                    self.report(&error);
                    (pause * 2).min(BACK_OFF_MAX)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn report(&self, error: &FollowError) {
        let is_news = self
            .service
            .health()
            .went_badly(crate::service::now(), error);
        if is_news && error.is_contradiction() {
            tracing::error!("ĐANG GIỮ BẢN CŨ: {}. {error}", error.vi());
        } else if is_news {
            tracing::warn!("{}: {error}", error.vi());
        }
    }

    /// One step; see the head of this file.
    ///
    /// # Errors
    /// [`FollowError`]; what was shown before still is.
    pub async fn step(&mut self) -> Result<(), FollowError> {
        let fetched = self
            .service
            .feed()
            .get_if_new("checkpoint.cosigned", MAX_NOTE_BYTES, self.etag.as_ref())
            .await?;
        let Fetched::Bytes(note, etag) = fetched else {
            return Ok(());
        };
        let head = VerifiedHead::check(&self.anchor, &note)?;
        let course = self.with_book({
            let head = head.clone();
            move |book| book.offer(&head)
        });
        if let Course::Fetch(from) = course.await? {
            self.fetch(from, &head).await?;
            let commit = head.clone();
            self.with_book(move |book| book.commit(&commit)).await?;
            tracing::info!("đã kiểm tra và dùng bản {} việc", head.size());
        }
        self.etag = etag;
        Ok(())
    }

    async fn fetch(&self, from: TreeSize, head: &VerifiedHead) -> Result<(), FollowError> {
        let mut next = from.0;
        while next < head.size().0 {
            let Some(bundle) = Bundle::in_tree(next / TILE_WIDTH, head.size()) else {
                break;
            };
            let mut entries = self.service.feed().entries(bundle).await?;
            entries.drain(..(next % TILE_WIDTH) as usize);
            next += entries.len() as u64;
            let head = head.clone();
            self.with_book(move |book| book.stage(&head, &entries))
                .await?;
        }
        Ok(())
    }

    /// Hashing and checking take the processor for long; they run where they hold up nobody else.
    async fn with_book<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut crate::book::Book) -> Result<T, BookError> + Send + 'static,
    ) -> Result<T, FollowError> {
        let service = Arc::clone(&self.service);
        let done = tokio::task::spawn_blocking(move || match service.book().as_mut() {
            Some(book) => work(book),
            None => Err(BookError::Disk(std::io::Error::from(
                std::io::ErrorKind::NotConnected,
            ))),
        });
        let stopped = |error| BookError::Disk(std::io::Error::other(error));
        Ok(done.await.map_err(stopped)??)
    }
}
