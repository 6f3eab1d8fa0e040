"""Rows per second of each kind of source, and what ten times the rows do to the reading process's memory.

Bare: the driver alone reads the same rows in the same order, in the same run (the limit). Reading: the child process
as a run has it, from the HIS to COPY lines, which maps, checks and hashes every row in Python. First load and
unchanged: whole runs of a feed of patients, with all that they write. SQL Server is the tests' double of its wire: it
measures our side and the driver, not a SQL Server.
"""

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from benchmarks.common import create_database, environment, print_table, start_odoo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
start_odoo()

import source_kinds  # noqa: E402
from his_servers import MariaDb  # noqa: E402

from odoo.addons.hospital_his_connector.exchange.reader import connect  # noqa: E402

from benchmarks.bench_exchange import Memory, timed  # noqa: E402

ROWS = int(os.environ.get("BENCH_SOURCE_ROWS", "200000"))
FEW = ROWS // 10
LIMITS = source_kinds.Limits(connect=10, silence=300)
AIM, AIM_MEMORY = 15_000, 1.5
FIELDS = [{"target": "name", "column": "xm"}, {"target": "patient_no", "column": "id"}]
COLUMNS = ("id", "xm", "bz", "gxsj")


def person(number):
    return {
        "id": f"P{number:08}",
        "xm": f"张{chr(0x4E00 + number % 2000)}{chr(0x4E00 + number % 97)}",
        "bz": "高血压 2 级，定期复查" if number % 3 else None,
        "gxsj": source_kinds.BEGAN - timedelta(days=400) + timedelta(seconds=number),
    }


def query(rows):
    return f"SELECT {', '.join(COLUMNS)} FROM br WHERE id < 'P{rows:08}'"


def bare(connection):
    with connect(connection, LIMITS) as client:
        began, count = time.perf_counter(), 0
        for part in client.exec_driver_sql(f"{query(ROWS)} ORDER BY gxsj, id").partitions(1000):
            count += len(part)
        assert count == ROWS, count
        return ROWS / (time.perf_counter() - began)


def reading(connection, rows):
    """Rows per second, and the peak memory of the child in MB."""
    work = source_kinds.job(connection, kind="patient", query=query(rows), fields=FIELDS, batch=10_000)
    began, count = 0, 0
    with Memory() as memory, source_kinds.parent.Session() as session, session.reading(work, LIMITS) as heads:
        for head, _blobs in heads:
            if head["type"] == "connected":
                began = time.perf_counter()
            elif head["type"] == "batch":
                count += head["read"]
    assert count == rows, count
    return rows / (time.perf_counter() - began), memory.peak / 2**20


def whole(env, kind, connection):
    """Rows per second of a first run and of one that finds nothing changed."""
    source = {"code": f"bench_{kind}", "name": kind} | {k: v for k, v in connection.items() if k != "password"}
    feed = {
        "code": "patient", "name": "patient", "kind": "patient", "query": query(FEW), "key_column": "id",
        "watermark_column": "gxsj", "fields": FIELDS,
    }  # fmt: skip
    feed = env["hospital.his.source"]._import_definition({"source": source, "feeds": [feed]}).feed_ids
    rates = []
    for _run in range(2):
        feed.mark = False
        env.cr.commit()
        rates.append(FEW / timed(lambda: _done(env, feed)))
    return rates


def _done(env, feed):
    run = env["hospital.his.feed"]._run_all(feed)
    assert run.state == "done" and run.read_count == FEW, (run.state, run.message, run.read_count)


def main():
    os.environ["HOSPITAL_SECRET_TEST_READER"] = "geheim"
    database = os.environ["TEST_DB_PREFIX"] + "bench_sources"
    create_database(database)
    table, missed = [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mariadb = MariaDb(folder / "mariadb")
        stack.callback(mariadb.stop)
        for name in ("sqlite", "tds"):
            (folder / name).mkdir()
        kinds = {
            "SQLite": source_kinds.sqlite(folder / "sqlite"),
            "PostgreSQL": source_kinds.postgresql(),
            "MariaDB, gbk": source_kinds.mariadb(mariadb, "gbk"),
            "SQL Server (double)": source_kinds.sqlserver(folder / "tds"),
        }
        for kind, opened in kinds.items():
            engine, connection, *_server = stack.enter_context(opened)
            connection |= {"secret_ref": "TEST_READER"}
            source = source_kinds.Source(engine, connection, people=list(map(person, range(ROWS))))
            source.execute("CREATE INDEX br_gxsj ON br (gxsj, id)")
            limit = bare(source.connection)
            _rate, few = reading(source.connection, FEW)
            rate, many = reading(source.connection, ROWS)
            with environment(database, commit=True) as env:
                first, unchanged = whole(env, source.connection["driver"], source.connection)
            if rate < AIM or many / few > AIM_MEMORY:
                missed.append(kind)
            table.append(
                [kind, f"{limit:,.0f}", f"{rate:,.0f}", f"{rate / limit:.2f}", f"{first:,.0f}", f"{unchanged:,.0f}"]
                + [f"{few:.0f} MB", f"{many:.0f} MB"]
            )
    head = ["rows/s", "bare read (limit)", f"reading (aim {AIM:,})", "of the limit", "first load", "unchanged"]
    print_table([*head, f"child at {FEW:,} rows", f"at {ROWS:,} (aim < {AIM_MEMORY} ×)"], table)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
