"""What Odoo logs of a statement that failed, without its values: they may be a patient's."""

import logging
import re
import traceback

import psycopg2

from .identity import mask

_VALUE = re.compile(r"'(?:[^']|'')*'")
_QUOTED = re.compile(r'"[^"]*"')


def without_row(error: BaseException) -> str:
    """What may be said of an error: its first line, for those after it show the row.

    >>> without_row(psycopg2.DataError('no date: "张伟"\\nLINE 1: 13900001234')), without_row(OSError("13900001234"))
    ('no date: "…"', '139****1234')
    """
    said = (str(error).strip().splitlines() or [""])[0]
    return mask.text(_QUOTED.sub('"…"', said) if isinstance(error, psycopg2.DataError) else said)


def without_values(query: bytes | str) -> str:
    """A statement without the texts in it.

    >>> without_values("UPDATE t SET a = '张伟 ''国''', n = 7".encode())
    "UPDATE t SET a = '…', n = 7"
    """
    return _VALUE.sub("'…'", query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query))


class Statements(logging.Filter):
    def filter(self, record):
        if str(record.msg).startswith("bad query") and len(record.args or ()) == 2:
            query, error = record.args
            record.args = without_values(query), f"{type(error).__name__}: {without_row(error)}"
        return True


class Tracebacks(logging.Filter):
    def filter(self, record):
        error = record.exc_info and record.exc_info[1]
        if error and not record.exc_text:
            text = "".join(traceback.format_exception(error)).rstrip()
            while error:
                if isinstance(error, psycopg2.Error) and str(error).strip():
                    text = text.replace(str(error).strip(), without_row(error))
                error = error.__cause__ or error.__context__
            record.exc_text = text
        return True


logging.getLogger("odoo.sql_db").addFilter(Statements())
for name in ("odoo.http", "odoo.addons.base.models.ir_cron"):
    logging.getLogger(name).addFilter(Tracebacks())
