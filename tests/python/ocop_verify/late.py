"""rules.md, Late entries."""

from . import field, ids
from .family import is_about

DAY = 24 * 3600  # seconds
MADE = ("harvest", "process", "treatment", "pack")


def is_late_entered(family):
    makers = {event.id for event in family.makers()}
    for index, event in family.log.events:
        if event.signed[0] - event.occurred[0] <= DAY:
            continue
        if event.kind in MADE and (event.id in makers or is_about(event, family.members)):
            return True
        if event.kind == "label" and is_about(event, family.members):
            return True
        if event.kind in ("spray", "treat") and any(_belongs(family.log, index, event, root.event) for root in family.roots()):
            return True
    return False


def _belongs(log, index, treatment, harvest):
    """Whether a treatment belongs to a harvest, by the days as first stated."""
    if harvest.kind != "harvest" or not any(
        event.id == treatment.id for _, event in field.work(log, harvest, "spray", "treat")
    ):
        return False
    if not 0 <= (ids.day(harvest.occurred) - ids.day(treatment.occurred)).days <= field.BEFORE:
        return False
    own, others = log.place[harvest.id], field.work(log, harvest, "harvest")
    if index < own:
        return index > max((place for place, _ in others if place < own), default=-1)
    before = [event.occurred[0] for _, event in others if event.occurred[0] < harvest.occurred[0]]
    return not before or treatment.occurred[0] > max(before)
