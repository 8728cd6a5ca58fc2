//! A recall of each kind, and every way of leaving it out of a bundle: none may look well.

use std::collections::BTreeSet;

use ledger_core::anchor::Anchor;
use ledger_core::body::Body;
use ledger_core::bundle::Bundle;
use ledger_core::ids::LeafIndex;
use ledger_core::kind::Kind;
use ledger_core::subject::Subject;

use super::super::base::{COSIGNED, NOW};
use super::super::bundle::{leave_out, position};
use super::super::{BundleCase, Case, Fault, Story};
use super::stage::{
    AUTHORITY, GROWER, LOT, Stage, about, field, harvest, of_product, org, product,
    recall_of_field, step,
};
use crate::inprocess::InProcess;

/// A word for what a recall names, and the recall.
type Named = (&'static str, fn() -> Body);

/// What a recall can name: the lot `RAW` or its like.
pub const KINDS: [Named; 5] = [
    ("a_lot", || about(Kind::Recall, "RAW", None)),
    ("a_product", || Body {
        product: Some(product()),
        ..Body::new(Kind::Recall)
    }),
    ("a_place", || Body {
        target_place: Some(field()),
        ..Body::new(Kind::Recall)
    }),
    ("a_place_and_period", || {
        recall_of_field("2026-04-30", "2026-05-01")
    }),
    ("an_organisation", || Body {
        org: Some(org(GROWER)),
        ..Body::new(Kind::Recall)
    }),
];

/// A way of leaving the recall out of a bundle.
type Way = fn(&mut Recalled) -> Result<Bundle, Fault>;

/// Every way that we could think of, but for one: an older bundle as it was, which is honest until it is too old.
pub const WAYS: [(&str, Way); 8] = [
    ("without_it", |story| {
        let mut bundle = story.honest.clone();
        let recall = position(&bundle, Kind::Recall);
        leave_out(&mut bundle, recall);
        Ok(bundle)
    }),
    ("without_its_event", |story| {
        let mut bundle = story.honest.clone();
        bundle.events.remove(position(&bundle, Kind::Recall));
        Ok(bundle)
    }),
    ("without_its_lists", |story| {
        let mut bundle = story.honest.clone();
        let recall = story.place();
        bundle.subjects.retain(|(_, list)| !list.contains(&recall));
        story.proven(bundle)
    }),
    ("with_its_lists_emptied", |story| {
        let mut bundle = story.honest.clone();
        let recall = story.place();
        for (_, list) in &mut bundle.subjects {
            if list.contains(&recall) {
                list.clear();
            }
        }
        story.proven(bundle)
    }),
    ("with_another_event_in_its_place", |story| {
        let mut bundle = story.honest.clone();
        let recall = position(&bundle, Kind::Recall);
        bundle.events[recall].1 = bundle.events[0].1.clone();
        Ok(bundle)
    }),
    ("with_its_signature_spoiled", |story| {
        let mut bundle = story.honest.clone();
        let recall = position(&bundle, Kind::Recall);
        if let Some(last) = bundle.events[recall].1.last_mut() {
            *last ^= 1;
        }
        Ok(bundle)
    }),
    ("with_the_lists_of_before", |story| {
        Ok(Bundle {
            checkpoint: story.honest.checkpoint.clone(),
            head: story.honest.head.clone(),
            ..story.older.clone()
        })
    }),
    ("with_the_head_of_before", |story| {
        Ok(Bundle {
            checkpoint: story.honest.checkpoint.clone(),
            ..story.older.clone()
        })
    }),
];

/// A ledger with a recall that concerns the scanned lot, and its bundles.
pub struct Recalled {
    ledger: InProcess,
    /// The bundle with the recall.
    pub honest: Bundle,
    /// The bundle of a minute before it.
    pub older: Bundle,
}

impl Recalled {
    /// The scanned lot is the recalled one, or was made of it.
    ///
    /// # Errors
    /// When the sample or the core is at fault.
    pub fn of(recall: Body, descendant: bool) -> Result<Recalled, Fault> {
        let mut stage = Stage::begin()?;
        stage.product(None)?;
        if descendant {
            stage.say(GROWER, "2026-05-01", of_product(harvest("RAW", 100)))?;
            let dried = step(Kind::Process, &[("RAW", 100)], &[(LOT, 50)]);
            stage.say(GROWER, "2026-06-02", dried)?;
        } else {
            stage.say(GROWER, "2026-05-01", of_product(harvest(LOT, 100)))?;
        }
        stage.bind()?;
        let (mut stage, older) = stage.publish(COSIGNED - 60)?;
        let recall = if recall.lots.is_some() && !descendant {
            about(Kind::Recall, LOT, None)
        } else {
            recall
        };
        stage.say(AUTHORITY, "2026-07-01", recall)?;
        let (stage, honest) = stage.publish(COSIGNED)?;
        Ok(Recalled {
            ledger: stage.ledger,
            honest,
            older,
        })
    }

    /// The trust anchor.
    pub fn anchor(&self) -> &Anchor {
        self.ledger.anchor()
    }

    /// Where the recall stands.
    fn place(&self) -> LeafIndex {
        self.honest.events[position(&self.honest, Kind::Recall)].0
    }

    /// The bundle with the events that are still listed, and a genuine map proof of its subjects.
    fn proven(&mut self, mut bundle: Bundle) -> Result<Bundle, Fault> {
        let lists = bundle.subjects.iter().flat_map(|(_, list)| list);
        let listed: BTreeSet<LeafIndex> = lists.copied().collect();
        bundle.events.retain(|(index, _)| listed.contains(index));
        let subjects = bundle.subjects.iter().map(|(subject, _)| subject);
        let keys: Vec<_> = subjects.map(Subject::key).collect();
        bundle.map = self.ledger.replica.map().prove(&keys)?;
        Ok(bundle)
    }
}

/// What was made of recalled goods, served without the recall: for each kind the two ways that look most honest.
pub(super) fn stories() -> Vec<Story> {
    let mut stories = Vec::new();
    for (kind, recall) in KINDS {
        for (way, leave_out) in WAYS.into_iter().filter(|(way, _)| is_kept(way)) {
            let name = format!("recall_of_{kind}_{way}");
            let shows = "a recall of something that the lot was made of is left out of its bundle";
            stories.push(Story::new(&name, shows, move |_| {
                let mut story = Recalled::of(recall(), true)?;
                let bundle = leave_out(&mut story)?.encode();
                let case = BundleCase::of(&bundle, story.anchor(), NOW);
                Ok(Case::bundle(case))
            }));
        }
    }
    stories
}

fn is_kept(way: &str) -> bool {
    matches!(way, "without_it" | "without_its_lists")
}

/// The names of these stories; in each of them something is contradicted.
pub fn names() -> impl Iterator<Item = String> {
    KINDS.into_iter().flat_map(|(kind, _)| {
        let ways = WAYS.into_iter().filter(|(way, _)| is_kept(way));
        ways.map(move |(way, _)| format!("recall_of_{kind}_{way}"))
    })
}
