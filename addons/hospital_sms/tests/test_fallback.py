from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..models.hospital_message_queue import Draft, Terms
from ..protocols.contract import Rejected


@tagged("post_install", "-at_install")
class TestFallback(HospitalCase):
    """A notice goes by WeChat, else by text message, else onto the list of patients to call: one outcome."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = cls.env["hospital.message"]
        cls.env["hospital.gateway"].search([]).active = False
        cls.account = cls.env["hospital.gateway"].create({"name": "协和医院", "protocol": "wechat", "login": "wx1"})
        cls.env["hospital.gateway"].create({"name": "模拟", "protocol": "simulator"})
        cls.template = cls.env["sms.template"].create(
            {
                "name": "复诊提醒",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "body": "明天复诊",
                "wechat_code": "T1",
                "approval": "approved",
            }
        )
        cls.zhang = cls.patient("张伟国", phones=["13900001234"])
        cls.env["hospital.wechat.follower"]._bind(cls.account, "o_zhang", cls.zhang)

    def notify(self, patient, channels=("wechat", "sms", "call"), key=None):
        terms = Terms("appointment", priority="0", template_id=self.template.id, department_id=self.cardiology.id)
        drafts = [Draft("请于明天复诊", patient_id=patient.id, values={"thing1": "复诊"}, key=key)]
        return self.messages.browse(filter(None, self.messages._notify(drafts, terms, channels)))

    def becomes(self, message, state, code=None):
        """What the service does when a message is settled."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hospital_message SET state = %s, code = %s WHERE id = %s", [state, code, message.id]
        )
        self.env.cr.execute("UPDATE hospital_message_part SET state = %s WHERE message_id = %s", [state, message.id])
        self.env.invalidate_all()
        message._settled()
        self.env.invalidate_all()

    def test_who_follows_is_told_by_wechat_and_nothing_else_is_sent(self):
        notice = self.notify(self.zhang)
        self.assertEqual((notice.channel, notice.openid, notice.gateway_id), ("wechat", "o_zhang", self.account))
        self.becomes(notice, "delivered")
        self.assertEqual((notice.outcome, len(notice.child_ids), notice.call_state), ("wechat", 0, False))

    def test_who_has_left_gets_the_same_text_by_sms_once(self):
        notice = self.notify(self.zhang)
        self.becomes(notice, "failed", "43004")
        notice._settled()
        self.assertEqual((notice.child_ids.channel, notice.child_ids.sudo().number), ("sms", "13900001234"))
        self.assertIn("请于明天复诊", notice.child_ids.text)
        self.assertFalse(notice.outcome)
        self.becomes(notice.child_ids, "delivered")
        self.assertEqual(notice.outcome, "sms")
        # WeChat is not tried again with somebody who does not follow.
        self.assertEqual(self.notify(self.zhang, key="next").channel, "sms")

    def test_an_account_that_is_off_keeps_no_notice_waiting(self):
        self.account.enabled = False
        self.assertEqual(self.notify(self.zhang).channel, "sms")

    def test_a_refused_wechat_message_is_no_contact_that_a_cap_counts(self):
        self.env["hospital.contact.policy"].search(
            [("channel", "in", ("sms", "wechat")), ("purpose", "=", "appointment")]
        ).cap = 1
        notice = self.notify(self.zhang)
        self.env["hospital.contact"].create(
            {
                "patient_id": self.zhang.id,
                "channel": "wechat",
                "purpose": "appointment",
                "res_model": "hospital.message",
                "res_id": notice.id,
            }
        )
        self.becomes(notice, "failed", "43101")
        self.assertLessEqual(notice.child_ids.plan_at, fields.Datetime.add(fields.Datetime.now(), days=1))
        self.assertFalse(self.zhang.contact_ids)

    def test_the_quota_of_the_day_leads_to_the_text_message_at_once(self):
        """45009: WeChat takes no more before tomorrow, and the appointment may be then."""
        self.env["ir.config_parameter"].set_param("hospital_sms.live", "True")
        self.env["hospital.gateway"].search([("protocol", "=", "simulator")]).active = False
        notice = self.notify(self.zhang)
        terms = Terms("appointment", channel="wechat", priority="0")
        plain = self.messages.browse(self.messages._enqueue([Draft("您好", openid="o_li")], terms))
        parts, _seconds = self.env["hospital.message.part"]._take(self.account.id, ["r1", "r2"])
        refused = [(Rejected(part.id, "45009", "later"), part.reference) for part in parts]
        self.env["hospital.message.part"]._settle(refused)
        self.env.invalidate_all()
        self.assertEqual((notice.state, notice.code, notice.child_ids.channel), ("failed", "45009", "sms"))
        self.assertEqual(plain.state, "queued", "nothing stands by for it: it waits for the morning")

    def test_without_wechats_word_the_text_message_goes_in_time(self):
        notice = self.notify(self.zhang)
        for minutes, texts in ((29, 0), (31, 1)):
            self.env.cr.execute(
                """UPDATE hospital_message SET state = 'sent', sent_at = %(at)s WHERE id = %(id)s;
                   UPDATE hospital_message_part SET state = 'sent', sent_at = %(at)s WHERE message_id = %(id)s""",
                {"at": fields.Datetime.subtract(fields.Datetime.now(), minutes=minutes), "id": notice.id},
            )
            self.messages._give_up_waiting()
            self.env.invalidate_all()
            self.assertEqual(len(notice.child_ids), texts)
        self.assertEqual(notice.state, "silent")

    def test_neither_way_leads_to_the_call_list(self):
        notice = self.notify(self.zhang)
        self.becomes(notice, "failed", "43101")
        agent = self.staff("agent")
        self.assertNotIn(self.zhang, self.seen_by(agent))
        self.becomes(notice.child_ids, "failed", "5")
        self.assertEqual((notice.call_state, notice.outcome), ("due", False))
        self.assertIn(self.zhang, self.seen_by(agent))
        listed = notice.with_user(agent)
        self.assertEqual(listed.phone_masked, "139****1234")
        listed.action_call_unreached()
        self.assertEqual((notice.call_state, notice.outcome), ("unreached", "unreached"))
        listed.action_called()
        notice.action_called()
        self.assertEqual((notice.outcome, notice.call_user_id), ("call", agent))
        self.assertEqual(self.zhang.contact_ids.mapped("channel"), ["call"])
        self.assertNotIn(self.zhang, self.seen_by(agent))

    def test_no_number_and_no_wechat_is_called_at_once(self):
        notice = self.notify(self.patient("李四"))
        self.assertEqual((notice.state, notice.reason, notice.call_state), ("excluded", "no_number", "due"))
        without = self.notify(self.patient("王五"), channels=("wechat", "sms"))
        self.assertEqual((without.outcome, without.call_state), ("unreached", False))

    def test_a_late_report_is_told_truthfully(self):
        notice = self.notify(self.zhang)
        self.becomes(notice, "unknown")
        text = notice.child_ids
        self.becomes(text, "failed", "5")
        self.assertEqual(notice.call_state, "due")
        self.becomes(notice, "delivered")
        self.assertEqual((notice.outcome, notice.call_state), ("wechat", "unneeded"))
        self.becomes(text, "delivered")
        self.assertEqual(notice.outcome, "both")

    def test_who_may_not_be_contacted_is_not_called_either(self):
        notice = self.notify(self.zhang)
        self.zhang.deceased = True
        self.becomes(notice, "failed", "43004")
        self.assertEqual((notice.child_ids.state, notice.outcome, notice.call_state), ("excluded", "excluded", False))

    def test_a_notice_is_known_by_its_key_whatever_its_channel(self):
        self.assertTrue(self.notify(self.zhang, key="n1"))
        self.env["hospital.wechat.follower"].search([]).follows = False
        self.assertFalse(self.notify(self.zhang, key="n1"))

    def test_the_binding_is_taken_away_by_those_who_see_the_patient(self):
        follower = self.env["hospital.wechat.follower"].search([("patient_id", "=", self.zhang.id)])
        doctor = self.staff("doctor")
        self.assertFalse(follower.with_user(doctor).search([("id", "=", follower.id)]))
        self.encounter(self.zhang, doctor)
        follower.with_user(doctor).action_unbind()
        self.assertFalse(follower.exists())

    def test_one_person_stands_for_two_patients_and_leaves_for_both(self):
        followers = self.env["hospital.wechat.follower"]
        child = self.patient("张小宝")
        followers._bind(self.account, "o_zhang", child)
        both = self.zhang | child
        self.assertEqual(followers._openid_of(both, self.account), dict.fromkeys(both.ids, "o_zhang"))
        now = fields.Datetime.now()
        followers._set_follows(self.account, "o_zhang", False, now)
        self.assertEqual(followers._openid_of(both, self.account), {})
        # An event that is older, or comes twice, changes nothing.
        followers._set_follows(self.account, "o_zhang", True, fields.Datetime.subtract(now, minutes=1))
        self.assertEqual(followers._openid_of(both, self.account), {})

    def test_nobody_reads_the_token(self):
        self.env["hospital.wechat.token"].create({"gateway_id": self.account.id})
        for role in ("admin", "integration", "functional"):
            with self.assertRaises(AccessError, msg=role):
                self.env["hospital.wechat.token"].with_user(self.staff(role)).search([]).read()
