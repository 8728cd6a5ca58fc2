//! An event that members saw and that the log does not have, although it was next and time enough went by.
//!
//! What is concluded hangs on the members who say that they saw it: two who lie together can make an event look older
//! than it is. Nobody can prove what reached whom.

use std::collections::BTreeMap;

use crate::anchor::Anchor;
use crate::encode::Value;
use crate::ids::{LeafIndex, OrgId};
use crate::kind::Kind;
use crate::placed::Placed;
use crate::seen::Receipt;
use crate::sign::{Envelope, EnvelopeError, SignedEvent};
use crate::verify::Finding;

use super::excerpt::{Shown, own_genesis};
use super::standing::{enrolled, in_force, members, missing};
use super::{Claim, EvidenceError, Excerpt, Fields, Written};

/// An event was seen when this many organisations besides its signer's say so.
pub const SEEN_ORGS_MIN: usize = 2;
/// Below an hour nothing is late: a batch or two may just have failed.
pub const DELAY_MIN_SECONDS: u64 = 3_600;
/// More receipts than the members of a large province.
pub const RECEIPTS_MAX: usize = 256;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Leaf 0.
    pub genesis: Vec<u8>,
    /// The event.
    pub envelope: Vec<u8>,
    /// Its predecessor in the device's chain, and its place in the log. `None` for a device's first event.
    pub prev: Option<Placed>,
    /// Seen receipts ([`crate::seen`]).
    pub receipts: Vec<Vec<u8>>,
    /// By how many seconds the head is later than the receipts.
    pub delay: u64,
    /// Complete lists under that head: of all subjects of the event, of the organisations of its signer and of the
    /// receipts' signers, of the authority's, and of the ledger.
    pub lists: Excerpt,
}

impl Withheld {
    pub(super) fn fields(&self) -> Written {
        let receipts = self.receipts.iter().map(|bytes| Value::bytes(bytes));
        vec![
            ("genesis", Value::bytes(&self.genesis)),
            ("envelope", Value::bytes(&self.envelope)),
            (
                "prev",
                self.prev.as_ref().map_or(Value::Null, Placed::to_value),
            ),
            ("receipts", Value::Array(receipts.collect())),
            ("delay", Value::uint(self.delay)),
            ("lists", self.lists.to_value()),
        ]
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Withheld, EvidenceError> {
        let receipts = fields.read("receipts", |value| {
            let receipts = value.as_array().filter(|all| all.len() <= RECEIPTS_MAX)?;
            let bytes = |receipt: &Value| receipt.as_bytes().map(<[u8]>::to_vec);
            receipts.iter().map(bytes).collect()
        })?;
        Ok(Withheld {
            genesis: fields.bytes("genesis")?,
            envelope: fields.bytes("envelope")?,
            prev: fields.optional("prev", Placed::from_value)?,
            receipts,
            delay: fields.read("delay", Value::as_uint)?,
            lists: fields.read("lists", Excerpt::from_value)?,
        })
    }

    pub(super) fn check(&self, anchor: &Anchor) -> Vec<Finding<Claim>> {
        let (event, shown) = match (self.signed(anchor), self.shown(anchor)) {
            (Ok(event), Ok(shown)) => (event, shown),
            (event, shown) => {
                let signed = event.map_or_else(|fault| fault, |e| signed(&e));
                let lists = shown.err();
                let rest = REST.map(|claim| Finding::lacking(claim, "no_lists"));
                return [signed].into_iter().chain(lists).chain(rest).collect();
            }
        };
        let mut findings = vec![
            signed(&event),
            Finding::proven(Claim::Lists).by([shown.evaluation.checkpoint().origin()]),
            witnessed(&shown),
            member(&shown, &event),
            self.next(&shown, &event),
        ];
        findings.extend(self.seen_and_late(anchor, &shown, &event));
        findings.push(in_force(&shown, &event, None));
        findings.push(missing(&shown, &event));
        for finding in &mut findings[1..] {
            finding.as_of = shown.reached();
        }
        findings
    }

    fn signed(&self, anchor: &Anchor) -> Result<SignedEvent, Finding<Claim>> {
        let contradicted = |detail| Finding::contradicted(Claim::Signed, detail);
        own_genesis(&self.genesis, anchor).ok_or_else(|| contradicted("other_ledger"))?;
        Envelope::parse(&self.envelope)
            .and_then(|envelope| envelope.verify(&anchor.ledger()))
            .map_err(|why| match why {
                EnvelopeError::Signature => contradicted("bad_signature"),
                _ => contradicted("malformed"),
            })
    }

    fn shown<'a>(&self, anchor: &'a Anchor) -> Result<Shown<'a>, Finding<Claim>> {
        self.lists
            .check(&self.genesis, anchor)
            .map_err(|fault| Finding::contradicted(Claim::Lists, fault.detail).by(fault.by))
    }

    /// The event opens its device's chain, or its predecessor stands in the log; and as far as the lists tell, the
    /// chain did not go on without it.
    fn next(&self, shown: &Shown<'_>, event: &SignedEvent) -> Finding<Claim> {
        if let Some(index) = overtaken(shown, event) {
            return Finding::lacking(Claim::Next, "overtaken").by([index]);
        }
        let link = event.link();
        let Some(prev) = &self.prev else {
            let first = (link.epoch, link.seq) == (0, 0);
            return match first {
                true => Finding::proven(Claim::Next),
                false => Finding::lacking(Claim::Next, "no_predecessor"),
            };
        };
        let before = Envelope::parse(&prev.envelope).ok();
        let follows = before.is_some_and(|before| {
            let old = before.payload().link;
            let same_epoch = (link.epoch, link.seq) == (old.epoch, old.seq.saturating_add(1));
            let opens = event.body().kind == Kind::Epoch
                && (link.epoch, link.seq) == (old.epoch.saturating_add(1), 0);
            before.id().0 == link.prev && before.device() == event.device() && (same_epoch || opens)
        });
        let holds = follows && prev.is_in(shown.evaluation.checkpoint());
        Finding::proven_if(Claim::Next, holds, "not_in_log").by([prev.index])
    }

    /// Who says to have seen the event, and whether the head is late enough after the last of them.
    fn seen_and_late(
        &self,
        anchor: &Anchor,
        shown: &Shown<'_>,
        event: &SignedEvent,
    ) -> [Finding<Claim>; 2] {
        let roster = members(shown).roster;
        let mut seen: BTreeMap<OrgId, i64> = BTreeMap::new();
        for (n, bytes) in self.receipts.iter().enumerate() {
            let receipt = Receipt::verify(bytes, &anchor.ledger());
            let Ok(receipt) = receipt.map(|r| (r.event() == event.id()).then_some(r)) else {
                return unseen("bad_receipt", [n]);
            };
            let Some(receipt) = receipt else {
                return unseen("other_event", [n]);
            };
            if enrolled(shown, &receipt.device(), receipt.iss()).is_err() {
                return unseen("not_enrolled", [receipt.iss()]);
            }
            let device = roster.device(&receipt.device());
            if device.is_some_and(|device| device.revoked.is_some()) {
                return unseen("revoked", [receipt.iss()]);
            }
            // The signer's organisation cannot vouch for itself.
            if receipt.iss() != event.iss() {
                let last = seen.entry(receipt.iss().clone()).or_insert(i64::MIN);
                *last = (*last).max(receipt.seen().seconds);
            }
        }
        let enough = seen.len() >= SEEN_ORGS_MIN;
        let by_seen = match enough {
            true => Finding::proven(Claim::Seen),
            false => Finding::lacking(Claim::Seen, "too_few"),
        };
        let last = seen.values().max().and_then(|at| u64::try_from(*at).ok());
        let due = last.and_then(|last| last.checked_add(self.delay.max(DELAY_MIN_SECONDS)));
        let late = match (due, shown.reached()) {
            (Some(due), Some(reached)) if reached >= due && enough => {
                Finding::proven(Claim::Late).by([reached.saturating_sub(last.unwrap_or(reached))])
            }
            _ => Finding::lacking(Claim::Late, "too_early"),
        };
        [by_seen.by(seen.keys()), late]
    }
}

/// The claims behind `signed` and `lists`.
const REST: [Claim; 7] = [
    Claim::Witnessed,
    Claim::Member,
    Claim::Next,
    Claim::Seen,
    Claim::Late,
    Claim::InForce,
    Claim::Missing,
];

fn unseen<T: std::fmt::Display>(detail: &'static str, by: [T; 1]) -> [Finding<Claim>; 2] {
    [
        Finding::contradicted(Claim::Seen, detail).by(by),
        Finding::lacking(Claim::Late, "no_receipts"),
    ]
}

fn signed(event: &SignedEvent) -> Finding<Claim> {
    Finding::proven(Claim::Signed).by([event.iss()])
}

fn witnessed(shown: &Shown<'_>) -> Finding<Claim> {
    let finding = match shown.reached() {
        Some(_) => Finding::proven(Claim::Witnessed),
        None => Finding::lacking(Claim::Witnessed, "too_few"),
    };
    finding.by(shown.evaluation.cosigned_by().map(|(name, ..)| name))
}

/// The device may sign this: enrolled, and not revoked before it.
fn member(shown: &Shown<'_>, event: &SignedEvent) -> Finding<Claim> {
    let enrolled = enrolled(shown, &event.device(), event.iss());
    match enrolled.map(|()| members(shown).roster.check_member(event).is_ok()) {
        Ok(true) => Finding::proven(Claim::Member).by([event.iss()]),
        Ok(false) => Finding::lacking(Claim::Member, "revoked"),
        Err(detail) => Finding::lacking(Claim::Member, detail),
    }
}

/// Where the lists show that the device's chain went on without an event, or that its epoch was closed: then the event
/// was rightly refused. A chain that went on elsewhere its device's fork shows.
fn overtaken(shown: &Shown<'_>, event: &SignedEvent) -> Option<LeafIndex> {
    let place = (event.link().epoch, event.link().seq);
    let goes_on = |other: &SignedEvent| {
        other.device() == event.device()
            && other.id() != event.id()
            && (other.link().epoch, other.link().seq) >= place
    };
    let closes = |other: &SignedEvent| {
        let forked = other
            .body()
            .envelope
            .as_ref()
            .filter(|_| other.body().kind == Kind::Conflict);
        let forked = forked.and_then(|envelope| Envelope::parse(&envelope.0).ok());
        forked.is_some_and(|forked| {
            forked.device() == event.device() && forked.payload().link.epoch >= place.0
        })
    };
    let mut events = shown.events.iter();
    let found = events.find(|(_, other)| goes_on(other) || closes(other));
    found.map(|(index, _)| *index)
}
