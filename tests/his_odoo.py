"""Odoo in a process that forks one child per task: the registry is loaded once, a task can be killed at any moment.

Run as a script it serves; imported it is the client. ``ODOO_RC`` names the configuration.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path


class Failed(AssertionError):
    """The task raised."""


class Task:
    """Code at work in a child; ``kill()`` is kill -9."""

    def __init__(self, pid: int, result: Path):
        self.pid, self.result = pid, result

    def kill(self) -> None:
        """Return when it is gone: whatever happens next, it does not see it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        while not self.done():
            time.sleep(0.005)  # pylint: disable=sleep-in-test

    def done(self) -> bool:
        return not Path(f"/proc/{self.pid}").exists()

    def wait(self, timeout: float = 300):
        end = time.monotonic() + timeout
        while not self.done():
            if time.monotonic() > end:
                self.kill()
                raise TimeoutError
            time.sleep(0.005)  # pylint: disable=sleep-in-test
        answer = json.loads(self.result.read_text() or "null")
        if answer is None:
            return None
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]


class Odoo:
    """``run(db, code)`` executes code with ``env`` and returns what it assigns to ``result``."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self._lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, database: str, code: str, own_port: int | None = None, **values) -> Task:
        """``own_port``: that of another way to the same PostgreSQL."""
        descriptor, path = tempfile.mkstemp(dir=self.folder.name)
        os.close(descriptor)
        with self._lock:
            self.process.stdin.write(json.dumps([database, code, own_port, values, path]) + "\n")
            self.process.stdin.flush()
            return Task(int(self.process.stdout.readline()), Path(path))

    def run(self, database: str, code: str, **values):
        return self.start(database, code, **values).wait()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.folder.cleanup()


def serve() -> None:
    from odoo import sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config([], setup_logging=False)
    # The kernel reaps the children: nobody waits for them here.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        database, code, own_port, values, path = json.loads(line)
        if database not in Registry.registries:
            Registry(database)
            # A child that collects garbage would copy every page it looks at.
            gc.collect()
            gc.freeze()
        sql_db.close_all()
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if own_port:
                config["db_port"] = own_port
                Registry(database)._db = sql_db.db_connect(database)
            _child(Registry, database, code, values, path)
        print(pid, flush=True)


def _child(registry, database, code, values, path) -> None:
    from odoo import SUPERUSER_ID, api

    try:
        with registry(database).cursor() as cr:
            scope = values | {"env": api.Environment(cr, SUPERUSER_ID, {}), "result": None}
            exec(code, scope)
            answer = {"value": scope["result"]}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    Path(path).write_text(json.dumps(answer, default=str))
    os._exit(0)


if __name__ == "__main__":
    serve()
