//! The language of the ledger: events, signatures, chains, the Merkle log, the map, checkpoints, proofs and
//! their verification.
//!
//! In scope: everything that must give the same answer on a cooperative's PC, at the department, on an auditor's
//! laptop and (in JavaScript) on a buyer's phone. Out of scope: sockets, files, clocks, randomness, threads, log
//! lines; they come in as arguments.
//!
//! The stages of trust: [`sign::Draft`] → [`sign::SignedEvent`] (its signature holds) →
//! [`admit::AdmittedEvent`] (a member's, next in its chain) → [`replica::LoggedEvent`] (has its place in the log).
//!
//! The bytes are specified in `docs/formats.md`; each module names its section.

pub mod add_checkpoint;
pub mod admit;
pub mod anchor;
pub mod body;
pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod code;
pub mod commitment;
pub mod cosignature;
mod decimal;
pub mod encode;
pub mod entitlement;
pub mod evidence;
pub mod export;
pub mod family;
pub mod form;
pub mod gather;
pub mod genesis;
pub mod hold;
pub mod ids;
pub mod key;
pub mod kind;
pub mod lists;
pub mod lot;
pub mod map;
pub mod map_proof;
mod mass;
pub mod merkle;
pub mod note;
pub mod notice;
pub mod placed;
pub mod policy;
pub mod quantity;
pub mod quorum;
pub mod replica;
pub mod roster;
pub mod seen;
pub mod sign;
mod standing;
pub mod store;
pub mod subject;
pub mod sync;
pub mod tile;
pub mod time;
pub mod tlog_proof;
pub mod value;
pub mod verify;
pub mod vkey;
