from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase


@tagged("post_install", "-at_install")
class TestTransaction(ExchangeCase):
    """What people see and may do; what becomes of the two sides is tested with real servers in tests/."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.delivery = cls.env["hospital.his.delivery"].create(
            {
                "name": "占号",
                "source_id": cls.source.id,
                "operation": "take_slot",
                "way": "together",
                "statement": "UPDATE hy SET zt = 1 WHERE hyid = :slot AND zt = 0",
            }
        )
        cls.transaction = cls.env["hospital.his.transaction"].create(
            {"gid": "hf-1", "key": "take_slot:1", "source_id": cls.source.id, "delivery_id": cls.delivery.id}
        )

    def test_who_sees_and_who_settles(self):
        engineer, admin, doctor = (
            new_test_user(self.env, f"transaction_{role}", groups=f"hospital_base.group_{role}")
            for role in ("integration", "admin", "doctor")
        )
        self.assertTrue(self.transaction.with_user(admin).in_doubt)
        for user in (admin, engineer):
            with self.assertRaises(AccessError):
                self.transaction.with_user(user).write({"state": "committed"})
        with self.assertRaises(AccessError):
            self.transaction.with_user(doctor).read(["state"])
        values = {"transaction_id": self.transaction.id, "outcome": "commit", "note": "x"}
        for user in (admin, doctor):
            with self.assertRaises(AccessError):
                self.env["hospital.his.transaction.settle"].with_user(user).create(values)
            with self.assertRaises(AccessError):
                self.transaction.with_user(user).action_recover()

    def test_in_doubt_and_its_age(self):
        self.env.cr.execute(
            "UPDATE hospital_his_transaction SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(minutes=3), self.transaction.id],
        )
        self.transaction.invalidate_recordset()
        self.assertEqual((self.transaction.in_doubt, round(self.transaction.age)), (True, 3))
        mine = [("id", "=", self.transaction.id), ("in_doubt", "=", True)]
        self.assertTrue(self.transaction.search(mine))
        self.transaction.state = "mixed"
        self.assertFalse(self.transaction.search(mine))

    def test_a_copy_for_trials_leaves_the_transactions_of_the_original_alone(self):
        prefix = self.transaction._prefix()
        for query in get_neutralization_queries(["hospital_his_connector"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self.assertNotEqual(self.transaction._prefix(), prefix)
        self.assertFalse(self.transaction.in_doubt)
        self.assertTrue(self.env["hospital.his.stop"]._of(self.source), "nor is anything written")

    def test_a_key_is_taken_until_it_was_rolled_back(self):
        again = {"key": "take_slot:1", "source_id": self.source.id, "delivery_id": self.delivery.id}
        self.transaction.state = "rolled_back"
        self.env.flush_all()
        self.env["hospital.his.transaction"].create(again | {"gid": "hf-2"})
        self.assertEqual(self.transaction.search_count([("key", "=", "take_slot:1")]), 2)
