"""Rows of a query after a mark, as a stream: memory does not grow with the table.

Keyset reading, ``ORDER BY watermark, key`` after the last pair seen: no page numbers, no LIMIT in any
dialect, and a reading that was killed goes on where the last written batch ended. Rows without a watermark
come in a second pass.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from . import drivers, keyset, marks, repair
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
    with explained(driver, source, limits.connect):
        connection = _engine(driver, source, limits).connect()
    with connection:
        yield connection.execution_options(stream_results=True, max_row_buffer=FETCH)


def _engine(driver: Driver, source: dict[str, Any], limits: Limits) -> sa.Engine:
    options = {"poolclass": sa.NullPool, **driver.engine}
    if driver.start:
        driver.start(source)
    if driver.connect:
        engine = sa.create_engine(f"{driver.dialect}://", creator=lambda: driver.connect(source, limits), **options)
    else:
        engine = sa.create_engine(driver.make_url(source), connect_args=driver.connect_args(limits), **options)
    if driver.prepare:
        sa.event.listen(engine, "connect", lambda connection, _record: driver.prepare(connection, source))
    return engine


@contextmanager
def explained(driver: Driver, source: dict[str, Any], seconds: float, query: str | None = None) -> Iterator[None]:
    """Turn the driver's exceptions into a code with arguments, without data; without a query it is connecting."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError, ValueError, RuntimeError) as error:
        message = _words(error)
        code = driver.explain(message) or ("no_connection" if query is None else "database")
        if query is None and code == "silence":
            code = "connect_timeout"
        place = {name: source.get(name) or "" for name in ("host", "database", "username", "oracle_client")}
        place |= {"port": source.get("port") or driver.port, "seconds": round(seconds)}
        raise ReadingFailed(code, message=safe_message(message, query), **place) from None


def _words(error: Exception) -> str:
    """What the driver said; FreeTDS says it in bytes, Chinese too."""
    parts = getattr(error, "orig", error).args
    if parts and isinstance(parts[0], tuple):
        parts = parts[0]
    if any(isinstance(part, bytes) for part in parts):
        return " ".join(part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in parts)
    return str(error)


def charset(connection: sa.Connection, source: dict[str, Any]) -> str:
    """The character set of the HIS's database, if it tells."""
    query = drivers.get(source["driver"]).charset
    try:
        return str(connection.execute(sa.text(query)).scalar() or "") if query else ""
    except sa.exc.SQLAlchemyError:
        return ""


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
        self.silence = float(job["limits"]["silence"])
        self.repair = repair.row(self.source.get("text_repair") or "")
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
                yield self.repair(row)
            mark = self.mark()
            if mark and mark["k"]:
                begin = marks.pack(marks.earlier(marks.unpack(mark["w"]), self.overlap))
            since = {}
        self._phase, self._begin = marks.WITHOUT, begin
        for row in self._pass(marks.WITHOUT, begin, since.get("k")):
            self._mark = row
            yield self.repair(row)
        self._mark = None if self.watermark is None else {"phase": marks.ROWS, "w": begin, "k": None}

    def mark(self) -> dict[str, Any] | None:
        """Packed only when somebody asks: once a batch."""
        row = self._mark
        if row is None or isinstance(row, dict):
            return row
        watermark = self._begin if self._phase == marks.WITHOUT else marks.pack(row[self.watermark])
        return {"phase": self._phase, "w": watermark, "k": marks.pack(row[self.key])}

    def _pass(self, phase: str, begin: list | None, key: list | None) -> Iterator[Row]:
        name = None if self.watermark is None else self._quoted(self.watermark)
        statement, parameters = keyset.statement(
            self.query, self._quoted(self.key), name, phase, marks.unpack(begin), marks.unpack(key)
        )
        with explained(self.driver, self.source, self.silence, self.query):
            result = self.connection.execute(sa.text(statement), parameters)
            for part in result.partitions(FETCH):
                yield from part

    def _columns(self) -> list[str]:
        """As the database spells them: Oracle and DB2 shout, and SQLAlchemy's names whisper."""
        with explained(self.driver, self.source, self.silence, self.query):
            result = self.connection.execute(
                sa.text(keyset.no_rows(self.query)), execution_options={"stream_results": False}
            )
            columns = [column[0] for column in result.cursor.description]
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
