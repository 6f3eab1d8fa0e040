"""What one kind of database has to declare."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL

from ..limits import Limits


def _nothing(_limits: Limits) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Driver:
    """One kind of database.

    dialect: SQLAlchemy's name; module: what must be importable; install: the command that brings it.
    connect_args: the driver's own limits, first line of defence (the parent process is the second).
    start: done once in a process, before the first connection.
    connect: opens a connection where SQLAlchemy's way of doing it is not enough.
    prepare: done to every new connection: what the driver would choke on arrives as it is, and is rejected row by row.
    causes: (pattern in the driver's message, code of a ReadingFailed), first match wins.
    charset: the query that names the database's character set.
    engine: what else SQLAlchemy's engine is told.
    """

    dialect: str
    module: str
    install: str
    connect_args: Callable[[Limits], dict[str, Any]] = _nothing
    causes: tuple[tuple[str, str], ...] = ()
    port: int = 0
    url: Callable[[dict[str, Any]], URL] | None = None
    start: Callable[[dict[str, Any]], None] | None = None
    connect: Callable[[dict[str, Any], Limits], Any] | None = None
    prepare: Callable[[Any, dict[str, Any]], None] | None = None
    charset: str = ""
    engine: dict[str, Any] = field(default_factory=dict)

    def make_url(self, source: dict[str, Any]) -> URL:
        """The address of ``source`` (host, port, database, username, password)."""
        if self.url:
            return self.url(source)
        return URL.create(
            self.dialect,
            username=source.get("username") or None,
            password=source.get("password") or None,
            host=source.get("host") or "localhost",
            port=int(source.get("port") or self.port),
            database=source.get("database") or None,
        )

    def explain(self, message: str) -> str:
        """The code of the cause that the driver's message names, or ``""``."""
        for pattern, code in self.causes:
            if re.search(pattern, message, re.IGNORECASE):
                return code
        return ""
