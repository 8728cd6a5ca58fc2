"""C2SP signed-note and tlog-cosignature v1: signature lines, verifier keys, and what they sign."""

import base64
import binascii
import unicodedata
from dataclasses import dataclass

from . import ed25519
from .cbor import Refused
from .merkle import sha256

LOG_KEY, COSIGNER_KEY, FOREIGN_KEY = 0x01, 0x04, 0x06  # 0x06: ML-DSA-44, held to its form and never verified with
FOREIGN_KEY_BYTES = 1312
MAX_NOTE = 65_536
MAX_LINES = 128


@dataclass(frozen=True)
class Vkey:
    """A verifier key `<name>+<key id>+<base64 of type and key>`."""

    name: str
    id: bytes
    type: int
    key: bytes


@dataclass(frozen=True)
class Line:
    name: str
    id: bytes
    signature: bytes


def parse_vkey(text):
    try:
        name, id_hex, material = text.split("+", 2)
    except ValueError:
        raise Refused("vkey: not three parts") from None
    data = decode_base64(material)
    foreign = data[:1] == bytes([FOREIGN_KEY])
    length = 1 + (FOREIGN_KEY_BYTES if foreign else 32)
    if not is_key_name(name) or len(data) != length or data[0] not in (LOG_KEY, COSIGNER_KEY, FOREIGN_KEY):
        raise Refused("vkey: name, type or length")
    key_id = sha256(name.encode(), b"\n", data)[:4]
    if id_hex != key_id.hex():
        raise Refused("vkey: key id")
    if not foreign and not ed25519.is_key(data[1:]):
        raise Refused("vkey: key")
    return Vkey(name, key_id, data[0], data[1:])


def split(note):
    """The signed text and the signature lines of a note."""
    if len(note.encode()) > MAX_NOTE or any(ord(c) < 0x20 and c != "\n" for c in note):
        raise Refused("note: too long, or control characters")
    end = note.rfind("\n\n")
    if end < 0 or not note.endswith("\n"):
        raise Refused("note: no signatures")
    text, rest = note[: end + 1], note[end + 2 :]
    lines = [_line(line) for line in rest.split("\n")[:-1]]
    if not lines or len(lines) > MAX_LINES:
        raise Refused("note: no signatures, or too many")
    return text, lines


def _line(line):
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not is_key_name(parts[1]):
        raise Refused("note: signature line")
    data = decode_base64(parts[2])
    if len(data) < 5:
        raise Refused("note: short signature")
    return Line(parts[1], data[:4], data[4:])


def holds(key, line, text):
    """Whether a known key's line signs the text; for a cosignature, as of the time that it bears."""
    if key.type == LOG_KEY:
        return ed25519.verify(key.key, line.signature, text.encode())
    if len(line.signature) != 72 or not 0 < cosigned_at(line) < 2**63:
        return False
    message = f"cosignature/v1\ntime {cosigned_at(line)}\n{text}"
    return ed25519.verify(key.key, line.signature[8:], message.encode())


def cosigned_at(line):
    """Seconds since 1970."""
    return int.from_bytes(line.signature[:8], "big")


def is_key_name(name):
    return name != "" and not any(c == "+" or c.isspace() or unicodedata.category(c) == "Zs" for c in name)


def decode_base64(text):
    """RFC 4648 section 4: padding, no other characters, no stray bits."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("base64") from None
    if base64.b64encode(data).decode() != text:
        raise Refused("base64")
    return data
