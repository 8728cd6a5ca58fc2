"""Section 13, `complete`: whole lists, honest names, and every list that section 12 asks for."""

from . import subjects
from .needed import needed_subjects


def fault(bundle, genesis, map_root, events, log):
    """`(why, subject)` of what is not complete, or None.

    `events` are those whose signature holds, with their leaf index; `log` those of them that are believed.
    """
    lists = bundle.lists
    wrong = lists.first_wrong(map_root)
    if wrong is not None:
        return wrong
    by_id = {event.id: event for _, event in events}
    own = {index: subjects.of(event, by_id) for index, event in events}
    for subject, indexes in lists.subjects.items():
        if any(index in own and subject not in own[index] for index in indexes):
            return "not_named", subject
    if lists.listed() != {index for index, _ in lists.events}:
        return "unlisted", ()
    needed = needed_subjects(bundle.code, genesis, log)
    missing = sorted(needed - lists.subjects.keys(), key=str)
    return ("left_out", missing[0]) if missing else None
