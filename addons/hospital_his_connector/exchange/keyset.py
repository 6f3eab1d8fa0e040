"""The SELECT of one pass: the same words for every kind of database.

No LIMIT, no row numbers, no comparison of pairs, no AS before an alias: what Oracle 9, DB2, SQL Server 7 and SQLite
all understand. The query itself may hold colons (times, casts): only ours are parameters.
"""

import re
from typing import Any

from . import marks


def statement(
    query: str, key: str, watermark: str | None, phase: str, begin: Any = None, after: Any = None
) -> tuple[str, dict[str, Any]]:
    r"""SQL for ``sqlalchemy.text`` with its parameters. ``key`` and ``watermark`` are quoted names of columns.

    >>> statement("SELECT * FROM br", '"ID"', '"GXSJ"', marks.ROWS)
    ('SELECT * FROM (SELECT * FROM br) q WHERE "GXSJ" IS NOT NULL ORDER BY "GXSJ", "ID"', {})
    >>> statement("SELECT * FROM br", "id", "gxsj", marks.ROWS, 7)
    ('SELECT * FROM (SELECT * FROM br) q WHERE gxsj >= :w ORDER BY gxsj, id', {'w': 7})
    >>> sql, parameters = statement("SELECT * FROM br", "id", "gxsj", marks.ROWS, 7, "P1")
    >>> sql[sql.index("WHERE"):], parameters
    ('WHERE (gxsj > :w OR (gxsj = :w AND id > :k)) ORDER BY gxsj, id', {'w': 7, 'k': 'P1'})
    >>> statement("SELECT * FROM br WHERE t > '08:00'", "id", "gxsj", marks.WITHOUT, 7, "P1")
    ("SELECT * FROM (SELECT * FROM br WHERE t > '08\\:00') q WHERE gxsj IS NULL AND id > :k ORDER BY id", {'k': 'P1'})
    """
    conditions, order, parameters = [], [key], {}
    if phase == marks.ROWS:
        order.insert(0, watermark)
        if begin is None:
            conditions.append(f"{watermark} IS NOT NULL")
        else:
            parameters["w"] = begin
            conditions.append(
                f"{watermark} >= :w" if after is None else f"({watermark} > :w OR ({watermark} = :w AND {key} > :k))"
            )
    else:
        if watermark is not None:
            conditions.append(f"{watermark} IS NULL")
        if after is not None:
            conditions.append(f"{key} > :k")
    if after is not None:
        parameters["k"] = after
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{all_rows(query)}{where} ORDER BY {', '.join(order)}", parameters


def columns(query: str, names: list[str]) -> str:
    """
    >>> columns("SELECT * FROM br", ["id", "rysj"])
    'SELECT id, rysj FROM (SELECT * FROM br) q'
    """
    return f"SELECT {', '.join(names)} FROM ({_literal(query)}) q"


def among(query: str, key: str) -> str:
    """
    >>> among("SELECT * FROM br", "id")
    'SELECT * FROM (SELECT * FROM br) q WHERE id IN :keys'
    """
    return f"SELECT * FROM ({_literal(query)}) q WHERE {key} IN :keys"


def all_rows(query: str) -> str:
    """
    >>> all_rows("SELECT 1 x;")
    'SELECT * FROM (SELECT 1 x) q'
    """
    return f"SELECT * FROM ({_literal(query.strip().rstrip(';'))}) q"


def no_rows(query: str) -> str:
    """
    >>> no_rows("SELECT 1 x")
    'SELECT * FROM (SELECT 1 x) q WHERE 1 = 0'
    """
    return f"{all_rows(query)} WHERE 1 = 0"


def _literal(query: str) -> str:
    return re.sub(r"\\?:", r"\\:", query)
