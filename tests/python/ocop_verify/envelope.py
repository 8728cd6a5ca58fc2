"""Sections 3 and 4: the signed envelope of an event."""

from dataclasses import dataclass

from . import body, cbor, cose, ids
from .cbor import Refused
from .merkle import leaf_hash

MAX_ENVELOPE, MAX_CONFLICT = 16_384, 32_768
KEYS = {"v", "epoch", "seq", "prev", "occurred", "signed", "body"}


class TooLong(Refused):
    """Longer than its kind allows."""


@dataclass(frozen=True)
class Event:
    """A well formed event. Whether its signature holds is another question."""

    id: bytes
    device: bytes
    iss: str
    epoch: int
    seq: int
    prev: bytes
    occurred: list
    signed: list
    body: dict
    cose: cose.Signed

    @property
    def kind(self):
        return self.body["kind"]

    def signature_holds(self, ledger):
        return self.cose.holds(external(ledger))

    def to_be_signed(self, ledger):
        return self.cose.to_be_signed(external(ledger))


def external(ledger):
    return b"ocop-event/v1\n" + ledger


def parse(data):
    signed = cose.parse(data, "ocop/event", MAX_CONFLICT)
    fields = _payload(signed.payload)
    if len(data) > MAX_ENVELOPE and fields["body"]["kind"] != "conflict":
        raise TooLong("envelope: length")
    return Event(leaf_hash(data), signed.device, signed.iss, cose=signed, **fields)


def parse_signed(data, ledger):
    """The event of an envelope that is well formed and whose signature holds for a ledger, or None."""
    try:
        event = parse(data)
    except Refused:
        return None
    return event if event.signature_holds(ledger) else None


def _payload(data):
    payload = cbor.decode(data)
    if not isinstance(payload, dict) or payload.keys() != KEYS:
        raise Refused("payload: keys")
    if not ids.is_int(payload.pop("v"), 1, 1) or not body.is_place_in_chain([payload["epoch"], payload["seq"]]):
        raise Refused("payload: v, epoch or seq")
    if not (ids.is_bytes(payload["prev"]) and ids.is_time(payload["occurred"]) and ids.is_time(payload["signed"])):
        raise Refused("payload: prev or time")
    body.check(payload["body"])
    return payload
