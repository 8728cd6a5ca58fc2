//! Chains, epochs and forks: one random history after the other against a naive model of section 8, and the same answer on
//! every replica. Nobody but the holder of a device's key can make its epoch closed.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "governance/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ledger_core::admit::Refusal;
use ledger_core::body::{Body, ChainPlace, Embedded, Role, Text};
use ledger_core::chain::{ChainError, Link};
use ledger_core::ids::{DeviceKey, Hash, LeafIndex};
use ledger_core::kind::Kind;
use ledger_core::replica::Replica;
use ledger_core::roster::VoidReason;
use ledger_core::sign::{Envelope, SignedEvent};
use proptest::prelude::*;
use sha2::Sha512;
use world::*;

/// The same Sig_structure under another signature that holds as well: what only the key's holder can make.
fn signed_again(ledger: &Ledger, name: &str, bytes: &[u8]) -> Vec<u8> {
    let message = Envelope::parse(bytes)
        .unwrap()
        .sig_structure(&ledger.replica.ledger_id());
    let key = key(name);
    let mut expanded = ExpandedSecretKey::from(key.as_bytes());
    expanded.hash_prefix[0] ^= 1;
    let signature = raw_sign::<Sha512>(&expanded, &message, &key.verifying_key());
    [&bytes[..bytes.len() - 64], &signature.to_bytes()].concat()
}

fn province() -> Ledger {
    let mut ledger = Ledger::new(1, 1);
    ledger.admit("FARM", &[Role::Producer], &["farm-admin", "farm", "barn"]);
    ledger.admit("SHOP", &[Role::Retailer], &["shop"]);
    ledger
}

fn conflict(logged: Hash, envelope: &[u8]) -> Body {
    Body {
        reference: Some(logged),
        envelope: Some(Embedded(envelope.to_vec())),
        ..about(Kind::Conflict, "FARM")
    }
}

fn noted(number: usize) -> Body {
    Body {
        reason: Some(Text(format!("lần {number}"))),
        ..about(Kind::Hold, "FARM")
    }
}

#[test]
fn the_same_under_another_signature_is_a_duplicate_and_no_fork() {
    let mut ledger = province();
    let event = ledger.in_force("farm", noted(1));
    let again = signed_again(&ledger, "farm", event.event.bytes());
    assert_ne!(again, event.event.bytes());
    for bytes in [&again, &event.event.bytes().to_vec()] {
        let refusal = ledger.replica.check(bytes).unwrap_err();
        assert_eq!(refusal, Refusal::Duplicate(event.index));
        ledger.void(
            "shop",
            conflict(event.event.id().0, bytes),
            VoidReason::NoFork,
        );
    }
    assert!(!ledger.replica.must_open_epoch(&device("farm")));
    ledger.in_force("farm", noted(2));
}

#[test]
fn after_a_fork_the_device_goes_on_in_a_new_epoch_that_was_allowed() {
    let mut ledger = province();
    let link = ledger.replica.next_link(&device("farm"));
    let other = ledger.sign_at("farm", noted(9), link);
    let logged = ledger.in_force("farm", noted(1)).event;
    let refusal = ledger.log(&other).unwrap_err();
    assert_eq!(refusal.code(), "TRUNG_SO_THU_TU");
    let early = ledger.in_force("farm-admin", keyed(Kind::AllowEpoch, "FARM", "farm"));
    let record = ledger.in_force("shop", conflict(logged.id().0, other.bytes()));
    assert!(early.index < record.index);
    ledger.void(
        "barn",
        conflict(logged.id().0, other.bytes()),
        VoidReason::NothingChanges,
    );

    assert!(ledger.replica.must_open_epoch(&device("farm")));
    let next = ledger.sign("farm", noted(2));
    assert_eq!(
        ledger.log(&next).unwrap_err(),
        Refusal::Chain(ChainError::Closed)
    );
    let link = ledger.replica.next_link(&device("farm")).next_epoch();
    let epoch = ledger.sign_at("farm", Body::new(Kind::Epoch), link);
    let refusal = ledger.log(&epoch).unwrap_err();
    assert_eq!(refusal.code(), "CHUA_CHO_MO_SO");
    ledger.in_force("farm-admin", keyed(Kind::AllowEpoch, "FARM", "farm"));
    assert_eq!(ledger.log(&epoch).unwrap().void, None);
    assert!(!ledger.replica.must_open_epoch(&device("farm")));
    ledger.in_force("farm", noted(3));
    assert_eq!(ledger.replica.next_link(&device("farm")).epoch, 1);
}

#[test]
fn a_void_event_can_be_one_end_of_a_fork() {
    let mut ledger = province();
    let link = ledger.replica.next_link(&device("shop"));
    let logged = ledger.say("shop", bagging("SHOP"));
    assert_eq!(logged.void, Some(VoidReason::NotPermitted));
    let other = ledger.sign_at("shop", bagging("FARM"), link);
    let record = Body {
        org: Some(org("SHOP")),
        ..conflict(logged.event.id().0, other.bytes())
    };
    let record = ledger.in_force("farm", record);
    assert_eq!(
        record.subjects.len(),
        1,
        "a void event is listed nowhere, so its record is under its own alone"
    );
    assert!(ledger.replica.must_open_epoch(&device("shop")));
}

#[test]
fn the_sequencer_is_not_stopped_by_a_record() {
    let mut ledger = province();
    let link = ledger.replica.next_link(&device("sequencer"));
    let head = ledger.head();
    let other = ledger.sign_at("sequencer", Body::new(Kind::Epoch), link);
    let record = Body {
        org: Some(org("SO")),
        ..conflict(head.event.id().0, other.bytes())
    };
    ledger.void("farm", record, VoidReason::NoFork);
    ledger.head();
}

#[test]
fn what_is_vouched_for_ends_with_a_revocation_in_every_epoch() {
    let mut ledger = province();
    ledger.in_force("farm", noted(1));
    let link = ledger.replica.next_link(&device("farm")).next_epoch();
    let epoch = ledger.sign_at("farm", Body::new(Kind::Epoch), link);
    ledger.log(&epoch).unwrap();
    let revoke = Body {
        last: Some(ChainPlace { epoch: 0, seq: 7 }),
        ..keyed(Kind::Revoke, "FARM", "farm")
    };
    ledger.in_force("farm-admin", revoke);
    let event = ledger.sign("farm", noted(2));
    assert_eq!(ledger.log(&event).unwrap_err().code(), "MAY_DA_KHOA");
}

/// What may happen next. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Deed {
    /// A device says something, as its next event.
    Say(bool),
    /// A device opens its next epoch.
    Open(bool),
    /// A device that has lost its state, or cheats, signs something else at a place where it has signed already.
    Fork(bool, usize),
    /// Somebody records a conflict of two envelopes that are about.
    Record(usize, usize),
    /// Somebody records an envelope that was changed on the way.
    RecordChanged(usize, usize, usize),
    /// Somebody sends again what was signed, or the same under another signature, or with bytes added.
    Resend(usize, usize),
    /// The organisation allows a device a new epoch.
    Allow(bool),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => any::<bool>().prop_map(Deed::Say),
        1 => any::<bool>().prop_map(Deed::Open),
        2 => (any::<bool>(), any::<usize>()).prop_map(|(who, at)| Deed::Fork(who, at)),
        3 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Deed::Record(a, b)),
        1 => (any::<usize>(), any::<usize>(), any::<usize>())
            .prop_map(|(a, b, c)| Deed::RecordChanged(a, b, c)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Deed::Resend(a, b)),
        1 => any::<bool>().prop_map(Deed::Allow),
    ];
    proptest::collection::vec(deed, 1..40)
}

/// The naive model of one device.
#[derive(Clone, Debug, Default, PartialEq)]
struct Book {
    /// What stands at each place, by what was signed.
    places: BTreeMap<(u64, u64), Hash>,
    forked_epochs: BTreeSet<u64>,
    stopped: bool,
    allowed: bool,
}

struct History {
    ledger: Ledger,
    /// Every envelope that was ever signed, logged or not, and by whom.
    about: Vec<(&'static str, SignedEvent)>,
    /// Copies of them under other signatures.
    copies: Vec<(&'static str, Vec<u8>)>,
    books: BTreeMap<DeviceKey, Book>,
    number: usize,
}

fn name(first: bool) -> &'static str {
    if first { "farm" } else { "barn" }
}

fn place(link: &Link) -> (u64, u64) {
    (link.epoch, link.seq)
}

impl History {
    fn new() -> History {
        let ledger = province();
        let books = ["farm", "barn"].map(|name| (device(name), Book::default()));
        History {
            ledger,
            about: Vec::new(),
            copies: Vec::new(),
            books: books.into(),
            number: 0,
        }
    }

    fn another(&mut self) -> Body {
        self.number += 1;
        noted(self.number)
    }

    /// Sends an event of a device and holds the answer against the model.
    fn send(&mut self, name: &'static str, event: &SignedEvent) {
        let next = self.ledger.replica.next_link(&device(name));
        let book = self.books.get_mut(&device(name)).unwrap();
        let link = event.link();
        let at = place(link);
        let opens = at == (next.epoch + 1, 0);
        let is_epoch = event.body().kind == Kind::Epoch;
        let expected = if let Some(standing) = book.places.get(&at) {
            if *standing == event.signed_hash() {
                "DA_CO_TRONG_SO"
            } else {
                "TRUNG_SO_THU_TU"
            }
        } else if at < place(&next) || book.stopped && !opens && link.epoch == next.epoch {
            "SAI_NOI_TIEP"
        } else if !opens && at != place(&next) {
            "THIEU_VIEC_TRUOC"
        } else if opens && !is_epoch || link.prev != next.prev {
            "SAI_NOI_TIEP"
        } else if book.stopped && !book.allowed {
            "CHUA_CHO_MO_SO"
        } else {
            book.places.insert(at, event.signed_hash());
            if opens {
                (book.stopped, book.allowed) = (false, false);
            }
            "logged"
        };
        let answer = self.ledger.log(event);
        assert_eq!(
            answer.map_or_else(|refusal| refusal.code(), |_| "logged"),
            expected,
            "{at:?}"
        );
    }

    fn say(&mut self, name: &'static str, body: Body, link: Link) {
        let event = self.ledger.sign_at(name, body, link);
        self.about.push((name, event.clone()));
        let copy = signed_again(&self.ledger, name, event.bytes());
        self.copies.push((name, copy));
        self.send(name, &event);
    }

    fn next(&self, name: &str) -> Link {
        self.ledger.replica.next_link(&device(name))
    }

    fn envelopes(&self) -> Vec<Vec<u8>> {
        let signed = self.about.iter().map(|(_, event)| event.bytes().to_vec());
        signed
            .chain(self.copies.iter().map(|(_, bytes)| bytes.clone()))
            .collect()
    }

    fn logged(&self) -> Vec<SignedEvent> {
        let is_logged = |event: &SignedEvent| self.ledger.replica.find(&event.id()).is_some();
        self.about
            .iter()
            .map(|(_, event)| event.clone())
            .filter(is_logged)
            .collect()
    }

    /// Records two envelopes; the model says whether they are a fork.
    fn record(&mut self, logged: &SignedEvent, embedded: &[u8]) {
        let ledger_id = self.ledger.replica.ledger_id();
        let other = Envelope::parse(embedded).and_then(|envelope| envelope.verify(&ledger_id));
        let is_fork = other.as_ref().is_ok_and(|other| {
            other.device() == logged.device()
                && place(other.link()) == place(logged.link())
                && other.signed_hash() != logged.signed_hash()
        });
        let book = self.books.get_mut(&logged.device()).unwrap();
        let expected = if !is_fork {
            Some(VoidReason::NoFork)
        } else if !book.forked_epochs.insert(logged.link().epoch) {
            Some(VoidReason::NothingChanges)
        } else {
            (book.stopped, book.allowed) = (true, false);
            None
        };
        let said = self.ledger.say("shop", conflict(logged.id().0, embedded));
        // A fork of an epoch that was recorded before changes nothing, whatever is embedded.
        assert_eq!(said.void, expected);
    }

    fn take(&mut self, deed: &Deed) {
        match *deed {
            Deed::Say(who) => {
                let body = self.another();
                self.say(name(who), body, self.next(name(who)));
            }
            Deed::Open(who) => {
                self.say(
                    name(who),
                    Body::new(Kind::Epoch),
                    self.next(name(who)).next_epoch(),
                );
            }
            Deed::Fork(who, at) => {
                let mine: Vec<Link> = self
                    .about
                    .iter()
                    .filter(|(by, _)| *by == name(who))
                    .map(|(_, event)| *event.link())
                    .collect();
                if let Some(link) = mine.get(at % mine.len().max(1)) {
                    let body = self.another();
                    self.say(name(who), body, *link);
                }
            }
            Deed::Record(logged, embedded) => {
                let (events, envelopes) = (self.logged(), self.envelopes());
                if !events.is_empty() {
                    let logged = events[logged % events.len()].clone();
                    self.record(&logged, &envelopes[embedded % envelopes.len()]);
                }
            }
            Deed::RecordChanged(logged, embedded, at) => {
                let (events, envelopes) = (self.logged(), self.envelopes());
                if !events.is_empty() {
                    let mut bytes = envelopes[embedded % envelopes.len()].clone();
                    let (at, longer) = (at % (bytes.len() + 1), at % 3 == 0);
                    if longer || at == bytes.len() {
                        bytes.insert(at, 0);
                    } else {
                        bytes[at] ^= 1 << (at % 8);
                    }
                    let logged = events[logged % events.len()].clone();
                    self.record(&logged, &bytes);
                }
            }
            Deed::Resend(which, how) => {
                if self.about.is_empty() {
                    return;
                }
                let at = which % self.about.len();
                let (name, event) = self.about[at].clone();
                match how % 3 {
                    0 => self.send(name, &event),
                    1 => {
                        let copy = Envelope::parse(&self.copies[at].1).unwrap();
                        let copy = copy.verify(&self.ledger.replica.ledger_id()).unwrap();
                        self.send(name, &copy);
                    }
                    _ => {
                        let longer = [event.bytes(), &[0]].concat();
                        assert_eq!(
                            self.ledger.replica.check(&longer).unwrap_err().code(),
                            "SAI_DANG"
                        );
                    }
                }
            }
            Deed::Allow(who) => {
                self.ledger
                    .in_force("farm-admin", keyed(Kind::AllowEpoch, "FARM", name(who)));
                let book = self.books.get_mut(&device(name(who))).unwrap();
                book.allowed = book.stopped;
            }
        }
    }

    /// Only two things that a device has signed at one place may have stopped it.
    fn nobody_else_stopped_it(&self) {
        for (key, book) in &self.books {
            let mut signed: BTreeMap<(u64, u64), BTreeSet<Hash>> = BTreeMap::new();
            for (_, event) in self
                .about
                .iter()
                .filter(|(_, event)| event.device() == *key)
            {
                signed
                    .entry(place(event.link()))
                    .or_default()
                    .insert(event.signed_hash());
            }
            let forked = signed.values().any(|twice| twice.len() > 1);
            assert!(forked || book.forked_epochs.is_empty());
            assert_eq!(self.ledger.replica.must_open_epoch(key), book.stopped);
        }
    }

    /// Another replica takes the log and says the same of every leaf.
    fn replayed(&mut self) {
        let mut other = Replica::new(&self.ledger.entries[0]).unwrap();
        for (index, bytes) in (1..).zip(&self.ledger.entries[1..]) {
            let logged = other.append(other.check(bytes).unwrap()).unwrap();
            assert_eq!(logged.index, LeafIndex(index));
            assert_eq!(
                logged.void,
                self.ledger.replica.void_reason(&logged.event.id())
            );
        }
        assert_eq!(other.root(), self.ledger.replica.root());
        for key in self.books.keys() {
            assert_eq!(other.next_link(key), self.ledger.replica.next_link(key));
            assert_eq!(
                other.must_open_epoch(key),
                self.ledger.replica.must_open_epoch(key)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_history_is_answered_as_the_model_does_and_the_same_everywhere(deeds in deeds()) {
        let mut history = History::new();
        for deed in &deeds {
            history.take(deed);
            history.nobody_else_stopped_it();
        }
        history.replayed();
    }

    /// Without a second Sig_structure at one place nothing stops a device, whatever is recorded or sent.
    #[test]
    fn copies_and_changed_bytes_never_become_a_fork(deeds in deeds()) {
        let mut history = History::new();
        for deed in deeds.iter().filter(|deed| !matches!(deed, Deed::Fork(..) | Deed::Open(_))) {
            history.take(deed);
        }
        prop_assert!(history.books.values().all(|book| book.forked_epochs.is_empty()));
        prop_assert!(!history.ledger.replica.must_open_epoch(&device("farm")));
    }
}
