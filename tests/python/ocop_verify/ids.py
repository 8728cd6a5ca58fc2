"""Sections 4 and 5: times, dates, ids, quantities, codes, commitments. Each `is_…` says whether a value has that form."""

import datetime
import re

from . import cbor
from .merkle import sha256

MAX_OPENING = 16_384
NUMBER = re.compile(r"[A-Z0-9-]{1,32}", re.ASCII)
ORGANISATION = re.compile(r"[A-Z][A-Z0-9-]{0,31}", re.ASCII)
LOT_NUMBER = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}", re.ASCII)
DATE = re.compile(r"(19|20|21)\d\d-\d\d-\d\d", re.ASCII)
DOTS = (".", "..")  # would leave the folder of an address
UNITS = {"KGM", "LTR", "HAR", "H87", "HEA", "XCT", "XBX", "XPK", "XBG", "XJR", "XBO"}
SHORT_CODE = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
EPOCH = datetime.datetime(1970, 1, 1)


def is_int(value, low, high):
    return type(value) is int and low <= value <= high


def is_bytes(value, length=32):
    return isinstance(value, bytes) and len(value) == length


def is_match(pattern, value):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_organisation(value):
    return is_match(ORGANISATION, value)


def is_number(value):
    return is_match(NUMBER, value)


def is_numbered(value):
    """A place or a product."""
    return _is_pair(value, is_organisation, is_number)


def is_lot_number(value):
    return is_match(LOT_NUMBER, value) and value not in DOTS


def is_lot(value):
    return _is_pair(value, is_organisation, is_lot_number)


def is_time(value):
    return _is_pair(value, lambda s: is_int(s, -cbor.MAX_INT, cbor.MAX_INT), lambda o: is_int(o, -840, 840)) and local(value)


def is_date(value):
    return is_match(DATE, value) and to_date(value) is not None


def is_period(value):
    """First and last day. Text in this form is ordered as days are."""
    return _is_pair(value, is_date, is_date) and value[0] <= value[1]


def is_valid(value):
    return _is_pair(value, *[lambda day: day is None or is_date(day)] * 2)


def is_quantity(value, units=UNITS):
    """`[n, scale, unit]`, which is n / 10^scale."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and is_int(value[0], 0, 10**12)
        and is_int(value[1], 0, 6)
        and isinstance(value[2], str)
        and value[2] in units
    )


def is_area(value):
    return is_quantity(value, {"HAR"})


def is_point(value):
    return _is_pair(value, lambda v: is_int(v, -900_000_000, 900_000_000), lambda v: is_int(v, -1_800_000_000, 1_800_000_000))


def is_code(value):
    if not isinstance(value, str):
        return False
    if value.startswith("t/"):
        return is_short_code(value[2:])
    parts = value.split("/", 3)
    return len(parts) == 4 and parts[::2] == ["01", "10"] and is_gs1(14)(parts[1]) and is_lot_number(parts[3])


def is_gs1(count):
    """A GTIN, GLN or SSCC: so many digits, of which the last is the check digit (weights 3, 1, 3, … from the right)."""

    def form(value):
        if not (isinstance(value, str) and len(value) == count and value.isascii() and value.isdigit()):
            return False
        total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(value[:-1])))
        return (total + int(value[-1])) % 10 == 0

    return form


def is_short_code(text):
    if len(text) != 9 or set(text) - set(SHORT_CODE):
        return False
    total = sum(SHORT_CODE.index(c) * (i + 2) for i, c in enumerate(text[:8]))
    return text[8] == SHORT_CODE[total % len(SHORT_CODE)]


def local(time):
    """The date and time of day that the person saw, or None outside 1900…2199."""
    try:
        moment = EPOCH + datetime.timedelta(seconds=time[0] + 60 * time[1])
    except OverflowError:
        return None
    return moment if 1900 <= moment.year <= 2199 else None


def day(time):
    return local(time).date()


def year(time):
    return local(time).year


def to_date(text):
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def commitment(opening):
    return sha256(b"ocop-commit/v1", opening)


def _is_pair(value, first, second):
    return isinstance(value, list) and len(value) == 2 and bool(first(value[0])) and bool(second(value[1]))
