"""Section 12: the subjects that a bundle must have."""

from . import ids
from .code import bindings
from .family import Family


def needed_subjects(code, genesis, log):
    """For the code, every lot that a binding names and what these were made of, and the signers of all events that are believed."""
    needed = {("code", code), ("ledger",), ("organisation", genesis.authority)}
    needed |= {("organisation", event.iss) for _, event in log.events}
    for lot in {lot for _, event in bindings(log, code) for lot in Family(log, tuple(event.body["lot"])).reach}:
        needed |= {("lot", *lot), ("organisation", lot[0])}
        for made in log.creations.get(lot, []):
            needed |= _of_creation(made)
    return needed


def _of_creation(made):
    body, needed = made.event.body, {("organisation", made.output["owner"])}
    if "field" in body:
        year = ids.year(made.event.occurred)
        needed |= {("field", *body["field"], year), ("field", *body["field"], year - 1)}
    if "product" in made.output:
        needed.add(("product", *made.output["product"]))
    needed |= {("place", *body[name]) for name in ("field", "place") if name in body}
    return needed
