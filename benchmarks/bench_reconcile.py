"""A feed of 1,000,000 rows compared with a real MariaDB, key by key: rows a second and memory of both processes.

Beside it, in the same run: a bare reading of the same keys by the driver (the limit of the reading), and the difference
of the two sets of keys by SQL's EXCEPT, both ways, in tables that are already here (the limit of the comparing).
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from his_servers import MariaDb  # noqa: E402
from his_small import SmallHis, definition  # noqa: E402

from benchmarks.bench_exchange import Memory  # noqa: E402
from benchmarks.common import create_database, environment, print_table, start_odoo  # noqa: E402

ROWS = int(os.environ.get("BENCH_KEYS", "1000000"))
# Of these the HIS has lost one in a thousand, and as many are new to us.
LOST = ROWS // 1000


def fill(his, rows):
    with his.engine.begin() as connection:
        connection.exec_driver_sql(
            f"""INSERT INTO mz (id, br, jzsj, ks, ys, gxsj)
                SELECT CONCAT('M', seq), 'P1', '2024-01-01' + INTERVAL seq MINUTE, '01', 'D1',
                       '2024-01-01' + INTERVAL seq MINUTE FROM seq_1_to_{rows}"""
        )


def links(env, feed):
    """The same rows as they are here after a first load: visits and their links."""
    env.cr.execute(
        """INSERT INTO res_partner (name, complete_name, is_patient, active, type, source_id, external_id)
           VALUES ('x', 'x', TRUE, TRUE, 'contact', %s, 'P1') RETURNING id""",
        [feed.source_id.id],
    )
    (patient_id,) = env.cr.fetchone()
    env.cr.execute(
        """WITH visit AS (
               INSERT INTO hospital_encounter
                      (patient_id, source_id, external_id, encounter_class, state, admitted_at, discharged_at)
               SELECT %s, %s, 'M' || n, 'outpatient', 'finished', at, at
                 FROM generate_series(1, %s) n,
                      LATERAL (SELECT '2023-12-31 16:00'::timestamp + n * interval '1 min') clock (at)
            RETURNING id, external_id)
           INSERT INTO hospital_his_link (feed_id, external_id, res_id) SELECT %s, external_id, id FROM visit""",
        [patient_id, feed.source_id.id, ROWS, feed.id],
    )
    env.cr.execute("ANALYZE hospital_his_link; ANALYZE hospital_encounter")
    env.cr.commit()


def timed(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def bare_read(his):
    with his.engine.connect().execution_options(stream_results=True, max_row_buffer=1000) as connection:
        for part in connection.execute(sa.text("SELECT id, jzsj FROM mz")).partitions(1000):
            len(part)


def bare_except(env):
    """Both sets in tables, both differences."""
    env.cr.execute("CREATE TEMP TABLE bench_key AS SELECT external_id FROM hospital_his_link; ANALYZE bench_key")
    return timed(
        lambda: env.cr.execute(
            """SELECT count(*) FROM (TABLE bench_key EXCEPT SELECT external_id FROM hospital_his_link) missing;
               SELECT count(*) FROM (SELECT external_id FROM hospital_his_link EXCEPT TABLE bench_key) vanished"""
        )
    )


def compare(env, feed):
    checks = env["hospital.his.reconciliation"]
    check = checks._queue(feed)
    with Memory() as memory:
        seconds = timed(checks._work)
    assert check.state == "done", (check.code, check.arguments)
    return check, seconds, memory.peak / 2**20


def main():
    """Load both sides, compare when nothing differs, then when rows are lost."""
    start_odoo()
    os.environ["HOSPITAL_SECRET_TEST_READER"] = "geheim"
    with tempfile.TemporaryDirectory() as folder:
        server = MariaDb(Path(folder))
        try:
            his = SmallHis(server.create("bench", "utf8mb4"))
            fill(his, ROWS)
            name = os.environ["TEST_DB_PREFIX"] + "bench_reconcile"
            create_database(name)
            with environment(name) as env:
                env["hospital.his.feed"].search([("active", "=", True)]).active = False
                source = env["hospital.his.source"]._import_definition(
                    definition(server.connection("bench") | {"connect_timeout": 30, "silence_timeout": 300})
                )
                feed = source.feed_ids.filtered(lambda feed: feed.kind == "outpatient")
                (source.feed_ids - feed).active = False
                feed.complete = True
                links(env, feed)
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                read = timed(lambda: bare_read(his))
                minus = bare_except(env)
                env.cr.commit()
                check, same, child = compare(env, feed)
                assert (check.there_count, check.here_count, check.missing_count) == (ROWS, ROWS, 0)
                grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
                with his.engine.begin() as connection:
                    connection.exec_driver_sql(f"DELETE FROM mz WHERE gxsj <= '2024-01-01' + INTERVAL {LOST} MINUTE")
                check, lost, _child = compare(env, feed)
                assert (check.vanished_count, check.taken_out_count) == (LOST, LOST)
        finally:
            server.stop()
    print_table(
        ("comparison of keys", "s", "keys/s", "of bare reading + EXCEPT"),
        [
            ("bare reading of the keys by PyMySQL", f"{read:.1f}", f"{ROWS / read:,.0f}", ""),
            ("EXCEPT, both ways, tables at hand", f"{minus:.1f}", f"{ROWS / minus:,.0f}", ""),
            (f"{ROWS:,} keys, nothing differs", f"{same:.1f}", f"{ROWS / same:,.0f}", f"{(read + minus) / same:.2f}"),
            (f"{LOST:,} of them vanished, taken out", f"{lost:.1f}", f"{ROWS / lost:,.0f}", ""),
        ],
    )
    print(f"memory: Odoo grows by {grown:.0f} MB, child {child:.0f} MB")


if __name__ == "__main__":
    main()
