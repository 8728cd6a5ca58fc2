//! The trust anchor in effect, and who must agree to another (`docs/formats.md` section 7, *Trust anchor*).

use std::collections::BTreeSet;

use super::{Roster, VoidReason};
use crate::anchor::Anchor;
use crate::body::Body;
use crate::ids::OrgId;
use crate::kind::Kind;
use crate::policy::{Policy, Rule};

impl Roster {
    /// The trust anchor that the ledger says, once it says one.
    pub fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_deref()
    }

    /// What an event asks of anchor and threshold: a text of this ledger, and a number of officers that can be met.
    pub(super) fn weigh_rule(&self, body: &Body) -> Result<(), VoidReason> {
        let enough = |count: usize| (1..=count).contains(&self.threshold);
        let fits = match body.kind {
            Kind::Anchor => self.read_anchor(body).is_some(),
            Kind::Threshold => {
                let asked = body.count.unwrap_or(0);
                (1..=self.administrators().count() as u64).contains(&asked)
            }
            Kind::Revoke | Kind::Replace => enough(self.administrators_after(body)),
            _ => true,
        };
        fits.then_some(()).ok_or(VoidReason::BadAnchor)
    }

    fn read_anchor(&self, body: &Body) -> Option<Anchor> {
        let anchor = Anchor::parse(&body.text.as_ref()?.0).ok()?;
        (anchor.ledger() == self.ledger).then_some(anchor)
    }

    pub(super) fn set_anchor(&mut self, body: &Body) {
        if let Some(anchor) = self.read_anchor(body) {
            self.anchor = Some(anchor.into());
        }
    }

    /// Whether an organisation is one of the validators of the anchor in effect.
    pub(super) fn is_validator(&self, org: &OrgId) -> bool {
        let group = self.anchor().and_then(validators);
        group.is_some_and(|(policy, group)| {
            names(policy, group).contains(&policy_name(org).as_str())
        })
    }

    /// Whether the validators of the anchor in effect agree, as many as their group's own rule asks. The first anchor has
    /// nobody before it to ask.
    pub(super) fn old_validators_agree(&self, orgs: &BTreeSet<OrgId>) -> bool {
        let names: BTreeSet<String> = orgs.iter().map(policy_name).collect();
        let group = self.anchor().and_then(validators);
        group.is_none_or(|(policy, group)| agrees(policy, group, &names))
    }
}

/// The name of a validator's organisation in a policy.
fn policy_name(org: &OrgId) -> String {
    org.as_str().to_ascii_lowercase()
}

fn validators(anchor: &Anchor) -> Option<(&Policy, usize)> {
    let policy = anchor.policy();
    policy
        .position(anchor.validators())
        .map(|group| (policy, group))
}

/// Every witness in a group and the groups within it. Groups refer backwards only, so this ends.
fn names(policy: &Policy, at: usize) -> Vec<&str> {
    let Some(definition) = policy.definitions().get(at) else {
        return Vec::new();
    };
    match definition.rule() {
        Rule::Witness { .. } | Rule::Foreign { .. } => vec![definition.name()],
        Rule::Group { members, .. } => members.iter().flat_map(|at| names(policy, *at)).collect(),
    }
}

/// Whether enough of a group agree, by its own rule and those of the groups within it.
fn agrees(policy: &Policy, at: usize, consenting: &BTreeSet<String>) -> bool {
    let Some(definition) = policy.definitions().get(at) else {
        return false;
    };
    match definition.rule() {
        Rule::Witness { .. } | Rule::Foreign { .. } => consenting.contains(definition.name()),
        Rule::Group { threshold, members } => {
            let agreeing = members.iter().filter(|at| agrees(policy, **at, consenting));
            agreeing.count() >= *threshold
        }
    }
}
