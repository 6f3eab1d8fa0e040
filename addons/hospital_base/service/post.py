"""One service in one process: where it stands."""

import asyncio
import logging
import time
import traceback
import zlib

import psycopg2

from ..identity import mask
from .backoff import delay
from .base import Problem, Service
from .context import Context

_logger = logging.getLogger(__name__)

STABLE = 60.0  # seconds of running after which earlier failures are forgotten


class Post:
    """state: standby -> running -> failed (waits) -> standby; stopped at the end."""

    def __init__(self, service: type[Service], transact, changed):
        self.name = service.name
        self.key = zlib.crc32(service.name.encode()) - 2**31  # second half of the lock's name: a signed int4
        self.channels = (f"hospital_{service.name}", *service.channels)
        self.state = "standby"
        self.leader = False
        self.task: asyncio.Task | None = None
        self.context: Context | None = None
        self._service = service
        self._transact = transact
        self._changed = changed
        self._error = ""
        self._failures = 0
        self._since = self._not_before = 0.0

    @property
    def message(self) -> str:
        return self._error or (self.context.message if self.context else "")

    @property
    def wants_to_lead(self) -> bool:
        return not self.leader and time.monotonic() >= self._not_before

    @property
    def ended(self) -> bool:
        return self.task is not None and self.task.done()

    def start(self):
        """The lock is ours."""
        self.leader = True
        self.context = Context(self._transact)
        self._since = time.monotonic()
        self._error = ""
        self.task = asyncio.create_task(self._service(self.context).run(), name=self.name)
        self.task.add_done_callback(lambda _task: self._changed())
        self._enter("running")

    def settle(self):
        """The service ended by itself: that is a failure, whether it raised or not."""
        error = asyncio.CancelledError() if self.task.cancelled() else self.task.exception()
        ran = time.monotonic() - self._since
        self._failures = 1 if ran >= STABLE else self._failures + 1
        pause = delay(self._failures)
        self._not_before = time.monotonic() + pause
        self._error = describe(error)
        where = "".join(traceback.format_tb(error.__traceback__)) if error else ""
        _logger.error("Service %s failed: %s, again in %.1f s\n%s", self.name, self._error, pause, where)
        self.task = None
        self.release("failed")

    def release(self, state: str):
        if self.task and not self.task.cancelled() and (error := self.task.exception()):
            _logger.info("Service %s ended with %s", self.name, describe(error))
        self.leader = False
        self.task = self.context = None
        self._enter(state)

    def stand_by(self):
        if self.state == "failed" and self.wants_to_lead:
            self._enter("standby")

    def cancel(self):
        if self.task:
            self.task.cancel()

    async def stop(self):
        if self.task:
            self.context.stop()
            await asyncio.wait({self.task}, timeout=self._service.grace)
            self.task.cancel()

    def _enter(self, state: str):
        if state != self.state:
            self.state = state
            if state != "failed":
                _logger.info("Service %s: %s", self.name, state)
            self._changed()


def describe(error: BaseException | None) -> str:
    """What the board and the log may say of an error: a patient's data may be in its text, not in its place.

    >>> describe(Problem("13900001234 is no gateway")), describe(None)
    ('139****1234 is no gateway', 'ended by itself')
    >>> try: int("张三")
    ... except ValueError as error: describe(error)  # doctest: +ELLIPSIS
    'ValueError (...:1)'
    """
    if error is None:
        return "ended by itself"
    if isinstance(error, (Problem, OSError, psycopg2.OperationalError)) and str(error).strip():
        return mask.text(str(error).strip().partition("\n")[0])[:200]
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    file = frames[-1].filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} ({file}:{frames[-1].lineno})"
