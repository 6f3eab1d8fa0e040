"""Schedules: jitter of a window, take-over after kill -9, a tick of a feed with 500 changed rows.

The jitter is that of 40 ticks of `odoo hospital_service` while another process keeps a core busy; beside it, in the
same minutes, what a bare loop of asyncio.sleep reaches that does nothing else. Aims: 99 % of the ticks within 100 ms
of their time; a standby at work 2 s after its leader was killed; the changes of a tick in Odoo within 1 s of its
time (95 %), the reading process, the overlap of five minutes and the commit included.

BENCH_PERIOD sets the seconds between ticks: 15 is the real case and takes ten minutes.
"""

import asyncio
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import sqlalchemy as sa

from tests.his_small import SmallHis, definition

from .common import create_database, environment, print_table, start_odoo

NAME = os.environ.get("TEST_DB_PREFIX", "bench_") + "schedule"
PERIOD = int(os.environ.get("BENCH_PERIOD", "15"))
TICKS, KILLS = 40, 5
# Of 10,000 patients 500 change between two ticks: with 15 s between them all of them lie within the overlap.
PATIENTS, CHANGES, FEED_PERIOD = 10_000, 500, 5
JITTER, TAKE_OVER, FEED = 0.1, 2.0, 1.0
BUSY = "while True: pass"


@contextmanager
def process(*command):
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def service():
    return process(*shlex.split(os.environ.get("ODOO_BIN", "odoo")), "hospital_service", "-d", NAME, "--only", "sync")


def query(statement, *parameters):
    with closing(psycopg2.connect(dbname=NAME)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []


def until(condition):
    while not (result := condition()):
        time.sleep(0.05)
    return result


def schedule(**values):
    with environment(NAME, commit=True) as env:
        env["hospital.schedule"].search([("kind", "!=", "demand")]).active = False
        return env["hospital.schedule"].create({"name": "bench", "job": "refresh_care", "kind": "window"} | values).id


def leader():
    rows = query("SELECT pid FROM hospital_service WHERE name = 'sync' AND leader AND state = 'running'")
    return rows and rows[0][0]


def ended(schedule_id):
    return query("SELECT count(*) FROM hospital_schedule_slot WHERE schedule_id = %s AND state = 'done'", schedule_id)[
        0
    ][0]


async def bare_loop(ticks):
    """How late asyncio.sleep wakes for the same moments."""
    late = []
    for _tick in range(ticks):
        now = time.time()
        planned = (now // PERIOD + 1) * PERIOD
        await asyncio.sleep(planned - now)
        late.append(time.time() - planned)
    return late


def jitter():
    with service(), process(sys.executable, "-c", BUSY):
        until(leader)
        schedule_id = schedule(period=PERIOD)
        bare = asyncio.run(bare_loop(TICKS + 1))
        until(lambda: ended(schedule_id) >= TICKS)
    slots = query("SELECT delay, missed FROM hospital_schedule_slot WHERE schedule_id = %s ORDER BY id", schedule_id)
    assert not sum(missed for _delay, missed in slots[1:]), "ticks were left out"
    return [delay for delay, _missed in slots[:TICKS]], bare[:TICKS]


def take_over():
    """From the kill to the start of the first slot by the process that stood by."""
    query("TRUNCATE hospital_schedule_slot")
    schedule_id = schedule(kind="demand")
    seconds = []
    for number in range(1, KILLS + 1):
        query("DELETE FROM hospital_service")
        with service() as first, service() as second:
            pid = until(lambda: len(query("SELECT pid FROM hospital_service WHERE name = 'sync'")) == 2 and leader())
            victim = first if first.pid == pid else second
            ((killed_at,),) = query("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
            victim.kill()
            query(
                """INSERT INTO hospital_schedule_slot (schedule_id, planned_at, turn, origin, state, attempts, missed)
                   VALUES (%s, %s, 0, 'asked', 'due', 0, 0)""",
                schedule_id,
                killed_at,
            )
            until(lambda number=number: ended(schedule_id) == number)
            ((started_at,),) = query("SELECT max(started_at) FROM hospital_schedule_slot")
            seconds.append((started_at - killed_at).total_seconds())
    return seconds


def feed_ticks(folder):
    his = SmallHis(sa.create_engine(f"sqlite:///{folder}/his.sqlite", poolclass=sa.NullPool))
    his.fill(PATIENTS)
    connection = {"driver": "sqlite", "database": f"{folder}/his.sqlite"}
    with environment(NAME, commit=True) as env:
        env["hospital.his.feed"].search([]).active = False
        source = env["hospital.his.source"]._import_definition(definition(connection))
        patients = source.feed_ids.filtered(lambda feed: feed.kind == "patient")
        env["hospital.his.feed"]._run_all(patients)
        feed_id = patients.id
    schedule_id = schedule(job="read_feeds", period=FEED_PERIOD, feed_ids=[feed_id])
    table = his.tables["br"]
    with service():
        until(leader)
        for tick in range(TICKS):
            his.clock = datetime.now() + timedelta(hours=8)
            first = tick * CHANGES % PATIENTS
            keys = [f"P{number}" for number in range(first, first + CHANGES)]
            # Not into a reading: it would find half of them.
            done = until(lambda: ended(schedule_id) if not query(RUNNING) else 0) if tick else 0
            with his.engine.begin() as cursor:
                cursor.execute(
                    sa.update(table).where(table.c.id.in_(keys)).values(xm=f"李{chr(0x4E00 + tick)}", gxsj=his.clock)
                )
            until(lambda done=done: ended(schedule_id) > done)
    return query(
        """SELECT extract(epoch FROM slot.finished_at - slot.planned_at)::float, run.changed_count, run.unchanged_count
             FROM hospital_schedule_slot slot
             JOIN hospital_his_run run ON run.started_at BETWEEN slot.started_at AND slot.finished_at
            WHERE slot.schedule_id = %s AND slot.state = 'done' AND run.changed_count = %s ORDER BY slot.id""",
        schedule_id,
        CHANGES,
    )


RUNNING = "SELECT id FROM hospital_schedule_slot WHERE state = 'running'"


def share(values, part):
    """The value that ``part`` of all stay under."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def ms(seconds):
    return f"{seconds * 1000:,.1f} ms"


def row(name, values, aim, part):
    return [name, len(values), ms(statistics.median(values)), ms(share(values, part)), ms(max(values)), aim]


def main():
    start_odoo()
    create_database(NAME)
    with tempfile.TemporaryDirectory() as folder:
        service_late, bare_late = jitter()
        taken = take_over()
        ticks = feed_ticks(Path(folder))
    subprocess.run(["dropdb", "--force", NAME], check=True)
    whole = [seconds for seconds, _changed, _unchanged in ticks]
    print_table(
        ["", "n", "median", "p99, p95", "longest", "aim"],
        [
            row(f"bare asyncio.sleep every {PERIOD} s (limit)", bare_late, "", 0.99),
            row(f"slots every {PERIOD} s: planned to started", service_late, f"p99 {ms(JITTER)}", 0.99),
            row("take-over: killed to the standby's first slot", taken, ms(TAKE_OVER), 0.99),
            row(f"tick of a feed, {CHANGES} changed: planned to committed", whole, f"p95 {ms(FEED)}", 0.95),
        ],
    )
    again = statistics.median(unchanged for _seconds, _changed, unchanged in ticks)
    print(f"beside the {CHANGES} changed rows a tick compares {again:,.0f} of the overlap. Odoo's own scheduled actions"
          " tick once a minute at best.")  # fmt: skip
    return share(service_late, 0.99) < JITTER and max(taken) < TAKE_OVER and share(whole, 0.95) < FEED


if __name__ == "__main__":
    sys.exit(0 if main() else "schedules missed an aim")
