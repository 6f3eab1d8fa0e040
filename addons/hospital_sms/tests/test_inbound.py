from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..models.hospital_message_queue import Draft, Terms
from ..protocols.contract import Reply

NUMBER = "13900001234"


@tagged("post_install", "-at_install")
class TestInbound(HospitalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.doctor = cls.staff("doctor", cls.cardiology)
        cls.other = cls.staff("doctor", cls.neurology)
        cls.functional = cls.staff("functional")
        cls.mine = cls.patient("张伟国", phones=[NUMBER])
        cls.encounter(cls.mine, cls.doctor, department_id=cls.cardiology.id)
        cls.wife = cls.patient("李秀英", phones=[NUMBER])
        cls.gateway = cls.env["hospital.gateway"].search([("protocol", "=", "simulator")], limit=1) or cls.env[
            "hospital.gateway"
        ].create({"name": "Test", "protocol": "simulator"})
        cls.env.ref("hospital_base.policy_notice_sms").hours = "00:00-23:59"
        cls.env.ref("hospital_base.policy_followup_sms").hours = "00:00-23:59"

    def send(self, text, patient=None, purpose="followup", number=NUMBER, sent=True, user=None, extension=None):
        terms = Terms(purpose, department_id=self.cardiology.id)
        draft = Draft(text, number=number, patient_id=(patient or self.mine).id)
        messages = self.env["hospital.message"].with_user(user or self.doctor).sudo()
        message = messages.browse(messages._enqueue([draft], terms)).with_env(self.env)
        if sent and message.state == "queued":
            self.env.cr.execute(
                """UPDATE hospital_message SET state = 'sent', sent_at = now() AT TIME ZONE 'UTC', extension = %s
                    WHERE id = %s""",
                [extension, message.id],
            )
            self.env.cr.execute("UPDATE hospital_message_part SET state = 'sent' WHERE message_id = %s", [message.id])
            message.invalidate_recordset()
        return message

    def come(self, text, number=NUMBER, destination="10690001"):
        key = f"{fields.Datetime.now()}{self.env['hospital.message.inbound'].search_count([])}"
        self.env["hospital.message"]._keep(self.gateway.id, [Reply(number, destination, text, key)])
        self.env.invalidate_all()
        return self.env["hospital.message.inbound"].search([("key", "=", key)])

    def test_a_reply_finds_what_it_answers(self):
        self.send("一", self.wife, extension="07")
        last = self.send("二", self.mine)
        reply = self.come("好的")
        self.assertEqual((reply.message_id, reply.patient_id, reply.kind), (last, self.mine, "new"))
        self.assertEqual((reply.user_id, reply.department_id), (self.doctor, self.cardiology))
        self.assertEqual(self.come("好的", destination="1069000107").patient_id, self.wife)
        ledger = self.env["hospital.contact"].search([("patient_id", "=", self.mine.id), ("direction", "=", "in")])
        self.assertEqual((ledger.channel, ledger.purpose), ("sms", "followup"))

    def test_who_was_not_written_to_is_known_by_a_number_of_ones_own_only(self):
        lonely = self.patient("王芳", phones=["13900007777"])
        self.assertEqual(self.come("你好", number="13900007777").patient_id, lonely)
        self.assertFalse(self.come("你好").patient_id)
        unknown = self.come("你好", number="13911112222")
        self.assertFalse(unknown.patient_id)
        inbound = self.env["hospital.message.inbound"]
        self.assertFalse(inbound.with_user(self.doctor).search([("id", "=", unknown.id)]))
        self.assertTrue(inbound.with_user(self.functional).search([("id", "=", unknown.id)]))

    def test_a_follower_is_known_by_the_openid(self):
        account = self.env["hospital.gateway"].create({"name": "WeChat", "protocol": "wechat"})
        self.env["hospital.wechat.follower"].create(
            {"gateway_id": account.id, "openid": "o1", "patient_id": self.mine.id, "follows": True}
        )
        messages = self.env["hospital.message"]
        draft = Draft("您好", patient_id=self.mine.id, openid="o1")
        (message_id,) = messages._enqueue([draft], Terms("notice", channel="wechat"))
        self.env.cr.execute("UPDATE hospital_message SET state = 'sent' WHERE id = %s", [message_id])
        messages._keep(account.id, [Reply("", "", "请问几点开门", "w1", openid="o1")])
        reply = self.env["hospital.message.inbound"].search([("key", "=", "w1")])
        self.assertEqual((reply.patient_id, reply.message_id.id, reply.channel), (self.mine, message_id, "wechat"))

    def test_a_follower_of_two_patients_answers_about_the_one_written_to(self):
        account = self.env["hospital.gateway"].create({"name": "WeChat", "protocol": "wechat"})
        for patient in (self.wife, self.mine):
            self.env["hospital.wechat.follower"]._bind(account, "o1", patient)
        messages, inbound = self.env["hospital.message"], self.env["hospital.message.inbound"]
        messages._keep(account.id, [Reply("", "", "你好", "w1", openid="o1")])
        self.assertFalse(inbound.search([("key", "=", "w1")]).patient_id, "nobody knows which of them")
        for number, patient in enumerate((self.mine, self.wife), 2):
            draft = Draft("您好", patient_id=patient.id, openid="o1")
            (message_id,) = messages._enqueue([draft], Terms("notice", channel="wechat"))
            self.env.cr.execute(
                "UPDATE hospital_message SET state = 'sent', sent_at = clock_timestamp() AT TIME ZONE 'UTC'"
                " WHERE id = %s",
                [message_id],
            )
            key = f"w{number}"
            messages._keep(account.id, [Reply("", "", "好的", key, openid="o1")])
            reply = inbound.search([("key", "=", key)])
            self.assertEqual((reply.patient_id, reply.message_id.id), (patient, message_id))

    def test_a_refusal_by_wechat_that_answers_nothing_is_for_all_whom_the_follower_stands_for(self):
        account = self.env["hospital.gateway"].create({"name": "WeChat", "protocol": "wechat"})
        for patient in (self.wife, self.mine):
            self.env["hospital.wechat.follower"]._bind(account, "o1", patient)
        self.env["hospital.message"]._keep(account.id, [Reply("", "", "退订", "w1", openid="o1")])
        refused = self.env["hospital.contact.refusal"].search([("purpose", "=", "marketing")])
        self.assertEqual(refused.patient_id, self.wife | self.mine)

    def test_a_refusal_stops_the_purpose_for_the_number_once(self):
        self.send("一", self.mine)
        self.send("二", self.wife)
        waiting = self.send("三", self.wife, sent=False)
        other_purpose = self.send("四", self.mine, purpose="notice", sent=False)
        self.assertEqual(self.come("ＴＤ 谢谢").kind, "refusal")
        self.assertEqual((waiting.state, waiting.reason), ("excluded", "stopped"))
        self.assertEqual(set(waiting.part_ids.mapped("state")), {"cancelled"})
        self.assertEqual(other_purpose.state, "queued")
        for patient in (self.mine, self.wife):
            self.assertEqual(patient.refusal_ids.mapped("purpose"), ["followup"])
            self.assertEqual(self.send("五", patient).state, "excluded")
        self.assertEqual(self.send("五", self.patient("新来的"), number=NUMBER).reason, "stopped")
        self.come("退订")
        confirmations = self.env["hospital.message"].search([("key", "=like", "stop:%")])
        self.assertEqual((len(confirmations), confirmations.number), (1, NUMBER))
        self.assertEqual(self.env["hospital.message.stop"].search([("number", "=", NUMBER)]).purpose, "followup")

    def test_a_mistaken_refusal_is_taken_back_in_one_place(self):
        self.send("一", self.mine)
        first = self.come("T")
        self.send("二", self.wife, purpose="notice")
        other = self.come("TD")
        with self.assertRaises(AccessError):
            first.with_user(self.doctor).action_take_back()
        self.send("三", self.wife)
        stop = self.env["hospital.message.stop"].search([("number", "=", NUMBER), ("purpose", "=", "followup")])
        stop.with_user(self.functional).action_take_back()
        self.assertFalse(stop.exists())
        self.assertEqual((first.kind, first.handled_by), ("reply", self.functional))
        self.assertFalse(self.mine.refusal_ids.filtered(lambda refusal: refusal.purpose == "followup"))
        self.assertEqual(self.send("四", self.mine, sent=False).state, "queued")
        # What was refused for another purpose stays refused.
        self.assertEqual(other.kind, "refusal")
        self.assertEqual(self.wife.refusal_ids.mapped("purpose"), ["notice"])
        self.assertEqual(self.send("五", self.wife, purpose="notice").state, "excluded")

    def test_a_text_is_read_answered_or_made_a_case_by_who_sees_the_patient(self):
        self.send("一")
        reply = self.come("护士态度太差，我要投诉")
        self.assertTrue(reply.attention)
        inbound = self.env["hospital.message.inbound"]
        self.assertEqual(inbound.with_user(self.doctor).search([("id", "=", reply.id)]), reply)
        self.assertFalse(inbound.with_user(self.other).search([("id", "=", reply.id)]))
        for action in ("action_done", "action_open_case", "action_open_conversation"):
            with self.assertRaises(AccessError):
                getattr(reply.with_user(self.other), action)()
        with self.assertRaises(AccessError):
            reply.with_user(self.doctor).kind = "reply"
        reply.with_user(self.doctor).action_open_case()
        case = reply.case_id
        self.assertEqual((case.kind, case.description, case.patient_id), ("complaint", reply.text, self.mine))
        self.assertEqual((reply.kind, reply.handled_by), ("reply", self.doctor))
        with self.assertRaises(UserError):
            reply.with_user(self.doctor).action_open_case()

    def test_whose_message_was_answered_sees_the_patient_until_it_is_read(self):
        agent = self.staff("agent")
        stranger = self.patient("赵敏", phones=["13900003333"])
        self.assertNotIn(stranger, self.seen_by(agent))
        self.send("一", stranger, number="13900003333", user=agent)
        reply = self.come("我发烧了", number="13900003333")
        self.assertIn(stranger, self.seen_by(agent))
        reply.with_user(agent).action_done()
        self.assertNotIn(stranger, self.seen_by(agent))


@tagged("post_install", "-at_install")
class TestConversation(TestInbound):
    def conversation(self, user=None):
        return self.env["hospital.conversation"].with_user(user or self.doctor)

    def test_unread_first_then_a_page_and_the_one_before(self):
        for place in range(25):
            self.send(f"第{place}条")
            self.come(f"答{place}")
        first = self.conversation().recent()[0]
        self.assertEqual((first["patient_id"], first["unread"], first["text"]), (self.mine.id, 25, "答24"))
        page = self.conversation().thread(self.mine.id)
        older = self.conversation().thread(self.mine.id, page["before"])
        self.assertEqual((len(page["entries"]), len(older["entries"]), older["before"]), (30, 20, None))
        both = older["entries"] + page["entries"]
        self.assertEqual(len({(entry["direction"], entry["id"]) for entry in both}), 50)
        self.assertEqual(both, sorted(both, key=lambda entry: (entry["at"], entry["id"])))

    def test_an_answer_goes_to_the_number_and_settles_what_was_unread(self):
        self.send("一")
        self.come("还要吃药吗")
        self.conversation().answer(self.mine.id, "请继续服药一周。")
        message = self.env["hospital.message"].search([], limit=1)
        self.assertEqual((message.number, message.purpose, message.patient_id), (NUMBER, "notice", self.mine))
        self.assertEqual(self.conversation().recent()[0]["unread"], 0)
        with self.assertRaises(UserError):
            self.conversation().answer(self.mine.id, "您的HIV结果")

    def test_nobody_reads_the_conversations_of_others(self):
        self.send("一")
        self.come("你好")
        self.assertFalse(self.conversation(self.other).recent())
        leader = self.staff("leader")
        for user in (self.other, leader):
            for call in (
                lambda user=user: self.conversation(user).thread(self.mine.id),
                lambda user=user: self.conversation(user).answer(self.mine.id, "您好"),
                lambda user=user: self.conversation(user).done(self.mine.id),
            ):
                with self.assertRaises(AccessError):
                    call()
        with self.assertRaises(AccessError):
            self.conversation(leader).recent()
