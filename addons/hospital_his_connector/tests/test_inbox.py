from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import ExchangeCase

PID = "MSH|^~\\&|HIS\rPID|1||1001||王小明|||||||13900001234"


@tagged("post_install", "-at_install")
class TestInbox(ExchangeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbox = cls.env["hospital.his.inbox"]
        groups = "hospital_base.group_integration"
        cls.engineer = new_test_user(cls.env, "engineer", groups=groups)

    def test_a_resend_is_known(self):
        first, is_new = self.inbox._receive(self.source, "soap", "book", "1", "<a/>")
        self.assertTrue(is_new)
        again, is_new = self.inbox._receive(self.source, "soap", "book", "1", "<b/>")
        self.assertEqual((again, is_new, again.payload), (first, False, "<a/>"))
        rows = self.inbox._receive_all(
            self.source, "soap", [("book", number, "<a/>", None) for number in ("1", "2", "2", "3")]
        )
        self.assertEqual([is_new for _message, is_new in rows], [False, True, False, True])
        self.assertEqual(rows[1][0], rows[2][0])
        _other, is_new = self.inbox._receive(self.source, "hl7", "ADT^A01", "1", "x")
        self.assertTrue(is_new, "each channel numbers its messages for itself")

    def test_what_was_handled_keeps_no_patient_in_clear(self):
        message, _is_new = self.inbox._receive(self.source, "hl7", "ADT^A01", "1", PID)
        message._close("failed", "internal", {"error": "X", "where": "y:1"})
        self.assertEqual(message.payload, PID)
        self.assertIn("X", message.reason)
        message._close("done")
        self.assertEqual((message.state, message.attempts, message.reason), ("done", 2, ""))
        self.assertNotIn("王小明", message.payload)
        self.assertNotIn("13900001234", message.payload)
        self.assertIn("|1001|", message.payload)

    def test_who_sees_it(self):
        message, _is_new = self.inbox._receive(self.source, "soap", "book", "1", "<a/>")
        admin = new_test_user(self.env, "boss", groups="hospital_base.group_admin")
        nurse = new_test_user(self.env, "nurse", groups="hospital_base.group_nurse")
        self.assertEqual(message.with_user(admin).operation, "book")
        with self.assertRaises(AccessError):
            message.with_user(admin).read(["payload"])
        with self.assertRaises(AccessError):
            message.with_user(nurse).read(["operation"])
        own = message.with_user(self.engineer)
        looks = [("res_model", "=", message._name), ("res_id", "=", message.id)]
        self.assertEqual(own.read(["payload"])[0]["payload"], "<a/>")
        self.assertEqual(self.env["hospital.access.log"].search(looks).user_id, self.engineer)

    def test_only_what_failed_can_be_corrected(self):
        message, _is_new = self.inbox._receive(self.source, "soap", "book", "1", "<a/>")
        own = message.with_user(self.engineer)
        with self.assertRaises(AccessError):
            own.payload = "<b/>"
        message._close("failed")
        own.payload = "<b/>"
        with self.assertRaises(AccessError):
            own.state = "done"
