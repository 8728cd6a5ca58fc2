"""C2SP tlog-proof: one entry, its place, and a checkpoint."""

from . import checkpoint, merkle, note
from .cbor import Refused

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF = 131_072
MAX_HASHES = 63


def open_proof(text, entry, policy):
    """The opened checkpoint under which an entry stands; refused for a proof that does not show it."""
    if len(text.encode()) > MAX_PROOF:
        raise Refused("tlog-proof: too long")
    head, separator, signed = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != HEADER or not separator:
        raise Refused("tlog-proof: header")
    if lines and lines[0].startswith("extra "):
        if not note.decode_base64(lines.pop(0).removeprefix("extra ")):
            raise Refused("tlog-proof: no extra data")
    if not lines or not lines[0].startswith("index "):
        raise Refused("tlog-proof: index")
    index = checkpoint.parse_size(lines.pop(0).removeprefix("index "))
    hashes = [note.decode_base64(line) for line in lines]
    if len(hashes) > MAX_HASHES or any(len(hash) != 32 for hash in hashes):
        raise Refused("tlog-proof: hashes")
    opened = checkpoint.open_note(signed, policy)
    leaf = merkle.leaf_hash(entry)
    if merkle.root_of_inclusion(index, opened.checkpoint.size, leaf, hashes) != opened.checkpoint.root:
        raise Refused("tlog-proof: the entry does not stand there")
    return opened
