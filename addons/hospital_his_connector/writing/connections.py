"""The child's one open connection that may write; kept from job to job, dropped at the first error."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from ..exchange.limits import Limits
from ..exchange.reader import connect


class _Kept:
    def __init__(self) -> None:
        self.stack = contextlib.ExitStack()
        self.source: dict[str, Any] | None = None
        self.connection: sa.Connection | None = None

    def drop(self) -> None:
        self.source = self.connection = None
        with contextlib.suppress(Exception):  # it is broken, that is why it goes
            self.stack.close()


_KEPT = _Kept()


@contextlib.contextmanager
def writable(source: dict[str, Any], limits: Limits) -> Iterator[sa.Connection]:
    """A connection in autocommit: each statement is a transaction of its own unless it begins one."""
    if _KEPT.source != source:
        _KEPT.drop()
        connection = _KEPT.stack.enter_context(connect(source, limits, write=True))
        _KEPT.source, _KEPT.connection = source, connection
    try:
        yield _KEPT.connection
    except BaseException:
        _KEPT.drop()
        raise
