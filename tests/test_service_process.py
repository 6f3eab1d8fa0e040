"""Two real `odoo hospital_service` processes on one database: kill -9, signals, NOTIFY, --only."""

import contextlib
import signal
import subprocess
import textwrap
import time

import psycopg2
import pytest
from conftest import ODOO, ROOT, database
from psycopg2 import sql

PATIENCE = 30

# An addon as anybody would write it: one class, registered, in one file.
PROBE = {
    "__manifest__.py": """
        {"name": "Probe", "version": "19.0.1.0.0", "license": "LGPL-3", "author": "test", "depends": ["hospital_base"]}
    """,
    "__init__.py": """
        import os
        import time

        from odoo.addons.hospital_base.service import Service, register


        def note(env, what, seconds=0):
            env.cr.execute("INSERT INTO probe (pid, what) VALUES (%s, %s)", [os.getpid(), what])
            time.sleep(seconds)


        @register
        class Probe(Service):
            name = "probe"

            async def run(self):
                await self.context.transaction(note, "started", deadline=10)
                while not self.context.stopping:
                    for payload in await self.context.wait():
                        await self.context.transaction(note, payload, deadline=10)
                        if payload == "late":
                            try:
                                await self.context.transaction(note, "never", 1, deadline=0.3)
                            except TimeoutError:
                                self.context.report("too late")
                await self.context.transaction(note, "stopped", deadline=10)


        @register
        class Idle(Service):
            name = "idle"

            async def run(self):
                await self.context.wait()
    """,
}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """A copy of the template with the probe installed: (name, option before the command, configuration)."""
    folder = tmp_path_factory.mktemp("service")
    addon = folder / "addons" / "hospital_service_probe"
    addon.mkdir(parents=True)
    for file, source in PROBE.items():
        (addon / file).write_text(textwrap.dedent(source))
    conf = folder / "odoo.conf"
    conf.write_text(f"[options]\ndata_dir = {folder / 'data'}\nhttp_interface = 127.0.0.1\n")
    path = f"--addons-path={ROOT / 'addons'},{addon.parent}"
    with database("service") as name:
        with db(name) as query:
            query("CREATE TABLE probe (at timestamptz DEFAULT clock_timestamp(), pid int, what text)")
        install = [path, "-c", str(conf), "-d", name, "-i", "hospital_service_probe", "--stop-after-init", "--no-http"]
        subprocess.run([*ODOO, *install], check=True)
        yield name, path, conf


@pytest.fixture
def query(hospital):
    with db(hospital[0]) as query:
        query("TRUNCATE probe")
        query("DELETE FROM hospital_service")
        yield query


@pytest.fixture
def start(hospital):
    """Start a service process; all are gone at the end of the test."""
    processes = []

    def start(*options):
        name, path, conf = hospital
        command = [*ODOO, path, "hospital_service", "-c", str(conf), "-d", name, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def db(name):
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        connection.autocommit = True

        def query(statement, *params):
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL(statement), params)
                return cursor.fetchall() if cursor.description else []

        yield query


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return result


def said(query):
    return [what for (what,) in query("SELECT what FROM probe ORDER BY at")]


def board(query, process, name="probe"):
    rows = query("SELECT state, leader, message FROM hospital_service WHERE pid = %s AND name = %s", process.pid, name)
    return rows[0] if rows else None


def test_standby_leads_within_a_second_after_kill_9(start, query):
    processes = [start("--only", "probe"), start("--only", "probe")]
    until(lambda: query("SELECT count(*) FROM hospital_service WHERE name = 'probe'") == [(2,)], "both on the board")
    ((leader_pid,),) = until(lambda: query("SELECT pid FROM probe"), "one leads")
    leader, standby = sorted(processes, key=lambda process: process.pid != leader_pid)
    until(lambda: board(query, leader) and board(query, leader)[:2] == ("running", True), "the leader says so")
    assert board(query, standby)[:2] == ("standby", False)

    ((killed_at,),) = query("SELECT clock_timestamp()")
    leader.kill()
    until(lambda: len(said(query)) == 2, "the other one leads")
    last = "SELECT extract(epoch FROM at - %s)::float, pid FROM probe ORDER BY at DESC LIMIT 1"
    ((seconds, pid),) = query(last, killed_at)
    assert pid == standby.pid
    assert seconds < 1.0
    until(lambda: board(query, standby)[:2] == ("running", True), "the new leader says so")
    until(lambda: board(query, leader)[1] is False, "the dead one leads no more")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_clean_stop(start, query, number):
    process = start()
    until(lambda: said(query) == ["started"], "running")
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert said(query) == ["started", "stopped"], "the service could finish its work"
    assert board(query, process)[:2] == ("stopped", False)
    assert board(query, process, "kernel")[0] == "stopped"
    assert query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND database ="
                 " (SELECT oid FROM pg_database WHERE datname = current_database())", 0x484F5350) == []  # fmt: skip
    assert "Traceback" not in output and " WARNING " not in output and " ERROR " not in output, output


def test_notify_wakes_and_a_late_transaction_leaves_nothing(start, query):
    process = start()
    until(lambda: said(query) == ["started"], "running")
    query("SELECT pg_notify('hospital_probe', 'late')")
    until(lambda: board(query, process)[2] == "too late", "its word is on the board")
    time.sleep(1.2)
    assert said(query) == ["started", "late"]


def test_lost_connection_is_regained(start, query):
    process = start()
    until(lambda: said(query) == ["started"], "running")
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hospital_service'"
          " AND datname = current_database()")  # fmt: skip
    until(lambda: said(query) == ["started", "started"], "leads again")
    assert process.poll() is None


def test_only_chooses_and_a_wrong_name_is_explained(start, query):
    process = start("--only=idle")
    until(lambda: board(query, process, "idle"), "idle runs")
    assert board(query, process, "kernel")[2] == "idle"
    assert board(query, process, "probe") is None and said(query) == []

    wrong = start("--only=idle,prob")
    output, _ = wrong.communicate(timeout=PATIENCE)
    assert wrong.returncode == 1
    known = output.rpartition(" have: ")[2]
    assert "Unknown service prob;" in output and {"idle", "probe"} <= set(known.strip().split(", "))
