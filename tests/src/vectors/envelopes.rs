//! Envelopes and openings that are not what was logged.

use ledger_core::body::Body;
use ledger_core::kind::Kind;
use ledger_core::sign::Draft;

use crate::inprocess::fixed_key;

use super::bundle::position;
use super::{Base, Story};

pub fn stories() -> Vec<Story> {
    vec![
        Story::new(
            "changed_byte_in_event",
            "one byte of a signed event is another",
            |base| {
                base.changed("B-0105", |bundle| {
                    let (_, bytes) = &mut bundle.events[20];
                    let at = bytes.len() - 70;
                    bytes[at] ^= 1;
                })
            },
        ),
        Story::new(
            "changed_signature",
            "one byte of a signature is another",
            |base| {
                base.changed("B-0105", |bundle| {
                    let (_, bytes) = &mut bundle.events[20];
                    let last = bytes.len() - 1;
                    bytes[last] ^= 1;
                })
            },
        ),
        Story::new(
            "forged_release",
            "a release signed by a key that nobody enrolled",
            |base| {
                let forged = forged_release(base);
                base.changed("B-0904", |bundle| {
                    let recall = position(bundle, Kind::Recall);
                    bundle.events[recall].1 = forged;
                })
            },
        ),
        Story::new(
            "forged_opening",
            "an opening says another name than was committed to",
            |base| {
                base.changed("B-1004", |bundle| {
                    let opening = &mut bundle.openings[0];
                    let last = opening.len() - 1;
                    opening[last] = opening[last].wrapping_add(1);
                })
            },
        ),
    ]
}

fn forged_release(base: &Base) -> Vec<u8> {
    let logged = base.ledger.logged.iter();
    let recall = logged.map(|logged| &logged.event);
    let recall = recall
        .into_iter()
        .find(|event| event.body().kind == Kind::Recall);
    let recall = recall.unwrap_or_else(|| unreachable!("the sample has a recall"));
    let body = Body {
        lots: recall.body().lots.clone(),
        ..Body::new(Kind::Release)
    };
    let draft = Draft {
        occurred: recall.occurred(),
        signed: recall.signed(),
        body,
    };
    let (key, ledger) = (fixed_key("a stranger"), base.ledger.replica.ledger_id());
    let forged = draft.sign(&key, &ledger, recall.iss(), *recall.link());
    forged.bytes().to_vec()
}
