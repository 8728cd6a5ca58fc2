"""Section 16: what the genesis and the lists of an accusation show. Nothing is believed that they do not show."""

from . import checkpoint, lists, receipt, subjects
from . import genesis as geneses
from .body import KINDS
from .cbor import Refused
from .envelope import parse_signed
from .roster import Roster
from .statement import CONTRADICTED, NOT_PROVEN, PROVEN, said, shown

HANGS_ON_OTHER_LISTS = ("governor", "steward", "approver", "sequencer")
MIN_ORGANISATIONS = 2


class Case:
    def __init__(self, genesis, lists_value, anchor):
        if not isinstance(genesis, bytes):
            raise Refused("evidence: genesis")
        self.anchor, self.genesis = anchor, geneses.parse(genesis)
        self.is_genesis = self.genesis.ledger == anchor.ledger
        self.lists = None if lists_value is None else _parse_lists(lists_value)
        self.checkpoint, self.cosigned = None, {}
        self.events = self.lists.signed_events(anchor.ledger) if self.lists else []
        self.head = self.lists.map_head(anchor.ledger) if self.lists else None
        try:
            if self.lists:
                opened = checkpoint.open_note(self.lists.checkpoint, anchor.policy)
                self.checkpoint, self.cosigned = opened.checkpoint, opened.cosigned
        except Refused:
            pass

    def lists_hold(self):
        if self.lists is None:
            return NOT_PROVEN
        by_sequencer = self.head and (self.head.device, self.head.iss) == (self.genesis.sequencer, self.genesis.authority)
        is_head = self.checkpoint and by_sequencer and self.lists.is_last_leaf(self.head, self.checkpoint)
        are_whole = self.head and self.lists.first_wrong(self.head.body["root"]) is None
        return said(self.is_genesis and is_head and are_whole and len(self.events) == len(self.lists.events))

    def witnessed(self):
        return shown(self.anchor.policy.reached(self.cosigned) is not None)

    def rosters(self):
        """The roster at the place of each event of the lists, with that leaf index; and at the head."""
        roster = Roster(self.genesis)
        for index, event in self.events:
            yield index, roster
            roster.take(event)
        yield self.lists.head.index if self.lists else 0, roster

    def roster_at(self, place):
        roster = Roster(self.genesis)
        for index, event in self.events:
            if index < place:
                roster.take(event)
        return roster

    def at_head(self):
        return self.roster_at(self.lists.head.index)

    def shows_roster_of(self, org):
        """Whether the lists hold, and have those that tell who an organisation's devices are."""
        needed = {("organisation", org), ("organisation", self.genesis.authority), ("ledger",)}
        return self.lists_hold() == PROVEN and needed <= self.lists.subjects.keys()

    def can_judge(self, event):
        hangs = KINDS[event.kind][0] in HANGS_ON_OTHER_LISTS or event.kind == "conflict"
        return not hangs and self.shows_roster_of(event.iss) and subjects.own(event) <= self.lists.subjects.keys()

    def enrolled(self, event):
        device = self.at_head().devices.get(event.device)
        return device is not None and device.org == event.iss

    def in_force(self, event, place):
        return said(self.roster_at(place).fault(event) is None) if self.can_judge(event) else NOT_PROVEN

    def in_force_throughout(self, event):
        """At every place since its device's enrolment."""
        if not self.can_judge(event):
            return NOT_PROVEN
        faults = [roster.fault(event) for _, roster in self.rosters() if event.device in roster.devices]
        return said(bool(faults) and not any(faults))

    def missing(self, event):
        """Whether none of the complete lists of an event's own subjects has it."""
        own = subjects.own(event)
        if self.lists is None or not own or not own <= self.lists.subjects.keys():
            return NOT_PROVEN
        places = {index for index, entry in self.events if entry.id == event.id}
        return said(all(places.isdisjoint(self.lists.subjects[subject]) for subject in own))

    def stands_in_tree(self, placed):
        return self.checkpoint is not None and placed.leads_to(self.checkpoint)

    def follows(self, event, prev):
        """Whether an event was next in its device's chain."""
        if (event.epoch, event.seq) == (0, 0):
            return said(event.prev == self.anchor.ledger)
        before = prev and parse_signed(prev.envelope, self.anchor.ledger)
        if before is None:
            return NOT_PROVEN
        nexts = (
            {(before.epoch, before.seq + 1), (before.epoch + 1, 0)}
            if event.kind == "epoch"
            else {(before.epoch, before.seq + 1)}
        )
        follows = (event.prev, event.device) == (before.id, before.device) and (event.epoch, event.seq) in nexts
        return said(follows and self.stands_in_tree(prev))

    def seen(self, event, receipts):
        """`(statement, time of the last receipt)`."""
        if self.lists_hold() != PROVEN:
            return NOT_PROVEN, None
        roster, organisations, times = self.at_head(), set(), []
        for data in receipts:
            try:
                one = receipt.parse_signed(data, self.anchor.ledger)
            except Refused:
                return CONTRADICTED, None
            if one.event != event.id:
                return CONTRADICTED, None
            device = roster.devices.get(one.device)
            if device is not None and device.org == one.iss and not device.revoked:
                organisations.add(one.iss)
                times.append(one.seen[0])
        return shown(len(organisations - {event.iss}) >= MIN_ORGANISATIONS), max(times, default=None)

    def late(self, last, delay):
        reached = self.anchor.policy.reached(self.cosigned)
        return shown(reached is not None and last is not None and reached >= last + delay)


def _parse_lists(value):
    if not isinstance(value, dict) or value.keys() != lists.KEYS:
        raise Refused("evidence: lists")
    return lists.parse(value)
