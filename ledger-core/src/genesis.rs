//! Leaf 0 of the log: what names a ledger and who governs it (`docs/formats.md` section 2).

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::encode::Value;
use crate::ids::{DeviceKey, Hash, LedgerId, OrgId};
use crate::key::PublicKey;
use crate::time::{Date, Timestamp};

/// First field of every genesis.
pub const FORMAT: &str = "ocop-genesis/v1";
/// A genesis holds names and keys; 4 KiB is ten times the usual.
pub const GENESIS_MAX_BYTES: usize = 4_096;
/// Most authority devices: a department has a handful of officers.
pub const AUTHORITY_DEVICES_MAX: usize = 16;

/// What names a ledger and who governs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Name shown to people.
    pub name: String,
    /// Origin of the log's checkpoints.
    pub origin: String,
    /// The key that signs checkpoints.
    pub log_key: PublicKey,
    /// The authority's organisation.
    pub authority: OrgId,
    /// Its name.
    pub authority_name: String,
    /// Its administrator devices at the beginning.
    pub authority_devices: Vec<DeviceKey>,
    /// How many of them must agree to a threshold act (section 7).
    pub authority_threshold: usize,
    /// The device that signs map heads.
    pub sequencer: DeviceKey,
    /// When the ledger was made.
    pub created: Timestamp,
    /// The business date, of a demonstration only.
    pub sample: Option<Date>,
}

/// Bytes that are no genesis. Whoever made or sent the file is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a genesis: {0}")]
pub struct GenesisError(pub &'static str);

impl Genesis {
    /// The bytes that are leaf 0.
    pub fn encode(&self) -> Vec<u8> {
        let devices = self
            .authority_devices
            .iter()
            .map(|key| Value::bytes(&key.0))
            .collect();
        let authority = Value::map([
            ("org", Value::text(&self.authority)),
            ("name", Value::text(&self.authority_name)),
            ("devices", Value::Array(devices)),
            ("threshold", Value::uint(self.authority_threshold as u64)),
        ]);
        let mut entries = vec![
            ("format", Value::text(FORMAT)),
            ("name", Value::text(&self.name)),
            ("origin", Value::text(&self.origin)),
            ("log_key", Value::bytes(&self.log_key.to_bytes())),
            ("authority", authority),
            ("sequencer", Value::bytes(&self.sequencer.0)),
            ("created", self.created.to_value()),
        ];
        entries.extend(self.sample.map(|date| ("sample", Value::text(date))));
        Value::map(entries).encode()
    }

    /// Reads leaf 0.
    ///
    /// # Errors
    /// [`GenesisError`] naming the field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Genesis, GenesisError> {
        if bytes.len() > GENESIS_MAX_BYTES {
            return Err(GenesisError("too long"));
        }
        let value = Value::decode(bytes).map_err(|_| GenesisError("not canonical CBOR"))?;
        let genesis = Genesis::read(&value)?;
        genesis.check()?;
        // Comparing with the only encoding refuses unknown and surplus fields at once.
        if genesis.encode() == bytes {
            Ok(genesis)
        } else {
            Err(GenesisError("unknown fields"))
        }
    }

    /// What the forms of the fields do not say by themselves.
    fn check(&self) -> Result<(), GenesisError> {
        let officers = self.authority_devices.len();
        if !(1..=AUTHORITY_DEVICES_MAX).contains(&officers) {
            return Err(GenesisError("authority devices"));
        }
        if !(1..=officers).contains(&self.authority_threshold) {
            return Err(GenesisError("authority threshold"));
        }
        // One key, one role.
        let devices = self.authority_devices.iter().chain([&self.sequencer]);
        let keys = devices.map(|key| key.0).chain([self.log_key.to_bytes()]);
        if keys.collect::<BTreeSet<_>>().len() == officers + 2 {
            Ok(())
        } else {
            Err(GenesisError("a key has two roles"))
        }
    }

    fn read(value: &Value) -> Result<Genesis, GenesisError> {
        let text = |key| value.get(key).and_then(Value::as_text).map(str::to_owned);
        let key = |v: &Value| v.as_bytes32().and_then(|k| PublicKey::from_bytes(&k).ok());
        let authority = value.get("authority").ok_or(GenesisError("authority"))?;
        let devices = authority
            .get("devices")
            .and_then(Value::as_array)
            .ok_or(GenesisError("authority devices"))?;
        let device = |v: &Value| key(v).map(|k| DeviceKey(k.to_bytes()));
        let sample = match value.get("sample") {
            Some(date) => Some(
                date.as_text()
                    .and_then(|d| Date::parse(d).ok())
                    .ok_or(GenesisError("sample"))?,
            ),
            None => None,
        };
        Ok(Genesis {
            name: text("name").ok_or(GenesisError("name"))?,
            origin: text("origin").ok_or(GenesisError("origin"))?,
            log_key: value
                .get("log_key")
                .and_then(key)
                .ok_or(GenesisError("log_key"))?,
            authority: authority
                .get("org")
                .and_then(Value::as_text)
                .and_then(|org| OrgId::new(org).ok())
                .ok_or(GenesisError("authority org"))?,
            authority_name: authority
                .get("name")
                .and_then(Value::as_text)
                .ok_or(GenesisError("authority name"))?
                .to_owned(),
            authority_devices: devices
                .iter()
                .map(device)
                .collect::<Option<_>>()
                .ok_or(GenesisError("authority devices"))?,
            authority_threshold: authority
                .get("threshold")
                .and_then(Value::as_uint)
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(GenesisError("authority threshold"))?,
            sequencer: value
                .get("sequencer")
                .and_then(device)
                .ok_or(GenesisError("sequencer"))?,
            created: value
                .get("created")
                .and_then(|v| Timestamp::from_value(v).ok())
                .ok_or(GenesisError("created"))?,
            sample,
        })
    }
}

/// The ledger id of a genesis file.
pub fn ledger_id(genesis: &[u8]) -> LedgerId {
    LedgerId(Hash(Sha256::digest(genesis).into()))
}
