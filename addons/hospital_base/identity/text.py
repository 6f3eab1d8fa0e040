"""What id and telephone fields have in common: the characters people type."""

import unicodedata
from itertools import pairwise

_TIDY = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u202a\u202c\u202d\u202e"))
_TIDY |= dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def narrow(text: str) -> str:
    """Half-width form with one kind of hyphen and without invisible characters.

    >>> narrow("０７３１—１\u200b，（女儿）")
    '0731-1,(女儿)'
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).translate(_TIDY)


def is_filler(digits: str) -> bool:
    """Digits that somebody typed to get past a mandatory field.

    >>> is_filler("11111111111"), is_filler("12345678901"), is_filler("87654321")
    (True, True, True)
    >>> is_filler("13900001234")
    False
    """
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps <= {0} or steps in ({1}, {9})
