"""rules.md, Codes: the lot that a printed code leads to."""


def bindings(log, code):
    """`(leaf index, event)` of every binding of a code, whether it counts or not."""
    return [(index, event) for index, event in log.of_kind("bind") if code in event.body["codes"]]


def binding(log, code):
    """`(lot, signer)` of the binding that took effect first, or None where none counts."""
    effects = [(takes_effect(log, index, event), event) for index, event in bindings(log, code)]
    counted = [(place, event) for place, event in effects if place is not None]
    if not counted:
        return None
    first = min(counted, key=lambda one: one[0])[1]
    return tuple(first.body["lot"]), first.iss


def takes_effect(log, index, event):
    """The leaf from which a binding counts, or None."""
    lot = tuple(event.body["lot"])
    made = log.creation_or_first(lot)
    if made is None:
        return None
    since = max(index, log.creations[lot][0].place)
    product = made.output.get("product")
    if event.iss == (product[0] if product else made.output["owner"]) or (product is None and event.iss == lot[0]):
        return since
    given = delegations(log, index, event.iss, product) if product else []
    return max(since, given[0]) if given else None


def delegations(log, binding, to, product):
    """Leaves of the delegations to a signer that had not ended when the binding was logged."""
    ended = {}
    for index, event in log.of_kind("undelegate"):
        ended.setdefault(event.body["ref"], index)
    return [
        index
        for index, event in log.of_kind("delegate")
        if (event.iss, event.body["to"]) == (product[0], to)
        and product in event.body["products"]
        and ended.get(event.id, binding) >= binding
    ]
