"""Section 13: what a verifier says of a bundle. Never one boolean: each statement is proven, not proven or contradicted."""

import datetime
from dataclasses import dataclass, field

from . import anchor as anchors
from . import bundle as bundles
from . import checkpoint, complete, ids, notice, private
from . import code as codes
from . import genesis as geneses
from .cbor import Refused
from .family import Family, Log
from .handover import handovers
from .roster import Roster
from .statement import CONTRADICTED, NOT_PROVEN, PROVEN

NAMES = ("ledger checkpoint witnessed fresh map_head complete signatures members order code ancestry handover openings").split()
FOR_GREEN = set(NAMES) - {"handover", "openings"}
MAX_AHEAD = 5 * 60
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))


@dataclass
class Verdict:
    refused: bool = False
    state: str = "unconfirmed"
    statements: dict = field(default_factory=dict)
    why: dict = field(default_factory=dict)  # statement → why it is not proven
    by: dict = field(default_factory=dict)  # statement → by whom, or of what
    as_of: int | None = None  # since when the quorum's newest cosignatures stand
    reached: int | None = None  # when the quorum was reached
    privates: dict = field(default_factory=dict)  # commitment → what became of its opening
    log: Log | None = None  # the events that are believed
    family: Family | None = None
    notices: list = field(default_factory=list)
    handovers: list = field(default_factory=list)


def verify(data, anchor_text, now, asked=None):
    """The verdict on a bundle's bytes, given the trust anchor's text, the time in seconds since 1970, and the code that was asked for.

    Refused (an exception) is only a bad anchor; an unreadable bundle is a verdict.
    """
    anchor = anchors.parse(anchor_text)
    try:
        bundle = bundles.parse(data)
        genesis = geneses.parse(bundle.genesis)
    except Refused:
        return Verdict(refused=True)
    verifier = _Verifier(bundle, genesis, anchor, now, asked)
    verifier.read()
    return verifier.verdict


class _Verifier:
    def __init__(self, bundle, genesis, anchor, now, asked):
        self.bundle, self.lists, self.genesis, self.anchor, self.now, self.asked = (
            bundle,
            bundle.lists,
            genesis,
            anchor,
            now,
            asked,
        )
        self.verdict = Verdict(statements=dict.fromkeys(NAMES, NOT_PROVEN))

    def read(self):
        is_ours = self.anchor.is_of(self.genesis)
        self.say("ledger", PROVEN if is_ours else CONTRADICTED, None if is_ours else "other_ledger")
        self.read_checkpoint()
        self.read_head()
        self.read_events()
        self.tell_story()
        self.read_lists()
        self.read_openings()
        self.verdict.state = self.state()

    def say(self, name, word, why=None, by=()):
        self.verdict.statements[name] = word
        if why:
            self.verdict.why[name] = why
        if by:
            self.verdict.by[name] = list(by)

    def read_checkpoint(self):
        self.checkpoint = None
        try:
            opened = checkpoint.open_note(self.lists.checkpoint, self.anchor.policy)
        except Refused as refused:
            whys = {checkpoint.BadLine: "bad_line", checkpoint.NotByLog: "not_by_log"}
            self.say("checkpoint", CONTRADICTED, whys.get(type(refused), "malformed"))
            self.say("witnessed", NOT_PROVEN, "no_checkpoint")
            self.say("fresh", NOT_PROVEN, "no_age")
            return
        self.checkpoint, policy = opened.checkpoint, self.anchor.policy
        self.say("checkpoint", PROVEN, by=sorted(key.name for key in opened.logs))
        self.verdict.as_of, self.verdict.reached = policy.since(opened.cosigned), policy.reached(opened.cosigned)
        too_few = self.verdict.as_of is None
        self.say("witnessed", NOT_PROVEN if too_few else PROVEN, "too_few" if too_few else None, sorted(opened.cosigned))
        why = self.why_not_fresh(self.verdict.as_of)
        self.say("fresh", NOT_PROVEN if why else PROVEN, why)

    def why_not_fresh(self, as_of):
        if as_of is None:
            return "no_age"
        if as_of > self.now + MAX_AHEAD:
            return "clock_behind"
        return "too_old" if as_of < self.now - self.anchor.max_age else None

    def read_head(self):
        head = self.lists.map_head(self.anchor.ledger)
        self.map_root = head and head.body["root"]
        if head is None or (head.device, head.iss) != (self.genesis.sequencer, self.genesis.authority):
            self.say("map_head", CONTRADICTED, "not_by_sequencer")
        elif self.checkpoint is None:
            self.say("map_head", NOT_PROVEN, "no_checkpoint")
        elif not self.lists.is_last_leaf(head, self.checkpoint):
            self.say("map_head", CONTRADICTED, "not_last_leaf")
        else:
            self.say("map_head", PROVEN)

    def read_events(self):
        """Only events whose signature holds and whose signer may say them are believed."""
        self.parsed = self.lists.signed_events(self.anchor.ledger)
        roster = Roster(self.genesis, self.lists.subjects.keys())
        faults = [(event, roster.take(event)) for _, event in self.parsed]
        believed = [one for one, (_, fault) in zip(self.parsed, faults) if fault is None]
        self.log = self.verdict.log = Log(believed, roster.suspended())
        bad = [str(index) for index, _ in self.lists.events if index not in {index for index, _ in self.parsed}]
        self.say_all("signatures", "bad_signature", bad)
        offenders = [event.iss for event, fault in faults if fault is not None]
        stranger = any(fault in ("KHOA_LA", "MAY_DA_KHOA") for _, fault in faults)
        self.say_all("members", "not_enrolled" if stranger else "not_permitted", offenders, [event.iss for event, _ in faults])
        self.say("order", *((PROVEN, None) if self.is_in_order() else (CONTRADICTED, "not_rising")))

    def say_all(self, name, why, bad, good=()):
        if bad:
            self.say(name, CONTRADICTED, why, dict.fromkeys(bad))
        else:
            self.say(name, PROVEN, by=sorted(set(good)))

    def is_in_order(self):
        newest = {}
        for _, event in self.parsed:
            place = (event.epoch, event.seq)
            if place <= newest.get(event.device, (-1, -1)):
                return False
            newest[event.device] = place
        return True

    def tell_story(self):
        lot, signer = codes.binding(self.log, self.bundle.code) or (None, None)
        if self.asked not in (None, self.bundle.code):
            self.say("code", CONTRADICTED, "other_code")
        elif lot is not None:
            self.say("code", PROVEN, by=[signer])
        else:
            self.say("code", NOT_PROVEN, "pending" if codes.bindings(self.log, self.bundle.code) else "absent")
        if lot is None:
            self.say("ancestry", NOT_PROVEN, "no_lot")
            self.say("handover", NOT_PROVEN, "no_lot")
            return
        family = self.verdict.family = Family(self.log, lot)
        why, broken = family.broken_ancestry() or (None, ())
        self.say("ancestry", NOT_PROVEN if why else PROVEN, why, broken)
        self.verdict.handovers = handovers(family)
        silent = [org for lot, taker, shipped in self.verdict.handovers if not shipped for org in (lot[0], taker)]
        self.say("handover", NOT_PROVEN if silent else PROVEN, "giver_silent" if silent else None, dict.fromkeys(silent))
        self.verdict.notices = notice.notices(family, self.today())

    def today(self):
        if self.genesis.sample is not None:
            return ids.to_date(self.genesis.sample)
        return datetime.datetime.fromtimestamp(self.now, VIETNAM).date()

    def read_lists(self):
        if self.map_root is None:
            self.say("complete", NOT_PROVEN, "no_map_head")
            return
        fault = complete.fault(self.bundle, self.genesis, self.map_root, self.parsed, self.log)
        why, subject = fault or (None, ())
        self.say("complete", CONTRADICTED if why else PROVEN, why, [str(part) for part in subject])

    def read_openings(self):
        events = [event for _, event in self.parsed]
        match = private.all_match(self.bundle.openings, events)
        self.say("openings", PROVEN if match else CONTRADICTED, None if match else "no_commitment")
        self.verdict.privates = private.fates(self.bundle.openings, events, self.log)

    def state(self):
        said, notices = self.verdict.statements, self.verdict.notices
        if said["code"] == CONTRADICTED:
            return "unconfirmed"
        if "DA_THU_HOI" in notices:
            return "recalled"
        if "DANG_TAM_GIU" in notices:
            return "held"
        if self.verdict.family is None and all(said[name] == PROVEN for name in FOR_GREEN - {"code", "ancestry"}):
            return "unknown_code"
        if any(said[name] != PROVEN for name in FOR_GREEN):
            return "unconfirmed"
        return "expired" if "HET_HAN_SU_DUNG" in notices else "recorded"
