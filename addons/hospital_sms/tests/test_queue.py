from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..models.hospital_message_queue import Draft, Terms


@tagged("post_install", "-at_install")
class TestQueue(HospitalCase):
    def test_the_gate_decides_on_each(self):
        """A dead patient's message is kept as excluded, with the reason; the other waits in one part."""
        alive = self.patient("张伟国", phones=["13900001234"])
        dead = self.patient("李秀英", phones=["13900001235"], deceased=True)
        drafts = [Draft("您好", "13900001234", alive.id), Draft("您好", "13900001235", dead.id)]
        ids = self.env["hospital.message"]._enqueue(drafts, Terms("notice"))
        queued, excluded = self.env["hospital.message"].browse(ids)
        self.assertEqual((queued.state, len(queued.part_ids)), ("queued", 1))
        self.assertEqual((excluded.state, excluded.reason, len(excluded.part_ids)), ("excluded", "deceased", 0))
        self.assertEqual(queued.number_masked, "139****1234")

    def test_a_key_is_sent_once(self):
        terms = Terms("notice")
        first = self.env["hospital.message"]._enqueue([Draft("您好", "13900001234", key="a")], terms)
        self.assertTrue(first[0])
        self.assertEqual(self.env["hospital.message"]._enqueue([Draft("您好", "13900001234", key="a")], terms), [None])
