"""Many rows into one table, as each database likes it."""

import csv
import io

from sqlalchemy import Table, and_, bindparam, delete, insert
from sqlalchemy.engine import Connection

BATCH = 10_000


def load(connection: Connection, table: Table, rows: list[dict]) -> None:
    """PostgreSQL by COPY, the others by inserts of many rows (PyMySQL folds them into one statement)."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    elif rows:
        if table.dialect_options["mysql"].get("charset") == "gbk":
            rows = [{name: _gbk(value) for name, value in row.items()} for row in rows]
        connection.execute(insert(table), rows)


def remove(connection: Connection, table: Table, keys: list[tuple]) -> None:
    columns = list(table.primary_key.columns)
    condition = and_(*(column == bindparam(f"k_{column.name}") for column in columns))
    connection.execute(
        delete(table).where(condition), [{f"k_{c.name}": v for c, v in zip(columns, key, strict=True)} for key in keys]
    )


def _gbk(value: object) -> object:
    """An old HIS keeps what its code page knows and a question mark for the rest.

    >>> _gbk("李𬭎")
    '李?'
    """
    return value.encode("gbk", "replace").decode("gbk") if isinstance(value, str) else value


def _copy(connection: Connection, table: Table, rows: list[dict]) -> None:
    names = [column.name for column in table.columns]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow(["\\N" if row.get(name) is None else row[name] for name in names])
    buffer.seek(0)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table.name} ({', '.join(names)}) FROM STDIN WITH (FORMAT csv, NULL '\\N')", buffer)
