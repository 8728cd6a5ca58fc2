//! The verifier of bundles, end to end: a good bundle, then some lies about it. The liar holds every key but the
//! validators'; what those never cosigned must not be proven, and what they did cosign must not lack an event.

use std::collections::BTreeMap;

use ledger_core::bundle::Bundle;
use ledger_core::code::PrintedCode;
use ledger_core::encode::Value;
use ledger_core::ids::{Hash, LeafIndex};
use ledger_core::kind::KINDS;
use ledger_core::note::Note;
use ledger_core::subject::Subject;
use ledger_core::verify::{Proof, Statement, Verdict, verify as check};

use crate::choices::Choices;
use crate::world::{
    CODES, COSIGNED, Head, PARTIES, SEQUENCER, World, body_of, envelope, payload, signed_by_log,
    world,
};

/// More lies than this about one bundle only repeat themselves.
const LIES_MAX: usize = 8;

pub(super) fn run(bytes: &[u8]) -> bool {
    let mut choices = Choices::new(bytes);
    let world = world();
    let (code, head) = (choices.below(CODES.len()), choices.below(2));
    let mut bundle = honest(code, head).clone();
    let now = COSIGNED + [3_600, 0, 172_801][choices.below(3)];
    for _ in 0..LIES_MAX {
        if choices.is_empty() {
            break;
        }
        lie(&mut bundle, world, &mut choices);
    }
    judge(world, &bundle.encode(), now)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let lies = (0..20u8).map(|lie| vec![lie % 3, lie % 2, 0, lie, 1, 2, 3, 4]);
    (0..6u8)
        .map(|at| vec![at % 3, at / 3])
        .chain(lies)
        .collect()
}

/// The bytes of a bundle, whatever they are.
pub(super) fn run_bytes(bytes: &[u8]) -> bool {
    judge(world(), bytes, COSIGNED + 60)
}

pub(super) fn byte_seeds() -> Vec<Vec<u8>> {
    CODES
        .iter()
        .map(|code| world().bundle(code, 1).encode())
        .collect()
}

/// Asks the verifier, and holds its answer against the truth. Accepted is what is confirmed or proven absent.
fn judge(world: &World, bytes: &[u8], now: u64) -> bool {
    let Ok(verdict) = check(bytes, &world.anchor, now) else {
        return false;
    };
    let again = check(bytes, &world.anchor, now).expect("read once, read again");
    assert_eq!(
        verdict.statements, again.statements,
        "the same bundle has the same verdict"
    );
    assert_eq!(
        (verdict.state, &verdict.lot, verdict.as_of),
        (again.state, &again.lot, again.as_of)
    );
    let names: Vec<Statement> = verdict
        .statements
        .iter()
        .map(|finding| finding.statement)
        .collect();
    assert_eq!(names, Statement::ALL);

    let bundle = Bundle::decode(bytes).expect("it was judged");
    let proven = |name| verdict.proof(name) == Some(Proof::Proven);
    if proven(Statement::Witnessed) {
        assert!(
            head_of(world, &bundle).is_some(),
            "a head that no validator cosigned counts as witnessed"
        );
    }
    let whole = [
        Statement::Ledger,
        Statement::Checkpoint,
        Statement::Witnessed,
        Statement::MapHead,
        Statement::Complete,
    ];
    if whole.into_iter().all(proven) {
        assert_is_whole(world, &bundle);
    }
    if verdict.is_confirmed() {
        assert_says_the_truth(world, &bundle, &verdict, now);
    }
    verdict.is_confirmed() || verdict.state.word() == "unknown_code"
}

/// The head of the world that a bundle's checkpoint states.
fn head_of<'w>(world: &'w World, bundle: &Bundle) -> Option<(usize, &'w Head)> {
    let text = Note::parse(bundle.checkpoint.as_bytes())
        .ok()?
        .text()
        .to_owned();
    let states = |head: &&Head| crate::world::checkpoint(&head.replica).to_text() == text;
    world
        .heads
        .iter()
        .enumerate()
        .find(|(_, head)| states(head))
}

/// No list lacks an event, and every event is the one that the log has.
fn assert_is_whole(world: &World, bundle: &Bundle) {
    let (_, head) = head_of(world, bundle).expect("witnessed");
    for (subject, list) in &bundle.subjects {
        let truth: Vec<LeafIndex> = head
            .replica
            .list(subject)
            .expect("memory does not fail")
            .iter()
            .map(|(index, _)| *index)
            .collect();
        assert_eq!(
            list, &truth,
            "an event of {subject:?} is hidden, or made up"
        );
    }
    for (index, bytes) in &bundle.events {
        assert_eq!(
            world.entries.get(index.0 as usize),
            Some(bytes),
            "leaf {index} says something else"
        );
    }
}

/// Confirmed is only what the honest bundle of the same code says as of the same head.
fn assert_says_the_truth(world: &World, bundle: &Bundle, verdict: &Verdict, now: u64) {
    let (at, _) = head_of(world, bundle).expect("witnessed");
    let code = bundle.code.canonical();
    let place = CODES
        .iter()
        .position(|known| *known == code)
        .expect("a code that is bound");
    let truth = check(&honest(place, at).encode(), &world.anchor, now).expect("our bundle");
    assert_eq!(verdict.lot, truth.lot);
    assert_eq!(verdict.state, truth.state);
}

/// The honest bundles, made once: by code and head.
fn honest(code: usize, head: usize) -> &'static Bundle {
    static BUNDLES: std::sync::OnceLock<BTreeMap<(usize, usize), Bundle>> =
        std::sync::OnceLock::new();
    let all = || {
        let places = (0..CODES.len()).flat_map(|code| [(code, 0), (code, 1)]);
        places
            .map(|(code, head)| ((code, head), world().bundle(CODES[code], head)))
            .collect()
    };
    &BUNDLES.get_or_init(all)[&(code, head)]
}

fn lie(bundle: &mut Bundle, world: &World, choices: &mut Choices<'_>) {
    let other = honest(choices.below(CODES.len()), choices.below(2));
    match choices.byte() % 20 {
        0 => drop(remove(&mut bundle.events, choices)),
        1 => drop(remove(&mut bundle.subjects, choices)),
        2 => hide_from_lists(bundle, choices),
        3 => swap(&mut bundle.events, choices),
        4 => bundle.events = other.events.clone(),
        5 => (bundle.subjects, bundle.map) = (other.subjects.clone(), other.map.clone()),
        6 => bundle.checkpoint.clone_from(&other.checkpoint),
        7 => bundle.head = other.head.clone(),
        8 => {
            bundle.code = PrintedCode::from_canonical(CODES[choices.below(CODES.len())])
                .expect("a code of ours")
        }
        9 => splice(&mut bundle.map, choices),
        10 => bundle.openings.push(choices.take(40).to_vec()),
        11 => add_forged_event(bundle, world, choices),
        12 => replace_by_forged_event(bundle, world, choices),
        13 => department_lies(bundle, choices),
        14 => change_lines(bundle, choices),
        15 => splice_some(bundle.events.iter_mut().map(|(_, bytes)| bytes), choices),
        16 => splice(&mut bundle.genesis, choices),
        17 => add_subject(bundle, choices),
        18 => bundle.events.sort_by_key(|(index, _)| *index),
        _ => splice(&mut bundle.head.envelope, choices),
    }
}

fn remove<T>(items: &mut Vec<T>, choices: &mut Choices<'_>) -> Option<T> {
    let at = choices.below(items.len());
    (at < items.len()).then(|| items.remove(at))
}

fn swap<T>(items: &mut [T], choices: &mut Choices<'_>) {
    if !items.is_empty() {
        items.swap(choices.below(items.len()), choices.below(items.len()));
    }
}

/// Takes one event out of the bundle and out of every list, as a liar would who hides a recall.
fn hide_from_lists(bundle: &mut Bundle, choices: &mut Choices<'_>) {
    if let Some((hidden, _)) = remove(&mut bundle.events, choices) {
        bundle
            .subjects
            .iter_mut()
            .for_each(|(_, list)| list.retain(|index| *index != hidden));
    }
}

fn splice(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(bytes.len() + 1);
    let end = (at + choices.below(4)).min(bytes.len());
    let len = choices.below(4);
    bytes.splice(at..end, choices.take(len).iter().copied());
}

fn splice_some<'b>(
    pieces: impl ExactSizeIterator<Item = &'b mut Vec<u8>>,
    choices: &mut Choices<'_>,
) {
    let at = choices.below(pieces.len());
    if let Some(piece) = { pieces }.nth(at) {
        splice(piece, choices);
    }
}

/// An event that some device really signed, but that never was in the log.
fn forged(world: &World, choices: &mut Choices<'_>) -> Vec<u8> {
    let who = *choices.pick(&PARTIES);
    let ids: Vec<[u8; 32]> = world
        .entries
        .iter()
        .map(|entry| ledger_core::sign::event_id(entry).0.0)
        .collect();
    let body = body_of(choices.pick(KINDS), &ids, choices);
    let seq = u64::from(choices.byte());
    let payload = payload(
        u64::from(choices.byte() % 2),
        seq,
        &Hash([0; 32]),
        1_760_050_000,
        body,
    );
    envelope(
        &who.key(),
        &who.public(),
        who.iss,
        &world.ledger(),
        &payload.encode(),
    )
}

fn add_forged_event(bundle: &mut Bundle, world: &World, choices: &mut Choices<'_>) {
    let index = LeafIndex(choices.below(world.entries.len() + 2) as u64);
    bundle.events.push((index, forged(world, choices)));
    let at = choices.below(bundle.subjects.len());
    if let Some((_, list)) = bundle.subjects.get_mut(at) {
        list.push(index);
        list.sort_unstable();
    }
}

fn replace_by_forged_event(bundle: &mut Bundle, world: &World, choices: &mut Choices<'_>) {
    let at = choices.below(bundle.events.len());
    let bytes = forged(world, choices);
    if let Some(event) = bundle.events.get_mut(at) {
        event.1 = bytes;
    }
}

/// A map head and a checkpoint of the department's own making: well signed, cosigned by nobody.
fn department_lies(bundle: &mut Bundle, choices: &mut Choices<'_>) {
    let world = world();
    let (size, root) = (bundle.head.index.0, Hash([choices.byte(); 32]));
    let body = Value::map([
        ("kind", Value::text("map_head")),
        ("size", Value::uint(size)),
        ("root", Value::bytes(&root.0)),
    ]);
    let payload = payload(0, 9, &Hash([0; 32]), 1_760_060_000, body).encode();
    let head = envelope(
        &SEQUENCER.key(),
        &SEQUENCER.public(),
        SEQUENCER.iss,
        &world.ledger(),
        &payload,
    );
    let leaves = [
        ledger_core::merkle::leaf_hash(b""),
        ledger_core::merkle::leaf_hash(&head),
    ];
    let tree = ledger_core::checkpoint::Checkpoint::new(
        crate::world::ORIGIN,
        ledger_core::ids::TreeSize(2),
        ledger_core::merkle::root(&leaves),
    );
    bundle.head.envelope = head;
    if choices.rarely(2) {
        bundle.head.index = LeafIndex(1);
        bundle.head.proof = leaves[..1].to_vec();
        bundle.checkpoint = signed_by_log(&tree.expect("our origin")).to_text();
    }
}

/// Signature lines left out, repeated, or taken from the other head.
fn change_lines(bundle: &mut Bundle, choices: &mut Choices<'_>) {
    let Ok(note) = Note::parse(bundle.checkpoint.as_bytes()) else {
        return splice_text(&mut bundle.checkpoint, choices);
    };
    let other = Note::parse(world().heads[choices.below(2)].note.as_bytes()).expect("our note");
    let mut lines = note.lines().to_vec();
    match choices.byte() % 3 {
        0 => drop(remove(&mut lines, choices)),
        1 => lines.push(choices.pick(note.lines()).clone()),
        _ => lines.push(choices.pick(other.lines()).clone()),
    }
    if let Ok(note) = Note::new(note.text().to_owned(), lines) {
        bundle.checkpoint = note.to_text();
    }
}

fn splice_text(text: &mut String, choices: &mut Choices<'_>) {
    let mut bytes = std::mem::take(text).into_bytes();
    splice(&mut bytes, choices);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

fn add_subject(bundle: &mut Bundle, choices: &mut Choices<'_>) {
    let (_, more) = (
        choices.byte(),
        honest(choices.below(CODES.len()), choices.below(2)),
    );
    let subject: &(Subject, Vec<LeafIndex>) = choices.pick(&more.subjects);
    bundle.subjects.push(subject.clone());
}
