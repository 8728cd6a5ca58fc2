"""Section 5: commitments, and what became of their openings."""

from . import ids
from .permission import commitments


def made(events):
    """Every commitment of these events."""
    return {one for event in events for one in commitments(event)}


def all_match(openings, events):
    """Whether every opening hashes to a commitment in the events."""
    return {ids.commitment(opening) for opening in openings} <= made(events)


def fates(openings, events, log):
    """Commitment → `erased`, `opened` or `withheld`. What was erased stays so, whoever still hands it out."""
    opened = {ids.commitment(opening) for opening in openings}
    erased = {event.body["commitment"] for _, event in log.of_kind("erase")}
    return {one: "erased" if one in erased else "opened" if one in opened else "withheld" for one in made(events)}
