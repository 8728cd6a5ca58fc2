"""What the documents leave open, asked as vectors that expect what this verifier reads into them.

`python questions.py folder` writes them. Where another implementation disagrees, a sentence is missing in the documents.
"""

import base64
import json
import pathlib
import sys

import hostile
from hostile import ANCHOR, GENESIS, PUBLIC, START
from ocop_verify import cbor, envelope
from ocop_verify.replay import Replay
from ocop_verify.vectors import answer
from ocop_verify.verify import verify

OFFICE, MEMBER, STRANGER, SEQUENCER = 1, 3, 5, 4
ROLES = ["packer", "producer"]
LOT = [["A", "L1"], None]


def place(**fields):
    said = {"id": "P1", "name": "x", "type": "plot", "commune": ["1", "2025-07-01", "x"], "point": [0, 0]}
    return {"kind": "place"} | said | fields


def harvest(**fields):
    return {"kind": "harvest", "field": ["A", "P1"], "outputs": [output("L1")]} | fields


def output(no, **fields):
    return {"no": no, "owner": "A", "qty": [1, 0, "KGM"]} | fields


def store(**fields):
    return {"kind": "store", "lots": [LOT]} | fields


# Name → what the member says, behind its enrolment.
SAID = {
    "point_beyond_the_pole": place(point=[900_000_001, 0]),
    "point_beyond_the_date_line": place(point=[0, -1_800_000_001]),
    "area_in_kilograms": place(area=[1, 0, "KGM"]),
    "quantity_in_hectares": store(qty=[1, 0, "HAR"]),
    "number_that_begins_with_a_hyphen": place(id="-1"),
    "gln_with_a_wrong_check_digit": place(gln="9520826000012"),
    "sscc_with_a_wrong_check_digit": {"kind": "load", "inputs": [LOT], "outputs": [output("L2")], "sscc": "0" * 17 + "1"},
    "code_with_a_wrong_check_digit": {"kind": "bind", "lot": ["A", "L1"], "codes": ["01/08936000000012/10/L1"]},
    "code_of_another_lot_number": {"kind": "bind", "lot": ["A", "L1"], "codes": ["01/08936000000011/10/L2"]},
    "code_of_one_dot": {"kind": "bind", "lot": ["A", "L1"], "codes": ["01/08936000000011/10/."]},
    "code_of_three_dots": {"kind": "bind", "lot": ["A", "L1"], "codes": ["01/08936000000011/10/..."]},
    "code_of_a_slash_and_dots": {"kind": "bind", "lot": ["A", "L1"], "codes": ["01/08936000000011/10/a/.."]},
    "lot_of_one_dot": store(lots=[[["A", "."], None]]),
    "lot_of_two_dots": store(lots=[[["A", ".."], None]]),
    "output_of_two_dots": harvest(outputs=[output("..")]),
    "code_twice": {"kind": "bind", "lot": ["A", "L1"], "codes": ["t/38C57RHV2"] * 2},
    "lot_twice": store(lots=[LOT, LOT]),
    "output_twice": harvest(outputs=[output("L1"), output("L1")]),
    "every_character_of_a_lot_number": harvest(outputs=[output(no) for no in ("!\"%&'()*+,-./:;<=>?_", "aZ9")]),
    "space_in_a_lot_number": harvest(outputs=[output("L 1")]),
    "empty_text": {"kind": "destroy", "lots": [LOT], "reason": ""},
    "line_feed_in_a_text": {"kind": "destroy", "lots": [LOT], "reason": "a\nb"},
    "tab_in_a_text": {"kind": "destroy", "lots": [LOT], "reason": "a\tb"},
    "delete_in_a_text": {"kind": "destroy", "lots": [LOT], "reason": "a\x7fb"},
    "next_line_in_a_text": {"kind": "destroy", "lots": [LOT], "reason": "a\x85b"},
    "line_separator_in_a_text": {"kind": "destroy", "lots": [LOT], "reason": "a\u2028b"},
    "not_composed_text": {"kind": "destroy", "lots": [LOT], "reason": "ca\u0301"},
    "no_facts": store(facts={}),
    "nameless_fact": store(facts={"": "x"}),
    "empty_fact": store(facts={"x": ""}),
    "thirty_three_facts": store(facts={str(n): "x" for n in range(33)}),
    "serials_backwards": {"kind": "label", "lots": [LOT], "serials": [2, 1]},
    "valid_backwards": {
        "kind": "certificate",
        "org": "A",
        "standard": "x",
        "number": "x",
        "valid": ["2025-02-01", "2025-01-01"],
    },
    "recall_of_a_period_backwards": {"kind": "recall", "lots": [LOT], "period": ["2025-02-01", "2025-01-01"]},
    "empty_name_of_a_commune": place(commune=["1", "2025-07-01", ""]),
    "empty_code_of_a_commune": place(commune=["", "2025-07-01", "x"]),
    "area_of_nothing": place(area=[0, 0, "HAR"]),
    "lot_in_hectares": harvest(outputs=[output("L1", qty=[1, 0, "HAR"])]),
    "wait_of_no_days": {"kind": "spray", "field": ["A", "P1"], "ingredient": "x", "wait_days": 0},
    "wait_of_ten_years_and_a_day": {"kind": "spray", "field": ["A", "P1"], "ingredient": "x", "wait_days": 3651},
    "rating_below_three": {"kind": "rating", "product": ["A", "P1"], "stars": 2, "decision": "x", "valid": [None, None]},
    "envelope_of_nothing": {"kind": "conflict", "ref": bytes(32), "org": "A", "envelope": b""},
    "reason_of_512_bytes": {"kind": "destroy", "lots": [LOT], "reason": "ă" * 256},
    "reason_of_513_bytes": {"kind": "destroy", "lots": [LOT], "reason": "ă" * 256 + "x"},
    "fact_name_of_65_bytes": store(facts={"x" * 65: "x"}),
    "fact_of_513_bytes": store(facts={"x": "x" * 513}),
    "valid_without_end": {"kind": "certificate", "org": "A", "standard": "x", "number": "x", "valid": [None, None]},
    "leap_day_of_1900": harvest(outputs=[output("L1", made="1900-02-29")]),
    "leap_day_of_2000": harvest(outputs=[output("L1", made="2000-02-29")]),
    "last_year": harvest(outputs=[output("L1", made="2199-12-31")]),
    "year_too_late": harvest(outputs=[output("L1", made="2200-01-01")]),
    "began_before_1900": harvest(began=[-2_208_988_801, 0]),
    "began_at_1900": harvest(began=[-2_208_988_800, 0]),
    "began_at_1900_in_its_offset": harvest(began=[-2_208_988_801, 1]),
    "began_after_2199": harvest(began=[7_258_118_400, 0]),
    "offset_too_large": harvest(began=[START, 841]),
    "net_of_nothing": harvest(outputs=[output("L1", net=[0, 0, "KGM"])]),
    "unknown_field_of_an_output": harvest(outputs=[output("L1", x=1)]),
    "old_label_false": {"kind": "label", "lots": [LOT], "old_label": False},
    "count_below_zero": {"kind": "label", "lots": [LOT], "count": -1},
    "commitment_of_31_bytes": place(name=bytes(31)),
    "check_of_own_field_at_anothers_place": {"kind": "check", "result": "pass", "field": ["A", "P1"], "place": ["B", "P1"]},
    "check_of_anothers_field_at_own_place": {"kind": "check", "result": "pass", "field": ["B", "P1"], "place": ["A", "P1"]},
    "check_of_lots_alone": {"kind": "check", "result": "pass", "lots": [LOT]},
    "hold_of_no_lot_of_its_own": {"kind": "hold", "lots": [[["B", "L1"], None]]},
    "hold_of_a_lot_that_is_not_there": {"kind": "hold", "lots": [LOT]},
    "recall_at_anothers_building": {"kind": "recall", "lots": [LOT], "place": ["B", "P1"]},
    "epoch_without_need": {"kind": "epoch"},
}

FIXES = {
    "correction_of_a_field_that_the_kind_has_not": ["wait_days", 3],
    "correction_beyond_the_list": ["outputs/7/qty", [1, 0, "KGM"]],
    "correction_of_item_64": ["outputs/64/qty", [1, 0, "KGM"]],
    "correction_with_a_leading_zero": ["outputs/00/qty", [1, 0, "KGM"]],
    "correction_of_a_nameless_fact": ["facts/", "x"],
    "correction_of_a_fact_with_a_slash": ["facts/a/b", "x"],
    "correction_of_text_to_nothing": ["facts/x", ""],
    "correction_of_a_withdrawn_output_to_more": ["outputs/0", 1],
    "correction_of_the_first_day": ["began", [START, 0]],
    "correction_of_a_result": ["result", "fail"],
    "correction_of_the_kind": ["kind", "x"],
    "correction_of_the_signing_time": ["signed", [START, 0]],
    "correction_of_a_plot_of_facts": ["facts", "x"],
    "correction_of_a_count_to_text": ["count", "x"],
}


class Story:
    """Steps by chosen devices, each next in its chain unless said otherwise."""

    def __init__(self):
        self.replay, self.steps, self.chains = Replay(GENESIS), [], {}
        self.say(OFFICE, {"kind": "org", "id": "A", "name": "x", "roles": ROLES})
        self.say(OFFICE, {"kind": "org", "id": "B", "name": "x", "roles": ROLES})
        self.say(OFFICE, {"kind": "device", "org": "A", "key": PUBLIC[MEMBER], "where": "own"})

    def say(self, key, body, place=None, **changes):
        """The step, as the vector has it; `changes` replace fields of the payload, or spoil the signature."""
        epoch, seq, prev = self.chains.get(key, (0, -1, self.replay.door.ledger))
        opens = body.get("kind") == "epoch" and place is None
        epoch, seq = place or ((epoch + 1, 0) if opens else (epoch, seq + 1))
        made = sign(key, {"epoch": epoch, "seq": seq, "prev": prev, "body": body} | changes)
        self.hand_in(made)
        if self.steps[-1]["answer"] in ("logged", "void"):
            self.chains[key] = (epoch, seq, envelope.parse(made).id)
        return made

    def hand_in(self, data):
        answer, code = self.replay.take(data)
        self.steps.append({"who": "", "envelope": encode(data), "answer": answer} | ({"code": code} if code else {}))

    def vector(self, name):
        ends = {"root": encode(self.replay.root()), "map_root": encode(self.replay.map_root())}
        said = {"name": name, "shows": name.replace("_", " "), "type": "log", "genesis": encode(GENESIS), "steps": self.steps}
        return said | {"size": len(self.replay.leaves)} | ends


def sign(key, fields):
    spoil = fields.pop("spoil", False)
    payload = cbor.encode({"v": 1, "occurred": [START, 420], "signed": [START, 420]} | fields)
    protected = cbor.encode({1: -8, 3: "ocop/event", 4: PUBLIC[key], 15: {1: "A" if key == MEMBER else "SO"}})
    signed = cbor.encode(["Signature1", protected, envelope.external(hostile.LEDGER), payload])
    signature = bytes(64) if spoil else hostile.KEYS[key].sign(signed)
    return b"\xd2" + cbor.encode([protected, {}, payload, signature])


def encode(data):
    return base64.b64encode(data).decode()


def logs():
    for name, body in SAID.items():
        story = Story()
        story.say(MEMBER, body)
        yield story.vector(name)
    for name, fix in FIXES.items():
        story = Story()
        target = story.say(MEMBER, harvest())
        story.say(MEMBER, {"kind": "correct", "ref": envelope.parse(target).id, "fix": fix})
        yield story.vector(name)
    yield from doors()


def doors():
    """Which of two reasons is said."""
    story = Story()
    story.say(STRANGER, store(), spoil=True)
    yield story.vector("stranger_with_a_bad_signature")
    story = Story()
    story.say(MEMBER, store(), spoil=True, place=(0, 3))
    yield story.vector("gap_with_a_bad_signature")
    story = Story()
    story.say(MEMBER, {"kind": "epoch"}, place=(0, 0))
    yield story.vector("epoch_that_opens_none")
    story = Story()
    story.say(MEMBER, store(), place=(1, 3))
    yield story.vector("gap_beyond_an_epoch")
    story = Story()
    story.say(MEMBER, {"kind": "epoch"}, place=(2, 0))
    yield story.vector("two_epochs_ahead")
    story = Story()
    story.say(MEMBER, store(), prev=bytes(32), place=(0, 2))
    yield story.vector("gap_with_another_predecessor")
    story = Story()
    first = story.say(MEMBER, store())
    story.say(OFFICE, {"kind": "revoke", "org": "A", "key": PUBLIC[MEMBER]})
    story.hand_in(first)
    story.say(MEMBER, store(), place=(0, 0), occurred=[START + 1, 0])
    story.say(MEMBER, store(), place=(0, 5))
    yield story.vector("revoked_and_something_else")
    story = Story()
    story.say(SEQUENCER, {"kind": "epoch"})
    story.say(OFFICE, {"kind": "allow_epoch", "org": "SO", "key": PUBLIC[SEQUENCER]})
    yield story.vector("sequencer_and_epochs")
    story = Story()
    story.say(MEMBER, store())
    story.say(MEMBER, {"kind": "epoch"})
    old = envelope.parse(story.say(MEMBER, store()))
    fork = sign(MEMBER, {"epoch": 0, "seq": 0, "prev": bytes(32), "body": store(qty=[1, 0, "KGM"])})
    first = [step for step in story.steps if step["answer"] == "logged"][3]
    ref = envelope.parse(base64.b64decode(first["envelope"])).id
    story.say(OFFICE, {"kind": "conflict", "ref": ref, "org": "A", "envelope": fork})
    story.say(MEMBER, store())
    assert old.epoch == 1
    yield story.vector("fork_of_an_epoch_that_is_closed")


def bundles():
    """The same lists, written down in other ways."""
    world = hostile.World(hostile.Maker(hostile.random.Random(28)), 40, False)
    value = cbor.decode(world.bundle(), 1 << 20)
    lists = value["subjects"]
    longest = max(lists, key=lambda one: len(one[1]))
    reversed_list = [[subject, indexes[::-1] if subject == longest[0] else indexes] for subject, indexes in lists]
    cases = {
        "as_it_is": {},
        "subjects_in_another_order": {"subjects": lists[::-1]},
        "subject_twice": {"subjects": [*lists, lists[0]]},
        "list_falls": {"subjects": reversed_list},
        "events_fall": {"events": value["events"][::-1]},
        "event_twice": {"events": [*value["events"], value["events"][-1]]},
        "class_that_is_none": {"subjects": [*lists, [["x"], []]]},
        "subject_of_no_form": {"subjects": [*lists, [["lot", "a", "b"], []]]},
        "code_of_no_form": {"code": "x"},
        "opening_that_is_no_cbor": {"openings": [b"\xff"]},
        "empty_map_proof": {"map": b""},
        "empty_checkpoint": {"checkpoint": ""},
        "head_of_no_form": {"head": [value["head"][0], b"", []]},
        "head_proof_of_short_hashes": {"head": [*value["head"][:2], [bytes(31)]]},
        "surplus_key": {"x": 0},
        "other_format": {"format": "ocop-bundle/v2"},
    }
    for name, change in cases.items():
        yield bundle_vector(name, cbor.encode(value | change))
    every = set(world.lists) | {tuple(subject) for subject, _ in lists}
    yield bundle_vector("every_list_of_the_log", world.bundle_of(every))


def bundle_vector(name, data):
    said = {"name": name, "shows": name.replace("_", " "), "type": "bundle", "now": START, "anchor": ANCHOR}
    return said | {"bundle": encode(data), "expect": answer(verify(data, ANCHOR, START))}


if __name__ == "__main__":
    for vector in [*logs(), *bundles()]:
        file = pathlib.Path(sys.argv[1]) / f"{vector['name']}.json"
        file.write_text(json.dumps(vector, ensure_ascii=False, indent=2), encoding="utf-8")
