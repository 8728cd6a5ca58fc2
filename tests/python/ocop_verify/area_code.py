"""rules.md, Growing-area code: whose code goods go under, and with whose leave."""

from . import ids
from .value import last_day


def breaches(family):
    """The notices about growing-area codes that hold, as a set of codes."""
    found = set()
    for _, event in family.log.of_kind("quarantine", "load", "pack"):
        if "area_code" in event.body:
            named = {tuple(lot) for name in ("lots", "inputs") for lot, _ in event.body.get(name, [])}
            found |= {breach for lot in named & family.members if (breach := _breach(family.of(lot), event))}
    return found


def _breach(family, event):
    code, day = event.body["area_code"], last_day(family.log, event)
    places = {place for place in family.source_places() if _is_code_of(family.log, place, code, day)}
    if not places:
        return "MA_VUNG_TRONG_KHAC"
    user = family.owner(family.lot) if event.kind == "quarantine" else event.iss
    own = any(place[0] == user for place in places)
    permits = [permit.body for _, permit in family.log.of_kind("permit")]
    may = own or any(_permits(permit, family, places, code, user) for permit in permits)
    return None if may else "MA_VUNG_TRONG_CHUA_PHEP"


def _is_code_of(log, place, code, day):
    found = [
        event.body
        for _, event in log.of_kind("place_code")
        if tuple(event.body["target_place"]) == place
        and event.body["code"] == code
        and event.body["code_type"] != "packing_house"
    ]
    return bool(found) and holds_on(found[-1], day)


def holds_on(body, day):
    """Whether a day lies in `valid`, first and last day included."""
    first, end = (text and ids.to_date(text) for text in body.get("valid", (None, None)))
    return (first is None or first <= day) and (end is None or day <= end)


def _permits(permit, family, places, code, user):
    lots = {tuple(lot) for lot, _ in permit["lots"]}
    return (
        tuple(permit["target_place"]) in places
        and permit["code"] == code
        and permit["to"] == user
        and not lots.isdisjoint(family.members)
    )
