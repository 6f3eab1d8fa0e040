"""Runs the services of one process: leads, stands by, restarts, reports, stops."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable

import psycopg2

from . import board
from .backoff import delay
from .base import Service
from .link import ConnectionLost, Link
from .post import Post

_logger = logging.getLogger(__name__)

LOCKS = 0x484F5350  # "HOSP": first half of the name of every advisory lock of ours
POLL = 0.3  # how long a free lock may go unnoticed; waiting in the database instead would hold back vacuum
BEAT = 5.0
LEAVE = 10.0  # a cancelled service that stays longer is a second leader


class Kernel:
    def __init__(self, connect: Callable, services: Iterable[type[Service]], transact: Callable | None = None):
        self.host = socket.gethostname()
        self.pid = os.getpid()
        self.posts = [Post(service, transact, self._nudge) for service in services]
        self._connect = connect
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        self._board_problem = ""

    async def run(self):
        failures = 0
        while not self._stopping.is_set():
            try:
                async with Link(self._connect, self._notified, self._lost) as link:
                    failures = 0
                    _logger.info("Services on %s (%s): connected", self.host, self.pid)
                    await self._session(link)
            except ConnectionLost as error:
                failures += 1
                pause = delay(failures, first=0.5, longest=15)
                _logger.warning("Database connection lost (%s), again in %.1f s", error, pause)
                await self._leave("standby")
                await _until(self._stopping, pause)

    def stop(self):
        self._stopping.set()
        self._changed.set()

    def stop_on_signals(self):
        """SIGINT, SIGTERM and Windows' Ctrl-Break end orderly; the second one ends at once."""
        loop = asyncio.get_running_loop()

        def handle(number, _frame):
            signal.signal(number, signal.SIG_DFL)
            loop.call_soon_threadsafe(self.stop)

        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), handle)

    # ------------------------------------------------------------------ one connection
    async def _session(self, link: Link):
        for channel in {channel for post in self.posts for channel in post.channels}:
            await link.execute(f'LISTEN "{channel}"')
        beat_at = 0.0
        while not self._stopping.is_set():
            link.check()  # or cancelled services would pass for failed ones
            changed = self._changed.is_set()
            self._changed.clear()
            for post in self.posts:
                if post.ended:
                    post.settle()
                    await link.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS, post.key))
                post.stand_by()
            await self._take(link)
            if changed or self._changed.is_set() or time.monotonic() >= beat_at:
                await self._beat(link, "running")
                beat_at = time.monotonic() + BEAT
            await _until(self._changed, POLL)
        await asyncio.gather(*(post.stop() for post in self.posts))
        await self._leave("stopped")
        await link.execute("SELECT pg_advisory_unlock_all()")
        await self._beat(link, "stopped")
        _logger.info("Services on %s (%s): stopped", self.host, self.pid)

    async def _take(self, link: Link):
        """Lead what nobody leads. Also without candidates: the question shows that the connection lives."""
        candidates = {post.key: post for post in self.posts if post.wants_to_lead}
        rows = await link.execute(
            "SELECT key FROM unnest(%s::int[]) AS key WHERE pg_try_advisory_lock(%s, key)", (list(candidates), LOCKS)
        )
        for (key,) in rows:
            candidates[key].start()

    async def _beat(self, link: Link, state: str):
        names = ", ".join(post.name for post in self.posts)
        rows = [("kernel", False, state, names)]
        rows += [(post.name, post.leader, post.state, post.message) for post in self.posts]
        problem = ""
        try:
            await board.beat(link, self.host, self.pid, rows)
            await board.tidy(link, self.host, self.pid, rows)
        except psycopg2.Error as error:  # the board is being upgraded or is gone: the work goes on
            problem = str(error).partition("\n")[0]
        if problem and problem != self._board_problem:
            _logger.warning("The board of services cannot be written: %s", problem)
        self._board_problem = problem

    async def _leave(self, state: str):
        self._lost()
        if tasks := [post.task for post in self.posts if post.task]:
            _done, staying = await asyncio.wait(tasks, timeout=LEAVE)
            if staying:
                _logger.critical("Services do not stop, leaving hard: %s", [task.get_name() for task in staying])
                os._exit(1)
        for post in self.posts:
            post.release(state)

    # ------------------------------------------------------------------ called from outside the session
    def _nudge(self):
        self._changed.set()

    def _lost(self):
        for post in self.posts:
            post.cancel()

    def _notified(self, channel: str, payload: str):
        for post in self.posts:
            if post.context and channel in post.channels:
                post.context.wake(payload)


async def _until(event: asyncio.Event, seconds: float):
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
