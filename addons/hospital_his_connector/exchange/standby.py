"""Reading processes that wait for the next question: starting Python takes longer than most answers."""

import contextlib
import threading
from collections.abc import Iterator

from .parent import Session

# Of each worker process of Odoo's.
KEPT = 2

_idle: list[Session] = []
_lock = threading.Lock()


@contextlib.contextmanager
def session() -> Iterator[Session]:
    """A session that nobody else uses meanwhile; afterwards it is kept for the next."""
    with _lock:
        found = _idle.pop() if _idle else Session()
    try:
        yield found
    finally:
        with _lock:
            kept = len(_idle) < KEPT
            if kept:
                _idle.append(found)
        if not kept:
            with found:
                pass  # leaving it ends its process
