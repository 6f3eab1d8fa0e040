from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..models import hospital_his_source_kind
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestSource(ExchangeCase):
    def test_connection_of_a_file(self):
        notice = self.source.action_test_connection()["params"]
        self.assertEqual((notice["type"], notice["sticky"]), ("success", False))
        self.assertIn("Connected", notice["message"])

    def test_feeds_not_in_use_are_shown_and_not_run(self):
        self.feed.active = False
        self.source.invalidate_recordset()
        self.assertIn(self.feed, self.source.feed_ids)
        self.source.action_run()
        queued = self.env["hospital.his.run"].search([("state", "=", "queued")]).feed_id
        self.assertEqual(queued, self.source.feed_ids - self.feed)

    def test_what_one_kind_needs_goes_with_the_definition_the_password_does_not(self):
        kind = {
            "driver": "oracle", "host": "his", "database": "orcl", "secret_ref": "READER", "oracle_name": "sid",
            "oracle_thick": True, "oracle_client": "/opt/client", "text_repair": "bytes",
        }  # fmt: skip
        self.source.write(kind)
        definition = self.source._export_definition()["source"]
        self.assertEqual(kind, {name: definition[name] for name in kind})
        with patch.dict("os.environ", {"HOSPITAL_SECRET_READER": "geheim"}):
            self.assertEqual(self.source._connection()["password"], "geheim")
        self.assertNotIn("geheim", str(definition))

    def test_another_text_repair_reads_all_again(self):
        self.his("INSERT INTO br VALUES ('1', 'ÕÅÈý', '1', NULL, NULL, '2026-01-01 08:00:00')")
        self.run_feeds(self.feed)
        self.assertEqual(self.patient("1").name, "ÕÅÈý")
        self.source.text_repair = "western"
        run = self.run_feeds(self.feed)
        self.assertEqual((run.read_count, run.changed_count, self.patient("1").name), (1, 1, "张三"))

    def test_character_sets_without_chinese(self):
        western = ["US7ASCII", "WE8ISO8859P1", "SQL_ASCII", "latin1", "SQL_Latin1_General_CP1_CI_AS"]
        chinese = ["ZHS16GBK", "AL32UTF8", "UTF8", "utf8mb4", "gbk", "Chinese_PRC_CI_AS"]
        found = [name for name in western + chinese if hospital_his_source_kind.WESTERN.search(name)]
        self.assertEqual(found, western)

    def test_a_doctor_neither_tests_nor_sees_a_connection(self):
        doctor = new_test_user(self.env, "source_doctor", groups="hospital_base.group_doctor")
        with self.assertRaises(AccessError):
            self.source.with_user(doctor).action_test_connection()
        with self.assertRaises(AccessError):
            self.source.with_user(doctor).read(["oracle_client"])
