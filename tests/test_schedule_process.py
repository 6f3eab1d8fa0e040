"""Schedules done by two real `odoo hospital_service` processes: kill -9 in the middle of a slot, the database's clock
set, a schedule edited, the fallback. Effects are counted in a table, as are the slots that answer for them."""

import contextlib
import os
import subprocess
import textwrap
import time
from datetime import timedelta

import pytest
from conftest import ODOO, ROOT, database
from his_odoo import Odoo
from test_service_process import db

PATIENCE = 120  # two Odoo processes start on a machine that does other things

# An addon as anybody would write it: two jobs, the second one commits in between.
PROBE = {
    "__manifest__.py": """
        {"name": "Probe", "version": "19.0.1.0.0", "license": "LGPL-3", "author": "test", "depends": ["hospital_base"]}
    """,
    "__init__.py": """
        import time

        from odoo import fields, models

        STEPS = 8


        class HospitalSchedule(models.Model):
            _inherit = "hospital.schedule"

            job = fields.Selection(
                selection_add=[("probe", "Probe"), ("probe_steps", "Probe in steps")],
                ondelete={"probe": "cascade", "probe_steps": "cascade"},
            )

            def _note(self, what):
                self.env.cr.execute(
                    "INSERT INTO probe (slot, what) SELECT id, %s FROM hospital_schedule_slot"
                    " WHERE schedule_id = %s AND state = 'running'",
                    [what, self.id],
                )

            def _pause(self):
                self.env.cr.execute("SELECT seconds FROM probe_pause")
                time.sleep(self.env.cr.fetchone()[0])

            def _run_probe(self):
                self._note("effect")
                self._pause()

            def _run_probe_steps(self):
                self.env.cr.execute("SELECT count(*) FROM probe WHERE what LIKE 'step%%'")
                for number in range(self.env.cr.fetchone()[0], STEPS):
                    self._note(f"step {number}")
                    self.env.cr.commit()
                    self._pause()
    """,
}
# The clock of the database, which a test may set: found before PostgreSQL's own.
CLOCK = """
    CREATE TABLE probe (at timestamptz DEFAULT pg_catalog.clock_timestamp(), slot int, what text);
    CREATE TABLE probe_pause AS SELECT 0::float8 AS seconds;
    CREATE TABLE probe_clock AS SELECT interval '0' AS shift;
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + shift FROM public.probe_clock'
"""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """A copy of the template with the probe installed and a clock that can be set: (name, configuration)."""
    folder = tmp_path_factory.mktemp("schedule")
    addon = folder / "addons" / "hospital_schedule_probe"
    addon.mkdir(parents=True)
    for file, source in PROBE.items():
        (addon / file).write_text(textwrap.dedent(source))
    conf = folder / "odoo.conf"
    conf.write_text(
        f"[options]\naddons_path = {ROOT / 'addons'},{addon.parent}\ndata_dir = {folder / 'data'}\n"
        "http_interface = 127.0.0.1\n"
    )
    with database("schedule") as name:
        install = ["-c", str(conf), "-d", name, "-i", "hospital_schedule_probe", "--stop-after-init", "--no-http"]
        subprocess.run([*ODOO, *install], check=True)
        with db(name) as query:
            query(CLOCK)
            query(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
        yield name, conf


@pytest.fixture(scope="module")
def shell(hospital):
    """Code in an Odoo of its own, committed."""
    name, conf = hospital
    before, os.environ["ODOO_RC"] = os.environ["ODOO_RC"], str(conf)
    odoo = Odoo()
    os.environ["ODOO_RC"] = before
    yield lambda code, **values: odoo.run(name, f"{code}\nenv.cr.commit()", **values)
    odoo.close()


@pytest.fixture
def query(hospital):
    with db(hospital[0]) as query:
        query("TRUNCATE probe, hospital_schedule_slot")
        query("DELETE FROM hospital_service")
        query("DELETE FROM hospital_schedule WHERE job LIKE 'probe%%'")
        query("UPDATE hospital_schedule SET active = false")
        query("UPDATE probe_pause SET seconds = 0")
        query("UPDATE probe_clock SET shift = '0'")
        yield query


@pytest.fixture
def start(hospital):
    """Start a service process; all are gone at the end of the test."""
    processes = []

    def start():
        name, conf = hospital
        process = subprocess.Popen(
            [*ODOO, "hospital_service", "-c", str(conf), "-d", name, "--only", "sync"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def pair(start, query):
    """The leader and the one that stands by."""
    processes = [start(), start()]
    rows = "SELECT pid FROM hospital_service WHERE name = 'sync' AND state IN ('running', 'standby') ORDER BY leader"
    standby, leader = until(lambda: len(found := query(rows)) == 2 and found, "one leads, one stands by")
    return sorted(processes, key=lambda process: process.pid != leader[0])


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return result


def leads(query):
    return query("SELECT pid FROM hospital_service WHERE name = 'sync' AND leader")


def schedule(shell, **values):
    values = {"name": "probe", "job": "probe", "kind": "window", "period": 5} | values
    return shell("result = env['hospital.schedule'].create(values).id", values=values)


def slots(query, schedule_id, fields="planned_at, state, attempts, missed"):
    return query(f"SELECT {fields} FROM hospital_schedule_slot WHERE schedule_id = %s ORDER BY id", schedule_id)


def running(query):
    """The slot that is at work, its effect not yet committed."""
    return query("SELECT id FROM hospital_schedule_slot WHERE state = 'running'")


def no_slot_lost_none_run_twice(query, schedule_id, period=5):
    """Each tick from the first to the last has its slot or is counted as left out; each slot done has one effect."""
    (first, *_), *_ = rows = slots(query, schedule_id)
    ticks = (rows[-1][0] - first) / timedelta(seconds=period) + 1
    assert ticks == len(rows) + sum(missed for _at, _state, _attempts, missed in rows[1:])
    effects = """SELECT state, count(probe.slot) FROM hospital_schedule_slot slot
                   LEFT JOIN probe ON probe.slot = slot.id WHERE schedule_id = %s GROUP BY slot.id, state"""
    assert set(query(effects, schedule_id)) <= {("done", 1), ("due", 0), ("skipped", 0)}


def test_leader_killed_in_the_middle_of_a_slot(pair, query, shell):
    leader, standby = pair
    query("UPDATE probe_pause SET seconds = 2")
    schedule_id = schedule(shell)
    until(lambda: slots(query, schedule_id, "state") == [("done",)], "one slot is done")
    ((killed,),) = until(lambda: running(query), "the next one is at work")
    leader.kill()
    ((state, attempts, pid),) = until(
        lambda: query(
            "SELECT state, attempts, pid FROM hospital_schedule_slot WHERE id = %s AND state = 'done'", killed
        ),
        "the other process has taken it up",
    )
    assert (attempts, pid) == (2, standby.pid)
    until(lambda: slots(query, schedule_id, "state").count(("done",)) >= 3, "and goes on")
    query("UPDATE hospital_schedule SET active = false")
    until(lambda: not running(query), "the last one is done")
    no_slot_lost_none_run_twice(query, schedule_id)


def test_killed_between_the_commits_of_a_job(pair, query, shell):
    leader, standby = pair
    query("UPDATE probe_pause SET seconds = 0.2")
    schedule_id = schedule(shell, job="probe_steps", kind="demand")
    shell("env['hospital.schedule'].browse(schedule_id)._ask()", schedule_id=schedule_id)
    until(lambda: len(query("SELECT slot FROM probe")) >= 3, "some steps are done")
    leader.kill()
    until(lambda: slots(query, schedule_id, "state, attempts") == [("done", 2)], "taken up and done")
    steps = [what for (what,) in query("SELECT what FROM probe ORDER BY at")]
    assert steps == [f"step {number}" for number in range(8)], "each step once"


def test_killed_twice_is_given_up(start, query, shell):
    query("UPDATE probe_pause SET seconds = 600")
    schedule_id = schedule(shell, kind="demand")
    shell("env['hospital.schedule'].browse(schedule_id)._ask()", schedule_id=schedule_id)
    for attempt in (1, 2):
        process = start()
        until(lambda a=attempt: slots(query, schedule_id, "state, attempts") == [("running", a)], "at work")
        process.kill()
        process.wait()
    start()
    until(lambda: slots(query, schedule_id, "state, attempts") == [("interrupted", 2)], "given up")
    assert query("SELECT slot FROM probe") == []


def test_lost_connection_does_not_run_a_slot_twice(pair, query, shell):
    """The old leader's job is still at work in its thread: who leads next leaves it alone."""
    leader, standby = pair
    query("UPDATE probe_pause SET seconds = 4")
    schedule_id = schedule(shell, kind="demand")
    shell("env['hospital.schedule'].browse(schedule_id)._ask()", schedule_id=schedule_id)
    until(lambda: running(query), "at work")
    query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
          " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", 0x484F5350)  # fmt: skip
    until(lambda: slots(query, schedule_id, "state, attempts") == [("done", 1)], "done by who began it")
    assert len(query("SELECT slot FROM probe")) == 1


def test_an_edited_schedule_counts_at_once(start, query, shell):
    start()
    schedule_id = schedule(shell, kind="times", times="03:00")
    until(lambda: leads(query), "somebody leads")
    time.sleep(2)  # asleep until its next look at the clock
    shell("env['hospital.schedule'].browse(schedule_id).kind = 'window'", schedule_id=schedule_id)
    until(lambda: slots(query, schedule_id, "missed, origin"), "a slot")
    assert slots(query, schedule_id, "missed, origin")[0] == (0, "plan"), "the first tick after the edit"


def set_clock(query, clock, days=0):
    """What the hospital's clock shows."""
    query(
        "UPDATE probe_clock SET shift = (date_trunc('day', pg_catalog.now() AT TIME ZONE 'Asia/Shanghai')"
        " + %s * interval '1 day' + %s::time) AT TIME ZONE 'Asia/Shanghai' - pg_catalog.clock_timestamp()",
        days,
        clock,
    )


def done(query, schedule_id):
    """The slots done, by the hospital's clock, and how often it had been set back."""
    rows = slots(query, schedule_id, "to_char(planned_at + interval '8 h', 'HH24:MI:SS'), turn, state")
    assert {state for _at, _turn, state in rows} <= {"due", "running", "done"}
    return [(at, turn) for at, turn, state in rows if state == "done"]


def test_clock_set_back(start, query, shell):
    """Inside a window polling goes on and the repeated span has slots of its own; a time of the day comes once."""
    start()
    until(lambda: leads(query), "somebody leads")
    set_clock(query, "12:59:58", days=1)
    polling, daily = schedule(shell), schedule(shell, kind="times", times="13:00")
    until(lambda: ("13:00:00", 0) in done(query, polling), "past one o'clock")
    set_clock(query, "12:59:50", days=1)
    query("SELECT pg_notify('hospital_sync', '')")  # at its next look, a few seconds on, less would be repeated
    until(lambda: ("13:00:00", 1) in done(query, polling), "past one o'clock again")
    query("UPDATE hospital_schedule SET active = false")
    assert done(query, daily) == [("13:00:00", 0)]
    found = done(query, polling)
    assert len(found) == len(set(found))
    assert {("13:00:00", 0), ("12:59:55", 1), ("13:00:00", 1)} <= set(found)
    assert len(query("SELECT slot FROM probe")) == len(set(query("SELECT slot FROM probe"))) == len(found) + 1


def test_clock_set_forward(start, query, shell):
    start()
    until(lambda: leads(query), "somebody leads")
    set_clock(query, "08:59:00", days=1)
    late = schedule(shell, kind="times", times="09:30, 10:00")
    never = schedule(shell, kind="times", times="10:00", misfire="skip")
    set_clock(query, "10:30:00", days=1)
    query("SELECT pg_notify('hospital_sync', '')")
    until(lambda: slots(query, late, "state, missed") == [("done", 1)], "one late slot for both")
    assert slots(query, never, "state, missed") == [("skipped", 0)]
    assert len(query("SELECT slot FROM probe")) == 1


def test_window_of_the_last_minute_of_the_day(start, query, shell):
    start()
    until(lambda: leads(query), "somebody leads")
    set_clock(query, "23:59:48", days=1)
    minute = schedule(shell, window_from=23 + 59 / 60, window_to=24)
    before = schedule(shell, window_from=23, window_to=23 + 59 / 60)
    after = schedule(shell, window_from=0, window_to=1 / 60)
    until(lambda: done(query, after), "past midnight")
    assert done(query, minute) == [("23:59:50", 0), ("23:59:55", 0)]
    assert done(query, before) == []
    assert done(query, after)[0] == ("00:00:00", 0)


def test_the_fallback_acts_only_while_no_service_lives(start, query, shell):
    fallback = "env['hospital.schedule']._cron_fallback(); result = os.getpid()"
    process = start()
    until(lambda: leads(query), "somebody leads")
    query("UPDATE probe_pause SET seconds = 1")
    schedule_id = schedule(shell, kind="demand")
    ask = "import os; env['hospital.schedule'].browse(schedule_id)._ask(); env.cr.commit()\n"
    shell(ask + fallback, schedule_id=schedule_id)
    until(lambda: slots(query, schedule_id, "state, pid") == [("done", process.pid)], "the service does it")

    process.kill()
    process.wait()
    shell(ask + fallback, schedule_id=schedule_id)
    assert slots(query, schedule_id, "state")[1:] == [("due",)], "its last heartbeat is fresh: it may come back"
    query("UPDATE hospital_service SET heartbeat_at = heartbeat_at - interval '20 s'")
    pid = shell(ask + fallback, schedule_id=schedule_id)
    assert slots(query, schedule_id, "state, pid")[1:] == [("done", pid)], "once, though asked twice"


def test_a_slot_of_the_fallback_that_was_killed_is_taken_up_by_the_service(hospital, start, query, shell):
    query("UPDATE probe_pause SET seconds = 600")
    schedule_id = schedule(shell, kind="demand")
    with contextlib.closing(Background(hospital)) as background:
        task = background.start(schedule_id)
        until(lambda: running(query), "the fallback is at work")
        process = start()
        until(lambda: leads(query), "the service has come back")
        time.sleep(1.5)  # the service looks
        assert slots(query, schedule_id, "attempts") == [(1,)], "somebody is at it"
        query("UPDATE probe_pause SET seconds = 0")
        task.kill()
        until(lambda: slots(query, schedule_id, "state, attempts, pid") == [("done", 2, process.pid)], "taken up")
    assert len(query("SELECT slot FROM probe")) == 1


class Background:
    """A scheduled action at work, to be killed."""

    def __init__(self, hospital):
        self.name, conf = hospital
        before, os.environ["ODOO_RC"] = os.environ["ODOO_RC"], str(conf)
        self.odoo = Odoo()
        os.environ["ODOO_RC"] = before

    def start(self, schedule_id):
        code = """env['hospital.schedule'].browse(schedule_id)._ask()
env.cr.commit()
env['hospital.schedule']._cron_fallback()"""
        return self.odoo.start(self.name, code, schedule_id=schedule_id)

    def close(self):
        self.odoo.close()
