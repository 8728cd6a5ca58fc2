"""Section 18: a whole log in one file."""

from . import anchor as anchors
from . import checkpoint, merkle
from . import genesis as geneses
from .cbor import Refused
from .note import MAX_NOTE
from .replay import Replay
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
        opened = checkpoint.open_note(note, anchor.policy)
        head, since = opened.checkpoint, anchor.policy.since(opened.cosigned)
        words["checkpoint"] = PROVEN
        words["witnessed"] = shown(since is not None)
        words["fresh"] = shown(since is not None and now - anchor.max_age <= since <= now + MAX_AHEAD)
    except Refused:
        words["checkpoint"] = CONTRADICTED
    if head is not None:
        tree = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
        words["root"] = said((len(leaves), tree) == (head.size, head.root))
    if genesis is not None:
        admitted, map_heads = replayed(leaves)
        words["admitted"], words["map_heads"] = said(admitted), said(map_heads)
    return words


def replayed(leaves):
    """Whether every leaf passes the door at its place, and whether every map head is right and the last leaf is one."""
    replay, right = Replay(leaves[0]), True
    for leaf in leaves[1:]:
        before = replay.map_root()
        if replay.take(leaf)[0] not in ("logged", "void"):
            return False, right
        event = replay.last
        if event.kind == "map_head":
            right = right and (event.body["size"], event.body["root"]) == (len(replay.leaves) - 1, before)
    return True, right and replay.last is not None and replay.last.kind == "map_head"
