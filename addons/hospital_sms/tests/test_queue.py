from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.hospital_base.tests.common import HospitalCase

from ..messaging import again
from ..models.hospital_message_queue import Draft, Terms
from ..protocols import connection
from ..protocols.contract import Accepted, Rejected, Reply, Report, Unknown, Unsent

# A time within everybody's hours: the hospital's clock says noon... of a working morning.
MORNING = datetime(2026, 3, 2, 2, 0)


class QueueCase(HospitalCase):
    """Two gateways that nobody connects to: what the service would do is done by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["hospital.contact.policy"].search([]).hours = "00:00-23:59"
        cls.env["ir.config_parameter"].set_param("hospital_sms.live", "True")
        cls.env["hospital.gateway"].search([]).action_archive()
        address = {"host": "127.0.0.1", "port": 7890, "login": "901234"}
        cls.mobile, cls.other, cls.simulator = cls.env["hospital.gateway"].create(
            [
                {"name": "A", "protocol": "cmpp3", "access_number": "10690001", "sequence": 1} | address,
                {"name": "B", "protocol": "cmpp2", "access_number": "10690002", "sequence": 2} | address,
                {"name": "Simulator of the test", "sequence": 3},
            ]
        )
        cls.message, cls.part = cls.env["hospital.message"], cls.env["hospital.message.part"]

    def enqueue(self, *numbers, text="您好", patients=(), **terms):
        """Messages to these numbers (or patients, who have them), as records."""
        drafts = [
            Draft(f"{text}{place}", number, patient and patient.id)
            for place, (number, patient) in enumerate(zip(numbers, patients or [None] * len(numbers), strict=True))
        ]
        return self.message.browse(self.message._enqueue(drafts, Terms(terms.pop("purpose", "notice"), **terms)))

    def take(self, count=10, gateway=None, turn=0):
        gateway = gateway or self.mobile
        take.n = getattr(take, "n", 0) + count
        references = [f"{take.n - place:08x}" for place in range(count)]
        return self.part._take(gateway.id, references, turn)[0]

    def sent(self, *numbers, **terms):
        """Messages that the operator has accepted; their provider ids are p1, p2 ..."""
        messages = self.enqueue(*numbers, **terms)
        self.settle(*(Accepted(part.id, f"p{place}") for place, part in enumerate(self.take(), 1)))
        return messages

    def settle(self, *outcomes):
        self.env.invalidate_all()
        references = {part.id: part.reference for part in self.part.browse([one.part_id for one in outcomes])}
        back = self.part._settle([(one, references[one.part_id]) for one in outcomes])
        self.env.invalidate_all()
        return back

    def keep(self, *arrived, gateway=None):
        self.message._keep((gateway or self.mobile).id, arrived)
        self.env.invalidate_all()


def take():
    """Counts references."""


@tagged("post_install", "-at_install")
class TestEnqueue(QueueCase):
    def test_the_gate_decides_on_each(self):
        """A dead patient's message is kept as excluded, with the reason; the other waits in one part."""
        alive = self.patient("张伟国", phones=["13900001234"])
        dead = self.patient("李秀英", phones=["13900001235"], deceased=True)
        queued, excluded = self.enqueue("13900001234", "13900001235", patients=(alive, dead))
        self.assertEqual((queued.state, len(queued.part_ids)), ("queued", 1))
        self.assertEqual((excluded.state, excluded.reason, len(excluded.part_ids)), ("excluded", "deceased", 0))
        self.assertEqual(queued.number_masked, "139****1234")

    def test_a_key_is_sent_once(self):
        terms = Terms("notice")
        first = self.message._enqueue([Draft("您好", "13900001234", key="a")], terms)
        self.assertTrue(first[0])
        self.assertEqual(self.message._enqueue([Draft("您好", "13900001234", key="a")], terms), [None])

    def test_what_is_not_sent_has_a_reason(self):
        self.env["hospital.message.stop"].create({"number": "13900001236", "purpose": "notice"})
        numbers = ["13900001234", "13900001234", "", "13900001236"]
        drafts = [Draft("您好", number) for number in numbers] + [Draft("好" * 20000, "13900001237")]
        messages = self.message.browse(self.message._enqueue(drafts, Terms("notice")))
        self.assertEqual(messages.mapped("reason"), [False, "repeated", "no_number", "stopped", "too_long"])
        again = self.message.browse(self.message._enqueue([Draft("您好", "13900001234")], Terms("notice")))
        self.assertEqual(again.reason, "repeated")

    def test_the_text_is_kept_as_it_leaves(self):
        """One signature in front, the way to refuse at the end of what is commercial; a long one counts with both."""
        self.mobile.signature = "人民医院"
        drafts = [
            Draft("您好", "13900001234"),
            Draft("【人民医院】您好", "13900001235"),
            Draft("好" * 65, "13900001236"),
        ]
        plain, signed, long = self.message.browse(self.message._enqueue(drafts, Terms("notice")))
        self.assertEqual((plain.text, signed.text), ("【人民医院】您好",) * 2)
        self.assertEqual((plain.part_count, long.part_count, len(long.part_ids)), (1, 2, 2))
        ids = self.message._enqueue([Draft("体检套餐", "13900001237")], Terms("marketing"))
        self.assertEqual(self.message.browse(ids).text, "【人民医院】体检套餐 拒收请回复R")

    def test_at_night_it_waits_but_a_code_does_not(self):
        self.env["hospital.contact.policy"].search([]).hours = "09:00-18:00"
        with freeze_time("2026-03-01 20:00"):  # four in the morning in the hospital
            patient = self.patient(phones=["13900001234"])
            normal = self.enqueue("13900001234", patients=[patient])
            stranger = self.enqueue("13900001235")
            urgent = self.enqueue("13900001236", priority="0")
        self.assertEqual([normal.plan_at, stranger.plan_at], [datetime(2026, 3, 2, 1, 0)] * 2)
        self.assertEqual(urgent.plan_at, datetime(2026, 3, 1, 20, 0))

    def test_without_a_gateway_it_waits_for_one(self):
        """It is signed and cut as that one has it; whoever archives a gateway leaves nothing behind in it."""
        (self.mobile | self.other | self.simulator).action_archive()
        message, long = self.enqueue("13900001234"), self.enqueue("13900001235", text="好" * 65)
        self.assertEqual((message.state, message.gateway_id.id), ("queued", False))
        self.mobile.signature = "人民医院"
        self.mobile.action_unarchive()
        self.message._care()
        self.env.invalidate_all()
        self.assertEqual(message.part_ids.gateway_id, self.mobile)
        self.assertEqual((message.text, long.part_count), ("【人民医院】您好0", 2))
        self.assertEqual(long.part_ids.sorted("number").mapped(lambda part: (part.number, part.total, part.state)),
                         [(1, 2, "queued"), (2, 2, "queued")])  # fmt: skip
        self.mobile.action_archive()
        self.other.write({"active": True, "signature": "市立医院", "signature_by_gateway": True})
        self.env.flush_all()
        self.message._care()
        self.env.invalidate_all()
        self.assertEqual((message.gateway_id, message.text, long.part_count), (self.other, "您好0", 2))


@tagged("post_install", "-at_install")
class TestTaking(QueueCase):
    def test_what_came_back_is_asked_again(self):
        """Not for the cap that it fills itself; but the dead get nothing, nor does anybody of a cancelled batch."""
        self.env["hospital.contact.policy"].search([]).cap = 1
        patients = [self.patient(phones=[f"1390000123{n}"]) for n in range(2)]
        goes, dies = self.enqueue("13900001230", "13900001231", patients=patients)
        batch, (stays,) = self.batch("A", 1)
        self.settle(*(Rejected(part.id, "8", "throttled") for part in self.take()))
        patients[1].deceased = True
        batch.state = "cancelled"
        self.env.flush_all()
        self.part.search([("state", "=", "queued")]).due_at = MORNING
        self.env.flush_all()
        (part,) = self.take()
        self.env.invalidate_all()
        self.assertEqual(part.ref, goes.id)
        self.assertEqual((dies.state, dies.reason, stays.state), ("excluded", "deceased", "cancelled"))

    def batch(self, name, count, state="sending", **terms):
        batch = self.env["hospital.message.batch"].create({"name": name, "state": state})
        numbers = [f"139{batch.id % 10000:04}{place:04}" for place in range(count)]
        return batch, self.enqueue(*numbers, batch_id=batch.id, **terms)

    def test_what_is_taken_is_written_before_it_leaves(self):
        patient = self.patient(phones=["13900001234"])
        message = self.enqueue("13900001234", patients=[patient], text="好" * 100)
        first, second = self.take()
        self.assertEqual((first.index, second.index, first.total, first.ref), (1, 2, 2, message.id))
        self.assertEqual((first.number, first.sender, first.text), ("13900001234", "10690001", message.text))
        self.assertEqual(message.part_ids.mapped("state"), ["sending"] * 2)
        self.assertEqual(set(message.part_ids.mapped("reference")), {first.reference, second.reference})
        contact = self.env["hospital.contact"].search([("patient_id", "=", patient.id)])
        self.assertEqual((len(contact), contact.channel, contact.purpose), (1, "sms", "notice"))
        self.assertFalse(self.take())

    def test_urgent_first_then_turns(self):
        self.enqueue("13800000001")
        _big, _messages = self.batch("big", 20)
        _small, small = self.batch("small", 3)
        urgent = self.enqueue("13800000002", priority="0")
        self.assertEqual([part.ref for part in self.take(1)], urgent.ids)
        taken = {part.ref for part in self.take(9)}
        self.assertLessEqual(set(small.ids), taken, "three lanes, three each")

    def test_a_paused_batch_stays(self):
        batch, messages = self.batch("paused", 3, state="paused")
        self.assertFalse(self.take())
        batch.state = "sending"
        self.env.flush_all()
        self.assertEqual(sorted(part.ref for part in self.take()), messages.ids)

    def test_parts_stay_together(self):
        long = self.enqueue("13900000001", "13900000002", text="好" * 100)
        self.assertEqual([(part.ref, part.index) for part in self.take(3)][:2], [(long[0].id, 1), (long[0].id, 2)])

    def test_the_gate_is_asked_again(self):
        """He has died since, she has refused; whoever has had enough waits."""
        patients = [self.patient(phones=[f"1390000000{n}"]) for n in range(3)]
        numbers = [f"1390000000{n}" for n in range(3)]
        dead, refused, alive = self.enqueue(*numbers, patients=patients)
        patients[0].deceased = True
        self.env["hospital.message.stop"].create({"number": numbers[1], "purpose": "notice"})
        self.env.flush_all()
        self.assertEqual([part.ref for part in self.take()], alive.ids)
        self.env.invalidate_all()
        self.assertEqual(
            [(one.state, one.reason) for one in (dead, refused)], [("excluded", "deceased"), ("excluded", "stopped")]
        )
        self.assertEqual((dead | refused).part_ids.mapped("state"), ["cancelled"] * 2)

    def test_the_cap_counts_what_has_just_left(self):
        policy = self.env["hospital.contact"]._policy("sms", "notice")
        self.env["hospital.contact.policy"].search([("channel", "=", "sms"), ("purpose", "=", "notice")]).unlink()
        self.env["hospital.contact.policy"].create(
            {"channel": "sms", "purpose": "notice", "hours": "00:00-23:59", "cap": 1, "cap_days": 7}
        )
        del policy
        patient = self.patient(phones=["13900001234"])
        first, second = self.enqueue("13900001234", "13900001234", patients=[patient] * 2)
        self.assertEqual([part.ref for part in self.take()], first.ids)
        self.assertFalse(self.take())
        self.env.invalidate_all()
        self.assertEqual(second.state, "queued")
        self.assertGreater(second.part_ids.due_at, datetime.now() + timedelta(days=6))

    def test_nothing_leaves_while_the_hospital_does_not_send(self):
        self.env["ir.config_parameter"].set_param("hospital_sms.live", "False")
        self.env["hospital.gateway.allowed"].create({"number": "13900000002", "name": "Engineer"})
        self.env.flush_all()
        held, allowed = self.enqueue("13900000001", "13900000002")
        self.assertEqual([part.ref for part in self.take()], allowed.ids)
        self.env.invalidate_all()
        self.assertEqual(held.part_ids.gateway_id, self.simulator)
        self.assertEqual([part.ref for part in self.take(gateway=self.simulator)], held.ids)

    def test_outside_its_hours_the_gateway_rests(self):
        self.mobile.hours = "09:00-18:00"
        self.enqueue("13900000001", priority="0")
        with freeze_time("2026-03-01 20:00"):
            parts, seconds = self.part._take(self.mobile.id, ["a1"])
        self.assertEqual((parts, seconds), ([], 3600))


@tagged("post_install", "-at_install")
class TestSettling(QueueCase):
    def test_accepted_then_delivered(self):
        message = self.sent("13900001234")
        self.assertEqual((message.state, message.part_ids.provider_id), ("sent", "p1"))
        self.keep(Report("p1", "delivered", "DELIVRD", "8613900001234"))
        self.assertEqual((message.state, message.part_ids.code), ("delivered", "DELIVRD"))

    def test_a_report_before_the_answer(self):
        message = self.enqueue("13900001234")
        (part,) = self.take()
        self.keep(Report("p1", "failed", "UNDELIV", "13900001234"), Report("p1", "failed", "UNDELIV", "13900001234"))
        self.assertEqual(message.state, "queued")
        self.settle(Accepted(part.id, "p1"))
        self.assertEqual((message.state, message.code), ("failed", "UNDELIV"))
        self.assertFalse(self.env["hospital.message.report"].search([]))

    def test_doubled_and_contradicting_reports(self):
        message = self.sent("13900001234")
        for state in ("failed", "delivered", "delivered", "failed", "pending"):
            self.keep(Report("p1", state, state))
        self.assertEqual(message.state, "delivered", "a delivery is a delivery")

    def test_days_late(self):
        message = self.sent("13900001234")
        message.part_ids.sent_at -= timedelta(days=4)
        self.env.flush_all()
        self.message._give_up_waiting()
        self.env.invalidate_all()
        self.assertEqual(message.state, "silent")
        self.keep(Report("p1", "delivered", "DELIVRD"))
        self.assertEqual(message.state, "delivered")

    def test_another_gateways_report_is_not_ours(self):
        message = self.sent("13900001234")
        self.keep(Report("p1", "delivered", "DELIVRD"), gateway=self.other)
        self.assertEqual(message.state, "sent")

    def test_an_id_that_is_not_unique_is_told_by_the_number(self):
        one, two = self.enqueue("13900000001", "13900000002")
        self.settle(*(Accepted(part.id, "same") for part in self.take()))
        self.keep(Report("same", "delivered", "DELIVRD"))
        self.assertEqual([one.state, two.state], ["sent", "sent"])
        self.keep(Report("same", "delivered", "DELIVRD", "8613900000001"))
        self.assertEqual([one.state, two.state], ["delivered", "sent"])

    def test_unknown_is_found_by_its_number_where_that_is_certain(self):
        certain, first, second = self.enqueue("13900000001", "13900000002", "13900000002")
        self.settle(*(Unknown(part.id) for part in self.take()))
        self.assertEqual({one.state for one in (certain, first, second)}, {"unknown"})
        self.keep(*(Report(f"x{n}", "delivered", "DELIVRD", f"1390000000{n}") for n in (1, 2)))
        self.assertEqual([certain.state, first.state, second.state], ["delivered", "unknown", "unknown"])

    def test_a_report_is_not_given_to_the_unknown_while_its_own_part_is_under_way(self):
        old = self.enqueue("13900000001")
        self.settle(Unknown(self.take()[0].id))
        new = self.enqueue("13900000001", text="again")
        (part,) = self.take()
        self.keep(Report("p9", "delivered", "DELIVRD", "13900000001"))
        self.settle(Accepted(part.id, "p9"))
        self.assertEqual([old.state, new.state], ["unknown", "delivered"])

    def test_a_report_that_names_our_own_number(self):
        """SGIP: found although the answer was never heard; another one of the same receiver is not."""
        self.mobile.write({"protocol": "sgip", "node": "3073112345", "corp_id": "12345"})
        message = self.enqueue("13900000001")
        (part,) = self.take()
        self.settle(Unknown(part.id))
        self.keep(Report("ffff", "failed", "5", "13900000001"))
        self.assertEqual(message.state, "unknown")
        self.keep(Report(part.reference, "delivered", "0", ""))
        self.assertEqual(message.state, "delivered")

    def test_a_message_follows_its_parts(self):
        message = self.enqueue("13900000001", text="好" * 150)
        parts = self.take()
        self.settle(*(Accepted(part.id, f"p{part.index}") for part in parts))
        self.keep(Report("p1", "delivered", "DELIVRD"), Report("p2", "failed", "UNDELIV"))
        self.assertEqual(message.state, "sent")
        self.keep(Report("p3", "delivered", "DELIVRD"))
        self.assertEqual((message.state, message.code), ("partial", "UNDELIV"))
        self.keep(Report("p2", "delivered", "DELIVRD"))
        self.assertEqual(message.state, "delivered")

    def test_who_watches_is_told_once_for_each_change(self):
        told = []
        self.patch(type(self.message), "_settled", lambda messages: told.extend(messages.mapped("state")))
        watched = self.enqueue("13900000001", watched=True)
        self.enqueue("13900000002")
        self.settle(*(Unknown(part.id) for part in self.take()))
        self.keep(
            Report("p1", "delivered", "DELIVRD", "13900000001"), Report("p2", "delivered", "DELIVRD", "13900000002")
        )
        self.assertEqual((watched.state, told), ("delivered", ["unknown", "delivered"]))

    def test_a_hook_that_fails_loses_nothing(self):
        def fail(_messages):
            raise ValueError("broken")

        self.patch(type(self.message), "_settled", fail)
        message = self.sent("13900000001", watched=True)
        with self.assertLogs("odoo.addons.hospital_sms", "ERROR"):
            self.keep(Report("p1", "delivered", "DELIVRD"))
        self.assertEqual(message.state, "delivered")

    def test_what_has_not_left_is_sent_later(self):
        message = self.enqueue("13900000001")
        (part,) = self.take()
        self.assertTrue(self.settle(Unsent(part.id)))
        self.assertEqual((message.state, message.part_ids.attempts), ("queued", 0))
        self.assertEqual([again.id for again in self.take()], [part.id])
        self.assertEqual(self.env["hospital.contact"].search_count([("res_id", "=", message.id)]), 0)

    def test_throttled_is_no_attempt_but_ends(self):
        message = self.enqueue("13900000001")
        part = message.part_ids
        for _time in range(again.MOST_THROTTLED):
            part.due_at = MORNING
            self.env.flush_all()
            self.settle(Rejected(self.take()[0].id, "8", "throttled"))
        self.assertEqual((part.state, part.attempts, part.throttled), ("queued", 0, again.MOST_THROTTLED))
        part.due_at = MORNING
        self.env.flush_all()
        self.settle(Rejected(self.take()[0].id, "8", "throttled"))
        self.assertEqual((message.state, message.code), ("failed", "8"))

    def test_a_forbidden_hour_waits_for_the_next_window(self):
        message = self.enqueue("13900000001")
        with freeze_time("2026-03-02 14:00"):  # ten in the evening
            self.settle(Rejected(self.take()[0].id, "74", "later"))
        self.assertEqual(message.part_ids.due_at, datetime(2026, 3, 3, 0, 0))

    def test_a_ported_number_goes_once_by_its_own_operator(self):
        self.mobile.write({"serves_cu": False, "serves_ct": False, "serves_cbn": False})
        self.other.serves_cm = False
        message = self.enqueue("13900000001")
        self.settle(Rejected(self.take()[0].id, "9", "elsewhere"))
        self.assertEqual((message.state, message.gateway_id), ("queued", self.other))
        self.assertEqual(self.enqueue("13900000001", text="next").gateway_id, self.other, "learned")
        part = next(part for part in self.take(gateway=self.other) if part.ref == message.id)
        self.settle(Rejected(part.id, "9", "elsewhere"))
        self.assertEqual((message.state, message.code), ("failed", "9"))

    def test_busy_goes_by_the_other_gateway(self):
        self.mobile.failover_id = self.other
        message = self.enqueue("13900000001")
        part = message.part_ids
        for gateway in (self.mobile, self.mobile, self.mobile, self.other, self.other, self.other):
            part.due_at = MORNING
            self.env.flush_all()
            (taken,) = self.take(gateway=gateway)
            self.settle(Rejected(taken.id, "busy", "busy"))
        self.assertEqual((message.state, message.gateway_id), ("failed", self.other))

    def test_a_gateway_that_is_down_hands_over_what_has_not_begun(self):
        self.mobile.failover_id = self.other
        begun, fresh = self.enqueue("13900000001", "13900000002", text="好" * 100)
        self.settle(*(Accepted(part.id, "p") for part in self.take(1)))
        self.mobile._fail_over()
        self.env.invalidate_all()
        self.assertEqual((begun.part_ids.gateway_id, fresh.part_ids.gateway_id), (self.mobile, self.other))

    def test_parts_go_by_the_other_gateway_together_or_not_at_all(self):
        """A phone puts together only what comes from one number."""
        self.mobile.failover_id = self.other
        message = self.enqueue("13900000001", text="好" * 100)
        message.part_ids.attempts = again.TRIES - 1
        self.env.flush_all()
        first, second = self.take()
        self.settle(Rejected(first.id, "busy", "busy"))
        self.assertEqual(message.part_ids.gateway_id, self.mobile, "the second part may have left by it")
        self.settle(Unsent(second.id))
        message.part_ids.attempts = again.TRIES - 1
        message.part_ids.filtered(lambda part: part.state == "failed").state = "queued"
        self.env.flush_all()
        first, second = self.take()
        self.settle(Rejected(first.id, "busy", "busy"), Unsent(second.id))
        self.assertEqual(message.part_ids.gateway_id, self.other)

    def test_an_outcome_of_an_earlier_time_is_not_that_of_this_one(self):
        """Whoever does not know whether it was written writes it again; meanwhile the part may be under way anew."""
        message = self.enqueue("13900000001")
        (taken,) = self.take()
        old = [(Unsent(taken.id), taken.reference)]
        self.part._settle(old)
        (taken,) = self.take()
        self.part._settle(old)
        self.env.invalidate_all()
        self.assertEqual(message.part_ids.state, "sending")
        self.part._give_back(self.other.id, [taken.reference])
        self.env.invalidate_all()
        self.assertEqual(message.part_ids.state, "sending", "another gateway's reference may be the same")

    def test_what_nobody_will_settle_is_unknown(self):
        held, fresh, lost = self.enqueue("13900000001", "13900000002", "13900000003")
        self.take()
        (held | lost).part_ids.sending_at = datetime.now() - timedelta(hours=1)
        self.env.flush_all()
        self.assertEqual(self.message._recover(held.part_ids.ids, 15), 1)
        self.env.invalidate_all()
        self.assertEqual([one.part_ids.state for one in (held, fresh, lost)], ["sending", "sending", "unknown"])

    def test_a_new_leader_does_not_know_what_has_left(self):
        message = self.enqueue("13900000001")
        self.take()
        self.message._recover()
        self.env.invalidate_all()
        self.assertEqual(message.state, "unknown")
        self.assertFalse(self.take(), "never again by itself")
        new = message._send_again()
        self.assertEqual((new.root_id, new.state, new.text), (message, "queued", message.text))


@tagged("post_install", "-at_install")
class TestReplies(QueueCase):
    def texts(self):
        return self.env["hospital.message.inbound"].search([("gateway_id", "=", self.mobile.id)]).mapped("text")

    def test_each_reply_once(self):
        reply = Reply("13900000001", "10690001", "1", "k1")
        self.keep(reply, reply)
        self.keep(reply)
        self.assertEqual(self.texts(), ["1"])

    def test_a_long_reply_in_any_order(self):
        pieces = [
            Reply("13900000001", "10690001", text, f"k{n}", None, 7, n, 3)
            for n, text in ((3, "丙"), (1, "甲"), (2, "乙"))
        ]
        self.keep(pieces[0])
        self.keep(pieces[1], pieces[0])
        self.assertEqual(self.texts(), [])
        self.keep(pieces[2])
        self.keep(pieces[1])
        self.assertEqual(self.texts(), ["甲乙丙"])

    def test_a_character_cut_between_two_parts_is_whole_again(self):
        raw = "好😀了".encode("utf-16-be")
        halves = [raw[:4], raw[4:]]
        for n in (2, 1):
            content = bytes((5, 0, 3, 9, 2, n)) + halves[n - 1]
            self.keep(connection.reply("13900000001", "10690001", 1, 8, content, f"k{n}"))
        self.assertEqual(self.texts(), ["好😀了"])

    def test_what_never_gets_whole_is_shown_as_it_is(self):
        self.keep(Reply("13900000001", "10690001", "甲", "k1", None, 7, 1, 2))
        with freeze_time(datetime.now() + timedelta(hours=2)):
            self.message._care()
        self.assertEqual(self.texts(), ["甲"])

    def test_a_text_that_cannot_be_handled_is_kept(self):
        def fail(_model, _ids):
            raise ValueError("broken")

        self.patch(type(self.env["hospital.message.inbound"]), "_handle", fail)
        with self.assertLogs("odoo.addons.hospital_sms", "ERROR"):
            self.keep(Reply("13900000001", "10690001", "1", "k1"))
        self.assertEqual(self.texts(), ["1"])
