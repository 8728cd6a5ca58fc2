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
    holder = {}  # a commitment belongs to the first event in force that holds it
    for _, event in log.events:
        for one in commitments(event):
            holder.setdefault(one, event.id)
    erasures = [event.body for _, event in log.of_kind("erase")]
    erased = {body["commitment"] for body in erasures if holder.get(body["commitment"]) == body["ref"]}
    return {one: "erased" if one in erased else "opened" if one in opened else "withheld" for one in made(events)}
