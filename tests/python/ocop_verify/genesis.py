"""Section 2: the genesis, leaf 0 of the log."""

from dataclasses import dataclass

from . import body, cbor, ed25519, ids
from .cbor import Refused
from .merkle import sha256

MAX_DEVICES = 16
MUST = {"format", "name", "origin", "log_key", "authority", "sequencer", "created"}


@dataclass(frozen=True)
class Genesis:
    ledger: bytes
    origin: str
    log_key: bytes
    authority: str
    devices: list
    threshold: int
    sequencer: bytes
    sample: str | None


def parse(data):
    value = cbor.decode(data)
    if not isinstance(value, dict) or value.keys() - {"sample"} != MUST or value["format"] != "ocop-genesis/v1":
        raise Refused("genesis: keys")
    authority, sample = value["authority"], value.get("sample")
    if not isinstance(authority, dict) or authority.keys() != {"devices", "name", "org", "threshold"}:
        raise Refused("genesis: authority")
    devices = authority["devices"]
    good = (
        body.is_text(value["name"])
        and body.is_text(value["origin"])
        and ids.is_bytes(value["log_key"])
        and ids.is_bytes(value["sequencer"])
        and ids.is_time(value["created"])
        and (sample is None or ids.is_date(sample))
        and body.array_of(ids.is_bytes)(devices)
        and body.is_text(authority["name"])
        and ids.is_organisation(authority["org"])
        and 1 <= len(devices) <= MAX_DEVICES
        and ids.is_int(authority["threshold"], 1, len(devices))
        and len(keys := {value["log_key"], value["sequencer"], *devices}) == 2 + len(devices)
        and all(map(ed25519.is_key, keys))
    )
    if not good or ("sample" in value and sample is None):
        raise Refused("genesis: values")
    return Genesis(
        sha256(data),
        value["origin"],
        value["log_key"],
        authority["org"],
        devices,
        authority["threshold"],
        value["sequencer"],
        sample,
    )
