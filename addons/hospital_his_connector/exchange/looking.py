"""What an unknown HIS holds: its tables and views, and the first rows of a query."""

import re
from typing import Any

import sqlalchemy as sa

from . import drivers, keyset, repair
from .batch import raw_rows
from .reader import explained

TABLES = 5000
ROWS = 50
CELL = 2000

# Schemas that every server brings along.
_SYSTEM = re.compile(
    r"information_schema|pg_.*|mysql|performance_schema|sys|sys(tem|ibm|cat|stat|tools|fun|proc|ibmadm|aux).*|xdb|outln|"
    r"dbsnmp|appqossys|ctxsys|mdsys|ordsys|orddata|olapsys|wmsys|guest|db_.*",
    re.IGNORECASE,
)


def look(connection: sa.Connection, job: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The frame that answers ``job``: the tables of the HIS, or columns and first rows of the job's query."""
    source, seconds = job["source"], job["limits"]["silence"]
    driver = drivers.get(source["driver"])
    if job["look"] == "tables":
        with explained(driver, source, seconds, ""):
            return {"tables": _tables(connection)}, {}
    with explained(driver, source, seconds, job["query"]):
        columns, rows = _first_rows(connection, job["query"])
    mend = repair.row(source.get("text_repair") or "")
    return {"columns": columns}, {"rows": raw_rows([tuple(map(_short, mend(row))) for row in rows])}


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
