"""Section 10: the map's keys, lists and proofs."""

from . import cbor
from .cbor import Refused
from .merkle import leaf_hash, root, sha256

EMPTY, LEAF, INNER, OTHER = 0, 1, 2, 3
MAX_KEYS, MAX_DEPTH, MAX_BYTES = 4_096, 256, 1 << 20
NOTHING = bytes(32)


def key(subject):
    return sha256(b"ocop-map/v1\x00", cbor.encode(subject))


def list_root(entries):
    """Over `(leaf index, event id)` in log order."""
    return root([leaf_hash(cbor.encode([index, event_id])) for index, event_id in entries])


def leaf(key, count, entries):
    return sha256(b"\x02", key, count.to_bytes(8, "big"), entries)


def read(proof, keys):
    """The root that a proof leads to, and for each key `(count, list root)`, or None where it is absent."""
    if len(proof) > MAX_BYTES or len(keys) > MAX_KEYS:
        raise Refused("map proof: too large")
    found = dict.fromkeys(keys)
    rest = _Reader(proof)
    node = _node(rest, 0, 0, sorted(found), found)
    if rest.at != len(proof):
        raise Refused("map proof: trailing bytes")
    return node[1], found


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        if self.at > len(self.data):
            raise Refused("map proof: truncated")
        return self.data[self.at - count : self.at]


def _node(rest, depth, prefix, asked, found):
    """One node as `(its tag, its hash)`. `prefix` is the value of the first `depth` bits of every key below."""
    tag = rest.take(1)[0]
    if tag == EMPTY:
        return tag, NOTHING
    if (tag == OTHER) == bool(asked):
        raise Refused("map proof: cut in the wrong place")
    if tag == OTHER:
        hash = rest.take(32)
        if hash == NOTHING:
            raise Refused("map proof: an empty subtree is said to be another")
        return tag, hash
    if tag == LEAF:
        leaf_key, count, entries = rest.take(32), rest.take(8), rest.take(32)
        if int.from_bytes(leaf_key, "big") >> (256 - depth) != prefix or count == bytes(8):
            raise Refused("map proof: leaf out of its place, or without entries")
        if leaf_key in found:
            found[leaf_key] = (int.from_bytes(count, "big"), entries)
        return tag, sha256(b"\x02", leaf_key, count, entries)
    if tag != INNER or depth >= MAX_DEPTH:
        raise Refused("map proof: unknown node, or too deep")
    bit = 255 - depth
    ones = [k for k in asked if int.from_bytes(k, "big") >> bit & 1]
    zeros = [k for k in asked if not int.from_bytes(k, "big") >> bit & 1]
    left = _node(rest, depth + 1, prefix << 1, zeros, found)
    right = _node(rest, depth + 1, prefix << 1 | 1, ones, found)
    if EMPTY in (left[0], right[0]) and {left[0], right[0]} <= {EMPTY, LEAF}:
        raise Refused("map proof: inner node over less than two leaves")
    return tag, sha256(b"\x03", left[1], right[1])
