"""rules.md, Holds: what keeps members of a family from being sold, and what lifts it."""

import datetime

from . import ids
from .mass import Unknown, amount
from .value import output_quantity

YEAR = datetime.timedelta(days=366)
MAX_YIELD = {"pond": 400_000}  # kg per hectare
MAX_YIELD_ELSEWHERE = 20_000


def state(family):
    """`None` where there never was a cause of hold, else whether one is not lifted."""
    causes = list(causes_of_hold(family))
    releases = [(index, family.names(event)) for index, event in family.log.of_kind("release")]
    if not causes:
        return None
    return any(not any(index > place and lot in lots for index, lots in releases) for lot, place in causes)


def causes_of_hold(family):
    """Pairs of a member and the leaf from which the cause counts."""
    for index, event in family.log.of_kind("hold"):
        yield from ((lot, index) for lot in family.names(event))
    for index, event in family.log.of_kind("lab_result"):
        if event.body["result"] == "fail":
            yield from ((lot, index) for lot in tested_lots(family, event))
    for lot, made in family.creations.items():
        if made.event.kind == "harvest":
            for index, treatment in treatments(family.log, made.event):
                end = ids.day(treatment.occurred) + datetime.timedelta(days=treatment.body["wait_days"])
                if ids.day(made.event.occurred) < end:
                    yield lot, max(index, made.index)
            if is_implausible(family.log, made.event):
                yield lot, made.index


def tested_lots(family, event):
    """The lots of a result; without `lots`, those of the sampling that its `ref` names."""
    sampling = family.log.by_id.get(event.body.get("ref"))
    named = event.body.get("lots")
    if named is None and sampling is not None:
        named = sampling.body.get("lots")
    return {tuple(lot) for lot, _ in named or []} & family.members


def treatments(log, harvest):
    """Sprays and medicines on the same field, on the day of the harvest or up to 366 days before it."""
    day = ids.day(harvest.occurred)
    return [
        (index, event)
        for index, event in log.of_kind("spray", "treat")
        if event.body["field"] == harvest.body["field"] and day - YEAR <= ids.day(event.occurred) <= day
    ]


def is_implausible(log, harvest):
    place = registered_place(log, tuple(harvest.body["field"]))
    if place is None or "area" not in place:
        return False
    n, scale, _ = place["area"]
    limit = MAX_YIELD.get(place["type"], MAX_YIELD_ELSEWHERE)
    total = 0
    for number, output in enumerate(harvest.body["outputs"]):
        try:
            unit, kilograms = amount(output_quantity(log, harvest, number), output)
        except Unknown:
            return False
        if unit != "kg":
            return False
        total += kilograms
    return total * 10**scale > limit * n


def registered_place(log, place):
    """The last registration of a place, or None."""
    found = [event.body for _, event in log.of_kind("place") if (event.iss, event.body["id"]) == place]
    return found[-1] if found else None
