"""One patient's story: row versions in the order in which the HIS would show them.

The database at a moment is what `rows(versions, ..., moment)` of all stories say, so going on from one moment
to a later one gives the same rows as going there at once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from . import dirt, schema

_KEYS = {table.name: [column.name for column in table.primary_key.columns] for table in schema.metadata.tables.values()}
_UNRELIABLE = {"br_zsy", "zy_brxx", "mz_jzxx"}  # tables whose update time is now and then missing or late

Version = tuple[datetime, str, tuple, dict]


class Story:
    def __init__(self, rng: Random):
        self.rng = rng
        self.versions: list[Version] = []

    def write(self, at: datetime, table: str, row: dict) -> None:
        """The HIS writes this row at that time; readers may see it a little later."""
        seen = stamp = at
        if table in _UNRELIABLE:
            luck = self.rng.random()
            if luck < dirt.NO_WATERMARK:
                stamp = None
            elif luck < dirt.NO_WATERMARK + dirt.LATE_COMMIT:
                seen = at + timedelta(minutes=self.rng.randrange(2, 5))
        self._append(seen, table, row | {"gxsj": stamp})

    def resend(self, at: datetime, table: str, row: dict) -> None:
        """Now and then the same row comes twice."""
        if self.rng.random() < dirt.RESENT:
            later = at + timedelta(minutes=self.rng.randrange(5, 90))
            self._append(later, table, row | {"cfxh": 1, "gxsj": later})
            self.plant(later, "resent", table, row[_KEYS[table][0]])

    def plant(self, at: datetime, kind: str, table: str, key: str) -> None:
        self._append(at, "demo_planted", {"kind": kind, "tab": table, "lsh": key})

    def _append(self, at: datetime, table: str, row: dict) -> None:
        self.versions.append((at, table, tuple(row[key] for key in _KEYS[table]), row))


def rows(versions: list[Version], after: datetime, until: datetime) -> Iterator[tuple[str, tuple, dict]]:
    """The last version of every row that changed in (after, until].

    >>> one, two, three = (datetime(2026, 1, day) for day in (1, 2, 3))
    >>> story = [(one, "t", (7,), {"a": 1}), (three, "t", (7,), {"a": 2}), (one, "t", (8,), {"a": 5})]
    >>> list(rows(story, datetime.min, two))
    [('t', (7,), {'a': 1}), ('t', (8,), {'a': 5})]
    >>> list(rows(story, two, three))
    [('t', (7,), {'a': 2})]
    """
    latest: dict[tuple[str, tuple], dict] = {}
    for at, table, key, row in sorted(versions, key=_time):
        if after < at <= until:
            latest[table, key] = row
    for (table, key), row in latest.items():
        yield table, key, row


def _time(version: Version) -> datetime:
    return version[0]
