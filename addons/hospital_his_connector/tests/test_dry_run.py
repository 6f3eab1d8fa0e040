from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase

COUNTS = ("read_count", "new_count", "changed_count", "unchanged_count", "waiting_count", "rejected_count")
TOLD = ("res.partner", "hospital.encounter", "hospital.encounter.event", "hospital.his.deadletter", "hospital.his.link")
TOLD += ("hospital.his.run", "hospital.his.codemap.line", "hospital.quality.issue", "bus.bus", "mail.message")


@tagged("post_install", "-at_install")
class TestDryRun(ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engineer = new_test_user(cls.env, "exchange_dry", groups="hospital_base.group_integration")

    def setUp(self):
        super().setUp()
        self.his(
            "DELETE FROM br",
            "DELETE FROM zy",
            "INSERT INTO br VALUES ('1', '张三', '1', '1990-01-05', '13900001234', '2026-01-01 08:00:00')",
            "INSERT INTO br VALUES ('2', '李四', '1', '1990-12-05', NULL, '2026-01-01 08:00:01')",
            "INSERT INTO zy VALUES ('a', '1', '2026-01-01 08:00:00', '2026-01-01 08:00:00')",
            "INSERT INTO zy VALUES ('b', '9', '2026-01-02 08:00:00', '2026-01-02 08:00:00')",
        )

    def dry_run(self, feed, **values):
        action = feed.with_user(self.engineer).action_dry_run()
        run = self.env[action["res_model"]].with_user(self.engineer).browse(action["res_id"])
        run.write(values)
        with self.enter_registry_test_mode():
            run.action_start()
        return run

    def counts(self, run):
        return tuple(run[name] for name in COUNTS)

    def rows(self):
        return {model: self.env[model].with_context(active_test=False).search_count([]) for model in TOLD}

    def test_it_says_what_a_run_would_do_and_does_nothing(self):
        before = self.rows()
        run = self.dry_run(self.feed)
        self.assertFalse(run.problem)
        self.assertEqual(self.counts(run), (2, 2, 0, 0, 0, 0))
        detail = run.new_ids.filtered(lambda line: line.external_id == "1").detail
        for text in ("Name: 张三", "Gender: Male", "1990-01-05", "13900001234"):
            self.assertIn(text, detail)
        self.assertEqual(self.rows(), before)
        self.assertFalse(self.feed.mark)

        self.run_feeds()
        self.his(
            "UPDATE br SET xm = '张三丰', dh = '13900009999', gxsj = '2026-01-03 08:00:00' WHERE djh = '1'",
            "INSERT INTO br VALUES ('3', NULL, '1', NULL, NULL, '2026-01-03 08:00:00')",
            "INSERT INTO br VALUES ('4', '王五', '8', NULL, NULL, '2026-01-03 08:00:00')",
        )
        before = self.rows()
        run = self.dry_run(self.feed)
        self.assertEqual(self.counts(run), (4, 1, 1, 1, 0, 1))
        self.assertIn("Name: 张三 → 张三丰", run.changed_ids.detail)
        self.assertIn("13900001234 → 13900009999", run.changed_ids.detail)
        self.assertNotIn("1990", run.changed_ids.detail)
        self.assertIn("required", run.refused_ids.reason)
        self.assertIn("8 (1)", run.unmapped_text)
        self.assertEqual(self.rows(), before)
        self.assertEqual(self.patient("1").name, "张三")

        stays = self.source.feed_ids.filtered(lambda feed: feed.code == "zy")
        run = self.dry_run(stays)
        self.assertEqual(self.counts(run), (2, 0, 0, 1, 1, 0))
        self.assertIn("9 is not known yet", run.refused_ids.reason)
        # The prediction comes true.
        run = self.dry_run(self.feed, from_start=False)
        real = self.run_feeds(self.feed)
        self.assertEqual(
            self.counts(run)[:4], (real.read_count, real.new_count, real.changed_count, real.unchanged_count)
        )

    def test_a_value_without_meaning_goes_to_the_code_table_on_request(self):
        self.his("INSERT INTO br VALUES ('5', '赵六', '8', NULL, NULL, '2026-01-03 08:00:00')")
        run = self.dry_run(self.feed)
        self.assertFalse(self.feed.field_ids.codemap_id.unmapped_count)
        run.action_collect()
        self.assertEqual(self.feed.field_ids.codemap_id.unmapped_count, 1)

    def test_what_the_database_refuses_is_found_and_undone(self):
        self.env.cr.execute("ALTER TABLE res_partner ADD CONSTRAINT no_zhang CHECK (name <> '张三')")
        before = self.rows()
        run = self.dry_run(self.feed)
        self.assertEqual(self.counts(run), (2, 1, 0, 0, 0, 1))
        self.assertIn("no_zhang", run.refused_ids.reason)
        self.assertEqual(self.rows(), before)

    def test_it_reads_no_more_than_asked_and_says_why_it_cannot(self):
        self.assertEqual(self.dry_run(self.feed, limit=1).read_count, 1)
        self.feed.query = "SELECT * FROM nowhere"
        run = self.dry_run(self.feed)
        self.assertIn("nowhere", run.problem)
        self.assertFalse(run.done)

    def test_only_the_engineer(self):
        run = self.dry_run(self.feed)
        lines = self.env["hospital.access.log"].search(
            [("user_id", "=", self.engineer.id), ("res_model", "=", "hospital.his.feed")]
        )
        self.assertEqual(lines.count, 2)
        for role in ("admin", "doctor"):
            user = new_test_user(self.env, f"exchange_dry_{role}", groups=f"hospital_base.group_{role}")
            with self.assertRaises(AccessError):
                self.feed.with_user(user).action_dry_run()
            with self.assertRaises(AccessError):
                run.line_ids.with_user(user).read(["detail"])
        other = new_test_user(self.env, "exchange_dry_other", groups="hospital_base.group_integration")
        with self.assertRaises(AccessError):
            run.line_ids.with_user(other).read(["detail"])
        lines = run.line_ids
        run.action_forget()
        self.assertFalse(lines.exists())
