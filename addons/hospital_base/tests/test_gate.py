import doctest
from datetime import datetime, timedelta

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from ..gate import admission
from ..identity import id_number, mask, phone, text
from .common import HospitalCase

# 2026-03-02 10:00 by the hospital's clock, a Monday.
MORNING = datetime(2026, 3, 2, 2)


class TestGate(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.patient(phones=["13900001234"])

    def verdict(self, purpose="followup", at=MORNING, patient=None, channel="call"):
        patient = patient or self.person
        return self.env["hospital.contact"]._admit(patient, channel, purpose, at)[patient.id]

    def touch(self, at, purpose="survey", **values):
        self.env["hospital.contact"].create(
            {"patient_id": self.person.id, "channel": "call", "purpose": purpose, "at": at} | values
        )

    def test_examples_in_the_documentation_are_true(self):
        for module in (admission, id_number, mask, phone, text):
            result = doctest.testmod(module)
            self.assertTrue(result.attempted, module.__name__)
            self.assertFalse(result.failed, module.__name__)

    def test_nobody_calls_whom_nobody_may_call(self):
        for reason, values in {
            "deceased": {"deceased": True},
            "do_not_contact": {"do_not_contact": True},
            "consent_withdrawn": {"consent": "withdrawn"},
        }.items():
            patient = self.patient(**values)
            self.assertEqual(self.verdict(patient=patient)[::2], ("no", reason))
        self.assertEqual(self.verdict().verdict, "yes")

    def test_a_refusal_counts_for_its_purpose_only(self):
        self.env["hospital.contact.refusal"].create({"patient_id": self.person.id, "purpose": "survey"})
        self.assertEqual(self.verdict("survey").reason, "refused")
        self.assertEqual(self.verdict("followup").verdict, "yes")

    def test_hours_are_those_of_the_hospital_not_of_the_user(self):
        self.env.user.tz = "America/New_York"
        noon, evening = datetime(2026, 3, 2, 4), datetime(2026, 3, 2, 13)
        self.assertEqual(self.verdict(at=noon), ("later", datetime(2026, 3, 2, 6, 30), "hours"))
        self.assertEqual(self.verdict(at=evening), ("later", datetime(2026, 3, 3, 1), "hours"))

    def test_cap_counts_what_reached_out_for_the_same_purpose(self):
        self.touch(MORNING - timedelta(days=6))
        self.touch(MORNING - timedelta(days=1), direction="in")
        self.touch(MORNING - timedelta(days=1), purpose="notice")
        self.touch(MORNING - timedelta(days=9))
        self.assertEqual(self.verdict("survey").verdict, "yes")
        self.touch(MORNING - timedelta(days=2))
        self.assertEqual(self.verdict("survey"), ("later", MORNING + timedelta(days=1), "cap"))

    def test_no_survey_during_a_complaint(self):
        case = self.env["hospital.case"].create({"description": "Noise at night", "patient_id": self.person.id})
        self.assertEqual(self.verdict("survey").reason, "open_complaint")
        self.assertEqual(self.verdict("followup").verdict, "yes")
        case.write({"measures": "Talked to the ward", "conclusion": "Quiet now"})
        case.action_close()
        self.assertEqual(self.verdict("survey").verdict, "yes")

    def test_events_need_consent(self):
        self.assertEqual(self.verdict("marketing", channel="sms").reason, "no_consent")
        self.person.consent = "given"
        self.assertEqual(self.verdict("marketing", channel="sms").verdict, "yes")

    def test_number_of_queries_does_not_grow(self):
        some = self.env["res.partner"].union(*(self.patient() for _ in range(30)))
        self.env["hospital.contact"]._admit(some[:1], "call", "survey", MORNING)
        for patients in (some[:2], some):
            self.env.invalidate_all()
            with self.assertQueryCount(__system__=7):
                self.env["hospital.contact"]._admit(patients, "call", "survey", MORNING)

    @mute_logger("odoo.sql_db")
    def test_policy_refuses_hours_that_are_none(self):
        policy = self.env["hospital.contact.policy"].search([], limit=1)
        for hours in ("9-12", "12:00-09:00", ""):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                policy.hours = hours
