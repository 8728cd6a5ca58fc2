"""Section 16, `heads`: which root the first leaves of a larger tree have."""

from .merkle import node_hash


def roots(first, second, proof):
    """The roots of the first `first` leaves and of all `second` leaves that a proof leads to, or None.

    RFC 9162 section 2.1.4.2, with the first hash always at hand.
    """
    if not 0 < first < second or not proof:
        return None
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for hash in proof[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            fr, sr = node_hash(hash, fr), node_hash(hash, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, hash)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else None
