"""Writes executed one after the other, each a transaction of its own in the HIS."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ..exchange import drivers
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed, safe_message
from ..exchange.reader import connect, explained
from ..exchange.transform import plain
from .connections import writable
from .operations import OPERATIONS, bind

PART = 1000
# The HIS is there and says no to this one write; every other failure concerns the HIS as a whole.
REFUSALS = frozenset(("write_refused", "bad_query", "no_permission", "locked", "bad_values")) | {
    "his_fault",
    "bad_message",
    "no_service",
}


def deliver(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One frame per write: how many rows it changed, or why the HIS refused it."""
    with writable(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        yield from each(job["writes"], lambda item: _written(item, execute(connection, job["source"], item)))


def _written(item: dict[str, Any], rows: int) -> dict[str, Any]:
    if not rows and OPERATIONS[item["operation"]].must_change:
        return {"code": "nothing_matched", "arguments": {}, "final": True}
    return {"rows": rows}


def ask(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a question; as a write, because its values are bound in the same way."""
    source, item = job["source"], job["write"]
    with connect(source, Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        with explained(drivers.get(source["driver"]), source, job["limits"]["silence"], item["statement"]):
            for part in connection.execute(*_bound(item)).partitions(PART):
                yield {"type": "rows", "rows": [list(map(plain, row)) for row in part]}


def each(items: list[dict[str, Any]], write: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What became of each; a failure that concerns the HIS as a whole ends it."""
    for item in items:
        yield {"type": "written", "id": item["id"], **_outcome(item, write)}


def _outcome(item: dict[str, Any], write: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    try:
        return write(item)
    except ReadingFailed as failure:
        if failure.code not in REFUSALS:
            raise
        return {"code": failure.code, "arguments": failure.arguments}


def execute(connection: sa.Connection, source: dict[str, Any], item: dict[str, Any]) -> int:
    """The statement with its values bound; the number of rows that the driver reports."""
    try:
        return connection.execute(*_bound(item)).rowcount
    except sa.exc.SQLAlchemyError as error:
        message = str(error)
        lost = connection.closed or connection.invalidated
        code = drivers.get(source["driver"]).explain(message) or ("lost" if lost else "write_refused")
        place = {name: source.get(name) or "" for name in ("host", "port", "database", "username")}
        raise ReadingFailed(code, message=safe_message(message, item["statement"]), **place) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise ReadingFailed("bad_values", error=type(error).__name__) from None


def _bound(item: dict[str, Any]) -> tuple[sa.TextClause, dict[str, Any]]:
    statement = sa.text(item["statement"])
    values = bind(item["operation"], item["payload"], ZoneInfo(item["zone"]))
    return statement, {name: values[name] for name in statement._bindparams}
