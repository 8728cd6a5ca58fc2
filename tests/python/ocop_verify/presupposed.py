"""Section 7: what an event presupposes of the roster, beyond who says it."""

from . import anchor as anchors
from . import ed25519
from .cbor import Refused
from .envelope import parse_signed


def fault(roster, event):
    """What is missing, as a code of section 8; None where nothing is."""
    body, org = event.body, event.body.get("org")
    enrolled = roster.organisations.get(org)
    if enrolled is None and org is not None:
        return "DON_VI_CHUA_KET_NAP" if roster.shows("organisation", org) else None
    match event.kind:
        case "suspend" if org == roster.authority:
            return "KHONG_CO_QUYEN"
        case "suspend" | "readmit":
            return None if enrolled.suspended == (event.kind == "readmit") else "KHONG_DOI_GI"
        case "device" | "peer" | "allow_epoch" | "revoke" | "replace" | "unpeer":
            if not _keys_are_right(roster, event.kind, org, body):
                return "KHOA_KHONG_DUNG_DUOC"
            return None if _leaves_enough(roster, body) else "MOC_TIN_CAY_SAI"
        case "threshold":
            return None if 1 <= body["count"] <= len(roster.administrators(roster.authority)) else "MOC_TIN_CAY_SAI"
        case "anchor":
            return None if anchor_of(roster, body["text"]) is not None else "MOC_TIN_CAY_SAI"
        case "conflict":
            return _fault_of_conflict(roster, event)
    return None


def _keys_are_right(roster, kind, org, body):
    match kind:
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


def _leaves_enough(roster, body):
    """Whether the authority keeps as many administrator devices as the threshold asks for."""
    gone = {"revoke": body["key"], "replace": body.get("old")}.get(body["kind"])
    left = roster.administrators(roster.authority) - {gone}
    comes = body["kind"] == "replace" and body["org"] == roster.authority and body.get("rights") == "administrator"
    return len(left) + comes >= roster.threshold


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


def _fault_of_conflict(roster, event):
    other = parse_signed(event.body["envelope"], roster.ledger)
    if other is None or other.iss != event.body["org"] or other.device == roster.sequencer:
        return "KHONG_MAU_THUAN"
    ref = event.body["ref"]
    logged = roster.in_force.get(ref) or roster.void.get(ref)
    if (logged is None and roster.is_whole) or (logged and not _is_fork(roster, other, logged)):
        return "KHONG_MAU_THUAN"
    device = roster.devices.get(other.device)
    return "KHONG_DOI_GI" if device is not None and other.epoch in device.forked else None


def _is_fork(roster, other, logged):
    place = (other.device, other.iss, other.epoch, other.seq)
    same_place = place == (logged.device, logged.iss, logged.epoch, logged.seq)
    return same_place and other.to_be_signed(roster.ledger) != logged.to_be_signed(roster.ledger)
