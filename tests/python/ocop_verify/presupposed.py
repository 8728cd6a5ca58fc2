"""Section 7: what an event presupposes of the roster, beyond who says it."""

from . import anchor as anchors
from . import ed25519, envelope
from .cbor import Refused


def is_possible(roster, event):
    body, org = event.body, event.body.get("org")
    enrolled = roster.organisations.get(org)
    if enrolled is None and org is not None:
        return ("organisation", org) not in roster.subjects
    match event.kind:
        # The authority's organisation is always enrolled and never suspended.
        case "suspend":
            return org != roster.authority and not enrolled.suspended
        case "readmit":
            return enrolled.suspended
        case "device" | "peer":
            return _is_new_key(roster, body["key"])
        case "allow_epoch":
            return _is_device_of(roster, org, body["key"])
        case "revoke":
            return _can_be_revoked(roster, org, body["key"])
        case "replace":
            return _can_be_revoked(roster, org, body["old"]) and _is_new_key(roster, body["key"])
        case "unpeer":
            return roster.peers.get(body["key"]) == org
        case "threshold":
            return 1 <= body["count"] <= len(roster.administrators(roster.authority))
        case "anchor":
            return anchor_of(roster, body["text"]) is not None
        case "conflict":
            return _is_fork(roster, event)
    return True


def _is_new_key(roster, key):
    return key not in roster.taken_keys and ed25519.is_key(key)


def _is_device_of(roster, org, key):
    return key in roster.devices and roster.devices[key].org == org


def _can_be_revoked(roster, org, key):
    return _is_device_of(roster, org, key) and key != roster.sequencer


def anchor_of(roster, text):
    try:
        anchor = anchors.parse(text)
    except Refused:
        return None
    return anchor if anchor.ledger == roster.ledger else None


def _is_fork(roster, event):
    try:
        other = envelope.parse(event.body["envelope"])
    except Refused:
        return False
    device = roster.devices.get(other.device)
    if other.iss != event.body["org"] or not other.signature_holds(roster.ledger):
        return False
    if device is not None and device.closed >= other.epoch:
        return False
    logged = roster.in_force.get(event.body["ref"]) or roster.void.get(event.body["ref"])
    if logged is None:
        return not roster.is_at_hand(event.body["ref"])
    place = (other.device, other.iss, other.epoch, other.seq)
    same_place = place == (logged.device, logged.iss, logged.epoch, logged.seq)
    return same_place and other.to_be_signed(roster.ledger) != logged.to_be_signed(roster.ledger)
