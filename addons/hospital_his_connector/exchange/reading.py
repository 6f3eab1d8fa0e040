"""What is read of a HIS for its feeds: the rows of a query, or only their keys; and the test of a connection."""

from collections.abc import Iterator
from typing import Any

from . import batch
from .keys import KeyMapper, batches, columns
from .limits import Limits
from .mapping import Mapper
from .reader import Reader, charset, connect

Frames = Iterator[dict[str, Any]]

# How much of the time that is waited for a sign of life a batch may take: rows that come slowly are one.
SHARE = 1 / 4


def test(job: dict[str, Any]) -> Frames:
    """Which server answers, and the character set of its database."""
    with connect(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        yield {"type": "server", "version": version, "charset": charset(connection, job["source"])}


def read(job: dict[str, Any]) -> Frames:
    """The columns of the query, its rows after the mark batch by batch, and the mark where the next reading begins."""
    with connect(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        reader = Reader(connection, job)
        mapper = Mapper(job, reader.columns)
        yield {"type": "columns", "columns": reader.columns, "staged": mapper.sql_columns}
        seconds = SHARE * reader.silence
        for part in batch.batches(mapper, reader.columns, reader.rows(), reader.mark, job["batch"], seconds):
            yield {"type": "batch", **part._asdict()}
        yield {"type": "mark", "mark": reader.mark()}


def read_keys(job: dict[str, Any]) -> Frames:
    """The keys that the query has now, each with its day."""
    with connect(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        names = columns(job)
        reader = Reader(connection, job)
        for part in batches(KeyMapper(job, names), reader.keys(names), seconds=SHARE * reader.silence):
            yield {"type": "keys", **part._asdict()}
