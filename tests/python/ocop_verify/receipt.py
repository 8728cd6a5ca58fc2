"""Section 17: receipts of devices that saw an event before it was logged."""

from dataclasses import dataclass

from . import cbor, cose, ids
from .cbor import Refused

MAX_RECEIPT = 512


@dataclass(frozen=True)
class Receipt:
    device: bytes
    iss: str
    event: bytes
    seen: list


def parse_signed(data, ledger):
    """A receipt that is well formed and whose signature holds for a ledger; else refused."""
    signed = cose.parse(data, "ocop/seen", MAX_RECEIPT)
    payload = cbor.decode(signed.payload)
    if not isinstance(payload, dict) or payload.keys() != {"v", "event", "seen"} or not ids.is_int(payload["v"], 1, 1):
        raise Refused("receipt: payload")
    if not ids.is_bytes(payload["event"]) or not ids.is_time(payload["seen"]):
        raise Refused("receipt: payload")
    if not signed.holds(b"ocop-seen/v1\n" + ledger):
        raise Refused("receipt: signature")
    return Receipt(signed.device, signed.iss, payload["event"], payload["seen"])
