//! Key files under a passphrase: scrypt makes a key of it, ChaCha20-Poly1305 seals the seed, as age does.
//!
//! Scope: the sealed form of one seed, and where the passphrase comes from. Out of scope: files.
//!
//! A sealed file:
//!
//! ```text
//! ocop-key-sealed/v1
//! role log
//! scrypt 15 <salt: 32 hex digits>
//! seed <ciphertext and tag: 96 hex digits>
//! ```
//!
//! The first three lines are authenticated with the seed. The salt is fresh for each file, so each derived key seals
//! one seed and the nonce is zero.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use zeroize::Zeroizing;

use super::KeyFileError;

/// First line of a sealed key file.
pub const FORMAT: &str = "ocop-key-sealed/v1";
/// Work of scrypt for new files: 2^15 blocks, 32 MiB and a tenth of a second.
const WORK: u8 = if cfg!(test) { 10 } else { 15 };
/// Most work that a file may ask for: 1 GiB.
const WORK_MAX: u8 = 20;
/// Shortest passphrase.
pub const PASSPHRASE_CHARS_MIN: usize = 10;
/// The name of the systemd credential (`LoadCredentialEncrypted=`).
pub const CREDENTIAL: &str = "ocop-passphrase";
/// Names a file with the passphrase, for who has no systemd.
pub const PASSPHRASE_FILE: &str = "OCOP_PASSPHRASE_FILE";

/// What opens the keys of a folder; wiped when it is dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase, if it is long enough. Line ends at its end are not part of it.
    pub fn new(text: &str) -> Option<Passphrase> {
        let text = text.trim_end_matches(['\n', '\r']);
        let long = text.chars().count() >= PASSPHRASE_CHARS_MIN;
        long.then(|| Passphrase(Zeroizing::new(text.to_owned())))
    }

    /// The passphrase in a file.
    pub fn read(path: &Path) -> Option<Passphrase> {
        let text = Zeroizing::new(std::fs::read_to_string(path).ok()?);
        Passphrase::new(&text)
    }

    /// Whether two people, or one twice, typed the same.
    pub fn is_same(&self, other: &Passphrase) -> bool {
        self.0 == other.0
    }

    /// The passphrase of this process: a systemd credential, the file that the environment names, or what the person
    /// at the terminal types. Asked for once.
    ///
    /// # Errors
    /// [`KeyFileError::NoPassphrase`].
    pub fn of_process() -> Result<&'static Passphrase, KeyFileError> {
        static FOUND: OnceLock<Option<Passphrase>> = OnceLock::new();
        let found =
            FOUND.get_or_init(|| from_files().or_else(|| ask("Mật khẩu khóa (passphrase): ")));
        found.as_ref().ok_or(KeyFileError::NoPassphrase)
    }

    fn key(&self, work: u8, salt: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let params = scrypt::Params::new(work, 8, 1).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        scrypt::scrypt(self.0.as_bytes(), salt, &params, key.as_mut_slice()).ok()?;
        Some(key)
    }
}

fn from_files() -> Option<Passphrase> {
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| PathBuf::from(folder).join(CREDENTIAL))
        .filter(|path| path.exists());
    let path = credential.or_else(|| std::env::var_os(PASSPHRASE_FILE).map(PathBuf::from))?;
    Passphrase::read(&path)
}

/// Asks the person at the terminal, without showing what is typed. None without a terminal.
pub fn ask(question: &str) -> Option<Passphrase> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let typed = Zeroizing::new(rpassword::prompt_password(question).ok()?);
    Passphrase::new(&typed)
}

/// The text of a sealed file. None when there is no randomness.
pub fn seal(role: &str, seed: &[u8; 32], passphrase: &Passphrase) -> Option<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).ok()?;
    let head = format!(
        "{FORMAT}\nrole {role}\nscrypt {WORK} {}\n",
        hex::encode(salt)
    );
    let key = passphrase.key(WORK, &salt)?;
    let payload = Payload {
        msg: seed,
        aad: head.as_bytes(),
    };
    let sealed = cipher(&key).encrypt(&Nonce::default(), payload).ok()?;
    Some(format!("{head}seed {}\n", hex::encode(sealed)))
}

/// Whether a text is a sealed file.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(FORMAT)
}

/// The seed in a sealed file; none when it is not one for this role. The inner none: another passphrase, or changed.
pub fn open(
    text: &str,
    role: &str,
    passphrase: &Passphrase,
) -> Option<Option<Zeroizing<[u8; 32]>>> {
    let seed_at = text.rfind("seed ")?;
    let (head, seed) = text.split_at(seed_at);
    let rest = head
        .strip_prefix(FORMAT)?
        .strip_prefix(&format!("\nrole {role}\nscrypt "))?;
    let (work, salt) = rest.strip_suffix('\n')?.split_once(' ')?;
    let work: u8 = work.parse().ok().filter(|work| *work <= WORK_MAX)?;
    let salt: [u8; 16] = hex::decode(salt).ok()?.try_into().ok()?;
    let sealed = hex::decode(seed.strip_prefix("seed ")?.strip_suffix('\n')?).ok()?;
    let key = passphrase.key(work, &salt)?;
    let payload = Payload {
        msg: &sealed,
        aad: head.as_bytes(),
    };
    let opened = cipher(&key).decrypt(&Nonce::default(), payload).ok();
    let opened = opened.map(Zeroizing::new);
    Some(opened.and_then(|seed| Some(Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).ok()?))))
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_passphrase_alone() {
        let right = passphrase("cá tra và xoài cát\n");
        let text = seal("log", &[7; 32], &right).unwrap();
        assert!(is_sealed(&text) && !text.contains(&hex::encode([7; 32])));
        assert_eq!(*open(&text, "log", &right).unwrap().unwrap(), [7; 32]);
        let same = passphrase("cá tra và xoài cát");
        assert!(open(&text, "log", &same).unwrap().is_some());
        assert!(
            open(&text, "log", &passphrase("cá tra và xoài keo"))
                .unwrap()
                .is_none()
        );
        assert!(open(&text, "peer", &right).is_none());
        assert_ne!(
            seal("log", &[7; 32], &right).unwrap(),
            text,
            "each file has its own salt"
        );
    }

    #[test]
    fn a_changed_file_is_not_opened() {
        let right = passphrase("cá tra và xoài cát");
        let text = seal("log", &[7; 32], &right).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let Ok(changed) = String::from_utf8(changed) else {
                continue;
            };
            // Also work is authenticated; a file that asks for a gigabyte is refused before it is tried.
            if changed.contains("scrypt 1") || !changed.contains("scrypt") {
                assert!(
                    open(&changed, "log", &right).flatten().is_none(),
                    "{changed}"
                );
            }
        }
        assert!(open(&text.replace("scrypt 10", "scrypt 31"), "log", &right).is_none());
    }

    #[test]
    fn a_short_passphrase_is_none() {
        assert!(Passphrase::new("ngắn quá\n").is_none());
    }
}
