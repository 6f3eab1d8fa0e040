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


# What a frame carries.
Answer = tuple[dict[str, Any], dict[str, bytes]]


def tables(connection: sa.Connection, job: dict[str, Any]) -> Answer:
    """Tables and views as a query has to name them: those of the user first, then those of other schemas."""
    with _explained(job):
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
    return {"tables": found[:TABLES]}, {}


def first_rows(connection: sa.Connection, job: dict[str, Any]) -> Answer:
    """Columns and the first rows of a query, in whatever order they come: sorting may cost a HIS much."""
    mend = repair.row(job["source"].get("text_repair") or "")
    with _explained(job):
        result = connection.execute(sa.text(keyset.all_rows(job["query"].strip().rstrip(";"))))
        rows = [tuple(map(_short, mend(row))) for row in result.fetchmany(ROWS)]
        return {"columns": list(result.keys())}, {"rows": raw_rows(rows)}


def _explained(job: dict[str, Any]):
    source = job["source"]
    return explained(drivers.get(source["driver"]), source, job["limits"]["silence"], job.get("query", ""))


def _short(value: Any) -> Any:
    return value[:CELL] if isinstance(value, (str, bytes)) else value
