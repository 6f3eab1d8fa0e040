"""What an unknown HIS holds: its tables and views, and the first rows of a query."""

import re
from typing import Any

import sqlalchemy as sa

from .batch import raw_rows
from .reader import explained, literal

TABLES = 5000
ROWS = 50
CELL = 2000

# Schemas that every server brings along.
_SYSTEM = re.compile(
    r"information_schema|pg_.*|mysql|performance_schema|sys|sys(tem|ibm|cat|stat|tools|fun|proc|ibmadm|aux).*|xdb|outln|"
    r"dbsnmp|appqossys|ctxsys|mdsys|ordsys|orddata|olapsys|wmsys|guest|db_.*",
    re.IGNORECASE,
)


def tables(connection: sa.Connection, driver, source: dict[str, Any]) -> list[str]:
    """Tables and views as a query has to name them: those of the user first, then those of other schemas."""
    with explained(driver, source):
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


def first_rows(connection: sa.Connection, driver, source: dict[str, Any], query: str) -> tuple[list[str], bytes]:
    """Columns and the first rows of a query, in whatever order they come: sorting may cost a HIS much."""
    with explained(driver, source, query):
        result = connection.execute(sa.text(f"SELECT * FROM ({literal(query.strip().rstrip(';'))}) q"))
        rows = [tuple(map(_short, row)) for row in result.fetchmany(ROWS)]
        return list(result.keys()), raw_rows(rows)


def _short(value: Any) -> Any:
    return value[:CELL] if isinstance(value, (str, bytes)) else value
