"""Runs the vectors (docs/formats.md, Vectors) and says of each whether this verifier agrees."""

import base64
import json
import pathlib
import sys

from . import form
from .cbor import Refused
from .replay import Replay
from .verify import verify


def name(numbered):
    return "/".join(numbered)


def answer(verdict):
    """A verdict in the words of a vector's `expect`."""
    family = verdict.family
    return {
        "refused": verdict.refused,
        "state": verdict.state,
        "statements": verdict.statements,
        "lot": name(family.lot) if family else None,
        "notices": verdict.notices,
        "ancestors": sorted(map(name, family.ancestors)) if family else [],
        "sources": sorted(map(name, family.source_places())) if family else [],
        "organisations": sorted(family.owners()) if family else [],
        "handovers": [
            [name(lot), taker, "confirmed" if shipped else "unconfirmed"] for lot, taker, shipped in verdict.handovers
        ],
    }


def findings(verdict):
    """The same for `findings`."""
    return {
        "as_of": verdict.as_of,
        "reached": verdict.reached,
        "why": verdict.why,
        "by": verdict.by,
        "privates": {commitment.hex(): fate for commitment, fate in verdict.privates.items()},
    }


def disagreements(vector):
    """Lines that say what differs from the vector's expectation."""
    verdict = verify(base64.b64decode(vector["bundle"]), vector["anchor"], vector["now"], vector.get("asked"))
    said, found = answer(verdict), findings(verdict)
    expected = vector["expect"]
    wrong = [
        f"{key}: {said.get(key)!r}, expected {value!r}"
        for key, value in expected.items()
        if key != "statements" and said.get(key) != value
    ]
    statements = expected["statements"]
    wrong += [
        f"{key}: {said['statements'].get(key)}, expected {statements.get(key)}"
        for key in sorted(statements.keys() | said["statements"].keys())
        if said["statements"].get(key) != statements.get(key)
    ]
    wanted = vector.get("findings", {})
    return wrong + [f"{key}: {found.get(key)!r}, expected {wanted[key]!r}" for key in wanted if found.get(key) != wanted[key]]


def log_disagreements(vector):
    """Of a log: what the door answers to each step, and the roots in the end."""
    genesis = base64.b64decode(vector["genesis"])
    replay = Replay(genesis)
    wrong = []
    for number, step in enumerate(vector["steps"]):
        said = replay.take(base64.b64decode(step["envelope"]))
        expected = (step["answer"], step.get("code"))
        if said != expected:
            wrong.append(f"step {number}: {said}, expected {expected}")
    ends = {"size": len(replay.leaves), "root": encode(replay.root()), "map_root": encode(replay.map_root())}
    return wrong + [f"{key}: {ends[key]}, expected {vector[key]}" for key in ends if ends[key] != vector[key]]


def form_disagreements(vector):
    try:
        said, refused = form.says(vector["form"], vector["given"]), False
    except Refused:
        said, refused = None, True
    wrong = [] if refused == vector["refused"] else [f"refused: {refused}"]
    return wrong + ([] if said == vector.get("says") else [f"says: {said}, expected {vector.get('says')}"])


def encode(data):
    return base64.b64encode(data).decode()


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.json"))
    agreed = disagreed = 0
    for file in files:
        vector = json.loads(file.read_text(encoding="utf-8"))
        if vector["type"] not in TYPES:
            print("unknown ", file.stem, f"(type {vector['type']})")
            continue
        wrong = TYPES[vector["type"]](vector)
        agreed, disagreed = agreed + (not wrong), disagreed + bool(wrong)
        print("disagree" if wrong else "agree   ", file.stem)
        for line in wrong:
            print("         ", line)
    print(f"{agreed} of {len(files)} vectors agree, {disagreed} disagree")
    return 1 if disagreed or not agreed else 0


TYPES = {"bundle": disagreements, "log": log_disagreements, "form": form_disagreements}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
