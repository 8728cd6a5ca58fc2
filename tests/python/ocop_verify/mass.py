"""rules.md, Mass: amounts that cannot be."""

from fractions import Fraction

from .family import inputs_of
from .value import last

UNITS = {"KGM": "kg", "LTR": "l"}
TOLERANCE = Fraction(102, 100)


class Unknown(Exception):
    """An amount is not known, or units differ: nothing is said."""


def is_exceeded(family):
    log = family.log
    steps = any(_makes_more(log, event) or _loses_more(log, event) for event in family.makers())
    return steps or any(_is_overdrawn(log, lot, made) for lot, made in family.creations.items())


def _said(rule):
    """A rule that says nothing where an amount is unknown."""

    def known(*args):
        try:
            return rule(*args)
        except Unknown:
            return False

    return known


@_said
def _makes_more(log, event):
    return _has_inputs(event) and _exceeds(_outputs(log, event), _inputs(log, event) + _stated(log, event, "added"))


@_said
def _loses_more(log, event):
    gone = _outputs(log, event) + _stated(log, event, "loss")
    return _has_inputs(event) and _exceeds(gone, _wholes(log, event) + _stated(log, event, "added"))


@_said
def _is_overdrawn(log, lot, made):
    taken = []
    for _, event in log.events:
        taken += [of_lot(log, lot, qty) for qty in _quantities(log, event, "inputs", lot)]
        if event.kind in ("sell", "destroy"):
            taken += [of_lot(log, lot, qty) for qty in _quantities(log, event, "lots", lot) if qty is not None]
    return _exceeds(taken, [amount(log.last_of(made, "qty"), made.output)])


def _has_inputs(event):
    return bool(event.body.get("inputs"))


def _outputs(log, event):
    return [
        amount(last(log, event, f"outputs/{number}/qty"), output)
        for number, output in enumerate(event.body["outputs"])
        if not log.is_withdrawn(event, number)
    ]


def _inputs(log, event):
    return [part for lot in inputs_of(event) for part in _taken(log, event, lot)]


def _taken(log, event, lot):
    return [of_lot(log, lot, qty) for qty in _quantities(log, event, "inputs", lot)]


def _quantities(log, event, name, lot):
    """What an event says of a lot in `inputs` or `lots`: quantities, or None where it says none."""
    return [last(log, event, f"{name}/{n}/qty") for n, (one, _) in enumerate(event.body.get(name, [])) if tuple(one) == lot]


def _wholes(log, event):
    """The whole of the lots that it took from, never less than what it took."""
    wholes = []
    for lot in inputs_of(event):
        parts, made = _taken(log, event, lot), log.creation(lot)
        if made is None:
            raise Unknown
        whole = [amount(log.last_of(made, "qty"), made.output)]
        wholes += parts if _sum(parts) > _sum(whole) else whole
    return wholes


def _stated(log, event, name):
    qty = last(log, event, name)
    return [amount(qty, {})] if qty is not None else []


def of_lot(log, lot, qty):
    """`(kg or l, number)` of what is taken from a lot; unknown without a quantity."""
    if qty is None:
        raise Unknown
    made = log.creation(lot)
    return amount(qty, made.output if made else {})


def amount(qty, output):
    """`(kg or l, number)` of a quantity; pieces count by the `net` of one unit of their lot."""
    if qty[2] in UNITS:
        return UNITS[qty[2]], number(qty)
    if "net" not in output or output["net"][2] not in UNITS:
        raise Unknown
    return UNITS[output["net"][2]], number(qty) * number(output["net"])


def number(qty):
    return Fraction(qty[0], 10 ** qty[1])


def _exceeds(more, less):
    if len({unit for unit, _ in more + less}) > 1:
        raise Unknown
    return _sum(more) > _sum(less) * TOLERANCE


def _sum(amounts):
    return sum((number for _, number in amounts), Fraction(0))
