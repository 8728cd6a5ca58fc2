"""Section 13: what a verifier says of a bundle. Never one boolean: each statement is proven, not proven or contradicted."""

import datetime
from dataclasses import dataclass, field

from . import anchor as anchors
from . import bundle as bundles
from . import checkpoint, envelope, ids, map_proof, merkle, notice, opening, subjects
from . import code as codes
from . import genesis as geneses
from .cbor import Refused
from .family import Family, Log
from .handover import handovers
from .needed import needed_subjects
from .roster import Roster

PROVEN, NOT_PROVEN, CONTRADICTED = "proven", "not_proven", "contradicted"
NAMES = ("ledger checkpoint witnessed fresh map_head complete signatures members order code ancestry handover openings").split()
FOR_GREEN = set(NAMES) - {"handover", "openings"}
MAX_AHEAD = 5 * 60
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))


@dataclass
class Verdict:
    refused: bool = False
    state: str = "unconfirmed"
    statements: dict = field(default_factory=dict)
    family: Family | None = None
    notices: list = field(default_factory=list)
    handovers: list = field(default_factory=list)


def verify(data, anchor_text, now):
    """The verdict on a bundle's bytes, given the trust anchor's text and the time in seconds since 1970.

    Refused (an exception) is only a bad anchor; an unreadable bundle is a verdict.
    """
    anchor = anchors.parse(anchor_text)
    try:
        bundle = bundles.parse(data)
        genesis = geneses.parse(bundle.genesis)
    except Refused:
        return Verdict(refused=True)
    return _Verifier(bundle, genesis, anchor, now).verdict()


class _Verifier:
    def __init__(self, bundle, genesis, anchor, now):
        self.bundle, self.genesis, self.anchor, self.now = bundle, genesis, anchor, now
        self.said = dict.fromkeys(NAMES, NOT_PROVEN)

    def verdict(self):
        self.say("ledger", self.is_this_ledger())
        self.read_checkpoint()
        self.read_head()
        self.read_events()
        self.tell_story()
        self.said["complete"] = self.complete()
        self.say("openings", opening.all_match(self.bundle.openings, [event for _, event in self.parsed]))
        return Verdict(False, self.state(), self.said, self.family, self.notices, self.handovers)

    def say(self, name, is_proven):
        self.said[name] = PROVEN if is_proven else CONTRADICTED

    def is_this_ledger(self):
        log_keys = {(key.name, key.key) for key in self.anchor.policy.logs}
        return self.genesis.ledger == self.anchor.ledger and (self.genesis.origin, self.genesis.log_key) in log_keys

    def read_checkpoint(self):
        self.checkpoint = None
        try:
            self.checkpoint, cosigned = checkpoint.open_note(self.bundle.checkpoint, self.anchor.policy)
        except Refused:
            self.said["checkpoint"] = CONTRADICTED
            return
        self.said["checkpoint"] = PROVEN
        since = self.anchor.policy.since(cosigned)
        if since is not None:
            self.said["witnessed"] = PROVEN
            if self.now - self.anchor.max_age <= since <= self.now + MAX_AHEAD:
                self.said["fresh"] = PROVEN

    def read_head(self):
        index, data, proof = self.bundle.head
        self.map_root = None
        try:
            head = envelope.parse(data)
        except Refused:
            head = None
        if head is None or head.kind != "map_head" or not head.signature_holds(self.anchor.ledger):
            self.said["map_head"] = CONTRADICTED
            return
        self.map_root = head.body["root"]
        if self.checkpoint is None:
            return
        root = merkle.root_of_inclusion(index, self.checkpoint.size, head.id, proof)
        self.say(
            "map_head",
            (head.device, head.iss) == (self.genesis.sequencer, self.genesis.authority)
            and head.body["size"] == index == self.checkpoint.size - 1
            and root == self.checkpoint.root,
        )

    def read_events(self):
        """Only events whose signature holds and whose signer may say them are believed."""
        self.parsed, signed = [], True
        for index, data in self.bundle.events:
            try:
                event = envelope.parse(data)
            except Refused:
                event = None
            if event is not None and event.signature_holds(self.anchor.ledger):
                self.parsed.append((index, event))
            else:
                signed = False
        roster = Roster(self.genesis, self.bundle.lists.keys(), {event.id for _, event in self.parsed})
        believed = [(index, event) for index, event in self.parsed if roster.take(event)]
        self.say("signatures", signed)
        self.say("members", len(believed) == len(self.parsed))
        self.say("order", self.is_in_order())
        self.log = Log(believed, roster.suspended())

    def is_in_order(self):
        newest = {}
        for _, event in self.parsed:
            place = (event.epoch, event.seq)
            if place <= newest.get(event.device, (-1, -1)):
                return False
            newest[event.device] = place
        return True

    def tell_story(self):
        self.family, self.notices, self.handovers = None, [], []
        lot, counts = codes.binding(self.log, self.bundle.code)
        if lot is None:
            return
        self.said["code"] = PROVEN if counts else NOT_PROVEN
        self.family = Family(self.log, lot)
        self.said["ancestry"] = PROVEN if self.family.has_unbroken_ancestry() else NOT_PROVEN
        self.handovers = handovers(self.family)
        self.said["handover"] = PROVEN if all(shipped for _, _, shipped in self.handovers) else NOT_PROVEN
        self.notices = notice.notices(self.family, self.today())

    def today(self):
        if self.genesis.sample is not None:
            return ids.to_date(self.genesis.sample)
        return datetime.datetime.fromtimestamp(self.now, VIETNAM).date()

    def complete(self):
        if self.map_root is None:
            return NOT_PROVEN
        return PROVEN if self.lists_are_whole() and self.lists_are_those_needed() else CONTRADICTED

    def lists_are_whole(self):
        ids_at = {index: merkle.leaf_hash(data) for index, data in self.bundle.events}
        keys = {map_proof.key(list(subject)): indexes for subject, indexes in self.bundle.lists.items()}
        try:
            root, found = map_proof.read(self.bundle.map, list(keys))
        except Refused:
            return False
        if root != self.map_root:
            return False
        for key, indexes in keys.items():
            if indexes != sorted(set(indexes)) or any(index not in ids_at for index in indexes):
                return False
            entries = map_proof.list_root([(index, ids_at[index]) for index in indexes])
            if found[key] != ((len(indexes), entries) if indexes else None):
                return False
        return True

    def lists_are_those_needed(self):
        by_id = {event.id: event for _, event in self.parsed}
        own = {index: subjects.of(event, by_id) for index, event in self.parsed}
        for subject, indexes in self.bundle.lists.items():
            if any(index in own and subject not in own[index] for index in indexes):
                return False
        listed = {index for indexes in self.bundle.lists.values() for index in indexes}
        if listed != {index for index, _ in self.bundle.events}:
            return False
        return needed_subjects(self) <= self.bundle.lists.keys()

    def state(self):
        if "DA_THU_HOI" in self.notices:
            return "recalled"
        if "DANG_TAM_GIU" in self.notices:
            return "held"
        if self.family is None and self.is_absent():
            return "unknown_code"
        if any(self.said[name] != PROVEN for name in FOR_GREEN):
            return "unconfirmed"
        return "expired" if "HET_HAN_SU_DUNG" in self.notices else "recorded"

    def is_absent(self):
        """The code's list is proven to be empty, under everything that a green state asks for."""
        empty = self.bundle.lists.get(("code", self.bundle.code)) == []
        return empty and all(self.said[name] == PROVEN for name in FOR_GREEN - {"code", "ancestry"})
