from datetime import datetime, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

# Ten in the morning of a Monday by the hospital's clock.
NOW = datetime(2026, 3, 2, 2, 0)


@tagged("post_install", "-at_install")
class TestCompose(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.other = cls.staff("doctor", cls.neurology)
        cls.mine = cls.patient("张伟国", phones=["13900001234", "13900005678"], gender="male")
        cls.visit = cls.encounter(cls.mine, cls.doctor, department_id=cls.cardiology.id)
        cls.template = cls.env.ref("hospital_sms.template_followup")

    def setUp(self):
        super().setUp()
        clock = freeze_time(NOW)
        self.clock = clock.start()
        self.addCleanup(clock.stop)

    def compose(self, record=None, user=None, **values):
        record = record or self.visit
        action = record.with_user(user or self.doctor).action_compose_message()
        return Form(
            self.env["hospital.message.compose"].with_user(user or self.doctor).with_context(**action["context"])
        )

    def last(self):
        return self.env["hospital.message"].search([], limit=1)

    def test_a_doctor_writes_at_a_visit(self):
        form = self.compose()
        self.assertEqual((form.phone_id.number, form.purpose, form.gate_notice), ("13900001234", "notice", False))
        form.template_id = self.template
        self.assertEqual(form.purpose, "followup")
        self.assertIn("张伟国先生您好，我院Cardiology", form.reads)
        form.save().action_send()
        message = self.last()
        self.assertEqual((message.state, message.number, message.patient_id), ("queued", "13900001234", self.mine))
        self.assertEqual((message.res_model, message.res_id), ("hospital.encounter", self.visit.id))
        self.assertEqual((message.department_id, message.sender_id), (self.cardiology, self.doctor))
        self.assertIn("张伟国先生您好，我院Cardiology", message.text)

    def test_free_text_to_another_number_later(self):
        form = self.compose(self.mine)
        form.text = "{姓名}您好，请明日空腹来院。"
        form.phone_id = self.mine.phone_line_ids.filtered(lambda line: line.number == "13900005678")
        form.plan_at = NOW + timedelta(hours=3)
        form.save().action_send()
        message = self.last()
        self.assertEqual((message.number, message.plan_at), ("13900005678", NOW + timedelta(hours=3)))
        self.assertIn("张伟国您好", message.text)

    def test_the_gate_is_heard_before_sending(self):
        self.clock.move_to(NOW - timedelta(hours=4))
        form = self.compose()
        self.assertIn("08:00", form.gate_notice)
        self.assertFalse(form.refused)
        form.text = "您好"
        form.save().action_send()
        self.assertEqual(self.last().plan_at, datetime(2026, 3, 2, 0, 0))
        self.mine.do_not_contact = True
        form = self.compose()
        self.assertTrue(form.refused)
        form.text = "您好，再次"
        with self.assertRaises(UserError):
            form.save().action_send()

    def test_what_may_not_be_sent(self):
        for text in ("您的梅毒检查结果已出", "【某医院】您好", "{天气}", ""):
            form = self.compose()
            form.text = text
            self.assertTrue(not text or form.findings[0]["level"] == "block")
            with self.assertRaises(UserError):
                form.save().action_send()
        self.template.approval = "withdrawn"
        wizard = self.compose().save()
        wizard.template_id = self.template
        with self.assertRaises(UserError):
            wizard.action_send()

    def test_a_commercial_template_stays_one(self):
        """The purpose of a template is what was approved, whatever the form was made to say."""
        wizard = self.compose(self.mine).save()
        wizard.template_id = self.env.ref("hospital_sms.template_festival")
        wizard.purpose = "notice"
        with self.assertRaises(UserError) as refused:
            wizard.action_send()
        self.assertIn("commercial", str(refused.exception))

    def test_wechat_takes_templates_that_it_knows(self):
        account = self.env["hospital.gateway"].create({"name": "WeChat", "protocol": "wechat"})
        self.env["hospital.wechat.follower"].create(
            {"gateway_id": account.id, "openid": "o1", "patient_id": self.mine.id, "follows": True}
        )
        self.template.write(
            {
                "wechat_code": "T1",
                "variable_ids": [Command.create({"channel": "wechat", "name": "name1", "value": "{姓名}"})],
            }
        )
        self.template.with_user(self.staff("functional")).action_approve()
        form = self.compose()
        self.assertTrue(form.has_wechat)
        form.channel = "wechat"
        form.text = "您好"
        with self.assertRaises(UserError):
            form.save().action_send()
        form = self.compose()
        form.channel = "wechat"
        form.template_id = self.template
        form.save().action_send()
        message = self.last()
        self.assertEqual((message.channel, message.openid, message.number), ("wechat", "o1", False))
        self.assertEqual(message.values, {"name1": "张伟国"})

    def test_nobody_writes_to_patients_of_others(self):
        compose = self.env["hospital.message.compose"].with_user(self.other)
        with self.assertRaises(AccessError):
            self.visit.with_user(self.other).action_compose_message()
        with self.assertRaises(AccessError):
            compose.create(
                {"res_model": "res.partner", "res_id": self.mine.id, "text": "您好", "purpose": "notice"}
            ).action_send()
        with self.assertRaises(UserError):
            compose.create(
                {"res_model": "res.users", "res_id": self.other.id, "text": "您好", "purpose": "notice"}
            ).action_send()
        with self.assertRaises(AccessError):
            self.env["hospital.message.compose"].with_user(self.staff("leader")).create({})

    def test_a_number_of_somebody_else_is_not_taken(self):
        stranger = self.patient("李秀英", phones=["13900009999"])
        wizard = self.compose(self.mine).save()
        wizard.write({"phone_id": stranger.phone_line_ids.id, "text": "您好"})
        with self.assertRaises(UserError):
            wizard.action_send()
