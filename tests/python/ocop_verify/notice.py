"""rules.md, Notices and the state line."""

from . import hold, ids, mass
from .family import names_a_lot_of, place_of
from .value import expires, quantity

DAY = 24 * 3600
MADE = ("harvest", "process", "treatment", "pack")


def notices(family, today):
    """The codes that hold, in the order of the document."""
    recalled, held = is_recalled(family), hold.state(family)
    found = [
        ("DA_THU_HOI", recalled),
        ("DANG_TAM_GIU", held is True and not recalled),
        ("TUNG_TAM_GIU", held is False and not recalled),
        ("CO_DINH_CHINH", is_corrected(family)),
        ("NHAP_TRE", is_late(family)),
        ("CHUA_PHAN_HANG_OCOP", has_product(family) and not ratings(family)),
        ("OCOP_HET_HAN", is_rating_over(family, today)),
        ("THIEU_MA_VUNG_TRONG", lacks_area_code(family)),
        ("DIA_CHI_NHAN_CU", is_labelled_with_old_address(family)),
        ("VUOT_KHOI_LUONG", mass.is_exceeded(family)),
        ("DA_BAN_HET", any(is_about(event, family.lot) for _, event in family.log.of_kind("sold_out"))),
        ("DA_XUAT_KHAU", is_exported(family)),
        ("HET_HAN_SU_DUNG", is_over(family, today)),
    ]
    return [code for code, holds in found if holds]


def is_about(event, *lots):
    """Whether one of the lots stands in `lots`."""
    return any(tuple(lot) in lots for lot, _ in event.body.get("lots", []))


def is_recalled(family):
    lifted = {event.body["ref"] for _, event in family.log.of_kind("recall_lift")}
    return any(event.id not in lifted and family.names(event) for _, event in family.log.of_kind("recall"))


def is_corrected(family):
    targets = [family.log.by_id.get(event.body["ref"]) for _, event in family.log.of_kind("correct")]
    return any(target is not None and names_a_lot_of(target, family.members) for target in targets)


def is_late(family):
    made = {made.event.id for made in family.creations.values()}
    for index, event in family.log.events:
        if event.signed[0] - event.occurred[0] <= DAY:
            continue
        if event.kind in MADE and (event.id in made or is_about(event, *family.members)):
            return True
        if event.kind == "label" and is_about(event, *family.members):
            return True
        if event.kind in ("spray", "treat") and any(is_for(family.log, index, root) for root in family.roots().values()):
            return True
    return False


def is_for(log, index, root):
    """Whether a treatment at this leaf is one of a root's harvest, logged before it and after the previous one of the field."""
    if root.event.kind != "harvest" or index not in {at for at, _ in hold.treatments(log, root.event)}:
        return False
    field = root.event.body["field"]
    earlier = [at for at, event in log.of_kind("harvest") if event.body["field"] == field and at < root.index]
    return max(earlier, default=-1) < index < root.index


def has_product(family):
    return family.product() is not None


def ratings(family):
    return [event.body for _, event in family.log.of_kind("rating") if tuple(event.body["product"]) == family.product()]


def is_rating_over(family, today):
    lasts = [rating["valid"][1] for rating in ratings(family)]
    return bool(lasts) and all(last is not None and ids.to_date(last) < today for last in lasts)


def lacks_area_code(family):
    coded = {
        tuple(event.body["target_place"])
        for _, event in family.log.of_kind("place_code")
        if event.body["code_type"] == "growing_domestic"
    }
    registered = {place: hold.registered_place(family.log, place) for place in family.source_places()}
    return any(place not in coded and body and body["type"] == "plot" for place, body in registered.items())


def is_labelled_with_old_address(family):
    return any("old_label" in event.body and is_about(event, family.lot) for _, event in family.log.of_kind("label"))


def is_exported(family):
    passed = [
        index
        for index, event in family.log.of_kind("quarantine")
        if event.body["result"] == "pass" and is_about(event, family.lot)
    ]
    return bool(passed) and any(
        index > passed[0] and takes_all(family, qty)
        for index, event in family.log.of_kind("load")
        for lot, qty in event.body["inputs"]
        if tuple(lot) == family.lot
    )


def takes_all(family, qty):
    made = family.creations.get(family.lot)
    return qty is None or (made is not None and qty == quantity(family.log, made))


def is_over(family, today):
    made = family.creations.get(family.lot)
    last = expires(family.log, made) if made else None
    return last is not None and last < today
