"""What an addon sees: the class of a service and where it is registered."""

import re

from .context import Context

REGISTERED: dict[str, type["Service"]] = {}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class Problem(Exception):
    """A failure whose text may stand on the board: it names no patient."""


class Service:
    """Runs in one process at a time; wherever the lock is, `run` runs.

    `run` may be cancelled at any await: a lost database connection is a lost leadership. When the process
    stops, `context.stopping` turns true, `context.wait` returns, and `grace` seconds later `run` is cancelled.
    Leaving `run` earlier, by an exception or not, is a failure: it is started again with back-off, here or
    on the host that stood by.
    """

    name = ""
    channels: tuple[str, ...] = ()  # NOTIFY channels beside hospital_<name>
    grace = 5.0

    def __init__(self, context: Context):
        self.context = context

    async def run(self):
        raise NotImplementedError


def register(service: type[Service]) -> type[Service]:
    """Class decorator. One class per name: two addons cannot both be "sync"."""
    if not _NAME.fullmatch(service.name):
        raise ValueError(f"Service name {service.name!r} must match {_NAME.pattern}")
    known = REGISTERED.setdefault(service.name, service)
    if (known.__module__, known.__qualname__) != (service.__module__, service.__qualname__):
        raise ValueError(f"Service {service.name!r} is already registered by {known.__module__}")
    REGISTERED[service.name] = service
    return service
