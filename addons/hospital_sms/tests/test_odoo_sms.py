from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase


@tagged("post_install", "-at_install")
class TestOdooSms(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.functional = cls.staff("functional")
        cls.functional.group_ids = [Command.link(cls.env.ref("base.group_partner_manager").id)]
        cls.supplier = cls.env["res.partner"].create({"name": "Supplier", "phone": "+86 138 1234 5678"})
        cls.ours = cls.patient("张伟国", phones=["13900001234"])

    def compose(self, record, body="您好", user=None):
        composer = (
            self.env["sms.composer"]
            .with_user(user or self.functional)
            .create({"res_model": record._name, "res_id": record.id, "body": body, "composition_mode": "comment"})
        )
        composer._action_send_sms()
        return self.env["hospital.message"].search([], limit=1), composer

    def notification(self, record):
        return self.env["mail.notification"].search(
            [("notification_type", "=", "sms"), ("res_partner_id", "=", record.id)], limit=1
        )

    def settle(self, message, state, code=None):
        self.env.cr.execute(
            "UPDATE hospital_message SET state = %s, code = %s WHERE id = %s", [state, code, message.id]
        )
        message.invalidate_recordset()
        message._settled()

    def test_the_composer_writes_into_the_queue_and_hears_what_became_of_it(self):
        message, _composer = self.compose(self.supplier)
        self.assertEqual((message.number, message.text, message.watched), ("13812345678", "您好", True))
        self.assertEqual((message.res_model, message.res_id), ("res.partner", self.supplier.id))
        self.assertEqual(self.notification(self.supplier).notification_status, "process")
        self.settle(message, "silent")
        self.assertEqual(self.notification(self.supplier).notification_status, "pending")
        self.settle(message, "delivered")
        self.assertEqual(self.notification(self.supplier).notification_status, "sent")

    def test_a_failure_is_told(self):
        message, _composer = self.compose(self.supplier)
        self.settle(message, "failed", "UNDELIV")
        notification = self.notification(self.supplier)
        self.assertEqual(
            (notification.notification_status, notification.failure_type), ("exception", "sms_not_delivered")
        )

    def test_a_patients_number_stays_out_of_odoos_tables(self):
        message, composer = self.compose(self.ours)
        self.assertEqual((message.number, message.patient_id), ("13900001234", self.ours))
        row = self.env["sms.sms"].search([("partner_id", "=", self.ours.id)])
        self.assertEqual(row.number, "139****1234")
        self.assertEqual(self.notification(self.ours).sms_number, "139****1234")
        self.assertEqual(composer.recipient_single_number_itf, "139****1234")

    def test_the_gate_holds_for_odoo_too(self):
        self.ours.do_not_contact = True
        message, _composer = self.compose(self.ours)
        self.assertEqual(message.state, "excluded")
        self.assertEqual(self.notification(self.ours).failure_type, "sms_not_allowed")
        self.env["sms.composer"].with_user(self.functional).create(
            {"composition_mode": "numbers", "numbers": "+86 139 0000 1234", "body": "换个办法"}
        )._action_send_sms()
        message = self.env["hospital.message"].search([], limit=1)
        self.assertEqual((message.patient_id, message.state), (self.ours, "excluded"))

    def test_twice_is_once(self):
        """A transaction of Odoo's that is repeated, or a test that the queue sends again."""
        row = self.env["sms.sms"].create({"number": "+8613812345678", "body": "您好"})
        api = self.env.company._get_sms_api_class()(self.env)
        batch = [{"content": "您好", "numbers": [{"number": row.number, "uuid": row.uuid}]}]
        for _time in range(2):
            self.assertEqual(api._send_sms_batch(batch), [{"uuid": row.uuid, "state": "processing"}])
        row.send()
        self.assertEqual(self.env["hospital.message"].search_count([("key", "=", f"sms:{row.uuid}")]), 1)
        self.assertEqual(row.state, "process")

    def test_the_queue_of_two_companies(self):
        other = self.env["res.company"].create({"name": "Second hospital"})
        rows = self.env["sms.sms"]
        for company in (self.env.company, other):
            partner = self.env["res.partner"].create({"name": "x", "company_id": company.id})
            message = self.env["mail.message"].create(
                {"model": "res.partner", "res_id": partner.id, "record_company_id": company.id}
            )
            rows |= rows.create({"number": "+8613812345678", "body": company.name, "mail_message_id": message.id})
        with self.enter_registry_test_mode():
            self.env.ref("sms.ir_cron_sms_scheduler_action").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(set(rows.mapped("state")), {"process"})

    def test_masked_alike_is_no_duplicate(self):
        twin = self.patient("李秀英", phones=["13911111234"])
        self.assertEqual(twin.phone_masked, self.ours.phone_masked)
        composer = (
            self.env["sms.composer"]
            .with_user(self.functional)
            .create(
                {
                    "res_model": "res.partner",
                    "res_ids": repr((self.ours | twin).ids),
                    "body": "您好",
                    "composition_mode": "mass",
                    "mass_keep_log": False,
                    "mass_force_send": True,
                }
            )
        )
        composer._action_send_sms()
        numbers = self.env["hospital.message"].search([], limit=2).mapped("number")
        self.assertEqual(set(numbers), {"13900001234", "13911111234"})

    def test_who_may_not_send_may_not_by_odoos_composer(self):
        clerk = self.staff("staff")
        with self.assertRaises(AccessError):
            self.env["sms.composer"].with_user(clerk).create({"body": "您好", "composition_mode": "numbers"})
        row = self.env["sms.sms"].create({"number": "+8613812345678", "body": "您好"})
        row.with_user(clerk).sudo().send()
        self.assertEqual((row.state, row.failure_type), ("error", "sms_acc"))
        self.assertFalse(self.env["hospital.message"].search_count([("key", "=", f"sms:{row.uuid}")]))
