"""Section 6: the kinds of events, their fields, and the form of each field."""

from . import ids
from .cbor import Refused
from .ids import is_bytes, is_int, is_numbered, is_organisation, is_quantity, is_time

MAX_TEXT, MAX_LONG_TEXT, MAX_ARRAY = 512, 8_192, 64
MAX_FACTS, MAX_FACT_NAME = 32, 64
MAX_ENVELOPE = 16_384
MAX_WAIT_DAYS = 3_650

# The table of the document: kind, who may say it, fields (`!` must stand, `a|b` one of them must).
TABLE = """
season_start  producer   field!
stock         producer   field! qty
fertilise     producer   field! qty
spray         producer   field! ingredient! wait_days!
treat         producer   field! ingredient! wait_days!
feed          producer   field! qty
bag           producer   field! qty
sensor        producer   field!
check         inspector  result! field|place|lots
harvest       producer   field! outputs! began
ship          trader     lots! to! place qty
transport     carrier    lots! to place qty
receive       trader     place! lots|inputs|outputs from qty
grade         maker      lots|inputs outputs place qty loss
merge         maker      inputs! outputs! place loss added
split         maker      inputs! outputs! place loss
process       maker      lots|inputs outputs place qty loss added
treatment     maker      lots|inputs outputs place qty loss
lab_sample    sampler    field|lots place lab qty
lab_result    laboratory result! lots|ref place
quarantine    authority  lots! result! place qty area_code
pack          maker      inputs! outputs! place loss added area_code
label         maker      lots! count serials place old_label label_address
load          maker      inputs! outputs! sscc! place area_code
store         trader     lots! place qty
list          trader     lots! place qty
sell          trader     lots! to place qty
sold_out      trader     lots! place qty
hold          keeper     lots|product|target_place|org place qty reason
release       authority  lots|product|target_place|org place qty reason ref
recall        keeper     lots|product|target_place|org period place qty reason
recall_lift   issuer     ref! reason
destroy       keeper     lots! place reason
correct       author     ref! fix! place reason
report        reporter   lots! category!
place         member     id! name! type! commune! point! exact area crop variety season gln old_address
product       member     id! name! unit! name_en group gtin net shelf storage origin gi sources picture
certificate   holder     target_place|product|org standard! number! valid
place_code    authority  target_place! code_type! code! valid
permit        holder     target_place! code! lots! to! qty
same_as       holder     product! gtin!
rating        authority  product! stars! decision! valid!
delegate      holder     to! products!
undelegate    author     ref! reason
bind          maker      lot! codes!
org           governor   id! name! roles! name_en form legal commune address old_address tax gln
suspend       governor   org! reason!
readmit       governor   org! reason
grant         governor   org! roles!
withdraw      governor   org! roles! reason
device        steward    org! key! where! rights host
revoke        steward    org! key! last reason
replace       steward    org! key! old! where! last rights host
allow_epoch   steward    org! key!
conflict      member     ref! org! envelope!
peer          steward    org! key!
unpeer        steward    org! key!
anchor        governor   text!
threshold     governor   count!
publish       governor   what! number! hash!
approve       approver   ref!
erase         issuer     ref! commitment! reason
epoch         member     
map_head      sequencer  size! root!
"""

ROLES = (
    "authority producer processor packer product_owner carrier retailer laboratory certifier marketplace auditor node_host"
).split()
PLACES = "plot pond barn collection preparation workshop packing_house laboratory office depot shop".split()


def rows(table=TABLE):
    """Kind → (word who may say it, [alternatives of names that must stand], {names that may stand})."""
    kinds = {}
    for line in table.strip().split("\n"):
        kind, who, *fields = line.split()
        must = [field.rstrip("!").split("|") for field in fields if field.endswith("!") or "|" in field]
        may = {name for field in fields for name in field.rstrip("!").split("|")}
        kinds[kind] = (who, must, may)
    return kinds


KINDS = rows()


def is_text(value, longest=MAX_TEXT):
    return isinstance(value, str) and 1 <= len(value.encode()) <= longest


def is_text_or_commitment(value):
    return is_text(value) or is_bytes(value)


def array_of(form):
    return lambda value: isinstance(value, list) and 1 <= len(value) <= MAX_ARRAY and all(form(part) for part in value)


def one_of(words):
    return lambda value: isinstance(value, str) and value in words


def is_amount(value):
    return isinstance(value, list) and len(value) == 2 and ids.is_lot(value[0]) and (value[1] is None or is_quantity(value[1]))


def is_output(value):
    forms = {
        "no": ids.is_lot_number,
        "owner": is_organisation,
        "qty": is_quantity,
        "product": is_numbered,
        "made": ids.is_date,
        "expires": ids.is_date,
        "net": is_quantity,
    }
    return (
        isinstance(value, dict)
        and {"no", "owner", "qty"} <= value.keys() <= forms.keys()
        and all(forms[name](part) for name, part in value.items())
    )


def is_facts(value):
    return (
        isinstance(value, dict)
        and 1 <= len(value) <= MAX_FACTS
        and all(is_text(name, MAX_FACT_NAME) and is_text(text) for name, text in value.items())
    )


def is_sealed(value):
    return isinstance(value, list) and len(value) == 2 and value[0] in ("partners", "authority") and is_bytes(value[1])


def is_commune(value):
    return isinstance(value, list) and len(value) == 3 and is_text(value[0]) and ids.is_date(value[1]) and is_text(value[2])


def is_roles(value):
    return array_of(one_of(ROLES))(value) and value == sorted(set(value))


def is_fix(value):
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)):
        return False
    form = fix_form(value[0])
    return form is not None and bool(form(value[1]))


def fix_form(path):
    """The form of a corrected value, by the path of its field; None for a path that cannot be corrected."""
    match path.split("/"):
        case ["qty" | "loss" | "added"]:
            return is_quantity
        case ["inputs" | "lots" | "outputs", n, "qty"] if _is_index(n):
            return is_quantity
        case ["occurred" | "began"]:
            return is_time
        case ["outputs", n, "made" | "expires"] if _is_index(n):
            return ids.is_date
        case ["outputs", n] if _is_index(n):
            return lambda value: value is None
        case ["count" | "wait_days" | "ingredient" | "result"]:
            return FORMS[path]
        case ["facts", *_] if is_text(path[6:], MAX_FACT_NAME):
            return is_text
    return None


def _is_index(text):
    return text in INDEXES


INDEXES = {str(n) for n in range(MAX_ARRAY)}


def is_place_in_chain(value):
    return isinstance(value, list) and len(value) == 2 and all(is_unsigned(part) for part in value)


def is_unsigned(value):
    return is_int(value, 0, 2**53 - 1)


FORMS = {
    **dict.fromkeys(("field", "place", "target_place", "product"), is_numbered),
    **dict.fromkeys(("lots", "inputs"), array_of(is_amount)),
    "outputs": array_of(is_output),
    **dict.fromkeys(("qty", "loss", "added"), is_quantity),
    **dict.fromkeys(("to", "from", "lab", "org", "host"), is_organisation),
    "wait_days": lambda value: is_int(value, 0, MAX_WAIT_DAYS),
    "began": is_time,
    "result": one_of(("pass", "fail")),
    **dict.fromkeys(("count", "size"), is_unsigned),
    "serials": lambda value: is_place_in_chain(value) and value[0] <= value[1],
    "last": is_place_in_chain,
    "old_label": lambda value: value is True,
    **dict.fromkeys(("label_address", "name", "address", "old_address", "tax"), is_text_or_commitment),
    "sscc": ids.is_gs1(18),
    "gln": ids.is_gs1(13),
    "gtin": ids.is_gs1(14),
    "period": ids.is_period,
    **dict.fromkeys(("ref", "exact", "picture", "key", "old", "commitment", "hash", "root"), is_bytes),
    "fix": is_fix,
    "category": one_of(("smell", "taste", "packaging", "foreign_body", "counterfeit", "other")),
    "entry": one_of(("phone", "phone_offline", "pc", "sheet", "sensor", "api")),
    "facts": is_facts,
    "sealed": is_sealed,
    **dict.fromkeys(
        (
            "ingredient area_code reason name_en crop variety season group unit net shelf storage origin gi"
            " decision standard number form legal code"
        ).split(),
        is_text,
    ),
    "id": ids.is_number,
    "type": one_of(PLACES),
    "commune": is_commune,
    "point": ids.is_point,
    "area": ids.is_area,
    "sources": array_of(is_numbered),
    "products": array_of(is_numbered),
    "code_type": one_of(("growing_domestic", "growing_export", "pond", "packing_house")),
    "stars": lambda value: is_int(value, 3, 5),
    "valid": ids.is_valid,
    "codes": array_of(ids.is_code),
    "lot": ids.is_lot,
    "roles": is_roles,
    "where": one_of(("own", "hosted", "phone", "api")),
    "rights": one_of(("administrator", "recorder")),
    "envelope": lambda value: isinstance(value, bytes) and 1 <= len(value) <= MAX_ENVELOPE,
    "what": one_of(("page", "code_list", "pesticide_list")),
    "text": lambda value: is_text(value, MAX_LONG_TEXT),
}


def check(body):
    """Refuses a body that the table does not allow."""
    kind = body.get("kind") if isinstance(body, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused("body: kind")
    _, must, may = KINDS[kind]
    fields = body.keys() - {"kind"}
    if not all(any(name in fields for name in names) for names in must):
        raise Refused(f"body: {kind} lacks a field")
    if kind != "map_head":
        may = may | {"entry", "facts", "sealed"}
    if not fields <= may or {"facts", "sealed"} <= fields:
        raise Refused(f"body: {kind} has a field that it may not have")
    for name in fields:
        form = is_organisation if (kind, name) == ("org", "id") else FORMS[name]
        if not form(body[name]):
            raise Refused(f"body: {kind}: {name}")
