from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..models import hospital_followup_task_claim
from .common import NOW, FollowupCase, timedelta


@tagged("post_install", "-at_install")
class TestRecord(FollowupCase):
    def _local(self, at):
        return f"{self.env['res.company']._to_hospital_clock(at):%d %H:%M}"

    def _record(self, task, outcome, user=None, **context):
        return task.with_user(user or self.agent).with_context(outcome=outcome, **context).action_record()

    def test_normal_case_in_three_taps(self):
        task = self._owned_task()
        following = self._owned_task()
        self._record(task, "reached_patient")
        self.assertEqual((task.state, task.attempt_count), ("in_progress", 1))
        task.with_user(self.agent).condition = "good"
        action = task.with_user(self.agent).action_finish_next()
        self.assertEqual((task.state, task.done_by, task.in_time), ("done", self.agent, True))
        self.assertEqual(task.enrolment_id.state, "active")
        self.assertEqual(action["params"]["action"]["res_id"], following.id)
        self.assertEqual((following.state, following.claimed_by), ("in_progress", self.agent))

    def test_no_answer_is_one_tap(self):
        task = self._owned_task()
        following = self._owned_task()
        action = self._record(task, "no_answer")
        self.assertEqual((task.state, task.attempt_count, task.last_outcome), ("retry", 1, "no_answer"))
        self.assertEqual(self._local(task.next_attempt_at), "02 14:30")
        self.assertEqual(action["params"]["action"]["res_id"], following.id)
        self.assertFalse(task.claimed_by)

    def test_each_retry_outcome(self):
        times = {
            "no_answer": "02 14:30",
            "voicemail": "02 14:30",
            "busy": "02 09:40",
            "power_off": "03 09:30",
            "rejected": "03 14:30",
            "language": "03 14:30",
            "line_fault": "02 09:40",
            "call_later": "02 11:30",
        }
        for outcome, expected in times.items():
            task = self._owned_task()
            task.with_user(self.agent)._record(outcome)
            self.assertEqual((task.state, self._local(task.next_attempt_at)), ("retry", expected), outcome)

    def test_lost_after_three_attempts_on_two_days(self):
        task = self._owned_task()
        for clock, days in (((9, 30), 0), ((14, 30), 0), ((17, 40), 1)):
            self._at(*clock, days=days)
            task.with_user(self.agent)._record("no_answer")
        self.assertEqual((task.state, task.lost_reason, task.attempt_count), ("lost", "max_attempts", 3))
        self.assertFalse(task.next_attempt_at)

    def test_unusable_numbers_lead_to_the_next_one(self):
        self._rule()
        for outcome, reason in (
            ("empty_number", "empty_number"),
            ("suspended", "stopped"),
            ("wrong_person", "wrong_person"),
        ):
            patient = self._patient(numbers=("13900000001", "13900000002"))
            task = self._owned_task(patient=patient)
            first, second = patient.phone_line_ids
            self.assertTrue(self._record(task, outcome))
            self.assertEqual((first.state, first.invalid_reason), ("invalid", reason))
            self.assertEqual(task.state, "in_progress", "the worker stays and dials the next number")
            self._record(task, outcome, stay=True)
            self.assertEqual(task.attempt_ids.phone_id, first | second)
            self.assertEqual((task.state, task.lost_reason), ("lost", "no_valid_number"))

    def test_hung_up_twice_is_refused(self):
        task = self._owned_task()
        task.with_user(self.agent)._record("rejected")
        self._at(14, 30, days=1)
        task.with_user(self.agent)._record("rejected")
        self.assertEqual((task.state, task.lost_reason), ("refused", "hung_up"))

    def test_family_reached_confirms_the_number(self):
        task = self._owned_task()
        self._record(task, "reached_family")
        self.assertEqual(task.patient_id.phone_line_ids.state, "valid")
        self.assertEqual(task.attempt_ids.person, "other")

    def test_finish_asks_for_talk_and_condition(self):
        task = self._owned_task().with_user(self.agent)
        with self.assertRaises(UserError):
            task.action_finish()
        self._record(task, "reached_patient")
        with self.assertRaises(UserError):
            task.action_finish()

    def test_late_result_is_not_in_time(self):
        task = self._owned_task()
        self._at(10, 0, days=10)
        self._record(task, "reached_patient")
        task.with_user(self.agent).condition = "poor"
        task.with_user(self.agent).action_finish()
        self.assertFalse(task.in_time)

    def test_a_result_cannot_be_written_past_its_buttons(self):
        task = self._owned_task().with_user(self.agent)
        with self.assertRaises(AccessError):
            task.write({"state": "done"})
        with self.assertRaises(AccessError):
            task.write({"attempt_count": 3})

    def test_every_attempt_is_in_the_ledger(self):
        task = self._owned_task()
        self._record(task, "no_answer")
        entry = self.env["hospital.contact"].search([("res_model", "=", task._name), ("res_id", "=", task.id)])
        self.assertEqual(
            (entry.patient_id, entry.purpose, entry.channel, entry.outcome, entry.user_id),
            (task.patient_id, "followup", "call", "no_answer", self.agent),
        )

    def test_two_workers_never_call_the_same_person(self):
        patient = self._patient()
        first = self._owned_task(patient=patient)
        second = self._owned_task(user=self.agent2, patient=patient, encounter_class="inpatient")
        first.with_user(self.agent).action_start()
        with self.assertRaises(UserError):
            second.with_user(self.agent2).action_start()
        with self.assertRaises(UserError):
            self._record(second, "no_answer", user=self.agent2)
        self.assertEqual(second.state, "open")
        self.clock.move_to(NOW + timedelta(minutes=16))
        second.with_user(self.agent2).action_start()
        self.Task._release_left()
        self.assertEqual(first.claimed_by, self.agent2, "the person is on the line with the second worker")
        self._record(second, "no_answer", user=self.agent2, stay=True)
        self.assertFalse((first | second).claimed_by)
        self.clock.move_to(NOW + timedelta(hours=1))
        self.Task._release_left()
        self.assertEqual((first.state, second.state), ("open", "retry"))

    def test_next_skips_who_is_on_the_line(self):
        patient = self._patient()
        self._owned_task(user=self.agent2, patient=patient).with_user(self.agent2).action_start()
        self._owned_task(patient=patient)
        free = self._owned_task()
        action = self.Task.with_user(self.agent).action_next()
        self.assertEqual(action["params"]["action"]["res_id"], free.id)

    def test_gate_is_asked_before_a_call_is_offered(self):
        task = self._owned_task()
        self._at(12, 30)
        self.assertEqual(task.gate_notice, "Call from 03-02 14:30: outside the hours for calls.")
        self.assertEqual(self.Task.with_user(self.agent).action_next()["tag"], "display_notification")
        with self.assertRaises(UserError):
            task.with_user(self.agent).action_start()

    def test_next_looks_past_all_who_may_not_be_called(self):
        """More tasks than are looked at together are of patients who were called often enough."""
        self.env["hospital.contact.policy"].search([("purpose", "=", "followup")]).cap = 2
        with patch.object(hospital_followup_task_claim, "LOOK_AHEAD", 2):
            for _each in range(3):
                task = self._owned_task(discharged_days_ago=4)
                self.env["hospital.contact"].create(
                    2 * [{"patient_id": task.patient_id.id, "channel": "call", "purpose": "followup"}]
                )
            free = self._owned_task()
            action = self.Task.with_user(self.agent).action_next()
        self.assertEqual(action["params"]["action"]["res_id"], free.id)

    def test_retries_keep_the_hours_of_the_policy(self):
        policy = self.env["hospital.contact.policy"].search([("purpose", "=", "followup"), ("channel", "=", "call")])
        policy.hours = "08:00-11:00,15:00-16:30"
        task = self._owned_task()
        self._record(task, "no_answer")
        self.assertEqual(self._local(task.next_attempt_at), "02 15:00")

    def test_number_to_call_is_one_of_the_patient(self):
        task = self._owned_task().with_user(self.agent)
        task.phone_id = task.patient_id.phone_line_ids
        with self.assertRaises(ValidationError):
            task.phone_id = self._patient().phone_line_ids.id

    def test_call_backs_come_first_and_later_ones_wait(self):
        soon = self._owned_task(discharged_days_ago=4)
        promised, put_off = self._owned_task(), self._owned_task()
        promised.next_attempt_at = NOW - timedelta(minutes=5)
        put_off.next_attempt_at = NOW + timedelta(hours=1)
        due = self.Task.with_user(self.agent).search([("due_now", "=", True)])
        self.assertEqual(due, promised | soon)

    def test_undo_within_ten_minutes(self):
        task = self._owned_task(patient=self._patient(numbers=("13900000001", "13900000002")))
        line = task.patient_id.phone_line_ids[0]
        self._record(task, "empty_number")
        self.clock.move_to(NOW + timedelta(minutes=9))
        self.Task.with_user(self.agent).action_undo()
        self.assertEqual((task.state, task.attempt_count, task.last_outcome), ("open", 0, False))
        self.assertEqual(line.state, "unverified")
        self.assertFalse(task.attempt_ids)
        self.assertFalse(
            self.env["hospital.contact"].search([("res_id", "=", task.id), ("res_model", "=", task._name)])
        )
        undone = (
            self.env["hospital.followup.attempt"].with_context(active_test=False).search([("task_id", "=", task.id)])
        )
        self.assertFalse(undone.active)

    def test_undo_leaves_the_worker_s_words_and_the_page(self):
        task = self._owned_task()
        self._record(task, "reached_family", stay=True)
        task.with_user(self.agent).write({"condition": "poor", "note": "Wound is red"})
        self.assertIs(task.with_user(self.agent).action_undo(), True, "the form of the task itself is only reloaded")
        self.assertEqual((task.state, task.condition, task.note), ("open", False, "Wound is red"))

    def test_no_undo_of_what_somebody_else_has_gone_on_with(self):
        goings_on = (
            lambda task: task._close_without_result("not_needed", "transferred"),
            lambda task: task._record("busy"),
        )
        for go_on in goings_on:
            task = self._owned_task()
            self._record(task, "no_answer")
            task.user_id = self.agent2
            go_on(task.with_user(self.agent2))
            kept = task.state, task.last_outcome, task.attempt_count
            with self.assertRaisesRegex(UserError, "Somebody else"):
                self.Task.with_user(self.agent).action_undo()
            self.assertEqual((task.state, task.last_outcome, task.attempt_count), kept)

    def test_undo_of_a_finished_task(self):
        task = self._owned_task()
        self._record(task, "reached_patient")
        task.with_user(self.agent).condition = "good"
        task.with_user(self.agent).action_finish()
        action = self.Task.with_user(self.agent).action_undo()
        self.assertEqual(action["res_id"], task.id)
        self.assertEqual((task.state, task.done_by.id, task.condition), ("open", False, False))

    def test_no_undo_past_a_task_closed_since(self):
        first, second = self._owned_task(), self._owned_task()
        self._record(first, "no_answer")
        self.clock.move_to(NOW + timedelta(minutes=1))
        second.with_user(self.agent)._close_without_result("refused", "refused")
        with self.assertRaises(UserError):
            self.Task.with_user(self.agent).action_undo()
        self.assertEqual((first.state, second.state), ("retry", "refused"))

    def test_undo_takes_the_follow_up_up_again(self):
        task = self._owned_task()
        self._record(task, "reached_family")
        task.with_user(self.agent)._close_without_result("not_needed", "transferred")
        self.assertEqual(task.enrolment_id.state, "terminated")
        self.Task.with_user(self.agent).action_undo()
        self.assertEqual(task.state, "open")
        self.assertNotEqual(task.enrolment_id.state, "terminated")

    def test_no_undo_later_nor_of_others(self):
        task = self._owned_task()
        self._record(task, "no_answer")
        with self.assertRaises(UserError):
            self.Task.with_user(self.agent2).action_undo()
        self.clock.move_to(NOW + timedelta(minutes=11))
        with self.assertRaises(UserError):
            self.Task.with_user(self.agent).action_undo()

    def test_doctor_on_the_card(self):
        self._rule(self._plan("Doctor", [3]), mode="ward")
        task = self._tasks(self._encounter()).filtered(lambda task: task.mode == "ward").with_user(self.doctor)
        self.assertIs(task.with_context(outcome="no_answer", stay=True).action_record(), True)
        self.assertEqual(task.state, "retry")
        self._at(15, 0)
        self.assertEqual(task.action_contacted()["res_id"], task.id)
        self.assertEqual(task.last_outcome, "reached_patient")

    def test_enrolment_ends_with_its_last_task(self):
        self._rule(self._plan("One", [2]))
        task = self._owned_task()
        self._record(task, "reached_patient")
        task.with_user(self.agent).condition = "fair"
        task.with_user(self.agent).action_finish()
        self.assertEqual(task.enrolment_id.state, "done")

    def test_closed_task_takes_no_result(self):
        task = self._owned_task()
        task.state = "expired"
        with self.assertRaises(UserError):
            self._record(task, "no_answer")
        with self.assertRaises(UserError):
            self._record(task, "nonsense")
        self.assertEqual(fields.Datetime.now(), NOW)
