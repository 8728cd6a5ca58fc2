//! A feed that can be told to lie, and a service that follows it step by step.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ledger_core::ids::TreeSize;
use ledger_core::tile::{Bundle, TILE_WIDTH, encode_bundle};
use qr_service::cache::Folder;
use qr_service::config::{Config, FeedUrl, PublicUrl};
use qr_service::follow::{FollowError, Follower};
use qr_service::service::{Service, now};
use sha2::{Digest, Sha256};

use crate::world::{WITNESSES, World, address, picture, picture_hash};

/// What the feed serves, by path; whoever wants to lie changes it.
#[derive(Default)]
pub struct Files {
    pub files: HashMap<String, Vec<u8>>,
    pub asked: Vec<String>,
    /// Answers 304 given so far.
    pub unchanged: usize,
}

#[derive(Clone, Default)]
pub struct Feed(Arc<Mutex<Files>>);

impl Feed {
    /// Starts an empty feed.
    pub async fn start() -> (Feed, String) {
        let feed = Feed::default();
        let router = Router::new().fallback(serve).with_state(feed.clone());
        (feed, format!("http://{}", listen(router).await))
    }

    /// Publishes a world: its head with the quorum, its entries, its blobs.
    pub fn publish(&self, world: &World) {
        self.entries(world);
        self.put("checkpoint.cosigned", world.note(&WITNESSES[..2], now()));
    }

    /// Publishes the entries only.
    pub fn entries(&self, world: &World) {
        let size = TreeSize(world.size());
        for (index, entries) in (0..).zip(world.entries.chunks(TILE_WIDTH as usize)) {
            let path = Bundle::in_tree(index, size).unwrap().to_string();
            self.put(&path, encode_bundle(entries).unwrap());
        }
        self.put(&format!("blob/{}", picture_hash()), picture());
        self.put(
            &format!("blob/{}", address().commitment()),
            address().encode(),
        );
    }

    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.0
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), bytes.into());
    }

    pub fn remove(&self, path: &str) {
        self.0.lock().unwrap().files.remove(path);
    }

    pub fn clear(&self) {
        self.0.lock().unwrap().files.clear();
    }

    /// Lets somebody spoil a file.
    pub fn spoil(&self, path: &str, how: impl FnOnce(&mut Vec<u8>)) {
        how(self.0.lock().unwrap().files.get_mut(path).unwrap());
    }

    /// What was asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    pub fn unchanged(&self) -> usize {
        self.0.lock().unwrap().unchanged
    }
}

async fn serve(State(feed): State<Feed>, headers: HeaderMap, uri: Uri) -> Response {
    let mut files = feed.0.lock().unwrap();
    let path = uri.path().trim_start_matches('/').to_owned();
    files.asked.push(path.clone());
    let Some(bytes) = files.files.get(&path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(&bytes)));
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == etag)
    {
        files.unchanged += 1;
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, etag)], bytes).into_response()
}

/// Serves on a free port until the test ends.
pub async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A service over a data folder that outlives it.
pub struct Station {
    pub service: Arc<Service>,
    pub follower: Follower,
}

impl Station {
    pub fn open(world: &World, feed: &str, data: &Path) -> Station {
        let config = Config {
            feed: FeedUrl::parse(feed).unwrap(),
            anchor: world.anchor(),
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: PublicUrl::parse("https://txng.example").unwrap(),
            data: data.to_owned(),
        };
        let service = Arc::new(Service::new(config).unwrap());
        service.open(Folder::open(data).unwrap()).unwrap();
        Station {
            follower: Follower::new(Arc::clone(&service)),
            service,
        }
    }

    /// One step, reported as the loop would.
    pub async fn step(&mut self) -> Result<(), FollowError> {
        let step = self.follower.step().await;
        match &step {
            Ok(()) => self.service.health().went_well(now()),
            Err(error) => drop(self.service.health().went_badly(now(), error)),
        }
        step
    }

    /// How many leaves are shown; 0 when nothing is.
    pub async fn size(&self) -> u64 {
        self.service.report().await.size.unwrap_or(0)
    }

    pub async fn status(&self) -> &'static str {
        self.service.report().await.status
    }
}
