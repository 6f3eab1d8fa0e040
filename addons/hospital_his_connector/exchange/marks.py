"""How far a feed has been read, in a form that survives JSON.

A mark is ``{"phase", "w", "k"}``: the pass it was made in, the last value of the watermark column
and the last key. Values keep their type, because the HIS must get back what it gave.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

ROWS, WITHOUT = "rows", "without"  # rows with a watermark, then rows without one

_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M",
)


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


def later_than(now: datetime) -> Callable[[Any], bool]:
    """A test whether a value lies in the future: such a row must not hide all that come after it.

    >>> in_future = later_than(datetime(2026, 11, 1, 9))
    >>> in_future("2026-11-01 08:00:00"), in_future("9999-12-31 00:00:00"), in_future(41), in_future(date(2026, 11, 2))
    (False, True, False, True)
    """
    limits: dict[int, str] = {}

    def is_later(value: Any) -> bool:
        if isinstance(value, datetime):
            return (value if value.tzinfo is None else value.astimezone().replace(tzinfo=None)) > now
        if isinstance(value, date):
            return value > now.date()
        if not isinstance(value, str):
            return False
        # Rows come in order: texts of one length have one form, and one comparison of texts decides.
        if len(value) not in limits:
            limits[len(value)] = now.strftime(_read(value)[1]) if _read(value)[1] else ""
        limit = limits[len(value)]
        return bool(limit) and value > limit

    return is_later


def moment(packed: list | None) -> datetime | None:
    """The time a mark names, by the HIS's clock; None if the watermark is not a time.

    >>> moment(pack("2026-11-01 09:00:00")), moment(pack(41))
    (datetime.datetime(2026, 11, 1, 9, 0), None)
    """
    value = unpack(packed)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time())
    return _read(value)[0] if isinstance(value, str) else None


def _read(text: str) -> tuple[datetime | None, str]:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form), form
        except ValueError:
            continue
    return None, ""
