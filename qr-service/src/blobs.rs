//! What events name by hash and keep outside the log: pictures and the openings of public commitments.
//!
//! In scope: having them at hand, each hashed again when it comes in. Out of scope: which are named ([`crate::book`]).
//!
//! Pictures stay on disk. Openings may hold what somebody has a right to have erased, so they are kept in memory only and
//! asked for again after [`OPENING_KEPT`]: what is erased at the node is soon gone here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger_core::commitment::{OPENING_MAX_BYTES, Opening, commit};
use ledger_core::ids::Hash;
use sha2::{Digest, Sha256};

use crate::follow::{BLOB_BYTES_MAX, Feed};

/// How long an opening is kept before the node is asked again.
pub const OPENING_KEPT: Duration = Duration::from_secs(600);
/// How long a blob that the node did not have is not asked for again.
pub const MISSING_KEPT: Duration = Duration::from_secs(30);
/// Longest wait for one blob while somebody waits for a page.
const BLOB_TIMEOUT: Duration = Duration::from_secs(3);
/// Most openings fetched for one page; a family of lots has a few dozen organisations and places.
const OPENINGS_PER_PAGE_MAX: usize = 64;
/// Most openings and absences remembered at once: at most 128 MiB, usually 1.
const REMEMBERED_MAX: usize = 8_192;
/// The fields that may hold a public commitment (`docs/formats.md` section 6). An opening of another path, such as
/// `facts`, is not public, whatever event names its commitment.
const PUBLIC_PATHS: [&str; 5] = ["name", "address", "old_address", "tax", "label_address"];

/// The kinds of picture that are served, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PictureType {
    Png,
    Jpeg,
    Webp,
}

impl PictureType {
    /// Looks at the first bytes.
    pub fn of(bytes: &[u8]) -> Option<PictureType> {
        match bytes {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(PictureType::Png),
            [0xff, 0xd8, 0xff, ..] => Some(PictureType::Jpeg),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(PictureType::Webp),
            _ => None,
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureType::Png => "image/png",
            PictureType::Jpeg => "image/jpeg",
            PictureType::Webp => "image/webp",
        }
    }
}

/// A picture that is what its hash says.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it is.
    pub kind: PictureType,
    /// The file.
    pub bytes: Vec<u8>,
}

/// An opening as last asked for, or its absence.
struct Remembered {
    at: Instant,
    opening: Option<Vec<u8>>,
}

/// Blobs at hand.
pub struct Blobs {
    pictures: PathBuf,
    remembered: Mutex<HashMap<Hash, Remembered>>,
}

impl Blobs {
    /// Pictures are kept in this folder.
    pub fn new(pictures: PathBuf) -> Blobs {
        Blobs {
            pictures,
            remembered: Mutex::default(),
        }
    }

    /// The picture of a hash that an event names, if the node has it too.
    pub async fn picture(&self, feed: &Feed, hash: Hash) -> Option<Picture> {
        let path = self.pictures.join(hash.to_string());
        if let Some(picture) = tokio::fs::read(&path)
            .await
            .ok()
            .and_then(|bytes| check_picture(&hash, bytes))
        {
            return Some(picture);
        }
        if self.recall(&hash).is_some() {
            return None;
        }
        let Some(picture) = fetch(feed, &hash)
            .await
            .and_then(|bytes| check_picture(&hash, bytes))
        else {
            self.remember(hash, None);
            return None;
        };
        if let Err(error) = keep(&path, &picture.bytes).await {
            tracing::warn!("không ghi được hình vào bản đệm: {error}");
        }
        Some(picture)
    }

    /// The openings of commitments that events name publicly, as far as the node has them.
    pub async fn openings(&self, feed: &Feed, wanted: &[Hash]) -> HashMap<Hash, Vec<u8>> {
        let mut found = HashMap::new();
        for hash in wanted.iter().take(OPENINGS_PER_PAGE_MAX) {
            let known = self.recall(hash);
            let opening = match known {
                Some(known) => known,
                None => self.fetch_opening(feed, hash).await,
            };
            found.extend(opening.map(|opening| (*hash, opening)));
        }
        found
    }

    async fn fetch_opening(&self, feed: &Feed, hash: &Hash) -> Option<Vec<u8>> {
        let opening = fetch(feed, hash)
            .await
            .filter(|bytes| is_public_opening(hash, bytes));
        self.remember(*hash, opening.clone());
        opening
    }

    /// What is still remembered: an opening, or that there was none.
    fn recall(&self, hash: &Hash) -> Option<Option<Vec<u8>>> {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = remembered.get(hash)?;
        let kept = if known.opening.is_some() {
            OPENING_KEPT
        } else {
            MISSING_KEPT
        };
        (known.at.elapsed() < kept).then(|| known.opening.clone())
    }

    fn remember(&self, hash: Hash, opening: Option<Vec<u8>>) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        // What expired goes now, not only when it is asked for: erased means erased from memory too.
        remembered.retain(|_, known| known.at.elapsed() < OPENING_KEPT);
        remembered.insert(
            hash,
            Remembered {
                at: Instant::now(),
                opening,
            },
        );
    }
}

async fn fetch(feed: &Feed, hash: &Hash) -> Option<Vec<u8>> {
    match tokio::time::timeout(BLOB_TIMEOUT, feed.blob(hash)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            tracing::debug!("blob {hash}: {error}");
            None
        }
        Err(_) => None,
    }
}

fn check_picture(hash: &Hash, bytes: Vec<u8>) -> Option<Picture> {
    let genuine = bytes.len() <= BLOB_BYTES_MAX && Sha256::digest(&bytes)[..] == hash.0;
    let kind = PictureType::of(&bytes).filter(|_| genuine)?;
    Some(Picture { kind, bytes })
}

fn is_public_opening(hash: &Hash, bytes: &[u8]) -> bool {
    let opening = Opening::decode(bytes)
        .ok()
        .filter(|_| bytes.len() <= OPENING_MAX_BYTES && commit(bytes) == *hash);
    opening.is_some_and(|opening| PUBLIC_PATHS.contains(&opening.path.as_str()))
}

async fn keep(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    tokio::fs::write(&temporary, bytes).await?;
    tokio::fs::rename(temporary, path).await
}

#[cfg(test)]
mod tests {
    use ledger_core::encode::Value;

    use super::*;

    #[test]
    fn only_pictures_that_are_what_their_hash_says() {
        let png = b"\x89PNG\r\n\x1a\n rest".to_vec();
        let hash = |bytes: &[u8]| Hash(Sha256::digest(bytes).into());
        assert!(check_picture(&hash(&png), png.clone()).is_some());
        assert!(check_picture(&Hash([1; 32]), png).is_none());
        let page = b"<html>".to_vec();
        assert!(check_picture(&hash(&page), page).is_none());
    }

    #[test]
    fn an_opening_that_is_not_public_stays_closed() {
        let opening = |path: &str| Opening {
            path: path.into(),
            salt: [7; 32],
            value: Value::text("x"),
        };
        let public = opening("name");
        assert!(is_public_opening(&public.commitment(), &public.encode()));
        assert!(!is_public_opening(&Hash([1; 32]), &public.encode()));
        let sealed = opening("facts");
        assert!(!is_public_opening(&sealed.commitment(), &sealed.encode()));
    }
}
