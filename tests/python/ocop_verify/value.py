"""rules.md, Words: the versions of a field, and the days of a work."""

from dataclasses import dataclass

from . import ids


@dataclass(frozen=True)
class Version:
    place: int  # the leaf index at which it stands
    value: object


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included; `place` is the leaf from which they are known."""

    place: int
    first: object
    last: object


def versions(log, event, path):
    """As first stated, then every correction, in log order."""
    first = first_value(event.body, path) if path not in ("occurred", "signed") else getattr(event, path)
    stated = [Version(log.place[event.id], first)] if first is not None else []
    return stated + [Version(place, value) for place, fixed, value in log.corrections.get(event.id, []) if fixed == path]


def last(log, event, path):
    """The last version, or None where the field has no value."""
    found = versions(log, event, path)
    return found[-1].value if found else None


def first_value(body, path):
    value = body
    for part in path.split("/"):
        if isinstance(value, list):
            if int(part) >= len(value):
                return None
            value = value[int(part)]
            if isinstance(value, list):  # `[lot, quantity or null]`, of which the path says `qty`
                value = {"qty": value[1]}
        else:
            value = value.get(part)
        if value is None:
            return None
    return value


def days(log, event):
    """Every day of a work, as spans: each version of `occurred`, and what lies between it and each of `began`."""
    ends = [(version.place, ids.day(version.value)) for version in versions(log, event, "occurred")]
    begins = [(version.place, ids.day(version.value)) for version in versions(log, event, "began")]
    spans = [Span(place, day, day) for place, day in ends]
    for begin_place, begin in begins:
        spans += [Span(max(place, begin_place), min(begin, end), max(begin, end)) for place, end in ends]
    return spans


def last_day(log, event):
    return ids.day(last(log, event, "occurred"))


def is_days_after(later, earlier, least, most):
    """Whether a day of one span lies `least` to `most` days after a day of another."""
    return (later.last - earlier.first).days >= least and (later.first - earlier.last).days <= most
