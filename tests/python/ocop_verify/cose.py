"""Section 3: COSE_Sign1 as events and receipts use it."""

from dataclasses import dataclass

from . import cbor, ed25519, ids
from .cbor import Refused

TAG_18 = b"\xd2"


@dataclass(frozen=True)
class Signed:
    device: bytes
    iss: str
    protected: bytes
    payload: bytes
    signature: bytes

    def to_be_signed(self, external):
        return cbor.encode(["Signature1", self.protected, external, self.payload])

    def holds(self, external):
        return ed25519.verify(self.device, self.signature, self.to_be_signed(external))


def parse(data, content_type, longest):
    if not isinstance(data, bytes) or len(data) > longest or data[:1] != TAG_18:
        raise Refused("cose: length or tag")
    match cbor.decode(data[1:]):
        case [bytes(protected), {} as empty, bytes(payload), bytes(signature)] if not empty and len(signature) == 64:
            device, iss = _protected(protected, content_type)
            return Signed(device, iss, protected, payload, signature)
    raise Refused("cose: form")


def _protected(data, content_type):
    match cbor.decode_header(data):
        case {4: bytes(kid), 15: {1: str(iss)}} if len(kid) == 32 and ids.is_organisation(iss):
            # Built again and compared, because in Python `true` and 1 are the same key.
            if data == cbor.encode({1: -8, 3: content_type, 4: kid, 15: {1: iss}}):
                return kid, iss
    raise Refused("cose: protected header")
