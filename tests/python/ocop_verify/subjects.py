"""Section 9: under which subjects an event is listed."""

from . import ids

LOT_LISTS = ("lots", "inputs")
PRODUCT_KINDS = {"product", "same_as", "rating", "certificate", "hold", "release", "recall", "recall_lift", "delegate"}
PLACE_KINDS = {"place", "place_code", "certificate", "hold", "release", "recall", "recall_lift"}
ORGANISATION_KINDS = set(
    "org suspend readmit grant withdraw device revoke replace allow_epoch conflict peer unpeer"
    " certificate hold release recall recall_lift".split()
)
LEDGER_KINDS = {"anchor", "threshold", "publish"}


def of(event, by_id):
    """Its own subjects and those of the event that it refers to. `by_id` finds that event, where it is at hand."""
    found = set()
    while event is not None:
        found |= own(event)
        event = by_id.get(event.body.get("ref"))
    return found


def own(event):
    body, kind = event.body, event.kind
    lots = {("lot", *lot) for lot in lots_of(event)}
    found = {("report", *lot[1:]) for lot in lots} if kind == "report" else lots
    found |= {("code", code) for code in body.get("codes", [])}
    if "field" in body:
        found.add(("sensor" if kind == "sensor" else "field", *body["field"], ids.year(event.occurred)))
    if kind in PRODUCT_KINDS:
        found |= {("product", *product) for product in named(body, "product", "products")}
        if kind == "product":
            found.add(("product", event.iss, body["id"]))
    if kind in PLACE_KINDS:
        found |= {("place", *place) for place in named(body, "target_place")}
        if kind == "place":
            found.add(("place", event.iss, body["id"]))
    if kind in ORGANISATION_KINDS:
        found |= {("organisation", org) for org in named(body, "org")}
        if kind == "org":
            found.add(("organisation", body["id"]))
    if kind == "epoch":
        found.add(("organisation", event.iss))
    if kind in LEDGER_KINDS:
        found.add(("ledger",))
    return found


def named(body, *names):
    """The values of these fields, of single ones and of arrays."""
    values = [body[name] for name in names if name in body and name != "products"]
    return values + (body.get("products", []) if "products" in names else [])


def lots_of(event):
    """Every lot that the event names: in `lots`, `inputs`, `outputs`, `lot`."""
    body = event.body
    lots = {tuple(lot) for name in LOT_LISTS for lot, _ in body.get(name, [])}
    lots |= {(event.iss, output["no"]) for output in body.get("outputs", [])}
    if "lot" in body:
        lots.add(tuple(body["lot"]))
    return lots
