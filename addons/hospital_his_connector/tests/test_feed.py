import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..exchange.problems import ReadingFailed
from ..exchange.targets import KINDS
from ..models.hospital_his_feed_field import TARGETS
from ..models.hospital_his_message import SENTENCES
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestFeed(ExchangeCase):
    def setUp(self):
        super().setUp()
        self.his(
            "DELETE FROM br",
            "DELETE FROM zy",
            "INSERT INTO br VALUES ('1', '张三', '1', '1990-01-05', '13900001234', '2026-01-01 08:00:00')",
            "INSERT INTO br VALUES ('2', NULL, '8', '1990-12-05', NULL, '2026-01-01 08:00:01')",
            "INSERT INTO zy VALUES ('a', '1', '2026-01-01 08:00:00', '2026-01-01 08:00:00')",
            "INSERT INTO zy VALUES ('b', '2', '2026-01-02 08:00:00', '2026-01-02 08:00:00')",
        )

    def test_run_tells_what_became_of_every_row(self):
        patients, stays = self.run_feeds()
        self.assertEqual(
            (patients.state, patients.read_count, patients.new_count, patients.rejected_count), ("done", 2, 1, 1)
        )
        self.assertEqual((stays.new_count, stays.waiting_count), (1, 1))
        patient = self.patient("1")
        self.assertRecordValues(patient, [{"name": "张三", "gender": "male", "is_patient": True, "phone": False}])
        self.assertEqual(patient.phone_line_ids.number, "13900001234")
        self.assertEqual(patient.encounter_ids.admitted_at.hour, 0)
        self.assertEqual(patient.last_visit_at, patient.encounter_ids.admitted_at)
        self.assertFalse(patients.message)

    def test_refused_row_does_not_reach_the_log(self):
        self.env.cr.execute("ALTER TABLE res_partner ADD CONSTRAINT no_zhang CHECK (name <> '张三')")
        with self.assertNoLogs("odoo.sql_db", "WARNING"):
            self.run_feeds(self.feed)
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id), ("external_id", "=", "1")])
        self.assertEqual((letter.code, letter.state), ("database_refused", "open"))

    def test_late_mother_and_late_survivor_reach_the_hook(self):
        self.feed.field_ids.create(
            [{"feed_id": self.feed.id, "target": target, "column": target} for target in ("mother", "merged_into")]
        )
        self.feed.query = "SELECT *, CASE djh WHEN '1' THEN '3' END AS mother, NULL AS merged_into FROM br"
        self.run_feeds(self.feed)
        self.his("INSERT INTO br VALUES ('3', '张母', '2', '1960-01-05', NULL, '2026-01-01 09:00:00')")
        told = self.run_and_listen()
        self.assertEqual(self.patient("1").mother_id, self.patient("3"))
        self.assertIn(self.patient("1"), told)
        self.his(
            "INSERT INTO br VALUES ('4', '张母', '2', '1960-01-05', NULL, '2026-01-01 10:00:00')",
            "UPDATE br SET gxsj = '2026-01-01 10:00:00' WHERE djh = '3'",
        )
        self.feed.query = (
            "SELECT *, CASE djh WHEN '1' THEN '3' END AS mother, CASE djh WHEN '3' THEN '4' END AS merged_into FROM br"
        )
        told = self.run_and_listen()
        self.assertEqual(self.patient("1").mother_id, self.patient("4"))
        self.assertLessEqual(self.patient("1") | self.patient("3") | self.patient("4"), told)

    def run_and_listen(self):
        """Run the feed of patients; return those whom the hook was told of as changed."""
        partners = type(self.env["res.partner"])
        told = self.env["res.partner"]
        usual = partners._after_exchange

        def listen(patients, created, changed):
            nonlocal told
            told |= changed
            return usual(patients, created, changed)

        with patch.object(partners, "_after_exchange", listen):
            self.run_feeds(self.feed)
        return told

    def test_corrected_letter_brings_in_who_waited_for_it(self):
        self.run_feeds()
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])
        self.assertIn("xm", letter.reason)
        with self.assertRaises(ValidationError):
            letter.payload_text = "{"
        with self.assertRaises(ValidationError):
            letter.payload_text = '{"djh": "2"}'
        letter.payload_text = letter.payload_text.replace('"xm": null', '"xm": "李四"')
        letter.action_replay()
        self.assertEqual(letter.state, "replayed")
        self.run_feeds()
        self.assertEqual(len(self.patient("2").encounter_ids), 1)

    def test_ignored_letter_stays_ignored_until_the_row_changes(self):
        self.run_feeds(self.feed)
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])
        letter.action_ignore()
        self.feed.mark = False
        self.run_feeds(self.feed)
        self.assertEqual(letter.state, "ignored")
        self.his("UPDATE br SET csrq = '1990-12-06' WHERE djh = '2'")
        self.feed.mark = False
        self.run_feeds(self.feed)
        self.assertEqual(letter.state, "open")
        self.his("UPDATE br SET xm = '李四' WHERE djh = '2'")
        self.feed.mark = False
        self.run_feeds(self.feed)
        self.assertEqual(letter.state, "resolved")

    def test_unknown_code_is_collected_and_mapped_later(self):
        self.his("UPDATE br SET xm = '李四' WHERE djh = '2'")
        self.run_feeds(self.feed)
        self.assertEqual(self.patient("2").gender, "unknown")
        line = self.env["hospital.his.codemap.line"].search([("source_value", "=", "8")])
        self.assertEqual((line.seen, line.target_value), (1, False))
        line.target_value = "female"
        run = self.run_feeds(self.feed)
        self.assertEqual(run.changed_count, 2, "another mapping reads everything again")
        self.assertEqual(self.patient("2").gender, "female")

    def test_a_row_with_an_unreadable_time_hides_nothing(self):
        self.his("INSERT INTO br VALUES ('3', '王五', '1', NULL, NULL, '待定')")
        self.run_feeds(self.feed)
        self.assertTrue(self.patient("3"))
        self.his("INSERT INTO br VALUES ('4', '赵六', '1', NULL, NULL, '2026-01-02 08:00:00')")
        self.run_feeds(self.feed)
        self.assertTrue(self.patient("4"))
        self.feed.mark = {"phase": "rows", "w": ["str", "待定"], "k": None}
        self.assertEqual(self.run_feeds(self.feed).read_count, 4, "a mark that hides rows is not believed")

    def test_another_query_or_column_of_time_reads_everything_again(self):
        self.his("UPDATE br SET xm = '李四' WHERE djh = '2'")
        self.source.overlap_minutes = 0
        self.assertEqual([self.run_feeds(self.feed).read_count for _run in range(2)], [2, 1])
        self.feed.query = "SELECT * FROM br WHERE 1 = 1"
        run = self.run_feeds(self.feed)
        self.assertEqual((run.read_count, run.unchanged_count), (2, 2))
        self.feed.watermark_column = "djh"
        self.assertEqual(self.run_feeds(self.feed).read_count, 2)

    def test_unknown_state_is_refused_and_asked_about(self):
        stays = self.source.feed_ids - self.feed
        states = self.env["hospital.his.codemap"].create(
            {"name": "状态", "code": "zt", "source_id": self.source.id, "line_ids": []}
        )
        stays.field_ids = [
            Command.create({"target": "state", "column": "zt", "transform": "code", "codemap_id": states.id})
        ]
        stays.query = "SELECT *, '8' AS zt FROM zy WHERE lsh = 'a'"
        run = self.run_feeds()[1]
        self.assertEqual((run.state, run.rejected_count), ("done", 1))
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", stays.id)])
        self.assertEqual(letter.code, "bad_choice")
        self.assertEqual(states.line_ids.source_value, "8")
        states.line_ids.target_value = "cancelled"
        self.run_feeds(stays)
        self.assertEqual(letter.state, "resolved")
        self.assertEqual(self.patient("1").encounter_ids.state, "cancelled")

    def test_only_one_run_is_queued(self):
        self.feed.action_run()
        self.feed.action_run()
        runs = self.env["hospital.his.run"].search([("feed_id", "=", self.feed.id)])
        self.assertEqual(runs.mapped("state"), ["queued"])
        self.env.ref("hospital_his_connector.schedule_his_runs")._run_his_runs()
        self.assertEqual(runs.state, "done")

    def test_a_run_that_another_process_has_begun_is_left_to_it(self):
        run = self.env["hospital.his.run"].create({"feed_id": self.feed.id, "state": "running", "read_count": 7})
        self.feed._run_queued(run)
        self.assertEqual((run.state, run.read_count), ("running", 7))

    @staticmethod
    def just_begun():
        """A moment that is over as soon as the run has begun."""

        class Moment(float):
            asked = 0

            def __lt__(self, now):  # monotonic() > until
                Moment.asked += 1
                return Moment.asked > 1

        return Moment(1)

    def test_a_run_out_of_time_goes_on_where_it_was(self):
        run = self.env["hospital.his.run"]._queue(self.feed, "schedule")
        with patch("odoo.addons.hospital_his_connector.exchange.batch.ROWS", 1):
            self.feed._run_queued(run, until=float("inf"))
            self.assertEqual(run.state, "done")
            self.feed.mark = False
            run = self.env["hospital.his.run"]._queue(self.feed, "schedule")
            self.feed._run_queued(run, until=self.just_begun())
            self.assertEqual((run.state, run.read_count), ("queued", 1))
            self.feed._run_queued(run)
        self.assertEqual((run.state, run.read_count), ("done", 2))

    def test_interrupted_run_is_taken_up_again_once(self):
        run = self.env["hospital.his.run"].create({"feed_id": self.feed.id, "state": "running"})
        self.env["hospital.his.run"]._interrupt_stale()
        self.assertEqual(run.state, "interrupted")
        again = self.env["hospital.his.run"].search([("feed_id", "=", self.feed.id), ("state", "=", "queued")])
        self.assertEqual(again.origin, "resume")
        again.state = "running"
        self.env["hospital.his.run"]._interrupt_stale()
        self.assertFalse(
            self.env["hospital.his.run"].search([("feed_id", "=", self.feed.id), ("state", "=", "queued")])
        )

    def test_password_comes_from_outside(self):
        self.source.secret_ref = "HIS_READER"
        with patch.dict(os.environ, {"HOSPITAL_SECRET_HIS_READER": "geheim"}):
            self.assertEqual(self.source._secret(), "geheim")
        with TemporaryDirectory() as folder, patch.dict(os.environ, {"HOSPITAL_SECRETS_DIR": folder}):
            with self.assertRaises(ReadingFailed):
                self.source._secret()
            Path(folder, "HIS_READER").write_text("aus der Datei\n")
            self.assertEqual(self.source._secret(), "aus der Datei")
        with self.assertRaises(ValidationError):
            self.source.secret_ref = "../passwd"
        self.assertNotIn("password", self.source._export_definition()["source"])

    def test_mapping_lines_fit_the_kind(self):
        with self.assertRaises(ValidationError):
            self.feed.field_ids.create({"feed_id": self.feed.id, "target": "bed", "column": "x"})
        with self.assertRaises(ValidationError):
            self.feed.field_ids.create(
                {"feed_id": self.feed.id, "target": "disclosure", "transform": "code", "column": "x"}
            )
        self.assertEqual({name for name, _label in TARGETS}, {name for kind in KINDS.values() for name in kind})

    def test_every_sentence_has_words(self):
        message = self.env["hospital.his.message"]
        for code in SENTENCES:
            self.assertTrue(message._sentence(code, {}), code)
        reason = ["bad_date", {"column": "csrq"}]
        text = message._sentence("too_many_rejected", {"rejected": 9, "read": 10, "limit": 50, "reason": reason})
        self.assertIn("csrq", text)
        self.assertIn("50 %", text)
