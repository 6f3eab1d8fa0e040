"""One question to the HIS while somebody waits: the query with what was typed, a few rows, mapped like any other."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from . import drivers, repair
from .limits import Limits
from .mapping import Mapper
from .problems import Rejected
from .reader import connect, explained
from .targets import TARGETS

# What a query may ask with: the text as typed, and ready for LIKE.
PARAMETERS = ("text", "pattern")
_OTHER_COLON = re.compile(rf"\\?:(?!(?:{'|'.join(PARAMETERS)})\b)")
_USED = re.compile(rf"(?<![:\\]):({'|'.join(PARAMETERS)})\b")
# A row of an answer is told and forgotten: nothing names it.
_NO_KEY = {"target": "external_id", "transform": "constant", "argument": "-"}


def statement(query: str) -> tuple[str, set[str]]:
    r"""The query as SQLAlchemy takes it, and which parameters it uses; all other colons are its own.

    >>> statement("SELECT mc FROM yp WHERE py LIKE :pattern AND sj > '08:30';")
    ("SELECT mc FROM yp WHERE py LIKE :pattern AND sj > '08\\:30'", {'pattern'})
    """
    query = query.strip().rstrip(";")
    return _OTHER_COLON.sub(r"\\:", query), set(_USED.findall(query))


def parameters(text: str) -> dict[str, str]:
    """
    >>> parameters("50% 阿_莫")
    {'text': '50% 阿_莫', 'pattern': '%50 阿莫%'}
    """
    return {"text": text, "pattern": f"%{re.sub('[%_]', '', text)}%"}


def enquire(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The one frame with what the HIS answers."""
    with connect(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        yield {"type": "answer", **_answer(connection, job)}


def _answer(connection: sa.Connection, job: dict[str, Any]) -> dict[str, Any]:
    """At most ``limit`` rows, mapped, fit for JSON; a row that cannot be read is left out and counted."""
    query, used = statement(job["query"])
    values = {name: value for name, value in parameters(job["text"]).items() if name in used}
    source = job["source"]
    mend = repair.row(source.get("text_repair") or "")
    with explained(drivers.get(source["driver"]), source, job["limits"]["silence"], job["query"]):
        result = connection.execute(sa.text(query), values)
        columns = list(result.keys())
        found = result.fetchmany(job["limit"])
        result.close()
    mapper = Mapper(job | {"fields": [_NO_KEY, *job["fields"]]}, columns)
    rows, skipped = [], 0
    for row in found:
        try:
            rows.append({name: encode(value) for name, value in mapper.values(mend(row)).items()})
        except Rejected:
            skipped += 1
    return {"rows": rows, "skipped": skipped}


def encode(value: Any) -> Any:
    """A mapped value as JSON has it."""
    return str(value) if isinstance(value, (Decimal, date)) else value


def decode(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row again, from JSON.

    >>> decode("enquiry_drug", {"name": "阿莫西林", "price": encode(Decimal("12.50")), "in_stock": True})
    {'name': '阿莫西林', 'price': 12.5, 'in_stock': True}
    >>> decode("enquiry_surgery", {"scheduled_at": encode(datetime(2026, 3, 1, 8))})
    {'scheduled_at': datetime.datetime(2026, 3, 1, 8, 0)}
    """
    readers = {"decimal": float, "date": date.fromisoformat, "datetime": datetime.fromisoformat}
    return {
        name: value if value is None else readers.get(TARGETS[kind][name].type, lambda same: same)(value)
        for name, value in row.items()
    }
