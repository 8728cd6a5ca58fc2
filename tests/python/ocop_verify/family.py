"""rules.md, Words: lots, their creation, families, names. Events are `(leaf index, event)` in log order."""

from dataclasses import dataclass, field
from functools import cached_property

from . import ids
from .value import corrected_days
from .subjects import lots_of

MAX_ANCESTORS = 1_024


@dataclass
class Log:
    """The events in force that a bundle shows, in log order."""

    events: list
    creations: dict = field(default_factory=dict)  # lot → [(leaf index, event, output number)]
    corrections: dict = field(default_factory=dict)  # event id → [(path, value)]

    def __post_init__(self):
        for index, event in self.events:
            for n, output in enumerate(event.body.get("outputs", [])):
                self.creations.setdefault((event.iss, output["no"]), []).append((index, event, n))
            if event.kind == "correct":
                self.corrections.setdefault(event.body["ref"], []).append(event.body["fix"])

    def of_kind(self, *kinds):
        return [(index, event) for index, event in self.events if event.kind in kinds]

    @cached_property
    def by_id(self):
        return {event.id: event for _, event in self.events}


@dataclass(frozen=True)
class Creation:
    index: int
    event: object
    output: dict
    number: int


def creation(log, lot):
    """The first logged event whose outputs have the lot, or None."""
    found = log.creations.get(lot)
    if not found:
        return None
    index, event, n = found[0]
    return Creation(index, event, event.body["outputs"][n], n)


def inputs_of(event):
    return {tuple(lot) for lot, _ in event.body.get("inputs", [])}


def ancestors(log, lot):
    """Through the inputs of every creating event, to a fixed point; and whether the lot is its own ancestor."""
    found, todo, parents = set(), [lot], {}
    while todo and len(found) <= MAX_ANCESTORS:
        child = todo.pop()
        parents[child] = {one for _, event, _ in log.creations.get(child, []) for one in inputs_of(event)}
        todo += parents[child] - found
        found |= parents[child]
    return found, has_cycle(parents)


def has_cycle(parents):
    """Takes away lots without parents until none is left, or nothing goes any more."""
    left = {child: set(of) for child, of in parents.items()}
    while left:
        roots = {child for child, of in left.items() if not of & left.keys()}
        if not roots:
            return True
        for child in roots:
            del left[child]
    return False


class Family:
    """A lot, its ancestors, and what follows from their creation."""

    def __init__(self, log, lot):
        self.log, self.lot = log, lot
        self.ancestors, self.is_cyclic = ancestors(log, lot)
        self.ancestors.discard(lot)
        self.members = {lot} | self.ancestors
        self.creations = {one: made for one in self.members if (made := creation(log, one)) is not None}

    def owners(self):
        return {made.output["owner"] for made in self.creations.values()}

    def roots(self):
        return {lot: made for lot, made in self.creations.items() if not made.event.body.get("inputs")}

    def source_places(self):
        return {place for made in self.roots().values() if (place := place_of(made.event))}

    def has_unbroken_ancestry(self):
        one_each = all(len(self.log.creations.get(lot, [])) == 1 for lot in self.members)
        return one_each and not self.is_cyclic and len(self.ancestors) <= MAX_ANCESTORS

    def product(self):
        made = self.creations.get(self.lot)
        product = made and made.output.get("product")
        return tuple(product) if product else None

    def names(self, event):
        """The members that a hold, release or recall names."""
        named = {tuple(lot) for lot, _ in event.body.get("lots", [])} & self.members
        return named | {lot for lot, made in self.creations.items() if self._names(event.body, lot, made)}

    def _names(self, body, lot, made):
        if "product" in body and made.output.get("product") == body["product"]:
            return True
        if "org" in body and body["org"] in (lot[0], made.output["owner"]):
            return True
        if "target_place" not in body or place_of(made.event) != tuple(body["target_place"]):
            return False
        if "period" not in body:
            return True
        first, last = map(ids.to_date, body["period"])
        return any(first <= day <= last for day in corrected_days(self.log, made.event))


def place_of(event):
    """Where an event's lots arose: the field, or else the place."""
    place = event.body.get("field") or event.body.get("place")
    return tuple(place) if place else None


def names_a_lot_of(event, lots):
    return not lots.isdisjoint(lots_of(event))
