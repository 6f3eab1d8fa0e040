from odoo.tests import tagged

from .common import NOW, TODAY, FollowupCase, timedelta


@tagged("post_install", "-at_install")
class TestEvents(FollowupCase):
    """What the HIS changes afterwards, and what becomes of the tasks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.general = cls._rule(sequence=20)

    def _snapshot(self, encounter):
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM hospital_followup_task WHERE encounter_id = %s ORDER BY id", [encounter.id])
        return self.env.cr.fetchall()

    def _attempt(self, task, outcome="no_answer"):
        task.user_id = self.agent
        task.with_user(self.agent)._record(outcome)

    def test_resend_changes_nothing(self):
        encounter = self._encounter()
        before = self._snapshot(encounter)
        self.clock.move_to(NOW + timedelta(hours=1))
        encounter._after_exchange(encounter.browse(), encounter)
        self.assertEqual(self._snapshot(encounter), before)

    def test_discharge_cancelled_and_discharged_again(self):
        encounter = self._encounter()
        self._attempt(self._tasks(encounter)[0])
        self._change(encounter, state="in_progress", discharged_at=None, discharge_date=None)
        self.assertEqual(self._states(encounter), [(3, "cancelled"), (30, "cancelled")])
        self.assertEqual(set(self._tasks(encounter).mapped("close_reason")), {"discharge_cancelled"})
        self._change(encounter, state="finished", discharged_at=NOW, discharge_date=TODAY)
        self.assertEqual(self._states(encounter), [(3, "retry"), (30, "open")])
        self.assertEqual(self._tasks(encounter)[0].due_date, TODAY + timedelta(days=3))

    def test_cancelled_discharge_leaves_what_was_done_in_its_cohort(self):
        self._rule()
        encounter = self._encounter()
        done, *_others = self._tasks(encounter)
        before = done.discharge_date
        done.write({"state": "done", "done_by": self.agent.id, "done_at": NOW})
        self._change(encounter, state="in_progress", discharged_at=False, discharge_date=False)
        self.assertEqual((done.state, done.discharge_date), ("done", before))

    def test_doctor_who_leaves_hands_the_ward_tasks_over(self):
        self._rule(self._plan("Ward", [3]), mode="ward")
        task = self._tasks(self._encounter()).filtered(lambda task: task.mode == "ward")
        self.assertEqual(task.user_id, self.doctor)
        self.doctor_employee.active = False
        self.assertEqual(task.user_id, self.nurse)
        self.doctor_employee.active = True
        self.assertEqual(task.user_id, self.doctor)

    def test_discharge_date_changed(self):
        encounter = self._encounter()
        tasks = self._tasks(encounter)
        self._attempt(tasks[0], "reached_patient")
        tasks[0].with_user(self.agent).condition = "good"
        tasks[0].with_user(self.agent).action_finish()
        kept = tasks[0].due_date
        self._change(encounter, discharge_date=TODAY)
        self.assertEqual(tasks[0].due_date, kept)
        self.assertEqual(tasks[0].discharge_date, TODAY)
        self.assertEqual(tasks[1].due_date, TODAY + timedelta(days=30))
        self.assertEqual(len(self._tasks(encounter)), 2)

    def test_transfer_moves_department_and_owner(self):
        self._rule(self._plan("Doctor", [7]), mode="ward")
        other = self._user("fu_other_doctor", "doctor")
        employee = self._employee(other, "doctor", self.other_department)
        encounter = self._encounter()
        task = self._tasks(encounter).filtered(lambda task: task.mode == "ward")
        self.assertEqual(task.user_id, self.doctor)
        self._change(
            encounter,
            department_id=self.other_department.id,
            attending_id=employee.id,
            attending_user_id=other.id,
        )
        self.assertEqual(
            (task.user_id, task.attending_user_id, task.department_id), (other, other, self.other_department)
        )

    def test_handed_over_task_stays_where_it_was_put(self):
        self._rule(self._plan("Doctor", [7]), mode="ward")
        encounter = self._encounter()
        task = self._tasks(encounter).filtered(lambda task: task.mode == "ward")
        task.write({"user_id": self.nurse.id, "reassigned": True})
        self._change(encounter, department_id=self.other_department.id)
        self.assertEqual(task.user_id, self.nurse)

    def test_ward_owner_falls_back(self):
        self._rule(self._plan("Doctor", [7]), mode="ward")
        stand_in = self._user("fu_stand_in", "doctor")
        self.other_department.followup_substitute_id = self._employee(stand_in, "doctor", self.other_department)

        def owner(**values):
            return self._tasks(self._encounter(**values)).filtered(lambda task: task.mode == "ward").user_id

        self.assertEqual(owner(), self.doctor)
        self.assertEqual(owner(attending_id=False), self.nurse)
        self.assertEqual(owner(attending_id=False, nurse_id=False, department_id=self.other_department.id), stand_in)
        self.assertFalse(owner(attending_id=False, nurse_id=False))
        self.doctor.active = False
        self.assertEqual(owner(), self.nurse)

    def test_late_coding_replaces_untouched_tasks(self):
        self._rule(self.heart_plan, sequence=10, diagnosis_codes="I50")
        encounter = self._encounter(diagnosis_code=False)
        self._change(encounter, diagnosis_code="I50.9", coded_at=NOW)
        self.assertEqual(self._states(encounter), [(2, "open"), (3, "cancelled"), (14, "open"), (30, "cancelled")])
        self.assertEqual(set(self._tasks(encounter).filtered("close_reason").mapped("close_reason")), {"replaced"})
        self.assertEqual(self._tasks(encounter).enrolment_id.matched, "I50.9")
        # The coder was wrong: back again, with the tasks of before.
        self._change(encounter, diagnosis_code="J18.9")
        self.assertEqual(self._states(encounter), [(2, "cancelled"), (3, "open"), (14, "cancelled"), (30, "open")])

    def test_late_coding_counts_a_finished_contact(self):
        self._rule(self.heart_plan, sequence=10, diagnosis_codes="I50")
        encounter = self._encounter(diagnosis_code=False)
        task = self._tasks(encounter)[0]
        self._attempt(task, "reached_patient")
        task.with_user(self.agent).condition = "good"
        task.with_user(self.agent).action_finish()
        self._change(encounter, diagnosis_code="I50.9")
        self.assertEqual(self._states(encounter), [(3, "done"), (14, "open"), (30, "cancelled")])
        before = self._snapshot(encounter)
        self.Task._reconcile(encounter)
        self.assertEqual(self._snapshot(encounter), before)

    def test_late_coding_keeps_a_running_contact(self):
        self._rule(self.heart_plan, sequence=10, diagnosis_codes="I50")
        encounter = self._encounter(diagnosis_code=False)
        self._attempt(self._tasks(encounter)[0])
        self._change(encounter, diagnosis_code="I50.9")
        self.assertEqual(self._states(encounter), [(3, "retry"), (14, "open"), (30, "cancelled")])

    def test_no_rule_matches_any_more(self):
        self.general.diagnosis_codes = "J18"
        encounter = self._encounter()
        self._change(encounter, diagnosis_code="Z00.0")
        enrolment = self._tasks(encounter).enrolment_id
        self.assertEqual((enrolment.state, enrolment.reason), ("terminated", "no_rule"))
        self.assertEqual(self._states(encounter), [(3, "cancelled"), (30, "cancelled")])
        self._change(encounter, diagnosis_code="J18.1")
        self.assertEqual(self._states(encounter), [(3, "open"), (30, "open")])

    def test_changed_rule_leaves_old_visits_alone(self):
        encounter = self._encounter()
        self.general.diagnosis_codes = "I50"
        self.Task._reconcile(encounter)
        self.assertEqual(self._states(encounter), [(3, "open"), (30, "open")])
        self.assertEqual(self._tasks(encounter).enrolment_id.rule_version, 1)

    def test_merged_patient_takes_the_tasks_along(self):
        kept, merged = self._patient(), self._patient()
        encounter = self._encounter(merged)
        self._attempt(self._tasks(encounter)[0])
        merged.merged_into_id = kept
        self._change(encounter, patient_id=kept.id)
        self.assertEqual(self._tasks(encounter).patient_id, kept)
        self.assertEqual(self._tasks(encounter).attempt_ids.patient_id, kept)
        self.assertEqual(self._tasks(encounter).enrolment_id.patient_id, kept)
        self.assertEqual(len(self._tasks(encounter)), 2)

    def test_newborn_is_asked_after_at_the_mother(self):
        mother = self._patient()
        child = self._patient(numbers=(), mother_id=mother.id)
        task = self._tasks(self._encounter(child))[0]
        self.assertEqual((task.patient_id, task.contact_id), (child, mother))
        self.assertEqual(task.phone_line_ids, mother.phone_line_ids)

    def test_death_stops_everything(self):
        patient = self._patient()
        first, second = self._encounter(patient), self._encounter(patient, encounter_class="outpatient")
        self._rule(mode="outpatient")
        self.Task._reconcile(second)
        patient._after_exchange(patient.browse(), patient)
        patient.deceased = True
        tasks = self._tasks(first) | self._tasks(second)
        self.assertEqual(set(tasks.mapped("state")), {"not_needed"})
        self.assertEqual(set(tasks.enrolment_id.mapped("reason")), {"death"})
        # Reported by mistake.
        patient.deceased = False
        self.assertEqual(set(tasks.mapped("state")), {"open"})

    def test_readmission_overtakes_what_is_due_later(self):
        patient = self._patient()
        encounter = self._encounter(patient, discharged_days_ago=10)
        again = self._encounter(
            patient,
            discharged_days_ago=1,
            admitted_at=NOW - timedelta(days=5),
            state="in_progress",
            discharged_at=False,
            discharge_date=False,
        )
        self.assertEqual(self._states(encounter), [(3, "open"), (30, "not_needed")])
        self.assertEqual(self._tasks(encounter)[1].close_reason, "readmitted")
        self._change(again, state="cancelled")
        self.assertEqual(self._states(encounter), [(3, "open"), (30, "open")])

    def test_later_discharge_takes_up_what_has_expired(self):
        encounter = self._encounter(discharged_days_ago=2)
        task, _later = self._tasks(encounter)
        self._attempt(task)
        self._at(9, 30, days=12)
        self.Task._expire()
        self.assertEqual(self._states(encounter), [(3, "expired"), (30, "open")])
        self._change(encounter, discharge_date=TODAY - timedelta(days=1))
        self.assertEqual(task.state, "expired", "a day later is still too late")
        self._change(encounter, discharge_date=TODAY + timedelta(days=7))
        self.assertEqual((task.state, task.due_date), ("retry", TODAY + timedelta(days=10)))
        self.assertEqual(task.enrolment_id.state, "active")

    def test_later_discharge_calls_nobody_who_must_not_be_called(self):
        encounter = self._encounter(discharged_days_ago=2)
        tasks = self._tasks(encounter)
        self._at(9, 30, days=60)
        self.Task._expire()
        self.assertEqual(tasks.enrolment_id.state, "done")
        encounter.patient_id.deceased = True
        self._change(encounter, discharge_date=TODAY + timedelta(days=59))
        self.assertEqual(set(tasks.mapped("state")), {"expired"})

    def test_refusal_changed_to_another_purpose(self):
        encounter = self._encounter()
        refusal = self.env["hospital.contact.refusal"].create(
            {"patient_id": encounter.patient_id.id, "purpose": "followup"}
        )
        self.assertEqual(set(self._tasks(encounter).mapped("state")), {"not_needed"})
        refusal.purpose = "marketing"
        self.assertEqual(set(self._tasks(encounter).mapped("state")), {"open"})

    def test_do_not_contact_and_back(self):
        encounter = self._encounter()
        encounter.patient_id.do_not_contact = True
        self.assertEqual(set(self._tasks(encounter).mapped("state")), {"not_needed"})
        encounter.patient_id.do_not_contact = False
        self.assertEqual(set(self._tasks(encounter).mapped("state")), {"open"})

    def test_pause_and_resume(self):
        encounter = self._encounter()
        enrolment = self._tasks(encounter).enrolment_id
        enrolment.action_pause()
        self.assertEqual(self._states(encounter), [(3, "cancelled"), (30, "cancelled")])
        enrolment.action_resume()
        self.assertEqual(self._states(encounter), [(3, "open"), (30, "open")])
