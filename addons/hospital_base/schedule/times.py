"""Times of the day as people write them."""

import re

DAY = 24 * 60

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
# What a Chinese keyboard gives.
_PLAIN = str.maketrans("：，、；;０１２３４５６７８９", ":,,,,0123456789")


def parse(text: str) -> list[int]:
    """Minutes of the day, in order, each once; ValueError with the piece that is no time.

    >>> parse("2:00, 1:00，02：30、1:00")
    [60, 120, 150]
    >>> parse("8点")
    Traceback (most recent call last):
    ValueError: 8点
    >>> parse("24:00")
    Traceback (most recent call last):
    ValueError: 24:00
    """
    minutes = set()
    for piece in text.translate(_PLAIN).replace(",", " ").split():
        found = _TIME.fullmatch(piece)
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            raise ValueError(piece)
        minutes.add(int(found[1]) * 60 + int(found[2]))
    return sorted(minutes)


def show(minute: int) -> str:
    """
    >>> show(60), show(DAY)
    ('01:00', '24:00')
    """
    return f"{minute // 60:02}:{minute % 60:02}"
