//! The service: settings, book, blobs and answers together, and how it starts and stops.
//!
//! In scope: who may touch what, and the one function that makes an answer. Out of scope: HTTP ([`crate::routes`]).

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ledger_core::bundle::BuildError;
use ledger_core::code::{Gtin, PrintedCode};
use ledger_core::ids::{Hash, OrgId, ProductId};
use ledger_core::map_proof::ProveError;
use ledger_core::subject::Subject;
use ledger_core::time::Date;
use ledger_core::verify::business_date;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::blobs::{Blobs, Picture};
use crate::book::Book;
use crate::cache::{Folder, FolderError};
use crate::config::Config;
use crate::follow::{Feed, Follower};
use crate::health::{Health, Report};
use crate::proofs::{Answer, AnswerError, Answers, note_hash};
use crate::routes;
use crate::story::{OrgCard, ProductCard, Story};
use crate::view::{Entry, Named, View, ViewError};

/// Answers being made at once; more wait in line. Each keeps one processor busy for a few milliseconds.
const AT_ONCE_MAX: usize = 8;
/// Answers waiting; a longer line would only time out, so it is told to come back.
const WAITING_MAX: usize = 256;
/// Products claiming one GTIN that are shown; in good order it is one.
const CLAIMS_SHOWN_MAX: usize = 8;

/// Everything that handlers and the follower share.
pub struct Service {
    config: Config,
    feed: Feed,
    blobs: Blobs,
    book: Mutex<Option<Book>>,
    health: Mutex<Health>,
    answers: Mutex<Answers>,
    working: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Why there is no answer now. The fault is this server's, never the asker's.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// No head was verified yet.
    #[error("nothing was verified yet")]
    NotYet,
    /// Too many ask at once.
    #[error("too many ask at once")]
    Busy,
    /// The family is larger than a phone could check.
    #[error("the bundle would be too large")]
    TooLarge,
    /// The cache or the server itself is broken.
    #[error("the answer could not be made: {0}")]
    Broken(String),
}

impl From<ViewError> for Unavailable {
    fn from(error: ViewError) -> Unavailable {
        match error {
            ViewError::Build(
                BuildError::TooLarge | BuildError::Map(ProveError::TooMuchAsked(_)),
            ) => Unavailable::TooLarge,
            other => Unavailable::Broken(other.to_string()),
        }
    }
}

impl From<AnswerError> for Unavailable {
    fn from(error: AnswerError) -> Unavailable {
        Unavailable::Broken(error.to_string())
    }
}

/// What is known of a GTIN.
#[derive(Debug)]
pub struct ProductAnswer {
    /// Each product registered with it, with its organisation.
    pub products: Vec<(ProductCard, OrgCard)>,
    /// The business date.
    pub today: Date,
    /// Whether the ledger is a sample.
    pub is_sample: bool,
}

/// Seconds since 1970 by this machine's clock; the only place that asks.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic between two steps leaves no half-shown state: the book takes what is shown out before it changes it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// A service whose book is still closed.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(config: Config) -> Result<Service, reqwest::Error> {
        Ok(Service {
            feed: Feed::new(config.feed.clone())?,
            blobs: Blobs::new(config.data.join("pictures")),
            config,
            book: Mutex::default(),
            health: Mutex::default(),
            answers: Mutex::default(),
            working: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Semaphore::new(WAITING_MAX),
        })
    }

    /// Opens the book: replays what the cache holds. Takes a while for a long log.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(&self, folder: Folder) -> Result<(), FolderError> {
        let opened = Book::open(self.config.anchor.clone(), folder);
        let (book, remarks) =
            opened.map_err(|error| FolderError::Disk(self.config.data.clone(), error))?;
        for remark in &remarks {
            tracing::warn!("{remark}");
        }
        self.health().remark(remarks);
        *self.book() = Some(book);
        Ok(())
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The node's feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The book; closed until [`Service::open`].
    pub fn book(&self) -> MutexGuard<'_, Option<Book>> {
        locked(&self.book)
    }

    /// How the following goes.
    pub fn health(&self) -> MutexGuard<'_, Health> {
        locked(&self.health)
    }

    /// The report of `/health`.
    pub async fn report(self: &Arc<Self>) -> Report {
        // Not through the line of those who wait for answers: health must be told when that is long.
        let service = Arc::clone(self);
        let head = tokio::task::spawn_blocking(move || {
            service
                .book()
                .as_mut()
                .and_then(Book::shown)
                .map(|view| view.head().clone())
        });
        let head = head.await.ok().flatten();
        self.health().report(head.as_ref())
    }

    /// A look at what is shown, where it holds up nobody else.
    async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut View<'_>) -> Result<T, ViewError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let _line = self.waiting.try_acquire().map_err(|_| Unavailable::Busy)?;
        let place = Arc::clone(&self.working)
            .acquire_owned()
            .await
            .map_err(|_| Unavailable::Busy)?;
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on even when nobody waits for it any more.
            let _place = place;
            let mut book = service.book();
            let mut view = book
                .as_mut()
                .and_then(Book::shown)
                .ok_or(Unavailable::NotYet)?;
            Ok(work(&mut view)?)
        });
        done.await
            .map_err(|error| Unavailable::Broken(error.to_string()))?
    }

    /// The bytes of leaf 0.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn genesis(self: &Arc<Self>) -> Result<Vec<u8>, Unavailable> {
        self.look(|view| Ok(view.genesis().encode())).await
    }

    /// Whether the ledger is a sample; false as long as nothing is known.
    pub async fn is_sample(self: &Arc<Self>) -> bool {
        self.look(|view| Ok(view.genesis().sample.is_some()))
            .await
            .unwrap_or(false)
    }

    /// Whether any event binds a code.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn is_bound(self: &Arc<Self>, code: &PrintedCode) -> Result<bool, Unavailable> {
        let code = code.clone();
        self.look(move |view| view.is_bound(&code)).await
    }

    /// The answer for a code: its bundle, checked. An unknown code has one too, which proves its absence.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn answer(self: &Arc<Self>, code: &PrintedCode) -> Result<Arc<Answer>, Unavailable> {
        let head = self.look(|view| Ok(note_hash(view.head().note()))).await?;
        if let Some(answer) = locked(&self.answers).get(&head, code) {
            return Ok(answer);
        }
        let asked = code.clone();
        let (mut bundle, missing) = self
            .look(move |view| view.bundle(&asked, &Default::default()))
            .await?;
        let openings = self.blobs.openings(&self.feed, &missing).await;
        if !openings.is_empty() {
            let asked = code.clone();
            (bundle, _) = self
                .look(move |view| view.bundle(&asked, &openings))
                .await?;
        }
        let service = Arc::clone(self);
        let checked = tokio::task::spawn_blocking(move || {
            let head = note_hash(&bundle.checkpoint);
            Answer::check(&bundle, &service.config.anchor, now())
                .map(|answer| (head, Arc::new(answer)))
        });
        let (head, answer) = checked
            .await
            .map_err(|error| Unavailable::Broken(error.to_string()))??;
        locked(&self.answers).keep(head, &answer);
        Ok(answer)
    }

    /// The products registered with a GTIN.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn products(self: &Arc<Self>, gtin: Gtin) -> Result<ProductAnswer, Unavailable> {
        let wanted = self
            .look(move |view| public_commitments(view, gtin))
            .await?;
        let openings: Vec<Vec<u8>> = self
            .blobs
            .openings(&self.feed, &wanted)
            .await
            .into_values()
            .collect();
        self.look(move |view| products(view, gtin, &openings)).await
    }

    /// A picture or opening that an event in force names.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn blob(self: &Arc<Self>, hash: Hash) -> Result<Option<Blob>, Unavailable> {
        Ok(match self.look(move |view| Ok(view.named(&hash))).await? {
            Some(Named::Picture) => self
                .blobs
                .picture(&self.feed, hash)
                .await
                .map(Blob::Picture),
            Some(Named::Opening) => self
                .blobs
                .openings(&self.feed, &[hash])
                .await
                .remove(&hash)
                .map(Blob::Opening),
            None => None,
        })
    }
}

/// A blob that events name.
#[derive(Debug)]
pub enum Blob {
    /// A picture; for ever the same.
    Picture(Picture),
    /// An opening; may be erased any day.
    Opening(Vec<u8>),
}

/// Everything about the products of a GTIN and their organisations.
fn entries(view: &View<'_>, gtin: Gtin) -> Result<Vec<Entry>, ViewError> {
    let mut entries = Vec::new();
    for product in view.products(gtin).into_iter().take(CLAIMS_SHOWN_MAX) {
        entries.extend(view.list(&Subject::Organisation(product.org.clone()))?);
        entries.extend(view.list(&Subject::Product(product))?);
    }
    entries.sort_by_key(|entry| entry.index);
    Ok(entries)
}

fn public_commitments(view: &mut View<'_>, gtin: Gtin) -> Result<Vec<Hash>, ViewError> {
    let commitments = entries(view, gtin)?
        .iter()
        .flat_map(|e| {
            e.envelope
                .payload()
                .draft
                .body
                .public_commitments()
                .collect::<Vec<_>>()
        })
        .collect();
    Ok(commitments)
}

fn products(
    view: &mut View<'_>,
    gtin: Gtin,
    openings: &[Vec<u8>],
) -> Result<ProductAnswer, ViewError> {
    let entries = entries(view, gtin)?;
    let today = business_date(view.genesis(), now());
    let products: Vec<ProductId> = view
        .products(gtin)
        .into_iter()
        .take(CLAIMS_SHOWN_MAX)
        .collect();
    let registered = products
        .iter()
        .filter_map(|product| Some((product.org.clone(), view.registered(&product.org)?)));
    let story = Story::new(&entries, openings, registered.collect(), view.genesis());
    let card = |id: &OrgId| story.organisation(id);
    Ok(ProductAnswer {
        products: products
            .iter()
            .map(|id| (story.product(id, today), card(&id.org)))
            .collect(),
        today,
        is_sample: view.genesis().sample.is_some(),
    })
}

/// Why the service could not start or went down.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The address to listen on.
    #[error("không nghe được ở {0}: {1} (cannot listen there)")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The HTTP client.
    #[error("không chuẩn bị được kết nối tới nút: {0} (the HTTP client)")]
    Client(#[from] reqwest::Error),
    /// The HTTP server.
    #[error("dừng vì lỗi mạng: {0} (the HTTP server failed)")]
    Serve(std::io::Error),
}

/// Runs the service until `shutdown` resolves.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| RunError::Listen(config.listen, error))?;
    serve(config, listener, shutdown).await
}

/// As [`run`], on a socket that is already bound.
///
/// # Errors
/// [`RunError`].
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RunError> {
    let folder = Folder::open(&config.data)?;
    let service = Arc::new(Service::new(config)?);
    let server = axum::serve(listener, routes::router(Arc::clone(&service)))
        .with_graceful_shutdown(shutdown);
    tokio::select! {
        served = server => served.map_err(RunError::Serve),
        error = open_and_follow(service, folder) => Err(error),
    }
}

/// Answers "starting" meanwhile: replaying a long log takes minutes, and a phone should be told something. Comes back only
/// when the cache cannot be used at all.
async fn open_and_follow(service: Arc<Service>, folder: Folder) -> RunError {
    let opening = Arc::clone(&service);
    match tokio::task::spawn_blocking(move || opening.open(folder)).await {
        Ok(Ok(())) => match Follower::new(service).run().await {},
        Ok(Err(error)) => error.into(),
        Err(error) => RunError::Serve(std::io::Error::other(error)),
    }
}
