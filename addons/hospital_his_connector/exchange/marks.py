"""How far a feed has been read, in a form that survives JSON.

A mark is ``{"phase", "w", "k"}``: the pass it was made in, the last value of the watermark column
and the last key. Values keep their type, because the HIS must get back what it gave.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

ROWS, WITHOUT = "rows", "without"  # rows with a watermark, then rows without one

# How a time is written, with every digit a 0: texts of one of these shapes sort as their times do.
_FORMS = {
    "0000-00-00 00:00:00": "%Y-%m-%d %H:%M:%S",
    "0000-00-00T00:00:00": "%Y-%m-%dT%H:%M:%S",
    "0000/00/00 00:00:00": "%Y/%m/%d %H:%M:%S",
    "00000000000000": "%Y%m%d%H%M%S",
    "0000-00-00 00:00": "%Y-%m-%d %H:%M",
    "0000/00/00 00:00": "%Y/%m/%d %H:%M",
    "0000-00-00": "%Y-%m-%d",
    "0000/00/00": "%Y/%m/%d",
    "00000000": "%Y%m%d",
}
_ZEROS = str.maketrans("123456789", "000000000")

# No HIS is older: an earlier time stands for "none".
OLDEST = 1900


def pack(value: Any) -> list | None:
    """
    >>> pack(datetime(2026, 11, 1, 8)), pack(7), pack(None)
    (['datetime', '2026-11-01T08:00:00'], ['int', '7'], None)
    """
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, (datetime, date)):
        return [type(value).__name__, value.isoformat()]
    return [type(value).__name__, repr(value) if isinstance(value, float) else str(value)]


def unpack(packed: list | None) -> Any:
    """
    >>> unpack(pack(Decimal("7.5"))), unpack(pack("A1")), unpack(pack(b"\\x01"))
    (Decimal('7.5'), 'A1', b'\\x01')
    """
    if packed is None:
        return None
    kind, literal = packed
    return _UNPACK[kind](literal)


_UNPACK = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "int": int,
    "float": float,
    "str": str,
    "bytes": bytes.fromhex,
}


def earlier(value: Any, overlap: float) -> Any:
    """The value to begin with next time, ``overlap`` seconds before the last one.

    A transaction that the HIS commits late carries an earlier time than rows already read. Numbers have no clock:
    they stay.

    >>> earlier(datetime(2026, 11, 1, 9), 300), earlier("2026-11-01 09:00:00", 300), earlier(41, 300)
    (datetime.datetime(2026, 11, 1, 8, 55), '2026-11-01 08:55:00', 41)
    >>> earlier(date(2026, 11, 1), 300)
    datetime.date(2026, 10, 31)
    """
    back = timedelta(seconds=overlap)
    if isinstance(value, datetime):
        return value - back
    if isinstance(value, date):
        return (datetime.combine(value, datetime.min.time()) - back).date()
    if isinstance(value, str):
        time, form = _read(value)
        if time:
            return (time - back).strftime(form)
    return value


def usable(now: datetime, last: Any = None) -> Callable[[Any], bool]:
    """A test whether a value may be the mark, or would hide all that come after it.

    It is a time that has come or a number, and of one form with ``last``, or else with the first value that passed:
    texts of two forms do not sort by time. ``now`` is the hospital's, with its zone.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 1, 9, tzinfo=UTC)
    >>> may = usable(now)
    >>> [may(text) for text in ("", "0000-00-00 00:00:00", "2026-10-01 08:00:00", "2026-10-02 08:00:00.5")]
    [False, False, True, True]
    >>> [may(value) for value in ("9999-12-31 00:00:00", "2026/10/03 08:00:00", "2026-1-5 8:00:00", "待定", b"1", 41)]
    [False, False, False, False, False, False]
    >>> usable(now)(41), usable(now)(Decimal("NaN")), usable(now, "2026-10-01 08:00:00")(41)
    (True, False, False)
    >>> usable(now)(now), usable(now)(datetime(2026, 11, 1, 10)), usable(now)(date(2026, 11, 2))
    (True, False, False)
    """
    clock = now.replace(tzinfo=None)
    known = _read(last)[1]

    def is_usable(value: Any) -> bool:
        nonlocal known
        time, form = _read(value)
        if not form or known and form != known:
            return False
        if time:
            zoned = isinstance(value, datetime) and value.tzinfo is not None
            if time.year < OLDEST or (value > now if zoned else time > clock):
                return False
        known = form
        return True

    return is_usable


def checked(mark: Any, now: datetime) -> dict[str, Any]:
    """A stored mark, or nothing if it would hide rows: then all are read.

    >>> from datetime import UTC
    >>> good = {"phase": "rows", "w": ["str", "2026-10-01 08:00:00"], "k": ["str", "1"]}
    >>> now = datetime(2026, 11, 1, tzinfo=UTC)
    >>> checked(good, now) == good, checked(good | {"w": None}, now) == good | {"w": None}
    (True, True)
    >>> [checked(mark, now) for mark in (good | {"w": ["str", "待定"]}, good | {"k": ["int", "x"]}, {"w": 1}, [], None)]
    [{}, {}, {}, {}, {}]
    """
    try:
        watermark = unpack(mark["w"])
        unpack(mark["k"])
        valid = mark["phase"] in (ROWS, WITHOUT) and (watermark is None or usable(now)(watermark))
    except (TypeError, KeyError, ValueError, ArithmeticError):
        valid = False
    return mark if valid else {}


def moment(packed: list | None) -> datetime | None:
    """The time a mark names, by the HIS's clock; None if the watermark is not a time.

    >>> moment(pack("2026-11-01 09:00:00")), moment(pack(41))
    (datetime.datetime(2026, 11, 1, 9, 0), None)
    """
    return _read(unpack(packed))[0]


def _read(value: Any) -> tuple[datetime | None, str]:
    """The time a value names, and its form; the form is "" for what is neither a time nor a number."""
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None), "datetime"
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time()), "date"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return None, "number" if Decimal(value).is_finite() else ""
    return None, ""


def _read_text(text: str) -> tuple[datetime | None, str]:
    head, _point, fraction = text.rstrip().partition(".")
    form = _FORMS.get(head.translate(_ZEROS), "")
    if not form or fraction.translate(_ZEROS).strip("0"):
        return None, ""
    try:
        if len(head) == 14:
            return datetime.strptime(head, form), form
        return datetime.fromisoformat(head.replace("/", "-")), form  # in C
    except ValueError:
        return None, ""
