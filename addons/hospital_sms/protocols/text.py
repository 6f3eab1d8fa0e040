"""Alphabets and parts of a text, going out and coming in."""

import re
from typing import NamedTuple

from . import gsm7  # noqa: F401 - an encoding of its own

# Bytes of a part: alone, with a header of six bytes (8-bit reference), with one of seven (16-bit).
LIMITS = {"ucs2": (140, 134, 132), "gbk": (140, 134, 133), "ascii": (160, 153, 152), "gsm7": (160, 153, 152)}
ENCODINGS = {"ucs2": "utf-16-be", "gbk": "gbk", "ascii": "ascii", "gsm7": "gsm7"}
FORMATS = {"ucs2": 8, "gbk": 15, "ascii": 0, "gsm7": 0}  # as CMPP, SGIP, SMGP and SMPP number them
MOST_PARTS = 255


class TooLong(ValueError):
    """More parts than a header can count."""

    code = "too_many_parts"


class Segment(NamedTuple):
    """One part as it travels: ``header`` is the user data header of a long message, else empty.

    alphabet: "ascii", "gsm7", "ucs2", "gbk"
    """

    alphabet: str
    header: bytes
    body: bytes


def _fitting(text: str, alphabet: str, reserved: int) -> tuple[str, bytes]:
    """The alphabet that can write all of the text, and its bytes: nothing is ever dropped, it may be a name."""
    if alphabet in ("ascii", "gsm7") and reserved:
        alphabet = "ucs2"
    try:
        return alphabet, text.encode(ENCODINGS[alphabet])
    except UnicodeEncodeError:
        return "ucs2", text.encode("utf-16-be", "replace")


def _bodies(text: str, alphabet: str, raw: bytes, size: int) -> list[bytes]:
    """Cut at most ``size`` bytes at a time, between characters: a surrogate pair and a double byte stay together."""
    width = {"ucs2": 2, "gbk": 2, "ascii": 1, "gsm7": 1}[alphabet]
    if len(raw) == width * len(text):
        size -= size % width
        return [raw[start : start + size] for start in range(0, len(raw), size)]
    # The last character of the narrow ones, and their bytes; the others have twice as many.
    last, narrow = ("\x7f", 1) if alphabet == "gbk" else ("\uffff", 2)
    bodies, start, end = [], 0, 0
    for character in text:
        width = narrow if character <= last else 2 * narrow
        if end + width - start > size:
            bodies.append(raw[start:end])
            start = end
        end += width
    return [*bodies, raw[start:]]


def _cut(text: str, alphabet: str, wide: bool, reserved: int, long: str | None) -> tuple[str, list[bytes]]:
    alphabet, raw = _fitting(text, alphabet, reserved)
    added = reserved * (1 if alphabet == "ascii" else 2)
    if len(raw) + added <= LIMITS[alphabet][0]:
        return alphabet, [raw]
    if long and long != alphabet:
        alphabet, raw = _fitting(text, long, reserved)
        added = reserved * (1 if alphabet == "ascii" else 2)
    bodies = _bodies(text, alphabet, raw, LIMITS[alphabet][1 + wide] - added)
    if len(bodies) > MOST_PARTS:
        raise TooLong
    return alphabet, bodies


def split(
    text: str,
    alphabet: str = "ucs2",
    ref: int = 0,
    wide: bool = False,
    reserved: int = 0,
    long: str | None = None,
) -> list[Segment]:
    """Return the parts of ``text``; raises TooLong.

    alphabet: "ucs2", or "gbk", "ascii" where the text can be written in it, else "ucs2"
    ref: the number common to the parts; ``wide``: 16 bits of it, else 8
    reserved: characters that the gateway will add to each part (its signature)
    long: the alphabet of a text that needs several parts, if another

    >>> [len(part.body) for part in split("好" * 71)]
    [134, 8]
    >>> split("Dr. 𠮷", "gbk")[0].alphabet, split("张伟", "gbk")[0].body.hex()
    ('ucs2', 'd5c5ceb0')
    """
    alphabet, bodies = _cut(text, alphabet, wide, reserved, long)
    total = len(bodies)
    if total == 1:
        return [Segment(alphabet, b"", bodies[0])]
    head = bytes((6, 8, 4, ref >> 8 & 255, ref & 255, total)) if wide else bytes((5, 0, 3, ref & 255, total))
    return [Segment(alphabet, head + bytes((number,)), body) for number, body in enumerate(bodies, 1)]


def count(text: str, alphabet: str = "ucs2", wide: bool = False, reserved: int = 0, long: str | None = None) -> int:
    """How many parts ``split`` would return; raises TooLong.

    >>> count("好" * 70), count("好" * 70, reserved=6), count("𠮷" * 36)
    (1, 2, 2)
    """
    return len(_cut(text, alphabet, wide, reserved, long)[1])


# Half a character cannot be kept; on a private plane it can, until the other half has come.
_PRIVATE = 0x100000
_HALF = re.compile("[\ud800-\udfff]")
_KEPT = re.compile("([\U0010d800-\U0010dbff])([\U0010dc00-\U0010dfff])|[\U0010d800-\U0010dfff]")


def join(pieces: str) -> str:
    r"""Heal what was cut between the parts of a text, once they stand behind each other.

    >>> raw = "好😀".encode("utf-16-be")
    >>> join(decode(raw[:4], 8, cut=True) + decode(raw[4:], 8, cut=True)), join(decode(raw[:4], 8, cut=True))
    ('好😀', '好�')
    """

    def heal(found: re.Match) -> str:
        if not found[1]:
            return "\ufffd"
        return chr(0x10000 + ((ord(found[1]) & 0x3FF) << 10) + (ord(found[2]) & 0x3FF))

    return _KEPT.sub(heal, pieces)


class Piece(NamedTuple):
    """What a header says of an incoming content: part ``index`` of ``total`` of the long text ``ref``."""

    ref: int
    total: int
    index: int
    body: bytes


def unwrap(content: bytes) -> Piece:
    r"""Take the user data header off a content that is said to begin with one.

    One that cannot be read is left where it is: nothing is lost.

    >>> unwrap(b"\5\0\3\7\2\1ab"), unwrap(b"\6\x08\4\1\2\2\2c")
    (Piece(ref=7, total=2, index=1, body=b'ab'), Piece(ref=258, total=2, index=2, body=b'c'))
    >>> unwrap(b"\xffab")
    Piece(ref=0, total=1, index=1, body=b'\xffab')
    """
    end = content[0] + 1 if content else 0
    if not 1 < end <= len(content):
        return Piece(0, 1, 1, content)
    ref, total, index, at = 0, 1, 1, 1
    while at + 2 <= end:
        kind, value = content[at], content[at + 2 : at + 2 + content[at + 1]]
        at += 2 + content[at + 1]
        if at > end:
            return Piece(0, 1, 1, content)
        if (kind, len(value)) in ((0, 3), (8, 4)) and 1 <= value[-1] <= value[-2]:
            ref, total, index = int.from_bytes(value[:-2], "big"), value[-2], value[-1]
    return Piece(ref, total, index, content[end:])


def decode(body: bytes, fmt: int, cut: bool = False) -> str:
    r"""Read an incoming text, whatever its state; NULs, which no database keeps, are left out.

    fmt: 8 UCS2, 15 GBK; 0 and all others are ASCII by the specification, and in truth often GBK
    cut: it is a part: a character that the phone has cut in two is whole again after ``join``

    >>> decode(bytes.fromhex("4f60597d00"), 8), decode("你好".encode("gbk"), 0), decode(b"TD\0", 0)
    ('你好�', '你好', 'TD')
    """
    if fmt == 8 and cut:
        text = body[: len(body) // 2 * 2].decode("utf-16-be", "surrogatepass").replace("\0", "")
        return _HALF.sub(lambda half: chr(ord(half[0]) + _PRIVATE), text)
    if fmt == 8:
        return body.decode("utf-16-be", "replace").replace("\0", "")
    return body.decode("gb18030", "replace").replace("\0", "")
