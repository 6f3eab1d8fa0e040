from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import NOW, TODAY, FollowupCase, timedelta


@tagged("post_install", "-at_install")
class TestWizards(FollowupCase):
    def _wizard(self, name, user=None, **values):
        return self.env[f"hospital.followup.{name}"].with_user(user or self.agent).create(values)

    def _close(self, task, reason, **values):
        self._wizard("close", task_id=task.id, reason=reason, **values).action_close()

    def test_call_back_at_the_agreed_time(self):
        times = {
            "action_half_hour": "02 10:00",
            "action_two_hours": "02 11:30",
            "action_evening": "02 17:30",
            "action_tomorrow": "03 09:00",
        }
        for button, expected in times.items():
            task = self._owned_task()
            getattr(self._wizard("callback", task_id=task.id), button)()
            at = self.env["res.company"]._to_hospital_clock(task.next_attempt_at)
            self.assertEqual((task.last_outcome, f"{at:%d %H:%M}"), ("call_later", expected))
        task = self._owned_task()
        with self.assertRaises(UserError):
            self._wizard("callback", task_id=task.id, at=NOW - timedelta(hours=1)).action_pick()
        self._wizard("callback", task_id=task.id, at=NOW + timedelta(days=2)).action_pick()
        self.assertEqual(task.next_attempt_at, NOW + timedelta(days=2))

    def test_not_needed_ends_the_follow_up(self):
        task = self._owned_task()
        self._close(task, "transferred")
        self.assertEqual((task.state, task.close_reason, task.done_by), ("not_needed", "transferred", self.agent))
        self.assertEqual((task.enrolment_id.state, task.enrolment_id.reason), ("terminated", "transferred"))
        self.assertEqual(self._states(task.encounter_id), [(3, "not_needed"), (30, "not_needed")])

    def test_the_doctor_s_judgement_is_not_the_worker_s(self):
        task = self._owned_task()
        with self.assertRaises(AccessError):
            self._close(task, "not_indicated")
        self.assertEqual(task.state, "open")
        offered = {
            user: dict(
                self.env["hospital.followup.close"].with_user(user).fields_get(["reason"])["reason"]["selection"]
            )
            for user in (self.agent, self.nurse)
        }
        self.assertNotIn("not_indicated", offered[self.agent])
        self.assertIn("not_indicated", offered[self.nurse])
        task.user_id = self.nurse
        self._wizard("close", self.nurse, task_id=task.id, reason="not_indicated").action_close()
        self.assertEqual(task.close_reason, "not_indicated")

    def test_owner_is_somebody_who_works_on_follow_ups(self):
        encounter, leader = self._encounter(), self._user("fu_leader", "leader")
        with self.assertRaises(UserError):
            self._create(encounter, kind="single", single_date=TODAY, user_id=leader.id)
        task = self._owned_task()
        with self.assertRaises(UserError):
            self._wizard("reassign", self.supervisor, task_ids=task.ids, user_id=leader.id).action_reassign()
        for name in ("create", "reassign"):
            wizard = self.env[f"hospital.followup.{name}"].with_user(self.supervisor)
            domain = wizard._fields["user_id"]._description_domain(wizard.env)
            offered = self.env["res.users"].with_user(self.supervisor).search(domain)
            self.assertGreaterEqual(offered, self.agent | self.doctor | self.nurse)
            self.assertNotIn(leader, offered)

    def test_duplicate_closes_this_task_only(self):
        task = self._owned_task()
        self._close(task, "duplicate")
        self.assertEqual(self._states(task.encounter_id), [(3, "not_needed"), (30, "open")])

    def test_refusal_with_and_without_the_future(self):
        task = self._owned_task()
        self._close(task, "refused")
        self.assertEqual(self._states(task.encounter_id), [(3, "refused"), (30, "not_needed")])
        self.assertTrue(self._tasks(self._encounter(task.patient_id, discharged_days_ago=1)))
        task = self._owned_task()
        self._close(task, "refused", no_more_followup=True)
        self.assertFalse(self._tasks(self._encounter(task.patient_id, discharged_days_ago=1)))

    def test_death_in_the_call_stops_all_tasks(self):
        self._rule(self._plan("Doctor", [7]), mode="ward")
        task = self._owned_task()
        with self.assertRaises(UserError):
            self._close(task, "death")
        self._close(task, "death", confirmed=True)
        self.assertTrue(task.patient_id.deceased)
        self.assertEqual(set(self._tasks(task.encounter_id).mapped("state")), {"not_needed"})
        self.assertEqual(
            self._tasks(task.encounter_id).mapped("close_reason"), ["death"] * len(self._tasks(task.encounter_id))
        )
        task.patient_id.deceased = False  # it was somebody else
        self.assertEqual(set(self._tasks(task.encounter_id).mapped("state")), {"open"})
        self.assertFalse(task.done_by)

    def test_complaint_praise_suggestion(self):
        task = self._owned_task()
        for kind in ("complaint", "praise", "suggestion"):
            self._wizard("case", task_id=task.id, kind=kind, description="Waited long").action_create()
        cases = self.env["hospital.case"].search([("res_model", "=", task._name), ("res_id", "=", task.id)])
        self.assertEqual(set(cases.mapped("kind")), {"complaint", "praise", "suggestion"})
        self.assertEqual(cases.patient_id, task.patient_id)
        self.assertEqual(cases.encounter_id, task.encounter_id)
        self.assertEqual(cases.department_id, self.department)
        self.assertEqual(cases.reporter_id, self.agent)

    def test_plan_by_hand_overrides_the_rule(self):
        self._rule()
        encounter = self._encounter()
        self._create(encounter, plan_id=self.heart_plan.id)
        self.assertEqual(self._states(encounter), [(2, "open"), (3, "cancelled"), (14, "open"), (30, "cancelled")])
        self.assertEqual(self._tasks(encounter)[0].explanation, "Created by hand")
        self._change(encounter, diagnosis_code="I50.9")
        self.assertEqual(self._states(encounter)[0], (2, "open"))

    def test_single_follow_up_for_chosen_patients(self):
        patients = self._patient() | self._patient()
        encounters = self.env["hospital.encounter"].concat(*(self._encounter(patient) for patient in patients))
        wizard = self.env["hospital.followup.create"].with_user(self.supervisor)
        wizard = wizard.sudo().with_context(active_model="res.partner", active_ids=patients.ids).create({})
        self.assertEqual(wizard.encounter_ids, encounters)
        day = TODAY + timedelta(days=1)
        for _twice in range(2):
            self._create(encounters, kind="single", single_date=day, user_id=self.agent2.id)
        tasks = self.Task.search([("encounter_id", "in", encounters.ids)])
        self.assertEqual(len(tasks), 2)
        self.assertEqual((tasks.mapped("due_date"), tasks.user_id), ([day, day], self.agent2))
        self.assertEqual(tasks.department_id, self.department)

    def test_nothing_by_hand_for_the_dead(self):
        encounter = self._encounter(self._patient(deceased=True))
        self._create(encounter, plan_id=self.heart_plan.id)
        self._create(encounter, kind="single", single_date=TODAY)
        self.assertFalse(self._tasks(encounter).filtered(lambda task: task.state == "open"))

    def _create(self, encounters, **values):
        functional = self.env["res.users"].search([("login", "=", "fu_functional")]) or self._user(
            "fu_functional", "functional"
        )
        return self._wizard("create", functional, encounter_ids=encounters.ids, **values).action_create()

    def test_hand_over(self):
        task = self._owned_task()
        self._wizard("reassign", self.supervisor, task_ids=task.ids, user_id=self.agent2.id).action_reassign()
        self.assertEqual((task.user_id, task.reassigned), (self.agent2, True))

    def test_dry_run_counts_and_changes_nothing(self):
        self._rule(self.heart_plan, sequence=5, diagnosis_codes="I50")
        rule = self._rule(sequence=10)
        before = self.Task.search_count([])
        rule.active = False
        self._encounter()
        self._encounter(self._patient(numbers=()))
        self._encounter(disposition="5")
        self._encounter(self._patient(is_test_patient=True))
        self._encounter(diagnosis_code="I50.9")
        created = self.Task.search_count([]) - before
        preview = self.env["hospital.followup.preview"].browse(rule.action_preview()["res_id"])
        figures = {line.kind: line.count for line in preview.line_ids}
        self.assertEqual(
            figures, {"matched": 5, "followed": 1, "no_phone": 1, "earlier": 1, "death": 1, "test_patient": 1}
        )
        self.assertEqual(preview.task_count, 4)
        self.assertEqual(self.Task.search_count([]) - before, created)
