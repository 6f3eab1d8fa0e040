"""Alphabets and parts of a text."""

from typing import NamedTuple


class Segment(NamedTuple):
    """One part as it travels: ``header`` is the user data header of a long message, else empty.

    alphabet: "ascii", "ucs2", "gbk"
    """

    alphabet: str
    header: bytes
    body: bytes


def split(text: str, alphabet: str = "ucs2", ref: int = 0, wide: bool = False, reserved: int = 0) -> list[Segment]:
    """Return the parts of ``text``.

    alphabet: "ucs2", or "gbk", "ascii" where the text can be written in it, else "ucs2"
    ref: the number common to the parts; ``wide``: 16 bits of it, else 8
    reserved: characters that the gateway will add (its signature)
    """
    units = text.encode("utf-16-be")
    if len(units) + 2 * reserved <= 140:
        return [Segment("ucs2", b"", units)]
    size = 134
    bodies = [units[start : start + size] for start in range(0, len(units), size)]
    return [
        Segment("ucs2", bytes((5, 0, 3, ref & 255, len(bodies), number)), body) for number, body in enumerate(bodies, 1)
    ]
