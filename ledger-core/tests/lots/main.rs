//! The rules of lots (`docs/rules.md`): each on a small made-up history, and random histories against naive models.
//! Permissions are not asked here: everything said is taken to be in force.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod book;
mod codes;
mod concerns;
mod corrections;
mod creations;
mod days;
mod growing;
mod holds;
mod labels;
mod mass;
