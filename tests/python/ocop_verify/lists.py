"""Section 12: complete lists under one head. A bundle has them, and so has evidence (section 16)."""

from dataclasses import dataclass

from . import body, ids, map_proof, merkle
from .cbor import Refused
from .envelope import parse_signed

KEYS = {"checkpoint", "head", "subjects", "events", "map"}
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
class Placed:
    """An envelope with its leaf index and inclusion proof."""

    index: int
    envelope: bytes
    proof: list

    def leads_to(self, checkpoint):
        leaf = merkle.leaf_hash(self.envelope)
        return merkle.root_of_inclusion(self.index, checkpoint.size, leaf, self.proof) == checkpoint.root


@dataclass(frozen=True)
class Lists:
    checkpoint: str
    head: Placed
    subjects: dict  # subject → leaf indexes
    events: list  # (leaf index, envelope), rising
    map: bytes
    event_twice: bool

    def map_head(self, ledger):
        """The head's event, or None where it is no map head or its signature does not hold."""
        head = parse_signed(self.head.envelope, ledger)
        return head if head is not None and head.kind == "map_head" else None

    def is_last_leaf(self, head, checkpoint):
        """Whether a map head is the last leaf of the checkpoint, and names its own index."""
        is_last = head.body["size"] == self.head.index == checkpoint.size - 1
        return is_last and self.head.leads_to(checkpoint)

    def signed_events(self, ledger):
        """`(leaf index, event)` of those that are well formed and whose signature holds."""
        found = [(index, parse_signed(data, ledger)) for index, data in self.events]
        return [(index, event) for index, event in found if event is not None]

    def first_wrong(self, map_root):
        """`(why, subject)` of the first list that is not what the map root says, by index and bytes; None where all are."""
        ids_at = {index: merkle.leaf_hash(data) for index, data in self.events}
        keys = {map_proof.key(list(subject)): subject for subject in self.subjects}
        try:
            root, found = map_proof.read(self.map, list(keys))
        except Refused:
            return "other_map", ()
        if root != map_root:
            return "other_map", ()
        wrong = (subject for key, subject in keys.items() if not _is_whole(self.subjects[subject], ids_at, found[key]))
        if self.event_twice:
            return "event_twice", ()
        return next((("list_differs", subject) for subject in wrong), None)

    def listed(self):
        return {index for indexes in self.subjects.values() for index in indexes}


def _is_whole(indexes, ids_at, found):
    if indexes != sorted(set(indexes)) or any(index not in ids_at for index in indexes):
        return False
    entries = map_proof.list_root([(index, ids_at[index]) for index in indexes])
    return found == ((len(indexes), entries) if indexes else None)


def parse(value):
    """The lists of a map that has at least their keys."""
    if not isinstance(value, dict) or not KEYS <= value.keys():
        raise Refused("lists: keys")
    if not (isinstance(value["checkpoint"], str) and isinstance(value["map"], bytes)):
        raise Refused("lists: checkpoint or map")
    events = _pairs(value["events"], body.is_unsigned, lambda data: isinstance(data, bytes))
    lists = _pairs(value["subjects"], is_subject, lambda value: isinstance(value, list) and all(map(body.is_unsigned, value)))
    subjects = {}
    for subject, indexes in lists:
        # One subject with two lists has no list that is whole.
        known = subjects.get(tuple(subject), indexes)
        subjects[tuple(subject)] = indexes if known == indexes else [*known, *indexes, *known]
    once = {index: data for index, data in reversed(events)}
    return Lists(
        value["checkpoint"], parse_placed(value["head"]), subjects, sorted(once.items()), value["map"], len(once) != len(events)
    )


def parse_placed(value):
    match value:
        case [index, bytes(data), proof] if body.is_unsigned(index) and is_hashes(proof):
            return Placed(index, data, proof)
    raise Refused("lists: placed envelope")


def is_subject(value):
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        return False
    forms = SUBJECTS.get(value[0])
    return forms is not None and len(forms) == len(value) - 1 and all(form(part) for form, part in zip(forms, value[1:]))


def is_hashes(value):
    return isinstance(value, list) and all(ids.is_bytes(hash) for hash in value)


def _pairs(value, first, second):
    if not isinstance(value, list):
        raise Refused("lists: no array")
    for pair in value:
        if not (isinstance(pair, list) and len(pair) == 2 and first(pair[0]) and second(pair[1])):
            raise Refused("lists: pair")
    return [tuple(pair) for pair in value]
