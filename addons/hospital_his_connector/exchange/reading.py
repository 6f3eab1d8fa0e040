"""What is read of a HIS for its feeds: the rows of a query, or only their keys; and the test of a connection."""

from collections.abc import Iterator
from typing import Any

from . import batch
from .keys import KeyMapper, batches, columns
from .limits import Limits
from .mapping import Mapper
from .reader import Reader, charset, connect

Frames = Iterator[dict[str, Any]]


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
        for part in batch.batches(mapper, reader.columns, reader.rows(), reader.mark, job["batch"]):
            yield {"type": "batch", **part._asdict()}
        yield {"type": "mark", "mark": reader.mark()}


def read_keys(job: dict[str, Any]) -> Frames:
    """The keys that the query has now, each with its day."""
    with connect(job["source"], Limits(**job["limits"])) as connection:
        yield {"type": "connected"}
        names = columns(job)
        for part in batches(KeyMapper(job, names), Reader(connection, job).keys(names)):
            yield {"type": "keys", **part._asdict()}
