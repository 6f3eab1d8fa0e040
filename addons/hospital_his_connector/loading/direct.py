"""Rows that a message brings: mapped and written as a feed's are, but without links and letters."""

from typing import Any, NamedTuple

from ..exchange import batch as batching
from ..exchange.mapping import Mapper
from . import LOADERS


class _Origin(NamedTuple):
    """What a loader wants to know of a feed."""

    env: Any
    source_id: Any
    kind: str
    id: int = 0


class Refusal(NamedTuple):
    """A row that was not taken."""

    external_id: str | None
    code: str
    arguments: dict[str, Any]


def take(env, source, kind: str, fields: list[dict[str, str]], rows: list[dict[str, Any]]) -> list[Refusal]:
    """Write ``rows`` of one kind; ``fields``: as in a feed's mapping, the key first. Return which were refused."""
    names = [line["column"] for line in fields]
    spec = {"kind": kind, "key": names[0], "timezone": source.tz, "fields": fields}
    mapper = Mapper(spec, names)
    loader = LOADERS[kind](_Origin(env, source, kind), mapper.sql_columns, names)
    refused = []
    for part in batching.batches(mapper, names, [tuple(row.get(name) for name in names) for row in rows]):
        refused += [Refusal(row["external_id"], row["code"], row["arguments"]) for row in part.rejected]
        if part.copy:
            letters = loader.take(part.copy, part.raw)
            refused += [Refusal(letter.external_id, letter.code, letter.arguments) for letter in letters]
    return refused
