"""What the tests of the data exchange share; pytest finds the fixtures through the test files' imports."""

import contextlib
import os

import psycopg2
import pytest
import sqlalchemy as sa
from conftest import database
from his_odoo import Odoo
from his_servers import MariaDb
from his_small import SmallHis, definition

RUN = """
counts = ("read", "new", "changed", "unchanged", "rejected", "waiting", "repeated")
runs = env["hospital.his.feed"].with_context(lang=None)._run_all()
result = {run.feed_id.code: {
    "state": run.state, "code": run.code or "", "message": run.message,
    **{name: run[name + "_count"] for name in counts},
} for run in runs}
env.cr.commit()
"""
IMPORT = """
env["hospital.his.feed"].search([]).active = False
source = env["hospital.his.source"]._import_definition(definition)
source.feed_ids.active = True
env.cr.commit()
result = source.id
"""


@pytest.fixture(scope="session")
def odoo():
    os.environ["HOSPITAL_SECRET_TEST_READER"] = "geheim"
    server = Odoo()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory):
    server = MariaDb(tmp_path_factory.mktemp("mariadb"))
    yield server
    server.stop()


class Pair:
    """A HIS and the Odoo database that reads it."""

    def __init__(self, odoo, name, his, connection):
        self.odoo, self.name, self.his = odoo, name, his
        self.connect(connection)

    def connect(self, connection):
        self.odoo.run(self.name, IMPORT, definition=definition(connection))

    def run(self):
        return self.odoo.run(self.name, RUN)

    def read(self, query, *parameters):
        with contextlib.closing(psycopg2.connect(dbname=self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return cursor.fetchall()

    def write(self, query, *parameters):
        with (
            contextlib.closing(psycopg2.connect(dbname=self.name)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, parameters or None)

    def value(self, query, *parameters):
        ((value,),) = self.read(query, *parameters)
        return value

    def do(self, code, **values):
        return self.odoo.run(self.name, code + "\nenv.cr.commit()", **values)

    def events(self):
        return self.read(
            """SELECT visit.external_id, event.kind, event.old_value, event.new_value
                FROM hospital_encounter_event event
                 JOIN hospital_encounter visit ON visit.id = event.encounter_id
                     WHERE event.kind <> 'coded' ORDER BY event.id"""
        )


def sqlite_his(folder):
    path = folder / "his.sqlite"
    return SmallHis(sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)), {
        "driver": "sqlite",
        "database": str(path),
    }


@pytest.fixture
def pair(odoo, tmp_path):
    """A small HIS in SQLite, read once."""
    his, connection = sqlite_his(tmp_path)
    his.fill(6)
    with database("his") as name:
        pair = Pair(odoo, name, his, connection)
        runs = pair.run()
        assert {run["state"] for run in runs.values()} == {"done"}, runs
        yield pair
