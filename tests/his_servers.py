"""Real database servers for the tests of the data exchange, and a TCP server that misbehaves."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import sqlalchemy as sa


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MariaDb:
    """A server of our own, on loopback, in a folder that is thrown away."""

    def __init__(self, folder: Path, durable: bool = False):
        self.folder, self.port, self.process, self.durable = folder, free_port(), None, durable
        options = ["--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal"]
        owner = ["--user=root"] if os.getuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", *options, *owner, "--skip-test-db"], check=True, capture_output=True, timeout=120
        )
        self.start()
        with self.engine("mysql").begin() as connection:
            connection.exec_driver_sql("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'geheim'")
            connection.exec_driver_sql("GRANT SELECT ON *.* TO reader@'127.0.0.1'")

    def start(self) -> None:
        binary = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        owner = ["--user=root"] if os.getuid() == 0 else []
        self.process = subprocess.Popen(
            [binary, "--no-defaults", *owner, f"--datadir={self.folder}/data", f"--port={self.port}"]
            + [f"--socket={self.folder}/socket", "--bind-address=127.0.0.1", "--skip-name-resolve=OFF"]
            + [f"--innodb-flush-log-at-trx-commit={2 * self.durable}", "--innodb-buffer-pool-size=256M"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _attempt in range(300):
            with contextlib.suppress(sa.exc.OperationalError), self.engine("mysql").connect():
                return
            time.sleep(0.1)  # pylint: disable=sleep-in-test
        raise AssertionError("MariaDB did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)

    def engine(self, database: str) -> sa.Engine:
        url = f"mysql+pymysql://root@localhost/{database}?unix_socket={self.folder}/socket&charset=utf8mb4"
        return sa.create_engine(url, poolclass=sa.NullPool)

    def create(self, name: str, charset: str) -> sa.Engine:
        with self.engine("mysql").begin() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET {charset}")
        return self.engine(name)

    def connection(self, name: str) -> dict:
        return {
            "driver": "mysql",
            "host": "127.0.0.1",
            "port": self.port,
            "database": name,
            "username": "reader",
            "secret_ref": "TEST_READER",
        }


class Faulty:
    """Accepts connections and then does one wrong thing, between a client and (sometimes) a real server.

    silent: never says a word; reset: hangs up at once; garbage: speaks nonsense;
    slow: passes everything on, 4 KB at a time with a pause after each;
    stall: passes the first ``after`` bytes of the server on and then nothing; cut: hangs up there instead.
    ``target``: the real server's port, or the file of its socket.
    """

    def __init__(self, fault: str, target: int | str = 0, after: int = 0):
        self.fault, self.target, self.after = fault, target, after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            self.kept.append(client)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.fault == "reset":
            client.close()
        elif self.fault == "garbage":
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
        elif self.fault in ("slow", "stall", "cut"):
            server = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
            server.connect(self.target if isinstance(self.target, str) else ("127.0.0.1", self.target))
            self.kept.append(server)
            threading.Thread(target=self._pump, args=[client, server, None], daemon=True).start()
            self._pump(server, client, None if self.fault == "slow" else self.after, self.fault == "slow")

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None, slow: bool = False) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data if limit is None else data[: max(0, limit - passed)])
                passed += len(data)
                if slow:
                    time.sleep(0.03)  # pylint: disable=sleep-in-test
                if limit is not None and passed >= limit:
                    if self.fault == "cut":
                        sink.shutdown(socket.SHUT_RDWR)
                        sink.close()
                    return

    def close(self) -> None:
        self.listener.close()
        for connection in self.kept:
            connection.close()
