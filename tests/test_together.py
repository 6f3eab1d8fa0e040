"""Two databases that commit together: whatever is killed at whatever moment, after recovery both sides say the same.

200 seeded runs. Each takes one number in the HIS (MariaDB or PostgreSQL) and books it here. A trap on the wires kills
our process, the HIS's server or Odoo's own server at the n-th request of any of them, before it arrives or after it has
been answered. Runs in which our process dies go on side by side, each on wires of its own; a server dies alone.
"""

import os
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import sqlalchemy as sa
from his_odoo import Failed, Odoo
from his_servers import MariaDb
from together_kit import PostgreSql, Trap, Wire, until

KINDS = {"pg": "postgresql", "maria": "mysql"}
RUNS = 200
ROUND = 20
LANES = 2

SETUP = """
env.cr.execute("CREATE TABLE booked_here (slot text PRIMARY KEY, times int NOT NULL DEFAULT 0)")
for code, driver, port in sources:
    source = env["hospital.his.source"].create({
        "code": code, "name": code, "driver": driver, "host": "127.0.0.1", "port": port, "database": "his",
        "username": "writer", "secret_ref": "TEST_WRITER", "connect_timeout": 5,
    })
    env["hospital.his.delivery"].create({
        "name": "take", "source_id": source.id, "operation": "take_slot", "way": "together",
        "statement": "UPDATE numbers SET times = times + 1, taken_by = :key WHERE slot = :slot AND taken_by IS NULL",
    })
env.cr.commit()
"""
TAKE = """
from odoo.addons.hospital_his_connector.exchange.problems import ReadingFailed
from odoo.addons.hospital_his_connector.exchange.parent import Session
from contextlib import ExitStack
result = []
with ExitStack() as stack:
    sessions = {code: stack.enter_context(Session()) for code, _slot in slots}
    for code, slot in slots:
        def work(env):
            env.cr.execute("INSERT INTO booked_here (slot, times) VALUES (%s, 1) "
                           "ON CONFLICT (slot) DO UPDATE SET times = booked_here.times + 1", [slot])
        source = env["hospital.his.source"].search([("code", "=", code)])
        env.cr.commit()
        try:
            env["hospital.his.transaction"]._together(source, "take_slot", slot, {"slot": slot}, work, sessions[code])
        except ReadingFailed as failure:
            result.append([slot, failure.code])
"""
RECOVER = """
from datetime import timedelta
import odoo.addons.hospital_his_connector.models.hospital_his_transaction_recovery as recovery
recovery.YOUNG = timedelta(0)
env["hospital.his.transaction"]._recover()
env.cr.rollback()
env.cr.execute("SELECT count(*) FROM hospital_his_transaction WHERE state IN ('preparing', 'decided')")
result = env.cr.fetchone()[0]
"""


RECOVER_AT = """
for source in env["hospital.his.source"].search([("code", "in", codes)]):
    env["hospital.his.transaction"]._recover_at(source)
"""
OTHERS = """
for code, values in (("off", {"driver": "postgresql", "host": "127.0.0.1", "port": port, "database": "postgres",
                              "username": "hospital"}), ("sqlite", {"driver": "sqlite", "database": "/dev/null"})):
    source = env["hospital.his.source"].create({"code": code, "name": code, **values})
    env["hospital.his.delivery"].create({
        "name": "take", "source_id": source.id, "operation": "take_slot", "way": "together",
        "statement": "UPDATE numbers SET times = 1 WHERE slot = :slot",
    })
env.cr.commit()
"""
BOOK = """
from odoo.addons.hospital_his_connector.exchange.problems import ReadingFailed
source = env["hospital.his.source"].search([("code", "=", "maria")])
patient = env["res.partner"].create({"name": "P", "is_patient": True, "source_id": source.id, "external_id": "P"})
other = patient.copy({"external_id": "Q"})
session = env["hospital.clinic.session"].create({
    "source_id": source.id, "external_id": "D", "department_id": env["hr.department"].create({"name": "D"}).id,
    "date": "2030-01-01", "day_part": "am",
})
first, second = env["hospital.clinic.slot"].create([
    {"session_id": session.id, "source_id": source.id, "external_id": key} for key in ("H1", "H2")])
env.cr.commit()
bookings = env["hospital.his.booking"]
booking = bookings._book_together(first, patient)
env.cr.commit()
env.invalidate_all()
booking = bookings.search([("slot_id", "=", first.id)])
result = [[first.state, booking.state, booking.appointment_id.state]]
try:
    bookings._book_together(second, other)
except ReadingFailed as failure:
    result.append([failure.code, second.state])
"""
# Our process dies at the end of a step: with the HIS prepared, or with our side committed too.
DIE = """
import os, signal
Transaction = type(env["hospital.his.transaction"])
def die(self, *arguments):
    if method == "_prepare":
        prepare(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)
prepare = Transaction._prepare
setattr(Transaction, "_prepare" if method == "_prepare" else "_end", die)
"""
LINGER = """
import os, time
Transaction = type(env["hospital.his.transaction"])
prepare = Transaction._prepare
def linger(self, *arguments):
    prepare(self, *arguments)
    while not os.path.exists(sign):
        time.sleep(0.01)
Transaction._prepare = linger
"""
SETTLE = """
result = []
for slot, outcome in decisions:
    transaction = env["hospital.his.transaction"].search([("key", "=", f"take_slot:{slot}")])
    wizard = env["hospital.his.transaction.settle"].create(
        {"transaction_id": transaction.id, "outcome": outcome, "note": "asked"})
    env.cr.commit()
    wizard.action_settle()
    env.cr.commit()  # what was read before is not what is there now
    env.invalidate_all()
    result.append([transaction.state, transaction.note])
"""


class Lane:
    """A wire to every server, and one trap on them: what happens here disturbs no other lane."""

    def __init__(self, number, servers):
        self.suffix = f"-{number}" if number else ""
        self.trap = Trap()
        self.wires = {name: Wire(server.port, self.trap) for name, server in servers.items()}
        self.port = self.wires["own"].port

    def sources(self):
        return [(f"{name}{self.suffix}", driver, self.wires[name].port) for name, driver in KINDS.items()]


class Hospital:
    """Odoo on a PostgreSQL of its own, a MariaDB and a second PostgreSQL as HIS, a trap on every wire."""

    def __init__(self, folder):
        self.own = PostgreSql()
        self.his = {"pg": PostgreSql("max_prepared_transactions = 50"), "maria": MariaDb(folder, durable=True)}
        self.his["pg"].query("postgres", "CREATE DATABASE his")
        self.his["pg"].query("postgres", "CREATE USER writer")
        self.his["pg"].query("his", "CREATE TABLE numbers (slot text PRIMARY KEY, times int DEFAULT 0, taken_by text)")
        self.his["pg"].query("his", "GRANT SELECT, UPDATE ON numbers TO writer")
        self.maria = self.his["maria"].create("his", "utf8mb4")
        with self.maria.begin() as connection:
            for statement in (
                "CREATE TABLE numbers (slot varchar(64) PRIMARY KEY, times int DEFAULT 0, taken_by varchar(128))",
                "CREATE USER writer@'127.0.0.1' IDENTIFIED BY 'geheim'",
                "GRANT SELECT, UPDATE ON his.numbers TO writer@'127.0.0.1'",
            ):
                connection.exec_driver_sql(statement)
        self._copy_template()
        self.lanes = [Lane(number, {"own": self.own, **self.his}) for number in range(LANES)]
        variables = {"PGHOST": "127.0.0.1", "PGUSER": "hospital", "PGPORT": str(self.lanes[0].port)}
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        self.odoo = Odoo()
        os.environ.update({name: value for name, value in before.items() if value is not None})
        self.odoo.run("together", SETUP, sources=[source for lane in self.lanes for source in lane.sources()])

    def _copy_template(self):
        self.own.query("postgres", "CREATE DATABASE together")
        with subprocess.Popen(["pg_dump", os.environ["TEST_TEMPLATE_DB"]], stdout=subprocess.PIPE) as dump:
            target = ["-h", "127.0.0.1", "-p", str(self.own.port), "-U", "hospital", "-d", "together"]
            subprocess.run(["psql", "-qX", *target], stdin=dump.stdout, check=True, stdout=subprocess.DEVNULL)

    def close(self):
        self.odoo.close()
        for lane in self.lanes:
            for wire in lane.wires.values():
                wire.close()
        for server in (self.own, self.his["pg"]):
            server.close()
        self.his["maria"].stop()

    # -- what is where ----------------------------------------------------------------------------------------

    def in_his(self):
        with self.maria.connect() as connection:
            rows = connection.exec_driver_sql("SELECT slot, times FROM numbers").fetchall()
        return dict([*map(tuple, rows), *self.his["pg"].query("his", "SELECT slot, times FROM numbers")])

    def here(self):
        return dict(self.own.query("together", "SELECT slot, times FROM booked_here"))

    def prepared(self):
        with self.maria.connect() as connection:
            left = len(connection.exec_driver_sql("XA RECOVER").fetchall())
        return left + self.his["pg"].query("his", "SELECT count(*) FROM pg_prepared_xacts")[0][0]

    # -- what is done -----------------------------------------------------------------------------------------

    def offer(self, slots):
        for code, slot in slots:
            if code.startswith("pg"):
                self.his["pg"].query("his", "INSERT INTO numbers (slot) VALUES (%s)", slot)
            else:
                with self.maria.begin() as connection:
                    connection.execute(sa.text("INSERT INTO numbers (slot) VALUES (:slot)"), {"slot": slot})

    def crash(self, victim):
        if victim == "maria":
            self.his["maria"].process.kill()
            self.his["maria"].process.wait()
            self.his["maria"].start()
        else:
            (self.own if victim == "own" else self.his["pg"]).restart()

    def recover(self):
        for lane in self.lanes:
            lane.trap.set(0, False, None)

        def done():
            try:
                return self.odoo.run("together", RECOVER) == 0 and not self.prepared()
            except (Failed, psycopg2.OperationalError):
                return False

        until(done, "nothing is in doubt any more")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    os.environ["HOSPITAL_SECRET_TEST_WRITER"] = "geheim"
    hospital = Hospital(tmp_path_factory.mktemp("maria"))
    yield hospital
    hospital.close()


def take(hospital, slots, lane=0):
    return hospital.odoo.run("together", TAKE, own_port=hospital.lanes[lane].port, slots=slots)


def test_both_or_none_and_never_twice(hospital):
    slots = [("pg", "plain-pg"), ("maria", "plain-maria")]
    hospital.offer(slots)
    assert take(hospital, slots) == []
    assert take(hospital, [*slots, *reversed(slots)]) == [], "what has gone through is not done again"
    taken = dict.fromkeys(("plain-pg", "plain-maria"), 1)
    assert taken.items() <= hospital.in_his().items() and taken.items() <= hospital.here().items()
    nowhere = [("pg", "nowhere-pg"), ("maria", "nowhere-maria")]
    assert take(hospital, nowhere) == [["nowhere-pg", "nothing_matched"], ["nowhere-maria", "nothing_matched"]]
    assert not {"nowhere-pg", "nowhere-maria"} & hospital.here().keys()
    assert hospital.prepared() == 0


def test_a_number_is_taken_in_the_his_and_booked_here_together(hospital):
    hospital.offer([("maria", "H1"), ("maria", "H2")])
    with hospital.maria.begin() as connection:
        connection.exec_driver_sql("UPDATE numbers SET taken_by = 'the window' WHERE slot = 'H2'")
    assert hospital.odoo.run("together", BOOK) == [["booked", "confirmed", "booked"], ["nothing_matched", "available"]]
    assert (hospital.in_his()["H1"], hospital.in_his()["H2"], hospital.prepared()) == (1, 0, 0)


def test_what_cannot_keep_a_promise_is_refused(hospital):
    """A PostgreSQL without prepared transactions, and a database that knows none."""
    hospital.odoo.run("together", OTHERS, port=hospital.own.port)
    assert take(hospital, [("off", "x"), ("sqlite", "x")]) == [["x", "together_off"], ["x", "together_impossible"]]
    assert "x" not in hospital.here()
    assert hospital.odoo.run("together", RECOVER) == 0, "nor is anything left in doubt"


def test_a_person_may_settle_and_the_record_says_whether_the_sides_agree(hospital):
    slots = [("pg", "hand-1"), ("maria", "hand-2"), ("pg", "hand-3")]
    hospital.offer(slots)
    for slot, method in zip(slots, ("_prepare", "_prepare", "_decided_and_gone"), strict=True):
        assert hospital.odoo.start("together", DIE + TAKE, slots=[slot], method=method).wait() is None
    assert hospital.prepared() == 3
    decisions = [["hand-1", "rollback"], ["hand-2", "commit"], ["hand-3", "commit"]]
    settled = hospital.odoo.run("together", SETTLE, decisions=decisions)
    assert settled == [["rolled_back", "asked"], ["mixed", "asked"], ["committed", "asked"]]
    assert hospital.prepared() == 0
    in_his, here = hospital.in_his(), hospital.here()
    assert [(in_his[slot], here.get(slot, 0)) for _code, slot in slots] == [(0, 0), (1, 0), (1, 1)]


def test_another_source_on_the_same_server_leaves_it_alone(hospital):
    """A server lists what is prepared in all its databases."""
    slots = [("maria", "other-1"), ("pg", "other-2")]
    hospital.offer(slots)
    for slot in slots:
        assert hospital.odoo.start("together", DIE + TAKE, slots=[slot], method="_decided_and_gone").wait() is None
    hospital.odoo.run("together", RECOVER_AT, codes=["maria-1", "pg-1"])
    assert hospital.prepared() == 2
    hospital.recover()
    in_his, here = hospital.in_his(), hospital.here()
    assert [(in_his[slot], here[slot]) for _code, slot in slots] == [(1, 1), (1, 1)]


def test_as_long_as_its_coordinator_lives_nobody_settles_it(hospital, tmp_path):
    slot, sign = ("maria", "alive"), tmp_path / "go on"
    hospital.offer([slot])
    task = hospital.odoo.start("together", LINGER + TAKE, slots=[slot], sign=str(sign))
    until(lambda: hospital.prepared() == 1, "it is prepared")
    hospital.odoo.run("together", RECOVER)
    with pytest.raises(Failed, match="still under way"):
        hospital.odoo.run("together", SETTLE, decisions=[["alive", "rollback"]])
    assert hospital.prepared() == 1
    sign.touch()
    assert task.wait() == []
    assert (hospital.in_his()["alive"], hospital.here()["alive"]) == (1, 1)


def test_both_sides_agree_after_every_crash(hospital):
    sample = [("pg", "sample-pg"), ("maria", "sample-maria")]
    hospital.offer(sample)
    requests = {}
    for kind, slot in sample:
        hospital.lanes[0].trap.set(0, False, None)
        take(hospital, [(kind, slot)])
        requests[kind] = hospital.lanes[0].trap.count
    ended = {"both": 0, "none": 0}
    for first in range(0, RUNS, ROUND):
        lanes = [[] for _lane in range(LANES)]
        crashes = [[] for _lane in range(LANES)]
        for seed in range(first, first + ROUND):
            chance, kind, number = random.Random(seed), list(KINDS)[seed % 2], seed // 2 % LANES
            slot = (f"{kind}{hospital.lanes[number].suffix}", f"slot-{seed}")
            # Servers take a second to come back, our process does not: it dies in most of the runs.
            victim = chance.choice((kind, "own")) if chance.random() < 0.1 else "us"
            lanes[number].append(slot)
            crashes[number].append((slot, victim, chance.randint(1, requests[kind]), chance.random() < 0.5))
        slots = [slot for lane in lanes for slot in lane]
        hospital.offer(slots)
        for alone in (False, True):
            with ThreadPoolExecutor(1 if alone else LANES) as pool:
                for done in [pool.submit(crash_all, hospital, n, crashes[n], alone) for n in range(LANES)]:
                    done.result()
        hospital.recover()
        in_his, here = hospital.in_his(), hospital.here()
        for _code, slot in slots:
            assert in_his[slot] == here.get(slot, 0) in (0, 1), (slot, in_his[slot], here.get(slot, 0))
            ended["both" if in_his[slot] else "none"] += 1
        # Late, doubled and in another order: each is done once all the same.
        again = [random.Random(first).sample([*lane, *lane], 2 * len(lane)) for lane in lanes]
        with ThreadPoolExecutor(LANES) as pool:
            repeated = [pool.submit(take, hospital, lane, number) for number, lane in enumerate(again)]
            assert [task.result() for task in repeated] == [[]] * LANES
        in_his, here = hospital.in_his(), hospital.here()
        assert {in_his[slot] for _code, slot in slots} == {here[slot] for _code, slot in slots} == {1}
    assert min(ended.values()) > RUNS / 20, f"the crashes were to hit both before and after the decision: {ended}"


def crash_all(hospital, number, crashes, of_servers):
    """The runs of one lane that kill a server, or those that kill our process."""
    for slot, victim, at, answered in crashes:
        if (victim != "us") == of_servers:
            run_until_killed(hospital, hospital.lanes[number], slot, victim, at, answered)


def run_until_killed(hospital, lane, slot, victim, at, answered):
    started = []

    def spring():
        if victim == "us":
            until(lambda: started, "the process has a number")
            started[0].kill()
        else:
            hospital.crash(victim)

    lane.trap.set(at, answered, spring)
    task = hospital.odoo.start("together", TAKE, own_port=lane.port, slots=[slot])
    started.append(task)
    try:
        task.wait()
    except Failed:
        assert victim != "us"
    lane.trap.set(0, False, None)
