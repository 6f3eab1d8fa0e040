"""The keys that a query of the HIS has now, and the day of each: what a comparison needs, and nothing of a patient."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from . import copytext, marks
from .mapping import Mapper, key_first
from .problems import Rejected
from .targets import DAYS

ROWS = 50_000

# name and PostgreSQL type of what ``KeyMapper.line`` makes: our key, its day, and the HIS's own key with its type
COLUMNS = (("external_id", "text"), ("at", "timestamp"), ("key_type", "text"), ("key", "text"))


def lines(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a mapping that name a row and its day."""
    return [line for line in key_first(spec) if line["target"] in ("external_id", DAYS.get(spec["kind"]))]


def columns(spec: dict[str, Any]) -> list[str]:
    """The columns of the HIS that these lines read, the key column first.

    >>> spec = {"kind": "inpatient", "key": "LSH", "fields": [{"target": "bed", "column": "CH"},
    ...     {"target": "external_id", "column": "YQ, LSH", "transform": "concat"},
    ...     {"target": "admitted_at", "column": "RYSJ", "transform": "datetime"}]}
    >>> columns(spec)
    ['LSH', 'YQ', 'RYSJ']
    """
    names = {spec["key"].strip().casefold(): spec["key"].strip()}
    for line in lines(spec):
        if line.get("transform") != "constant":
            for name in line["column"].split(",") if line.get("transform") == "concat" else [line["column"]]:
                names.setdefault(name.strip().casefold(), name.strip())
    return list(names.values())


class KeyMapper(Mapper):
    r"""The part of a mapping that names a row and its day, for rows of ``columns(spec)``.

    >>> spec = {"kind": "inpatient", "key": "LSH", "fields": [
    ...     {"target": "admitted_at", "column": "RYSJ", "transform": "datetime"}]}
    >>> mapper = KeyMapper(spec, columns(spec))
    >>> mapper.line(7, (7, "2026-11-01 07:00:00")), mapper.line("8 ", ("8 ", "不详"))
    ('7\t2026-10-31 23:00:00\tint\t7', '8\t\\N\tstr\t8 ')
    """

    def __init__(self, spec: dict[str, Any], columns: Sequence[str]) -> None:
        self._open(spec, columns, lines(spec))

    def line(self, own: Any, row: Sequence[Any]) -> str:
        """COPY text of one row, whose key is ``own`` in the HIS; raises Rejected if nothing names it."""
        key = self.external_id(row)
        if key is None:
            raise Rejected("missing")
        return copytext.line([key, self._at(row), *(marks.pack(own) or (None, None))])

    def _at(self, row: Sequence[Any]) -> Any:
        for _name, _column, read, convert, _target in self._fields[1:]:
            try:
                return convert(read(row))
            except Rejected:
                return None
        return None


class Keys(NamedTuple):
    """COPY lines of some rows; ``unnamed`` had no key."""

    copy: bytes
    unnamed: int


def batches(
    mapper: KeyMapper, rows: Iterable[tuple[Any, Sequence[Any]]], size: int = ROWS, seconds: float = math.inf
) -> Iterator[Keys]:
    """Keys by the batch, which is full after ``size`` rows or after ``seconds``.

    >>> mapper = KeyMapper({"kind": "patient", "key": "ID", "fields": []}, ["ID"])
    >>> rows = [(key, (key,)) for key in ("1", None, "2", "3")]
    >>> [(keys.copy.count(b"\\n"), keys.unnamed) for keys in batches(mapper, rows, size=2)]
    [(2, 1), (1, 0)]
    """
    found: list[str] = []
    unnamed = 0
    end = time.monotonic() + seconds
    for own, row in rows:
        try:
            found.append(mapper.line(own, row))
        except Rejected:
            unnamed += 1
        if len(found) >= size or time.monotonic() >= end:
            yield _keys(found, unnamed)
            found, unnamed = [], 0
            end = time.monotonic() + seconds
    if found or unnamed:
        yield _keys(found, unnamed)


def _keys(found: list[str], unnamed: int) -> Keys:
    return Keys("".join(f"{line}\n" for line in found).encode(errors="replace"), unnamed)
