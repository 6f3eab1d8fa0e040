from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase


@tagged("post_install", "-at_install")
class TestTemplate(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.head = cls.staff("head", cls.cardiology)
        cls.nurse = cls.staff("nurse", cls.cardiology_ward)
        cls.functional = cls.staff("functional")
        cls.template = cls.make("Rounds", cls.cardiology, "{姓名}{称呼}您好")

    @classmethod
    def make(cls, name, department, body, user=None, **values):
        return (
            cls.env["sms.template"]
            .with_user(user or cls.functional)
            .create(
                {
                    "name": name,
                    "subject": "res.partner",
                    "body": body,
                    "department_ids": [Command.set(department.ids if department else [])],
                }
                | values
            )
            .with_env(cls.env)
        )

    def test_departments_see_and_write_their_own(self):
        whole = self.make("Whole", None, "您好")
        other = self.make("Other", self.neurology, "您好")
        templates = self.env["sms.template"].with_user(self.head)
        found = templates.search([("id", "in", (self.template | whole | other).ids)])
        self.assertEqual(found.with_env(self.env), self.template | whole)
        self.template.with_user(self.head).body = "{姓名}您好"
        for forbidden in (whole, other):
            with self.assertRaises(AccessError):
                forbidden.with_user(self.head).body = "改"
        with self.assertRaises(AccessError):
            self.make("Stolen", self.neurology, "您好", user=self.head)
        with self.assertRaises(AccessError):
            self.make("Everybody's", None, "您好", user=self.head)
        with self.assertRaises(AccessError):
            self.template.with_user(self.nurse).body = "改"
        own = templates.create({"name": "Mine", "subject": "res.partner", "body": "您好"})
        self.assertEqual(own.department_ids, self.cardiology)

    def test_only_what_was_approved_is_sent_and_an_edit_is_a_draft_again(self):
        with self.assertRaises(UserError):
            self.template._require_approved()
        with self.assertRaises(AccessError):
            self.template.with_user(self.head).action_approve()
        with self.assertRaises(AccessError):
            self.template.with_user(self.functional).approval = "approved"
        self.template.with_user(self.functional).action_approve()
        self.template._require_approved()
        self.template.with_user(self.head).name = "Another name"
        self.template.with_user(self.head).body = self.template.body
        self.assertEqual(self.template.approval, "approved")
        self.template.with_user(self.head).body = "{姓名}，祝您早日康复"
        self.assertEqual(self.template.approval, "draft")
        self.env.flush_all()
        self.cr.precommit.run()
        tracked = self.template.message_ids.tracking_value_ids.filtered(lambda value: value.field_id.name == "body")
        self.assertIn("{姓名}{称呼}您好", tracked.mapped("old_value_char"))

    def test_a_new_template_is_a_draft_whatever_its_maker_says(self):
        self.assertEqual(
            self.make("Sly", self.cardiology, "您好", user=self.head, approval="approved").approval, "draft"
        )

    def test_no_code_in_a_text(self):
        for body in ("{{ object.sudo().id_number }}", "{{ user.password }}", "${name}", "【别的医院】您好", "{病情}"):
            with self.assertRaises(UserError):
                self.template.with_user(self.head).body = body
        with self.assertRaises(AccessError):
            self.template.with_user(self.head).update_field_translations("body", {"en_US": "{{ object.name }}"})
        self.assertEqual(self.template.body, "{姓名}{称呼}您好")

    def test_words_are_filled_in_and_what_has_no_value_is_named(self):
        doctor = self.staff("doctor", self.cardiology, name="王医生")
        patient = self.patient("张伟国", gender="male", birth_date="1960-02-01")
        visit = self.encounter(patient, doctor, department_id=self.cardiology.id)
        template = self.make(
            "Visit", None, "{姓名}{称呼}，{科室}{主管医生}，复诊{复诊日期}", subject="hospital.encounter"
        )
        text, _values, missing = template._texts(visit)[visit.id]
        self.assertEqual((text, missing), ("张伟国先生，Cardiology王医生，复诊{复诊日期}", ["复诊日期"]))
        visit.revisit_date = "2026-03-02"
        template.variable_ids = [Command.create({"name": "day", "value": "{复诊日期}{科室}"})]
        text, values, missing = template._texts(visit)[visit.id]
        self.assertEqual((values, missing), ({"day": "3月2日（周一）Cardiology"}, []))
        template.with_user(self.functional).action_approve()
        template.variable_ids.value = "{科室}"
        self.assertEqual(template.approval, "draft")
        with self.assertRaises(ValidationError):
            template.variable_ids = [Command.create({"name": "bed", "value": "{天气}"})]

    def test_the_example_is_one_of_the_readers_patients(self):
        patient = self.patient("张伟国", gender="male")
        self.template.sample_ref = patient
        self.assertEqual(self.template.with_user(self.functional).sample, "张伟国先生您好")
        leader = self.staff("leader")
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            patient.with_user(leader)._message_values()
        self.assertFalse(self.template.with_user(self.head).sample)

    def test_checks(self):
        check = self.env["sms.template"]._check_text
        self.assertEqual(check("您的HIV复查结果已出", "notice")[0][0], "block")
        self.assertFalse(check("请按时复诊", "followup"))
        self.assertEqual([level for level, _text in check("免费义诊", "marketing")], ["warn", "info"])
        self.assertFalse(check("免费义诊", "notice"))
        self.env["hospital.message.word"].create({"word": "床位紧张", "level": "block"})
        self.assertEqual(check("床位紧张", "notice")[0][0], "block")

    def test_the_templates_that_come_with_the_suite_can_be_sent(self):
        shipped = self.env["ir.model.data"].search([("module", "=", "hospital_sms"), ("model", "=", "sms.template")])
        templates = self.env["sms.template"].browse(shipped.mapped("res_id"))
        self.assertGreaterEqual(len(templates), 10)
        for template in templates:
            self.assertFalse([text for level, text in template._check_own_text() if level != "info"], template.name)
            self.assertEqual(template.approval, "approved")
