"""Evidence (section 16) that is made here, with a dishonest log and a dishonest device."""

import random
import unittest

import examples
import hostile
from ocop_verify import cbor, consistency, evidence
from ocop_verify.cbor import Refused
from ocop_verify.merkle import leaf_hash, root

LEAVES = [leaf_hash(bytes([n])) for n in range(20)]


def proof(first, leaves):
    """RFC 6962 section 2.1.2, but the first hash always stands there."""
    if first == len(leaves):
        return [root(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= half:
        return [*proof(first, leaves[:half]), root(leaves[half:])]
    return [*proof(first - half, leaves[half:]), root(leaves[:half])]


def heads(one, other, proof):
    return cbor.encode({"format": "ocop-evidence/v1", "kind": "heads", "notes": [one, other], "proof": proof})


class Evidence(unittest.TestCase):
    def test_a_proof_leads_to_both_roots(self):
        for second in range(1, 20):
            for first in range(1, second):
                roots = consistency.roots(first, second, proof(first, LEAVES[:second]))
                self.assertEqual(roots, (root(LEAVES[:first]), root(LEAVES[:second])), (first, second))

    def test_two_heads_that_do_not_follow_accuse_the_log(self):
        other = [*LEAVES[:3], leaf_hash(b"another")]
        cases = [(LEAVES[:4], other, []), (other, LEAVES[:9], proof(4, LEAVES[:9])), (other, LEAVES[:7], proof(4, LEAVES[:7]))]
        for smaller, larger, path in cases:
            file = heads(hostile.checkpoint(smaller), hostile.checkpoint(larger), path)
            kind, said = evidence.check(file, hostile.ANCHOR)
            self.assertTrue(kind == "heads" and evidence.holds(said), said)

    def test_heads_that_follow_accuse_nobody(self):
        file = heads(hostile.checkpoint(LEAVES[:4]), hostile.checkpoint(LEAVES[:9]), proof(4, LEAVES[:9]))
        self.assertFalse(evidence.holds(evidence.check(file, hostile.ANCHOR)[1]))
        same = heads(hostile.checkpoint(LEAVES[:4]), hostile.checkpoint(LEAVES[:4]), [])
        self.assertFalse(evidence.holds(evidence.check(same, hostile.ANCHOR)[1]))

    def test_a_device_that_signs_twice_for_one_place_is_shown(self):
        maker = hostile.Maker(random.Random(1))
        one, other = (maker.signed(1, "SO", (0, 5), {"kind": "org", "id": id, "name": "x", "roles": ["packer"]}) for id in "AB")
        for pair, accuses in (([one, other], True), ([one, one], False)):
            file = {"format": "ocop-evidence/v1", "kind": "fork", "genesis": hostile.GENESIS, "envelopes": pair, "lists": None}
            said = evidence.check(cbor.encode(file), hostile.ANCHOR)[1]
            self.assertEqual(evidence.holds(said), accuses, said)

    def test_other_files_are_no_evidence(self):
        for data in (b"", examples.GENESIS, cbor.encode({"kind": "heads"})):
            with self.subTest(data), self.assertRaises(Refused):
                evidence.check(data, hostile.ANCHOR)


if __name__ == "__main__":
    unittest.main()
