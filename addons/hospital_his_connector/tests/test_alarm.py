from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..monitoring.health import LETTERS
from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestAlarm(ExchangeCase):
    def setUp(self):
        super().setUp()
        self.env["hospital.service"].search([]).unlink()
        self.env["hospital.his.alarm"].search([]).unlink()
        self.engineer = new_test_user(
            self.env, "exchange_woken", groups="hospital_base.group_integration", lang="en_US"
        )
        self.source.alarm_user_ids = self.engineer
        self.his("DELETE FROM br", "DELETE FROM zy")
        self.run_feeds()

    def alarms(self):
        self.env["hospital.his.alarm"]._check()
        self.env.flush_all()
        return self.env["hospital.his.alarm"].search([("closed_at", "=", False)])

    def activities(self):
        return self.env["mail.activity"].search([("user_id", "=", self.engineer.id)])

    def test_all_well(self):
        self.assertFalse(self.alarms())

    def test_a_his_that_is_down_is_told_once_and_closed_when_it_is_back(self):
        self.source.database = "/nowhere/his.sqlite"
        self.run_feeds()
        self.assertFalse(self.alarms(), "it may be back in five minutes")
        self.run_feeds()
        self.run_feeds()
        alarm = self.alarms()
        self.assertEqual((alarm.cause, alarm.source_id, alarm.feed_id.id), ("failing", self.source, False))
        self.assertIn("患者, 住院", alarm.message)
        self.assertIn("/nowhere/his.sqlite", alarm.message)
        activity = self.activities()
        self.assertEqual((activity.res_model, activity.summary), (alarm._name, alarm.message))
        self.run_feeds()
        self.assertEqual(self.alarms(), alarm)
        self.assertEqual(self.activities(), activity, "told once")
        activity.with_user(self.engineer).action_done()
        self.assertEqual(self.alarms(), alarm)
        self.assertFalse(self.activities(), "and not again once a person has taken it up")
        self.source.database = self.path
        self.run_feeds()
        self.assertFalse(self.alarms())
        self.assertTrue(alarm.closed_at)

    def test_what_waiting_does_not_cure_is_told_at_once(self):
        self.feed.query = "SELECT * FROM nichts"
        self.run_feeds(self.feed)
        alarm = self.alarms()
        self.assertEqual((alarm.cause, alarm.feed_id), ("broken", self.feed))
        self.assertTrue(self.activities())
        self.feed.query = "SELECT * FROM br"
        self.run_feeds(self.feed)
        self.assertFalse(self.alarms() or self.activities())

    def test_a_feed_that_nobody_reads_is_told(self):
        runs = self.env["hospital.his.run"].search([("feed_id", "=", self.feed.id)])
        runs.finished_at = fields.Datetime.now() - timedelta(hours=25)
        self.assertFalse(self.alarms())
        runs.finished_at = fields.Datetime.now() - timedelta(hours=27)
        self.assertEqual(self.alarms().cause, "late")
        self.feed.lag_limit = 0
        self.assertFalse(self.alarms())

    def test_many_dead_letters_are_told(self):
        rows = ", ".join(f"('{n}', NULL, '1', NULL, NULL, '2026-01-01 08:00:00')" for n in range(LETTERS))
        self.his(f"INSERT INTO br VALUES {rows}")
        self.run_feeds(self.feed)
        alarm = self.alarms()
        self.assertEqual((alarm.cause, alarm.arguments["count"]), ("letters", LETTERS))
        self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)]).action_ignore()
        self.assertFalse(self.alarms())

    def test_a_service_that_died_is_told_until_another_leads(self):
        def beat(host, seconds):
            self.env.cr.execute(
                """INSERT INTO hospital_service (name, host, pid, leader, state, heartbeat_at)
                   VALUES ('sync', %s, 1, TRUE, 'running',
                           clock_timestamp() AT TIME ZONE 'UTC' - %s * interval '1 second')""",
                [host, seconds],
            )
            self.env.invalidate_all()

        beat("a", 90)
        self.assertEqual(self.alarms().cause, "service")
        beat("b", 0)
        self.assertFalse(self.alarms())

    def test_the_brake_is_told_until_a_person_decides(self):
        self.feed.complete = True
        self.his("INSERT INTO br VALUES ('1', '张三', '1', NULL, NULL, '2026-01-01 08:00:00')")
        self.run_feeds(self.feed)
        self.his("DELETE FROM br")
        checks = self.env["hospital.his.reconciliation"]
        check = checks._queue(self.feed)
        checks._work()
        self.assertEqual((self.alarms().cause, self.alarms().feed_id), ("braked", self.feed))
        check.action_accept()
        checks._work()
        self.assertFalse(self.patient("1").active)
        self.assertFalse(self.alarms())

    def test_a_transaction_in_doubt_is_told_after_a_minute(self):
        delivery = self.env["hospital.his.delivery"].create(
            {
                "name": "x",
                "source_id": self.source.id,
                "operation": "followed_up",
                "statement": "UPDATE zy SET sf = 1 WHERE lsh = :visit",
            }
        )
        transaction = self.env["hospital.his.transaction"].create(
            {
                "gid": "x",
                "source_id": self.source.id,
                "delivery_id": delivery.id,
                "key": "k",
            }
        )
        self.assertFalse(self.alarms())
        self.env.cr.execute("UPDATE hospital_his_transaction SET create_date = create_date - interval '2 minutes'")
        transaction.invalidate_recordset()
        self.assertEqual((self.alarms().cause, self.alarms().source_id), ("in_doubt", self.source))
        transaction.state = "committed"
        self.assertFalse(self.alarms())

    def test_where_nobody_is_named_every_engineer_is_told(self):
        other = new_test_user(self.env, "exchange_woken_too", groups="hospital_base.group_integration")
        self.source.alarm_user_ids = False
        self.feed.query = "SELECT * FROM nichts"
        self.run_feeds(self.feed)
        self.assertLessEqual(self.engineer | other, self.alarms().activity_ids.user_id)


@tagged("post_install", "-at_install")
class TestBoard(ExchangeCase):
    def load(self, role):
        user = new_test_user(self.env, f"exchange_board_{role}", groups=f"hospital_base.group_{role}")
        return self.env["hospital.his.board"].with_user(user).load()

    def tile(self, board, key, place):
        (section,) = [section for section in board["sections"] if section["key"] == key]
        return section["tiles"][place]

    def test_every_number_opens_its_list(self):
        self.his(
            "DELETE FROM br",
            "INSERT INTO br VALUES ('1', '张三', '1', NULL, NULL, '2026-01-01 08:00:00')",
            "INSERT INTO br VALUES ('2', NULL, '1', NULL, NULL, '2026-01-01 08:00:01')",
        )
        retired = self.feed.copy({"code": "retired"})
        self.run_feeds(self.feed | retired)
        retired.active = False
        board = self.load("integration")
        row = next(row for row in board["feeds"] if row["id"] == self.feed.id)
        self.assertEqual((row["light"], row["open_letters"], row["hours"][-1]), ("warning", 1, 2))
        self.assertLess(row["newest"], "2026-01-01 00:00:02")
        for section in board["sections"]:
            for tile in section["tiles"]:
                found = self.env[tile["open"]["model"]].search_count(tile["open"]["domain"])
                if isinstance(tile["value"], int):
                    self.assertEqual(tile["value"], found, tile["label"])

    def test_a_failure_is_in_words(self):
        self.feed.query = "SELECT * FROM nichts"
        self.run_feeds(self.feed)
        row = next(row for row in self.load("integration")["feeds"] if row["id"] == self.feed.id)
        self.assertEqual((row["light"], row["failed_today"]), ("danger", 1))
        self.assertIn("does not understand the query", row["problem"])

    def test_the_administrator_sees_numbers_but_no_rows(self):
        board = self.load("admin")
        self.assertFalse(board["may_open_letters"])
        self.assertFalse(self.tile(board, "rows", 0)["open"])
        self.assertTrue(self.tile(board, "rows", 2)["open"])

    def test_nobody_else_sees_the_board(self):
        with self.assertRaises(AccessError):
            self.load("doctor")

    def test_the_board_asks_as_many_questions_for_many_feeds(self):
        def ask():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["hospital.his.board"].load()
            return self.env.cr.sql_log_count - before

        ask()
        few = ask()
        for number in range(20):
            self.feed.copy({"code": f"many{number}"})
        self.env.flush_all()
        self.assertLessEqual(ask(), few + 1)
