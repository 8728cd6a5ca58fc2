//! The label and the answer: what is printed on goods and what a scan of it shows.
//!
//! In scope without any feature: QR codes ([`qr`]) and labels to print ([`label`]), which the
//! node uses too, because a clerk prints offline, before anything is logged. Both are pure: no
//! socket, file or clock, and what they make refers to nothing outside itself.
//! Out of scope: keys, storage and replication (the node), and what a code means (ledger-core).

pub mod label;
pub mod qr;
