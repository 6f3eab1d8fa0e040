import tempfile
import time
from datetime import timedelta
from pathlib import Path

from odoo.tests import tagged

from ..exchange import parent
from ..exchange.limits import Limits
from ..exchange.problems import ReadingFailed
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestRun(ExchangeCase):
    def setUp(self):
        super().setUp()
        self.his(
            "DELETE FROM br",
            "INSERT INTO br VALUES ('1', '张三', '1', '1990-01-05', '13900001234', '2026-01-01 08:00:00')",
        )

    def runs(self):
        return self.env["hospital.his.run"].search([("feed_id", "=", self.feed.id)])

    def wait(self, minutes):
        """Time goes by: for the latest run, and for the job that looks."""
        self.runs()[0].finished_at -= timedelta(minutes=minutes)
        self.env.ref("hospital_his_connector.schedule_his_runs")._run_his_runs()

    def test_his_that_was_down_is_read_once_it_is_back(self):
        self.source.database = str(Path(tempfile.gettempdir(), "no such file.sqlite"))
        run = self.run_feeds(self.feed)
        self.assertEqual((run.state, run.code), ("failed", "no_file"))
        self.assertIn(
            run.finished_at + timedelta(minutes=5),
            self.env.ref("hospital_his_connector.schedule_his_runs").slot_ids.mapped("planned_at"),
        )
        self.wait(4)
        self.assertEqual(len(self.runs()), 1)
        self.wait(1)
        self.assertEqual(self.runs().mapped("origin"), ["retry", "schedule"])
        self.source.database = self.path
        self.wait(14)
        self.assertEqual(len(self.runs()), 2)
        self.wait(1)
        self.assertEqual(self.runs()[0].state, "done")
        self.assertTrue(self.patient("1"))
        self.wait(999)
        self.assertEqual(len(self.runs()), 3)

    def test_three_more_tries_are_enough(self):
        self.source.database = str(Path(tempfile.gettempdir(), "no such file.sqlite"))
        self.run_feeds(self.feed)
        for _try in range(6):
            self.wait(60)
        self.assertEqual(self.runs().mapped("origin"), ["retry"] * 3 + ["schedule"])

    def test_what_waiting_does_not_cure_and_what_a_person_started_is_not_tried_again(self):
        query, self.feed.query = self.feed.query, "SELECT * FROM nichts"
        self.assertEqual(self.run_feeds(self.feed).code, "bad_query")
        self.wait(999)
        self.assertEqual(len(self.runs()), 1)
        self.feed.query = query
        self.run_feeds(self.feed)
        self.source.database = str(Path(tempfile.gettempdir(), "no such file.sqlite"))
        self.feed._run_queued(self.env["hospital.his.run"]._queue(self.feed, "manual"))
        self.assertEqual(self.runs()[0].code, "no_file")
        self.wait(999)
        self.assertEqual(len(self.runs()), 3)

    def test_lag_only_where_something_came(self):
        self.assertGreater(self.run_feeds(self.feed).lag, 24)
        again = self.run_feeds(self.feed)
        self.assertEqual((again.read_count, again.lag), (1, 0))

    def test_silent_his_is_given_up_before_odoo_breaks_the_run_off(self):
        endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        job = self.feed._job() | {"query": f"SELECT * FROM br WHERE djh > ({endless})"}
        began = time.monotonic()
        with parent.Session() as session, self.assertRaises(ReadingFailed) as failed:
            with session.reading(job, Limits(silence=120), began + 3) as frames:
                list(frames)
        self.assertEqual(failed.exception.code, "silence")
        self.assertLess(time.monotonic() - began, 30)
