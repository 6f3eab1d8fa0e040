from odoo.tests import tagged

from .common import NOW, TODAY, FollowupCase, timedelta


@tagged("post_install", "-at_install")
class TestAssign(FollowupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule()
        cls.workers = cls.env["hospital.followup.worker"].create(
            [{"user_id": cls.agent.id}, {"user_id": cls.agent2.id}]
        )

    def _due(self, count):
        return self.Task.concat(*(self._tasks(self._encounter())[0] for _each in range(count)))

    def test_even_shares_of_what_is_due(self):
        tasks = self._due(6)
        self.Task._assign()
        self.assertEqual(
            [len(tasks.filtered(lambda t, u=u: t.user_id == u)) for u in (self.agent, self.agent2)], [3, 3]
        )
        later = tasks.encounter_id.followup_task_ids - tasks
        self.assertFalse(later.user_id, "a task gets its owner on the day it comes into its window")

    def test_patient_stays_with_the_worker(self):
        first = self._due(1)
        first.user_id = self.agent2
        again = self._tasks(self._encounter(first.patient_id, discharged_days_ago=3))[0]
        self.Task._assign()
        self.assertEqual(again.user_id, self.agent2)

    def _hold(self, **values):
        """Two tasks in the first worker's hands: an ordinary one, and one with ``values``."""
        tasks = self._due(2)
        tasks.user_id = self.agent
        tasks[1].write(values)
        return tasks

    def test_absent_worker_keeps_only_what_was_promised(self):
        self.workers[0].write({"away_from": TODAY, "away_to": TODAY + timedelta(days=3)})
        later = NOW + timedelta(hours=3)
        cases = {
            "promised": ({"last_outcome": "call_later", "next_attempt_at": later}, self.agent),
            "promise is over": (
                {"last_outcome": "call_later", "next_attempt_at": NOW - timedelta(hours=1)},
                self.agent2,
            ),
            "not reached": ({"last_outcome": "no_answer", "next_attempt_at": later}, self.agent2),
            "next number": ({"last_outcome": "empty_number", "next_attempt_at": NOW}, self.agent2),
            "tried without a time": ({"last_outcome": "busy", "next_attempt_at": False}, self.agent2),
        }
        for case, (values, expected) in cases.items():
            tasks = self._hold(**values)
            self.Task._assign()
            self.assertEqual(tasks.mapped("user_id"), self.agent2 | expected, case)
            self.assertEqual(tasks[1].user_id, expected, case)

    def test_who_has_left_keeps_nothing(self):
        promised = {"last_outcome": "call_later", "next_attempt_at": NOW + timedelta(hours=3)}
        tasks = self._hold(**promised)
        self.workers[0].active = False
        self.Task._assign()
        self.assertEqual(tasks.user_id, self.agent2, "left the roster")
        self.workers[0].active = True
        tasks = self._hold(**promised)
        self.agent.active = False
        self.Task._assign()
        self.assertEqual(tasks.user_id, self.agent2, "left the hospital")
        # Somebody who never was on the roster.
        tasks = self._due(1)
        tasks.user_id = self._user("fu_left", "agent")
        self.Task._assign()
        self.assertEqual(tasks.user_id.login, "fu_left")
        tasks.user_id.active = False
        self.Task._assign()
        self.assertEqual(tasks.user_id, self.agent2)

    def test_worker_on_duty_keeps_everything(self):
        tasks = self._hold(last_outcome="no_answer", next_attempt_at=NOW + timedelta(hours=3))
        self.Task._assign()
        self.assertEqual(tasks.user_id, self.agent)

    def test_day_off_and_capacity(self):
        self.workers[0].monday = False
        self.workers[1].capacity = 2
        tasks = self._due(3)
        self.Task._assign()
        self.assertEqual(tasks.mapped("user_id"), self.agent2)
        self.assertEqual(len(tasks.filtered(lambda task: not task.user_id)), 1)

    def test_expiry_after_the_days_of_grace(self):
        task = self._due(1)
        self._at(9, 0, days=3 + 7)
        self.Task._expire()
        self.assertEqual((task.state, task.is_overdue), ("open", True))
        self.assertIn(task, self.Task.search([("is_overdue", "=", True)]))
        self._at(9, 0, days=3 + 8)
        self._do_schedule("hospital_followup.schedule_assign")
        self.assertEqual(task.state, "expired")
        self.Task._reconcile(task.encounter_id)
        self.assertEqual(task.state, "expired")
