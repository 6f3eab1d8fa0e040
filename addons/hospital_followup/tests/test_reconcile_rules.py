from datetime import datetime

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..planning.criteria import drawn
from .common import TODAY, FollowupCase, timedelta


@tagged("post_install", "-at_install")
class TestRules(FollowupCase):
    def _matches(self, rule, **values):
        return rule in self._encounter(**values).mapped("followup_task_ids.enrolment_id.rule_id")

    def test_plan_becomes_tasks_with_windows(self):
        rule = self._rule(diagnosis_codes="I50")
        encounter = self._encounter(diagnosis_code="I50.900x007")
        first, second = self._tasks(encounter)
        discharged = TODAY - timedelta(days=2)
        self.assertEqual(
            (first.earliest_date, first.due_date, first.latest_date),
            tuple(discharged + timedelta(days=days) for days in (2, 3, 5)),
        )
        self.assertEqual(second.due_date, discharged + timedelta(days=30))
        self.assertEqual(first.explanation, f"Rule {rule.name}, version 1, matched I50.900x007, day 3")
        self.assertEqual((first.patient_id, first.department_id), (encounter.patient_id, self.department))

    def test_first_matching_rule_wins_per_mode(self):
        self._rule(sequence=20)
        self._rule(self.heart_plan, sequence=10, diagnosis_codes="I50")
        self._rule(self._plan("Doctor", [7]), mode="ward")
        encounter = self._encounter(diagnosis_code="I50.9")
        self.assertEqual(
            [(task.mode, task.point_id.due_day) for task in self._tasks(encounter)],
            [("central", 2), ("ward", 7), ("central", 14)],
        )

    def test_departments_and_wards(self):
        rule = self._rule(department_ids=self.department.ids)
        self.assertTrue(self._matches(rule))
        self.assertFalse(self._matches(rule, department_id=self.other_department.id))
        rule.department_ids = self.ward
        self.assertTrue(self._matches(rule, department_id=self.other_department.id))

    def test_diagnosis_prefix_range_and_exclusion(self):
        rule = self._rule(diagnosis_codes="I50, C00-C97", excluded_diagnosis_codes="C44")
        for code, expected in (("I50.9", True), ("I51.0", False), ("C97.x00", True), ("C44.3", False), (False, False)):
            self.assertEqual(self._matches(rule, diagnosis_code=code), expected, code)

    def test_operations(self):
        rule = self._rule(operation_codes="36.0")
        encounter = self._encounter()
        self.assertFalse(self._tasks(encounter))
        self.env["hospital.encounter.operation"].create(
            {"encounter_id": encounter.id, "code": "36.0700", "name": "Stent"}
        )
        self.Task._reconcile(encounter)
        self.assertEqual(self._tasks(encounter).enrolment_id.rule_id, rule)
        self.assertEqual(self._tasks(encounter).enrolment_id.matched, "36.0700")

    def test_dispositions(self):
        rule = self._rule(dispositions="1, 4")
        self.assertTrue(self._matches(rule, disposition="4"))
        self.assertFalse(self._matches(rule, disposition="2"))

    def test_age_and_gender(self):
        rule = self._rule(age_from=60, age_to=80, gender="female")
        born = {"60": "1966-01-01", "59": "1967-06-01", "81": "1944-01-01"}
        for age, expected in (("60", True), ("59", False), ("81", False)):
            patient = self._patient(birth_date=born[age], gender="female")
            self.assertEqual(self._matches(rule, patient=patient), expected, age)
        self.assertFalse(self._matches(rule, patient=self._patient(birth_date="1966-01-01", gender="male")))

    def test_age_is_that_of_the_hospital_s_day(self):
        """Admitted at 07:00 on the sixtieth birthday: the day before, by UTC."""
        rule = self._rule(age_from=60)
        admitted_at = datetime(2026, 2, 20, 23, 0)
        for born, expected in (("1966-02-21", True), ("1966-02-22", False)):
            patient = self._patient(birth_date=born)
            self.assertEqual(self._matches(rule, patient=patient, admitted_at=admitted_at), expected, born)

    def test_outpatients_by_clinic(self):
        rule = self._rule(mode="outpatient", clinic_type="chief")
        self.assertEqual(rule.encounter_class, "outpatient")
        self.assertTrue(self._matches(rule, encounter_class="outpatient", clinic_type="chief"))
        self.assertFalse(self._matches(rule, encounter_class="outpatient", clinic_type="normal"))
        self.assertFalse(self._matches(rule))

    def test_sampling_is_a_repeatable_draw(self):
        rule = self._rule(sampling_percent=40, sampling_seed="seed")
        encounters = self.env["hospital.encounter"].concat(*(self._encounter() for _each in range(30)))
        expected = encounters.filtered(lambda visit: drawn("seed", visit.external_id, 40))
        self.assertTrue(0 < len(expected) < 30)
        self.assertEqual(encounters.followup_task_ids.encounter_id, expected)
        self.Task._reconcile(encounters)
        self.assertEqual(encounters.followup_task_ids.encounter_id, expected)
        self.assertEqual(rule.version, 1)

    def test_a_visit_whose_plan_is_over_is_left_alone(self):
        self._rule(plan=self.plan)  # its last contact is on day 30
        old, recent = self._encounter(discharged_days_ago=300), self._encounter(discharged_days_ago=10)
        enrolments = self.env["hospital.followup.enrolment"].search([("encounter_id", "in", (old | recent).ids)])
        self.assertEqual(enrolments.encounter_id, recent)
        recent.discharge_date = old.discharge_date  # one that is followed up stays under the eyes of the rules
        recent.department_id = self.other_department
        self.assertEqual(recent.followup_task_ids.department_id, self.other_department)

    def test_version_rises_with_criteria_only(self):
        rule = self._rule(diagnosis_codes="I50")
        rule.name = "Heart"
        rule.diagnosis_codes = "I50"
        self.assertEqual(rule.version, 1)
        rule.diagnosis_codes = "I50, I11"
        self.assertEqual(rule.version, 2)

    def test_nonsense_criteria_are_refused(self):
        for values in ({"diagnosis_codes": "heart"}, {"diagnosis_codes": "C97-C00"}, {"dispositions": "7"}):
            with self.assertRaises(ValidationError):
                self._rule(**values)

    def test_excluded_visits_get_no_task_but_a_reason(self):
        self._rule()
        refused = self._patient()
        self.env["hospital.contact.refusal"].create({"patient_id": refused.id, "purpose": "followup"})
        cases = {
            "death": self._encounter(disposition="5"),
            "test_patient": self._encounter(self._patient(is_test_patient=True)),
            "do_not_contact": self._encounter(self._patient(do_not_contact=True)),
        }
        cases_refused = self._encounter(refused)
        withdrawn = self._encounter(self._patient(consent="withdrawn"))
        Enrolment = self.env["hospital.followup.enrolment"]
        for reason, encounter in [*cases.items(), ("do_not_contact", cases_refused), ("do_not_contact", withdrawn)]:
            self.assertFalse(self._tasks(encounter))
            enrolment = Enrolment.search([("encounter_id", "=", encounter.id)])
            self.assertEqual((enrolment.state, enrolment.reason), ("terminated", reason))

    def test_no_task_whose_time_is_long_over(self):
        self._rule()
        self.assertEqual(self._states(self._encounter(discharged_days_ago=20)), [(30, "open")])

    def test_patients_in_hospital_have_no_task(self):
        self._rule()
        encounter = self._encounter(state="in_progress", discharged_at=False, discharge_date=False)
        self.assertFalse(self.env["hospital.followup.enrolment"].search([("encounter_id", "=", encounter.id)]))

    def test_nightly_net_finds_what_nobody_reported(self):
        encounter = self._encounter()
        self.assertFalse(self._tasks(encounter))
        self._rule()
        self._do_schedule("hospital_followup.schedule_generate")
        self.assertEqual(len(self._tasks(encounter)), 2)
