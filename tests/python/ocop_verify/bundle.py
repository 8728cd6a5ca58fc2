"""Section 12: the form of a bundle.

Its envelopes, proofs and openings are read later: a bad one contradicts, it does not make the bundle unreadable.
"""

from dataclasses import dataclass

from . import cbor, ids, lists
from .cbor import Refused

MAX_BUNDLE = 1 << 20
KEYS = lists.KEYS | {"format", "code", "genesis", "openings"}


@dataclass(frozen=True)
class Bundle:
    code: str
    genesis: bytes
    lists: lists.Lists
    openings: list


def parse(data):
    if len(data) > MAX_BUNDLE:
        raise Refused("bundle: too long")
    value = cbor.decode(data, max_items=MAX_BUNDLE)
    if not isinstance(value, dict) or value.keys() != KEYS or value["format"] != "ocop-bundle/v1":
        raise Refused("bundle: keys")
    if not (ids.is_code(value["code"]) and isinstance(value["genesis"], bytes)):
        raise Refused("bundle: code or genesis")
    openings = value["openings"]
    if not isinstance(openings, list) or not all(isinstance(opening, bytes) for opening in openings):
        raise Refused("bundle: openings")
    return Bundle(value["code"], value["genesis"], lists.parse(value), openings)
