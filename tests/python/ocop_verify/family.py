"""rules.md, Words: lots, their creation, families, reach, names."""

from dataclasses import dataclass, field

from . import ids
from .subjects import lots_of
from .value import days, last

MAX_ANCESTORS = 1_024


@dataclass(frozen=True)
class Creation:
    place: int  # leaf index
    event: object
    number: int  # of the output
    withdrawn: bool

    @property
    def output(self):
        return self.event.body["outputs"][self.number]


@dataclass
class Log:
    """The events in force that a bundle shows, as `(leaf index, event)` in log order."""

    events: list
    suspended: set = field(default_factory=set)  # organisations, at the end

    def __post_init__(self):
        self.by_id = {event.id: event for _, event in self.events}
        self.place = {event.id: index for index, event in self.events}
        self.corrections = {}  # event id → [(leaf index, path, value)]
        for index, event in self.of_kind("correct"):
            if reaches(self.by_id.get(event.body["ref"]), event.body["fix"][0]):
                self.corrections.setdefault(event.body["ref"], []).append((index, *event.body["fix"]))
        self.creations = {}  # lot → [Creation], in log order
        for index, event in self.events:
            for number, output in enumerate(event.body.get("outputs", [])):
                made = Creation(index, event, number, self.is_withdrawn(event, number))
                self.creations.setdefault((event.iss, output["no"]), []).append(made)

    def of_kind(self, *kinds):
        return [(index, event) for index, event in self.events if event.kind in kinds]

    def is_withdrawn(self, event, number):
        return any(path == f"outputs/{number}" for _, path, _ in self.corrections.get(event.id, []))

    def in_effect(self, lot):
        return [made for made in self.creations.get(lot, []) if not made.withdrawn]

    def creation(self, lot):
        """The first creation in effect; None where there is none."""
        return next(iter(self.in_effect(lot)), None)

    def creation_or_first(self, lot):
        """The same; of a lot that was wholly withdrawn the first one."""
        return next(iter(self.in_effect(lot) or self.creations.get(lot, [])), None)

    def last_of(self, made, name):
        """The last version of a field of an output."""
        return last(self, made.event, f"outputs/{made.number}/{name}")


def reaches(event, path):
    """A path into a list that is not that long has no effect."""
    name, *rest = path.split("/")
    return event is not None and (name == "facts" or not rest or int(rest[0]) < len(event.body.get(name, [])))


def inputs_of(event):
    return {tuple(lot) for lot, _ in event.body.get("inputs", [])}


def closure(lot, parents_of):
    """Parents of a lot, of its parents, and so on, as lot → parents."""
    found, todo = {}, [lot]
    while todo and len(found) <= MAX_ANCESTORS + 1:
        child = todo.pop()
        if child not in found:
            found[child] = parents_of(child)
            todo += found[child]
    return found


def has_cycle(parents):
    """Takes away lots without parents until none is left, or nothing goes any more."""
    left = dict(parents)
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
        self.parents = closure(lot, self._parents)
        self.members = self.parents.keys()
        self.ancestors = self.members - {lot}
        self.reach = closure(lot, self._all_parents).keys()
        self.creations = {one: made for one in self.members if (made := log.creation(one)) is not None}

    def _parents(self, lot):
        made = self.log.creation(lot)
        return inputs_of(made.event) if made else set()

    def _all_parents(self, lot):
        return {one for made in self.log.creations.get(lot, []) for one in inputs_of(made.event)}

    def of(self, lot):
        return Family(self.log, lot)

    def makers(self):
        """The events that created the members."""
        return {made.event.id: made.event for made in self.creations.values()}.values()

    def owner(self, lot):
        made = self.log.creation_or_first(lot)
        return made.output["owner"] if made else None

    def owners(self):
        """Of the members that are created."""
        return {made.output["owner"] for made in self.creations.values()}

    def roots(self):
        return [made for made in self.creations.values() if not made.event.body.get("inputs")]

    def source_places(self):
        return {place for made in self.roots() if (place := place_of(made.event))}

    def broken_ancestry(self):
        """`(why, lot)` of what is wrong with the ancestry, or None."""
        for lot in sorted(self.members):
            creations = len(self.log.in_effect(lot))
            if creations != 1:
                return ("created_twice" if creations else "not_created"), lot
        if len(self.ancestors) > MAX_ANCESTORS:
            return "too_many", ()
        return ("cycle", ()) if has_cycle(self.parents) else None

    def product(self):
        made = self.creations.get(self.lot)
        product = made and made.output.get("product")
        return tuple(product) if product else None

    def names(self, event):
        """The lots of the reach that a hold, release or recall names."""
        named = {tuple(lot) for lot, _ in event.body.get("lots", [])}
        return {lot for lot in self.reach if lot in named or self._is_named(event.body, lot)}

    def _is_named(self, body, lot):
        return body.get("org") == lot[0] or any(self._names(body, made) for made in self._all(lot))

    def _all(self, lot):
        return self.log.creations.get(lot, [])

    def _names(self, body, made):
        if "product" in body and made.output.get("product") == body["product"]:
            return True
        if "org" in body and body["org"] == made.output["owner"]:
            return True
        if "target_place" not in body or place_of(made.event) != tuple(body["target_place"]):
            return False
        if "period" not in body:
            return True
        first, end = map(ids.to_date, body["period"])
        return any(span.first <= end and first <= span.last for span in days(self.log, made.event))

    def is_named_by(self, event):
        """Whether an event names a member in `lots`, `inputs`, `outputs` or `lot`."""
        return event is not None and not self.members.isdisjoint(lots_of(event))


def place_of(event):
    """Where an event's lots arose: the field, or else the place."""
    place = event.body.get("field") or event.body.get("place")
    return tuple(place) if place else None


def is_about(event, lots):
    """Whether one of the lots stands in `lots` of an event."""
    return any(tuple(lot) in lots for lot, _ in event.body.get("lots", []))
