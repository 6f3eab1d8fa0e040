from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestMapping(ExchangeCase):
    """An engineer maps a table of the HIS without writing anything but its choice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engineer = new_test_user(cls.env, "exchange_mapping", groups="hospital_base.group_integration")
        cls.his(
            "CREATE TABLE patients (BRID, BR_XM, XB, CSRQ, SFZH, LXDH, YLZ, GXSJ)",
            "INSERT INTO patients VALUES"
            " ('1', '张三', '1', '1990-01-05', '11010519491231002X', '13900001234', 'a', '2026-01-01 08:00:00'),"
            " ('2', '李四', '男', '19910230', NULL, '0731-85551234/13900005678', 'b', '2026-01-01 08:00:01'),"
            " ('3', '王五', '7', '1992-03-07', NULL, NULL, 'c', '2026-01-01 08:00:02')",
            "CREATE VIEW visits AS SELECT * FROM zy",
        )
        cls.source = cls.source.with_user(cls.engineer)
        cls.feed = cls.feed.with_user(cls.engineer)

    def look(self, action):
        return self.env[action["res_model"]].with_user(self.engineer).browse(action["res_id"])

    def at_patients(self):
        look = self.look(self.source.action_new_feed())
        with Form(look) as form:
            form.kind = "patient"
            form.table_id = look.table_ids.filtered(lambda table: table.name == "patients")
        return self.look(look.action_look())

    def test_from_a_table_to_a_feed_that_runs(self):
        look = self.look(self.source.action_new_feed())
        self.assertEqual(look.table_ids.mapped("name"), ["br", "patients", "visits", "zy"])
        look = self.at_patients()
        self.assertEqual(
            dict(zip(look.line_ids.mapped("column"), look.line_ids.mapped("target"), strict=True)),
            {
                "BRID": "patient_no", "BR_XM": "name", "XB": "gender", "CSRQ": "birth_date", "SFZH": "id_number",
                "LXDH": "phone", "YLZ": False, "GXSJ": False,
            },
        )  # fmt: skip
        self.assertEqual((look.key_line_id.column, look.watermark_line_id.column), ("BRID", "GXSJ"))
        self.assertIn("李四", look.sample_rows)
        samples = {line.target: line for line in look.line_ids}
        self.assertIn("1 → Male", samples["gender"].sample)
        self.assertIn("0731-85551234/13900005678 → 073185551234, 13900005678", samples["phone"].sample)
        self.assertIn("✗", samples["birth_date"].sample)
        self.assertTrue(samples["birth_date"].sample_refused)
        self.assertFalse(look.missing)

        feed = self.look(look.action_take())
        self.assertRecordValues(feed, [{"code": "patient", "kind": "patient", "active": False, "key_column": "BRID"}])
        self.assertEqual(feed.query, "SELECT * FROM patients")
        gender = feed.field_ids.filtered(lambda line: line.target == "gender")
        # The source has a code table for the sex already, and the feed takes it.
        self.assertEqual((gender.transform, gender.codemap_id.code), ("code", "xb"))
        feed.action_unarchive()
        run = self.run_feeds(feed.sudo())
        self.assertEqual((run.state, run.new_count, run.rejected_count), ("done", 3, 0))
        self.assertEqual(self.patient("1").gender, "male")

    def test_a_code_table_is_made_of_the_values_seen(self):
        self.feed.field_ids.filtered("codemap_id").sudo().unlink()
        feed = self.look(self.at_patients().action_take())
        codemap = feed.field_ids.codemap_id
        self.assertEqual(codemap.code, "patient_gender")
        self.assertEqual(
            {line.source_value: line.target_value for line in codemap.line_ids}, {"1": "male", "男": "male", "7": False}
        )

    def test_lines_of_a_feed_show_samples_and_change_with_the_line(self):
        self.his(
            "DELETE FROM br", "INSERT INTO br VALUES ('1', '张三', '1', '05/01/1990', '139', '2026-01-01 08:00:00')"
        )
        self.feed.field_ids.filtered(lambda line: line.target == "birth_date").sudo().unlink()
        look = self.look(self.feed.action_look())
        look.line_ids.filtered(lambda line: line.column == "csrq").target = "birth_date"
        self.assertEqual(self.look(look.action_take()), self.feed)
        line = self.feed.field_ids.filtered(lambda line: line.target == "birth_date")
        self.assertIn("“05/01/1990” in “csrq” is not a date", line.sample)
        with Form(self.feed) as form:
            with form.field_ids.edit(self.feed.field_ids.ids.index(line.id)) as edited:
                edited.argument = "%d/%m/%Y"
                self.assertEqual(edited.sample, "05/01/1990 → 1990-01-05")
                self.assertFalse(edited.sample_refused)
        self.assertIn("张三", self.feed.sample_rows)
        self.feed.query = "SELECT * FROM br WHERE 1 = 1"
        self.assertFalse(self.feed.sample_rows, "rows of another query")

    def test_what_does_not_work_is_said(self):
        look = self.look(self.source.action_new_feed())
        with self.assertRaises(UserError):
            look.action_look()
        look.query = "SELECT * FROM nowhere"
        look = self.look(look.action_look())
        self.assertEqual(look.step, "ask")
        self.assertIn("nowhere", look.problem)
        look = self.at_patients()
        look.line_ids.filtered(lambda line: line.column == "YLZ").target = "name"
        with self.assertRaises(UserError):
            look.action_take()
        self.source.sudo().database = "/nowhere/his.sqlite"
        look = self.look(self.source.action_new_feed())
        self.assertIn("/nowhere/his.sqlite", look.problem)
        self.assertFalse(look.table_ids)

    def test_each_look_is_logged_and_nobody_elses(self):
        log = self.env["hospital.access.log"].search_count
        mine = [("user_id", "=", self.engineer.id)]
        look = self.at_patients()
        self.assertEqual(log([*mine, ("res_model", "=", "hospital.his.source")]), 1)
        feed = self.look(look.action_take())
        self.assertEqual(log([*mine, ("res_model", "=", "hospital.his.feed")]), 0)
        feed.field_ids.read(["target", "sample"])
        self.assertEqual(log([*mine, ("res_model", "=", "hospital.his.feed")]), 1)
        other = new_test_user(self.env, "exchange_mapping_2", groups="hospital_base.group_integration")
        with self.assertRaises(AccessError):
            look.with_user(other).read(["rows"])
        with self.assertRaises(AccessError):
            look.line_ids.with_user(other).read(["sample"])
        self.assertFalse(any(feed.with_user(other).field_ids.mapped("sample")))
        for role in ("admin", "doctor"):
            user = new_test_user(self.env, f"exchange_mapping_{role}", groups=f"hospital_base.group_{role}")
            with self.assertRaises(AccessError):
                self.source.with_user(user).action_new_feed()
            with self.assertRaises(AccessError):
                feed.with_user(user).action_look()
            with self.assertRaises(AccessError):
                look.with_user(user).read(["rows"])
            with self.assertRaises(AccessError):
                feed.field_ids.with_user(user).read(["sample"])

    def test_it_is_forgotten(self):
        look = self.at_patients()
        lines = look.line_ids
        look.action_forget()
        self.assertFalse(look.exists())
        self.assertFalse(lines.exists())
        look = self.at_patients()
        self.env.cr.execute("UPDATE hospital_his_look SET write_date = write_date - interval '61 minutes'")
        self.env["hospital.his.look"].with_user(self.env.ref("base.user_root"))._transient_vacuum()
        self.assertFalse(look.exists())
