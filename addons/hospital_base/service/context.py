"""What a running service may ask of the kernel."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable

from .blocking import in_process, in_thread


class Context:
    def __init__(self, transact: Callable | None = None):
        self.stopping = False
        self.message = ""
        self._transact = transact
        self._woken = asyncio.Event()
        # a hint what to look at; what really is to do stands in the tables, for a NOTIFY can be lost
        self._payloads: deque[str] = deque(maxlen=1000)

    async def wait(self, timeout: float | None = None) -> list[str]:
        """Sleep until NOTIFY, stop or timeout; the payloads that came since the last call."""
        if not self._payloads and not self.stopping:
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), timeout)
        payloads = list(self._payloads)
        self._payloads.clear()
        return payloads

    async def transaction(self, function: Callable, *args, deadline: float):
        """`function(env, *args)` as superuser in a thread, then commit; a late or cancelled one is rolled back."""
        abandoned = threading.Event()
        try:
            return await in_thread(self._transact, abandoned, function, *args, deadline=deadline)
        finally:
            abandoned.set()

    async def run_blocking(self, function: Callable, *args, deadline: float, process: bool = False):
        """`function(*args)` outside the loop, TimeoutError after `deadline` seconds.

        A thread is only left behind then, so it is for what ends by itself. A driver that may hang for ever
        needs `process`: there the function is importable, its arguments and result can be pickled, it is killed.
        """
        return await (in_process if process else in_thread)(function, *args, deadline=deadline)

    def report(self, message: str):
        """A word for the board, shown with the next heartbeat. No patient data."""
        self.message = message

    # ------------------------------------------------------------------ the kernel's side
    def wake(self, payload: str):
        self._payloads.append(payload)
        self._woken.set()

    def stop(self):
        self.stopping = True
        self._woken.set()
