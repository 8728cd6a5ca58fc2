"""RFC 6962 section 2.1, and inclusion proofs as RFC 9162 section 2.1.3.2 verifies them."""

from hashlib import sha256 as _sha256


def sha256(*parts):
    return _sha256(b"".join(parts)).digest()


def leaf_hash(entry):
    return sha256(b"\x00", entry)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def root(leaves):
    """The root over leaf hashes."""
    if not leaves:
        return sha256()
    row = list(leaves)
    while len(row) > 1:
        # A node without a right neighbour goes up as it is, which is the RFC's split at the largest power of two.
        pairs = [node_hash(*row[i : i + 2]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0]


def root_of_inclusion(index, size, leaf, proof):
    """The root that an inclusion proof leads to, or None where the proof has the wrong length."""
    if not 0 <= index < size:
        return None
    fn, sn, result = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    return result if sn == 0 else None
