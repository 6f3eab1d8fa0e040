"""The side that stays alive: starts the reading process, waits with deadlines, and ends it.

A driver's own time limits do not hold (a server that accepts and stays silent was measured to freeze one for
minutes), so nothing here waits on a driver: a thread empties the pipe into a queue of two frames and every
wait on that queue has an end. No fork and no signals: it works on Windows too.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from odoo.addons.hospital_base import identity

from . import frames
from .limits import Limits
from .problems import ReadingFailed

BASE = str(Path(identity.__file__).resolve().parent.parent)

# Seconds that Python and a driver may take to start on a busy machine.
START = 60

Frame = tuple[dict[str, Any], dict[str, bytes]]

# What a child inherits: enough to start Python and find drivers, none of the server's secrets.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LANG", "ORACLE_HOME", "TNS_ADMIN")


class Session:
    """Readings one after the other in one child: starting Python costs more than reading a few rows.

    A reading that fails to end takes its child with it; the next one gets a new child.
    """

    def __init__(self) -> None:
        self._child: _Child | None = None

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._drop()

    def _drop(self) -> None:
        if self._child:
            self._child.end()
            self._child = None

    @contextlib.contextmanager
    def reading(self, job: dict[str, Any], limits: Limits, end: float | None = None) -> Iterator[Iterator[Frame]]:
        """Frames of one job, waited for until ``end`` (monotonic). Left early, by whatever way, its process is gone."""
        # A driver's mode may hold for its whole process (Oracle's thick mode does): one mode per child.
        mode = [job["source"].get(name) for name in ("driver", "oracle_thick", "oracle_client")]
        if self._child and self._child.mode != mode:
            self._drop()
        child = self._child = self._child or _Child(mode)
        child.finished = False
        try:
            child.send(job | {"limits": vars(limits), "base": BASE})
            yield child.frames(limits, end)
        finally:
            if not child.finished:
                self._drop()


class _Child:
    def __init__(self, mode: list[Any]) -> None:
        self.mode = mode
        self.finished = False
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-X", "utf8", str(Path(__file__).with_name("child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._inbox: queue.Queue[Frame | None] = queue.Queue(maxsize=2)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._empty_pipe, daemon=True)
        self._thread.start()

    def send(self, job: dict[str, Any]) -> None:
        """The password goes this way: a command line can be read by everybody on the machine."""
        with contextlib.suppress(BrokenPipeError):  # a dead child shows by its missing frames
            frames.write(self.process.stdin, job)

    def end(self) -> None:
        self._stopped.set()
        self.process.kill()
        self.process.wait()
        self._thread.join()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()

    def _empty_pipe(self) -> None:
        frame: Frame | None = None
        while not self._stopped.is_set():
            try:
                frame = frames.read(self.process.stdout)
            except (EOFError, OSError, ValueError):
                frame = None
            while not self._stopped.is_set():
                try:
                    self._inbox.put(frame, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if frame is None:
                return

    def frames(self, limits: Limits, end: float | None = None) -> Iterator[Frame]:
        """Only waiting counts against the limits: how long Odoo writes a batch is not the HIS's fault."""
        waited = 0.0
        patience, code = START, "not_started"
        while not self.finished:
            began = time.monotonic()
            if end:
                patience = min(patience, max(1.0, end - began))
            try:
                frame = self._inbox.get(timeout=max(0.01, min(patience, limits.total - waited)))
            except queue.Empty:
                waited += time.monotonic() - began
                if waited >= limits.total:
                    raise ReadingFailed("total", seconds=round(limits.total)) from None
                raise ReadingFailed(code, seconds=round(patience)) from None
            waited += time.monotonic() - began
            if frame is None:
                raise ReadingFailed("died", status=self.process.wait(timeout=5))
            head, _blobs = frame
            # After a failure the child goes too: FreeTDS puts the error of one login into the next one's.
            self.finished = head["type"] == "end"
            if head["type"] == "failed":
                raise ReadingFailed(head["code"], **head["arguments"])
            if head["type"] == "started":
                # The driver gives up by itself first, if it can: it knows more about the cause.
                patience, code = limits.connect + 1, "connect_timeout"
                continue
            patience, code = limits.silence, "silence"
            yield frame
