"""Identity documents that a Chinese hospital meets.

A number is checked and described, never refused: the caller decides whether a
wrong checksum is a warning or an entry in the data-quality list.
"""

import re
from datetime import date
from typing import NamedTuple

from .text import is_filler, narrow

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
OLDEST = 130  # years

# Chinese characters never belong to a number: "身份证: 1101…" and "1101…(旧)" are read all the same.
_NOISE = re.compile(r"[^0-9A-Z]+")
_CROSSES = str.maketrans("×✕Хх", "XXXX")  # what people type for the check character X
_CARD = re.compile(r"\d{17}[\dX]")
_LEGACY = re.compile(r"\d{15}")
# 9 + province + country: the province keeps test numbers such as 990000… apart
_FOREIGN = re.compile(r"9(?:[1-6]\d|71|81|82)\d{3}")
_FOREIGN_OLD = re.compile(r"[A-Z]{3}\d{12}")
_HOME_RETURN = re.compile(r"[HM](?:\d{8}|\d{10})")
_PASSPORT = re.compile(r"(?=(?:[A-Z]*\d){4})(?=\d*[A-Z])[A-Z0-9]{5,12}|\d{7,9}")


class IdNumber(NamedTuple):
    """One parsed document number.

    kind: id_card, hmt_permit, foreign_permit, passport, none
    number: as it is stored: half-width, upper case, nothing but digits and letters
    birth_date, gender: what the number says, also when its checksum is wrong
    valid: everything that can be checked is right
    problem: "", length, format, birth_date, checksum, placeholder
    """

    kind: str = "none"
    number: str = ""
    birth_date: date | None = None
    gender: str = "unknown"
    valid: bool = False
    problem: str = ""


def parse(text: str | None, today: date | None = None) -> IdNumber:
    """Read the document number out of a field of a HIS.

    >>> card = parse(" １１０１０５１９４９１２３１００２x ")
    >>> card.kind, card.number, str(card.birth_date), card.gender, card.valid
    ('id_card', '11010519491231002X', '1949-12-31', 'female', True)
    >>> parse("110105194912310021").problem
    'checksum'
    >>> parse("11010519491331002X").problem
    'birth_date'
    >>> parse("1101051949123100").problem
    'length'
    >>> legacy = parse("110105491231002")
    >>> legacy.kind, legacy.birth_date.year, legacy.gender, legacy.valid
    ('id_card', 1949, 'female', True)
    >>> [parse(n).kind for n in ("810000199408230021", "911124198108030024", "CAN110174102810")]
    ['hmt_permit', 'foreign_permit', 'foreign_permit']
    >>> [parse(n).kind for n in ("H12345678", "E12345678", "G1234567", "990000199001010017")]
    ['hmt_permit', 'passport', 'passport', 'id_card']
    >>> parse("无").kind, parse(None) == parse("不详") == IdNumber()
    ('none', True)
    >>> parse("111111111111111111").problem, parse("0").problem, parse("A1").problem
    ('placeholder', 'placeholder', 'format')
    """
    if not text:
        return IdNumber()
    number = _NOISE.sub("", narrow(text).translate(_CROSSES).upper())
    if not number:
        return IdNumber()
    today = today or date.today()
    if number.isdigit() and is_filler(number):
        kind = "id_card" if len(number) in (15, 18) else "none"
        return IdNumber(kind, number, problem="placeholder")
    if _CARD.fullmatch(number):
        return _card(number, today)
    if _LEGACY.fullmatch(number):
        return _dated("id_card", number, "19" + number[6:12], number[14], today)
    if _FOREIGN_OLD.fullmatch(number):
        # the century is not in the number: the later one that is not in the future
        digits = number[7:13]
        born = "20" + digits
        if _birth_date(born, today) is None:
            born = "19" + digits
        return _dated("foreign_permit", number, born, "", today)
    if _HOME_RETURN.fullmatch(number):
        return IdNumber("hmt_permit", number, valid=True)
    if _PASSPORT.fullmatch(number):
        return IdNumber("passport", number, valid=True)
    if len(number) >= 13:
        return IdNumber("id_card", number, problem="format" if len(number) in (15, 18) else "length")
    return IdNumber(number=number, problem="format")


def checksum(first17: str) -> str:
    """Check character of GB 11643.

    >>> checksum("11010519491231002")
    'X'
    """
    return CHECK[sum(w * int(d) for w, d in zip(WEIGHTS, first17, strict=True)) % 11]


def _card(number: str, today: date) -> IdNumber:
    if number[:2] in ("81", "82", "83"):
        kind = "hmt_permit"
    elif _FOREIGN.match(number):
        kind = "foreign_permit"
    else:
        kind = "id_card"
    parsed = _dated(kind, number, number[6:14], number[16], today)
    if parsed.valid and checksum(number[:17]) != number[17]:
        return parsed._replace(valid=False, problem="checksum")
    return parsed


def _dated(kind: str, number: str, born: str, sex: str, today: date) -> IdNumber:
    birth_date = _birth_date(born, today)
    gender = ("male" if int(sex) % 2 else "female") if sex else "unknown"
    problem = "" if birth_date else "birth_date"
    return IdNumber(kind, number, birth_date, gender, not problem, problem)


def _birth_date(digits: str, today: date) -> date | None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return born if today.year - OLDEST <= born.year and born <= today else None
