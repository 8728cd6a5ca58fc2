"""A whole log replayed: the door, the lists of section 9, the map of section 10."""

from . import genesis as geneses
from . import map_proof, merkle, subjects
from .door import DUPLICATE, Door


class Replay:
    def __init__(self, genesis):
        self.door = Door(geneses.parse(genesis))
        self.leaves = [merkle.leaf_hash(genesis)]
        self.lists, self.in_force = {}, {}
        self.last = None  # the newest logged event

    def take(self, data):
        """`(logged, void, refused or duplicate, the code or None)`. What is logged or void gets the next leaf."""
        code, event = self.door.refusal(data)
        if code is not None:
            return (DUPLICATE, None) if code == DUPLICATE else ("refused", code)
        self.last = event
        self.leaves.append(event.id)
        code = self.door.log(event)
        if code is not None:
            return "void", code
        self.in_force[event.id] = event
        for subject in subjects.of(event, self.in_force):
            self.lists.setdefault(subject, []).append((len(self.leaves) - 1, event.id))
        return "logged", None

    def root(self):
        return merkle.root(self.leaves)

    def map_root(self):
        leaves = {map_proof.key(list(subject)): entries for subject, entries in self.lists.items()}
        return _subtree(sorted(leaves), leaves, 0)


def _subtree(keys, leaves, depth):
    if not keys:
        return map_proof.NOTHING
    if len(keys) == 1:
        entries = leaves[keys[0]]
        return map_proof.leaf(keys[0], len(entries), map_proof.list_root(entries))
    halves = [[key for key in keys if key[depth // 8] >> (7 - depth % 8) & 1 == bit] for bit in (0, 1)]
    return merkle.sha256(b"\x03", *(_subtree(half, leaves, depth + 1) for half in halves))
