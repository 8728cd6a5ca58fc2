//! All parts against each other: real nodes, real libp2p, real HTTP, a real browser.

mod harness {
    pub mod browser;
}
