"""200,000 patients with a stay each, from a real MariaDB: first load and unchanged run, memory of both processes.

Beside it, in the same run: COPY of all the rows it writes into tables with the same indexes (the physical limit) and
Odoo's own ``load()`` of the same values (the alternative).
"""

import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from his_servers import MariaDb  # noqa: E402
from his_small import SmallHis, definition  # noqa: E402

from benchmarks.common import create_database, environment, print_table, start_odoo  # noqa: E402

ROWS = int(os.environ.get("BENCH_PATIENTS", "200000"))
SAMPLE = 1000

# What each feed writes; a stay also makes a new version of its patient's row, with the keys of who may see it.
_LINKS = "feed_id IN (SELECT id FROM hospital_his_feed WHERE kind = '%s')"
WRITTEN = {
    "patient": [
        ("res_partner", "is_patient"),
        ("hospital_patient_phone", "TRUE"),
        ("hospital_his_link", _LINKS % "patient"),
    ],
    "inpatient": [
        ("hospital_encounter", "TRUE"),
        ("res_partner", "is_patient"),
        ("hospital_his_link", _LINKS % "inpatient"),
    ],
}

# Id numbers of a region that does not exist, with their check digit (GB 11643).
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SUM = " + ".join(f"SUBSTR(digits, {n}, 1) * {weight}" for n, weight in enumerate(WEIGHTS, 1))
PATIENTS = f"""
    INSERT INTO br (id, xm, xb, csrq, sfz, dh, lxr, lxrgx, lxrdh, gxsj)
    SELECT CONCAT('P', seq), CONCAT(SUBSTR('赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨', 1 + seq % 16, 1),
           SUBSTR('伟芳娜敏静丽强磊军洋勇艳杰娟涛明', 1 + seq DIV 16 % 16, 1),
           SUBSTR('国建文志海春华秀英玉兰凤云龙飞霞', 1 + seq DIV 256 % 16, 1)),
           1 + seq % 2, born, CONCAT(digits, SUBSTR('10X98765432', 1 + ({SUM}) % 11, 1)),
           CONCAT('139', LPAD((seq * 7919) % 100000000, 8, '0')), '张三', 2,
           CONCAT('138', LPAD((seq * 104729) % 100000000, 8, '0')), '2024-01-01' + INTERVAL seq MINUTE
      FROM (SELECT seq, born, CONCAT('99', LPAD(seq DIV 30000, 4, '0'), DATE_FORMAT(born, '%Y%m%d'),
                                     LPAD(seq % 500 * 2 + 1 - seq % 2, 3, '0')) AS digits
              FROM (SELECT seq, '1930-01-01' + INTERVAL (seq * 7919) % 30000 DAY AS born
                      FROM seq_1_to_{{rows}}) AS people) AS people
"""
STAYS = """
    INSERT INTO zy (id, br, rysj, cysj, zt, ks, bq, ch, ys, gxsj)
    SELECT CONCAT('Z', seq), CONCAT('P', seq), '2024-01-01' + INTERVAL seq MINUTE,
           '2024-01-08' + INTERVAL seq MINUTE, 1, '01', '02', seq % 40, CONCAT('D', 1 + seq % 3),
           '2024-01-08' + INTERVAL seq MINUTE
      FROM seq_1_to_{rows}
"""


class Memory:
    """Peak resident memory of this process's children while it is watched."""

    def __init__(self):
        self.peak, self.running = 0, True
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_exception):
        self.running = False
        self.thread.join()

    def _watch(self):
        while self.running:
            for child in psutil.Process().children():
                try:
                    if "child.py" in " ".join(child.cmdline()):
                        self.peak = max(self.peak, child.memory_info().rss)
                except psutil.Error:
                    continue
            time.sleep(0.05)


def timed(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def copy_seconds(cr, table, condition):
    """COPY the same rows into a table with the same indexes and checks (but without foreign keys)."""
    cr.execute(
        """SELECT string_agg(quote_ident(column_name), ',') FROM information_schema.columns
            WHERE table_name = %s AND is_generated = 'NEVER'""",
        [table],
    )
    (columns,) = cr.fetchone()
    with tempfile.TemporaryFile() as file:
        cr.copy_expert(f"COPY (SELECT {columns} FROM {table} WHERE {condition}) TO STDOUT", file)
        file.seek(0)
        cr.execute(f"CREATE TABLE bench_copy (LIKE {table} INCLUDING ALL)")
        seconds = timed(lambda: cr.copy_expert(f"COPY bench_copy ({columns}) FROM STDIN", file))
        cr.execute("DROP TABLE bench_copy")
    return seconds


def load_rates(env):
    """Rows per second of Odoo's own import of the same values: a patient with two numbers, a stay."""
    patients = []
    for n in range(SAMPLE):
        patient = [f"x{n}", f"张{n}", "True", "male", "1960-01-01", f"X{n}", f"9900001960010{n:05}"]
        patients.append([*patient, f"139{n:08}", "self"])
        patients.append([""] * len(patient) + [f"138{n:08}", "child"])
    columns = ["id", "name", "is_patient", "gender", "birth_date", "patient_no", "id_number"]
    columns += ["phone_line_ids/number", "phone_line_ids/relation"]
    of_patients = timed(lambda: _load(env["res.partner"], columns, patients))
    stays = [
        [
            f"v{n}",
            f"x{n}",
            "inpatient",
            "2026-01-01 08:00:00",
            "2026-01-08 08:00:00",
            "2026-01-08",
            "心内科",
            "finished",
        ]
        for n in range(SAMPLE)
    ]
    columns = ["id", "patient_id/id", "encounter_class", "admitted_at", "discharged_at", "discharge_date"]
    of_stays = timed(lambda: _load(env["hospital.encounter"], [*columns, "department_id", "state"], stays))
    return SAMPLE / of_patients, SAMPLE / of_stays


def _load(model, columns, rows):
    result = model.load(columns, rows)
    assert result["ids"], result["messages"][:1]


def main():
    os.environ["HOSPITAL_SECRET_TEST_READER"] = "geheim"
    database = os.environ["TEST_DB_PREFIX"] + "bench_exchange"
    start_odoo()
    with tempfile.TemporaryDirectory() as folder:
        server = MariaDb(Path(folder))
        try:
            his = SmallHis(server.create("his", "utf8mb4"))
            his.fill(0)
            with his.engine.begin() as connection:
                for statement in (PATIENTS, STAYS):
                    connection.execute(sa.text(statement.format(rows=ROWS)))
                for table in ("br", "zy"):
                    connection.exec_driver_sql(f"CREATE INDEX {table}_gxsj ON {table} (gxsj, id)")
            create_database(database)
            _measure(database, definition(server.connection("his")))
        finally:
            server.stop()


def _measure(database, his):
    with environment(database, commit=True) as env, Memory() as memory:
        env["hospital.his.source"]._import_definition(his)
        env.cr.commit()
        feeds = env["hospital.his.feed"].search([])
        staff = feeds.filtered(lambda feed: feed.kind in ("department", "employee"))
        feeds = feeds.filtered(lambda feed: feed.kind in ("patient", "inpatient"))
        env["hospital.his.feed"]._run_all(staff)
        seconds = {}
        for feed in feeds:
            seconds[feed.kind] = timed(lambda feed=feed: _done(env, feed))
        feeds.mark = False
        env.cr.commit()
        again = {}
        for feed in feeds:
            again[feed.kind] = timed(lambda feed=feed: _done(env, feed))
        own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        limits = {
            kind: ROWS / sum(copy_seconds(env.cr, table, condition) for table, condition in tables)
            for kind, tables in WRITTEN.items()
        }
        alternative = dict(zip(("patient", "inpatient"), load_rates(env), strict=True))
        env.cr.rollback()
    rows = []
    for kind in ("patient", "inpatient"):
        first, second = ROWS / seconds[kind], ROWS / again[kind]
        rows.append(_row(kind, first, second, limits[kind], alternative[kind]))
    both = [2 * ROWS / sum(part.values()) for part in (seconds, again)]
    limit = 2 / sum(1 / rate for rate in limits.values())
    other = 2 / sum(1 / rate for rate in alternative.values())
    rows.append(_row("together", *both, limit, other))
    print_table(
        [
            "rows/s",
            "first load",
            "COPY (limit)",
            "of it (aim 0.25)",
            "load()",
            "times it (aim 12)",
            "unchanged (aim 15,000)",
        ],
        rows,
    )
    print(f"peak memory: {own_peak:.0f} MB Odoo, {memory.peak / 2**20:.0f} MB reading process (aim < 250 each)")


def _row(name, first, second, limit, other):
    return [
        name,
        f"{first:,.0f}",
        f"{limit:,.0f}",
        f"{first / limit:.2f}",
        f"{other:,.0f}",
        f"{first / other:.1f}",
        f"{second:,.0f}",
    ]


def _done(env, feed):
    run = env["hospital.his.feed"]._run_all(feed)
    assert run.state == "done" and run.read_count == ROWS, (run.state, run.message, run.read_count)


if __name__ == "__main__":
    main()
