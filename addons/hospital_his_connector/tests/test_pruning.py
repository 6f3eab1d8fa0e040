from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..models import hospital_his_pruning
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestPruning(ExchangeCase):
    def prune(self):
        with patch.object(hospital_his_pruning, "PART", 1):
            self.env["hospital.his.pruning"]._prune()

    def run_of(self, days, **values):
        at = fields.Datetime.now() - timedelta(days=days)
        return self.env["hospital.his.run"].create(
            {"feed_id": self.feed.id, "state": "done", "started_at": at, "finished_at": at} | values
        )

    def test_only_old_runs_that_brought_nothing_go(self):
        old = self.run_of(9) | self.run_of(8, read_count=3, unchanged_count=3)
        kept = self.run_of(9, new_count=1)
        kept |= self.run_of(9, state="failed", code="refused")
        kept |= self.run_of(9, state="interrupted", code="killed")
        kept |= self.run_of(9, rejected_count=1)
        kept |= self.run_of(9, code="parent_circle")
        kept |= self.run_of(6)
        self.prune()
        self.assertFalse(old.exists())
        self.assertEqual(kept.exists(), kept)

    def test_the_last_good_run_stays_however_old(self):
        run = self.run_of(400)
        self.prune()
        self.assertTrue(run.exists())

    def test_contents_of_what_is_settled_are_emptied_and_an_error_survives(self):
        letters = self.env["hospital.his.deadletter"]
        states = ("open", "waiting", "ignored", "replayed", "resolved")
        for state in states:
            letters |= letters.create(
                {
                    "feed_id": self.feed.id,
                    "external_id": state,
                    "state": state,
                    "code": "missing",
                    "arguments": {"column": "xm"},
                    "payload": {"djh": state, "xm": "张三"},
                }
            )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hospital_his_deadletter SET write_date = now() - interval '31 days' WHERE id = ANY(%s)",
            [letters.ids],
        )
        young = letters.create(
            {"feed_id": self.feed.id, "external_id": "y", "state": "resolved", "code": "missing", "payload": {"a": 1}}
        )
        self.prune()
        self.assertEqual(letters.exists(), letters)
        emptied = letters.filtered(lambda letter: not letter.payload)
        self.assertEqual(emptied.mapped("state"), ["replayed", "resolved"])
        self.assertTrue(young.payload)
        self.assertTrue(emptied[0].reason)
        self.assertFalse(emptied[0].payload_text)

    def test_a_message_that_failed_stays_as_it_came_and_a_resend_is_known_for_ever(self):
        inbox = self.env["hospital.his.inbox"]
        long_ago = fields.Datetime.now() - timedelta(days=31)
        for state in ("received", "failed", "ignored", "done"):
            message, _is_new = inbox._receive(self.source, "soap", "test", state, "<a/>")
            message.write({"state": state, "response": "<b/>", "handled_at": long_ago})
        self.env.flush_all()
        self.prune()
        messages = inbox.search([("source_id", "=", self.source.id)], order="id")
        self.assertEqual([bool(message.payload) for message in messages], [True, True, False, False])
        again, is_new = inbox._receive(self.source, "soap", "test", "done", "<a/>")
        self.assertEqual((is_new, again.response), (False, "<b/>"))

    def test_links_and_what_a_person_has_to_decide_stay(self):
        self.his("DELETE FROM br", "INSERT INTO br VALUES ('1', '张三', '1', NULL, NULL, '2026-01-01 08:00:00')")
        self.run_feeds(self.feed)
        long_ago = fields.Datetime.now() - timedelta(days=400)
        checks = self.env["hospital.his.reconciliation"]
        values = {"feed_id": self.feed.id, "started_at": long_ago, "finished_at": long_ago}
        braked = checks.create(values | {"state": "braked", "vanished_count": 5})
        failed = checks.create(values | {"state": "failed"})
        found = checks.create(values | {"state": "done", "missing_count": 1})
        agreed = checks.create(values | {"state": "done"})
        last = checks.create(values | {"state": "done"})
        self.prune()
        self.assertFalse(agreed.exists())
        kept = braked | failed | found | last
        self.assertEqual(kept.exists(), kept)
        self.assertTrue(self.env["hospital.his.link"].search([("feed_id", "=", self.feed.id)]))
