"""Servers that may be killed, and a wire that knows when: what the tests of distributed transactions need."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg2
from his_servers import free_port


class PostgreSql:
    """A cluster of the test's own, reached over TCP; `crash()` is an immediate shutdown, as if the power failed."""

    def __init__(self, *settings: str):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="hospital-pg-"))
        self._as_owner = []
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres")
            self._as_owner = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "--auth=trust", "--username=hospital", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        own = ["listen_addresses = '127.0.0.1'", f"port = {self.port}", f"unix_socket_directories = '{self.folder}'"]
        with (self.folder / "postgresql.conf").open("a") as conf:
            # Not synced: what the system has been given survives the death of a process.
            settings = ("shared_buffers = 64MB", "jit = off", "fsync = off", "full_page_writes = off", *settings)
            conf.write("\n".join([*own, *settings]) + "\n")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as_owner, program, "--pgdata", str(self.folder), *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=120,
        )

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", "--log", str(self.folder / "server.log"))

    def crash(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate")

    def restart(self) -> None:
        self.crash()
        self.start()

    def close(self) -> None:
        self.crash()
        shutil.rmtree(self.folder)

    def query(self, database: str, statement: str, *parameters):
        with contextlib.closing(
            psycopg2.connect(host="127.0.0.1", port=self.port, user="hospital", dbname=database)
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []


class Trap:
    """Springs at the n-th request that goes over any of its wires: before the server gets it, or after it has answered.

    What follows on that wire is lost, as if the cable had been cut at that moment.
    """

    def __init__(self):
        self.count = 0
        self._at, self._answered, self._spring = 0, False, None
        self._lock = threading.RLock()

    def set(self, at: int, answered: bool, spring) -> None:
        with self._lock:
            self.count = 0
            self._at, self._answered, self._spring = at, answered, spring

    def request(self) -> str:
        """What to do with a request: pass, cut, or cut once it is answered."""
        with self._lock:
            self.count += 1
            if not self._spring or self.count != self._at:
                return "pass"
            return "answer" if self._answered else "cut"

    def spring(self) -> None:
        with self._lock:  # nothing goes over any wire until it has happened
            spring, self._spring = self._spring, None
            if spring:
                spring()


class Wire:
    """Between one client and one server, on loopback."""

    def __init__(self, port: int, trap: Trap):
        self.target, self.trap = port, trap
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cut = threading.Event()
        threading.Thread(target=self._answers, args=[server, client, cut], daemon=True).start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                what = self.trap.request()
                if what == "cut":
                    self.trap.spring()
                    break
                if what == "answer":
                    cut.set()
                server.sendall(data)
        _close(client, server)

    def _answers(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if cut.is_set():
                    self.trap.spring()
                    break
                client.sendall(data)
        _close(client, server)

    def close(self) -> None:
        self.listener.close()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def until(condition, what: str, patience: float = 60):
    end = time.monotonic() + patience
    while not (result := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.05)  # pylint: disable=sleep-in-test
    return result
