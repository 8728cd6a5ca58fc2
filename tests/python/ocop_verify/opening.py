"""Section 5: openings of commitments."""

from . import ids
from .permission import commitments


def all_match(openings, events):
    """Whether every opening hashes to a commitment in the events."""
    made = set()
    for event in events:
        made |= commitments(event).keys()
    return all(ids.commitment(opening) in made for opening in openings)
