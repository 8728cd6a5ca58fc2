"""rules.md: work on a harvest's field, and how much a place can yield."""

from . import ids
from .mass import Unknown, amount
from .value import days, is_days_after, last

BEFORE = 366  # days


def work(log, harvest, *kinds):
    """`(leaf index, event)` of the same field, first said to be of the harvest's year or the year before."""
    year = ids.year(harvest.occurred)
    return [
        (index, event)
        for index, event in log.of_kind(*kinds)
        if event.body.get("field") == harvest.body["field"] and ids.year(event.occurred) in (year, year - 1)
    ]


def is_before(log, event, harvest):
    return any(is_days_after(h, t, 0, BEFORE) for h in days(log, harvest) for t in days(log, event))


def registered(log, place):
    """The last registration of a place, or None."""
    found = [event.body for _, event in log.of_kind("place") if (event.iss, event.body["id"]) == place]
    return found[-1] if found else None


def is_above(log, harvests, limits):
    """Whether harvests of one field exceed so many kg per hectare, by the type of the place; no where area or limit is unknown."""
    place = registered(log, tuple(harvests[0].body["field"]))
    limit = limits(place["type"]) if place else None
    if limit is None or "area" not in place:
        return False
    n, scale, _ = place["area"]
    return sum(_kilograms(log, harvest) for harvest in harvests) * 10**scale > limit * n


def _kilograms(log, harvest):
    """What is not in kg counts nothing."""
    total = 0
    for number, output in enumerate(harvest.body["outputs"]):
        try:
            unit, part = amount(last(log, harvest, f"outputs/{number}/qty"), output)
        except Unknown:
            continue
        if unit == "kg" and not log.is_withdrawn(harvest, number):
            total += part
    return total
