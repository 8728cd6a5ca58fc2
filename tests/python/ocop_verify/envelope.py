"""Sections 3 and 4: the signed envelope of an event."""

from dataclasses import dataclass

from . import body, cbor, ed25519, ids
from .cbor import Refused
from .merkle import leaf_hash

TAG_18 = b"\xd2"
MAX_ENVELOPE, MAX_CONFLICT = 16_384, 32_768
CONTENT_TYPE = "ocop/event"
KEYS = {"v", "epoch", "seq", "prev", "occurred", "signed", "body"}


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
    protected: bytes
    payload: bytes
    signature: bytes

    @property
    def kind(self):
        return self.body["kind"]

    def signature_holds(self, ledger):
        return ed25519.verify(self.device, self.signature, self.to_be_signed(ledger))

    def to_be_signed(self, ledger):
        return cbor.encode(["Signature1", self.protected, b"ocop-event/v1\n" + ledger, self.payload])


def parse(envelope):
    if not isinstance(envelope, bytes) or len(envelope) > MAX_CONFLICT or envelope[:1] != TAG_18:
        raise Refused("envelope: length or tag")
    match cbor.decode(envelope[1:]):
        case [bytes(protected), {} as empty, bytes(payload), bytes(signature)] if not empty and len(signature) == 64:
            device, iss = _protected(protected)
            fields = _payload(payload)
        case _:
            raise Refused("envelope: form")
    if len(envelope) > MAX_ENVELOPE and fields["body"]["kind"] != "conflict":
        raise Refused("envelope: length")
    return Event(leaf_hash(envelope), device, iss, protected=protected, payload=payload, signature=signature, **fields)


def _protected(data):
    match cbor.decode_header(data):
        case {4: bytes(kid), 15: {1: str(iss)}} if len(kid) == 32 and ids.is_organisation(iss):
            # Built again and compared, because in Python `true` and 1 are the same key.
            if data == cbor.encode({1: -8, 3: CONTENT_TYPE, 4: kid, 15: {1: iss}}):
                return kid, iss
    raise Refused("envelope: protected header")


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
