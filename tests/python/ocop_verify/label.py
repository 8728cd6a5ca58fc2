"""rules.md, Labels: more labels than there are units."""

from .mass import TOLERANCE, UNITS, number
from .value import last


def is_exceeded(family):
    made = family.creations.get(family.lot)
    units = _units(family.log, made) if made else None
    return units is not None and _labels(family) > units * TOLERANCE


def _labels(family):
    single, ranges = 0, []
    for _, event in family.log.of_kind("label"):
        if [tuple(lot) for lot, _ in event.body["lots"]] != [family.lot]:
            continue
        first, end = event.body.get("serials", (1, 0))
        if first <= end:
            ranges.append((first, end))
        count = last(family.log, event, "count") or 0
        single += max(0, count - max(0, end - first + 1))
    return single + _size(ranges)


def _size(ranges):
    """How many numbers lie in any of the ranges."""
    size, upto = 0, -1
    for first, end in sorted(ranges):
        size += max(0, end - max(first, upto + 1) + 1)
        upto = max(upto, end)
    return size


def _units(log, made):
    """Units of a lot, or None where they are unknown."""
    qty, net = log.last_of(made, "qty"), made.output.get("net")
    if qty[2] not in UNITS:
        return number(qty) * (number(net) if net and net[2] not in UNITS else 1)
    if net and net[2] == qty[2] and net[0] > 0:
        return number(qty) / number(net)
    return None
