"""Names as people type them: the characters, the initials of their sounds, the sounds in full.

A record keeps the tails of its names, so that whatever is typed is the beginning of one of them: an index of
tsvector kind answers that in any collation, for a single character too. Where a character has several sounds
(重, 长, 行) each is kept.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from pypinyin import Style, lazy_pinyin, pinyin

from ..identity.text import narrow

# Nobody types more before looking at the hits.
LONGEST = 16
# Ways to read one name; a name with more of them is kept as it is usually read, with one sound changed at a time.
READINGS = 16


def keys(names: Iterable[str | None]) -> str:
    """The keys of a record, those from the beginning of a name first, separated by blanks.

    >>> keys(["长春新碱"]).split()[:5]
    ['长春新碱', 'ccxj', 'ccxx', 'zcxj', 'zcxx']
    >>> set("春新碱 cxj chunxinjian 碱 j jian".split()) <= set(keys(["长春新碱"]).split())
    True
    >>> keys(["维生素B12"]).split()[:3]
    ['维生素b12', 'wssb12', 'weishengsub12']
    >>> keys([None, ""])
    ''
    """
    found: dict[str, int] = {}
    for name in names:
        for position, key in _tails(_plain(name or "")):
            found[key] = min(position, found.get(key, position))
    return " ".join(sorted(found, key=found.__getitem__))


def terms(text: str) -> list[str]:
    """What somebody typed, as beginnings of keys.

    >>> terms(" AMXL　jiaonang "), terms("0.25g 阿莫西林"), terms("'); --")
    (['amxl', 'jiaonang'], ['025g', '阿莫西林'], [])
    """
    return [term for part in narrow(text).split() if (term := _plain(part)[:LONGEST])]


def tsquery(text: str) -> str:
    """The terms as PostgreSQL asks a tsvector for them, or "" for anything.

    >>> tsquery("amxl 胶囊"), tsquery("-")
    ("'amxl':* & '胶囊':*", '')
    """
    return " & ".join(f"'{term}':*" for term in terms(text))


def _plain(text: str) -> str:
    return "".join(character for character in narrow(text).lower() if character.isalnum())


def _tails(name: str) -> Iterable[tuple[int, str]]:
    usual = lazy_pinyin(name, errors=list)
    if len(usual) != len(name):  # a character outside the tables was taken apart
        usual = list(name)
    sounds = [_sounds(character, sound) for character, sound in zip(name, usual, strict=True)]
    for position in range(len(name)):
        yield position, name[position:][:LONGEST]
        tail = sounds[position : position + LONGEST]
        initials = [tuple(dict.fromkeys(sound[0] for sound in own)) for own in tail]
        for readings in (initials, tail):
            yield from ((position, "".join(reading)[:LONGEST]) for reading in _readings(readings))


def _sounds(character: str, usual: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((usual, *_all_sounds(character))))


@lru_cache(maxsize=8192)
def _all_sounds(character: str) -> tuple[str, ...]:
    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


def _readings(sounds: list[tuple[str, ...]]) -> Iterable[tuple[str, ...]]:
    """
    >>> list(_readings([("c", "z"), ("c",), ("j", "x")]))
    [('c', 'c', 'j'), ('c', 'c', 'x'), ('z', 'c', 'j'), ('z', 'c', 'x')]
    >>> len(list(_readings([("a", "b")] * 6)))
    7
    """
    count = 1
    for own in sounds:
        count *= len(own)
    if count <= READINGS:
        yield from product(*sounds)
        return
    usual = tuple(own[0] for own in sounds)
    yield usual
    for place, own in enumerate(sounds):
        for other in own[1:]:
            yield (*usual[:place], other, *usual[place + 1 :])
