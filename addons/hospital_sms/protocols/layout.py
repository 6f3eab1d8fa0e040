"""The body of a PDU, described as the specification's tables do: its fields in order, of fixed widths but for a few."""

import struct
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from .frames import Malformed

Convert = Callable[[Any], Any] | None


def _text(raw: bytes) -> str:
    """What stands in a fixed field: padded with NULs, by some with spaces; what follows a NUL is left over."""
    return raw.partition(b"\0")[0].decode("latin-1").strip()


def _raw(width: int, convert: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def pack(value: Any) -> bytes:
        raw = convert(value)
        if len(raw) > width:  # struct would cut it, and a cut number is somebody else's
            raise ValueError("too long")
        return raw

    return pack


def _kind(kind: str) -> tuple[str, Convert, Convert]:
    """Return struct's format, and how a value is written and read, for "B", "I", "s10", "h8" (hex), "r16" (bytes)."""
    width = int(kind[1:] or 0)
    if kind[0] == "s":
        return f"{width}s", _raw(width, lambda value: value.encode("latin-1")), _text
    if kind[0] == "h":
        return f"{width}s", _raw(width, bytes.fromhex), bytes.hex
    if kind[0] == "r":
        return f"{width}s", _raw(width, bytes), None
    return kind, None, None


class _Fixed:
    def __init__(self, fields: Sequence[tuple[int, str]], optional: bool) -> None:
        kinds = [_kind(kind) for _index, kind in fields]
        self.struct = struct.Struct(">" + "".join(kind[0] for kind in kinds))
        self.writes = [(index, kind[1]) for (index, _), kind in zip(fields, kinds, strict=True)]
        self.reads = [(index, kind[2]) for (index, _), kind in zip(fields, kinds, strict=True)]
        self.optional = optional

    def pack(self, pdu: tuple, out: list[bytes]) -> None:
        out.append(self.struct.pack(*[write(pdu[index]) if write else pdu[index] for index, write in self.writes]))

    def unpack(self, body: bytes, at: int, values: list) -> int:
        end = at + self.struct.size
        if end > len(body):
            if not self.optional:
                raise Malformed("short")
            body, at = body[at:].ljust(self.struct.size, b"\0"), 0
        for (index, read), value in zip(self.reads, self.struct.unpack_from(body, at), strict=True):
            values[index] = read(value) if read else value
        return end


class _Numbers:
    """How many, in a byte, and each in a field of ``width``."""

    def __init__(self, index: int, width: int) -> None:
        self.index, self.width = index, width
        self.write = _raw(width, lambda value: value.encode("latin-1"))

    def pack(self, pdu: tuple, out: list[bytes]) -> None:
        numbers = pdu[self.index]
        out.append(bytes((len(numbers),)))
        out += [self.write(number).ljust(self.width, b"\0") for number in numbers]

    def unpack(self, body: bytes, at: int, values: list) -> int:
        start = at + 1
        if start > len(body) or (end := start + body[at] * self.width) > len(body):
            raise Malformed("short")
        values[self.index] = tuple(_text(body[place : place + self.width]) for place in range(start, end, self.width))
        return end


class _Content:
    """Its length, then as many bytes."""

    def __init__(self, index: int, kind: str) -> None:
        self.index, self.length = index, struct.Struct(">" + kind)

    def pack(self, pdu: tuple, out: list[bytes]) -> None:
        content = pdu[self.index]
        out += (self.length.pack(len(content)), content)

    def unpack(self, body: bytes, at: int, values: list) -> int:
        start = at + self.length.size
        if start > len(body) or (end := start + self.length.unpack_from(body, at)[0]) > len(body):
            raise Malformed("short")
        values[self.index] = body[start:end]
        return end


class _Tlvs:
    """Tag, length, value, up to the end. One whose length is wrong ends the list."""

    head = struct.Struct(">HH")

    def __init__(self, index: int) -> None:
        self.index = index

    def pack(self, pdu: tuple, out: list[bytes]) -> None:
        for tag, value in pdu[self.index].items():
            out += (self.head.pack(tag, len(value)), value)

    def unpack(self, body: bytes, at: int, values: list) -> int:
        found = values[self.index] = {}
        while at + 4 <= len(body):
            tag, length = self.head.unpack_from(body, at)
            if at + 4 + length > len(body):
                break
            found[tag] = body[at + 4 : at + 4 + length]
            at += 4 + length
        return at


class Layout:
    r"""Writes and reads the bodies of one kind of PDU.

    spec: ``name:kind`` of each field, in order: B, H, I, Q are unsigned numbers, s10 text, h8 bytes given as hex, r16
    bytes, ``*21`` a counted list of numbers, ``+B`` content after its length, ``tlv`` the rest. What follows ``|`` may
    be missing. Fields of the class that the layout does not name keep their defaults.

    >>> from typing import NamedTuple
    >>> class Answer(NamedTuple):
    ...     id: str
    ...     text: str = ""
    >>> layout = Layout(Answer, "id:h2 | text:s4")
    >>> layout.encode(Answer("00ff", "ab"))
    b'\x00\xffab\x00\x00'
    >>> layout.decode(b"\x00\xffab")
    (Answer(id='00ff', text='ab'), 6)
    >>> layout.decode(b"\x00")
    Traceback (most recent call last):
    odoo.addons.hospital_sms.protocols.frames.Malformed: short
    """

    def __init__(self, cls: type, spec: str = "") -> None:
        self.cls = cls
        names = cls._fields
        self.blank = [cls._field_defaults.get(name) for name in names]
        self.steps: list[Any] = []
        fixed: list[tuple[int, str]] = []
        optional = False

        def flush() -> None:
            if fixed:
                self.steps.append(_Fixed(list(fixed), optional))
                fixed.clear()

        for word in spec.split():
            if word == "|":
                flush()
                optional = True
                continue
            name, kind = word.split(":")
            index = names.index(name)
            if kind[0] not in "*+t":
                fixed.append((index, kind))
                continue
            flush()
            step = {"*": _Numbers, "+": _Content}.get(kind[0])
            argument = int(kind[1:]) if kind[0] == "*" else kind[1:]
            self.steps.append(step(index, argument) if step else _Tlvs(index))
        flush()

    def encode(self, pdu: tuple) -> bytes:
        """Raises Malformed where a value does not fit its field."""
        out: list[bytes] = []
        try:
            for step in self.steps:
                step.pack(pdu, out)
        except (struct.error, ValueError, TypeError, AttributeError):
            raise Malformed(f"A value of {self.cls.__name__} does not fit its field") from None
        return b"".join(out)

    def decode(self, body: bytes, at: int = 0) -> tuple[Any, int]:
        """Return the PDU and where it should end: beyond the body if its tail is missing, before if more came."""
        values = self.blank.copy()
        for step in self.steps:
            at = step.unpack(body, at, values)
        return self.cls._make(values), at


def stamp(now: datetime) -> str:
    """MMDDHHMMSS, as logins have it.

    >>> stamp(datetime(2026, 3, 1))
    '0301000000'
    """
    return now.strftime("%m%d%H%M%S")


def utc(minutes: str) -> datetime | None:
    """A report's YYMMDDHHMM (Beijing) as naive UTC; None where it is none.

    >>> utc("2611271530"), utc("0000000000"), utc("")
    (datetime.datetime(2026, 11, 27, 7, 30), None, None)
    """
    try:
        return datetime.strptime(minutes[:10], "%y%m%d%H%M") - timedelta(hours=8)
    except ValueError:
        return None
