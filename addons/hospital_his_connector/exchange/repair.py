"""Chinese that a HIS stored where its database expects something else.

Old programs put the bytes of GBK into text columns of a Western character set. The database then hands out one
Western letter for each byte, or nothing a driver can decode.
"""

from collections.abc import Callable, Sequence
from typing import Any

# The letters that Windows puts where Latin-1 has control codes.
_WINDOWS = {ord(bytes([byte]).decode("cp1252", "replace")): byte for byte in range(0x80, 0xA0)}
_WINDOWS.pop(0xFFFD)


def western(value: Any) -> Any:
    """Western letters back to the bytes they stand for, and these read as GBK; anything else stays as it is.

    >>> western("ÕÅÈý"), western("µÚ2´²"), western("张三"), western("ABC"), western("café"), western(3)
    ('张三', '第2床', '张三', 'ABC', 'café', 3)
    >>> western("张三€".encode("gb18030").decode("latin-1")), western("镕".encode("gbk").decode("cp1252"))
    ('张三€', '镕')

    A column that was too short for its last character:

    >>> western("ÕÅÈ")
    '张'
    """
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        raw = value.translate(_WINDOWS).encode("latin-1")
    except UnicodeEncodeError:
        return value
    for end in (len(raw), len(raw) - 1):
        text = _decoded(raw[:end])
        if text is not None and not text.isascii():
            return text
    return value


def undecoded(value: Any) -> Any:
    """Bytes as GBK, without the guess whether they are UTF-8 (GBK's 一些 would pass for it).

    >>> undecoded("一些".encode("gbk")), undecoded("x"), undecoded(b"\\xff")
    ('一些', 'x', b'\\xff')
    """
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return value
    text = _decoded(bytes(value))
    return value if text is None else text


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return None


_REPAIRS = {"western": western, "bytes": undecoded}


def row(name: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """The function for the rows of one reading.

    >>> row("western")((1, "ÕÅÈý")), row("")((1, "ÕÅÈý"))
    ((1, '张三'), (1, 'ÕÅÈý'))
    """
    if not name:
        return lambda values: values
    mend = _REPAIRS[name]
    return lambda values: tuple(map(mend, values))
