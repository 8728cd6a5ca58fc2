"""Section 18: a whole log in one file."""

from . import anchor as anchors
from . import checkpoint, map_proof, merkle, subjects
from . import genesis as geneses
from .cbor import Refused
from .door import Door
from .note import MAX_NOTE
from .statement import CONTRADICTED, NOT_PROVEN, PROVEN, said, shown

MAGIC = b"ocop-ledger/v1\n"
MAX_LEAF = 32_768
MAX_AHEAD = 5 * 60


def read(data):
    """`(note, leaves)` of an exported ledger; refused for anything else."""
    if data[: len(MAGIC)] != MAGIC:
        raise Refused("ledger: first line")
    note, at = _sized(data, len(MAGIC), 4, MAX_NOTE)
    leaves = []
    while at < len(data):
        leaf, at = _sized(data, at, 2, MAX_LEAF)
        leaves.append(leaf)
    try:
        return note.decode(), leaves
    except UnicodeDecodeError:
        raise Refused("ledger: note") from None


def _sized(data, at, width, longest):
    length = int.from_bytes(data[at : at + width], "big")
    end = at + width + length
    if length > longest or end > len(data):
        raise Refused("ledger: length")
    return data[at + width : end], end


def check(data, anchor_text, now):
    """Statement → proven, not proven or contradicted."""
    anchor = anchors.parse(anchor_text)
    note, leaves = read(data)
    words = dict.fromkeys(("ledger", "checkpoint", "witnessed", "fresh", "root", "admitted", "map_heads"), NOT_PROVEN)
    try:
        genesis = geneses.parse(leaves[0]) if leaves else None
    except Refused:
        genesis = None
    words["ledger"] = said(genesis is not None and anchor.is_of(genesis))
    head = None
    try:
        head, cosigned = checkpoint.open_note(note, anchor.policy)
        since = anchor.policy.since(cosigned)
        words["checkpoint"] = PROVEN
        words["witnessed"] = shown(since is not None)
        words["fresh"] = shown(since is not None and now - anchor.max_age <= since <= now + MAX_AHEAD)
    except Refused:
        words["checkpoint"] = CONTRADICTED
    if head is not None:
        tree = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
        words["root"] = said((len(leaves), tree) == (head.size, head.root))
    if genesis is not None:
        admitted, map_heads = replay(genesis, leaves)
        words["admitted"], words["map_heads"] = said(admitted), said(map_heads)
    return words


def replay(genesis, leaves):
    """Whether every leaf passes the door at its place, and whether every map head is right and the last leaf is one."""
    door, lists, by_id, right, kind = Door(genesis), {}, {}, True, None
    for index, leaf in enumerate(leaves[1:], 1):
        code, event = door.refusal(leaf)
        if code is not None:
            return False, right
        kind = event.kind
        if door.log(event) is not None:
            continue
        by_id[event.id] = event
        if kind == "map_head":
            right = right and (event.body["size"], event.body["root"]) == (index, root_of(lists))
        for subject in subjects.of(event, by_id):
            lists.setdefault(subject, []).append((index, event.id))
    return True, right and kind == "map_head"


def root_of(lists):
    leaves = {map_proof.key(list(subject)): entries for subject, entries in lists.items()}
    return _subtree(sorted(leaves), leaves, 0)


def _subtree(keys, leaves, depth):
    if not keys:
        return map_proof.NOTHING
    if len(keys) == 1:
        return map_proof.leaf(keys[0], len(leaves[keys[0]]), map_proof.list_root(leaves[keys[0]]))
    halves = [[key for key in keys if key[depth // 8] >> (7 - depth % 8) & 1 == bit] for bit in (0, 1)]
    return merkle.sha256(b"\x03", *(_subtree(half, leaves, depth + 1) for half in halves))
