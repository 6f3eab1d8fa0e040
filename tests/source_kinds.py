"""One HIS table on every kind of database that the tests can start, and what reads it."""

import contextlib
import os
import subprocess
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from his_servers import MariaDb
from tds_server import TdsServer

from odoo.tools import config

config.parse_config(["--log-level=error"], setup_logging=False)

from odoo.addons.hospital_his_connector.exchange import parent  # noqa: E402
from odoo.addons.hospital_his_connector.exchange.limits import Limits  # noqa: E402
from odoo.addons.hospital_his_connector.exchange.problems import ReadingFailed  # noqa: E402

BEGAN = datetime(2026, 1, 1, 8)
# Three of a second each, so that the key decides; every seventh has no time at all.
PEOPLE = [
    {
        "id": f"P{number:03}",
        "xm": f"张{chr(0x4E00 + number)}",
        "bz": "",
        "gxsj": None if number % 7 == 6 else BEGAN + timedelta(seconds=number // 3),
    }
    for number in range(40)
]
PATIENT = Limits(connect=5, silence=5)
FIELDS = [{"target": "name", "column": "xm"}]


class Source:
    """A table ``br`` (id, xm, bz, gxsj) in a database, and the connection of a source to it."""

    def __init__(self, engine: sa.Engine, connection: dict, people=PEOPLE):
        self.engine, self.connection = engine, connection | {"password": "geheim"}
        self.table = sa.Table(
            "br",
            sa.MetaData(),
            sa.Column("id", sa.String(20), primary_key=True),
            sa.Column("xm", sa.String(100)),
            sa.Column("bz", sa.String(100).with_variant(sa.NVARCHAR(100), "sqlite")),
            sa.Column("gxsj", sa.DateTime),
        )
        self.table.create(engine)
        if people:
            self.add(people)

    def add(self, rows: list[dict]) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(self.table), rows)

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def job(connection: dict, **changes) -> dict:
    """Read all people as departments: a kind of feed with few columns."""
    return {
        "work": "read", "source": connection, "query": "SELECT * FROM br", "key": "id", "watermark": "gxsj",
        "kind": "department", "fields": FIELDS, "codemaps": {}, "since": {}, "overlap": 0, "batch": 1000,
    } | changes  # fmt: skip


def read(work: dict, limits: Limits = PATIENT, broken_off: bool = False):
    """The rows (key, name) of one reading, how far it came, and whether it reached the end.

    ``broken_off``: after the first batch that is full.
    """
    rows, mark = [], work["since"]
    with parent.Session() as session, session.reading(work, limits) as heads:
        for head, blobs in heads:
            if head["type"] == "mark":
                return rows, head["mark"], True
            if head["type"] == "batch":
                lines = blobs["copy"].decode().splitlines()
                rows += [tuple(line.split("\t")[2:4]) for line in lines]
                mark = head["mark"]
                if broken_off and head["read"] == work["batch"]:
                    break
    return rows, mark, False


def failure(work: dict, limits: Limits = PATIENT) -> tuple[str, dict]:
    """Code and arguments of a reading that must fail."""
    with pytest.raises(ReadingFailed) as caught:
        read(work, limits)
    return caught.value.code, caught.value.arguments


@contextlib.contextmanager
def postgresql(encoding: str = "UTF8"):
    name = os.environ["TEST_DB_PREFIX"] + "kind"
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True, capture_output=True)
    subprocess.run(
        ["createdb", "-T", "template0", "-E", encoding, "--lc-collate=C", "--lc-ctype=C", name],
        check=True,
    )
    engine = sa.create_engine(f"postgresql+psycopg2:///{name}", poolclass=sa.NullPool)
    host, port = os.environ["PGHOST"], int(os.environ.get("PGPORT", "5432"))
    connection = {"driver": "postgresql", "host": host, "port": port, "database": name}
    try:
        yield engine, connection | {"username": os.environ["PGUSER"]}
    finally:
        subprocess.run(["dropdb", "--force", name], check=True)


@contextlib.contextmanager
def sqlite(folder):
    path = folder / "his.sqlite"
    yield sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool), {"driver": "sqlite", "database": str(path)}


@contextlib.contextmanager
def sqlserver(folder, **options):
    path = folder / "his.sqlite"
    server = TdsServer(path, **options)
    connection = {"driver": "sqlserver", "host": "127.0.0.1", "port": server.port, "database": "his"}
    try:
        yield sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool), connection | {"username": "reader"}, server
    finally:
        server.close()


@contextlib.contextmanager
def mariadb(server: MariaDb, charset: str):
    yield server.create("kind", charset), server.connection("kind")
