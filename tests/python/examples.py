"""The worked examples of docs/formats.md. `python examples.py` prints them; a test finds each of them in the document.

The keys are those of RFC 8032 section 7.1 (tests 1 to 3), whose secrets everybody knows.
"""

import base64
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ocop_verify import cbor, envelope, ids, map_proof
from ocop_verify.merkle import leaf_hash, root, sha256

SECRETS = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
]
OFFICE, SEQUENCER, LOG = (Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)) for secret in SECRETS)
WHEN = [1760000000, 420]


def public(key):
    return key.public_key().public_bytes_raw()


GENESIS = cbor.encode(
    {
        "format": "ocop-genesis/v1",
        "name": "Sổ thử",
        "origin": "so.example/thu",
        "log_key": public(LOG),
        "authority": {"devices": [public(OFFICE)], "name": "Sở", "org": "SO", "threshold": 1},
        "sequencer": public(SEQUENCER),
        "created": WHEN,
    }
)
LEDGER = sha256(GENESIS)


def to_be_signed(protected, payload):
    return cbor.encode(["Signature1", protected, b"ocop-event/v1\n" + LEDGER, payload])


def event(key, body):
    protected = cbor.encode({1: -8, 3: "ocop/event", 4: public(key), 15: {1: "SO"}})
    payload = cbor.encode({"v": 1, "epoch": 0, "seq": 0, "prev": LEDGER, "occurred": WHEN, "signed": WHEN, "body": body})
    signature = key.sign(to_be_signed(protected, payload))
    return b"\xd2" + cbor.encode([protected, {}, payload, signature])


ORG = event(OFFICE, {"kind": "org", "id": "HTX-1", "name": "Hợp tác xã", "roles": ["producer"]})
SUBJECT = ["organisation", "HTX-1"]
LIST_ROOT = map_proof.list_root([(1, leaf_hash(ORG))])
MAP_LEAF = sha256(b"\x02", map_proof.key(SUBJECT), (1).to_bytes(8, "big"), LIST_ROOT)
MAP_PROOF = b"\x01" + map_proof.key(SUBJECT) + (1).to_bytes(8, "big") + LIST_ROOT
HEAD = event(SEQUENCER, {"kind": "map_head", "size": 2, "root": MAP_LEAF})
LOG_ROOT = root([leaf_hash(entry) for entry in (GENESIS, ORG, HEAD)])
OPENING = cbor.encode(["name", bytes(range(32)), "Nguyễn Văn A"])


def checkpoint():
    text = f"so.example/thu\n3\n{base64.b64encode(LOG_ROOT).decode()}\n"
    key_id = sha256(b"so.example/thu\n\x01", public(LOG))[:4]
    line = base64.b64encode(key_id + LOG.sign(text.encode())).decode()
    return f"{text}\n— so.example/thu {line}\n"


def hexes(name, data):
    return name + "\n" + textwrap.indent("\n".join(textwrap.wrap(data.hex(), 96)), "  ")


def blocks():
    """Texts, each of which stands in the document as it is."""
    signed = envelope.parse(ORG)
    return {
        "genesis": "\n".join([hexes("genesis", GENESIS), hexes("ledger id", LEDGER)]),
        "envelope": "\n".join(
            [
                hexes("envelope", ORG),
                hexes("signed bytes", signed.to_be_signed(LEDGER)),
                hexes("event id", leaf_hash(ORG)),
            ]
        ),
        "commitment": "\n".join([hexes("opening", OPENING), hexes("commitment", ids.commitment(OPENING))]),
        "map": "\n".join(
            [
                hexes('key of ["organisation", "HTX-1"]', map_proof.key(SUBJECT)),
                hexes("list root", LIST_ROOT),
                hexes("leaf, and root of this map", MAP_LEAF),
                hexes("map proof of that subject", MAP_PROOF),
            ]
        ),
        "checkpoint": checkpoint().rstrip("\n"),
    }


if __name__ == "__main__":
    for name, text in blocks().items():
        print(f"--- {name}\n{text}\n")
