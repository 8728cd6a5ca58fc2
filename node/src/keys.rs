//! Secret keys: made, kept, read, wiped.
//!
//! Scope: key files and who may read them. Out of scope: enrolling public keys (the authority does, in the
//! ledger).
//!
//! One key, one role: a file says its role, a key under another role's name is refused, and so are two files
//! with one key. A log key signs raw text, so an event signed with it would be a forgery kit.

pub mod sealed;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ledger_core::ids::{DeviceKey, OrgId};
use ledger_core::key::PublicKey;
use zeroize::Zeroizing;

use crate::fault::{Faults, Step};
use crate::files::{FileError, atomic_replace, read_small, sync_parent};
use crate::folder::Folder;
use crate::restored::Restored;
use sealed::Passphrase;

/// First line of every key file.
const FORMAT: &str = "ocop-key/v1";
/// A key file has some 110 bytes; whatever is longer is none.
const KEY_FILE_BYTES_MAX: u64 = 512;

/// What a key signs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRole {
    /// Events of one organisation.
    Device(OrgId),
    /// Map heads.
    Sequencer,
    /// Checkpoints.
    Log,
    /// Cosignatures.
    Validator,
    /// Cosignatures of logs of others: that they only grow.
    Witness,
    /// Nothing but libp2p handshakes.
    Peer,
}

/// Why keys are not usable.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The disk is at fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// Others than the owner may read the file.
    #[error(
        "{path} can be read by others (mode {mode:o}); chmod 600 it and consider the key known"
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not a key file, or one for another role.
    #[error("{0} is not a key file for its name")]
    Malformed(PathBuf),
    /// The key stands in two files.
    #[error("{0} and {1} hold the same key")]
    Shared(KeyRole, KeyRole),
    /// The operating system gives no random bytes.
    #[error("no randomness: {0}")]
    NoRandomness(getrandom::Error),
    /// The key is sealed and nobody gave the passphrase.
    #[error("the keys are sealed: give the passphrase at the terminal, as the systemd credential {credential} or in the file that {file} names", credential = sealed::CREDENTIAL, file = sealed::PASSPHRASE_FILE)]
    NoPassphrase,
    /// The passphrase is another one, or the file was changed.
    #[error("{0} is not opened by this passphrase")]
    WrongPassphrase(PathBuf),
    /// There is a key already.
    #[error("{0} exists already; a key is never overwritten")]
    Exists(PathBuf),
}

impl KeyFileError {
    /// What happened and what to do, for people.
    pub fn message_vi(&self) -> String {
        match self {
            KeyFileError::File(e) => e.message_vi(),
            KeyFileError::Exposed { path, .. } => format!(
                "Tệp khóa {} đang cho người khác đọc. Chạy \"chmod 600 {}\"; nếu nghi đã lộ thì xin cấp khóa mới.",
                path.display(),
                path.display()
            ),
            KeyFileError::Malformed(path) => {
                format!(
                    "Tệp {} không phải tệp khóa đúng loại. Khôi phục từ bản sao lưu.",
                    path.display()
                )
            }
            KeyFileError::Shared(a, b) => {
                format!("Khóa \"{a}\" và khóa \"{b}\" trùng nhau. Mỗi khóa chỉ dùng cho một việc.")
            }
            KeyFileError::NoRandomness(_) => {
                "Hệ điều hành không cấp được số ngẫu nhiên, không tạo được khóa.".into()
            }
            KeyFileError::NoPassphrase => format!(
                "Khóa đã mã hóa mà chưa có mật khẩu. Nhập ở màn hình, hoặc đặt qua systemd ({}) hay tệp mà {} chỉ tới.",
                sealed::CREDENTIAL,
                sealed::PASSPHRASE_FILE
            ),
            KeyFileError::WrongPassphrase(path) => format!(
                "Mật khẩu không mở được {}: sai mật khẩu, hoặc tệp đã bị sửa.",
                path.display()
            ),
            KeyFileError::Exists(path) => format!("Đã có khóa {}; không ghi đè.", path.display()),
        }
    }
}

impl KeyRole {
    /// The name of its file in `keys/`.
    pub fn file_name(&self) -> String {
        match self {
            KeyRole::Device(org) => format!("device-{org}.key"),
            KeyRole::Sequencer => "sequencer.key".into(),
            KeyRole::Log => "log.key".into(),
            KeyRole::Validator => "validator.key".into(),
            KeyRole::Witness => "witness.key".into(),
            KeyRole::Peer => "peer.key".into(),
        }
    }

    /// The role of a key file's name.
    pub fn from_file_name(name: &str) -> Option<KeyRole> {
        let role = match name.strip_suffix(".key")? {
            "sequencer" => KeyRole::Sequencer,
            "log" => KeyRole::Log,
            "validator" => KeyRole::Validator,
            "witness" => KeyRole::Witness,
            "peer" => KeyRole::Peer,
            device => KeyRole::Device(OrgId::new(device.strip_prefix("device-")?).ok()?),
        };
        Some(role)
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyRole::Device(org) => write!(f, "device {org}"),
            KeyRole::Sequencer => f.write_str("sequencer"),
            KeyRole::Log => f.write_str("log"),
            KeyRole::Validator => f.write_str("validator"),
            KeyRole::Witness => f.write_str("witness"),
            KeyRole::Peer => f.write_str("peer"),
        }
    }
}

/// The keys of one node. dalek wipes each when it is dropped.
pub struct Keys(BTreeMap<KeyRole, SigningKey>);

impl Keys {
    /// Reads every key file of a folder.
    ///
    /// # Errors
    /// [`KeyFileError`]; one bad file refuses all, for a node must not run with half of its keys.
    pub fn load(folder: &Path) -> Result<Keys, KeyFileError> {
        let list = |e| FileError::io("list", folder, e);
        let mut keys: BTreeMap<KeyRole, SigningKey> = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(list)? {
            let path = entry.map_err(list)?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let Some(role) = KeyRole::from_file_name(name) else {
                continue;
            };
            let key = read(&path, &role)?;
            if let Some((other, _)) = keys
                .iter()
                .find(|(_, known)| known.verifying_key() == key.verifying_key())
            {
                return Err(KeyFileError::Shared(other.clone(), role));
            }
            keys.insert(role, key);
        }
        Ok(Keys(keys))
    }

    /// The key of a role.
    pub fn get(&self, role: &KeyRole) -> Option<&SigningKey> {
        self.0.get(role)
    }

    /// The key with which an organisation's device on this node signs.
    pub fn device(&self, org: &OrgId) -> Option<&SigningKey> {
        self.get(&KeyRole::Device(org.clone()))
    }

    /// The organisations whose devices live here.
    pub fn organisations(&self) -> impl Iterator<Item = &OrgId> {
        self.0.keys().filter_map(|role| match role {
            KeyRole::Device(org) => Some(org),
            _ => None,
        })
    }

    /// Every role with its public key, for showing to people.
    pub fn public(&self) -> impl Iterator<Item = (&KeyRole, PublicKey)> {
        self.0.iter().map(|(role, key)| (role, PublicKey::of(key)))
    }

    /// The seed of the libp2p identity.
    pub fn peer_seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        self.get(&KeyRole::Peer)
            .map(|key| Zeroizing::new(key.to_bytes()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The key as devices are named in the ledger.
pub fn device_key(key: &SigningKey) -> DeviceKey {
    DeviceKey(PublicKey::of(key).to_bytes())
}

/// Makes a key and keeps it durably; or reads the one that is there.
///
/// # Errors
/// [`KeyFileError`].
pub fn load_or_generate(folder: &Path, role: &KeyRole) -> Result<SigningKey, KeyFileError> {
    let path = folder.join(role.file_name());
    if path.exists() {
        read(&path, role)
    } else {
        generate(folder, role)
    }
}

fn generate(folder: &Path, role: &KeyRole) -> Result<SigningKey, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(KeyFileError::NoRandomness)?;
    write(folder, role, &seed)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Keeps a key that was made elsewhere, such as the fixed ones of a test. Never overwrites.
///
/// # Errors
/// [`KeyFileError`].
pub fn write(folder: &Path, role: &KeyRole, seed: &[u8; 32]) -> Result<(), KeyFileError> {
    create_private_directory(folder)?;
    let path = folder.join(role.file_name());
    let text = plain_text(role, seed);
    write_private(&path, text.as_bytes()).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.clone()),
        _ => FileError::io("write", &path, source).into(),
    })
}

fn plain_text(role: &KeyRole, seed: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex::encode(seed));
    Zeroizing::new(format!("{FORMAT}\nrole {role}\nseed {}\n", *digits))
}

fn sealed_text(
    role: &KeyRole,
    seed: &[u8; 32],
    passphrase: &Passphrase,
) -> Result<Zeroizing<String>, KeyFileError> {
    let sealed = sealed::seal(&role.to_string(), seed, passphrase);
    // Only randomness can be missing: the work is our own.
    sealed
        .map(Zeroizing::new)
        .ok_or(KeyFileError::NoRandomness(getrandom::Error::UNSUPPORTED))
}

/// Writes every key file anew, under a passphrase or without one. Each file is the old one or the new one, whenever
/// the machine dies; who is asked for a passphrase then may have to give either. Returns how many there are.
///
/// # Errors
/// [`KeyFileError`].
pub fn reseal(folder: &Path, passphrase: Option<&Passphrase>) -> Result<usize, KeyFileError> {
    let keys = Keys::load(folder)?;
    for (role, key) in &keys.0 {
        let seed = Zeroizing::new(key.to_bytes());
        let text = match passphrase {
            Some(passphrase) => sealed_text(role, &seed, passphrase)?,
            None => plain_text(role, &seed),
        };
        replace_private(&folder.join(role.file_name()), text.as_bytes())?;
    }
    Ok(keys.0.len())
}

/// Sets a key aside and makes a new one, sealed if the old one was. Returns where the old one is.
///
/// # Errors
/// [`KeyFileError`].
pub fn rotate(folder: &Path, role: &KeyRole) -> Result<PathBuf, KeyFileError> {
    let path = folder.join(role.file_name());
    let retired = folder.join("retired");
    create_private_directory(&retired)?;
    let was_sealed = match read_small(&path, KEY_FILE_BYTES_MAX)?.map(Zeroizing::new) {
        Some(bytes) => std::str::from_utf8(&bytes).is_ok_and(sealed::is_sealed),
        None => return Err(FileError::io("read", &path, io::ErrorKind::NotFound.into()).into()),
    };
    // The passphrase first: a key that cannot be sealed must not take the place of one that was.
    let passphrase = was_sealed.then(Passphrase::of_process).transpose()?;
    let old = public_of(&path, role)?;
    let kept = retired.join(format!("{}-{}", hex::encode(&old[..4]), role.file_name()));
    // Dying behind this: there is no key, and "node init" or the same command again makes one.
    fs::rename(&path, &kept).map_err(|e| FileError::io("move", &path, e))?;
    sync_parent(&kept)?;
    let key = generate(folder, role)?;
    if let Some(passphrase) = passphrase {
        let seed = Zeroizing::new(key.to_bytes());
        replace_private(&path, sealed_text(role, &seed, passphrase)?.as_bytes())?;
    }
    Ok(kept)
}

fn public_of(path: &Path, role: &KeyRole) -> Result<[u8; 32], KeyFileError> {
    Ok(PublicKey::of(&read(path, role)?).to_bytes())
}

/// A new witness key has cosigned nothing: its memory is empty, and no mark of restoring is about it.
///
/// # Errors
/// [`FileError`].
pub fn begin_witness_anew(folder: &Folder) -> Result<(), FileError> {
    let faults = Faults::none();
    atomic_replace(&folder.witness_state(), b"", Step::WitnessState, &faults)?;
    match Restored::read(folder)? {
        Some(mut mark) => mark.learnt(folder, &KeyRole::Witness, &faults),
        None => Ok(()),
    }
}

/// Replaces a file that only its owner may read, whole and durably.
fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    let new = path.with_extension("key.new");
    let failed = |e| FileError::io("replace", path, e);
    if new.exists() {
        fs::remove_file(&new).map_err(failed)?;
    }
    write_private(&new, bytes).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)?;
    Ok(sync_parent(path)?)
}

/// Writes a new file that only its owner may read, durably. Fails when there is one.
///
/// # Errors
/// The operating system's.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_parent(path).map_err(io::Error::other)
}

/// Makes a directory that only its owner may enter.
///
/// # Errors
/// [`KeyFileError::File`].
pub fn create_private_directory(folder: &Path) -> Result<(), KeyFileError> {
    crate::files::create_directory(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|e| FileError::io("protect", folder, e))?;
    }
    Ok(())
}

fn read(path: &Path, role: &KeyRole) -> Result<SigningKey, KeyFileError> {
    guard(path)?;
    let malformed = || KeyFileError::Malformed(path.to_owned());
    let bytes = Zeroizing::new(read_small(path, KEY_FILE_BYTES_MAX)?.ok_or_else(malformed)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
    if sealed::is_sealed(text) {
        let opened = sealed::open(text, &role.to_string(), Passphrase::of_process()?);
        let seed = opened.ok_or_else(malformed)?;
        let seed = seed.ok_or_else(|| KeyFileError::WrongPassphrase(path.to_owned()))?;
        return Ok(SigningKey::from_bytes(&seed));
    }
    let rest = text
        .strip_prefix(FORMAT)
        .and_then(|rest| rest.strip_prefix(&format!("\nrole {role}\nseed ")));
    let digits = rest
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or_else(malformed)?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, seed.as_mut_slice()).map_err(|_| malformed())?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Refuses a file that others may read.
#[cfg(unix)]
fn guard(path: &Path) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|e| FileError::io("read", path, e))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn guard(_: &Path) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn org(text: &str) -> OrgId {
        OrgId::new(text).unwrap()
    }

    #[test]
    fn a_new_key_takes_the_place_of_the_old_one_which_is_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        for role in [KeyRole::Validator, KeyRole::Witness, KeyRole::Peer] {
            let old = load_or_generate(&folder.keys(), &role).unwrap();
            let kept = rotate(&folder.keys(), &role).unwrap();
            let new = load_or_generate(&folder.keys(), &role).unwrap();
            assert_ne!(old.to_bytes(), new.to_bytes());
            assert_eq!(read(&kept, &role).unwrap().to_bytes(), old.to_bytes());
            // What is set aside is not loaded.
            let keys = Keys::load(&folder.keys()).unwrap();
            assert_eq!(keys.get(&role).unwrap().to_bytes(), new.to_bytes());
        }
        let roles = [KeyRole::Witness];
        Restored::mark(&folder, roles, 7, &Faults::none()).unwrap();
        begin_witness_anew(&folder).unwrap();
        assert!(!folder.restored().exists() && folder.witness_state().exists());
        assert!(rotate(&folder.keys(), &KeyRole::Log).is_err());
    }

    #[test]
    fn keys_are_made_once_and_read_back_by_role() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        let roles = [
            KeyRole::Device(org("ORG-01")),
            KeyRole::Device(org("ORG-02")),
            KeyRole::Log,
            KeyRole::Peer,
        ];
        let made: Vec<_> = roles
            .iter()
            .map(|role| load_or_generate(&folder, role).unwrap())
            .collect();
        let keys = Keys::load(&folder).unwrap();
        for (role, key) in roles.iter().zip(&made) {
            assert_eq!(keys.get(role).unwrap().to_bytes(), key.to_bytes());
            assert_eq!(
                load_or_generate(&folder, role).unwrap().to_bytes(),
                key.to_bytes()
            );
        }
        assert!(keys.get(&KeyRole::Validator).is_none());
        assert_eq!(
            keys.organisations().collect::<Vec<_>>(),
            [&org("ORG-01"), &org("ORG-02")]
        );
        assert!(matches!(
            write(&folder, &KeyRole::Log, &[1; 32]),
            Err(KeyFileError::Exists(_))
        ));
        assert!(!format!("{keys:?}").contains(&hex::encode(made[0].to_bytes())));
    }

    #[test]
    fn one_key_has_one_role() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &KeyRole::Log, &[1; 32]).unwrap();
        fs::copy(dir.path().join("log.key"), dir.path().join("validator.key")).unwrap();
        assert!(matches!(
            Keys::load(dir.path()),
            Err(KeyFileError::Malformed(_))
        ));
        fs::remove_file(dir.path().join("validator.key")).unwrap();
        write(dir.path(), &KeyRole::Validator, &[1; 32]).unwrap();
        assert!(matches!(
            Keys::load(dir.path()),
            Err(KeyFileError::Shared(..))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &KeyRole::Peer, &[1; 32]).unwrap();
        let path = dir.path().join("peer.key");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = Keys::load(dir.path()).unwrap_err();
            assert!(
                matches!(error, KeyFileError::Exposed { .. })
                    && error.message_vi().contains("chmod 600")
            );
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for text in [
            "",
            "ocop-key/v1\nrole log\nseed 00\n",
            &"7".repeat(64),
            &"x".repeat(600),
        ] {
            let path = dir.path().join("log.key");
            write_private(&path, text.as_bytes()).unwrap();
            assert!(Keys::load(dir.path()).is_err(), "{text}");
            fs::remove_file(&path).unwrap();
        }
    }
}
