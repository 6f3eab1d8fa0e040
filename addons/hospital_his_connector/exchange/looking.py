"""What an unknown HIS holds: its tables and views, and the first rows of a query."""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from . import drivers, keyset, repair
from .batch import raw_rows
from .limits import Limits
from .reader import connect, explained

TABLES = 5000
ROWS = 50
CELL = 2000

# Schemas that every server brings along.
_SYSTEM = re.compile(
    r"information_schema|pg_.*|mysql|performance_schema|sys|sys(tem|ibm|cat|stat|tools|fun|proc|ibmadm|aux).*|xdb|outln|"
    r"dbsnmp|appqossys|ctxsys|mdsys|ordsys|orddata|olapsys|wmsys|guest|db_.*",
    re.IGNORECASE,
)


def tables(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables and views that the user of the source may see."""
    source = job["source"]
    with connect(source, Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        with explained(drivers.get(source["driver"]), source, job["limits"]["silence"], ""):
            found = _tables(connection)
        yield {"type": "tables", "tables": found}


def first_rows(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Columns and first rows of the job's query."""
    source, query = job["source"], job["query"]
    with connect(source, Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        with explained(drivers.get(source["driver"]), source, job["limits"]["silence"], query):
            columns, rows = _first_rows(connection, query)
        mend = repair.row(source.get("text_repair") or "")
        short = [tuple(map(_short, mend(row))) for row in rows]
        yield {"type": "first_rows", "columns": columns, "rows": raw_rows(short)}


def _tables(connection: sa.Connection) -> list[str]:
    """Tables and views as a query has to name them: those of the user first, then those of other schemas."""
    inspector = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    own = inspector.default_schema_name
    found = []
    for schema in [None, *(name for name in inspector.get_schema_names() if name != own)]:
        if schema and (_SYSTEM.fullmatch(schema) or connection.dialect.name == "sqlite"):
            continue
        names = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
        found += [f"{quote(schema)}.{quote(name)}" if schema else quote(name) for name in sorted(names)]
        if len(found) >= TABLES:
            break
    return found[:TABLES]


def _first_rows(connection: sa.Connection, query: str) -> tuple[list[str], list[Any]]:
    """In whatever order they come: sorting may cost a HIS much."""
    result = connection.execute(sa.text(keyset.all_rows(query)))
    return list(result.keys()), result.fetchmany(ROWS)


def _short(value: Any) -> Any:
    return value[:CELL] if isinstance(value, (str, bytes)) else value
