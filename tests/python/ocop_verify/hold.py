"""rules.md, Holds: what keeps lots of a reach from being sold, and what lifts it."""

from . import field
from .value import days, is_days_after, versions


def is_held(family):
    """None where there never was a cause of hold, else whether one is not lifted."""
    releases = [(index, family.names(event)) for index, event in family.log.of_kind("release")]
    lifted = [any(index > place and lot in lots for index, lots in releases) for lot, place in causes(family)]
    return None if not lifted else not all(lifted)


def causes(family):
    """Pairs of a lot of the reach and the leaf from which the cause counts."""
    return [*_stated(family), *_failed(family), *_harvested(family), *_created_twice(family)]


def _stated(family):
    return [(lot, index) for index, event in family.log.of_kind("hold") for lot in family.names(event)]


def _failed(family):
    for _, event in family.log.of_kind("lab_result"):
        failed = [version.place for version in versions(family.log, event, "result") if version.value == "fail"]
        if failed:
            yield from ((lot, failed[-1]) for lot in _tested(family, event) & family.reach)


def _tested(family, event):
    """The lots of a result, or of what its `ref` names, or of the harvests of the sampled field."""
    sampling = family.log.by_id.get(event.body.get("ref"))
    for said in (event, sampling):
        if said is not None and "lots" in said.body:
            return {tuple(lot) for lot, _ in said.body["lots"]}
    if sampling is None or sampling.kind != "lab_sample":
        return set()
    return {lot for harvest, lots in harvests(family) if _is_sample_of(family.log, sampling, harvest) for lot in lots}


def _is_sample_of(log, sampling, harvest):
    is_work = any(event.id == sampling.id for _, event in field.work(log, harvest, "lab_sample"))
    return is_work and field.is_before(log, sampling, harvest)


def harvests(family):
    """Each harvest with the lots of the reach that it created, in any creation."""
    found = {}
    for lot in family.reach:
        for made in family.log.creations.get(lot, []):
            if made.event.kind == "harvest":
                found.setdefault(made.event.id, (made.event, set()))[1].add(lot)
    return list(found.values())


def _harvested(family):
    log = family.log
    for harvest, lots in harvests(family):
        sprayed = [_early(log, harvest, treatment) for _, treatment in field.work(log, harvest, "spray", "treat")]
        places = [place for place in sprayed if place is not None]
        if field.is_above(log, [harvest], yield_of_a_harvest):
            places.append(log.place[harvest.id])
        yield from ((lot, place) for lot in lots for place in places)


def _early(log, harvest, treatment):
    """The latest leaf at which a harvest lies in the waiting days of a treatment, or None."""
    waits = versions(log, treatment, "wait_days")
    longest = max(version.value for version in waits)
    since = next(version.place for version in waits if version.value == longest)
    most = min(field.BEFORE, longest - 1)
    pairs = [(h, t) for h in days(log, harvest) for t in days(log, treatment)] if longest else []
    return max((max(h.place, t.place, since) for h, t in pairs if is_days_after(h, t, 0, most)), default=None)


def yield_of_a_harvest(type):
    return 400_000 if type == "pond" else 20_000


def _created_twice(family):
    for lot in family.members:
        if len(made := family.log.in_effect(lot)) > 1:
            yield lot, made[-1].place
