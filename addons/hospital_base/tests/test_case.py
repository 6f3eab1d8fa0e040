from datetime import date, datetime

from odoo.exceptions import AccessError, UserError

from .common import HospitalCase


class TestCase(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.person = cls.patient()
        cls.encounter(cls.person, cls.doctor, department_id=cls.cardiology.id)

    def case(self, **values):
        return self.env["hospital.case"].create({"description": "Long waiting", "patient_id": self.person.id} | values)

    def deadline(self, taken_at, **values):
        case = self.case(**values)
        self.env.cr.execute("UPDATE hospital_case SET create_date = %s WHERE id = %s", [taken_at, case.id])
        case.invalidate_recordset()
        self.env.add_to_compute(case._fields["deadline"], case)
        return case.deadline

    def test_complaint_is_due_after_five_working_days_of_the_hospital(self):
        self.env.company.resource_calendar_id.tz = "Asia/Shanghai"
        # Thursday evening in Greenwich is Friday morning in the hospital.
        taken_at = datetime(2026, 3, 5, 23)
        self.assertEqual(self.deadline(taken_at), date(2026, 3, 13))
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.env.company.resource_calendar_id.id,
                "date_from": datetime(2026, 3, 8, 16),
                "date_to": datetime(2026, 3, 9, 15, 59),
            }
        )
        self.assertEqual(self.deadline(taken_at), date(2026, 3, 16))
        self.assertFalse(self.deadline(taken_at, kind="praise"))

    def test_way_of_a_complaint(self):
        case = self.case().with_user(self.staff("functional"))
        self.assertRegex(case.number, r"^\d{6}-\d{4}$")
        case.action_take()
        self.assertEqual((case.state, case.owner_id), ("in_progress", case.env.user))
        with self.assertRaises(UserError):
            case.action_answer()
        case.measures = "One more desk in the morning"
        case.action_answer()
        self.assertEqual(case.state, "answered")
        with self.assertRaises(UserError):
            case.action_close()
        case.conclusion = "The patient is content"
        case.action_close()
        self.assertTrue(case.answered_at and case.closed_at)
        case.action_reopen()
        self.assertEqual((case.state, case.closed_at), ("in_progress", False))

    def test_nobody_opens_a_case_about_a_patient_not_his(self):
        """A case would tell the name of any patient whose id is guessed."""
        stranger = self.patient("李秀兰")
        visit = self.encounter(stranger, department_id=self.neurology.id)
        Case = self.env["hospital.case"].with_user(self.doctor)
        own = Case.create({"description": "x", "patient_id": self.person.id})
        for values in ({"patient_id": stranger.id}, {"encounter_id": visit.id}):
            with self.assertRaises(AccessError):
                Case.create({"description": "x"} | values)
            with self.assertRaises(AccessError):
                own.write(values)

    def test_numbers_are_not_given_twice(self):
        self.assertEqual(len(set((self.case() | self.case() | self.case()).mapped("number"))), 3)
