"""The one connection that a service process stands on: locks, notifications, heartbeat.

psycopg2 blocks and Windows' event loop cannot watch a socket for it, so the connection lives in a thread of
its own. Advisory locks belong to the session: who loses the connection has lost them.
(So the connection must be a real one, not a pooler's in transaction mode.)
"""

import asyncio
import contextlib
import queue
import selectors
import socket
import threading
from collections.abc import Callable

# The server drops a silent client after 5 + 3 * 2 seconds; we must have given up before that.
ANSWER = 8.0
_SETTINGS = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    "SET lock_timeout = '1s';"  # an upgrade that locks the board must not cost the leadership
    "SET synchronous_commit = off"  # nor a slow disk
)


class ConnectionLost(Exception):
    pass


class Link:
    """
    async with Link(connect, on_notify, on_lost) as link:
        rows = await link.execute("SELECT 1")
    """

    def __init__(self, connect: Callable, on_notify: Callable[[str, str], None], on_lost: Callable[[], None]):
        self.lost = ""  # why, once it is
        self._connect = connect
        self._on_notify = on_notify
        self._on_lost = on_lost
        self._jobs: queue.SimpleQueue = queue.SimpleQueue()
        self._open: set[asyncio.Future] = set()

    async def __aenter__(self):
        self._loop = asyncio.get_running_loop()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_out.setblocking(False)
        ready = self._loop.create_future()
        threading.Thread(target=self._live, args=(ready,), daemon=True, name="hospital.service.link").start()
        await self._answer(ready)
        return self

    async def __aexit__(self, *exc):
        self._put(None)

    def check(self):
        if self.lost:
            raise ConnectionLost(self.lost)

    async def execute(self, sql: str, params: tuple | dict = ()) -> list[tuple]:
        self.check()
        future = self._loop.create_future()
        self._put((future, sql, params))
        return await self._answer(future)

    async def _answer(self, future: asyncio.Future):
        self._open.add(future)
        try:
            return await asyncio.wait_for(future, ANSWER)
        except TimeoutError as error:
            self._lose("no answer")
            raise ConnectionLost("no answer") from error
        finally:
            self._open.discard(future)

    def _put(self, job):
        self._jobs.put(job)
        with contextlib.suppress(OSError):  # the thread is gone already
            self._wake_in.send(b"\0")

    def _lose(self, reason: str):
        if self.lost:
            return
        self.lost = reason
        self._put(None)
        for future in self._open:
            _settle(future.set_exception, ConnectionLost(reason))
        self._on_lost()

    # ------------------------------------------------------------------ in the thread
    def _live(self, ready: asyncio.Future):
        connection = None
        try:
            connection = self._connect()
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SETTINGS)
            self._tell(_settle, ready.set_result, None)
            with selectors.DefaultSelector() as selector:
                selector.register(connection, selectors.EVENT_READ)
                selector.register(self._wake_out, selectors.EVENT_READ)
                while self._work(connection):
                    selector.select()
        except Exception as error:
            self._tell(self._lose, _first_line(error))
        finally:
            self._wake_out.close()
            self._wake_in.close()
            if connection:
                connection.close()

    def _work(self, connection) -> bool:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(4096)
        connection.poll()  # raises when the server has gone
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                return False
            self._run(connection, *job)
        while connection.notifies:
            notice = connection.notifies.pop(0)
            self._tell(self._on_notify, notice.channel, notice.payload)
        return True

    def _run(self, connection, future: asyncio.Future, sql: str, params: tuple | dict):
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                rows = cursor.fetchall() if cursor.description else []
        except Exception as error:
            if connection.closed:
                raise
            self._tell(_settle, future.set_exception, error)
        else:
            self._tell(_settle, future.set_result, rows)

    def _tell(self, function: Callable, *args):
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            self._loop.call_soon_threadsafe(function, *args)


def _settle(method: Callable, value):
    if not method.__self__.done():
        method(value)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
