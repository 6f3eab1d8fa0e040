"""What Odoo logs of a statement that failed, without its values: they may be a patient's."""

import logging
import re

import psycopg2

from .identity import mask

_VALUE = re.compile(r"'(?:[^']|'')*'")
_QUOTED = re.compile(r'"[^"]*"')


def without_values(query, error) -> tuple[str, str]:
    """Return what may be said of a statement and of its error.

    >>> without_values("UPDATE t SET a = '张伟 ''国''', n = 7".encode(), ValueError("none: 13900001234"))
    ("UPDATE t SET a = '…', n = 7", 'ValueError: none: 139****1234')
    """
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
    said = (str(error).strip().splitlines() or [""])[0]  # the lines after it show the row
    if isinstance(error, psycopg2.DataError):
        said = _QUOTED.sub('"…"', said)
    return _VALUE.sub("'…'", text), f"{type(error).__name__}: {mask.text(said)}"


class WithoutValues(logging.Filter):
    def filter(self, record):
        if str(record.msg).startswith("bad query") and len(record.args or ()) == 2:
            record.args = without_values(*record.args)
        return True


logging.getLogger("odoo.sql_db").addFilter(WithoutValues())
