import tempfile
from pathlib import Path

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestSchedule(ExchangeCase):
    def setUp(self):
        super().setUp()
        self.his(
            "DELETE FROM br",
            "INSERT INTO br VALUES ('1', '张三', '1', '1990-01-05', '13900001234', '2026-01-01 08:00:00')",
        )
        self.nightly = self.env.ref("hospital_his_connector.schedule_read_feeds")
        self.queue = self.env.ref("hospital_his_connector.schedule_his_runs")

    def do(self, schedule):
        """What the schedule has to do, done as the service does it: it commits, so it has a cursor of its own."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            schedule.with_env(self.env(cr=cr)).slot_ids.filtered(lambda slot: slot.state == "due")[-1:]._run()
        self.env.invalidate_all()

    def runs(self, feed=None):
        return self.env["hospital.his.run"].search([("feed_id", "=", (feed or self.feed).id)])

    def test_every_feed_or_those_chosen(self):
        stays = self.source.feed_ids - self.feed
        self.nightly._ask()
        self.do(self.nightly)
        self.assertEqual((self.nightly.state, self.runs().state, self.runs(stays).state), ("done", "done", "done"))
        self.assertTrue(self.patient("1"))
        self.nightly.feed_ids = stays
        self.nightly._ask()
        self.do(self.nightly)
        self.assertEqual((len(self.runs()), len(self.runs(stays))), (1, 2))
        stays.active = False
        self.nightly._ask()
        self.do(self.nightly)
        self.assertEqual((len(self.runs()), len(self.runs(stays))), (1, 2), "none, and not all of them")

    def test_a_feed_that_failed_is_named(self):
        self.source.database = str(Path(tempfile.gettempdir(), "no such file.sqlite"))
        self.nightly.feed_ids = self.feed
        self.nightly._ask()
        with mute_logger("odoo.addons.hospital_base.models.hospital_schedule_slot"):
            self.do(self.nightly)
        self.assertEqual((self.nightly.state, self.nightly.last_message), ("failed", "患者"))

    def test_run_now(self):
        self.feed.action_run()
        self.feed.action_run()
        self.assertEqual(self.queue.slot_ids.mapped("state"), ["due"])
        self.do(self.queue)
        self.assertEqual((self.queue.state, self.runs().state, self.runs().origin), ("done", "done", "manual"))

    def test_a_run_that_was_killed_goes_on(self):
        killed = self.env["hospital.his.run"].create({"feed_id": self.feed.id, "state": "running"})
        self.nightly._ask()
        self.do(self.nightly)
        self.assertEqual(killed.state, "interrupted")
        self.assertEqual((self.runs()[0].state, self.runs()[0].origin), ("done", "resume"))
        self.assertEqual(self.nightly.state, "done")
