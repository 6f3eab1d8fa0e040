import base64
import io
import zipfile
from datetime import timedelta

import openpyxl
from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..batches import sheet


def workbook(*rows):
    """An Excel file as a field holds it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return base64.b64encode(stream.getvalue())


class BatchCase(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["hospital.contact.policy"].search([]).write({"hours": "00:00-23:59", "cap": 0})
        cls.env["hospital.gateway"].search([]).action_archive()
        cls.gateway = cls.env["hospital.gateway"].create({"name": "Test"})
        cls.author = cls.staff("functional")
        cls.head = cls.staff("head", cls.cardiology)

    def batch(self, user=None, **values):
        values = {"name": "Clinic moved", "text": "门诊已搬迁"} | values
        return self.env["hospital.message.batch"].with_user(user or self.author).create(values)

    def checked(self, *args, **values):
        batch = self.batch(*args, **values)
        batch.action_check()
        return self.work(batch)

    def work(self, batch):
        """What the service does, until it has nothing to check or to throw away."""
        service = self.env["hospital.message.batch"]
        while todo := service._to_check():
            for one in service.browse(todo):
                one._sweep() if one.stale else one._check()
        batch.invalidate_recordset()
        return batch

    def of(self, patients):
        return str([("id", "in", patients.ids)])


@tagged("post_install", "-at_install")
class TestBatch(BatchCase):
    def setUp(self):
        super().setUp()
        self.alive = self.patient("张伟国", phones=["13900001234"], gender="male")
        self.other = self.patient("李秀英", phones=["13900001235"], gender="female")

    def test_each_receiver_is_counted_and_each_excluded_one_has_a_reason(self):
        dead = self.patient("王芳", phones=["13900001236"], deceased=True)
        mute = self.patient("赵敏")
        batch = self.checked(domain=self.of(self.alive | self.other | dead | mute))
        self.assertEqual(batch.state, "ready")
        self.assertEqual((batch.read_count, batch.message_count, batch.part_count), (4, 2, 2))
        now = batch.progress_now()
        self.assertEqual({line["reason"]: line["count"] for line in now["excluded"]}, {"deceased": 1, "no_number": 1})
        self.assertEqual(
            {line["words"] for line in now["excluded"]} - {""},
            set(self.env["hospital.message"]._reason_sentence(code) for code in ("deceased", "no_number")),
        )
        self.assertFalse(batch.sudo().message_ids.part_ids, "nothing may leave before the button")

    def test_it_says_until_when_it_waits(self):
        """Approved in the evening, nothing moves before the morning: the page must not look stuck."""
        self.env["hospital.contact.policy"].search([]).hours = "09:00-18:00"
        with freeze_time("2026-03-01 14:00"):  # ten in the evening in the hospital
            batch = self.checked(domain=self.of(self.alive))
            self.assertFalse(batch.progress_now()["until"])
            batch.action_send()
            self.assertEqual(batch.progress_now()["until"], "2026-03-02 01:00:00")

    def test_limits_of_the_settings(self):
        settings = self.env["res.config.settings"]
        self.assertIn("hospital_sms_approve_above", settings.get_view(view_type="form")["arch"])
        settings.create({"hospital_sms_approve_above": 1}).execute()
        self.assertTrue(self.checked(domain=self.of(self.alive | self.other)).sudo()._needs_approval())
        with self.assertRaises(ValidationError):
            settings.create({"hospital_sms_repeated_minutes": 0})

    def test_a_vendors_template_is_filled_from_the_columns(self):
        template = self.env["sms.template"].create(
            {
                "name": "Bring your card",
                "subject": "res.partner",
                "body": "{姓名}您好，请带就诊卡",
                "vendor_code": "SMS_1",
            }
        )
        template.variable_ids = [Command.create({"name": "who", "value": "{姓名}"})]
        template.approval = "approved"
        rows = ["手机号", "姓名"], ["13900001239", "周强"]
        batch = self.checked(source="list", file=workbook(*rows), file_name="a.xlsx", template_id=template.id)
        message = batch.sudo().message_ids
        self.assertEqual((message.text, message["values"]), ("周强您好，请带就诊卡", {"who": "周强"}))

    def test_variables_are_filled_in_by_the_receiver(self):
        text = "{姓名}{称呼}您好"
        batch = self.checked(domain=self.of(self.alive | self.other), text=text)
        self.assertEqual(sorted(batch.sudo().message_ids.mapped("text")), ["张伟国先生您好", "李秀英女士您好"])

    def test_what_is_no_variable_is_refused(self):
        batch = self.batch(domain=self.of(self.alive), text="{身份证号}您好")
        with self.assertRaisesRegex(UserError, "身份证号"):
            batch.action_check()

    def test_a_number_gets_the_same_text_once(self):
        child = self.patient("张小宝", phones=["13900001234"])
        both = self.of(self.alive | child)
        batch = self.checked(domain=both)
        self.assertEqual((batch.message_count, batch.double_count), (1, 1))
        batch = self.checked(domain=both, text="{姓名}您好")
        self.assertEqual((batch.message_count, batch.double_count), (2, 0))

    def test_who_lacks_a_value_of_the_text_is_excluded(self):
        coming = self.encounter(self.alive, revisit_date="2026-03-09")
        other = self.encounter(self.other)
        batch = self.checked(
            source="hospital.encounter", domain=self.of(coming | other), text="{姓名}请于{复诊日期}复诊"
        )
        self.assertEqual((batch.message_count, batch._excluded()[0]["reason"]), (1, "no_value"))
        self.assertIn("张伟国请于3月9日（周一）复诊", batch.sudo().message_ids.mapped("text"))

    def test_a_template_about_patients_serves_their_visits(self):
        template = self.env["sms.template"].create(
            {
                "name": "Greeting",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "{姓名}您好",
                "purpose": "notice",
            }
        )
        batch = self.batch(
            source="hospital.encounter", domain=self.of(self.encounter(self.alive)), template_id=template.id
        )
        with self.assertRaisesRegex(UserError, "not approved"):
            batch.action_check()
        template.with_user(self.author).action_approve()
        batch.action_check()
        self.assertEqual(self.work(batch).sudo().message_ids.mapped("text"), ["张伟国您好"])

    def test_receivers_are_those_its_author_sees(self):
        """A head who names the patient of another department does not reach him."""
        doctor = self.staff("doctor", self.cardiology)
        self.encounter(self.alive, doctor, department_id=self.cardiology.id)
        self.encounter(self.other, self.staff("doctor", self.neurology), department_id=self.neurology.id)
        batch = self.checked(self.head, domain=self.of(self.alive | self.other))
        self.assertEqual(batch.sudo().message_ids.patient_id, self.alive)
        self.assertEqual(batch.sudo().message_ids.sender_id, self.head)

    def test_send_pause_resume_and_cancel(self):
        batch = self.checked(domain=self.of(self.alive | self.other))
        self.assertEqual(batch.send_label, "Send to 2 people")
        batch.action_send()
        self.assertEqual(batch.sudo()._release(), 2)
        messages = batch.sudo().message_ids
        messages.invalidate_recordset()
        self.assertEqual(set(messages.mapped("state")), {"queued"})
        # One is on its way when somebody pauses.
        gone = messages[0]
        self.env.cr.execute("UPDATE hospital_message_part SET state = 'sent' WHERE message_id = %s", [gone.id])
        self.env.cr.execute("UPDATE hospital_message SET state = 'sent' WHERE id = %s", [gone.id])
        batch.action_pause()
        self.env.flush_all()
        self.assertEqual(self.env["hospital.message.part"]._take(self.gateway.id, ["aa"])[0], [])
        batch.action_resume()
        told = batch.action_cancel()["params"]["message"]
        self.assertEqual(told, "Cancelled. 1 of 2 messages had gone already.")
        self.work(batch)
        messages.invalidate_recordset()
        self.assertEqual((messages[1].state, gone.state, batch.stale), ("cancelled", "sent", False))

    def test_a_cancelled_batch_cancels_what_was_never_released(self):
        batch = self.checked(domain=self.of(self.alive | self.other))
        batch.action_send()
        batch.action_cancel()
        self.work(batch)
        self.assertEqual(batch._counts(), {"cancelled": 2})

    def test_a_planned_batch_waits_for_its_time(self):
        later = fields.Datetime.now() + timedelta(hours=2)
        batch = self.checked(domain=self.of(self.alive), plan_at=later)
        batch.action_send()
        self.assertEqual(batch.state, "scheduled")
        service = self.env["hospital.message.batch"]
        sending, seconds = service._to_release()
        self.assertNotIn(batch.id, sending)
        self.assertLessEqual(seconds, 2 * 3600)
        batch.sudo().plan_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertIn(batch.id, service._to_release()[0])

    def test_nothing_is_let_go_in_quiet_hours(self):
        batch = self.checked(domain=self.of(self.alive))
        batch.action_send()
        local = self.env["res.company"]._to_hospital_clock(fields.Datetime.now())
        quiet = f"{(local.hour + 2) % 24:02}:00-{(local.hour + 2) % 24:02}:30"
        self.env["hospital.contact.policy"].search([]).write({"hours": quiet})
        self.assertEqual(batch.sudo()._release(), 0)
        self.env["hospital.contact.policy"].search([]).write({"hours": "00:00-23:59"})
        self.assertEqual(batch.sudo()._release(), 1)

    def test_back_to_the_draft_throws_the_check_away(self):
        batch = self.checked(domain=self.of(self.alive))
        batch.action_change()
        batch.text = "改期"
        batch.action_check()
        self.work(batch)
        self.assertEqual(batch.sudo().message_ids.mapped("text"), ["改期"])

    def test_staff_are_written_to_without_the_gate(self):
        nurse = self.staff("nurse", self.cardiology_ward)
        nurse.employee_id.sudo().mobile_phone = "139-0000-7788"
        self.staff("nurse", self.neurology_ward).employee_id.sudo().mobile_phone = "13900007789"
        batch = self.checked(
            source="staff",
            staff_department_ids=[fields.Command.set(self.cardiology_ward.ids)],
            text="{姓名}请参加培训",
        )
        message = batch.sudo().message_ids
        self.assertEqual((message.number, message.text), ("13900007788", f"{nurse.name}请参加培训"))

    def test_the_form_offers_variables_and_shows_real_texts(self):
        samples = (
            self.env["hospital.message.batch"]
            .with_user(self.author)
            .preview({"source": "res.partner", "domain": self.of(self.alive), "text": "{姓名}您好"})
        )
        self.assertEqual(
            samples,
            [
                {
                    "id": self.alive.id,
                    "name": "张伟国",
                    "number": "139****1234",
                    "text": "张伟国您好",
                    "missing": [],
                    "characters": 5,
                    "parts": 1,
                }
            ],
        )

    def test_the_choice_of_a_list_becomes_the_choice_of_the_batch(self):
        service = self.env["hospital.message.batch"].with_user(self.author)
        chosen = service.with_context(active_ids=[1, 2])._compose_for("res.partner")
        self.assertEqual(chosen["context"]["default_domain"], "[('id', 'in', [1, 2])]")
        everything = service.with_context(active_ids=[1], active_domain=[("gender", "=", "male")])
        chosen = everything._compose_for("res.partner")
        form = Form(service.with_context(**chosen["context"]))
        self.assertEqual((form.domain, form.source), ("[('gender', '=', 'male')]", "res.partner"))


@tagged("post_install", "-at_install")
class TestBatchRights(BatchCase):
    def setUp(self):
        super().setUp()
        self.one = self.patient("张伟国", phones=["13900001234"])

    def test_many_or_commercial_needs_another_persons_approval(self):
        self.env["ir.config_parameter"].set_param("hospital_sms.approve_above", 0)
        batch = self.checked(domain=self.of(self.one))
        batch.action_send()
        self.assertEqual(batch.state, "approval")
        with self.assertRaises(AccessError):
            batch.action_approve()
        with self.assertRaises(AccessError):
            batch.with_user(self.head).action_approve()
        colleague = self.staff("functional")
        batch.with_user(colleague).action_approve()
        self.assertEqual((batch.state, batch.approver_id), ("sending", colleague))

    def test_a_commercial_message_to_one_needs_approval(self):
        self.one.consent = "given"
        batch = self.checked(domain=self.of(self.one), purpose="marketing")
        batch.action_send()
        self.assertEqual(batch.state, "approval")
        batch.with_user(self.staff("functional")).action_refuse()
        self.assertEqual(batch.state, "draft")

    def test_nobody_changes_what_is_checked(self):
        batch = self.checked(domain=self.of(self.one))
        with self.assertRaises(UserError):
            batch.text = "别的"
        with self.assertRaises(UserError):
            batch.unlink()

    def test_states_and_counts_are_not_written_by_hand(self):
        batch = self.batch(domain=self.of(self.one))
        for values in ({"state": "sending"}, {"message_count": 1}, {"create_uid": self.head.id}):
            with self.assertRaises(AccessError):
                batch.write(values)
        with self.assertRaises(AccessError):
            self.batch(state="sending")

    def test_who_sees_and_who_writes(self):
        own = self.batch(self.head, department_id=self.cardiology.id)
        theirs = self.batch(department_id=self.cardiology.id)
        far = self.batch(department_id=self.neurology.id)
        everything = own | theirs | far
        mine = [("id", "in", everything.ids)]
        batches = self.env["hospital.message.batch"]
        self.assertEqual(batches.with_user(self.head).search(mine), own | theirs)
        self.assertEqual(batches.with_user(self.staff("supervisor")).search(mine), everything)
        with self.assertRaises(AccessError):
            theirs.with_user(self.head).write({"domain": "[]"})
        for role in ("agent", "nurse", "quality", "staff"):
            with self.assertRaises(AccessError):
                batches.with_user(self.staff(role)).search(mine)

    def test_the_list_of_another_is_shown_to_nobody(self):
        batch = self.batch(source="list", file=workbook(["手机号"], ["13900001234"]), file_name="a.xlsx")
        self.assertTrue(batch.file)
        supervisor = self.staff("supervisor")
        self.assertFalse(batch.with_user(supervisor).file)
        with self.assertRaises(AccessError):
            batch.with_user(supervisor).read(["file_data"])
        with self.assertRaises(AccessError):
            self.env["hospital.message.batch"].with_user(self.head).preview({"source": "list"}, batch.id)


@tagged("post_install", "-at_install")
class TestBatchList(BatchCase):
    def test_good_rows_are_written_to_and_bad_ones_come_back(self):
        rows = (
            ["姓名", "手机号", "日期"],
            ["张伟国", 13900001234, "3月2日"],
            ["李秀英", "0731-85551234", "3月2日"],
            ["王芳", "=1+1", "3月2日"],
            ["赵敏", "13900001236", None],
        )
        batch = self.checked(source="list", file=workbook(*rows), file_name="a.xlsx", text="{姓名}请于{日期}来院")
        self.assertEqual((batch.state, batch.message_count, batch.bad_row_count), ("ready", 1, 2))
        sent, excluded = batch.sudo().message_ids.sorted("state")
        self.assertEqual((sent.text, excluded.reason), ("张伟国请于3月2日来院", "no_value"))
        returned = openpyxl.load_workbook(io.BytesIO(batch._bad_rows_file())).active
        lines = [[cell.value for cell in row] for row in returned.iter_rows()]
        self.assertEqual(
            lines[1:],
            [
                ["3", "李秀英", "0731-85551234", "3月2日", "Not a mobile number of mainland China"],
                ["4", "王芳", "=1+1", "3月2日", "Formulas are not taken: paste the values"],
            ],
        )
        self.assertEqual({cell.data_type for row in returned.iter_rows() for cell in row}, {"s"})

    def test_the_gate_is_asked_for_a_patient_behind_a_number(self):
        self.patient("王芳", phones=["13900001236"], deceased=True)
        batch = self.checked(source="list", file=workbook(["手机号"], ["13900001236"]), file_name="a.xlsx")
        self.assertEqual(batch._excluded()[0]["reason"], "deceased")

    def test_a_file_that_is_no_list_is_refused_in_words(self):
        for content, words in (
            (base64.b64encode(b"no workbook"), "not an Excel file"),
            (workbook(["姓名"], ["张伟"]), "手机号"),
        ):
            batch = self.batch(source="list", file=content, file_name="a.xlsx")
            with self.assertRaisesRegex(UserError, words):
                batch.action_check()

    def test_a_bomb_is_not_opened(self):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", "")
            with archive.open("xl/worksheets/sheet1.xml", "w") as part:
                for _piece in range(sheet.MAX_UNPACKED // 2**20 + 1):
                    part.write(b" " * 2**20)
        with self.assertRaisesRegex(sheet.BadSheet, "bomb"):
            sheet.read(content.getvalue())

    def test_a_list_without_a_good_row_is_given_back(self):
        batch = self.checked(source="list", file=workbook(["手机号"], ["12345"]), file_name="a.xlsx")
        self.assertEqual((batch.state, batch.message_count, batch.bad_row_count), ("ready", 0, 1))
        with self.assertRaises(UserError):
            batch.action_send()
