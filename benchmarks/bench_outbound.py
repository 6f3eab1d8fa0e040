"""Writing to a HIS: writes by the queue beside the bare statements, two-phase commits beside one-phase ones.

The HIS is a MariaDB on loopback. Beside each figure: the same writes without queue and without two phases.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from odoo.modules.module import initialize_sys_path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from his_servers import MariaDb  # noqa: E402

from benchmarks.common import create_database, environment, print_table, start_odoo  # noqa: E402

start_odoo()
initialize_sys_path()

from odoo.addons.hospital_his_connector.exchange import parent  # noqa: E402
from odoo.addons.hospital_his_connector.services.exchange import send  # noqa: E402

NAME = os.environ["TEST_DB_PREFIX"] + "bench_outbound"
WRITES = 2000
COMMITS = 100
MARK = "UPDATE bz SET sf = :followed, sj = :at, bb = :version WHERE lsh = :visit AND COALESCE(bb, 0) < :version"
TAKE = "UPDATE bz SET djh = :patient WHERE lsh = :slot"
# Of the bare statements: the queue's own three updates, and the five steps of a transaction on both sides.
QUEUE_LIMIT, TOGETHER_LIMIT = 0.25, 0.10


def main():
    os.environ["HOSPITAL_SECRET_BENCH_WRITER"] = "geheim"
    create_database(NAME)
    with tempfile.TemporaryDirectory() as folder:
        maria = MariaDb(Path(folder), durable=True)
        try:
            his = maria.create("bench", "utf8mb4")
            with his.begin() as connection:
                for statement in (
                    "CREATE TABLE bz (lsh varchar(20) PRIMARY KEY, sf int, sj datetime, bb bigint, djh varchar(20))",
                    "CREATE USER writer@'127.0.0.1' IDENTIFIED BY 'geheim'",
                    "GRANT SELECT, UPDATE ON bench.* TO writer@'127.0.0.1'",
                ):
                    connection.exec_driver_sql(statement)
                connection.execute(
                    sa.text("INSERT INTO bz (lsh) VALUES (:lsh)"), [{"lsh": str(number)} for number in range(WRITES)]
                )
            reached = [queue(his, maria.port), *together(his)]
        finally:
            maria.stop()
    print_table(["what", "reached", "alternative", "share", "limit"], [row[:-1] for row in reached])
    if not all(row[-1] for row in reached):
        sys.exit(1)


def queue(his, port):
    with environment(NAME, commit=True) as env:
        source = env["hospital.his.source"].create(
            {
                "name": "HIS", "code": "bench", "driver": "mysql", "host": "127.0.0.1", "port": port,
                "database": "bench", "username": "writer", "secret_ref": "BENCH_WRITER",
            }
        )  # fmt: skip
        deliveries = env["hospital.his.delivery"]
        deliveries.create({"name": "m", "source_id": source.id, "operation": "followed_up", "statement": MARK})
        deliveries.create(
            {"name": "t", "source_id": source.id, "operation": "take_slot", "statement": TAKE, "way": "together"}
        )
        for number in range(WRITES):
            payload = {"visit": str(number), "followed": True, "at": "2026-11-01 00:00:00"}
            env["hospital.his.outbox"]._enqueue(source, "followed_up", number, payload)
        source_id = source.id
    with parent.Session() as session:
        with environment(NAME) as env:
            warm_up(env, session, source_id)
        began = time.perf_counter()
        while True:
            with environment(NAME, commit=True) as env:
                lot = env["hospital.his.outbox"]._take(source_id, 0)
            if not lot:
                break
            results = []
            failure = send(session, lot, results)
            with environment(NAME, commit=True) as env:
                env["hospital.his.outbox"]._settle(lot, results, failure)
        rate = WRITES / (time.perf_counter() - began)
    bare = plain(his, WRITES, sa.text(MARK), lambda n: {"followed": 0, "at": None, "version": 10**9, "visit": str(n)})
    share = rate / bare
    row = ("writes by the queue", f"{rate:,.0f}/s", f"bare statement, one commit each: {bare:,.0f}/s")
    return *row, f"{share:.2f}", f"{QUEUE_LIMIT}", share >= QUEUE_LIMIT


def together(his):
    with environment(NAME, commit=True) as env:
        env.cr.execute("CREATE TABLE booked_here (slot text)")
    with environment(NAME) as env, parent.Session() as session:
        source = env["hospital.his.source"].search([("code", "=", "bench")])
        warm_up(env, session, source.id)
        env.cr.commit()
        began = time.perf_counter()
        for number in range(COMMITS):
            payload = {"slot": str(number), "patient": "1"}
            env["hospital.his.transaction"]._together(
                source, "take_slot", number, payload, lambda env, n=number: book(env, n), session
            )
        both = COMMITS / (time.perf_counter() - began)
    with environment(NAME) as env, his.connect() as connection:
        statement = sa.text(TAKE)
        began = time.perf_counter()
        for number in range(COMMITS):
            with env.registry.cursor() as cr:
                book(env(cr=cr), number)
            connection.execute(statement, {"slot": str(number), "patient": "2"})
            connection.commit()
        apart = COMMITS / (time.perf_counter() - began)
    share = both / apart
    row = ("commits on both sides together", f"{both:,.0f}/s", f"the same two writes, each for itself: {apart:,.0f}/s")
    yield *row, f"{share:.2f}", f"{TOGETHER_LIMIT}", share >= TOGETHER_LIMIT


def book(env, number):
    env.cr.execute("INSERT INTO booked_here VALUES (%s)", [str(number)])


def warm_up(env, session, source_id):
    """The child process is started, as it is in the service after its first lot."""
    source = env["hospital.his.source"].browse(source_id)
    job = {"work": "branches", "prefix": "none"}
    list(env["hospital.his.transaction"]._ask(session, source, job))


def plain(his, count, statement, values):
    with his.connect() as connection:
        began = time.perf_counter()
        for number in range(count):
            connection.execute(statement, values(number))
            connection.commit()
        return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
