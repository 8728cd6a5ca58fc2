"""Section 12: the form of a bundle. Its envelopes are read later: a bad one contradicts, it does not make the bundle unreadable."""

from dataclasses import dataclass

from . import body, cbor, ids
from .cbor import Refused

MAX_BUNDLE = 1 << 20
KEYS = {"format", "code", "genesis", "checkpoint", "head", "subjects", "events", "map", "openings"}
SUBJECTS = {
    "lot": [ids.is_organisation, ids.is_lot_number],
    "code": [ids.is_code],
    "field": [ids.is_organisation, ids.is_number, body.is_unsigned],
    "product": [ids.is_organisation, ids.is_number],
    "place": [ids.is_organisation, ids.is_number],
    "organisation": [ids.is_organisation],
    "report": [ids.is_organisation, ids.is_lot_number],
    "sensor": [ids.is_organisation, ids.is_number, body.is_unsigned],
    "ledger": [],
}


@dataclass(frozen=True)
class Bundle:
    code: str
    genesis: bytes
    checkpoint: str
    head: tuple  # (leaf index, envelope, inclusion proof)
    lists: dict  # subject → leaf indexes
    events: list  # (leaf index, envelope)
    map: bytes
    openings: list


def parse(data):
    if len(data) > MAX_BUNDLE:
        raise Refused("bundle: too long")
    value = cbor.decode(data, max_items=MAX_BUNDLE)
    if not isinstance(value, dict) or value.keys() != KEYS or value["format"] != "ocop-bundle/v1":
        raise Refused("bundle: keys")
    if not (ids.is_code(value["code"]) and isinstance(value["checkpoint"], str)):
        raise Refused("bundle: code or checkpoint")
    if not (isinstance(value["genesis"], bytes) and isinstance(value["map"], bytes) and is_list_of(bytes, value["openings"])):
        raise Refused("bundle: genesis, map or openings")
    events = _pairs(value["events"], body.is_unsigned, lambda envelope: isinstance(envelope, bytes))
    if [index for index, _ in events] != sorted({index for index, _ in events}):
        raise Refused("bundle: events do not rise")
    lists = _pairs(
        value["subjects"], is_subject, lambda indexes: isinstance(indexes, list) and all(map(body.is_unsigned, indexes))
    )
    subjects = {tuple(subject): indexes for subject, indexes in lists}
    if len(subjects) != len(lists):
        raise Refused("bundle: a subject twice")
    return Bundle(
        value["code"],
        value["genesis"],
        value["checkpoint"],
        _head(value["head"]),
        subjects,
        events,
        value["map"],
        value["openings"],
    )


def is_subject(value):
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        return False
    forms = SUBJECTS.get(value[0])
    return forms is not None and len(forms) == len(value) - 1 and all(form(part) for form, part in zip(forms, value[1:]))


def is_list_of(type_, value):
    return isinstance(value, list) and all(isinstance(part, type_) for part in value)


def _head(value):
    match value:
        case [index, bytes(envelope), proof] if body.is_unsigned(index) and is_list_of(bytes, proof):
            if all(len(hash) == 32 for hash in proof):
                return index, envelope, proof
    raise Refused("bundle: head")


def _pairs(value, first, second):
    if not isinstance(value, list):
        raise Refused("bundle: no array")
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and first(pair[0]) and second(pair[1])):
            raise Refused("bundle: pair")
    return [tuple(pair) for pair in value]
