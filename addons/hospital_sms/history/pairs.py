"""The pairs of neighbouring characters of a text, as numbers of four bytes that an index of arrays holds.

Chinese words have two characters, where PostgreSQL's trigrams see nothing. A pair is its two code points side by
side, so that two pairs never share a number, but for characters outside the basic plane (emoji, rare names).
"""

from collections.abc import Iterable
from itertools import pairwise

_HALF = 1 << 16


def pairs(texts: Iterable[str]) -> list[int]:
    """Return the pairs of all ``texts``, each once, in order; capital letters count as small ones.

    >>> pairs(["停诊通知", "停诊"]) == pairs(["停诊通知"])
    True
    >>> len(pairs(["CT检查", "ct检查"])), pairs(["诊"])
    (3, [])
    """
    found: set[int] = set()
    for text in texts:
        found.update(map(_number, pairwise(map(ord, text.lower()))))
    return sorted(found)


def _number(pair: tuple[int, int]) -> int:
    """
    >>> _number((ord("停"), ord("诊"))) == (0x505C << 16 | 0x8BCA) - 2**31
    True
    """
    first, second = pair
    return (first % _HALF << 16 | second % _HALF) - (1 << 31)
