//! The door (section 8): every reason to refuse, and what is no reason.

mod chain;
mod fork;
mod form;
mod member;

use super::Story;
use super::scene::Scene;

pub use chain::signed_twice;
pub use fork::{conflict, fork};

pub fn stories() -> Vec<Story> {
    [
        form::shapes(),
        member::members(),
        chain::chain(),
        fork::forks(),
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
