import asyncio
import contextlib
import time
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tests.common import get_db_name

from odoo.addons.hospital_base.service import Problem, Service, backoff, base
from odoo.addons.hospital_base.service.kernel import LOCKS, Kernel
from odoo.addons.hospital_base.service.odoo_side import connector

PATIENCE = 10


class Probe(Service):
    """Says what happens to it."""

    name = "probe"
    channels = ("hospital_probe_more",)

    async def run(self):
        self.log.append("started")
        try:
            while not self.context.stopping:
                self.log += await self.context.wait(60)
            self.log.append("stopped")
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise


class Faulty(Service):
    name = "faulty"

    async def run(self):
        self.log.append(time.monotonic())
        if len(self.log) < 3:
            raise self.error
        await self.context.wait()


@tagged("post_install", "-at_install")
class TestKernel(BaseCase):
    """Kernels beside each other on the real database; hosts tell them apart."""

    def setUp(self):
        super().setUp()
        self.database = get_db_name()
        self.watcher = connector(self.database)()
        self.watcher.autocommit = True
        self.addCleanup(self.watcher.close)
        self.addCleanup(
            self.sql, "DELETE FROM hospital_service WHERE host LIKE 'test-%%' OR name IN ('probe', 'faulty')"
        )
        Probe.log, Faulty.log, Faulty.error = [], [], ValueError("张三")

    def sql(self, query, *params):
        with self.watcher.cursor() as cursor:
            cursor.execute(query, params)
            return cursor.fetchall() if cursor.description else None

    def board(self, *fields, name="probe"):
        rows = self.sql(
            f"SELECT {', '.join(fields)} FROM hospital_service WHERE name = %s AND host LIKE 'test-%%' ORDER BY host",
            name,
        )
        return [row if len(fields) > 1 else row[0] for row in rows]

    def locks(self):
        (row,) = self.sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            LOCKS,
        )
        return row[0]

    def kernel(self, host="test-a", services=(Probe,)):
        kernel = Kernel(connector(self.database), services)
        kernel.host = host
        return kernel

    @contextlib.asynccontextmanager
    async def running(self, *kernels):
        tasks = [asyncio.create_task(kernel.run()) for kernel in kernels]
        try:
            yield
        finally:
            for kernel in kernels:
                kernel.stop()
            await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)

    async def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(
                time.monotonic(), end, f"{what}: {Probe.log} {self.board('host', 'leader', 'state', 'message')}"
            )
            await asyncio.sleep(0.02)

    # ------------------------------------------------------------------ leadership
    def test_one_leads_the_other_stands_by_and_takes_over(self):
        async def scenario():
            first, second = self.kernel("test-a"), self.kernel("test-b")
            async with self.running(second):
                async with self.running(first):
                    await self.until(lambda: len(self.board("host")) == 2, "both on the board")
                    await self.until(lambda: True in self.board("leader"), "one leads")
                    await asyncio.sleep(1)
                    self.assertEqual(sorted(self.board("leader")), [False, True])
                    self.assertEqual(sorted(self.board("state")), ["running", "standby"])
                    self.assertEqual(Probe.log, ["started"], "only the leader's service runs")
                    leader = first if first.posts[0].leader else second
                    leader.stop()
                    await self.until(lambda: len(Probe.log) == 3, "the other one leads")
                    self.assertEqual(Probe.log, ["started", "stopped", "started"])

        asyncio.run(scenario())

    def test_clean_stop_frees_the_lock_and_says_so(self):
        async def scenario():
            before = self.locks()
            async with self.running(self.kernel()):
                await self.until(lambda: self.board("state") == ["running"], "running")
                self.assertEqual(self.locks(), before + 1)
            self.assertEqual(self.board("state", "leader"), [("stopped", False)])
            self.assertEqual(self.board("state", name="kernel"), ["stopped"])
            self.assertEqual(self.locks(), before)
            self.assertEqual(Probe.log, ["started", "stopped"])

        asyncio.run(scenario())

    def test_a_lost_connection_is_a_lost_leadership(self):
        async def scenario():
            async with self.running(self.kernel()):
                await self.until(lambda: self.board("state") == ["running"], "running")
                with self.assertLogs("odoo.addons.hospital_base.service", "WARNING") as logs:
                    self.sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
                        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                        LOCKS,
                    )
                    started = time.monotonic()
                    await self.until(lambda: "cancelled" in Probe.log, "cancelled")
                    self.assertLess(time.monotonic() - started, 1)
                    await self.until(lambda: Probe.log.count("started") == 2, "leads again")
                self.assertIn("connection lost", logs.output[0])
                self.assertEqual(Probe.log, ["started", "cancelled", "started"])
                await self.until(lambda: self.board("state") == ["running"], "on the board again")

        asyncio.run(scenario())

    def test_no_database_is_not_the_end(self):
        async def scenario():
            kernel = self.kernel()
            connect, refusals = kernel._connect, [1, 1]

            def moody():
                if refusals:
                    refusals.pop()
                    raise psycopg2.OperationalError("connection refused")
                return connect()

            kernel._connect = moody
            with self.assertLogs("odoo.addons.hospital_base.service.kernel", "WARNING") as logs:
                async with self.running(kernel):
                    await self.until(lambda: Probe.log, "started in the end")
            self.assertEqual(len(logs.output), 2)

        asyncio.run(scenario())

    # ------------------------------------------------------------------ waking
    def test_notify_wakes_the_service_on_each_of_its_channels(self):
        async def scenario():
            async with self.running(self.kernel()):
                await self.until(lambda: Probe.log, "started")
                with Registry(self.database).cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    env["hospital.service"]._wake("probe", "row 7")
                    env["hospital.service"]._wake("other", "not for the probe")
                self.sql("SELECT pg_notify('hospital_probe_more', 'row 8')")
                await self.until(lambda: "row 8" in Probe.log, "woken")
                self.assertEqual(Probe.log, ["started", "row 7", "row 8"])

        asyncio.run(scenario())

    # ------------------------------------------------------------------ failures
    def test_a_failing_service_is_started_again_ever_later(self):
        async def scenario():
            with self.assertLogs("odoo.addons.hospital_base.service.post", "ERROR") as logs:
                async with self.running(self.kernel(services=(Faulty, Probe))):
                    await self.until(lambda: self.board("state", name="faulty") == ["failed"], "shown as failed")
                    (message,) = self.board("message", name="faulty")
                    self.assertIn("ValueError (test_service.py:", message)
                    self.assertEqual(self.board("leader", name="faulty"), [False], "another host may try")
                    await self.until(lambda: len(Faulty.log) == 3, "third start")
                    await self.until(
                        lambda: self.board("state", "message", name="faulty") == [("running", "")], "recovered"
                    )
                    self.assertEqual(Probe.log, ["started"], "its neighbour never noticed")
            self.assertEqual(len(logs.output), 2)
            self.assertNotIn("张三", "".join(logs.output), "an error's text may name a patient")
            first, second, third = Faulty.log
            self.assertGreaterEqual(second - first, 0.5)
            self.assertGreaterEqual(third - second, 1.0)

        asyncio.run(scenario())

    def test_a_problem_is_told_in_words(self):
        async def scenario():
            Faulty.error = Problem("The HIS does not answer")
            with self.assertLogs("odoo.addons.hospital_base.service.post", "ERROR"):
                async with self.running(self.kernel(services=(Faulty,))):
                    await self.until(
                        lambda: self.board("message", name="faulty") == ["The HIS does not answer"], "told"
                    )

        asyncio.run(scenario())

    def test_a_locked_board_does_not_cost_the_leadership(self):
        async def scenario():
            async with self.running(self.kernel()):
                await self.until(lambda: self.board("state") == ["running"], "running")
                with (
                    self.assertLogs("odoo.addons.hospital_base.service.kernel", "WARNING") as logs,
                    contextlib.closing(connector(self.database)()) as upgrade,
                    patch("odoo.addons.hospital_base.service.kernel.BEAT", 0.1),
                ):
                    upgrade.cursor().execute("LOCK TABLE hospital_service IN ACCESS EXCLUSIVE MODE")
                    await asyncio.sleep(7)
                self.assertEqual(len(logs.output), 1, logs.output)
                self.assertEqual(Probe.log, ["started"])

        asyncio.run(scenario())

    # ------------------------------------------------------------------ blocking calls
    def test_blocking_calls_end_at_their_deadline(self):
        async def scenario():
            run = base.Context().run_blocking
            for process in (False, True):
                self.assertEqual(await run(abs, -3, deadline=PATIENCE, process=process), 3)
                with self.assertRaises(ZeroDivisionError):
                    await run(divmod, 1, 0, deadline=PATIENCE, process=process)
                started = time.monotonic()
                with self.assertRaises(TimeoutError):
                    await run(time.sleep, 30, deadline=0.5, process=process)
                self.assertLess(time.monotonic() - started, 3)
            self.assertLessEqual(await run(backoff.delay, 1, deadline=PATIENCE, process=True), 1, "an addon's function")

        asyncio.run(scenario())

    # ------------------------------------------------------------------ pure
    def test_one_class_per_name(self):
        with patch.dict(base.REGISTERED, {}, clear=True):
            base.register(Probe)
            base.register(Probe)
            other = type("Other", (Service,), {"name": "probe"})
            self.assertRaises(ValueError, base.register, other)
            self.assertRaises(ValueError, base.register, type("Bad", (Service,), {"name": 'x"; DROP'}))
            self.assertEqual(base.REGISTERED, {"probe": Probe})


@tagged("post_install", "-at_install")
class TestBoard(TransactionCase):
    def test_stale_is_who_says_nothing_and_was_not_stopped(self):
        self.env.cr.execute(
            """INSERT INTO hospital_service (name, host, pid, leader, state, heartbeat_at)
               SELECT name, 'test-board', 1, true, state, clock_timestamp() AT TIME ZONE 'UTC' - age * interval '1 s'
                 FROM (VALUES ('fresh', 'running', 5), ('dead', 'running', 25), ('left', 'stopped', 3600))
                   AS sample (name, state, age)"""
        )
        here = [("host", "=", "test-board")]
        board = self.env["hospital.service"].search(here)
        self.assertEqual({row.name: row.stale for row in board}, {"fresh": False, "dead": True, "left": False})
        self.assertEqual(board.search([*here, ("stale", "=", True)]).name, "dead")
        self.assertEqual(board.search([*here, ("stale", "=", False)]).mapped("name"), ["fresh", "left"])
