"""Section 16: files that show what a dishonest party did. An accusation holds only when all its statements are proven."""

from . import anchor as anchors
from . import cbor, checkpoint, consistency, lists
from .body import is_unsigned
from .case import Case
from .cbor import Refused
from .envelope import parse_signed
from .statement import CONTRADICTED, NOT_PROVEN, PROVEN, said

MAX_EVIDENCE, MAX_ITEMS = 2 << 20, 65_536
MAX_RECEIPTS = 256
HOUR = 3_600
FIELDS = {
    "heads": {"notes", "proof"},
    "fork": {"genesis", "envelopes", "lists"},
    "map_head": {"genesis", "lists", "event"},
    "withheld": {"genesis", "envelope", "prev", "receipts", "delay", "lists"},
}


def check(data, anchor_text):
    """`(kind, statement → proven, not proven or contradicted)`; refused for anything that is no evidence."""
    anchor = anchors.parse(anchor_text)
    if len(data) > MAX_EVIDENCE:
        raise Refused("evidence: too long")
    value = cbor.decode(data, MAX_ITEMS)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in FIELDS or value.keys() != FIELDS[kind] | {"format", "kind"}:
        raise Refused("evidence: fields")
    if value["format"] != "ocop-evidence/v1":
        raise Refused("evidence: format")
    return kind, CHECKS[kind](value, anchor)


def holds(statements):
    return all(word == PROVEN for word in statements.values())


def check_heads(value, anchor):
    notes, proof = value["notes"], value["proof"]
    if not (is_array(notes, str) and len(notes) == 2 and lists.is_hashes(proof)):
        raise Refused("evidence: heads")
    try:
        one, other = (checkpoint.open_note(text, anchor.policy) for text in notes)
    except Refused:
        return {"signed": CONTRADICTED, "contradiction": NOT_PROVEN}
    one_key = {key.key for key in one.logs} & {key.key for key in other.logs}
    return {"signed": said(one_key), "contradiction": said(contradict(one.checkpoint, other.checkpoint, proof))}


def contradict(smaller, larger, proof):
    if smaller.size == larger.size:
        return not proof and smaller.root != larger.root
    roots = consistency.roots(smaller.size, larger.size, proof)
    return roots is not None and roots[1] == larger.root and roots[0] != smaller.root


def check_fork(value, anchor):
    envelopes = value["envelopes"]
    if not (is_array(envelopes, bytes) and len(envelopes) == 2):
        raise Refused("evidence: envelopes")
    case = Case(value["genesis"], value["lists"], anchor)
    one, other = (parse_signed(data, anchor.ledger) for data in envelopes)
    if one is None or other is None or not case.is_genesis:
        return {"signed": CONTRADICTED, "same_place": NOT_PROVEN, "different": NOT_PROVEN, "member": NOT_PROVEN}
    places = [(event.device, event.epoch, event.seq) for event in (one, other)]
    return {
        "signed": PROVEN,
        "same_place": said(places[0] == places[1]),
        "different": said(one.to_be_signed(anchor.ledger) != other.to_be_signed(anchor.ledger)),
        "member": member_of_fork(case, one),
    }


def member_of_fork(case, event):
    if event.device in [*case.genesis.devices, case.genesis.sequencer]:
        return said(event.iss == case.genesis.authority)
    if case.witnessed() != PROVEN or not case.shows_roster_of(event.iss):
        return NOT_PROVEN
    return said(case.enrolled(event))


def check_map_head(value, anchor):
    case = Case(value["genesis"], value["lists"], anchor)
    placed = lists.parse_placed(value["event"])
    if case.lists is None:
        raise Refused("evidence: lists")
    event = parse_signed(placed.envelope, anchor.ledger)
    if event is None:
        return {"lists": case.lists_hold(), "logged": CONTRADICTED, "in_force": NOT_PROVEN, "missing": NOT_PROVEN}
    return {
        "lists": case.lists_hold(),
        "logged": said(case.stands_in_tree(placed) and placed.index < case.lists.head.index),
        "in_force": case.in_force(event, placed.index),
        "missing": case.missing(event),
    }


def check_withheld(value, anchor):
    receipts, delay = value["receipts"], value["delay"]
    if not (is_array(receipts, bytes) and len(receipts) <= MAX_RECEIPTS and is_unsigned(delay)):
        raise Refused("evidence: receipts or delay")
    if not isinstance(value["envelope"], bytes) or value["lists"] is None:
        raise Refused("evidence: envelope or lists")
    prev = None if value["prev"] is None else lists.parse_placed(value["prev"])
    case = Case(value["genesis"], value["lists"], anchor)
    event = parse_signed(value["envelope"], anchor.ledger)
    found = {
        "signed": said(event is not None and case.is_genesis),
        "lists": case.lists_hold(),
        "witnessed": case.witnessed(),
    }
    if event is None:
        return found | dict.fromkeys(("member", "next", "seen", "late", "in_force", "missing"), NOT_PROVEN)
    seen, last = case.seen(event, receipts)
    shows_member = case.shows_roster_of(event.iss)
    return found | {
        "member": said(case.enrolled(event) and is_unrevoked(case, event)) if shows_member else NOT_PROVEN,
        "next": case.follows(event, prev),
        "seen": seen,
        "late": case.late(last, max(delay, HOUR)),
        "in_force": case.in_force_throughout(event),
        "missing": case.missing(event),
    }


def is_unrevoked(case, event):
    device = case.at_head().devices[event.device]
    return not device.revoked or (event.epoch, event.seq) <= device.last


def is_array(value, type_):
    return isinstance(value, list) and all(isinstance(part, type_) for part in value)


CHECKS = {"heads": check_heads, "fork": check_fork, "map_head": check_map_head, "withheld": check_withheld}
