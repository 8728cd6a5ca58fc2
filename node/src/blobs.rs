//! Pictures and openings by hash: kept beside the log, replicated among members, erasable.
//!
//! Scope: which bytes may be kept, under which name, and erasing them. Out of scope: which of them events name
//! (`ledger/writer.rs`), who may have an opening (`ledger/private.rs`).
//!
//! Invariants:
//! - A picture stands under its SHA-256, an opening under its commitment; both are hashed again when read.
//! - What was erased does not come back: a tombstone stands in its place.

use std::fs;
use std::path::{Path, PathBuf};

use ledger_core::commitment::{OPENING_MAX_BYTES, Opening, commit};
use ledger_core::ids::Hash;
use sha2::{Digest, Sha256};

use crate::fault::{Faults, Step};
use crate::files::{
    FileError, atomic_replace, create_directory, read_small, remove_unfinished, sync_parent,
};

/// Largest picture (`docs/formats.md` section 14).
pub const PICTURE_MAX_BYTES: usize = 512 * 1024;
/// How the name of a tombstone ends.
const ERASED_SUFFIX: &str = ".erased";
/// A picture or opening whose hash was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    bytes: Vec<u8>,
    kind: BlobKind,
}

/// What a blob is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobKind {
    /// A PNG picture.
    Png,
    /// A JPEG picture.
    Jpeg,
    /// A WebP picture.
    Webp,
    /// The opening of the commitment in this field.
    Opening(String),
}

/// What there is under a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The blob.
    Here(Blob),
    /// It was here and was erased.
    Erased,
    /// It was never here.
    Unknown,
}

/// Why bytes are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// Whoever offers it: not PNG, JPEG or WebP.
    #[error("not a PNG, JPEG or WebP picture")]
    NotAPicture,
    /// Whoever offers it: more than [`PICTURE_MAX_BYTES`].
    #[error("larger than {PICTURE_MAX_BYTES} bytes")]
    TooLarge,
    /// Whoever offers it: not an opening of the form in `docs/formats.md` section 5.
    #[error("not an opening")]
    NotAnOpening,
    /// It was erased here on purpose.
    #[error("it was erased here")]
    Erased,
}

impl BlobError {
    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            BlobError::NotAPicture => "KHONG_PHAI_ANH",
            BlobError::TooLarge => "QUA_LON",
            BlobError::NotAnOpening => "SAI_DANG",
            BlobError::Erased => "DA_XOA",
        }
    }

    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            BlobError::NotAPicture => {
                "Tệp không phải ảnh PNG, JPEG hoặc WebP. Chọn ảnh khác.".into()
            }
            BlobError::TooLarge => "Ảnh lớn hơn 512 KiB. Thu nhỏ ảnh rồi gửi lại.".into(),
            BlobError::NotAnOpening => "Phần dữ liệu kèm theo không đúng dạng.".into(),
            BlobError::Erased => {
                "Tệp này đã được xóa khỏi nút theo yêu cầu, không nhận lại.".into()
            }
        }
    }
}

impl Blob {
    /// Recognises a picture by its first bytes, and only the three kinds that every browser shows.
    fn picture(bytes: Vec<u8>) -> Result<Blob, BlobError> {
        let kind = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => BlobKind::Png,
            [0xff, 0xd8, 0xff, ..] => BlobKind::Jpeg,
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
            ] => BlobKind::Webp,
            _ => return Err(BlobError::NotAPicture),
        };
        if bytes.len() > PICTURE_MAX_BYTES {
            Err(BlobError::TooLarge)
        } else {
            Ok(Blob { bytes, kind })
        }
    }

    fn opening(bytes: Vec<u8>) -> Result<Blob, BlobError> {
        let opening = Opening::decode(&bytes).map_err(|_| BlobError::NotAnOpening)?;
        Ok(Blob {
            bytes,
            kind: BlobKind::Opening(opening.path),
        })
    }

    /// The hash that events name it by.
    pub fn hash(&self) -> Hash {
        match self.kind {
            BlobKind::Opening(_) => commit(&self.bytes),
            _ => Hash(Sha256::digest(&self.bytes).into()),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, given up.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What it is.
    pub fn kind(&self) -> &BlobKind {
        &self.kind
    }

    /// The media type for HTTP.
    pub fn media_type(&self) -> &'static str {
        match self.kind {
            BlobKind::Png => "image/png",
            BlobKind::Jpeg => "image/jpeg",
            BlobKind::Webp => "image/webp",
            BlobKind::Opening(_) => "application/cbor",
        }
    }
}

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    faults: Faults,
}

impl Blobs {
    /// Opens the folder, creating it if need be; removes unfinished files.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(folder: &Path, faults: Faults) -> Result<Blobs, FileError> {
        create_directory(folder)?;
        remove_unfinished(folder)?;
        Ok(Blobs {
            folder: folder.to_owned(),
            faults,
        })
    }

    /// The folder for somebody who only reads, beside a node that may be writing.
    pub fn to_read(folder: &Path) -> Blobs {
        Blobs {
            folder: folder.to_owned(),
            faults: Faults::none(),
        }
    }

    /// Reads bytes that are offered, without keeping them.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn recognise(bytes: Vec<u8>, opening: bool) -> Result<Blob, BlobError> {
        if opening {
            Blob::opening(bytes)
        } else {
            Blob::picture(bytes)
        }
    }

    /// Keeps a blob durably.
    ///
    /// # Errors
    /// [`FileError`]; the outer one is the disk's.
    pub fn put(&self, blob: &Blob) -> Result<Result<Hash, BlobError>, FileError> {
        let hash = blob.hash();
        if self.is_erased(&hash) {
            return Ok(Err(BlobError::Erased));
        }
        if !self.path(&hash).exists() {
            atomic_replace(&self.path(&hash), &blob.bytes, Step::Blob, &self.faults)?;
        }
        Ok(Ok(hash))
    }

    /// Looks a blob up and hashes it again.
    ///
    /// # Errors
    /// [`FileError::Damaged`] when its bytes are not what its name says.
    pub fn get(&self, hash: &Hash) -> Result<Lookup, FileError> {
        if self.is_erased(hash) {
            return Ok(Lookup::Erased);
        }
        let path = self.path(hash);
        let Some(bytes) = read_small(&path, PICTURE_MAX_BYTES.max(OPENING_MAX_BYTES) as u64)?
        else {
            return Ok(Lookup::Unknown);
        };
        let opening = commit(&bytes) == *hash;
        match Blobs::recognise(bytes, opening) {
            Ok(blob) if blob.hash() == *hash => Ok(Lookup::Here(blob)),
            _ => Err(FileError::Damaged {
                path,
                record: 0,
                offset: 0,
                what: "its bytes are not what its name says",
            }),
        }
    }

    /// Whether there is nothing under a hash, not even a tombstone.
    pub fn is_missing(&self, hash: &Hash) -> bool {
        !self.path(hash).exists() && !self.is_erased(hash)
    }

    /// Erases a blob, or makes sure that it will not be taken.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn erase(&self, hash: &Hash) -> Result<(), FileError> {
        // Dying after the tombstone leaves bytes that nobody is given; the next erasing removes them.
        atomic_replace(&self.tombstone(hash), b"", Step::Blob, &self.faults)?;
        let path = self.path(hash);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::io("remove", &path, e))
            }
            _ => sync_parent(&path),
        }
    }

    /// The same, for what may be erased already.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn erase_once(&self, hash: &Hash) -> Result<(), FileError> {
        if self.is_erased(hash) && !self.path(hash).exists() {
            Ok(())
        } else {
            self.erase(hash)
        }
    }

    /// Every hash that has a blob here.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn all(&self) -> Result<Vec<Hash>, FileError> {
        let error = |e| FileError::io("list", &self.folder, e);
        let mut hashes = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            let bytes = name.to_str().and_then(|name| hex::decode(name).ok());
            hashes.extend(bytes.and_then(|bytes| bytes.try_into().ok()).map(Hash));
        }
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn is_erased(&self, hash: &Hash) -> bool {
        self.tombstone(hash).exists()
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        self.folder.join(hash.to_string())
    }

    fn tombstone(&self, hash: &Hash) -> PathBuf {
        self.folder.join(format!("{hash}{ERASED_SUFFIX}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use ledger_core::encode::Value;

    fn png(len: usize) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.resize(len, 7);
        bytes
    }

    fn opening(path: &str) -> Vec<u8> {
        Opening {
            path: path.into(),
            salt: [9; 32],
            value: Value::text("Hộ mẫu"),
        }
        .encode()
    }

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path(), Faults::none()).unwrap();
        (dir, blobs)
    }

    #[test]
    fn only_three_kinds_of_pictures_up_to_the_limit() {
        for bytes in [
            png(PICTURE_MAX_BYTES),
            b"\xff\xd8\xff\xe0".to_vec(),
            b"RIFF\0\0\0\0WEBPVP8 ".to_vec(),
        ] {
            assert!(Blobs::recognise(bytes, false).is_ok());
        }
        assert!(matches!(
            Blobs::recognise(png(PICTURE_MAX_BYTES + 1), false),
            Err(BlobError::TooLarge)
        ));
        for bytes in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            b"",
            b"RIFF\0\0\0\0WAVE",
        ] {
            assert!(matches!(
                Blobs::recognise(bytes.to_vec(), false),
                Err(BlobError::NotAPicture)
            ));
        }
    }

    #[test]
    fn an_opening_stands_under_its_commitment_and_names_its_field() {
        let (_dir, blobs) = blobs();
        for field in ["name", "facts"] {
            let blob = Blobs::recognise(opening(field), true).unwrap();
            assert_eq!(blob.kind(), &BlobKind::Opening(field.into()));
            let hash = blobs.put(&blob).unwrap().unwrap();
            assert_eq!(hash, commit(&opening(field)));
            assert_eq!(blobs.get(&hash).unwrap(), Lookup::Here(blob));
        }
        assert!(matches!(
            Blobs::recognise(vec![0x83, 1, 2, 3], true),
            Err(BlobError::NotAnOpening)
        ));
        assert!(matches!(
            Blobs::recognise(vec![0; OPENING_MAX_BYTES + 1], true),
            Err(BlobError::NotAnOpening)
        ));
    }

    #[test]
    fn what_was_erased_is_gone_and_does_not_come_back() {
        let (dir, blobs) = blobs();
        let blob = Blobs::recognise(png(100), false).unwrap();
        let hash = blob.hash();
        assert_eq!(blobs.get(&hash).unwrap(), Lookup::Unknown);
        assert!(blobs.is_missing(&hash));
        blobs.put(&blob).unwrap().unwrap();
        assert_eq!(blobs.all().unwrap(), [hash]);
        blobs.erase(&hash).unwrap();
        blobs.erase(&hash).unwrap();
        assert_eq!(blobs.get(&hash).unwrap(), Lookup::Erased);
        assert!(!blobs.is_missing(&hash));
        assert!(matches!(blobs.put(&blob).unwrap(), Err(BlobError::Erased)));
        assert!(blobs.all().unwrap().is_empty());
        assert!(!dir.path().join(hash.to_string()).exists());
    }

    #[test]
    fn changed_bytes_are_not_given_out() {
        let (dir, blobs) = blobs();
        let hash = blobs
            .put(&Blobs::recognise(png(100), false).unwrap())
            .unwrap()
            .unwrap();
        fs::write(dir.path().join(hash.to_string()), png(101)).unwrap();
        assert!(matches!(blobs.get(&hash), Err(FileError::Damaged { .. })));
    }
}
