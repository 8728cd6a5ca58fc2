"""Section 7, Threshold acts: proposals, consents, and when an act takes effect."""

from dataclasses import dataclass, field

from . import presupposed
from .body import KINDS


@dataclass
class Proposal:
    event: object
    consents: set = field(default_factory=set)  # keys of devices
    in_effect: bool = False


def is_threshold_act(roster, event):
    who = KINDS[event.kind][0]
    return who == "governor" or (who == "steward" and event.body["org"] == roster.authority)


def propose(roster, event):
    """A proposal is its signer's own consent, which may be enough."""
    roster.proposals[event.id] = Proposal(event)
    _consent(roster, roster.proposals[event.id], event.device)


def approve(roster, event):
    """Why an `approve` is void, or None: it must add something, and what it completes must still be possible."""
    proposal = roster.proposals[event.body["ref"]]
    if proposal.in_effect or event.device in proposal.consents:
        return "KHONG_DOI_GI"
    if _is_agreed(roster, proposal.event, proposal.consents | {event.device}):
        fault = presupposed.fault(roster, proposal.event)
        if fault:
            return fault
    _consent(roster, proposal, event.device)
    return None


def _consent(roster, proposal, device):
    proposal.consents.add(device)
    if _is_agreed(roster, proposal.event, proposal.consents):
        proposal.in_effect = True
        roster.apply(proposal.event)


def _is_agreed(roster, act, consents):
    """Whether enough of the authority's devices consent, and for a later anchor enough of the validators of the one in effect."""
    if len(consents & roster.administrators(roster.authority)) < roster.threshold:
        return False
    if act.kind != "anchor" or roster.anchor is None:
        return True
    devices = [roster.devices[key] for key in consents]
    said = {device.org.lower(): 0 for device in devices if device.may_consent()}
    return roster.anchor.policy.kth(said, roster.anchor.validators) is not None
