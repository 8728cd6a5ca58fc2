"""Section 11: the checkpoint of a log, and which of its signature lines hold."""

import unicodedata
from dataclasses import dataclass

from . import note
from .cbor import Refused


MAX_ORIGIN = 255
MAX_SIZE = 2**63 - 1


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes


def parse(text):
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise Refused("checkpoint: not three lines")
    if not is_origin(lines[0]):
        raise Refused("checkpoint: origin")
    root = note.decode_base64(lines[2])
    if len(root) != 32:
        raise Refused("checkpoint: root")
    return Checkpoint(lines[0], parse_size(lines[1]), root)


def parse_size(text):
    """A decimal number without leading zeros."""
    if not (text.isascii() and text.isdigit()) or str(int(text[:20])) != text or int(text) > MAX_SIZE:
        raise Refused("checkpoint: size")
    return int(text)


def is_origin(text):
    has_control = any(unicodedata.category(c) == "Cc" for c in text)
    return 0 < len(text.encode()) <= MAX_ORIGIN and text == text.strip() and not has_control


class BadLine(Refused):
    """A line of a known key does not hold."""


class NotByLog(Refused):
    """No log of the policy signed it."""


@dataclass(frozen=True)
class Opened:
    checkpoint: Checkpoint
    logs: list  # verifier keys of the logs that signed it
    cosigned: dict  # witness → times of its cosignatures


def open_note(text, policy):
    """Refused unless the policy's log signed it; one bad line of a known key refuses the whole note."""
    body, lines = note.split(text)
    opened = Opened(parse(body), [], {})
    for line in lines:
        known = policy.known(line)
        if known is None:
            continue
        witness, key = known
        if not note.holds(key, line, body):
            raise BadLine("checkpoint: a known key's signature does not hold")
        if witness is not None:
            opened.cosigned.setdefault(witness, []).append(note.cosigned_at(line))
        elif key.name == opened.checkpoint.origin:
            opened.logs.append(key)
    if not opened.logs:
        raise NotByLog("checkpoint: not signed by the log")
    return opened
