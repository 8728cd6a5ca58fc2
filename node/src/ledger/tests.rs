#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod crash;
mod follow;
mod handle;
mod learning;
mod recovery;
mod sequence;
