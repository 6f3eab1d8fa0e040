"""Rows of a query after a mark, as a stream: memory does not grow with the table.

Keyset reading, ``ORDER BY watermark, key`` after the last pair seen: no page numbers, no LIMIT in any
dialect, and a reading that was killed goes on where the last written batch ended. Rows without a watermark
come in a second pass.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from . import drivers, marks
from .drivers.driver import Driver
from .limits import Limits
from .problems import ReadingFailed, safe_message

FETCH = 1000

Row = tuple[Any, ...]


@contextmanager
def connect(source: dict[str, Any], limits: Limits) -> Iterator[sa.Connection]:
    """A connection that streams; what the driver complains of becomes a ReadingFailed."""
    driver = drivers.get(source["driver"])
    try:
        importlib.import_module(driver.module)
    except ImportError:
        raise ReadingFailed("no_driver", module=driver.module, install=driver.install) from None
    with explained(driver, source, stage="connecting"):
        engine = sa.create_engine(
            driver.make_url(source), connect_args=driver.connect_args(limits), poolclass=sa.NullPool
        )
        if driver.prepare:
            sa.event.listen(engine, "connect", lambda connection, _record: driver.prepare(connection))
        connection = engine.connect()
    with connection:
        yield connection.execution_options(stream_results=True, max_row_buffer=FETCH)


@contextmanager
def explained(driver: Driver, source: dict[str, Any], query: str = "", stage: str = "reading") -> Iterator[None]:
    """Turn the driver's exceptions into a code with arguments, without data."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError, ValueError, RuntimeError) as error:
        message = str(error)
        code = driver.explain(message) or ("no_connection" if stage == "connecting" else "database")
        place = {name: source.get(name) or "" for name in ("host", "port", "database", "username")}
        raise ReadingFailed(code, message=safe_message(message, query), **place) from None


def literal(query: str) -> str:
    """The query without bind parameters: its colons are its own."""
    return re.sub(r"\\?:", r"\\:", query)


class Reader:
    """One reading of one query.

    ``rows()`` yields the rows; ``mark()`` is where to go on after the last one yielded, and after the end where
    the next reading begins.
    """

    def __init__(self, connection: sa.Connection, job: dict[str, Any]) -> None:
        self.connection = connection
        self.source = job["source"]
        self.driver = drivers.get(self.source["driver"])
        self.query = job["query"].strip().rstrip(";")
        self.overlap = float(job.get("overlap") or 0)
        self.started = datetime.now(ZoneInfo(job.get("timezone") or "Asia/Shanghai"))
        self.since = marks.checked(job.get("since"), self.started)
        self.columns = self._columns()
        self.key = self._place(job["key"])
        self.watermark = self._place(job["watermark"]) if job.get("watermark") else None
        self._mark: Row | dict[str, Any] | None = self.since or None
        self._phase, self._begin = marks.ROWS, None

    def rows(self) -> Iterator[Row]:
        """All rows after the mark, then those without a watermark."""
        since, begin = self.since, self.since.get("w")
        if self.watermark is not None and since.get("phase") != marks.WITHOUT:
            usable = marks.usable(self.started, marks.unpack(begin))
            self._mark = since
            for row in self._pass(marks.ROWS, begin, since.get("k")):
                if usable(row[self.watermark]):
                    self._mark = row
                yield row
            mark = self.mark()
            if mark and mark["k"]:
                begin = marks.pack(marks.earlier(marks.unpack(mark["w"]), self.overlap))
            since = {}
        self._phase, self._begin = marks.WITHOUT, begin
        for row in self._pass(marks.WITHOUT, begin, since.get("k")):
            self._mark = row
            yield row
        self._mark = None if self.watermark is None else {"phase": marks.ROWS, "w": begin, "k": None}

    def mark(self) -> dict[str, Any] | None:
        """Packed only when somebody asks: once a batch."""
        row = self._mark
        if row is None or isinstance(row, dict):
            return row
        watermark = self._begin if self._phase == marks.WITHOUT else marks.pack(row[self.watermark])
        return {"phase": self._phase, "w": watermark, "k": marks.pack(row[self.key])}

    def _pass(self, phase: str, begin: list | None, key: list | None) -> Iterator[Row]:
        key_name = self._quoted(self.key)
        parameters = {}
        conditions = []
        order = key_name
        if phase == marks.ROWS:
            name = self._quoted(self.watermark)
            order = f"{name}, {key_name}"
            if begin is None:
                conditions.append(f"{name} IS NOT NULL")
            elif key is None:
                conditions.append(f"{name} >= :w")
                parameters = {"w": marks.unpack(begin)}
            else:
                conditions.append(f"({name} > :w OR ({name} = :w AND {key_name} > :k))")
                parameters = {"w": marks.unpack(begin), "k": marks.unpack(key)}
        else:
            if self.watermark is not None:
                conditions.append(f"{self._quoted(self.watermark)} IS NULL")
            if key is not None:
                conditions.append(f"{key_name} > :k")
                parameters = {"k": marks.unpack(key)}
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        yield from self._execute(f"SELECT * FROM ({literal(self.query)}) q{where} ORDER BY {order}", parameters)

    def _execute(self, statement: str, parameters: dict[str, Any]) -> Iterator[Row]:
        with explained(self.driver, self.source, self.query):
            result = self.connection.execute(sa.text(statement), parameters)
            for part in result.partitions(FETCH):
                yield from part

    def _columns(self) -> list[str]:
        with explained(self.driver, self.source, self.query):
            result = self.connection.execute(sa.text(f"SELECT * FROM ({literal(self.query)}) q WHERE 1 = 0"))
            columns = list(result.keys())
            result.close()
        return columns

    def _place(self, name: str) -> int:
        for place, column in enumerate(self.columns):
            if column.casefold() == name.strip().casefold():
                return place
        raise ReadingFailed("no_column", column=name, columns=", ".join(self.columns)[:300])

    def _quoted(self, place: int) -> str:
        quoted = self.connection.dialect.identifier_preparer.quote_identifier(self.columns[place])
        return quoted.replace(":", r"\:")
