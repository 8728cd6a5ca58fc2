"""rules.md, Notices."""

from . import area_code, field, hold, ids, label, late, mass
from .area_code import holds_on
from .family import is_about, place_of
from .value import last, last_day


def notices(family, today):
    """The codes that hold, in the order of the document."""
    recalled, held, codes = is_recalled(family), hold.is_held(family), area_code.breaches(family)
    found = [
        ("DA_THU_HOI", recalled),
        ("DANG_TAM_GIU", held is True and not recalled),
        ("TUNG_TAM_GIU", held is False and not recalled),
        ("TAO_HAI_LAN", any(len(family.log.in_effect(lot)) > 1 for lot in family.members)),
        ("DON_VI_TAM_DUNG", is_someone_suspended(family)),
        ("HAI_BAN_KHAC_NHAU", is_referred_to(family, "conflict")),
        ("CO_DINH_CHINH", is_referred_to(family, "correct")),
        ("NHAP_TRE", late.is_late_entered(family)),
        ("CHUA_PHAN_HANG_OCOP", is_unrated(family, today)),
        ("OCOP_HET_HAN", is_rating_over(family, today)),
        ("CHUNG_NHAN_HET_HAN", any(is_certificate_over(family.log, made.event) for made in family.creations.values())),
        ("THIEU_MA_VUNG_TRONG", any(lacks_code(family.log, place) for place in family.source_places())),
        ("MA_VUNG_TRONG_KHAC", "MA_VUNG_TRONG_KHAC" in codes),
        ("MA_VUNG_TRONG_CHUA_PHEP", "MA_VUNG_TRONG_CHUA_PHEP" in codes),
        ("SAN_LUONG_NAM_CAO", any(is_year_too_rich(family.log, event) for event in family.makers())),
        ("DIA_CHI_NHAN_CU", any("old_label" in event.body for event in about(family, "label"))),
        ("VUOT_SO_TEM", label.is_exceeded(family)),
        ("VUOT_KHOI_LUONG", mass.is_exceeded(family)),
        ("DA_BAN_HET", bool(about(family, "sold_out"))),
        ("DA_XUAT_KHAU", is_exported(family)),
        ("HET_HAN_SU_DUNG", is_over(family, today)),
    ]
    return [code for code, holds in found if holds]


def about(family, kind):
    """Events of a kind that have the lot itself in `lots`."""
    return [event for _, event in family.log.of_kind(kind) if is_about(event, {family.lot})]


def is_recalled(family):
    lifted = {event.body["ref"] for _, event in family.log.of_kind("recall_lift")}
    return any(event.id not in lifted and family.names(event) for _, event in family.log.of_kind("recall"))


def is_someone_suspended(family):
    involved = {org for lot in family.members for org in (lot[0], family.owner(lot))}
    return not family.log.suspended.isdisjoint(involved)


def is_referred_to(family, kind):
    return any(family.is_named_by(family.log.by_id.get(event.body["ref"])) for _, event in family.log.of_kind(kind))


def ratings(family):
    return [event.body for _, event in family.log.of_kind("rating") if tuple(event.body["product"]) == family.product()]


def has_begun(body, today):
    return body["valid"][0] is None or ids.to_date(body["valid"][0]) <= today


def has_ended(body, today):
    return body["valid"][1] is not None and ids.to_date(body["valid"][1]) < today


def is_unrated(family, today):
    seen = any(has_begun(rating, today) or has_ended(rating, today) for rating in ratings(family))
    return family.product() is not None and not seen


def is_rating_over(family, today):
    ended = any(has_ended(rating, today) for rating in ratings(family))
    return ended and not any(holds_on(rating, today) for rating in ratings(family))


def is_certificate_over(log, event):
    """Whether all certificates of some standard of the place ended before the day that something arose there."""
    ended = {}
    for _, certificate in log.of_kind("certificate"):
        body = certificate.body
        if place_of(event) is not None and tuple(body.get("target_place", ())) == place_of(event):
            over = "valid" in body and has_ended(body, last_day(log, event))
            ended[body["standard"]] = ended.get(body["standard"], True) and over
    return True in ended.values()


def lacks_code(log, place):
    body = field.registered(log, place)
    codes = [event.body["code_type"] for _, event in log.of_kind("place_code") if tuple(event.body["target_place"]) == place]
    return body is not None and body["type"] == "plot" and "growing_domestic" not in codes


def is_year_too_rich(log, harvest):
    if harvest.kind != "harvest":
        return False
    year = [event for _, event in field.work(log, harvest, "harvest") if ids.year(event.occurred) == ids.year(harvest.occurred)]
    return field.is_above(log, year, {"plot": 120_000, "pond": 800_000}.get)


def is_exported(family):
    passed = [
        index
        for index, event in family.log.of_kind("quarantine")
        if is_about(event, {family.lot}) and last(family.log, event, "result") == "pass"
    ]
    loads = family.log.of_kind("load")
    return bool(passed) and any(index > passed[0] and takes_all(family, event) for index, event in loads)


def takes_all(family, event):
    for n, (lot, _) in enumerate(event.body["inputs"]):
        if tuple(lot) == family.lot:
            taken, made = last(family.log, event, f"inputs/{n}/qty"), family.creations.get(family.lot)
            if taken is None or (made and mass.number(taken) == mass.number(family.log.last_of(made, "qty"))):
                return True
    return False


def is_over(family, today):
    made = family.creations.get(family.lot)
    day = made and family.log.last_of(made, "expires")
    return bool(day) and ids.to_date(day) < today
