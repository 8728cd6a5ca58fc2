"""Section 15, `form`: single texts and byte strings."""

from . import anchor, cbor, checkpoint, genesis, ids, map_proof, tlog_proof
from .cbor import Refused


def says(form, given):
    """What a form says, None where it says nothing; refused like any other input."""
    return FORMS[form](given)


def read_code(given):
    if not ids.is_code(given["text"]):
        raise Refused("code")


def read_checkpoint(given):
    policy = anchor.parse_policy(given["policy"])
    return head(checkpoint.open_note(given["note"], policy), policy)


def read_tlog_proof(given):
    policy = anchor.parse_policy(given["policy"])
    return head(tlog_proof.open_proof(given["proof"], bytes.fromhex(given["entry"]), policy), policy)


def head(opened, policy):
    return {
        "origin": opened.checkpoint.origin,
        "size": opened.checkpoint.size,
        "by": sorted(opened.cosigned),
        "quorum": policy.since(opened.cosigned) is not None,
        "reached": policy.reached(opened.cosigned),
        "renewed": policy.since(opened.cosigned),
    }


def read_map_proof(given):
    keys = [map_proof.key(subject) for subject in given["subjects"]]
    root, found = map_proof.read(bytes.fromhex(given["proof"]), keys)
    if root != bytes.fromhex(given["root"]):
        raise Refused("map proof: another root")
    return [found[key][0] if found[key] else 0 for key in keys]


def nothing(parse, name):
    """A form that says nothing besides."""

    def read(given):
        parse(bytes.fromhex(given[name]) if name == "bytes" else given[name])

    return read


FORMS = {
    "cbor": nothing(cbor.decode, "bytes"),
    "genesis": nothing(genesis.parse, "bytes"),
    "code": read_code,
    "policy": nothing(anchor.parse_policy, "text"),
    "anchor": nothing(anchor.parse, "text"),
    "checkpoint": read_checkpoint,
    "tlog_proof": read_tlog_proof,
    "map_proof": read_map_proof,
}
