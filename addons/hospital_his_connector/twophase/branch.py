"""The HIS's side of a transaction: begun, prepared, found again, finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ..exchange import drivers
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed
from ..exchange.reader import explained
from ..writing.connections import writable
from ..writing.delivery import execute
from .words import WORDS, Words

Frames = Iterator[dict[str, Any]]


def prepare(job: dict[str, Any]) -> Frames:
    """Do the write and prepare it: from now on only a decision ends it. One that changes nothing is a refusal."""
    gid, source = job["gid"], job["source"]
    with _connected(job) as (connection, words):
        yield {"type": "connected"}
        words.check(connection)
        words.begin(connection, gid)
        rows = execute(connection, source, job["write"])
        if rows < 1:
            words.forget(connection, gid)
            raise ReadingFailed("nothing_matched")
        words.prepare(connection, gid)
        yield {"type": "prepared", "rows": rows}


def finish(job: dict[str, Any]) -> Frames:
    """Commit or roll back what was prepared; what the HIS does not hold has been finished before."""
    with _connected(job) as (connection, words):
        yield {"type": "connected"}
        try:
            words.finish(connection, job["gid"], job["commit"])
        except sa.exc.DBAPIError:
            if connection.invalidated or job["gid"] in words.prepared(connection):
                raise


def branches(job: dict[str, Any]) -> Frames:
    """What is prepared in the HIS and is ours."""
    with _connected(job) as (connection, words):
        yield {"type": "connected"}
        words.check(connection)
        yield {"type": "branches", "gids": [gid for gid in words.prepared(connection) if gid.startswith(job["prefix"])]}


@contextmanager
def _connected(job: dict[str, Any]) -> Iterator[tuple[sa.Connection, Words]]:
    """An error costs the connection, and with it whatever it had begun and not prepared."""
    source, limits = job["source"], Limits(**job["limits"])
    with (
        explained(drivers.get(source["driver"]), source, limits.silence, ""),
        writable(source, limits) as connection,
    ):
        words = WORDS.get(connection.dialect.name)
        if not words:
            raise ReadingFailed("together_impossible")
        yield connection, words
