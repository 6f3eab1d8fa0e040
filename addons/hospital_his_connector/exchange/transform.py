"""From a column of a HIS to a value of ours: small functions, chosen by name in a mapping line.

Each takes what the driver gave (text, number, date, bytes, None) and returns a clean value, None for
nothing, or raises Rejected with a code a person can act on. They are made once per reading:
``make("date", argument, settings)`` returns the function for one mapping line.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from odoo.addons.hospital_base.identity import id_number as identity_number
from odoo.addons.hospital_base.identity import phone as identity_phone

from .problems import Rejected

Transform = Callable[[Any], Any]

OLDEST = date(1850, 1, 1)
LATEST = date(2200, 1, 1)
INT4 = 2**31
BIGGEST = 30  # digits

# Letters, digits and the space of the full width; Chinese punctuation stays, it belongs to Chinese text.
_WIDE = {wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_WIDE[0x3000] = 0x20
# Where a number or a date is meant, the signs too.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_HAS_WIDE = re.compile("[\u3000\uff01-\uff5e]")

_YES = frozenset(("1", "y", "yes", "t", "true", "是", "有"))
_NO = frozenset(("0", "n", "no", "f", "false", "否", "无", "没有"))
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[\sT]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})秒?)?(?:[.,]\d*)?)?"
)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")


class Settings(NamedTuple):
    """What the functions need to know beside their argument."""

    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    codes: dict[str, str] | None = None
    unmapped: Callable[[str], None] | None = None


DEFAULT = Settings()


def plain(value: Any) -> str:
    """Any value as text: decoded, trimmed, without characters a database refuses; "" for nothing.

    >>> plain("  张三\\x00　"), plain(b"\\xd5\\xc5\\xc8\\xfd"), plain(Decimal("12.00")), plain(3.0), plain(None)
    ('张三', '张三', '12', '3', '')
    >>> plain(datetime(2026, 11, 1, 8, 30)), plain(date(2026, 11, 1))
    ('2026-11-01 08:30:00', '2026-11-01')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bytes, bytearray, memoryview)):
        text = _decode(bytes(value))
    elif isinstance(value, bool):
        text = "1" if value else "0"
    elif isinstance(value, (float, Decimal)):
        text = _number_text(value)
    elif isinstance(value, datetime):
        text = value.isoformat(sep=" ")
    elif isinstance(value, timedelta):
        text = str(value)
    else:
        text = str(value)
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text.strip()


def _decode(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Rejected("bad_encoding")


def _number_text(value: float | Decimal) -> str:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if not value.is_finite():
        raise Rejected("bad_number", value=str(value))
    if not -BIGGEST < value.adjusted() < BIGGEST:  # int() of Decimal("1e999999999") would take all memory
        raise Rejected("out_of_range", value=str(value))
    return str(int(value)) if value == int(value) else format(value, "f")


def _narrow(value: Any) -> str:
    text = plain(value)
    return text if text.isascii() or not _HAS_WIDE.search(text) else text.translate(_NARROW).strip()


def text(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Trimmed; letters and digits of full width become ordinary ones.

    >>> text()(" Ａ楼３床，靠窗　"), text()("  "), text("2")("张三丰")
    ('A楼3床，靠窗', None, '张三')
    """
    longest = int(argument) if argument else None

    def convert(value: Any) -> str | None:
        result = plain(value)
        if not result.isascii() and _HAS_WIDE.search(result):
            result = result.translate(_WIDE).strip()
        return (result[:longest] if longest else result) or None

    return convert


def digits(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Only the digits.

    >>> digits()("病案号：００１２-３")
    '00123'
    """
    return lambda value: re.sub(r"[^0-9]", "", _narrow(value)) or None


def integer(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """
    >>> integer()("１２"), integer()(Decimal("3.0")), integer()("")
    (12, 3, None)
    >>> integer()("three")
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: bad_number
    """

    def convert(value: Any) -> int | None:
        literal = _narrow(value)
        if not literal:
            return None
        try:
            number = Decimal(literal)
            if not -INT4 <= number < INT4:
                raise Rejected("out_of_range", value=literal)
        except ArithmeticError:
            raise Rejected("bad_number", value=literal) from None
        if number != int(number):
            raise Rejected("bad_number", value=literal)
        return int(number)

    return convert


def decimal(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """A number with places after the point: a price, a share.

    >>> decimal()("￥1,234.50"), decimal()("３５％"), decimal()(Decimal("0.1000")), decimal()(" ")
    (Decimal('1234.50'), Decimal('35'), Decimal('0.1000'), None)
    >>> decimal()("面议")
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: bad_decimal
    """

    def convert(value: Any) -> Decimal | None:
        literal = value if isinstance(value, Decimal) else _narrow(value).strip("¥￥%元 ").replace(",", "")
        if literal == "":
            return None
        try:
            number = Decimal(literal)
        except ArithmeticError:
            raise Rejected("bad_decimal", value=literal) from None
        if not number.is_finite() or abs(number) >= INT4:
            raise Rejected("out_of_range", value=str(literal))
        return number

    return convert


def boolean(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Yes or no; the argument lists the HIS's own words for yes, everything else is then no.

    >>> boolean()("是"), boolean()("0"), boolean()(""), boolean("2")("2"), boolean("2")(1)
    (True, False, None, True, False)
    """
    own = {word.strip().lower() for word in argument.split(",") if word.strip()}

    def convert(value: Any) -> bool | None:
        literal = _narrow(value).lower()
        if not literal:
            return None
        if own:
            return literal in own
        if literal in _YES:
            return True
        if literal in _NO:
            return False
        raise Rejected("bad_boolean", value=literal)

    return convert


def _parts(value: Any, pattern: str) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    literal = _narrow(value)
    if not literal:
        return None
    if not pattern and literal[4:5] == "-":
        with suppress(ValueError):  # by far the most common form, in C
            return datetime.fromisoformat(literal)
    try:
        if pattern:
            return datetime.strptime(literal, pattern)
        if (match := _DATE.fullmatch(literal)) or (match := _DIGITS.fullmatch(literal)):
            return datetime(*(int(part or 0) for part in match.groups()))
        return datetime.fromisoformat(literal)
    except ValueError:
        raise Rejected("bad_date", value=literal) from None


def _checked(day: date) -> date:
    if not OLDEST <= day < LATEST:
        raise Rejected("out_of_range", value=day.isoformat())
    return day


def date_(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """A day; the argument may give the form in Python's notation (%d/%m/%Y).

    >>> [date_()(v).isoformat() for v in ("2026/1/5 00:00:00", "20261101", "２０２６年１月５日", 20261101)]
    ['2026-01-05', '2026-11-01', '2026-01-05', '2026-11-01']
    >>> date_()("0000-00-00")
    Traceback (most recent call last):
    odoo.addons.hospital_his_connector.exchange.problems.Rejected: bad_date
    """

    def convert(value: Any) -> date | None:
        parsed = _parts(value, argument)
        return _checked(parsed.date()) if parsed else None

    return convert


def datetime_(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """A moment by the hospital's clock, returned as UTC without zone, as Odoo keeps it.

    >>> datetime_()("2026-11-01 07:30:00"), datetime_()("20261101073000")
    (datetime.datetime(2026, 10, 31, 23, 30), datetime.datetime(2026, 10, 31, 23, 30))
    >>> datetime_()("2026-11-01T07:30:00+00:00")
    datetime.datetime(2026, 11, 1, 7, 30)
    """
    zone = settings.zone

    def convert(value: Any) -> datetime | None:
        parsed = _parts(value, argument)
        if parsed is None:
            return None
        _checked(parsed.date())
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=zone)
        return parsed.astimezone(UTC).replace(tzinfo=None, microsecond=0)

    return convert


def code(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Look the value up in a code table; ``*`` stands for everything else, a value it lacks is reported.

    >>> seen = []
    >>> sex = code("", Settings(codes={"1": "male", "2": "female"}, unmapped=seen.append))
    >>> sex("１"), sex(2), sex(" "), sex("男"), seen
    ('male', 'female', None, None, ['男'])
    """
    codes = settings.codes or {}
    other = codes.get("*")
    report = settings.unmapped or (lambda value: None)

    def convert(value: Any) -> str | None:
        literal = _narrow(value)
        if not literal:
            return None
        found = codes.get(literal)
        if found is not None:
            return found or None
        if other is None:
            report(literal)
        return other or None

    return convert


def phones(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Every number of the field, each with what is known about it.

    >>> [p.number for p in phones()("１３９００００１２３４/0731-85551234")]
    ['13900001234', '073185551234']
    """
    return lambda value: identity_phone.split(plain(value))


def id_number(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """
    >>> id_number()("11010519491231002x").valid
    True
    """
    return lambda value: identity_number.parse(plain(value))


def constant(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """
    >>> constant("inpatient")(None)
    'inpatient'
    """
    return lambda value: argument or None


def concat(argument: str = "", settings: Settings = DEFAULT) -> Transform:
    """Several columns (A,B in the mapping line) joined by the argument; nothing if one is missing.

    >>> concat("-")(["00123", 2]), concat("-")(["00123", None])
    ('00123-2', None)
    """

    def convert(values: list[Any]) -> str | None:
        parts = [_narrow(value) for value in values]
        return argument.join(parts) if all(parts) else None

    return convert


TRANSFORMS: dict[str, Callable[[str, Settings], Transform]] = {
    "text": text,
    "digits": digits,
    "integer": integer,
    "decimal": decimal,
    "boolean": boolean,
    "date": date_,
    "datetime": datetime_,
    "code": code,
    "phones": phones,
    "id_number": id_number,
    "constant": constant,
    "concat": concat,
}


def make(name: str, argument: str, settings: Settings) -> Transform:
    """The function for one mapping line."""
    return TRANSFORMS[name](argument or "", settings)
