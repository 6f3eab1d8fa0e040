from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import FollowupCase


@tagged("post_install", "-at_install")
class TestMessage(FollowupCase):
    def test_a_message_at_a_task_is_in_its_history(self):
        self._at(10, 0)
        task = self._owned_task()
        context = task.with_user(self.agent).action_compose_message()["context"]
        form = Form(self.env["hospital.message.compose"].with_user(self.agent).with_context(**context))
        self.assertEqual(form.purpose, "followup")
        form.text = "{姓名}您好，{科室}稍后来电。"
        form.save().action_send()
        message = task.with_user(self.agent).message_ids
        self.assertEqual((message.state, message.patient_id), ("queued", task.contact_id))
        self.assertIn(f"{task.contact_id.name}您好，{task.department_id.name}稍后来电。", message.text)
        self.assertEqual((task.attempt_count, task.state), (0, "open"))

    def test_nobody_writes_at_the_tasks_of_others(self):
        task = self._owned_task()
        with self.assertRaises(AccessError):
            task.with_user(self.agent2).action_compose_message()
