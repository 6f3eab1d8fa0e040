from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase

FORM = ("state", "reason", "feed_id", "external_id", "run_id", "attempts", "create_date", "write_date", "payload_text")


@tagged("post_install", "-at_install")
class TestRights(ExchangeCase):
    def letter(self):
        """The dead letter of a patient with a death that is neither yes nor no."""
        self.his("DELETE FROM br", "INSERT INTO br VALUES ('2', '李四', '1', NULL, NULL, '2026-01-01 08:00:01')")
        self.feed.field_ids = [Command.create({"target": "deceased", "column": "xm", "transform": "boolean"})]
        self.run_feeds(self.feed)
        return self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])

    def test_of_a_dead_letter_only_the_row_is_written_and_reading_it_is_logged(self):
        engineer = new_test_user(
            self.env, "exchange_letters", groups="hospital_base.group_integration,base.group_allow_export"
        )
        letter = self.letter().with_user(engineer)
        letter.payload_text = letter.payload_text.replace("李四", "否")
        self.assertEqual(letter.payload["xm"], "否")
        for values in ({"state": "resolved"}, {"feed_id": self.feed.copy({"code": "br2"}).id}, {"attempts": 9}):
            with self.assertRaises(AccessError):
                letter.write(values)
        letter.web_read({name: {} for name in FORM})
        letter.export_data(["external_id"])
        log = self.env["hospital.access.log"]
        lines = log.search([("res_model", "=", letter._name), ("user_id", "=", engineer.id)])
        self.assertEqual(sorted(lines.mapped("action")), ["export", "open"])

    def test_a_dead_letter_is_shown_beside_what_it_becomes(self):
        engineer = new_test_user(self.env, "exchange_mends", groups="hospital_base.group_integration", lang="en_US")
        letter = self.letter().with_user(engineer)
        lines = {line["column"]: line for line in letter.meanings}
        self.assertEqual(list(lines), ["djh", "xm", "xb", "csrq", "dh", "gxsj"])
        self.assertEqual([meaning["text"] for meaning in lines["xb"]["becomes"]], ["Male"])
        self.assertTrue(lines["xm"]["guilty"])
        self.assertEqual([bool(meaning["problem"]) for meaning in lines["xm"]["becomes"]], [False, True])
        self.assertFalse(lines["gxsj"]["becomes"])
        letter.payload = letter.payload | {"xm": "否"}
        self.assertFalse(any(m["problem"] for line in letter.meanings for m in line["becomes"]))
        for payload in ({"xm": "否"}, letter.payload | {"more": 1}, [], False):
            with self.assertRaises(ValidationError):
                letter.write({"payload": payload})
        looks = [("res_model", "=", letter._name), ("user_id", "=", engineer.id)]
        letter.read(["meanings"])
        self.assertTrue(self.env["hospital.access.log"].search_count(looks))

    def test_each_look_at_a_row_is_logged(self):
        engineer = new_test_user(self.env, "exchange_looks", groups="hospital_base.group_integration")
        letters = self.letter().with_user(engineer)
        lines = self.env["hospital.access.log"].search_count
        mine = [("res_model", "=", letters._name), ("user_id", "=", engineer.id)]
        letters.read(["state", "reason"])
        self.assertEqual(lines(mine), 0)
        letters.read(["payload"])
        self.assertEqual(lines(mine), 1)
        letters.search_read([("id", "in", letters.ids)], ["payload_text"])
        self.assertEqual(lines(mine), 2)

    def test_who_sees_what(self):
        """The administrator sees connections and runs but no patient's row; others see nothing of it."""
        letter = self.letter()
        run = letter.run_id
        engineer, admin, doctor = (
            new_test_user(self.env, f"exchange_{role}", groups=f"hospital_base.group_{role}")
            for role in ("integration", "admin", "doctor")
        )
        self.assertIn("李四", letter.with_user(engineer).payload_text)
        self.assertTrue(self.source.with_user(engineer)._export_definition()["feeds"])
        letter.with_user(engineer).action_replay()
        self.assertEqual(run.with_user(admin).rejected_count, 1)
        self.assertEqual(self.source.with_user(admin).database, self.path)
        for user in (admin, doctor):
            with self.assertRaises(AccessError):
                letter.with_user(user).read(["payload_text"])
            with self.assertRaises(AccessError):
                self.feed.with_user(user).action_run()
            with self.assertRaises(AccessError):
                self.source.with_user(doctor).read(["database"])
        with self.assertRaises(AccessError):
            run.with_user(doctor).read(["state"])
        with self.assertRaises(AccessError):
            self.env["hospital.his.link"].with_user(doctor).search([])
