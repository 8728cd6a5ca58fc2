use super::*;
use crate::merkle::leaf_hash;
use crate::sync::backoff;
use crate::sync::message::{ENVELOPES_MAX, Submitted};
use proptest::prelude::*;

const LEDGER: LedgerId = LedgerId(Hash([9; 32]));
const OTHER_LEDGER: LedgerId = LedgerId(Hash([8; 32]));
const DEPARTMENT: PeerKey = PeerKey([1; 32]);
const MEMBER: PeerKey = PeerKey([2; 32]);
const START: Duration = Duration::from_secs(100);

fn hello(size: u64, sequencer: bool) -> Hello {
    Hello {
        ledger: LEDGER,
        size: TreeSize(size),
        sequencer,
    }
}

fn follower(size: u64) -> Follower {
    Follower::new(LEDGER, false, heads(size, None))
}

fn heads(size: u64, line: Option<(u64, &str)>) -> Heads {
    Heads {
        size: TreeSize(size),
        cosigned: TreeSize(0),
        cosignature: line.map(|(size, line)| (TreeSize(size), line.to_owned())),
    }
}

fn follow(size: u64) -> Request {
    Request::Follow {
        size: TreeSize(size),
        cosigned: TreeSize(0),
    }
}

fn greeted(node: &mut Follower, peer: PeerKey, theirs: Hello) -> Vec<Action> {
    let asked = node.step(START, Input::Connected(peer));
    assert!(asked.contains(&Action::Ask(peer, Request::Hello(node.hello()))));
    let answer = Response::Hello(theirs);
    node.step(START, Input::Answered(peer, Topic::Hello, answer))
}

fn log(entries: &[&str], checkpoint: &str) -> Response {
    Response::Log(Log {
        entries: entries.iter().map(|e| e.as_bytes().to_vec()).collect(),
        checkpoint: Some(checkpoint.to_owned()),
        cosigned: None,
    })
}

fn answer(node: &mut Follower, now: Duration, topic: Topic, response: Response) -> Vec<Action> {
    node.step(now, Input::Answered(DEPARTMENT, topic, response))
}

#[test]
fn greets_then_follows_applies_and_follows_on() {
    let mut node = follower(1);
    let actions = greeted(&mut node, DEPARTMENT, hello(3, true));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(1))]);
    let actions = answer(&mut node, START, Topic::Follow, log(&["b", "c"], "note 3"));
    assert!(matches!(&actions[..], [Action::Apply(DEPARTMENT, log)] if log.entries.len() == 2));
    assert_eq!(node.step(START, Input::Tick), [], "one piece at a time");
    let actions = node.step(START, Input::Applied(TreeSize(3)));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(3))]);
}

#[test]
fn another_ledger_is_refused_in_both_directions() {
    let mut node = follower(1);
    let theirs = Hello {
        ledger: OTHER_LEDGER,
        ..hello(5, true)
    };
    assert_eq!(
        node.answer_hello(&theirs),
        Err(Refusal::OtherLedger(LEDGER))
    );
    assert_eq!(node.answer_hello(&hello(5, true)), Ok(node.hello()));
    let dropped = [Action::Drop(DEPARTMENT, Why::OtherLedger(OTHER_LEDGER))];
    assert_eq!(greeted(&mut node, DEPARTMENT, theirs), dropped);
    assert!(!node.is_greeted(&DEPARTMENT));
    assert_eq!(
        node.step(START * 2, Input::Tick),
        [],
        "nothing is asked of it any more"
    );

    let mut node = follower(1);
    node.step(START, Input::Connected(DEPARTMENT));
    let refused = Response::Error(Refusal::OtherLedger(OTHER_LEDGER));
    assert_eq!(answer(&mut node, START, Topic::Hello, refused), dropped);
}

#[test]
fn a_catch_up_that_breaks_off_goes_on_where_it_stopped() {
    let mut node = follower(0);
    greeted(&mut node, DEPARTMENT, hello(4, true));
    answer(&mut node, START, Topic::Follow, log(&["a", "b"], "note 4"));
    node.step(START, Input::Applied(TreeSize(2)));
    assert_eq!(node.step(START, Input::Gone(DEPARTMENT)), []);
    let actions = greeted(&mut node, DEPARTMENT, hello(4, true));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(2))]);
}

#[test]
fn a_connection_lost_while_applying_loses_nothing() {
    let mut node = follower(0);
    greeted(&mut node, DEPARTMENT, hello(4, true));
    answer(&mut node, START, Topic::Follow, log(&["a", "b"], "note 4"));
    node.step(START, Input::Gone(DEPARTMENT));
    let actions = greeted(&mut node, DEPARTMENT, hello(4, true));
    assert_eq!(actions, [], "the piece is still being applied");
    let actions = node.step(START, Input::Applied(TreeSize(2)));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(2))]);
}

#[test]
fn notes_alone_are_applied_once_and_empty_answers_do_not_spin() {
    let mut node = follower(2);
    greeted(&mut node, DEPARTMENT, hello(2, true));
    let actions = answer(&mut node, START, Topic::Follow, log(&[], "note 2"));
    assert!(matches!(&actions[..], [Action::Apply(..)]));
    let actions = node.step(START, Input::Applied(TreeSize(2)));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(2))]);
    assert_eq!(
        answer(&mut node, START, Topic::Follow, log(&[], "note 2")),
        []
    );
    assert_eq!(node.step(START, Input::Tick), []);
    let again = node.step(START + FOLLOW_PAUSE, Input::Tick);
    assert_eq!(again, [Action::Ask(DEPARTMENT, follow(2))]);
    let late = START + FOLLOW_PAUSE + FOLLOW_WAIT;
    let actions = answer(&mut node, late, Topic::Follow, log(&[], "note 2"));
    assert_eq!(
        actions,
        [Action::Ask(DEPARTMENT, follow(2))],
        "a long poll is no spin"
    );
}

fn line(size: u64, text: &str) -> Action {
    let (size, line) = (TreeSize(size), text.to_owned());
    Action::Ask(DEPARTMENT, Request::Cosign { size, line })
}

#[test]
fn a_validator_hands_in_its_line_until_it_is_taken() {
    let mut node = follower(2);
    greeted(&mut node, DEPARTMENT, hello(2, true));
    let first = || Input::Heads(heads(2, Some((2, "first"))));
    assert_eq!(node.step(START, first()), [line(2, "first")]);
    let failed = node.step(START, Input::Failed(DEPARTMENT, Topic::Cosign));
    assert_eq!(failed, []);
    let later = START + backoff(1, NO_SPREAD);
    assert_eq!(node.step(later, first()), [line(2, "first")]);
    assert_eq!(answer(&mut node, later, Topic::Cosign, Response::Ok), []);
    assert_eq!(node.step(later, first()), [], "it has been taken");
    let refreshed = Input::Heads(heads(2, Some((2, "first, at a later time"))));
    assert_eq!(
        node.step(later, refreshed),
        [line(2, "first, at a later time")]
    );
}

#[test]
fn a_newer_line_is_not_forgotten_when_an_older_one_is_refused() {
    let mut node = follower(2);
    greeted(&mut node, DEPARTMENT, hello(2, true));
    let actions = node.step(START, Input::Heads(heads(2, Some((2, "first")))));
    assert_eq!(actions, [line(2, "first")]);
    let actions = node.step(START, Input::Heads(heads(3, Some((3, "second")))));
    assert_eq!(actions, [], "one conversation at a time");
    let not_taken = Response::Error(Refusal::NotTaken);
    let actions = answer(&mut node, START, Topic::Cosign, not_taken);
    let told = Action::Tell(Notice::CosignatureNotTaken(TreeSize(2)));
    assert_eq!(actions, [told, line(3, "second")]);
    let too_late = Response::Error(Refusal::NotNewest);
    assert_eq!(
        answer(&mut node, START, Topic::Cosign, too_late),
        [],
        "nobody's fault"
    );
}

#[test]
fn a_line_is_handed_in_again_to_a_sequencer_that_started_anew() {
    let mut node = follower(2);
    greeted(&mut node, DEPARTMENT, hello(2, true));
    node.step(START, Input::Heads(heads(2, Some((2, "first")))));
    answer(&mut node, START, Topic::Cosign, Response::Ok);
    node.step(START, Input::Gone(DEPARTMENT));
    let actions = greeted(&mut node, DEPARTMENT, hello(2, true));
    assert!(actions.contains(&line(2, "first")));
}

#[test]
fn pieces_without_their_checkpoint_are_followed_on_and_asked_again_when_one_does_not_fit() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(9, true));
    answer(&mut node, START, Topic::Follow, log(&["b", "c"], "note 9"));
    node.step(START, Input::Heads(heads(1, None)));
    let actions = node.step(START, Input::Applied(TreeSize(3)));
    assert_eq!(
        actions,
        [Action::Ask(DEPARTMENT, follow(3))],
        "the ledger itself is still at 1"
    );
    answer(&mut node, START, Topic::Follow, log(&["x"], "note 9"));
    node.step(START, Input::NotApplied(Fault::Own));
    let later = START + backoff(1, NO_SPREAD);
    assert_eq!(
        node.step(later, Input::Tick),
        [Action::Ask(DEPARTMENT, follow(1))]
    );
}

fn submitted(actions: &[Action]) -> Vec<(PeerKey, usize)> {
    let asked = actions.iter().filter_map(|action| match action {
        Action::Ask(peer, Request::Submit { envelopes }) => Some((*peer, envelopes.len())),
        _ => None,
    });
    asked.collect()
}

#[test]
fn pending_events_are_offered_until_they_are_logged() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    let event = || vec![b"event".to_vec()];
    let actions = node.step(START, Input::Pending(event()));
    assert_eq!(submitted(&actions), [(DEPARTMENT, 1)]);
    let results = vec![Submitted::Logged];
    answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    let soon = node.step(START + SUBMIT_AGAIN / 2, Input::Pending(event()));
    assert_eq!(submitted(&soon), []);
    let again = node.step(START + SUBMIT_AGAIN, Input::Pending(event()));
    assert_eq!(submitted(&again), [(DEPARTMENT, 1)]);
    let results = vec![Submitted::Logged];
    answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    let seen = node.step(START * 2, Input::Pending(vec![]));
    assert_eq!(submitted(&seen), [], "it came back in the log");
}

#[test]
fn without_the_sequencer_events_go_to_one_peer_and_to_the_sequencer_when_it_is_there() {
    let mut node = follower(1);
    greeted(&mut node, MEMBER, hello(1, false));
    let actions = node.step(START, Input::Pending(vec![b"event".to_vec()]));
    assert_eq!(submitted(&actions), [(MEMBER, 1)]);
    let results = vec![Submitted::Pending];
    let response = Response::Submitted { results };
    node.step(START, Input::Answered(MEMBER, Topic::Submit, response));
    let actions = greeted(&mut node, DEPARTMENT, hello(1, true));
    assert_eq!(submitted(&actions), [(DEPARTMENT, 1)], "at once");
}

#[test]
fn a_refusal_is_told_once_and_blocks_no_other_event() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    node.step(
        START,
        Input::Pending(vec![b"bad".to_vec(), b"good".to_vec()]),
    );
    let refused = || Submitted::Refused("SAI_NOI_TIEP".into());
    let results = vec![refused(), Submitted::Logged];
    let actions = answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    let id = EventId(leaf_hash(b"bad"));
    let told = Action::Tell(Notice::EventRefused(id, "SAI_NOI_TIEP".into()));
    assert_eq!(actions, [told]);
    let pending = vec![b"bad".to_vec(), b"next".to_vec()];
    assert_eq!(
        submitted(&node.step(START, Input::Pending(pending))),
        [(DEPARTMENT, 1)]
    );
    let results = vec![Submitted::Logged];
    answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    let later = START + SUBMIT_AGAIN;
    let again = node.step(later, Input::Pending(vec![b"bad".to_vec()]));
    assert_eq!(
        submitted(&again),
        [(DEPARTMENT, 1)],
        "the sequencer may know more by now"
    );
    let results = vec![refused()];
    let actions = answer(
        &mut node,
        later,
        Topic::Submit,
        Response::Submitted { results },
    );
    assert!(!actions.iter().any(|a| matches!(a, Action::Tell(_))));
}

#[test]
fn a_week_of_events_goes_in_batches() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    let many = (0..ENVELOPES_MAX + 6).map(|i| vec![i as u8]).collect();
    assert_eq!(
        submitted(&node.step(START, Input::Pending(many))),
        [(DEPARTMENT, ENVELOPES_MAX)]
    );
    let results = vec![Submitted::Logged; ENVELOPES_MAX];
    let actions = answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    assert_eq!(submitted(&actions), [(DEPARTMENT, 6)]);
    let results = vec![Submitted::Logged; 5];
    let actions = answer(
        &mut node,
        START,
        Topic::Submit,
        Response::Submitted { results },
    );
    assert!(matches!(
        &actions[..],
        [Action::Drop(DEPARTMENT, Why::Garbage(_))]
    ));
}

#[test]
fn failures_pause_longer_and_then_close_the_connection() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    let mut now = START;
    for attempt in 1..FAILURES_MAX {
        let failed = node.step(now, Input::Failed(DEPARTMENT, Topic::Follow));
        assert_eq!(failed, [], "attempt {attempt}");
        assert_eq!(node.step(now + backoff(attempt, 0), Input::Tick), []);
        now += backoff(attempt, NO_SPREAD);
        assert_eq!(
            node.step(now, Input::Tick),
            [Action::Ask(DEPARTMENT, follow(1))]
        );
    }
    let failed = node.step(now, Input::Failed(DEPARTMENT, Topic::Follow));
    assert_eq!(failed, [Action::Drop(DEPARTMENT, Why::Silent)]);
}

#[test]
fn a_dead_line_is_dialled_anew_at_once() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    let actions = node.step(START, Input::TimedOut(DEPARTMENT, Topic::Follow));
    assert_eq!(actions, [Action::Drop(DEPARTMENT, Why::Silent)]);
    node.step(START, Input::Gone(DEPARTMENT));
    let actions = greeted(&mut node, DEPARTMENT, hello(1, true));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(1))]);
}

#[test]
fn whoever_sends_no_continuation_is_dropped_and_our_own_fault_is_not_theirs() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(2, true));
    answer(&mut node, START, Topic::Follow, log(&["x"], "note"));
    assert_eq!(node.step(START, Input::NotApplied(Fault::Own)), []);
    let later = START + backoff(1, NO_SPREAD);
    assert_eq!(
        node.step(later, Input::Tick),
        [Action::Ask(DEPARTMENT, follow(1))]
    );
    answer(&mut node, later, Topic::Follow, log(&["x"], "note"));
    let actions = node.step(later, Input::NotApplied(Fault::Peer));
    assert!(matches!(
        &actions[..],
        [Action::Drop(DEPARTMENT, Why::Garbage(_))]
    ));
}

#[test]
fn without_the_sequencer_peers_are_followed_in_turn_and_boasters_only_once() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, false));
    let boaster = greeted(&mut node, MEMBER, hello(1_000_000, false));
    assert_eq!(boaster, [], "one piece at a time");
    let later = START + FOLLOW_WAIT;
    let empty = || Response::Log(Log::default());
    let actions = answer(&mut node, later, Topic::Follow, empty());
    assert_eq!(
        actions,
        [Action::Ask(MEMBER, follow(1))],
        "it says it is ahead"
    );
    let later = later + FOLLOW_WAIT;
    let actions = node.step(later, Input::Answered(MEMBER, Topic::Follow, empty()));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, follow(1))]);
}

#[test]
fn blobs_are_asked_of_each_peer_and_checked() {
    let picture = b"picture".to_vec();
    let hash = Hash(Sha256::digest(&picture).into());
    let opening = b"opening".to_vec();
    let commitment = commit(&opening);
    let mut node = Follower::new(LEDGER, true, heads(1, None));
    greeted(&mut node, DEPARTMENT, hello(1, false));
    let actions = node.step(START, Input::Wanted(vec![hash]));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, Request::Blob { hash })]);
    let none = Response::Blob { bytes: None };
    assert_eq!(answer(&mut node, START, Topic::Blob, none), []);
    let now = START + BLOB_AGAIN;
    let actions = node.step(now, Input::Tick);
    assert_eq!(actions, [Action::Ask(DEPARTMENT, Request::Blob { hash })]);
    let bytes = Some(picture.clone());
    let actions = answer(&mut node, now, Topic::Blob, Response::Blob { bytes });
    let kept = |hash, bytes, opening| {
        Action::Keep(Blob {
            hash,
            bytes,
            opening,
        })
    };
    assert_eq!(actions, [kept(hash, picture, false)]);

    let hash = commitment;
    let actions = node.step(now, Input::Wanted(vec![hash]));
    assert_eq!(actions, [Action::Ask(DEPARTMENT, Request::Blob { hash })]);
    let bytes = Some(opening.clone());
    let actions = answer(&mut node, now, Topic::Blob, Response::Blob { bytes });
    assert_eq!(actions, [kept(hash, opening, true)]);

    node.step(now, Input::Wanted(vec![Hash([1; 32])]));
    let bytes = Some(b"something else".to_vec());
    let actions = answer(&mut node, now, Topic::Blob, Response::Blob { bytes });
    assert!(matches!(
        &actions[..],
        [Action::Drop(DEPARTMENT, Why::Garbage(_))]
    ));
}

#[test]
fn a_blob_that_nobody_has_is_asked_for_less_and_less_often() {
    let mut node = follower(1);
    greeted(&mut node, DEPARTMENT, hello(1, true));
    let hash = Hash([1; 32]);
    node.step(START, Input::Wanted(vec![hash]));
    let mut now = START;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let none = Response::Blob { bytes: None };
        answer(&mut node, now, Topic::Blob, none);
        let asked_at = now;
        while !node
            .step(now, Input::Wanted(vec![hash]))
            .contains(&Action::Ask(DEPARTMENT, Request::Blob { hash }))
        {
            now += Duration::from_secs(1);
        }
        pauses.push(now - asked_at);
    }
    assert_eq!(pauses, [BLOB_AGAIN, BLOB_AGAIN * 2, BLOB_AGAIN * 4]);
}

#[test]
fn a_sequencer_asks_only_who_says_to_have_more_and_only_for_the_evidence() {
    let mut node = Follower::new(LEDGER, true, heads(5, None));
    assert_eq!(greeted(&mut node, DEPARTMENT, hello(5, false)), []);
    let actions = greeted(&mut node, MEMBER, hello(9, false));
    let ahead = Action::Tell(Notice::PeerIsAhead(MEMBER, TreeSize(9)));
    assert_eq!(actions, [ahead, Action::Ask(MEMBER, follow(5))]);
    let answer = log(&["f", "g"], "note 9");
    let actions = node.step(START, Input::Answered(MEMBER, Topic::Follow, answer));
    assert!(matches!(&actions[..], [Action::Apply(MEMBER, log)] if log.entries.is_empty()));
    assert_eq!(
        node.step(START, Input::Applied(TreeSize(5))),
        [],
        "once for each greeting"
    );
}

fn any_input() -> impl Strategy<Value = Input> {
    let peer = || prop_oneof![Just(DEPARTMENT), Just(MEMBER)];
    let topic = || {
        prop::sample::select(vec![
            Topic::Hello,
            Topic::Submit,
            Topic::Follow,
            Topic::Cosign,
            Topic::Blob,
        ])
    };
    let response = prop_oneof![
        (0..9u64, any::<bool>()).prop_map(|(size, seq)| Response::Hello(hello(size, seq))),
        Just(log(&["a", "b"], "note")),
        Just(Response::Log(Log::default())),
        Just(Response::Ok),
        Just(Response::Blob { bytes: None }),
        prop::collection::vec(Just(Submitted::Pending), 0..3)
            .prop_map(|results| Response::Submitted { results }),
        Just(Response::Error(Refusal::Busy)),
        Just(Response::Error(Refusal::HelloFirst)),
        Just(Response::Error(Refusal::NotTaken)),
    ];
    prop_oneof![
        peer().prop_map(Input::Connected),
        peer().prop_map(Input::Gone),
        (peer(), topic(), response).prop_map(|(p, t, r)| Input::Answered(p, t, r)),
        (peer(), topic()).prop_map(|(p, t)| Input::Failed(p, t)),
        (peer(), topic()).prop_map(|(p, t)| Input::TimedOut(p, t)),
        (0..9u64, 0..9u64).prop_map(|(s, l)| Input::Heads(heads(s, Some((l, "line"))))),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3), 0..4)
            .prop_map(Input::Pending),
        (0..9u64).prop_map(|s| Input::Applied(TreeSize(s))),
        Just(Input::NotApplied(Fault::Own)),
        Just(Input::NotApplied(Fault::Peer)),
        prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..3).prop_map(Input::Wanted),
        Just(Input::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_happens_one_conversation_of_a_topic_and_one_piece_at_a_time(
        inputs in prop::collection::vec((any_input(), 0..5_000u64), 0..80),
    ) {
        let mut node = follower(1);
        let mut now = START;
        let mut open: BTreeSet<(PeerKey, Topic)> = BTreeSet::new();
        let mut applying = false;
        for (input, millis) in inputs {
            now += Duration::from_millis(millis);
            match &input {
                Input::Connected(peer) | Input::Gone(peer) => open.retain(|(p, _)| p != peer),
                Input::Answered(peer, topic, _)
                | Input::Failed(peer, topic)
                | Input::TimedOut(peer, topic) => {
                    open.remove(&(*peer, *topic));
                }
                Input::Applied(..) | Input::NotApplied(_) => applying = false,
                _ => {}
            }
            for action in node.step(now, input) {
                match action {
                    Action::Ask(peer, request) => {
                        prop_assert!(open.insert((peer, request.topic())));
                        prop_assert!(Request::decode(&request.encode()).is_ok());
                    }
                    Action::Apply(..) => {
                        prop_assert!(!applying);
                        applying = true;
                    }
                    _ => {}
                }
            }
            prop_assert!(open.iter().filter(|(_, t)| *t == Topic::Follow).count() <= 1);
        }
    }
}
