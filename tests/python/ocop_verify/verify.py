"""Section 13: what a verifier says of a bundle. Never one boolean: each statement is proven, not proven or contradicted."""

import datetime
from dataclasses import dataclass, field

from . import anchor as anchors
from . import bundle as bundles
from . import checkpoint, ids, notice, opening, subjects
from . import code as codes
from . import genesis as geneses
from .cbor import Refused
from .family import Family, Log
from .handover import handovers
from .needed import needed_subjects
from .roster import Roster
from .statement import CONTRADICTED, NOT_PROVEN, PROVEN, said, shown

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
        self.bundle, self.lists, self.genesis, self.anchor, self.now = bundle, bundle.lists, genesis, anchor, now
        self.said = dict.fromkeys(NAMES, NOT_PROVEN)

    def verdict(self):
        self.say("ledger", self.anchor.is_of(self.genesis))
        self.read_checkpoint()
        self.read_head()
        self.read_events()
        self.tell_story()
        self.said["complete"] = self.complete()
        self.say("openings", opening.all_match(self.bundle.openings, [event for _, event in self.parsed]))
        return Verdict(False, self.state(), self.said, self.family, self.notices, self.handovers)

    def say(self, name, is_proven):
        self.said[name] = said(is_proven)

    def read_checkpoint(self):
        self.checkpoint = None
        try:
            self.checkpoint, cosigned = checkpoint.open_note(self.lists.checkpoint, self.anchor.policy)
        except Refused:
            self.said["checkpoint"] = CONTRADICTED
            return
        self.said["checkpoint"] = PROVEN
        since = self.anchor.policy.since(cosigned)
        self.said["witnessed"] = shown(since is not None)
        self.said["fresh"] = shown(since is not None and self.now - self.anchor.max_age <= since <= self.now + MAX_AHEAD)

    def read_head(self):
        head = self.lists.map_head(self.anchor.ledger)
        self.map_root = head and head.body["root"]
        if head is None:
            self.said["map_head"] = CONTRADICTED
        elif self.checkpoint is not None:
            self.say("map_head", self.lists.is_last_leaf(head, self.genesis, self.checkpoint))

    def read_events(self):
        """Only events whose signature holds and whose signer may say them are believed."""
        self.parsed = self.lists.signed_events(self.anchor.ledger)
        roster = Roster(self.genesis, self.lists.subjects.keys(), {event.id for _, event in self.parsed})
        believed = [(index, event) for index, event in self.parsed if roster.take(event) is None]
        self.say("signatures", len(self.parsed) == len(self.lists.events))
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
        self.said["code"] = shown(counts)
        self.family = Family(self.log, lot)
        self.said["ancestry"] = shown(self.family.has_unbroken_ancestry())
        self.handovers = handovers(self.family)
        self.said["handover"] = shown(all(shipped for _, _, shipped in self.handovers))
        self.notices = notice.notices(self.family, self.today())

    def today(self):
        if self.genesis.sample is not None:
            return ids.to_date(self.genesis.sample)
        return datetime.datetime.fromtimestamp(self.now, VIETNAM).date()

    def complete(self):
        if self.map_root is None:
            return NOT_PROVEN
        is_complete = self.lists.are_whole(self.map_root) and self.names_are_right() and self.has_all_lists()
        return said(is_complete)

    def names_are_right(self):
        """Whether every listed event names the subject, and every event is listed."""
        by_id = {event.id: event for _, event in self.parsed}
        own = {index: subjects.of(event, by_id) for index, event in self.parsed}
        named = all(
            subject in own[index] for subject, indexes in self.lists.subjects.items() for index in indexes if index in own
        )
        return named and self.lists.listed() == {index for index, _ in self.lists.events}

    def has_all_lists(self):
        events = [event for _, event in self.parsed]
        return needed_subjects(self.bundle.code, self.genesis, events, self.family) <= self.lists.subjects.keys()

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
        empty = self.lists.subjects.get(("code", self.bundle.code)) == []
        return empty and all(self.said[name] == PROVEN for name in FOR_GREEN - {"code", "ancestry"})
