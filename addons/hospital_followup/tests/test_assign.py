from odoo.tests import tagged

from .common import TODAY, FollowupCase, timedelta


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

    def test_absent_worker_gets_nothing_and_gives_back(self):
        tasks = self._due(4)
        self.Task._assign()
        self.workers[0].write({"away_from": TODAY, "away_to": TODAY + timedelta(days=3)})
        promised = tasks.filtered(lambda task: task.user_id == self.agent)[0]
        promised.next_attempt_at = self.env.cr.now()
        self.Task._assign()
        self.assertEqual((tasks - promised).user_id, self.agent2)
        self.assertEqual(promised.user_id, self.agent)

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
        with self.enter_registry_test_mode():
            self.env.ref("hospital_followup.cron_assign").method_direct_trigger()
        self.assertEqual(task.state, "expired")
        self.Task._reconcile(task.encounter_id)
        self.assertEqual(task.state, "expired")
