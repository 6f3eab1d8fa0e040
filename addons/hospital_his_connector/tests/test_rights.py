from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestRights(ExchangeCase):
    def test_who_sees_what(self):
        """The administrator sees connections and runs but no patient's row; others see nothing of it."""
        self.his("INSERT INTO br VALUES ('2', '李四', '1', '1990-13-05', NULL, '2026-01-01 08:00:01')")
        run = self.run_feeds(self.feed)
        letter = self.env["hospital.his.deadletter"].search([("feed_id", "=", self.feed.id)])
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
