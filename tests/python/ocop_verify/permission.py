"""Section 7: the column "who" of section 6, and what an event's `ref` must be."""

from .body import KINDS

MAKERS = ("producer", "processor", "packer")
REFERS_TO = {"undelegate": "delegate", "recall_lift": "recall"}
ACTS = ("governor", "steward")
# Kinds with subjects of their own: a part of the log may show them without the event that they refer to.
MAY_REFER_ELSEWHERE = ("release", "lab_result")


def fault(roster, event, device):
    """Why the signer may not say this at this place, by what `ref` names and by the table's word; None where it may."""
    if not _ref_is_right(roster, event):
        return "KHONG_THAY_VIEC_GOC"
    is_sequencers = event.device == roster.sequencer
    may = is_sequencers == (event.kind == "map_head") and WORDS[KINDS[event.kind][0]](roster, event, device)
    return None if may else "KHONG_CO_QUYEN"


def _ref_is_right(roster, event):
    ref = event.body.get("ref")
    if ref is None or event.kind == "conflict" or (event.kind in MAY_REFER_ELSEWHERE and not roster.is_whole):
        return True
    target = roster.in_force.get(ref)
    if target is None or target.kind == "map_head":
        return False
    match event.kind:
        case "approve":
            return ref in roster.proposals
        case "undelegate" | "recall_lift":
            return target.kind == REFERS_TO[event.kind]
        case "erase":
            return event.body["commitment"] in commitments(target)
        case "correct":
            return target.kind != "correct" and KINDS[target.kind][0] not in ACTS
    return True


def commitments(event):
    """Every commitment in an event's body, with the path that it was made for."""
    body = event.body
    texts = ("name", "address", "old_address", "tax", "label_address", "exact")
    found = {body[name]: name for name in texts if isinstance(body.get(name), bytes)}
    if "sealed" in body:
        found[body["sealed"][1]] = "facts"
    return found


def has_role(*roles):
    return lambda roster, event, device: roster.has_role(event.iss, *roles)


def is_own(event, *names):
    return all(event.body[name][0] == event.iss for name in names if name in event.body)


def producer(roster, event, device):
    return roster.has_role(event.iss, "producer") and is_own(event, "field")


def inspector(roster, event, device):
    if roster.has_role(event.iss, "authority", "auditor", "certifier"):
        return True
    return roster.has_role(event.iss, *MAKERS) and is_own(event, "field", "place")


def keeper(roster, event, device):
    if roster.has_role(event.iss, "authority"):
        return True
    lots = [tuple(lot) for lot, _ in event.body.get("lots", [])]
    return all(roster.is_lot_of(lot, event.iss) for lot in lots) and names_own(event)


def names_own(event):
    return is_own(event, "product", "target_place") and event.body.get("org", event.iss) == event.iss


def holder(roster, event, device):
    return names_own(event) and all(product[0] == event.iss for product in event.body.get("products", []))


def author(roster, event, device):
    return roster.in_force[event.body["ref"]].iss == event.iss


def issuer(roster, event, device):
    return author(roster, event, device) or roster.has_role(event.iss, "authority")


def governor(roster, event, device):
    return device.administrator and event.iss == roster.authority


def steward(roster, event, device):
    return device.administrator and event.iss in (roster.authority, event.body["org"])


def approver(roster, event, device):
    if not device.administrator or event.iss == roster.authority:
        return device.administrator
    proposal = roster.proposals[event.body["ref"]]
    waits_for_validators = proposal.event.kind == "anchor" and not proposal.in_effect
    return waits_for_validators and event.iss.lower() in roster.validators()


WORDS = {
    "producer": producer,
    "maker": has_role(*MAKERS),
    "trader": has_role(*MAKERS, "retailer", "marketplace"),
    "carrier": has_role("carrier"),
    "laboratory": has_role("laboratory"),
    "authority": has_role("authority"),
    "inspector": inspector,
    "sampler": has_role(*MAKERS, "laboratory", "authority"),
    "keeper": keeper,
    "author": author,
    "issuer": issuer,
    "reporter": has_role("retailer", "marketplace", "authority"),
    "member": lambda roster, event, device: True,
    "holder": holder,
    "governor": governor,
    "steward": steward,
    "approver": approver,
    "sequencer": lambda roster, event, device: True,
}
