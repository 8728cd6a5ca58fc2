//! What governance lets happen, and every reason for which an event is void (sections 7 and 8).

mod anchor;
mod forks;
mod keys;
mod permission;
mod reference;
mod standing;
mod threshold;

use serde_json::{Value as Json, json};

use super::Story;
use super::scene::{AUTHORITY, Scene, hex_bytes, key_of};

pub use anchor::anchored;

const SECOND: &str = "SO hai";
const THIRD: &str = "SO ba";

pub fn stories() -> Vec<Story> {
    [
        permission::not_permitted(),
        reference::no_reference(),
        keys::bad_keys(),
        standing::suspended(),
        standing::nothing_changes(),
        forks::no_forks(),
        threshold::thresholds(),
        anchor::bad_rules(),
        anchor::anchors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn told(name: &str, shows: &str, begin: fn() -> Scene, tell: fn(&mut Scene)) -> Story {
    Story::new(name, shows, move |_| {
        let mut scene = begin();
        tell(&mut scene);
        scene.log()
    })
}

/// Three officers, two of whom must agree.
pub fn officers() -> Scene {
    Scene::with_officers(&[AUTHORITY, SECOND, THIRD], 2)
}

/// An organisation is admitted.
pub fn org(id: &str, roles: &[&str]) -> Json {
    json!({"kind": "org", "id": id, "name": id, "roles": roles})
}

/// An officer, or a validator, agrees.
pub fn approve(id: &[u8; 32]) -> Json {
    json!({"kind": "approve", "ref": hex_bytes(id)})
}

/// A device is revoked, nothing vouched for.
pub fn revoke(device: &str) -> Json {
    let org = device.split(' ').next().unwrap_or(device);
    json!({"kind": "revoke", "org": org, "key": key_of(device)})
}

fn suspend(id: &str) -> Json {
    json!({"kind": "suspend", "org": id, "reason": "kiểm tra"})
}
