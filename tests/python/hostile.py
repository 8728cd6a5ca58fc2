"""Logs of well formed, well signed and quite senseless events, and bundles cut from them: whatever they say, a verifier answers.

`python hostile.py 100 folder` writes them as vectors that expect what this verifier says, so that others can disagree.
"""

import base64
import json
import pathlib
import random
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ocop_verify import body, cbor, envelope, map_proof, subjects
from ocop_verify import bundle as bundles
from ocop_verify.genesis import parse as genesis_of
from ocop_verify.lists import SUBJECTS
from ocop_verify.merkle import leaf_hash, root, sha256
from ocop_verify.needed import needed_subjects
from ocop_verify.replay import Replay
from ocop_verify.roster import Roster
from ocop_verify.vectors import answer
from ocop_verify.verify import verify

KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 7)]
PUBLIC = [key.public_key().public_bytes_raw() for key in KEYS]
ORGANISATIONS = ["SO", "A", "B"]
CODE = "t/38C57RHV2"
LOTS = ["harvest", "pack", "process", "spray", "label", "load", "correct", "bind", "place", "place_code", "lab_result"]
REFERS_TO = {
    "approve": "org suspend grant withdraw device anchor threshold publish revoke".split(),
    "undelegate": ["delegate"],
    "recall_lift": ["recall"],
    "correct": ["harvest", "pack", "process", "label", "lab_result", "spray", "load"],
    "lab_result": ["lab_sample"],
}
START = 1_760_000_000

GENESIS = cbor.encode(
    {
        "format": "ocop-genesis/v1",
        "name": "Sổ thử",
        "origin": "so.example/thu",
        "log_key": PUBLIC[0],
        "authority": {"devices": PUBLIC[1:3], "name": "Sở", "org": "SO", "threshold": 1},
        "sequencer": PUBLIC[4],
        "created": [START, 420],
    }
)
LEDGER = sha256(GENESIS)


def vkey(name, type, key):
    material = bytes([type]) + key
    key_id = sha256(name.encode(), b"\n", material)[:4].hex()
    return f"{name}+{key_id}+{base64.b64encode(material).decode()}"


ANCHOR = f"""ocop-anchor/v1
ledger {LEDGER.hex()}
validators all
max-age 172800

log {vkey("so.example/thu", 1, PUBLIC[0])}
witness a {vkey("a.example", 4, PUBLIC[5])}
group all 1 a
quorum all
"""


class Maker:
    """Makes field values, bodies and events by dice."""

    def __init__(self, dice):
        self.dice, self.events, self.replay = dice, [], Replay(GENESIS)

    def body(self, kind):
        _, must, may = body.KINDS[kind]
        names = {self.dice.choice(one) for one in must} | {name for name in sorted(may) if self.dice.random() < 0.3}
        if kind != "map_head" and self.dice.random() < 0.1:
            names.add("facts")
        made = {"kind": kind} | {name: self.value(kind, name) for name in sorted(names)}
        return made

    def value(self, kind, name):
        pick = self.dice.choice
        org, day = pick(ORGANISATIONS), f"2025-{pick(['09', '10', '11'])}-{self.dice.randrange(1, 31):02}"
        lot, place = [org, pick(["L1", "L2", "L3"])], [org, pick(["P1", "P2"])]
        qty = [self.dice.randrange(5_000), pick([0, 1]), pick(["KGM", "LTR", "XPK"])]
        amounts = [
            [[pick(ORGANISATIONS), pick(["L1", "L2", "L3"])], pick([None, qty])] for _ in range(self.dice.randrange(1, 3))
        ]
        output = {"no": lot[1], "owner": org, "qty": qty, "made": day, "expires": day}
        match name:
            case "field" | "place" | "target_place" | "product":
                return [pick(["SO", "A"]), place[1]]
            case "sources" | "products":
                return [place]
            case "lots" | "inputs":
                return amounts
            case "outputs":
                extra = pick([{}, {"net": qty}, {"product": place}, {"net": qty, "product": place}])
                return [output | extra, {"no": "L2", "owner": org, "qty": qty}][: self.dice.randrange(1, 3)]
            case "lot":
                return lot
            case "codes":
                return [CODE]
            case "qty" | "loss" | "added":
                return qty
            case "area":
                return [self.dice.randrange(3), 0, "HAR"]
            case "to" | "from" | "lab" | "org" | "host":
                return org
            case "id":
                return org if kind == "org" else place[1]
            case "began":
                return self.time()
            case "count" if kind == "threshold":
                return self.dice.randrange(1, 3)
            case "wait_days" | "count" | "size":
                return self.dice.randrange(40)
            case "serials" | "last":
                return sorted([self.dice.randrange(30), self.dice.randrange(30)])
            case "valid":
                return [pick([None, day]), pick([None, day])]
            case "period":
                return [day, "2025-11-30"]
            case "ref":
                return self.ref(REFERS_TO.get(kind, ()))
            case "commitment" | "exact" | "picture" | "hash" | "root":
                return bytes(32)
            case "key" | "old":
                return pick([*PUBLIC, bytes(32)])
            case "envelope":
                return pick(self.events)
            case "fix":
                return self.fix()
            case "roles":
                return sorted({pick(body.ROLES), "producer", "packer"})
            case "commune":
                return ["1", day, "x"]
            case "point":
                return [0, 0]
            case "facts":
                return {"x": "y"}
            case "sealed":
                return ["partners", bytes(32)]
            case "old_label":
                return True
            case "stars":
                return 4
            case "sscc" | "gln" | "gtin":
                return "0" * {"sscc": 18, "gln": 13, "gtin": 14}[name]
            case "text":
                return ANCHOR
        words = {
            "result": ["pass", "fail"],
            "category": ["smell"],
            "entry": ["pc"],
            "type": ["plot", "pond"],
            "code_type": ["pond", "growing_domestic", "packing_house"],
            "where": ["own"],
            "rights": ["administrator", "recorder"],
            "what": ["page"],
        }
        return pick(words.get(name, ["x"]))

    def fix(self):
        path = self.dice.choice(
            "qty loss added inputs/0/qty lots/1/qty outputs/0/qty outputs/9/qty occurred began outputs/0/made outputs/1/expires"
            " outputs/0 outputs/3 count wait_days ingredient facts/x result".split()
        )
        name = path.split("/")[-1]
        if name in ("made", "expires"):
            return [path, "2025-10-10"]
        if path.startswith("outputs/") and name != "qty":
            return [path, None]
        return [path, self.time() if name == "occurred" else self.value("correct", name)]

    def time(self):
        return [START + self.dice.randrange(-200, 200) * 40_000, self.dice.choice([420, -840, 0])]

    def ref(self, kinds):
        wanted = [event for event in self.events if envelope.parse(event).kind in kinds]
        return leaf_hash(self.dice.choice(wanted if wanted and self.dice.random() < 0.8 else self.events))

    def fork(self):
        """A conflict that is one, if the device may still fork."""
        one = envelope.parse(self.dice.choice(self.events))
        other = self.signed(PUBLIC.index(one.device), one.iss, (one.epoch, one.seq), self.body("season_start"))
        return {"kind": "conflict", "ref": one.id, "org": one.iss, "envelope": other}

    def event(self, kind=None, said=None):
        kind = kind or self.dice.choice(sorted(body.KINDS.keys() - {"suspend", "conflict"}) + LOTS * 3)
        key = self.dice.randrange(1, 4) if said is None else 1
        epoch, seq, prev = self.replay.door.last.get(PUBLIC[key], (0, -1, LEDGER))
        place = (epoch, seq + 1) if kind != "epoch" else (epoch + 1, 0)
        made = self.signed(key, "SO" if key < 3 else "A", place, said or self.body(kind), prev)
        if self.replay.take(made)[0] in ("logged", "void"):
            self.events.append(made)

    def signed(self, key, iss, place, said, prev=LEDGER):
        protected = cbor.encode({1: -8, 3: "ocop/event", 4: PUBLIC[key], 15: {1: iss}})
        times = {"occurred": self.time(), "signed": self.time()}
        payload = cbor.encode({"v": 1, "epoch": place[0], "seq": place[1], "prev": prev, "body": said} | times)
        signed = cbor.encode(["Signature1", protected, b"ocop-event/v1\n" + LEDGER, payload])
        return b"\xd2" + cbor.encode([protected, {}, payload, KEYS[key].sign(signed)])

    def log(self, count):
        """The organisations first, so that some of the rest is believed."""
        roles = ["authority", "laboratory", "packer", "producer"]
        for org in ORGANISATIONS:
            self.event("org", {"kind": "org", "id": org, "name": "x", "roles": roles})
        self.event("device", {"kind": "device", "org": "A", "key": PUBLIC[3], "where": "own", "rights": "administrator"})
        for kind in ["harvest"] * 3 + [None] * count + ["bind"] * 2 + self.dice.sample(["suspend", "conflict"], 1):
            self.event(kind)
        if self.dice.random() < 0.3:
            self.event("conflict", self.fork())
            self.event("allow_epoch", {"kind": "allow_epoch", "org": "A", "key": PUBLIC[3]})
            for kind in ["epoch", "epoch", "epoch", "bind", "label", "label"]:
                self.event(kind)
        return self.events

    def head(self, index, map_root):
        return self.signed(4, "SO", (0, 0), {"kind": "map_head", "size": index, "root": map_root})


class World:
    """A whole log and its map, from which bundles are cut."""

    def __init__(self, maker, count, with_void):
        genesis = genesis_of(GENESIS)
        events = [(n, envelope.parse(data)) for n, data in enumerate(maker.log(count), 1)]
        roster = Roster(genesis)
        force = [(n, event) for n, event in events if roster.take(event) is None or with_void]
        by_id = {event.id: event for _, event in force}
        self.lists = {}
        for n, event in force:
            for subject in subjects.of(event, by_id):
                self.lists.setdefault(subject, []).append(n)
        self.leaves = {}
        for subject, indexes in self.lists.items():
            entries = map_proof.list_root([(n, leaf_hash(maker.events[n - 1])) for n in indexes])
            self.leaves[map_proof.key(list(subject))] = (len(indexes).to_bytes(8, "big"), entries)
        index = len(maker.events) + 1
        self.entries = [GENESIS, *maker.events, maker.head(index, self.prove([])[1])]
        self.checkpoint = checkpoint([leaf_hash(entry) for entry in self.entries])
        self.inclusion = inclusion(index, [leaf_hash(entry) for entry in self.entries])

    def prove(self, keys):
        return prove(sorted(self.leaves), sorted(set(keys)), self.leaves, 0)

    def bundle(self):
        """With the lists that the verifier itself asks for, to a fixed point."""
        shown = {("code", CODE)}
        while True:
            made = self.bundle_of(shown)
            verdict = verify(made, ANCHOR, START)
            needed = needed_subjects(CODE, genesis_of(GENESIS), verdict.log)
            needed |= {("organisation", event.iss) for _, event in bundles.parse(made).lists.signed_events(LEDGER)}
            if needed <= shown:
                return made
            shown |= needed

    def bundle_of(self, shown):
        lists = {subject: self.lists.get(subject, []) for subject in shown}
        listed = sorted({n for indexes in lists.values() for n in indexes})
        index = len(self.entries) - 1
        return cbor.encode(
            {
                "format": "ocop-bundle/v1",
                "code": CODE,
                "genesis": GENESIS,
                "checkpoint": self.checkpoint,
                "head": [index, self.entries[index], self.inclusion],
                "subjects": [[list(subject), lists[subject]] for subject in sorted(lists, key=order)],
                "events": [[n, self.entries[n]] for n in listed],
                "map": self.prove([map_proof.key(list(subject)) for subject in shown])[0],
                "openings": [],
            }
        )


def order(subject):
    return list(SUBJECTS).index(subject[0]), subject[1:]


def prove(keys, asked, leaves, depth):
    """The proof of the asked keys in the subtree of `keys`, and its hash."""
    if not keys:
        return b"\x00", bytes(32)
    if len(keys) == 1:
        count, entries = leaves[keys[0]]
        bytes_, hash = b"\x01" + keys[0] + count + entries, sha256(b"\x02", keys[0], count, entries)
    else:
        halves = [
            [[k for k in part if k[depth // 8] >> (7 - depth % 8) & 1 == bit] for part in (keys, asked)] for bit in (0, 1)
        ]
        (left, left_hash), (right, right_hash) = [prove(*half, leaves, depth + 1) for half in halves]
        bytes_, hash = b"\x02" + left + right, sha256(b"\x03", left_hash, right_hash)
    return (bytes_ if asked else b"\x03" + hash), hash


def inclusion(index, leaves):
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*inclusion(index, leaves[:half]), root(leaves[half:])]
    return [*inclusion(index - half, leaves[half:]), root(leaves[:half])]


def checkpoint(leaves):
    text = f"so.example/thu\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
    cosigned = KEYS[5].sign(f"cosignature/v1\ntime {START}\n{text}".encode())
    signed = line("so.example/thu", 1, PUBLIC[0], KEYS[0].sign(text.encode()))
    return f"{text}\n{signed}{line('a.example', 4, PUBLIC[5], START.to_bytes(8, 'big') + cosigned)}"


def line(name, type, key, signature):
    key_id = sha256(name.encode(), b"\n", bytes([type]) + key)[:4]
    return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


def vector(seed):
    """A vector (section 15) that expects what this verifier says. An odd seed lists what is void as well."""
    made = World(Maker(random.Random(seed)), 40, seed % 2 == 1).bundle()
    return {
        "name": f"hostile_{seed}",
        "shows": "senseless events, with void ones listed" if seed % 2 else "senseless events",
        "type": "bundle",
        "now": START,
        "anchor": ANCHOR,
        "bundle": base64.b64encode(made).decode(),
        "expect": answer(verify(made, ANCHOR, START)),
    }


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        file = pathlib.Path(sys.argv[2]) / f"hostile_{seed}.json"
        file.write_text(json.dumps(vector(seed), ensure_ascii=False, indent=2), encoding="utf-8")
