"""A message read by path: ``PID-3.1`` is the first component of the third field of the segment PID.

    PID-5           a field, as it stands          PV1-3.4      one component of it       PID-3.4.2   a part of that
    PID-13(2).1     its second repetition          PID-13(*)    all repetitions, one after the other, with ";"
    PID-3(5=PI).1   the repetition whose fifth component is PI
    OBX(2)-5        the second segment             OBX(*)-5     of all segments, with line breaks
    OBX(3.1=WBC)-5  the segment whose OBX-3.1 is WBC

Without a bracket the first one is meant.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

# What a field holds whose value the sender wants to be deleted; an empty one says nothing.
NULL = '""'

_SELECT = r"(?:\((\*|\d{1,4}|\d{1,3}(?:\.\d{1,2})?=[^()]*)\))?"
_PATH = re.compile(rf"([A-Z][A-Z0-9]{{2}}){_SELECT}-(\d{{1,3}}){_SELECT}(?:\.(\d{{1,2}}))?(?:\.(\d{{1,2}}))?")
_ESCAPES = {"H": "", "N": ""}


class Unreadable(Exception):
    """Not a message of HL7 version 2."""


class Path(NamedTuple):
    """Where a value stands."""

    segment: str
    which: str | None
    field: int
    repetition: str | None
    component: int
    part: int


@lru_cache(maxsize=4096)
def path(text: str) -> Path | None:
    """
    >>> path("PID-3(5=PI).1")
    Path(segment='PID', which=None, field=3, repetition='5=PI', component=1, part=0)
    >>> path("PID3") is None
    True
    """
    match = _PATH.fullmatch(text.strip())
    if not match:
        return None
    segment, which, field, repetition, component, part = match.groups()
    return Path(segment, which, int(field), repetition, int(component or 0), int(part or 0))


Segment = list[str]


class Message:
    r"""
    >>> message = Message("MSH|^~\\&|HIS|XIEHE|||20261101||ADT^A01^ADT_A01|7|P|2.4\rPID|1||1001^^^HIS^PI~4301^^^GA^NI\r"
    ...     "OBX|1|NM|WBC^白细胞||5.2\rOBX|2|ST|HGB||a\\T\\b\\.br\\c")
    >>> [message[text] for text in ("MSH-10", "MSH-9.2", "PID-3.1", "PID-3(5=NI).1", "PID-3(2).4", "PID-99", "ZZZ-1")]
    ['7', 'A01', '1001', '4301', 'GA', '', '']
    >>> message["OBX(3.1=HGB)-5"], message["OBX(*)-3.1"], message["PID-3(*).1"], message["MSH-2"]
    ('a&b\nc', 'WBC\nHGB', '1001;4301', '^~\\&')
    """

    def __init__(self, text: str) -> None:
        lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
        if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 8:
            raise Unreadable
        self.separator = separator = lines[0][3]
        signs = lines[0].split(separator)[1]
        self.signs = signs
        self.component, self.repetition, self.escape, self.part = (signs + "^~\\&"[len(signs) :])[:4]
        self.segments: list[Segment] = [line.split(separator) for line in lines]
        self.segments[0].insert(1, separator)  # MSH counts its first separator as a field

    def __getitem__(self, text: str) -> str:
        """The value at a path, "" if there is none."""
        return self.value(path(text), self.segments)

    @property
    def kind(self) -> str:
        """Type and event as a feed names them: ADT^A01."""
        return "^".join(word for word in (self["MSH-9.1"], self["MSH-9.2"]) if word)

    def around(self, name: str) -> Iterator[list[Segment]]:
        r"""For each segment of this name: itself and what follows it, before that what stands above, nearest first.

        >>> message = Message("MSH|^~\\&|\rPID|1\rOBR|1\rOBX|1\rOBX|2\rOBR|2\rOBX|3")
        >>> [[segment[0] + segment[1] for segment in view] for view in message.around("OBX")][-1]
        ['OBX3', 'OBR2', 'OBR1', 'PID1', 'MSH|']
        >>> [message.value(path("OBX(*)-1"), view) for view in message.around("OBR")]
        ['1\n2', '3']
        """
        places = [place for place, segment in enumerate(self.segments) if segment[0] == name]
        for place, following in zip(places, [*places[1:], len(self.segments)], strict=True):
            above = self.segments[:place] if name != "OBR" else self.segments[: places[0]]
            yield self.segments[place:following] + [segment for segment in reversed(above) if segment[0] != name]

    def value(self, where: Path, segments: Sequence[Segment]) -> str:
        """The value at a path within some of the segments."""
        found = [segment for segment in segments if segment[0] == where.segment]
        if where.which == "*":
            return "\n".join(filter(None, (self._field(segment, where) for segment in found)))
        if where.which and "=" in where.which:
            place, wanted = where.which.split("=", 1)
            at = path(f"{where.segment}-{place}")
            found = [segment for segment in found if self._field(segment, at) == wanted]
        number = int(where.which) if where.which and where.which.isdigit() else 1
        return self._field(found[number - 1], where) if 0 < number <= len(found) else ""

    def _field(self, segment: Segment, where: Path) -> str:
        if where.field >= len(segment):
            return ""
        field = segment[where.field]
        if segment[0] == "MSH" and where.field < 3:
            return field
        if where.repetition is None and not where.component and self.repetition not in field:
            return self._plain(field)
        repetitions = field.split(self.repetition)
        if where.repetition == "*":
            return ";".join(filter(None, (self._component(one, where) for one in repetitions)))
        if where.repetition and "=" in where.repetition:
            place, wanted = where.repetition.split("=", 1)
            at = Path("", None, 0, None, *(int(number) for number in f"{place}.0".split(".")[:2]))
            repetitions = [one for one in repetitions if self._component(one, at) == wanted]
        number = int(where.repetition) if where.repetition and where.repetition.isdigit() else 1
        return self._component(repetitions[number - 1], where) if 0 < number <= len(repetitions) else ""

    def _component(self, text: str, where: Path) -> str:
        for sign, number in ((self.component, where.component), (self.part, where.part)):
            if number:
                parts = text.split(sign)
                text = parts[number - 1] if number <= len(parts) else ""
        return self._plain(text)

    def _plain(self, text: str) -> str:
        text = text.strip()
        if self.escape not in text:
            return text
        sign = re.escape(self.escape)
        return re.sub(rf"{sign}([^{sign}]*){sign}", self._unescaped, text)

    def _unescaped(self, match: re.Match) -> str:
        word = match[1]
        signs = {"F": self.separator, "S": self.component, "T": self.part, "R": self.repetition, "E": self.escape}
        if word in signs:
            return signs[word]
        if word in _ESCAPES:
            return _ESCAPES[word]
        if word.startswith((".br", ".sp", ".ce")):
            return "\n"
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", word):
            return _decode(bytes.fromhex(word[1:]))
        return match[0]


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
