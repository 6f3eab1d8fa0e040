from odoo.tests import new_test_user, tagged

from ..loading import LOADERS
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestReconcile(ExchangeCase):
    def setUp(self):
        super().setUp()
        rows = [f"('{n}', '患者{n}', '1', NULL, NULL, '2026-01-01 08:00:{n:02}')" for n in range(1, 31)]
        stays = [f"('Z{n}', '{n}', '2026-01-{1 + n % 3:02} 08:00:00', '2026-01-01 08:00:{n:02}')" for n in range(1, 31)]
        self.his(
            "DELETE FROM br",
            "DELETE FROM zy",
            f"INSERT INTO br VALUES {', '.join(rows)}",
            f"INSERT INTO zy VALUES {', '.join(stays)}",
        )
        self.source.feed_ids.complete = True
        self.stays = self.source.feed_ids - self.feed
        self.run_feeds()

    def compare(self, feed=None):
        checks = self.env["hospital.his.reconciliation"]
        check = checks._queue(feed or self.feed)
        checks._work()
        return check

    def visit(self, external_id):
        return self.env["hospital.encounter"].search(
            [("source_id", "=", self.source.id), ("external_id", "=", external_id)]
        )

    def links(self, *domain):
        return self.env["hospital.his.link"].search([("feed_id", "=", self.feed.id), *domain])

    def test_both_agree(self):
        check = self.compare(self.stays)
        self.assertEqual((check.state, check.there_count, check.here_count), ("done", 30, 30))
        self.assertFalse(check.missing_count or check.vanished_count or check.run_id)
        days = self.env["hospital.his.reconciliation.day"].search([("feed_id", "=", self.stays.id)])
        self.assertEqual([str(day.day) for day in days], ["2026-01-03", "2026-01-02", "2026-01-01"])
        self.assertEqual(days.mapped("here_count"), [10, 10, 10])
        self.assertEqual(days.mapped("agrees"), [True] * 3)

    def test_a_row_the_watermark_missed_is_read(self):
        self.his("INSERT INTO br VALUES ('old', '旧', '1', NULL, NULL, '2025-01-01 08:00:00')")
        mark = self.feed.mark
        self.run_feeds(self.feed)
        self.assertFalse(self.patient("old"))
        check = self.compare()
        self.assertEqual((check.missing_count, check.run_id.new_count), (1, 1))
        self.assertEqual((check.run_id.origin, check.run_id.state), ("reconcile", "done"))
        self.assertTrue(self.patient("old"))
        self.assertEqual(self.feed.mark, mark)
        self.assertFalse(self.compare().missing_count)

    def test_a_patient_that_vanished_is_archived_and_comes_back(self):
        self.his("DELETE FROM br WHERE djh = '7'")
        check = self.compare()
        self.assertEqual((check.state, check.vanished_count, check.taken_out_count), ("done", 1, 1))
        self.assertFalse(self.patient("7").active)
        self.assertEqual(self.links(("vanished_at", "!=", False)).external_id, "7")
        self.assertFalse(self.compare().vanished_count)
        self.his("INSERT INTO br VALUES ('7', '患者7', '1', NULL, NULL, '2026-01-01 08:00:07')")
        self.assertEqual(self.compare().run_id.changed_count, 1)
        self.assertTrue(self.patient("7").active)
        self.assertFalse(self.links(("vanished_at", "!=", False)))

    def test_a_visit_that_vanished_is_cancelled_and_reopened(self):
        self.his("DELETE FROM zy WHERE lsh = 'Z5'")
        self.compare(self.stays)
        visit = self.visit("Z5")
        self.assertEqual(visit.state, "cancelled")
        self.his("INSERT INTO zy VALUES ('Z5', '5', '2026-01-03 08:00:00', '2026-02-01 08:00:00')")
        self.run_feeds(self.stays)
        self.assertEqual(visit.state, "in_progress")
        events = self.env["hospital.encounter.event"].search([("encounter_id", "=", visit.id)], order="id")
        self.assertEqual(events.mapped("kind"), ["cancelled", "reopened"])

    def test_reports_and_operations_that_vanished_are_cancelled_unless_they_are_over(self):
        patient = {"patient_id": self.patient("7").id}
        reports = self.env["hospital.report"].create(
            [patient | {"name": "血常规", "state": state} for state in ("in_progress", "reported")]
        )
        operations = self.env["hospital.surgery"].create(
            [patient | {"name": "阑尾切除术", "scheduled_at": "2026-11-27", "state": state}
             for state in ("scheduled", "done")]
        )  # fmt: skip
        for kind, records, over in (("report", reports, "reported"), ("surgery", operations, "done")):
            loader = LOADERS[kind](self.feed, [], [])
            loader._vanish(records.ids)
            self.assertEqual(records.mapped("state"), ["cancelled", over])
            loader._revive(records.ids)
            self.assertEqual(records.mapped("state"), [loader.defaults["state"], over])

    def test_a_visit_that_another_feed_still_shows_stays(self):
        other = self.stays.copy({"code": "zy2"})
        self.run_feeds(other)
        other.query = "SELECT * FROM zy UNION SELECT 'Z5', '5', '2026-01-03 08:00:00', '2026-01-01 08:00:05'"
        self.his("DELETE FROM zy WHERE lsh = 'Z5'")
        self.assertEqual(self.compare(self.stays).taken_out_count, 0)
        self.assertEqual(self.visit("Z5").state, "in_progress")
        other.query = "SELECT * FROM zy"
        self.assertEqual(self.compare(other).taken_out_count, 1)
        self.assertEqual(self.visit("Z5").state, "cancelled")

    def test_the_brake_touches_nothing_until_a_person_decides(self):
        self.his("DELETE FROM br WHERE djh IN ('1', '2', '3')", "INSERT INTO br VALUES ('x', 'x', '1', NULL, NULL, '')")
        check = self.compare()
        self.assertEqual((check.state, check.vanished_count, check.taken_out_count), ("braked", 3, 0))
        self.assertIn("3", check.message)
        self.assertTrue(self.patient("1").active)
        self.assertFalse(self.patient("x"))
        self.assertEqual(sorted(self.links(("missed_at", "!=", False)).mapped("external_id")), ["1", "2", "3"])
        self.his("DELETE FROM br WHERE djh = '4'")
        engineer = new_test_user(self.env, "exchange_decides", groups="hospital_base.group_integration")
        check.with_user(engineer).action_accept()
        self.env["hospital.his.reconciliation"]._work()
        again = self.env["hospital.his.reconciliation"].search([("feed_id", "=", self.feed.id)], limit=1)
        self.assertEqual((again.state, again.vanished_count), ("braked", 4), "more than the person has seen")
        again.with_user(engineer).action_accept()
        self.env["hospital.his.reconciliation"]._work()
        self.assertFalse(any(self.patient(str(n)).active for n in range(1, 5)))
        self.assertFalse(self.links(("missed_at", "!=", False)))

    def test_a_query_that_shows_a_part_takes_nothing_out(self):
        self.feed.complete = False
        self.his("DELETE FROM br")
        check = self.compare()
        self.assertEqual((check.state, check.vanished_count, check.taken_out_count), ("done", 30, 0))
        self.assertTrue(self.patient("1").active)

    def test_a_deleted_record_comes_back(self):
        self.visit("Z9").unlink()
        self.stays.action_read_again()
        self.run_feeds(self.stays)
        self.assertTrue(self.visit("Z9"))
        self.visit("Z9").unlink()
        self.assertEqual(self.compare(self.stays).missing_count, 1)
        self.assertTrue(self.visit("Z9"))

    def test_a_dead_letter_is_known_and_not_read_every_night(self):
        self.his("INSERT INTO br VALUES ('bad', NULL, '1', NULL, NULL, '2026-01-02 08:00:00')")
        self.run_feeds(self.feed)
        check = self.compare()
        self.assertEqual((check.there_count, check.missing_count, check.set_aside_count), (31, 0, 1))
        self.assertFalse(check.run_id)

    def test_a_his_that_is_down_is_said(self):
        self.source.database = "/nowhere/his.sqlite"
        check = self.compare()
        self.assertEqual((check.state, check.code), ("failed", "no_file"))
