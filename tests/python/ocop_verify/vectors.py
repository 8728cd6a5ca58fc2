"""Runs the vectors (docs/formats.md, Vectors) and says of each whether this verifier agrees."""

import base64
import json
import pathlib
import sys

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


def disagreements(vector):
    """Lines that say what differs from the vector's expectation."""
    said = answer(verify(base64.b64decode(vector["bundle"]), vector["anchor"], vector["now"]))
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
    return wrong


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


TYPES = {"bundle": disagreements}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
