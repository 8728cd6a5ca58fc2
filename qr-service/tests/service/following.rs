//! What a feed may do, and what is shown then. After every lie the honest state still stands.

use ledger_core::ids::{Hash, TreeSize};
use ledger_core::tile::{Bundle, TILE_WIDTH, encode_bundle};
use qr_service::book::BookError;
use qr_service::follow::FollowError;
use qr_service::head::HeadError;
use qr_service::service::now;

use crate::node::{Feed, Station};
use crate::world::{GOOD, WITNESSES, World, note};

/// A feed with a harvest, and a station that has shown it.
struct Scene {
    feed: Feed,
    url: String,
    world: World,
    data: tempfile::TempDir,
    station: Station,
    shown: u64,
}

impl Scene {
    async fn new() -> Scene {
        let (feed, url) = Feed::start().await;
        let world = World::harvested();
        feed.publish(&world);
        let data = tempfile::tempdir().unwrap();
        let mut station = Station::open(&world, &url, data.path());
        station.step().await.unwrap();
        let shown = world.size();
        let scene = Scene {
            feed,
            url,
            world,
            data,
            station,
            shown,
        };
        scene.still_stands().await;
        scene
    }

    /// Takes one step that must fail, and gives the reason.
    async fn refused(&mut self) -> FollowError {
        let error = self.station.step().await.unwrap_err();
        self.still_stands().await;
        assert_eq!(
            self.station.status().await,
            if error.is_contradiction() {
                "alarm"
            } else {
                "stale"
            },
            "{error}"
        );
        error
    }

    async fn still_stands(&self) {
        assert_eq!(self.station.size().await, self.shown);
        let code = ledger_core::code::PrintedCode::from_canonical(GOOD).unwrap();
        let answer = self.station.service.answer(&code).await.unwrap();
        assert_eq!(
            answer.verdict.state.word(),
            "recorded",
            "{:?}",
            answer.verdict.statements
        );
    }

    /// The honest feed again: it must be followed, whatever was served before.
    async fn recovers(&mut self) {
        self.feed.clear();
        self.world.work(1);
        self.world.map_head();
        self.feed.publish(&self.world);
        self.station.step().await.unwrap();
        self.shown = self.world.size();
        self.still_stands().await;
        assert_eq!(self.station.status().await, "ok");
    }

    fn last_bundle(&self) -> String {
        let size = TreeSize(self.world.size());
        Bundle::in_tree((size.0 - 1) / TILE_WIDTH, size)
            .unwrap()
            .to_string()
    }

    /// Another process over the same folder.
    fn restart(self) -> Scene {
        let Scene {
            feed,
            url,
            world,
            data,
            station,
            shown,
        } = self;
        drop(station);
        let station = Station::open(&world, &url, data.path());
        Scene {
            feed,
            url,
            world,
            data,
            station,
            shown,
        }
    }
}

#[tokio::test]
async fn an_honest_feed_is_followed_and_a_quiet_one_costs_nothing() {
    let mut scene = Scene::new().await;
    scene.feed.asked();
    scene.station.step().await.unwrap();
    assert_eq!(scene.feed.asked(), ["checkpoint.cosigned"]);
    assert_eq!(scene.feed.unchanged(), 1);
    scene.recovers().await;
}

#[tokio::test]
async fn a_newer_cosignature_of_the_same_head_is_taken_and_an_older_is_not() {
    let mut scene = Scene::new().await;
    let as_of = async |scene: &Scene| scene.station.service.report().await.as_of.unwrap();
    let first = as_of(&scene).await;
    scene.feed.put(
        "checkpoint.cosigned",
        scene.world.note(&WITNESSES, now() + 60),
    );
    scene.station.step().await.unwrap();
    let newer = as_of(&scene).await;
    assert!(newer > first);
    scene.still_stands().await;
    scene.feed.put(
        "checkpoint.cosigned",
        scene.world.note(&WITNESSES, now() - 600),
    );
    scene.station.step().await.unwrap();
    assert_eq!(as_of(&scene).await, newer);
}

#[tokio::test]
async fn many_entries_come_in_bundles_and_a_partial_one_that_is_gone_is_cut_from_the_full_one() {
    let mut scene = Scene::new().await;
    scene.world.work(300);
    scene.world.map_head();
    let head = scene.world.note(&WITNESSES, now());
    let partial = scene.last_bundle();
    // The log went on: the feed now has the full bundle only.
    let covered = scene.world.size();
    scene.world.work((2 * TILE_WIDTH - covered) as usize);
    scene.feed.clear();
    scene.feed.entries(&scene.world);
    scene.feed.put("checkpoint.cosigned", head);
    scene.feed.asked();
    scene.station.step().await.unwrap();
    scene.shown = covered;
    scene.still_stands().await;
    assert_eq!(
        scene.feed.asked()[1..4],
        [
            "tile/entries/000".to_owned(),
            partial,
            "tile/entries/001".to_owned()
        ]
    );
}

#[tokio::test]
async fn a_tampered_entry_is_not_shown() {
    let mut scene = Scene::new().await;
    scene.world.work(2);
    scene.world.map_head();
    scene.feed.publish(&scene.world);
    scene.feed.spoil(&scene.last_bundle(), |bytes| {
        *bytes.last_mut().unwrap() ^= 1
    });
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::WrongRoot(_))
    ));
    scene
        .feed
        .spoil(&scene.last_bundle(), |bytes| bytes.push(0));
    assert!(matches!(scene.refused().await, FollowError::Bundle { .. }));
    scene.recovers().await;
}

#[tokio::test]
async fn a_head_that_lies_about_the_entries_or_the_map_is_not_shown() {
    let mut scene = Scene::new().await;
    let next = TreeSize(scene.shown + 1);
    scene.world.work(1);
    scene.feed.entries(&scene.world);
    scene.feed.put(
        "checkpoint.cosigned",
        note(next, Hash([7; 32]), &WITNESSES, now()),
    );
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::WrongRoot(_))
    ));
    // The entries are right, but the last is no map head.
    scene.feed.publish(&scene.world);
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::MapHead(_))
    ));
    // It is one, for another map: even a quorum does not make it true, and it is not fetched again and again.
    scene.world.map_head_of(Hash([7; 32]));
    scene.feed.publish(&scene.world);
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::MapHead(_))
    ));
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::RefusedBefore(_))
    ));
    scene.recovers().await;
}

#[tokio::test]
async fn an_entry_that_the_door_refuses_is_not_shown_even_under_the_quorum() {
    let mut scene = Scene::new().await;
    let mut forged = ledger_core::merkle::MemoryTree::new();
    let mut entries = scene.world.entries.clone();
    entries.push(b"not an event".to_vec());
    entries
        .iter()
        .for_each(|entry| forged.append(ledger_core::merkle::leaf_hash(entry)));
    let path = Bundle::in_tree(0, forged.size()).unwrap().to_string();
    scene.feed.put(&path, encode_bundle(&entries).unwrap());
    scene.feed.put(
        "checkpoint.cosigned",
        note(forged.size(), forged.root(), &WITNESSES, now()),
    );
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::Refused { .. })
    ));
    scene.recovers().await;
}

#[tokio::test]
async fn without_the_quorum_or_the_logs_signature_a_head_is_not_shown() {
    let mut scene = Scene::new().await;
    scene.world.work(1);
    scene.world.map_head();
    scene.feed.entries(&scene.world);
    let honest = scene.world.note(&WITNESSES, now());
    scene.feed.put(
        "checkpoint.cosigned",
        scene.world.note(&WITNESSES[..1], now()),
    );
    let error = scene.refused().await;
    assert!(
        matches!(
            error,
            FollowError::Head(HeadError::UnderQuorum { have: 1, need: 2 })
        ),
        "{error}"
    );
    let without_log: String = honest
        .split_inclusive('\n')
        .filter(|line| !line.contains("— so.example"))
        .collect();
    scene.feed.put("checkpoint.cosigned", without_log);
    assert!(matches!(
        scene.refused().await,
        FollowError::Head(HeadError::Signature(_))
    ));
    // A known witness's signature that does not hold spoils the note, even where two others would suffice.
    let at = honest.find("— w11.example ").unwrap() + 60;
    let mut spoilt = honest.into_bytes();
    spoilt[at] = if spoilt[at] == b'A' { b'B' } else { b'A' };
    scene.feed.put("checkpoint.cosigned", spoilt);
    assert!(matches!(
        scene.refused().await,
        FollowError::Head(HeadError::Signature(_))
    ));
    scene.feed.put("checkpoint.cosigned", "not a note");
    assert!(matches!(
        scene.refused().await,
        FollowError::Head(HeadError::Note(_))
    ));
    scene.recovers().await;
}

#[tokio::test]
async fn a_smaller_head_is_refused_and_one_with_another_root_is_a_fork() {
    let mut scene = Scene::new().await;
    let before = TreeSize(scene.shown - 2);
    let root = ledger_core::merkle::Frontier::read(scene.world.replica.tree(), before)
        .unwrap()
        .root();
    scene
        .feed
        .put("checkpoint.cosigned", note(before, root, &WITNESSES, now()));
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::Older { .. })
    ));
    scene.feed.put(
        "checkpoint.cosigned",
        note(before, Hash([7; 32]), &WITNESSES, now()),
    );
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::Fork(_))
    ));
    scene.feed.put(
        "checkpoint.cosigned",
        note(TreeSize(scene.shown), Hash([7; 32]), &WITNESSES, now()),
    );
    assert!(matches!(
        scene.refused().await,
        FollowError::Book(BookError::Fork(_))
    ));
    let evidence = std::fs::read_to_string(scene.data.path().join("evidence")).unwrap();
    assert_eq!(
        evidence.matches(crate::world::ORIGIN).count(),
        4,
        "both notes, each with its origin and signature"
    );
    scene.recovers().await;
}

#[tokio::test]
async fn a_silent_feed_leaves_what_was_verified() {
    let mut scene = Scene::new().await;
    scene.feed.clear();
    assert!(matches!(scene.refused().await, FollowError::Status { .. }));
    let report = scene.station.service.report().await;
    assert!(
        report.vi.contains("Vẫn dùng bản đã kiểm tra") && report.since.is_some(),
        "{}",
        report.vi
    );
    // Entries missing although the head is there.
    scene.world.work(1);
    scene.world.map_head();
    scene.feed.publish(&scene.world);
    scene.feed.remove(&scene.last_bundle());
    assert!(matches!(scene.refused().await, FollowError::Status { .. }));
    scene.recovers().await;

    let empty = tempfile::tempdir().unwrap();
    let mut nobody = Station::open(&scene.world, "http://127.0.0.1:9", empty.path());
    assert!(matches!(
        nobody.step().await,
        Err(FollowError::Unreachable(_))
    ));
    assert_eq!((nobody.size().await, nobody.status().await), (0, "stale"));
}

#[tokio::test]
async fn a_restart_fetches_nothing_and_forgets_nothing() {
    let mut scene = Scene::new().await.restart();
    scene.feed.asked();
    scene.still_stands().await;
    scene.station.step().await.unwrap();
    let asked = scene.feed.asked();
    assert!(
        !asked.iter().any(|path| path.starts_with("tile")),
        "{asked:?}"
    );
    let before = TreeSize(scene.shown - 2);
    scene.feed.put(
        "checkpoint.cosigned",
        note(before, Hash([7; 32]), &WITNESSES, now()),
    );
    scene.refused().await;
    scene.recovers().await;
}

#[tokio::test]
async fn a_damaged_cache_is_dropped_but_not_what_it_had_shown() {
    let scene = Scene::new().await;
    let path = scene.data.path().join("entries");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let Scene {
        feed,
        url,
        world,
        data,
        station,
        shown,
    } = scene;
    drop(station);
    std::fs::write(&path, bytes).unwrap();
    let mut station = Station::open(&world, &url, data.path());
    assert_eq!(station.size().await, 0);
    assert_eq!(station.service.report().await.remarks.len(), 1);
    // The feed takes the chance to go back.
    let before = note(TreeSize(shown - 1), Hash([7; 32]), &WITNESSES, now());
    feed.put("checkpoint.cosigned", before);
    assert!(matches!(
        station.step().await,
        Err(FollowError::Book(BookError::Older { .. }))
    ));
    feed.publish(&world);
    station.step().await.unwrap();
    let mut scene = Scene {
        feed,
        url,
        world,
        data,
        station,
        shown,
    };
    scene.still_stands().await;
    scene.recovers().await;
}

#[tokio::test]
async fn a_log_rewritten_below_what_was_shown_is_a_fork_even_when_the_cache_is_gone() {
    let scene = Scene::new().await;
    let Scene {
        feed,
        url,
        data,
        station,
        shown,
        ..
    } = scene;
    drop(station);
    std::fs::remove_file(data.path().join("entries")).unwrap();
    // Same genesis, same witnesses, another history, longer than the one shown.
    let mut rewritten = World::empty();
    rewritten.rewritten(shown as usize + 3);
    feed.clear();
    feed.publish(&rewritten);
    let mut station = Station::open(&rewritten, &url, data.path());
    assert!(matches!(
        station.step().await,
        Err(FollowError::Book(BookError::Fork(_)))
    ));
    assert_eq!(station.size().await, 0);
}
