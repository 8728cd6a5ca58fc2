"""rules.md, Codes: the lot that a printed code leads to."""

from .family import creation


def binding(log, code):
    """`(lot, whether it counts)`: the binding that took effect first; else the first binding in force; else `(None, False)`."""
    found = [(index, event) for index, event in log.of_kind("bind") if code in event.body["codes"]]
    counted = [
        (place, tuple(event.body["lot"])) for index, event in found if (place := takes_effect(log, index, event)) is not None
    ]
    if counted:
        return min(counted, key=lambda one: one[0])[1], True
    return (tuple(found[0][1].body["lot"]), False) if found else (None, False)


def takes_effect(log, index, event):
    """The leaf from which a binding counts, or None."""
    lot = tuple(event.body["lot"])
    made = creation(log, lot)
    if made is None:
        return None
    product = made.output.get("product")
    if product is None:
        return max(index, made.index) if event.iss in (lot[0], made.output["owner"]) else None
    if event.iss == product[0]:
        return max(index, made.index)
    delegations = [
        at
        for at, given in log.of_kind("delegate")
        if given.iss == product[0] and given.body["to"] == event.iss and product in given.body["products"]
    ]
    return max(index, made.index, delegations[0]) if delegations else None
