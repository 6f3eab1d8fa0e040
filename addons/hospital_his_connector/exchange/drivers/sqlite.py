"""SQLite: a file. Opened read-only, so that a wrong path is an error and not a new empty database."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL

from ..limits import Limits
from .driver import Driver


def _url(source: dict) -> URL:
    """
    >>> _url({"database": "/srv/my his.db"}).database
    'file:/srv/my%20his.db'
    """
    path = quote(Path(source.get("database") or "").absolute().as_posix())
    return URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})


def _connect_args(limits: Limits) -> dict:
    return {"timeout": limits.connect}


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _prepare(connection, _source: dict) -> None:
    """SQLite stores what it was given, GBK bytes in a text column too."""
    connection.text_factory = _text


DRIVER = Driver(
    dialect="sqlite",
    module="sqlite3",
    install="",
    url=_url,
    prepare=_prepare,
    connect_args=_connect_args,
    causes=(
        (r"unable to open database file", "no_file"),
        (r"not a database|malformed", "not_a_database"),
        (r"database is locked", "locked"),
        (r"no such|syntax error|near \"|incomplete input|one statement|ambiguous", "bad_query"),
    ),
)
