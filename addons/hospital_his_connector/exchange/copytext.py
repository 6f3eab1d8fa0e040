"""Rows as PostgreSQL's COPY text."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_SPECIAL = re.compile(r"[\\\t\n\r\x00]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": ""}


def escape(text: str) -> str:
    r"""
    >>> escape("出院带药:\t1. 阿司匹林\n2. C:\\x\0")
    '出院带药:\\t1. 阿司匹林\\n2. C:\\\\x'
    """
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text) if _SPECIAL.search(text) else text


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: Any) -> str:
    return escape(_encode(value))


_FORMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "\\N",
    str: escape,
    bool: lambda value: "t" if value else "f",
    int: str,
    Decimal: str,
    date: date.isoformat,
    datetime: lambda value: value.isoformat(sep=" "),
    list: _json,
    dict: _json,
}


def line(values: Iterable[Any]) -> str:
    r"""One row without its end.

    >>> line(["A", None, True, 3, date(2026, 11, 1), [{"n": "1"}]])
    'A\t\\N\tt\t3\t2026-11-01\t[{"n":"1"}]'
    """
    return "\t".join([_FORMS[type(value)](value) for value in values])
