"""rules.md, Mass: amounts that cannot be."""

from fractions import Fraction

from .family import creation
from .value import output_quantity, quantity

UNITS = {"KGM": "kg", "LTR": "l"}
TOLERANCE = Fraction(102, 100)


class Unknown(Exception):
    """An amount is not known, or units differ: nothing is said."""


def is_exceeded(family):
    makers = {made.event.id: made.event for made in family.creations.values()}
    steps = any(_step_makes_more(family.log, event) or _step_loses_more(family.log, event) for event in makers.values())
    return steps or any(_is_overdrawn(family.log, lot, made) for lot, made in family.creations.items())


def _said(rule):
    """A rule that says nothing where an amount is unknown."""

    def known(*args):
        try:
            return rule(*args)
        except Unknown:
            return False

    return known


@_said
def _step_makes_more(log, event):
    return _has_inputs(event) and _exceeds(_outputs(log, event), _taken(log, event) + _stated(event, "added"))


@_said
def _step_loses_more(log, event):
    gone = _outputs(log, event) + _stated(event, "loss")
    return _has_inputs(event) and _exceeds(gone, _whole(log, event) + _stated(event, "added"))


@_said
def _is_overdrawn(log, lot, made):
    whole = amount(quantity(log, made), made.output)
    taken = []
    for _, event in log.events:
        taken += [taken_amount(log, lot, qty) for named, qty in event.body.get("inputs", []) if tuple(named) == lot]
        if event.kind == "destroy":
            taken += [taken_amount(log, lot, qty) for named, qty in event.body["lots"] if tuple(named) == lot and qty]
    return _exceeds(taken, [whole])


def _has_inputs(event):
    return bool(event.body.get("inputs"))


def _outputs(log, event):
    return [amount(output_quantity(log, event, n), output) for n, output in enumerate(event.body["outputs"])]


def _taken(log, event):
    return [taken_amount(log, tuple(lot), qty) for lot, qty in event.body["inputs"]]


def _whole(log, event):
    """The whole of the lots that it took from, never less than what it took."""
    taken, wholes = {}, []
    for lot, qty in event.body["inputs"]:
        taken.setdefault(tuple(lot), []).append(taken_amount(log, tuple(lot), qty))
    for lot, parts in taken.items():
        whole = [taken_amount(log, lot, None)]
        wholes += parts if _sum(parts) > _sum(whole) else whole
    return wholes


def _stated(event, name):
    return [amount(event.body[name], {})] if name in event.body else []


def taken_amount(log, lot, qty):
    """What is taken from a lot; without a quantity, all of it."""
    made = creation(log, lot)
    if qty is None and made is None:
        raise Unknown
    return amount(qty or quantity(log, made), made.output if made else {})


def amount(qty, output):
    """`(kg or l, number)` of a quantity; pieces count by the `net` of one unit of their lot."""
    n, scale, unit = qty
    number = Fraction(n, 10**scale)
    if unit in UNITS:
        return UNITS[unit], number
    if "net" not in output or output["net"][2] not in UNITS:
        raise Unknown
    n, scale, unit = output["net"]
    return UNITS[unit], number * Fraction(n, 10**scale)


def _exceeds(more, less):
    if len({unit for unit, _ in more + less}) > 1:
        raise Unknown
    return _sum(more) > _sum(less) * TOLERANCE


def _sum(amounts):
    return sum((number for _, number in amounts), Fraction(0))
