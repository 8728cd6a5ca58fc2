"""The verifier's own table against the document's, and hostile bytes against the parsers."""

import base64
import json
import pathlib
import random
import re
import unittest

import examples
import hostile
from ocop_verify import anchor, body, bundle, cbor, ed25519, envelope, note
from ocop_verify.cbor import Refused
from ocop_verify.vectors import answer
from ocop_verify.verify import verify

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORY = json.loads((ROOT / "ledger-core/vectors/story_b_0105.json").read_text(encoding="utf-8"))
BUNDLE = base64.b64decode(STORY["bundle"])


class Document(unittest.TestCase):
    def test_the_table_of_section_6_is_the_one_read_here(self):
        text = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
        table = text[text.index("| kind | fields | who |") :].split("\n\n")[0].split("\n")[2:]
        lines = []
        for row in table:
            kind, fields, who = [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])]
            names = re.findall(r"`([^`]+)`", fields.replace("\\|", "|"))
            lines.append(" ".join([kind.strip("`"), who, *names]))
        self.assertEqual(body.rows("\n".join(lines)), body.KINDS)

    def test_the_examples_of_the_document_are_true(self):
        text = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
        for name, block in examples.blocks().items():
            self.assertIn(block, text, name)

    def test_every_field_of_the_table_has_a_form(self):
        for kind, (_, _, fields) in body.KINDS.items():
            self.assertLessEqual(fields, body.FORMS.keys(), kind)


class HostileBytes(unittest.TestCase):
    def test_a_changed_bundle_is_answered_and_never_tells_another_story(self):
        dice = random.Random(1)
        for _ in range(150):
            data = bytearray(BUNDLE)
            at = dice.randrange(len(data))
            data[at] ^= dice.randrange(1, 256)
            verdict = verify(bytes(data), STORY["anchor"], STORY["now"])
            # Green it can stay: a cosigner's name that became a stranger's leaves five of six.
            if verdict.state == "recorded":
                self.assertEqual(answer(verdict) | {"statements": None}, STORY["expect"] | {"statements": None}, at)

    def test_senseless_logs_are_answered_and_honest_ones_believed(self):
        for seed in range(6):
            statements = hostile.vector(seed)["expect"]["statements"]
            self.assertEqual(statements["complete"], "proven", seed)
            if seed % 2 == 0:
                self.assertEqual(statements["members"], "proven", seed)

    def test_noise_is_refused(self):
        dice = random.Random(2)
        parts = [cbor.decode, bundle.parse, envelope.parse]
        texts = [anchor.parse, note.parse_vkey, note.split]
        for _ in range(3_000):
            data = dice.randbytes(dice.randrange(64))
            for parse in parts:
                self.refuses_or_reads(parse, data)
            for parse in texts:
                self.refuses_or_reads(parse, data.decode("latin-1"))

    def refuses_or_reads(self, parse, data):
        try:
            parse(data)
        except Refused:
            pass

    def test_what_is_not_deterministic_cbor_is_refused(self):
        cases = {
            "long head": "1817",
            "indefinite length": "9fff",
            "float": "f90000",
            "undefined": "f7",
            "tag": "c200",
            "bignum": "c24101",
            "keys out of order": "a2616200616100",
            "key twice": "a2616100616100",
            "key is no text": "a10000",
            "beyond 2^53": "1b0020000000000000",
            "not NFC": "6361cc81",
            "control character": "6107",
            "not UTF-8": "61ff",
            "thirteen deep": "81" * 13 + "00",
            "trailing byte": "0000",
            "endless array": "9b00000000ffffffff",
            "nothing": "",
        }
        for name, data in cases.items():
            with self.subTest(name), self.assertRaises(Refused):
                cbor.decode(bytes.fromhex(data))
        self.assertEqual(cbor.decode(bytes.fromhex("81" * 12 + "00")), [[[[[[[[[[[[0]]]]]]]]]]]])

    def test_weak_keys_are_no_keys(self):
        small = [
            "00" * 32,
            "01" + "00" * 31,
            "ec" + "ff" * 30 + "7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ]
        unusual = ["ed" + "ff" * 30 + "7f", "01" + "00" * 30 + "80", "02" + "00" * 31]
        for key in small + unusual:
            self.assertFalse(ed25519.is_key(bytes.fromhex(key)), key)


if __name__ == "__main__":
    unittest.main()
