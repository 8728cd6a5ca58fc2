"""Section 1: deterministic CBOR, and nothing else."""

import unicodedata

import cbor2

MAX_DEPTH = 12
MAX_ITEMS = 4_096
MAX_INT = 2**53 - 1

ARRAY, MAP, TAG, SIMPLE = 4, 5, 6, 7


class Refused(Exception):
    """Bytes that the format does not allow. The only exception that input can cause."""


def decode(data, max_items=MAX_ITEMS):
    """The value of one deterministic CBOR item with text keys."""
    value = _decode(data, max_items)
    _check(value)
    return value


def decode_header(data):
    """The protected header of an envelope: the one place where keys are integers."""
    return _decode(data, MAX_ITEMS)


def encode(value):
    return cbor2.dumps(value, canonical=True)


def _decode(data, max_items):
    # cbor2 accepts tags, floats, long heads and any depth; the scan lets none of them reach it.
    _scan(data, max_items)
    try:
        value = cbor2.loads(data)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as error:
        raise Refused(f"cbor: {error}") from None
    # What is left to refuse: keys out of order, and keys said twice.
    if encode(value) != data:
        raise Refused("cbor: not deterministic")
    return value


def _scan(data, max_items):
    """Walks the heads without recursion: lengths, depth, number of items, allowed types."""
    at, items, open_items = 0, 0, [1]
    while open_items:
        if open_items[-1] == 0:
            open_items.pop()
            continue
        open_items[-1] -= 1
        items += 1
        if items > max_items:
            raise Refused("cbor: too many items")
        major, argument, at = _head(data, at)
        if major in (2, 3):
            at += argument
            if at > len(data):
                raise Refused("cbor: truncated")
        elif major in (ARRAY, MAP):
            if argument > len(data):
                raise Refused("cbor: truncated")
            open_items.append(argument if major == ARRAY else 2 * argument)
            if len(open_items) - 1 > MAX_DEPTH:
                raise Refused("cbor: too deep")
        elif major == TAG or (major == SIMPLE and argument not in (20, 21, 22)):
            raise Refused("cbor: type not allowed")
    if at != len(data):
        raise Refused("cbor: trailing bytes")


def _head(data, at):
    if at >= len(data):
        raise Refused("cbor: truncated")
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    if info > 27 or major == SIMPLE:
        raise Refused("cbor: head not allowed")
    length = 1 << (info - 24)
    argument = int.from_bytes(data[at + 1 : at + 1 + length], "big")
    at += 1 + length
    shortest = argument >= 24 if length == 1 else argument >> (4 * length) != 0
    if at > len(data) or not shortest:
        raise Refused("cbor: truncated or not the shortest head")
    if major < 2 and (argument if major == 0 else argument + 1) > MAX_INT:
        raise Refused("cbor: integer out of range")
    return major, argument, at


def _check(value):
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise Refused("cbor: key is no text")
            check_text(key)
        for part in value.values():
            _check(part)
    elif isinstance(value, list):
        for part in value:
            _check(part)
    elif isinstance(value, str):
        check_text(value)


def check_text(text):
    if any(unicodedata.category(c) == "Cc" and c != "\n" for c in text):
        raise Refused("cbor: control character")
    if not unicodedata.is_normalized("NFC", text):
        raise Refused("cbor: text is not NFC")
