"""Telephone numbers as they stand in the fields of a HIS."""

import re
from typing import NamedTuple

from .text import is_filler, narrow

# Numbers nobody answers for the patient. Premium numbers (13888888888) belong to people:
# a filler among them shows by the number of patients who share it.
_ZEROS = "00000000"
_KNOWN_FILLERS = frozenset({"13800138000"})

_EXT = r"(?:\s*(?:-|转|分机|ext\.?|\#)\s*:?\s*(?P<{}>\d{{1,6}})(?!\d))?"
_NUMBER = re.compile(
    rf"""(?<!\d)(?:
      (?:\+?(?:00?)?86[-\s]?|0)?
      (?P<mobile>1[3-9]\d(?:[-\s]?\d{{4}}[-\s]?\d{{4}}|\d[-\s]?\d{{3}}[-\s]?\d{{4}}|\d\d[-\s]\d{{6}}))(?!\d)
    | (?:\+?(?:00)?86[-\s]?)?\(?(?P<area>0\d{{2,3}})[-\s)]{{0,2}}
      (?P<local>\d{{7,8}}|\d{{3,4}}[-\s]\d{{4}})(?!\d){_EXT.format("ext")}
    | (?:\+|00)86[-\s]?(?P<bare>(?:10|[2-9]\d{{1,2}})[-\s]?\d{{7,8}})(?!\d)
    | (?:\+|00)(?P<abroad>(?!86)[1-9](?:[-\s]?\d){{6,13}})(?!\d)
    | (?P<service>[48]00[-\s]?\d{{3}}[-\s]?\d{{4}}|[48]00[-\s]?\d{{4}}[-\s]?\d{{3}})(?!\d)
    | (?P<near>\d{{3,4}}-\d{{4}}|\d{{7,8}})(?!\d){_EXT.format("near_ext")}
    | (?P<rest>0\d{{2,3}}-\d{{4,}}|\d{{5,}})
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LANDLINE = re.compile(r"0(?:10|2\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7}", re.ASCII)
_BREAK = re.compile(r"[/,、;|\\\n\r\t]|或者?|和|以及|及")
_LABEL = re.compile(
    r"(?:联系)?(?:电话|手机|座机|固话|固定电话)(?:号码?)?|号码|\b(?:tel|phone|mobile)\b",
    re.IGNORECASE,
)
_EDGES = " \t-_.:。~+()[]【】{}<>《》\"'=*#"
_NOT_DIGIT = re.compile(r"[^0-9]+")


class Phone(NamedTuple):
    """One number of a field.

    number: digits to dial (abroad: 00 + country)
    kind: mobile, landline, other
    valid: can be dialled from the hospital
    problem: "", placeholder, length, format, no_area_code (a landline of the hospital's own town: still valid)
    note: what stood beside it: whose number it is, extension
    """

    number: str
    kind: str = "mobile"
    valid: bool = True
    problem: str = ""
    note: str = ""


def split(text: str | None) -> list[Phone]:
    """All numbers of one field, in order, each once.

    >>> split("13900001234")
    [Phone(number='13900001234', kind='mobile', valid=True, problem='', note='')]
    >>> field = "１３９００００１２３４／0086-139 0000 1235、013900001236 或 0731－85551234转8012"
    >>> [p.number for p in split(field)]
    ['13900001234', '13900001235', '13900001236', '073185551234']
    >>> [(p.number, p.note) for p in split("13900001234(女儿)、儿子：13900001235 0731-85551234-801")]
    [('13900001234', '女儿'), ('13900001235', '儿子'), ('073185551234', '转801')]
    >>> [(p.number, p.kind, p.valid, p.problem) for p in split("85551234")]
    [('85551234', 'landline', True, 'no_area_code')]
    >>> [p.problem for t in ("13800000000", "11111111111", "12345678901", "00000000") for p in split(t)]
    ['placeholder', 'placeholder', 'placeholder', 'placeholder']
    >>> split("1390000123")
    [Phone(number='1390000123', kind='mobile', valid=False, problem='length', note='')]
    >>> [(p.number, p.kind) for p in split("+852 9123 4567; 400-820-8820")]
    [('0085291234567', 'other'), ('4008208820', 'other')]
    >>> split("无"), split(None)
    ([], [])
    """
    if not text:
        return []
    if len(text) == 11 and text[0] == "1" and "3" <= text[1] <= "9" and text.isascii() and text.isdigit():
        return [_mobile(text)]
    text = narrow(text).strip()
    found = list(_NUMBER.finditer(text))
    if not found:
        return _odd(text)
    phones: dict[str, Phone] = {}
    for match, note in zip(found, _notes(text, found), strict=True):
        phone = _phone(match)
        if phone.note or note:
            phone = phone._replace(note=" ".join(filter(None, (note, phone.note))))
        if not phones.get(phone.number, phone._replace(note="")).note:
            phones[phone.number] = phone
    return list(phones.values())


def _odd(text: str) -> list[Phone]:
    """Nothing looks like a number: "1 3 9 0 0 …", "139.0000.1234", "110", "无", "5床".

    >>> [p.number for p in split("139.0000.1234")], [p.problem for p in split("110")], split("5床")
    (['13900001234'], ['length'], [])
    """
    digits = _NOT_DIGIT.sub("", text)
    if not digits or any(char.isalpha() for char in text):
        return []
    return split(digits) if len(digits) > 4 and digits != text else [_rest(digits)]


def _phone(match: re.Match) -> Phone:
    groups = {name: value for name, value in match.groupdict().items() if value}
    digits = {name: _NOT_DIGIT.sub("", value) for name, value in groups.items()}
    if "mobile" in digits:
        return _mobile(digits["mobile"])
    if "local" in digits:
        return _landline(digits["area"], digits["local"], digits.get("ext"))
    if "bare" in digits:
        return _landline("", "0" + digits["bare"], None)
    if "abroad" in digits:
        return Phone("00" + digits["abroad"], "other")
    if "service" in digits:
        return Phone(digits["service"], "other")
    if "near" in digits:
        return _near(digits["near"], digits.get("near_ext"))
    return _rest(digits["rest"])


def _mobile(number: str) -> Phone:
    if number[3:] == _ZEROS or number in _KNOWN_FILLERS:
        return Phone(number, "mobile", False, "placeholder")
    return Phone(number)


def _landline(area: str, local: str, extension: str | None) -> Phone:
    number = area + local
    if is_filler(local):
        problem = "placeholder"
    elif not _LANDLINE.fullmatch(number):
        problem = "format"
    else:
        problem = ""
    return Phone(number, "landline", not problem, problem, _extension(extension))


def _near(number: str, extension: str | None) -> Phone:
    if is_filler(number):
        return Phone(number, "landline", False, "placeholder")
    if number[0] in "01":
        return Phone(number, "other", False, "length" if number[0] == "1" else "format")
    return Phone(number, "landline", True, "no_area_code", _extension(extension))


def _rest(number: str) -> Phone:
    if is_filler(number):
        return Phone(number, "other", False, "placeholder")
    if 9 <= len(number) <= 13 and number[0] == "1" and number[1] in "3456789":
        return Phone(number, "mobile", False, "length")
    if 9 <= len(number) <= 13 and number[0] == "0":
        return Phone(number, "landline", False, "length")
    return Phone(number, "other", False, "format" if len(number) == 11 else "length")


def _extension(digits: str | None) -> str:
    return f"转{digits}" if digits else ""


def _notes(text: str, found: list[re.Match]) -> list[str]:
    """The words that belong to each number.

    Brackets and words up to a separator belong to the number before them, words after it to the next.
    Without a separator the field's own habit decides: does it begin with a word?

    >>> [p.note for p in split("女儿 13900001234 儿子 13900001235")]
    ['女儿', '儿子']
    >>> [p.note for p in split("13900001234 女儿 13900001235 儿子")]
    ['女儿', '儿子']
    """
    notes: list[list[str]] = [[] for _match in found]
    words_first = any(char.isalpha() for char in text[: found[0].start()])
    edges = [0, *(m.end() for m in found)]
    for index, start in enumerate(edges):
        gap = text[start : found[index].start() if index < len(found) else len(text)]
        if index == 0:
            notes[0].append(_words(gap))
        elif index == len(found):
            notes[-1].append(_words(gap))
        else:
            before, after = _divide(gap, words_first)
            notes[index - 1].append(_words(before))
            notes[index].append(_words(after))
    return [" ".join(filter(None, words)) for words in notes]


def _divide(gap: str, words_first: bool) -> tuple[str, str]:
    """Part of the number before the gap, part of the number after it."""
    if gap.lstrip().startswith("(") and ")" in gap:
        end = gap.index(")") + 1
        return gap[:end], gap[end:]
    if cut := _BREAK.search(gap):
        return gap[: cut.start()], gap[cut.end() :]
    return ("", gap) if words_first else (gap, "")


def _words(text: str) -> str:
    return " ".join(_LABEL.sub(" ", _BREAK.sub(" ", text)).strip(_EDGES).split())
